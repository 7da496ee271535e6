//! Objects to try templates on when none is given.

use crate::yaml;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Typical objects of well-known kinds, by variable: the kind in lower case.
static SAMPLES: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let documents = yaml::parse_all(include_str!("samples.yaml")).unwrap_or_default();
    let mut samples: BTreeMap<String, Value> = documents
        .iter()
        .map(|document| {
            let object = document.to_json();
            let kind = object["kind"].as_str().unwrap_or_default();
            (kind.to_ascii_lowercase(), object)
        })
        .collect();
    // Argo CD's name for its Application.
    if let Some(application) = samples.get("application").cloned() {
        samples.insert("app".into(), application);
    }
    samples
});

/// Stands in for an object of a kind that nothing is known of.
static UNKNOWN: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "metadata": {
            "name": "sample", "namespace": "default", "uid": "00000000-0000-0000-0000-000000000001",
            "generation": 1, "creationTimestamp": "2026-01-02T03:04:05Z",
            "labels": {}, "annotations": {},
        },
        "spec": {}, "status": {},
    })
});

/// The sample for a variable, when its kind is known.
pub(super) fn of(variable: &str) -> Option<&'static Value> {
    SAMPLES.get(variable)
}

/// A sample of an unknown kind: metadata, an empty spec and an empty status.
pub(super) fn unknown() -> &'static Value {
    &UNKNOWN
}

/// All samples.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static Value)> {
    SAMPLES.iter().map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_kinds_have_samples() {
        for variable in ["pod", "deployment", "job", "app", "application", "node"] {
            let sample = of(variable).unwrap_or_else(|| panic!("{variable} has none"));
            assert!(sample["metadata"]["name"].is_string(), "{variable}");
            assert!(sample["status"].is_object(), "{variable}");
        }
        assert!(of("cert").is_none());
    }
}
