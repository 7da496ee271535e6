//! What follows from every change: selections stay on their rows, what is needed is asked for, and
//! the time of the next change that time alone brings.

use super::{applying, bulk, drafts, editing, resource, submit, views};
use crate::engine::{Command, WatchPhase, WatchStatus};
use crate::tui::clock::{self, Due};
use crate::tui::layout::{self, Shape};
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Phase, Purpose, Screen};
use crate::tui::screens::overview::{Pane, shown_time, shows_age};
use crate::tui::screens::resource::Side;

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

/// Gives whether that can be seen beyond what made it necessary.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) -> bool {
    let now = model.now_ms;
    let flash = model.flash.clone();
    let before = effects.len();
    if model
        .flash
        .as_ref()
        .and_then(|flash| flash.until)
        .is_some_and(|until| until.has_come(now))
    {
        model.flash = None;
    }
    applying::settle(model);
    drafts::save_when_due(model, SAVE_AFTER_MS, effects);
    drafts::settle_list(model);
    let mut seen = model.flash != flash || effects.len() > before;
    if model.session.phase != Phase::Running {
        return seen;
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
    let before = effects.len();
    editing::settle(model, effects);
    bulk::settle(model, effects);
    seen |= effects.len() > before;
    resource::settle(model, effects);
    seen |= views::settle(model, effects);
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
        if history.strip_due.has_come(now) {
            let pause = clock::next_minute(now).saturating_sub(now);
            history.strip_due = Due::after(now, pause);
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
    seen
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
    let mut wake = next_change(model);
    let mut at_latest = |at: i64| wake = wake.min(at.max(now));
    if let Some(until) = model.flash.as_ref().and_then(|flash| flash.until) {
        at_latest(until.at_ms(now));
    }
    if let Some(Screen::Views(screen)) = model.screens.last() {
        at_latest(screen.due(now).at_ms(now));
    }
    if let Some(due) = applying::due(model) {
        at_latest(due.at_ms(now));
    }
    if let Some(due) = model.overview.triggers.due() {
        at_latest(due.at_ms(now));
    }
    if let Some(Screen::Resource(screen)) = model.screens.last()
        && let Some(due) = screen.due()
    {
        at_latest(due.at_ms(now));
    }
    if let Some(Screen::Editor(editor)) = model.screens.last()
        && let Some(since) = editor.unsaved_since
    {
        at_latest(Due::after(since, SAVE_AFTER_MS).at_ms(now));
    }
    if let Some(due) = editing::due(model) {
        at_latest(due.at_ms(now));
    }
    wake
}

/// When time alone will change what is seen, apart from what it makes due, in milliseconds since
/// 1970.
pub(super) fn next_change(model: &Model) -> i64 {
    let now = model.now_ms;
    let shape = layout::shape(model.width, model.height);
    let mut change = match shape {
        Shape::Tiny => return i64::MAX,
        // There is no clock, but times of other days have a date.
        Shape::One => clock::next_day(now, &model.zone),
        Shape::Tabs | Shape::Four => clock::next_minute(now),
    };
    if model.export.is_some() {
        change = change.min(now.saturating_add(PROGRESS_MS));
    }
    let changes = ages(model)
        .into_iter()
        .filter(|at| *at > 0)
        .map(|at| clock::age_changes(at, now));
    changes.fold(change, i64::min)
}

/// The times whose ages are seen.
fn ages(model: &Model) -> Vec<i64> {
    let overview = &model.overview;
    if model.session.phase != Phase::Running {
        return Vec::new();
    }
    match model.screens.last() {
        None => {}
        Some(Screen::Drafts(_)) => {
            return model.drafts.iter().map(|draft| draft.edited_ms).collect();
        }
        Some(Screen::Resource(screen)) if screen.side == Side::Dedup => {
            let entries = screen.entries().iter();
            return entries.map(|(_, at)| at.saturating_mul(1_000)).collect();
        }
        Some(_) => return Vec::new(),
    }
    let areas = layout::areas(model.width, model.height, overview.pane, overview.zoomed);
    let area = areas.panes[Pane::Resources.index()];
    if area.is_empty() {
        return Vec::new();
    }
    let table = &overview.resources.table;
    if table.is_empty() {
        let watches = model.session.watches.as_deref().unwrap_or_default();
        let failing = watches.iter().filter_map(|watch| match &watch.phase {
            WatchPhase::Failed { since_ms, .. } => Some(*since_ms),
            _ => None,
        });
        return failing.collect();
    }
    let shape = layout::shape(model.width, model.height);
    if !shows_age(layout::inside(shape, area).width) {
        return Vec::new();
    }
    let height = rows(model, Pane::Resources);
    let visible = overview.resources.window.visible(table.len(), height);
    visible
        .filter_map(|position| Some(shown_time(table.row(position)?)))
        .collect()
}
