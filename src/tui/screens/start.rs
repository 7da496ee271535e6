//! What is shown before there is an engine: that it starts, or why it can't and what to do.

use crate::tui::action::{self, ActionId};
use crate::tui::layout;
use crate::tui::model::{Model, Phase};
use crate::tui::text;
use crate::tui::widgets::{cells, frame};
use ratatui::buffer::Buffer;
use ratatui::style::Style;

/// Draws the screen.
pub fn draw(model: &Model, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let theme = &model.look.theme;
    let context = match model.session.context.as_str() {
        "" => "the current context".to_owned(),
        name => format!("context {name}"),
    };
    let (title, lines): (&str, Vec<(String, Style)>) = match &model.session.phase {
        Phase::Failed(problem) => {
            let mut lines = vec![
                (
                    format!("No engine could be started on {context}."),
                    theme.bad,
                ),
                (String::new(), theme.text),
                (problem.clone(), theme.text),
                (String::new(), theme.text),
            ];
            for id in [ActionId::Retry, ActionId::Context, ActionId::Quit] {
                if let Some(action) = action::describe(id) {
                    let key = model.keymap.label(action);
                    lines.push((format!("{key:<4} {}", action.help), theme.text));
                }
            }
            ("No connection", lines)
        }
        _ => (
            "Starting",
            vec![(format!("Starting on {context} ..."), theme.text)],
        ),
    };
    let inside = frame::draw(buffer, &model.look, shape, body, title, "", true);
    let mut y = inside.y;
    for (content, style) in lines {
        let wrapped = text::wrap(&content, usize::from(inside.width));
        let parts = if wrapped.is_empty() {
            vec![String::new()]
        } else {
            wrapped
        };
        for part in parts {
            if y >= inside.bottom() {
                return;
            }
            cells::put(buffer, inside.x, y, inside.width, &part, style);
            y += 1;
        }
    }
}
