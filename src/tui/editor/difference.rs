//! How two texts differ: counts, lines to show, and a mark for each changed line.

use super::buffer::TextBuffer;
use crate::tui::text;
use crate::tui::widgets::text_view::Tone;
use similar::{DiffOp, TextDiff};
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest search for a small difference: beyond it a coarser one is shown.
const COMPARING: Duration = Duration::from_millis(10);

/// Lines around a change.
const AROUND: usize = 2;

/// Lines of a difference that are compared at once; longer ones are left to a job.
const SHORT: usize = 4_000;

/// Changed lines that are listed.
const LISTED: usize = 2_000;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineMark {
    /// It is new.
    Added,
    /// It was another one.
    Changed,
    /// Lines before it are gone.
    Gone,
}

impl LineMark {
    /// The one character before the line.
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Added => "+",
            Self::Changed => "~",
            Self::Gone => "-",
        }
    }
}

/// What is different between two texts.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// Lines that are gone.
    pub removed: usize,
    /// Lines that are new.
    pub added: usize,
    /// Changed lines with two lines around them.
    pub lines: Vec<(Tone, String)>,
    /// The texts differ, be it only in the end of the last line.
    pub changed: bool,
    /// First line, from 1, with characters that can't be seen.
    pub hidden: Option<usize>,
    /// Changed lines of the new text, from 0.
    pub marks: BTreeMap<usize, LineMark>,
}

impl Difference {
    /// Compares what was (`None`: nothing) with the text in a buffer; `None` when that would take
    /// too long for a key.
    pub fn quick(base: Option<&str>, buffer: &TextBuffer) -> Option<Self> {
        let old: Vec<&str> = base.unwrap_or("").split('\n').collect();
        let new = buffer.lines();
        let (head, tail) = common(&old, new);
        let long = (old.len() - head - tail).max(new.len() - head - tail) > SHORT;
        (!long).then(|| Self::between(base, &old, new, head, tail))
    }

    /// The same, however long it takes.
    pub fn of(base: Option<&str>, new: &str) -> Self {
        let old: Vec<&str> = base.unwrap_or("").split('\n').collect();
        let new: Vec<String> = new.split('\n').map(str::to_owned).collect();
        let (head, tail) = common(&old, &new);
        Self::between(base, &old, &new, head, tail)
    }

    fn between(base: Option<&str>, old: &[&str], new: &[String], head: usize, tail: usize) -> Self {
        let mut found = Self {
            changed: base.is_none() || head + tail != old.len() || old.len() != new.len(),
            hidden: new
                .iter()
                .position(|line| text::first_hidden(line).is_some()),
            ..Self::default()
        };
        found.hidden = found.hidden.map(|line| line + 1);
        // A text that is not there has no line, not an empty one.
        let nothing = base.is_none_or(str::is_empty);
        let from = head.saturating_sub(AROUND);
        let kept = tail.saturating_sub(AROUND);
        let before = old.get(from..old.len() - kept).unwrap_or_default();
        let before = if nothing { &[] } else { before };
        let after: Vec<&str> = new
            .get(from..new.len() - kept)
            .unwrap_or_default()
            .iter()
            .map(String::as_str)
            .collect();
        let mut after = after.as_slice();
        if nothing && new.len() > 1 && after.last() == Some(&"") {
            after = after.get(..after.len() - 1).unwrap_or_default();
        }
        let diff = TextDiff::configure()
            .timeout(COMPARING)
            .diff_slices(before, after);
        for (number, group) in diff.grouped_ops(AROUND).iter().enumerate() {
            if number > 0 {
                found.list(Tone::Dim, "...".to_owned());
            }
            for op in group {
                found.add(op, before, after, from);
            }
        }
        found
    }

    fn list(&mut self, tone: Tone, line: String) {
        if self.lines.len() < LISTED {
            self.lines.push((tone, line));
        }
    }

    fn add(&mut self, op: &DiffOp, before: &[&str], after: &[&str], from: usize) {
        let (old, new) = (op.old_range(), op.new_range());
        if let DiffOp::Equal { .. } = op {
            for line in after.get(new).unwrap_or_default() {
                self.list(Tone::Dim, format!("  {line}"));
            }
            return;
        }
        for line in before.get(old.clone()).unwrap_or_default() {
            self.list(Tone::Bad, format!("- {line}"));
        }
        for line in after.get(new.clone()).unwrap_or_default() {
            self.list(Tone::Good, format!("+ {line}"));
        }
        self.removed += old.len();
        self.added += new.len();
        if new.is_empty() {
            self.marks.entry(from + new.start).or_insert(LineMark::Gone);
        }
        for (place, line) in new.enumerate() {
            let mark = if place < old.len() {
                LineMark::Changed
            } else {
                LineMark::Added
            };
            self.marks.insert(from + line, mark);
        }
    }
}

/// Lines that are equal at the beginning and at the end.
fn common(old: &[&str], new: &[String]) -> (usize, usize) {
    let shorter = old.len().min(new.len());
    let same = |(old, new): &(&&str, &String)| **old == new.as_str();
    let head = old.iter().zip(new).take_while(same).count();
    let tail = old.iter().rev().zip(new.iter().rev());
    let tail = tail.take(shorter - head).take_while(same).count();
    (head, tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(base: &str, new: &str) -> Difference {
        Difference::of(Some(base), new)
    }

    #[test]
    fn lines_are_marked_by_what_became_of_them() {
        let difference = of("a\nb\nc\nd\n", "a\nB\nc\nx\nd\n");
        assert_eq!((difference.removed, difference.added), (1, 2));
        let marks: Vec<_> = difference.marks.into_iter().collect();
        assert_eq!(marks, [(1, LineMark::Changed), (3, LineMark::Added)]);
        let gone = of("a\nb\nc\n", "a\nc\n");
        assert_eq!(
            gone.marks.into_iter().collect::<Vec<_>>(),
            [(1, LineMark::Gone)]
        );
        assert!(!of("a\n", "a\n").changed);
        assert!(of("a\n", "a").changed);
    }

    #[test]
    fn a_new_text_is_all_added() {
        let difference = Difference::of(None, "a\nb\n");
        assert_eq!((difference.removed, difference.added), (0, 2));
        assert!(difference.changed);
        assert_eq!(difference.marks.len(), 2);
    }

    #[test]
    fn only_the_surroundings_of_a_change_are_looked_at() {
        let base: String = (0..50_000).map(|n| format!("line {n}\n")).collect();
        let mut buffer = TextBuffer::new(&base);
        buffer.insert("x");
        let quick = Difference::quick(Some(&base), &buffer).expect("one line");
        assert_eq!(quick.lines.len(), 4, "{:?}", quick.lines);
        buffer.replace(buffer.end(), buffer.end(), "y");
        assert!(Difference::quick(Some(&base), &buffer).is_none());
    }
}
