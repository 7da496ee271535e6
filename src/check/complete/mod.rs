//! What can be written at a place of a text that is being edited: keys, names, fields, functions.
//!
//! The text is half written, so it is not parsed: indentation and the words around the place say
//! what it is. Fields come from an object, or from a sample of its kind. Asked by the editor.

mod context;
mod expression;
mod object;
mod options;
mod template;
mod words;

use crate::catalog::{Catalog, KeyKind};
use context::{Context, Slot};
use serde_json::Value;
use std::collections::BTreeSet;

/// Candidates that are given at most.
const MOST: usize = 200;

/// Where something is to be completed.
#[derive(Clone, Copy)]
pub struct CompletionRequest<'r> {
    /// The lines of the text.
    pub lines: &'r [String],
    /// The line of the cursor, from 0.
    pub line: usize,
    /// The byte of the cursor within it.
    pub column: usize,
    /// The key of the ConfigMap whose text it is; `None` for a whole ConfigMap.
    pub key: Option<&'r str>,
    /// What is in force.
    pub catalog: &'r Catalog,
    /// Keys of the ConfigMap that are not in force yet, with the drafts.
    pub keys: &'r [&'r str],
    /// Names of the Secret's keys.
    pub secret_keys: &'r [String],
    /// The variables of the watched kinds.
    pub variables: &'r [String],
    /// An object with its variable, whose fields are offered.
    pub object: Option<(&'r str, &'r Value)>,
}

/// Something that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it is called.
    pub label: String,
    /// What is written.
    pub insert: String,
    /// What it is, in a word.
    pub kind: &'static str,
    /// What it means, or its value, in a line; may be empty.
    pub doc: String,
}

/// What can be written at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The byte of the line that the part to be replaced begins with.
    pub from: usize,
    /// What can be put in its place, the best first.
    pub candidates: Vec<Candidate>,
}

impl Candidate {
    fn new(label: impl Into<String>, kind: &'static str, doc: impl Into<String>) -> Self {
        let label = label.into();
        Self {
            insert: label.clone(),
            label,
            kind,
            doc: doc.into(),
        }
    }

    fn inserting(mut self, insert: impl Into<String>) -> Self {
        self.insert = insert.into();
        self
    }

    /// The key of a mapping.
    fn key(name: &str, doc: &str) -> Self {
        Self::new(name, "key", doc).inserting(format!("{name}: "))
    }
}

/// What can be written at the place; no candidates where nothing is known.
pub fn complete(request: &CompletionRequest<'_>) -> Completion {
    let Some(found) = context::of(request) else {
        return Completion::default();
    };
    let (word, candidates) = match found.kind {
        None => (found.word(is_name), keys_of_config_map()),
        Some(KeyKind::Trigger) => trigger(request, &found),
        Some(KeyKind::Template) => template::complete(request, &found),
        Some(KeyKind::Service) => options::service(request, &found),
        Some(KeyKind::Subscriptions) => subscriptions(request, &found),
        Some(KeyKind::DefaultTriggers) => (found.word(is_name), triggers(request)),
        Some(KeyKind::Ignored) => return Completion::default(),
    };
    ranked(word, candidates, request.column)
}

/// Part of a name.
fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '$')
}

/// Those that fit what is typed: at the beginning, then anywhere.
fn ranked(word: &str, mut candidates: Vec<Candidate>, column: usize) -> Completion {
    let typed = word.to_lowercase();
    let rank = |candidate: &Candidate| {
        let label = candidate.label.to_lowercase();
        match label.find(&typed) {
            Some(0) => Some(0),
            Some(_) => Some(1),
            None => None,
        }
    };
    candidates.retain(|candidate| rank(candidate).is_some());
    let mut seen = BTreeSet::new();
    candidates.retain(|candidate| seen.insert(candidate.insert.clone()));
    candidates.sort_by_key(|candidate| rank(candidate));
    candidates.truncate(MOST);
    // What is there already is no help.
    if let [only] = candidates.as_slice()
        && only.insert == word
    {
        candidates.clear();
    }
    Completion {
        from: column.saturating_sub(word.len()),
        candidates,
    }
}

fn keys_of_config_map() -> Vec<Candidate> {
    [
        (
            "trigger.",
            "conditions, and the templates that are sent when they are true",
        ),
        ("template.", "what a notification says"),
        (
            "service.",
            "a service with its options: service.<type>.<name>",
        ),
        (
            "subscriptions",
            "who is told about everything, without annotations",
        ),
        (
            "defaultTriggers",
            "triggers of subscriptions that name none",
        ),
        (
            "defaultTriggers.",
            "the same for one service: defaultTriggers.<service>",
        ),
    ]
    .map(|(key, doc)| Candidate::new(key, "key", doc))
    .into()
}

