//! Unary and binary operators, chained comparisons, conditionals and declarations.

use super::{Parsed, Parser};
use crate::expr::Version;
use crate::expr::ast::{BinaryOp, NodeId, NodeKind, UnaryOp};
use crate::expr::lexer::{Token, TokenKind};

/// Operator, precedence, and whether it binds to the right.
pub(super) fn binary(token: &str) -> Option<(BinaryOp, &'static str, u32, bool)> {
    use BinaryOp::{
        Add, And, Coalesce, Contains, Divide, EndsWith, Equal, In, Less, LessOrEqual, Matches,
        Modulo, More, MoreOrEqual, Multiply, NotEqual, Or, Power, Range, StartsWith, Subtract,
    };
    const TABLE: [(&str, BinaryOp, u32); 24] = [
        ("or", Or, 10),
        ("||", Or, 10),
        ("and", And, 15),
        ("&&", And, 15),
        ("==", Equal, 20),
        ("!=", NotEqual, 20),
        ("<", Less, 20),
        (">", More, 20),
        (">=", MoreOrEqual, 20),
        ("<=", LessOrEqual, 20),
        ("in", In, 20),
        ("matches", Matches, 20),
        ("contains", Contains, 20),
        ("startsWith", StartsWith, 20),
        ("endsWith", EndsWith, 20),
        ("..", Range, 25),
        ("+", Add, 30),
        ("-", Subtract, 30),
        ("*", Multiply, 60),
        ("/", Divide, 60),
        ("%", Modulo, 60),
        ("**", Power, 100),
        ("^", Power, 100),
        ("??", Coalesce, 500),
    ];
    TABLE
        .iter()
        .find(|(text, _, _)| *text == token)
        .map(|(text, op, precedence)| (*op, *text, *precedence, *op == Power))
}

pub(super) fn unary(token: &str) -> Option<(UnaryOp, &'static str, u32)> {
    match token {
        "not" => Some((UnaryOp::Not, "not", 50)),
        "!" => Some((UnaryOp::Not, "!", 50)),
        "-" => Some((UnaryOp::Negate, "-", 90)),
        "+" => Some((UnaryOp::Plus, "+", 90)),
        _ => None,
    }
}

