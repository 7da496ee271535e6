//! The commands of normal and visual mode that are no motions.

use super::objects::{join, put};
use super::{Mode, Operator, Outcome, Vim, Waits};
use crate::tui::editor::Clip;
use crate::tui::editor::buffer::{Place, TextBuffer};
use crate::tui::editor::lines::indent_of;
use crate::tui::editor::motion::Motion;

impl Vim {
    pub(super) fn normal(
        &mut self,
        buffer: &mut TextBuffer,
        c: char,
        page: usize,
        clip: &mut Clip,
    ) -> Outcome {
        let operator = match c {
            'd' => Some(Operator::Delete),
            'c' => Some(Operator::Change),
            'y' => Some(Operator::Yank),
            '>' => Some(Operator::Indent),
            '<' => Some(Operator::Outdent),
            _ => None,
        };
        let cursor = buffer.cursor();
        if let Some(operator) = operator {
            if self.operator == Some(operator) {
                // Twice: on lines.
                let last = cursor.line.saturating_add(self.times() - 1);
                let last = last.min(buffer.lines().len() - 1);
                self.operate(
                    buffer,
                    (cursor, Place::new(last, 0).max(cursor), true),
                    clip,
                );
            } else if self.operator.is_some() {
                self.abandon();
            } else {
                self.operator = Some(operator);
            }
            return Outcome::Done;
        }
        let waits = match c {
            'g' => Some(Waits::G),
            'z' => Some(Waits::Z),
            'f' => Some(Waits::Find {
                forward: true,
                till: false,
            }),
            'F' => Some(Waits::Find {
                forward: false,
                till: false,
            }),
            't' => Some(Waits::Find {
                forward: true,
                till: true,
            }),
            'T' => Some(Waits::Find {
                forward: false,
                till: true,
            }),
            'r' if self.operator.is_none() => Some(Waits::Replace),
            'i' | 'a' if self.operator.is_some() => Some(Waits::Object { around: c == 'a' }),
            _ => None,
        };
        if waits.is_some() {
            self.waits = waits;
            return Outcome::Done;
        }
        if self.operator.is_some() {
            self.abandon();
            return Outcome::Done;
        }
        self.single(buffer, c, page, clip)
    }

    /// Commands of one key.
    fn single(
        &mut self,
        buffer: &mut TextBuffer,
        c: char,
        page: usize,
        clip: &mut Clip,
    ) -> Outcome {
        let cursor = buffer.cursor();
        let end = Place::new(cursor.line, buffer.line(cursor.line).len());
        let insert = |vim: &mut Self, buffer: &mut TextBuffer, at: Place| {
            buffer.move_to(at, false);
            vim.mode = Mode::Insert;
            vim.count = None;
        };
        match c {
            'i' => insert(self, buffer, cursor),
            'a' => insert(
                self,
                buffer,
                if cursor == end {
                    end
                } else {
                    buffer.after(cursor)
                },
            ),
            'I' => insert(self, buffer, buffer.target(Motion::LineText)),
            'A' => insert(self, buffer, end),
            'o' => {
                insert(self, buffer, end);
                let indent = indent_of(buffer.line(cursor.line));
                let blanks = buffer
                    .line(cursor.line)
                    .get(..indent)
                    .unwrap_or("")
                    .to_owned();
                buffer.replace(end, end, &format!("\n{blanks}"));
            }
            'O' => {
                let indent = indent_of(buffer.line(cursor.line));
                let blanks = buffer
                    .line(cursor.line)
                    .get(..indent)
                    .unwrap_or("")
                    .to_owned();
                let start = Place::new(cursor.line, 0);
                buffer.replace(start, start, &format!("{blanks}\n"));
                insert(self, buffer, Place::new(cursor.line, indent));
            }
            'x' | 's' | 'D' | 'C' | 'X' => {
                let mut to = cursor;
                let mut from = cursor;
                let times = self.times();
                for _ in 0..times {
                    match c {
                        'X' if from.column > 0 => from = buffer.before(from),
                        'x' | 's' if to != end => to = buffer.after(to),
                        'D' | 'C' => to = end,
                        _ => {}
                    }
                }
                if from != to {
                    *clip = Clip {
                        text: buffer.between(from, to),
                        lines: false,
                    };
                    buffer.replace(from, to, "");
                }
                if matches!(c, 's' | 'C') {
                    self.mode = Mode::Insert;
                }
            }
            'S' => {
                self.operator = Some(Operator::Change);
                self.operate(buffer, (cursor, cursor, true), clip);
            }
            'Y' => {
                let times = self.times();
                *clip = buffer.clip_lines(cursor.line, times);
            }
            'p' | 'P' => {
                let times = self.times();
                put(buffer, clip, c == 'p', times);
            }
            'J' => {
                let times = self.times();
                buffer.group(|buffer| (0..times).for_each(|_| join(buffer)));
            }
            '~' => {
                let to = buffer.after(cursor);
                if cursor != end {
                    let text = buffer.between(cursor, to);
                    let swap = |c: char| -> String {
                        if c.is_uppercase() {
                            c.to_lowercase().collect()
                        } else {
                            c.to_uppercase().collect()
                        }
                    };
                    let swapped: String = text.chars().map(swap).collect();
                    buffer.replace(cursor, to, &swapped);
                }
            }
            'v' => {
                self.mode = Mode::Visual;
                buffer.move_to(cursor, true);
            }
            'V' => {
                self.mode = Mode::VisualLine;
                buffer.move_to(cursor, true);
            }
            '.' => self.again(buffer, page, clip),
            'u' => {
                self.count = None;
                return Outcome::Undo;
            }
            'n' => return Outcome::Hit(true),
            'N' => return Outcome::Hit(false),
            ':' => {
                self.abandon();
                return Outcome::Command;
            }
            '/' | '?' => return Outcome::Search,
            _ => self.abandon(),
        }
        Outcome::Done
    }