fn trigger<'c>(
    request: &CompletionRequest<'_>,
    found: &'c Context<'_>,
) -> (&'c str, Vec<Candidate>) {
    let field = match &found.slot {
        Slot::Value { key, .. } => Some(key.as_str()),
        Slot::Entry => found.path.last().map(String::as_str),
    };
    match (&found.slot, field) {
        (Slot::Value { text, .. }, Some("when" | "oncePer")) =>
        // A quote around the whole is YAML's.
        {
            expression::complete(request, text.strip_prefix(['\'', '"']).unwrap_or(text))
        }
        (_, Some("send" | "resolved")) => (found.word(is_name), templates(request)),
        (Slot::Entry, None) => {
            let keys = words::CONDITION.iter();
            let keys = keys.map(|(name, doc)| Candidate::key(name, doc));
            (found.word(is_name), keys.collect())
        }
        _ => (found.word(is_name), Vec::new()),
    }
}

fn subscriptions<'c>(
    request: &CompletionRequest<'_>,
    found: &'c Context<'_>,
) -> (&'c str, Vec<Candidate>) {
    let field = match &found.slot {
        Slot::Value { key, .. } => Some(key.as_str()),
        Slot::Entry => found.path.last().map(String::as_str),
    };
    match field {
        Some("triggers") => (found.word(is_name), triggers(request)),
        Some("recipients") => {
            let recipient = |c: char| is_name(c) || matches!(c, ':' | '@' | '#' | '/');
            (found.word(recipient), recipients(request))
        }
        None => {
            let keys = words::SUBSCRIPTION.iter();
            let keys = keys.map(|(name, doc)| Candidate::key(name, doc));
            (found.word(is_name), keys.collect())
        }
        Some(_) => (found.word(is_name), Vec::new()),
    }
}

/// Names of this kind, in force or in the drafts.
fn named(
    request: &CompletionRequest<'_>,
    prefix: &str,
    known: BTreeSet<String>,
) -> BTreeSet<String> {
    let drafts = request
        .keys
        .iter()
        .filter_map(|key| key.strip_prefix(prefix));
    let mut all = known;
    all.extend(drafts.map(str::to_owned));
    // Keys of the text itself, in a whole ConfigMap.
    if request.key.is_none() {
        for line in request.lines {
            let key = line.trim_start().strip_prefix(prefix);
            if let Some((name, _)) = key.and_then(|rest| rest.split_once(':'))
                && name.chars().all(is_name)
            {
                all.insert(name.to_owned());
            }
        }
    }
    all
}

fn templates(request: &CompletionRequest<'_>) -> Vec<Candidate> {
    let known = request.catalog.templates.keys().cloned().collect();
    let doc = |name: &String| {
        let template = request.catalog.templates.get(name)?;
        let sections: Vec<&str> = template.sections().collect();
        let message = template.message.as_ref().map(|_| "message");
        let parts: Vec<&str> = message.into_iter().chain(sections).collect();
        Some(format!("has {}", parts.join(", ")))
    };
    let names = named(request, "template.", known);
    let candidate = |name: String| {
        let doc = doc(&name).unwrap_or_default();
        Candidate::new(name, "template", doc)
    };
    names.into_iter().map(candidate).collect()
}

fn triggers(request: &CompletionRequest<'_>) -> Vec<Candidate> {
    let known = request.catalog.triggers.keys().cloned().collect();
    let doc = |name: &String| {
        let trigger = request.catalog.triggers.get(name)?;
        let first = trigger.conditions.first()?;
        let text = if first.description.is_empty() {
            &first.when
        } else {
            &first.description
        };
        Some(object::short(text))
    };
    let names = named(request, "trigger.", known);
    let candidate = |name: String| {
        let doc = doc(&name).unwrap_or_default();
        Candidate::new(name, "trigger", doc)
    };
    names.into_iter().map(candidate).collect()
}

/// Services, and destinations that are told already.
fn recipients(request: &CompletionRequest<'_>) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    let known = request.catalog.subscriptions.iter();
    let known: BTreeSet<String> = known
        .flat_map(|entry| &entry.recipients)
        .map(|to| to.label())
        .collect();
    for label in known {
        candidates.push(Candidate::new(
            label,
            "destination",
            "is told about other things already",
        ));
    }
    for (name, entry) in &request.catalog.services {
        let service_type = entry.service.service_type();
        let reference = crate::service::reference(service_type);
        let doc = reference.map_or("", |reference| reference.recipient);
        let nameless = reference.is_some_and(|reference| reference.recipient_example.is_empty());
        let label = if nameless {
            name.clone()
        } else {
            format!("{name}:")
        };
        candidates.push(Candidate::new(label, "service", doc));
    }
    candidates
}

#[cfg(test)]
mod tests;
