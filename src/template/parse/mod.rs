//! The parser of Go templates: source → parse trees.
//!
//! It accepts what Go's `text/template/parse` accepts and refuses what that refuses, with the same
//! message. Functions are looked up here, so that an unknown one is an error before anything is
//! rendered.

mod control;
mod lex;
pub(super) mod node;
mod number;
mod pipeline;
pub(super) mod reads;
mod token;

use super::error::{ErrorKind, TemplateError};
use crate::golang::quote;
use node::{Tree, VariableId};
use std::collections::HashMap;
use token::{Token, TokenKind};

/// How deeply actions and parentheses may be nested: protects the stack of the parser and of
/// everything that walks the tree. Go has no limit here; real templates stay below ten.
const MAX_NESTING: usize = 100;

/// A parsed source: the template and the parts that it defines.
#[derive(Debug)]
pub(super) struct Trees {
    /// By name; the template itself is under its own name.
    pub by_name: HashMap<String, Tree>,
}

/// Parses a Go template.
///
/// # Errors
/// When Go would refuse it, or when it is nested too deeply.
pub(super) fn parse(name: &str, source: &str) -> Result<Trees, TemplateError> {
    let mut parser = Parser {
        name,
        source,
        tokens: lex::tokens(source),
        position: 0,
        trees: HashMap::new(),
        names: vec!["$".to_owned()],
        scope: vec![node::ROOT_VARIABLE],
        loops: 0,
        depth: 0,
        action: None,
    };
    let body = parser.template()?;
    parser.add(name.to_owned(), body)?;
    Ok(Trees {
        by_name: parser.trees,
    })
}

/// Line and column of a byte position; the column counts characters. Both from 1.
pub(super) fn line_and_column(source: &str, position: usize) -> (usize, usize) {
    let before = source.get(..position).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(start..).map_or(0, |text| text.chars().count()) + 1;
    (line, column)
}

struct Parser<'s> {
    name: &'s str,
    source: &'s str,
    tokens: Vec<Token>,
    position: usize,
    trees: HashMap<String, Tree>,
    /// The names of variables; their positions are the ids.
    names: Vec<String>,
    /// The variables that are declared here, innermost last.
    scope: Vec<VariableId>,
    /// How many `range` are open here.
    loops: usize,
    depth: usize,
    /// Where the action began that is being read.
    action: Option<usize>,
}

type Parsed<T> = Result<T, TemplateError>;

impl Parser<'_> {
    fn peek(&self) -> &TokenKind {
        self.tokens
            .get(self.position)
            .map_or(&TokenKind::Eof, |token| &token.kind)
    }

    fn span(&self) -> std::ops::Range<usize> {
        self.tokens
            .get(self.position.min(self.tokens.len().saturating_sub(1)))
            .map_or(0..0, |token| token.span.clone())
    }

    fn text(&self) -> &str {
        self.source.get(self.span()).unwrap_or_default()
    }

    fn advance(&mut self) {
        // The last token repeats: nothing comes behind the end or an error.
        if self.position + 1 < self.tokens.len() {
            self.position += 1;
        }
    }

    fn skip_space(&mut self) {
        while *self.peek() == TokenKind::Space {
            self.advance();
        }
    }

    fn eat(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek() == kind;
        if found {
            self.advance();
        }
        found
    }

    fn error<T>(&self, message: impl std::fmt::Display) -> Parsed<T> {
        Err(self.error_at(self.span().start, message, None))
    }

    fn error_at(
        &self,
        position: usize,
        message: impl std::fmt::Display,
        help: Option<String>,
    ) -> TemplateError {
        let (line, column) = line_and_column(self.source, position);
        TemplateError {
            kind: ErrorKind::Parse,
            message: format!("template: {}:{line}: {message}", self.name),
            line,
            column,
            help,
        }
    }

    fn unexpected<T>(&self, context: &str) -> Parsed<T> {
        let position = self.span().start;
        let shown = match self.peek() {
            TokenKind::Error(message) => {
                let (line, _) = line_and_column(self.source, position);
                let started = self
                    .action
                    .map(|action| line_and_column(self.source, action).0)
                    .filter(|started| *started != line);
                let message = match started {
                    Some(at) if message.ends_with(" action") => {
                        format!("{message} started at {}:{at}", self.name)
                    }
                    Some(at) => format!("{message} in action started at {}:{at}", self.name),
                    None => message.clone(),
                };
                return Err(self.error_at(position, message, None));
            }
            TokenKind::Eof => "EOF".to_owned(),
            kind if kind.is_keyword() => format!("<{}>", self.text()),
            _ => {
                let text = self.text();
                let cut: String = text.chars().take(10).collect();
                let dots = if text.len() > 10 { "..." } else { "" };
                format!("{}{dots}", quote::quote(cut.as_bytes()))
            }
        };
        self.error(format_args!("unexpected {shown} in {context}"))
    }

    fn descend(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth <= MAX_NESTING {
            return Ok(());
        }
        let message = format!("nested more than {MAX_NESTING} levels deep");
        let mut error = self.error_at(self.span().start, message, None);
        error.kind = ErrorKind::Limit;
        Err(error)
    }

    fn ascend(&mut self) {
        self.depth -= 1;
    }

    fn expect(&mut self, kind: &TokenKind, context: &str) -> Parsed<()> {
        self.skip_space();
        if self.eat(kind) {
            return Ok(());
        }
        self.unexpected(context)
    }
}
