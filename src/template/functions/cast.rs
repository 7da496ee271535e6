//! Conversions that many functions share: what Sprig takes for a number, a string, a list.

use crate::golang::parse;
use crate::template::value::{List, Text, Value};
use crate::template::{Failure, Session, print};

/// What Go says when a function asks the type of an untyped nil.
pub(super) const NIL_POINTER: &str =
    "runtime error: invalid memory address or nil pointer dereference";

/// A text that may be a number. Longer ones are none, so that they are not read over and over.
fn numeric<'a>(text: &'a Text<'_>) -> std::borrow::Cow<'a, str> {
    const LONGEST: usize = 4096;
    if text.len() > LONGEST {
        "".into()
    } else {
        text.to_str()
    }
}

/// Sprig's `toInt64`: numbers, booleans and numeric texts; everything else is 0.
pub(super) fn to_int64(value: &Value<'_>) -> i64 {
    match value {
        Value::Int(n) | Value::Int64(n) => *n,
        Value::Int32(n) => i64::from(*n),
        Value::Uint8(n) => i64::from(*n),
        Value::Uint64(n) => *n as i64,
        Value::Float(n) => truncate(*n),
        Value::Bool(truth) => i64::from(*truth),
        Value::Text(text) => {
            parse::parse_int(without_zero_decimals(&numeric(text)), 0).unwrap_or(0)
        }
        Value::Opaque(_) => calendar_number(value).unwrap_or(0),
        _ => 0,
    }
}

/// Sprig's `toFloat64`; see [`to_int64`].
pub(super) fn to_float64(value: &Value<'_>) -> f64 {
    match value {
        Value::Int(n) | Value::Int64(n) => *n as f64,
        Value::Int32(n) => f64::from(*n),
        Value::Uint8(n) => f64::from(*n),
        Value::Uint64(n) => *n as f64,
        Value::Float(n) => *n,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::Text(text) => parse::parse_float(&numeric(text)).unwrap_or(0.0),
        Value::Opaque(_) => calendar_number(value).unwrap_or(0) as f64,
        _ => 0.0,
    }
}

/// Months and weekdays count as numbers; durations do not.
fn calendar_number(value: &Value<'_>) -> Option<i64> {
    matches!(value.type_name().as_str(), "time.Month" | "time.Weekday")
        .then(|| value.as_int())
        .flatten()
}

/// Go's conversion of a float to an integer on the machines that the original runs on: towards
/// zero, and the smallest integer for everything that does not fit.
pub(super) fn truncate(float: f64) -> i64 {
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    if (-TWO_TO_63..TWO_TO_63).contains(&float) {
        float as i64
    } else {
        i64::MIN
    }
}

/// `5.00` → `5`; texts of another form stay.
fn without_zero_decimals(text: &str) -> &str {
    match text.trim_end_matches('0').strip_suffix('.') {
        Some(whole) if text.ends_with('0') => whole,
        _ => text,
    }
}

/// Sprig's `strval`: texts and bytes as they are, everything else as `%v`.
pub(super) fn to_text<'v>(value: &Value<'v>, session: &Session<'v>) -> Result<Text<'v>, Failure> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        Value::List(list) => match list.as_bytes() {
            Some(bytes) => Ok(bytes.into_owned().into()),
            None => displayed(value, session),
        },
        _ => displayed(value, session),
    }
}

/// Go's `%v`, paid for.
pub(super) fn displayed<'v>(value: &Value<'v>, session: &Session<'v>) -> Result<Text<'v>, Failure> {
    let text = print::display(value, session)?;
    session.charge(text.len())?;
    Ok(text.into())
}

/// Sprig's `strslice`: the elements of a list as texts, without nils; any other value alone; nothing
/// for nil.
pub(super) fn to_texts<'v>(
    value: &Value<'v>,
    session: &Session<'v>,
) -> Result<Vec<Text<'v>>, Failure> {
    match value {
        Value::Nil | Value::Absent => Ok(Vec::new()),
        Value::List(list) => {
            charge_items(session, list.len())?;
            list.iter()
                .filter(|item| !item.is_nil())
                .map(|item| to_text(&item, session))
                .collect()
        }
        value => Ok(vec![to_text(value, session)?]),
    }
}

/// The list that a function works on; `doing` completes Sprig's complaint about other types
/// ("Cannot … on type int").
pub(super) fn to_list<'a, 'v>(value: &'a Value<'v>, doing: &str) -> Result<&'a List<'v>, Failure> {
    match value {
        Value::List(list) => Ok(list),
        Value::Nil | Value::Absent => Err(Failure::new(NIL_POINTER)),
        other => Err(Failure::new(format!(
            "Cannot {doing} type {}",
            other.kind()
        ))),
    }
}

/// Functions that look at one place of a list, however long it is.
const DIRECT: [&str; 4] = ["first", "index", "last", "len"];

/// Pays for what a function does with its arguments, before it is called: one step for a thousand
/// bytes of text, or some hundred elements of a list. Functions only pay for what they do beyond.
pub(in crate::template) fn pay_for_arguments(
    session: &Session<'_>,
    function: &str,
    arguments: &[Value<'_>],
) -> Result<(), Failure> {
    const BYTES: usize = 1024;
    const ELEMENTS: usize = 256;
    let sizes = arguments.iter().map(|argument| match argument {
        Value::Text(text) => text.len() / BYTES,
        Value::List(list) if !DIRECT.contains(&function) => list.len() / ELEMENTS,
        _ => 0,
    });
    session.steps(sizes.map(|size| size as u64).sum())
}

/// Pays for a list of this many elements.
pub(super) fn charge_items(session: &Session<'_>, count: usize) -> Result<(), Failure> {
    session.steps(count as u64)?;
    session.charge(count.saturating_mul(size_of::<Value<'_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_anything() {
        let cases: [(Value<'_>, i64); 12] = [
            ("42".into(), 42),
            ("5.00".into(), 5),
            ("5.".into(), 0),
            ("5.10".into(), 0),
            ("010".into(), 8),
            ("08".into(), 0),
            (" 1".into(), 0),
            (Value::Float(-1.9), -1),
            (Value::Float(9.9e18), i64::MIN),
            (Value::Float(f64::NAN), i64::MIN),
            (Value::Bool(true), 1),
            (Value::Nil, 0),
        ];
        for (value, number) in cases {
            assert_eq!(to_int64(&value), number, "{value:?}");
        }
        assert_eq!(to_int64(&"9223372036854775808".into()), 0);
        assert_eq!(to_float64(&"1e400".into()), 0.0);
    }
}
