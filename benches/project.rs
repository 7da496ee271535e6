//! What taking in one watched object costs: reading its metadata, cutting it down to the paths that
//! conditions read, hashing them.
//!
//! Prints microseconds per Pod, and the ratio to decoding the same Pod into a `serde_json::Value`.

use kubechime::cluster::{LeanObject, hash, project};
use kubechime::domain::{Kind, PathTrie};
use serde_json::{Value, json};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const ROUNDS: u32 = 20_000;

fn container(name: &str) -> Value {
    let variable = |n| json!({"name": format!("VARIABLE_{n}"), "value": "a value of some length"});
    json!({
        "name": name,
        "image": format!("example.com/team/{name}:v1.2.3"),
        "command": ["/bin/app", "--flag=value"],
        "env": (0..16).map(variable).collect::<Vec<_>>(),
        "resources": {"limits": {"cpu": "500m", "memory": "256Mi"}},
        "volumeMounts": [{"name": "token", "readOnly": true, "mountPath": "/var/run/secrets"}],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10},
    })
}

fn container_status(name: &str) -> Value {
    let digest = "0123456789abcdef".repeat(4);
    json!({
        "name": name, "ready": true, "started": true, "restartCount": 0, "lastState": {},
        "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        "imageID": format!("example.com/team/{name}@sha256:{digest}"),
        "containerID": format!("containerd://{digest}"),
    })
}

/// Some 9 kB, a quarter of it managed fields, with the metadata where servers write it.
fn pod() -> String {
    let names = ["main", "sidecar", "proxy"];
    let fields: serde_json::Map<_, _> = (0..60)
        .map(|n| {
            (
                format!("f:field{n}"),
                json!({"f:one": {}, "f:two": {".": {}}}),
            )
        })
        .collect();
    let metadata = json!({
        "name": "web-7d4b9c-abcde", "namespace": "shop", "uid": "6f1a8c52-0000-4000-8000-000000000000",
        "resourceVersion": "123456", "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"app": "web", "pod-template-hash": "7d4b9c", "team": "shop"},
        "annotations": {"notifications.argoproj.io/subscribe.on-pod-ready.webhook": ""},
        "managedFields": [{
            "manager": "kubelet", "operation": "Update", "time": "2026-01-01T00:00:00Z",
            "fieldsType": "FieldsV1", "fieldsV1": fields,
        }],
    });
    let conditions = ["Initialized", "Ready", "ContainersReady", "PodScheduled"];
    let condition = |name: &str| json!({"type": name, "status": "True", "lastProbeTime": null});
    let spec = json!({"containers": names.map(container), "nodeName": "node-1"});
    let status = json!({
        "phase": "Running", "podIP": "10.1.0.1", "conditions": conditions.map(condition),
        "containerStatuses": names.map(container_status),
    });
    format!(
        r#"{{"kind":"Pod","apiVersion":"v1","metadata":{metadata},"spec":{spec},"status":{status}}}"#
    )
}

fn microseconds(mut round: impl FnMut()) -> f64 {
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        round();
    }
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS)
}

fn main() {
    let pod = pod();
    let kind = Arc::new(Kind::pod());
    let mut paths = PathTrie::default();
    paths.insert(&["status", "phase"]);
    paths.insert(&["status", "containerStatuses"]);
    paths.insert(&["metadata", "annotations"]);
    let Ok(cut) = project(&pod, &paths) else {
        return eprintln!("the Pod of this benchmark is not JSON");
    };
    println!(
        "a Pod of {} bytes, {} of them on the paths",
        pod.len(),
        cut.len()
    );
    let baseline = microseconds(|| {
        let _ = black_box(serde_json::from_str::<Value>(black_box(&pod)));
    });
    let tell = |what: &str, took: f64| println!("{what:<10} {took:7.2} µs {:6.3}", took / baseline);
    tell("decode", baseline);
    tell(
        "metadata",
        microseconds(|| {
            let _ = black_box(LeanObject::parse(&kind, black_box(&pod)));
        }),
    );
    tell(
        "project",
        microseconds(|| {
            let _ = black_box(project(black_box(&pod), &paths));
        }),
    );
    tell(
        "hash",
        microseconds(|| {
            black_box(hash(black_box(&cut)));
        }),
    );
}
