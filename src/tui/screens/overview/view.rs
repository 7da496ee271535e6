//! Drawing the four panes and the preview.

use super::resources::SORTS;
use super::trigger_lines::TriggerLine;
use super::{Pane, empty};
use crate::domain::{Delivery, DeliveryState};
use crate::engine::ResourceRow;
use crate::tui::clock;
use crate::tui::layout::{self, Shape};
use crate::tui::model::Model;
use crate::tui::screens::delivery;
use crate::tui::text;
use crate::tui::theme::Mark;
use crate::tui::widgets::cells::{self, Column, Placed};
use crate::tui::widgets::frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

const fn column(head: &'static str, width: u16, share: u16, rank: u8, right: bool) -> Column {
    Column {
        head,
        width,
        share,
        rank,
        right,
    }
}

const RESOURCES: [Column; 7] = [
    column("S", 2, 0, 1, false),
    column("KIND", 7, 1, 4, false),
    column("NAMESPACE", 9, 3, 3, false),
    column("NAME", 21, 8, 0, false),
    column("TRUE", 5, 0, 2, true),
    column("LAST", 12, 4, 6, false),
    column("AGE", 4, 0, 5, true),
];

const HISTORY: [Column; 7] = [
    column("S", 2, 0, 1, false),
    column("TIME", 8, 0, 3, false),
    column("TRIGGER", 10, 3, 4, false),
    column("RESOURCE", 18, 6, 0, false),
    column("TO", 9, 4, 2, false),
    column("CODE", 4, 0, 6, true),
    column("TOOK", 5, 0, 5, true),
];

const KEYS: [Column; 5] = [
    column("S", 2, 0, 1, false),
    column("KEY", 20, 4, 0, false),
    column("USED BY", 7, 0, 3, true),
    column("STATE", 9, 0, 2, false),
    column("", 8, 6, 4, false),
];

/// The line and style of a row: its place in the area, and whether it is the selected one.
struct RowArea {
    area: Rect,
    selected: bool,
    focused: bool,
}

impl RowArea {
    fn finish(&self, model: &Model, buffer: &mut Buffer) {
        if !self.selected {
            return;
        }
        let theme = &model.look.theme;
        let style = if self.focused {
            theme.selected
        } else {
            theme.marked
        };
        cells::shade(buffer, self.area.x, self.area.y, self.area.width, style);
    }

