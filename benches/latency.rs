//! How long after a status change the notification leaves: watch → decide → render → POST, while
//! nothing else is going on.
//!
//! The baseline is a bare watch client that posts as soon as it reads the event, on the same
//! servers, in the same run. Printed are both, and what the engine adds.

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, WatchEvent, WatchParams};
use kubechime::cluster::{Cluster, ConnectOptions};
use kubechime::demo::{ClusterOptions, Matcher, Receiver, SimCluster};
use kubechime::domain::{Kind, Mode};
use kubechime::engine::{Bus, DeliveryOptions, LeaseUse, Metrics, Options, Watch, Wording, spawn};
use kubechime::history::{self, History};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const CHANGES: usize = 500;
const PATIENCE: Duration = Duration::from_secs(30);

fn main() {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bare = runtime.block_on(measure(false));
    let engine = runtime.block_on(measure(true));
    for (name, quantile, budget) in [("p50", 0.50, 2.0), ("p99", 0.99, 10.0)] {
        let (bare, engine) = (at(&bare, quantile), at(&engine, quantile));
        println!(
            "{name}: bare watch client {bare:.2} ms, engine {engine:.2} ms, added {:.2} ms \
             (budget: at most {budget} ms), {:.1} times the baseline",
            engine - bare,
            engine / bare
        );
    }
}

/// The value below which this share of the measurements lies, in milliseconds.
fn at(times: &[Duration], share: f64) -> f64 {
    let mut times = times.to_vec();
    times.sort();
    let place = (times.len() as f64 * share) as usize;
    times[place.min(times.len() - 1)].as_secs_f64() * 1e3
}

fn pod(number: usize) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("web-{number}"),
            "namespace": "default",
            "annotations": {"notifications.argoproj.io/subscribe.on-pod-ready.webhook": ""},
        },
        "spec": {"containers": [{"name": "app", "image": "example.com/app:1", "env": [
            {"name": "PADDING", "value": "x".repeat(8_000)},
        ]}]},
        "status": {"phase": "Pending"},
    })
}

/// The time from each status change to the arrival of its POST.
async fn measure(with_engine: bool) -> Vec<Duration> {
    let cluster = SimCluster::start(ClusterOptions {
        empty: true,
        keep_requests: 16 * CHANGES,
        ..ClusterOptions::default()
    })
    .await
    .unwrap();
    let receiver = Receiver::start(0).await.unwrap();
    for number in 0..CHANGES {
        cluster.objects().put("pods", pod(number)).unwrap();
    }
    let url = format!("{}/webhook/", receiver.url());
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
        "data": {
            "trigger.on-pod-ready":
                "- when: pod.status.phase in ['Running']\n  send: [pod-ready]\n",
            "template.pod-ready":
                "webhook:\n  webhook:\n    method: POST\n    path: /\n    body: |\n      Pod {{.pod.metadata.name}} is ready!\n",
            "service.webhook.webhook": format!("url: {url}\n"),
        },
    });
    cluster.objects().put("configmaps", map).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    std::fs::write(&kubeconfig, cluster.kubeconfig()).unwrap();
    if with_engine {
        let connect = ConnectOptions {
            kubeconfig: Some(kubeconfig),
            ..ConnectOptions::default()
        };
        let client = Cluster::connect(&connect).await.unwrap();
        let engine = spawn(
            client,
            Some(open_history(dir.path())),
            options(),
            Metrics::default(),
            Bus::deaf(),
        );
        let times = change_all(&cluster, &receiver, true).await;
        engine.shutdown().await;
        times
    } else {
        let bare = tokio::spawn(bare_client(kubeconfig.clone(), url));
        let times = change_all(&cluster, &receiver, false).await;
        bare.abort();
        times
    }
}

fn open_history(directory: &Path) -> History {
    History::open(&directory.join("history.db"), &history::Options::default()).unwrap()
}

fn options() -> Options {
    Options {
        mode: Mode::Active,
        read_only: false,
        config_namespace: "default".into(),
        config_map: "pod-notifications-cm".into(),
        secret: "pod-notifications-secret".into(),
        watches: vec![Watch::all(Kind::pod())],
        prefix: kubechime::domain::DEFAULT_PREFIX.into(),
        lease: LeaseUse::Off,
        shard: None,
        history_problem: String::new(),
        wording: Wording::Current,
        delivery: DeliveryOptions::default(),
        expr: kubechime::expr::Options::default(),
        self_service: false,
        watch_timeout: std::time::Duration::from_secs(120),
        on_state_lost: kubechime::engine::OnStateLost::default(),
    }
}

/// Lets one Pod after the other become ready, each when the one before it is done with.
async fn change_all(
    cluster: &SimCluster,
    receiver: &Receiver,
    with_patches: bool,
) -> Vec<Duration> {
    let patches = Matcher::all().verb("patch").resource("pods");
    let watches = Matcher::all().verb("watch").resource("pods");
    let begun = Instant::now();
    while cluster.requests().count(&watches) == 0 {
        assert!(begun.elapsed() < PATIENCE, "nobody watches");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut times = Vec::with_capacity(CHANGES);
    for number in 0..CHANGES {
        let name = format!("web-{number}");
        let changed = Instant::now();
        cluster
            .objects()
            .update("pods", "default", &name, |pod| {
                pod["status"]["phase"] = json!("Running");
            })
            .unwrap();
        assert!(
            receiver.wait_for(number as u64 + 1, PATIENCE).await,
            "{name}: nothing arrived"
        );
        times.push(changed.elapsed());
        let arrived = Instant::now();
        while with_patches && cluster.requests().count(&patches) <= number {
            assert!(arrived.elapsed() < PATIENCE, "{name} was not patched");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Idle again: what follows the patch (its event, the history) has a moment.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    times
}

/// Watches the Pods and posts when one runs; nothing else.
async fn bare_client(kubeconfig: std::path::PathBuf, url: String) {
    let kubeconfig = kube::config::Kubeconfig::read_from(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default())
        .await
        .unwrap();
    let client = kube::Client::try_from(config).unwrap();
    let http = reqwest::Client::new();
    let pods: Api<Pod> = Api::all(client);
    let from = pods.list(&Default::default()).await.unwrap();
    let version = from.metadata.resource_version.unwrap();
    let events = pods.watch(&WatchParams::default(), &version).await.unwrap();
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.try_next().await.unwrap() {
        let WatchEvent::Modified(pod) = event else {
            continue;
        };
        let phase = pod.status.and_then(|status| status.phase);
        if phase.as_deref() == Some("Running") {
            let body = format!("Pod {} is ready!\n", pod.metadata.name.unwrap());
            http.post(&url).body(body).send().await.unwrap();
        }
    }
}
