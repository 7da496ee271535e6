//! Defaults and choices: what to take when a value is empty.

use super::Function;
use super::row::{fixed, mismatch, variadic};
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};

/// The functions of this group. A value is empty when it is nil, zero, false, or has no elements;
/// structs and pointers never are.
pub const FUNCTIONS: &[Function] = &[
    variadic("default", &[Type::Any, Type::Any], Type::Any, default),
    fixed("empty", &[Type::Any], Type::Bool, empty),
    variadic("coalesce", &[Type::Any], Type::Any, coalesce),
    variadic("all", &[Type::Any], Type::Bool, all),
    variadic("any", &[Type::Any], Type::Bool, any),
    fixed(
        "ternary",
        &[Type::Any, Type::Any, Type::Bool],
        Type::Any,
        ternary,
    ),
];

fn default<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [default, given @ ..] = args else {
        return Err(mismatch());
    };
    let given = given.first().filter(|given| given.is_true(session));
    Ok(given.unwrap_or(default).clone())
}

fn empty<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    Ok(Value::Bool(!value.is_true(session)))
}

fn coalesce<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let first = args.iter().find(|value| value.is_true(session));
    Ok(first.cloned().unwrap_or(Value::Nil))
}

fn all<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(Value::Bool(args.iter().all(|value| value.is_true(session))))
}

fn any<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(Value::Bool(args.iter().any(|value| value.is_true(session))))
}

fn ternary<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [yes, no, Value::Bool(condition)] = args else {
        return Err(mismatch());
    };
    Ok(if *condition { yes } else { no }.clone())
}
