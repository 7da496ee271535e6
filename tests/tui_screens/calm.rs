//! Nothing moves that nothing has moved: frames are drawn only for what can be seen, messages stay
//! as long as they are needed, and the selection stays on its object.

use super::fixture::*;
use super::foreign::Foreign;
use super::opening::{SCREENS, opened, play};
use super::screen;
use kubechime::domain::{DeliveryState, Mode};
use kubechime::engine::{Batch, CommandError, RowState, WatchPhase};
use kubechime::tui::message::{Answer, JobDone, MouseInput, Msg, RequestId, Strip};
use kubechime::tui::model::{Model, Screen};
use kubechime::tui::update::next_wake;
use std::sync::Arc;

/// Whether the message asks for a frame.
fn draws(model: &mut Model, message: Msg) -> bool {
    model.dirty = false;
    send(model, message);
    model.dirty
}

fn tells(model: &Model, batch: Batch) -> Msg {
    Msg::Batch(model.session.id, Box::new(batch), Vec::new())
}

#[test]
fn what_changes_nothing_draws_no_frame() {
    let mut model = full(&options(), 120, 36);
    let session = model.session.id;
    let earlier = kubechime::tui::message::SessionId(session.0 - 1);
    let late = || Answer {
        request: RequestId(9_999),
        result: Err(CommandError::Stopped),
    };
    let number = model.overview.history.number;
    let quiet = vec![
        Msg::Wake,
        Msg::Continue,
        Msg::Resize(120, 36),
        tells(&model, Batch::default()),
        // What is known is told again.
        tells(
            &model,
            Batch {
                rows: rows(),
                watches: Some(watches(WatchPhase::Live)),
                status: Some(Arc::new(status(Mode::Active))),
                gone: vec![key("Pod", "team-a", "never-there")],
                ..Batch::default()
            },
        ),
        // What nobody waits for any more.
        Msg::Batch(session, Box::default(), vec![late()]),
        Msg::Batch(earlier, Box::new(full_batch()), Vec::new()),
        Msg::Refused(late()),
        Msg::Launched(earlier, Err("gone".into())),
        Msg::Job(
            session,
            JobDone::Count {
                number: number + 1,
                rows: Ok(7),
            },
        ),
        Msg::Job(
            session,
            JobDone::Strip {
                number: number + 1,
                strip: Strip::default(),
            },
        ),
        Msg::Job(earlier, JobDone::Arranged(arranged())),
    ];
    for message in quiet {
        let what = format!("{message:?}");
        let before = screen(&model);
        assert!(!draws(&mut model, message), "{what}");
        assert_eq!(screen(&model), before, "{what}");
    }
}

/// The result of a sort.
fn arranged() -> kubechime::tui::table::Arranged {
    let mut model = full(&options(), 120, 36);
    let job = model.overview.resources.sort_by(1);
    let cancel = tokio_util::sync::CancellationToken::new();
    job.run(&cancel).expect("not cancelled")
}

#[test]
fn what_changes_something_draws_a_frame() {
    let mut failed = row("Pod", "team-a", "web-7d9f8b6c5d-abcde", RowState::Failed, 1);
    failed.notified = 7;
    let mut other = status(Mode::Active);
    other.counters.sent += 1;
    let row_of = delivery(50, DeliveryState::Failed, "web", "slack:x");
    let told = [
        Batch {
            rows: vec![Arc::new(failed)],
            ..Batch::default()
        },
        Batch {
            gone: vec![key("Pod", "team-a", "web-7d9f8b6c5d-abcde")],
            ..Batch::default()
        },
        Batch {
            status: Some(Arc::new(other)),
            ..Batch::default()
        },
        Batch {
            watches: Some(watches(WatchPhase::Listing)),
            ..Batch::default()
        },
        Batch {
            deliveries: vec![Arc::new(row_of)],
            ..Batch::default()
        },
        Batch {
            notices: vec![notice("something")],
            ..Batch::default()
        },
    ];
    for batch in told {
        let what = format!("{batch:?}");
        let mut model = full(&options(), 120, 36);
        let before = screen(&model);
        let message = tells(&model, batch);
        assert!(draws(&mut model, message), "{what}");
        assert_ne!(screen(&model), before, "{what}");
    }
    let mut model = full(&options(), 120, 36);
    assert!(draws(&mut model, Msg::Resize(80, 24)));
    assert!(draws(&mut model, Msg::Resumed));
}