impl Parser<'_> {
    /// Expressions separated by `;`; in 1.16 just one.
    pub(super) fn sequence(&mut self) -> Parsed {
        let first = self.expression(0)?;
        if self.version == Version::V1_16 {
            return Ok(first);
        }
        let mut nodes = vec![first];
        while self.current().is_operator(";") {
            self.advance()?;
            if self.current().kind == TokenKind::End {
                break;
            }
            nodes.push(self.expression(0)?);
        }
        if nodes.len() == 1 {
            return Ok(first);
        }
        let node = self.ast.get(first);
        let (at, start) = (node.at, node.span.start);
        self.add(NodeKind::Sequence(nodes), at, start)
    }

    pub(super) fn expression(&mut self, precedence: u32) -> Parsed {
        self.nesting += 1;
        if self.nesting > self.max_nesting {
            return Err(self.error_here(format!(
                "the expression nests deeper than {} levels",
                self.max_nesting
            )));
        }
        let node = self.expression_inner(precedence)?;
        self.nesting -= 1;
        Ok(node)
    }

    fn expression_inner(&mut self, precedence: u32) -> Parsed {
        if precedence == 0 && self.current().is_operator("let") {
            return self.declaration();
        }
        if precedence == 0 && self.current().is_operator("if") {
            return self.branch();
        }
        let mut left = self.primary()?;
        let mut previous = "";
        loop {
            let mut operator = self.current().clone();
            if operator.kind != TokenKind::Operator {
                break;
            }
            let negated = operator.value == "not";
            let before = self.at;
            if negated {
                self.advance()?;
                operator = self.current().clone();
                let allowed = ["contains", "matches", "startsWith", "endsWith", "in"];
                if !allowed.contains(&operator.value.as_str()) {
                    return Err(self.unexpected_where(Some("an operator such as 'in' after 'not'")));
                }
            }
            if operator.value == "|" {
                if precedence > 0 {
                    break;
                }
                self.advance()?;
                let name = self.expect_identifier()?;
                left = self.call(&name, vec![left])?;
                previous = "|";
                continue;
            }
            let Some((op, token, level, right_binding)) = binary(&operator.value) else {
                break;
            };
            if level < precedence {
                self.at = before;
                break;
            }
            self.advance()?;
            if previous == "??" && op != BinaryOp::Coalesce {
                return Err(self.error_at(
                    operator.span,
                    format!(
                        "Operator ({token}) and coalesce expressions (??) cannot be mixed. \
                         Wrap either by parentheses."
                    ),
                ));
            }
            previous = token;
            if is_ordering(op) {
                left = self.comparison(left, op, token, &operator, level)?;
                continue;
            }
            let right = self.expression(if right_binding { level } else { level + 1 })?;
            let start = self.start_of(left);
            let kind = NodeKind::Binary {
                op,
                token,
                left,
                right,
            };
            left = self.add(kind, operator.span.start, start)?;
            if negated {
                let kind = NodeKind::Unary {
                    op: UnaryOp::Not,
                    token: "not",
                    node: left,
                };
                left = self.add(kind, operator.span.start, start)?;
            }
        }
        if precedence == 0 {
            left = self.ternary(left)?;
        }
        Ok(left)
    }

    /// `a < b < c` is `a < b && b < c`.
    fn comparison(
        &mut self,
        mut left: NodeId,
        mut op: BinaryOp,
        mut token: &'static str,
        operator: &Token,
        level: u32,
    ) -> Parsed {
        let start = self.start_of(left);
        let mut at = operator.span.start;
        let mut root = None;
        loop {
            let right = self.expression(level + 1)?;
            let part_start = self.start_of(left);
            let part = self.add(
                NodeKind::Binary {
                    op,
                    token,
                    left,
                    right,
                },
                at,
                part_start,
            )?;
            let whole = match root {
                None => part,
                Some(before) => self.add(
                    NodeKind::Binary {
                        op: BinaryOp::And,
                        token: "&&",
                        left: before,
                        right: part,
                    },
                    at,
                    start,
                )?,
            };
            root = Some(whole);
            left = right;
            let next = self.current();
            let found = (next.kind == TokenKind::Operator)
                .then(|| binary(&next.value))
                .flatten()
                .filter(|(next_op, ..)| is_ordering(*next_op));
            let Some((next_op, next_token, ..)) = found else {
                return Ok(whole);
            };
            (op, token, at) = (next_op, next_token, next.span.start);
            self.advance()?;
        }
    }

    fn declaration(&mut self) -> Parsed {
        let start = self.current().span.start;
        self.advance()?;
        let name = self.expect_identifier()?;
        self.expect(TokenKind::Operator, "=")?;
        let value = self.expression(0)?;
        self.expect(TokenKind::Operator, ";")?;
        let body = self.sequence()?;
        let kind = NodeKind::Let {
            name: name.value.as_str().into(),
            value,
            body,
        };
        self.add(kind, name.span.start, start)
    }

    /// `if … { … } else { … }` of 1.17.
    fn branch(&mut self) -> Parsed {
        self.nesting += 1;
        if self.nesting > self.max_nesting {
            return Err(self.error_here("too many branches"));
        }
        let start = self.current().span.start;
        self.advance()?;
        let condition = self.expression(0)?;
        self.expect(TokenKind::Bracket, "{")?;
        let then = self.sequence()?;
        self.expect(TokenKind::Bracket, "}")?;
        self.expect(TokenKind::Operator, "else")?;
        let otherwise = if self.current().is_operator("if") {
            self.branch()?
        } else {
            self.expect(TokenKind::Bracket, "{")?;
            let node = self.sequence()?;
            self.expect(TokenKind::Bracket, "}")?;
            node
        };
        self.nesting -= 1;
        let kind = NodeKind::Conditional {
            condition,
            then,
            otherwise,
        };
        self.add(kind, start, start)
    }

    fn ternary(&mut self, mut condition: NodeId) -> Parsed {
        while self.current().is_operator("?") {
            self.advance()?;
            let then = if self.current().is_operator(":") {
                condition
            } else {
                self.expression(0)?
            };
            self.expect(TokenKind::Operator, ":")?;
            let otherwise = self.expression(0)?;
            let start = self.start_of(condition);
            let kind = NodeKind::Conditional {
                condition,
                then,
                otherwise,
            };
            condition = self.add(kind, start, start)?;
        }
        Ok(condition)
    }
}

fn is_ordering(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Less | BinaryOp::More | BinaryOp::LessOrEqual | BinaryOp::MoreOrEqual
    )
}
