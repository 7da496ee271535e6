//! Numbers, times and durations: conversion, `+ - * / % **`, ranges.

use super::Outcome;
use crate::expr::text::Text;
use crate::expr::value::Value;
use crate::golang::duration::Duration;

/// Go's conversion of a float to `int` on 64-bit machines.
pub(in crate::expr) fn go_int(float: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    // What does not fit becomes the smallest integer there, also what is not a number.
    if !(-LIMIT..LIMIT).contains(&float) {
        return i64::MIN;
    }
    float as i64
}

/// The value as an index.
pub(in crate::expr) fn to_int(value: &Value<'_>) -> Outcome<i64> {
    match value {
        Value::Int(int) | Value::Int64(int) => Ok(*int),
        Value::Uint8(byte) => Ok(i64::from(*byte)),
        Value::Float(float) => Ok(go_int(*float)),
        other => Err(format!("invalid operation: int({})", other.type_name())),
    }
}

fn to_float(value: &Value<'_>) -> Outcome<f64> {
    match value {
        Value::Int(int) | Value::Int64(int) => Ok(*int as f64),
        Value::Uint8(byte) => Ok(f64::from(*byte)),
        Value::Float(float) => Ok(*float),
        other => Err(format!("invalid operation: float({})", other.type_name())),
    }
}

/// Two numbers brought to one type.
pub(super) enum Numbers {
    Ints(i64, i64),
    Floats(f64, f64),
}

#[inline]
fn int_of(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(int) | Value::Int64(int) => Some(*int),
        Value::Uint8(byte) => Some(i64::from(*byte)),
        _ => None,
    }
}

#[inline]
pub(super) fn numbers(a: &Value<'_>, b: &Value<'_>) -> Option<Numbers> {
    match (int_of(a), int_of(b)) {
        (Some(a), Some(b)) => Some(Numbers::Ints(a, b)),
        (a_int, b_int) => {
            let float = |value: &Value<'_>, int: Option<i64>| match value {
                Value::Float(float) => Some(*float),
                _ => int.map(|int| int as f64),
            };
            Some(Numbers::Floats(float(a, a_int)?, float(b, b_int)?))
        }
    }
}

pub(super) fn invalid(operator: &str, a: &Value<'_>, b: &Value<'_>) -> String {
    format!(
        "invalid operation: {} {operator} {}",
        a.type_name(),
        b.type_name()
    )
}

/// `+`. Integers of any type give `int`, and wrap around as Go's do.
pub(in crate::expr) fn add<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
    if let Some(numbers) = numbers(a, b) {
        return Ok(match numbers {
            Numbers::Ints(a, b) => Value::Int(a.wrapping_add(b)),
            Numbers::Floats(a, b) => Value::Float(a + b),
        });
    }
    Ok(match (a, b) {
        (Value::Text(a), Value::Text(b)) => {
            let mut bytes = Vec::with_capacity(a.len() + b.len());
            bytes.extend_from_slice(a.as_bytes());
            bytes.extend_from_slice(b.as_bytes());
            Value::Text(Text::from_bytes(&bytes))
        }
        (Value::Time(time), Value::Duration(duration))
        | (Value::Duration(duration), Value::Time(time)) => Value::time(time.add(*duration)),
        (Value::Duration(a), Value::Duration(b)) => {
            Value::Duration(Duration(a.0.wrapping_add(b.0)))
        }
        _ => return Err(invalid("+", a, b)),
    })
}

/// `-` between two values.
pub(in crate::expr) fn subtract<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
    if let Some(numbers) = numbers(a, b) {
        return Ok(match numbers {
            Numbers::Ints(a, b) => Value::Int(a.wrapping_sub(b)),
            Numbers::Floats(a, b) => Value::Float(a - b),
        });
    }
    Ok(match (a, b) {
        (Value::Time(a), Value::Time(b)) => Value::Duration(a.sub(b)),
        (Value::Time(time), Value::Duration(duration)) => {
            Value::time(time.add(Duration(duration.0.wrapping_neg())))
        }
        (Value::Duration(a), Value::Duration(b)) => {
            Value::Duration(Duration(a.0.wrapping_sub(b.0)))
        }
        _ => return Err(invalid("-", a, b)),
    })
}

/// `*`. A duration times an integer is a duration, times a float a float.
pub(in crate::expr) fn multiply<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
    if let Some(numbers) = numbers(a, b) {
        return Ok(match numbers {
            Numbers::Ints(a, b) => Value::Int(a.wrapping_mul(b)),
            Numbers::Floats(a, b) => Value::Float(a * b),
        });
    }
    Ok(match (a, b) {
        (Value::Duration(a), Value::Duration(b)) => {
            Value::Duration(Duration(a.0.wrapping_mul(b.0)))
        }
        (Value::Duration(duration), Value::Float(float))
        | (Value::Float(float), Value::Duration(duration)) => {
            Value::Float(duration.0 as f64 * float)
        }
        (Value::Duration(duration), other) | (other, Value::Duration(duration)) => {
            match int_of(other) {
                Some(int) => Value::Duration(Duration(duration.0.wrapping_mul(int))),
                None => return Err(invalid("*", a, b)),
            }
        }
        _ => return Err(invalid("*", a, b)),
    })
}

