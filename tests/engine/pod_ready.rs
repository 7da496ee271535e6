//! The Pod-ready case, to the letter.

use crate::scene::{CONDITION, on_every_cluster};
use serde_json::json;

const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");

#[test]
fn a_pod_that_becomes_ready_is_told_once() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        let engine = scene.engine(&["--log-style", "classic"]);
        engine.wait_for_line(&["Trigger on-pod-ready result", "false"], 0);

        scene.set_phase("web-1", "Running").await;
        let requests = scene.wait_for_requests(1).await;
        let expected = ("GET", "/webhook/", "Pod web-1 is ready!\n");
        assert_eq!(
            (&*requests[0].0, &*requests[0].1, &*requests[0].2),
            expected
        );

        let state = scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await
            .unwrap();
        let entries: serde_json::Value = serde_json::from_str(&state).unwrap();
        let key = format!("on-pod-ready:{CONDITION}:webhook:");
        let seconds = entries[&key]
            .as_i64()
            .unwrap_or_else(|| panic!("{key} in {state}"));
        assert_eq!(state, format!("{{\"{key}\":{seconds}}}"));
        let now = jiff::Timestamp::now().as_second();
        assert!(
            (now - 60..=now).contains(&seconds),
            "{seconds} is not about {now}"
        );

        // The echo of the patch, and a change that conditions do not depend on.
        let at = engine.wait_for_line(&["already sent"], 0);
        scene
            .patch_metadata("web-1", json!({"labels": {"a": "1"}}))
            .await;
        engine.wait_for_line(&["already sent"], at + 1);
        assert_eq!(scene.receiver.count(), 1);

        let resource = format!("resource={}/web-1", scene.namespace);
        for text in [
            format!("msg=\"Trigger on-pod-ready result: [{{{CONDITION}  [pod-ready] true}}]\""),
            format!(
                "msg=\"Sending notification about condition 'on-pod-ready.{CONDITION}' to '{{webhook }}'\""
            ),
            format!(
                "msg=\"Notification about condition 'on-pod-ready.{CONDITION}' already sent to '{{webhook }}'\""
            ),
        ] {
            let lines = engine.lines();
            let line = lines.iter().find(|line| line.contains(&text));
            let line = line.unwrap_or_else(|| panic!("no {text} in\n{}", lines.join("\n")));
            assert!(line.starts_with("time=\"20"), "{line}");
            assert!(line.contains("level=info"), "{line}");
            assert!(line.ends_with(&resource), "{line}");
        }
        engine.stop();
    });
}

#[test]
fn what_turns_false_is_forgotten_and_told_again_at_the_next_rise() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        scene.wait_for_requests(1).await;
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;

        scene.set_phase("web-1", "Pending").await;
        scene
            .wait_for_notified("web-1", |state| state.is_none())
            .await;
        scene.set_phase("web-1", "Running").await;
        scene.wait_for_requests(2).await;
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.stop();
    });
}

#[test]
fn a_restart_sends_nothing_again() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.crash();
        let engine = scene.engine(&[]);
        engine.wait_for_line(&["already sent"], 0);
        engine.stop();
        assert_eq!(scene.receiver.count(), 1);
    });
}

#[test]
fn without_the_right_to_patch_it_is_sent_once_and_said_once() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let kubeconfig = scene.without_patch();
        let engine = scene.engine_as(&kubeconfig, &[]);
        scene.wait_for_requests(1).await;
        engine.wait_for_line(
            &[
                "level=error",
                "the notified state can't be written",
                "patch",
            ],
            0,
        );

        // A change that is looked at: the mark is kept in memory.
        scene
            .patch_as_owner("web-1", json!({"labels": {"a": "1"}}))
            .await;
        engine.wait_for_line(&["already sent"], 0);
        let lines = engine.stop();
        let loud = lines
            .iter()
            .filter(|line| line.contains("can't be written"))
            .count();
        assert_eq!(loud, 1, "{}", lines.join("\n"));
        assert_eq!(scene.receiver.count(), 1);
    });
}

/// The state of a Pod that the original has notified, with its exact bytes, is understood: nothing
/// is sent.
#[test]
fn state_recorded_by_the_original_counts() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        let state = format!("{{\"on-pod-ready:{CONDITION}:webhook:\":1645078598}}");
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene
            .patch_metadata(
                "web-1",
                json!({"annotations": {crate::scene::NOTIFIED: state}}),
            )
            .await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        engine.wait_for_line(&["already sent"], 0);
        engine.stop();
        assert_eq!(scene.receiver.count(), 0);
        assert_eq!(scene.notified("web-1").await, Some(state));
    });
}
