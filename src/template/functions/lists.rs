//! Lists: making, extending, taking apart.

use super::Function;
use super::cast::{NIL_POINTER, charge_items, to_int64, to_list, truncate};
use super::equality::{Seen, deep_equal};
use super::row::{fixed, mismatch, variadic};
use crate::template::value::types::LIST;
use crate::template::value::{List, Type, Value};
use crate::template::{Failure, Session};

const LISTS: Type = Type::List(&LIST);
const LIST_AND_ITEM: &[Type] = &[Type::Any, Type::Any];

/// The functions of this group. Those with `must` return an error where the others panic; a
/// template sees no difference.
pub const FUNCTIONS: &[Function] = &[
    variadic("list", &[Type::Any], LIST, list),
    variadic("tuple", &[Type::Any], LIST, list),
    fixed("append", LIST_AND_ITEM, LIST, append),
    fixed("mustAppend", LIST_AND_ITEM, LIST, append),
    fixed("push", LIST_AND_ITEM, LIST, append),
    fixed("mustPush", LIST_AND_ITEM, LIST, append),
    fixed("prepend", LIST_AND_ITEM, LIST, prepend),
    fixed("mustPrepend", LIST_AND_ITEM, LIST, prepend),
    variadic("concat", &[Type::Any], Type::Any, concat),
    fixed("first", &[Type::Any], Type::Any, first),
    fixed("mustFirst", &[Type::Any], Type::Any, first),
    fixed("last", &[Type::Any], Type::Any, last),
    fixed("mustLast", &[Type::Any], Type::Any, last),
    fixed("rest", &[Type::Any], LIST, rest),
    fixed("mustRest", &[Type::Any], LIST, rest),
    fixed("initial", &[Type::Any], LIST, initial),
    fixed("mustInitial", &[Type::Any], LIST, initial),
    fixed("reverse", &[Type::Any], LIST, reverse),
    fixed("mustReverse", &[Type::Any], LIST, reverse),
    fixed("compact", &[Type::Any], LIST, compact),
    fixed("mustCompact", &[Type::Any], LIST, compact),
    fixed("uniq", &[Type::Any], LIST, uniq),
    fixed("mustUniq", &[Type::Any], LIST, uniq),
    variadic("without", LIST_AND_ITEM, LIST, without),
    variadic("mustWithout", LIST_AND_ITEM, LIST, without),
    fixed("has", LIST_AND_ITEM, Type::Bool, has),
    fixed("mustHas", LIST_AND_ITEM, Type::Bool, has),
    variadic("slice", LIST_AND_ITEM, Type::Any, slice),
    variadic("mustSlice", LIST_AND_ITEM, Type::Any, slice),
    fixed("chunk", &[Type::Int, Type::Any], LISTS, chunk),
    fixed("mustChunk", &[Type::Int, Type::Any], LISTS, chunk),
];

fn list<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    charge_items(session, args.len())?;
    Ok(List::new(args.to_vec())?.into())
}

fn append<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list, item] = args else {
        return Err(mismatch());
    };
    let list = to_list(list, "push on")?;
    charge_items(session, list.len() + 1)?;
    let items = list.iter().chain([item.clone()]).collect();
    Ok(List::new(items)?.into())
}

fn prepend<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list, item] = args else {
        return Err(mismatch());
    };
    let list = to_list(list, "prepend on")?;
    charge_items(session, list.len() + 1)?;
    let items = [item.clone()].into_iter().chain(list.iter()).collect();
    Ok(List::new(items)?.into())
}

fn concat<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let mut items = Vec::new();
    for list in args {
        let list = match list {
            Value::List(list) => list,
            Value::Nil | Value::Absent => return Err(Failure::new(NIL_POINTER)),
            other => {
                let kind = other.kind();
                return Err(Failure::new(format!("Cannot concat type {kind} as list")));
            }
        };
        charge_items(session, list.len())?;
        items.extend(list.iter());
    }
    if items.is_empty() {
        return Ok(List::nil(&Type::Any).into());
    }
    Ok(List::appended(&Type::Any, items)?.into())
}

fn first<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list] = args else {
        return Err(mismatch());
    };
    Ok(to_list(list, "find first on")?.get(0).unwrap_or(Value::Nil))
}

fn last<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list] = args else {
        return Err(mismatch());
    };
    let list = to_list(list, "find last on")?;
    let last = list
        .len()
        .checked_sub(1)
        .and_then(|position| list.get(position));
    Ok(last.unwrap_or(Value::Nil))
}

fn rest<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list] = args else {
        return Err(mismatch());
    };
    let list = to_list(list, "find rest on")?;
    shortened(session, list, |list| list.iter().skip(1).collect())
}

fn initial<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list] = args else {
        return Err(mismatch());
    };
    let list = to_list(list, "find initial on")?;
    shortened(session, list, |list| {
        list.iter().take(list.len() - 1).collect()
    })
}

/// One element less; the nil slice of an empty list.
fn shortened<'v>(
    session: &Session<'v>,
    list: &List<'v>,
    items: impl FnOnce(&List<'v>) -> Vec<Value<'v>>,
) -> Result<Value<'v>, Failure> {
    if list.is_empty() {
        return Ok(List::nil(&Type::Any).into());
    }
    charge_items(session, list.len())?;
    Ok(List::new(items(list))?.into())
}

