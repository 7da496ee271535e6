//! What commands work on: texts that are put in, lines that are joined, words, and what is within
//! brackets or quotes.

use crate::tui::editor::Clip;
use crate::tui::editor::buffer::{Place, TextBuffer};
use crate::tui::editor::lines::indent_of;

/// Puts a clip behind (or before) the cursor.
pub(super) fn put(buffer: &mut TextBuffer, clip: &Clip, behind: bool, times: usize) {
    let times = times.min(1_000);
    let text = clip.text.repeat(times);
    if text.is_empty() {
        return;
    }
    let cursor = buffer.cursor();
    if clip.lines {
        let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
        let (at, text, line) = if behind {
            let end = Place::new(cursor.line, buffer.line(cursor.line).len());
            (end, format!("\n{text}"), cursor.line + 1)
        } else {
            (Place::new(cursor.line, 0), format!("{text}\n"), cursor.line)
        };
        buffer.replace(at, at, &text);
        buffer.move_to(Place::new(line, indent_of(buffer.line(line))), false);
    } else {
        let on_line = cursor.column < buffer.line(cursor.line).len();
        let at = if behind && on_line {
            buffer.after(cursor)
        } else {
            cursor
        };
        buffer.replace(at, at, &text);
        buffer.move_to(buffer.before(buffer.cursor()), false);
    }
}

/// Joins the line with the next one, with one blank between them.
pub(super) fn join(buffer: &mut TextBuffer) {
    let line = buffer.cursor().line;
    if line + 1 >= buffer.lines().len() {
        return;
    }
    let kept = buffer.line(line).trim_end().len();
    let next = indent_of(buffer.line(line + 1));
    let blank = if next < buffer.line(line + 1).len() && kept > 0 {
        " "
    } else {
        ""
    };
    buffer.replace(Place::new(line, kept), Place::new(line + 1, next), blank);
    buffer.move_to(Place::new(line, kept), false);
}

/// A text object at the cursor: a word, or what is within (or with) brackets or quotes.
pub(super) fn object(buffer: &TextBuffer, c: char, around: bool) -> Option<(Place, Place)> {
    let cursor = buffer.cursor();
    let line = buffer.line(cursor.line);
    match c {
        'w' | 'W' => {
            let word = |c: char| c.is_alphanumeric() || c == '_' || (c == '-' && line.len() > 1);
            let here = line.get(cursor.column..)?.chars().next()?;
            let same = |c: char| word(c) == word(here) && c.is_whitespace() == here.is_whitespace();
            let before = line.get(..cursor.column)?;
            let start = before
                .char_indices()
                .rev()
                .take_while(|(_, c)| same(*c))
                .last();
            let start = start.map_or(cursor.column, |(at, _)| at);
            let rest = line.get(cursor.column..)?;
            let end = rest
                .find(|c: char| !same(c))
                .map_or(line.len(), |at| cursor.column + at);
            let blanks = line.get(end..)?;
            let extra = if around {
                blanks.len() - blanks.trim_start().len()
            } else {
                0
            };
            Some((
                Place::new(cursor.line, start),
                Place::new(cursor.line, end + extra),
            ))
        }
        '\'' | '"' | '`' => {
            let quotes: Vec<usize> = line.match_indices(c).map(|(at, _)| at).collect();
            let pair = quotes
                .chunks_exact(2)
                .find(|pair| pair.last() >= Some(&cursor.column))?;
            let (open, close) = (*pair.first()?, *pair.last()?);
            let (from, to) = if around {
                (open, close + 1)
            } else {
                (open + 1, close)
            };
            Some((Place::new(cursor.line, from), Place::new(cursor.line, to)))
        }
        '(' | ')' | 'b' | '[' | ']' | '{' | '}' | 'B' => {
            let open = match c {
                '(' | ')' | 'b' => '(',
                '[' | ']' => '[',
                _ => '{',
            };
            let (from, to) = enclosing(buffer, open)?;
            Some(if around {
                (from, buffer.after(to))
            } else {
                (buffer.after(from), to)
            })
        }
        _ => None,
    }
}

/// The nearest pair of these brackets around the cursor.
fn enclosing(buffer: &TextBuffer, open: char) -> Option<(Place, Place)> {
    let mut probe = buffer.clone();
    let cursor = buffer.cursor();
    for line in (cursor.line.saturating_sub(200)..=cursor.line).rev() {
        let text = buffer.line(line);
        let end = if line == cursor.line {
            buffer.after(cursor).column.max(cursor.column)
        } else {
            text.len()
        };
        let end = if end < cursor.column && line == cursor.line {
            text.len()
        } else {
            end
        };
        for (at, c) in text.get(..end).unwrap_or("").char_indices().rev() {
            if c != open {
                continue;
            }
            let here = Place::new(line, at);
            probe.move_to(here, false);
            if let Some((from, to)) = probe.brackets()
                && from == here
                && to >= cursor
            {
                return Some((from, to));
            }
        }
    }
    None
}
