//! Many notifications that no change of an object caused: held, released, marked as sent.

use crate::inside::Inside;
use crate::scene::{Scene, WHEN, on_every_cluster};
use kubechime::domain::{DeliveryState, Selection};
use kubechime::engine::{Command, DeliveryOptions, Guard, Reply as Answer};
use std::process::Command as Process;

/// The Pod-ready case with so many Pods that are ready already, half of them for another recipient.
async fn ready_pods(scene: &Scene, count: usize) {
    configure(scene, WHEN).await;
    for number in 0..count {
        let name = format!("web-{number}");
        let recipient = if number % 2 == 0 { "even" } else { "odd" };
        scene
            .create_pod(&name, &[("subscribe.on-pod-ready.webhook", recipient)])
            .await;
        scene.set_phase(&name, "Running").await;
    }
}

async fn configure(scene: &Scene, when: &str) {
    scene
        .configure(&[
            (
                "trigger.on-pod-ready",
                &format!("- when: {when}\n  send: [pod-ready]\n"),
            ),
            (
                "template.pod-ready",
                "webhook:\n  webhook:\n    method: POST\n    path: /{{.pod.metadata.name}}\n",
            ),
            ("service.webhook.webhook", &scene.service()),
        ])
        .await;
}

fn guarded(limit: u32) -> DeliveryOptions {
    DeliveryOptions {
        guard: Guard::Hold(limit),
        ..DeliveryOptions::default()
    }
}

fn to(recipient: &str) -> Selection {
    Selection {
        recipient: Some(recipient.into()),
        ..Selection::default()
    }
}

#[test]
fn a_start_that_would_flood_is_held_until_somebody_decides() {
    on_every_cluster(async |scene| {
        ready_pods(&scene, 6).await;
        let mut engine = Inside::start(&scene, guarded(5)).await;
        engine.until("held", |inside| inside.held.total == 6).await;
        let told = |inside: &Inside| {
            inside.notices.iter().any(|notice| {
                notice.text.contains("6 notifications")
                    && notice.text.contains("3 to webhook:even, 3 to webhook:odd")
                    && notice.help.contains("hold release")
            })
        };
        engine.until("told", told).await;
        engine.until_lane("webhook", |lane| lane.held == 6).await;

        // A change of an object is told at once, whatever is held.
        scene
            .create_pod("new", &[("subscribe.on-pod-ready.webhook", "even")])
            .await;
        scene.set_phase("new", "Running").await;
        scene.wait_for_requests(1).await;
        engine.stop().await;

        // It survives a restart.
        let mut engine = Inside::start(&scene, guarded(5)).await;
        engine.until("held", |inside| inside.held.total == 6).await;
        let released = engine.ask(Command::ReleaseHeld(to("even"))).await;
        assert!(
            matches!(released, Ok(Answer::Released { deliveries: 3 })),
            "{released:?}"
        );
        engine.until_rows(DeliveryState::Sent, 4).await;
        engine.until("fewer", |inside| inside.held.total == 3).await;

        let marked = engine
            .ask(Command::BaselineHeld(Selection::default()))
            .await;
        assert!(
            matches!(marked, Ok(Answer::Baselined { deliveries: 3 })),
            "{marked:?}"
        );
        engine.until("none", |inside| inside.held.total == 0).await;
        for number in 0..6 {
            let written = |state: Option<&str>| state.is_some();
            scene
                .wait_for_notified(&format!("web-{number}"), written)
                .await;
        }
        engine.stop().await;
        assert_eq!(scene.receiver.count(), 4);
        assert_eq!(scene.receiver.count_of("/webhook/web-1"), 0);
    });
}

#[test]
fn a_few_are_sent_and_a_changed_configuration_is_guarded_too() {
    on_every_cluster(async |scene| {
        ready_pods(&scene, 4).await;
        let mut engine = Inside::start(&scene, guarded(6)).await;
        engine.until_rows(DeliveryState::Sent, 4).await;
        // Another condition: all are told again, and that is more than six within the minute.
        configure(&scene, "pod.status.phase == 'Running'").await;
        engine.until("held", |inside| inside.held.total == 4).await;
        engine.stop().await;
        assert_eq!(scene.receiver.count(), 4);
    });
}

#[test]
fn what_is_not_true_any_more_is_withdrawn_and_the_next_rise_is_told() {
    on_every_cluster(async |scene| {
        ready_pods(&scene, 3).await;
        let mut engine = Inside::start(&scene, guarded(0)).await;
        engine.until("held", |inside| inside.held.total == 3).await;
        scene.set_phase("web-0", "Failed").await;
        engine
            .until("one less", |inside| inside.held.total == 2)
            .await;
        engine.until_rows(DeliveryState::Withdrawn, 1).await;
        scene.delete_pod("web-1").await;
        engine
            .until("one less", |inside| inside.held.total == 1)
            .await;
        scene.set_phase("web-0", "Running").await;
        scene.wait_for_requests(1).await;
        assert_eq!(scene.receiver.count_of("/webhook/web-0"), 1);
        engine.stop().await;
    });
}

