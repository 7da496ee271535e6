//! The editor: one draft in a text area, its difference to the cluster, and how applying it goes.

use crate::check::Verdict;
use crate::domain::Severity;
use crate::tui::draft::{Draft, DraftId};
use crate::tui::key::{Code, Key};
use crate::tui::layout::{self, Shape};
use crate::tui::message::RequestId;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::{Look, Theme};
use crate::tui::widgets::text_view::{TextView, Tone};
use crate::tui::widgets::{cells, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget as _;
use serde::Deserialize;
use similar::{ChangeTag, TextDiff};
use std::collections::BTreeMap;
use std::time::Duration;
use tui_textarea::{CursorMove, Input, TextArea};

/// How far applying is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Not begun.
    Editing,
    /// Mistakes are looked for.
    Judging,
    /// The server checks.
    Checking(RequestId),
    /// The question is on the screen.
    Asking,
    /// The server writes.
    Applying(RequestId),
}

/// State of the screen.
pub struct Editor {
    /// What is edited.
    pub id: DraftId,
    /// The text.
    pub area: TextArea<'static>,
    /// resourceVersion that the draft is based on; `None` when the ConfigMap did not exist.
    pub base: Option<String>,
    /// The text that it is based on; `None` when the key did not exist.
    pub base_text: Option<String>,
    /// How far applying is.
    pub step: Step,
    /// What came of the last check or write.
    pub message: Option<(Severity, String)>,
    /// What a look at the text has shown, until it changes.
    pub verdict: Verdict,
    /// Changed since it was last kept, first at this time.
    pub unsaved_since: Option<i64>,
    /// The difference to what it is based on, as it was after the last change.
    difference: Difference,
}

/// What is different between two texts.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// Lines that are gone.
    pub removed: usize,
    /// Lines that are new.
    pub added: usize,
    /// Changed lines with two lines around them.
    pub lines: Vec<(Tone, String)>,
    /// The texts differ, be it only in the end of the last line.
    pub changed: bool,
    /// First line, from 1, with characters that can't be seen.
    pub hidden: Option<usize>,
}

impl Editor {
    /// An editor on a draft.
    pub fn new(draft: Draft, look: &Look) -> Self {
        let lines = draft.text.split('\n').map(str::to_owned).collect();
        let mut area = TextArea::new(lines);
        let theme = &look.theme;
        area.set_style(theme.text);
        area.set_cursor_line_style(Style::new());
        area.set_cursor_style(theme.selected);
        area.set_selection_style(theme.hit);
        area.set_line_number_style(theme.dim);
        area.set_tab_length(2);
        area.set_max_histories(1_000);
        let mut editor = Self {
            id: draft.id,
            area,
            base: draft.base,
            base_text: draft.base_text,
            step: Step::Editing,
            message: None,
            verdict: Verdict::default(),
            unsaved_since: None,
            difference: Difference::default(),
        };
        editor.compare();
        editor
    }

    /// The text, as it would be written.
    pub fn text(&self) -> String {
        self.area.lines().join("\n")
    }

    /// Whether it differs from what it is based on.
    pub fn is_changed(&self) -> bool {
        self.difference.changed
    }

    /// How it differs from what it is based on.
    pub fn difference(&self) -> &Difference {
        &self.difference
    }

    fn compare(&mut self) {
        let text = self.text();
        self.difference = compare(self.base_text.as_deref(), &text);
    }

    /// The draft as it is now.
    pub fn draft(&self, now_ms: i64) -> Draft {
        Draft {
            id: self.id.clone(),
            base: self.base.clone(),
            base_text: self.base_text.clone(),
            text: self.text(),
            edited_ms: now_ms,
        }
    }

    /// Takes a key; the text area's own shortcuts apply (`C-k`, `C-w`, `C-y` …).
    pub fn key(&mut self, key: Key, now_ms: i64) {
        let changed = self.area.input(input(key));
        self.touched(changed, now_ms);
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str, now_ms: i64) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let changed = self.area.insert_str(text);
        self.touched(changed, now_ms);
    }

    /// Takes back the last change.
    pub fn undo(&mut self, now_ms: i64) {
        let changed = self.area.undo();
        self.touched(changed, now_ms);
    }

    /// The text or its base has (perhaps) changed.
    pub fn touched(&mut self, changed: bool, now_ms: i64) {
        if changed {
            self.compare();
            self.unsaved_since.get_or_insert(now_ms);
            self.message = None;
            self.verdict = Verdict::default();
            if matches!(self.step, Step::Judging | Step::Asking) {
                self.step = Step::Editing;
            }
        }
    }

    /// Puts the cursor at the start.
    pub fn to_start(&mut self) {
        self.area.move_cursor(CursorMove::Top);
    }

    /// The keys to write with their texts.
    ///
    /// # Errors
    /// What is wrong with the text, one sentence: only for a whole ConfigMap.
    pub fn changes(&self) -> Result<BTreeMap<String, Option<String>>, String> {
        let text = self.text();
        match &self.id.key {
            Some(key) => Ok(BTreeMap::from([(key.clone(), Some(text))])),
            None => config_map_data(&text),
        }
    }
}

