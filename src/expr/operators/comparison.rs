//! Equality, order and membership.

use super::Outcome;
use super::access::{map_member, no_key};
use super::arithmetic::{Numbers, invalid, numbers};
use crate::expr::value::{ListKind, Value};
use std::cmp::Ordering;

/// `==`.
pub(in crate::expr) fn equal(a: &Value<'_>, b: &Value<'_>) -> bool {
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
pub(in crate::expr) fn size(value: &Value<'_>) -> usize {
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

/// `<`.
pub(in crate::expr) fn less(a: &Value<'_>, b: &Value<'_>) -> Outcome<bool> {
    Ok(order("<", a, b)? == Some(Ordering::Less))
}

/// `>`.
pub(in crate::expr) fn more(a: &Value<'_>, b: &Value<'_>) -> Outcome<bool> {
    Ok(order(">", a, b)? == Some(Ordering::Greater))
}

/// `<=`.
pub(in crate::expr) fn less_or_equal(a: &Value<'_>, b: &Value<'_>) -> Outcome<bool> {
    Ok(matches!(
        order("<=", a, b)?,
        Some(Ordering::Less | Ordering::Equal)
    ))
}

/// `>=`.
pub(in crate::expr) fn more_or_equal(a: &Value<'_>, b: &Value<'_>) -> Outcome<bool> {
    Ok(matches!(
        order(">=", a, b)?,
        Some(Ordering::Greater | Ordering::Equal)
    ))
}

/// `needle in haystack`.
pub(in crate::expr) fn contains<'v>(needle: &Value<'v>, haystack: &Value<'v>) -> Outcome<bool> {
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