/// In `run` nothing waits for somebody who is not there, unless the settings say so.
#[test]
fn run_warns_and_sends_unless_it_is_told_to_hold() {
    on_every_cluster(async |scene| {
        ready_pods(&scene, 52).await;
        let engine = scene.engine_with("delivery: {firstWait: 200ms}\n");
        engine.wait_for_line(&["level=warn", "more than 50 notifications"], 0);
        scene.wait_for_requests(52).await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 52);
    });
}

/// The command line decides: through the engine that runs, or for the one that will.
#[test]
fn the_command_line_decides_with_and_without_a_running_engine() {
    on_every_cluster(async |scene| {
        ready_pods(&scene, 6).await;
        let (code, text) = hold(&scene, &["list"]);
        assert_eq!((code, text.as_str()), (Some(0), "nothing is held\n"));

        let engine = scene.engine_with("floodGuard: 2\n");
        engine.wait_for_line(&["level=warn", "6 notifications", "are held"], 0);
        let (_, text) = hold(&scene, &["list"]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[1].starts_with("3      webhook  even"), "{text}");
        let (_, text) = hold(&scene, &["list", "-o", "json"]);
        assert!(text.contains("\"recipient\": \"odd\""), "{text}");
        let (code, _) = hold(&scene, &["release"]);
        assert_eq!(code, Some(2), "what is to be released must be said");

        let (code, text) = hold(&scene, &["release", "--recipient", "even"]);
        assert_eq!((code, text.as_str()), (Some(0), "3 are being sent\n"));
        scene.wait_for_requests(3).await;
        engine.stop();

        // Nobody answers: it is written down.
        let (code, text) = hold(&scene, &["baseline", "--all"]);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("3 decided; no engine runs"), "{text}");
        let engine = scene.engine_with("floodGuard: 2\n");
        for number in 0..6 {
            let written = |state: Option<&str>| state.is_some();
            scene
                .wait_for_notified(&format!("web-{number}"), written)
                .await;
        }
        engine.stop();
        assert_eq!(scene.receiver.count(), 3);
    });
}

/// Runs `kubechime hold`; its exit code and output.
pub fn hold(scene: &Scene, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Process::new(env!("CARGO_BIN_EXE_kubechime"))
        .arg("hold")
        .args(arguments)
        .arg("--kubeconfig")
        .arg(&scene.kubeconfig)
        .arg("--state-dir")
        .arg(scene.state())
        .env_remove("KUBECONFIG")
        .env("HOME", scene.state())
        .env("XDG_CONFIG_HOME", scene.state())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() != Some(1), "{error}");
    (output.status.code(), text)
}

/// `baseline`: what is true when a condition is first seen is not told; later rises are, and so is
/// what happened while the engine was away.
#[test]
fn the_first_sight_of_a_condition_sends_nothing_with_baseline() {
    on_every_cluster(async |scene| {
        ready_pods(&scene, 3).await;
        scene
            .create_pod("later", &[("subscribe.on-pod-ready.webhook", "even")])
            .await;
        let engine = scene.engine_with("baseline: true\n");
        for number in 0..3 {
            let written = |state: Option<&str>| state.is_some();
            scene
                .wait_for_notified(&format!("web-{number}"), written)
                .await;
        }
        assert_eq!(scene.receiver.count(), 0);
        scene
            .create_pod("new", &[("subscribe.on-pod-ready.webhook", "even")])
            .await;
        scene.set_phase("new", "Running").await;
        scene.wait_for_requests(1).await;
        engine.stop();

        scene.set_phase("later", "Running").await;
        let engine = scene.engine_with("baseline: true\n");
        scene.wait_for_requests(2).await;
        assert_eq!(scene.receiver.count_of("/webhook/later"), 1);

        // A changed condition is a new one. What was just sent is written down first.
        let written = |state: Option<&str>| state.is_some();
        scene.wait_for_notified("later", written).await;
        configure(&scene, "pod.status.phase == 'Running'").await;
        let key = "[0].";
        for name in ["web-0", "later", "new"] {
            let both = |state: Option<&str>| state.is_some_and(|s| s.matches(key).count() == 2);
            scene.wait_for_notified(name, both).await;
        }
        engine.stop();
        assert_eq!(scene.receiver.count(), 2);
    });
}
