//! The mouse: a click selects, a click on the selected row opens it, the wheel scrolls.

use super::{keys, perform, settle};
use crate::tui::action::ActionId;
use crate::tui::layout;
use crate::tui::message::{Effect, MouseInput};
use crate::tui::model::Model;
use crate::tui::screens::overview::Pane;
use ratatui::layout::{Position, Rect};

pub(super) fn used(model: &mut Model, input: MouseInput, effects: &mut Vec<Effect>) {
    if !model.overlays.is_empty() {
        return;
    }
    match input {
        MouseInput::Wheel { x, y, rows } if model.screens.is_empty() => {
            let pane = pane_at(model, x, y).map_or(model.overview.pane, |(pane, _)| pane);
            let height = settle::rows(model, pane);
            let overview = &mut model.overview;
            match pane {
                Pane::Resources => overview.resources.scroll(rows, height),
                Pane::Triggers => overview.triggers.scroll(rows, height),
                Pane::History => overview.history.scroll(rows, height),
                Pane::Keys => overview.keys.scroll(rows, height),
            }
        }
        MouseInput::Wheel { rows, .. } => perform::move_by(model, rows),
        MouseInput::Click { x, y } if model.screens.is_empty() => click(model, x, y, effects),
        MouseInput::Click { .. } => {}
    }
}

fn pane_at(model: &Model, x: u16, y: u16) -> Option<(Pane, Rect)> {
    let overview = &model.overview;
    let areas = layout::areas(model.width, model.height, overview.pane, overview.zoomed);
    Pane::ALL
        .into_iter()
        .map(|pane| (pane, areas.panes[pane.index()]))
        .find(|(_, area)| area.contains(Position::new(x, y)))
}

fn click(model: &mut Model, x: u16, y: u16, effects: &mut Vec<Effect>) {
    let Some((pane, area)) = pane_at(model, x, y) else {
        return;
    };
    let had_focus = model.overview.pane == pane;
    model.overview.focus(pane);
    let shape = layout::shape(model.width, model.height);
    let inside = layout::inside(shape, area);
    // Pane 2 has no line of heads.
    let head = u16::from(pane != Pane::Triggers && layout::has_head(inside));
    let Some(row) = y.checked_sub(inside.y + head) else {
        return;
    };
    let height = settle::rows(model, pane);
    if usize::from(row) >= height || !inside.contains(Position::new(x, y)) {
        return;
    }
    let overview = &mut model.overview;
    let (window, len) = match pane {
        Pane::Resources => (overview.resources.window, overview.resources.table.len()),
        Pane::Triggers => (overview.triggers.window, overview.triggers.lines().len()),
        Pane::History => (overview.history.window, overview.history.len()),
        Pane::Keys => (overview.keys.window, overview.keys.entries().len()),
    };
    let place = window.visible(len, height).start + usize::from(row);
    if place >= len {
        return;
    }
    if had_focus && window.position == place {
        keys::run(model, ActionId::Open, effects);
        return;
    }
    match pane {
        Pane::Resources => overview.resources.select_at(place, height),
        Pane::Triggers => overview.triggers.select_at(place, height),
        Pane::History => overview.history.select_at(place, height),
        Pane::Keys => overview.keys.select_at(place, height),
    }
}
