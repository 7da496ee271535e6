//! The pane beside (or below) the text: how each check went, the findings, the difference.

use super::state::{Editor, Focus, Step, live_version};
use crate::check::PartState;
use crate::domain::Severity;
use crate::tui::layout::{self, Shape};
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Theme;
use crate::tui::widgets::text_view::TextView;
use crate::tui::widgets::{cells, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub(super) fn status(editor: &Editor) -> (Severity, String) {
    if let Some(replacing) = &editor.replacing {
        let question = format!(
            "replace this by '{}'? y yes  n no  a all {}  Esc ends",
            replacing.with, replacing.left
        );
        return (Severity::Warning, question);
    }
    match (&editor.step, &editor.message) {
        (Step::Judging, _) => (Severity::Info, "looking for mistakes ...".to_owned()),
        (Step::Checking(_), _) => (Severity::Info, "the server checks the draft ...".to_owned()),
        (Step::Applying(_), _) => (Severity::Info, "the server writes the draft ...".to_owned()),
        (_, Some((severity, message))) => (*severity, message.clone()),
        (_, None) => (Severity::Info, findings(editor)),
    }
}

/// How many findings there are, in words.
pub(super) fn findings(editor: &Editor) -> String {
    let checks = &editor.checks;
    if checks.of.is_none() {
        return "not checked yet".to_owned();
    }
    let (errors, warnings) = (
        checks.count(Severity::Error),
        checks.count(Severity::Warning),
    );
    let mut parts = Vec::new();
    if errors > 0 {
        parts.push(text::plural(errors as u64, "error", "errors"));
    }
    if warnings > 0 {
        parts.push(text::plural(warnings as u64, "warning", "warnings"));
    }
    let found = if parts.is_empty() {
        "no findings".to_owned()
    } else {
        parts.join(", ")
    };
    match editor.is_changed() {
        true => found,
        false => format!("as it is in the cluster: {found}"),
    }
}

fn glyph(state: PartState, theme: &Theme) -> (&'static str, Style) {
    match state {
        PartState::Good => ("+", theme.good),
        PartState::Doubtful => ("!", theme.warn),
        PartState::Bad => ("x", theme.bad),
        PartState::Unknown => ("-", theme.dim),
    }
}

/// Writes lines from the top until the area is full.
struct Pen<'b> {
    buffer: &'b mut Buffer,
    area: Rect,
    y: u16,
}

impl Pen<'_> {
    fn line(&mut self, content: &str, style: Style) {
        let width = usize::from(self.area.width);
        for part in text::wrap(content, width) {
            if self.y < self.area.bottom() {
                cells::put(
                    self.buffer,
                    self.area.x,
                    self.y,
                    self.area.width,
                    &part,
                    style,
                );
                self.y += 1;
            }
        }
    }

    fn rest(&self) -> Rect {
        let height = self.area.bottom().saturating_sub(self.y);
        Rect::new(self.area.x, self.y, self.area.width, height)
    }
}

pub(super) fn draw(model: &Model, editor: &Editor, area: Rect, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let theme = &model.look.theme;
    let difference = editor.difference();
    let focused = editor.focus == Focus::Checks;
    let mut facts = format!("+{} -{}", difference.added, difference.removed);
    if editor.checks.due.is_some() || editor.checks.running.is_some() {
        facts = format!("checking ...  {facts}");
    }
    let title = "Checks and changes";
    let inside = frame::draw(buffer, &model.look, shape, area, title, &facts, focused);
    let mut pen = Pen {
        buffer,
        area: inside,
        y: inside.y,
    };
    let (severity, message) = status(editor);
    pen.line(&message, theme.severity(severity));
    parts(editor, shape, theme, &mut pen);
    if let Some(reason) = &model.session.no_config_write {
        pen.line(&format!("sandbox: {reason}"), theme.warn);
    }
    list(editor, theme, &mut pen);
    let moved = live_version(model).is_some_and(|live| Some(live) != editor.base.as_deref());
    if moved {
        let text = "the ConfigMap has changed in the cluster since this draft began";
        pen.line(text, theme.warn);
    }
    if let Some(keeper) = crate::tui::update::gitops::keeper(model) {
        let text = format!("kept by {keeper}: an edit will be undone; :export writes it to a file");
        pen.line(&text, theme.warn);
    }
    if let Some(number) = difference.hidden {
        pen.line(
            &format!("line {number} has characters that can't be seen"),
            theme.warn,
        );
    }
    if pen.y > inside.y {
        pen.line("", theme.text);
    }
    let rest = pen.rest();
    if rest.is_empty() {
        return;
    }
    if difference.lines.is_empty() {
        cells::put(buffer, rest.x, rest.y, rest.width, "no changes", theme.dim);
    } else {
        let lines = difference
            .lines
            .iter()
            .take(usize::from(rest.height))
            .cloned();
        TextView::toned(lines).draw(buffer, &model.look, rest);
    }
}

