//! Escapes and character classes.

use super::{RegexError, Translator};
use std::fmt::Write as _;

impl<'p> Translator<'p> {
    pub(super) fn escape(&mut self) -> Result<(), RegexError> {
        let mut chars = self.rest.chars();
        chars.next();
        let Some(c) = chars.next() else {
            return self.error("trailing backslash at end of expression", "");
        };
        match c {
            'A' | 'z' => {
                self.advance(2);
                self.out.push_str(if c == 'A' { "\\A" } else { "\\z" });
                self.atom();
            }
            'b' | 'B' => {
                self.advance(2);
                self.out
                    .push_str(if c == 'b' { "(?-u:\\b)" } else { "(?-u:\\B)" });
                self.atom();
            }
            'Q' => {
                self.advance(2);
                let length = self.rest.find("\\E").unwrap_or(self.rest.len());
                let quoted = self.advance(length);
                if self.rest.starts_with("\\E") {
                    self.advance(2);
                }
                for c in quoted.chars() {
                    self.literal(c);
                }
            }
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => {
                self.advance(2);
                self.out.push_str(&perl_class(c));
                self.atom();
            }
            'p' | 'P' => {
                let class = self.unicode_class()?;
                self.out.push_str(&class);
                self.atom();
            }
            'E' => {
                // Outside a quotation it is no escape that Go knows.
                let text = self.rest.get(..2).unwrap_or(self.rest);
                return self.error("invalid escape sequence", text);
            }
            _ => {
                let c = self.escaped_char()?;
                self.literal(c);
            }
        }
        Ok(())
    }

    /// `\pL`, `\p{Greek}`, `\P{^Lu}` in the crate's words.
    fn unicode_class(&mut self) -> Result<String, RegexError> {
        let from = self.rest;
        let mut negated = from.as_bytes().get(1) == Some(&b'P');
        let tail = &from[2..];
        let invalid = |text: &str| RegexError {
            kind: "invalid character class range",
            text: text.to_owned(),
        };
        let (name, length) = match tail.chars().next() {
            None => return Err(invalid(from)),
            Some('{') => {
                let end = tail.find('}').ok_or_else(|| invalid(from))?;
                (&tail[1..end], 2 + end + 1)
            }
            Some(c) => (&tail[..c.len_utf8()], 2 + c.len_utf8()),
        };
        let whole = self.advance(length);
        let name = match name.strip_prefix('^') {
            Some(name) => {
                negated = !negated;
                name
            }
            None => name,
        };
        let known = |b: u8| b == b'_' || b.is_ascii_alphanumeric();
        if name.is_empty() || !name.bytes().all(known) {
            return Err(invalid(whole));
        }
        let letter = if negated { 'P' } else { 'p' };
        let class = format!("\\{letter}{{{name}}}");
        if regex::Regex::new(&class).is_err() {
            return Err(invalid(whole));
        }
        Ok(class)
    }

    /// One character after a backslash, in a class or outside.
    fn escaped_char(&mut self) -> Result<char, RegexError> {
        let from = self.rest;
        let mut chars = from.char_indices().skip(1);
        let invalid = |end: usize| RegexError {
            kind: "invalid escape sequence",
            text: from.get(..end).unwrap_or(from).to_owned(),
        };
        let Some((_, c)) = chars.next() else {
            return self.error("trailing backslash at end of expression", "");
        };
        let digit = |at: usize| {
            from.as_bytes()
                .get(at)
                .filter(|b| (b'0'..=b'7').contains(b))
                .map(|b| u32::from(b - b'0'))
        };
        let (code, length) = match c {
            // A single digit other than 0 would be a back-reference.
            '1'..='7' if digit(2).is_none() => return Err(invalid(2)),
            '0'..='7' => {
                let mut code = 0;
                let mut at = 1;
                while at < 4
                    && let Some(value) = digit(at)
                {
                    code = code * 8 + value;
                    at += 1;
                }
                (code, at)
            }
            'x' => hexadecimal(from).map_err(invalid)?,
            'a' => (7, 2),
            'f' => (12, 2),
            'n' => (10, 2),
            'r' => (13, 2),
            't' => (9, 2),
            'v' => (11, 2),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => (u32::from(c), 2),
            c => return Err(invalid(1 + c.len_utf8())),
        };
        let c = char::from_u32(code).ok_or_else(|| invalid(length))?;
        self.advance(length);
        Ok(c)
    }

