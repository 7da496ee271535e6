//! A question before something is written, sent or lost. "No" has the focus. In a protected context
//! there is no "yes" for what writes or sends: the name of the context is typed.

use super::text_view::{TextView, Tone};
use super::{cells, frame, prompt};
use crate::engine::Command;
use crate::tui::draft::{Draft, DraftId};
use crate::tui::input_line::InputLine;
use crate::tui::manifest::ConfigExport;
use crate::tui::model::{Model, Purpose};
use crate::tui::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::borrow::Cow;

/// Rows of a terminal that has room for an empty one within a question.
const ROOMY: u16 = 16;

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

impl Then {
    /// Whether it writes to the cluster or sends. What only leaves, loses something local, or leads
    /// to another question does not.
    pub fn is_dangerous(&self) -> bool {
        match self {
            Self::Command(command, _) => command.writes(),
            Self::Bulk(_) => true,
            Self::Discard(_)
            | Self::ApplyAnyway(_)
            | Self::Overwrite(_)
            | Self::Restore(..)
            | Self::Quit => false,
        }
    }
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
    /// What was typed of the name that answers it, where one does.
    pub typed: InputLine,
    /// Another name was given as the answer.
    pub mistyped: bool,
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
            typed: InputLine::default(),
            mistyped: false,
            then,
        }
    }
}

/// The name that has to be typed to answer the question with "yes"; `None` where a key is enough.
pub fn name_to_type<'m>(model: &'m Model, confirm: &Confirm) -> Option<Cow<'m, str>> {
    (model.session.protected && confirm.then.is_dangerous()).then(|| model.context_name())
}

/// A line as several ones that fit into a question on this terminal.
pub fn wrapped(model: &Model, tone: Tone, line: &str) -> Vec<(Tone, String)> {
    let lines = text::wrap(line, usize::from(width(model).saturating_sub(2)));
    lines.into_iter().map(|line| (tone, line)).collect()
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
    let below = answer_rows(model, confirm).saturating_add(2);
    usize::from(area(model, confirm).height.saturating_sub(below))
}

fn width(model: &Model) -> u16 {
    model.width.saturating_sub(4).clamp(1, 84)
}

/// What to type, or that it was something else, as lines; none where there are buttons.
fn instruction(model: &Model, confirm: &Confirm) -> Vec<String> {
    let Some(name) = name_to_type(model, confirm) else {
        return Vec::new();
    };
    let text = if confirm.mistyped {
        format!("nothing was done: that is not {name}")
    } else {
        format!("type {name} and Enter:")
    };
    let mut lines = text::wrap(&text, usize::from(width(model).saturating_sub(2)));
    // One line of the question and the typed one stay in sight.
    lines.truncate(usize::from(model.height.saturating_sub(6)).max(1));
    lines
}

/// Rows below the lines: the buttons, or what to type and what was typed.
fn answer_rows(model: &Model, confirm: &Confirm) -> u16 {
    let instruction = u16::try_from(instruction(model, confirm).len()).unwrap_or(u16::MAX);
    let blank = u16::from(instruction == 0 || model.height >= ROOMY);
    instruction.saturating_add(blank).saturating_add(1)
}

fn area(model: &Model, confirm: &Confirm) -> Rect {
    let lines = u16::try_from(confirm.view.len()).unwrap_or(u16::MAX);
    let below = answer_rows(model, confirm).saturating_add(2);
    centred(
        model,
        width(model),
        lines
            .saturating_add(below)
            .min(model.height.saturating_sub(2))
            .max(3),
    )
}

/// Draws the question in front of everything.
pub fn draw(model: &Model, confirm: &Confirm, buffer: &mut Buffer) {
    let area = area(model, confirm);
    cells::clear(buffer, area);
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
        inside.height.saturating_sub(answer_rows(model, confirm)),
    );
    confirm.view.draw(buffer, &model.look, body);
    if name_to_type(model, confirm).is_some() {
        draw_typed(model, confirm, inside, buffer);
    } else {
        draw_buttons(model, confirm, inside, buffer);
    }
}

/// The last rows of a question that is answered by a name.
fn draw_typed(model: &Model, confirm: &Confirm, inside: Rect, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let style = if confirm.mistyped {
        theme.bad
    } else {
        theme.warn
    };
    let last = Rect::new(inside.x, inside.bottom() - 1, inside.width, 1);
    let instruction = instruction(model, confirm);
    for (above, line) in instruction.iter().rev().enumerate() {
        let above = u16::try_from(above).unwrap_or(u16::MAX).saturating_add(1);
        let Some(y) = last.y.checked_sub(above).filter(|y| *y >= inside.y) else {
            break;
        };
        cells::put(buffer, inside.x, y, inside.width, line, style);
    }
    prompt::draw_line(
        buffer,
        last,
        "> ",
        &confirm.typed,
        theme.strong,
        theme.selected,
    );
}

fn draw_buttons(model: &Model, confirm: &Confirm, inside: Rect, buffer: &mut Buffer) {
    let theme = &model.look.theme;
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
