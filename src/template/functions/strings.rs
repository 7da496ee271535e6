//! Strings: searching, trimming, replacing, quoting.

use super::Function;
use super::cast::{displayed, to_text};
use super::row::{fixed, mismatch, variadic};
use super::runes::{self, runes};
use super::search;
use crate::golang::quote;
use crate::template::value::{Text, Type, Value};
use crate::template::{Failure, Session};

const TWO_TEXTS: &[Type] = &[Type::String, Type::String];

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("contains", TWO_TEXTS, Type::Bool, contains),
    fixed("hasPrefix", TWO_TEXTS, Type::Bool, has_prefix),
    fixed("hasSuffix", TWO_TEXTS, Type::Bool, has_suffix),
    fixed("trim", &[Type::String], Type::String, trim),
    fixed("trimAll", TWO_TEXTS, Type::String, trim_all),
    fixed("trimall", TWO_TEXTS, Type::String, trim_all),
    fixed("trimPrefix", TWO_TEXTS, Type::String, trim_prefix),
    fixed("trimSuffix", TWO_TEXTS, Type::String, trim_suffix),
    fixed("nospace", &[Type::String], Type::String, nospace),
    fixed("repeat", &[Type::Int, Type::String], Type::String, repeat),
    fixed(
        "replace",
        &[Type::String, Type::String, Type::String],
        Type::String,
        replace,
    ),
    fixed(
        "plural",
        &[Type::String, Type::String, Type::Int],
        Type::String,
        plural,
    ),
    fixed("toString", &[Type::Any], Type::String, to_string),
    variadic("quote", &[Type::Any], Type::String, double_quoted),
    variadic("squote", &[Type::Any], Type::String, single_quoted),
    variadic("cat", &[Type::Any], Type::String, cat),
];

fn contains<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(part), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    Ok(Value::Bool(search::contains(text, part)))
}

fn has_prefix<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(part), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    Ok(Value::Bool(text.starts_with(part)))
}

fn has_suffix<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(part), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    Ok(Value::Bool(text.ends_with(part)))
}

fn trim<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    part_of(session, text, runes::trim(text, runes::is_space))
}

fn trim_all<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(characters), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    let set: std::collections::HashSet<char> = runes(characters).map(|rune| rune.c).collect();
    part_of(session, text, runes::trim(text, |c| set.contains(&c)))
}

fn trim_prefix<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(prefix), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    part_of(session, text, text.strip_prefix(&**prefix).unwrap_or(text))
}

fn trim_suffix<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(suffix), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    part_of(session, text, text.strip_suffix(&**suffix).unwrap_or(text))
}

/// A part of a text as a value of its own; the whole text is not copied.
pub(super) fn part_of<'v>(
    session: &Session<'v>,
    whole: &Text<'v>,
    part: &[u8],
) -> Result<Value<'v>, Failure> {
    if part.len() == whole.len() {
        return Ok(Value::Text(whole.clone()));
    }
    session.charge(part.len())?;
    Ok(part.to_vec().into())
}

/// Sprig looks at single bytes here: the bytes of other characters are taken for Latin-1 once
/// something is deleted.
fn nospace<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    let kept = |byte: &u8| !runes::is_space(char::from(*byte));
    if text.iter().all(kept) {
        return Ok(Value::Text(text.clone()));
    }
    session.charge(text.len())?;
    let kept: String = text.iter().copied().filter(kept).map(char::from).collect();
    Ok(kept.into())
}

fn repeat<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(count), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    let count =
        usize::try_from(*count).map_err(|_| Failure::new("strings: negative Repeat count"))?;
    session.charge(text.len().saturating_mul(count))?;
    Ok(if text.is_empty() {
        Vec::new()
    } else {
        text.repeat(count)
    }
    .into())
}

fn replace<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(old), Value::Text(new), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    let mut out = Vec::new();
    if old.is_empty() {
        // Before every rune and at the end.
        let places = runes(text).count() + 1;
        session.charge(text.len().saturating_add(new.len().saturating_mul(places)))?;
        out.extend_from_slice(new);
        for rune in runes(text) {
            out.extend_from_slice(rune.bytes);
            out.extend_from_slice(new);
        }
        return Ok(out.into());
    }
    let mut copied = 0;
    for at in search::positions(text, old) {
        session.charge(at - copied + new.len())?;
        out.extend_from_slice(text.get(copied..at).unwrap_or_default());
        out.extend_from_slice(new);
        copied = at + old.len();
    }
    if copied == 0 {
        return Ok(Value::Text(text.clone()));
    }
    let rest = text.get(copied..).unwrap_or_default();
    session.charge(rest.len())?;
    out.extend_from_slice(rest);
    Ok(out.into())
}

fn plural<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(one), Value::Text(many), Value::Int(count)] = args else {
        return Err(mismatch());
    };
    Ok(Value::Text(if *count == 1 { one } else { many }.clone()))
}

fn to_string<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [value] = args else {
        return Err(mismatch());
    };
    Ok(Value::Text(to_text(value, session)?))
}

fn double_quoted<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    joined(session, args, |value| {
        let text = to_text(value, session)?;
        session.charge(text.len())?;
        Ok(quote::quote(&text).into_bytes())
    })
}

fn single_quoted<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    joined(session, args, |value| {
        let text = displayed(value, session)?;
        Ok([b"'", &*text, b"'"].concat())
    })
}

fn cat<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    joined(session, args, |value| {
        Ok(displayed(value, session)?.to_vec())
    })
}

/// Nils are left out, the rest stands side by side.
fn joined<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
    text: impl Fn(&Value<'v>) -> Result<Vec<u8>, Failure>,
) -> Result<Value<'v>, Failure> {
    let mut out = Vec::new();
    for (position, value) in args.iter().filter(|value| !value.is_nil()).enumerate() {
        if position > 0 {
            out.push(b' ');
        }
        out.extend(text(value)?);
    }
    session.charge(out.len())?;
    Ok(out.into())
}
