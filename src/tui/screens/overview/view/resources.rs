//! The rows of pane 1.

use super::{RowArea, column, head, line};
use crate::engine::ResourceRow;
use crate::tui::clock;
use crate::tui::model::Model;
use crate::tui::theme::Mark;
use crate::tui::widgets::cells::{self, Column, Placed};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

const RESOURCES: [Column; 7] = [
    column("S", 2, 0, 1, false),
    column("KIND", 7, 1, 4, false),
    column("NAMESPACE", 9, 3, 3, false),
    column("NAME", 21, 8, 0, false),
    column("TRUE", 5, 0, 2, true),
    column("LAST", 12, 4, 6, false),
    column("AGE", 4, 0, 5, true),
];

/// The column to sort by whose head stands `x` cells from the left of a list of `width` cells.
pub fn sort_at(width: u16, x: u16) -> Option<usize> {
    let placed = cells::place(&RESOURCES, width);
    let head = placed.iter().rev().find(|place| place.x <= x)?;
    // The order of `SORTS`: last, state, kind, namespace, name, true, age.
    [1, 2, 3, 4, 5, 0, 6].get(head.index).copied()
}

/// Whether a list of `width` cells shows ages.
pub fn shows_age(width: u16) -> bool {
    let placed = cells::place(&RESOURCES, width);
    placed
        .iter()
        .any(|place| place.index + 1 == RESOURCES.len() && place.width > 0)
}

pub(super) fn rows(model: &Model, inside: Rect, focused: bool, buffer: &mut Buffer) {
    let pane = &model.overview.resources;
    let placed = cells::place(&RESOURCES, inside.width);
    let list = head(model, inside, &RESOURCES, &placed, buffer);
    let visible = pane
        .window
        .visible(pane.table.len(), usize::from(list.height));
    for (row, position) in visible.enumerate() {
        let Some(resource) = pane.table.row(position) else {
            return;
        };
        let row = RowArea {
            area: line(list, row),
            selected: pane.selected.as_ref() == Some(&resource.key),
            focused,
            marked: pane.marks.contains(&resource.key),
        };
        draw_resource(model, resource, &row, &placed, buffer);
    }
}

fn draw_resource(
    model: &Model,
    resource: &ResourceRow,
    row: &RowArea,
    placed: &[Placed],
    buffer: &mut Buffer,
) {
    let theme = &model.look.theme;
    let mark = Mark::from(resource.state);
    let dim = if mark == Mark::Idle {
        theme.dim
    } else {
        theme.text
    };
    for place in placed {
        let column = &RESOURCES[place.index];
        let mut put = |text: &str, style: Style| row.cell(buffer, column, *place, text, style);
        match place.index {
            0 => row.mark(model, buffer, mark.glyph(), theme.mark(mark)),
            1 => put(&resource.key.kind.kind, theme.text),
            2 if resource.key.namespace.is_empty() => put("-", theme.dim),
            2 => put(&resource.key.namespace, theme.text),
            3 => put(&resource.key.name, theme.text),
            4 if resource.errors > 0 => {
                put(&format!("!/{}", resource.conditions), theme.warn);
            }
            4 => {
                let text = format!("{}/{}", resource.conditions_true, resource.conditions);
                put(&text, dim);
            }
            5 if resource.last_trigger.is_empty() => put("-", theme.dim),
            5 => put(&resource.last_trigger, dim),
            _ => match shown_time(resource) {
                0 => put("-", theme.dim),
                at => put(&clock::age(at, model.now_ms), dim),
            },
        }
    }
    row.finish(model, buffer);
}

/// The time whose age a row shows: of the last thing that happened, or of the object.
pub fn shown_time(resource: &ResourceRow) -> i64 {
    if resource.last_ms > 0 {
        resource.last_ms
    } else {
        resource.created_ms
    }
}