/// What is on the screen before and after time has passed, and whether that asks for a frame.
fn passes(model: &mut Model, to_ms: i64) -> (String, String, bool) {
    let before = screen(model);
    model.now_ms = to_ms;
    let drawn = draws(model, Msg::Wake);
    (before, screen(model), drawn)
}

/// A frame for each second whose ages read differently, none for the others; on a small terminal,
/// which has no clock, not even one a minute.
#[test]
fn time_draws_a_frame_when_a_text_that_is_seen_changes() {
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let mut model = full(&options(), width, height);
        let mut frames = 0;
        for second in 1..400 {
            let (before, after, drawn) = passes(&mut model, NOW + second * 1_000);
            assert_eq!(before != after, drawn, "{width}x{height}, second {second}");
            frames += usize::from(drawn);
        }
        // Nothing of a time is seen on the small one.
        let expected = if width == 40 { 0..1 } else { 1..200 };
        assert!(expected.contains(&frames), "{width}x{height}: {frames}");
        // Back an hour: the ages are shorter.
        let (before, after, drawn) = passes(&mut model, NOW - 3_600_000);
        assert!(before == after || drawn, "{width}x{height}, back");
    }
    // Where no age is seen, a frame a minute at most.
    let mut model = full(&options(), 120, 36);
    keys(&mut model, "4 e");
    let mut frames = 0;
    for second in 2..182 {
        frames += usize::from(passes(&mut model, NOW + second * 1_000).2);
    }
    assert_eq!(frames, 3);
}

#[test]
fn no_screen_misses_what_time_changes() {
    let foreign = Foreign::wide();
    for (name, script) in SCREENS {
        for size in [(120, 36), (40, 10)] {
            let mut model = opened(&foreign, &options(), size, script);
            let begin = model.now_ms;
            for step in (0..200_000).step_by(9_700) {
                let (before, after, drawn) = passes(&mut model, begin + step);
                assert!(before == after || drawn, "{name} {size:?} after {step} ms");
            }
        }
    }
}

/// Until the loop is to look again, every frame would be the same.
#[test]
fn the_loop_sleeps_while_nothing_changes() {
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let mut model = full(&options(), width, height);
        for _ in 0..20 {
            let wake = next_wake(&model);
            assert!(wake > model.now_ms, "{width}x{height}: the loop would spin");
            let (before, after, drawn) = passes(&mut model, wake - 1);
            assert_eq!((before, drawn), (after, false), "{width}x{height}");
            passes(&mut model, wake);
        }
    }
}

#[test]
fn an_error_stays_until_it_is_read_and_other_messages_go() {
    let mut model = full(&options(), 120, 36);
    send(&mut model, Msg::Told(Err("the disk is full".into())));
    model.now_ms = NOW + 86_400_000;
    send(&mut model, Msg::Wake);
    assert!(screen(&model).contains("the disk is full"));
    // What went well meanwhile waits until the error has been read.
    send(&mut model, Msg::Told(Ok("copied 3 bytes".into())));
    assert!(screen(&model).contains("the disk is full"));
    keys(&mut model, "j");
    assert!(screen(&model).contains("copied 3 bytes"));
    model.now_ms += 60_000;
    assert!(draws(&mut model, Msg::Wake));
    assert!(!screen(&model).contains("copied 3 bytes"));
    // An error that was seen with a key pressed stays until it is closed, or something else is told.
    send(&mut model, Msg::Told(Err("the disk is full".into())));
    keys(&mut model, "j k");
    model.now_ms += 86_400_000;
    send(&mut model, Msg::Wake);
    assert!(screen(&model).contains("the disk is full"));
    keys(&mut model, "Esc");
    assert!(!screen(&model).contains("the disk is full"));
    // The newest error is the one that is shown.
    send(&mut model, Msg::Told(Err("one".into())));
    send(&mut model, Msg::Told(Err("error number two".into())));
    assert!(screen(&model).contains("error number two"));
}

