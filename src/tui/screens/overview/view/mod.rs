//! Drawing the four panes and the preview.

mod history;
mod keys;
mod preview;
mod resources;
mod triggers;

pub use resources::{shown_time, shows_age, sort_at};

use super::resources::SORTS;
use super::{Pane, empty};
use crate::tui::clock;
use crate::tui::layout;
use crate::tui::message::Strip;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::widgets::cells::{self, Column, Placed, column};
use crate::tui::widgets::{frame, header};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The line and style of a row: its place in the area, and whether it is the selected one.
struct RowArea {
    area: Rect,
    selected: bool,
    focused: bool,
    marked: bool,
}

impl RowArea {
    fn finish(&self, model: &Model, buffer: &mut Buffer) {
        if !self.selected && !self.marked {
            return;
        }
        let theme = &model.look.theme;
        let style = if self.selected && self.focused {
            theme.selected
        } else {
            theme.marked
        };
        cells::shade(buffer, self.area.x, self.area.y, self.area.width, style);
    }

    fn mark(&self, model: &Model, buffer: &mut Buffer, glyph: &str, style: Style) {
        let cursor = match (self.marked, self.selected) {
            (true, _) => "*",
            (false, true) => ">",
            (false, false) => " ",
        };
        let area = self.area;
        cells::put(buffer, area.x, area.y, 1, cursor, model.look.theme.strong);
        cells::put(
            buffer,
            area.x + 1,
            area.y,
            area.width.saturating_sub(1),
            glyph,
            style,
        );
    }

    fn cell(&self, buffer: &mut Buffer, column: &Column, place: Placed, text: &str, style: Style) {
        let x = self.area.x + place.x;
        if column.right {
            cells::put_right(buffer, x, self.area.y, place.width, text, style);
        } else {
            cells::put(buffer, x, self.area.y, place.width, text, style);
        }
    }
}

/// How many deliveries there are, as far as that is known.
pub fn history_count(model: &Model) -> String {
    let history = &model.overview.history;
    let held = history.len() as u64;
    text::count(history.count.map_or(held, |count| count.max(held)))
}

/// Draws the panes that fit.
pub fn draw(model: &Model, buffer: &mut Buffer) {
    let overview = &model.overview;
    let areas = layout::areas(model.width, model.height, overview.pane, overview.zoomed);
    for pane in Pane::ALL {
        let area = areas.panes[pane.index()];
        if !area.is_empty() {
            draw_pane(model, pane, area, buffer);
        }
    }
    if !areas.preview.is_empty() {
        preview::preview(model, areas.preview, buffer);
    }
}

fn title(model: &Model, pane: Pane) -> String {
    let number = pane.index() + 1;
    match pane {
        Pane::Triggers => match model.overview.triggers.target() {
            Some(key) => format!("{number} Triggers: {} {key}", key.kind.variable()),
            None => format!("{number} Triggers"),
        },
        Pane::Keys => match &model.session.catalog {
            Some(view) => format!("{number} {}/{}", view.namespace, view.name),
            None => format!("{number} {}", pane.title()),
        },
        _ => format!("{number} {}", pane.title()),
    }
}

fn facts(model: &Model, pane: Pane) -> String {
    let overview = &model.overview;
    let mut facts = Vec::new();
    match pane {
        Pane::Resources => {
            let table = &overview.resources.table;
            let (shown, total) = (table.len() as u64, table.total() as u64);
            facts.push(if shown == total {
                text::count(total)
            } else {
                format!("{} of {}", text::count(shown), text::count(total))
            });
            let arrangement = table.arrangement();
            let sort = SORTS.get(arrangement.column).copied().unwrap_or("");
            let direction = if arrangement.descending { "-" } else { "+" };
            facts.push(format!("sort:{sort}{direction}"));
            if !overview.resources.marks.is_empty() {
                let marks = overview.resources.marks.len() as u64;
                facts.push(format!("{} marked", text::count(marks)));
            }
            if table.is_busy() {
                facts.push("...".to_owned());
            }
        }
        Pane::Triggers => {}
        Pane::History => {
            if let Some(strip) = &overview.history.strip {
                facts.push(strip_text(model, strip));
            }
            facts.push(history_count(model));
            if !overview.history.marks.is_empty() {
                let marks = overview.history.marks.len() as u64;
                facts.push(format!("{} marked", text::count(marks)));
            }
            if overview.history.follow {
                facts.push("follow".to_owned());
            }
            if overview.history.loading {
                facts.push("...".to_owned());
            }
        }
        Pane::Keys => {
            let (all, broken) = overview.keys.totals();
            facts.push(text::count(all as u64));
            if broken > 0 {
                facts.push(format!("{broken} broken"));
            }
        }
    }
    let filter = overview.filter_text(pane);
    if !filter.is_empty() {
        facts.push(format!("/{}", text::fit(filter, 24)));
    }
    facts.join(" ")
}

/// The sparkline of the history over the time that it is limited to, with that time.
fn strip_text(model: &Model, strip: &Strip) -> String {
    let cells = if model.overview.zoomed { 48 } else { 12 };
    let totals = strip
        .buckets
        .iter()
        .map(|bucket| bucket.sent + bucket.failed + bucket.other);
    let totals: Vec<u64> = totals.collect();
    // Fewer cells than spans: some spans share one.
    let share = totals.len().div_ceil(cells).max(1);
    let counts: Vec<u64> = totals.chunks(share).map(|part| part.iter().sum()).collect();
    let bars = header::bars(&model.look, &counts);
    let span = clock::age(strip.from_ms, strip.until_ms);
    format!("{bars} {span}")
}

fn draw_pane(model: &Model, pane: Pane, area: Rect, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let focused = model.overview.pane == pane;
    let facts = facts(model, pane);
    let title = title(model, pane);
    let inside = frame::draw(buffer, &model.look, shape, area, &title, &facts, focused);
    if inside.is_empty() {
        return;
    }
    if let Some(advice) = empty::advice(model, pane) {
        empty::draw(model, &advice, inside, buffer);
        return;
    }
    match pane {
        Pane::Resources => resources::rows(model, inside, focused, buffer),
        Pane::Triggers => triggers::lines(model, inside, focused, buffer),
        Pane::History => history::rows(model, inside, focused, buffer),
        Pane::Keys => keys::rows(model, shape, inside, focused, buffer),
    }
}

/// Draws the heads where there is room, and returns the place of the rows.
fn head(
    model: &Model,
    inside: Rect,
    columns: &[Column],
    placed: &[Placed],
    buffer: &mut Buffer,
) -> Rect {
    if !layout::has_head(inside) {
        return inside;
    }
    let line = Rect::new(inside.x, inside.y, inside.width, 1);
    cells::heads(buffer, line, columns, placed, model.look.theme.dim);
    // The mark's head stands above the mark, not above the cursor.
    cells::put(
        buffer,
        inside.x,
        inside.y,
        inside.width.min(2),
        " S",
        model.look.theme.dim,
    );
    Rect::new(inside.x, inside.y + 1, inside.width, inside.height - 1)
}

fn line(list: Rect, row: usize) -> Rect {
    let row = u16::try_from(row).unwrap_or(u16::MAX);
    Rect::new(list.x, list.y.saturating_add(row), list.width, 1)
}

fn draw_lines(lines: &[(String, Style)], area: Rect, buffer: &mut Buffer) {
    for (row, (content, style)) in lines.iter().take(usize::from(area.height)).enumerate() {
        let line = line(area, row);
        cells::put(buffer, line.x, line.y, line.width, content, *style);
    }
}
