//! Fields of the object at hand, or of a sample.

use super::{Candidate, CompletionRequest};
use crate::check::sample;
use serde_json::Value;
use std::collections::BTreeMap;

/// Characters of a value that are shown.
const SHOWN: usize = 60;

/// Items of a list whose fields are put together.
const ITEMS: usize = 20;

/// A step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A member.
    Field(String),
    /// An item, whichever.
    Item,
}

/// The steps of a written path such as `pod.status?.items[0].name`; `None` when it is none.
pub(super) fn steps(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest
            .strip_prefix("?.")
            .or_else(|| rest.strip_prefix('.'))
            .unwrap_or(rest);
        if let Some(index) = rest.strip_prefix('[') {
            let (index, after) = index.split_once(']')?;
            let name = index.trim().trim_matches(['"', '\'']);
            steps.push(if name.len() < index.trim().len() {
                Step::Field(name.to_owned())
            } else {
                Step::Item
            });
            rest = after;
            continue;
        }
        let end = rest.find(['.', '?', '[']).unwrap_or(rest.len());
        if end == 0 {
            return None;
        }
        steps.push(Step::Field(rest.get(..end)?.to_owned()));
        rest = rest.get(end..)?;
    }
    Some(steps)
}

/// The values of a variable: that of the object at hand, else a sample.
pub(super) fn roots<'r>(request: &CompletionRequest<'r>, variable: &str) -> Vec<&'r Value> {
    match request.object {
        Some((name, object)) if name == variable => vec![object],
        _ => sample::of(variable).into_iter().collect(),
    }
}

/// Where a path leads from these values; lists lead to all their items.
pub(super) fn follow<'v>(mut values: Vec<&'v Value>, steps: &[Step]) -> Vec<&'v Value> {
    for step in steps {
        values = values
            .into_iter()
            .flat_map(|value| match step {
                Step::Field(name) => value.get(name).into_iter().collect::<Vec<_>>(),
                Step::Item => items(value),
            })
            .collect();
    }
    values
}

/// The items of a list.
pub(super) fn items(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().take(ITEMS).collect()
}

/// The fields of these values, each with what it is.
pub(super) fn fields(values: &[&Value]) -> Vec<Candidate> {
    let mut found: BTreeMap<&str, &Value> = BTreeMap::new();
    for value in values {
        for (name, member) in value.as_object().into_iter().flatten() {
            found.entry(name).or_insert(member);
        }
    }
    let candidate = |(name, value): (&str, &Value)| Candidate::new(name, "field", describe(value));
    found.into_iter().map(candidate).collect()
}

/// A value in a few words.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let names: Vec<&str> = members.keys().map(String::as_str).collect();
            short(&format!("{{{}}}", names.join(", ")))
        }
        Value::Array(items) => format!("list of {}", items.len()),
        Value::String(text) => short(&format!("{text:?}")),
        other => other.to_string(),
    }
}

/// The beginning of a text, on one line.
pub(super) fn short(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SHOWN)
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('\u{2026}');
    }
    shown
}
