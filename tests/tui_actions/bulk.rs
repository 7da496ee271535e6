//! Marks, what is done to many, undoing it, and the export of what is filtered.

use super::history::{press, with_history};
use super::{commands, flash, only, standard};
use crate::fixture::*;
use kubechime::engine::{Command, CommandError, Reply, Resend};
use kubechime::tui::key::Key;
use kubechime::tui::message::Msg;
use kubechime::tui::model::{Model, Overlay, Screen};
use std::sync::Arc;

fn bulk(model: &Model) -> &kubechime::tui::screens::bulk::BulkScreen {
    match model.screens.last() {
        Some(Screen::Bulk(screen)) => screen,
        _ => panic!("nothing is done to many"),
    }
}

#[test]
fn many_are_looked_at_asked_for_and_done_a_few_at_a_time() {
    let mut model = standard();
    assert_eq!(model.overview.resources.table.len(), 37);
    keys(&mut model, "*");
    assert_eq!(model.overview.resources.marks.len(), 37);
    let looks = commands(keys(&mut model, "D"));
    assert_eq!(looks.len(), 32, "a part of the queue stays free");
    assert!(model.overlays.is_empty());
    let mut open = looks;
    let mut looked = 0;
    while let Some((request, command)) = open.pop() {
        let Command::Inspect(key) = command else {
            panic!("{command:?}");
        };
        looked += 1;
        let reply = Reply::Inspection(Arc::new(inspection(key)));
        open.extend(commands(answer(&mut model, request, Ok(reply))));
    }
    assert_eq!(looked, 37);
    assert!(matches!(model.overlays.last(), Some(Overlay::Confirm(_))));
    let mut clears = commands(keys(&mut model, "y"));
    assert_eq!(clears.len(), 32);
    // Busy comes again; stopping begins nothing more.
    let (request, _) = clears.remove(0);
    let again = commands(answer(&mut model, request, Err(CommandError::Busy)));
    assert_eq!(again.len(), 1);
    keys(&mut model, "Esc");
    assert!(bulk(&model).stopped);
    for (request, command) in clears.into_iter().chain(again) {
        assert!(matches!(command, Command::Clear { .. }), "{command:?}");
        let more = answer(&mut model, request, Ok(Reply::Cleared { entries: 1 }));
        assert!(commands(more).is_empty());
    }
    assert_eq!(bulk(&model).counts(), [32, 32, 0, 0]);
    assert_eq!(model.cleared.len(), 32);
    // The list stays until it is closed; then what was cleared can be put back.
    keys(&mut model, "Esc");
    assert!(model.screens.is_empty());
    assert!(commands(keys(&mut model, "u")).is_empty());
    let restores = commands(keys(&mut model, "y"));
    assert_eq!(restores.len(), 32);
    let at = NOW / 1_000 - 600;
    for (request, command) in restores {
        let Command::Restore { entries, .. } = command else {
            panic!("{command:?}");
        };
        assert_eq!(entries[0].1, at);
        answer(&mut model, request, Ok(Reply::Restored { entries: 0 }));
    }
    assert!(bulk(&model).report().contains("sent meanwhile"));
    assert!(model.cleared.is_empty());
    // Esc takes the marks away before anything else.
    keys(&mut model, "Esc Esc");
    assert!(model.overview.resources.marks.is_empty());
}

#[test]
fn a_question_about_many_that_is_refused_does_nothing() {
    let mut model = standard();
    let effects = keys(&mut model, "Space j Space r");
    assert_eq!(model.overview.resources.marks.len(), 2);
    answer_inspections(&mut model, effects);
    assert!(matches!(model.overlays.last(), Some(Overlay::Confirm(_))));
    let after = commands(keys(&mut model, "n"));
    assert!(
        after.iter().all(|(_, command)| !command.writes()),
        "{after:?}"
    );
    assert!(model.screens.is_empty());
    assert_eq!(model.overview.resources.marks.len(), 2);
    // A mark is taken away as it was set.
    keys(&mut model, "g Space");
    assert_eq!(model.overview.resources.marks.len(), 1);
}

#[test]
fn marked_deliveries_are_resent_each() {
    let mut model = standard();
    keys(&mut model, "3 Space Space r");
    let sent = commands(keys(&mut model, "y"));
    let resend = |command: &Command| matches!(command, Command::Resend(Resend::Delivery(_)));
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|(_, command)| resend(command)), "{sent:?}");
}

