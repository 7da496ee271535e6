//! The scanner: template source → tokens.
//!
//! It follows the lexical rules of Go's `text/template`, also where it refuses input: the parser
//! meets an [`Error`](TokenKind::Error) token at the place where Go's would.

use super::token::{Token, TokenKind};
use crate::golang::quote;
use regex::Regex;
use std::sync::LazyLock;

const LEFT_DELIM: &str = "{{";
const RIGHT_DELIM: &str = "}}";
const LEFT_COMMENT: &str = "/*";
const RIGHT_COMMENT: &str = "*/";
/// A minus and the space that must stand between it and the rest.
const TRIM_MARKER: usize = 2;

/// Splits the source into tokens. The last one is an [`Error`](TokenKind::Error) or an
/// [`Eof`](TokenKind::Eof).
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        source,
        start: 0,
        position: 0,
        parens: 0,
        tokens: Vec::new(),
    };
    if let Err(message) = lexer.text() {
        let span = lexer.start..lexer.position;
        lexer.tokens.push(Token {
            kind: TokenKind::Error(message),
            span,
        });
    }
    lexer.tokens
}

struct Lexer<'s> {
    source: &'s str,
    start: usize,
    position: usize,
    parens: usize,
    tokens: Vec<Token>,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.position..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.position += next.map_or(0, char::len_utf8);
        next
    }

    fn accept(&mut self, valid: &str) -> bool {
        let found = self.peek().is_some_and(|c| valid.contains(c));
        if found {
            self.position += 1;
        }
        found
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    fn emit(&mut self, kind: TokenKind) {
        self.tokens.push(Token {
            kind,
            span: self.start..self.position,
        });
        self.start = self.position;
    }

    fn word(&self) -> &'s str {
        self.source
            .get(self.start..self.position)
            .unwrap_or_default()
    }

    /// Everything, starting outside of an action.
    fn text(&mut self) -> Result<(), String> {
        loop {
            let rest = self.rest();
            let Some(length) = rest.find(LEFT_DELIM) else {
                self.position = self.source.len();
                if self.position > self.start {
                    self.emit(TokenKind::Text);
                }
                self.emit(TokenKind::Eof);
                return Ok(());
            };
            let (text, action) = rest.split_at(length);
            let action = action.get(LEFT_DELIM.len()..).unwrap_or_default();
            let trim = has_left_trim_marker(action);
            let kept = if trim {
                text.trim_end_matches(is_space)
            } else {
                text
            };
            self.position += kept.len();
            if !kept.is_empty() {
                self.emit(TokenKind::Text);
            }
            self.position += length - kept.len();
            self.start = self.position;
            self.position += LEFT_DELIM.len();
            let marker = if trim { TRIM_MARKER } else { 0 };
            if action
                .get(marker..)
                .is_some_and(|a| a.starts_with(LEFT_COMMENT))
            {
                self.position += marker;
                self.comment()?;
                continue;
            }
            self.emit(TokenKind::LeftDelim);
            self.position += marker;
            self.start = self.position;
            self.parens = 0;
            while self.inside_action()? {}
        }
    }

    fn comment(&mut self) -> Result<(), String> {
        self.start = self.position;
        self.position += LEFT_COMMENT.len();
        let Some(length) = self.rest().find(RIGHT_COMMENT) else {
            return Err("unclosed comment".into());
        };
        self.position += length + RIGHT_COMMENT.len();
        let Some(trim) = self.right_delim() else {
            return Err("comment ends before closing delimiter".into());
        };
        self.skip_right_delim(trim);
        Ok(())
    }

    /// Whether a closing delimiter follows, and whether it trims what comes behind it.
    fn right_delim(&self) -> Option<bool> {
        let rest = self.rest();
        if has_right_trim_marker(rest)
            && rest
                .get(TRIM_MARKER..)
                .is_some_and(|r| r.starts_with(RIGHT_DELIM))
        {
            return Some(true);
        }
        rest.starts_with(RIGHT_DELIM).then_some(false)
    }

    fn skip_right_delim(&mut self, trim: bool) {
        if trim {
            self.position += TRIM_MARKER;
            self.start = self.position;
        }
        self.position += RIGHT_DELIM.len();
        if trim {
            let rest = self.rest();
            let after = rest.trim_start_matches(is_space);
            self.position += rest.len() - after.len();
        }
        self.start = self.position;
    }

    /// One token of an action; whether there are more.
    fn inside_action(&mut self) -> Result<bool, String> {
        if let Some(trim) = self.right_delim() {
            if self.parens > 0 {
                return Err("unclosed left paren".into());
            }
            let start = self.start + if trim { TRIM_MARKER } else { 0 };
            self.tokens.push(Token {
                kind: TokenKind::RightDelim,
                span: start..start + RIGHT_DELIM.len(),
            });
            self.skip_right_delim(trim);
            return Ok(false);
        }
        let Some(c) = self.next() else {
            return Err("unclosed action".into());
        };
        match c {
            c if is_space(c) => self.space(),
            '=' => self.emit(TokenKind::Assign),
            ':' => {
                if self.next() != Some('=') {
                    return Err("expected :=".into());
                }
                self.emit(TokenKind::Declare);
            }
            '|' => self.emit(TokenKind::Pipe),
            '"' => self.quoted('"', "unterminated quoted string", TokenKind::String)?,
            '\'' => {
                self.quoted(
                    '\'',
                    "unterminated character constant",
                    TokenKind::CharConstant,
                )?;
            }
            '`' => {
                let Some(length) = self.rest().find('`') else {
                    return Err("unterminated raw quoted string".into());
                };
                self.position += length + 1;
                self.emit(TokenKind::RawString);
            }
            '$' => self.field_or_variable(TokenKind::Variable)?,
            '.' if !self.peek().is_some_and(|c| c.is_ascii_digit()) && !self.rest().is_empty() => {
                self.field_or_variable(TokenKind::Field)?;
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.position -= 1;
                self.number()?;
            }
            c if is_alphanumeric(c) => self.identifier()?,
            '(' => {
                self.parens += 1;
                self.emit(TokenKind::LeftParen);
            }
            ')' => {
                self.emit(TokenKind::RightParen);
                self.parens = self.parens.checked_sub(1).ok_or("unexpected right paren")?;
            }
            c if c.is_ascii() && quote::is_print(c) => self.emit(TokenKind::Char),
            c => return Err(format!("unrecognized character in action: {}", unicode(c))),
        }
        Ok(true)
    }

    /// A run of spaces, the first of which was read. The last one may belong to a closing delimiter
    /// that trims.
    fn space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.position += 1;
        }
        let last = self.position - 1;
        let tail = self.source.get(last..).unwrap_or_default();
        if has_right_trim_marker(tail)
            && tail
                .get(TRIM_MARKER..)
                .is_some_and(|t| t.starts_with(RIGHT_DELIM))
        {
            self.position = last;
            if last == self.start {
                return;
            }
        }
        self.emit(TokenKind::Space);
    }

    fn quoted(&mut self, end: char, message: &str, kind: TokenKind) -> Result<(), String> {
        loop {
            match self.next() {
                Some('\\') => {
                    if self.next().is_none_or(|c| c == '\n') {
                        return Err(message.into());
                    }
                }
                None | Some('\n') => return Err(message.into()),
                Some(c) if c == end => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Ok(())
    }

    fn identifier(&mut self) -> Result<(), String> {
        self.alphanumerics()?;
        let kind = match self.word() {
            "block" => TokenKind::Block,
            "break" => TokenKind::Break,
            "continue" => TokenKind::Continue,
            "define" => TokenKind::Define,
            "else" => TokenKind::Else,
            "end" => TokenKind::End,
            "if" => TokenKind::If,
            "nil" => TokenKind::Nil,
            "range" => TokenKind::Range,
            "template" => TokenKind::Template,
            "with" => TokenKind::With,
            "true" | "false" => TokenKind::Bool,
            _ => TokenKind::Identifier,
        };
        self.emit(kind);
        Ok(())
    }

    /// After a dot or a dollar sign, which may also stand alone.
    fn field_or_variable(&mut self, kind: TokenKind) -> Result<(), String> {
        if self.at_terminator() {
            self.emit(if kind == TokenKind::Field {
                TokenKind::Dot
            } else {
                kind
            });
            return Ok(());
        }
        self.alphanumerics()?;
        self.emit(kind);
        Ok(())
    }

    fn alphanumerics(&mut self) -> Result<(), String> {
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        if self.at_terminator() {
            return Ok(());
        }
        let c = self.peek().unwrap_or_default();
        Err(format!("bad character {}", unicode(c)))
    }

    /// Whether a name can end here.
    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(c) if is_space(c) => true,
            Some(_) => self.rest().starts_with(RIGHT_DELIM),
        }
    }

    fn number(&mut self) -> Result<(), String> {
        let mut good = self.scan_number();
        let mut kind = TokenKind::Number;
        if good && matches!(self.peek(), Some('+' | '-')) {
            // Complex: 1+2i, no spaces, the end must be an i.
            good = self.scan_number() && self.word().ends_with('i');
            kind = TokenKind::Complex;
        }
        if !good {
            let word = quote::quote(self.word().as_bytes());
            return Err(format!("bad number syntax: {word}"));
        }
        self.emit(kind);
        Ok(())
    }

    fn scan_number(&mut self) -> bool {
        const DECIMAL: &str = "0123456789_";
        const HEX: &str = "0123456789abcdefABCDEF_";
        self.accept("+-");
        let mut digits = DECIMAL;
        if self.accept("0") {
            // A leading 0 does not mean octal in floats.
            if self.accept("xX") {
                digits = HEX;
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        if digits == DECIMAL && self.accept("eE") || digits == HEX && self.accept("pP") {
            self.accept("+-");
            self.accept_run(DECIMAL);
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }
}

fn has_left_trim_marker(text: &str) -> bool {
    text.strip_prefix('-')
        .is_some_and(|rest| rest.starts_with(is_space))
}

fn has_right_trim_marker(text: &str) -> bool {
    text.starts_with(is_space) && text.get(1..).is_some_and(|rest| rest.starts_with('-'))
}

/// What trimming removes and what separates words: no other Unicode space does.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// Go's letters and decimal digits, and the underscore: fewer than Unicode's alphanumerics.
fn is_alphanumeric(c: char) -> bool {
    static BEYOND_ASCII: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{Nd}]$").ok());
    if c.is_ascii() {
        return c == '_' || c.is_ascii_alphanumeric();
    }
    BEYOND_ASCII
        .as_ref()
        .is_some_and(|regex| regex.is_match(c.encode_utf8(&mut [0; 4])))
}

/// Go's `%#U`.
fn unicode(c: char) -> String {
    let mut text = format!("U+{:04X}", u32::from(c));
    if quote::is_print(c) {
        text.push_str(&format!(" '{c}'"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<TokenKind> {
        tokens(source).into_iter().map(|token| token.kind).collect()
    }

    #[test]
    fn trims_only_what_go_trims() {
        let source = "a \u{a0}{{- 1 -}}\n\t b";
        let texts: Vec<_> = tokens(source)
            .into_iter()
            .filter(|token| token.kind == TokenKind::Text)
            .map(|token| source[token.span].to_owned())
            .collect();
        assert_eq!(texts, ["a \u{a0}", "b"]);
    }

    #[test]
    fn a_minus_needs_its_space() {
        use TokenKind as K;
        assert_eq!(
            kinds("{{-1}}"),
            [K::LeftDelim, K::Number, K::RightDelim, K::Eof]
        );
        assert_eq!(
            kinds("{{.a -}}"),
            [K::LeftDelim, K::Field, K::RightDelim, K::Eof]
        );
        assert_eq!(
            kinds("{{.a  -}}"),
            [K::LeftDelim, K::Field, K::Space, K::RightDelim, K::Eof]
        );
        assert!(matches!(kinds("{{.a-}}").last(), Some(K::Error(_))));
    }

    #[test]
    fn names_have_letters_and_digits() {
        for good in ["{{.é٣}}", "{{.名_1}}"] {
            assert_eq!(kinds(good).last(), Some(&TokenKind::Eof), "{good}");
        }
        for bad in ["{{.a²}}", "{{.aⅣ}}", "{{.a\u{301}}}"] {
            assert!(
                matches!(kinds(bad).last(), Some(TokenKind::Error(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn dots_fields_numbers() {
        use TokenKind as K;
        assert_eq!(
            kinds("{{. .a..b $ $x .5 1+2i}}"),
            [
                K::LeftDelim,
                K::Dot,
                K::Space,
                K::Field,
                K::Dot,
                K::Field,
                K::Space,
                K::Variable,
                K::Space,
                K::Variable,
                K::Space,
                K::Number,
                K::Space,
                K::Complex,
                K::RightDelim,
                K::Eof
            ]
        );
    }
}