    pub(super) fn class(&mut self) -> Result<(), RegexError> {
        let whole = self.rest;
        self.advance(1);
        let mut class = String::from("[");
        if self.rest.starts_with('^') {
            self.advance(1);
            class.push('^');
        }
        let mut first = true;
        loop {
            if self.rest.is_empty() {
                return self.error("missing closing ]", whole);
            }
            if self.rest.starts_with(']') && !first {
                self.advance(1);
                break;
            }
            first = false;
            if self.rest.starts_with("[:")
                && let Some(end) = self.rest[2..].find(":]")
            {
                let name = self.advance(end + 4);
                match posix_class(name) {
                    Some(ascii) => class.push_str(ascii),
                    None => return self.error("invalid character class range", name),
                }
                continue;
            }
            if self.rest.starts_with("\\p") || self.rest.starts_with("\\P") {
                let unicode = self.unicode_class()?;
                class.push_str(&unicode);
                continue;
            }
            if let Some(letter) = self.rest.strip_prefix('\\').and_then(|r| r.chars().next())
                && matches!(letter, 'd' | 'D' | 's' | 'S' | 'w' | 'W')
            {
                self.advance(2);
                class.push_str(&perl_class(letter));
                continue;
            }
            self.class_range(whole, &mut class)?;
        }
        class.push(']');
        self.out.push_str(&class);
        self.atom();
        Ok(())
    }

    fn class_range(&mut self, whole: &str, class: &mut String) -> Result<(), RegexError> {
        let from = self.rest;
        let low = self.class_char(whole)?;
        let mut high = low;
        if self.rest.starts_with('-') && self.rest.len() >= 2 && !self.rest.starts_with("-]") {
            self.advance(1);
            high = self.class_char(whole)?;
            if high < low {
                let range = &from[..from.len() - self.rest.len()];
                return self.error("invalid character class range", range);
            }
        }
        push_class_literal(class, low);
        if high != low {
            class.push('-');
            push_class_literal(class, high);
        }
        Ok(())
    }

    fn class_char(&mut self, whole: &str) -> Result<char, RegexError> {
        match self.rest.chars().next() {
            None => self.error("missing closing ]", whole),
            Some('\\') => self.escaped_char(),
            Some(c) => {
                self.advance(c.len_utf8());
                Ok(c)
            }
        }
    }
}

/// `\xFF` or `\x{10FFFF}`: code and length, or the length of what is wrong.
fn hexadecimal(from: &str) -> Result<(u32, usize), usize> {
    if from[2..].starts_with('{') {
        let end = from[3..].find('}').ok_or(from.len())?;
        let digits = &from[3..3 + end];
        let length = 3 + end + 1;
        let hex = |b: u8| b.is_ascii_hexdigit();
        if digits.is_empty() || !digits.bytes().all(hex) {
            return Err(length);
        }
        let code =
            u32::from_str_radix(digits.trim_start_matches('0'), 16).or_else(|error| match error
                .kind()
            {
                std::num::IntErrorKind::Empty => Ok(0),
                _ => Err(length),
            })?;
        return Ok((code, length));
    }
    let digits = from.get(2..4).ok_or(from.len())?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(4);
    }
    let code = u32::from_str_radix(digits, 16).map_err(|_| 4usize)?;
    Ok((code, 4))
}

pub(super) fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || c == '_' || c == ' ' || !c.is_ascii() {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{{{:x}}}", u32::from(c));
    }
}

fn push_class_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{{{:x}}}", u32::from(c));
    }
}

fn perl_class(letter: char) -> String {
    let inner = match letter.to_ascii_lowercase() {
        'd' => "0-9",
        's' => "\\t\\n\\x0c\\r ",
        _ => "0-9A-Za-z_",
    };
    let caret = if letter.is_ascii_uppercase() { "^" } else { "" };
    format!("[{caret}{inner}]")
}

/// `[:alpha:]` and its like, with `^` for the complement.
fn posix_class(name: &str) -> Option<&'static str> {
    let classes = [
        ("alnum", "[0-9A-Za-z]", "[^0-9A-Za-z]"),
        ("alpha", "[A-Za-z]", "[^A-Za-z]"),
        ("ascii", "[\\x00-\\x7f]", "[^\\x00-\\x7f]"),
        ("blank", "[\\t ]", "[^\\t ]"),
        ("cntrl", "[\\x00-\\x1f\\x7f]", "[^\\x00-\\x1f\\x7f]"),
        ("digit", "[0-9]", "[^0-9]"),
        ("graph", "[!-~]", "[^!-~]"),
        ("lower", "[a-z]", "[^a-z]"),
        ("print", "[\\x20-\\x7e]", "[^\\x20-\\x7e]"),
        (
            "punct",
            "[!-/:-@\\x5b-\\x60\\x7b-\\x7e]",
            "[^!-/:-@\\x5b-\\x60\\x7b-\\x7e]",
        ),
        ("space", "[\\t-\\r ]", "[^\\t-\\r ]"),
        ("upper", "[A-Z]", "[^A-Z]"),
        ("word", "[0-9A-Za-z_]", "[^0-9A-Za-z_]"),
        ("xdigit", "[0-9A-Fa-f]", "[^0-9A-Fa-f]"),
    ];
    let inner = name.strip_prefix("[:")?.strip_suffix(":]")?;
    let (inner, negated) = match inner.strip_prefix('^') {
        Some(inner) => (inner, true),
        None => (inner, false),
    };
    classes
        .iter()
        .find(|(known, _, _)| *known == inner)
        .map(|(_, class, complement)| if negated { *complement } else { *class })
}
