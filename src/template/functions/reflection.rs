//! Types and kinds of values.

use super::Function;
use super::equality;
use super::row::{fixed, mismatch};
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("typeOf", &[Type::Any], Type::String, type_of),
    fixed("typeIs", &[Type::String, Type::Any], Type::Bool, type_is),
    fixed(
        "typeIsLike",
        &[Type::String, Type::Any],
        Type::Bool,
        type_is_like,
    ),
    fixed("kindOf", &[Type::Any], Type::String, kind_of),
    fixed("kindIs", &[Type::String, Type::Any], Type::Bool, kind_is),
    fixed("deepEqual", &[Type::Any, Type::Any], Type::Bool, deep_equal),
];

fn type_of<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    Ok(value.type_name().into())
}

fn type_is<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(name), value] = args else {
        return Err(mismatch());
    };
    Ok(Value::Bool(**name == *value.type_name().as_bytes()))
}

/// Also true for a pointer to the type that `name` names without its star.
fn type_is_like<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(name), value] = args else {
        return Err(mismatch());
    };
    let is = value.type_name();
    let pointed_to = is.strip_prefix('*').unwrap_or(&is);
    Ok(Value::Bool(
        **name == *is.as_bytes() || **name == *pointed_to.as_bytes(),
    ))
}

fn kind_of<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    Ok(value.kind().to_string().into())
}

fn kind_is<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(name), value] = args else {
        return Err(mismatch());
    };
    Ok(Value::Bool(**name == *value.kind().to_string().as_bytes()))
}

fn deep_equal<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [a, b] = args else {
        return Err(mismatch());
    };
    Ok(Value::Bool(equality::deep_equal(a, b, session)?))
}