#[test]
fn a_single_clear_can_be_put_back() {
    let mut model = standard();
    assert!(commands(keys(&mut model, "u")).is_empty());
    assert!(flash(&model).contains("nothing was cleared"));
    let (request, _) = only(keys(&mut model, "D y"));
    answer(&mut model, request, Ok(Reply::Cleared { entries: 1 }));
    assert!(flash(&model).contains("u puts back"), "{}", flash(&model));
    let (_, command) = only(keys(&mut model, "u y"));
    let expected = Command::Restore {
        resource: key("Pod", "team-a", "web-7d9f8b6c5d-abcde"),
        entries: inspection(key("Pod", "team-a", "web-7d9f8b6c5d-abcde")).notified,
    };
    assert_eq!(command, expected);
}

#[tokio::test]
async fn what_the_filter_lets_through_is_marked_counted_and_exported() {
    let (mut model, history) = with_history().await;
    press(&mut model, &history, "3 /");
    for c in "state:failed code:429 tries:>1".chars() {
        let message = Msg::Key(Key::char(c));
        send_with(&mut model, message, Some(&history), None);
    }
    press(&mut model, &history, "Enter *");
    assert_eq!(model.overview.history.marks.len(), 300);
    let strip = model.overview.history.strip.clone().expect("counted");
    let failed: u64 = strip.buckets.iter().map(|bucket| bucket.failed).sum();
    assert_eq!(failed, 300);
    press(&mut model, &history, "Esc");
    assert!(model.overview.history.marks.is_empty());
    let directory = tempfile::tempdir().unwrap();
    for name in ["a.csv", "a.json", "a.jsonl"] {
        let file = directory.path().join(name);
        press(&mut model, &history, "E C-u");
        for c in file.to_str().unwrap().chars() {
            let message = Msg::Key(Key::char(c));
            send_with(&mut model, message, Some(&history), None);
        }
        press(&mut model, &history, "Enter");
        assert!(
            flash(&model).starts_with("300 rows written"),
            "{}",
            flash(&model)
        );
        assert!(model.export.is_none());
        let text = std::fs::read_to_string(&file).unwrap();
        match name {
            "a.csv" => {
                assert_eq!(text.lines().count(), 301);
                assert!(text.starts_with("id,created,"), "{text}");
                assert!(text.lines().nth(1).unwrap().contains(",pod-2990,"));
            }
            "a.json" => {
                let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
                assert_eq!(rows.as_array().map(Vec::len), Some(300));
                assert_eq!(rows[0]["name"], "pod-2990");
            }
            _ => assert_eq!(text.lines().count(), 300),
        }
    }
    // What is there already is not written over, and what can't be named is said.
    press(&mut model, &history, "E C-u");
    for c in directory.path().join("a.csv").to_str().unwrap().chars() {
        let message = Msg::Key(Key::char(c));
        send_with(&mut model, message, Some(&history), None);
    }
    press(&mut model, &history, "Enter");
    assert!(flash(&model).contains("exists"), "{}", flash(&model));
}

#[test]
fn what_is_true_and_unsent_is_marked_as_sent_and_that_can_be_undone() {
    let web = key("Pod", "team-a", "web-7d9f8b6c5d-abcde");
    let state_key = "on-oom:[0].y7b5sbwa2Q329JYH755peeq-fBs:webhook".to_owned();
    let mut model = standard();
    assert!(commands(keys(&mut model, "b")).is_empty());
    let asked = match model.overlays.last() {
        Some(Overlay::Confirm(question)) => question.view.text().to_string(),
        _ => panic!("no question"),
    };
    for part in ["on-oom [0] -> webhook", "1 notification", "context prod-eu"] {
        assert!(asked.contains(part), "{asked}");
    }
    assert!(!asked.contains("slack"), "it was sent before: {asked}");
    let (request, command) = only(keys(&mut model, "y"));
    let expected = Command::Baseline {
        resource: web.clone(),
        keys: Some(vec![state_key.clone()]),
    };
    assert_eq!(command, expected);
    let reply = Reply::Marked {
        keys: vec![state_key.clone()],
    };
    answer(&mut model, request, Ok(reply));
    assert!(flash(&model).contains("u takes back"), "{}", flash(&model));
    let (_, command) = only(keys(&mut model, "u y"));
    let expected = Command::Clear {
        resource: web,
        keys: Some(vec![state_key]),
    };
    assert_eq!(command, expected);
}

