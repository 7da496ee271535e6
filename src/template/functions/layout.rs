//! The shape of a text: cutting, abbreviating, wrapping, indenting. All count bytes, as Go's
//! slicing does.

use super::Function;
use super::row::{fixed, mismatch};
use super::strings::part_of;
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("trunc", &[Type::Int, Type::String], Type::String, trunc),
    fixed(
        "substr",
        &[Type::Int, Type::Int, Type::String],
        Type::String,
        substr,
    ),
    fixed("abbrev", &[Type::Int, Type::String], Type::String, abbrev),
    fixed(
        "abbrevboth",
        &[Type::Int, Type::Int, Type::String],
        Type::String,
        abbrev_both,
    ),
    fixed("wrap", &[Type::Int, Type::String], Type::String, wrap),
    fixed(
        "wrapWith",
        &[Type::Int, Type::String, Type::String],
        Type::String,
        wrap_with,
    ),
    fixed("indent", &[Type::Int, Type::String], Type::String, indent),
    fixed("nindent", &[Type::Int, Type::String], Type::String, nindent),
];

/// The first bytes of a text; of a negative count, the last ones.
fn trunc<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(count), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    let kept = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let part = match text.len().checked_sub(kept) {
        Some(start) if *count < 0 && start > 0 => text.get(start..),
        _ if *count >= 0 => text.get(..kept),
        _ => None,
    };
    part_of(session, text, part.unwrap_or(text))
}

fn substr<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(start), Value::Int(end), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    let position = |number: i64| usize::try_from(number).ok();
    let (from, to) = if *start < 0 {
        (Some(0), position(*end))
    } else {
        let to = position(*end).filter(|end| *end <= text.len());
        (position(*start), to.or(Some(text.len())))
    };
    let part = match (from, to) {
        (Some(from), Some(to)) => text.get(from..to),
        _ => None,
    };
    let part = part.ok_or_else(|| {
        Failure::new(format!(
            "runtime error: slice bounds out of range [{start}:{end}] with length {}",
            text.len()
        ))
    })?;
    part_of(session, text, part)
}

fn abbrev<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(width), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    if *width < 4 {
        return Ok(Value::Text(text.clone()));
    }
    session.charge(text.len())?;
    Ok(abbreviated(text, 0, *width).into())
}

fn abbrev_both<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(left), Value::Int(right), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    if *right < 4 || *left > 0 && *right < 7 {
        return Ok(Value::Text(text.clone()));
    }
    session.charge(text.len())?;
    Ok(abbreviated(text, *left, *right).into())
}

/// The text in `width` bytes, with `...` for what is left out before `offset` and at the end.
fn abbreviated(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let width = usize::try_from(width).unwrap_or(usize::MAX);
    if text.len() <= width {
        return text.to_vec();
    }
    let dots: &[u8] = b"...";
    let shown = width.saturating_sub(dots.len());
    let latest = text.len() - shown;
    let offset = usize::try_from(offset).unwrap_or(0).min(latest);
    if offset <= 4 {
        return [text.get(..shown).unwrap_or_default(), dots].concat();
    }
    if offset + shown < text.len() {
        let rest = text.get(offset..).unwrap_or_default();
        let both = shown.saturating_sub(dots.len());
        return [dots, rest.get(..both).unwrap_or_default(), dots].concat();
    }
    [dots, text.get(latest..).unwrap_or_default()].concat()
}

fn wrap<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(width), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    wrapped(session, text, *width, b"\n", false)
}

fn wrap_with<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(width), Value::Text(separator), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    let separator: &[u8] = if separator.is_empty() {
        b"\n"
    } else {
        separator
    };
    wrapped(session, text, *width, separator, true)
}

/// Lines of at most `width` bytes, broken at spaces; a longer word is broken only on demand.
fn wrapped<'v>(
    session: &Session<'v>,
    text: &[u8],
    width: i64,
    separator: &[u8],
    break_words: bool,
) -> Result<Value<'v>, Failure> {
    let width = usize::try_from(width).unwrap_or(0).max(1);
    session.charge(text.len())?;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while rest.len() > width {
        if let Some(after) = rest.strip_prefix(b" ") {
            rest = after;
            continue;
        }
        let is_space = |byte: &u8| *byte == b' ';
        let window = rest.get(..=width).unwrap_or(rest);
        let (end, next) = match window.iter().rposition(is_space) {
            Some(space) => (space, space + 1),
            None if break_words => (width, width),
            None => {
                let beyond = rest.get(width..).unwrap_or_default();
                match beyond.iter().position(is_space) {
                    Some(space) => (width + space, width + space + 1),
                    None => break,
                }
            }
        };
        session.step()?;
        session.charge(separator.len())?;
        out.extend_from_slice(rest.get(..end).unwrap_or_default());
        out.extend_from_slice(separator);
        rest = rest.get(next..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    Ok(out.into())
}

fn indent<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(spaces), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    Ok(indented(session, *spaces, text, Vec::new())?.into())
}

fn nindent<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(spaces), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    Ok(indented(session, *spaces, text, vec![b'\n'])?.into())
}

fn indented(
    session: &Session<'_>,
    spaces: i64,
    text: &[u8],
    mut out: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let spaces =
        usize::try_from(spaces).map_err(|_| Failure::new("strings: negative Repeat count"))?;
    let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
    session.charge(text.len().saturating_add(spaces.saturating_mul(lines)))?;
    let pad = vec![b' '; spaces];
    for (position, line) in text.split(|byte| *byte == b'\n').enumerate() {
        if position > 0 {
            out.push(b'\n');
        }
        out.extend_from_slice(&pad);
        out.extend_from_slice(line);
    }
    Ok(out)
}
