//! What follows from every change: selections stay on their rows, what is needed is asked for, and
//! the time of the next change that time alone brings.

use super::{applying, bulk, drafts, editing, resource, submit, views};
use crate::engine::{Command, WatchPhase, WatchStatus};
use crate::tui::clock;
use crate::tui::layout::{self, Shape};
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Overlay, Phase, Purpose, Screen};
use crate::tui::screens::overview::{Pane, shown_time};

/// A draft is written to disk this long after its first unsaved change.
const SAVE_AFTER_MS: i64 = 1_000;

/// How often progress is drawn that nothing else tells of.
const PROGRESS_MS: i64 = 250;

/// Rows of a pane's list as it is shown now, or would be.
pub(super) fn rows(model: &Model, pane: Pane) -> usize {
    let shape = layout::shape(model.width, model.height);
    let overview = &model.overview;
    let areas = layout::areas(model.width, model.height, overview.pane, overview.zoomed);
    let area = areas.panes[pane.index()];
    match pane {
        Pane::Triggers if area.is_empty() && overview.pane == Pane::Resources => {
            usize::from(layout::inside(shape, areas.preview).height)
        }
        Pane::Triggers => usize::from(layout::inside(shape, area).height),
        _ => layout::list_rows(shape, area),
    }
}

pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    let now = model.now_ms;
    if model
        .flash
        .as_ref()
        .and_then(|flash| flash.until_ms)
        .is_some_and(|until| until <= now)
    {
        model.flash = None;
    }
    applying::settle(model);
    drafts::save_when_due(model, SAVE_AFTER_MS, effects);
    drafts::settle_list(model);
    if model.session.phase != Phase::Running {
        return;
    }
    let loading = is_loading(model);
    for pane in Pane::ALL {
        let height = rows(model, pane);
        let overview = &mut model.overview;
        match pane {
            Pane::Resources => overview.resources.settle(height, loading),
            Pane::Triggers => {
                overview
                    .triggers
                    .aim(overview.resources.selected.as_ref(), now);
                overview.triggers.settle(height);
            }
            Pane::History => overview.history.settle(height),
            Pane::Keys => overview.keys.settle(height),
        }
    }
    editing::settle(model, effects);
    resource::settle(model, effects);
    bulk::settle(model, effects);
    views::settle(model, effects);
    if let Some(key) = model.overview.triggers.ask(now) {
        submit(
            model,
            Command::Inspect(key.clone()),
            Purpose::Inspect(key),
            effects,
        );
    }
    if model.session.history {
        let height = rows(model, Pane::History);
        let history = &mut model.overview.history;
        if history.strip_due_ms <= now {
            history.strip_due_ms = clock::next_minute(now);
            let job = Job::Strip {
                number: history.number,
                query: history.query.clone(),
                now_ms: now,
            };
            effects.push(Effect::Job(model.session.id, job));
        }
        if let Some((kind, from)) = history.wanted_page(height) {
            history.loading = true;
            let (number, query) = (history.number, history.query.clone());
            let job = Job::Page {
                number,
                kind,
                from,
                query,
            };
            effects.push(Effect::Job(model.session.id, job));
        }
    }
}

/// Whether the first rows are still coming in.
fn is_loading(model: &Model) -> bool {
    let watches = model.session.watches.as_deref();
    let listing = |watch: &WatchStatus| watch.phase == WatchPhase::Listing;
    model.backlog.is_some() || watches.is_none_or(|watches| watches.iter().any(listing))
}

/// When time alone will change what is seen, in milliseconds since 1970.
pub fn next_wake(model: &Model) -> i64 {
    let now = model.now_ms;
    let mut wake = clock::next_minute(now);
    let mut at_latest = |at: i64| wake = wake.min(at.max(now));
    if let Some(until) = model.flash.as_ref().and_then(|flash| flash.until_ms) {
        at_latest(until);
    }
    if let Some(Screen::Views(screen)) = model.screens.last() {
        at_latest(screen.due_ms());
    }
    if let Some(due) = applying::due_ms(model) {
        at_latest(due);
    }
    if model.export.is_some() {
        at_latest(now.saturating_add(PROGRESS_MS));
    }
    if let Some(due) = model.overview.triggers.due_ms() {
        at_latest(due);
    }
    if let Some(Screen::Resource(screen)) = model.screens.last()
        && let Some(due) = screen.due_ms()
    {
        at_latest(due);
    }
    if let Some(Screen::Editor(editor)) = model.screens.last()
        && let Some(since) = editor.unsaved_since
    {
        at_latest(since.saturating_add(SAVE_AFTER_MS));
    }
    if let Some(due) = editing::due_ms(model) {
        at_latest(due);
    }
    if let Some(change) = age_change(model) {
        at_latest(change);
    }
    wake
}

/// When the first visible age will read differently.
fn age_change(model: &Model) -> Option<i64> {
    let overview = &model.overview;
    let covered = matches!(
        model.overlays.last(),
        Some(Overlay::Help(_) | Overlay::Palette(_))
    );
    if !model.screens.is_empty() || covered {
        return None;
    }
    let areas = layout::areas(model.width, model.height, overview.pane, overview.zoomed);
    let shape = layout::shape(model.width, model.height);
    if areas.panes[Pane::Resources.index()].is_empty() || shape == Shape::Tiny {
        return None;
    }
    let table = &overview.resources.table;
    let height = rows(model, Pane::Resources);
    let visible = overview.resources.window.visible(table.len(), height);
    let times = visible.filter_map(|position| Some(shown_time(table.row(position)?)));
    let changes = times
        .filter(|at| *at > 0)
        .map(|at| clock::age_changes(at, model.now_ms));
    changes.min()
}
