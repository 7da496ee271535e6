//! What is true is marked as sent because somebody asks for it; what failed is sent again one by
//! one; who is subscribed to a condition; what a template saw.

use crate::inside::Inside;
use crate::scene::{Scene, WHEN, on_every_cluster};
use kubechime::demo::Reply;
use kubechime::domain::{Cause, DeliveryState, Kind, ResourceKey};
use kubechime::engine::{Command, DeliveryOptions, Fares, Reply as Answer, Resend};
use std::sync::Arc;

const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");

/// Two ready Pods whose notifications are refused for good, and one that is not ready.
async fn two_that_failed(scene: &Scene) -> Inside {
    scene.configure_pod_ready().await;
    scene.receiver.reply("*", Reply::code(404));
    for name in ["web-1", "web-2", "idle"] {
        scene.create_pod(name, &[SUBSCRIBED]).await;
    }
    for name in ["web-1", "web-2"] {
        scene.set_phase(name, "Running").await;
    }
    let engine = Inside::start(scene, DeliveryOptions::default()).await;
    engine.until_rows(DeliveryState::Failed, 2).await;
    scene.receiver.clear_replies();
    engine
}

fn pod(scene: &Scene, name: &str) -> ResourceKey {
    ResourceKey::new(Arc::new(Kind::pod()), scene.namespace.as_str(), name)
}

fn baseline(resource: ResourceKey) -> Command {
    Command::Baseline {
        resource,
        keys: None,
    }
}

#[test]
fn what_is_marked_is_written_recorded_and_not_sent() {
    on_every_cluster(async |scene| {
        let mut engine = two_that_failed(&scene).await;
        let before = scene.receiver.count();
        let marked = engine.ask(baseline(pod(&scene, "web-1"))).await.unwrap();
        let Answer::Marked { keys } = marked else {
            panic!("{marked:?}");
        };
        assert_eq!(keys.len(), 1);
        let written = |state: Option<&str>| state.is_some_and(|state| state.contains(&keys[0]));
        scene.wait_for_notified("web-1", written).await;
        engine.until_rows(DeliveryState::Baseline, 1).await;
        let row = engine.rows(DeliveryState::Baseline).remove(0);
        assert_eq!(
            (row.new.name.as_str(), row.new.cause),
            ("web-1", Cause::Resend)
        );
        assert!(!row.new.actor.is_empty());

        // Twice does nothing more; neither does one that is not true, nor other keys.
        for (name, keys) in [
            ("web-1", None),
            ("idle", None),
            ("web-2", Some(vec!["no such key".to_owned()])),
        ] {
            let resource = pod(&scene, name);
            let reply = engine.ask(Command::Baseline { resource, keys }).await;
            assert!(
                matches!(&reply, Ok(Answer::Marked { keys }) if keys.is_empty()),
                "{name}: {reply:?}"
            );
        }

        // A change of the objects sends what was not marked, and only that.
        for name in ["web-1", "web-2"] {
            let labels = serde_json::json!({"labels": {"changed": "yes"}});
            scene.patch_metadata(name, labels).await;
        }
        engine.until_rows(DeliveryState::Sent, 1).await;
        assert_eq!(engine.rows(DeliveryState::Sent)[0].new.name, "web-2");
        assert_eq!(scene.receiver.count(), before + 1);

        // Undone by a clearing of what was marked: it is sent.
        let clear = Command::Clear {
            resource: pod(&scene, "web-1"),
            keys: Some(keys),
        };
        let cleared = engine.ask(clear).await.unwrap();
        assert!(
            matches!(cleared, Answer::Cleared { entries: 1 }),
            "{cleared:?}"
        );
        engine.until_rows(DeliveryState::Sent, 2).await;
        engine.stop().await;
    });
}

#[test]
fn one_that_failed_is_sent_again_only_if_it_was_not_told_meanwhile() {
    on_every_cluster(async |scene| {
        let mut engine = two_that_failed(&scene).await;
        let failed = engine.rows(DeliveryState::Failed);
        let row = |name: &str| {
            let row = failed.iter().find(|row| row.new.name == name).unwrap();
            Command::Resend(Resend::FailedRow(row.new.id))
        };
        engine.ask(baseline(pod(&scene, "web-1"))).await.unwrap();
        let count = |reply: &Answer| match reply {
            Answer::Resending { deliveries } => *deliveries,
            other => panic!("{other:?}"),
        };
        assert_eq!(count(&engine.ask(row("web-1")).await.unwrap()), 0);
        assert_eq!(count(&engine.ask(row("web-2")).await.unwrap()), 1);
        engine.until_rows(DeliveryState::Sent, 1).await;
        assert_eq!(count(&engine.ask(row("web-2")).await.unwrap()), 0);
        assert!(
            engine
                .notices
                .iter()
                .all(|n| !n.text.contains("that failed")),
            "the answer says it: {:?}",
            engine.notices
        );
        engine.stop().await;
    });
}

#[test]
fn the_resources_of_a_condition_and_what_its_templates_see() {
    on_every_cluster(async |scene| {
        let mut engine = two_that_failed(&scene).await;
        engine.ask(baseline(pod(&scene, "web-1"))).await.unwrap();
        let ask = |trigger: &str, index| Command::Members {
            trigger: trigger.into(),
            index,
        };
        let reply = engine.ask(ask("on-pod-ready", Some(0))).await.unwrap();
        let Answer::Members(found) = reply else {
            panic!("{reply:?}");
        };
        assert_eq!(found.more, 0);
        let told: Vec<_> = found
            .members
            .iter()
            .map(|m| (&*m.key.name, m.fares == Fares::Holds, m.told, m.given_up))
            .collect();
        let expected = [
            ("web-1", true, 1, 0),
            ("web-2", true, 0, 1),
            ("idle", false, 0, 0),
        ];
        assert_eq!(told, expected, "{WHEN}");
        assert!(found.members[0].since_ms.is_some());
        assert_eq!(found.members[1].since_ms, None, "nobody knows");
        let Answer::Survey(survey) = engine.ask(Command::Survey).await.unwrap() else {
            panic!("no survey");
        };
        let condition = &survey.conditions[0];
        assert_eq!(condition.since_ms, found.members[0].since_ms);
        assert_eq!(condition.latest_ms, condition.since_ms);
        let Answer::Members(none) = engine.ask(ask("elsewhere", None)).await.unwrap() else {
            panic!("no members");
        };
        assert!(none.members.is_empty());

        let row = engine.rows(DeliveryState::Failed).remove(0);
        let Answer::Variables(yaml) = engine.ask(Command::Variables(row.new.id)).await.unwrap()
        else {
            panic!("no variables");
        };
        assert!(yaml.starts_with("# read anew"), "{yaml}");
        assert!(
            yaml.contains("\nrecipient: ''\n") || yaml.contains("\nrecipient: \"\"\n"),
            "{yaml}"
        );
        assert!(yaml.contains("\nserviceType: webhook\n"), "{yaml}");
        assert!(yaml.contains(&format!("name: {}", row.new.name)), "{yaml}");
        scene.delete_pod(&row.new.name).await;
        let gone = engine.ask(Command::Variables(row.new.id)).await;
        assert!(gone.is_err(), "{gone:?}");
        engine.stop().await;
    });
}