#[test]
fn many_are_marked_as_sent_with_what_was_asked_and_undone_together() {
    let mut model = standard();
    let effects = keys(&mut model, "Space Space b");
    answer_inspections(&mut model, effects);
    let asked = match model.overlays.last() {
        Some(Overlay::Confirm(question)) => question.view.text().to_string(),
        _ => panic!("no question"),
    };
    for part in [
        "2 resources of 2",
        "2 notifications",
        "2  webhook",
        "not sent",
    ] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let marks = commands(keys(&mut model, "y"));
    assert_eq!(marks.len(), 2);
    for (number, (request, command)) in marks.into_iter().enumerate() {
        let Command::Baseline {
            keys: Some(keys), ..
        } = command
        else {
            panic!("{command:?}");
        };
        // The second one was sent meanwhile.
        let keys = if number == 0 { keys } else { Vec::new() };
        answer(&mut model, request, Ok(Reply::Marked { keys }));
    }
    assert_eq!(bulk(&model).counts(), [2, 1, 0, 1]);
    assert_eq!(model.marked.len(), 1);
    keys(&mut model, "Esc");
    let cleared = commands(keys(&mut model, "u y"));
    assert!(
        matches!(&cleared[..], [(_, Command::Clear { .. })]),
        "{cleared:?}"
    );
    answer(&mut model, cleared[0].0, Ok(Reply::Cleared { entries: 1 }));
    assert!(model.marked.is_empty());
}

#[tokio::test]
async fn all_that_failed_within_the_filter_is_sent_again() {
    let (mut model, history) = with_history().await;
    batch(&mut model, full_batch());
    press(&mut model, &history, "3 /");
    for c in "name:*90".chars() {
        send_with(&mut model, Msg::Key(Key::char(c)), Some(&history), None);
    }
    press(&mut model, &history, "Enter F");
    // Of 300 that failed, the names of 30 end so.
    assert_eq!(bulk(&model).items.len(), 30);
    let asked = match model.overlays.last() {
        Some(Overlay::Confirm(question)) => question.view.text().to_string(),
        _ => panic!("no question"),
    };
    for part in [
        "30 deliveries that failed",
        "30  webhook",
        "name:*90",
        "context prod-eu",
    ] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let sent = commands(send_with(
        &mut model,
        Msg::Key(Key::char('y')),
        Some(&history),
        None,
    ));
    assert_eq!(sent.len(), 30);
    for (number, (request, command)) in sent.into_iter().enumerate() {
        assert!(
            matches!(command, Command::Resend(Resend::FailedRow(_))),
            "{command:?}"
        );
        let deliveries = usize::from(number > 0);
        answer(&mut model, request, Ok(Reply::Resending { deliveries }));
    }
    assert_eq!(bulk(&model).counts(), [30, 29, 0, 1]);
    assert!(bulk(&model).report().contains("sent meanwhile"));
    // Nothing waits: that is said, and nothing is asked.
    press(&mut model, &history, "Esc W");
    assert!(model.overlays.is_empty());
    assert!(
        flash(&model).contains("nothing waits within the filter"),
        "{}",
        flash(&model)
    );
    // Stopped before it was found.
    let effects = kubechime::tui::update::update(&mut model, Msg::Key(Key::char('F')));
    assert!(model.sweeping.is_some());
    press(&mut model, &history, "C-x");
    for effect in effects {
        if let kubechime::tui::message::Effect::Job(session, job) = effect {
            let done = kubechime::tui::work(job, Some(&history), None, &Default::default());
            send_with(
                &mut model,
                Msg::Job(session, done.unwrap()),
                Some(&history),
                None,
            );
        }
    }
    assert!(model.screens.is_empty() && model.overlays.is_empty());
}

#[tokio::test]
async fn what_waits_is_found_and_given_up() {
    let (mut model, history) = with_history().await;
    for number in 0..3 {
        let to = ["webhook", "slack:a", "slack:a"][number as usize];
        let row = delivery(
            number,
            kubechime::domain::DeliveryState::Pending,
            "waits",
            to,
        );
        history.record(row, String::new()).await.unwrap();
    }
    batch(&mut model, full_batch());
    press(&mut model, &history, "3 W");
    assert_eq!(bulk(&model).items.len(), 3);
    let sent = commands(send_with(
        &mut model,
        Msg::Key(Key::char('y')),
        Some(&history),
        None,
    ));
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|(_, command)| matches!(
        command,
        Command::Cancel(kubechime::engine::Cancel::Delivery(_))
    )));
}

#[test]
fn without_a_history_the_palette_says_why_nothing_is_found() {
    let mut model = standard();
    keys(&mut model, "3 F");
    assert!(flash(&model).contains("history is not available"));
    model.session.history = true;
    let status = kubechime::engine::EngineStatus {
        reason: String::new(),
        ..status(kubechime::domain::Mode::Observe)
    };
    let told = kubechime::engine::Batch {
        status: Some(Arc::new(status)),
        ..Default::default()
    };
    batch(&mut model, told);
    keys(&mut model, "W");
    assert!(
        flash(&model).contains("cancelling needs mode active"),
        "{}",
        flash(&model)
    );
}
