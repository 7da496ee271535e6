//! The condition language.

use super::{Line, Token};
use std::ops::Range;

const WORDS: [&str; 11] = [
    "in",
    "not",
    "and",
    "or",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "let",
    "if",
    "else",
];

/// A part of a line that is an expression.
pub(super) fn read(line: &mut Line<'_>, range: Range<usize>) {
    let text = line.text;
    let mut at = range.start;
    let mut member = false;
    while let Some(c) = text.get(at..range.end).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..range.end).unwrap_or("");
        let was_member = std::mem::replace(&mut member, false);
        let run = |more: fn(char) -> bool| rest.find(|c| !more(c)).unwrap_or(rest.len());
        at += match c {
            c if c.is_whitespace() => c.len_utf8(),
            '\'' | '"' | '`' => {
                let len = string(rest, c);
                line.put(at..at + len, Token::String);
                len
            }
            '#' => {
                line.put(at..at + 1, Token::Variable);
                1
            }
            c if c.is_ascii_digit() => {
                let len = run(|c| c.is_ascii_alphanumeric() || c == '_');
                line.put(at..at + len, Token::Constant);
                len
            }
            c if is_name(c) => {
                let len = run(is_name);
                let name = rest.get(..len).unwrap_or("");
                let called = rest
                    .get(len..)
                    .is_some_and(|rest| rest.trim_start().starts_with('('));
                if called {
                    line.put(at..at + len, Token::Function);
                } else if was_member {
                } else if matches!(name, "true" | "false" | "nil") {
                    line.put(at..at + len, Token::Constant);
                } else if WORDS.contains(&name) {
                    line.put(at..at + len, Token::Keyword);
                } else if name.starts_with('$') {
                    line.put(at..at + len, Token::Variable);
                }
                len
            }
            _ => {
                let two = ["==", "!=", "<=", ">=", "&&", "||", "??", "?.", "..", "**"];
                let len = match two.iter().find(|two| rest.starts_with(**two)) {
                    Some(two) => two.len(),
                    None => c.len_utf8(),
                };
                member = rest
                    .get(..len)
                    .is_some_and(|mark| matches!(mark, "." | "?."));
                line.put(at..at + len, Token::Mark);
                len
            }
        };
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The length of a quoted text, as far as it is on this line.
pub(super) fn string(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote != '`' {
            chars.next();
        } else if c == quote {
            return at + c.len_utf8();
        }
    }
    text.len()
}
