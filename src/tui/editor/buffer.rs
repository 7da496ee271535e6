//! The lines, the cursor, the selection, and the way back.

use crate::domain::Position;
use std::ops::Range;
use unicode_segmentation::GraphemeCursor;

/// Steps that can be taken back.
const REMEMBERED: usize = 1_000;

/// A place in a text: a line, and a byte within it that begins a character. Both count from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The byte.
    pub column: usize,
}

impl Place {
    /// A place.
    pub const fn new(line: usize, column: usize) -> Self {
        Self { line, column }
    }
}

/// One replacement, enough to do it again and to take it back.
#[derive(Clone, Debug)]
struct Change {
    at: Place,
    removed: String,
    inserted: String,
}

/// What one undo takes back.
#[derive(Clone, Debug)]
struct Step {
    changes: Vec<Change>,
    before: Place,
    after: Place,
}

/// What may still be added to the last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// Nothing.
    No,
    /// Characters that are typed at this place; true after white space.
    Typing(Place, bool),
    /// Everything until the group is closed.
    Group,
}

/// A text with a cursor. Never without a line.
#[derive(Clone, Debug)]
pub struct TextBuffer {
    lines: Vec<String>,
    cursor: Place,
    /// The other end of the selection.
    anchor: Option<Place>,
    /// The cell that moving up and down keeps to.
    pub(super) goal: Option<usize>,
    steps: Vec<Step>,
    undone: Vec<Step>,
    open: Open,
    revision: u64,
    /// First line that changed since it was last asked for.
    stale_from: usize,
}

