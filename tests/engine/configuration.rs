//! Configurations that are wrong in part, and that change.

use crate::process::PATIENCE;
use crate::scene::{WHEN, on_every_cluster};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

const BODY: &str = "webhook:\n  webhook:\n    method: POST\n    body: \"{{.pod.metadata.name}}\"\n";

#[test]
fn one_broken_key_stops_nothing_else() {
    on_every_cluster(async |scene| {
        let trigger = format!("- when: {WHEN}\n  send: [good]\n");
        scene
            .configure(&[
                ("trigger.good", &trigger),
                (
                    "trigger.broken",
                    "- when: pod.status.phase in [\n  send: [good]\n",
                ),
                ("template.good", BODY),
                ("template.broken", "message: \"{{.pod.metadata\"\n"),
                ("service.webhook.webhook", &scene.service()),
                ("service.webhook.broken", "url: [\n"),
                (
                    "service.webhook.secretive",
                    "url: http://127.0.0.1:9/$no-such-key\n",
                ),
            ])
            .await;
        scene
            .create_pod(
                "web-1",
                &[
                    ("subscribe.good.webhook", ""),
                    ("subscribe.broken.webhook", ""),
                    ("subscribe.good.no-such-service", "x"),
                    ("subscribe.no-such-trigger.webhook", ""),
                ],
            )
            .await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        let requests = scene.wait_for_requests(1).await;
        assert_eq!(requests[0].2, "web-1");
        for parts in [
            ["level=error", "trigger.broken"],
            ["level=error", "template.broken"],
            ["level=error", "service.webhook.broken"],
            ["no-such-key", "service.webhook.secretive"],
            [
                "notification service 'no-such-service' is not supported",
                "web-1",
            ],
            ["trigger 'no-such-trigger' is not configured", "web-1"],
        ] {
            engine.wait_for_line(&parts, 0);
        }
        engine.stop();
    });
}

#[test]
fn a_changed_configuration_is_in_force_without_a_restart() {
    on_every_cluster(async |scene| {
        scene
            .create_pod("web-1", &[("subscribe.on-pod-ready.webhook", "")])
            .await;
        scene.set_phase("web-1", "Running").await;
        // No ConfigMap at all at first.
        let engine = scene.engine(&[]);
        engine.wait_for_line(&["Controller is running."], 0);
        scene.configure_pod_ready().await;
        scene.wait_for_requests(1).await;

        // A version with a typing mistake: the last good one stays in force.
        scene
            .create_pod("web-2", &[("subscribe.on-pod-ready.webhook", "")])
            .await;
        scene
            .configure(&[
                (
                    "trigger.on-pod-ready",
                    "- when: pod.status.phase in [\n  send: [pod-ready]\n",
                ),
                (
                    "template.pod-ready",
                    "webhook:\n  webhook:\n    body: \"v2 {{.pod.metadata.name}}\"\n",
                ),
                ("service.webhook.webhook", &scene.service()),
            ])
            .await;
        engine.wait_for_line(&["level=error", "trigger.on-pod-ready"], 0);
        scene.set_phase("web-2", "Running").await;
        let requests = scene.wait_for_requests(2).await;
        assert_eq!(requests[1].2, "v2 web-2");
        engine.stop();
    });
}

/// What triggers and templates written for Argo CD use.
#[test]
fn argo_functions_are_there_for_conditions_and_templates() {
    on_every_cluster(async |scene| {
        let young = "time.Now().Sub(time.Parse(pod.metadata.creationTimestamp)).Hours() < 1.0";
        let trigger = format!(
            "- when: {young} and strings.ToUpper(pod.status.phase) == 'RUNNING'\n  send: [argo]\n"
        );
        let template = "webhook:\n  webhook:\n    method: POST\n    body: \"{{call .strings.ToUpper \
                        .pod.metadata.name}} {{(call .time.Parse .pod.metadata.creationTimestamp).Year | \
                        lt 2000}}\"\n";
        scene
            .configure(&[
                ("trigger.argo", &trigger),
                ("template.argo", template),
                ("service.webhook.webhook", &scene.service()),
            ])
            .await;
        scene
            .create_pod("web-1", &[("subscribe.argo.webhook", "")])
            .await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        let requests = scene.wait_for_requests(1).await;
        assert_eq!(requests[0].2, "WEB-1 true");
        engine.stop();
    });
}

