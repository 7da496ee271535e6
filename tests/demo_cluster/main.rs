//! The simulated cluster as its clients see it: an unchanged kube-rs client and a real kubectl.

mod api;
mod apply;
mod broken;
mod kubectl_commands;
mod lists;
mod scenario;
mod watch;

#[path = "../support/kubectl.rs"]
mod kubectl;

use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use kubechime::demo::{ClusterOptions, SimCluster};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than anything here takes, on a machine that does other things, too.
const PATIENCE: Duration = Duration::from_secs(30);

/// An empty cluster.
async fn empty() -> SimCluster {
    start(ClusterOptions {
        empty: true,
        ..ClusterOptions::default()
    })
    .await
}

async fn start(options: ClusterOptions) -> SimCluster {
    SimCluster::start(options).await.expect("a free port")
}

/// A kube-rs client that shows failures at once instead of trying again.
async fn client(cluster: &SimCluster) -> Client {
    // Whichever test comes first installs it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let kubeconfig = Kubeconfig::from_yaml(&cluster.kubeconfig()).expect("a good kubeconfig");
    let options = KubeConfigOptions::default();
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .expect("a complete kubeconfig");
    config.default_retry = false;
    Client::try_from(config).expect("a client")
}

fn typed<K: DeserializeOwned>(object: Value) -> K {
    serde_json::from_value(object).expect("an object of that kind")
}

fn pod(name: &str) -> Pod {
    typed(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "c", "image": "nginx:1"}]},
    }))
}

fn config_map(name: &str) -> ConfigMap {
    typed(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "v"},
    }))
}

/// The `Status` that a refused request was answered with.
fn refusal<T: std::fmt::Debug>(result: kube::Result<T>) -> kube::core::Status {
    match result {
        Err(kube::Error::Api(status)) => *status,
        other => panic!("not refused by the server: {other:?}"),
    }
}
