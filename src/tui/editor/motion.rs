//! Where the cursor goes.

use super::buffer::{Place, TextBuffer};
use super::lines::indent_of;
use crate::tui::text;

/// A movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// One character left, over line ends.
    Left,
    /// One character right, over line ends.
    Right,
    /// Lines up.
    Up(usize),
    /// Lines down.
    Down(usize),
    /// The beginning of the word, or of the one before.
    WordLeft,
    /// The beginning of the next word.
    WordRight,
    /// The last character of the word, or of the next one.
    WordEnd,
    /// The first column.
    LineStart,
    /// The first character that is no blank.
    LineText,
    /// The first character that is no blank, or the first column when that is where it is.
    Home,
    /// Behind the last character of the line.
    LineEnd,
    /// The first line.
    Top,
    /// The last line.
    Bottom,
    /// This line, from 0.
    Line(usize),
    /// The empty line before.
    ParagraphUp,
    /// The empty line behind.
    ParagraphDown,
    /// The bracket that belongs to the one at the cursor.
    Bracket,
    /// A character on this line.
    Find {
        /// Which.
        wanted: char,
        /// To the right.
        forward: bool,
        /// Stop before it.
        till: bool,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Blank,
    Word,
    Mark,
}

fn class(c: char) -> Class {
    match c {
        c if c.is_whitespace() => Class::Blank,
        c if c.is_alphanumeric() || c == '_' => Class::Word,
        _ => Class::Mark,
    }
}

impl TextBuffer {
    /// Moves the cursor, with or without selecting.
    pub fn go(&mut self, motion: Motion, select: bool) {
        let goal = match motion {
            Motion::Up(_) | Motion::Down(_) => Some(self.goal.unwrap_or_else(|| self.cell())),
            _ => None,
        };
        let target = self.target(motion);
        self.move_to(target, select);
        self.goal = goal;
    }

    /// The cell of the cursor within its line.
    fn cell(&self) -> usize {
        let cursor = self.cursor();
        let before = self.line(cursor.line).get(..cursor.column).unwrap_or("");
        text::width(before)
    }

    fn at_cell(&self, line: usize, cell: usize) -> Place {
        let mut at = Place::new(line, 0);
        let mut used = 0;
        loop {
            let next = self.after(at);
            if next.line != line || next == at {
                return at;
            }
            let shown = self.line(line).get(at.column..next.column).unwrap_or("");
            used += text::width(shown);
            if used > cell {
                return at;
            }
            at = next;
        }
    }

    fn char_at(&self, place: Place) -> Option<char> {
        self.line(place.line).get(place.column..)?.chars().next()
    }

    /// Where a movement leads.
    pub fn target(&self, motion: Motion) -> Place {
        let here = self.cursor();
        let last = self.lines().len() - 1;
        match motion {
            Motion::Left => self.before(here),
            Motion::Right => self.after(here),
            Motion::Up(rows) => {
                let cell = self.goal.unwrap_or_else(|| self.cell());
                match here.line.checked_sub(rows) {
                    Some(line) => self.at_cell(line, cell),
                    None => self.at_cell(0, if here.line == 0 { 0 } else { cell }),
                }
            }
            Motion::Down(rows) => {
                let cell = self.goal.unwrap_or_else(|| self.cell());
                if here.line == last {
                    self.end()
                } else {
                    self.at_cell(here.line.saturating_add(rows).min(last), cell)
                }
            }
            Motion::WordLeft => self.word_left(here),
            Motion::WordRight => self.word_right(here),
            Motion::WordEnd => self.word_end(here),
            Motion::LineStart => Place::new(here.line, 0),
            Motion::LineText => Place::new(here.line, indent_of(self.line(here.line))),
            Motion::Home => {
                let text = indent_of(self.line(here.line));
                Place::new(here.line, if here.column == text { 0 } else { text })
            }
            Motion::LineEnd => Place::new(here.line, self.line(here.line).len()),
            Motion::Top => Place::default(),
            Motion::Bottom => self.end(),
            Motion::Line(line) => {
                let line = line.min(last);
                Place::new(line, indent_of(self.line(line)))
            }
            Motion::ParagraphUp => {
                let empty = |line: &usize| self.line(*line).trim().is_empty();
                let line = (0..here.line).rev().find(empty).unwrap_or(0);
                Place::new(line, 0)
            }
            Motion::ParagraphDown => {
                let empty = |line: &usize| self.line(*line).trim().is_empty();
                match (here.line + 1..=last).find(empty) {
                    Some(line) => Place::new(line, 0),
                    None => self.end(),
                }
            }
            Motion::Bracket => self.brackets().map_or(here, |(_, other)| other),
            Motion::Find {
                wanted,
                forward,
                till,
            } => self.find(here, wanted, forward, till),
        }
    }

