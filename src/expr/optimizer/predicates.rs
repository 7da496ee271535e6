//! Loops that become shorter loops: filters that end at the first match, predicates that are
//! joined, counts that stop when enough is known.

use super::Optimizer;
use crate::expr::ast::{BinaryOp, BuiltinCall, NodeId, NodeKind, children};
use crate::expr::builtins::Builtin;
use crate::expr::error::{CompileError, Span};
use crate::expr::types::Kind;

impl<'a> Optimizer<'a> {
    /// `x in 1..3` is `x >= 1 and x <= 3` when `x` is an `int`.
    pub(super) fn range_membership(&mut self, id: NodeId) -> Result<(), CompileError> {
        let NodeKind::Binary {
            op: BinaryOp::In,
            left,
            right,
            ..
        } = *self.ast.kind(id)
        else {
            return Ok(());
        };
        if self.kind_of(left) != Some(Kind::Int) {
            return Ok(());
        }
        let NodeKind::Binary {
            op: BinaryOp::Range,
            left: from,
            right: to,
            ..
        } = *self.ast.kind(right)
        else {
            return Ok(());
        };
        if self.int(from).is_none() || self.int(to).is_none() {
            return Ok(());
        }
        let part = |op, token, bound| NodeKind::Binary {
            op,
            token,
            left,
            right: bound,
        };
        let above = self.add(part(BinaryOp::MoreOrEqual, ">=", from), id);
        let below = self.add(part(BinaryOp::LessOrEqual, "<=", to), id);
        let both = NodeKind::Binary {
            op: BinaryOp::And,
            token: "and",
            left: above,
            right: below,
        };
        self.ast.replace(id, both);
        Ok(())
    }

    pub(super) fn filter_then_map(&mut self, id: NodeId) -> Result<(), CompileError> {
        if let Some(map) = self.call(id, Builtin::Map, 2)
            && let Some(filter) = self.call(map.arguments[0], Builtin::Filter, 2)
            && filter.map.is_none()
        {
            let call = BuiltinCall {
                map: Some(self.body(map.arguments[1])),
                ..filter
            };
            self.ast.replace(id, NodeKind::Builtin(call));
        }
        Ok(())
    }

    pub(super) fn filter_then_len(&mut self, id: NodeId) -> Result<(), CompileError> {
        if let Some(len) = self.call(id, Builtin::Len, 1)
            && let Some(filter) = self.call(len.arguments[0], Builtin::Filter, 2)
        {
            let call = BuiltinCall {
                builtin: Builtin::Count,
                map: None,
                ..filter
            };
            self.ast.replace(id, NodeKind::Builtin(call));
        }
        Ok(())
    }

    pub(super) fn filter_then_last(&mut self, id: NodeId) -> Result<(), CompileError> {
        self.filter_then_one(id, -1, Builtin::Last, Builtin::FindLast);
        Ok(())
    }

    pub(super) fn filter_then_first(&mut self, id: NodeId) -> Result<(), CompileError> {
        self.filter_then_one(id, 0, Builtin::First, Builtin::Find);
        Ok(())
    }

    /// `filter(…)[0]` and `first(filter(…))` stop at the first found.
    fn filter_then_one(&mut self, id: NodeId, index: i64, name: Builtin, find: Builtin) {
        let (filter, throws) = match self.ast.kind(id) {
            NodeKind::Member {
                node,
                property,
                optional: false,
                ..
            } if self.int(*property) == Some(index) => (*node, true),
            NodeKind::Builtin(call) if call.builtin == name && call.arguments.len() == 1 => {
                (call.arguments[0], false)
            }
            _ => return,
        };
        if let Some(filter) = self.call(filter, Builtin::Filter, 2) {
            let call = BuiltinCall {
                builtin: find,
                throws,
                ..filter
            };
            self.ast.replace(id, NodeKind::Builtin(call));
        }
    }

    /// `any(x, a) or any(x, b)` is `any(x, a or b)`, and likewise for `all` and `none`.
    pub(super) fn combine_predicates(&mut self, id: NodeId) -> Result<(), CompileError> {
        if let Some(kind) = self.combined(id) {
            self.ast.replace(id, kind);
        }
        Ok(())
    }

    fn combined(&mut self, id: NodeId) -> Option<NodeKind> {
        let NodeKind::Binary {
            op,
            token,
            left,
            right,
        } = *self.ast.kind(id)
        else {
            return None;
        };
        let NodeKind::Builtin(first) = self.ast.kind(left) else {
            return None;
        };
        let (op, token) = match (first.builtin, op) {
            (Builtin::All, BinaryOp::And) | (Builtin::Any, BinaryOp::Or) => (op, token),
            (Builtin::None, BinaryOp::And) => {
                (BinaryOp::Or, if token == "and" { "or" } else { "||" })
            }
            _ => return None,
        };
        let first = first.clone();
        let second = self.call(right, first.builtin, 2)?;
        let (a, b) = (first.arguments[0], second.arguments[0]);
        let same_type = self.types.get(a.index()) == self.types.get(b.index());
        if !same_type || !self.same(a, b, &mut 10_000) {
            return None;
        }
        let both = NodeKind::Binary {
            op,
            token,
            left: self.body(first.arguments[1]),
            right: self.body(second.arguments[1]),
        };
        let both = self.add(both, id);
        // Predicates inside the combined one may combine as well.
        if let Some(kind) = self.combined(both) {
            self.ast.replace(both, kind);
        }
        let span = Span::new(
            self.ast.get(first.arguments[1]).span.start,
            self.ast.get(second.arguments[1]).span.end,
        );
        let predicate = self.add(NodeKind::Predicate(both), id);
        self.ast.set_span(predicate, span);
        Some(NodeKind::Builtin(BuiltinCall {
            arguments: vec![first.arguments[0], predicate],
            ..first
        }))
    }

