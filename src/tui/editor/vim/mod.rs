//! Vim's modes and commands over a text buffer: those that fingers know.
//!
//! Counts, operators with motions and text objects, visual modes, `.`, and the unnamed register.
//! `:` and `/` are asked of the screen.

mod commands;
mod objects;

use super::buffer::{Place, TextBuffer};
use super::lines::indent_of;
use super::motion::Motion;
use super::{Clip, Typed};
use crate::tui::key::{Code, Key};
use objects::object;

/// How keys are understood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As commands.
    #[default]
    Normal,
    /// As text.
    Insert,
    /// As commands on the selected text.
    Visual,
    /// As commands on the selected lines.
    VisualLine,
}

impl Mode {
    /// How the screen calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL",
            Self::Insert => "INSERT",
            Self::Visual => "VISUAL",
            Self::VisualLine => "VISUAL LINE",
        }
    }
}

/// What a key leads to beyond the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It means nothing in this mode: an action may take it.
    Ignored,
    /// It was taken.
    Done,
    /// A command line is to be typed.
    Command,
    /// Something to search for is to be typed.
    Search,
    /// The next hit, forwards or backwards.
    Hit(bool),
    /// The last step is to be taken back.
    Undo,
    /// What was taken back is to be done again.
    Redo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Delete,
    Change,
    Yank,
    Indent,
    Outdent,
}

/// A key that waits for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    G,
    Find { forward: bool, till: bool },
    Replace,
    Object { around: bool },
    Z,
}

/// The state of the modes.
#[derive(Clone, Debug, Default)]
pub struct Vim {
    mode: Mode,
    count: Option<usize>,
    operator: Option<Operator>,
    waits: Option<Waits>,
    last_find: Option<Motion>,
    /// Keys of the command that is being typed.
    typed: Vec<Key>,
    /// Keys of the last command that changed something.
    repeat: Vec<Key>,
    repeating: bool,
    /// The revision when the command was begun.
    began: u64,
}

/// Counts beyond this are slips of the finger.
const MOST: usize = 10_000;

/// From where to where, and whether whole lines are meant.
type Span = (Place, Place, bool);

impl Vim {
    /// The mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// What was typed of a command so far, for the screen.
    pub fn pending(&self) -> String {
        let shown = self.mode != Mode::Insert;
        let keys = self.typed.iter().filter(|_| shown);
        keys.map(Key::to_string).collect()
    }

    /// `Esc`: ends the mode or the command; false when there was nothing to end.
    pub fn escape(&mut self, buffer: &mut TextBuffer) -> bool {
        let nothing = self.mode == Mode::Normal && self.typed.is_empty();
        if self.mode == Mode::Insert {
            self.typed.push(Key::plain(Code::Esc));
            let cursor = buffer.cursor();
            if cursor.column > 0 {
                buffer.move_to(buffer.before(cursor), false);
            }
        }
        buffer.unselect();
        self.mode = Mode::Normal;
        self.finish(buffer);
        !nothing
    }

    /// Takes a key.
    pub fn key(
        &mut self,
        buffer: &mut TextBuffer,
        key: Key,
        page: usize,
        clip: &mut Clip,
    ) -> Outcome {
        if self.typed.is_empty() && !self.repeating {
            self.began = buffer.revision();
        }
        self.typed.push(key);
        if key.code == Code::Esc {
            self.typed.pop();
            self.escape(buffer);
            return Outcome::Done;
        }
        if self.mode == Mode::Insert {
            return match buffer.key(key, page, clip) {
                Typed::Done => Outcome::Done,
                Typed::Ignored => {
                    self.typed.pop();
                    Outcome::Ignored
                }
            };
        }
        let outcome = self.command(buffer, key, page, clip);
        if outcome == Outcome::Ignored {
            self.typed.pop();
        }
        if self.mode == Mode::Normal && self.is_idle() {
            self.finish(buffer);
        } else if matches!(self.mode, Mode::Visual | Mode::VisualLine) && self.is_idle() {
            self.count = None;
        }
        self.keep_on_line(buffer);
        outcome
    }

    fn is_idle(&self) -> bool {
        self.operator.is_none() && self.waits.is_none() && self.count.is_none()
    }

    /// A command is over: it is what `.` does again, if it changed something.
    fn finish(&mut self, buffer: &TextBuffer) {
        self.count = None;
        self.operator = None;
        self.waits = None;
        let typed = std::mem::take(&mut self.typed);
        if !self.repeating && buffer.revision() != self.began && !typed.is_empty() {
            let own = |key: &Key| !matches!(key.code, Code::Char('u' | '.')) || key.ctrl;
            if typed.first().is_some_and(own)
                && typed.first()
                    != Some(&Key {
                        ctrl: true,
                        ..Key::char('r')
                    })
            {
                self.repeat = typed;
            }
        }
    }

