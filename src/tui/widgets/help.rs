//! The help: the keys that work here, searched as one types; an entry can be run.

use super::{cells, confirm, footer, frame, prompt};
use crate::tui::action::{Action, Scope};
use crate::tui::input_line::InputLine;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Mark;
use crate::tui::update::availability;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// State of the help.
#[derive(Clone, Debug, Default)]
pub struct Help {
    /// What is searched for.
    pub line: InputLine,
    /// Place of the selected entry.
    pub selected: usize,
}

/// The entries that match: what works on the front screen, inner scopes first.
pub fn entries(model: &Model, help: &Help) -> Vec<(Scope, &'static Action)> {
    let mut scopes = model.screen_scopes();
    scopes.push(Scope::Always);
    let needle = help.line.text().to_lowercase();
    let matches = |action: &&Action| {
        [action.title, action.name, action.help]
            .iter()
            .any(|part| crate::query::contains_folded(part, &needle))
            || model.keymap.has_label(action, help.line.text())
    };
    footer::actions(model, &scopes)
        .into_iter()
        .filter(matches)
        .map(|action| {
            let scope = scopes.iter().find(|scope| action.scopes.contains(scope));
            (scope.copied().unwrap_or(Scope::Global), action)
        })
        .collect()
}

enum Line {
    Head(&'static str),
    Entry(usize),
    Marks,
}

/// Draws the help in front of everything.
pub fn draw(model: &Model, help: &Help, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let entries = entries(model, help);
    let mut lines = Vec::new();
    let mut before = None;
    for (index, (scope, _)) in entries.iter().enumerate() {
        if before != Some(*scope) {
            lines.push(Line::Head(scope.title()));
            before = Some(*scope);
        }
        lines.push(Line::Entry(index));
    }
    lines.push(Line::Marks);
    let width = model.width.saturating_sub(4).clamp(1, 100);
    let rows = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_add(3);
    let area = confirm::centred(
        model,
        width,
        rows.min(model.height.saturating_sub(2)).max(4),
    );
    cells::clear(buffer, area);
    let facts = text::plural(entries.len() as u64, "entry", "entries");
    let inside = frame::boxed(
        buffer,
        &model.look,
        area,
        "Help: type to search",
        &facts,
        true,
    );
    if inside.is_empty() {
        return;
    }
    let input = Rect::new(inside.x, inside.y, inside.width, 1);
    prompt::draw_line(
        buffer,
        input,
        "> ",
        &help.line,
        theme.strong,
        theme.selected,
    );
    let list = Rect::new(inside.x, inside.y + 1, inside.width, inside.height - 1);
    let selected = help.selected.min(entries.len().saturating_sub(1));
    let at = |line: &Line| matches!(line, Line::Entry(index) if *index == selected);
    let place = lines.iter().position(at).unwrap_or(0);
    let height = usize::from(list.height);
    // The selected entry is kept in the middle; the first page begins at the top.
    let top = place
        .saturating_sub(height / 2)
        .min(lines.len().saturating_sub(height));
    for (row, line) in lines.iter().skip(top).take(height).enumerate() {
        let area = Rect::new(list.x, list.y + row as u16, list.width, 1);
        match line {
            Line::Head(title) => {
                cells::put(buffer, area.x, area.y, area.width, title, theme.strong);
            }
            Line::Entry(index) => {
                if let Some((_, action)) = entries.get(*index) {
                    draw_entry(model, action, *index == selected, area, buffer);
                }
            }
            Line::Marks => {
                let marks: Vec<String> = Mark::ALL
                    .iter()
                    .map(|mark| format!("{} {}", mark.glyph(), mark.word()))
                    .collect();
                let marks = marks.join("  ");
                cells::put(buffer, area.x, area.y, area.width, &marks, theme.dim);
            }
        }
    }
}

fn draw_entry(model: &Model, action: &Action, selected: bool, area: Rect, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let reason = availability::reason(model, action.id);
    let style: Style = if reason.is_some() {
        theme.dim
    } else {
        theme.text
    };
    let cursor = if selected { ">" } else { " " };
    let keys = format!("{:<12}", model.keymap.labels(action));
    let keys = text::fit(&keys, 12).into_owned();
    let title = format!("{:<17}", action.title);
    // A few letters of a sentence are worth nothing.
    let is_narrow = area.width < 48;
    let write = if action.writes && !is_narrow {
        "[write] "
    } else {
        ""
    };
    let rest = match &reason {
        _ if is_narrow => String::new(),
        Some(reason) => format!("[off: {reason}]"),
        None => action.help.to_owned(),
    };
    cells::put_pieces(
        buffer,
        area,
        &[
            (cursor, theme.strong),
            (
                &keys,
                if reason.is_some() {
                    theme.dim
                } else {
                    theme.key
                },
            ),
            (" ", style),
            (&title, style),
            (" ", style),
            (write, theme.warn),
            (
                &rest,
                if reason.is_some() {
                    theme.warn
                } else {
                    theme.dim
                },
            ),
        ],
    );
    if selected {
        cells::shade(buffer, area.x, area.y, area.width, theme.selected);
    }
}
