//! Built-ins on strings, with the results of Go's `strings` package.

use super::{Builtin, Context, Outcome, argument, text};
use crate::expr::budget::EXCEEDED;
use crate::expr::operators::{not_a, to_int};
use crate::expr::text::Text;
use crate::expr::value::{List, ListKind, Value};
use std::sync::Arc;

/// Largest count that `repeat` takes.
const MAX_REPEAT: i64 = 1_000_000;

pub(super) fn call<'v>(
    builtin: Builtin,
    arguments: &[Value<'v>],
    context: &mut Context<'_>,
) -> Outcome<Value<'v>> {
    if builtin == Builtin::Join {
        return join(arguments, context);
    }
    let subject = text(arguments, 0)?;
    context.budget.scan(subject.len())?;
    match builtin {
        Builtin::Trim if arguments.len() == 1 => {
            let trimmed = subject.to_str().trim().to_owned();
            Ok(Value::string(trimmed))
        }
        Builtin::Trim => {
            let cutset = text(arguments, 1)?.to_str().into_owned();
            let subject = subject.to_str();
            Ok(Value::string(
                subject.trim_matches(|c| cutset.contains(c)).to_owned(),
            ))
        }
        Builtin::TrimPrefix | Builtin::TrimSuffix => {
            let part = match arguments.len() {
                2 => text(arguments, 1)?.clone(),
                _ => Text::borrowed(" "),
            };
            let (bytes, part) = (subject.as_bytes(), part.as_bytes());
            let trimmed = match builtin {
                Builtin::TrimPrefix => bytes.strip_prefix(part),
                _ => bytes.strip_suffix(part),
            };
            Ok(Value::Text(match trimmed {
                Some(rest) => Text::from_bytes(rest),
                None => subject.clone(),
            }))
        }
        Builtin::Upper | Builtin::Lower => {
            context.budget.text(subject.len())?;
            let change = match builtin {
                Builtin::Upper => to_upper,
                _ => to_lower,
            };
            Ok(Value::string(
                subject.to_str().chars().map(change).collect(),
            ))
        }
        Builtin::Split | Builtin::SplitAfter => split(builtin, arguments, context),
        Builtin::Replace => replace(arguments, context),
        Builtin::Repeat => repeat(arguments, context),
        Builtin::IndexOf | Builtin::LastIndexOf => {
            let part = text(arguments, 1)?;
            let found = match builtin {
                Builtin::IndexOf => find(subject.as_bytes(), part.as_bytes()),
                _ => find_last(subject.as_bytes(), part.as_bytes()),
            };
            Ok(Value::Int(found.map_or(-1, |at| at as i64)))
        }
        Builtin::HasPrefix => Ok(Value::Bool(
            subject
                .as_bytes()
                .starts_with(text(arguments, 1)?.as_bytes()),
        )),
        _ => Ok(Value::Bool(
            subject.as_bytes().ends_with(text(arguments, 1)?.as_bytes()),
        )),
    }
}

/// Go maps each character to one character; where Unicode would give several, it does not change,
/// or has a simple mapping of its own.
pub(in crate::expr) fn to_upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => single,
        _ => match c {
            '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
                char::from_u32(c as u32 + 8).unwrap_or(c)
            }
            '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => char::from_u32(c as u32 + 9).unwrap_or(c),
            _ => c,
        },
    }
}

/// See [`to_upper`].
pub(in crate::expr) fn to_lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        // The capital I with a dot.
        (Some(first), Some(_)) => first,
        _ => c,
    }
}

/// Where a part begins.
pub(in crate::expr) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    match (std::str::from_utf8(bytes), std::str::from_utf8(part)) {
        (Ok(text), Ok(part)) => text.find(part),
        _ if part.is_empty() => Some(0),
        _ => bytes.windows(part.len()).position(|window| window == part),
    }
}

fn find_last(bytes: &[u8], part: &[u8]) -> Option<usize> {
    match (std::str::from_utf8(bytes), std::str::from_utf8(part)) {
        (Ok(text), Ok(part)) => text.rfind(part),
        _ if part.is_empty() => Some(bytes.len()),
        _ => bytes.windows(part.len()).rposition(|window| window == part),
    }
}

/// The characters of a text as pieces of bytes; a broken byte is a piece of its own.
fn pieces(bytes: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            pieces.push(&bytes[at..at + c.len_utf8()]);
            at += c.len_utf8();
        }
        for _ in chunk.invalid() {
            pieces.push(&bytes[at..=at]);
            at += 1;
        }
    }
    pieces
}

