//! The notified state: within its limits, damaged, and wiped by others.

use crate::scene::{CONDITION, NOTIFIED, Scene, WHEN, on_every_cluster, until};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Patch, PatchParams};
use kubechime::history::{Anchor, Filter, History, Options};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");

const TEMPLATE: &str =
    "webhook:\n  webhook:\n    method: POST\n    body: \"{{.pod.metadata.name}}\"\n";

fn entries(state: &str) -> BTreeMap<String, i64> {
    serde_json::from_str(state).unwrap_or_else(|error| panic!("{error}: {state}"))
}

#[test]
fn a_state_that_is_cut_off_keeps_its_entries() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        let whole = format!("{{\"on-pod-ready:{CONDITION}:webhook:\":1645078598}}");
        let cut = whole.replace('}', ",\"other:[0].x:we");
        scene
            .patch_metadata("web-1", json!({"annotations": {NOTIFIED: cut}}))
            .await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        engine.wait_for_line(&["already sent"], 0);
        scene
            .wait_for_notified("web-1", |state| state == Some(whole.as_str()))
            .await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 0);
    });
}

/// The original forgets entries above a hundred even while they count, and sends those again at
/// every look.
#[test]
fn what_counts_is_never_trimmed_and_the_rest_is() {
    on_every_cluster(async |scene| {
        let trigger = format!("- when: {WHEN}\n  send: [pod-ready]\n");
        scene
            .configure(&[
                ("trigger.on-pod-ready", &trigger),
                ("template.pod-ready", TEMPLATE),
                ("service.webhook.webhook", &scene.service()),
            ])
            .await;
        let recipients: Vec<String> = (0..110).map(|number| format!("r{number}")).collect();
        scene
            .create_pod(
                "web-1",
                &[("subscribe.on-pod-ready.webhook", &recipients.join(";"))],
            )
            .await;
        let old: BTreeMap<String, i64> = (0..50).map(|n| (format!("old:[0].{n}:s:r"), n)).collect();
        let old = serde_json::to_string(&old).unwrap();
        scene
            .patch_metadata("web-1", json!({"annotations": {NOTIFIED: old}}))
            .await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        scene.wait_for_requests(110).await;
        let all = |state: Option<&str>| {
            let state = entries(state.unwrap_or("{}"));
            state.len() == 110 && state.keys().all(|key| key.starts_with("on-pod-ready:"))
        };
        scene.wait_for_notified("web-1", all).await;

        // Another look at all of them.
        scene
            .patch_metadata("web-1", json!({"labels": {"a": "1"}}))
            .await;
        engine.stop();
        let engine = scene.engine(&[]);
        engine.wait_for_line(&["already sent", "r109"], 0);
        engine.stop();
        assert_eq!(scene.receiver.count(), 110);
        assert!(all(scene.notified("web-1").await.as_deref()));
    });
}

#[test]
fn a_long_once_per_takes_little_room_and_counts_in_its_long_form_too() {
    on_every_cluster(async |scene| {
        let trigger = format!(
            "- when: {WHEN}\n  send: [pod-ready]\n  oncePer: pod.metadata.annotations['long']\n"
        );
        scene
            .configure(&[
                ("trigger.on-pod-ready", &trigger),
                ("template.pod-ready", TEMPLATE),
                ("service.webhook.webhook", &scene.service()),
            ])
            .await;
        let long = "x".repeat(5_000);
        for name in ["web-1", "web-2"] {
            scene.create_pod(name, &[SUBSCRIBED]).await;
            scene
                .patch_metadata(name, json!({"annotations": {"long": long}}))
                .await;
        }
        // As the original writes it.
        let theirs = format!("{{\"{long}:on-pod-ready:{CONDITION}:webhook:\":1645078598}}");
        scene
            .patch_metadata("web-2", json!({"annotations": {NOTIFIED: theirs}}))
            .await;
        for name in ["web-1", "web-2"] {
            scene.set_phase(name, "Running").await;
        }
        let engine = scene.engine(&[]);
        engine.wait_for_line(&["already sent", "web-2"], 0);
        let state = scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await
            .unwrap();
        let keys: Vec<String> = entries(&state).into_keys().collect();
        assert_eq!(keys.len(), 1, "{state}");
        assert!(
            keys[0].starts_with("sha256-") && keys[0].len() < 120,
            "{state}"
        );
        engine.stop();
        let engine = scene.engine(&[]);
        engine.wait_for_line(&["already sent", "web-1"], 0);
        engine.stop();
        let requests = scene.wait_for_requests(1).await;
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].2, "web-1");
    });
}