    fn find(&self, here: Place, wanted: char, forward: bool, till: bool) -> Place {
        let line = self.line(here.line);
        let place = |column: usize| Place::new(here.line, column);
        if forward {
            let start = self.after(here);
            if start.line != here.line {
                return here;
            }
            let rest = line.get(start.column..).unwrap_or("");
            match rest.find(wanted).map(|at| place(start.column + at)) {
                Some(found) if till => self.before(found),
                Some(found) => found,
                None => here,
            }
        } else {
            match line
                .get(..here.column)
                .unwrap_or("")
                .rfind(wanted)
                .map(place)
            {
                Some(found) if till => self.after(found),
                Some(found) => found,
                None => here,
            }
        }
    }

    fn word_right(&self, from: Place) -> Place {
        let mut at = from;
        let kind = self.char_at(at).map(class);
        if let Some(kind) = kind.filter(|kind| *kind != Class::Blank) {
            while self.char_at(at).map(class) == Some(kind) {
                at = self.after(at);
            }
        }
        loop {
            match self.char_at(at).map(class) {
                Some(Class::Blank) => at = self.after(at),
                Some(_) => return at,
                None => {
                    let next = self.after(at);
                    // An empty line is a word of its own.
                    if next == at || (at != from && self.line(at.line).is_empty()) {
                        return at;
                    }
                    at = next;
                }
            }
        }
    }

    fn word_left(&self, from: Place) -> Place {
        let mut at = from;
        loop {
            let previous = self.before(at);
            if previous == at {
                return at;
            }
            at = previous;
            match self.char_at(at).map(class) {
                Some(Class::Blank) => {}
                None if self.line(at.line).is_empty() => return at,
                None => {}
                Some(kind) => {
                    while at.column > 0 {
                        let previous = self.before(at);
                        if self.char_at(previous).map(class) != Some(kind) {
                            break;
                        }
                        at = previous;
                    }
                    return at;
                }
            }
        }
    }

    fn word_end(&self, from: Place) -> Place {
        let mut at = self.after(from);
        loop {
            match self.char_at(at).map(class) {
                Some(Class::Blank) | None => {
                    let next = self.after(at);
                    if next == at {
                        return at;
                    }
                    at = next;
                }
                Some(kind) => loop {
                    let next = self.after(at);
                    if next.line != at.line || self.char_at(next).map(class) != Some(kind) {
                        return at;
                    }
                    at = next;
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(buffer: &TextBuffer) -> (usize, usize) {
        (buffer.cursor().line, buffer.cursor().column)
    }

    #[test]
    fn words() {
        let mut buffer = TextBuffer::new("pod.status  == 'x'\n\n  next");
        let mut stops = Vec::new();
        for _ in 0..9 {
            buffer.go(Motion::WordRight, false);
            stops.push(at(&buffer));
        }
        let expected = [
            (0, 3),
            (0, 4),
            (0, 12),
            (0, 15),
            (0, 16),
            (0, 17),
            (1, 0),
            (2, 2),
            (2, 6),
        ];
        assert_eq!(stops, expected);
        let mut back = Vec::new();
        for _ in 0..9 {
            buffer.go(Motion::WordLeft, false);
            back.push(at(&buffer));
        }
        let expected = [
            (2, 2),
            (1, 0),
            (0, 17),
            (0, 16),
            (0, 15),
            (0, 12),
            (0, 4),
            (0, 3),
            (0, 0),
        ];
        assert_eq!(back, expected);
        buffer.go(Motion::WordEnd, false);
        assert_eq!(at(&buffer), (0, 2));
    }

    #[test]
    fn up_and_down_keep_to_the_cell() {
        let mut buffer = TextBuffer::new("abcdef\n日本語\nx\nabcdef");
        buffer.move_to(Place::new(0, 5), false);
        let mut stops = Vec::new();
        for _ in 0..3 {
            buffer.go(Motion::Down(1), false);
            stops.push(at(&buffer));
        }
        assert_eq!(stops, [(1, 6), (2, 1), (3, 5)]);
        buffer.go(Motion::Down(1), false);
        assert_eq!(at(&buffer), (3, 6));
        buffer.go(Motion::Up(99), false);
        assert_eq!(at(&buffer).0, 0);
    }

    #[test]
    fn home_goes_to_the_text_first() {
        let mut buffer = TextBuffer::new("  when: x");
        buffer.go(Motion::LineEnd, false);
        buffer.go(Motion::Home, false);
        assert_eq!(at(&buffer), (0, 2));
        buffer.go(Motion::Home, true);
        assert_eq!(at(&buffer), (0, 0));
        assert!(buffer.selection().is_some());
    }
}
