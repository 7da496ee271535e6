//! From strings to lists and back: splitting, joining, sorting.

use super::Function;
use super::cast::{charge_items, to_text, to_texts};
use super::row::{fixed, mismatch};
use super::runes::runes;
use super::search;
use crate::template::value::types::{STRING_MAP, STRINGS};
use crate::template::value::{List, Map, Text, Type, Value};
use crate::template::{Failure, Session};

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed(
        "splitList",
        &[Type::String, Type::String],
        STRINGS,
        split_list,
    ),
    fixed("split", &[Type::String, Type::String], STRING_MAP, split),
    fixed(
        "splitn",
        &[Type::String, Type::Int, Type::String],
        STRING_MAP,
        splitn,
    ),
    fixed("join", &[Type::String, Type::Any], Type::String, join),
    fixed("toStrings", &[Type::Any], STRINGS, to_strings),
    fixed("sortAlpha", &[Type::Any], STRINGS, sort_alpha),
];

/// Go's `strings.SplitN`: at most `limit` parts, all without a limit. An empty separator parts the
/// characters.
fn parts<'v>(
    session: &Session<'v>,
    text: &[u8],
    separator: &[u8],
    limit: Option<usize>,
) -> Result<Vec<Text<'v>>, Failure> {
    let limit = limit.unwrap_or(usize::MAX);
    let mut parts: Vec<Text<'v>> = Vec::new();
    if limit == 0 || text.is_empty() && separator.is_empty() {
        return Ok(parts);
    }
    let mut push = |part: &[u8]| {
        charge_items(session, 1)?;
        session.charge(part.len())?;
        parts.push(part.to_vec().into());
        Ok::<_, Failure>(())
    };
    let mut copied = 0;
    if separator.is_empty() {
        let characters = runes(text).map(|rune| rune.bytes.len());
        for length in characters.take(limit - 1) {
            let end = copied + length;
            // The last character is what remains below.
            if end == text.len() {
                break;
            }
            push(text.get(copied..end).unwrap_or_default())?;
            copied = end;
        }
    } else {
        for at in search::positions(text, separator).take(limit - 1) {
            push(text.get(copied..at).unwrap_or_default())?;
            copied = at + separator.len();
        }
    }
    push(text.get(copied..).unwrap_or_default())?;
    Ok(parts)
}

fn split_list<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(separator), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    Ok(List::strings(parts(session, text, separator, None)?).into())
}

fn split<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(separator), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    numbered(parts(session, text, separator, None)?)
}

fn splitn<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(separator), Value::Int(limit), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    numbered(parts(
        session,
        text,
        separator,
        usize::try_from(*limit).ok(),
    )?)
}

/// The parts under the names `_0`, `_1`, …
fn numbered<'v>(parts: Vec<Text<'v>>) -> Result<Value<'v>, Failure> {
    let members = parts
        .into_iter()
        .enumerate()
        .map(|(position, part)| (Text::from(format!("_{position}")), Value::Text(part)));
    Ok(Map::of(&Type::String, members)?.into())
}

fn join<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(separator), list] = args else {
        return Err(mismatch());
    };
    let texts = to_texts(list, session)?;
    let length = texts
        .iter()
        .map(|text| text.len().saturating_add(separator.len()))
        .fold(0, usize::saturating_add);
    session.charge(length)?;
    let mut out = Vec::with_capacity(length);
    for (position, text) in texts.iter().enumerate() {
        if position > 0 {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(text);
    }
    Ok(out.into())
}

fn to_strings<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list] = args else {
        return Err(mismatch());
    };
    Ok(List::strings(to_texts(list, session)?).into())
}

fn sort_alpha<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [list] = args else {
        return Err(mismatch());
    };
    let mut texts = match list {
        Value::List(_) => to_texts(list, session)?,
        other => vec![to_text(other, session)?],
    };
    texts.sort_unstable();
    Ok(List::strings(texts).into())
}