    fn again(&mut self, buffer: &mut TextBuffer, page: usize, clip: &mut Clip) {
        let keys = self.repeat.clone();
        if self.repeating || keys.is_empty() {
            return;
        }
        let times = self.times();
        self.repeating = true;
        buffer.group(|buffer| {
            for _ in 0..times {
                for key in &keys {
                    self.key(buffer, *key, page, clip);
                }
            }
        });
        self.repeating = false;
        self.mode = Mode::Normal;
    }

    pub(super) fn on_selection(
        &mut self,
        buffer: &mut TextBuffer,
        c: char,
        clip: &mut Clip,
    ) -> Outcome {
        let anchor = buffer.anchor().unwrap_or_else(|| buffer.cursor());
        let (from, last) = (anchor.min(buffer.cursor()), anchor.max(buffer.cursor()));
        let lines = self.mode == Mode::VisualLine;
        // The character under the cursor belongs to it.
        let to = if last.column < buffer.line(last.line).len() {
            buffer.after(last)
        } else {
            last
        };
        let operator = match c {
            'd' | 'x' | 'X' => Some(Operator::Delete),
            'c' | 's' => Some(Operator::Change),
            'y' => Some(Operator::Yank),
            '>' => Some(Operator::Indent),
            '<' => Some(Operator::Outdent),
            _ => None,
        };
        if let Some(operator) = operator {
            self.mode = Mode::Normal;
            self.operator = Some(operator);
            self.operate(buffer, (from, to, lines), clip);
            self.count = None;
            return Outcome::Done;
        }
        match c {
            'v' if !lines => _ = self.escape(buffer),
            'V' if lines => _ = self.escape(buffer),
            'v' => self.mode = Mode::Visual,
            'V' => self.mode = Mode::VisualLine,
            'o' => buffer.select(buffer.cursor(), anchor),
            'g' => self.waits = Some(Waits::G),
            'f' => {
                self.waits = Some(Waits::Find {
                    forward: true,
                    till: false,
                })
            }
            't' => {
                self.waits = Some(Waits::Find {
                    forward: true,
                    till: true,
                })
            }
            'i' | 'a' => self.waits = Some(Waits::Object { around: c == 'a' }),
            'p' | 'P' => {
                let kept = clip.clone();
                self.mode = Mode::Normal;
                self.operator = Some(Operator::Delete);
                buffer.group(|buffer| {
                    self.operate(buffer, (from, to, lines), clip);
                    put(buffer, &kept, false, 1);
                });
            }
            '/' => return Outcome::Search,
            ':' => {
                self.escape(buffer);
                return Outcome::Command;
            }
            _ => {}
        }
        Outcome::Done
    }
}
