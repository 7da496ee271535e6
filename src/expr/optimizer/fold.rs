//! Constants that are computed before the program runs.

use super::Optimizer;
use crate::expr::ast::{BinaryOp, BuiltinCall, NodeId, NodeKind, UnaryOp};
use crate::expr::builtins::Builtin;
use crate::expr::error::CompileError;
use crate::expr::operators::go_pow;
use crate::expr::text::Text;
use crate::expr::types::Kind;
use crate::expr::value::{List, ListKind, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

impl<'a> Optimizer<'a> {
    /// `x in ['a', 'b']` looks into a set, and so does `x in [1, 2]` when `x` is an `int`.
    pub(super) fn sets(&mut self, id: NodeId) -> Result<(), CompileError> {
        let NodeKind::Binary {
            op: BinaryOp::In,
            left,
            right,
            ..
        } = *self.ast.kind(id)
        else {
            return Ok(());
        };
        let NodeKind::Array(nodes) = self.ast.kind(right) else {
            return Ok(());
        };
        if nodes.is_empty() {
            return Ok(());
        }
        if self.kind_of(left) == Some(Kind::Int) {
            let ints: Option<BTreeSet<i64>> = nodes.iter().map(|node| self.int(*node)).collect();
            if let Some(ints) = ints {
                self.ast.replace(right, NodeKind::IntSet(Arc::new(ints)));
                return Ok(());
            }
        }
        let texts: Option<BTreeSet<Arc<str>>> = nodes
            .iter()
            .map(|node| match self.ast.kind(*node) {
                NodeKind::Text(text) => Some(text.clone()),
                _ => None,
            })
            .collect();
        if let Some(texts) = texts {
            self.ast.replace(right, NodeKind::TextSet(Arc::new(texts)));
        }
        Ok(())
    }

    pub(super) fn fold(&mut self, id: NodeId) -> Result<(), CompileError> {
        let folded = match self.ast.kind(id) {
            NodeKind::Unary { op, node, .. } => fold_unary(*op, self.ast.kind(*node)),
            NodeKind::Binary {
                op, left, right, ..
            } => {
                let (left, right) = (self.ast.kind(*left), self.ast.kind(*right));
                if *op == BinaryOp::Modulo
                    && matches!((left, right), (NodeKind::Int(_), NodeKind::Int(0)))
                {
                    let node = self.ast.get(id);
                    return Err(CompileError::new(
                        self.source,
                        node.at,
                        node.span,
                        "integer divide by zero",
                    ));
                }
                fold_binary(*op, left, right)
            }
            NodeKind::Array(nodes) => self.fold_array(nodes),
            NodeKind::Builtin(call) => {
                let call = call.clone();
                return self.fold_filters(id, &call);
            }
            _ => None,
        };
        if let Some(kind) = folded {
            self.ast.replace(id, kind);
            self.folded = true;
        }
        Ok(())
    }

    fn fold_array(&self, nodes: &[NodeId]) -> Option<NodeKind> {
        if nodes.is_empty() {
            return None;
        }
        let items: Option<Vec<Value<'static>>> = nodes
            .iter()
            .map(|node| match self.ast.kind(*node) {
                NodeKind::Int(int) => Some(Value::Int(*int)),
                NodeKind::Float(float) => Some(Value::Float(*float)),
                NodeKind::Text(text) => Some(Value::Text(Text::from(text.clone()))),
                NodeKind::Bool(truth) => Some(Value::Bool(*truth)),
                _ => None,
            })
            .collect();
        let list = List::new(ListKind::Any, items?).ok()?;
        Some(NodeKind::Constant(Value::List(Arc::new(list))))
    }

    /// `filter(filter(x, a), b)` is `filter(x, a && b)`.
    fn fold_filters(&mut self, id: NodeId, outer: &BuiltinCall) -> Result<(), CompileError> {
        if outer.builtin != Builtin::Filter || outer.arguments.len() != 2 {
            return Ok(());
        }
        let Some(inner) = self.call(outer.arguments[0], Builtin::Filter, 2) else {
            return Ok(());
        };
        let both = NodeKind::Binary {
            op: BinaryOp::And,
            token: "&&",
            left: self.body(inner.arguments[1]),
            right: self.body(outer.arguments[1]),
        };
        let both = self.add(both, outer.arguments[1]);
        let predicate = self.add(NodeKind::Predicate(both), outer.arguments[1]);
        let call = BuiltinCall {
            arguments: vec![inner.arguments[0], predicate],
            ..outer.clone()
        };
        self.ast.replace(id, NodeKind::Builtin(call));
        self.folded = true;
        Ok(())
    }
}

fn fold_unary(op: UnaryOp, operand: &NodeKind) -> Option<NodeKind> {
    Some(match (op, operand) {
        (UnaryOp::Negate, NodeKind::Int(int)) => NodeKind::Int(int.wrapping_neg()),
        (UnaryOp::Negate, NodeKind::Float(float)) => NodeKind::Float(-float),
        (UnaryOp::Plus, NodeKind::Int(_) | NodeKind::Float(_)) => operand.clone(),
        (UnaryOp::Not, NodeKind::Bool(truth)) => NodeKind::Bool(!truth),
        _ => return None,
    })
}

fn fold_binary(op: BinaryOp, left: &NodeKind, right: &NodeKind) -> Option<NodeKind> {
    match op {
        BinaryOp::And => match (left, right) {
            (NodeKind::Bool(true), other) | (other, NodeKind::Bool(true)) => Some(other.clone()),
            (NodeKind::Bool(false), _) | (_, NodeKind::Bool(false)) => Some(NodeKind::Bool(false)),
            _ => None,
        },
        BinaryOp::Or => match (left, right) {
            (NodeKind::Bool(false), other) | (other, NodeKind::Bool(false)) => Some(other.clone()),
            (NodeKind::Bool(true), _) | (_, NodeKind::Bool(true)) => Some(NodeKind::Bool(true)),
            _ => None,
        },
        BinaryOp::Equal => match (left, right) {
            (NodeKind::Int(a), NodeKind::Int(b)) => Some(NodeKind::Bool(a == b)),
            (NodeKind::Text(a), NodeKind::Text(b)) => Some(NodeKind::Bool(a == b)),
            (NodeKind::Bool(a), NodeKind::Bool(b)) => Some(NodeKind::Bool(a == b)),
            _ => None,
        },
        _ => fold_arithmetic(op, left, right),
    }
}

fn fold_arithmetic(op: BinaryOp, left: &NodeKind, right: &NodeKind) -> Option<NodeKind> {
    if let (NodeKind::Int(a), NodeKind::Int(b)) = (left, right) {
        let (a, b) = (*a, *b);
        return Some(match op {
            BinaryOp::Add => NodeKind::Int(a.wrapping_add(b)),
            BinaryOp::Subtract => NodeKind::Int(a.wrapping_sub(b)),
            BinaryOp::Multiply => NodeKind::Int(a.wrapping_mul(b)),
            BinaryOp::Divide => NodeKind::Float(a as f64 / b as f64),
            BinaryOp::Modulo if b != 0 => NodeKind::Int(a.wrapping_rem(b)),
            BinaryOp::Power => NodeKind::Float(go_pow(a as f64, b as f64)),
            _ => return None,
        });
    }
    if let (BinaryOp::Add, NodeKind::Text(a), NodeKind::Text(b)) = (op, left, right) {
        return Some(NodeKind::Text(format!("{a}{b}").into()));
    }
    let float = |kind: &NodeKind| match kind {
        NodeKind::Int(int) => Some(*int as f64),
        NodeKind::Float(float) => Some(*float),
        _ => None,
    };
    let (a, b) = (float(left)?, float(right)?);
    Some(NodeKind::Float(match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply => a * b,
        BinaryOp::Divide => a / b,
        BinaryOp::Power => go_pow(a, b),
        _ => return None,
    }))
}
