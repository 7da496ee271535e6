//! Walking over JSON text without decoding it.
//!
//! Finds where members and elements begin and end. It checks the structure, not the grammar inside
//! scalars: whoever decodes a slice that was found here still gets to see what is wrong in it.

use std::borrow::Cow;

/// The text is not the JSON that was expected there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid JSON at byte {at}: expected {expected}")]
pub struct ScanError {
    /// Offset in bytes from the beginning of the text.
    pub at: usize,
    /// What should have been there.
    pub expected: &'static str,
}

/// A position in a JSON text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The first byte of the next token, not consumed.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Consumes the next token when it is this byte.
    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn error(&self, expected: &'static str) -> ScanError {
        ScanError {
            at: self.at,
            expected,
        }
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), ScanError> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(self.error(expected))
        }
    }

    /// Consumes the opening brace of an object.
    pub(super) fn enter_object(&mut self) -> Result<(), ScanError> {
        self.expect(b'{', "an object")
    }

    /// Consumes the opening bracket of an array.
    pub(super) fn enter_array(&mut self) -> Result<(), ScanError> {
        self.expect(b'[', "an array")
    }

    /// Moves to the next member's value and gives its quoted name as written; `None` after the
    /// closing brace. `first` is true right after [`Self::enter_object`].
    pub(super) fn next_member(&mut self, first: bool) -> Result<Option<&'a str>, ScanError> {
        if self.take(b'}') {
            return Ok(None);
        }
        if !first {
            self.expect(b',', "a comma or the end of the object")?;
        }
        if self.peek() != Some(b'"') {
            return Err(self.error("a member name"));
        }
        let name = self.value()?;
        self.expect(b':', "a colon")?;
        Ok(Some(name))
    }

    /// The next element's text; `None` after the closing bracket.
    pub(super) fn next_element(&mut self, first: bool) -> Result<Option<&'a str>, ScanError> {
        if self.take(b']') {
            return Ok(None);
        }
        if !first {
            self.expect(b',', "a comma or the end of the array")?;
        }
        self.value().map(Some)
    }

    /// Consumes one value of any kind and gives its text.
    pub(super) fn value(&mut self) -> Result<&'a str, ScanError> {
        let first = self.peek().ok_or_else(|| self.error("a value"))?;
        let begin = self.at;
        match first {
            b'"' => self.skip_string()?,
            b'{' | b'[' => self.skip_nested()?,
            b',' | b':' | b'}' | b']' => return Err(self.error("a value")),
            _ => self.skip_scalar(),
        }
        self.text
            .get(begin..self.at)
            .ok_or_else(|| self.error("a value"))
    }

    /// The text from here on, without consuming it.
    pub(super) fn rest(&mut self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Starts at the opening quote, ends behind the closing one.
    fn skip_string(&mut self) -> Result<(), ScanError> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        while let Some(rest) = bytes.get(at..)
            && let Some(found) = memchr::memchr2(b'"', b'\\', rest)
        {
            at += found;
            if bytes[at] == b'"' {
                self.at = at + 1;
                return Ok(());
            }
            at += 2;
        }
        Err(self.error("the end of the string"))
    }

    /// Starts at an opening bracket, ends behind the one that closes it. Counts instead of
    /// recursing, so that depth costs nothing.
    fn skip_nested(&mut self) -> Result<(), ScanError> {
        let bytes = self.text.as_bytes();
        let begin = self.at;
        let mut depth = 0usize;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
        self.at = begin;
        Err(self.error("the end of the object or array that begins here"))
    }

    fn skip_scalar(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') {
                return;
            }
            self.at += 1;
        }
    }
}

/// The meaning of a quoted name as it stands in the text.
pub(super) fn unquote(quoted: &str) -> Cow<'_, str> {
    let plain = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(quoted);
    match plain.contains('\\') {
        true => serde_json::from_str(quoted).map_or(Cow::Borrowed(plain), Cow::Owned),
        false => Cow::Borrowed(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Result<Vec<(String, String)>, ScanError> {
        let mut scanner = Scanner::new(text);
        scanner.enter_object()?;
        let mut found = Vec::new();
        while let Some(name) = scanner.next_member(found.is_empty())? {
            let value = scanner.value()?;
            found.push((unquote(name).into_owned(), value.to_owned()));
        }
        Ok(found)
    }

    #[test]
    fn finds_members_whatever_they_hold() {
        let text = r#" { "a" : "x}\"]" ,"b":[1,{"c":"]"}], "\u0063\n":-1.5e3,"d":null} "#;
        let expected = [
            ("a", r#""x}\"]""#),
            ("b", r#"[1,{"c":"]"}]"#),
            ("c\n", "-1.5e3"),
            ("d", "null"),
        ];
        let found = members(text).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(members("{}").unwrap(), []);
    }

    #[test]
    fn cut_off_or_malformed_text_is_an_error() {
        let whole = r#"{"a":{"b":["c\\"]},"d":1}"#;
        assert!(members(whole).is_ok());
        for end in 0..whole.len() {
            assert!(members(&whole[..end]).is_err(), "{}", &whole[..end]);
        }
        for text in [
            "[]",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1 \"b\":2}",
            "{a:1}",
        ] {
            assert!(members(text).is_err(), "{text}");
        }
    }
}
