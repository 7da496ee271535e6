//! The YAML around everything.

use super::{Language, Line, LineState, Subject, Token, scalar};
use crate::tui::editor::lines::indent_of;
use std::ops::Range;

/// A line of a whole ConfigMap: its own YAML, or a line of the text of a key.
pub(super) fn config_map_line(line: &mut Line<'_>, state: &mut LineState) {
    let indent = indent_of(line.text);
    let content = line.text.trim_start();
    if content.is_empty() {
        return;
    }
    if let Some((deeper, subject)) = state.key {
        if indent > deeper {
            self::line(line, subject, state);
            return;
        }
        let data = state.data;
        *state = LineState {
            data,
            ..LineState::default()
        };
    }
    if indent == 0 && !content.starts_with('#') {
        state.data = content.trim_end() == "data:";
    }
    self::line(line, Subject::Yaml, state);
    if state.data
        && indent > 0
        && let Some((deeper, _)) = state.scalar
        && let Some((key, rest)) = content.split_once(':')
    {
        let subject = Subject::of_key(key.trim_matches(['"', '\'']));
        // A text on the line of its key is coloured as text only.
        if rest.trim_start().starts_with(['|', '>']) {
            state.scalar = None;
            state.key = Some((deeper, subject));
        }
    }
}

/// A line of YAML.
pub(super) fn line(line: &mut Line<'_>, subject: Subject, state: &mut LineState) {
    let text = line.text;
    let indent = indent_of(text);
    if indent == text.len() {
        return;
    }
    if let Some((quote, language)) = state.quote {
        let end = quoted(line, indent, quote, language, state, true);
        after_value(line, end);
        return;
    }
    if let Some((deeper, language)) = state.scalar {
        if indent > deeper {
            scalar(line, indent..text.len(), language, state);
            return;
        }
        state.scalar = None;
        state.action = false;
    }
    let mut at = indent;
    let mut level = indent;
    let rest = |at: usize| text.get(at..).unwrap_or("");
    while rest(at).starts_with("- ") || rest(at) == "-" {
        line.put(at..at + 1, Token::Mark);
        level = at;
        at += 1;
        at += indent_of(rest(at));
    }
    if rest(at).is_empty() {
        return;
    }
    if rest(at).starts_with('#') {
        line.put(at..text.len(), Token::Comment);
        return;
    }
    if matches!(rest(at).trim_end(), "---" | "...") {
        line.put(at..text.len(), Token::Mark);
        return;
    }
    let mut language = match subject {
        Subject::Template => Language::Template,
        _ => Language::Text,
    };
    if let Some(colon) = key_end(rest(at)) {
        let key = rest(at)
            .get(..colon)
            .unwrap_or("")
            .trim_matches(['"', '\'', ' '])
            .to_owned();
        line.put(at..at + colon, Token::Key);
        line.put(at + colon..at + colon + 1, Token::Mark);
        level = at;
        at += colon + 1;
        at += indent_of(rest(at));
        language = match (subject, key.as_str()) {
            (Subject::Trigger, "when" | "oncePer") => Language::Expression,
            (Subject::Template, "engine") => Language::Text,
            _ => language,
        };
    }
    value(line, at, level, language, state);
}

/// Where the key of a mapping ends, if the text begins with one.
fn key_end(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if matches!(first, '[' | '{' | '|' | '>' | '#') {
        return None;
    }
    let start = match first {
        '"' | '\'' => text.get(1..)?.find(first)? + 2,
        _ => 0,
    };
    let rest = text.get(start..)?;
    for (at, _) in rest.match_indices(':') {
        let next = rest.get(at + 1..)?.chars().next();
        if next.is_none_or(char::is_whitespace) {
            let key = text.get(..start + at)?;
            return (start > 0 || !key.contains(" #")).then_some(start + at);
        }
    }
    None
}

/// The value from `at` on; `level` is the column that a value on further lines must be behind.
fn value(line: &mut Line<'_>, at: usize, level: usize, language: Language, state: &mut LineState) {
    let text = line.text;
    let rest = text.get(at..).unwrap_or("");
    match rest.chars().next() {
        None => {}
        Some('#') => line.put(at..text.len(), Token::Comment),
        Some('|' | '>') => {
            let end = rest.find([' ', '\t']).map_or(text.len(), |end| at + end);
            line.put(at..end, Token::Mark);
            after_value(line, end);
            state.scalar = Some((level, language));
        }
        Some(quote @ ('"' | '\'')) => {
            let end = quoted(line, at, quote, language, state, false);
            after_value(line, end);
        }
        Some('[' | '{') => flow(line, at..text.len()),
        Some(_) => {
            let end = rest.find(" #").map_or(text.len(), |end| at + end);
            if language == Language::Text && is_constant(rest.get(..end - at).unwrap_or("").trim())
            {
                line.put(at..end, Token::Constant);
            } else {
                scalar(line, at..end, language, state);
            }
            after_value(line, end);
            state.scalar = Some((level, language));
        }
    }
}

