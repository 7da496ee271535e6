//! The mouse: a click selects, a click on the selected row opens it, one on a head sorts, the
//! wheel scrolls.

use super::{editing, keys, perform, settle};
use crate::tui::action::ActionId;
use crate::tui::layout;
use crate::tui::message::{Effect, Job, MouseInput};
use crate::tui::model::{Model, Screen};
use crate::tui::screens::overview::{self, Pane};
use crate::tui::screens::resource::{self, Side};
use crate::tui::screens::{blast, preview, views};
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
        MouseInput::Wheel { x, y, rows } => wheel(model, Position::new(x, y), rows),
        MouseInput::Click { x, y } if model.screens.is_empty() => click(model, x, y, effects),
        MouseInput::Click { x, y } => click_screen(model, x, y, effects),
    }
}

/// A click on a head of pane 1 sorts by its column, a second one the other way round.
fn sort(model: &mut Model, width: u16, x: u16, effects: &mut Vec<Effect>) {
    if let Some(column) = overview::sort_at(width, x) {
        let job = Job::Arrange(model.overview.resources.sort_by(column));
        effects.push(Effect::Job(model.session.id, job));
    }
}

/// The wheel on a screen above the overview scrolls the list or text below it.
fn wheel(model: &mut Model, at: Position, rows: i64) {
    let height = layout::text_rows(model.width, model.height);
    let text = match model.screens.last() {
        Some(Screen::Preview(screen)) => preview::text_at(model, screen, at),
        _ => None,
    };
    match (model.screens.last_mut(), text) {
        (Some(Screen::Preview(screen)), Some((side, _))) => {
            screen.text_mut(side).scroll(rows, height);
        }
        (Some(Screen::Blast), _) => wheel_on_blast(model, at, rows),
        _ => perform::move_by(model, rows),
    }
}

fn wheel_on_blast(model: &mut Model, at: Position, rows: i64) {
    let Some(state) = model.blast.as_deref() else {
        return;
    };
    let side = match blast::spot_at(model, state, at) {
        Some(blast::Spot::Row(side, _) | blast::Spot::List(side)) => side,
        Some(blast::Spot::Sort(_)) => blast::Side::Effects,
        None => state.side,
    };
    let height = blast::height_of(model, state, side);
    if let Some(state) = model.blast.as_deref_mut() {
        state.scroll(side, rows, height);
    }
}

/// A click on a blast radius: true when it is on the row that has the focus already.
fn click_blast(model: &mut Model, at: Position) -> bool {
    let Some(state) = model.blast.as_deref() else {
        return false;
    };
    let spot = blast::spot_at(model, state, at);
    let (before, row) = match spot {
        Some(blast::Spot::Row(side, row)) => {
            let (window, len) = match side {
                blast::Side::Effects => (state.effects_window, state.listed.len()),
                blast::Side::Destinations => {
                    (state.destinations_window, state.destinations.len() + 1)
                }
            };
            let height = blast::height_of(model, state, side);
            let place = window.visible(len, height).start + row;
            let before = state.side == side && window.position == place;
            (before, (place < len).then_some((side, place, height)))
        }
        _ => (false, None),
    };
    let Some(state) = model.blast.as_deref_mut() else {
        return false;
    };
    match (spot, row) {
        (_, Some((side, place, height))) => {
            state.select_at(side, place, height);
            return before;
        }
        (Some(blast::Spot::Sort(sort)), _) => {
            state.side = blast::Side::Effects;
            state.list(sort);
        }
        (Some(blast::Spot::Row(side, _) | blast::Spot::List(side)), None) => state.side = side,
        (None, _) => {}
    }
    false
}

/// A click on a rendered template gives a text the focus; one on the title of the notification shows
/// the next destination.
fn click_preview(model: &mut Model, at: Position) {
    let text = match model.screens.last() {
        Some(Screen::Preview(screen)) => preview::text_at(model, screen, at),
        _ => None,
    };
    if let (Some(Screen::Preview(screen)), Some((side, on_title))) =
        (model.screens.last_mut(), text)
    {
        screen.side = side;
        if on_title && side == preview::Side::Notification {
            screen.next_part(true);
        }
    }
}

/// A click on a screen above the overview: selects, and opens what is selected.
fn click_screen(model: &mut Model, x: u16, y: u16, effects: &mut Vec<Effect>) {
    if matches!(model.screens.last(), Some(Screen::Editor(_))) {
        editing::clicked(model, x, y);
        return;
    }
    let at = Position::new(x, y);
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let again = match model.screens.last() {
        Some(Screen::Resource(screen)) => {
            let areas = resource::areas(model, screen.side);
            let found = Side::ALL
                .into_iter()
                .zip(areas)
                .map(|(side, area)| (side, layout::inside(shape, area)))
                .find(|(_, inside)| inside.contains(at));
            let Some((side, inside)) = found else { return };
            let row = usize::from(y - inside.y);
            match model.screens.last_mut() {
                Some(Screen::Resource(screen)) => {
                    screen.click(side, row, usize::from(inside.height))
                }
                _ => false,
            }
        }
        Some(Screen::Blast) => click_blast(model, at),
        Some(Screen::Preview(_)) => return click_preview(model, at),
        Some(Screen::Views(screen)) => {
            let inside = layout::inside(shape, body);
            let (before, height) = (screen.window.position, views::height(model));
            if y == inside.y && inside.contains(at) {
                let column = views::column_at(screen.view, inside.width, x - inside.x);
                if let (Some(Screen::Views(screen)), Some(column)) =
                    (model.screens.last_mut(), column)
                {
                    screen.sort_by(column);
                }
                return;
            }
            let row = y.checked_sub(inside.y + 1).map(usize::from);
            let Some(row) = row.filter(|row| *row < height && inside.contains(at)) else {
                return;
            };
            let Some(Screen::Views(screen)) = model.screens.last_mut() else {
                return;
            };
            let len = screen.rows().len();
            let place = screen.window.visible(len, height).start + row;
            if place >= len {
                return;
            }
            screen.select_at(place, height);
            place == before
        }
        _ => return,
    };
    if again {
        keys::run(model, ActionId::Open, effects);
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
        // The line of heads, or the border.
        let on_head = head > 0 && inside.contains(Position::new(x, y));
        if pane == Pane::Resources && on_head {
            sort(model, inside.width, x - inside.x, effects);
        }
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
