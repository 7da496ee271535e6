//! Any text as a file of ConfigMaps and Secrets: catalog, lint and difference must neither panic nor
//! take long, and no diagnostic may show what is in the Secret.
#![no_main]

use base64::Engine as _;
use kubechime::catalog::{BuildOptions, Catalog, ConfigSource, KeyState, diff};
use kubechime::check::{LintOptions, Subject, lint};
use kubechime::domain::Severity;
use kubechime::service::ServiceContext;
use kubechime::yaml;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

const NAMESPACE: &str = "notifications";

/// Is in every Secret, and must be in no diagnostic.
const TOKEN: &str = "xoxb-never-to-be-seen";

static POD: LazyLock<Json> = LazyLock::new(|| {
    json!({
        "metadata": {
            "name": "web-0", "namespace": "default", "labels": {"app": "web"},
            "annotations": {"notifications.argoproj.io/subscribe.t.web": "ops"},
        },
        "status": {"phase": "Pending"},
    })
});

fn texts(members: &Json) -> impl Iterator<Item = (String, String)> + '_ {
    let members = members.as_object().into_iter().flatten();
    members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
}

/// One version per ConfigMap in the text, each with all that the Secrets hold.
fn sources(text: &str) -> Vec<ConfigSource> {
    let Ok(documents) = yaml::parse_all(text) else {
        return Vec::new();
    };
    let objects: Vec<Json> = documents.iter().map(yaml::Node::to_json).collect();
    let mut secret = BTreeMap::from([("token".to_owned(), TOKEN.as_bytes().to_vec())]);
    for object in objects.iter().filter(|object| object["kind"] == "Secret") {
        let decoded = texts(&object["data"]).filter_map(|(key, text)| {
            let value = base64::engine::general_purpose::STANDARD
                .decode(text)
                .ok()?;
            Some((key, value))
        });
        secret.extend(decoded);
        secret.extend(texts(&object["stringData"]).map(|(key, text)| (key, text.into_bytes())));
    }
    // The token must be what it is for the check below to mean something.
    secret.insert("token".to_owned(), TOKEN.as_bytes().to_vec());
    let maps = objects
        .iter()
        .filter(|object| object["kind"] == "ConfigMap");
    maps.take(4)
        .enumerate()
        .map(|(number, map)| ConfigSource {
            namespace: NAMESPACE.into(),
            name: "cm".into(),
            resource_version: number.to_string(),
            data: texts(&map["data"]).collect(),
            found: true,
            secret: secret.clone(),
            secret_found: true,
        })
        .collect()
}

fuzz_target!(|text: &str| {
    // The text itself must not hold the token in the clear.
    if text.contains(TOKEN) {
        return;
    }
    let mut options = BuildOptions::new(ServiceContext::default(), NAMESPACE);
    options.expr.step_budget = 300_000;
    options.expr.byte_budget = 8 << 20;
    let mut previous: Option<Catalog> = None;
    for source in sources(text) {
        let catalog = Catalog::build(&source, previous.as_ref(), &options);
        for (key, status) in &catalog.keys {
            let error = |d: &&kubechime::domain::Diagnostic| d.severity == Severity::Error;
            let broken = matches!(status.state, KeyState::Broken | KeyState::LastGood { .. });
            // A key that can't be read says why.
            assert!(
                !broken || status.diagnostics.iter().any(|d| error(&d)),
                "{key}"
            );
            for diagnostic in &status.diagnostics {
                assert!(!diagnostic.to_string().contains(TOKEN), "{key}");
            }
        }
        let subject = Subject {
            variable: "pod",
            object: &POD,
        };
        let found = lint(
            &catalog,
            &LintOptions {
                variables: &["pod".to_owned()],
                secret_known: true,
                subject: Some(subject),
                longest: Duration::from_secs(2),
            },
        );
        for diagnostic in &found {
            assert!(!diagnostic.to_string().contains(TOKEN));
        }
        let metadata = &POD["metadata"];
        let labels = texts(&metadata["labels"]).collect();
        let annotations = texts(&metadata["annotations"]).collect();
        catalog.destinations(&labels, &annotations, &mut Vec::new());
        catalog.reads("pod");
        if let Some(previous) = &previous {
            diff(previous, &catalog);
        }
        assert!(diff(&catalog, &catalog).is_empty());
        previous = Some(catalog);
    }
});
