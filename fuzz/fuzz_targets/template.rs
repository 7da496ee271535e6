//! Any text as a template, in both languages: parsing, rendering and telling errors must neither
//! panic nor take long, nor give more than the limits allow.
#![no_main]

use kubechime::template::{Language, Limits, Template, Vars, argo_host};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

static POD: LazyLock<Json> = LazyLock::new(|| {
    json!({
        "metadata": {
            "name": "web-0", "labels": {"app": "web"}, "annotations": null,
            "creationTimestamp": "2024-06-01T12:00:00Z",
        },
        "spec": {"containers": [{"name": "web", "image": "r.example/web:1.2.3"}], "ratio": 0.5},
        "status": {"phase": "Pending", "restarts": 7, "ready": false},
    })
});

static SECRETS: LazyLock<BTreeMap<String, Vec<u8>>> =
    LazyLock::new(|| BTreeMap::from([("token".to_owned(), vec![0xff, b'a', 0xfe])]));

/// Small, so that loops end well before the fuzzer's own limit.
const LIMITS: Limits = Limits {
    output: 1 << 20,
    memory: 16 << 20,
    steps: 200_000,
    depth: 300,
    slow_functions: Duration::from_millis(500),
    allow_dns: false,
    allow_key_generation: false,
};

fuzz_target!(|source: &str| {
    let mut vars = Vars::new();
    argo_host(&mut vars);
    vars.json("pod", &POD)
        .text("recipient", "ops")
        .byte_map("secrets", &SECRETS);
    for language in [Language::Gotemplate, Language::Handlebars] {
        let template = match Template::parse(language, "fuzz", source) {
            Ok(template) => template,
            Err(error) => {
                assert!(!error.message.is_empty());
                continue;
            }
        };
        let reads = template.reads();
        match template.render_bytes(&vars, &LIMITS) {
            Ok(rendered) => {
                assert!(rendered.len() <= LIMITS.output);
                if language == Language::Gotemplate && template.is_constant() {
                    assert_eq!(rendered, source.as_bytes());
                    assert!(reads.is_empty());
                }
            }
            Err(error) => assert!(!error.message.is_empty()),
        }
    }
});
