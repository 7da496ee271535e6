//! Why something is nil or fails, in words, with the name that was probably meant.

use super::Version;
use super::ast::{Ast, NodeId, NodeKind, Pointer, children};
use super::builtins::Builtin;
use super::error::Span;
use super::host::Env;
use super::machine::Fault;
use super::methods;
use super::operators::fetch;
use super::text::Text;
use super::value::{Key, Value};
use crate::domain::nearest;
use std::sync::Arc;

/// A step on the way from a variable to a part of it.
enum PathStep {
    Name(Arc<str>),
    Index(i64),
}

/// What somebody can do about a failure.
pub(super) fn advice<'v>(
    ast: &Ast,
    fault: &Fault<'v>,
    env: &Env<'v>,
    version: Version,
) -> Option<String> {
    let node = ast.get(fault.node);
    if let NodeKind::Call { callee, .. } = &node.kind
        && fault.message.ends_with("on zero Value")
    {
        return no_function(ast, *callee, env, version);
    }
    let mut operands = Vec::new();
    children(&node.kind, |child| operands.push(child));
    let nil = operands
        .into_iter()
        .find_map(|operand| nil_reason(ast, operand, env, fault.item.as_ref()));
    match (nil, &node.kind) {
        (Some(reason), NodeKind::Member { .. }) => {
            Some(format!("{reason}; write '?.' where nil is fine"))
        }
        (Some(reason), NodeKind::Binary { .. } | NodeKind::Unary { .. }) => Some(format!(
            "{reason}; write '(… ?? default)' where nil is fine"
        )),
        (Some(reason), NodeKind::Builtin(_)) => {
            Some(format!("{reason}; write '… ?? []' where nil is fine"))
        }
        (reason, _) => reason,
    }
}

fn no_function(ast: &Ast, callee: NodeId, env: &Env<'_>, version: Version) -> Option<String> {
    let NodeKind::Identifier(name) = ast.kind(callee) else {
        return nil_reason(ast, callee, env, None);
    };
    let mut names: Vec<&str> = env.names().collect();
    names.extend(Builtin::names(version).map(|name| -> &str { name }));
    Some(match nearest(name, names) {
        Some(known) => format!("there is no function '{name}', did you mean '{known}'?"),
        None => format!("there is no function '{name}'"),
    })
}

/// Why a plain path is nil; `None` when it is not nil, or not a plain path.
fn nil_reason<'v>(
    ast: &Ast,
    id: NodeId,
    env: &Env<'v>,
    item: Option<&Value<'v>>,
) -> Option<String> {
    let mut steps = Vec::new();
    let mut at = id;
    let (mut value, mut text) = loop {
        match ast.kind(at) {
            NodeKind::Chain(node) => at = *node,
            NodeKind::Member { node, property, .. } => {
                steps.push(match ast.kind(*property) {
                    NodeKind::Text(name) => PathStep::Name(name.clone()),
                    NodeKind::Int(index) => PathStep::Index(*index),
                    _ => return None,
                });
                at = *node;
            }
            NodeKind::Identifier(name) => match env.get(name) {
                Some(Value::Nil) => return Some(format!("'{name}' is null")),
                Some(value) => break (value.clone(), name.to_string()),
                None => return Some(no_variable(name, env)),
            },
            NodeKind::Pointer(Pointer::Item) => break (item?.clone(), "#".to_owned()),
            _ => return None,
        }
    };
    while let Some(step) = steps.pop() {
        let key = match &step {
            PathStep::Name(name) => Value::Text(Text::from(name.clone())),
            PathStep::Index(index) => Value::Int(*index),
        };
        let member = fetch(&value, &key).ok()?;
        if let (Value::Nil, PathStep::Name(name)) = (&member, &step) {
            return Some(absent(&text, name, &value));
        }
        match step {
            PathStep::Name(name) if is_plain_name(&name) => text.push_str(&format!(".{name}")),
            PathStep::Name(name) => text.push_str(&format!("['{name}']")),
            PathStep::Index(index) => text.push_str(&format!("[{index}]")),
        }
        value = member;
    }
    value.is_nil().then(|| format!("'{text}' is null"))
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(super::lexer::is_word)
}

/// There is no such variable.
pub(super) fn no_variable(name: &str, env: &Env<'_>) -> String {
    match nearest(name, env.names()) {
        Some(known) => format!("there is no variable '{name}', did you mean '{known}'?"),
        None => {
            let mut known: Vec<&str> = env.names().collect();
            known.sort_unstable();
            known.truncate(8);
            match known.as_slice() {
                [] => format!("there is no variable '{name}'"),
                known => format!(
                    "there is no variable '{name}', there are: {}",
                    known.join(", ")
                ),
            }
        }
    }
}

/// A member is nil: because it is null, or because it is not there.
pub(super) fn absent(path: &str, name: &str, parent: &Value<'_>) -> String {
    let names: Vec<String> = match parent {
        Value::Object(members) => {
            if members.contains_key(name) {
                return format!("'{name}' of '{path}' is null");
            }
            members.keys().cloned().collect()
        }
        Value::Map(map) => {
            let known = |key: &Key<'_>| match key {
                Key::Text(text) => Some(text.to_str().into_owned()),
                _ => None,
            };
            let names: Vec<String> = map.members.keys().filter_map(known).collect();
            if names.iter().any(|known| known == name) {
                return format!("'{name}' of '{path}' is nil");
            }
            names
        }
        other => methods::names(other)
            .into_iter()
            .map(str::to_owned)
            .collect(),
    };
    match nearest(name, names.iter().map(String::as_str)) {
        Some(known) => format!("'{path}' has no member '{name}', did you mean '{known}'?"),
        None => format!("'{path}' has no member '{name}'"),
    }
}

/// The text of a part for a message: short, on one line.
pub(super) fn quoted_source(source: &str, span: Span) -> String {
    const LONGEST: usize = 120;
    let text = span.of(source);
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(cut);
        line.push('\u{2026}');
    }
    line
}
