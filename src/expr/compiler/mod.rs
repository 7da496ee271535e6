//! Syntax tree to instructions.

mod calls;

use super::ast::{Ast, BinaryOp, NodeId, NodeKind, Pointer, UnaryOp};
use super::checker::Types;
use super::code::{Code, Op, Path};
use super::error::CompileError;
use super::parser::constant_text;
use super::text::Text;
use super::types::Type;
use super::value::Value;
use crate::golang::regex;
use std::sync::Arc;

/// Shared sub-expressions are compiled once per use, and uses multiply when they nest.
const MAX_OPS: usize = 1_000_000;

/// Compiles a checked tree; `traced` code tells where each sub-expression begins and ends.
pub(super) fn compile(
    source: &str,
    ast: &Ast,
    root: NodeId,
    types: &Types,
    traced: bool,
) -> Result<Code, CompileError> {
    let mut compiler = Compiler {
        source,
        ast,
        types,
        traced,
        code: Code::default(),
        variables: Vec::new(),
        chains: Vec::new(),
    };
    compiler.node(root)?;
    Ok(compiler.code)
}

struct Compiler<'a> {
    source: &'a str,
    ast: &'a Ast,
    types: &'a Types,
    traced: bool,
    code: Code,
    variables: Vec<(Arc<str>, u32)>,
    /// Jumps out of each enclosing chain, to be patched at its end.
    chains: Vec<Vec<usize>>,
}

type Compiled = Result<(), CompileError>;

/// The target of a jump that is not known yet.
const PENDING: u32 = u32::MAX;

