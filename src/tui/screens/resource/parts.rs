//! What an evaluation's parts say: their values, which of them decided, which say nothing.

use crate::expr::{Outcome, Trace, TraceNode};
use crate::tui::widgets::text_view::Tone;
use std::collections::HashSet;

/// The value of a part as text, with its emphasis.
pub fn outcome_text(outcome: &Outcome) -> (String, Tone) {
    match outcome {
        Outcome::Value { text, type_name } => {
            let tone = match (*type_name, text.as_str()) {
                ("bool", "true") => Tone::Good,
                ("bool", "false") | ("nil", _) => Tone::Warn,
                _ if text == "nil" => Tone::Warn,
                _ => Tone::Plain,
            };
            (text.clone(), tone)
        }
        Outcome::Error {
            message,
            here: true,
        } => (format!("error: {message}"), Tone::Bad),
        Outcome::Error { here: false, .. } => ("error".to_owned(), Tone::Bad),
        Outcome::NotEvaluated => ("not evaluated".to_owned(), Tone::Dim),
        Outcome::Stopped => ("nil before '?.'".to_owned(), Tone::Dim),
    }
}

/// What explains a result that is not true, in one sentence.
pub fn because(trace: &Trace) -> Option<String> {
    let cause = trace.cause.as_ref()?;
    Some(cause.text.clone())
}

fn is_false(node: &TraceNode) -> bool {
    node.element.is_none()
        && matches!(&node.outcome, Outcome::Value { text, type_name } if *type_name == "bool" && text == "false")
}

/// The part that decided: the first nil or error that explains the result, else the innermost part
/// that made the whole false.
pub fn deciding(trace: &Trace) -> Option<usize> {
    if let Some(cause) = &trace.cause {
        let evaluated = |node: &TraceNode| node.outcome != Outcome::NotEvaluated;
        return trace
            .nodes
            .iter()
            .position(|node| node.span == cause.span && evaluated(node));
    }
    let mut at = 0;
    if !trace.root().is_some_and(is_false) {
        return None;
    }
    while let Some(below) = trace.nodes.get(at).and_then(|node| {
        node.children.iter().copied().find(|child| {
            let part = trace.nodes.get(*child);
            part.is_some_and(|part| is_false(part) && !part.literal)
        })
    }) {
        at = below;
    }
    Some(at)
}

/// The parts on the way to this one, itself included.
pub fn ways_to(trace: &Trace, part: Option<usize>) -> HashSet<usize> {
    let mut ways = HashSet::new();
    let Some(mut at) = part else { return ways };
    let mut above = vec![None; trace.nodes.len()];
    for (place, node) in trace.nodes.iter().enumerate() {
        for child in &node.children {
            if let Some(slot) = above.get_mut(*child) {
                *slot = Some(place);
            }
        }
    }
    while ways.insert(at) {
        match above.get(at).copied().flatten() {
            Some(parent) => at = parent,
            None => break,
        }
    }
    ways
}

/// Whether a part says nothing that the whole does not: a literal, or the way to a member that is
/// there.
pub fn is_plain(part: &TraceNode, whole: &TraceNode) -> bool {
    let there =
        |node: &TraceNode| matches!(&node.outcome, Outcome::Value { text, .. } if text != "nil");
    let way = whole.text.strip_prefix(&part.text).is_some_and(|rest| {
        let name = rest.trim_start_matches('?').trim_start_matches('.');
        name.len() < rest.len() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    });
    let element = part.text == "#" && whole.text.starts_with('.');
    part.literal || ((way || element) && there(part) && there(whole))
}
