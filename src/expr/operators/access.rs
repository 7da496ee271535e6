//! Members and elements by key.

use super::arithmetic::to_int;
use super::{Outcome, unhashable};
use crate::expr::text::Text;
use crate::expr::value::{Key, List, ListKind, Map, Value};
use std::sync::Arc;

pub(super) fn no_key(key: &Value<'_>) -> String {
    format!(
        "reflect.Value.MapIndex: value of type {} is not assignable to type string",
        key.type_name()
    )
}

/// The member of a map that the expression built.
pub(super) fn map_member<'m, 'v>(
    map: &'m Map<'v>,
    key: &Value<'v>,
) -> Outcome<Option<&'m Value<'v>>> {
    use crate::expr::value::MapKind;
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
pub(in crate::expr) fn fetch<'v>(from: &Value<'v>, key: &Value<'v>) -> Outcome<Value<'v>> {
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
            None if map.kind == crate::expr::value::MapKind::Groups => {
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
                && let Some(method) = crate::expr::methods::bind(from, &name.to_str())
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
pub(in crate::expr) fn fetch_name<'v>(from: &Value<'v>, name: &Arc<str>) -> Outcome<Value<'v>> {
    if let Value::Object(members) = from {
        return Ok(members.get(&**name).map_or(Value::Nil, Value::from_json));
    }
    fetch(from, &Value::Text(Text::from(name.clone())))
}
