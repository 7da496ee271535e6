//! Regular expressions, in Go's dialect.

use super::Function;
use super::cast::charge_items;
use super::row::{fixed, mismatch};
use super::runes::{is_digit, is_letter};
use crate::golang::regex::{self as dialect, Pattern};
use crate::template::value::types::STRINGS;
use crate::template::value::{List, Text, Type, Value};
use crate::template::{Failure, Session};
use regex::{Captures, Regex};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Instant;

const TWO: &[Type] = &[Type::String, Type::String];
const TWO_AND_COUNT: &[Type] = &[Type::String, Type::String, Type::Int];
const THREE: &[Type] = &[Type::String, Type::String, Type::String];

/// The functions of this group. A bad pattern is an error of all but `regexMatch`, which then says
/// false: the others panic where those with `must` return the error.
pub const FUNCTIONS: &[Function] = &[
    fixed("regexMatch", TWO, Type::Bool, regex_match),
    fixed("mustRegexMatch", TWO, Type::Bool, must_regex_match),
    fixed("regexFind", TWO, Type::String, regex_find),
    fixed("mustRegexFind", TWO, Type::String, regex_find),
    fixed("regexFindAll", TWO_AND_COUNT, STRINGS, regex_find_all),
    fixed("mustRegexFindAll", TWO_AND_COUNT, STRINGS, regex_find_all),
    fixed("regexSplit", TWO_AND_COUNT, STRINGS, regex_split),
    fixed("mustRegexSplit", TWO_AND_COUNT, STRINGS, regex_split),
    fixed("regexReplaceAll", THREE, Type::String, regex_replace_all),
    fixed(
        "mustRegexReplaceAll",
        THREE,
        Type::String,
        regex_replace_all,
    ),
    fixed(
        "regexReplaceAllLiteral",
        THREE,
        Type::String,
        regex_replace_literal,
    ),
    fixed(
        "mustRegexReplaceAllLiteral",
        THREE,
        Type::String,
        regex_replace_literal,
    ),
    fixed(
        "regexQuoteMeta",
        &[Type::String],
        Type::String,
        regex_quote_meta,
    ),
];

/// How many compiled patterns are kept.
const KEPT_PATTERNS: usize = 256;

/// The compiled pattern. Templates are rendered again and again with the same few patterns, and
/// compiling takes far longer than matching, so compiled ones are kept. They are shared and not
/// cloned: a clone would allocate its matching tables anew.
fn compiled(session: &Session<'_>, pattern: &Text<'_>) -> Result<Arc<Pattern>, Failure> {
    static COMPILED: LazyLock<Mutex<HashMap<String, Arc<Pattern>>>> = LazyLock::new(Mutex::default);
    let Ok(pattern) = std::str::from_utf8(pattern) else {
        return Err(Failure::new("error parsing regexp: invalid UTF-8"));
    };
    // Whoever panicked with the lock held has left a map behind that is as good as any.
    let known = COMPILED
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(regex) = known.get(pattern) {
        return Ok(regex.clone());
    }
    drop(known);
    let compile = || dialect::compile(pattern).map_err(|error| Failure::new(error.to_string()));
    let regex = session.slowly(|_| compile())?;
    let regex = Arc::new(regex);
    let mut known = COMPILED
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if known.len() >= KEPT_PATTERNS {
        known.clear();
    }
    known.insert(pattern.to_owned(), regex.clone());
    Ok(regex)
}

/// The compiled pattern, and the work of looking through the text once is paid for.
fn for_text(
    session: &Session<'_>,
    pattern: &Text<'_>,
    text: &Text<'_>,
) -> Result<Arc<Pattern>, Failure> {
    let regex = compiled(session, pattern)?;
    session.steps(regex.work(text.len()) as u64 / 128)?;
    Ok(regex)
}

/// Whether time is left. To find the next match may take the whole rest of the text, so that all of
/// them together take a time that grows with its square.
fn in_time(end: Instant) -> Result<(), Failure> {
    if Instant::now() < end {
        return Ok(());
    }
    Err(Failure::limit("the pattern takes too long on this text"))
}

fn regex_match<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    match must_regex_match(session, args) {
        Err(failure) if !failure.limit => Ok(Value::Bool(false)),
        result => result,
    }
}

fn must_regex_match<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(pattern), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    let regex = for_text(session, pattern, text)?;
    Ok(Value::Bool(regex.is_match(&text.to_str())))
}

fn regex_find<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(pattern), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len())?;
    let regex = for_text(session, pattern, text)?;
    let text = text.to_str();
    let found = regex.find(&text).map_or("", |found| found.as_str());
    Ok(found.to_owned().into())
}

fn regex_find_all<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(pattern), Value::Text(text), Value::Int(limit)] = args else {
        return Err(mismatch());
    };
    let regex = for_text(session, pattern, text)?;
    let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
    let text = text.to_str();
    session.slowly(|left| {
        let end = Instant::now() + left;
        let mut found = Vec::new();
        for matched in regex.find_iter(&text).take(limit) {
            in_time(end)?;
            charge_items(session, 1)?;
            session.charge(matched.len())?;
            found.push(matched.as_str().to_owned());
        }
        Ok(string_list(found))
    })
}

