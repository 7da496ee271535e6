//! Operators on values, with the results and messages of the original's run time.

use super::text::Text;
use super::value::{Key, List, ListKind, Map, Value};
use crate::golang::duration::Duration;
use std::cmp::Ordering;
use std::sync::Arc;

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

/// Go's conversion of a float to `int` on 64-bit machines.
pub(super) fn go_int(float: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    // What does not fit becomes the smallest integer there, also what is not a number.
    if !(-LIMIT..LIMIT).contains(&float) {
        return i64::MIN;
    }
    float as i64
}

/// The value as an index.
pub(super) fn to_int(value: &Value<'_>) -> Outcome<i64> {
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
enum Numbers {
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
fn numbers(a: &Value<'_>, b: &Value<'_>) -> Option<Numbers> {
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

/// `==`.
pub(super) fn equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    if let (Value::Text(a), Value::Text(b)) = (a, b) {
        return a == b;
    }
    if let Some(numbers) = numbers(a, b) {
        return match numbers {
            Numbers::Ints(a, b) => a == b,
            Numbers::Floats(a, b) => a == b,
        };
    }
    match (a, b) {
        (Value::Time(a), Value::Time(b)) => a == b,
        (Value::Duration(a), Value::Duration(b)) => a == b,
        _ if a.is_nil() && b.is_nil() => true,
        _ => match (plain_list(a), plain_list(b)) {
            (Some(a_len), Some(b_len)) => {
                a_len == b_len
                    && (0..a_len).all(|index| match (a.element(index), b.element(index)) {
                        (Some(a), Some(b)) => equal(&a, &b),
                        _ => false,
                    })
            }
            _ => deep_equal(a, b),
        },
    }
}

/// Length of a list whose elements are compared as by `==`: those of Go's element types that the
/// original compares across.
fn plain_list(value: &Value<'_>) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::List(list) => match list.kind {
            ListKind::Any | ListKind::Int | ListKind::Text => Some(list.len()),
            ListKind::Pairs | ListKind::Pair => None,
        },
        _ => None,
    }
}

/// Go's `reflect.DeepEqual`: types must agree too.
fn deep_equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b)) | (Value::Int64(a), Value::Int64(b)) => a == b,
        (Value::Month(a), Value::Month(b)) | (Value::Weekday(a), Value::Weekday(b)) => a == b,
        (Value::Uint8(a), Value::Uint8(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Time(a), Value::Time(b)) => a == b && a.zone() == b.zone(),
        (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Zone(a), Value::Zone(b)) => a == b,
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(*b)
                    .all(|(a, b)| deep_equal(&Value::from_json(a), &Value::from_json(b)))
        }
        (Value::Array(_) | Value::List(_), Value::Array(_) | Value::List(_)) => {
            a.type_name() == b.type_name()
                && a.is_nil() == b.is_nil()
                && a.list_len() == b.list_len()
                && (0..a.list_len().unwrap_or(0)).all(|index| {
                    match (a.element(index), b.element(index)) {
                        (Some(a), Some(b)) => deep_equal(&a, &b),
                        _ => false,
                    }
                })
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, member)| {
                    b.get(name).is_some_and(|other| {
                        deep_equal(&Value::from_json(member), &Value::from_json(other))
                    })
                })
        }
        (Value::Object(_) | Value::Map(_), Value::Object(_) | Value::Map(_)) => {
            a.type_name() == b.type_name()
                && a.map_len() == b.map_len()
                && a.entries().iter().zip(b.entries()).all(
                    |((a_key, a_member), (b_key, b_member))| {
                        deep_equal(a_key, &b_key) && deep_equal(a_member, &b_member)
                    },
                )
        }
        _ => false,
    }
}

/// Elements that a comparison may have to look at: its cost.
pub(super) fn size(value: &Value<'_>) -> usize {
    match value {
        Value::Text(text) => text.len() / 16,
        other => other
            .list_len()
            .or_else(|| other.map_len())
            .map_or(0, |len| len.saturating_add(1)),
    }
}