fn selected_of(model: &Model) -> Option<String> {
    match model.screens.last() {
        Some(Screen::Views(views)) => views.selected_row().map(|row| row.id.clone()),
        Some(Screen::Resource(screen)) => screen.selected.as_ref().map(|key| format!("{key:?}")),
        Some(_) => None,
        None => match model.overview.pane.index() {
            0 => model
                .overview
                .resources
                .selected
                .as_ref()
                .map(ToString::to_string),
            1 => model
                .overview
                .triggers
                .selected
                .as_ref()
                .map(|id| format!("{id:?}")),
            2 => model.overview.history.selected.map(|id| id.to_string()),
            _ => model.overview.keys.selected.clone(),
        },
    }
}

/// Everything that can happen to the rows of a list: new ones above, changed ones, others removed.
fn upheaval(model: &mut Model) {
    let mut rows: Vec<_> = (0..50)
        .map(|number| row("Pod", "a", &format!("new-{number}"), RowState::Failed, 1))
        .collect();
    for row in &mut rows {
        row.last_ms = NOW + 1_000;
    }
    let gone = vec![
        key("Pod", "shop", "cart-6b5f4c-9x8d7"),
        key("Pod", "shop", "catalog-77f-003"),
    ];
    let newer = (0..30).map(|number| delivery(60 + number, DeliveryState::Sent, "x", "webhook"));
    let told = Batch {
        rows: rows.into_iter().map(Arc::new).collect(),
        gone,
        deliveries: newer.map(Arc::new).collect(),
        ..Batch::default()
    };
    let effects = batch(model, told);
    answer_inspections(model, effects);
    configure(
        model,
        catalog_with(
            "88300",
            &[
                ("a-new-key", Some("x")),
                ("service.webhook.webhook", None),
                ("trigger.a-new-one", Some("- when: 'true'\n  send: []\n")),
            ],
        ),
    );
}

#[test]
fn the_selection_stays_on_its_object_whatever_happens_to_the_rows() {
    for script in ["1 j j", "2 j", "3 j j", "4 j j"] {
        let mut model = full(&options(), 120, 36);
        keys(&mut model, script);
        let selected = selected_of(&model);
        assert!(selected.is_some(), "{script}");
        upheaval(&mut model);
        assert_eq!(selected_of(&model), selected, "{script}");
        for changed in ["s", "s", "S", "z", "z"] {
            keys(&mut model, changed);
            assert_eq!(selected_of(&model), selected, "{script} {changed}");
        }
        for (width, height) in [(40, 10), (80, 24), (200, 60)] {
            send(&mut model, Msg::Resize(width, height));
            assert_eq!(
                selected_of(&model),
                selected,
                "{script} at {width}x{height}"
            );
        }
        // It is still on the screen.
        send(
            &mut model,
            Msg::Mouse(MouseInput::Wheel {
                x: 0,
                y: 0,
                rows: 0,
            }),
        );
        assert_eq!(selected_of(&model), selected, "{script}");
    }
}

#[test]
fn a_filter_keeps_the_selection_that_it_lets_through() {
    for (script, text) in [("1 j", "worker"), ("3 j", "slack"), ("4 j j", "trigger")] {
        let mut model = full(&options(), 120, 36);
        keys(&mut model, script);
        let selected = selected_of(&model);
        keys(&mut model, "/");
        type_text(&mut model, text);
        keys(&mut model, "Enter");
        assert_eq!(selected_of(&model), selected, "{script} /{text}");
        keys(&mut model, "/ C-u Enter");
        assert_eq!(selected_of(&model), selected, "{script}, no filter");
    }
}

#[test]
fn an_explanation_that_is_renewed_keeps_its_line_and_its_folds() {
    let foreign = Foreign::wide();
    let mut model = opened(&foreign, &options(), (120, 36), "x ] ] -");
    let (selected, shown) = (selected_of(&model), screen(&model));
    model.now_ms += 5_000;
    let effects = batch(&mut model, foreign.batch());
    super::opening::answer_all(&foreign, &mut model, effects);
    play(&foreign, &mut model, "@pause");
    assert_eq!(selected_of(&model), selected);
    let explanation = |text: &str| text.lines().take(12).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(explanation(&screen(&model))[2..], explanation(&shown)[2..]);
}
