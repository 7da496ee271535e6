//! Launches, contexts, leaving, and what time and batches do.

use crate::fixture::{
    NOW, batch, full_batch, key, keys, launched, options, row, send, status, type_text,
};
use crate::{editor, flash, standard, started};
use kubechime::domain::Mode;
use kubechime::engine::{Batch, RowState};
use kubechime::tui::ContextChoice;
use kubechime::tui::key::Key;
use kubechime::tui::message::{Effect, Job, Msg, SessionId};
use kubechime::tui::model::Phase;
use kubechime::tui::screens::overview::Pane;
use kubechime::tui::update::{next_wake, update};
use std::sync::Arc;

#[test]
fn another_context_is_another_session_and_late_news_are_ignored() {
    let mut model = standard();
    let old = model.session.id;
    let effects = keys(&mut model, "C-o");
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Contexts))
    );
    let choice = |name: &str, current| ContextChoice {
        name: name.into(),
        current,
        cluster: "c".into(),
        namespace: String::new(),
    };
    let contexts = Ok(vec![choice("prod-eu", true), choice("staging", false)]);
    send(&mut model, Msg::Contexts(contexts));
    type_text(&mut model, "stag");
    let effects = keys(&mut model, "Enter");
    let launched = effects.iter().find_map(|effect| match effect {
        Effect::Launch(session, context) => Some((*session, context.clone())),
        _ => None,
    });
    let (session, context) = launched.unwrap();
    assert_eq!(context.as_deref(), Some("staging"));
    assert_ne!(session, old);
    assert_eq!(model.session.phase, Phase::Starting);
    send(&mut model, Msg::Batch(old, Box::new(full_batch()), vec![]));
    send(
        &mut model,
        Msg::Launched(old, Ok(started("prod-eu", false))),
    );
    assert_eq!(model.session.phase, Phase::Starting);
    assert_eq!(model.overview.resources.table.total(), 0);
    send(
        &mut model,
        Msg::Launched(session, Ok(started("staging", false))),
    );
    assert_eq!(model.session.context, "staging");
}

#[test]
fn a_failed_launch_can_be_tried_again() {
    let mut model = launched(&options(), 80, 24);
    let session = model.session.id;
    send(
        &mut model,
        Msg::Launched(session, Err("no kubeconfig".into())),
    );
    let effects = keys(&mut model, "R");
    let again = SessionId(session.0 + 1);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Launch(id, None) if *id == again))
    );
}

