//! Drawing the screen of a resource.

use super::{LineKey, OutlineLine, ResourceScreen, Side};
use crate::tui::clock;
use crate::tui::layout::{self, Shape};
use crate::tui::model::Model;
use crate::tui::screens::delivery;
use crate::tui::text;
use crate::tui::theme::Mark;
use crate::tui::widgets::{cells, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Where the parts are, in the order of [`Side::ALL`]; those that are not shown are empty. With
/// little room only the part with the focus is there.
pub fn areas(model: &Model, side: Side) -> [Rect; 4] {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let mut areas = [Rect::default(); 4];
    let place = |side: Side| Side::ALL.iter().position(|s| *s == side).unwrap_or(0);
    if shape != Shape::Four {
        areas[place(side)] = body;
        return areas;
    }
    let lower = (body.height / 4).clamp(5, 14);
    let upper = body.height - lower;
    let left = body.width - body.width * 2 / 5;
    areas[place(Side::Explain)] = Rect::new(body.x, body.y, left, upper);
    let right = Rect::new(body.x + left, body.y, body.width - left, upper);
    let beside = if side == Side::Dedup {
        Side::Dedup
    } else {
        Side::Object
    };
    areas[place(beside)] = right;
    areas[place(Side::Deliveries)] = Rect::new(body.x, body.y + upper, body.width, lower);
    areas
}

/// Rows and cells of the parts' insides, in the order of [`Side::ALL`]; of parts that are not
/// shown what they would have.
pub fn list_rows(model: &Model, side: Side) -> ([usize; 4], usize) {
    let shape = layout::shape(model.width, model.height);
    let shown = areas(model, side);
    let mut heights = [0; 4];
    let mut width = 0;
    for (place, part) in Side::ALL.into_iter().enumerate() {
        let mut area = shown[place];
        if area.is_empty() {
            area = areas(model, part)[place];
        }
        let inside = layout::inside(shape, area);
        heights[place] = usize::from(inside.height);
        if part == Side::Explain {
            width = usize::from(inside.width);
        }
    }
    (heights, width)
}

/// The parts with their sizes, the one with the focus in brackets.
pub fn tabs(screen: &ResourceScreen) -> String {
    let tabs = Side::ALL.map(|side| {
        let label = match side {
            Side::Dedup => format!("{} {}", side.title(), screen.entries().len()),
            Side::Deliveries => format!("{} {}", side.title(), screen.deliveries().len()),
            _ => side.title().to_owned(),
        };
        if side == screen.side {
            format!("[{label}]")
        } else {
            label
        }
    });
    tabs.join("  ")
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &ResourceScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let shown = areas(model, screen.side);
    for (place, side) in Side::ALL.into_iter().enumerate() {
        let area = shown[place];
        if area.is_empty() {
            continue;
        }
        let focused = side == screen.side;
        let (title, facts) = title(screen, side, shape, area);
        let inside = frame::draw(buffer, &model.look, shape, area, &title, &facts, focused);
        if inside.is_empty() {
            continue;
        }
        match side {
            Side::Explain => explain(model, screen, inside, focused, buffer),
            Side::Object => object(model, screen, inside, buffer),
            Side::Dedup => dedup(model, screen, inside, focused, buffer),
            Side::Deliveries => deliveries(model, screen, inside, focused, buffer),
        }
    }
}

fn title(screen: &ResourceScreen, side: Side, shape: Shape, area: Rect) -> (String, String) {
    let facts = match side {
        Side::Explain => {
            let lines = screen.lines().len();
            let version = screen.explained().map_or_else(String::new, |explained| {
                format!("rv {}  ", explained.explanation.inspection.resource_version)
            });
            let place = (screen.window.position + 1).min(lines);
            format!("{version}{place}/{lines}")
        }
        Side::Object => {
            let rows = usize::from(layout::inside(shape, area).height);
            screen.object().place(rows)
        }
        Side::Dedup => format!("{} of 100", screen.entries().len()),
        Side::Deliveries => text::count(screen.deliveries().len() as u64),
    };
    let title = match side {
        Side::Explain if screen.trial.is_some() => "Try".to_owned(),
        Side::Explain => format!("{} {}", side.title(), screen.key),
        Side::Object => "Object: > is read by the condition".to_owned(),
        Side::Dedup => "Dedup entries".to_owned(),
        Side::Deliveries => "Deliveries of this resource".to_owned(),
    };
    (title, facts)
}

/// What stands in the place of a part that has nothing to show.
fn remark(model: &Model, screen: &ResourceScreen, inside: Rect, none: &str, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let (content, style) = match (&screen.problem, screen.explained()) {
        (Some(problem), None) => (problem.as_str(), theme.bad),
        (None, None) => ("evaluating ...", theme.dim),
        _ => (none, theme.dim),
    };
    for (row, part) in text::wrap(content, usize::from(inside.width))
        .into_iter()
        .take(usize::from(inside.height))
        .enumerate()
    {
        let y = inside.y + u16::try_from(row).unwrap_or(u16::MAX);
        cells::put(buffer, inside.x, y, inside.width, &part, style);
    }
}

fn line_at(inside: Rect, row: usize) -> Rect {
    let row = u16::try_from(row).unwrap_or(u16::MAX);
    Rect::new(inside.x, inside.y.saturating_add(row), inside.width, 1)
}

fn shade(model: &Model, line: Rect, focused: bool, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let style = if focused {
        theme.selected
    } else {
        theme.marked
    };
    cells::shade(buffer, line.x, line.y, line.width, style);
}

fn explain(
    model: &Model,
    screen: &ResourceScreen,
    inside: Rect,
    focused: bool,
    buffer: &mut Buffer,
) {
    let lines = screen.lines();
    if lines.is_empty() {
        remark(model, screen, inside, "nothing to explain", buffer);
        return;
    }
    let visible = screen
        .window
        .visible(lines.len(), usize::from(inside.height));
    for (row, place) in visible.enumerate() {
        let Some(line) = lines.get(place) else { return };
        let area = line_at(inside, row);
        let selected = screen.selected.as_ref() == Some(&line.key);
        draw_line(model, line, area, selected, buffer);
        if selected {
            shade(model, area, focused, buffer);
        }
    }
}

fn draw_line(model: &Model, line: &OutlineLine, area: Rect, selected: bool, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let cursor = if selected { ">" } else { " " };
    let indent = " ".repeat(2 * line.depth.min(20));
    let fold = match line.open {
        Some(true) => "v ",
        Some(false) => "> ",
        None => "  ",
    };
    // The word of what decided stands at the line, colour only repeats it.
    let cause = if line.cause { "<- decides: " } else { "" };
    let tone = theme.tone(line.tone);
    let mark = line.mark.map(|mark| (mark.glyph(), theme.mark(mark)));
    let mut used = cells::put_pieces(
        buffer,
        area,
        &[
            (cursor, theme.strong),
            (&indent, theme.text),
            (fold, theme.dim),
            mark.map_or(("", theme.text), |mark| mark),
            (if mark.is_some() { " " } else { "" }, theme.text),
        ],
    );
    let head_style = if line.depth == 0 {
        theme.strong
    } else if line.value.is_empty() {
        tone
    } else {
        theme.text
    };
    if let LineKey::Note(_) = line.key {
        let head = format!("{:<8}", line.head);
        let rest = Rect::new(area.x + used, area.y, area.width - used, 1);
        cells::put_pieces(buffer, rest, &[(&head, theme.dim), (&line.value, tone)]);
        return;
    }
    if line.value.is_empty() {
        let rest = Rect::new(area.x + used, area.y, area.width - used, 1);
        cells::put_pieces(buffer, rest, &[(&line.head, head_style)]);
        return;
    }
    // Values stand below one another as far as there is room: in one of two columns.
    let wanted = u16::try_from(text::width(&text::clean(&line.value))).unwrap_or(u16::MAX);
    let wanted = wanted.saturating_add(if line.cause { 14 } else { 2 });
    let column = match line.key {
        LineKey::Target { .. } => area.width / 3,
        _ if wanted <= area.width - area.width * 7 / 10 => area.width * 7 / 10,
        _ => area.width / 2,
    };
    let head = text::clean(&line.head);
    let room = area.width.saturating_sub(used);
    let most = column.saturating_sub(used).saturating_sub(1).max(room / 4);
    let head = text::fit(&head, usize::from(most));
    let x = area.x + used;
    let head_cells = cells::put(buffer, x, area.y, room, &head, head_style);
    used += head_cells;
    let dots = column.saturating_sub(used).saturating_sub(1);
    if dots > 1 {
        let leader = format!(" {}", ".".repeat(usize::from(dots - 1)));
        used += cells::put(
            buffer,
            area.x + used,
            area.y,
            area.width.saturating_sub(used),
            &leader,
            theme.dim,
        );
    }
    let rest = Rect::new(area.x + used, area.y, area.width.saturating_sub(used), 1);
    cells::put_pieces(
        buffer,
        rest,
        &[(" ", theme.text), (cause, theme.bad), (&line.value, tone)],
    );
}

fn object(model: &Model, screen: &ResourceScreen, inside: Rect, buffer: &mut Buffer) {
    if screen.explained().is_none() {
        remark(model, screen, inside, "", buffer);
    } else {
        screen.object().draw(buffer, &model.look, inside);
    }
}

fn dedup(model: &Model, screen: &ResourceScreen, inside: Rect, focused: bool, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let entries = screen.entries();
    if entries.is_empty() {
        remark(
            model,
            screen,
            inside,
            "no entries: nothing was sent yet",
            buffer,
        );
        return;
    }
    let visible = screen
        .dedup_window
        .visible(entries.len(), usize::from(inside.height));
    for (row, place) in visible.enumerate() {
        let Some((key, at)) = entries.get(place) else {
            return;
        };
        let area = line_at(inside, row);
        let selected = screen.entry.as_ref() == Some(key);
        let at_ms = at.saturating_mul(1_000);
        let age = format!("{:>4} ", clock::age(at_ms, model.now_ms));
        let time = clock::time(at_ms, model.now_ms, &model.zone);
        let (stale, style) = if screen.is_current(key) {
            ("", theme.text)
        } else {
            ("  (of no present condition)", theme.dim)
        };
        cells::put_pieces(
            buffer,
            area,
            &[
                (if selected { ">" } else { " " }, theme.strong),
                (&age, theme.strong),
                (&time, theme.dim),
                (" ", style),
                (key, style),
                (stale, theme.warn),
            ],
        );
        if selected {
            shade(model, area, focused, buffer);
        }
    }
}

fn deliveries(
    model: &Model,
    screen: &ResourceScreen,
    inside: Rect,
    focused: bool,
    buffer: &mut Buffer,
) {
    let theme = &model.look.theme;
    let rows = screen.deliveries();
    if rows.is_empty() {
        let text = "no deliveries are recorded";
        cells::put(buffer, inside.x, inside.y, inside.width, text, theme.dim);
        return;
    }
    let visible = screen
        .delivery_window
        .visible(rows.len(), usize::from(inside.height));
    for (line, place) in visible.enumerate() {
        let Some(row) = rows.get(place) else { return };
        let area = line_at(inside, line);
        let selected = screen.delivery == Some(row.new.id);
        let mark = Mark::from(row.state);
        let time = clock::time(row.new.created_ms, model.now_ms, &model.zone);
        let outcome = delivery::outcome_text(row, model.now_ms, &model.zone);
        let to = row.new.destination.label();
        let what = if row.new.trigger.is_empty() {
            format!("by {}", row.new.actor)
        } else {
            format!("{} {to}", row.new.trigger)
        };
        cells::put_pieces(
            buffer,
            area,
            &[
                (if selected { ">" } else { " " }, theme.strong),
                (mark.glyph(), theme.mark(mark)),
                (" ", theme.text),
                (&time, theme.dim),
                (" ", theme.text),
                (&what, theme.text),
                ("  ", theme.text),
                (&outcome, theme.mark(mark)),
            ],
        );
        if selected {
            shade(model, area, focused, buffer);
        }
    }
}
