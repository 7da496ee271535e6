//! Options of services, fields of template sections, and names of the Secret.

use super::context::{Context, Slot};
use super::{Candidate, CompletionRequest, is_name};
use crate::service::{Field, reference};
use std::collections::BTreeSet;

/// What can be written at a place of a service's options.
pub(super) fn service<'c>(
    request: &CompletionRequest<'_>,
    found: &'c Context<'_>,
) -> (&'c str, Vec<Candidate>) {
    let rest = found.config_key.strip_prefix("service.").unwrap_or("");
    let service_type = rest.split('.').next().unwrap_or("");
    let reference = reference(service_type);
    let word = found.word(is_name);
    let Slot::Value { key, .. } = &found.slot else {
        let fields = reference.map(|reference| children(reference.all_options(), &found.path));
        return (word, fields.unwrap_or_default());
    };
    let mut path = found.path.clone();
    path.push(key.clone());
    let field = reference.and_then(|reference| {
        reference
            .all_options()
            .find(|field| same(&segments(field.name), &path))
    });
    let mut candidates = Vec::new();
    if field.is_some_and(|field| field.shape == "bool") {
        let doc = field.map_or("", |field| field.text);
        candidates.extend(["true", "false"].map(|value| Candidate::new(value, "value", doc)));
    }
    for name in request.secret_keys {
        let doc = "of the Secret; put in when the service is made";
        candidates.push(Candidate::new(format!("${name}"), "secret", doc));
    }
    (word, candidates)
}

/// The names within a field's name, without what marks lists.
fn segments(name: &str) -> Vec<&str> {
    name.split('.')
        .map(|part| part.trim_end_matches("[]"))
        .collect()
}

fn same<S: AsRef<str>>(segments: &[&str], path: &[S]) -> bool {
    segments.len() == path.len() && begins(segments, path)
}

fn begins<S: AsRef<str>>(segments: &[&str], path: &[S]) -> bool {
    segments.len() >= path.len()
        && path.iter().zip(segments).all(|(typed, known)| {
            known.starts_with('<') || known.eq_ignore_ascii_case(typed.as_ref())
        })
}

/// The names that fields have directly below a path.
pub(super) fn children<'f>(
    fields: impl Iterator<Item = &'f Field>,
    path: &[String],
) -> Vec<Candidate> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for field in fields {
        let segments = segments(field.name);
        if !begins(&segments, path) {
            continue;
        }
        let Some(name) = segments
            .get(path.len())
            .filter(|name| !name.starts_with('<'))
        else {
            continue;
        };
        if !seen.insert((*name).to_owned()) {
            continue;
        }
        let own = segments.len() == path.len() + 1;
        let doc = match (own, field.required) {
            (true, true) => format!("{} (needed)", field.text),
            (true, false) => field.text.to_owned(),
            (false, _) => String::new(),
        };
        found.push(Candidate::key(name, &doc));
    }
    found
}
