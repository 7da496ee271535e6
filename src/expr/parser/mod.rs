//! Tokens to syntax tree, by the original's grammar and precedences.

mod operators;
mod postfix;
mod primary;

use super::ast::{Ast, NodeId, NodeKind};
use super::error::{CompileError, Span};
use super::lexer::{Token, TokenKind};
use super::{Options, Version};
use crate::domain::nearest;
use std::sync::Arc;

/// Nodes that the original of 1.17 accepts.
const MAX_NODES_V1_17: usize = 10_000;

/// A parsed expression.
pub(super) struct Tree {
    pub ast: Ast,
    pub root: NodeId,
}

/// Parses all tokens of a source.
pub(super) fn parse(
    source: &str,
    tokens: Vec<Token>,
    options: &Options,
) -> Result<Tree, CompileError> {
    let mut parser = Parser {
        source,
        tokens,
        at: 0,
        ast: Ast::default(),
        predicates: 0,
        nesting: 0,
        created: 0,
        version: options.version,
        max_nesting: options.max_nesting,
        max_depth: options.max_depth,
    };
    let root = parser.sequence()?;
    if parser.current().kind != TokenKind::End {
        return Err(parser.unexpected());
    }
    Ok(Tree {
        ast: parser.ast,
        root,
    })
}

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    at: usize,
    ast: Ast,
    /// How many predicates enclose the present place.
    predicates: usize,
    nesting: usize,
    /// Nodes as the original of 1.17 counts them.
    created: usize,
    version: Version,
    max_nesting: usize,
    max_depth: u32,
}

type Parsed<T = NodeId> = Result<T, CompileError>;

impl Parser<'_> {
    fn current(&self) -> &Token {
        // The end token is never passed.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn advance(&mut self) -> Parsed<()> {
        if self.at + 1 >= self.tokens.len() {
            return Err(self.error_here("unexpected end of expression"));
        }
        self.at += 1;
        Ok(())
    }

    /// End of the token before the present one.
    fn end(&self) -> usize {
        match self.at {
            0 => 0,
            at => self.tokens[at - 1].span.end,
        }
    }

    fn error_at(&self, span: Span, message: impl Into<String>) -> CompileError {
        CompileError::new(self.source, span.start, span, message)
    }

    fn error_here(&self, message: impl Into<String>) -> CompileError {
        self.error_at(self.current().span, message)
    }

    fn unexpected(&self) -> CompileError {
        self.unexpected_where(None)
    }

    fn unexpected_where(&self, expected: Option<&str>) -> CompileError {
        let token = self.current();
        let help = match expected {
            Some(expected) => Some(format!("expected {expected}")),
            None => self.advice(token),
        };
        self.error_here(format!("unexpected token {}", token.describe()))
            .with_help(help)
    }

    /// What somebody who wrote this probably meant.
    fn advice(&self, token: &Token) -> Option<String> {
        let advice = match token.value.as_str() {
            "=" => "to compare, write '=='",
            "&" => "to combine conditions, write '&&' or 'and'",
            "AND" | "OR" | "NOT" | "IN" => {
                return Some(format!(
                    "operators are lower case: '{}'",
                    token.value.to_lowercase()
                ));
            }
            _ if token.kind == TokenKind::End => {
                return Some("the expression ends too early, a value is missing here".into());
            }
            _ if token.kind == TokenKind::Identifier => {
                let operators = ["contains", "startsWith", "endsWith", "matches", "and", "or"];
                return match nearest(&token.value, operators) {
                    Some(operator) => Some(format!("did you mean '{operator}'?")),
                    None => Some("an operator is missing before it".into()),
                };
            }
            _ if matches!(token.kind, TokenKind::Number | TokenKind::Text) => {
                "an operator is missing before it"
            }
            _ => return None,
        };
        Some(advice.to_owned())
    }

    fn expect(&mut self, kind: TokenKind, value: &str) -> Parsed<()> {
        if self.current().is(kind, value) {
            return self.advance();
        }
        Err(self.unexpected_where(Some(&format!("'{value}'"))))
    }

    fn expect_identifier(&mut self) -> Parsed<Token> {
        if self.current().kind == TokenKind::Identifier {
            let token = self.current().clone();
            self.advance()?;
            return Ok(token);
        }
        Err(self.unexpected_where(Some("a name")))
    }

    fn add(&mut self, kind: NodeKind, at: usize, start: usize) -> Parsed {
        let span = Span::new(start, self.end().max(start));
        self.count(1, span)?;
        let id = self.ast.add(kind, at, span);
        if self.ast.get(id).depth > self.max_depth {
            return Err(self.error_at(
                span,
                format!("the expression nests deeper than {} levels", self.max_depth),
            ));
        }
        Ok(id)
    }

    fn count(&mut self, nodes: usize, span: Span) -> Parsed<()> {
        self.created += nodes;
        if self.version == Version::V1_17 && self.created > MAX_NODES_V1_17 {
            return Err(self.error_at(
                span,
                "compilation failed: expression exceeds maximum allowed nodes",
            ));
        }
        Ok(())
    }

    fn start_of(&self, id: NodeId) -> usize {
        self.ast.get(id).span.start
    }
}

/// The constant text of a node, for instance of a member's name.
pub(super) fn constant_text(ast: &Ast, id: NodeId) -> Option<&Arc<str>> {
    match ast.kind(id) {
        NodeKind::Text(text) => Some(text),
        _ => None,
    }
}
