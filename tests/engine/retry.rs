//! What fails is tried again, as often and as long as the settings say, and never forgotten.

use crate::inside::Inside;
use crate::scene::{Scene, WHEN, on_every_cluster};
use kubechime::demo::Reply;
use kubechime::domain::{DeliveryState, Selection};
use kubechime::engine::{
    Cancel, Command, CommandError, DeliveryOptions, LaneOptions, Reply as Answer, Resend,
};
use std::time::Duration;

const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");

/// The Pod-ready case with a service that makes one try a round.
async fn configure(scene: &Scene, trigger: &str) {
    let service = format!("url: {}/webhook\nretryMax: -1\n", scene.receiver.url());
    scene
        .configure(&[
            ("trigger.on-pod-ready", trigger),
            (
                "template.pod-ready",
                "webhook:\n  webhook:\n    method: POST\n    path: /{{.pod.metadata.name}}\n",
            ),
            ("service.webhook.webhook", &service),
        ])
        .await;
}

fn simple() -> String {
    format!("- when: {WHEN}\n  send: [pod-ready]\n")
}

fn options(lane: LaneOptions) -> DeliveryOptions {
    DeliveryOptions {
        usual: lane,
        ..DeliveryOptions::default()
    }
}

fn quick() -> LaneOptions {
    LaneOptions {
        first_wait: Duration::from_millis(20),
        longest_wait: Duration::from_millis(50),
        ..LaneOptions::default()
    }
}

/// A service of its own settings is tried so often and no more, the others as usual.
#[test]
fn rounds_are_limited_per_service_and_what_failed_says_so() {
    on_every_cluster(async |scene| {
        configure(&scene, &simple()).await;
        scene.receiver.reply("*", Reply::code(503));
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine_with(
            "delivery:\n  rounds: 50\n  services:\n    webhook: {rounds: 3, firstWait: 10ms}\n",
        );
        engine.wait_for_line(&["Failed to notify", "given up after 3 tries"], 0);
        assert_eq!(scene.receiver.count(), 3);
        assert_eq!(scene.notified("web-1").await, None);
        engine.stop();
    });
}

#[test]
fn what_is_too_old_is_given_up() {
    on_every_cluster(async |scene| {
        configure(&scene, &simple()).await;
        scene.receiver.reply("*", Reply::code(503));
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let lane = LaneOptions {
            max_age: Duration::from_secs(3),
            rounds: 1_000,
            ..quick()
        };
        let engine = Inside::start(&scene, options(lane)).await;
        engine.until_rows(DeliveryState::Failed, 1).await;
        let row = &engine.rows(DeliveryState::Failed)[0];
        assert!(row.error.contains("too old"), "{}", row.error);
        assert!(row.attempts > 1 && row.attempts < 1_000, "{}", row.attempts);
        engine.stop().await;
    });
}

/// The service's wish counts more than our longest wait, and holds for what goes to the same
/// recipient, too.
#[test]
fn retry_after_is_honoured_by_all_to_the_same_recipient() {
    on_every_cluster(async |scene| {
        configure(&scene, &simple()).await;
        scene
            .receiver
            .reply_times("/webhook/web-1", Reply::retry_after(5), 1);
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let mut engine = Inside::start(&scene, options(quick())).await;
        scene.wait_for_requests(1).await;
        engine
            .until_lane("webhook", |lane| lane.retrying == 1)
            .await;
        scene.create_pod("web-2", &[SUBSCRIBED]).await;
        scene.set_phase("web-2", "Running").await;
        engine.until_lane("webhook", |lane| lane.limited == 1).await;
        scene.wait_for_requests(3).await;
        let received = scene.receiver.received();
        for later in &received[1..] {
            let waited = later.at.duration_since(received[0].at);
            assert!(waited >= jiff::SignedDuration::from_secs(5), "{waited:?}");
        }
        engine.until_lane("webhook", |lane| lane.sent == 2).await;
        engine.stop().await;
    });
}

