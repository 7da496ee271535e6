//! Source text to tokens, with the original's rules for numbers, strings and names.

mod strings;

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
}

/// Characters that Go's `%#U` does not print.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{ad}')
}
