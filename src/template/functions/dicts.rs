//! Dictionaries: making, reading, changing. Merging is in [`merge`](super::merge).

use super::Function;
use super::cast::{charge_items, to_text};
use super::row::{fixed, mismatch, variadic};
use super::semver::Version;
use crate::template::value::types::{DICT, LIST, STRINGS};
use crate::template::value::{List, Map, Text, Type, Value};
use crate::template::{Failure, Session};
use std::collections::BTreeSet;

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    variadic("dict", &[Type::Any], DICT, dict),
    fixed("get", &[DICT, Type::String], Type::Any, get),
    fixed("set", &[DICT, Type::String, Type::Any], DICT, set),
    fixed("unset", &[DICT, Type::String], DICT, unset),
    fixed("hasKey", &[DICT, Type::String], Type::Bool, has_key),
    variadic("pluck", &[Type::String, DICT], LIST, pluck),
    variadic("keys", &[DICT], STRINGS, keys),
    fixed("values", &[DICT], LIST, values),
    variadic("pick", &[DICT, Type::String], DICT, pick),
    variadic("omit", &[DICT, Type::String], DICT, omit),
    variadic("dig", &[Type::Any], Type::Any, dig),
    fixed("deepCopy", &[Type::Any], Type::Any, deep_copy),
    fixed("mustDeepCopy", &[Type::Any], Type::Any, deep_copy),
];

/// Names and values in turn; a last name without value gets the empty string.
fn dict<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    charge_items(session, args.len())?;
    let mut members = Vec::with_capacity(args.len().div_ceil(2));
    for pair in args.chunks(2) {
        if let [name, value @ ..] = pair {
            let value = value.first().cloned().unwrap_or(Value::text(""));
            members.push((to_text(name, session)?, value));
        }
    }
    Ok(Map::new(members)?.into())
}

fn get<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Map(map), Value::Text(name)] = args else {
        return Err(mismatch());
    };
    Ok(map.get(session, name).unwrap_or(Value::text("")))
}

fn set<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Map(map), Value::Text(name), value] = args else {
        return Err(mismatch());
    };
    map.insert(session, name.clone(), value.clone())?;
    Ok(Value::Map(map.clone()))
}

fn unset<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Map(map), Value::Text(name)] = args else {
        return Err(mismatch());
    };
    if map.get(session, name).is_some() {
        map.remove(session, name)?;
    }
    Ok(Value::Map(map.clone()))
}

fn has_key<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Map(map), Value::Text(name)] = args else {
        return Err(mismatch());
    };
    Ok(Value::Bool(map.get(session, name).is_some()))
}

fn pluck<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(name), maps @ ..] = args else {
        return Err(mismatch());
    };
    charge_items(session, maps.len())?;
    let mut found = Vec::new();
    for map in maps {
        let Value::Map(map) = map else {
            return Err(mismatch());
        };
        found.extend(map.get(session, name));
    }
    Ok(List::appended(&Type::Any, found)?.into())
}

/// Go gives the names in random order; here they are sorted.
fn keys<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let mut names = Vec::new();
    for map in args {
        let Value::Map(map) = map else {
            return Err(mismatch());
        };
        charge_items(session, map.len(session))?;
        let members = map.members(session).into_iter();
        names.extend(members.map(|(name, _)| Value::Text(name)));
    }
    Ok(List::appended(&Type::String, names)?.into())
}

/// In the order of the names; Go's order is random.
fn values<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Map(map)] = args else {
        return Err(mismatch());
    };
    charge_items(session, map.len(session))?;
    let members = map.members(session).into_iter();
    let values = members.map(|(_, value)| value).collect();
    Ok(List::appended(&Type::Any, values)?.into())
}

fn pick<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Map(map), names @ ..] = args else {
        return Err(mismatch());
    };
    charge_items(session, names.len())?;
    let picked = names.iter().filter_map(Value::as_text).filter_map(|name| {
        let value = map.get(session, name)?;
        Some((name.clone(), value))
    });
    Ok(Map::new(picked)?.into())
}

fn omit<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Map(map), names @ ..] = args else {
        return Err(mismatch());
    };
    charge_items(session, map.len(session).saturating_add(names.len()))?;
    let omitted: BTreeSet<&Text<'v>> = names.iter().filter_map(Value::as_text).collect();
    let members = map.members(session).into_iter();
    Ok(Map::new(members.filter(|(name, _)| !omitted.contains(name)))?.into())
}

/// Follows names through dictionaries: `dig "a" "b" default dict`.
fn dig<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let ([first, names @ ..], [default, dict]) = args
        .split_at_checked(args.len().saturating_sub(2))
        .ok_or_else(mismatch)?
    else {
        return Err(Failure::new("dig needs at least three arguments"));
    };
    let mut map = as_dict(dict)?;
    let names: Vec<&Text<'v>> = [first]
        .into_iter()
        .chain(names)
        .map(|name| name.as_text().ok_or_else(|| conversion(name, "string")))
        .collect::<Result<_, _>>()?;
    for (position, name) in names.iter().enumerate() {
        let Some(member) = map.get(session, name) else {
            return Ok(default.clone());
        };
        if position + 1 == names.len() {
            return Ok(member);
        }
        map = as_dict(&member)?;
    }
    Err(mismatch())
}

fn as_dict<'v>(value: &Value<'v>) -> Result<Map<'v>, Failure> {
    match value {
        Value::Map(map) if map.go_type() == DICT => Ok(map.clone()),
        other => Err(conversion(other, "map[string]interface {}")),
    }
}

/// Go's panic of a type assertion.
fn conversion(value: &Value<'_>, wanted: &str) -> Failure {
    let is = match value {
        Value::Nil | Value::Absent => "nil".into(),
        value => value.type_name(),
    };
    Failure::new(format!(
        "interface conversion: interface {{}} is {is}, not {wanted}"
    ))
}

fn deep_copy<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    match args {
        [Value::Nil | Value::Absent] => Err(Failure::new(
            "reflect: call of reflect.Value.Type on zero Value",
        )),
        [value] => copied(value, session),
        _ => Err(mismatch()),
    }
}

/// A copy that shares no map with the original.
fn copied<'v>(value: &Value<'v>, session: &Session<'v>) -> Result<Value<'v>, Failure> {
    match value {
        Value::List(list) if !list.is_nil() && list.as_bytes().is_none() => {
            let _level = session.descend()?;
            charge_items(session, list.len())?;
            let items = list.iter().map(|item| copied(&item, session));
            let items = items.collect::<Result<Vec<_>, Failure>>()?;
            Ok(List::of(list.element(), items)?.into())
        }
        Value::Map(map) if !map.is_nil() => {
            let _level = session.descend()?;
            charge_items(session, map.len(session))?;
            let members = map.members(session).into_iter();
            let members = members
                .map(|(name, member)| Ok((name, copied(&member, session)?)))
                .collect::<Result<Vec<_>, Failure>>()?;
            Ok(Map::of(map.element(), members)?.into())
        }
        // The copying library sees none of the version's fields.
        value if value.downcast::<Version>().is_some() => Ok(Version::zero()),
        value => Ok(value.clone()),
    }
}
