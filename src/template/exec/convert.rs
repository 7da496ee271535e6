//! Values for parameters: what a literal can be, which values a type accepts, and `call`.

use super::Evaluated;
use crate::template::functions::HostFunction;
use crate::template::parse::node::{Ideal, Number, Word, WordKind};
use crate::template::value::{Kind, Text, Type, Value, time};
use crate::template::{Failure, Session};

/// A literal where no type is asked for.
pub(super) fn literal<'v>(word: &'v Word) -> Evaluated<'v> {
    Ok(match &word.kind {
        WordKind::Bool(truth) => Value::Bool(*truth),
        WordKind::Text { value, .. } => Value::Text(Text::from(value.as_slice())),
        WordKind::Number(number) => match number.ideal() {
            Ideal::Int(int) => Value::Int(int),
            Ideal::Float(float) => Value::Float(float),
            Ideal::Complex(re, im) => Value::Complex(re, im),
            Ideal::Overflow => {
                return Err(Failure::new(format!("{} overflows int", number.source)));
            }
        },
        _ => {
            return Err(Failure::new(format!(
                "can't evaluate command {:?}",
                word.to_string()
            )));
        }
    })
}

/// A literal for a parameter of this type.
pub(super) fn typed_literal<'v>(word: &'v Word, of: Type) -> Evaluated<'v> {
    let number = match &word.kind {
        WordKind::Number(number) => Some(number),
        _ => None,
    };
    let expected = |what: &str| Err(Failure::new(format!("expected {what}; found {word}")));
    match (of.kind(), &word.kind) {
        _ if matches!(of, Type::Any | Type::Reflect) => literal(word),
        (Kind::Bool, WordKind::Bool(truth)) => Ok(Value::Bool(*truth)),
        (Kind::Bool, _) => expected("bool"),
        (Kind::String, WordKind::Text { .. }) => literal(word),
        (Kind::String, _) => expected("string"),
        (Kind::Float64, _) => match number.and_then(|number| number.float) {
            Some(float) => Ok(Value::Float(float)),
            None => expected("float"),
        },
        (Kind::Int | Kind::Int32 | Kind::Int64, _) => {
            match number.and_then(|number: &Number| number.int) {
                Some(int) => Ok(integer_of(of, int)),
                None => expected("integer"),
            }
        }
        (Kind::Uint8 | Kind::Uint64, _) => match number.and_then(|number| number.uint) {
            // Go's conversion keeps the low bits.
            Some(uint) if of == Type::Uint8 => Ok(Value::Uint8(uint as u8)),
            Some(uint) => Ok(Value::Uint64(uint)),
            None => expected("unsigned integer"),
        },
        (Kind::Complex128, _) => match number.and_then(|number| number.complex) {
            Some((re, im)) => Ok(Value::Complex(re, im)),
            None => expected("complex"),
        },
        _ => Err(Failure::new(format!(
            "can't handle {word} for arg of type {of}"
        ))),
    }
}

/// An integer in a signed integer type; too large ones keep their low bits, as in Go.
pub(super) fn integer_of<'v>(of: Type, int: i64) -> Value<'v> {
    match of {
        Type::Int => Value::Int(int),
        Type::Int32 => Value::Int32(int as i32),
        Type::Named(name, _) => time::integer(name, int).unwrap_or(Value::Int64(int)),
        _ => Value::Int64(int),
    }
}

/// Checks that the value can be given to a parameter of this type; an absent value becomes the nil
/// of the type, if it has one.
pub(super) fn validate(value: Value<'_>, of: Type) -> Evaluated<'_> {
    match &value {
        _ if of == Type::Reflect => Ok(value),
        Value::Absent if of.can_be_nil() => Ok(Value::zero(of)),
        Value::Absent => Err(Failure::new(format!("invalid value; expected {of}"))),
        _ if of == Type::Any || value.go_type() == of => Ok(value),
        Value::Nil => Err(Failure::new(format!(
            "wrong type for value; expected {of}; got interface {{}}"
        ))),
        value => Err(Failure::new(format!(
            "wrong type for value; expected {of}; got {}",
            value.type_name()
        ))),
    }
}

/// Go's `call`: a function that is a value.
pub(super) fn call_value<'v>(
    session: &Session<'v>,
    callee: &str,
    values: &[Value<'v>],
) -> Evaluated<'v> {
    let Some((first, args)) = values.split_first() else {
        return Err(Failure::new("call of nil"));
    };
    let function: &HostFunction = match first {
        Value::Func(function) => function,
        Value::Absent | Value::Nil => return Err(Failure::new("call of nil")),
        value => {
            return Err(Failure::new(format!(
                "non-function {callee} of type {}",
                value.type_name()
            )));
        }
    };
    let signature = &function.signature;
    if !signature.accepts(args.len()) {
        let least = if signature.variadic { "at least " } else { "" };
        return Err(Failure::new(format!(
            "wrong number of args for {callee}: got {} want {least}{}",
            args.len(),
            signature.required()
        )));
    }
    let mut converted = Vec::with_capacity(args.len());
    for (position, arg) in args.iter().enumerate() {
        let of = signature.param(position);
        let value = prepared(arg, of)
            .map_err(|message| Failure::new(format!("arg {position}: {message}")))?;
        converted.push(value);
    }
    (function.call)(session, &converted)
}

/// A value as an argument of a function value: of the same type, or another integer type.
fn prepared<'v>(value: &Value<'v>, of: Type) -> Result<Value<'v>, String> {
    if value.is_nil() {
        if of.can_be_nil() {
            return Ok(Value::zero(of));
        }
        return Err(format!("value is nil; should be of type {of}"));
    }
    if matches!(of, Type::Any | Type::Reflect) || value.go_type() == of {
        return Ok(value.clone());
    }
    let int = value.as_int().or(value.as_uint().map(|uint| uint as i64));
    match (int, of.kind()) {
        (Some(int), Kind::Int | Kind::Int32 | Kind::Int64) => Ok(integer_of(of, int)),
        (Some(int), Kind::Uint8) => Ok(Value::Uint8(int as u8)),
        (Some(int), Kind::Uint64) => Ok(Value::Uint64(int as u64)),
        _ => Err(format!(
            "value has type {}; should be {of}",
            value.type_name()
        )),
    }
}