/// The order of two values, `None` for numbers without one; the operator is for the message.
fn order(operator: &str, a: &Value<'_>, b: &Value<'_>) -> Outcome<Option<Ordering>> {
    if let Some(numbers) = numbers(a, b) {
        return Ok(match numbers {
            Numbers::Ints(a, b) => Some(a.cmp(&b)),
            Numbers::Floats(a, b) => a.partial_cmp(&b),
        });
    }
    match (a, b) {
        (Value::Text(a), Value::Text(b)) => Ok(Some(a.cmp(b))),
        (Value::Time(a), Value::Time(b)) => Ok(Some(a.cmp(b))),
        (Value::Duration(a), Value::Duration(b)) => Ok(Some(a.cmp(b))),
        _ => Err(invalid(operator, a, b)),
    }
}

fn invalid(operator: &str, a: &Value<'_>, b: &Value<'_>) -> String {
    format!(
        "invalid operation: {} {operator} {}",
        a.type_name(),
        b.type_name()
    )
}

/// `<`.
pub(super) fn less(a: &Value<'_>, b: &Value<'_>) -> Outcome<bool> {
    Ok(order("<", a, b)? == Some(Ordering::Less))
}

/// `>`.
pub(super) fn more(a: &Value<'_>, b: &Value<'_>) -> Outcome<bool> {
    Ok(order(">", a, b)? == Some(Ordering::Greater))
}

/// `<=`.
pub(super) fn less_or_equal(a: &Value<'_>, b: &Value<'_>) -> Outcome<bool> {
    Ok(matches!(
        order("<=", a, b)?,
        Some(Ordering::Less | Ordering::Equal)
    ))
}

/// `>=`.
pub(super) fn more_or_equal(a: &Value<'_>, b: &Value<'_>) -> Outcome<bool> {
    Ok(matches!(
        order(">=", a, b)?,
        Some(Ordering::Greater | Ordering::Equal)
    ))
}

/// `+`. Integers of any type give `int`, and wrap around as Go's do.
pub(super) fn add<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
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
pub(super) fn subtract<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
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
pub(super) fn multiply<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
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
pub(super) fn divide<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
    match numbers(a, b) {
        Some(Numbers::Ints(a, b)) => Ok(Value::Float(a as f64 / b as f64)),
        Some(Numbers::Floats(a, b)) => Ok(Value::Float(a / b)),
        None => Err(invalid("/", a, b)),
    }
}

/// `%`, of integers only.
pub(super) fn modulo<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
    match numbers(a, b) {
        Some(Numbers::Ints(_, 0)) => Err("runtime error: integer divide by zero".to_owned()),
        Some(Numbers::Ints(a, b)) => Ok(Value::Int(a.wrapping_rem(b))),
        _ => Err(invalid("%", a, b)),
    }
}

/// `**`, always a float.
pub(super) fn power<'v>(a: &Value<'v>, b: &Value<'v>) -> Outcome<Value<'v>> {
    Ok(Value::Float(go_pow(to_float(a)?, to_float(b)?)))
}

/// Go's `math.Pow`: repeated squaring, so that powers with whole exponents agree to the last bit.
pub(super) fn go_pow(x: f64, y: f64) -> f64 {
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
    super::builtins::ldexp(mantissa, exponent)
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
pub(super) fn negate<'v>(value: &Value<'v>) -> Outcome<Value<'v>> {
    Ok(match value {
        Value::Int(int) => Value::Int(int.wrapping_neg()),
        Value::Int64(int) => Value::Int64(int.wrapping_neg()),
        Value::Uint8(byte) => Value::Uint8(byte.wrapping_neg()),
        Value::Float(float) => Value::Float(-float),
        other => return Err(format!("invalid operation: - {}", other.type_name())),
    })
}

/// `from..to` as first element and length; the length may be far too large.
pub(super) fn range(from: &Value<'_>, to: &Value<'_>) -> Outcome<(i64, u64)> {
    let (from, to) = (to_int(from)?, to_int(to)?);
    let size = to.wrapping_sub(from).wrapping_add(1);
    Ok((from, u64::try_from(size).unwrap_or(0)))
}

fn no_key(key: &Value<'_>) -> String {
    format!(
        "reflect.Value.MapIndex: value of type {} is not assignable to type string",
        key.type_name()
    )
}