#[test]
fn esc_never_quits_and_q_asks_only_when_something_is_open() {
    let mut model = standard();
    let effects = keys(&mut model, "3 Esc Esc Esc z Esc Esc");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Quit)));
    assert_eq!(model.overview.pane, Pane::Resources);
    let mut busy = status(Mode::Active);
    busy.counters.delivering = 2;
    batch(
        &mut model,
        Batch {
            status: Some(Arc::new(busy)),
            ..Batch::default()
        },
    );
    assert!(
        !keys(&mut model, "q")
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
    keys(&mut model, "n");
    let mut idle = standard();
    assert!(
        keys(&mut idle, "q")
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
    let mut idle = standard();
    assert!(
        keys(&mut idle, "C-c")
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
}

#[test]
fn errors_stay_until_they_are_dismissed() {
    let mut model = standard();
    send(&mut model, Msg::Told(Err("broken".into())));
    model.now_ms += 3_600_000;
    send(&mut model, Msg::Wake);
    assert_eq!(flash(&model), "broken");
    keys(&mut model, "Esc");
    assert_eq!(flash(&model), "");
    send(&mut model, Msg::Told(Ok("done".into())));
    assert!(next_wake(&model) <= model.now_ms + 8_000);
    model.now_ms += 8_000;
    send(&mut model, Msg::Wake);
    assert_eq!(flash(&model), "");
}

#[test]
fn time_alone_wakes_only_when_something_visible_changes() {
    let mut model = standard();
    // The youngest visible row is 12 s old: its age changes every second.
    assert_eq!(next_wake(&model), NOW + 1_000);
    keys(&mut model, "3 z");
    // Times of day only: nothing changes before the clock of the header does.
    assert_eq!(next_wake(&model), NOW + 40_000);
}

#[test]
fn a_large_batch_is_taken_over_in_steps() {
    let mut model = launched(&options(), 120, 36);
    let rows = (0..5_000)
        .map(|n| {
            Arc::new(row(
                "Pod",
                "load",
                &format!("pod-{n:05}"),
                RowState::Idle,
                0,
            ))
        })
        .collect();
    let session = model.session.id;
    let told = Batch {
        rows,
        ..Batch::default()
    };
    update(&mut model, Msg::Batch(session, Box::new(told), vec![]));
    assert_eq!(model.overview.resources.table.total(), 2_000);
    assert!(model.backlog.is_some());
    // Keys are answered in between.
    update(&mut model, Msg::Key(Key::char('j')));
    assert_eq!(model.overview.resources.window.position, 1);
    update(&mut model, Msg::Continue);
    update(&mut model, Msg::Continue);
    assert_eq!(model.overview.resources.table.total(), 5_000);
    assert!(model.backlog.is_none());
}

#[test]
fn copying_takes_what_is_selected() {
    let mut model = standard();
    let effects = keys(&mut model, "c");
    assert!(
        matches!(effects.as_slice(), [Effect::Copy(text)] if text == "team-a/web-7d9f8b6c5d-abcde")
    );
    let effects = keys(&mut model, "4 c");
    assert!(matches!(effects.as_slice(), [Effect::Copy(text)] if text.starts_with("url: ")));
}

#[test]
fn a_paste_goes_where_text_is_typed_and_nowhere_else() {
    let mut model = standard();
    send(&mut model, Msg::Paste("rq\ny".into()));
    assert!(model.overlays.is_empty());
    keys(&mut model, "/");
    send(&mut model, Msg::Paste("che\nckout".into()));
    assert_eq!(model.overview.resources.filter_text, "checkout");
    keys(&mut model, "Enter 4 G e");
    send(&mut model, Msg::Paste("a\r\nb".into()));
    assert!(editor(&model).text().starts_with("a\nb"));
}

#[test]
fn jobs_of_an_engine_that_was_left_change_nothing() {
    let mut model = standard();
    let old = model.session.id;
    let effects = update(&mut model, Msg::Key(Key::char('s')));
    let job = effects.into_iter().find_map(|effect| match effect {
        Effect::Job(_, job @ Job::Arrange(_)) => Some(job),
        _ => None,
    });
    let cancel = tokio_util::sync::CancellationToken::new();
    let done = kubechime::tui::work(job.unwrap(), None, None, &cancel).unwrap();
    keys(&mut model, ":");
    type_text(&mut model, "ctx");
    send(&mut model, Msg::Contexts(Ok(vec![])));
    keys(&mut model, "Esc");
    let mut other = launched(&options(), 120, 36);
    other.session.id = SessionId(99);
    send(&mut other, Msg::Job(old, done));
    assert_eq!(other.overview.resources.table.len(), 0);
}

#[test]
fn namespaces_are_completed_from_what_is_watched() {
    use kubechime::tui::widgets::palette;
    let mut model = standard();
    let titles = |model: &kubechime::tui::model::Model, line: &str| -> Vec<String> {
        let entries = palette::entries(model, line);
        entries.into_iter().map(|entry| entry.title).collect()
    };
    let all = ["ns: all", "ns batch", "ns shop", "ns team-a", "ns team-b"];
    assert_eq!(titles(&model, "ns "), all);
    assert_eq!(titles(&model, "ns te"), ["ns team-a", "ns team-b", "ns te"]);
    assert_eq!(titles(&model, "ns hop"), ["ns shop", "ns hop"]);
    assert_eq!(titles(&model, "ns team-*")[0], "ns team-*");
    let second = titles(&model, "ns team-a sh");
    assert_eq!(second, ["ns team-a shop", "ns team-a sh"]);
    keys(&mut model, "N");
    type_text(&mut model, "te");
    keys(&mut model, "Tab");
    type_text(&mut model, " sh");
    keys(&mut model, "Enter");
    assert_eq!(model.overview.namespaces, ["team-a", "shop"]);
    // A namespace whose last resource is gone is not offered any more.
    let gone = kubechime::engine::Batch {
        gone: vec![key("Rollout", "team-b", "checkout")],
        ..Default::default()
    };
    batch(&mut model, gone);
    assert!(!titles(&model, "ns ").contains(&"ns team-b".to_owned()));
}

#[test]
fn what_was_run_comes_back_with_up() {
    let mut model = standard();
    for line in ["theme mono", "ns shop"] {
        keys(&mut model, ":");
        type_text(&mut model, line);
        keys(&mut model, "Enter");
    }
    let line = |model: &kubechime::tui::model::Model| match model.overlays.last() {
        Some(kubechime::tui::model::Overlay::Palette(palette)) => palette.line.text().to_owned(),
        _ => panic!("the palette is open"),
    };
    keys(&mut model, ": Up");
    assert_eq!(line(&model), "ns shop");
    keys(&mut model, "Up Up Up");
    assert_eq!(line(&model), "theme mono");
    keys(&mut model, "Down");
    assert_eq!(line(&model), "ns shop");
    keys(&mut model, "Down");
    assert_eq!(line(&model), "");
    keys(&mut model, "Down Up");
    assert_eq!(line(&model), "", "within the list it moves the selection");
}