    /// Whether two sub-expressions are written alike.
    fn same(&self, a: NodeId, b: NodeId, budget: &mut usize) -> bool {
        if a == b {
            return true;
        }
        *budget = match budget.checked_sub(1) {
            Some(left) => left,
            None => return false,
        };
        let (a, b) = (self.ast.kind(a), self.ast.kind(b));
        let alike = match (a, b) {
            (NodeKind::Nil, NodeKind::Nil) => true,
            (NodeKind::Bool(a), NodeKind::Bool(b)) => a == b,
            (NodeKind::Int(a), NodeKind::Int(b)) => a == b,
            (NodeKind::Float(a), NodeKind::Float(b)) => a == b,
            (NodeKind::Text(a), NodeKind::Text(b)) => a == b,
            (NodeKind::Bytes(a), NodeKind::Bytes(b)) => a == b,
            (NodeKind::Identifier(a), NodeKind::Identifier(b)) => a == b,
            (NodeKind::Unary { token: a, .. }, NodeKind::Unary { token: b, .. }) => a == b,
            (NodeKind::Binary { token: a, .. }, NodeKind::Binary { token: b, .. }) => a == b,
            (NodeKind::Member { optional: a, .. }, NodeKind::Member { optional: b, .. }) => a == b,
            (NodeKind::Slice { from: a, to: x, .. }, NodeKind::Slice { from: b, to: y, .. }) => {
                a.is_some() == b.is_some() && x.is_some() == y.is_some()
            }
            (NodeKind::Builtin(a), NodeKind::Builtin(b)) => {
                a.builtin == b.builtin && a.map.is_none() && b.map.is_none()
            }
            (NodeKind::Pointer(a), NodeKind::Pointer(b)) => a == b,
            (NodeKind::Let { name: a, .. }, NodeKind::Let { name: b, .. }) => a == b,
            (NodeKind::Constant(a), NodeKind::Constant(b)) => a == b,
            (NodeKind::TextSet(a), NodeKind::TextSet(b)) => a == b,
            (NodeKind::IntSet(a), NodeKind::IntSet(b)) => a == b,
            _ => {
                std::mem::discriminant(a) == std::mem::discriminant(b)
                    && matches!(
                        a,
                        NodeKind::Chain(_)
                            | NodeKind::Call { .. }
                            | NodeKind::Predicate(_)
                            | NodeKind::Sequence(_)
                            | NodeKind::Conditional { .. }
                            | NodeKind::Array(_)
                            | NodeKind::Map(_)
                    )
            }
        };
        if !alike {
            return false;
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        children(a, |child| ours.push(child));
        children(b, |child| theirs.push(child));
        ours.len() == theirs.len()
            && ours
                .into_iter()
                .zip(theirs)
                .all(|(a, b)| self.same(a, b, budget))
    }

    /// A comparison of `count(list, predicate)` with a literal.
    fn count_comparison(&self, id: NodeId) -> Option<(BinaryOp, NodeId, BuiltinCall, i64)> {
        let NodeKind::Binary {
            op, left, right, ..
        } = *self.ast.kind(id)
        else {
            return None;
        };
        let call = self.call(left, Builtin::Count, 2)?;
        Some((op, left, call, self.int(right)?))
    }

    pub(super) fn count_as_any(&mut self, id: NodeId) -> Result<(), CompileError> {
        if let Some((op, _, call, number)) = self.count_comparison(id)
            && matches!(
                (op, number),
                (BinaryOp::More, 0) | (BinaryOp::MoreOrEqual, 1)
            )
        {
            let call = BuiltinCall {
                builtin: Builtin::Any,
                ..call
            };
            self.ast.replace(id, NodeKind::Builtin(call));
        }
        Ok(())
    }

    pub(super) fn count_with_threshold(&mut self, id: NodeId) -> Result<(), CompileError> {
        let Some((op, count, mut call, number)) = self.count_comparison(id) else {
            return Ok(());
        };
        let threshold = match op {
            BinaryOp::More | BinaryOp::LessOrEqual => number.saturating_add(1),
            BinaryOp::MoreOrEqual | BinaryOp::Less => number,
            _ => return Ok(()),
        };
        if number >= 0 && threshold > 1 {
            call.threshold = Some(threshold);
            self.ast.replace(count, NodeKind::Builtin(call));
        }
        Ok(())
    }
}
