//! All findings about a catalog, in one list.

use super::{conditions, parts, reach, render, services, unused};
use crate::catalog::{Catalog, Subscription};
use crate::domain::{Diagnostic, Severity};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a lint may rely on.
#[derive(Clone, Debug)]
pub struct LintOptions<'l> {
    /// The variables of the watched kinds, such as `pod`.
    pub variables: &'l [String],
    /// Whether the Secret is at hand. Without it nothing can be said about the names in it.
    pub secret_known: bool,
    /// An object to render and evaluate for; without one, samples are made up.
    pub subject: Option<Subject<'l>>,
    /// Longest time for rendering all templates together: a ConfigMap can hold thousands that each
    /// use up the limits of a rendering. Those that it does not suffice for are reported as not
    /// tried.
    pub longest: Duration,
}

/// An object that conditions and templates are tried on.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'l> {
    /// Its name in conditions and templates.
    pub variable: &'l str,
    /// The object.
    pub object: &'l Value,
}

impl Subject<'_> {
    /// How findings call it: `pod default/web-1`.
    pub(super) fn label(&self) -> String {
        let text = |name: &str| self.object["metadata"][name].as_str().unwrap_or_default();
        match (text("namespace"), text("name")) {
            ("", name) => format!("{} {name}", self.variable),
            (namespace, name) => format!("{} {namespace}/{name}", self.variable),
        }
    }

    /// What it is subscribed to, by trigger; what is wrong with its annotations is told in `notes`.
    pub(super) fn subscriptions(
        &self,
        catalog: &Catalog,
        notes: &mut Vec<Diagnostic>,
    ) -> BTreeMap<String, Vec<Subscription>> {
        let metadata = &self.object["metadata"];
        let labels = texts(&metadata["labels"]);
        catalog.destinations(&labels, &texts(&metadata["annotations"]), notes)
    }
}

fn texts(members: &Value) -> BTreeMap<String, String> {
    let members = members.as_object().into_iter().flatten();
    members
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Codes of findings that the catalog only warns of, because all else works, but that make every
/// notification they concern fail.
const FATAL: [&str; 4] = [
    "unknown-template",
    "unknown-trigger",
    "unknown-service",
    "missing-secret",
];

/// Everything that is wrong, or probably not meant: by key, each key in the order of its text.
pub fn lint(catalog: &Catalog, options: &LintOptions<'_>) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = catalog
        .keys
        .values()
        .flat_map(|status| &status.diagnostics)
        .filter(|finding| options.secret_known || finding.code != "missing-secret")
        .cloned()
        .map(|mut finding| {
            if FATAL.contains(&finding.code.as_str()) {
                finding.severity = Severity::Error;
            }
            finding
        })
        .collect();
    parts::check(catalog, options, &mut found);
    services::check(catalog, &mut found);
    reach::check(catalog, options, &mut found);
    unused::check(catalog, &mut found);
    conditions::check(catalog, options, &mut found);
    render::check(catalog, options, &mut found);
    found.sort_by(|one, other| {
        let order = |finding: &Diagnostic| (finding.position, std::cmp::Reverse(finding.severity));
        one.key.cmp(&other.key).then(order(one).cmp(&order(other)))
    });
    found.dedup();
    found
}
