//! Built-ins on lists and maps.

use super::{Builtin, Context, Outcome, argument};
use crate::expr::Version;
use crate::expr::budget::EXCEEDED;
use crate::expr::operators::{equal, fetch, to_int, unhashable};
use crate::expr::print;
use crate::expr::value::{Key, List, ListKind, Map, MapKind, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn call<'v>(
    builtin: Builtin,
    arguments: &[Value<'v>],
    context: &mut Context<'_>,
) -> Outcome<Value<'v>> {
    let subject = argument(arguments, 0);
    match builtin {
        Builtin::First => Ok(fetch(subject, &Value::Int(0)).unwrap_or_default()),
        Builtin::Last => Ok(fetch(subject, &Value::Int(-1)).unwrap_or_default()),
        Builtin::Get => get(subject, argument(arguments, 1), context.version),
        Builtin::Take => take(subject, argument(arguments, 1)),
        Builtin::Keys | Builtin::Values | Builtin::ToPairs => members(builtin, subject, context),
        Builtin::FromPairs => from_pairs(subject, context),
        Builtin::Reverse => {
            let len = list_len("reverse", subject)?;
            if context.version == Version::V1_17 {
                context.budget.grow(len as u64)?;
            }
            context.budget.values(len)?;
            let items = (0..len).rev().filter_map(|index| subject.element(index));
            list(ListKind::Any, items.collect())
        }
        Builtin::Concat => concat(arguments, context),
        Builtin::Uniq => uniq(subject, context),
        _ => {
            list_len("flatten", subject)?;
            let mut items = Vec::new();
            flatten(subject, &mut items, context)?;
            context.budget.grow(items.len() as u64)?;
            list(ListKind::Any, items)
        }
    }
}

fn list(kind: ListKind, items: Vec<Value<'_>>) -> Outcome<Value<'_>> {
    match List::new(kind, items) {
        Ok(list) => Ok(Value::List(Arc::new(list))),
        Err(_) => Err(EXCEEDED.to_owned()),
    }
}

fn list_len(verb: &str, value: &Value<'_>) -> Outcome<usize> {
    value
        .list_len()
        .ok_or_else(|| format!("cannot {verb} {}", value.kind_name()))
}

/// As an index or member, but nil where there is none. The older version takes any failure for
/// nil, the newer one only what is not there.
fn get<'v>(from: &Value<'v>, key: &Value<'v>, version: Version) -> Outcome<Value<'v>> {
    if version == Version::V1_16 {
        return Ok(fetch(from, key).unwrap_or_default());
    }
    match from {
        Value::Object(_) | Value::Map(_) => {
            let found = fetch(from, key)?;
            // A group that is not there is nil here, not an empty list.
            Ok(if found.is_nil() { Value::Nil } else { found })
        }
        Value::Text(_) | Value::Array(_) | Value::List(_) | Value::Bytes(_) => {
            to_int(key)?;
            Ok(fetch(from, key).unwrap_or_default())
        }
        _ => Ok(fetch(from, key).unwrap_or_default()),
    }
}

fn take<'v>(subject: &Value<'v>, count: &Value<'v>) -> Outcome<Value<'v>> {
    let Some(len) = subject.list_len() else {
        return Err(format!("cannot take from {}", subject.kind_name()));
    };
    let count = match count {
        Value::Int(int) | Value::Int64(int) | Value::Month(int) | Value::Weekday(int) => *int,
        Value::Duration(duration) => duration.0,
        other => return Err(format!("cannot take {} elements", other.kind_name())),
    };
    match usize::try_from(count) {
        Ok(count) if count > len => Ok(subject.clone()),
        Ok(count) => Ok(part(subject, 0, count)),
        Err(_) => Err("reflect.Value.Slice: slice index out of bounds".to_owned()),
    }
}

/// Elements `from` up to `to` of a list or string; the bounds are in range and in order.
fn part<'v>(value: &Value<'v>, from: usize, to: usize) -> Value<'v> {
    match value {
        Value::Text(text) => Value::Text(text.slice(from, to)),
        Value::Array(items) => Value::Array(items.get(from..to).unwrap_or_default()),
        Value::Bytes(bytes) => Value::Bytes(bytes.get(from..to).unwrap_or_default().into()),
        Value::List(list) => Value::List(Arc::new(list.slice(from, to))),
        _ => Value::Nil,
    }
}

