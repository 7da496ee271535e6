//! Sums that need no loop or no intermediate list.

use super::Optimizer;
use crate::expr::ast::{BinaryOp, BuiltinCall, NodeId, NodeKind, Pointer};
use crate::expr::builtins::Builtin;
use crate::expr::error::CompileError;

impl<'a> Optimizer<'a> {
    pub(super) fn sum_of_list(&mut self, id: NodeId) -> Result<(), CompileError> {
        let Some(sum) = self.call(id, Builtin::Sum, 1) else {
            return Ok(());
        };
        let NodeKind::Array(nodes) = self.ast.kind(sum.arguments[0]) else {
            return Ok(());
        };
        // The original nests one addition per element; long lists are summed in a loop instead,
        // because the tree must stay shallow.
        if !(2..=256).contains(&nodes.len()) {
            return Ok(());
        }
        let mut nodes = nodes.clone();
        let mut right = nodes.pop().unwrap_or(id);
        while let Some(left) = nodes.pop() {
            let kind = NodeKind::Binary {
                op: BinaryOp::Add,
                token: "+",
                left,
                right,
            };
            if nodes.is_empty() {
                self.ast.replace(id, kind);
                break;
            }
            right = self.add(kind, id);
        }
        Ok(())
    }

    pub(super) fn sum_of_map(&mut self, id: NodeId) -> Result<(), CompileError> {
        if let Some(sum) = self.call(id, Builtin::Sum, 1)
            && let Some(map) = self.call(sum.arguments[0], Builtin::Map, 2)
        {
            let call = BuiltinCall {
                arguments: map.arguments,
                ..sum
            };
            self.ast.replace(id, NodeKind::Builtin(call));
        }
        Ok(())
    }

    /// First and last integer of a literal range that is not empty.
    fn literal_range(&self, id: NodeId) -> Option<(i64, i64)> {
        match *self.ast.kind(id) {
            NodeKind::Binary {
                op: BinaryOp::Range,
                left,
                right,
                ..
            } => {
                let (from, to) = (self.int(left)?, self.int(right)?);
                (to >= from).then_some((from, to))
            }
            _ => None,
        }
    }

    /// Sums over literal ranges are computed at once.
    pub(super) fn sum_of_range(&mut self, id: NodeId) -> Result<(), CompileError> {
        let NodeKind::Builtin(call) = self.ast.kind(id) else {
            return Ok(());
        };
        let Some(range) = call.arguments.first().copied() else {
            return Ok(());
        };
        let Some((from, to)) = self.literal_range(range) else {
            return Ok(());
        };
        let count = to.wrapping_sub(from).wrapping_add(1);
        // As the original computes it, wrapping around where it does.
        let sum = count.wrapping_mul(from.wrapping_add(to)).wrapping_div(2);
        let result = match (call.builtin, call.arguments.as_slice()) {
            (Builtin::Sum, [_]) => Some(sum),
            (Builtin::Sum, [_, predicate]) => self.predicate_sum(sum, count, *predicate),
            (Builtin::Reduce, [_, predicate]) => self.adds_up(*predicate).then_some(sum),
            (Builtin::Reduce, [_, predicate, initial]) if self.adds_up(*predicate) => {
                self.int(*initial).map(|initial| initial.wrapping_add(sum))
            }
            _ => None,
        };
        if let Some(result) = result {
            self.ast.replace(id, NodeKind::Int(result));
        }
        Ok(())
    }

    /// Whether a predicate is `# + #acc`.
    fn adds_up(&self, predicate: NodeId) -> bool {
        let NodeKind::Binary {
            op: BinaryOp::Add,
            left,
            right,
            ..
        } = *self.ast.kind(self.body(predicate))
        else {
            return false;
        };
        matches!(
            (self.ast.kind(left), self.ast.kind(right)),
            (
                NodeKind::Pointer(Pointer::Item),
                NodeKind::Pointer(Pointer::Accumulator)
            ) | (
                NodeKind::Pointer(Pointer::Accumulator),
                NodeKind::Pointer(Pointer::Item)
            )
        )
    }

    /// The sum of `#`, `# * k`, `# + k`, `# - k` and their mirror images.
    fn predicate_sum(&self, sum: i64, count: i64, predicate: NodeId) -> Option<i64> {
        let is_item = |id| matches!(self.ast.kind(id), NodeKind::Pointer(Pointer::Item));
        let body = self.body(predicate);
        if is_item(body) {
            return Some(sum);
        }
        let NodeKind::Binary {
            op, left, right, ..
        } = *self.ast.kind(body)
        else {
            return None;
        };
        let (constant, item_first) = if is_item(left) {
            (self.int(right)?, true)
        } else if is_item(right) {
            (self.int(left)?, false)
        } else {
            return None;
        };
        let constants = count.wrapping_mul(constant);
        match op {
            BinaryOp::Multiply => Some(constant.wrapping_mul(sum)),
            BinaryOp::Add => Some(sum.wrapping_add(constants)),
            BinaryOp::Subtract if item_first => Some(sum.wrapping_sub(constants)),
            BinaryOp::Subtract => Some(constants.wrapping_sub(sum)),
            _ => None,
        }
    }
}
