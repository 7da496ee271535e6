//! Calls, members, indices and slices.

use super::{Parsed, Parser};
use crate::expr::Version;
use crate::expr::ast::{BuiltinCall, NodeId, NodeKind};
use crate::expr::builtins::{Argument, Builtin};
use crate::expr::lexer::{Token, TokenKind, is_word};

impl Parser<'_> {
    /// A call of a built-in or of something in the environment; `arguments` are those that a pipe
    /// brings along.
    pub(super) fn call(&mut self, name: &Token, arguments: Vec<NodeId>) -> Parsed {
        let at = name.span.start;
        let start = arguments.first().map_or(at, |first| self.start_of(*first));
        let Some(builtin) = Builtin::by_name(&name.value, self.version) else {
            let span = name.span;
            let kind = NodeKind::Identifier(name.value.as_str().into());
            self.count(1, span)?;
            let callee = self.ast.add(kind, at, span);
            let arguments = self.arguments(arguments)?;
            return self.add(NodeKind::Call { callee, arguments }, at, start);
        };
        let arguments = match builtin.shape() {
            Some(shape) => self.predicate_arguments(arguments, shape)?,
            None => self.arguments(arguments)?,
        };
        let call = BuiltinCall {
            builtin,
            arguments,
            map: None,
            throws: false,
            threshold: None,
        };
        self.add(NodeKind::Builtin(call), at, start)
    }

    fn predicate_arguments(
        &mut self,
        mut arguments: Vec<NodeId>,
        shape: &[Argument],
    ) -> Parsed<Vec<NodeId>> {
        self.expect(TokenKind::Bracket, "(")?;
        let shape = shape.get(arguments.len()..).unwrap_or_default();
        for (position, argument) in shape.iter().enumerate() {
            if self.current().is_bracket(")") {
                if argument.optional {
                    break;
                }
                return Err(self.error_here(format!("expected at least {} arguments", shape.len())));
            }
            if position > 0 {
                self.expect(TokenKind::Operator, ",")?;
            }
            let node = if argument.predicate {
                self.predicate()?
            } else {
                self.expression(0)?
            };
            arguments.push(node);
        }
        if self.version == Version::V1_17 && self.current().is_operator(",") {
            self.advance()?;
        }
        self.expect(TokenKind::Bracket, ")")?;
        Ok(arguments)
    }

    fn predicate(&mut self) -> Parsed {
        let start = self.current().span.start;
        let braces = self.current().is_bracket("{");
        if braces {
            self.advance()?;
        }
        self.predicates += 1;
        let node = if braces {
            self.sequence()?
        } else {
            self.expression(0)?
        };
        self.predicates -= 1;
        if braces {
            self.expect(TokenKind::Bracket, "}")?;
        } else if self.version == Version::V1_17 && self.current().is_operator(";") {
            return Err(self.error_here("wrap predicate with brackets { and }"));
        }
        self.add(NodeKind::Predicate(node), start, start)
    }

    fn arguments(&mut self, mut arguments: Vec<NodeId>) -> Parsed<Vec<NodeId>> {
        let given = arguments.len();
        self.expect(TokenKind::Bracket, "(")?;
        while !self.current().is_bracket(")") {
            if arguments.len() > given {
                self.expect(TokenKind::Operator, ",")?;
            }
            if self.version == Version::V1_17 && self.current().is_bracket(")") {
                break;
            }
            arguments.push(self.expression(0)?);
        }
        self.advance()?;
        Ok(arguments)
    }

    /// Members, indices, slices and method calls behind a value.
    pub(super) fn postfix(&mut self, mut node: NodeId) -> Parsed {
        loop {
            let token = self.current().clone();
            let dot = token.is_operator(".") || token.is_operator("?.");
            let optional = token.is_operator("?.");
            if dot {
                self.advance()?;
                if optional && self.current().is_bracket("[") {
                    node = self.index(node, true)?;
                } else {
                    node = self.member(node, optional)?;
                }
            } else if token.is_bracket("[") {
                node = self.index(node, false)?;
            } else {
                return Ok(node);
            }
        }
    }

    fn member(&mut self, mut node: NodeId, optional: bool) -> Parsed {
        let name = self.current().clone();
        // Words that are operators elsewhere are names here.
        let is_name = name.kind == TokenKind::Identifier
            || name.kind == TokenKind::Operator
                && name.value.chars().all(is_word)
                && !name.value.is_empty();
        if name.kind == TokenKind::End {
            return Err(self.error_here("unexpected end of expression"));
        }
        if !is_name {
            return Err(self.error_here("expected name"));
        }
        self.advance()?;
        let (start, at) = (self.start_of(node), name.span.start);
        let property = self.add(NodeKind::Text(name.value.as_str().into()), at, at)?;
        let chain = match self.ast.kind(node) {
            NodeKind::Chain(inner) => Some(*inner),
            _ => None,
        };
        node = chain.unwrap_or(node);
        let method = self.current().is_bracket("(");
        let kind = NodeKind::Member {
            node,
            property,
            optional,
            method,
        };
        node = self.add(kind, at, start)?;
        if method {
            let arguments = self.arguments(Vec::new())?;
            let kind = NodeKind::Call {
                callee: node,
                arguments,
            };
            node = self.add(kind, at, start)?;
        }
        if chain.is_some() || optional {
            node = self.add(NodeKind::Chain(node), at, start)?;
        }
        Ok(node)
    }

    fn index(&mut self, node: NodeId, optional: bool) -> Parsed {
        let start = self.start_of(node);
        let at = self.current().span.start;
        self.advance()?;
        let mut from = None;
        if !self.current().is_operator(":") {
            from = Some(self.expression(0)?);
        }
        if self.current().is_operator(":") {
            self.advance()?;
            let mut to = None;
            if !self.current().is_bracket("]") {
                to = Some(self.expression(0)?);
            }
            self.expect(TokenKind::Bracket, "]")?;
            return self.add(NodeKind::Slice { node, from, to }, at, start);
        }
        self.expect(TokenKind::Bracket, "]")?;
        let Some(property) = from else {
            return Err(self.unexpected());
        };
        let kind = NodeKind::Member {
            node,
            property,
            optional,
            method: false,
        };
        let member = self.add(kind, at, start)?;
        if optional {
            return self.add(NodeKind::Chain(member), at, start);
        }
        Ok(member)
    }
}
