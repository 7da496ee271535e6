//! The rows of pane 4, and what is wrong with the selected key.

use super::super::keys::KeyMark;
use super::{RowArea, column, draw_lines, head, line};
use crate::tui::layout::Shape;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::widgets::cells::{self, Column};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

const KEYS: [Column; 5] = [
    column("S", 2, 0, 1, false),
    column("KEY", 20, 4, 0, false),
    column("USED BY", 7, 0, 3, true),
    column("STATE", 9, 0, 2, false),
    column("", 8, 6, 4, false),
];

pub(super) fn rows(model: &Model, shape: Shape, inside: Rect, focused: bool, buffer: &mut Buffer) {
    let pane = &model.overview.keys;
    let theme = &model.look.theme;
    // Where the pane has no preview of its own, the findings of the selected key are shown here.
    let own_detail = shape == Shape::Four && inside.height >= 9;
    let details = if own_detail {
        details(model)
    } else {
        Vec::new()
    };
    let detail_height = u16::try_from(details.len())
        .unwrap_or(0)
        .min(inside.height / 3);
    let mut list_area = inside;
    list_area.height -= detail_height;
    let placed = cells::place(&KEYS, inside.width);
    let list = head(model, list_area, &KEYS, &placed, buffer);
    let visible = pane
        .window
        .visible(pane.entries().len(), usize::from(list.height));
    for (row, position) in visible.enumerate() {
        let Some(entry) = pane.entries().get(position) else {
            return;
        };
        let row = RowArea {
            area: line(list, row),
            selected: pane.selected.as_ref() == Some(&entry.key),
            focused,
            marked: false,
        };
        let style = match entry.mark {
            KeyMark::Ok => theme.good,
            KeyMark::Warn | KeyMark::New => theme.warn,
            KeyMark::Broken | KeyMark::LastGood => theme.bad,
            KeyMark::Ignored => theme.dim,
        };
        for place in &placed {
            let column = &KEYS[place.index];
            let mut put = |text: &str, style: Style| row.cell(buffer, column, *place, text, style);
            match place.index {
                0 => row.mark(model, buffer, entry.mark.glyph(), style),
                1 => put(&entry.key, theme.text),
                2 => put(
                    &entry.used_by.map_or_else(String::new, text::count),
                    theme.text,
                ),
                3 if entry.draft => put("draft", theme.warn),
                3 => put(entry.mark.word(), style),
                _ => put(&entry.note, theme.dim),
            }
        }
        row.finish(model, buffer);
    }
    let detail = Rect::new(inside.x, list_area.bottom(), inside.width, detail_height);
    draw_lines(&details, detail, buffer);
}

/// What is wrong with the selected key, with advice.
pub(super) fn details(model: &Model) -> Vec<(String, Style)> {
    let theme = &model.look.theme;
    let mut lines = Vec::new();
    if let Some(entry) = model.overview.keys.selected_entry() {
        for diagnostic in &entry.diagnostics {
            let place = diagnostic
                .position
                .map_or_else(String::new, |at| format!(" {at}"));
            let style = theme.severity(diagnostic.severity);
            lines.push((
                format!("{}{place} {}", diagnostic.severity, diagnostic.message),
                style,
            ));
            if let Some(help) = &diagnostic.help {
                lines.push((format!("  {help}"), theme.text));
            }
        }
    }
    lines
}
