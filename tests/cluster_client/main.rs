//! The cluster client against a server: the simulated cluster with faults, and a real API server
//! (`RealCluster`) where there is one.

#![cfg(feature = "demo")]

#[path = "../support/mod.rs"]
mod support;

mod connect;
mod lease;
mod real;
mod watch;
mod write;

use futures::StreamExt as _;
use kubechime::cluster::{
    Cluster, ConnectOptions, Scope, WatchEvent, WatchOptions, WatchStream, watch,
};
use kubechime::demo::{ClusterOptions, Objects, SimCluster};
use kubechime::domain::{Kind, ResourceKey};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Nothing here takes longer unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server and a client for it. The folder holds the kubeconfig.
struct Fixture {
    sim: SimCluster,
    cluster: Cluster,
    folder: tempfile::TempDir,
}

impl Fixture {
    async fn start() -> Self {
        Self::with(ClusterOptions::default()).await
    }

    async fn with(options: ClusterOptions) -> Self {
        let options = ClusterOptions {
            empty: true,
            seed: Some(1),
            ..options
        };
        let sim = SimCluster::start(options).await.expect("a free port");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kubeconfig");
        std::fs::write(&path, sim.kubeconfig()).expect("writing the kubeconfig");
        let cluster = connect_to(&path).await;
        Self {
            sim,
            cluster,
            folder,
        }
    }

    /// The objects, past all HTTP.
    fn objects(&self) -> &Objects {
        self.sim.objects()
    }

    fn watch_pods(&self, scope: &Scope, options: &WatchOptions) -> WatchStream {
        watch(&self.cluster, Arc::new(Kind::pod()), scope, options)
    }

    fn put_pod(&self, namespace: &str, name: &str) -> Value {
        self.objects()
            .put("pods", pod(namespace, name))
            .expect("a pod")
    }

    fn label(&self, name: &str, value: &str) {
        let set = |pod: &mut Value| pod["metadata"]["labels"] = json!({"step": value});
        self.objects()
            .update("pods", "default", name, set)
            .expect("the pod is there");
    }
}

async fn connect_to(kubeconfig: &Path) -> Cluster {
    let options = ConnectOptions {
        kubeconfig: Some(kubeconfig.to_owned()),
        request_timeout: Some(Duration::from_secs(5)),
        ..ConnectOptions::default()
    };
    Cluster::connect(&options)
        .await
        .expect("a usable kubeconfig")
}

fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "main", "image": "main"}]},
        "status": {"phase": "Pending"},
    })
}

fn pod_key(namespace: &str, name: &str) -> ResourceKey {
    ResourceKey::new(Arc::new(Kind::pod()), namespace, name)
}

/// Options that do not keep a test waiting.
fn quick() -> WatchOptions {
    WatchOptions {
        smallest_pause: Duration::from_millis(20),
        largest_pause: Duration::from_millis(100),
        ..WatchOptions::default()
    }
}

/// The next event.
async fn next(events: &mut WatchStream) -> WatchEvent {
    tokio::time::timeout(PATIENCE, events.next())
        .await
        .expect("an event in time")
        .expect("the stream does not end")
}

/// An event in a few words: `listed web-1`, `failed Forbidden`.
fn told(event: &WatchEvent) -> String {
    match event {
        WatchEvent::Restarted { .. } => "restarted".to_owned(),
        WatchEvent::Listed(object) => format!("listed {}", object.key.name),
        WatchEvent::Synced { .. } => "synced".to_owned(),
        WatchEvent::Applied(object) => format!("applied {}", object.key.name),
        WatchEvent::Deleted(object) => format!("deleted {}", object.key.name),
        WatchEvent::Failed(failure) => format!("failed {:?}", failure.class),
        WatchEvent::Recovered { .. } => "recovered".to_owned(),
    }
}

/// The next events in a few words each, up to and with the one that is told like `last`.
async fn told_until(events: &mut WatchStream, last: &str) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        all.push(told(&next(events).await));
        if all.last().is_some_and(|told| told == last) {
            return all;
        }
        assert!(all.len() < 5000, "{last:?} does not come");
    }
}
