//! Selecting, filtering, the mouse: what is shown and what is asked for it.

use crate::fixture::{
    NOW, answer, batch, inspection, keys, launched, options, row, send, type_text, watches,
};
use crate::{commands, only, selected, standard};
use kubechime::engine::{Batch, Command, Reply, RowState, WatchPhase};
use kubechime::tui::message::{MouseInput, Msg};
use kubechime::tui::model::{Overlay, Screen};
use kubechime::tui::update::next_wake;
use std::sync::Arc;

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
    assert!(matches!(model.screens.last(), Some(Screen::Resource(_))));
    keys(&mut model, "Esc 2");
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
