//! Pipelines: declarations, commands, operands.

use super::node::{Command, Declared, Pipe, Word, WordKind};
use super::token::TokenKind;
use super::{Parsed, Parser, number};
use crate::domain::nearest;
use crate::golang::quote;
use crate::template::error::{ErrorKind, TemplateError};
use crate::template::functions;

/// How many variables of different names a source may have: bounds the look-ups.
const MAX_VARIABLES: usize = 1000;

impl Parser<'_> {
    /// Declarations and commands up to the token that ends them.
    pub(super) fn pipeline(&mut self, context: &str, end: &TokenKind) -> Parsed<Pipe> {
        self.descend()?;
        self.skip_space();
        let mut pipe = Pipe {
            position: self.span().start,
            variables: Vec::new(),
            assign: false,
            commands: Vec::new(),
        };
        self.declarations(context, &mut pipe)?;
        loop {
            self.skip_space();
            match self.peek() {
                kind if kind == end => {
                    self.check_pipeline(&pipe, context)?;
                    self.advance();
                    self.ascend();
                    return Ok(pipe);
                }
                TokenKind::Bool
                | TokenKind::CharConstant
                | TokenKind::Complex
                | TokenKind::Dot
                | TokenKind::Field
                | TokenKind::Identifier
                | TokenKind::Number
                | TokenKind::Nil
                | TokenKind::RawString
                | TokenKind::String
                | TokenKind::Variable
                | TokenKind::LeftParen => {
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(context),
            }
        }
    }

    /// `$x :=`, `$x =`, or in a range `$i, $x :=`.
    fn declarations(&mut self, context: &str, pipe: &mut Pipe) -> Parsed<()> {
        loop {
            self.skip_space();
            if *self.peek() != TokenKind::Variable {
                return Ok(());
            }
            let start = self.position;
            let name = self.text().to_owned();
            self.advance();
            self.skip_space();
            let comma = *self.peek() == TokenKind::Char && self.text() == ",";
            match self.peek() {
                TokenKind::Assign | TokenKind::Declare => {
                    pipe.assign = *self.peek() == TokenKind::Assign;
                    self.advance();
                    return self.declare(name, pipe);
                }
                TokenKind::Char if comma => {
                    self.advance();
                    self.declare(name, pipe)?;
                    if context != "range" || pipe.variables.len() >= 2 {
                        return self.error(format_args!("too many declarations in {context}"));
                    }
                    self.skip_space();
                    if !matches!(
                        self.peek(),
                        TokenKind::Variable | TokenKind::RightDelim | TokenKind::RightParen
                    ) {
                        return self.error("range can only initialize variables");
                    }
                }
                _ => {
                    self.position = start;
                    return Ok(());
                }
            }
        }
    }

    fn declare(&mut self, name: String, pipe: &mut Pipe) -> Parsed<()> {
        let id = match self.names.iter().position(|known| *known == name) {
            Some(id) => id,
            None if self.names.len() < MAX_VARIABLES => {
                self.names.push(name.clone());
                self.names.len() - 1
            }
            None => {
                let mut error = self.error_at(
                    self.span().start,
                    format_args!("more than {MAX_VARIABLES} variables"),
                    None,
                );
                error.kind = ErrorKind::Limit;
                return Err(error);
            }
        };
        if !self.scope.contains(&id) {
            self.scope.push(id);
        }
        pipe.variables.push(Declared { id, name });
        Ok(())
    }

    fn check_pipeline(&self, pipe: &Pipe, context: &str) -> Parsed<()> {
        if pipe.commands.is_empty() {
            return self.error(format_args!("missing value for {context}"));
        }
        for (stage, command) in pipe.commands.iter().enumerate().skip(1) {
            let first = command.words.first().map(|word| &word.kind);
            if matches!(
                first,
                Some(
                    WordKind::Bool(_)
                        | WordKind::Dot
                        | WordKind::Nil
                        | WordKind::Number(_)
                        | WordKind::Text { .. }
                )
            ) {
                return self.error(format_args!(
                    "non executable command in pipeline stage {}",
                    stage + 1
                ));
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Parsed<Command> {
        self.skip_space();
        let mut command = Command {
            position: self.span().start,
            words: Vec::new(),
        };
        loop {
            self.skip_space();
            if let Some(word) = self.operand()? {
                command.words.push(word);
            }
            match self.peek() {
                TokenKind::Space => {
                    self.advance();
                }
                TokenKind::RightDelim | TokenKind::RightParen => break,
                TokenKind::Pipe => {
                    self.advance();
                    break;
                }
                _ => return self.unexpected("operand"),
            }
        }
        if command.words.is_empty() {
            return self.error("empty command");
        }
        Ok(command)
    }

    /// A term, possibly followed by fields.
    fn operand(&mut self) -> Parsed<Option<Word>> {
        let Some(mut word) = self.term()? else {
            return Ok(None);
        };
        if *self.peek() != TokenKind::Field {
            return Ok(Some(word));
        }
        let position = self.span().start;
        let mut more = Vec::new();
        while *self.peek() == TokenKind::Field {
            more.push(self.field_name());
            self.advance();
        }
        match &mut word.kind {
            WordKind::Field(fields) | WordKind::Variable { fields, .. } => {
                fields.append(&mut more);
                word.position = position;
                Ok(Some(word))
            }
            WordKind::Bool(_)
            | WordKind::Text { .. }
            | WordKind::Number(_)
            | WordKind::Nil
            | WordKind::Dot => {
                let term = quote::quote(word.to_string().as_bytes());
                self.error(format_args!("unexpected . after term {term}"))
            }
            _ => Ok(Some(Word {
                position,
                kind: WordKind::Chain(Box::new(word), more),
            })),
        }
    }

    fn field_name(&self) -> String {
        self.text().trim_start_matches('.').to_owned()
    }

    fn term(&mut self) -> Parsed<Option<Word>> {
        self.skip_space();
        let position = self.span().start;
        let text = self.text().to_owned();
        let kind = match self.peek() {
            TokenKind::Identifier => match functions::find(&text) {
                Some(function) => WordKind::Function(function),
                None => return Err(self.undefined_function(&text)),
            },
            TokenKind::Dot => WordKind::Dot,
            TokenKind::Nil => WordKind::Nil,
            TokenKind::Variable => {
                let id = self.names.iter().position(|known| *known == text);
                match id.filter(|id| self.scope.contains(id)) {
                    Some(id) => WordKind::Variable {
                        id,
                        name: text,
                        fields: Vec::new(),
                    },
                    None => {
                        let name = quote::quote(text.as_bytes());
                        return self.error(format_args!("undefined variable {name}"));
                    }
                }
            }
            TokenKind::Field => WordKind::Field(vec![self.field_name()]),
            TokenKind::Bool => WordKind::Bool(text == "true"),
            kind @ (TokenKind::CharConstant | TokenKind::Complex | TokenKind::Number) => {
                let number = match kind {
                    TokenKind::CharConstant => number::character(&text),
                    TokenKind::Complex => number::complex(&text),
                    _ => number::number(&text),
                };
                match number {
                    Ok(number) => WordKind::Number(number),
                    Err(message) => return self.error(message),
                }
            }
            TokenKind::LeftParen => {
                self.advance();
                let pipe = self.pipeline("parenthesized pipeline", &TokenKind::RightParen)?;
                return Ok(Some(Word {
                    position,
                    kind: WordKind::Pipe(pipe),
                }));
            }
            TokenKind::String | TokenKind::RawString => match quote::unquote(&text) {
                Ok(value) => WordKind::Text {
                    value,
                    source: text,
                },
                Err(message) => return self.error(message),
            },
            _ => return Ok(None),
        };
        self.advance();
        Ok(Some(Word { position, kind }))
    }

    fn undefined_function(&self, name: &str) -> TemplateError {
        let message = format!("function {} not defined", quote::quote(name.as_bytes()));
        let help = match name {
            "env" | "expandenv" => {
                Some("templates cannot read the environment; pass the value as a variable".into())
            }
            _ => nearest(name, functions::names()).map(|known| format!("did you mean {known}?")),
        };
        self.error_at(self.span().start, message, help)
    }
}
