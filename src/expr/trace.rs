//! What a traced evaluation found: the tree of sub-expressions with their values.

use super::ast::{Ast, NodeId, NodeKind, children};
use super::error::{EvalError, Span};
use super::explain::{absent, no_variable, quoted_source};
use super::host::Env;
use super::parser::constant_text;
use super::recorder::{Record, Recorder};
use super::value::Value;

/// Longest text of a value in a trace, in characters.
const VALUE_LENGTH: usize = 200;

/// What became of a sub-expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has a value.
    Value {
        /// A short text of it.
        text: String,
        /// Its Go type.
        type_name: &'static str,
    },
    /// It failed.
    Error {
        /// The message; that of the part when it was a part that failed.
        message: String,
        /// Whether it failed itself, and not a part of it.
        here: bool,
    },
    /// It was not looked at: what stands before it had decided.
    NotEvaluated,
    /// It is a member behind `?.`, which met nil.
    Stopped,
}

/// A sub-expression in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceNode {
    /// Where it stands in the source.
    pub span: Span,
    /// Its text, on one line, shortened when it is very long.
    pub text: String,
    /// For the predicate of `any`, `filter` and the like: the index of the element.
    pub element: Option<i64>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether it is a literal, which a display may leave out.
    pub literal: bool,
    /// Indices of its parts in [`Trace::nodes`].
    pub children: Vec<usize>,
}

/// Why the result is not what one hoped for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The part that it is about.
    pub span: Span,
    /// One sentence.
    pub text: String,
}

/// A traced evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// All sub-expressions; the first is the whole expression.
    pub nodes: Vec<TraceNode>,
    /// The boolean, if the result is one.
    pub truth: Option<bool>,
    /// The error of the whole, if it failed.
    pub error: Option<EvalError>,
    /// The result as Go's `%v` prints it: the text of a `oncePer`. Empty when it failed.
    pub go_string: String,
    /// The first nil or error that explains a result that is not true.
    pub cause: Option<Cause>,
    /// Whether parts were left out because there are too many.
    pub truncated: bool,
}

impl Trace {
    /// The whole expression.
    pub fn root(&self) -> Option<&TraceNode> {
        self.nodes.first()
    }

    /// The parts of a sub-expression.
    pub fn children<'t>(&'t self, node: &'t TraceNode) -> impl Iterator<Item = &'t TraceNode> {
        node.children
            .iter()
            .filter_map(|child| self.nodes.get(*child))
    }

    pub(super) fn unavailable(source: &str, message: &str) -> Self {
        let span = Span::new(0, source.len());
        Self {
            nodes: vec![TraceNode {
                span,
                text: quoted_source(source, span),
                element: None,
                outcome: Outcome::Error {
                    message: message.to_owned(),
                    here: true,
                },
                literal: false,
                children: Vec::new(),
            }],
            truth: None,
            error: None,
            go_string: String::new(),
            cause: None,
            truncated: true,
        }
    }

    pub(super) fn new<'v>(
        source: &str,
        ast: &Ast,
        root: NodeId,
        recorder: Recorder<'v>,
        result: Result<Value<'v>, EvalError>,
        env: &Env<'v>,
    ) -> Self {
        let truth = result.as_ref().ok().and_then(Value::as_bool);
        let builder = Builder {
            source,
            ast,
            records: &recorder.records,
            env,
            error: result.as_ref().err(),
        };
        let cause = match truth {
            Some(true) => None,
            _ => builder.cause(),
        };
        let mut nodes = builder.nodes();
        if nodes.is_empty() {
            nodes.push(builder.unevaluated(root));
        }
        Self {
            nodes,
            truth,
            go_string: result.as_ref().map(Value::go_string).unwrap_or_default(),
            error: result.err(),
            cause,
            truncated: recorder.truncated,
        }
    }
}

struct Builder<'t, 'v> {
    source: &'t str,
    ast: &'t Ast,
    records: &'t [Record<'v>],
    env: &'t Env<'v>,
    error: Option<&'t EvalError>,
}

impl Builder<'_, '_> {
    fn nodes(&self) -> Vec<TraceNode> {
        let mut nodes: Vec<TraceNode> = self
            .records
            .iter()
            .map(|record| self.evaluated(record))
            .collect();
        for (index, record) in self.records.iter().enumerate() {
            // Parts in the order of the source, evaluated or not.
            let mut left = record.children.clone();
            let mut parts = Vec::new();
            for part in self.parts(record.node) {
                let (mut found, others): (Vec<usize>, Vec<usize>) = left
                    .into_iter()
                    .partition(|child| self.records[*child].node == part);
                left = others;
                if found.is_empty() {
                    nodes.push(self.unevaluated(part));
                    found.push(nodes.len() - 1);
                }
                parts.extend(found);
            }
            parts.extend(left);
            nodes[index].children = parts;
        }
        nodes
    }

