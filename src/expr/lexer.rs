//! Source text to tokens, with the original's rules for numbers, strings and names.

use super::Version;
use super::error::Span;
use std::sync::LazyLock;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Identifier,
    Number,
    Text,
    Bytes,
    Operator,
    Bracket,
    End,
}

/// One token. For strings `value` is what they stand for, else the source text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub value: String,
    /// What a byte literal stands for.
    pub bytes: Vec<u8>,
    pub span: Span,
}

impl Token {
    pub fn is(&self, kind: TokenKind, value: &str) -> bool {
        self.kind == kind && self.value == value
    }

    pub fn is_operator(&self, value: &str) -> bool {
        self.is(TokenKind::Operator, value)
    }

    pub fn is_bracket(&self, value: &str) -> bool {
        self.is(TokenKind::Bracket, value)
    }

    /// As the original's messages name it: `Identifier("b")`, `EOF`.
    pub fn describe(&self) -> String {
        let kind = match self.kind {
            TokenKind::Identifier => "Identifier",
            TokenKind::Number => "Number",
            TokenKind::Text => "String",
            TokenKind::Bytes => "Bytes",
            TokenKind::Operator => "Operator",
            TokenKind::Bracket => "Bracket",
            TokenKind::End => "EOF",
        };
        if self.value.is_empty() {
            return kind.to_owned();
        }
        format!("{kind}({})", go_quoted(&self.value))
    }
}

