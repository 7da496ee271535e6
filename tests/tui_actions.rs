//! What keys do: scripts on the dashboard's model, and what it asks of the engine in return.
#![cfg(feature = "tui")]

#[path = "tui_screens/fixture.rs"]
mod fixture;

use fixture::*;
use kubechime::domain::{DeliveryState, Destination, Mode, Severity};
use kubechime::engine::{
    Batch, CatalogView, Command, CommandError, LeaseStatus, Reply, Resend, RowState, WatchPhase,
};
use kubechime::history::{History, MEMORY};
use kubechime::tui::key::Key;
use kubechime::tui::message::{Effect, Job, MouseInput, Msg, RequestId, SessionId, Started};
use kubechime::tui::model::{Model, Overlay, Phase, Screen};
use kubechime::tui::screens::overview::Pane;
use kubechime::tui::update::{next_wake, update};
use kubechime::tui::{ContextChoice, Options};
use std::path::Path;
use std::sync::Arc;

fn commands(effects: Vec<Effect>) -> Vec<(RequestId, Command)> {
    let submitted = effects.into_iter().filter_map(|effect| match effect {
        Effect::Submit(request, command) => Some((request, command)),
        _ => None,
    });
    submitted.collect()
}

fn only(effects: Vec<Effect>) -> (RequestId, Command) {
    let mut commands = commands(effects);
    assert_eq!(commands.len(), 1, "{commands:?}");
    commands.remove(0)
}

fn selected(model: &Model) -> String {
    let selected = model.overview.resources.selected.as_ref();
    selected.map_or_else(String::new, |key| key.name.to_string())
}

fn flash(model: &Model) -> &str {
    model.flash.as_ref().map_or("", |flash| &flash.text)
}

fn standard() -> Model {
    full(&options(), 120, 36)
}

fn editor(model: &Model) -> &kubechime::tui::screens::editor::Editor {
    match model.screens.last() {
        Some(Screen::Editor(editor)) => editor,
        _ => panic!("no editor is open"),
    }
}

