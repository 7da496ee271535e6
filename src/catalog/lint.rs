//! What can only be said when everything has been read: names that nothing has.

use super::contents::Catalog;
use super::key::Key;
use super::status::Findings;
use super::text::{Reference, Target};
use crate::domain::{Diagnostic, Severity, nearest};
use std::collections::{BTreeMap, BTreeSet};

/// Names to look for near ones of, per catalog: a ConfigMap full of unknown names must not cost
/// minutes.
const MOST_SUGGESTIONS: usize = 200;

/// Tells references to templates, triggers and services that are not in the catalog.
pub(super) fn check(
    catalog: &Catalog,
    references: &[Reference],
    unreadable: &BTreeMap<String, Option<String>>,
    findings: &mut BTreeMap<String, Findings>,
) {
    let broken: BTreeSet<(&str, &str)> = unreadable.keys().filter_map(|key| named(key)).collect();
    let mut suggestions = 0;
    for reference in references {
        let (known, kind, code) = match reference.target {
            Target::Template => (
                catalog.templates.contains_key(&reference.name),
                "template",
                "unknown-template",
            ),
            Target::Trigger => (
                catalog.triggers.contains_key(&reference.name),
                "trigger",
                "unknown-trigger",
            ),
            Target::Service => (
                catalog.services.contains_key(&reference.name),
                "service",
                "unknown-service",
            ),
        };
        let Some(findings) = findings.get_mut(&reference.key) else {
            continue;
        };
        if known {
            continue;
        }
        let name = reference.name.as_str();
        let broken = broken.contains(&(kind, name));
        let problem = if broken {
            "can't be read"
        } else {
            "is not configured"
        };
        let message = format!("the {kind} '{name}' {problem}");
        let mut finding = Diagnostic::warning(code, &reference.key, message).at(reference.position);
        if !broken && !findings.is_full(Severity::Warning) && suggestions < MOST_SUGGESTIONS {
            suggestions += 1;
            let near = match reference.target {
                Target::Template => nearest(name, names(&catalog.templates)),
                Target::Trigger => nearest(name, names(&catalog.triggers)),
                Target::Service => nearest(name, names(&catalog.services)),
            };
            finding = match near {
                Some(near) => finding.help(format!("did you mean '{near}'?")),
                None => finding.help(format!("add a key '{kind}.{name}', or remove the name")),
            };
        }
        findings.push(finding);
    }
    for service in catalog.service_default_triggers.keys() {
        let key = format!("defaultTriggers.{service}");
        let Some(findings) = findings.get_mut(&key) else {
            continue;
        };
        if !catalog.services.contains_key(service) && !broken.contains(&("service", service)) {
            let message = format!("the service '{service}' is not configured");
            findings.push(Diagnostic::warning("unknown-service", &key, message));
        }
    }
}

fn names<T>(map: &BTreeMap<String, T>) -> impl Iterator<Item = &str> {
    map.keys().map(String::as_str)
}

/// What a key would add to the catalog.
fn named(key: &str) -> Option<(&'static str, &str)> {
    match Key::parse(key) {
        Key::Service { name, .. } => Some(("service", name)),
        Key::Trigger(name) => Some(("trigger", name)),
        Key::Template(name) => Some(("template", name)),
        _ => None,
    }
}
