//! A line being typed, drawn in the place of the path.

use super::cells;
use crate::tui::input_line::InputLine;
use crate::tui::model::{Model, Prompt, PromptFor};
use crate::tui::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Draws text and cursor into `area`'s first line, scrolled so that the cursor is visible.
pub fn draw_line(
    buffer: &mut Buffer,
    area: Rect,
    label: &str,
    line: &InputLine,
    style: Style,
    cursor: Style,
) {
    let used = cells::put(buffer, area.x, area.y, area.width, label, style);
    let room = area.width.saturating_sub(used);
    if room == 0 {
        return;
    }
    // Pasted text may hold what is written out when it is drawn.
    let before = text::width(&text::clean(line.before_cursor()));
    let hidden = before.saturating_sub(usize::from(room - 1));
    let x = area.x + used;
    cells::put(
        buffer,
        x,
        area.y,
        room,
        text::skip(&text::clean(line.text()), hidden),
        style,
    );
    let place = u16::try_from(before - hidden.min(before)).unwrap_or(0);
    cells::shade(buffer, x + place.min(room - 1), area.y, 1, cursor);
}

/// Draws the prompt; what is wrong with its text stands at the right.
pub fn draw(model: &Model, prompt: &Prompt, area: Rect, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let label = match &prompt.purpose {
        PromptFor::Filter(_)
        | PromptFor::EventsFilter
        | PromptFor::ViewsFilter
        | PromptFor::BlastFilter => " filter: ",
        PromptFor::Search => " search: ",
        PromptFor::Editor(purpose) => purpose.label(),
        PromptFor::NewKey => " name of the new key: ",
        PromptFor::Export => " write to (.csv, .json, .jsonl): ",
        PromptFor::ExportConfig => " write ConfigMap to (FILE, or FILE patch): ",
        PromptFor::PickResource => " render for (Tab completes): ",
        PromptFor::PickTemplate => " template (Tab completes): ",
        PromptFor::Try => " try when: ",
        PromptFor::Destination => " send to (service:recipient): ",
    };
    cells::clear(buffer, area);
    let style = theme.strong;
    if let Some(problem) = &prompt.problem {
        let width = u16::try_from(text::width(problem)).unwrap_or(u16::MAX);
        let width = width.min(area.width / 2);
        let left = Rect::new(area.x, area.y, area.width - width, 1);
        draw_line(buffer, left, label, &prompt.line, style, theme.selected);
        cells::put_right(buffer, left.right(), area.y, width, problem, theme.bad);
    } else {
        draw_line(buffer, area, label, &prompt.line, style, theme.selected);
    }
}
