//! Handlebars helpers: the Go functions that notifications use most, under the same names and with
//! the same order of arguments (`{{default "none" pod.spec.nodeName}}`, `{{upper name}}`).

use super::budget;
use crate::template::functions::cast::pay_for_arguments;
use crate::template::functions::{self, Function};
use crate::template::print;
use crate::template::value::{List, Map, Text, Type, Value};
use crate::template::{Failure, Session};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, Path, RenderContext, RenderError, RenderErrorReason,
    ScopedJson,
};
use serde_json::Value as Json;

/// The Go functions that are helpers. Handlebars has its own `if`, `unless`, `each`, `with`,
/// `lookup`, `eq`, `ne`, `gt`, `gte`, `lt`, `lte`, `and`, `or`, `not`, `len`.
const NAMES: &[&str] = &[
    "abbrev",
    "add",
    "add1",
    "ago",
    "b64dec",
    "b64enc",
    "base",
    "camelcase",
    "cat",
    "ceil",
    "coalesce",
    "contains",
    "date",
    "dateInZone",
    "default",
    "dict",
    "dir",
    "div",
    "duration",
    "durationRound",
    "empty",
    "ext",
    "first",
    "float64",
    "floor",
    "fromJson",
    "get",
    "has",
    "hasKey",
    "hasPrefix",
    "hasSuffix",
    "html",
    "htmlDate",
    "indent",
    "index",
    "initials",
    "int",
    "int64",
    "join",
    "js",
    "kebabcase",
    "keys",
    "last",
    "list",
    "lower",
    "max",
    "min",
    "mod",
    "mul",
    "nindent",
    "nospace",
    "now",
    "plural",
    "print",
    "printf",
    "quote",
    "regexFind",
    "regexMatch",
    "regexReplaceAll",
    "repeat",
    "replace",
    "rest",
    "reverse",
    "round",
    "semverCompare",
    "sha256sum",
    "snakecase",
    "sortAlpha",
    "splitList",
    "squote",
    "sub",
    "substr",
    "ternary",
    "title",
    "toDate",
    "toJson",
    "toPrettyJson",
    "toRawJson",
    "toString",
    "trim",
    "trimAll",
    "trimPrefix",
    "trimSuffix",
    "trunc",
    "uniq",
    "unixEpoch",
    "untitle",
    "upper",
    "urlquery",
    "values",
    "wrap",
];

/// Adds the helpers to a registry.
pub(super) fn register(registry: &mut Handlebars<'_>) {
    for name in NAMES {
        if let Some(function) = functions::find(name) {
            registry.register_helper(name, Box::new(FunctionHelper(function)));
        }
    }
}

struct FunctionHelper(&'static Function);

impl HelperDef for FunctionHelper {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        render: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let function = self.0;
        // `{{title}}` without arguments is more likely a field of the current object.
        if helper.params().is_empty() && function.signature.required() > 0 {
            let field = Path::parse(function.name)?;
            return match field {
                Path::Relative((ref segments, _)) if !segments.is_empty() => {
                    render.evaluate(context, function.name)
                }
                _ => Ok(ScopedJson::Missing),
            };
        }
        let params: Vec<&Json> = helper.params().iter().map(|param| param.value()).collect();
        let result = budget::within(|session| {
            let args = params
                .iter()
                .enumerate()
                .map(|(at, json)| argument(json, function.signature.param(at), session))
                .collect::<Result<Vec<_>, _>>()?;
            if !function.signature.accepts(args.len()) {
                return Err(Failure::new(format!(
                    "wrong number of arguments: want {} got {}",
                    function.signature.required(),
                    args.len()
                )));
            }
            pay_for_arguments(session, function.name, &args)?;
            to_json(&(function.call)(session, &args)?, session)
        });
        match result {
            Ok(json) => Ok(ScopedJson::Derived(json)),
            Err(failure) => Err(RenderErrorReason::Other(format!(
                "error calling {}: {}",
                function.name, failure.message
            ))
            .into()),
        }
    }
}

/// A parameter as an argument of this type. Handlebars knows no types of numbers and converts
/// freely: so do we.
fn argument<'v>(json: &Json, of: Type, session: &Session<'v>) -> Result<Value<'v>, Failure> {
    let value = owned(json, session)?;
    let number = match &value {
        Value::Int64(int) => Some(*int as f64),
        Value::Float(float) => Some(*float),
        Value::Text(text) => text.to_str().trim().parse().ok(),
        _ => None,
    };
    let int = match &value {
        Value::Int64(int) => Some(*int),
        _ => number.map(|float: f64| float as i64),
    };
    Ok(match (of, int, number) {
        (Type::Int, Some(int), _) => Value::Int(int),
        (Type::Int64, Some(int), _) => Value::Int64(int),
        (Type::Float64, _, Some(float)) => Value::Float(float),
        (Type::String, ..) if value.is_nil() => Value::Text(Text::literal("")),
        (Type::String, ..) => Value::from(print::display(&value, session)?),
        (Type::Bool, ..) => Value::Bool(value.is_true(session)),
        _ if matches!(of, Type::Any | Type::Reflect) || value.go_type() == of => value,
        _ if value.is_nil() && of.can_be_nil() => Value::zero(of),
        _ => {
            return Err(Failure::new(format!(
                "expected {of}, got {}",
                value.type_name()
            )));
        }
    })
}

fn owned<'v>(json: &Json, session: &Session<'v>) -> Result<Value<'v>, Failure> {
    let _level = session.descend()?;
    Ok(match json {
        Json::Null => Value::Nil,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Value::Int64(int),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => {
            session.charge(text.len())?;
            Value::from(text.clone())
        }
        Json::Array(items) => {
            session.charge(items.len() * size_of::<Value<'_>>())?;
            let items: Result<Vec<_>, _> = items.iter().map(|item| owned(item, session)).collect();
            Value::List(List::new(items?)?)
        }
        Json::Object(members) => {
            session.charge(members.len() * size_of::<(Text<'_>, Value<'_>)>())?;
            let members: Result<Vec<_>, Failure> = members
                .iter()
                .map(|(name, member)| Ok((Text::from(name.clone()), owned(member, session)?)))
                .collect();
            Value::Map(Map::new(members?)?)
        }
    })
}

/// A result for Handlebars; times, durations and the like become what they print.
fn to_json<'v>(value: &Value<'v>, session: &Session<'v>) -> Result<Json, Failure> {
    let _level = session.descend()?;
    Ok(match value {
        Value::Absent | Value::Nil | Value::Func(_) => Json::Null,
        Value::Bool(truth) => Json::from(*truth),
        Value::Int(int) | Value::Int64(int) => Json::from(*int),
        Value::Int32(int) => Json::from(*int),
        Value::Uint8(int) => Json::from(*int),
        Value::Uint64(int) => Json::from(*int),
        Value::Float(float) => Json::from(*float),
        Value::Text(text) => Json::from(text.to_str().into_owned()),
        Value::List(list) => list
            .iter()
            .map(|item| to_json(&item, session))
            .collect::<Result<Vec<_>, _>>()?
            .into(),
        Value::Map(map) => map
            .members(session)
            .into_iter()
            .map(|(name, member)| Ok((name.to_str().into_owned(), to_json(&member, session)?)))
            .collect::<Result<serde_json::Map<_, _>, Failure>>()?
            .into(),
        Value::Complex(..) | Value::Opaque(_) => {
            Json::from(String::from_utf8_lossy(&print::display(value, session)?).into_owned())
        }
    })
}
