//! `for`, `repeat` and `resolved` of conditions, and conditions on deletion.

use crate::process::Engine;
use crate::scene::{NOTIFIED, Scene, WHEN, on_every_cluster};
use jiff::{SignedDuration, Timestamp};
use kubechime::demo::{Fault, Matcher, WatchEnd};
use std::collections::BTreeMap;
use std::process::Command;

const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");

const READY: &str =
    "webhook:\n  webhook:\n    method: POST\n    body: \"ready {{.pod.metadata.name}}\"\n";
const OVER: &str =
    "webhook:\n  webhook:\n    method: POST\n    body: \"over {{.pod.metadata.name}}\"\n";

/// One trigger with one condition; `fields` are lines of it beside `send`.
async fn configure(scene: &Scene, fields: &[&str]) {
    let trigger = format!("- send: [ready]\n  {}\n", fields.join("\n  "));
    scene
        .configure(&[
            ("trigger.on-pod-ready", &trigger),
            ("template.ready", READY),
            ("template.over", OVER),
            ("service.webhook.webhook", &scene.service()),
        ])
        .await;
}

fn when() -> String {
    format!("when: {WHEN}")
}

fn bodies(requests: &[(String, String, String)]) -> Vec<&str> {
    requests.iter().map(|(_, _, body)| body.as_str()).collect()
}

fn explain(scene: &Scene) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kubechime"))
        .args(["explain", "web-1", "--kubeconfig"])
        .arg(&scene.kubeconfig)
        .args(["--namespace", &scene.namespace])
        .env_remove("KUBECONFIG")
        .env("HOME", scene.state())
        .env("XDG_CONFIG_HOME", scene.state())
        .output()
        .expect("the program runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn what_must_hold_for_a_while_is_sent_when_it_has_even_across_a_crash() {
    on_every_cluster(async |scene| {
        configure(&scene, &[&when(), "for: 1h"]).await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&["--no-lease"]);
        // Since when is on the object; the original keeps it there without using it.
        let state = scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await
            .unwrap();
        assert!(
            state.starts_with("{\"kubechime.for:on-pod-ready:[0]."),
            "{state}"
        );
        let text = explain(&scene);
        assert!(
            text.contains("true since ") && text.contains("fires in "),
            "{text}"
        );
        engine.crash();
        assert_eq!(scene.receiver.count(), 0);

        // As if the engine had been away for all of the hour but five seconds.
        let (entry, since) = state.trim_end_matches('}').rsplit_once(':').unwrap();
        let since: i64 = since.parse().unwrap();
        let earlier = since - 3_600 + 5;
        let state = format!("{entry}:{earlier}}}");
        scene.annotate_as("test", "web-1", NOTIFIED, &state).await;
        let engine = scene.engine(&["--no-lease"]);
        scene.wait_for_requests(1).await;
        let at = scene.receiver.received()[0].at;
        let held = at.duration_since(Timestamp::from_second(earlier).unwrap());
        assert!(held >= SignedDuration::from_hours(1), "sent after {held}");

        // The entry of the sending is beside it, and both go when it is over.
        let both = |state: Option<&str>| {
            state.is_some_and(|state| state.contains("\"on-pod-ready:") && state.contains(".for:"))
        };
        scene.wait_for_notified("web-1", both).await;
        scene.set_phase("web-1", "Pending").await;
        scene
            .wait_for_notified("web-1", |state| state.is_none())
            .await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 1);
    });
}

#[test]
fn what_does_not_hold_long_enough_is_not_sent() {
    on_every_cluster(async |scene| {
        // Time enough for what comes before it has passed.
        configure(&scene, &[&when(), "for: 1h"]).await;
        for name in ["web-1", "web-2"] {
            scene.create_pod(name, &[SUBSCRIBED]).await;
            scene.set_phase(name, "Running").await;
        }
        let engine = scene.engine(&[]);
        for name in ["web-1", "web-2"] {
            scene.wait_for_notified(name, |state| state.is_some()).await;
        }
        scene.set_phase("web-1", "Pending").await;
        scene
            .wait_for_notified("web-1", |state| state.is_none())
            .await;
        // The other one is the clock.
        configure(&scene, &[&when(), "for: 3s"]).await;
        let requests = scene.wait_for_requests(1).await;
        assert_eq!(bodies(&requests), ["ready web-2"]);
        scene.set_phase("web-1", "Running").await;
        let requests = scene.wait_for_requests(2).await;
        assert_eq!(bodies(&requests), ["ready web-2", "ready web-1"]);
        engine.stop();
    });
}

