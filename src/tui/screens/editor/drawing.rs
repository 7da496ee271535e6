//! Draws the editor: the text, the pane beside it, the list of candidates.

use super::line::{self, Overlay};
use super::side;
use super::state::{Editor, Focus};
use crate::domain::Severity;
use crate::tui::layout::{self as screen, Shape};
use crate::tui::model::Model;
use crate::tui::widgets::{cells, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Where the parts of the screen are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The text with its frame; empty when the findings take its place.
    pub main: Rect,
    /// The pane beside it; empty where there is no room for it.
    pub side: Rect,
    /// The cells of the text, without gutter.
    pub text: Rect,
}

/// Where the parts of the screen are now.
pub fn layout(model: &Model, editor: &Editor) -> Layout {
    let shape = screen::shape(model.width, model.height);
    let body = screen::areas(model.width, model.height, model.overview.pane, true).body;
    let none = Rect::default();
    let (main, side) = match shape {
        Shape::Four => {
            let left = body.width * 3 / 5;
            let right = Rect::new(body.x + left, body.y, body.width - left, body.height);
            (Rect::new(body.x, body.y, left, body.height), right)
        }
        Shape::Tabs if body.height >= 14 => {
            let below = (body.height / 3).max(5);
            let upper = Rect::new(body.x, body.y, body.width, body.height - below);
            (upper, Rect::new(body.x, upper.bottom(), body.width, below))
        }
        _ if editor.focus == Focus::Checks => (none, body),
        _ => (body, none),
    };
    let inside = screen::inside(shape, main);
    let gutter = line::gutter(editor).min(inside.width);
    let text = Rect::new(
        inside.x + gutter,
        inside.y,
        inside.width - gutter,
        inside.height,
    );
    Layout { main, side, text }
}

/// What the header says of the editor: what is edited, and the findings.
pub fn title(editor: &Editor) -> String {
    let found = side::findings(editor);
    match &editor.id.key {
        Some(key) => format!("editor {key}  {found}"),
        None => format!(
            "editor {}  comments do not survive in a ConfigMap  {found}",
            editor.id.title()
        ),
    }
}

/// Draws the screen.
pub fn draw(model: &Model, editor: &Editor, buffer: &mut Buffer) {
    let parts = layout(model, editor);
    if !parts.main.is_empty() {
        draw_main(model, editor, &parts, buffer);
    }
    if !parts.side.is_empty() {
        side::draw(model, editor, parts.side, buffer);
    }
}

fn facts(editor: &Editor) -> String {
    let mut facts = Vec::new();
    if let Some(vim) = &editor.vim {
        facts.push(vim.mode().word().to_owned());
        let pending = vim.pending();
        if !pending.is_empty() {
            facts.push(pending);
        }
    }
    if !editor.search.wanted.is_empty() {
        let (number, all) = editor.search.place(editor.buffer.cursor());
        facts.push(format!("/{} {number} of {all}", editor.search.wanted));
    }
    facts.push(match &editor.base {
        Some(base) => format!("draft of rv {base}"),
        None => "draft of a new ConfigMap".to_owned(),
    });
    facts.join("  ")
}

fn draw_main(model: &Model, editor: &Editor, parts: &Layout, buffer: &mut Buffer) {
    let shape = screen::shape(model.width, model.height);
    let changed = if editor.is_changed() { "*" } else { "" };
    let title = format!(
        "{}{changed}  {}",
        editor.id.title(),
        editor.buffer.position()
    );
    let focused = editor.focus == Focus::Text;
    let look = &model.look;
    let inside = frame::draw(
        buffer,
        look,
        shape,
        parts.main,
        &title,
        &facts(editor),
        focused,
    );
    let gutter = inside.width.saturating_sub(parts.text.width);
    let over = Overlay {
        selection: editor.buffer.selection(),
        brackets: editor.buffer.brackets(),
    };
    let mut cursor = None;
    let mut y = inside.y;
    let mut number = editor.top;
    while y < inside.bottom() && number < editor.buffer.lines().len() {
        let row = Rect::new(inside.x, y, gutter, 1);
        line::draw_gutter(buffer, look, editor, row, number);
        let row = Rect::new(parts.text.x, y, parts.text.width, 1);
        let cell = line::draw_text(buffer, look, editor, row, number, &over);
        cursor = cell.map(|x| (x, y)).or(cursor);
        y += 1;
        for finding in editor.checks.of_line(number).take(line::MESSAGES) {
            if y < inside.bottom() {
                let row = Rect::new(parts.text.x, y, parts.text.width, 1);
                line::draw_finding(buffer, look, editor, row, finding);
                y += 1;
            }
        }
        number += 1;
    }
    if let Some((x, y)) = cursor.filter(|_| focused) {
        // A reversed cell, so that it is seen on selected text and without colour, too.
        cells::shade(
            buffer,
            x,
            y,
            1,
            look.theme
                .selected
                .add_modifier(ratatui::style::Modifier::REVERSED),
        );
        if let Some(popup) = &editor.popup {
            popup.draw(buffer, look, inside, (x, y));
        }
    }
}

/// The message of the editor in one line, for screens without the side pane.
pub fn message(editor: &Editor) -> (Severity, String) {
    side::status(editor)
}