/// What follows a value: a remark.
fn after_value(line: &mut Line<'_>, end: usize) {
    let rest = line.text.get(end..).unwrap_or("");
    if rest.trim_start().starts_with('#') {
        let at = end + indent_of(rest);
        line.put(at..line.text.len(), Token::Comment);
    }
}

/// A quoted scalar from its quote on (or from the beginning of a further line); gives where it
/// ends.
fn quoted(
    line: &mut Line<'_>,
    at: usize,
    quote: char,
    language: Language,
    state: &mut LineState,
    goes_on: bool,
) -> usize {
    let text = line.text;
    let start = if goes_on { at } else { at + 1 };
    let body = text.get(start..).unwrap_or("");
    let mut chars = body.char_indices().peekable();
    let mut end = None;
    while let Some((offset, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            if quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == '\'') {
                chars.next();
            } else {
                end = Some(start + offset);
                break;
            }
        }
    }
    let close = end.unwrap_or(text.len());
    state.quote = end.is_none().then_some((quote, language));
    let behind = end.map_or(text.len(), |end| end + 1);
    match language {
        Language::Text => line.put(at..behind, Token::String),
        Language::Expression | Language::Template => {
            if language == Language::Expression {
                line.put(at..start, Token::Mark);
                scalar(line, start..close, language, state);
                line.put(close..behind, Token::Mark);
            } else {
                template_in_quotes(line, at..behind, state);
            }
        }
    }
    if end.is_some() {
        state.action = false;
    }
    behind
}

/// The quotes are part of what a template writes, as far as colours go.
fn template_in_quotes(line: &mut Line<'_>, range: Range<usize>, state: &mut LineState) {
    scalar(line, range, Language::Template, state);
}

fn is_constant(text: &str) -> bool {
    matches!(
        text,
        "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "~" | "True" | "False"
    ) || text.parse::<f64>().is_ok()
}

/// Text without a language: only names of the Secret stand out.
pub(super) fn plain(line: &mut Line<'_>, range: Range<usize>) {
    let text = line.text;
    let mut at = range.start;
    while let Some(found) = text.get(at..range.end).and_then(|rest| rest.find('$')) {
        let start = at + found;
        let name = text.get(start + 1..range.end).unwrap_or("");
        let len = name
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
            .unwrap_or(name.len());
        if len > 0 {
            line.put(start..start + 1 + len, Token::Variable);
        }
        at = start + 1 + len;
    }
}

/// A list or a mapping in brackets, as far as it is on this line.
fn flow(line: &mut Line<'_>, range: Range<usize>) {
    let text = line.text;
    let mut at = range.start;
    while let Some(c) = text.get(at..range.end).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..range.end).unwrap_or("");
        let end = match c {
            '[' | ']' | '{' | '}' | ',' => {
                line.put(at..at + 1, Token::Mark);
                at + 1
            }
            '"' | '\'' => {
                let close = rest.get(1..).and_then(|rest| rest.find(c));
                let end = close.map_or(range.end, |close| at + close + 2);
                line.put(at..end, Token::String);
                end
            }
            '#' => {
                line.put(at..range.end, Token::Comment);
                range.end
            }
            c if c.is_whitespace() => at + c.len_utf8(),
            _ => {
                let stop = rest.find([',', ']', '}', '[', '{', '"', '\'']);
                let end = stop.map_or(range.end, |stop| at + stop.max(c.len_utf8()));
                word(line, at..end);
                end
            }
        };
        at = end;
    }
}

/// A plain word in brackets, perhaps a key with its value.
fn word(line: &mut Line<'_>, range: Range<usize>) {
    let text = line.text.get(range.clone()).unwrap_or("");
    if let Some(colon) = text
        .find(": ")
        .or_else(|| text.strip_suffix(':').map(str::len))
    {
        line.put(range.start..range.start + colon, Token::Key);
        line.put(range.start + colon..range.start + colon + 1, Token::Mark);
        word(line, range.start + colon + 1..range.end);
    } else if is_constant(text.trim()) {
        let blanks = indent_of(text);
        line.put(
            range.start + blanks..range.start + text.trim_end().len(),
            Token::Constant,
        );
    } else {
        plain(line, range);
    }
}
