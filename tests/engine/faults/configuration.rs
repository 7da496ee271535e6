//! The configuration goes and comes back.

use super::{
    configure, configure_as, delete_config_map, each_once, ready, ready_and_told, secrets, told,
};
use crate::scene::on_every_cluster;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

/// Without a ConfigMap nothing is sent; with it again what has become true meanwhile is, and nothing
/// else.
#[test]
fn the_config_map_is_deleted_and_restored() {
    on_every_cluster(async |scene| {
        configure(&scene).await;
        let engine = scene.engine(&[]);
        ready_and_told(&scene, "web-1").await;
        delete_config_map(&scene).await;
        let gone = engine.wait_for_line(
            &["level=warn", "ConfigMap", "/pod-notifications-cm is gone"],
            0,
        );
        ready(&scene, "web-2").await;
        engine.wait_for_line(&["Processing completed", "/web-2"], gone);
        assert_eq!(scene.receiver.count_of("/webhook/web-2"), 0);
        configure(&scene).await;
        engine.wait_for_line(&["/pod-notifications-cm is back"], gone);
        told(&scene, "web-2").await;
        each_once(&scene, engine, &["web-1", "web-2"]).await;
    });
}

/// The Secret goes: what is sent without it is refused by the receiver, said, and sent again when the
/// Secret is back.
#[test]
fn the_secret_is_deleted_and_restored() {
    on_every_cluster(async |scene| {
        put_secret(&scene).await;
        let service = scene.receiver.url();
        configure_as(
            &scene,
            &format!("url: {service}/webhook\nheaders:\n- name: X-Token\n  value: $token\n"),
        )
        .await;
        let engine = scene.engine(&[]);
        ready_and_told(&scene, "web-1").await;
        secrets(&scene)
            .delete("pod-notifications-secret", &DeleteParams::default())
            .await
            .unwrap();
        engine.wait_for_line(&["$token", "Secret"], 0);
        scene
            .receiver
            .reply_times("/webhook/web-2", kubechime::demo::Reply::code(401), 1);
        ready(&scene, "web-2").await;
        engine.wait_for_line(&["level=error", "Failed to notify", "401"], 0);
        put_secret(&scene).await;
        told(&scene, "web-2").await;
        engine.stop();
        let tokens: Vec<(String, Option<String>)> = scene
            .receiver
            .received()
            .into_iter()
            .map(|request| {
                let token = request.header("x-token").map(str::to_owned);
                (request.path, token)
            })
            .collect();
        let sent = |name: &str, token: &str| (format!("/webhook/{name}"), Some(token.to_owned()));
        assert_eq!(
            tokens,
            [
                sent("web-1", "secret-text"),
                sent("web-2", "$token"),
                sent("web-2", "secret-text"),
            ]
        );
    });
}

async fn put_secret(scene: &crate::scene::Scene) {
    let secret: Secret = serde_json::from_value(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pod-notifications-secret"},
        "stringData": {"token": "secret-text"},
    }))
    .unwrap();
    let params = PatchParams::apply("test").force();
    secrets(scene)
        .patch("pod-notifications-secret", &params, &Patch::Apply(&secret))
        .await
        .unwrap();
}
