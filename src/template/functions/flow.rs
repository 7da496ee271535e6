//! Stopping the rendering, and a greeting.

use super::Function;
use super::row::{fixed, mismatch};
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("fail", &[Type::String], Type::String, fail),
    fixed("hello", &[], Type::String, hello),
];

fn fail<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(message)] = args else {
        return Err(mismatch());
    };
    Err(Failure::new(message.to_str()))
}

fn hello<'v>(_: &Session<'v>, _: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(Value::text("Hello!"))
}
