//! Rewrites that the original makes before evaluation, in its order.
//!
//! They are not only for speed: folding decides which errors show at compile time, which operands
//! are evaluated at all, and how types are compared, so results depend on them.

mod fold;
mod predicates;
mod sums;

use super::Version;
use super::ast::{Ast, BuiltinCall, NodeId, NodeKind, children};
use super::builtins::Builtin;
use super::checker::Types;
use super::error::CompileError;
use super::types::Kind;

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
}