/// The `data` of the first ConfigMap in a YAML text.
fn config_map_data(text: &str) -> Result<BTreeMap<String, Option<String>>, String> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        kind: String,
        #[serde(default)]
        data: BTreeMap<String, String>,
    }
    for document in serde_yaml::Deserializer::from_str(text) {
        let document = Document::deserialize(document)
            .map_err(|error| format!("the text is not a ConfigMap: {error}"))?;
        if document.kind == "ConfigMap" {
            if document.data.is_empty() {
                return Err("the ConfigMap has no keys under data:".to_owned());
            }
            let changes = document.data.into_iter();
            return Ok(changes.map(|(key, value)| (key, Some(value))).collect());
        }
    }
    Err("the text has no document with kind: ConfigMap".to_owned())
}

/// Longest search for a small difference: beyond it a coarser one is shown.
const COMPARING: Duration = Duration::from_millis(10);

fn compare(base: Option<&str>, new: &str) -> Difference {
    let old = base.unwrap_or("");
    let diff = TextDiff::configure()
        .timeout(COMPARING)
        .diff_lines(old, new);
    let (mut removed, mut added) = (0, 0);
    let mut lines = Vec::new();
    for (number, group) in diff.grouped_ops(2).iter().enumerate() {
        if number > 0 {
            lines.push((Tone::Dim, "...".to_owned()));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, tone) = match change.tag() {
                ChangeTag::Equal => (' ', Tone::Dim),
                ChangeTag::Delete => ('-', Tone::Bad),
                ChangeTag::Insert => ('+', Tone::Good),
            };
            removed += usize::from(change.tag() == ChangeTag::Delete);
            added += usize::from(change.tag() == ChangeTag::Insert);
            let line = change.value().trim_end_matches('\n');
            lines.push((tone, format!("{sign} {line}")));
        }
    }
    Difference {
        removed,
        added,
        lines,
        changed: base != Some(new),
        hidden: text::first_hidden(new),
    }
}

fn input(key: Key) -> Input {
    use tui_textarea::Key as Area;
    let code = match key.code {
        Code::Char(c) => Area::Char(c),
        Code::Enter => Area::Enter,
        Code::Esc => Area::Esc,
        Code::Tab => Area::Tab,
        Code::Backspace => Area::Backspace,
        Code::Delete => Area::Delete,
        Code::Up => Area::Up,
        Code::Down => Area::Down,
        Code::Left => Area::Left,
        Code::Right => Area::Right,
        Code::Home => Area::Home,
        Code::End => Area::End,
        Code::PageUp => Area::PageUp,
        Code::PageDown => Area::PageDown,
        Code::F(number) => Area::F(number),
        Code::BackTab | Code::Insert => Area::Null,
    };
    Input {
        key: code,
        ctrl: key.ctrl,
        alt: key.alt,
        shift: key.shift,
    }
}

/// Editor and side pane; the side pane is empty where there is no room for it.
fn areas(shape: Shape, body: Rect) -> (Rect, Rect) {
    match shape {
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
        _ => (body, Rect::default()),
    }
}

/// Draws the screen.
pub fn draw(model: &Model, editor: &Editor, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let (main, side) = areas(shape, body);
    let cursor = editor.area.cursor();
    let changed = if editor.is_changed() { "*" } else { "" };
    let title = format!(
        "{}{changed}  {}:{}",
        editor.id.title(),
        cursor.0 + 1,
        cursor.1 + 1
    );
    let base = match &editor.base {
        Some(base) => format!("draft of rv {base}"),
        None => "draft of a new ConfigMap".to_owned(),
    };
    let inside = frame::draw(buffer, &model.look, shape, main, &title, &base, true);
    (&editor.area).render(inside, buffer);
    if !side.is_empty() {
        draw_side(model, editor, side, buffer);
    }
}

fn status(editor: &Editor) -> (Severity, String) {
    match (&editor.step, &editor.message) {
        (Step::Judging, _) => (Severity::Info, "looking for mistakes ...".to_owned()),
        (Step::Checking(_), _) => (Severity::Info, "the server checks the draft ...".to_owned()),
        (Step::Applying(_), _) => (Severity::Info, "the server writes the draft ...".to_owned()),
        (_, Some((severity, message))) => (*severity, message.clone()),
        (_, None) if editor.is_changed() => (Severity::Info, "not checked yet".to_owned()),
        (_, None) => (Severity::Info, "as it is in the cluster".to_owned()),
    }
}

