//! What operators work on: literals, names, lists, maps and parentheses.

use super::operators::unary;
use super::{Parsed, Parser};
use crate::expr::Version;
use crate::expr::ast::{NodeKind, Pointer};
use crate::expr::lexer::{Token, TokenKind};

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Parsed {
        let token = self.current().clone();
        if token.kind == TokenKind::Operator {
            if let Some((op, text, precedence)) = unary(&token.value) {
                self.advance()?;
                let node = self.expression(precedence)?;
                let kind = NodeKind::Unary {
                    op,
                    token: text,
                    node,
                };
                let node = self.add(kind, token.span.start, token.span.start)?;
                return self.postfix(node);
            }
            match token.value.as_str() {
                "#" | "." if self.predicates > 0 => return self.pointer(&token),
                "#" | "." if self.version == Version::V1_16 => {
                    return Err(self
                        .error_here("cannot use pointer accessor outside closure")
                        .with_help(Some(
                            "'#' and a leading '.' stand for the element inside any(…), \
                             filter(…) and the like"
                                .into(),
                        )));
                }
                "::" => {
                    self.advance()?;
                    let name = self.expect_identifier()?;
                    let node = self.call(&name, Vec::new())?;
                    return self.postfix(node);
                }
                _ => {}
            }
        }
        if token.is_bracket("(") {
            self.advance()?;
            let node = self.sequence()?;
            self.expect(TokenKind::Bracket, ")")?;
            return self.postfix(node);
        }
        self.secondary(&token)
    }

    fn pointer(&mut self, token: &Token) -> Parsed {
        let mut pointer = Pointer::Item;
        if token.value == "#" {
            self.advance()?;
            if self.current().kind == TokenKind::Identifier {
                pointer = match self.current().value.as_str() {
                    "index" => Pointer::Index,
                    "acc" => Pointer::Accumulator,
                    other => Pointer::Unknown(other.to_owned()),
                };
                self.advance()?;
            }
        }
        let start = token.span.start;
        let node = self.add(NodeKind::Pointer(pointer), start, start)?;
        self.postfix(node)
    }

    fn secondary(&mut self, token: &Token) -> Parsed {
        let start = token.span.start;
        let node = match token.kind {
            TokenKind::Identifier => {
                self.advance()?;
                let literal = match token.value.as_str() {
                    "true" => Some(NodeKind::Bool(true)),
                    "false" => Some(NodeKind::Bool(false)),
                    "nil" => Some(NodeKind::Nil),
                    _ => None,
                };
                if let Some(kind) = literal {
                    return self.add(kind, start, start);
                }
                if self.current().is_bracket("(") {
                    self.call(token, Vec::new())?
                } else {
                    let kind = NodeKind::Identifier(token.value.as_str().into());
                    self.add(kind, start, start)?
                }
            }
            TokenKind::Number => {
                self.advance()?;
                let kind = self.number(token)?;
                return self.add(kind, start, start);
            }
            TokenKind::Text => {
                self.advance()?;
                self.add(NodeKind::Text(token.value.as_str().into()), start, start)?
            }
            TokenKind::Bytes => {
                self.advance()?;
                self.add(NodeKind::Bytes(token.bytes.as_slice().into()), start, start)?
            }
            _ if token.is_bracket("[") => self.array(start)?,
            _ if token.is_bracket("{") => self.map(start)?,
            _ => return Err(self.unexpected()),
        };
        self.postfix(node)
    }

    fn number(&self, token: &Token) -> Parsed<NodeKind> {
        let text = token.value.replace('_', "");
        let lower = text.to_lowercase();
        let integer = |name: &str, digits: &str, radix: u32| {
            i64::from_str_radix(digits, radix)
                .map(NodeKind::Int)
                .map_err(|error| {
                    let reason = match error.kind() {
                        std::num::IntErrorKind::PosOverflow => "value out of range",
                        _ => "invalid syntax",
                    };
                    self.error_at(
                        token.span,
                        format!(
                            "invalid {name} literal: strconv.ParseInt: parsing \"{text}\": {reason}"
                        ),
                    )
                })
        };
        if let Some(digits) = lower.strip_prefix("0x") {
            return integer("hex", digits, 16);
        }
        if lower.contains(['.', 'e']) {
            let problem = |reason: &str| {
                self.error_at(
                    token.span,
                    format!(
                        "invalid float literal: strconv.ParseFloat: parsing \"{text}\": {reason}"
                    ),
                )
            };
            let value: f64 = text.parse().map_err(|_| problem("invalid syntax"))?;
            if value.is_infinite() {
                return Err(problem("value out of range"));
            }
            return Ok(NodeKind::Float(value));
        }
        if let Some(digits) = lower.strip_prefix("0b") {
            return integer("binary", digits, 2);
        }
        if let Some(digits) = lower.strip_prefix("0o") {
            return integer("octal", digits, 8);
        }
        integer("integer", &lower, 10)
    }

    fn array(&mut self, start: usize) -> Parsed {
        self.advance()?;
        let mut nodes = Vec::new();
        while !self.current().is_bracket("]") {
            if !nodes.is_empty() {
                self.expect(TokenKind::Operator, ",")?;
                if self.current().is_bracket("]") {
                    break;
                }
            }
            nodes.push(self.expression(0)?);
        }
        self.advance()?;
        self.add(NodeKind::Array(nodes), start, start)
    }

    fn map(&mut self, start: usize) -> Parsed {
        self.advance()?;
        let mut pairs = Vec::new();
        while !self.current().is_bracket("}") {
            if !pairs.is_empty() {
                self.expect(TokenKind::Operator, ",")?;
                if self.current().is_bracket("}") {
                    break;
                }
                if self.current().is_operator(",") {
                    return Err(self.unexpected());
                }
            }
            let token = self.current().clone();
            let literal = matches!(
                token.kind,
                TokenKind::Number | TokenKind::Text | TokenKind::Identifier
            );
            let key = if literal {
                self.advance()?;
                let kind = NodeKind::Text(token.value.as_str().into());
                self.add(kind, token.span.start, token.span.start)?
            } else if token.is_bracket("(") {
                self.expression(0)?
            } else {
                return Err(self.error_here(format!(
                    "a map key must be a quoted string, a number, a identifier, or an expression \
                     enclosed in parentheses (unexpected token {})",
                    token.describe()
                )));
            };
            self.expect(TokenKind::Operator, ":")?;
            let value = self.expression(0)?;
            self.count(1, token.span)?;
            pairs.push((key, value));
        }
        self.advance()?;
        self.add(NodeKind::Map(pairs), start, start)
    }
}