#[test]
fn one_inspection_at_a_time_and_only_the_newest_is_asked_for() {
    let mut model = standard();
    let (request, command) = only(keys(&mut model, "j"));
    let asked = |command: &Command| match command {
        Command::Inspect(key) => key.name.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(asked(&command), "worker-5c7b9d-qq2lm");
    assert!(commands(keys(&mut model, "j j j")).is_empty());
    let Command::Inspect(key) = command else {
        panic!("asked above");
    };
    let reply = Reply::Inspection(Arc::new(inspection(key)));
    let (_, command) = only(answer(&mut model, request, Ok(reply)));
    assert_eq!(asked(&command), "nightly-29101120-7kq");
    assert!(model.overview.triggers.inspection().is_none());
}

#[test]
fn a_change_of_the_selected_resource_is_looked_at_again_but_not_at_once() {
    let mut model = standard();
    let changed = || Batch {
        rows: vec![Arc::new(row(
            "Pod",
            "team-a",
            "web-7d9f8b6c5d-abcde",
            RowState::Failed,
            1,
        ))],
        ..Batch::default()
    };
    assert!(commands(batch(&mut model, changed())).is_empty());
    assert!(next_wake(&model) <= NOW + 500);
    model.now_ms = NOW + 500;
    assert!(matches!(
        only(send(&mut model, Msg::Wake)).1,
        Command::Inspect(_)
    ));
}

#[test]
fn the_selection_stays_on_its_row() {
    let mut model = standard();
    keys(&mut model, "j j");
    assert_eq!(selected(&model), "worker-5c7b9d-z81xp");
    let mut newer = row("Pod", "shop", "newer", RowState::Sent, 1);
    newer.last_ms = NOW;
    batch(
        &mut model,
        Batch {
            rows: vec![Arc::new(newer)],
            ..Batch::default()
        },
    );
    assert_eq!(selected(&model), "worker-5c7b9d-z81xp");
    assert_eq!(model.overview.resources.window.position, 3);
    keys(&mut model, "s s S");
    assert_eq!(selected(&model), "worker-5c7b9d-z81xp");
    // When it is gone, what stands in its place is selected.
    keys(&mut model, "S s s s s s");
    assert_eq!(model.overview.resources.window.position, 3);
    let gone = model.overview.resources.selected.clone();
    batch(
        &mut model,
        Batch {
            gone: gone.into_iter().collect(),
            ..Batch::default()
        },
    );
    assert_eq!(selected(&model), "checkout");
}

#[test]
fn a_filter_is_live_and_esc_removes_it() {
    let mut model = standard();
    keys(&mut model, "/");
    type_text(&mut model, "state:failed");
    assert_eq!(model.overview.resources.table.len(), 1);
    assert_eq!(selected(&model), "worker-5c7b9d-qq2lm");
    keys(&mut model, "Enter");
    assert!(model.overlays.is_empty());
    assert_eq!(model.overview.resources.table.len(), 1);
    keys(&mut model, "/ Esc");
    assert_eq!(model.overview.resources.table.len(), 37);
    keys(&mut model, "/");
    type_text(&mut model, "foo:bar");
    let Some(Overlay::Prompt(prompt)) = model.overlays.last() else {
        panic!("the prompt is open");
    };
    assert!(
        prompt
            .problem
            .as_deref()
            .is_some_and(|text| text.contains("no column 'foo'"))
    );
    // What could be read last stays in force, and Enter does not hide the mistake.
    assert_eq!(model.overview.resources.filter_text, "foo");
    keys(&mut model, "Enter");
    assert!(!model.overlays.is_empty());
    keys(&mut model, "Esc");
    assert_eq!(model.overview.resources.table.len(), 37);
}

#[test]
fn resend_asks_first_and_no_has_the_focus() {
    let mut model = standard();
    assert!(commands(keys(&mut model, "r Enter")).is_empty());
    assert!(model.overlays.is_empty());
    assert!(commands(keys(&mut model, "r Esc")).is_empty());
    let (request, command) = only(keys(&mut model, "r Tab Enter"));
    let expected = Command::Resend(Resend::Resource {
        key: key("Pod", "team-a", "web-7d9f8b6c5d-abcde"),
        trigger: None,
        destination: None,
    });
    assert_eq!(command, expected);
    answer(&mut model, request, Ok(Reply::Resending { deliveries: 2 }));
    assert!(flash(&model).contains("2 deliveries"), "{}", flash(&model));
    assert_eq!(only(keys(&mut model, "r y")).1, expected);
}

#[test]
fn resend_of_one_destination_and_of_one_delivery() {
    let mut model = standard();
    let (_, command) = only(keys(&mut model, "2 j r y"));
    let expected = Command::Resend(Resend::Resource {
        key: key("Pod", "team-a", "web-7d9f8b6c5d-abcde"),
        trigger: Some("on-oom".into()),
        destination: Some(Destination::parse("slack:team-a-alerts")),
    });
    assert_eq!(command, expected);
    let (_, command) = only(keys(&mut model, "3 j r y"));
    let id = delivery(30, DeliveryState::Pending, "x", "y").new.id;
    assert_eq!(command, Command::Resend(Resend::Delivery(id)));
    let (_, command) = only(keys(&mut model, "Enter r y"));
    assert_eq!(command, Command::Resend(Resend::Delivery(id)));
}

#[test]
fn resend_of_what_is_not_true_is_refused_with_a_reason() {
    let mut model = standard();
    assert!(commands(keys(&mut model, "2 j j j j r")).is_empty());
    assert!(
        flash(&model).contains("no condition is true"),
        "{}",
        flash(&model)
    );
}

#[test]
fn clear_names_the_entries() {
    let mut model = standard();
    let resource = key("Pod", "team-a", "web-7d9f8b6c5d-abcde");
    let (_, command) = only(keys(&mut model, "D y"));
    let everything = Command::Clear {
        resource: resource.clone(),
        keys: None,
    };
    assert_eq!(command, everything);
    let (_, command) = only(keys(&mut model, "2 j D y"));
    let state_key = "on-oom:[0].y7b5sbwa2Q329JYH755peeq-fBs:slack:team-a-alerts";
    let one = Command::Clear {
        resource,
        keys: Some(vec![state_key.into()]),
    };
    assert_eq!(command, one);
}

#[test]
fn a_write_waits_for_the_evaluation() {
    let mut model = standard();
    let (request, command) = only(keys(&mut model, "j r"));
    assert!(model.overlays.is_empty());
    let Command::Inspect(key) = command else {
        panic!("{command:?}");
    };
    let reply = Reply::Inspection(Arc::new(inspection(key)));
    answer(&mut model, request, Ok(reply));
    assert!(matches!(model.overlays.last(), Some(Overlay::Confirm(_))));
    // Whoever moves on means something else.
    let mut model = standard();
    let (request, command) = only(keys(&mut model, "j r j"));
    let Command::Inspect(key) = command else {
        panic!("{command:?}");
    };
    let reply = Reply::Inspection(Arc::new(inspection(key)));
    let effects = answer(&mut model, request, Ok(reply));
    answer_inspections(&mut model, effects);
    assert!(model.overlays.is_empty());
}

#[test]
fn read_only_refuses_every_write_with_the_reason() {
    let options = Options {
        read_only: true,
        ..options()
    };
    let mut model = full(&options, 120, 36);
    for script in ["r", "D", "3 r", "T"] {
        assert!(commands(keys(&mut model, script)).is_empty());
        assert!(
            flash(&model).contains("read-only"),
            "{script}: {}",
            flash(&model)
        );
        assert!(model.overlays.is_empty());
    }
    keys(&mut model, "4 G k e");
    type_text(&mut model, "x");
    assert!(commands(keys(&mut model, "C-s")).is_empty());
    assert!(flash(&model).contains("read-only"));
}

#[test]
fn another_mode_is_needed_to_send_and_is_asked_for() {
    let mut model = standard();
    let mut observing = status(Mode::Observe);
    observing.reason = "kubechime-7f9c holds the Lease".into();
    observing.lease = LeaseStatus::Other {
        holder: "kubechime-7f9c".into(),
    };
    batch(
        &mut model,
        Batch {
            status: Some(Arc::new(observing)),
            ..Batch::default()
        },
    );
    assert!(commands(keys(&mut model, "r")).is_empty());
    assert!(
        flash(&model).contains("kubechime-7f9c holds the Lease"),
        "{}",
        flash(&model)
    );
    keys(&mut model, "m");
    let effects = type_text(&mut model, "dry");
    assert!(commands(effects).is_empty());
    assert!(commands(keys(&mut model, "Enter")).is_empty());
    let (request, command) = only(keys(&mut model, "y"));
    assert_eq!(command, Command::SetMode(Mode::DryRun));
    answer(
        &mut model,
        request,
        Err(CommandError::Forbidden("no".into())),
    );
    assert_eq!(
        model.flash.as_ref().map(|flash| flash.severity),
        Some(Severity::Error)
    );
    assert_eq!(only(keys(&mut model, "T y")).1, Command::TakeLease);
}

#[test]
fn applying_checks_asks_and_writes_with_the_base() {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# new\n");
    let (request, command) = only(keys(&mut model, "C-s"));
    let Command::Apply {
        base,
        changes,
        dry_run: true,
    } = command
    else {
        panic!("{command:?}");
    };
    assert_eq!(base.as_deref(), Some("88213"));
    let text = changes["trigger.on-oom"].clone().unwrap();
    assert!(text.starts_with("# new"), "{text}");
    // Not twice while the server is at work.
    assert!(commands(keys(&mut model, "C-s")).is_empty());
    let checked = Reply::Applied {
        resource_version: "88213".into(),
        dry_run: true,
    };
    answer(&mut model, request, Ok(checked));
    let (request, command) = only(keys(&mut model, "y"));
    let expected = Command::Apply {
        base: Some("88213".into()),
        changes,
        dry_run: false,
    };
    assert_eq!(command, expected);
    let written = Reply::Applied {
        resource_version: "88214".into(),
        dry_run: false,
    };
    answer(&mut model, request, Ok(written));
    assert!(model.screens.is_empty());
    assert!(model.drafts.is_empty());
    assert!(flash(&model).contains("88214"));
}

#[test]
fn a_conflict_keeps_the_draft_and_rebasing_goes_on() {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "#");
    let (request, _) = only(keys(&mut model, "C-s"));
    let conflict = CommandError::Conflict {
        base: "88213".into(),
        live: "88300".into(),
    };
    answer(&mut model, request, Err(conflict));
    let (severity, message) = editor(&model).message.clone().unwrap();
    assert_eq!(severity, Severity::Error);
    assert!(
        message.contains("88300") && message.contains("F5"),
        "{message}"
    );
    assert_eq!(model.drafts.len(), 1);
    let view = CatalogView {
        resource_version: "88300".into(),
        ..catalog()
    };
    batch(
        &mut model,
        Batch {
            catalog: Some(Arc::new(view)),
            ..Batch::default()
        },
    );
    let (_, command) = only(keys(&mut model, "F5 C-s"));
    assert!(matches!(command, Command::Apply { base: Some(base), .. } if base == "88300"));
}