/// Removes the state, as a tool does that replaces the annotations of an object.
async fn wipe(scene: &Scene, revision: &str) {
    let pods: Api<Pod> = Api::namespaced(scene.client.clone(), &scene.namespace);
    let params = PatchParams {
        field_manager: Some("gitops-tool".to_owned()),
        ..PatchParams::default()
    };
    let annotations = json!({NOTIFIED: Value::Null, "example.com/revision": revision});
    let patch = json!({"metadata": {"annotations": annotations}});
    pods.patch("web-1", &params, &Patch::Merge(&patch))
        .await
        .unwrap();
}

async fn ready(scene: &Scene, settings: &str) -> crate::process::Engine {
    scene.configure_pod_ready().await;
    scene.create_pod("web-1", &[SUBSCRIBED]).await;
    scene.set_phase("web-1", "Running").await;
    let engine = scene.engine_set(settings, &[], &[]);
    scene.wait_for_requests(1).await;
    scene
        .wait_for_notified("web-1", |state| state.is_some())
        .await;
    written(scene, 1).await;
    engine
}

/// Waits until the engine knows of so many notifications that they are written down. Who wipes a state
/// before is noticed, too, but not named.
async fn written(scene: &Scene, count: usize) {
    let path = scene.state().join("history.db");
    let history = History::open(&path, &Options::default()).unwrap();
    let rows = || {
        history
            .page(&Filter::default(), Anchor::Newest, 100)
            .unwrap()
    };
    let known = || rows().iter().filter(|row| row.patched_ms.is_some()).count();
    until("written down", || known() >= count).await;
}

/// A person who clears the state wants it sent again; a tool that clears it again and again does not.
#[test]
fn a_second_wipe_is_mended_and_the_wiper_named() {
    on_every_cluster(async |scene| {
        let engine = ready(&scene, "").await;
        wipe(&scene, "1").await;
        scene.wait_for_requests(2).await;
        let first = scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.wait_for_line(&["level=info", "was wiped", "gitops-tool"], 0);
        written(&scene, 2).await;

        wipe(&scene, "2").await;
        engine.wait_for_line(
            &[
                "level=warning",
                "web-1",
                "was wiped twice within 10 minutes",
                "gitops-tool",
            ],
            0,
        );
        let mended = scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        assert_eq!(mended, first, "with the times that there were");
        // It goes on: what turns false and true again is news.
        scene.set_phase("web-1", "Pending").await;
        scene
            .wait_for_notified("web-1", |state| state.is_none())
            .await;
        assert_eq!(scene.receiver.count(), 2);
        scene.set_phase("web-1", "Running").await;
        scene.wait_for_requests(3).await;
        engine.stop();
    });
}

#[test]
fn what_is_done_about_a_wipe_can_be_chosen() {
    on_every_cluster(async |scene| {
        let engine = ready(&scene, "onStateLost: restore").await;
        let before = scene.notified("web-1").await;
        wipe(&scene, "1").await;
        scene
            .wait_for_notified("web-1", |state| state == before.as_deref())
            .await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 1);

        let engine = scene.engine_set("onStateLost: resend", &[], &[]);
        engine.wait_for_line(&["already sent"], 0);
        for (revision, requests) in [("2", 2), ("3", 3), ("4", 4)] {
            wipe(&scene, revision).await;
            scene.wait_for_requests(requests).await;
            scene
                .wait_for_notified("web-1", |state| state.is_some())
                .await;
        }
        engine.stop();
    });
}

/// Case N10.
#[test]
fn another_form_of_the_same_state_is_written_in_ours_and_nothing_is_sent() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let key = format!("on-pod-ready:{CONDITION}:webhook:");
        let other = format!("{{ \"z:other::\" : 5,  \"{key}\": 1700000000 }}");
        let annotations = json!({"annotations": {NOTIFIED: other}});
        scene.patch_metadata("web-1", annotations).await;
        let engine = scene.engine(&["--no-lease"]);
        let ours = format!("{{\"{key}\":1700000000,\"z:other::\":5}}");
        scene
            .wait_for_notified("web-1", |state| state == Some(ours.as_str()))
            .await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 0);
    });
}

/// A wipe is noticed by its next start when no engine was running, and two of them within ten
/// minutes count together.
#[test]
fn a_state_that_is_wiped_while_no_engine_runs_follows_the_same_rule() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&["--no-lease"]);
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.stop();
        let wipe = json!({"annotations": {NOTIFIED: null}});

        scene.patch_metadata("web-1", wipe.clone()).await;
        let engine = scene.engine(&["--no-lease"]);
        engine.wait_for_line(&["was wiped", "is sent again"], 0);
        scene.wait_for_requests(2).await;
        let sent = scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.stop();

        scene.patch_metadata("web-1", wipe).await;
        let engine = scene.engine(&["--no-lease"]);
        engine.wait_for_line(&["level=warning", "wiped twice within 10 minutes"], 0);
        let restored = scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.stop();
        assert_eq!(restored, sent);
        assert_eq!(scene.receiver.count(), 2);
    });
}