impl TextBuffer {
    /// A text with the cursor at its beginning.
    pub fn new(text: &str) -> Self {
        Self {
            lines: text.split('\n').map(str::to_owned).collect(),
            cursor: Place::default(),
            anchor: None,
            goal: None,
            steps: Vec::new(),
            undone: Vec::new(),
            open: Open::No,
            revision: 0,
            stale_from: 0,
        }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The lines, without their ends.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// A line; empty beyond the end.
    pub fn line(&self, number: usize) -> &str {
        self.lines.get(number).map_or("", String::as_str)
    }

    /// Grows by one with every change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether the text is equal to this one; cheaper than asking for the text.
    pub fn is(&self, other: &str) -> bool {
        let mut lines = self.lines.iter();
        other
            .split('\n')
            .all(|line| lines.next().is_some_and(|own| own == line))
            && lines.next().is_none()
    }

    /// The first line that may have changed since this was asked last.
    pub fn take_stale(&mut self) -> usize {
        std::mem::replace(&mut self.stale_from, usize::MAX)
    }

    /// Where the cursor is.
    pub fn cursor(&self) -> Place {
        self.cursor
    }

    /// The cursor as people count: from 1, columns in characters.
    pub fn position(&self) -> Position {
        self.position_of(self.cursor)
    }

    /// A place as people count.
    pub fn position_of(&self, place: Place) -> Position {
        let before = self.line(place.line).get(..place.column).unwrap_or("");
        let count = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Position {
            line: count(place.line).saturating_add(1),
            column: count(before.chars().count()).saturating_add(1),
        }
    }

    /// The place that people call so, or the nearest one.
    pub fn place_of(&self, position: Position) -> Place {
        let line = (position.line.saturating_sub(1) as usize).min(self.lines.len() - 1);
        let skipped = position.column.saturating_sub(1) as usize;
        let text = self.line(line);
        let column = text
            .char_indices()
            .nth(skipped)
            .map_or(text.len(), |(at, _)| at);
        Place { line, column }
    }

    /// The end of the text.
    pub fn end(&self) -> Place {
        let line = self.lines.len() - 1;
        Place::new(line, self.line(line).len())
    }

    /// The nearest place that exists and begins a character.
    pub fn clamp(&self, place: Place) -> Place {
        let line = place.line.min(self.lines.len() - 1);
        let text = self.line(line);
        let mut column = place.column.min(text.len());
        while !text.is_char_boundary(column) {
            column -= 1;
        }
        Place { line, column }
    }

    /// The beginning of the next character as it is seen (a grapheme), over line ends.
    pub fn after(&self, place: Place) -> Place {
        let text = self.line(place.line);
        if place.column >= text.len() {
            return if place.line + 1 < self.lines.len() {
                Place::new(place.line + 1, 0)
            } else {
                place
            };
        }
        let mut graphemes = GraphemeCursor::new(place.column, text.len(), true);
        let next = graphemes.next_boundary(text, 0).ok().flatten();
        Place::new(place.line, next.unwrap_or(text.len()))
    }

    /// The beginning of the previous character as it is seen, over line ends.
    pub fn before(&self, place: Place) -> Place {
        if place.column == 0 {
            return match place.line.checked_sub(1) {
                Some(line) => Place::new(line, self.line(line).len()),
                None => place,
            };
        }
        let text = self.line(place.line);
        let mut graphemes = GraphemeCursor::new(place.column, text.len(), true);
        let previous = graphemes.prev_boundary(text, 0).ok().flatten();
        Place::new(place.line, previous.unwrap_or(0))
    }

    /// Puts the cursor somewhere; `select` keeps the other end of the selection, or begins one.
    pub fn move_to(&mut self, place: Place, select: bool) {
        if select {
            self.anchor.get_or_insert(self.cursor);
        } else {
            self.anchor = None;
        }
        self.cursor = self.clamp(place);
        self.goal = None;
        if self.open != Open::Group {
            self.open = Open::No;
        }
    }

    /// Selects from one place to another, where the cursor is then.
    pub fn select(&mut self, from: Place, to: Place) {
        self.move_to(from, false);
        self.anchor = Some(self.cursor);
        self.move_to(to, true);
    }

    /// Selects nothing.
    pub fn unselect(&mut self) {
        self.anchor = None;
    }

    /// Where the selection was begun.
    pub fn anchor(&self) -> Option<Place> {
        self.anchor
    }

    /// The selected part; `None` when it is empty.
    pub fn selection(&self) -> Option<(Place, Place)> {
        let anchor = self.anchor.filter(|anchor| *anchor != self.cursor)?;
        Some((anchor.min(self.cursor), anchor.max(self.cursor)))
    }

    /// The lines that the selection touches, or that of the cursor. A selection that ends at the
    /// beginning of a line does not touch it.
    pub fn touched(&self) -> Range<usize> {
        match self.selection() {
            Some((from, to)) if to.column == 0 && to.line > from.line => from.line..to.line,
            Some((from, to)) => from.line..to.line + 1,
            None => self.cursor.line..self.cursor.line + 1,
        }
    }

    /// The text between two places.
    pub fn between(&self, from: Place, to: Place) -> String {
        if from.line == to.line {
            return self
                .line(from.line)
                .get(from.column..to.column)
                .unwrap_or("")
                .to_owned();
        }
        let mut text = self
            .line(from.line)
            .get(from.column..)
            .unwrap_or("")
            .to_owned();
        for line in self.lines.get(from.line + 1..to.line).unwrap_or_default() {
            text.push('\n');
            text.push_str(line);
        }
        text.push('\n');
        text.push_str(self.line(to.line).get(..to.column).unwrap_or(""));
        text
    }

    /// Puts a text in place of another; the cursor is at its end then. One undo takes it back,
    /// unless it is part of a [group](Self::group).
    pub fn replace(&mut self, from: Place, to: Place, text: &str) {
        let (from, to) = (self.clamp(from.min(to)), self.clamp(from.max(to)));
        let removed = self.between(from, to);
        if removed.is_empty() && text.is_empty() {
            return;
        }
        let change = Change {
            at: from,
            removed,
            inserted: text.to_owned(),
        };
        let before = self.cursor;
        let after = self.splice(from, to, text);
        self.move_cursor_after(after);
        match (self.open, self.steps.last_mut()) {
            (Open::Group, Some(step)) => {
                step.changes.push(change);
                step.after = after;
            }
            _ => self.begin_step(Step {
                changes: vec![change],
                before,
                after,
            }),
        }
        self.undone.clear();
    }

    fn begin_step(&mut self, step: Step) {
        self.steps.push(step);
        if self.steps.len() > REMEMBERED {
            self.steps.remove(0);
        }
        if self.open != Open::Group {
            self.open = Open::No;
        }
    }

    /// Several changes that one undo takes back.
    pub fn group(&mut self, changes: impl FnOnce(&mut Self)) {
        if self.open == Open::Group {
            changes(self);
            return;
        }
        let (before, revision) = (self.cursor, self.revision);
        self.steps.push(Step {
            changes: Vec::new(),
            before,
            after: before,
        });
        self.open = Open::Group;
        changes(self);
        self.open = Open::No;
        let cursor = self.cursor;
        if let Some(step) = self.steps.last_mut() {
            step.after = cursor;
        }
        if self.revision == revision {
            self.steps.pop();
        } else if self.steps.len() > REMEMBERED {
            self.steps.remove(0);
        }
    }

    /// Puts a text at the cursor, or in place of the selection. Characters of one word that are
    /// typed one after another are taken back together.
    pub fn insert(&mut self, text: &str) {
        let (from, to) = self.selection().unwrap_or((self.cursor, self.cursor));
        let blank = text.chars().all(char::is_whitespace);
        let goes_on = match self.open {
            Open::Typing(at, was_blank) => {
                at == self.cursor && from == to && (blank || !was_blank) && !text.contains('\n')
            }
            Open::No | Open::Group => false,
        };
        if goes_on && let Some(step) = self.steps.last_mut() {
            if let Some(change) = step.changes.last_mut() {
                change.inserted.push_str(text);
            }
            let after = self.splice(from, to, text);
            self.move_cursor_after(after);
            if let Some(step) = self.steps.last_mut() {
                step.after = after;
            }
            self.undone.clear();
        } else {
            self.replace(from, to, text);
        }
        if self.open != Open::Group {
            self.open = Open::Typing(self.cursor, blank);
        }
    }

    fn move_cursor_after(&mut self, place: Place) {
        self.cursor = place;
        self.anchor = None;
        self.goal = None;
    }

    /// Changes the lines; gives the end of what was put in.
    fn splice(&mut self, from: Place, to: Place, text: &str) -> Place {
        self.revision += 1;
        self.stale_from = self.stale_from.min(from.line);
        if from.line == to.line && !text.contains('\n') {
            if let Some(line) = self.lines.get_mut(from.line) {
                line.replace_range(from.column..to.column, text);
            }
            return Place::new(from.line, from.column + text.len());
        }
        let head = self.line(from.line).get(..from.column).unwrap_or("");
        let tail = self.line(to.line).get(to.column..).unwrap_or("");
        let mut fresh: Vec<String> = text.split('\n').map(str::to_owned).collect();
        if let Some(first) = fresh.first_mut() {
            first.insert_str(0, head);
        }
        let line = from.line + fresh.len() - 1;
        let mut column = 0;
        if let Some(last) = fresh.last_mut() {
            column = last.len();
            last.push_str(tail);
        }
        self.lines.splice(from.line..=to.line, fresh);
        Place { line, column }
    }

    fn end_of(at: Place, text: &str) -> Place {
        match text.rfind('\n') {
            Some(last) => Place::new(at.line + text.matches('\n').count(), text.len() - last - 1),
            None => Place::new(at.line, at.column + text.len()),
        }
    }

    /// Takes the last step back; false when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(step) = self.steps.pop() else {
            return false;
        };
        for change in step.changes.iter().rev() {
            let end = Self::end_of(change.at, &change.inserted);
            self.splice(change.at, end, &change.removed);
        }
        self.move_cursor_after(self.clamp(step.before));
        self.open = Open::No;
        self.undone.push(step);
        true
    }

    /// Does what was taken back last again; false when nothing was.
    pub fn redo(&mut self) -> bool {
        let Some(step) = self.undone.pop() else {
            return false;
        };
        for change in &step.changes {
            let end = Self::end_of(change.at, &change.removed);
            self.splice(change.at, end, &change.inserted);
        }
        self.move_cursor_after(self.clamp(step.after));
        self.open = Open::No;
        self.steps.push(step);
        true
    }

    /// Removes the selection; false when there is none.
    pub fn delete_selection(&mut self) -> bool {
        let Some((from, to)) = self.selection() else {
            return false;
        };
        self.replace(from, to, "");
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(buffer: &mut TextBuffer, text: &str) {
        for c in text.chars() {
            buffer.insert(c.encode_utf8(&mut [0; 4]));
        }
    }

    #[test]
    fn words_are_taken_back_as_words() {
        let mut buffer = TextBuffer::new("");
        typed(&mut buffer, "when: true");
        assert!(buffer.undo());
        assert_eq!(buffer.text(), "when: ");
        assert!(buffer.undo());
        assert_eq!(buffer.text(), "");
        assert!(!buffer.undo());
        assert!(buffer.redo() && buffer.redo() && !buffer.redo());
        assert_eq!(buffer.text(), "when: true");
        assert_eq!(buffer.cursor(), Place::new(0, 10));
        // A new change ends what could be done again.
        buffer.undo();
        typed(&mut buffer, "x");
        assert!(!buffer.redo());
    }

    #[test]
    fn replacing_over_lines_goes_both_ways() {
        let text = "one\ntwo é\nthree";
        let mut buffer = TextBuffer::new(text);
        buffer.replace(Place::new(0, 1), Place::new(2, 2), "X\nY\nZ");
        assert_eq!(buffer.text(), "oX\nY\nZree");
        assert_eq!(buffer.cursor(), Place::new(2, 1));
        assert_eq!(buffer.take_stale(), 0);
        buffer.undo();
        assert_eq!(buffer.text(), text);
        buffer.redo();
        assert_eq!(buffer.text(), "oX\nY\nZree");
    }

    #[test]
    fn a_group_is_one_step_and_an_empty_one_is_none() {
        let mut buffer = TextBuffer::new("a\nb\nc");
        buffer.group(|buffer| {
            for line in 0..3 {
                buffer.replace(Place::new(line, 0), Place::new(line, 0), "- ");
            }
        });
        assert_eq!(buffer.text(), "- a\n- b\n- c");
        buffer.group(|_| {});
        buffer.undo();
        assert_eq!(buffer.text(), "a\nb\nc");
        assert!(!buffer.undo());
    }

    #[test]
    fn what_is_seen_as_one_character_is_one() {
        let mut buffer = TextBuffer::new("e\u{301}👩‍👩‍👧x");
        let mut at = Place::default();
        let mut stops = 0;
        while buffer.after(at) != at {
            at = buffer.after(at);
            stops += 1;
        }
        assert_eq!(stops, 3);
        buffer.move_to(Place::new(0, 1), false);
        let position = Position { line: 1, column: 9 };
        assert_eq!(buffer.position_of(buffer.end()), position);
        assert_eq!(buffer.place_of(position), buffer.end());
    }

    #[test]
    fn the_selection_is_replaced() {
        let mut buffer = TextBuffer::new("abc\ndef");
        buffer.select(Place::new(1, 1), Place::new(0, 2));
        assert_eq!(
            buffer.selection(),
            Some((Place::new(0, 2), Place::new(1, 1)))
        );
        buffer.insert("-");
        assert_eq!(buffer.text(), "ab-ef");
        assert_eq!(buffer.selection(), None);
        assert!(buffer.is("ab-ef") && !buffer.is("ab-ef\n") && !buffer.is("ab"));
    }
}