#[test]
fn a_once_per_delivery_is_tried_again_too() {
    on_every_cluster(async |scene| {
        let trigger = format!("{}  oncePer: pod.metadata.uid\n", simple());
        configure(&scene, &trigger).await;
        scene
            .receiver
            .reply_times("/webhook/web-1", Reply::code(500), 2);
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine_with("delivery: {firstWait: 20ms}\n");
        scene.wait_for_requests(3).await;
        let written = |state: Option<&str>| state.is_some();
        scene.wait_for_notified("web-1", written).await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 3);
    });
}

/// A wrong address that is mended holds for what is being retried already.
#[test]
fn the_next_try_is_made_with_the_configuration_of_that_time() {
    on_every_cluster(async |scene| {
        configure(&scene, &simple()).await;
        scene.receiver.reply("/webhook/*", Reply::code(503));
        scene.create_pod("web-1", &[SUBSCRIBED]).await;
        scene.set_phase("web-1", "Running").await;
        let engine = scene.engine_with("delivery: {firstWait: 50ms, longestWait: 50ms}\n");
        scene.wait_for_requests(2).await;
        let service = format!("url: {}/mended\nretryMax: -1\n", scene.receiver.url());
        scene
            .configure(&[
                ("trigger.on-pod-ready", &simple()),
                (
                    "template.pod-ready",
                    "webhook:\n  webhook:\n    method: POST\n    path: /{{.pod.metadata.name}}\n",
                ),
                ("service.webhook.webhook", &service),
            ])
            .await;
        let written = |state: Option<&str>| state.is_some();
        scene.wait_for_notified("web-1", written).await;
        assert_eq!(scene.receiver.count_of("/mended/web-1"), 1);
        engine.stop();
    });
}

/// All that failed is sent again at once; what was sent meanwhile is not.
#[test]
fn all_that_failed_can_be_sent_again() {
    on_every_cluster(async |scene| {
        configure(&scene, &simple()).await;
        scene.receiver.reply("*", Reply::code(404));
        for name in ["web-1", "web-2", "web-3"] {
            scene.create_pod(name, &[SUBSCRIBED]).await;
            scene.set_phase(name, "Running").await;
        }
        let mut engine = Inside::start(&scene, options(quick())).await;
        engine.until_rows(DeliveryState::Failed, 3).await;
        scene.receiver.clear_replies();

        let other = Selection {
            trigger: Some("another".into()),
            ..Selection::default()
        };
        let none = engine.ask(Command::Resend(Resend::Failed(other))).await;
        assert!(
            matches!(none, Ok(Answer::Resending { deliveries: 0 })),
            "{none:?}"
        );

        let one = engine.rows(DeliveryState::Failed)[0].new.id;
        let sent = engine.ask(Command::Resend(Resend::Delivery(one))).await;
        assert!(
            matches!(sent, Ok(Answer::Resending { deliveries: 1 })),
            "{sent:?}"
        );
        engine.until_rows(DeliveryState::Sent, 1).await;

        let all = Selection {
            service: Some("webhook".into()),
            ..Selection::default()
        };
        let sent = engine
            .ask(Command::Resend(Resend::Failed(all.clone())))
            .await;
        assert!(
            matches!(sent, Ok(Answer::Resending { deliveries: 2 })),
            "{sent:?}"
        );
        engine.until_rows(DeliveryState::Sent, 3).await;
        let again = engine.ask(Command::Resend(Resend::Failed(all))).await;
        assert!(
            matches!(again, Ok(Answer::Resending { deliveries: 0 })),
            "{again:?}"
        );
        engine.stop().await;
        assert_eq!(scene.receiver.count(), 6);
    });
}