    fn mark(&self, model: &Model, buffer: &mut Buffer, glyph: &str, style: Style) {
        let cursor = if self.selected { ">" } else { " " };
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
        draw_preview(model, areas.preview, buffer);
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
            if table.is_busy() {
                facts.push("...".to_owned());
            }
        }
        Pane::Triggers => {}
        Pane::History => {
            facts.push(history_count(model));
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
        Pane::Resources => draw_resources(model, inside, focused, buffer),
        Pane::Triggers => draw_triggers(model, inside, focused, buffer),
        Pane::History => draw_history(model, inside, focused, buffer),
        Pane::Keys => draw_keys(model, shape, inside, focused, buffer),
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

fn draw_resources(model: &Model, inside: Rect, focused: bool, buffer: &mut Buffer) {
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

fn draw_triggers(model: &Model, list: Rect, focused: bool, buffer: &mut Buffer) {
    let pane = &model.overview.triggers;
    let lines = pane.lines();
    let heads = lines
        .iter()
        .map(|line| text::width(&line.head) + usize::from(line.indent));
    let most = usize::from(list.width) * 2 / 5;
    let head = heads.max().unwrap_or(0).clamp(8, most.max(8));
    let visible = pane.window.visible(lines.len(), usize::from(list.height));
    for (row, position) in visible.enumerate() {
        let Some(trigger) = lines.get(position) else {
            return;
        };
        let row = RowArea {
            area: line(list, row),
            selected: pane.selected.as_ref() == Some(&trigger.id),
            focused,
        };
        draw_trigger(model, trigger, head, &row, buffer);
    }
}

fn draw_trigger(
    model: &Model,
    line: &TriggerLine,
    head: usize,
    row: &RowArea,
    buffer: &mut Buffer,
) {
    let theme = &model.look.theme;
    let area = row.area;
    let mark = line.mark.unwrap_or(Mark::Idle);
    let style = if line.mark.is_some() {
        theme.mark(mark)
    } else {
        theme.dim
    };
    let cursor = if row.selected { ">" } else { " " };
    let indent = " ".repeat(usize::from(line.indent));
    let glyph = line.mark.map_or(" ", Mark::glyph);
    let cleaned = text::clean(&line.head);
    let name = text::fit(&cleaned, head.saturating_sub(usize::from(line.indent)));
    let pad = head.saturating_sub(usize::from(line.indent) + text::width(&name));
    let pad = " ".repeat(pad + 1);
    let word = format!("{:<7} ", line.word);
    let (word, word_style) = match line.indent {
        0 if line.word.is_empty() => ("", style),
        0 => (word.as_str(), style),
        _ => ("", style),
    };
    let text_style = match mark {
        Mark::Failed | Mark::Error if line.mark.is_some() => style,
        Mark::Idle | Mark::Already => theme.dim,
        _ => theme.text,
    };
    let name_style = if line.indent == 0 && line.mark.is_some() {
        theme.strong
    } else {
        theme.text
    };
    cells::put_pieces(
        buffer,
        area,
        &[
            (cursor, theme.strong),
            (&indent, theme.text),
            (glyph, style),
            (" ", theme.text),
            (&name, name_style),
            (&pad, theme.text),
            (word, word_style),
            (&line.text, text_style),
        ],
    );
    row.finish(model, buffer);
}

fn draw_history(model: &Model, inside: Rect, focused: bool, buffer: &mut Buffer) {
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

fn draw_keys(model: &Model, shape: Shape, inside: Rect, focused: bool, buffer: &mut Buffer) {
    let pane = &model.overview.keys;
    let theme = &model.look.theme;
    // Where the pane has no preview of its own, the findings of the selected key are shown here.
    let own_detail = shape == Shape::Four && inside.height >= 9;
    let details = if own_detail {
        key_details(model)
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
        };
        let style = match entry.mark {
            super::keys::KeyMark::Ok => theme.good,
            super::keys::KeyMark::Warn | super::keys::KeyMark::New => theme.warn,
            super::keys::KeyMark::Broken | super::keys::KeyMark::LastGood => theme.bad,
            super::keys::KeyMark::Ignored => theme.dim,
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
fn key_details(model: &Model) -> Vec<(String, Style)> {
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

fn draw_lines(lines: &[(String, Style)], area: Rect, buffer: &mut Buffer) {
    for (row, (content, style)) in lines.iter().take(usize::from(area.height)).enumerate() {
        let line = line(area, row);
        cells::put(buffer, line.x, line.y, line.width, content, *style);
    }
}

/// Below one list: more about what is selected in it.
fn draw_preview(model: &Model, area: Rect, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let theme = &model.look.theme;
    let overview = &model.overview;
    if overview.pane == Pane::Resources {
        let title = title(model, Pane::Triggers);
        let inside = frame::draw(buffer, &model.look, shape, area, &title, "", false);
        match empty::advice(model, Pane::Triggers) {
            Some(advice) => empty::draw(model, &advice, inside, buffer),
            None => draw_triggers(model, inside, false, buffer),
        }
        return;
    }
    let mut lines: Vec<(String, Style)> = Vec::new();
    let title = match overview.pane {
        Pane::Resources => return,
        Pane::Triggers => {
            let id = overview.triggers.selected.as_ref();
            let selected = overview
                .triggers
                .lines()
                .iter()
                .find(|line| Some(&line.id) == id);
            if let Some(line) = selected {
                let width = usize::from(area.width.saturating_sub(2));
                let wrapped = text::wrap(&line.text, width);
                lines.extend(wrapped.into_iter().map(|part| (part, theme.text)));
            }
            selected.map_or_else(|| "Condition".to_owned(), |line| line.head.clone())
        }
        Pane::History => {
            if let Some(row) = overview.history.selected_row() {
                lines = delivery_lines(model, row);
            }
            "Delivery".to_owned()
        }
        Pane::Keys => {
            lines = key_details(model);
            let selected = overview.keys.selected_entry();
            if let (Some(view), Some(entry)) = (&model.session.catalog, selected)
                && let Some(value) = view.data.get(&entry.key)
            {
                let value = value.lines().take(usize::from(area.height));
                let value = value.map(|line| (text::clean_line(line).into_owned(), theme.dim));
                lines.extend(value);
            }
            selected.map_or_else(|| "Key".to_owned(), |entry| entry.key.clone())
        }
    };
    let inside = frame::draw(buffer, &model.look, shape, area, &title, "", false);
    draw_lines(&lines, inside, buffer);
}

fn delivery_lines(model: &Model, row: &Delivery) -> Vec<(String, Style)> {
    let theme = &model.look.theme;
    let mark = Mark::from(row.state);
    let mut lines = vec![
        (delivery::summary(row), theme.text),
        (format!("{} {}", mark.glyph(), row.state), theme.mark(mark)),
    ];
    let mut facts = Vec::new();
    if let Some(status) = row.status {
        facts.push(format!("status {status}"));
    }
    if let Some(took) = row.took_ms {
        facts.push(format!("took {}", clock::took(took)));
    }
    facts.push(text::plural(u64::from(row.attempts), "try", "tries"));
    if let Some(next) = row.next_ms {
        facts.push(format!(
            "next {}",
            clock::time(next, model.now_ms, &model.zone)
        ));
    }
    facts.push(format!("cause {}", row.new.cause.word()));
    if row.patched_ms.is_some() {
        facts.push("dedup written".to_owned());
    }
    if row.possibly_repeated {
        facts.push("possibly repeated".to_owned());
    }
    lines.push((facts.join("  "), theme.text));
    for text in [&row.error, &row.detail] {
        if !text.is_empty() {
            lines.push((text.clone(), theme.warn));
        }
    }
    lines
}