/// How each part of the look went: one a line where there is room, else side by side.
fn parts(editor: &Editor, shape: Shape, theme: &Theme, pen: &mut Pen<'_>) {
    let parts = &editor.checks.shown.parts;
    if shape == Shape::Four {
        for part in parts {
            let (glyph, style) = glyph(part.state, theme);
            if pen.y < pen.area.bottom() {
                let line = Rect::new(pen.area.x, pen.y, pen.area.width, 1);
                let name = format!(" {:<9} ", part.name);
                let pieces = [
                    (glyph, style),
                    (&*name, theme.strong),
                    (&*part.text, theme.text),
                ];
                cells::put_pieces(pen.buffer, line, &pieces);
                pen.y += 1;
            }
        }
        return;
    }
    let mut x = pen.area.x;
    for part in parts {
        let (glyph, style) = glyph(part.state, theme);
        let told = match part.state {
            PartState::Good | PartState::Unknown => String::new(),
            PartState::Doubtful | PartState::Bad => format!(": {}", part.text),
        };
        let name = format!(" {}{told}", part.name);
        let room = pen.area.right().saturating_sub(x);
        if pen.y < pen.area.bottom() && room > 2 {
            let line = Rect::new(x, pen.y, room, 1);
            x += cells::put_pieces(pen.buffer, line, &[(glyph, style), (&*name, theme.text)]) + 2;
        }
    }
    pen.y += u16::from(!parts.is_empty());
}

/// The findings, with the selected one in view.
fn list(editor: &Editor, theme: &Theme, pen: &mut Pen<'_>) {
    let focused = editor.focus == Focus::Checks;
    let findings = &editor.checks.shown.findings;
    // Each takes about two lines.
    let room = usize::from(pen.rest().height).max(2) / 2;
    let skipped = match focused {
        true => editor
            .checks
            .selected
            .saturating_sub(room.saturating_sub(1)),
        false => 0,
    };
    for (index, finding) in findings.iter().enumerate().skip(skipped) {
        if pen.y >= pen.area.bottom() {
            return;
        }
        let cursor = if focused && index == editor.checks.selected {
            ">"
        } else {
            " "
        };
        let glyph = match finding.severity {
            Severity::Error => "x",
            Severity::Warning => "!",
            Severity::Info => ".",
        };
        let place = finding
            .position
            .map_or_else(String::new, |at| format!("{at} "));
        let key = match (&editor.id.key, finding.key.as_str()) {
            (None, key) if !key.is_empty() => format!("{key}: "),
            _ => String::new(),
        };
        let start = pen.y;
        let text = format!("{cursor}{glyph} {place}{key}{}", finding.message);
        pen.line(&text, theme.severity(finding.severity));
        if let Some(help) = &finding.help {
            pen.line(&format!("   {help}"), theme.dim);
        }
        if cursor == ">" {
            for y in start..pen.y {
                cells::shade(pen.buffer, pen.area.x, y, pen.area.width, theme.selected);
            }
        }
    }
}