#[test]
fn leaving_the_editor_keeps_the_draft() {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "abc");
    keys(&mut model, "Esc");
    assert!(model.screens.is_empty());
    let marked = model
        .overview
        .keys
        .entries()
        .iter()
        .find(|entry| entry.draft);
    assert_eq!(
        marked.map(|entry| entry.key.as_str()),
        Some("trigger.on-oom")
    );
    keys(&mut model, "e");
    assert!(editor(&model).text().starts_with("abc"));
    keys(&mut model, "Esc");
    // Leaving asks, because the draft would be lost: there is no place for it here.
    assert!(
        !keys(&mut model, "q")
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
    assert!(
        keys(&mut model, "y")
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
    // A text that is as it was is no draft.
    keys(&mut model, "e");
    keys(&mut model, "Delete Delete Delete Esc");
    assert!(model.drafts.is_empty());
}

#[test]
fn drafts_are_on_disk_after_a_pause_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        state_dir: Some(directory.path().into()),
        ..options()
    };
    let place = Some(directory.path());
    let mut model = full(&options, 120, 36);
    keys(&mut model, "4 G k e");
    type_text(&mut model, "abc");
    assert!(next_wake(&model) <= NOW + 1_000);
    model.now_ms = NOW + 1_000;
    send_with(&mut model, Msg::Wake, None, place);
    let mut later = full(&options, 120, 36);
    let (drafts, problems) = kubechime::tui::draft::load(directory.path(), "prod-eu");
    assert_eq!((drafts.len(), problems.len()), (1, 0));
    let session = later.session.id;
    let started = Msg::Launched(session, Ok(started("prod-eu", false)));
    send_with(&mut later, started, None, place);
    keys(&mut later, "4 G k e");
    assert!(editor(&later).text().starts_with("abc"));
    // Discarding asks, and removes the file.
    let mut effects = keys_with(&mut later, "F8 y", place);
    effects.clear();
    assert!(
        kubechime::tui::draft::load(directory.path(), "prod-eu")
            .0
            .is_empty()
    );
}

