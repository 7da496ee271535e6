//! What the command line asks of an engine that runs, by way of its history.

use crate::process::{Engine, PATIENCE};
use crate::scene::{Scene, WHEN, on_every_cluster};
use kubechime::demo::Reply;
use std::process::{Command, Output};
use std::time::Instant;

const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");

fn history(scene: &Scene, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubechime"))
        .arg("history")
        .args(arguments)
        .arg("--kubeconfig")
        .arg(&scene.kubeconfig)
        .arg("--state-dir")
        .arg(scene.state())
        .env_remove("KUBECONFIG")
        .env("HOME", scene.state())
        .env("XDG_CONFIG_HOME", scene.state())
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn engine(scene: &Scene, mode: &str) -> Engine {
    scene.engine(&["--mode", mode])
}

#[test]
fn failed_ones_are_sent_again_and_waiting_ones_cancelled() {
    on_every_cluster(async |scene| {
        let service = format!("{}retryMax: -1\n", scene.service());
        let trigger = format!("- when: {WHEN}\n  send: [pod-ready]\n");
        let template = "webhook:\n  webhook:\n    method: POST\n    path: /\n";
        scene
            .configure(&[
                ("trigger.on-pod-ready", &trigger),
                ("template.pod-ready", template),
                ("service.webhook.webhook", &service),
            ])
            .await;
        scene.receiver.reply("/webhook/", Reply::code(404));
        let running = engine(&scene, "active");
        for name in ["web-1", "web-2"] {
            scene.create_pod(name, &[SUBSCRIBED]).await;
            scene.set_phase(name, "Running").await;
        }
        for name in ["web-1", "web-2"] {
            running.wait_for_line(&["Failed to notify recipient", name], 0);
        }
        scene.receiver.clear_replies();
        let sent = history(&scene, &["resend", "--failed", "--filter", "name:web-1"]);
        assert_eq!(text(&sent), "1 being sent\n");
        scene
            .wait_for_notified("web-1", |state| state.is_some())
            .await;
        assert_eq!(scene.notified("web-2").await, None);
        let sent = history(&scene, &["resend", "--failed", "--filter", "name:web-1"]);
        assert_eq!(
            text(&sent),
            "nothing that failed is left to be sent again\n"
        );

        scene.receiver.reply("/webhook/", Reply::retry_after(300));
        let before = scene.receiver.count();
        scene.create_pod("web-3", &[SUBSCRIBED]).await;
        scene.set_phase("web-3", "Running").await;
        assert!(scene.receiver.wait_for(before + 1, PATIENCE).await);
        let cancelled = history(&scene, &["cancel", "--all"]);
        assert_eq!(text(&cancelled), "1 cancelled\n");
        let deadline = Instant::now() + PATIENCE;
        while !text(&history(&scene, &["state:withdrawn"])).contains("web-3") {
            assert!(Instant::now() < deadline, "it is not withdrawn");
        }
        running.stop();

        // Who may not send does not answer for who may.
        let watching = engine(&scene, "observe");
        watching.wait_for_line(&["Controller is running"], 0);
        let refused = history(&scene, &["resend", "--failed"]);
        assert_eq!(refused.status.code(), Some(1));
        let error = String::from_utf8_lossy(&refused.stderr);
        assert!(error.contains("no active engine answers"), "{error}");
        watching.stop();
    });
}