    /// In normal mode the cursor stands on a character, not behind the last one.
    fn keep_on_line(&self, buffer: &mut TextBuffer) {
        let cursor = buffer.cursor();
        let len = buffer.line(cursor.line).len();
        if self.mode == Mode::Normal && cursor.column > 0 && cursor.column >= len {
            let goal = buffer.goal;
            buffer.move_to(buffer.before(Place::new(cursor.line, len)), false);
            buffer.goal = goal;
        }
    }

    fn times(&mut self) -> usize {
        self.count.take().unwrap_or(1).clamp(1, MOST)
    }

    fn command(
        &mut self,
        buffer: &mut TextBuffer,
        key: Key,
        page: usize,
        clip: &mut Clip,
    ) -> Outcome {
        if let Some(waits) = self.waits.take() {
            return self.second(buffer, waits, key, clip);
        }
        if let Code::Char(c) = key.code
            && let Some(digit) = c.to_digit(10)
            && !key.ctrl
            && !key.alt
            && (digit > 0 || self.count.is_some())
        {
            let digit = usize::try_from(digit).unwrap_or(0);
            let count = self
                .count
                .unwrap_or(0)
                .saturating_mul(10)
                .saturating_add(digit);
            self.count = Some(count.min(MOST));
            return Outcome::Done;
        }
        if let Some((motion, exclusive_lines)) = self.motion(key, page) {
            self.moved(buffer, motion, exclusive_lines, clip);
            return Outcome::Done;
        }
        let Code::Char(c) = key.code else {
            return self.plain_key(buffer, key, page, clip);
        };
        if key.ctrl && c == 'r' {
            self.count = None;
            return Outcome::Redo;
        }
        if key.ctrl || key.alt {
            return Outcome::Ignored;
        }
        if matches!(self.mode, Mode::Visual | Mode::VisualLine) {
            self.on_selection(buffer, c, clip)
        } else {
            self.normal(buffer, c, page, clip)
        }
    }

    /// Arrows and such work in every mode.
    fn plain_key(
        &mut self,
        buffer: &mut TextBuffer,
        key: Key,
        page: usize,
        clip: &mut Clip,
    ) -> Outcome {
        let moves = matches!(
            key.code,
            Code::Left
                | Code::Right
                | Code::Up
                | Code::Down
                | Code::Home
                | Code::End
                | Code::PageUp
                | Code::PageDown
        );
        if !moves {
            return Outcome::Ignored;
        }
        let select = self.mode != Mode::Normal;
        buffer.key(
            Key {
                shift: select,
                ..key
            },
            page,
            clip,
        );
        Outcome::Done
    }

    /// The motion of a key, and whether it is over whole lines.
    fn motion(&mut self, key: Key, page: usize) -> Option<(Motion, bool)> {
        let Code::Char(c) = key.code else {
            return match key.code {
                Code::Enter => Some((Motion::Down(self.times()), true)),
                Code::Backspace => Some((Motion::Left, false)),
                _ => None,
            };
        };
        if key.ctrl {
            let half = (page / 2).max(1);
            return match c {
                'd' => Some((Motion::Down(half), true)),
                'u' => Some((Motion::Up(half), true)),
                'f' => Some((Motion::Down(page.max(1)), true)),
                'b' => Some((Motion::Up(page.max(1)), true)),
                _ => None,
            };
        }
        if key.alt {
            return None;
        }
        Some(match c {
            'h' => (Motion::Left, false),
            'l' | ' ' => (Motion::Right, false),
            'j' | '+' => (Motion::Down(self.times()), true),
            'k' | '-' => (Motion::Up(self.times()), true),
            'w' | 'W' => (Motion::WordRight, false),
            'b' | 'B' => (Motion::WordLeft, false),
            'e' | 'E' => (Motion::WordEnd, false),
            '0' => (Motion::LineStart, false),
            '^' | '_' => (Motion::LineText, false),
            '$' => (Motion::LineEnd, false),
            'G' => match self.count.take() {
                Some(line) => (Motion::Line(line.saturating_sub(1)), true),
                None => (Motion::Line(usize::MAX), true),
            },
            '{' => (Motion::ParagraphUp, false),
            '}' => (Motion::ParagraphDown, false),
            '%' => (Motion::Bracket, false),
            ';' => (self.last_find?, false),
            ',' => match self.last_find? {
                Motion::Find {
                    wanted,
                    forward,
                    till,
                } => (
                    Motion::Find {
                        wanted,
                        forward: !forward,
                        till,
                    },
                    false,
                ),
                other => (other, false),
            },
            _ => return None,
        })
    }