    /// The parts of a sub-expression that a trace shows.
    fn parts(&self, id: NodeId) -> Vec<NodeId> {
        let mut parts = Vec::new();
        let kind = match self.ast.kind(id) {
            // The record of a predicate is that of its body.
            NodeKind::Predicate(body) => self.ast.kind(*body),
            kind => kind,
        };
        let name = match kind {
            NodeKind::Member { property, .. } if constant_text(self.ast, *property).is_some() => {
                Some(*property)
            }
            _ => None,
        };
        children(kind, |child| {
            let mut child = child;
            while let NodeKind::Chain(inner) = self.ast.kind(child) {
                child = *inner;
            }
            let hidden = matches!(
                self.ast.kind(child),
                NodeKind::TextSet(_) | NodeKind::IntSet(_)
            );
            if Some(child) != name && !hidden && !parts.contains(&child) {
                parts.push(child);
            }
        });
        parts
    }

    fn node(&self, id: NodeId, outcome: Outcome) -> TraceNode {
        let node = self.ast.get(id);
        TraceNode {
            span: node.span,
            text: self.text(id),
            element: None,
            outcome,
            literal: matches!(
                node.kind,
                NodeKind::Nil
                    | NodeKind::Bool(_)
                    | NodeKind::Int(_)
                    | NodeKind::Float(_)
                    | NodeKind::Text(_)
                    | NodeKind::Bytes(_)
                    | NodeKind::Constant(_)
            ),
            children: Vec::new(),
        }
    }

    fn text(&self, id: NodeId) -> String {
        let text = quoted_source(self.source, self.ast.get(id).span);
        if text.is_empty() {
            // The element that a leading dot stands for is not written.
            return "#".to_owned();
        }
        text
    }

    fn unevaluated(&self, id: NodeId) -> TraceNode {
        self.node(id, Outcome::NotEvaluated)
    }

    fn evaluated(&self, record: &Record<'_>) -> TraceNode {
        let outcome = match (&record.value, &record.error) {
            (Some(value), _) => Outcome::Value {
                text: value.short(VALUE_LENGTH),
                type_name: value.type_name(),
            },
            (None, Some(message)) => Outcome::Error {
                message: message.clone(),
                here: true,
            },
            (None, None) if record.failed => Outcome::Error {
                message: self
                    .error
                    .map_or_else(String::new, |error| error.message().to_owned()),
                here: false,
            },
            (None, None) => Outcome::Stopped,
        };
        let predicate = matches!(self.ast.kind(record.node), NodeKind::Predicate(_));
        TraceNode {
            element: record.element.filter(|_| predicate),
            ..self.node(record.node, outcome)
        }
    }

    /// The first nil that comes from something missing, or the error.
    fn cause(&self) -> Option<Cause> {
        if let Some(error) = self.error {
            let failed = self.records.iter().find(|record| record.error.is_some());
            let nil = failed.and_then(|record| {
                record
                    .children
                    .iter()
                    .find_map(|child| self.missing(&self.records[*child]))
            });
            return Some(nil.unwrap_or_else(|| Cause {
                span: error.span(),
                text: match error.help() {
                    Some(help) => format!("{}: {help}", error.message()),
                    None => error.message().to_owned(),
                },
            }));
        }
        self.records.iter().find_map(|record| self.missing(record))
    }

    /// Why this sub-expression is nil, if it is because of a name.
    fn missing(&self, record: &Record<'_>) -> Option<Cause> {
        if !matches!(record.value, Some(Value::Nil)) {
            return None;
        }
        let node = self.ast.get(record.node);
        let text = match &node.kind {
            NodeKind::Identifier(name) if self.env.get(name).is_none() => {
                no_variable(name, self.env)
            }
            NodeKind::Member { property, node, .. } => {
                let name = constant_text(self.ast, *property)?;
                let base = self.records.get(*record.children.first()?)?;
                match base.value.as_ref()? {
                    Value::Nil => return self.missing(base),
                    parent => absent(&self.text(*node), name, parent),
                }
            }
            _ => return None,
        };
        Some(Cause {
            span: node.span,
            text,
        })
    }
}
