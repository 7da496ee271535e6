//! Operators on values, with the results and messages of the original's run time.

mod access;
mod arithmetic;
mod comparison;

use super::value::Value;

pub(super) use access::{fetch, fetch_name};
pub(super) use arithmetic::{
    add, divide, go_int, go_pow, modulo, multiply, negate, power, range, subtract, to_int,
};
pub(super) use comparison::{contains, equal, less, less_or_equal, more, more_or_equal, size};

type Outcome<T> = Result<T, String>;

/// The message of a failed Go type assertion.
pub(super) fn not_a(expected: &str, value: &Value<'_>) -> String {
    let found = match value {
        Value::Nil => "nil",
        other => other.type_name(),
    };
    format!("interface conversion: interface {{}} is {found}, not {expected}")
}

/// The message for keys that Go cannot hash.
pub(super) fn unhashable(value: &Value<'_>) -> String {
    format!(
        "runtime error: hash of unhashable type {}",
        value.type_name()
    )
}

/// The boolean that an operator needs.
#[inline]
pub(super) fn truth(value: &Value<'_>) -> Outcome<bool> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        other => Err(not_a("bool", other)),
    }
}