fn split<'v>(
    builtin: Builtin,
    arguments: &[Value<'v>],
    context: &mut Context<'_>,
) -> Outcome<Value<'v>> {
    let subject = text(arguments, 0)?;
    let separator = text(arguments, 1)?;
    let limit = match arguments.len() {
        3 => to_int(argument(arguments, 2))?,
        _ => -1,
    };
    if limit == 0 {
        return Ok(Value::List(Arc::new(List::nil(ListKind::Text))));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let bytes = subject.as_bytes();
    let mut parts: Vec<Text<'v>> = Vec::new();
    if separator.is_empty() {
        let pieces = pieces(bytes);
        let single = pieces.len().min(limit.saturating_sub(1));
        let single = if pieces.len() <= limit {
            pieces.len()
        } else {
            single
        };
        parts.extend(pieces[..single].iter().map(|piece| Text::from_bytes(piece)));
        if single < pieces.len() {
            let start: usize = pieces[..single].iter().map(|piece| piece.len()).sum();
            parts.push(subject.slice(start, bytes.len()));
        }
    } else {
        let keep = match builtin {
            Builtin::SplitAfter => separator.len(),
            _ => 0,
        };
        let mut start = 0;
        while parts.len() + 1 < limit
            && let Some(at) = find(&bytes[start..], separator.as_bytes())
        {
            parts.push(subject.slice(start, start + at + keep));
            start += at + separator.len();
        }
        parts.push(subject.slice(start, bytes.len()));
    }
    context.budget.values(parts.len())?;
    context.budget.text(bytes.len())?;
    list(ListKind::Text, parts.into_iter().map(Value::Text).collect())
}

fn list(kind: ListKind, items: Vec<Value<'_>>) -> Outcome<Value<'_>> {
    match List::new(kind, items) {
        Ok(list) => Ok(Value::List(Arc::new(list))),
        Err(_) => Err(EXCEEDED.to_owned()),
    }
}

fn replace<'v>(arguments: &[Value<'v>], context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let subject = text(arguments, 0)?.as_bytes();
    let old = text(arguments, 1)?.as_bytes();
    let new = text(arguments, 2)?.as_bytes();
    let limit = match arguments.len() {
        4 => to_int(argument(arguments, 3))?,
        _ => -1,
    };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut out = Vec::with_capacity(subject.len());
    let mut left = limit;
    if old.is_empty() {
        // Between all characters, and at both ends.
        for piece in pieces(subject) {
            if left > 0 {
                context.budget.text(new.len())?;
                out.extend_from_slice(new);
                left -= 1;
            }
            out.extend_from_slice(piece);
        }
        if left > 0 {
            out.extend_from_slice(new);
        }
    } else {
        let mut start = 0;
        while left > 0
            && let Some(at) = find(&subject[start..], old)
        {
            context.budget.text(at + new.len())?;
            out.extend_from_slice(&subject[start..start + at]);
            out.extend_from_slice(new);
            start += at + old.len();
            left -= 1;
        }
        out.extend_from_slice(&subject[start..]);
    }
    context.budget.text(out.len())?;
    Ok(Value::Text(Text::from_bytes(&out)))
}

fn repeat<'v>(arguments: &[Value<'v>], context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let subject = text(arguments, 0)?;
    let count = to_int(argument(arguments, 1))?;
    if count < 0 {
        return Err(format!(
            "invalid argument for repeat (expected positive integer, got {count})"
        ));
    }
    if count > MAX_REPEAT {
        return Err(EXCEEDED.to_owned());
    }
    let size = subject.len().saturating_mul(count as usize);
    context.budget.grow(size as u64)?;
    context.budget.text(size)?;
    Ok(Value::Text(Text::from_bytes(
        &subject.as_bytes().repeat(count as usize),
    )))
}

fn join<'v>(arguments: &[Value<'v>], context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let glue = match arguments.len() {
        2 => text(arguments, 1)?.clone(),
        _ => Text::borrowed(""),
    };
    let items = argument(arguments, 0);
    let joinable = match items {
        Value::Array(_) => true,
        Value::List(list) => matches!(list.kind, ListKind::Any | ListKind::Text),
        _ => false,
    };
    let Some(len) = items.list_len().filter(|_| joinable) else {
        let type_name = match items {
            Value::Nil => "%!s(<nil>)",
            other => other.type_name(),
        };
        return Err(format!("invalid argument for join (type {type_name})"));
    };
    let mut out = Vec::new();
    for index in 0..len {
        if index > 0 {
            out.extend_from_slice(glue.as_bytes());
        }
        match items.element(index).unwrap_or_default() {
            Value::Text(text) => {
                context.budget.text(text.len() + glue.len() + 1)?;
                out.extend_from_slice(text.as_bytes());
            }
            other => return Err(not_a("string", &other)),
        }
    }
    Ok(Value::Text(Text::from_bytes(&out)))
}
