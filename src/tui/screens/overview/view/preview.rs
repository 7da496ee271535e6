//! Below one list: more about what is selected in it.

use super::super::{Pane, empty};
use super::{draw_lines, keys, title, triggers};
use crate::domain::Delivery;
use crate::tui::clock;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::screens::delivery;
use crate::tui::text;
use crate::tui::theme::Mark;
use crate::tui::widgets::frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Below one list: more about what is selected in it.
pub(super) fn preview(model: &Model, area: Rect, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let theme = &model.look.theme;
    let overview = &model.overview;
    if overview.pane == Pane::Resources {
        let title = title(model, Pane::Triggers);
        let inside = frame::draw(buffer, &model.look, shape, area, &title, "", false);
        match empty::advice(model, Pane::Triggers) {
            Some(advice) => empty::draw(model, &advice, inside, buffer),
            None => triggers::lines(model, inside, false, buffer),
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
            lines = keys::details(model);
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
