//! What watched objects cost: resident memory of `kubechime run` on simulated clusters of 10 kB Pods.
//!
//! The baseline is the same program on an empty cluster, in the same run. Printed are resident
//! memory, and kilobytes per Pod beyond the baseline.

use kubechime::demo::{ClusterOptions, SimCluster};
use serde_json::json;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn main() {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let base = runtime.block_on(resident(0, 0));
    println!("empty cluster: {:.1} MiB", mib(base));
    let budgets = [
        (10_000, 100, None),
        (10_000, 10_000, None),
        (100_000, 1_000, Some(100.0)),
        (100_000, 100_000, Some(500.0)),
    ];
    for (pods, subscribed, budget) in budgets {
        let resident = runtime.block_on(resident(pods, subscribed));
        let each = resident.saturating_sub(base) as f64 / pods as f64 / 1024.0;
        let budget = budget
            .map(|mib: f64| format!(" (budget {mib:.0} MiB)"))
            .unwrap_or_default();
        println!(
            "{pods} Pods, {subscribed} subscribed: {:.1} MiB{budget}, {each:.2} kB per Pod, {:.1} times the baseline",
            mib(resident),
            resident as f64 / base as f64,
        );
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

/// The resident memory of the engine when it has seen everything and has nothing to do.
async fn resident(pods: usize, subscribed: usize) -> u64 {
    let cluster = SimCluster::start(ClusterOptions {
        empty: true,
        keep_requests: 0,
        history_window: 16,
        ..ClusterOptions::default()
    })
    .await
    .unwrap();
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
        "data": {
            "trigger.on-crash":
                "- when: any(pod.status.containerStatuses, {.restartCount > 5})\n  send: [crash]\n",
            "trigger.on-failed": "- when: pod.status.phase == 'Failed'\n  send: [crash]\n",
            "template.crash": "message: \"{{.pod.metadata.name}}\"\n",
            "service.webhook.webhook": "url: http://127.0.0.1:9/\n",
        },
    });
    cluster.objects().put("configmaps", map).unwrap();
    for number in 0..pods {
        cluster
            .objects()
            .put("pods", pod(number, number < subscribed))
            .unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    std::fs::write(&kubeconfig, cluster.kubeconfig()).unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = format!("127.0.0.1:{port}");
    let child = Command::new(env!("CARGO_BIN_EXE_kubechime"))
        .args([
            "run",
            "--no-lease",
            "--log-level",
            "error",
            "--metrics-listen",
            &address,
        ])
        .arg("--kubeconfig")
        .arg(&kubeconfig)
        .arg("--state-dir")
        .arg(dir.path())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let child = Ended(child);
    let begun = Instant::now();
    let ready = format!("http://{address}/readyz");
    loop {
        let answer = reqwest::get(&ready).await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "not ready");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Ready means listed; let what was listed last be looked at.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.0.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pod(number: usize, subscribed: bool) -> serde_json::Value {
    let annotations = if subscribed {
        json!({
            "notifications.argoproj.io/subscribe.on-crash.webhook": "",
            "notifications.argoproj.io/subscribe.on-failed.webhook": "",
        })
    } else {
        json!({})
    };
    let status = |name: &str| {
        json!({
            "name": name, "ready": true, "restartCount": 1, "started": true,
            "image": format!("registry.example.com/team/{name}:v1.4.2"),
            "imageID": format!("registry.example.com/team/{name}@sha256:{}", "0".repeat(64)),
            "containerID": format!("containerd://{}", "1".repeat(64)),
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled",
                "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:00Z"}},
        })
    };
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("web-7d9f8b6c5d-{number:06}"),
            "namespace": "default",
            "labels": {"app": "web", "pod-template-hash": "7d9f8b6c5d", "team": "a"},
            "annotations": annotations,
        },
        "spec": {"containers": [{"name": "app", "image": "example.com/app:1", "env": [
            {"name": "PADDING", "value": "x".repeat(7_000)},
        ]}]},
        "status": {"phase": "Running", "containerStatuses": [status("app"), status("sidecar")]},
    })
}
