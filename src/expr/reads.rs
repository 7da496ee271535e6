//! Which parts of the environment an expression can look at.

use super::ast::{Ast, NodeId, NodeKind, children};
use super::builtins::Builtin;
use super::parser::constant_text;
use crate::domain::PathTrie;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What an expression depends on.
#[derive(Debug, Default)]
pub(super) struct Reads {
    pub paths: BTreeMap<String, PathTrie>,
    pub clock: bool,
}

/// Shared sub-expressions are looked at once, it makes no difference to the result.
pub(super) fn reads(ast: &Ast, root: NodeId) -> Reads {
    let mut collector = Collector {
        ast,
        seen: vec![false; ast.len()],
        locals: Vec::new(),
        reads: Reads::default(),
    };
    collector.visit(root);
    collector.reads
}

struct Collector<'a> {
    ast: &'a Ast,
    seen: Vec<bool>,
    /// Variables of the expression that are in scope.
    locals: Vec<Arc<str>>,
    reads: Reads,
}

impl Collector<'_> {
    fn visit(&mut self, id: NodeId) {
        if std::mem::replace(&mut self.seen[id.index()], true) {
            return;
        }
        match self.ast.kind(id) {
            NodeKind::Member { .. } | NodeKind::Identifier(_) | NodeKind::Chain(_) => {
                self.path(id);
            }
            NodeKind::Let { name, value, body } => {
                self.visit(*value);
                self.locals.push(name.clone());
                self.visit(*body);
                self.locals.pop();
            }
            kind => {
                if let NodeKind::Builtin(call) = kind {
                    self.reads.clock |= call.builtin == Builtin::Now;
                    if let Some(map) = call.map {
                        self.visit(map);
                    }
                }
                let mut nodes = Vec::new();
                children(kind, |child| nodes.push(child));
                for child in nodes {
                    self.visit(child);
                }
            }
        }
    }

    /// A chain of members: what stands before a computed one is read as a whole.
    fn path(&mut self, id: NodeId) {
        let mut members: Vec<Arc<str>> = Vec::new();
        let mut at = id;
        loop {
            match self.ast.kind(at) {
                NodeKind::Chain(node) => at = *node,
                NodeKind::Member { node, property, .. } => {
                    match constant_text(self.ast, *property) {
                        Some(name) => members.push(name.clone()),
                        None => {
                            self.visit(*property);
                            members.clear();
                        }
                    }
                    at = *node;
                }
                NodeKind::Identifier(name) => {
                    if !self.locals.contains(name) {
                        members.reverse();
                        self.record(name, &members);
                    }
                    return;
                }
                _ => {
                    self.visit(at);
                    return;
                }
            }
        }
    }

    fn record(&mut self, variable: &Arc<str>, members: &[Arc<str>]) {
        let (variable, members) = match (&**variable, members) {
            ("$env", [first, rest @ ..]) => (first.clone(), rest),
            _ => (variable.clone(), members),
        };
        // `time.Now`, or the group itself, from which it may be taken in some other way.
        let clock = members.first().is_none_or(|member| &**member == "Now");
        self.reads.clock |= (&*variable == "time" && clock) || &*variable == "$env";
        self.reads
            .paths
            .entry(variable.to_string())
            .or_default()
            .insert(members);
    }
}
