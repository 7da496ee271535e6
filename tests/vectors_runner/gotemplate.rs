//! The template vectors: each case is rendered and compared with what Go gave.

use super::{Report, known_differences, read_json, read_lines};
use kubechime::template::value::{Map, Text, Type, Value};
use kubechime::template::{
    ErrorKind, Failure, HostFunction, Language, Limits, Signature, Template, Vars, types,
};
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// One line of `gotemplate.jsonl`.
#[derive(Deserialize)]
struct Case {
    id: String,
    category: String,
    template: String,
    vars: String,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    ok: bool,
    out: Option<String>,
    out_b64: Option<String>,
    error_class: Option<String>,
}

/// The variables that cases are rendered with, by name.
type Environments = BTreeMap<String, Json>;

/// Renders all cases of `gotemplate.jsonl`.
pub fn run() {
    let environments: Option<Environments> = read_json("gotemplate-vars.json");
    let cases: Option<Vec<Case>> = read_lines("gotemplate.jsonl");
    let (Some(cases), Some(environments)) = (cases, environments) else {
        println!("gotemplate.jsonl: not there, nothing to do");
        return;
    };
    let known = known_differences();
    let mut report = Report::default();
    for case in &cases {
        report.note(&known, &case.id, &case.category, check(case, &environments));
    }
    report.finish("gotemplate.jsonl");
}

/// Renders the case; `Err` says how the answer differs.
fn check(case: &Case, environments: &Environments) -> Result<(), String> {
    let environment = environments
        .get(&case.vars)
        .ok_or_else(|| format!("no variables {:?}", case.vars))?;
    let vars = variables(environment);
    let expected = match &case.expected {
        Expected { ok: false, .. } => Err(case.expected.error_class.clone().unwrap_or_default()),
        Expected { out: Some(out), .. } => Ok(out.clone().into_bytes()),
        Expected { out_b64, .. } => Ok(decode(out_b64.as_deref().unwrap_or_default())),
    };
    let actual = Template::parse(Language::Gotemplate, "msg", &case.template)
        .and_then(|template| template.render_bytes(&vars, &Limits::default()));
    let agree = match (&actual, &expected) {
        (Ok(actual), Ok(expected)) => actual == expected,
        (Err(error), Err(class)) => match error.kind {
            ErrorKind::Parse => class == "parse",
            ErrorKind::Exec | ErrorKind::Limit => class == "exec",
        },
        _ => false,
    };
    if agree {
        return Ok(());
    }
    let show = |bytes: &Vec<u8>| format!("{:?}", String::from_utf8_lossy(bytes));
    Err(format!(
        "{:?}\n    expected {}\n    got      {}",
        case.template,
        expected
            .as_ref()
            .map_or_else(|class| format!("{class} error"), show),
        actual.as_ref().map_or_else(ToString::to_string, show),
    ))
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap_or_default()
}

/// The variables, with `{"$func": name}` replaced by host functions.
fn variables(environment: &Json) -> Vars<'_> {
    let mut vars = Vars::new();
    for (name, value) in environment.as_object().into_iter().flatten() {
        if let Some(function) = function_of(value) {
            vars.function("", name, function);
            continue;
        }
        let members = value.as_object().into_iter().flatten();
        let functions: Vec<_> = members
            .filter_map(|(member, value)| Some((member, function_of(value)?)))
            .collect();
        if functions.is_empty() {
            vars.json(name, value);
        }
        for (member, function) in functions {
            vars.function(name, member, function);
        }
    }
    vars
}

fn function_of(value: &Json) -> Option<HostFunction> {
    const STRING: &[Type] = &[Type::String];
    let name = value.get("$func")?.as_str()?;
    let one = Signature::fixed(STRING, Type::String);
    Some(match name {
        "upper" => HostFunction::new(name, one, |_, args| {
            Ok(Value::from(text(args, 0)?.to_uppercase()))
        }),
        "concat" => HostFunction::new(
            name,
            Signature::fixed(&[Type::String, Type::String], Type::String),
            |_, args| Ok(Value::from(text(args, 0)? + &text(args, 1)?)),
        ),
        "joinv" => HostFunction::new(
            name,
            Signature::variadic(STRING, Type::String),
            |_, args| {
                let texts: Result<Vec<_>, _> = (0..args.len()).map(|at| text(args, at)).collect();
                Ok(Value::from(texts?.join(",")))
            },
        ),
        "boom" => HostFunction::new(name, Signature::fixed(&[], Type::String), |_, _| {
            Err(Failure::new("boom"))
        }),
        "fullName" => HostFunction::new(name, one, |_, args| {
            let url = text(args, 0)?;
            let parts: Vec<_> = url.trim_end_matches(".git").split('/').collect();
            let last_two = parts.get(parts.len().saturating_sub(2)..);
            Ok(Value::from(last_two.unwrap_or_default().join("/")))
        }),
        "meta" => HostFunction::new(name, Signature::fixed(STRING, types::DICT), |_, args| {
            let message = format!("fix: thing ({})", text(args, 0)?);
            let tags = kubechime::template::value::List::new(vec!["v1".into(), "v2".into()])?;
            Ok(Value::Map(Map::new([
                (Text::from("Message"), Value::from(message)),
                (
                    Text::from("Author"),
                    Value::from("Jane Doe <jane@example.com>"),
                ),
                (Text::from("Tags"), Value::List(tags)),
            ])?))
        }),
        _ => return None,
    })
}

fn text(args: &[Value<'_>], position: usize) -> Result<String, Failure> {
    args.get(position)
        .and_then(Value::as_text)
        .map(|text| text.to_str().into_owned())
        .ok_or_else(|| Failure::new("not a string"))
}
