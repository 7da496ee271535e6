//! What the log says when nothing happens: nothing.

use crate::scene::{WHEN, on_every_cluster};
use futures::StreamExt as _;
use kubechime::demo::{Matcher, WatchEnd};
use serde_json::json;

const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");

const PODS: usize = 1_000;

#[test]
fn a_quiet_cluster_of_a_thousand_objects_logs_nothing_per_resync() {
    on_every_cluster(async |scene| {
        // One condition that is false, one whose error is told once, and one that reads the clock.
        let trigger = format!(
            "- when: {WHEN}\n  send: [pod-ready]\n\
             - when: pod.nothing.deeper == 1\n  send: [pod-ready]\n\
             - when: time.Now().Year() < 2000\n  send: [pod-ready]\n"
        );
        scene
            .configure(&[
                ("trigger.on-pod-ready", &trigger),
                ("template.pod-ready", "message: hi\n"),
                ("service.webhook.webhook", &scene.service()),
            ])
            .await;
        let scene = &scene;
        futures::stream::iter(0..PODS)
            .for_each_concurrent(32, |number| async move {
                scene
                    .create_pod(&format!("web-{number}"), &[SUBSCRIBED])
                    .await;
            })
            .await;
        let engine = scene.engine(&[]);
        for number in 0..PODS {
            let resource = format!("/web-{number}");
            engine.wait_for_line(&["Processing completed", &resource], 0);
        }
        let quiet_from = engine.lines().len();

        // Everything is listed again.
        if let Some(cluster) = scene.simulation() {
            let lists = || {
                let lists = Matcher::all().verb("list").resource("pods");
                cluster.requests().count(&lists)
            };
            let before = lists();
            cluster.forget_history();
            let watches = Matcher::all().verb("watch").resource("pods");
            cluster.faults().end_watches(watches, WatchEnd::Expired);
            let deadline = tokio::time::Instant::now() + crate::process::PATIENCE;
            // Two pages of five hundred.
            while lists() < before + 2 {
                assert!(
                    tokio::time::Instant::now() < deadline,
                    "it is not listed again"
                );
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        // Changes that mean nothing to any condition.
        for number in 0..10 {
            let labels = json!({"labels": {"a": number.to_string()}});
            scene.patch_metadata(&format!("web-{number}"), labels).await;
        }
        // What is said next is about this.
        scene.create_pod("news", &[SUBSCRIBED]).await;
        engine.wait_for_line(&["Processing completed", "/news"], quiet_from);
        let lines = engine.stop();
        let noise: Vec<&String> = lines[quiet_from..]
            .iter()
            .filter(|line| line.contains("/web-"))
            .collect();
        assert!(noise.is_empty(), "{noise:#?}");
    });
}

/// The wording of 2022 says everything at every look, for who reads it by machine.
#[test]
fn the_classic_wording_repeats_itself() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        let engine = scene.engine(&["--log-style", "classic"]);
        let mut after = 0;
        for round in 0..3 {
            for part in [
                "level=info msg=\"Start processing\"",
                "level=info msg=\"Trigger on-pod-ready result",
                "level=info msg=\"Processing completed\"",
            ] {
                after = engine.wait_for_line(&[part, "/web-1"], after) + 1;
            }
            let labels = json!({"labels": {"round": round.to_string()}});
            scene.patch_metadata("web-1", labels).await;
        }
        engine.stop();
    });
}
