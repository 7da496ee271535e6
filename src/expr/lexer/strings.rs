//! Literals of text and bytes, and their escapes.

use super::{LexError, Lexer, TokenKind};
use crate::expr::Version;

impl Lexer<'_> {
    /// Moves behind the closing quote, checking escapes on the way.
    fn scan_string(&mut self, quote: char) -> Result<(), LexError> {
        loop {
            match self.next() {
                None | Some('\n') => return self.error("literal not terminated"),
                Some(c) if c == quote => return Ok(()),
                Some('\\') => self.scan_escape(quote)?,
                Some(_) => {}
            }
        }
    }

    fn scan_escape(&mut self, quote: char) -> Result<(), LexError> {
        let (base, count) = match self.next() {
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\') => return Ok(()),
            Some(c) if c == quote => return Ok(()),
            Some('0'..='7') => (8, 2),
            Some('x') => (16, 2),
            Some('u') if self.version == Version::V1_17 && self.peek() == Some('{') => {
                self.accept_run("{0123456789abcdefABCDEF");
                if self.accept("}") {
                    return Ok(());
                }
                return self.error("invalid char escape");
            }
            Some('u') => (16, 4),
            Some('U') => (16, 8),
            _ => return self.error("invalid char escape"),
        };
        for _ in 0..count {
            match self.peek() {
                Some(c) if c.is_digit(base) => {
                    self.next();
                }
                _ => {
                    self.next();
                    return self.error("invalid char escape");
                }
            }
        }
        Ok(())
    }

    pub(super) fn string(&mut self, quote: char) -> Result<(), LexError> {
        self.scan_string(quote)?;
        let inner = &self.source[self.start + 1..self.at - 1];
        match unescape(inner) {
            Some(text) => self.emit_value(TokenKind::Text, text),
            None => return self.error("unable to unescape string"),
        }
        Ok(())
    }

    pub(super) fn byte_string(&mut self) -> Result<(), LexError> {
        let quote = self.next().unwrap_or('\'');
        self.scan_string(quote)?;
        let inner = &self.source[self.start + 2..self.at - 1];
        let Some(bytes) = unescape_bytes(inner) else {
            return self.error("unable to unescape string");
        };
        let value = String::from_utf8_lossy(&bytes).into_owned();
        self.emit_value(TokenKind::Bytes, value);
        if let Some(token) = self.tokens.last_mut() {
            token.bytes = bytes;
        }
        Ok(())
    }

    pub(super) fn raw_string(&mut self) -> Result<(), LexError> {
        match self.source[self.at..].find('`') {
            Some(length) => {
                let text = self.source[self.at..self.at + length].to_owned();
                self.at += length + 1;
                self.emit_value(TokenKind::Text, text);
                Ok(())
            }
            None => {
                self.at = self.source.len();
                self.error("literal not terminated")
            }
        }
    }
}

/// Line ends are `\n` inside strings, whatever the file has.
fn normalize(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// The text behind a backslash and letter that stand for one character.
fn simple_escape(c: char) -> Option<char> {
    Some(match c {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' | '\'' | '"' => c,
        _ => return None,
    })
}

/// What the inside of a quoted string stands for.
fn unescape(inner: &str) -> Option<String> {
    let text = normalize(inner);
    if !text.contains('\\') {
        return Some(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        if let Some(simple) = simple_escape(c) {
            out.push(simple);
            continue;
        }
        let (code, length) = match c {
            '0'..='3' => {
                let digits = rest.get(..2)?;
                let low = u32::from_str_radix(digits, 8).ok()?;
                (c.to_digit(8)? * 64 + low, 2)
            }
            'x' => (u32::from_str_radix(rest.get(..2)?, 16).ok()?, 2),
            'u' if rest.starts_with('{') => {
                let end = rest.find('}')?;
                let digits = rest.get(1..end)?;
                if digits.is_empty() || digits.len() > 6 {
                    return None;
                }
                (u32::from_str_radix(digits, 16).ok()?, end + 1)
            }
            'u' => (u32::from_str_radix(rest.get(..4)?, 16).ok()?, 4),
            'U' => (u32::from_str_radix(rest.get(..8)?, 16).ok()?, 8),
            _ => return None,
        };
        if code > 0x0010_ffff {
            return None;
        }
        // Half of a surrogate pair has no UTF-8 form.
        out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
        rest = &rest[length..];
    }
    out.push_str(rest);
    Some(out)
}

/// What the inside of a byte literal stands for; there are no Unicode escapes in it.
fn unescape_bytes(inner: &str) -> Option<Vec<u8>> {
    let text = normalize(inner);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let c = rest.chars().next()?;
        rest = &rest[c.len_utf8()..];
        if let Some(simple) = simple_escape(c) {
            out.push(simple as u8);
            continue;
        }
        let byte = match c {
            '0'..='3' => {
                let low = u32::from_str_radix(rest.get(..2)?, 8).ok()?;
                c.to_digit(8)? * 64 + low
            }
            'x' => u32::from_str_radix(rest.get(..2)?, 16).ok()?,
            _ => return None,
        };
        out.push(u8::try_from(byte).ok()?);
        rest = &rest[2..];
    }
    out.extend_from_slice(rest.as_bytes());
    Some(out)
}
