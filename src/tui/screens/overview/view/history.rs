//! The rows of pane 3.

use super::{RowArea, column, head, line};
use crate::domain::{Delivery, DeliveryState};
use crate::tui::clock;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Mark;
use crate::tui::widgets::cells::{self, Column, Placed};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

const HISTORY: [Column; 7] = [
    column("S", 2, 0, 1, false),
    column("TIME", 8, 0, 3, false),
    column("TRIGGER", 10, 3, 4, false),
    column("RESOURCE", 18, 6, 0, false),
    column("TO", 9, 4, 2, false),
    column("CODE", 4, 0, 6, true),
    column("TOOK", 5, 0, 5, true),
];

pub(super) fn rows(model: &Model, inside: Rect, focused: bool, buffer: &mut Buffer) {
    let pane = &model.overview.history;
    let placed = cells::place(&HISTORY, inside.width);
    let list = head(model, inside, &HISTORY, &placed, buffer);
    let visible = pane.window.visible(pane.len(), usize::from(list.height));
    for (row, position) in visible.enumerate() {
        let Some(delivery) = pane.row(position) else {
            return;
        };
        let row = RowArea {
            area: line(list, row),
            selected: pane.selected == Some(delivery.new.id),
            focused,
            marked: pane.marks.contains_key(&delivery.new.id),
        };
        draw_history_row(model, delivery, &row, &placed, buffer);
    }
}

fn draw_history_row(
    model: &Model,
    row_of: &Delivery,
    row: &RowArea,
    placed: &[Placed],
    buffer: &mut Buffer,
) {
    let theme = &model.look.theme;
    let mark = Mark::from(row_of.state);
    let dim = if mark == Mark::Already {
        theme.dim
    } else {
        theme.text
    };
    for place in placed {
        let column = &HISTORY[place.index];
        let mut put = |text: &str, style: Style| row.cell(buffer, column, *place, text, style);
        match place.index {
            0 => row.mark(model, buffer, mark.glyph(), theme.mark(mark)),
            1 => {
                let at = clock::time(row_of.new.created_ms, model.now_ms, &model.zone);
                // Of other days the date says more than the minute.
                put(
                    at.get(..8).map_or(at.as_str(), |cut| cut.trim_end()),
                    theme.dim,
                );
            }
            2 if row_of.new.trigger.is_empty() => put(row_of.state.word(), dim),
            2 => put(&row_of.new.trigger, dim),
            3 => {
                // The namespace is the first to give way: the end of a name tells more.
                let resource = row_of.resource();
                if text::width(&resource) <= usize::from(place.width) {
                    put(&resource, dim);
                } else {
                    put(&row_of.new.name, dim);
                }
            }
            4 if row_of.new.trigger.is_empty() => put(&row_of.new.actor, dim),
            4 => put(&row_of.new.destination.label(), dim),
            5 => match row_of.status {
                Some(status) => put(&status.to_string(), theme.mark(mark)),
                None => put("-", theme.dim),
            },
            _ => match (row_of.state, row_of.took_ms) {
                (DeliveryState::AlreadySent, _) if row_of.attempts > 1 => {
                    put(&format!("{}x", row_of.attempts), theme.dim);
                }
                (_, Some(took)) => put(&clock::took(took), dim),
                _ => put("-", theme.dim),
            },
        }
    }
    row.finish(model, buffer);
}