/// The texts; the nil slice for none.
fn string_list<'v>(texts: Vec<String>) -> Value<'v> {
    if texts.is_empty() {
        return List::nil(&Type::String).into();
    }
    List::strings(texts).into()
}

fn regex_split<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(pattern), Value::Text(text), Value::Int(limit)] = args else {
        return Err(mismatch());
    };
    let regex = for_text(session, pattern, text)?;
    if *limit == 0 {
        return Ok(string_list(Vec::new()));
    }
    if !pattern.is_empty() && text.is_empty() {
        return Ok(List::strings([""]).into());
    }
    let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
    let text = text.to_str();
    let mut parts: Vec<String> = Vec::new();
    let (mut begin, mut end) = (0, 0);
    session.slowly(|left| {
        let deadline = Instant::now() + left;
        for matched in regex.find_iter(&text).take(limit) {
            in_time(deadline)?;
            if parts.len() == limit - 1 {
                break;
            }
            end = matched.start();
            if matched.end() != 0 {
                charge_items(session, 1)?;
                let part = text.get(begin..end).unwrap_or_default();
                session.charge(part.len())?;
                parts.push(part.to_owned());
            }
            begin = matched.end();
        }
        Ok(())
    })?;
    if end != text.len() {
        let rest = text.get(begin..).unwrap_or_default();
        session.charge(rest.len())?;
        parts.push(rest.to_owned());
    }
    Ok(List::strings(parts).into())
}

fn regex_replace_all<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [
        Value::Text(pattern),
        Value::Text(text),
        Value::Text(replacement),
    ] = args
    else {
        return Err(mismatch());
    };
    let regex = for_text(session, pattern, text)?;
    let text = text.to_str();
    let replacement = replacement.to_str();
    if !replacement.contains('$') {
        return replaced_literally(session, &regex, &text, &replacement);
    }
    let mut out = String::new();
    let mut begin = 0;
    session.slowly(|left| {
        let end = Instant::now() + left;
        for captures in regex.captures_iter(&text) {
            in_time(end)?;
            session.step()?;
            let Some(whole) = captures.get(0) else {
                continue;
            };
            let before = out.len();
            out.push_str(text.get(begin..whole.start()).unwrap_or_default());
            expand(&mut out, &replacement, &captures, &regex);
            session.charge(out.len() - before)?;
            begin = whole.end();
        }
        Ok(())
    })?;
    out.push_str(text.get(begin..).unwrap_or_default());
    Ok(out.into())
}

/// Go's `Regexp.Expand`: `$1`, `${1}`, `$name`, `${name}`, `$$`. A name goes as far as it can; one
/// that the pattern does not have stands for nothing.
fn expand(out: &mut String, replacement: &str, captures: &Captures<'_>, regex: &Regex) {
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = reference(rest) else {
            out.push('$');
            continue;
        };
        rest = after;
        let leading_zero = name.len() > 1 && name.starts_with('0');
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && !leading_zero;
        let captured = if is_number {
            name.parse().ok().and_then(|number| captures.get(number))
        } else {
            let mut names = regex.capture_names();
            names
                .position(|known| known == Some(name))
                .and_then(|number| captures.get(number))
        };
        out.push_str(captured.map_or("", |captured| captured.as_str()));
    }
    out.push_str(rest);
}

/// The name after a `$`, and what follows it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{');
    let start = inner.unwrap_or(text);
    let end = start
        .find(|c| !(is_letter(c) || is_digit(c) || c == '_'))
        .unwrap_or(start.len());
    let (name, rest) = start.split_at(end);
    if name.is_empty() {
        return None;
    }
    match inner {
        Some(_) => Some((name, rest.strip_prefix('}')?)),
        None => Some((name, rest)),
    }
}

fn regex_replace_literal<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [
        Value::Text(pattern),
        Value::Text(text),
        Value::Text(replacement),
    ] = args
    else {
        return Err(mismatch());
    };
    let regex = for_text(session, pattern, text)?;
    replaced_literally(session, &regex, &text.to_str(), &replacement.to_str())
}

fn replaced_literally<'v>(
    session: &Session<'v>,
    regex: &Regex,
    text: &str,
    replacement: &str,
) -> Result<Value<'v>, Failure> {
    session.charge(text.len())?;
    let mut out = String::new();
    let mut begin = 0;
    session.slowly(|left| {
        let end = Instant::now() + left;
        for matched in regex.find_iter(text) {
            in_time(end)?;
            session.step()?;
            session.charge(replacement.len())?;
            out.push_str(text.get(begin..matched.start()).unwrap_or_default());
            out.push_str(replacement);
            begin = matched.end();
        }
        Ok(())
    })?;
    out.push_str(text.get(begin..).unwrap_or_default());
    Ok(out.into())
}

fn regex_quote_meta<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len().saturating_mul(2))?;
    let mut out = Vec::with_capacity(text.len());
    for byte in text.iter() {
        if b"\\.+*?()|[]{}^$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    Ok(out.into())
}
