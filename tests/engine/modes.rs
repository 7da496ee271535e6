//! Modes that do less than everything: what they leave undone, and what they tell all the same.

use crate::scene::{CONDITION, NOTIFIED, Scene, on_every_cluster, until};
use kubechime::domain::DeliveryState;
use kubechime::history::{Anchor, Filter, History, Options};
use std::time::Duration;

const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");

/// The states of all rows of the history, newest first, with their destinations and actors.
fn rows(scene: &Scene) -> Vec<(DeliveryState, String, String)> {
    let history = History::open(&scene.state().join("history.db"), &Options::default());
    let page = history
        .unwrap()
        .page(&Filter::default(), Anchor::Newest, 100);
    let rows = page.unwrap().into_iter();
    rows.map(|row| {
        (
            row.state,
            row.new.destination.service.to_string(),
            row.new.actor,
        )
    })
    .collect()
}

/// A Pod that is ready, a Pod that is not.
async fn prepare(scene: &Scene) {
    scene.configure_pod_ready().await;
    for name in ["web-1", "web-2"] {
        scene.create_pod(name, &[SUBSCRIBED]).await;
    }
    scene.set_phase("web-1", "Running").await;
}

#[test]
fn observe_sends_and_writes_nothing_and_learns_what_others_sent() {
    on_every_cluster(async |scene| {
        prepare(&scene).await;
        let engine = scene.engine(&["--mode", "observe"]);
        scene.set_phase("web-2", "Running").await;
        // What the first list says already is no news: written again until it comes as a change.
        let told = ["web-2", "was sent", "by notifications-controller"];
        let mut at = 1_645_078_598;
        let state = loop {
            let state = format!("{{\"on-pod-ready:{CONDITION}:webhook:\":{at}}}");
            scene
                .annotate_as("notifications-controller", "web-2", NOTIFIED, &state)
                .await;
            if engine.has_line_within(&told, Duration::from_millis(500)) {
                break state;
            }
            at += 1;
            let late = at > 1_645_078_598 + 120;
            assert!(!late, "{}", engine.lines().join("\n"));
        };
        let line = engine.wait_for_line(&told, 0);
        let text = &engine.lines()[line];
        let condition = format!("on-pod-ready.{CONDITION}");
        assert!(text.contains(&condition), "{text}");
        engine.stop();

        assert_eq!(scene.receiver.count(), 0);
        assert_eq!(scene.writes().await, Vec::<String>::new());
        assert_eq!(scene.notified("web-1").await, None);
        assert_eq!(scene.notified("web-2").await, Some(state));
        let learnt = (
            DeliveryState::AlreadySent,
            "webhook".to_owned(),
            "notifications-controller".to_owned(),
        );
        assert_eq!(rows(&scene), [learnt]);
    });
}

#[test]
fn a_dry_run_renders_and_records_and_neither_sends_nor_writes() {
    on_every_cluster(async |scene| {
        prepare(&scene).await;
        let engine = scene.engine(&["--mode", "dry-run"]);
        engine.wait_for_line(&["Sending notification", "web-1"], 0);
        scene.set_phase("web-2", "Running").await;
        engine.wait_for_line(&["Sending notification", "web-2"], 0);
        // What is said is done only then.
        let rendered = || {
            rows(&scene)
                .iter()
                .filter(|row| row.0 == DeliveryState::DryRun)
                .count()
        };
        until("two rows", || rendered() == 2).await;
        engine.stop();

        assert_eq!(scene.receiver.count(), 0);
        assert_eq!(scene.writes().await, Vec::<String>::new());
        for name in ["web-1", "web-2"] {
            assert_eq!(scene.notified(name).await, None);
        }
        let history = History::open(&scene.state().join("history.db"), &Options::default());
        let history = history.unwrap();
        let page = history.page(&Filter::default(), Anchor::Newest, 100);
        let page = page.unwrap();
        let mut requests = Vec::new();
        for row in &page {
            assert_eq!(row.state, DeliveryState::DryRun, "{row:?}");
            let detail = history.get(row.new.id).unwrap().expect("the row");
            requests.push(detail.request);
        }
        requests.sort();
        assert_eq!(requests.len(), 2, "{requests:?}");
        for (request, name) in requests.iter().zip(["web-1", "web-2"]) {
            assert!(request.contains("GET "), "{request}");
            assert!(
                request.contains(&format!("Pod {name} is ready!")),
                "{request}"
            );
        }
    });
}

#[test]
fn read_only_takes_every_write_away_whatever_the_mode() {
    on_every_cluster(async |scene| {
        prepare(&scene).await;
        for mode in ["active", "dry-run", "observe"] {
            let state = scene.state().join(mode);
            let state = state.to_string_lossy();
            let flags = ["--read-only", "--mode", mode, "--state-dir", &*state];
            let engine = scene.engine(&flags);
            if mode == "observe" {
                engine.wait_for_line(&["Controller is running."], 0);
            } else {
                engine.wait_for_line(&["Sending notification", "web-1"], 0);
            }
            engine.stop();
        }
        assert_eq!(scene.receiver.count(), 0);
        assert_eq!(scene.writes().await, Vec::<String>::new());
        assert_eq!(scene.notified("web-1").await, None);
    });
}

/// The original uses no Lease. Where it has just been at work, an engine without a screen says so
/// and goes on, as it must where nobody is asked.
#[test]
fn another_engine_that_was_just_at_work_is_named() {
    on_every_cluster(async |scene| {
        prepare(&scene).await;
        scene
            .annotate_as("notifications-controller", "web-2", NOTIFIED, "{}")
            .await;
        let engine = scene.engine(&[]);
        engine.wait_for_line(
            &[
                "level=warning",
                "another engine may be at work: notifications-controller",
                "web-2",
            ],
            0,
        );
        scene.wait_for_requests(1).await;
        engine.stop();

        // What it wrote itself is no sign of another.
        let engine = scene.engine(&[]);
        let at = engine.wait_for_line(&["already sent", "web-1"], 0);
        scene.set_phase("web-2", "Running").await;
        scene.wait_for_requests(2).await;
        let lines = engine.stop();
        let signs = lines.iter().filter(|line| line.contains("another engine"));
        assert_eq!(signs.count(), 1, "line {at}: {}", lines.join("\n"));
    });
}
