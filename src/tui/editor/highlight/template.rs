//! Go templates and Handlebars: what is written as it is, and the actions within it.

use super::expression::string;
use super::{Line, Token};
use std::ops::Range;

const WORDS: [&str; 13] = [
    "if", "else", "end", "range", "with", "define", "template", "block", "break", "continue",
    "each", "unless", "lookup",
];

/// A part of a line that is template text; `action` says whether an action is open at its
/// beginning, and then at its end.
pub(super) fn read(line: &mut Line<'_>, range: Range<usize>, action: &mut bool) {
    let text = line.text;
    let mut at = range.start;
    while at < range.end {
        let rest = text.get(at..range.end).unwrap_or("");
        if rest.is_empty() {
            return;
        }
        if *action {
            at = inside(line, at..range.end, action);
        } else if rest.starts_with("{{") {
            let braces = rest.len() - rest.trim_start_matches('{').len();
            let braces = braces.min(3);
            let trim = rest
                .get(braces..)
                .is_some_and(|rest| rest.starts_with("- "));
            let len = braces + usize::from(trim);
            line.put(at..at + len, Token::Action);
            *action = true;
            at += len;
        } else {
            let end = rest.find("{{").map_or(range.end, |end| at + end);
            line.put(at..end, Token::String);
            at = end;
        }
    }
}

/// The next part of an action; gives where it ends.
fn inside(line: &mut Line<'_>, range: Range<usize>, action: &mut bool) -> usize {
    let at = range.start;
    let rest = line.text.get(range.clone()).unwrap_or("");
    let Some(c) = rest.chars().next() else {
        return range.end;
    };
    let run = |start: usize| {
        let tail = rest.get(start..).unwrap_or("");
        let len = tail
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(tail.len());
        start + len
    };
    if rest.starts_with("}}") || rest.starts_with("-}}") {
        let trimmed = rest.strip_prefix('-').unwrap_or(rest);
        let braces = (trimmed.len() - trimmed.trim_start_matches('}').len()).min(3);
        let len = rest.len() - trimmed.len() + braces;
        line.put(at..at + len, Token::Action);
        *action = false;
        return at + len;
    }
    if rest.starts_with("/*") || rest.starts_with('!') {
        let end = rest.find("}}").map_or(range.end, |end| at + end);
        line.put(at..end, Token::Comment);
        return end;
    }
    let (len, token) = match c {
        c if c.is_whitespace() => (c.len_utf8(), None),
        '"' | '\'' | '`' => (string(rest, c), Some(Token::String)),
        '$' | '@' => (run(1), Some(Token::Variable)),
        // Blocks of Handlebars.
        '#' | '/' => (run(1), Some(Token::Keyword)),
        '.' => {
            // A field: only the dot stands out.
            line.put(at..at + 1, Token::Mark);
            (run(1), None)
        }
        c if c.is_ascii_digit() => (run(0), Some(Token::Constant)),
        c if c.is_alphanumeric() || c == '_' => {
            let len = run(0);
            let word = rest.get(..len).unwrap_or("");
            let field = rest.get(len..).is_some_and(|rest| rest.starts_with('.'));
            let token = match word {
                "true" | "false" | "nil" => Some(Token::Constant),
                word if WORDS.contains(&word) => Some(Token::Keyword),
                _ if field => None,
                _ => Some(Token::Function),
            };
            (len, token)
        }
        c => (c.len_utf8(), Some(Token::Mark)),
    };
    if let Some(token) = token {
        line.put(at..at + len, token);
    }
    at + len
}
