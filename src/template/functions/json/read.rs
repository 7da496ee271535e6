//! JSON text as values: numbers are floats, of equal names the last one counts.

use crate::golang::parse;
use crate::template::functions::runes::runes;
use crate::template::value::{List, Map, Text, Type, Value};
use crate::template::{Failure, Session};

/// What was read.
pub(super) struct Parsed<'v> {
    /// The value.
    pub(super) value: Value<'v>,
    /// An error that does not prevent a value: a number that no float holds. It became nil.
    pub(super) complaint: Option<String>,
}

/// Reads one JSON value.
///
/// # Errors
/// With Go's message when the text is not JSON; when a limit is reached.
pub(super) fn parse<'v>(text: &[u8], session: &Session<'v>) -> Result<Parsed<'v>, Failure> {
    let mut reader = Reader {
        text,
        position: 0,
        complaint: None,
        session,
    };
    let value = reader.value()?;
    reader.skip_space();
    if reader.peek().is_some() {
        return Err(reader.unexpected("after top-level value"));
    }
    Ok(Parsed {
        value,
        complaint: reader.complaint,
    })
}

struct Reader<'r, 'v> {
    text: &'r [u8],
    position: usize,
    complaint: Option<String>,
    session: &'r Session<'v>,
}

impl<'v> Reader<'_, 'v> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.position += 1;
        }
    }

    /// Go's complaint about the character that is next.
    fn unexpected(&self, context: &str) -> Failure {
        let rest = self.text.get(self.position..).unwrap_or_default();
        match rest.first() {
            None => Failure::new("unexpected end of JSON input"),
            Some(b'\'') => Failure::new(format!("invalid character '\\'' {context}")),
            Some(byte) => {
                let c = char::from(*byte);
                Failure::new(format!("invalid character {:?} {context}", c))
            }
        }
    }

    fn value(&mut self) -> Result<Value<'v>, Failure> {
        self.session.step()?;
        self.session.charge(size_of::<Value<'_>>())?;
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => Ok(Value::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Nil),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn word(&mut self, word: &str, value: Value<'v>) -> Result<Value<'v>, Failure> {
        for expected in word.chars() {
            if self.peek().map(char::from) != Some(expected) {
                let context = format!("in literal {word} (expecting {expected:?})");
                return Err(self.unexpected(&context));
            }
            self.position += 1;
        }
        Ok(value)
    }

    fn array(&mut self) -> Result<Value<'v>, Failure> {
        let _level = self.session.descend()?;
        self.position += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.position += 1;
            return Ok(List::new(items)?.into());
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.position += 1,
                Some(b']') => break,
                _ => return Err(self.unexpected("after array element")),
            }
        }
        self.position += 1;
        Ok(List::appended(&Type::Any, items)?.into())
    }

    fn object(&mut self) -> Result<Value<'v>, Failure> {
        let _level = self.session.descend()?;
        self.position += 1;
        let mut members = Vec::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.position += 1;
            return Ok(Map::new(members)?.into());
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let name = self.string()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("after object key"));
            }
            self.position += 1;
            members.push((name, self.value()?));
            self.skip_space();
            match self.peek() {
                Some(b',') => self.position += 1,
                Some(b'}') => break,
                _ => return Err(self.unexpected("after object key:value pair")),
            }
        }
        self.position += 1;
        Ok(Map::new(members)?.into())
    }

    fn number(&mut self) -> Result<Value<'v>, Failure> {
        let start = self.position;
        if self.peek() == Some(b'-') {
            self.position += 1;
        }
        match self.peek() {
            Some(b'0') => self.position += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err(self.unexpected("in numeric literal")),
        }
        if self.peek() == Some(b'.') {
            self.position += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.position += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.position += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        let literal = self.text.get(start..self.position).unwrap_or_default();
        let literal = String::from_utf8_lossy(literal);
        Ok(match parse::parse_float(&literal) {
            Ok(number) => Value::Float(number),
            Err(_) => {
                self.complaint.get_or_insert_with(|| {
                    format!("json: cannot unmarshal number {literal} into Go value of type float64")
                });
                Value::Nil
            }
        })
    }

    fn digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.position += 1;
        }
    }

    fn some_digits(&mut self, context: &str) -> Result<(), Failure> {
        match self.peek() {
            Some(b'0'..=b'9') => {
                self.digits();
                Ok(())
            }
            _ => Err(self.unexpected(context)),
        }
    }

    fn string(&mut self) -> Result<Text<'v>, Failure> {
        self.position += 1;
        let mut out = Vec::new();
        loop {
            let start = self.position;
            while let Some(byte) = self.peek()
                && byte >= 0x20
                && byte != b'"'
                && byte != b'\\'
            {
                self.position += 1;
            }
            let plain = self.text.get(start..self.position).unwrap_or_default();
            self.session.charge(plain.len())?;
            match std::str::from_utf8(plain) {
                Ok(_) => out.extend_from_slice(plain),
                Err(_) => out.extend(runes(plain).map(|r| r.c).collect::<String>().into_bytes()),
            }
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let c = self.escape()?;
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => return Err(self.unexpected("in string literal")),
            }
        }
        self.position += 1;
        Ok(out.into())
    }

    fn escape(&mut self) -> Result<char, Failure> {
        self.position += 1;
        let c = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.position += 1;
                return self.unicode();
            }
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.position += 1;
        Ok(c)
    }

    /// The four digits after `\u`, and the second half of a surrogate pair. Lone halves become
    /// U+FFFD.
    fn unicode(&mut self) -> Result<char, Failure> {
        let first = self.four_digits()?;
        let rest = self.text.get(self.position..).unwrap_or_default();
        if let 0xd800..=0xdbff = first
            && rest.starts_with(b"\\u")
        {
            let before = self.position;
            self.position += 2;
            let second = self.four_digits()?;
            if let 0xdc00..=0xdfff = second {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.position = before;
        }
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Result<u32, Failure> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected("in \\u hexadecimal character escape"));
            };
            code = code * 16 + digit;
            self.position += 1;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{Limits, print};

    fn shown(text: &str) -> String {
        let session = Session::new(Limits::default(), None);
        let parsed = match parse(text.as_bytes(), &session) {
            Ok(parsed) => parsed,
            Err(failure) => return failure.message,
        };
        match print::display(&parsed.value, &session) {
            Ok(shown) => String::from_utf8_lossy(&shown).into_owned(),
            Err(failure) => failure.message,
        }
    }

    #[test]
    fn values_and_complaints() {
        let cases = [
            ("[1, -0.5e1, true, null]", "[1 -5 true <nil>]"),
            ("{\"a\": {}, \"a\": \"\\u00e9\\n\"}", "map[a:\u{e9}\n]"),
            ("\"\\ud83d\\ude80 \\ud83d x\"", "\u{1f680} \u{fffd} x"),
            ("[1e400, 2]", "[<nil> 2]"),
            ("", "unexpected end of JSON input"),
            ("01", "invalid character '1' after top-level value"),
            (
                "bad",
                "invalid character 'b' looking for beginning of value",
            ),
            ("tru", "unexpected end of JSON input"),
            (
                "[1,]",
                "invalid character ']' looking for beginning of value",
            ),
            (
                "{\"a\":1,}",
                "invalid character '}' looking for beginning of object key string",
            ),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            ("1.", "unexpected end of JSON input"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(shown(&"[".repeat(100_000)).contains("depth"));
    }
}