/// `/`, always a float.
pub(in crate::expr) fn divide<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
    match numbers(a, b) {
        Some(Numbers::Ints(a, b)) => Ok(Value::Float(a as f64 / b as f64)),
        Some(Numbers::Floats(a, b)) => Ok(Value::Float(a / b)),
        None => Err(invalid("/", a, b)),
    }
}

/// `%`, of integers only.
pub(in crate::expr) fn modulo<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
    match numbers(a, b) {
        Some(Numbers::Ints(_, 0)) => Err("runtime error: integer divide by zero".to_owned()),
        Some(Numbers::Ints(a, b)) => Ok(Value::Int(a.wrapping_rem(b))),
        _ => Err(invalid("%", a, b)),
    }
}

/// `**`, always a float.
pub(in crate::expr) fn power<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
    Ok(Value::Float(go_pow(to_float(a)?, to_float(b)?)))
}

/// Go's `math.Pow`: repeated squaring, so that powers with whole exponents agree to the last bit.
pub(in crate::expr) fn go_pow(x: f64, y: f64) -> f64 {
    if y == 0.5 && x.is_finite() {
        return x.sqrt();
    }
    if y == -0.5 && x.is_finite() && x != 0.0 {
        return 1.0 / x.sqrt();
    }
    let special = y == 0.0 || x == 1.0 || y == 1.0 || x == 0.0;
    if special || !x.is_finite() || !y.is_finite() || y.abs() >= 9.2e18 {
        return x.powf(y);
    }
    let (mut whole, mut fraction) = (y.abs().trunc(), y.abs().fract());
    if fraction != 0.0 && x < 0.0 {
        return f64::NAN;
    }
    let mut mantissa = 1.0;
    let mut exponent: i64 = 0;
    if fraction != 0.0 {
        if fraction > 0.5 {
            fraction -= 1.0;
            whole += 1.0;
        }
        mantissa = (fraction * x.ln()).exp();
    }
    let (mut base, mut base_exponent) = frexp(x);
    let mut left = whole as i64;
    while left != 0 {
        if !(-4096..=4096).contains(&base_exponent) {
            // Overflow or underflow is certain.
            exponent += base_exponent;
            break;
        }
        if left & 1 == 1 {
            mantissa *= base;
            exponent += base_exponent;
        }
        base *= base;
        base_exponent <<= 1;
        if base < 0.5 {
            base += base;
            base_exponent -= 1;
        }
        left >>= 1;
    }
    if y < 0.0 {
        // Inverting a subnormal would lose bits: negate the exponent instead.
        mantissa = 1.0 / mantissa;
        exponent = -exponent;
    }
    crate::expr::builtins::ldexp(mantissa, exponent)
}

/// A number as a mantissa from 0.5 up to 1 and an exponent of two.
fn frexp(value: f64) -> (f64, i64) {
    if value == 0.0 || !value.is_finite() {
        return (value, 0);
    }
    let (scaled, shift) = if value.abs() < f64::MIN_POSITIVE {
        (value * 2f64.powi(64), -64)
    } else {
        (value, 0)
    };
    let bits = scaled.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i64 - 1022;
    let mantissa = f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52);
    (mantissa, exponent + shift)
}

/// `-` before a value.
pub(in crate::expr) fn negate<'v>(value: &Value<'v>) -> Outcome<Value<'v>> {
    Ok(match value {
        Value::Int(int) => Value::Int(int.wrapping_neg()),
        Value::Int64(int) => Value::Int64(int.wrapping_neg()),
        Value::Uint8(byte) => Value::Uint8(byte.wrapping_neg()),
        Value::Float(float) => Value::Float(-float),
        other => return Err(format!("invalid operation: - {}", other.type_name())),
    })
}

/// `from..to` as first element and length; the length may be far too large.
pub(in crate::expr) fn range(from: &Value<'_>, to: &Value<'_>) -> Outcome<(i64, u64)> {
    let (from, to) = (to_int(from)?, to_int(to)?);
    let size = to.wrapping_sub(from).wrapping_add(1);
    Ok((from, u64::try_from(size).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_agree_with_go() {
        assert_eq!(go_pow(2.0, 64.0), 18_446_744_073_709_551_616.0);
        assert_eq!(go_pow(10.0, -3.0), 1.0 / 1000.0);
        assert_eq!(go_pow(2.0, 10_000.0), f64::INFINITY);
        assert_eq!(go_pow(2.0, -10_000.0), 0.0);
        assert!(go_pow(-8.0, 1.0 / 3.0).is_nan());
        assert_eq!(go_pow(9.0, 0.5), 3.0);
        assert_eq!(frexp(8.0), (0.5, 4));
    }

    #[test]
    fn floats_that_do_not_fit() {
        assert_eq!(go_int(1e20), i64::MIN);
        assert_eq!(go_int(f64::NAN), i64::MIN);
        assert_eq!(go_int(-4.9), -4);
        assert_eq!(
            go_int(9_223_372_036_854_774_784.0),
            9_223_372_036_854_774_784
        );
    }
}
