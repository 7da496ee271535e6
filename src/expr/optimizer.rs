//! Rewrites that the original makes before evaluation, in its order.
//!
//! They are not only for speed: folding decides which errors show at compile time, which operands
//! are evaluated at all, and how types are compared, so results depend on them.

use super::Version;
use super::ast::{Ast, BinaryOp, BuiltinCall, NodeId, NodeKind, Pointer, UnaryOp, children};
use super::builtins::Builtin;
use super::checker::Types;
use super::error::{CompileError, Span};
use super::operators::go_pow;
use super::text::Text;
use super::types::Kind;
use super::value::{List, ListKind, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// See [`super::checker`]: uses of shared sub-expressions multiply.
const MAX_VISITS: usize = 4_000_000;

/// How often folding is repeated at most: the original's limit.
const MAX_FOLDS: usize = 1000;

/// Rewrites the tree.
pub(super) fn optimize(
    source: &str,
    ast: &mut Ast,
    root: NodeId,
    types: &mut Types,
    version: Version,
) -> Result<(), CompileError> {
    let mut optimizer = Optimizer {
        source,
        ast,
        types,
        visits: 0,
        folded: false,
    };
    optimizer.walk(root, &Optimizer::sets)?;
    for _ in 0..MAX_FOLDS {
        optimizer.folded = false;
        optimizer.walk(root, &Optimizer::fold)?;
        if !optimizer.folded {
            break;
        }
    }
    optimizer.walk(root, &Optimizer::range_membership)?;
    optimizer.walk(root, &Optimizer::filter_then_map)?;
    optimizer.walk(root, &Optimizer::filter_then_len)?;
    optimizer.walk(root, &Optimizer::filter_then_last)?;
    optimizer.walk(root, &Optimizer::filter_then_first)?;
    optimizer.walk(root, &Optimizer::combine_predicates)?;
    if version == Version::V1_17 {
        optimizer.walk(root, &Optimizer::sum_of_range)?;
    }
    optimizer.walk(root, &Optimizer::sum_of_list)?;
    optimizer.walk(root, &Optimizer::sum_of_map)?;
    if version == Version::V1_17 {
        optimizer.walk(root, &Optimizer::count_as_any)?;
        optimizer.walk(root, &Optimizer::count_with_threshold)?;
    }
    Ok(())
}

struct Optimizer<'a> {
    source: &'a str,
    ast: &'a mut Ast,
    types: &'a mut Types,
    visits: usize,
    folded: bool,
}

type Visit<'a> = dyn Fn(&mut Optimizer<'a>, NodeId) -> Result<(), CompileError>;

impl<'a> Optimizer<'a> {
    /// Children first, then the node itself.
    fn walk(&mut self, id: NodeId, visit: &Visit<'a>) -> Result<(), CompileError> {
        self.visits += 1;
        if self.visits > MAX_VISITS {
            let node = self.ast.get(id);
            return Err(CompileError::new(
                self.source,
                node.at,
                node.span,
                "the expression is too large",
            ));
        }
        let mut nodes = Vec::new();
        children(self.ast.kind(id), |child| nodes.push(child));
        for child in nodes {
            self.walk(child, visit)?;
        }
        visit(self, id)
    }

    fn add(&mut self, kind: NodeKind, like: NodeId) -> NodeId {
        let (at, span) = {
            let node = self.ast.get(like);
            (node.at, node.span)
        };
        let id = self.ast.add(kind, at, span);
        self.types.push(None);
        id
    }

    fn kind_of(&self, id: NodeId) -> Option<Kind> {
        self.types.get(id.index())?.as_ref().map(|ty| ty.kind())
    }

    fn int(&self, id: NodeId) -> Option<i64> {
        match self.ast.kind(id) {
            NodeKind::Int(int) => Some(*int),
            _ => None,
        }
    }

    fn call(&self, id: NodeId, builtin: Builtin, arguments: usize) -> Option<BuiltinCall> {
        match self.ast.kind(id) {
            NodeKind::Builtin(call)
                if call.builtin == builtin && call.arguments.len() == arguments =>
            {
                Some(call.clone())
            }
            _ => None,
        }
    }

    /// The body of a predicate.
    fn body(&self, id: NodeId) -> NodeId {
        match self.ast.kind(id) {
            NodeKind::Predicate(body) => *body,
            _ => id,
        }
    }

    /// `x in ['a', 'b']` looks into a set, and so does `x in [1, 2]` when `x` is an `int`.
    fn sets(&mut self, id: NodeId) -> Result<(), CompileError> {
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

    fn fold(&mut self, id: NodeId) -> Result<(), CompileError> {
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

    /// `x in 1..3` is `x >= 1 and x <= 3` when `x` is an `int`.
    fn range_membership(&mut self, id: NodeId) -> Result<(), CompileError> {
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

    fn filter_then_map(&mut self, id: NodeId) -> Result<(), CompileError> {
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

    fn filter_then_len(&mut self, id: NodeId) -> Result<(), CompileError> {
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

    fn filter_then_last(&mut self, id: NodeId) -> Result<(), CompileError> {
        self.filter_then_one(id, -1, Builtin::Last, Builtin::FindLast);
        Ok(())
    }

    fn filter_then_first(&mut self, id: NodeId) -> Result<(), CompileError> {
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
    fn combine_predicates(&mut self, id: NodeId) -> Result<(), CompileError> {
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

    fn sum_of_list(&mut self, id: NodeId) -> Result<(), CompileError> {
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

    fn sum_of_map(&mut self, id: NodeId) -> Result<(), CompileError> {
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
    fn sum_of_range(&mut self, id: NodeId) -> Result<(), CompileError> {
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

    fn count_as_any(&mut self, id: NodeId) -> Result<(), CompileError> {
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

    fn count_with_threshold(&mut self, id: NodeId) -> Result<(), CompileError> {
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