#[test]
fn default_subscriptions_reach_objects_without_annotations() {
    on_every_cluster(async |scene| {
        scene.create_pod("web-1", &[]).await;
        scene.create_pod("web-2", &[]).await;
        scene
            .patch_metadata("web-2", serde_json::json!({"labels": {"team": "a"}}))
            .await;
        for name in ["web-1", "web-2"] {
            scene.set_phase(name, "Running").await;
        }
        scene.configure_pod_ready().await;
        let engine = scene.engine(&[]);
        engine.wait_for_line(&["Controller is running."], 0);
        let trigger = format!("- when: {WHEN}\n  send: [pod-ready]\n");
        scene
            .configure(&[
                ("trigger.on-pod-ready", &trigger),
                ("template.pod-ready", BODY),
                ("service.webhook.webhook", &scene.service()),
                (
                    "subscriptions",
                    "- recipients: [webhook]\n  triggers: [on-pod-ready]\n  selector: team=a\n",
                ),
            ])
            .await;
        let requests = scene.wait_for_requests(1).await;
        assert_eq!(requests[0].2, "web-2");
        scene
            .wait_for_notified("web-2", |state| state.is_some())
            .await;
        assert_eq!(scene.notified("web-1").await, None);
        engine.stop();
    });
}

/// Case A4: the configuration follows its Secret.
#[test]
fn a_changed_secret_is_in_force_without_a_restart() {
    on_every_cluster(async |scene| {
        let secrets: Api<Secret> = Api::namespaced(scene.client.clone(), &scene.namespace);
        let write = async |name: &str, path: &str| {
            let url = format!("{}{path}", scene.receiver.url());
            let secret = json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name},
                "stringData": {"hook": url},
            });
            let params = PatchParams::apply("test").force();
            let written = secrets.patch(name, &params, &Patch::Apply(&secret)).await;
            written.unwrap();
        };
        write("pod-notifications-secret", "/before").await;
        write("another-secret", "/never").await;
        let trigger = format!("- when: {WHEN}\n  send: [ready]\n");
        let data = [
            ("trigger.ready", trigger.as_str()),
            ("template.ready", BODY),
            ("service.webhook.webhook", "url: $hook\n"),
        ];
        scene.configure(&data).await;
        scene
            .create_pod("web-1", &[("subscribe.ready.webhook", "")])
            .await;
        let engine = scene.engine(&["--no-lease"]);
        scene.set_phase("web-1", "Running").await;
        let requests = scene.wait_for_requests(1).await;
        assert_eq!(requests[0].1, "/before");
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        write("another-secret", "/neither").await;
        write("pod-notifications-secret", "/after").await;
        // When the new one is in force can only be seen by what is sent from then on.
        let deadline = std::time::Instant::now() + PATIENCE;
        for number in 2.. {
            let name = format!("web-{number}");
            let wanted = scene.receiver.count() + 1;
            scene
                .create_pod(&name, &[("subscribe.ready.webhook", "")])
                .await;
            scene.set_phase(&name, "Running").await;
            let requests = scene.wait_for_requests(wanted).await;
            let paths: Vec<&str> = requests.iter().map(|r| r.1.as_str()).collect();
            let expected = |path: &&str| ["/before", "/after"].contains(path);
            assert!(paths.iter().all(expected), "{paths:?}");
            if paths.last() == Some(&"/after") {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "{paths:?}");
        }
        engine.stop();
    });
}
