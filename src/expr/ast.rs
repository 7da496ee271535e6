//! The syntax tree: nodes in one vector, so that the deepest tree is freed without recursion.

use super::builtins::Builtin;
use super::error::Span;
use super::value::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Index of a node in its [`Ast`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct NodeId(u32);

/// All nodes of an expression. Rewriting replaces a node in its place.
#[derive(Debug, Default)]
pub(super) struct Ast {
    nodes: Vec<Node>,
}

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub kind: NodeKind,
    /// Byte where the original places errors of this node.
    pub at: usize,
    /// The whole sub-expression.
    pub span: Span,
    /// Longest way down from here.
    pub depth: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UnaryOp {
    Not,
    Negate,
    Plus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    More,
    LessOrEqual,
    MoreOrEqual,
    In,
    Matches,
    Contains,
    StartsWith,
    EndsWith,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Coalesce,
}

/// What `#` with a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pointer {
    /// `#` itself, or a leading dot.
    Item,
    Index,
    Accumulator,
    /// A name that no predicate has.
    Unknown(String),
}

#[derive(Clone, Debug)]
pub(super) enum NodeKind {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
    Identifier(Arc<str>),
    Unary {
        op: UnaryOp,
        token: &'static str,
        node: NodeId,
    },
    Binary {
        op: BinaryOp,
        token: &'static str,
        left: NodeId,
        right: NodeId,
    },
    /// Where `?.` jumps to when it meets nil.
    Chain(NodeId),
    Member {
        node: NodeId,
        property: NodeId,
        optional: bool,
        /// Followed by arguments.
        method: bool,
    },
    Slice {
        node: NodeId,
        from: Option<NodeId>,
        to: Option<NodeId>,
    },
    Call {
        callee: NodeId,
        arguments: Vec<NodeId>,
    },
    Builtin(BuiltinCall),
    Predicate(NodeId),
    Pointer(Pointer),
    Let {
        name: Arc<str>,
        value: NodeId,
        body: NodeId,
    },
    Sequence(Vec<NodeId>),
    Conditional {
        condition: NodeId,
        then: NodeId,
        otherwise: NodeId,
    },
    Array(Vec<NodeId>),
    Map(Vec<(NodeId, NodeId)>),
    /// A folded value.
    Constant(Value<'static>),
    /// Folded right side of `in`.
    TextSet(Arc<BTreeSet<Arc<str>>>),
    /// Folded right side of `in`.
    IntSet(Arc<BTreeSet<i64>>),
}

/// A call of a built-in function.
#[derive(Clone, Debug)]
pub(super) struct BuiltinCall {
    pub builtin: Builtin,
    pub arguments: Vec<NodeId>,
    /// Applied to each found element: a `map` merged into this call.
    pub map: Option<NodeId>,
    /// Nothing found is an error: this was `filter(…)[0]`.
    pub throws: bool,
    /// Counting may stop here.
    pub threshold: Option<i64>,
}

impl Ast {
    pub fn add(&mut self, kind: NodeKind, at: usize, span: Span) -> NodeId {
        let mut depth = 0;
        children(&kind, |child| depth = depth.max(self.get(child).depth));
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Node {
            kind,
            at,
            span,
            depth: depth.saturating_add(1),
        });
        id
    }

    pub fn get(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub fn kind(&self, id: NodeId) -> &NodeKind {
        &self.get(id).kind
    }

    /// Puts another node in the place of this one, which keeps its location.
    pub fn replace(&mut self, id: NodeId, kind: NodeKind) {
        self.nodes[id.0 as usize].kind = kind;
    }

    pub fn set_span(&mut self, id: NodeId, span: Span) {
        self.nodes[id.0 as usize].span = span;
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }
}

impl NodeId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Visits the direct children in the order in which the original walks them.
pub(super) fn children(kind: &NodeKind, mut visit: impl FnMut(NodeId)) {
    match kind {
        NodeKind::Unary { node, .. } | NodeKind::Chain(node) | NodeKind::Predicate(node) => {
            visit(*node);
        }
        NodeKind::Binary { left, right, .. } => {
            visit(*left);
            visit(*right);
        }
        NodeKind::Member { node, property, .. } => {
            visit(*node);
            visit(*property);
        }
        NodeKind::Slice { node, from, to } => {
            visit(*node);
            from.iter().chain(to).for_each(|id| visit(*id));
        }
        NodeKind::Call { callee, arguments } => {
            visit(*callee);
            arguments.iter().for_each(|id| visit(*id));
        }
        NodeKind::Builtin(call) => call.arguments.iter().for_each(|id| visit(*id)),
        NodeKind::Let { value, body, .. } => {
            visit(*value);
            visit(*body);
        }
        NodeKind::Conditional {
            condition,
            then,
            otherwise,
        } => {
            visit(*condition);
            visit(*then);
            visit(*otherwise);
        }
        NodeKind::Sequence(nodes) | NodeKind::Array(nodes) => {
            nodes.iter().for_each(|id| visit(*id));
        }
        NodeKind::Map(pairs) => pairs.iter().for_each(|(key, value)| {
            visit(*key);
            visit(*value);
        }),
        _ => {}
    }
}
