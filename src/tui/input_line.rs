//! One line of text being typed: filters, searches, the palette, names.

use super::key::{Code, Key};

/// Longest line, in bytes; pastes are cut.
const LIMIT: usize = 16 * 1_024;

/// A text with a cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InputLine {
    text: String,
    /// Byte offset, always at a character boundary.
    cursor: usize,
}

impl InputLine {
    /// A line with the cursor at its end.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            cursor: text.len(),
            text,
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor.
    pub fn before_cursor(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or(&self.text)
    }

    /// Puts text at the cursor, without control characters.
    pub fn insert(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            if self.text.len() + c.len_utf8() > LIMIT {
                return;
            }
            self.text.insert(self.cursor, c);
            self.cursor += c.len_utf8();
        }
    }

    /// Takes a key; false when it is none of this line's.
    pub fn key(&mut self, key: Key) -> bool {
        match (key.code, key.ctrl, key.alt) {
            (Code::Char('a'), true, _) | (Code::Home, ..) => self.cursor = 0,
            (Code::Char('e'), true, _) | (Code::End, ..) => self.cursor = self.text.len(),
            (Code::Char('u'), true, _) => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            (Code::Char('k'), true, _) => self.text.truncate(self.cursor),
            (Code::Char('w'), true, _) => {
                let kept = self.before_cursor().trim_end();
                let start = kept.rfind(' ').map_or(0, |at| at + 1);
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            (Code::Char('h'), true, _) | (Code::Backspace, ..) => {
                if let Some(c) = self.before_cursor().chars().next_back() {
                    self.cursor -= c.len_utf8();
                    self.text.remove(self.cursor);
                }
            }
            (Code::Delete, ..) => {
                if self.cursor < self.text.len() {
                    self.text.remove(self.cursor);
                }
            }
            (Code::Left, ..) => {
                if let Some(c) = self.before_cursor().chars().next_back() {
                    self.cursor -= c.len_utf8();
                }
            }
            (Code::Right, ..) => {
                if let Some(c) = self.text.get(self.cursor..).and_then(|t| t.chars().next()) {
                    self.cursor += c.len_utf8();
                }
            }
            (Code::Char(c), false, false) => self.insert(c.encode_utf8(&mut [0; 4])),
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &str) -> InputLine {
        let mut line = InputLine::default();
        for key in keys.split(' ') {
            assert!(line.key(Key::parse(key).unwrap()), "{key}");
        }
        line
    }

    #[test]
    fn editing_works_on_characters() {
        assert_eq!(typed("a é 本 Left Backspace").text(), "a本");
        assert_eq!(typed("a b Home c End d").text(), "cabd");
        assert_eq!(typed("a b Left Delete Delete").text(), "a");
        assert_eq!(typed("a Space b c C-w").text(), "a ");
        assert_eq!(typed("a b Left C-u").text(), "b");
        assert_eq!(typed("a b Left C-k").text(), "a");
        assert_eq!(typed("Backspace Left Right C-w C-u a").text(), "a");
    }

    #[test]
    fn a_paste_is_one_line_and_bounded() {
        let mut line = InputLine::new("x");
        line.insert("a\nb\u{1b}c");
        assert_eq!(line.text(), "xabc");
        line.insert(&"é".repeat(5_000));
        assert!(line.text().len() <= LIMIT);
        assert!(!line.key(Key::parse("F1").unwrap()));
    }
}
