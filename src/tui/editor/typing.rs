//! Keys that type and move, outside of vim's modes.

use super::Clip;
use super::buffer::TextBuffer;
use super::motion::Motion;
use crate::tui::key::{Code, Key};

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// It means nothing here.
    Ignored,
    /// It was done.
    Done,
}

impl TextBuffer {
    /// Takes a key that types, moves or removes. With shift, moving selects. `page` is the number
    /// of lines that are seen. What `C-k` and `C-w` remove is kept in `clip`.
    pub fn key(&mut self, key: Key, page: usize, clip: &mut Clip) -> Typed {
        let word = key.ctrl || key.alt;
        let motion = match key.code {
            Code::Left if word => Some(Motion::WordLeft),
            Code::Right if word => Some(Motion::WordRight),
            Code::Left => Some(Motion::Left),
            Code::Right => Some(Motion::Right),
            Code::Up => Some(Motion::Up(1)),
            Code::Down => Some(Motion::Down(1)),
            Code::PageUp => Some(Motion::Up(page.max(2) - 1)),
            Code::PageDown => Some(Motion::Down(page.max(2) - 1)),
            Code::Home if key.ctrl => Some(Motion::Top),
            Code::End if key.ctrl => Some(Motion::Bottom),
            Code::Home => Some(Motion::Home),
            Code::End => Some(Motion::LineEnd),
            Code::Char('b') if key.alt => Some(Motion::WordLeft),
            Code::Char('f') if key.alt => Some(Motion::WordRight),
            Code::Char('a') if key.ctrl => Some(Motion::Home),
            Code::Char('e') if key.ctrl => Some(Motion::LineEnd),
            Code::Char('b') if key.ctrl => Some(Motion::Left),
            Code::Char('f') if key.ctrl => Some(Motion::Right),
            Code::Char('p') if key.ctrl => Some(Motion::Up(1)),
            Code::Char('n') if key.ctrl => Some(Motion::Down(1)),
            Code::Char('<') if key.alt => Some(Motion::Top),
            Code::Char('>') if key.alt => Some(Motion::Bottom),
            _ => None,
        };
        if let Some(motion) = motion {
            let ends = matches!(motion, Motion::Left | Motion::Right);
            match self.selection() {
                // Out of a selection, to the end of it on that side.
                Some((from, to)) if ends && !key.shift && !word => {
                    self.move_to(if motion == Motion::Left { from } else { to }, false);
                }
                _ => self.go(motion, key.shift),
            }
            return Typed::Done;
        }
        match key.code {
            Code::Char(c) if !key.ctrl && !key.alt => {
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
            Code::Enter => self.new_line(),
            Code::Backspace if word => self.remove_to(Motion::WordLeft, clip),
            Code::Backspace => self.backspace(),
            Code::Delete if word => self.remove_to(Motion::WordRight, clip),
            Code::Delete => self.delete(),
            Code::Char('h') if key.ctrl => self.backspace(),
            Code::Char('w') if key.ctrl => self.remove_to(Motion::WordLeft, clip),
            Code::Char('k') if key.ctrl => self.remove_rest(clip),
            _ => return Typed::Ignored,
        }
        Typed::Done
    }

    fn backspace(&mut self) {
        if self.delete_selection() {
            return;
        }
        let cursor = self.cursor();
        let line = self.line(cursor.line);
        let before = line.get(..cursor.column).unwrap_or("");
        // Within the indentation a level goes at once.
        let blanks = !before.is_empty() && before.bytes().all(|byte| byte == b' ');
        let from = if blanks && before.len() % 2 == 0 {
            super::Place::new(cursor.line, before.len() - 2)
        } else {
            self.before(cursor)
        };
        self.replace(from, cursor, "");
    }

    fn delete(&mut self) {
        if !self.delete_selection() {
            let cursor = self.cursor();
            self.replace(cursor, self.after(cursor), "");
        }
    }

    fn remove_to(&mut self, motion: Motion, clip: &mut Clip) {
        let (from, to) = match self.selection() {
            Some(selection) => selection,
            None => {
                let (cursor, target) = (self.cursor(), self.target(motion));
                (cursor.min(target), cursor.max(target))
            }
        };
        self.take(from, to, clip);
    }

    /// Removes the rest of the line, or the line's end when there is no rest.
    fn remove_rest(&mut self, clip: &mut Clip) {
        let cursor = self.cursor();
        let end = self.target(Motion::LineEnd);
        let to = if end == cursor {
            self.after(cursor)
        } else {
            end
        };
        self.take(cursor, to, clip);
    }

    fn take(&mut self, from: super::Place, to: super::Place, clip: &mut Clip) {
        let text = self.between(from, to);
        if !text.is_empty() {
            *clip = Clip { text, lines: false };
            self.replace(from, to, "");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(buffer: &mut TextBuffer, keys: &str) -> Clip {
        let mut clip = Clip::default();
        for key in keys.split(' ') {
            let key = Key::parse(key).expect("a key");
            buffer.key(key, 10, &mut clip);
        }
        clip
    }

    #[test]
    fn shift_selects_and_arrows_leave_the_selection() {
        let mut buffer = TextBuffer::new("abc def");
        press(&mut buffer, "S-Right S-Right");
        assert_eq!(buffer.selection().map(|(_, to)| to.column), Some(2));
        press(&mut buffer, "Left");
        assert_eq!((buffer.cursor().column, buffer.selection()), (0, None));
        press(&mut buffer, "C-Right S-End x");
        assert_eq!(buffer.text(), "abc x");
    }

    #[test]
    fn what_is_removed_in_one_go_is_kept() {
        let mut buffer = TextBuffer::new("abc def\nx");
        assert_eq!(press(&mut buffer, "End C-w").text, "def");
        assert_eq!(press(&mut buffer, "Home C-k").text, "abc ");
        assert_eq!(press(&mut buffer, "C-k").text, "\n");
        assert_eq!(buffer.text(), "x");
    }

    #[test]
    fn backspace_takes_a_level_of_indentation() {
        let mut buffer = TextBuffer::new("    a");
        press(&mut buffer, "Right Right Right Right Backspace");
        assert_eq!(buffer.text(), "  a");
        press(&mut buffer, "End Backspace Backspace");
        assert_eq!(buffer.text(), "");
    }
}