/// The message of the editor in one line, for screens without the side pane.
pub fn message(editor: &Editor) -> (Severity, String) {
    status(editor)
}

fn draw_side(model: &Model, editor: &Editor, area: Rect, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let theme: &Theme = &model.look.theme;
    let difference = editor.difference();
    let facts = format!("+{} -{}", difference.added, difference.removed);
    let inside = frame::draw(
        buffer,
        &model.look,
        shape,
        area,
        "Checks and changes",
        &facts,
        false,
    );
    let mut y = inside.y;
    let mut line = |content: &str, style: Style| {
        for part in text::wrap(content, usize::from(inside.width)) {
            if y < inside.bottom() {
                cells::put(buffer, inside.x, y, inside.width, &part, style);
                y += 1;
            }
        }
    };
    let (severity, message) = status(editor);
    line(&message, theme.severity(severity));
    for finding in &editor.verdict.findings {
        line(&finding.to_string(), theme.severity(finding.severity));
    }
    let moved = live_version(model).is_some_and(|live| Some(live) != editor.base.as_deref());
    if moved {
        line(
            "the ConfigMap has changed in the cluster since this draft began",
            theme.warn,
        );
    }
    for entry in model.overview.keys.entries() {
        if Some(&entry.key) != editor.id.key.as_ref() {
            continue;
        }
        for diagnostic in &entry.diagnostics {
            line(
                &format!("in the cluster: {diagnostic}"),
                theme.severity(diagnostic.severity),
            );
        }
    }
    if let Some(number) = difference.hidden {
        line(
            &format!("line {number} has characters that can't be seen"),
            theme.warn,
        );
    }
    line("", theme.text);
    let rest = Rect::new(inside.x, y, inside.width, inside.bottom().saturating_sub(y));
    if difference.lines.is_empty() {
        cells::put(buffer, rest.x, rest.y, rest.width, "no changes", theme.dim);
    } else if !rest.is_empty() {
        let room = usize::from(rest.height);
        let lines = difference.lines.iter().take(room).cloned();
        TextView::toned(lines).draw(buffer, &model.look, rest);
    }
}

/// The resourceVersion of the ConfigMap in the cluster.
pub fn live_version(model: &Model) -> Option<&str> {
    let view = model.session.catalog.as_ref()?;
    view.found.then_some(view.resource_version.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::ThemeName;

    fn editor(key: Option<&str>, text: &str) -> Editor {
        let draft = Draft {
            id: DraftId {
                context: "c".into(),
                namespace: "n".into(),
                name: "cm".into(),
                key: key.map(str::to_owned),
            },
            base: Some("1".into()),
            base_text: Some(text.to_owned()),
            text: text.to_owned(),
            edited_ms: 0,
        };
        Editor::new(draft, &Look::new(ThemeName::Mono, false))
    }

    #[test]
    fn a_text_that_was_not_touched_is_unchanged_to_the_byte() {
        for text in ["", "a", "a\n", "a\r\nb\r\n", "\n\n", "\ttab\n", "\u{202e}x"] {
            let editor = editor(Some("trigger.x"), text);
            assert_eq!(editor.text(), text);
            assert!(!editor.is_changed());
        }
    }

    #[test]
    fn a_change_is_noticed_once_and_undone() {
        let mut editor = editor(Some("trigger.x"), "a\n");
        editor.key(Key::plain(Code::Right), 5);
        assert_eq!(editor.unsaved_since, None);
        editor.key(Key::char('b'), 6);
        editor.key(Key::char('c'), 7);
        assert_eq!(editor.unsaved_since, Some(6));
        assert_eq!(editor.text(), "abc\n");
        let difference = editor.difference();
        assert_eq!((difference.removed, difference.added), (1, 1));
        assert_eq!(difference.lines[1], (Tone::Good, "+ abc".to_owned()));
        editor.paste("\u{202e}", 8);
        assert_eq!(editor.difference().hidden, Some(1));
        editor.undo(8);
        editor.undo(8);
        editor.undo(8);
        assert!(!editor.is_changed());
    }

    #[test]
    fn a_whole_config_map_gives_its_keys() {
        let text = "# example\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: |\n    b\n";
        let changes = editor(None, text).changes().unwrap();
        assert_eq!(changes, BTreeMap::from([("a".into(), Some("b\n".into()))]));
        for bad in ["", "a: [", "kind: Secret", "kind: ConfigMap\ndata: {}"] {
            assert!(editor(None, bad).changes().is_err(), "{bad}");
        }
    }
}
