//! Within templates: their keys and sections, and what actions can say.

use super::context::{Context, Slot};
use super::object::{fields, follow, roots, steps};
use super::{Candidate, CompletionRequest, is_name, options, words};
use crate::service::{known_types, reference};
use crate::template::functions;

/// What can be written at a place of a template.
pub(super) fn complete<'c>(
    request: &CompletionRequest<'_>,
    found: &'c Context<'_>,
) -> (&'c str, Vec<Candidate>) {
    if let Slot::Value { key, text } = &found.slot {
        if key == "engine" {
            let engines = [
                ("gotemplate", "Go templates, as the original has them"),
                ("handlebars", "Handlebars: {{pod.metadata.name}}"),
            ];
            let engines = engines.map(|(name, doc)| Candidate::new(name, "engine", doc));
            return (found.word(is_name), engines.into());
        }
        if let Some(action) = open_action(text) {
            return if is_handlebars(request.lines) {
                handlebars(request, action)
            } else {
                gotemplate(request, action)
            };
        }
        return ("", Vec::new());
    }
    let word = found.word(is_name);
    let Some((section, path)) = found.path.split_first() else {
        let mut keys: Vec<Candidate> = words::TEMPLATE
            .iter()
            .map(|(name, doc)| Candidate::key(name, doc))
            .collect();
        for name in known_types() {
            let doc = reference(name).map_or("", |reference| reference.summary);
            let key = Candidate::new(name, "section", doc).inserting(format!("{name}:"));
            keys.push(key);
        }
        return (word, keys);
    };
    let Some(reference) = reference(&section.to_ascii_lowercase()) else {
        return (word, Vec::new());
    };
    if section.eq_ignore_ascii_case("webhook") && path.is_empty() {
        let webhooks = request.catalog.services.iter();
        let webhooks = webhooks.filter(|(_, entry)| entry.service.service_type() == "webhook");
        let webhooks = webhooks.map(|(name, _)| {
            Candidate::new(name, "service", "what this webhook is sent")
                .inserting(format!("{name}:"))
        });
        return (word, webhooks.collect());
    }
    (word, options::children(reference.fields.iter(), path))
}

/// What is typed of an action at the end of a text; `None` outside of actions.
fn open_action(text: &str) -> Option<&str> {
    let start = text.rfind("{{")?;
    let action = text.get(start + 2..)?;
    (!action.contains("}}")).then_some(action.trim_start_matches(['{', '-']))
}

fn is_handlebars(lines: &[String]) -> bool {
    lines.iter().any(|line| line.trim() == "engine: handlebars")
}

fn variables(request: &CompletionRequest<'_>) -> Vec<Candidate> {
    let own = request.object.map(|(name, _)| name);
    let watched = request.variables.iter().map(String::as_str);
    let mut found: Vec<Candidate> = own
        .into_iter()
        .chain(watched)
        .map(|name| Candidate::new(name, "variable", "the object"))
        .collect();
    let given = words::TEMPLATE_VARIABLES.iter();
    found.extend(given.map(|(name, doc)| Candidate::new(*name, "variable", *doc)));
    found
}

/// The word at the end, and the path with its dots before it.
fn last_path(action: &str) -> (&str, &str) {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let word_start = action.trim_end_matches(part).len();
    let word = action.get(word_start..).unwrap_or("");
    let before = action.get(..word_start).unwrap_or("");
    let path_start = before
        .trim_end_matches(|c| part(c) || c == '.' || c == '$')
        .len();
    (before.get(path_start..).unwrap_or(""), word)
}

fn members(request: &CompletionRequest<'_>, path: &str) -> Vec<Candidate> {
    let Some(steps) = steps(path) else {
        return Vec::new();
    };
    match steps.split_first() {
        None => variables(request),
        Some((super::object::Step::Field(variable), rest)) => {
            fields(&follow(roots(request, variable), rest))
                .into_iter()
                .filter(|field| field.label.chars().all(|c| c.is_alphanumeric() || c == '_'))
                .collect()
        }
        Some(_) => Vec::new(),
    }
}

fn gotemplate<'c>(request: &CompletionRequest<'_>, action: &'c str) -> (&'c str, Vec<Candidate>) {
    let (path, word) = last_path(action);
    let rooted = path.strip_prefix('$').unwrap_or(path);
    if let Some(inner) = rooted.strip_suffix('.') {
        return (word, members(request, inner.trim_start_matches('.')));
    }
    let mut candidates: Vec<Candidate> = words::ACTIONS
        .iter()
        .map(|(word, doc)| Candidate::new(*word, "word", *doc))
        .collect();
    for name in functions::names() {
        let doc = functions::find(name).map(|function| function.signature.to_string());
        candidates.push(Candidate::new(name, "function", doc.unwrap_or_default()));
    }
    (word, candidates)
}

fn handlebars<'c>(request: &CompletionRequest<'_>, action: &'c str) -> (&'c str, Vec<Candidate>) {
    let (path, word) = last_path(action);
    if let Some(inner) = path.strip_suffix('.') {
        return (word, members(request, inner));
    }
    let mut candidates = variables(request);
    let blocks = ["if", "unless", "each", "with"];
    if action.ends_with(&format!("#{word}")) || action.ends_with(&format!("/{word}")) {
        candidates = blocks
            .map(|word| Candidate::new(word, "word", "a block"))
            .into();
    }
    (word, candidates)
}
