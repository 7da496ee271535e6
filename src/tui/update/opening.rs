//! Opening what is selected: a resource, a condition, a delivery, a key; and going on from there.

use super::perform::move_by;
use super::{applying, availability, blast, bulk, drafts, flash, keys, resource, versions, views};
use crate::domain::{Delivery, Severity};
use crate::tui::action::ActionId;
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Screen};
use crate::tui::screens::delivery::DeliveryScreen;
use crate::tui::screens::overview::{LineId, Pane};
use crate::tui::screens::resource::{LineKey, Side};
use crate::tui::screens::text::TextScreen;
use std::sync::Arc;

pub(super) fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    if matches!(model.screens.last(), Some(Screen::Versions(_))) {
        versions::follow(model, effects);
        return;
    }
    if let Some(Screen::Resource(screen)) = model.screens.last_mut() {
        match screen.side {
            Side::Explain => screen.fold(),
            Side::Deliveries => {
                if let Some(row) = screen.selected_delivery().cloned() {
                    open_delivery(model, row, effects);
                }
            }
            Side::Object | Side::Dedup => {}
        }
        return;
    }
    if matches!(model.screens.last(), Some(Screen::Blast)) {
        blast::follow(model);
        return;
    }
    if matches!(model.screens.last(), Some(Screen::Drafts(_))) {
        drafts::open_listed(model);
        return;
    }
    if matches!(model.screens.last(), Some(Screen::Views(_))) {
        views::follow(model, effects);
        return;
    }
    if !model.screens.is_empty() {
        return;
    }
    match model.overview.pane {
        Pane::Resources => {
            if let Some(key) = model.overview.resources.selected.clone() {
                resource::open(model, key, None);
            }
        }
        Pane::Triggers => open_line(model),
        Pane::History => {
            if let Some(row) = model.overview.history.selected_row().cloned() {
                open_delivery(model, row, effects);
            }
        }
        Pane::Keys => open_key(model, effects),
    }
}

fn open_delivery(model: &mut Model, row: Arc<Delivery>, effects: &mut Vec<Effect>) {
    let (now, zone, stored) = (model.now_ms, &model.zone, model.session.history);
    let id = row.new.id;
    let screen = DeliveryScreen::new(row, stored, now, zone);
    model.screens.push(Screen::Delivery(Box::new(screen)));
    if stored {
        effects.push(Effect::Job(model.session.id, Job::Detail(id)));
    }
}

/// The next (or previous) condition of the explanation, or delivery of the list below.
pub(super) fn next_item(model: &mut Model, forward: bool, effects: &mut Vec<Effect>) {
    match model.screens.last() {
        Some(Screen::Resource(screen)) => {
            let height = resource::height(model, screen.side);
            if let Some(Screen::Resource(screen)) = model.screens.last_mut() {
                screen.next_condition(forward, height);
            }
        }
        Some(Screen::Blast) => {
            if let Some(state) = model.blast.as_deref_mut() {
                state.next_sort(forward);
            }
        }
        Some(Screen::Preview(_)) => {
            if let Some(Screen::Preview(screen)) = model.screens.last_mut() {
                screen.next_part(forward);
            }
        }
        Some(Screen::Diff(_)) => versions::next_version(model, forward, effects),
        Some(Screen::Delivery(_)) => {
            let Some(Screen::Delivery(left)) = model.screens.pop() else {
                return;
            };
            let rows = if forward { 1 } else { -1 };
            move_by(model, rows);
            let row = availability::delivery(model).cloned();
            open_delivery(model, row.unwrap_or_else(|| Arc::clone(&left.row)), effects);
            if let Some(Screen::Delivery(screen)) = model.screens.last_mut() {
                screen.keep_form(&left, model.now_ms, &model.zone);
            }
        }
        _ => {}
    }
}

/// `C-x`.
pub(super) fn stop(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(export) = &model.export {
        export.cancel.cancel();
    }
    if model.sweeping.take().is_some() {
        flash(model, Severity::Warning, "stopped: nothing was done");
    }
    bulk::stop(model);
    blast::stop(model, effects);
    applying::not_weighed(model);
}

pub(super) fn edit(model: &mut Model) {
    let trigger = match model.screens.last() {
        Some(Screen::Resource(screen)) => screen.trigger().map(|name| format!("trigger.{name}")),
        _ => None,
    };
    match trigger {
        Some(key) => drafts::open_key(model, &key, None),
        None => drafts::edit(model),
    }
}

/// From a line of pane 2 to the same place of the explanation.
fn open_line(model: &mut Model) {
    let line = match &model.overview.triggers.selected {
        Some(LineId::Trigger(trigger)) => Some(LineKey::Trigger(trigger.clone())),
        Some(LineId::Condition { trigger, index }) => Some(LineKey::Condition {
            trigger: trigger.clone(),
            index: *index,
        }),
        Some(LineId::Target {
            trigger,
            index,
            destination,
        }) => Some(LineKey::Target {
            trigger: trigger.clone(),
            index: *index,
            destination: destination.clone(),
        }),
        Some(LineId::Entry(_) | LineId::Note(_)) | None => None,
    };
    if let Some(key) = model.overview.triggers.target().cloned() {
        resource::open(model, key, line);
    }
}

fn open_key(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(entry) = model.overview.keys.selected_entry() else {
        return;
    };
    if entry.draft || (entry.diagnostics.is_empty() && !model.is_read_only()) {
        keys::run(model, ActionId::Edit, effects);
    } else {
        let key = entry.key.clone();
        show_key(model, &key);
    }
}

fn show_key(model: &mut Model, key: &str) {
    let Some(view) = &model.session.catalog else {
        return;
    };
    let Some(value) = view.data.get(key) else {
        flash(
            model,
            Severity::Warning,
            format!("the ConfigMap has no key {key}"),
        );
        return;
    };
    let status = view.catalog.keys.get(key);
    let diagnostics = status.map_or(&[][..], |status| &status.diagnostics);
    let screen = TextScreen::key(key, value, diagnostics);
    model.screens.push(Screen::Text(screen));
}