/// The member of a map that the expression built.
fn map_member<'m, 'v>(map: &'m Map<'v>, key: &Value<'v>) -> Outcome<Option<&'m Value<'v>>> {
    use super::value::MapKind;
    if map.kind == MapKind::Text {
        return match key {
            Value::Text(text) => Ok(map.members.get(&Key::Text(text.clone()))),
            Value::Nil => Ok(map.members.get(&Key::Text(Text::borrowed("")))),
            other => Err(no_key(other)),
        };
    }
    let Some(key) = Key::new(key, u64::MAX) else {
        return Err(unhashable(key));
    };
    Ok(map.members.get(&key))
}

/// `value[key]` and `value.key`.
pub(super) fn fetch<'v>(from: &Value<'v>, key: &Value<'v>) -> Outcome<Value<'v>> {
    match from {
        Value::Object(members) => match key {
            Value::Text(name) => Ok(members
                .get(&*name.to_str())
                .map_or(Value::Nil, Value::from_json)),
            Value::Nil => Ok(members.get("").map_or(Value::Nil, Value::from_json)),
            other => Err(no_key(other)),
        },
        Value::Map(map) => Ok(match map_member(map, key)? {
            Some(member) => member.clone(),
            None if map.kind == super::value::MapKind::Groups => {
                Value::List(Arc::new(List::nil(ListKind::Any)))
            }
            None => Value::Nil,
        }),
        Value::Array(_) | Value::List(_) | Value::Text(_) | Value::Bytes(_) => {
            let index = to_int(key)?;
            let len = match from {
                Value::Text(text) => text.len(),
                other => other.list_len().unwrap_or(0),
            };
            let index = if index < 0 {
                index.wrapping_add(len as i64)
            } else {
                index
            };
            usize::try_from(index)
                .ok()
                .and_then(|index| from.element(index))
                .ok_or_else(|| format!("index out of range: {index} (array length is {len})"))
        }
        _ => {
            if let Value::Text(name) = key
                && let Some(method) = super::methods::bind(from, &name.to_str())
            {
                return Ok(method);
            }
            Err(cannot_fetch(from, key))
        }
    }
}

fn cannot_fetch(from: &Value<'_>, key: &Value<'_>) -> String {
    format!("cannot fetch {} from {}", key.go_string(), from.type_name())
}

/// `value.name`, the frequent case of [`fetch`].
#[inline]
pub(super) fn fetch_name<'v>(from: &Value<'v>, name: &Arc<str>) -> Outcome<Value<'v>> {
    if let Value::Object(members) = from {
        return Ok(members.get(&**name).map_or(Value::Nil, Value::from_json));
    }
    fetch(from, &Value::Text(Text::from(name.clone())))
}

/// `needle in haystack`.
pub(super) fn contains<'v>(needle: &Value<'v>, haystack: &Value<'v>) -> Outcome<bool> {
    match haystack {
        Value::Nil => Ok(false),
        Value::Object(members) => match needle {
            Value::Text(name) => Ok(members.contains_key(&*name.to_str())),
            Value::Nil => Ok(members.contains_key("")),
            other => Err(no_key(other)),
        },
        Value::Map(map) => Ok(map_member(map, needle)?.is_some()),
        Value::Array(items) => Ok(items
            .iter()
            .any(|item| equal(&Value::from_json(item), needle))),
        Value::List(list) => Ok(list.iter().any(|item| equal(&item, needle))),
        Value::Bytes(bytes) => Ok(bytes.iter().any(|byte| equal(&Value::Uint8(*byte), needle))),
        // Structures without public fields.
        Value::Time(_) | Value::Zone(_) => match needle {
            Value::Text(_) => Ok(false),
            other => Err(format!(
                "cannot use {} as field name of {}",
                other.type_name(),
                haystack.type_name()
            )),
        },
        other => Err(format!(
            "operator \"in\" not defined on {}",
            other.type_name()
        )),
    }
}

/// The boolean that an operator needs.
#[inline]
pub(super) fn truth(value: &Value<'_>) -> Outcome<bool> {
    match value {
        Value::Bool(truth) => Ok(*truth),
        other => Err(not_a("bool", other)),
    }
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
