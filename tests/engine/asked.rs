//! What a person may ask of a running engine: explanations, counts, another destination, undoing a
//! clearing.

use crate::inside::Inside;
use crate::scene::{WHEN, on_every_cluster};
use kubechime::domain::{Delivery, DeliveryState, Destination, Kind, ResourceKey};
use kubechime::engine::{Command, CommandError, DeliveryOptions, Reply, Resend, SubscribedBy};
use std::sync::Arc;

#[test]
fn what_a_dashboard_asks_is_answered_from_what_runs() {
    on_every_cluster(async |scene| {
        let body = "webhook:\n  webhook:\n    method: POST\n    body: one\n  \
                    other:\n    method: POST\n    body: two\n";
        let trigger = format!("- when: {WHEN}\n  send: [ready]\n");
        scene
            .configure(&[
                ("trigger.on-ready", &trigger),
                ("template.ready", body),
                ("service.webhook.webhook", &scene.service()),
                ("service.webhook.other", &scene.service()),
            ])
            .await;
        let subscriptions = [
            ("subscribe.on-ready.webhook", ""),
            ("subscribe.on-gone.webhook", ""),
        ];
        scene.create_pod("web-1", &subscriptions).await;
        scene.set_phase("web-1", "Running").await;
        let mut engine = Inside::start(&scene, DeliveryOptions::default()).await;
        scene.wait_for_requests(1).await;
        engine.until_rows(DeliveryState::Sent, 1).await;
        let key = ResourceKey::new(Arc::new(Kind::pod()), scene.namespace.as_str(), "web-1");

        let reply = engine.ask(Command::Explain(key.clone())).await.unwrap();
        let Reply::Explained(explained) = reply else {
            panic!("{reply:?}");
        };
        let inspection = &explained.explanation.inspection;
        let names: Vec<&str> = inspection.triggers.iter().map(|t| &*t.name).collect();
        assert_eq!(names, ["on-gone", "on-ready"]);
        let trace = &explained.explanation.traces[1][0].when;
        assert_eq!(trace.truth, Some(true));
        assert!(!explained.reads[1][0].is_empty());
        assert!(explained.yaml.contains("name: web-1"), "{}", explained.yaml);
        let tried = explained.attempt("pod.status.phase == 'Failed'").unwrap();
        assert_eq!(tried.trace.truth, Some(false));
        let problem = explained.attempt("pod.(").unwrap_err();
        assert!(problem.contains("1:"), "{problem}");

        let Reply::Survey(survey) = engine.ask(Command::Survey).await.unwrap() else {
            panic!("no survey");
        };
        assert_eq!(survey.resources, 1);
        let [gone, ready] = survey.conditions.as_slice() else {
            panic!("{survey:?}");
        };
        assert_eq!((ready.holds, ready.fails, ready.errors), (1, 0, 0));
        assert_eq!(ready.example.as_ref(), Some(&key));
        assert_eq!((gone.configured, gone.errors), (false, 1));
        let by = |trigger: &str| {
            let mut subscriptions = survey.subscriptions.iter();
            subscriptions.find(|subscription| subscription.trigger == trigger)
        };
        let ready = by("on-ready").unwrap();
        assert_eq!((&ready.by, ready.resources), (&SubscribedBy::Annotation, 1));
        assert_eq!(ready.problem, None);
        assert!(by("on-gone").unwrap().problem.is_some());

        let sent = engine.rows(DeliveryState::Sent).remove(0);
        let to = |destination: &str| {
            Command::Resend(Resend::DeliveryTo {
                id: sent.new.id,
                destination: Destination::parse(destination),
            })
        };
        let refused = engine.ask(to("nowhere:x")).await.unwrap_err();
        assert!(refused.to_string().contains("'nowhere'"), "{refused}");
        let reply = engine.ask(to("other:ops")).await.unwrap();
        assert!(matches!(reply, Reply::Resending { deliveries: 1 }));
        let requests = scene.wait_for_requests(2).await;
        assert_eq!(requests[1].2, "two");
        engine.until_rows(DeliveryState::Sent, 2).await;
        let rows = engine.rows(DeliveryState::Sent);
        let other = |row: &&Delivery| row.new.destination == Destination::parse("other:ops");
        let row = rows.iter().find(other).unwrap();
        assert!(
            row.new.state_key.ends_with(":other:ops"),
            "{}",
            row.new.state_key
        );

        // What is there is not put back; what is not there is, and stays.
        let restore = |state_key: &str| Command::Restore {
            resource: key.clone(),
            entries: vec![(state_key.to_owned(), 1_700_000_000)],
        };
        let back = "on-ready:[0].x:slack:somewhere";
        for (state_key, expected) in [(&*sent.new.state_key, 0), (back, 1), (back, 0)] {
            let reply = engine.ask(restore(state_key)).await.unwrap();
            assert!(
                matches!(reply, Reply::Restored { entries } if entries == expected),
                "{state_key}: {reply:?}"
            );
        }
        let missing = ResourceKey::new(Arc::new(Kind::pod()), "nowhere", "web-1");
        let refused = engine.ask(Command::Explain(missing)).await;
        assert!(matches!(refused, Err(CommandError::NotFound(_))));
        engine.stop().await;
    });
}
