//! The examples in `assets/examples`: without findings, true for the objects that they are about,
//! false for healthy ones.

#[path = "support/catalog.rs"]
mod support;

use kubechime::catalog::{Catalog, ConfigSource};
use kubechime::check::{LintOptions, lint};
use kubechime::domain::Severity;
use kubechime::expr::Env;
use kubechime::service::{add_destination, render};
use kubechime::template::Vars;
use kubechime::yaml;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;
use support::options;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/examples")
}

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(directory()).expect("the examples");
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(".yaml")?.to_owned()))
        .collect();
    names.sort();
    names
}

/// The catalog of an example, and its object.
fn load(name: &str) -> (Catalog, Value) {
    let path = directory().join(format!("{name}.yaml"));
    let text = std::fs::read_to_string(path).expect("is there");
    let mut source = ConfigSource::default();
    let mut object = None;
    for document in yaml::parse_all(&text).expect("is YAML") {
        let document = document.to_json();
        match document["kind"].as_str() {
            Some("ConfigMap") => {
                source.found = true;
                source.data = texts(&document["data"]);
            }
            Some("Secret") => {
                source.secret_found = true;
                let values = texts(&document["stringData"]).into_iter();
                source.secret = values
                    .map(|(name, value)| (name, value.into_bytes()))
                    .collect();
            }
            _ => object = Some(document),
        }
    }
    let catalog = Catalog::build(&source, None, &options());
    (catalog, object.expect("an object"))
}

fn texts(members: &Value) -> BTreeMap<String, String> {
    let members = members.as_object().into_iter().flatten();
    members
        .map(|(name, text)| (name.clone(), text.as_str().expect("a text").to_owned()))
        .collect()
}

fn variable(object: &Value) -> String {
    match object["kind"].as_str() {
        Some("Application") => "app".to_owned(),
        Some(kind) => kind.to_lowercase(),
        None => panic!("has no kind"),
    }
}

#[test]
fn every_example_passes_the_checks() {
    let names = names();
    assert!(names.len() >= 15, "{names:?}");
    for name in names {
        let (catalog, object) = load(&name);
        let variables = [variable(&object)];
        let lint_options = LintOptions {
            variables: &variables,
            secret_known: true,
            subject: None,
            longest: Duration::from_secs(10),
        };
        let mut found = lint(&catalog, &lint_options);
        found.retain(|finding| finding.severity > Severity::Info);
        assert_eq!(found, [], "{name}");
        assert!(!catalog.triggers.is_empty(), "{name}");
    }
}

/// Every example can be chosen in the editor.
#[cfg(feature = "tui")]
#[test]
fn every_example_is_offered() {
    let offered: Vec<&str> = kubechime::tui::examples::ALL
        .iter()
        .map(|example| example.name)
        .collect();
    let names = names();
    for name in &names {
        assert!(offered.contains(&name.as_str()), "{name} is not offered");
    }
    assert_eq!(offered.len(), names.len());
}

/// The status of an object in trouble, by example.
fn trouble() -> Vec<(&'static str, Value)> {
    let condition = |kind: &str, status: &str| json!({"conditions": [{"type": kind, "status": status, "reason": "Test"}]});
    let container = |state: Value| json!({"containerStatuses": [state]});
    vec![
        (
            "pod-crashloop",
            container(
                json!({"restartCount": 12, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}),
            ),
        ),
        (
            "pod-oom",
            container(
                json!({"restartCount": 1, "lastState": {"terminated": {"reason": "OOMKilled"}}}),
            ),
        ),
        (
            "pod-image-pull",
            container(json!({"state": {"waiting": {"reason": "ImagePullBackOff"}}})),
        ),
        (
            "pod-pending",
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False"}]}),
        ),
        ("job-failed", condition("Failed", "True")),
        ("deployment-degraded", condition("Available", "False")),
        ("node-not-ready", condition("Ready", "Unknown")),
        ("pvc-pending", json!({"phase": "Pending"})),
        ("certificate", condition("Ready", "False")),
        (
            "argocd-app-sync-failed",
            json!({"operationState": {"phase": "Failed", "startedAt": "x"}}),
        ),
        (
            "argocd-app-health",
            json!({"health": {"status": "Degraded"}}),
        ),
        (
            "argo-rollout-aborted",
            json!({"phase": "Degraded", "message": "aborted"}),
        ),
    ]
}

#[test]
fn conditions_are_true_in_trouble_and_false_otherwise() {
    for (name, status) in trouble() {
        let (catalog, healthy) = load(name);
        let variable = variable(&healthy);
        let mut broken = healthy.clone();
        broken["status"] = status;
        let trigger = catalog.triggers.values().next().expect("a trigger");
        let condition = &trigger.conditions[0];
        for (object, expected) in [(&healthy, false), (&broken, true)] {
            let env = Env::of_object(&variable, object);
            let value = condition.when_program.eval(&env);
            let value = value.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!(value.as_bool(), Some(expected), "{name} on {object}");
        }
        if let Some((_, once_per)) = &condition.once_per {
            let env = Env::of_object(&variable, &broken);
            assert!(once_per.eval(&env).is_ok(), "{name}: oncePer");
        }
        check_templates(&catalog, name, &variable, &broken);
    }
}

/// Messages have no gaps, and the attachments are JSON.
fn check_templates(catalog: &Catalog, name: &str, variable: &str, object: &Value) {
    let to = kubechime::domain::Destination::new("slack", "team-alerts");
    let mut vars = Vars::new();
    vars.json(variable, object);
    add_destination(&mut vars, &to);
    for template in catalog.templates.values() {
        let rendered = render(std::slice::from_ref(template), &vars, "slack", "slack");
        let rendered = rendered.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(
            !rendered.message.contains("<no value>"),
            "{name}: {}",
            rendered.message
        );
        let object_name = object["metadata"]["name"].as_str().expect("a name");
        assert!(
            rendered.message.contains(object_name),
            "{name}: {}",
            rendered.message
        );
        if let Some(slack) = &rendered.slack {
            let attachments: Value = match slack.attachments.as_str() {
                "" => Value::Null,
                text => {
                    serde_json::from_str(text).unwrap_or_else(|e| panic!("{name}: {e}: {text}"))
                }
            };
            assert!(
                !attachments.to_string().contains("<no value>"),
                "{name}: {attachments}"
            );
        }
    }
}