fn keys_with(model: &mut Model, script: &str, place: Option<&Path>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in script.split(' ') {
        let message = Msg::Key(Key::parse(key).unwrap());
        effects.extend(send_with(model, message, None, place));
    }
    effects
}

fn started(context: &str, history: bool) -> Started {
    Started {
        context: context.into(),
        namespace: "default".into(),
        server: "https://10.0.0.1:6443".into(),
        read_only: false,
        history,
    }
}

#[test]
fn a_new_key_must_be_one_that_is_read() {
    let mut model = standard();
    keys(&mut model, "4 n C-u");
    type_text(&mut model, "foo bar");
    keys(&mut model, "Enter");
    assert!(
        matches!(model.overlays.last(), Some(Overlay::Prompt(prompt)) if prompt.problem.is_some())
    );
    keys(&mut model, "C-u");
    type_text(&mut model, "trigger.on-new");
    keys(&mut model, "Enter");
    assert_eq!(editor(&model).id.key.as_deref(), Some("trigger.on-new"));
    assert!(editor(&model).text().contains("when:"));
}

#[test]
fn without_a_config_map_one_is_made_from_an_example() {
    let mut model = standard();
    let view = CatalogView {
        found: false,
        data: Arc::default(),
        resource_version: String::new(),
        ..catalog()
    };
    batch(
        &mut model,
        Batch {
            catalog: Some(Arc::new(view)),
            ..Batch::default()
        },
    );
    keys(&mut model, "e");
    let (_, command) = only(keys(&mut model, "C-s"));
    let Command::Apply {
        base: None,
        changes,
        dry_run: true,
    } = command
    else {
        panic!("{command:?}");
    };
    assert!(
        changes.keys().any(|key| key.starts_with("trigger.")),
        "{changes:?}"
    );
}

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
fn namespaces_narrow_resources_and_history() {
    let mut model = standard();
    keys(&mut model, ":");
    type_text(&mut model, "ns team-* batch");
    keys(&mut model, "Enter");
    assert_eq!(model.overview.resources.table.len(), 6);
    assert_eq!(model.overview.resources.table.total(), 37);
    keys(&mut model, "N Enter");
    assert_eq!(model.overview.resources.table.len(), 37);
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
fn the_first_row_is_selected_until_the_cluster_is_read() {
    let mut model = launched(&options(), 120, 36);
    let one = |name: &str, ago_s: i64, phase: WatchPhase| Batch {
        rows: vec![Arc::new(row("Pod", "a", name, RowState::Sent, ago_s))],
        watches: Some(watches(phase)),
        ..Batch::default()
    };
    batch(&mut model, one("older", 50, WatchPhase::Listing));
    assert_eq!(selected(&model), "older");
    batch(&mut model, one("newer", 40, WatchPhase::Live));
    assert_eq!(selected(&model), "newer");
    batch(&mut model, one("newest", 30, WatchPhase::Live));
    assert_eq!(selected(&model), "newer");
}

#[test]
fn the_mouse_selects_opens_and_scrolls() {
    let mut model = standard();
    send(&mut model, Msg::Mouse(MouseInput::Click { x: 5, y: 6 }));
    assert_eq!(selected(&model), "worker-5c7b9d-z81xp");
    send(&mut model, Msg::Mouse(MouseInput::Click { x: 5, y: 6 }));
    assert_eq!(model.overview.pane, Pane::Triggers);
    let wheel = MouseInput::Wheel {
        x: 5,
        y: 6,
        rows: 3,
    };
    send(&mut model, Msg::Mouse(wheel));
    assert_eq!(model.overview.resources.window.top, 3);
    for (x, y) in [(0, 0), (119, 35), (500, 500), (59, 2), (0, 16)] {
        send(&mut model, Msg::Mouse(MouseInput::Click { x, y }));
    }
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

/// The history of a store with 3,000 rows, of which the pane holds a part.
async fn with_history() -> (Model, History) {
    let history = History::open(Path::new(MEMORY), &Default::default()).unwrap();
    for number in 0..3_000 {
        let state = if number % 10 == 0 {
            DeliveryState::Failed
        } else {
            DeliveryState::Sent
        };
        let row = delivery(number - 4_000, state, &format!("pod-{number}"), "webhook");
        history.record(row, String::new()).await.unwrap();
    }
    let mut model = launched(&options(), 120, 36);
    let session = model.session.id;
    let message = Msg::Launched(session, Ok(started("prod-eu", true)));
    send_with(&mut model, message, Some(&history), None);
    (model, history)
}

fn shown_names(model: &Model) -> Vec<String> {
    let history = &model.overview.history;
    let rows = history.window.visible(history.len(), 14);
    rows.filter_map(|position| Some(history.row(position)?.new.name.clone()))
        .collect()
}

fn press(model: &mut Model, history: &History, script: &str) {
    for key in script.split(' ') {
        let message = Msg::Key(Key::parse(key).unwrap());
        send_with(model, message, Some(history), None);
    }
}

#[tokio::test]
async fn the_history_is_paged_both_ways() {
    let (mut model, history) = with_history().await;
    assert_eq!(model.overview.history.count, Some(3_000));
    assert_eq!(shown_names(&model)[0], "pod-2999");
    assert!(model.overview.history.len() < 1_000);
    press(&mut model, &history, "3 G");
    assert_eq!(
        shown_names(&model).last().map(String::as_str),
        Some("pod-0")
    );
    let selected = model.overview.history.selected_row().unwrap();
    assert_eq!(selected.new.name, "pod-0");
    // Back up through all pages, without a gap.
    let mut before: Option<u32> = None;
    for _ in 0..300 {
        let selected = model.overview.history.selected_row().unwrap();
        let number: u32 = selected.new.name[4..].parse().unwrap();
        if let Some(before) = before {
            assert!(number <= before + 20, "from {before} to {number}");
        }
        before = Some(number);
        press(&mut model, &history, "PgUp");
    }
    assert_eq!(before, Some(2_999));
    press(&mut model, &history, "g");
    assert!(model.overview.history.follow);
}

#[tokio::test]
async fn live_rows_do_not_move_what_is_read() {
    let (mut model, history) = with_history().await;
    press(&mut model, &history, "3 j j j j j");
    let before = shown_names(&model);
    let told = Batch {
        deliveries: deliveries(),
        ..Batch::default()
    };
    batch(&mut model, told);
    let selected = model.overview.history.selected_row().unwrap();
    assert_eq!(selected.new.name, before[5]);
    press(&mut model, &history, "f");
    assert_eq!(shown_names(&model)[0], "web-7d9f8b6c5d-abcde");
    assert!(model.overview.history.follow);
}

#[tokio::test]
async fn the_history_filter_reads_on_until_a_page_is_full() {
    let (mut model, history) = with_history().await;
    press(&mut model, &history, "3 /");
    for c in "state:failed !name:pod-2990".chars() {
        let message = Msg::Key(Key::char(c));
        send_with(&mut model, message, Some(&history), None);
    }
    press(&mut model, &history, "Enter");
    assert_eq!(shown_names(&model)[0], "pod-2980");
    assert!(model.overview.history.len() >= 250);
    press(&mut model, &history, "G");
    assert_eq!(
        shown_names(&model).last().map(String::as_str),
        Some("pod-0")
    );
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
