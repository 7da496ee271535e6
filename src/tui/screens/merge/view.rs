//! Drawing a merge: the keys above, the versions below, side by side where there is room.

use super::{Entry, MergeScreen, Outcome, Side};
use crate::tui::layout::{self, Shape};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Theme;
use crate::tui::widgets::{cells, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Rows that the list may take, with its border.
const LIST: u16 = 9;

/// The list of keys, and the place of the texts.
fn areas(model: &Model, screen: &MergeScreen) -> (Rect, Rect) {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let border = if shape == Shape::One { 0 } else { 2 };
    let wanted = u16::try_from(screen.entries.len()).unwrap_or(u16::MAX);
    let most = LIST.min(body.height / 3).max(1 + border);
    let above = wanted.saturating_add(border).clamp(1 + border, most);
    let list = Rect::new(body.x, body.y, body.width, above);
    let rest = Rect::new(
        body.x,
        list.bottom(),
        body.width,
        body.height.saturating_sub(above),
    );
    (list, rest)
}

/// Rows of the list of keys.
pub fn list_rows(model: &Model, screen: &MergeScreen) -> usize {
    let shape = layout::shape(model.width, model.height);
    usize::from(layout::inside(shape, areas(model, screen).0).height)
}

/// Rows of a text.
pub fn text_rows(model: &Model, screen: &MergeScreen) -> usize {
    let shape = layout::shape(model.width, model.height);
    let inside = layout::inside(shape, areas(model, screen).1);
    usize::from(inside.height.saturating_sub(u16::from(shape == Shape::One)))
}

fn style(theme: &Theme, entry: &Entry) -> Style {
    match (entry.choice, entry.outcome) {
        (None, _) => theme.bad,
        (Some(_), Outcome::Conflict) => theme.warn,
        (Some(_), Outcome::Merged | Outcome::OnlyMine) => theme.good,
        (Some(_), Outcome::Same | Outcome::OnlyLive) => theme.dim,
    }
}

fn glyph(entry: &Entry) -> &'static str {
    match (entry.choice, entry.outcome) {
        (None, _) => "x",
        (Some(_), Outcome::Conflict) => "!",
        (Some(_), Outcome::Merged) => "~",
        (Some(_), Outcome::OnlyMine) => "+",
        (Some(_), Outcome::Same) => "=",
        (Some(_), Outcome::OnlyLive) => ".",
    }
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &MergeScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let (list, texts) = areas(model, screen);
    let theme = &model.look.theme;
    let title = format!("Merge {} with rv {}", screen.id.title(), screen.version);
    let facts = match screen.open() {
        0 => "nothing is open: Enter takes the result".to_owned(),
        open => format!(
            "{} to choose",
            text::plural(open as u64, "conflict", "conflicts")
        ),
    };
    let inside = frame::draw(buffer, &model.look, shape, list, &title, &facts, true);
    let height = usize::from(inside.height);
    let top = screen.selected.saturating_sub(height.saturating_sub(1));
    for (line, (place, entry)) in screen
        .entries
        .iter()
        .enumerate()
        .skip(top)
        .take(height)
        .enumerate()
    {
        let y = inside.y + u16::try_from(line).unwrap_or(u16::MAX);
        let area = Rect::new(inside.x, y, inside.width, 1);
        let selected = place == screen.selected;
        let word = format!("{:<12}", entry.word());
        let style = style(theme, entry);
        cells::put_pieces(
            buffer,
            area,
            &[
                (if selected { ">" } else { " " }, theme.strong),
                (glyph(entry), style),
                (" ", theme.text),
                (&word, style),
                (" ", theme.text),
                (&entry.key, theme.text),
            ],
        );
        if selected {
            cells::shade(buffer, area.x, y, area.width, theme.selected);
        }
    }
    if texts.is_empty() {
        return;
    }
    if shape == Shape::Four {
        columns(model, screen, texts, buffer);
    } else {
        tabs(model, screen, texts, buffer);
    }
}

fn name(screen: &MergeScreen, side: Side) -> String {
    match side {
        Side::Base if screen.base_version.is_empty() => "Base: none".to_owned(),
        Side::Base => format!("Base rv {}", screen.base_version),
        Side::Live => format!("Live rv {}", screen.version),
        Side::Mine | Side::Result => side.title().to_owned(),
    }
}

fn columns(model: &Model, screen: &MergeScreen, area: Rect, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    // The result takes the place of the base once somebody looks at it.
    let shown = [
        if screen.side == Side::Result {
            Side::Result
        } else {
            Side::Base
        },
        Side::Live,
        Side::Mine,
    ];
    let third = area.width / 3;
    for (place, side) in shown.into_iter().enumerate() {
        let x = area.x + third * u16::try_from(place).unwrap_or(0);
        let width = if place == 2 { area.right() - x } else { third };
        let column = Rect::new(x, area.y, width, area.height);
        let mut view = screen.view(side);
        let inside = layout::inside(Shape::Four, column);
        let height = usize::from(inside.height);
        let facts = view.place(height);
        let focused = side == screen.side;
        let title = name(screen, side);
        let inside = frame::draw(
            buffer,
            &model.look,
            Shape::Four,
            column,
            &title,
            &facts,
            focused,
        );
        view.scroll(i64::try_from(screen.top).unwrap_or(i64::MAX), height);
        if view.is_empty() {
            cells::put(buffer, inside.x, inside.y, inside.width, "empty", theme.dim);
        }
        view.draw(buffer, &model.look, inside);
    }
}

fn tabs(model: &Model, screen: &MergeScreen, area: Rect, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let theme = &model.look.theme;
    let titles: Vec<String> = Side::ALL
        .iter()
        .map(|side| {
            let title = name(screen, *side);
            if *side == screen.side {
                format!("[{title}]")
            } else {
                title
            }
        })
        .collect();
    let title = titles.join(" ");
    let mut view = screen.view(screen.side);
    let mut inside = frame::draw(buffer, &model.look, shape, area, &title, "", true);
    if shape == Shape::One {
        let title = format!("[{}] Tab: other versions", screen.side.title());
        cells::put(
            buffer,
            inside.x,
            inside.y,
            inside.width,
            &title,
            theme.strong,
        );
        inside.y += 1;
        inside.height = inside.height.saturating_sub(1);
    }
    view.scroll(
        i64::try_from(screen.top).unwrap_or(i64::MAX),
        usize::from(inside.height),
    );
    view.draw(buffer, &model.look, inside);
}