/// The clock was an hour ahead, and was set back: what failed meanwhile is no less failed.
#[test]
fn what_failed_by_a_clock_that_was_ahead_can_be_sent_again() {
    const HOUR_MS: i64 = 3_600_000;
    on_every_cluster(async |scene| {
        configure(&scene, &simple()).await;
        scene.receiver.reply("*", Reply::code(404));
        for name in ["web-1", "web-2"] {
            scene.create_pod(name, &[SUBSCRIBED]).await;
            scene.set_phase(name, "Running").await;
        }
        let engine = Inside::start(&scene, options(quick())).await;
        engine.until_rows(DeliveryState::Failed, 2).await;
        engine.stop().await;
        let database = rusqlite::Connection::open(scene.state().join("history.db")).unwrap();
        let shift = format!(
            "UPDATE deliveries SET id = id + {HOUR_MS} * 1024, created_ms = created_ms + {HOUR_MS}"
        );
        database.execute_batch(&shift).unwrap();
        drop(database);

        let mut engine = Inside::start(&scene, options(quick())).await;
        // Tried again at the start, and refused again.
        engine.until_rows(DeliveryState::Failed, 4).await;
        scene.receiver.clear_replies();
        let all = Command::Resend(Resend::Failed(Selection::default()));
        let sent = engine.ask(all).await;
        assert!(
            matches!(sent, Ok(Answer::Resending { deliveries: 2 })),
            "{sent:?}"
        );
        engine.until_rows(DeliveryState::Sent, 2).await;
        engine.stop().await;
    });
}

#[test]
fn what_waits_can_be_cancelled_one_by_one_or_all() {
    on_every_cluster(async |scene| {
        configure(&scene, &simple()).await;
        scene.receiver.reply("*", Reply::code(503));
        let names: Vec<String> = (0..6).map(|number| format!("web-{number}")).collect();
        for name in &names {
            scene.create_pod(name, &[SUBSCRIBED]).await;
            scene.set_phase(name, "Running").await;
        }
        let lane = LaneOptions {
            queue: 2,
            first_wait: Duration::from_secs(600),
            longest_wait: Duration::from_secs(600),
            max_age: Duration::from_secs(6_000),
            ..LaneOptions::default()
        };
        let mut engine = Inside::start(&scene, options(lane)).await;
        let waiting =
            |lane: &kubechime::engine::LaneStatus| lane.retrying == 2 && lane.spilled == 4;
        engine.until_lane("webhook", waiting).await;

        let pending = engine.rows(DeliveryState::Pending);
        assert_eq!(pending.len(), 6, "all are on record");
        let one = pending.first().unwrap().new.id;
        let cancelled = engine.ask(Command::Cancel(Cancel::Delivery(one))).await;
        assert!(
            matches!(cancelled, Ok(Answer::Cancelled { deliveries: 1 })),
            "{cancelled:?}"
        );
        let all = Cancel::Waiting(Selection::default());
        let cancelled = engine.ask(Command::Cancel(all)).await;
        assert!(
            matches!(cancelled, Ok(Answer::Cancelled { deliveries: 5 })),
            "{cancelled:?}"
        );
        engine.until_rows(DeliveryState::Withdrawn, 6).await;
        let empty = |lane: &kubechime::engine::LaneStatus| lane.retrying == 0 && lane.spilled == 0;
        engine.until_lane("webhook", empty).await;
        engine.stop().await;
        assert_eq!(scene.receiver.count(), 2, "only those in memory were tried");
        for name in &names {
            assert_eq!(scene.notified(name).await, None);
        }
    });
}

/// Asking in vain is answered, too.
#[test]
fn nothing_is_sent_again_by_who_may_not_send() {
    on_every_cluster(async |scene| {
        configure(&scene, &simple()).await;
        let mut engine = Inside::start(&scene, DeliveryOptions::default()).await;
        let observe = Command::SetMode(kubechime::domain::Mode::Observe);
        engine.ask(observe).await.unwrap();
        for command in [
            Command::Resend(Resend::Failed(Selection::default())),
            Command::ReleaseHeld(Selection::default()),
            Command::BaselineHeld(Selection::default()),
        ] {
            let refused = engine.ask(command).await;
            assert!(
                matches!(refused, Err(CommandError::Mode { .. })),
                "{refused:?}"
            );
        }
        engine.stop().await;
    });
}
