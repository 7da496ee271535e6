//! What goes wrong around the engine, one story for each row of the table in
//! `assets/docs/reliability.md`: what is seen of it, and that each notification is sent once.

mod configuration;
mod connection;
mod history;
mod receiver;
mod rights;
mod server;

use crate::process::{Engine, PATIENCE};
use crate::scene::{Scene, WHEN};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, DeleteParams};
use serde_json::json;

const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");

/// Notifications that go to the path of the Pod's name.
async fn configure(scene: &Scene) {
    configure_as(scene, &scene.service()).await;
}

async fn configure_as(scene: &Scene, service: &str) {
    let trigger = format!("- when: {WHEN}\n  send: [pod-ready]\n");
    let template = "webhook:\n  webhook:\n    method: POST\n    path: /{{.pod.metadata.name}}\n";
    scene
        .configure(&[
            ("trigger.on-pod-ready", &trigger),
            ("template.pod-ready", template),
            ("service.webhook.webhook", service),
        ])
        .await;
}

/// A Pod that becomes ready, whatever the engine and the test are refused.
async fn ready(scene: &Scene, name: &str) {
    if let Some(cluster) = scene.simulation() {
        let (annotation, _) = SUBSCRIBED;
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": scene.namespace,
                "annotations": {format!("notifications.argoproj.io/{annotation}"): ""},
            },
            "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]},
            "status": {"phase": "Running"},
        });
        cluster.objects().put("pods", pod).unwrap();
        return;
    }
    scene.create_pod(name, &[SUBSCRIBED]).await;
    scene.set_phase(name, "Running").await;
}

/// Waits until it was told about a Pod and that is written down.
async fn told(scene: &Scene, name: &str) {
    let path = format!("/webhook/{name}");
    let told = |received: &[kubechime::demo::Received]| received.iter().any(|r| r.path == path);
    let arrived = scene.receiver.wait_until(told, PATIENCE).await;
    assert!(arrived, "nothing was told about {name}");
    scene.wait_for_notified(name, |state| state.is_some()).await;
}

/// Everything was told once, and all is calm.
async fn each_once(scene: &Scene, engine: Engine, names: &[&str]) -> Vec<String> {
    let lines = engine.stop();
    for name in names {
        let count = scene.receiver.count_of(&format!("/webhook/{name}"));
        assert_eq!(count, 1, "about {name}:\n{}", lines.join("\n"));
    }
    lines
}

/// A Pod becomes ready, and it is told.
async fn ready_and_told(scene: &Scene, name: &str) {
    ready(scene, name).await;
    told(scene, name).await;
}

async fn delete_config_map(scene: &Scene) {
    let api: Api<ConfigMap> = Api::namespaced(scene.client.clone(), &scene.namespace);
    api.delete("pod-notifications-cm", &DeleteParams::default())
        .await
        .unwrap();
}

fn secrets(scene: &Scene) -> Api<Secret> {
    Api::namespaced(scene.client.clone(), &scene.namespace)
}
