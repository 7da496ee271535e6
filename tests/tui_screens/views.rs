//! Snapshots of the views of the whole: triggers, services, subscriptions, stats.

use super::fixture::*;
use super::{buffer, screen, snapshot};
use kubechime::domain::{DeliveryState, Destination};
use kubechime::engine::{
    Batch, Command, ConditionSurvey, Fares, LaneStatus, Member, Members, Reply, SubscribedBy,
    SubscriptionSurvey, Survey,
};
use kubechime::history::ServiceTotals;
use kubechime::tui::message::{Effect, JobDone, MouseInput, Msg};
use kubechime::tui::model::{Model, Screen};
use kubechime::tui::screens::views::Numbers;
use kubechime::tui::{Options, ThemeName};
use std::sync::Arc;

fn survey() -> Survey {
    let condition = |trigger: &str, counts: [u64; 3]| ConditionSurvey {
        trigger: trigger.into(),
        index: Some(0),
        configured: true,
        when: "pod.status.phase == 'Failed'".into(),
        holds: counts[0],
        fails: counts[1],
        errors: counts[2],
        since_ms: (counts[0] > 0).then_some(NOW - 7_200_000),
        latest_ms: (counts[0] > 0).then_some(NOW - 12_000),
        example: Some(key("Pod", "team-a", "web-7d9f8b6c5d-abcde")),
        ..ConditionSurvey::default()
    };
    let mut broken = condition("on-pending", [0, 40, 12]);
    let message = "cannot fetch startedAt from \u{1b}[31m nil".to_owned();
    broken.error = Some((key("Pod", "team-a", "日本語のポッド"), message));
    broken.given_up = 3;
    let subscription =
        |trigger: &str, to: &str, resources: u64, problem: Option<&str>| SubscriptionSurvey {
            trigger: trigger.into(),
            destination: Destination::parse(to),
            by: SubscribedBy::Annotation,
            resources,
            example: None,
            problem: problem.map(str::to_owned),
        };
    let mut unused = subscription("on-oom", "webhook", 0, None);
    unused.by = SubscribedBy::Default {
        number: 2,
        selector: "app=web".into(),
    };
    Survey {
        at_ms: NOW,
        took_ms: 120,
        resources: 100_482,
        conditions: vec![condition("on-oom", [1_204, 99_278, 0]), broken],
        subscriptions: vec![
            subscription("on-oom", "slack:team-a-alerts", 1_180, None),
            unused,
            subscription(
                "on-gone",
                "slack:x",
                4,
                Some("trigger 'on-gone' is not configured"),
            ),
        ],
        more_subscriptions: 0,
    }
}

fn numbers() -> Numbers {
    let service = |name: &str, failed: u64| ServiceTotals {
        service: name.into(),
        service_type: "webhook".into(),
        pending: 2,
        sent: 1_204,
        failed,
        over_time: (0..30).collect(),
        median_ms: Some(120),
        p95_ms: Some(1_430),
        last_sent_ms: Some(NOW - 5_000),
        last_error: (failed > 0).then(|| (NOW - 60_000, "429 Too Many Requests".into())),
    };
    Numbers {
        services: vec![service("slack", 3), service("webhook", 0)],
        history_rows: Some(1_048_576),
        memory: Some(37 << 20),
    }
}

fn members() -> Members {
    let member = |name: &str, fares, since_ms| Member {
        key: key("Pod", "team-a", name),
        fares,
        since_ms,
        sending: 0,
        given_up: 0,
        told: u64::from(since_ms.is_some()),
    };
    Members {
        at_ms: NOW,
        took_ms: 3,
        members: vec![
            member(
                "日本語のポッド",
                Fares::Fails("cannot fetch \u{202e}x from nil".into()),
                None,
            ),
            member("web-1", Fares::Holds, Some(NOW - 90_000)),
            member("web-2", Fares::NotTrue, None),
        ],
        more: 12,
    }
}

/// Lanes in every state that stands in the way.
fn lanes() -> Arc<[LaneStatus]> {
    let lane = |service: &str| LaneStatus {
        service: service.into(),
        waiting: 4,
        retrying: 0,
        limited: 0,
        in_flight: 1,
        spilled: 90_000,
        held: 0,
        sent: 10,
        failed: 1,
        sent_ms: Some(NOW - 5_000),
        error: String::new(),
        error_ms: None,
        latency_ms: Some(80),
        rate: Some(0.5),
        recipient_rate: None,
        places: 8,
        paused: 0,
        paused_until_ms: None,
    };
    let paused = LaneStatus {
        paused: 2,
        paused_until_ms: Some(NOW + 8_000),
        recipient_rate: Some(1.0),
        ..lane("slack")
    };
    Arc::new([paused, lane("webhook")])
}

/// A view with everything answered.
fn opened(options: &Options, width: u16, height: u16, script: &str) -> Model {
    let mut model = full(options, width, height);
    for effect in keys(&mut model, script) {
        if let Effect::Submit(request, Command::Survey) = effect {
            let reply = Reply::Survey(Arc::new(survey()));
            answer(&mut model, request, Ok(reply));
        }
    }
    let session = model.session.id;
    send(&mut model, Msg::Job(session, JobDone::Numbers(numbers())));
    let told = Batch {
        lanes: Some(lanes()),
        ..Batch::default()
    };
    batch(&mut model, told);
    model
}

