//! A question before something is written, sent or lost. "No" has the focus.

use super::text_view::{TextView, Tone};
use super::{cells, frame};
use crate::engine::Command;
use crate::tui::draft::{Draft, DraftId};
use crate::tui::manifest::ConfigExport;
use crate::tui::model::{Model, Purpose};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What "yes" does.
#[derive(Clone, Debug)]
pub enum Then {
    /// Gives a command to the engine.
    Command(Command, Purpose),
    /// Goes on with what is done to many, by its number.
    Bulk(u64),
    /// Throws a draft away.
    Discard(DraftId),
    /// Goes on with applying a draft that has errors.
    ApplyAnyway(DraftId),
    /// Replaces a file.
    Overwrite(Box<ConfigExport>),
    /// Makes a draft of the version with this number, in place of another draft.
    Restore(i64, Box<Draft>),
    /// Leaves.
    Quit,
}

/// The question.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// What is about to happen.
    pub title: String,
    /// Exactly what, line by line.
    pub view: TextView,
    /// The word on the button.
    pub yes: String,
    /// "Yes" has the focus.
    pub accept: bool,
    /// What "yes" does.
    pub then: Then,
}

impl Confirm {
    /// A question with the focus on "no".
    pub fn new(title: &str, lines: Vec<(Tone, String)>, yes: &str, then: Then) -> Self {
        Self {
            title: title.to_owned(),
            view: TextView::toned(lines),
            yes: yes.to_owned(),
            accept: false,
            then,
        }
    }
}

/// The place of an overlay: centred, at most this large.
pub fn centred(model: &Model, width: u16, height: u16) -> Rect {
    let width = width.min(model.width);
    let height = height.min(model.height);
    let x = (model.width - width) / 2;
    let y = (model.height - height) / 2;
    Rect::new(x, y, width, height)
}

/// Rows of the lines that are visible at once.
pub fn rows(model: &Model, confirm: &Confirm) -> usize {
    usize::from(area(model, confirm).height.saturating_sub(4))
}

fn area(model: &Model, confirm: &Confirm) -> Rect {
    let lines = u16::try_from(confirm.view.len()).unwrap_or(u16::MAX);
    let width = model.width.saturating_sub(4).clamp(1, 84);
    centred(
        model,
        width,
        lines
            .saturating_add(4)
            .min(model.height.saturating_sub(2))
            .max(3),
    )
}

/// Draws the question in front of everything.
pub fn draw(model: &Model, confirm: &Confirm, buffer: &mut Buffer) {
    let area = area(model, confirm);
    cells::clear(buffer, area);
    let theme = &model.look.theme;
    let height = rows(model, confirm);
    let facts = if confirm.view.len() > height {
        confirm.view.place(height)
    } else {
        String::new()
    };
    let inside = frame::boxed(buffer, &model.look, area, &confirm.title, &facts, true);
    if inside.is_empty() {
        return;
    }
    let body = Rect::new(
        inside.x,
        inside.y,
        inside.width,
        inside.height.saturating_sub(2),
    );
    confirm.view.draw(buffer, &model.look, body);
    let y = inside.bottom() - 1;
    let no = " No ";
    let yes = format!(" {} ", confirm.yes);
    let (no_style, yes_style) = if confirm.accept {
        (theme.text, theme.selected)
    } else {
        (theme.selected, theme.text)
    };
    let cursor = |here: bool| if here { ">" } else { " " };
    cells::put_pieces(
        buffer,
        Rect::new(inside.x, y, inside.width, 1),
        &[
            (cursor(!confirm.accept), theme.strong),
            (no, no_style),
            ("  ", theme.text),
            (cursor(confirm.accept), theme.strong),
            (&yes, yes_style),
        ],
    );
}
