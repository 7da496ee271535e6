//! Receivers and objects that do not behave.

use crate::scene::{NOTIFIED, on_every_cluster};
use kubechime::demo::Reply;
use serde_json::json;

const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");

#[test]
fn a_receiver_that_fails_for_a_while_gets_it_in_the_end() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.receiver.reply_times("/webhook/", Reply::code(500), 1);
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        scene.wait_for_requests(2).await;
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 2);
    });
}

#[test]
fn a_refusal_is_final_and_marks_nothing() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.receiver.reply("/webhook/", Reply::code(404));
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        engine.wait_for_line(
            &[
                "level=error",
                "Failed to notify recipient {webhook }",
                "404",
            ],
            0,
        );
        assert_eq!(scene.notified("web-1").await, None);
        assert_eq!(scene.receiver.count(), 1);

        // The next change of the object is another chance.
        scene.receiver.clear_replies();
        scene
            .patch_metadata("web-1", json!({"labels": {"a": "1"}}))
            .await;
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.stop();
    });
}

#[test]
fn a_pod_that_is_deleted_before_the_answer_is_told_all_the_same() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.receiver.reply_times("/webhook/", Reply::code(503), 1);
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        scene.wait_for_requests(1).await;
        scene.delete_pod("web-1").await;
        scene.wait_for_requests(2).await;
        engine.stop();
    });
}

#[test]
fn state_that_is_not_json_is_told_again_and_mended() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene
            .patch_metadata("web-1", json!({"annotations": {NOTIFIED: "not json"}}))
            .await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        scene.wait_for_requests(1).await;
        let mended =
            |state: Option<&str>| state.is_some_and(|state| state.starts_with("{\"on-pod"));
        scene.wait_for_notified("web-1", mended).await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 1);
    });
}

/// Sent, and killed before it could be written down: the history knows, and only the annotation is
/// written at the next start.
#[test]
fn a_crash_between_sending_and_writing_repeats_nothing() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine_as(&scene.without_patch(), &[]);
        engine.wait_for_line(&["can't be written"], 0);
        engine.crash();
        scene.allow_patch();
        let engine = scene.engine(&[]);
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 1);
    });
}

/// A state directory that can't be made is said, and no reason not to work.
#[test]
fn without_a_history_it_works_all_the_same() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let file = scene.state().join("a-file");
        std::fs::write(&file, "").unwrap();
        let nowhere = file.join("state");
        let engine = scene.engine(&["--state-dir", &nowhere.to_string_lossy()]);
        engine.wait_for_line(&["level=error", "a-file"], 0);
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 1);
    });
}