/// Go's `%q` for texts in messages.
pub(super) fn go_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if (c as u32) < 0x80 && c.is_control() => {
                out.push_str(&format!("\\x{:02x}", c as u32));
            }
            c if c.is_control() || c == '\u{feff}' => {
                out.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct LexError {
    pub message: String,
    pub span: Span,
}

const KEYWORDS: [&str; 9] = [
    "not",
    "in",
    "or",
    "and",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "let",
];

/// All tokens, the last is [`TokenKind::End`].
pub(super) fn lex(source: &str, version: Version) -> Result<Vec<Token>, LexError> {
    let mut lexer = Lexer {
        source,
        at: 0,
        start: 0,
        version,
        tokens: Vec::new(),
    };
    while lexer.next_token()? {}
    Ok(lexer.tokens)
}

/// Letters, digits, `_` and `$`, in Go's sense of letter and digit.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c == '_' || c == '$' || c.is_ascii_alphanumeric();
    }
    static WORD: LazyLock<Option<regex::Regex>> =
        LazyLock::new(|| regex::Regex::new(r"^[\p{L}\p{Nd}]$").ok());
    WORD.as_ref()
        .is_some_and(|word| word.is_match(c.encode_utf8(&mut [0; 4])))
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    start: usize,
    version: Version,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.source[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, set: &str) -> bool {
        match self.peek() {
            Some(c) if set.contains(c) => {
                self.at += c.len_utf8();
                true
            }
            _ => false,
        }
    }

    fn accept_run(&mut self, set: &str) {
        while self.accept(set) {}
    }

    fn word(&self) -> &str {
        &self.source[self.start..self.at]
    }

    fn emit(&mut self, kind: TokenKind) {
        let value = self.word().to_owned();
        self.emit_value(kind, value);
    }

    fn emit_value(&mut self, kind: TokenKind, value: String) {
        self.tokens.push(Token {
            kind,
            value,
            bytes: Vec::new(),
            span: Span::new(self.start, self.at),
        });
        self.start = self.at;
    }

    /// An error at the character just read.
    fn error<T>(&self, message: impl Into<String>) -> Result<T, LexError> {
        let last = self.source[..self.at].chars().next_back();
        let from = self.at - last.map_or(0, char::len_utf8);
        Err(LexError {
            message: message.into(),
            span: Span::new(from, self.at),
        })
    }

    /// Reads one token; `false` after the last.
    fn next_token(&mut self) -> Result<bool, LexError> {
        self.start = self.at;
        let Some(c) = self.next() else {
            // The original points at the last character.
            let last = self.source.chars().next_back();
            let from = self.source.len() - last.map_or(0, char::len_utf8);
            self.tokens.push(Token {
                kind: TokenKind::End,
                value: String::new(),
                bytes: Vec::new(),
                span: Span::new(from, self.source.len()),
            });
            return Ok(false);
        };
        match c {
            c if c.is_whitespace() => {}
            '\'' | '"' => self.string(c)?,
            '`' => self.raw_string()?,
            'b' | 'B'
                if self.version == Version::V1_17 && matches!(self.peek(), Some('\'' | '"')) =>
            {
                self.byte_string()?;
            }
            '0'..='9' => {
                self.at = self.start;
                self.number()?;
            }
            '?' => {
                self.accept(".?");
                self.emit(TokenKind::Operator);
            }
            '/' => self.slash()?,
            '#' => self.pointer(),
            '|' => {
                self.accept("|");
                self.emit(TokenKind::Operator);
            }
            ':' => {
                self.accept(":");
                self.emit(TokenKind::Operator);
            }
            '(' | '[' | '{' | ')' | ']' | '}' => self.emit(TokenKind::Bracket),
            ',' | ';' | '%' | '+' | '-' | '^' => self.emit(TokenKind::Operator),
            '&' | '!' | '=' | '*' | '<' | '>' => {
                self.accept("&=*");
                self.emit(TokenKind::Operator);
            }
            '.' => {
                if self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.number()?;
                } else {
                    self.accept(".");
                    self.emit(TokenKind::Operator);
                }
            }
            c if is_word(c) => self.identifier(),
            c => {
                let code = format!("U+{:04X}", c as u32);
                let shown = if c.is_control() || is_invisible(c) {
                    String::new()
                } else {
                    format!(" '{c}'")
                };
                return self.error(format!("unrecognized character: {code}{shown}"));
            }
        }
        Ok(true)
    }

    fn identifier(&mut self) {
        while self.peek().is_some_and(is_word) {
            self.next();
        }
        let word = self.word();
        let branching = self.version == Version::V1_17 && matches!(word, "if" | "else");
        if branching || KEYWORDS.contains(&word) {
            self.emit(TokenKind::Operator);
        } else {
            self.emit(TokenKind::Identifier);
        }
    }

    /// `#`, and the name that may follow it at once.
    fn pointer(&mut self) {
        self.accept("#");
        self.emit(TokenKind::Operator);
        while self.peek().is_some_and(is_word) {
            self.next();
        }
        if self.at > self.start {
            self.emit(TokenKind::Identifier);
        }
    }

    fn slash(&mut self) -> Result<(), LexError> {
        if self.accept("/") {
            while let Some(c) = self.next() {
                if c == '\n' {
                    break;
                }
            }
            return Ok(());
        }
        if self.accept("*") {
            match self.source[self.at..].find("*/") {
                Some(length) => self.at += length + 2,
                None => {
                    self.at = self.source.len();
                    return self.error("unclosed comment");
                }
            }
            return Ok(());
        }
        self.emit(TokenKind::Operator);
        Ok(())
    }

    fn number(&mut self) -> Result<(), LexError> {
        let mut digits = "0123456789_";
        if self.accept("0") {
            if self.accept("xX") {
                digits = "0123456789abcdefABCDEF_";
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        let before_point = self.at;
        if self.accept(".") {
            if self.peek() == Some('.') {
                // A range such as 1..3.
                self.at = before_point;
                self.emit(TokenKind::Number);
                return Ok(());
            }
            self.accept_run(digits);
        }
        if self.accept("eE") {
            self.accept("+-");
            self.accept_run(digits);
        }
        if self.peek().is_some_and(is_word) {
            self.next();
            let word = go_quoted(self.word());
            return self.error(format!("bad number syntax: {word}"));
        }
        self.emit(TokenKind::Number);
        Ok(())
    }

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

    fn string(&mut self, quote: char) -> Result<(), LexError> {
        self.scan_string(quote)?;
        let inner = &self.source[self.start + 1..self.at - 1];
        match unescape(inner) {
            Some(text) => self.emit_value(TokenKind::Text, text),
            None => return self.error("unable to unescape string"),
        }
        Ok(())
    }

    fn byte_string(&mut self) -> Result<(), LexError> {
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

    fn raw_string(&mut self) -> Result<(), LexError> {
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

/// Characters that Go's `%#U` does not print.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{ad}')
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