fn reverse<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list] = args else {
        return Err(mismatch());
    };
    let list = to_list(list, "find reverse on")?;
    charge_items(session, list.len())?;
    Ok(List::new(list.iter().rev().collect())?.into())
}

fn compact<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list] = args else {
        return Err(mismatch());
    };
    let list = to_list(list, "compact on")?;
    charge_items(session, list.len())?;
    let items = list.iter().filter(|item| item.is_true(session)).collect();
    Ok(List::appended(&Type::Any, items)?.into())
}

fn uniq<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list] = args else {
        return Err(mismatch());
    };
    let list = to_list(list, "find uniq on")?;
    charge_items(session, list.len())?;
    let mut seen = Seen::default();
    let mut items = Vec::new();
    for item in list.iter() {
        if seen.insert(&item, session)? {
            items.push(item);
        }
    }
    Ok(List::appended(&Type::Any, items)?.into())
}

fn without<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list, omitted @ ..] = args else {
        return Err(mismatch());
    };
    let list = to_list(list, "find without on")?;
    charge_items(session, list.len())?;
    let omitted = Seen::of(omitted);
    let mut items = Vec::new();
    for item in list.iter() {
        if !omitted.contains(&item, session)? {
            items.push(item);
        }
    }
    Ok(List::appended(&Type::Any, items)?.into())
}

fn has<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [needle, haystack] = args else {
        return Err(mismatch());
    };
    if haystack.is_nil() {
        return Ok(Value::Bool(false));
    }
    for item in to_list(haystack, "find has on")?.iter() {
        if deep_equal(needle, &item, session)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn slice<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list, bounds @ ..] = args else {
        return Err(mismatch());
    };
    let list = match list {
        Value::List(list) => list,
        Value::Nil | Value::Absent => return Err(Failure::new(NIL_POINTER)),
        other => {
            let kind = other.kind();
            return Err(Failure::new(format!(
                "list should be type of slice or array but {kind}"
            )));
        }
    };
    if list.is_empty() {
        return Ok(Value::Nil);
    }
    let from = bounds.first().map_or(0, to_int64);
    let to = bounds.get(1).map_or(list.len() as i64, to_int64);
    let (Ok(from), Ok(to)) = (usize::try_from(from), usize::try_from(to)) else {
        return Err(Failure::new(
            "reflect.Value.Slice: slice index out of bounds",
        ));
    };
    charge_items(session, to.saturating_sub(from).min(list.capacity()))?;
    Ok(list.slice(from, to)?.into())
}

/// Sprig computes the number and the sizes of the pieces in floating point; sizes below 1 come out
/// as errors, or as nothing.
fn chunk<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(size), list] = args else {
        return Err(mismatch());
    };
    let list = to_list(list, "chunk")?;
    let length = list.len() as f64;
    let count = truncate(((length - 1.0) / *size as f64).floor() + 1.0);
    let out_of_range = || Failure::new("reflect.MakeSlice: len out of range");
    let count = usize::try_from(count).map_err(|_| out_of_range())?;
    charge_items(session, list.len().saturating_add(count))?;
    let mut chunks = Vec::new();
    for number in 0..count {
        let mut kept = *size;
        if number + 1 == count {
            let odd = truncate((length % *size as f64).floor());
            kept = if odd == 0 { kept } else { odd };
        }
        let kept = usize::try_from(kept).map_err(|_| out_of_range())?;
        let from = number.saturating_mul(usize::try_from(*size).unwrap_or(0));
        let items: Vec<_> = (from..from.saturating_add(kept))
            .map_while(|at| list.get(at))
            .collect();
        if items.len() < kept {
            return Err(Failure::new("reflect: slice index out of range"));
        }
        chunks.push(List::new(items)?.into());
    }
    Ok(List::of(&LIST, chunks)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Limits, print};

    fn show<'v>(result: Result<Value<'v>, Failure>, session: &Session<'v>) -> String {
        match result {
            Ok(value) => match print::display(&value, session) {
                Ok(text) => String::from_utf8_lossy(&text).into_owned(),
                Err(failure) => failure.message,
            },
            Err(failure) => format!("error: {}", failure.message),
        }
    }

    fn numbers<'v>(count: i64) -> Value<'v> {
        match List::new((0..count).map(Value::Int).collect()) {
            Ok(list) => list.into(),
            Err(failure) => panic!("{failure:?}"),
        }
    }

    #[test]
    fn chunks_of_odd_sizes() {
        let cases = [
            (3, 0, "error: reflect.MakeSlice: len out of range"),
            (0, 2, "[]"),
            (3, -2, "[]"),
            (3, -1, "error: reflect.MakeSlice: len out of range"),
            (1, -3, "[[0]]"),
            (3, i64::MAX, "[[0 1 2]]"),
        ];
        for (length, size, expected) in cases {
            let session = Session::new(Limits::default(), None);
            let args = [Value::Int(size), numbers(length)];
            let shown = show(chunk(&session, &args), &session);
            assert_eq!(shown, expected, "{size}");
        }
    }

    /// Comparing every element with every other one would take 5,000,000 steps.
    #[test]
    fn many_scalars_are_made_unique_within_the_steps() {
        let session = Session::new(Limits::default(), None);
        let result = uniq(&session, &[numbers(10_000)]);
        assert!(matches!(result, Ok(Value::List(list)) if list.len() == 10_000));
    }
}