    /// Moves, or does the waiting operator over the motion.
    fn moved(&mut self, buffer: &mut TextBuffer, motion: Motion, lines: bool, clip: &mut Clip) {
        let times = self.times();
        let Some(operator) = self.operator else {
            let select = self.mode != Mode::Normal;
            for _ in 0..times {
                buffer.go(motion, select);
            }
            return;
        };
        let start = buffer.cursor();
        let mut target = start;
        for _ in 0..times {
            buffer.go(motion, false);
            target = buffer.cursor();
        }
        // `dw` on the last word of a line does not join lines.
        if motion == Motion::WordRight && target.line > start.line {
            target = Place::new(start.line, buffer.line(start.line).len());
        }
        // `cw` leaves the blanks behind the word.
        if operator == Operator::Change && motion == Motion::WordRight {
            let kept = buffer.between(start, target).trim_end().len();
            if kept > 0 && target.line == start.line {
                target = Place::new(start.line, start.column + kept);
            }
        }
        let inclusive = matches!(
            motion,
            Motion::WordEnd | Motion::Bracket | Motion::Find { forward: true, .. }
        ) && target >= start
            && target != start;
        let (from, mut to) = (start.min(target), start.max(target));
        if inclusive {
            to = buffer.after(to);
        }
        buffer.move_to(start, false);
        self.operate(buffer, (from, to, lines), clip);
    }

    /// Does the waiting operator.
    fn operate(&mut self, buffer: &mut TextBuffer, span: Span, clip: &mut Clip) {
        let Some(operator) = self.operator.take() else {
            return;
        };
        let (from, to, lines) = span;
        let count = to.line - from.line + 1;
        match operator {
            Operator::Indent | Operator::Outdent => {
                let end = Place::new(to.line, buffer.line(to.line).len());
                let at = Place::new(from.line, 0);
                // A single empty line has nothing to select, and nothing to indent.
                if at != end {
                    buffer.select(at, end);
                    if operator == Operator::Indent {
                        buffer.indent();
                    } else {
                        buffer.outdent();
                    }
                }
                let text = indent_of(buffer.line(from.line));
                buffer.move_to(Place::new(from.line, text), false);
            }
            Operator::Yank => {
                *clip = if lines {
                    buffer.clip_lines(from.line, count)
                } else {
                    Clip {
                        text: buffer.between(from, to),
                        lines: false,
                    }
                };
                buffer.move_to(
                    if lines {
                        buffer.cursor().min(from)
                    } else {
                        from
                    },
                    false,
                );
            }
            Operator::Delete if lines => {
                *clip = buffer.clip_lines(from.line, count);
                buffer.delete_lines(from.line, count);
                let line = buffer.cursor().line;
                buffer.move_to(Place::new(line, indent_of(buffer.line(line))), false);
            }
            Operator::Change if lines => {
                *clip = buffer.clip_lines(from.line, count);
                let text = indent_of(buffer.line(from.line));
                let end = Place::new(to.line, buffer.line(to.line).len());
                buffer.replace(Place::new(from.line, text), end, "");
                self.mode = Mode::Insert;
            }
            Operator::Delete | Operator::Change => {
                *clip = Clip {
                    text: buffer.between(from, to),
                    lines: false,
                };
                buffer.replace(from, to, "");
                buffer.move_to(from, false);
                if operator == Operator::Change {
                    self.mode = Mode::Insert;
                }
            }
        }
    }

    /// The second key of a command.
    fn second(
        &mut self,
        buffer: &mut TextBuffer,
        waits: Waits,
        key: Key,
        clip: &mut Clip,
    ) -> Outcome {
        let Code::Char(c) = key.code else {
            self.abandon();
            return Outcome::Done;
        };
        match waits {
            Waits::G if c == 'g' => {
                let line = self.count.take().map_or(0, |line| line.saturating_sub(1));
                self.moved(buffer, Motion::Line(line), true, clip);
            }
            Waits::Find { forward, till } => {
                let motion = Motion::Find {
                    wanted: c,
                    forward,
                    till,
                };
                self.last_find = Some(motion);
                self.moved(buffer, motion, false, clip);
            }
            Waits::Replace => {
                let from = buffer.cursor();
                let to = buffer.after(from);
                if to.line == from.line && to != from {
                    buffer.replace(from, to, c.encode_utf8(&mut [0; 4]));
                    buffer.move_to(from, false);
                }
            }
            Waits::Object { around } => match object(buffer, c, around) {
                Some((from, to)) if self.operator.is_some() => {
                    self.operate(buffer, (from, to, false), clip);
                }
                Some((from, to)) => buffer.select(from, buffer.before(to)),
                None => self.abandon(),
            },
            // The screen keeps the cursor in view by itself.
            Waits::Z if matches!(c, 'z' | 't' | 'b') => {}
            Waits::G | Waits::Z => self.abandon(),
        }
        Outcome::Done
    }

    fn abandon(&mut self) {
        self.operator = None;
        self.waits = None;
        self.count = None;
    }
}

#[cfg(test)]
mod tests;