#[test]
fn reminders_come_while_it_lasts_and_a_restart_brings_none() {
    on_every_cluster(async |scene| {
        configure(&scene, &[&when(), "repeat: 3s"]).await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&["--no-lease"]);
        let first = scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        scene.wait_for_requests(2).await;
        // The reminder is written down, so that nothing is in flight any more.
        scene
            .wait_for_notified("web-1", |state| {
                state.is_some() && state != first.as_deref()
            })
            .await;
        engine.crash();
        let engine = scene.engine(&["--no-lease"]);
        scene.wait_for_requests(3).await;
        let received = scene.receiver.received();
        for pair in received.windows(2) {
            let pause = pair[1].at.duration_since(pair[0].at);
            // The times on the object are whole seconds.
            assert!(pause > SignedDuration::from_secs(2), "after {pause}");
        }
        scene.set_phase("web-1", "Pending").await;
        scene
            .wait_for_notified("web-1", |state| state.is_none())
            .await;
        let count = scene.receiver.count();
        scene.create_pod("web-2", &[SUBSCRIBED]).await;
        scene.set_phase("web-2", "Running").await;
        // Two rounds of another Pod later there is still nothing of the first.
        scene.wait_for_requests(count + 2).await;
        engine.stop();
        let later = &scene.receiver.received()[usize::try_from(count).unwrap()..];
        assert!(later.iter().all(|request| request.text() == "ready web-2"));
    });
}

/// Moves the times of a Pod's notified state by so many seconds; they are those of a clock.
async fn shift_times(scene: &Scene, name: &str, seconds: i64) -> String {
    let state = scene.notified(name).await.unwrap();
    let mut state: BTreeMap<String, i64> = serde_json::from_str(&state).unwrap();
    for at in state.values_mut() {
        *at += seconds;
    }
    let state = serde_json::to_string(&state).unwrap();
    scene.annotate_as("test", name, NOTIFIED, &state).await;
    state
}

/// By what stands on the objects the clock was ahead, and was set back while the engine runs: nothing
/// waits until that time has come again.
#[test]
fn a_clock_that_was_ahead_delays_nothing() {
    const DAY: i64 = 86_400;
    on_every_cluster(async |scene| {
        configure(&scene, &[&when(), "for: 1h"]).await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        let noted = |state: Option<&str>| state.is_some();
        let before = scene.wait_for_notified("web-1", noted).await;
        let ahead = Some(shift_times(&scene, "web-1", DAY).await);
        // Noted anew, by the clock as it goes now.
        let renewed = |state: Option<&str>| state.is_some() && state != ahead.as_deref();
        let after = scene.wait_for_notified("web-1", renewed).await;
        assert!(
            before <= after && after < ahead,
            "{before:?} {after:?} {ahead:?}"
        );
        configure(&scene, &[&when(), "for: 2s"]).await;
        scene.wait_for_requests(1).await;

        configure(&scene, &[&when(), "repeat: 2s"]).await;
        scene.wait_for_requests(2).await;
        shift_times(&scene, "web-1", DAY).await;
        let count = scene.receiver.count();
        scene.wait_for_requests(count + 2).await;
        engine.stop();
    });
}