impl Compiler<'_> {
    fn emit(&mut self, op: Op, node: NodeId) -> usize {
        self.code.ops.push(op);
        self.code.nodes.push(node);
        self.code.ops.len() - 1
    }

    fn here(&self) -> u32 {
        u32::try_from(self.code.ops.len()).unwrap_or(u32::MAX)
    }

    /// Makes a pending jump lead here.
    fn patch(&mut self, at: usize) {
        let target = self.here();
        if let Some(
            Op::Jump(to)
            | Op::JumpIfTrue(to)
            | Op::JumpIfFalse(to)
            | Op::JumpIfNil(to)
            | Op::JumpIfNotNil(to)
            | Op::JumpIfEnd(to)
            | Op::JumpIfStart(to)
            | Op::JumpIfCount(_, to),
        ) = self.code.ops.get_mut(at)
        {
            *to = target;
        }
    }

    fn constant(&mut self, value: Value<'static>) -> u32 {
        self.code.constants.push(value);
        index(self.code.constants.len())
    }

    fn name(&mut self, name: &Arc<str>) -> u32 {
        // Searching a long table for each use would be slow, doubles do no harm.
        const SEARCHED: usize = 64;
        let mut known = self.code.names.iter().take(SEARCHED);
        if let Some(at) = known.position(|known| known == name) {
            return count(at);
        }
        self.code.names.push(name.clone());
        index(self.code.names.len())
    }

    fn push(&mut self, value: Value<'static>, node: NodeId) {
        let constant = self.constant(value);
        self.emit(Op::Push(constant), node);
    }

    /// A literal's value.
    fn literal(&self, id: NodeId) -> Option<Value<'static>> {
        Some(match self.ast.kind(id) {
            NodeKind::Nil => Value::Nil,
            NodeKind::Bool(truth) => Value::Bool(*truth),
            NodeKind::Int(int) => self.int(id, *int),
            NodeKind::Float(float) => Value::Float(*float),
            NodeKind::Text(text) => Value::Text(Text::from(text.clone())),
            NodeKind::Bytes(bytes) => Value::Bytes(bytes.clone()),
            NodeKind::Constant(value) => value.clone(),
            _ => return None,
        })
    }

    fn int(&self, id: NodeId, int: i64) -> Value<'static> {
        match self.types.get(id.index()) {
            Some(Some(Type::Float)) => Value::Float(int as f64),
            _ => Value::Int(int),
        }
    }

    /// The static type of a node, as far as comparisons care.
    fn plain_type(&self, id: NodeId) -> Option<&Type> {
        self.types.get(id.index())?.as_ref()
    }

    fn node(&mut self, id: NodeId) -> Compiled {
        if self.code.ops.len() > MAX_OPS {
            let node = self.ast.get(id);
            return Err(CompileError::new(
                self.source,
                node.at,
                node.span,
                "the expression is too large",
            ));
        }
        if !self.traced || matches!(self.ast.kind(id), NodeKind::Chain(_)) {
            return self.plain(id);
        }
        self.emit(Op::Enter, id);
        self.plain(id)?;
        self.emit(Op::Exit, id);
        Ok(())
    }

    fn plain(&mut self, id: NodeId) -> Compiled {
        if let Some(value) = self.literal(id) {
            self.push(value, id);
            return Ok(());
        }
        let ast = self.ast;
        match ast.kind(id) {
            NodeKind::Identifier(name) => self.identifier(id, name),
            NodeKind::Unary { op, node, .. } => {
                self.node(*node)?;
                match op {
                    UnaryOp::Not => self.emit(Op::Not, id),
                    UnaryOp::Negate => self.emit(Op::Negate, id),
                    UnaryOp::Plus => 0,
                };
            }
            NodeKind::Binary {
                op, left, right, ..
            } => self.binary(id, *op, *left, *right)?,
            NodeKind::Chain(node) => {
                self.chains.push(Vec::new());
                self.node(*node)?;
                for jump in self.chains.pop().unwrap_or_default() {
                    self.patch(jump);
                }
                // A slice that was never made becomes plain nil.
                let done = self.emit(Op::JumpIfNotNil(PENDING), id);
                self.emit(Op::Pop, id);
                self.push(Value::Nil, id);
                self.patch(done);
            }
            NodeKind::Member {
                node,
                property,
                optional,
                ..
            } => self.member(id, *node, *property, *optional)?,
            NodeKind::Slice { node, from, to } => {
                self.node(*node)?;
                match to {
                    Some(to) => self.node(*to)?,
                    None => {
                        self.emit(Op::Len, id);
                    }
                }
                match from {
                    Some(from) => self.node(*from)?,
                    None => self.push(Value::Int(0), id),
                }
                self.emit(Op::Slice, id);
            }
            NodeKind::Call { callee, arguments } => {
                for argument in arguments {
                    self.node(*argument)?;
                }
                self.node(*callee)?;
                self.emit(Op::Call(count(arguments.len())), id);
            }
            NodeKind::Builtin(call) => self.builtin(id, call)?,
            NodeKind::Predicate(node) => self.plain(*node)?,
            NodeKind::Pointer(pointer) => {
                let op = match pointer {
                    Pointer::Index => Op::Index,
                    Pointer::Accumulator => Op::Accumulator,
                    Pointer::Item | Pointer::Unknown(_) => Op::Item,
                };
                self.emit(op, id);
            }
            NodeKind::Let { name, value, body } => {
                self.node(*value)?;
                let variable = count(self.code.variables);
                self.code.variables += 1;
                self.emit(Op::Store(variable), id);
                self.variables.push((name.clone(), variable));
                self.node(*body)?;
                self.variables.pop();
            }
            NodeKind::Sequence(nodes) => {
                for (position, node) in nodes.iter().enumerate() {
                    if position > 0 {
                        self.emit(Op::Pop, id);
                    }
                    self.node(*node)?;
                }
            }
            NodeKind::Conditional {
                condition,
                then,
                otherwise,
            } => {
                self.node(*condition)?;
                let no = self.emit(Op::JumpIfFalse(PENDING), id);
                self.emit(Op::Pop, id);
                self.node(*then)?;
                let end = self.emit(Op::Jump(PENDING), id);
                self.patch(no);
                self.emit(Op::Pop, id);
                self.node(*otherwise)?;
                self.patch(end);
            }
            NodeKind::Array(nodes) => {
                for node in nodes {
                    self.node(*node)?;
                }
                self.emit(Op::Array(count(nodes.len())), id);
            }
            NodeKind::Map(pairs) => {
                for (key, value) in pairs {
                    self.node(*key)?;
                    self.node(*value)?;
                }
                self.emit(Op::Map(count(pairs.len())), id);
            }
            _ => {}
        }
        Ok(())
    }

    fn identifier(&mut self, id: NodeId, name: &Arc<str>) {
        let variable = self.variables.iter().rev().find(|(known, _)| known == name);
        let op = match variable {
            Some((_, variable)) => Op::Load(*variable),
            None if &**name == "$env" => Op::Environment,
            None => Op::Variable(self.name(name)),
        };
        self.emit(op, id);
    }

    fn member(&mut self, id: NodeId, node: NodeId, property: NodeId, optional: bool) -> Compiled {
        if !self.traced && !optional && self.path(id) {
            return Ok(());
        }
        self.node(node)?;
        if optional && !self.chains.is_empty() {
            let jump = self.emit(Op::JumpIfNil(PENDING), id);
            if let Some(chain) = self.chains.last_mut() {
                chain.push(jump);
            }
        }
        match constant_text(self.ast, property) {
            Some(name) => {
                let name = self.name(&name.clone());
                self.emit(Op::FetchName(name), id);
            }
            None => {
                self.node(property)?;
                self.emit(Op::Fetch, id);
            }
        }
        Ok(())
    }

    /// One instruction for a whole chain of plain members of a variable or element.
    fn path(&mut self, id: NodeId) -> bool {
        let mut members = Vec::new();
        let mut at = id;
        loop {
            match self.ast.kind(at) {
                NodeKind::Member {
                    node,
                    property,
                    optional: false,
                    ..
                } => {
                    let Some(name) = constant_text(self.ast, *property) else {
                        return false;
                    };
                    members.push((name.clone(), at));
                    at = *node;
                }
                NodeKind::Identifier(name) => {
                    let local = self.variables.iter().any(|(known, _)| known == name);
                    if local || &**name == "$env" {
                        return false;
                    }
                    members.reverse();
                    self.code.paths.push(Path {
                        variable: name.clone(),
                        members,
                    });
                    let path = index(self.code.paths.len());
                    self.emit(Op::Path(path), id);
                    return true;
                }
                NodeKind::Pointer(Pointer::Item) => {
                    members.reverse();
                    self.code.paths.push(Path {
                        variable: "".into(),
                        members,
                    });
                    let path = index(self.code.paths.len());
                    self.emit(Op::ItemPath(path), id);
                    return true;
                }
                _ => return false,
            }
        }
    }

    fn binary(&mut self, id: NodeId, op: BinaryOp, left: NodeId, right: NodeId) -> Compiled {
        match op {
            BinaryOp::Or | BinaryOp::And | BinaryOp::Coalesce => {
                self.node(left)?;
                let end = self.emit(
                    match op {
                        BinaryOp::Or => Op::JumpIfTrue(PENDING),
                        BinaryOp::And => Op::JumpIfFalse(PENDING),
                        _ => Op::JumpIfNotNil(PENDING),
                    },
                    id,
                );
                self.emit(Op::Pop, id);
                self.node(right)?;
                self.patch(end);
                return Ok(());
            }
            BinaryOp::Equal | BinaryOp::NotEqual => {
                self.equality(id, left, right)?;
                if op == BinaryOp::NotEqual {
                    self.emit(Op::Not, id);
                }
                return Ok(());
            }
            BinaryOp::In => {
                self.node(left)?;
                match self.ast.kind(right) {
                    NodeKind::TextSet(texts) => {
                        self.code.texts.push(texts.clone());
                        self.emit(Op::InTexts(index(self.code.texts.len())), id);
                    }
                    NodeKind::IntSet(ints) => {
                        self.code.ints.push(ints.clone());
                        self.emit(Op::InInts(index(self.code.ints.len())), id);
                    }
                    _ => {
                        self.node(right)?;
                        self.emit(Op::In, id);
                    }
                }
                return Ok(());
            }
            BinaryOp::Matches => {
                self.node(left)?;
                if let NodeKind::Text(pattern) = self.ast.kind(right) {
                    let pattern = regex::compile(pattern).map_err(|error| {
                        let node = self.ast.get(id);
                        CompileError::new(self.source, node.at, node.span, error.to_string())
                    })?;
                    self.code.patterns.push(pattern);
                    self.emit(Op::MatchesConstant(index(self.code.patterns.len())), id);
                } else {
                    self.node(right)?;
                    self.emit(Op::Matches, id);
                }
                return Ok(());
            }
            _ => {}
        }
        self.node(left)?;
        self.node(right)?;
        self.emit(
            match op {
                BinaryOp::Less => Op::Less,
                BinaryOp::More => Op::More,
                BinaryOp::LessOrEqual => Op::LessOrEqual,
                BinaryOp::MoreOrEqual => Op::MoreOrEqual,
                BinaryOp::Contains => Op::Contains,
                BinaryOp::StartsWith => Op::StartsWith,
                BinaryOp::EndsWith => Op::EndsWith,
                BinaryOp::Range => Op::Range,
                BinaryOp::Add => Op::Add,
                BinaryOp::Subtract => Op::Subtract,
                BinaryOp::Multiply => Op::Multiply,
                BinaryOp::Divide => Op::Divide,
                BinaryOp::Modulo => Op::Modulo,
                _ => Op::Power,
            },
            id,
        );
        Ok(())
    }

    fn equality(&mut self, id: NodeId, left: NodeId, right: NodeId) -> Compiled {
        let typed = match (self.plain_type(left), self.plain_type(right)) {
            (Some(Type::Int), Some(Type::Int)) => Some(Op::EqualInt),
            (Some(Type::Text), Some(Type::Text)) => Some(Op::EqualText),
            _ => None,
        };
        self.node(left)?;
        if typed.is_none()
            && !self.traced
            && let Some(value) = self.literal(right)
        {
            let constant = self.constant(value);
            self.emit(Op::EqualConstant(constant), id);
            return Ok(());
        }
        self.node(right)?;
        self.emit(typed.unwrap_or(Op::Equal), id);
        Ok(())
    }
}

/// Index of the last entry of a table of that length.
fn index(len: usize) -> u32 {
    u32::try_from(len.saturating_sub(1)).unwrap_or(u32::MAX)
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