/// `value[from:to]`: negative bounds count from the end, all are moved into range.
pub(in crate::expr) fn slice<'v>(
    value: &Value<'v>,
    from: &Value<'v>,
    to: &Value<'v>,
    context: &mut Context<'_>,
) -> Outcome<Value<'v>> {
    let len = match value {
        Value::Text(text) => text.len(),
        other => match other.list_len() {
            Some(len) => len,
            None => {
                let mut text = String::new();
                print::write_go(&mut text, from);
                return Err(format!("cannot slice {text}"));
            }
        },
    };
    let bound = |index: i64| {
        let index = if index < 0 {
            index.saturating_add(len as i64)
        } else {
            index
        };
        usize::try_from(index).unwrap_or(0)
    };
    let (from, to) = (to_int(from)?, to_int(to)?);
    let to = bound(to).min(len);
    let from = bound(from).min(to);
    match value {
        Value::Text(_) | Value::Bytes(_) => context.budget.text(to - from)?,
        Value::List(_) => context.budget.values(to - from)?,
        _ => {}
    }
    Ok(part(value, from, to))
}

fn members<'v>(
    builtin: Builtin,
    subject: &Value<'v>,
    context: &mut Context<'_>,
) -> Outcome<Value<'v>> {
    let Some(len) = subject.map_len() else {
        let kind = subject.kind_name();
        return Err(match builtin {
            Builtin::ToPairs => format!("cannot transform {kind} to pairs"),
            _ => format!("cannot get {} from {kind}", builtin.name()),
        });
    };
    context.budget.values(len.saturating_mul(2))?;
    let entries = subject.entries().into_iter();
    match builtin {
        Builtin::Keys => list(ListKind::Any, entries.map(|(key, _)| key).collect()),
        Builtin::Values => list(ListKind::Any, entries.map(|(_, value)| value).collect()),
        _ => {
            let pairs: Outcome<Vec<_>> = entries
                .map(|(key, value)| list(ListKind::Pair, vec![key, value]))
                .collect();
            list(ListKind::Pairs, pairs?)
        }
    }
}

fn from_pairs<'v>(subject: &Value<'v>, context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let Some(len) = subject.list_len() else {
        let shown = match subject {
            Value::Text(_) | Value::Object(_) | Value::Map(_) => subject.go_string(),
            Value::Nil => "<invalid reflect.Value>".to_owned(),
            other => format!("%!s({}={})", other.type_name(), other.short(40)),
        };
        return Err(format!("cannot transform {shown} from pairs"));
    };
    let mut members = BTreeMap::new();
    context.budget.values(len.saturating_mul(2))?;
    for index in 0..len {
        let pair = subject.element(index).unwrap_or_default();
        match pair.list_len() {
            None => return Err(format!("invalid pair {}", pair.go_string())),
            Some(2) => {}
            Some(_) => return Err(format!("invalid pair length {}", pair.go_string())),
        }
        let key = pair.element(0).unwrap_or_default();
        let value = pair.element(1).unwrap_or_default();
        let key = Key::new(&key, index as u64).ok_or_else(|| unhashable(&key))?;
        members.insert(key, value);
    }
    match Map::new(MapKind::Any, members) {
        Ok(map) => Ok(Value::Map(Arc::new(map))),
        Err(_) => Err(EXCEEDED.to_owned()),
    }
}

fn concat<'v>(arguments: &[Value<'v>], context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let mut items = Vec::new();
    for value in arguments {
        let len = list_len("concat", value)?;
        context.budget.values(len)?;
        items.extend((0..len).filter_map(|index| value.element(index)));
    }
    context.budget.grow(items.len() as u64)?;
    if items.is_empty() {
        return Ok(Value::List(Arc::new(List::nil(ListKind::Any))));
    }
    list(ListKind::Any, items)
}

fn uniq<'v>(subject: &Value<'v>, context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let len = list_len("uniq", subject)?;
    let mut kept: Vec<Value<'v>> = Vec::new();
    for index in 0..len {
        let item = subject.element(index).unwrap_or_default();
        context.budget.work(kept.len() as u64 + 1)?;
        if !kept.iter().any(|other| equal(&item, other)) {
            kept.push(item);
        }
    }
    context.budget.values(kept.len())?;
    list(ListKind::Any, kept)
}

fn flatten<'v>(
    subject: &Value<'v>,
    items: &mut Vec<Value<'v>>,
    context: &mut Context<'_>,
) -> Outcome<()> {
    let len = subject.list_len().unwrap_or(0);
    for index in 0..len {
        let item = subject.element(index).unwrap_or_default();
        context.budget.values(1)?;
        if item.list_len().is_some() {
            flatten(&item, items, context)?;
        } else {
            items.push(item);
        }
    }
    Ok(())
}
