//! The ConfigMaps in `assets/` are without findings, and their conditions say what their
//! descriptions promise.

#[path = "support/catalog.rs"]
mod support;

use kubechime::catalog::{Catalog, ConfigSource};
use kubechime::domain::Destination;
use kubechime::expr::Env;
use kubechime::service::{add_destination, render};
use kubechime::template::Vars;
use kubechime::yaml;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::{options, troubled};

/// The catalog of a file with a ConfigMap, and perhaps a Secret and an object; and the object.
fn load(file: &str) -> (Catalog, Option<Value>) {
    let path = format!("{}/assets/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut source = ConfigSource::default();
    let mut object = None;
    for document in yaml::parse_all(&text).unwrap_or_else(|e| panic!("{file}: {e}")) {
        let document = document.to_json();
        match document["kind"].as_str() {
            Some("ConfigMap") => {
                source.found = true;
                source.data = texts(&document["data"]);
            }
            Some("Secret") => {
                source.secret_found = true;
                let values = texts(&document["stringData"]).into_iter();
                source.secret = values.map(|(k, v)| (k, v.into_bytes())).collect();
            }
            _ => object = Some(document),
        }
    }
    assert!(source.found, "{file} has no ConfigMap");
    (Catalog::build(&source, None, &options()), object)
}

fn texts(object: &Value) -> BTreeMap<String, String> {
    let members = object.as_object().into_iter().flatten();
    let texts = members.map(|(k, v)| (k.clone(), v.as_str().expect("is text").to_owned()));
    texts.collect()
}

const FILES: [&str; 7] = [
    "examples/pod-ready.yaml",
    "examples/deployment-rollout.yaml",
    "examples/job-result.yaml",
    "presets/pod.yaml",
    "presets/deployment.yaml",
    "presets/job.yaml",
    "deploy/example/config-map.yaml",
];

#[test]
fn no_findings() {
    for file in FILES {
        let (catalog, _) = load(file);
        assert_eq!(troubled(&catalog), [], "{file}: {:#?}", catalog.keys);
        assert!(!catalog.triggers.is_empty(), "{file}");
    }
}

/// The object of each example is subscribed to triggers and services of its own file.
#[test]
fn examples_are_subscribed() {
    for (file, triggers) in [
        (FILES[0], vec!["on-pod-ready"]),
        (FILES[1], vec!["on-rollout-complete", "on-rollout-stuck"]),
        (FILES[2], vec!["on-job-failed", "on-job-succeeded"]),
    ] {
        let (catalog, object) = load(file);
        let metadata = &object.expect("has an object")["metadata"];
        let (labels, annotations) = (texts(&metadata["labels"]), texts(&metadata["annotations"]));
        let mut notes = Vec::new();
        let found = catalog.destinations(&labels, &annotations, &mut notes);
        assert_eq!(notes, [], "{file}");
        assert_eq!(found.keys().collect::<Vec<_>>(), triggers, "{file}");
        for (trigger, subscriptions) in &found {
            assert!(catalog.triggers.contains_key(trigger), "{file}: {trigger}");
            for subscription in subscriptions {
                let service = &*subscription.destination.service;
                assert!(catalog.services.contains_key(service), "{file}: {service}");
            }
        }
    }
}

/// The templates render for this object, and the body for the web hook is JSON.
fn check_templates(catalog: &Catalog, kind: &str, object: &Value, names: &[String]) {
    let mut object = object.clone();
    object["metadata"]["namespace"] = "shop".into();
    object["metadata"]["name"] = "web \"1\"".into();
    let to = Destination::new("webhook", "");
    let mut vars = Vars::new();
    vars.json(kind, &object);
    add_destination(&mut vars, &to);
    for name in names {
        let template = std::slice::from_ref(&catalog.templates[name]);
        let notification = render(template, &vars, "webhook", "webhook");
        let notification = notification.unwrap_or_else(|e| panic!("{name}: {e}"));
        let message = &notification.message;
        assert!(message.contains("shop/web \"1\""), "{name}: {message}");
        assert!(
            !message.contains('\n') && !message.contains("<no value>"),
            "{name}: {message}"
        );
        let body = &notification.webhook["webhook"].body;
        let body: Value =
            serde_json::from_str(body).unwrap_or_else(|e| panic!("{name}: {e}: {body}"));
        assert_eq!(body["resource"], "shop/web \"1\"", "{name}");
    }
}

/// Each trigger of the presets with an object for which it is true; for all other objects of the
/// list it is false, and no condition fails on any of them.
#[test]
fn conditions_are_true_when_they_should() {
    let long_ago = "2020-01-01T00:00:00Z";
    let container = |state: Value| {
        json!({"status": {"phase": "Running", "containerStatuses": [
            {"name": "a", "image": "i", "restartCount": 1, "state": {"running": {}}, "lastState": {}},
            state,
        ]}})
    };
    let waiting = |reason: &str| {
        container(
            json!({"name": "b", "image": "j", "restartCount": 7, "lastState": {}, "state": {"waiting": {"reason": reason}}}),
        )
    };
    let condition = |phase: &str, kind: &str, status: &str| {
        json!({"status": {"phase": phase, "conditions": [
            {"type": kind, "status": status, "lastTransitionTime": long_ago},
        ]}})
    };
    let rolled_out = json!({
        "metadata": {"generation": 3}, "spec": {"replicas": 2},
        "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
    });
    let kinds = [
        (
            "pod",
            vec![
                (
                    "on-pod-oom",
                    container(
                        json!({"name": "b", "restartCount": 1, "state": {"running": {}}, "lastState": {"terminated": {"reason": "OOMKilled"}}}),
                    ),
                ),
                ("on-pod-crashloop", waiting("CrashLoopBackOff")),
                ("on-pod-image", waiting("ImagePullBackOff")),
                (
                    "on-pod-unschedulable",
                    condition("Pending", "PodScheduled", "False"),
                ),
                ("on-pod-not-ready", condition("Running", "Ready", "False")),
                ("on-pod-failed", json!({"status": {"phase": "Failed"}})),
                (
                    "on-pod-evicted",
                    json!({"status": {"phase": "Failed", "reason": "Evicted"}}),
                ),
                ("", condition("Running", "Ready", "True")),
                ("", json!({"status": {"phase": "Pending"}})),
                ("", json!({"status": {}})),
            ],
        ),
        (
            "deployment",
            vec![
                ("on-deployment-rolled-out", rolled_out),
                (
                    "on-deployment-stuck",
                    json!({"metadata": {"generation": 1}, "spec": {"replicas": 1}, "status": {"conditions": [
                        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},
                    ]}}),
                ),
                (
                    "on-deployment-degraded",
                    json!({"metadata": {"generation": 1}, "spec": {"replicas": 1}, "status": {"conditions": [
                        {"type": "Available", "status": "False", "lastTransitionTime": long_ago},
                    ]}}),
                ),
                (
                    "on-deployment-scaled-to-zero",
                    json!({"metadata": {"generation": 1}, "spec": {"replicas": 0}, "status": {"observedGeneration": 1}}),
                ),
                (
                    "",
                    json!({"metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": {"observedGeneration": 1}}),
                ),
                (
                    "",
                    json!({"metadata": {"generation": 1}, "spec": {}, "status": {}}),
                ),
            ],
        ),
        (
            "job",
            vec![
                (
                    "on-job-succeeded",
                    json!({"status": {"startTime": long_ago, "completionTime": long_ago, "succeeded": 1, "failed": 1, "conditions": [{"type": "Complete", "status": "True"}]}}),
                ),
                (
                    "on-job-failed",
                    json!({"status": {"startTime": long_ago, "failed": 2, "conditions": [{"type": "Failed", "status": "True"}]}}),
                ),
                ("on-job-retrying", json!({"status": {"failed": 1}})),
                (
                    "on-job-overdue",
                    json!({"status": {"startTime": long_ago, "active": 1}}),
                ),
                ("", json!({"status": {}})),
            ],
        ),
    ];
    for (kind, objects) in kinds {
        let (catalog, _) = load(&format!("presets/{kind}.yaml"));
        let told: Vec<_> = objects.iter().map(|(trigger, _)| *trigger).collect();
        for name in catalog.triggers.keys() {
            assert!(told.contains(&name.as_str()), "no object for {name}");
        }
        for (expected, object) in &objects {
            let mut env = Env::new();
            env.json(kind, object);
            for (name, trigger) in &catalog.triggers {
                for condition in &trigger.conditions {
                    let value = condition.when_program.eval(&env);
                    let value = value.unwrap_or_else(|e| panic!("{name}: {e}: {object}"));
                    let expected = name == expected;
                    assert_eq!(value.as_bool(), Some(expected), "{name}: {object}");
                    if expected {
                        check_templates(&catalog, kind, object, &condition.send);
                    }
                    if let Some((_, once_per)) = condition.once_per.as_ref().filter(|_| expected) {
                        let value = once_per
                            .eval(&env)
                            .unwrap_or_else(|e| panic!("{name}: {e}"));
                        assert_ne!(value.go_string(), "<nil>", "{name}");
                    }
                }
            }
        }
    }
}
