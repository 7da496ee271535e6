//! Tokens to syntax tree, by the original's grammar and precedences.

use super::ast::{Ast, BinaryOp, BuiltinCall, NodeId, NodeKind, Pointer, UnaryOp};
use super::builtins::{Argument, Builtin};
use super::error::{CompileError, Span};
use super::lexer::{Token, TokenKind, is_word};
use super::{Options, Version, suggest};
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

/// Operator, precedence, and whether it binds to the right.
fn binary(token: &str) -> Option<(BinaryOp, &'static str, u32, bool)> {
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

fn unary(token: &str) -> Option<(UnaryOp, &'static str, u32)> {
    match token {
        "not" => Some((UnaryOp::Not, "not", 50)),
        "!" => Some((UnaryOp::Not, "!", 50)),
        "-" => Some((UnaryOp::Negate, "-", 90)),
        "+" => Some((UnaryOp::Plus, "+", 90)),
        _ => None,
    }
}

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
                return match suggest::closest(&token.value, operators) {
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

    /// Expressions separated by `;`; in 1.16 just one.
    fn sequence(&mut self) -> Parsed {
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

    fn expression(&mut self, precedence: u32) -> Parsed {
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

    fn primary(&mut self) -> Parsed {
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

    /// A call of a built-in or of something in the environment; `arguments` are those that a pipe
    /// brings along.
    fn call(&mut self, name: &Token, arguments: Vec<NodeId>) -> Parsed {
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

    /// Members, indices, slices and method calls behind a value.
    fn postfix(&mut self, mut node: NodeId) -> Parsed {
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

fn is_ordering(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Less | BinaryOp::More | BinaryOp::LessOrEqual | BinaryOp::MoreOrEqual
    )
}

/// The constant text of a node, for instance of a member's name.
pub(super) fn constant_text(ast: &Ast, id: NodeId) -> Option<&Arc<str>> {
    match ast.kind(id) {
        NodeKind::Text(text) => Some(text),
        _ => None,
    }
}
