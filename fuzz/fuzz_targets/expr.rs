//! Any text as a condition, in both dialects: compiling, evaluating, tracing and showing errors must
//! neither panic nor take long.
#![no_main]

use kubechime::expr::{Env, Options, Program, Version};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value as Json, json};
use std::sync::LazyLock;

static POD: LazyLock<Json> = LazyLock::new(|| {
    json!({
        "metadata": {"name": "web-0", "labels": null, "annotations": {"team": "a"}},
        "spec": {"priority": null, "containers": [{"name": "web"}], "ratio": 0.5},
        "status": {
            "phase": "Pending",
            "startTime": "2024-06-01T12:00:00Z",
            "conditions": [{"type": "Ready", "status": "False"}],
        },
    })
});

fuzz_target!(|source: &str| {
    let mut env = Env::new();
    env.json("pod", &POD);
    for version in [Version::V1_16, Version::V1_17] {
        let options = Options {
            version,
            // Small, so that loops end well before the fuzzer's own limit.
            step_budget: 300_000,
            byte_budget: 8 << 20,
            ..Options::default()
        };
        let program = match Program::compile(source, &options) {
            Ok(program) => program,
            Err(error) => {
                let _ = (error.render(), error.original());
                continue;
            }
        };
        let failed = match program.eval(&env) {
            Ok(value) => {
                let _ = (value.go_string(), value.short(80));
                false
            }
            Err(error) => {
                let _ = (error.render(), error.original());
                true
            }
        };
        let trace = program.trace(&env);
        assert_eq!(trace.error.is_some(), failed);
    }
});