#[test]
fn the_resources_of_a_condition() {
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let mut model = opened(&options(), width, height, "5");
        for effect in keys(&mut model, "Enter") {
            if let Effect::Submit(request, Command::Members { .. }) = effect {
                answer(&mut model, request, Ok(Reply::Members(Arc::new(members()))));
            }
        }
        snapshot(&format!("views_members_{width}x{height}"), &model);
    }
}

#[test]
fn a_view_is_sorted_and_the_selection_stays_on_its_row() {
    let mut model = opened(&options(), 200, 36, "5");
    let selected = |model: &Model| match model.screens.last() {
        Some(Screen::Views(views)) => {
            let names: Vec<&str> = views.rows().iter().map(|row| &*row.cells[0]).collect();
            let selected = views.selected_row().map_or("", |row| &row.id);
            format!("{} > {selected}", names.join(", "))
        }
        _ => panic!("a view is open"),
    };
    assert_eq!(selected(&model), "on-oom [0], on-pending [0] > on-oom [0]");
    // A click on the head FALSE, and on ERROR: the largest first.
    let text = screen(&model);
    let heads = text.lines().nth(3).unwrap();
    for (head, expected) in [
        ("FALSE", "on-oom [0], on-pending [0] > on-oom [0]"),
        ("ERROR", "on-pending [0], on-oom [0] > on-oom [0]"),
        ("ERROR", "on-oom [0], on-pending [0] > on-oom [0]"),
    ] {
        let x = heads[..heads.find(head).unwrap()].chars().count() as u16;
        let click = Msg::Mouse(MouseInput::Click { x, y: 3 });
        send(&mut model, click);
        assert_eq!(selected(&model), expected, "{head}");
    }
    keys(&mut model, "S");
    assert_eq!(selected(&model), "on-pending [0], on-oom [0] > on-oom [0]");
}

#[test]
fn every_view() {
    for (number, name) in [
        (5, "triggers"),
        (6, "services"),
        (7, "subscriptions"),
        (8, "stats"),
    ] {
        let script = number.to_string();
        let model = opened(&options(), 120, 36, &script);
        snapshot(&format!("views_{name}_120x36"), &model);
        for (width, height) in [(80, 24), (40, 10)] {
            let model = opened(&options(), width, height, &script);
            snapshot(&format!("views_{name}_{width}x{height}"), &model);
        }
        let mono = Options {
            theme: ThemeName::Mono,
            ascii: true,
            ..options()
        };
        let text = screen(&opened(&mono, 80, 24, &script));
        assert!(text.is_ascii() || text.contains('日'), "{text}");
    }
}

#[test]
fn a_view_is_filtered_and_leads_on() {
    let mut model = opened(&options(), 120, 36, "5 /");
    type_text(&mut model, "state:error");
    keys(&mut model, "Enter");
    let Some(Screen::Views(views)) = model.screens.last() else {
        panic!("a view is open");
    };
    assert_eq!(views.rows().len(), 1);
    let asked = keys(&mut model, "Enter");
    let [Effect::Submit(request, Command::Members { trigger, index })] = &asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!((trigger.as_str(), *index), ("on-pending", Some(0)));
    keys(&mut model, "/");
    keys(&mut model, "C-u Enter");
    answer(
        &mut model,
        *request,
        Ok(Reply::Members(Arc::new(members()))),
    );
    keys(&mut model, "Enter");
    let Some(Screen::Resource(resource)) = model.screens.last() else {
        panic!("a resource is open");
    };
    assert_eq!(&*resource.key.name, "日本語のポッド");
    // Back to the list, and from there to the same condition.
    keys(&mut model, "Esc Esc");
    let Some(Screen::Views(views)) = model.screens.last() else {
        panic!("the conditions are shown");
    };
    let selected = views.selected_row().map(|row| row.id.as_str());
    assert_eq!(selected, Some("on-pending [0]"));
    // From a service to what it delivered.
    let mut model = opened(&options(), 120, 36, "6");
    keys(&mut model, "Enter");
    assert!(model.screens.is_empty());
    assert_eq!(model.overview.history.filter_text, "service:slack since:1h");
    let passes = |row: &kubechime::domain::Delivery| model.overview.history.query.matches(row);
    assert!(passes(&delivery(0, DeliveryState::Sent, "x", "slack:a")));
    assert!(!passes(&delivery(0, DeliveryState::Sent, "x", "webhook")));
}

#[test]
fn counting_waits_for_its_turn() {
    let mut model = opened(&options(), 120, 36, "5");
    let surveys = |effects: Vec<Effect>| {
        let survey = |e: &Effect| matches!(e, Effect::Submit(_, Command::Survey));
        effects.iter().filter(|e| survey(e)).count()
    };
    assert_eq!(surveys(send(&mut model, Msg::Wake)), 0);
    model.now_ms = NOW + 5_000;
    assert_eq!(surveys(send(&mut model, Msg::Wake)), 1);
    // One at a time.
    model.now_ms = NOW + 60_000;
    assert_eq!(surveys(send(&mut model, Msg::Wake)), 0);
    // A screen that is covered asks for nothing.
    keys(&mut model, "!");
    assert_eq!(surveys(send(&mut model, Msg::Wake)), 0);
    buffer(&model);
}
