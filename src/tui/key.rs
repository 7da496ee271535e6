//! Keys as people write them: `a`, `D`, `C-s`, `F5`, `Enter`.
//!
//! A character key is the character it produces, whatever the layout needed to type it, so shift is
//! never part of a character key.

use std::fmt;

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// A character, as produced.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key.
    F(u8),
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// Control is held.
    pub ctrl: bool,
    /// Alt is held.
    pub alt: bool,
    /// Shift is held; always false for characters.
    pub shift: bool,
}

const NAMES: [(Code, &str); 16] = [
    (Code::Enter, "Enter"),
    (Code::Esc, "Esc"),
    (Code::Tab, "Tab"),
    (Code::BackTab, "Shift-Tab"),
    (Code::Backspace, "Backspace"),
    (Code::Delete, "Delete"),
    (Code::Insert, "Insert"),
    (Code::Up, "Up"),
    (Code::Down, "Down"),
    (Code::Left, "Left"),
    (Code::Right, "Right"),
    (Code::Home, "Home"),
    (Code::End, "End"),
    (Code::PageUp, "PgUp"),
    (Code::PageDown, "PgDn"),
    (Code::Char(' '), "Space"),
];

impl Key {
    /// A key without modifiers.
    pub const fn plain(code: Code) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
            shift: false,
        }
    }

    /// A character without modifiers.
    pub const fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// Reads a written key: modifiers `C-`, `A-`, `S-` before a character or a key's name.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "Shift-Tab" {
            return Some(Self::plain(Code::BackTab));
        }
        let mut key = Self::plain(Code::Esc);
        let mut rest = text;
        loop {
            let mut chars = rest.chars();
            let (Some(modifier), Some('-'), Some(_)) = (chars.next(), chars.next(), chars.next())
            else {
                break;
            };
            match modifier {
                'C' => key.ctrl = true,
                'A' => key.alt = true,
                'S' => key.shift = true,
                _ => break,
            }
            rest = rest.get(2..)?;
        }
        let mut chars = rest.chars();
        key.code = match (chars.next(), chars.next()) {
            (Some(c), None) => Code::Char(c),
            (Some('F'), Some(_)) if rest[1..].parse::<u8>().is_ok() => {
                Code::F(rest[1..].parse().ok()?)
            }
            _ => NAMES.iter().find(|(_, name)| *name == rest)?.0,
        };
        Some(key)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("C-")?;
        }
        if self.alt {
            f.write_str("A-")?;
        }
        if self.shift {
            f.write_str("S-")?;
        }
        if let Some((_, name)) = NAMES.iter().find(|(code, _)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            Code::Char(c) => write!(f, "{c}"),
            Code::F(number) => write!(f, "F{number}"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_as_they_are_written() {
        for text in [
            "a",
            "D",
            "!",
            "-",
            "C-d",
            "A-x",
            "C-A-k",
            "Enter",
            "Shift-Tab",
            "F5",
            "Space",
            "PgUp",
            "S-Up",
            "F",
            "C--",
        ] {
            let key = Key::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(key.to_string(), text);
        }
        assert_eq!(Key::parse("C-"), None);
        assert_eq!(Key::parse("Foo"), None);
        assert_eq!(Key::parse(""), None);
    }
}
