//! Within conditions: fields, variables, functions, words.

use super::object::{describe, fields, follow, items, roots, steps};
use super::{Candidate, CompletionRequest, words};
use crate::expr;
use regex::Regex;
use serde_json::Value;
use std::sync::LazyLock;

const PATH: &str = r#"(?:#|[A-Za-z_$][\w$]*)(?:\??\.[A-Za-z_$][\w$]*|\[[^\[\]]*\])*"#;

fn pattern(text: &str) -> Option<Regex> {
    // The patterns are constants, tested below.
    Regex::new(&text.replace("PATH", PATH)).ok()
}

/// A path, a dot, and the field that is typed.
static MEMBER: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"(PATH)\??\.([\w$]*)$"));
/// The field of the item of a predicate, without `#`.
static OF_ITEM: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?:^|[\s{(,!&|<>=+*/-])\.([\w$]*)$"));
/// A comparison with a text.
static COMPARED: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r#"(PATH)\s*(?:==|!=)\s*(['"])([^'"]*)$"#));
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"([A-Za-z_$#][\w$]*)?$"));
static AT_END: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"(PATH)\s*,?\s*$"));

/// What can be written at the end of an expression.
pub(super) fn complete<'c>(
    request: &CompletionRequest<'_>,
    text: &'c str,
) -> (&'c str, Vec<Candidate>) {
    let capture = |pattern: &'static LazyLock<Option<Regex>>| pattern.as_ref()?.captures(text);
    if let Some(found) = capture(&COMPARED) {
        let quote = found.get(2).map_or("'", |quote| quote.as_str());
        let typed = found.get(3).map_or("", |typed| typed.as_str());
        let path = found.get(1).map_or("", |path| path.as_str());
        let values = values_of(request, text, path)
            .into_iter()
            .filter_map(Value::as_str);
        let candidate = |value: &str| {
            Candidate::new(value, "value", "what the object has")
                .inserting(format!("{value}{quote}"))
        };
        return (typed, values.map(candidate).collect());
    }
    if in_quotes(text) {
        return ("", Vec::new());
    }
    if let Some(found) = capture(&MEMBER) {
        let path = found.get(1).map_or("", |path| path.as_str());
        let typed = found.get(2).map_or("", |typed| typed.as_str());
        let group = words::HOST.iter().find(|(name, _)| *name == path);
        let candidates = match group {
            Some((_, members)) => members
                .iter()
                .map(|(name, doc)| Candidate::new(*name, "function", *doc))
                .collect(),
            None => named(fields(&values_of(request, text, path))),
        };
        return (typed, candidates);
    }
    if let Some(found) = capture(&OF_ITEM) {
        let typed = found.get(1).map_or("", |typed| typed.as_str());
        return (typed, named(fields(&values_of(request, text, "#"))));
    }
    let typed = capture(&NAME)
        .and_then(|found| found.get(1))
        .map_or("", |typed| typed.as_str());
    (typed, names(request, text))
}

/// Fields that can be written behind a dot: others need brackets, which are offered as such by
/// nobody's fingers.
fn named(candidates: Vec<Candidate>) -> Vec<Candidate> {
    let plain = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    candidates
        .into_iter()
        .filter(|candidate| plain(&candidate.label))
        .collect()
}

fn in_quotes(text: &str) -> bool {
    let mut open = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match open {
            Some(quote) if c == '\\' && quote != '`' => _ = chars.next(),
            Some(quote) if c == quote => open = None,
            None if matches!(c, '\'' | '"' | '`') => open = Some(c),
            _ => {}
        }
    }
    open.is_some()
}

/// The values that a path leads to at the end of `text`.
fn values_of<'r>(request: &CompletionRequest<'r>, text: &str, path: &str) -> Vec<&'r Value> {
    let Some(steps) = steps(path) else {
        return Vec::new();
    };
    let Some((first, rest)) = steps.split_first() else {
        return Vec::new();
    };
    let super::object::Step::Field(variable) = first else {
        return Vec::new();
    };
    let from = if variable == "#" {
        item(request, text)
    } else {
        roots(request, variable)
    };
    follow(from, rest)
}

/// The items that a predicate at the end of `text` is about.
fn item<'r>(request: &CompletionRequest<'r>, text: &str) -> Vec<&'r Value> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices().rev() {
        match c {
            '}' => depth += 1,
            '{' if depth > 0 => depth -= 1,
            '{' => {
                let before = text.get(..at).unwrap_or("");
                let found = AT_END.as_ref().and_then(|pattern| pattern.captures(before));
                let path = found.as_ref().and_then(|found| found.get(1));
                let list = path.map(|path| {
                    let outer = before.get(..path.start()).unwrap_or("");
                    values_of(request, outer, path.as_str())
                });
                return list
                    .unwrap_or_default()
                    .into_iter()
                    .flat_map(items)
                    .collect();
            }
            _ => {}
        }
    }
    Vec::new()
}

/// Variables, functions and words.
fn names(request: &CompletionRequest<'_>, text: &str) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    let own = request.object.map(|(name, _)| name);
    let watched = request.variables.iter().map(String::as_str);
    for variable in own.into_iter().chain(watched) {
        let doc = match request.object {
            Some((name, object)) if name == variable => {
                let name = &object["metadata"]["name"];
                format!(
                    "the object, such as {}",
                    name.as_str().unwrap_or("this one")
                )
            }
            _ => "the object".to_owned(),
        };
        candidates.push(Candidate::new(variable, "variable", doc));
    }
    if text.contains('{') {
        let doc = item(request, text)
            .first()
            .map(|value| describe(value))
            .unwrap_or_default();
        candidates.push(Candidate::new("#", "variable", format!("the item: {doc}")));
    }
    for (name, _) in words::HOST {
        let candidate = Candidate::new(*name, "functions", "functions of Argo CD");
        candidates.push(candidate.inserting(format!("{name}.")));
    }
    for name in expr::builtin_names(&request.catalog.options().expr) {
        let doc = words::function(name);
        candidates.push(Candidate::new(name, "function", doc).inserting(format!("{name}(")));
    }
    let words = words::EXPRESSION.iter();
    candidates.extend(words.map(|(word, doc)| Candidate::new(*word, "word", *doc)));
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_can_be_read() {
        for pattern in [&MEMBER, &OF_ITEM, &COMPARED, &NAME, &AT_END] {
            assert!(pattern.is_some());
        }
    }
}
