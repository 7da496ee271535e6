//! `merge` and its kin: what the library behind Sprig does with nested maps, empty values and
//! values of different types.

use super::Function;
use super::cast::charge_items;
use super::row::{mismatch, variadic};
use crate::template::value::types::DICT;
use crate::template::value::{Kind, Map, Text, Type, Value};
use crate::template::{Failure, Session};

const DICTS: &[Type] = &[DICT, DICT];

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    variadic("merge", DICTS, Type::Any, merge),
    variadic("mustMerge", DICTS, Type::Any, must_merge),
    variadic("mergeOverwrite", DICTS, Type::Any, merge_overwrite),
    variadic("mustMergeOverwrite", DICTS, Type::Any, must_merge_overwrite),
];

/// Changes and returns the first map; an error becomes the empty string.
fn merge<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    forgiving(merged(session, args, false))
}

fn must_merge<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    merged(session, args, false).map_err(Trouble::failure)
}

fn merge_overwrite<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    forgiving(merged(session, args, true))
}

fn must_merge_overwrite<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    merged(session, args, true).map_err(Trouble::failure)
}

/// Why maps are not merged.
enum Trouble {
    /// The library says so: `merge` hides it.
    Types,
    /// A panic of the library, or a limit.
    Fatal(Failure),
}

impl Trouble {
    fn failure(self) -> Failure {
        match self {
            Trouble::Types => Failure::new("src and dst must be of same type"),
            Trouble::Fatal(failure) => failure,
        }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Trouble::Fatal(failure)
    }
}

fn forgiving<'v>(result: Result<Value<'v>, Trouble>) -> Result<Value<'v>, Failure> {
    match result {
        Err(Trouble::Types) => Ok(Value::text("")),
        Err(Trouble::Fatal(failure)) => Err(failure),
        Ok(value) => Ok(value),
    }
}

fn merged<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
    overwrite: bool,
) -> Result<Value<'v>, Trouble> {
    let [Value::Map(first), sources @ ..] = args else {
        return Err(mismatch().into());
    };
    let mut target = first.clone();
    for source in sources {
        let Value::Map(source) = source else {
            return Err(mismatch().into());
        };
        if target.is_nil() && !source.is_nil() {
            target = Map::new([])?;
        }
        merge_maps(session, &target, source, overwrite)?;
    }
    Ok(Value::Map(target))
}

/// Puts the members of `source` into `target`. Without `overwrite`, only where `target` has nothing
/// or an empty value.
fn merge_maps<'v>(
    session: &Session<'v>,
    target: &Map<'v>,
    source: &Map<'v>,
    overwrite: bool,
) -> Result<(), Trouble> {
    let _level = session.descend()?;
    if target.is_nil() {
        // A nil map inside another one cannot be replaced: the library gives up silently.
        return Ok(());
    }
    charge_items(session, source.len(session))?;
    for (name, new) in source.members(session) {
        let old = target.get(session, &name);
        if new.is_nil() {
            if overwrite {
                put(session, (target, source), name, new)?;
            }
            continue;
        }
        if let Some(old) = old.as_ref().filter(|old| !old.is_nil()) {
            merge_inside(session, old, &new, overwrite)?;
        }
        // The old map may have grown just now, and is then kept.
        let keeps = old.as_ref().is_some_and(|old| old.is_true(session));
        let same_kind = matches!(
            (&old, &new),
            (_, Value::List(_)) | (Some(Value::Map(_)), Value::Map(_))
        );
        if keeps && same_kind {
            if overwrite && matches!(new, Value::List(_)) {
                put(session, (target, source), name, new)?;
            }
        } else if overwrite || !keeps {
            put(session, (target, source), name, new)?;
        }
    }
    Ok(())
}

fn put<'v>(
    session: &Session<'v>,
    (target, source): (&Map<'v>, &Map<'v>),
    name: Text<'v>,
    value: Value<'v>,
) -> Result<(), Trouble> {
    let (to, from) = (target.element(), source.element());
    if *to != Type::Any && to != from {
        return Err(Trouble::Fatal(Failure::new(format!(
            "reflect.Value.SetMapIndex: value of type {from} is not assignable to type {to}"
        ))));
    }
    target.insert(session, name, value)?;
    Ok(())
}

/// What merging does to the old value itself, before it is decided which of the two stays.
fn merge_inside<'v>(
    session: &Session<'v>,
    old: &Value<'v>,
    new: &Value<'v>,
    overwrite: bool,
) -> Result<(), Trouble> {
    match (old, new) {
        (Value::Map(old), Value::Map(new)) => merge_maps(session, old, new, overwrite),
        // A pointer beside a map or a struct.
        (Value::Opaque(old), new)
            if old.kind() == Kind::Pointer
                && matches!(new.kind(), Kind::Map | Kind::Struct)
                && !overwrite =>
        {
            Err(Trouble::Types)
        }
        _ => Ok(()),
    }
}
