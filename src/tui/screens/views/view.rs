//! Drawing a view, and where its parts are.

use super::{View, ViewsScreen, rows};
use crate::tui::clock;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::widgets::{cells, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The views, the one that is shown in brackets.
pub fn tabs(screen: &ViewsScreen) -> String {
    let tabs = View::ALL.map(|view| {
        let members = view == View::Triggers && screen.view == View::Members;
        if view == screen.view || members {
            format!("[{}]", view.title())
        } else {
            view.title().to_owned()
        }
    });
    tabs.join("  ")
}

/// Rows of the list.
pub fn height(model: &Model) -> usize {
    let rows = layout::text_rows(model.width, model.height);
    rows.saturating_sub(1)
}

/// The column whose head stands `x` cells from the left of a list of `width` cells.
pub fn column_at(view: View, width: u16, x: u16) -> Option<usize> {
    let placed = cells::place(view.columns(), width);
    let head = placed.iter().rev().find(|place| place.x <= x)?;
    Some(head.index)
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &ViewsScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let theme = &model.look.theme;
    let mut facts = text::count(screen.rows.len() as u64);
    if let (View::Triggers | View::Subscriptions, Some(survey)) = (screen.view, &screen.survey) {
        let at = clock::time(survey.at_ms, model.now_ms, &model.zone);
        let all = text::plural(survey.resources, "resource", "resources");
        facts = format!("{all} counted {at}  {facts}");
    } else if screen.view == View::Services {
        facts = format!("last hour  {facts}");
    } else if let (View::Members, Some(members)) = (screen.view, &screen.members) {
        let at = clock::time(members.at_ms, model.now_ms, &model.zone);
        facts = format!("looked at {at}  {facts}");
        if members.more > 0 {
            facts = format!("{} more are not listed  {facts}", text::count(members.more));
        }
    }
    let condition = screen.of.as_ref().filter(|_| screen.view == View::Members);
    let title = match condition {
        Some(of) => format!("Resources of {}", rows::condition_name(of)),
        None => screen.view.title().to_owned(),
    };
    let inside = frame::draw(buffer, &model.look, shape, body, &title, &facts, true);
    if inside.is_empty() {
        return;
    }
    let columns = screen.view.columns();
    let placed = cells::place(columns, inside.width);
    let head = Rect::new(inside.x, inside.y, inside.width, 1);
    cells::heads(buffer, head, columns, &placed, theme.dim);
    if let Some((by, reversed)) = screen.sort
        && let Some(place) = placed.iter().find(|place| place.index == by)
    {
        let style = theme.strong;
        cells::shade(buffer, head.x + place.x, head.y, place.width, style);
        let arrow = if reversed { "^" } else { "v" };
        let end = head.x + place.x + place.width;
        cells::put(buffer, end, head.y, 1, arrow, style);
    }
    let list = Rect::new(inside.x, inside.y + 1, inside.width, inside.height - 1);
    if screen.rows.is_empty() {
        let waits = match screen.view {
            View::Services | View::Stats => screen.numbers.is_none(),
            View::Triggers | View::Subscriptions => screen.survey.is_none(),
            View::Members => screen.members.is_none(),
        };
        let (note, style) = match &screen.problem {
            Some(problem) => (problem.as_str(), theme.bad),
            None if waits => ("counting ...", theme.dim),
            None if screen.all.is_empty() => ("there is nothing to show", theme.dim),
            None => ("nothing passes the filter", theme.dim),
        };
        cells::put(buffer, list.x, list.y, list.width, note, style);
        return;
    }
    let visible = screen
        .window
        .visible(screen.rows.len(), usize::from(list.height));
    for (row, place) in visible.enumerate() {
        let Some(shown) = screen.rows.get(place) else {
            return;
        };
        let y = list.y + u16::try_from(row).unwrap_or(u16::MAX);
        let selected = place == screen.window.position;
        let cursor = if selected { ">" } else { " " };
        cells::put(buffer, list.x, y, 1, cursor, theme.strong);
        if let Some(mark) = shown.mark {
            cells::put(buffer, list.x + 1, y, 1, mark.glyph(), theme.mark(mark));
        }
        for place in placed.iter().filter(|place| place.index > 0) {
            let (Some(column), Some(cell)) =
                (columns.get(place.index), shown.cells.get(place.index - 1))
            else {
                continue;
            };
            let x = list.x + place.x;
            if column.right {
                cells::put_right(buffer, x, y, place.width, cell, theme.text);
            } else {
                cells::put(buffer, x, y, place.width, cell, theme.text);
            }
        }
        if selected {
            cells::shade(buffer, list.x, y, list.width, theme.selected);
        }
    }
}