#[test]
fn the_end_is_told_once_to_whom_the_beginning_was_told() {
    on_every_cluster(async |scene| {
        configure(&scene, &[&when(), "resolved: [over]"]).await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        // Never true, so there is no end to tell.
        scene.create_pod("web-2", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        scene.wait_for_requests(1).await;
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        scene.set_phase("web-1", "Pending").await;
        scene.wait_for_requests(2).await;
        engine.wait_for_line(&["is resolved", "web-1"], 0);
        scene
            .wait_for_notified("web-1", |state| state.is_none())
            .await;
        scene.set_phase("web-1", "Running").await;
        scene.wait_for_requests(3).await;
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        engine.stop();

        // It ends while nobody looks.
        scene.set_phase("web-1", "Succeeded").await;
        let engine = scene.engine(&[]);
        let requests = scene.wait_for_requests(4).await;
        let expected = ["ready web-1", "over web-1", "ready web-1", "over web-1"];
        assert_eq!(bodies(&requests), expected);
        scene
            .wait_for_notified("web-1", |state| state.is_none())
            .await;
        engine.stop();
        let engine = scene.engine(&[]);
        engine.wait_for_line(&["Processing completed", "web-1"], 0);
        engine.stop();
        assert_eq!(scene.receiver.count(), 4);
    });
}

#[test]
fn with_once_per_the_end_is_told_and_the_beginning_not_again() {
    on_every_cluster(async |scene| {
        configure(
            &scene,
            &[&when(), "oncePer: pod.metadata.name", "resolved: [over]"],
        )
        .await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine(&[]);
        let open = |state: Option<&str>| state.is_some_and(|s| s.contains("kubechime.open:web-1:"));
        scene.wait_for_notified("web-1", open).await;
        engine.stop();
        scene.set_phase("web-1", "Pending").await;
        let engine = scene.engine(&[]);
        let requests = scene.wait_for_requests(2).await;
        assert_eq!(bodies(&requests), ["ready web-1", "over web-1"]);
        let closed = |state: Option<&str>| {
            state.is_some_and(|s| s.starts_with("{\"web-1:on-pod-ready:") && !s.contains(".open:"))
        };
        scene.wait_for_notified("web-1", closed).await;
        let at = engine.lines().len();
        scene.set_phase("web-1", "Running").await;
        engine.wait_for_line(&["already sent", "web-1"], at);
        engine.stop();
        assert_eq!(scene.receiver.count(), 2);
    });
}

async fn configure_deletion(scene: &Scene) -> Engine {
    let gone = "webhook:\n  webhook:\n    method: POST\n    body: \"gone {{.pod.metadata.name}} {{.pod.status.phase}} {{(index .pod.spec.containers 0).image}}\"\n";
    scene
        .configure(&[
            (
                "trigger.on-gone",
                "- when: deleted and pod.status.phase == 'Failed'\n  send: [gone]\n\
                 - when: pod.status.phase == 'Running'\n  send: [ready]\n",
            ),
            ("template.gone", gone),
            ("template.ready", READY),
            ("service.webhook.webhook", &scene.service()),
        ])
        .await;
    for name in ["web-1", "web-2"] {
        scene
            .create_pod(name, &[("subscribe.on-gone.webhook", "")])
            .await;
    }
    scene.set_phase("web-1", "Failed").await;
    let engine = scene.engine(&[]);
    for name in ["web-1", "web-2"] {
        engine.wait_for_line(&["Processing completed", name], 0);
    }
    engine
}

#[test]
fn a_deletion_is_told_with_the_last_state_of_the_object() {
    on_every_cluster(async |scene| {
        let engine = configure_deletion(&scene).await;
        assert_eq!(scene.receiver.count(), 0);
        scene.delete_pod("web-2").await;
        scene.delete_pod("web-1").await;
        let requests = scene.wait_for_requests(1).await;
        assert_eq!(bodies(&requests), ["gone web-1 Failed example.com/app:1"]);
        engine.stop();
        assert_eq!(scene.receiver.count(), 1);
    });
}

/// The deletion itself is never seen: at the next list the object is not there.
#[test]
fn a_deletion_behind_a_broken_watch_is_told_all_the_same() {
    on_every_cluster(async |scene| {
        let Some(cluster) = scene.simulation() else {
            return;
        };
        let engine = configure_deletion(&scene).await;
        let watches = || Matcher::all().verb("watch").resource("pods");
        let fault = Fault::Status {
            code: 503,
            retry_after: None,
        };
        let broken = cluster.faults().inject(watches(), fault.clone());
        let unlisted = cluster
            .faults()
            .inject(Matcher::all().verb("list").resource("pods"), fault);
        cluster
            .faults()
            .end_watches(watches(), WatchEnd::Disconnected);
        assert!(cluster.objects().delete("pods", &scene.namespace, "web-1"));
        cluster.forget_history();
        cluster.faults().clear(broken);
        cluster.faults().clear(unlisted);
        let requests = scene.wait_for_requests(1).await;
        assert_eq!(bodies(&requests), ["gone web-1 Failed example.com/app:1"]);
        engine.stop();
    });
}
