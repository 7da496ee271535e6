//! The state of the editor.

use super::{Checks, Popup, Replacing, Search};
use crate::check::{self, Verdict};
use crate::domain::{Position, Severity};
use crate::tui::clock::Due;
use crate::tui::draft::{Draft, DraftId};
use crate::tui::editor::highlight::{Highlighter, Span, Subject};
use crate::tui::editor::{Clip, Difference, Hit, Outcome, Place, TextBuffer, Typed, Vim};
use crate::tui::key::Key;
use crate::tui::message::RequestId;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Look;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far applying is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Not begun.
    Editing,
    /// Mistakes are looked for.
    Judging,
    /// The server checks.
    Checking(RequestId),
    /// What the draft would send is found out, by the work with this number, before the question
    /// comes; `None` when there is nothing to find out.
    Weighing(Option<u64>),
    /// The question is on the screen.
    Asking,
    /// The server writes.
    Applying(RequestId),
}

/// What the keys are for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    /// The text.
    #[default]
    Text,
    /// The list of findings.
    Checks,
}

/// The object that conditions and templates are tried on, and whose fields are offered.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its variable, such as `pod`.
    pub variable: String,
    /// The object.
    pub object: Arc<Value>,
}

/// State of the screen.
pub struct Editor {
    /// What is edited.
    pub id: DraftId,
    /// The text, with cursor and selection.
    pub buffer: TextBuffer,
    /// resourceVersion that the draft is based on; `None` when the ConfigMap did not exist.
    pub base: Option<String>,
    /// The text that it is based on; `None` when the key did not exist.
    pub base_text: Option<String>,
    /// How far applying is.
    pub step: Step,
    /// What came of the last check or write.
    pub message: Option<(Severity, String)>,
    /// What a look at the text as it is now has shown; the default one until there was a look.
    pub verdict: Verdict,
    /// Changed since it was last kept, first at this time.
    pub unsaved_since: Option<i64>,
    /// The findings that are shown.
    pub checks: Checks,
    /// What the keys are for.
    pub focus: Focus,
    /// The list of what can be written here.
    pub popup: Option<Popup>,
    /// What is searched for.
    pub search: Search,
    /// A replacement that asks.
    pub replacing: Option<Replacing>,
    /// Vim's modes, when they are wanted.
    pub vim: Option<Vim>,
    /// What was cut or copied.
    pub clip: Clip,
    /// The object at hand.
    pub sample: Option<Sample>,
    /// It was asked for.
    pub sample_asked: bool,
    /// First line that is seen.
    pub top: usize,
    /// First cell that is seen.
    pub left: usize,
    /// Lines that are seen.
    pub height: usize,
    highlighter: Highlighter,
    /// The difference to what it is based on, as it was after the last change that was compared.
    difference: Difference,
    /// The difference is too long to be found at once: a job does.
    pub difference_due: bool,
}

impl Editor {
    /// An editor on a draft.
    pub fn new(draft: Draft, _look: &Look) -> Self {
        let subject = match &draft.id.key {
            Some(key) => Subject::of_key(key),
            None => Subject::ConfigMap,
        };
        let mut editor = Self {
            buffer: TextBuffer::new(&draft.text),
            id: draft.id,
            base: draft.base,
            base_text: draft.base_text,
            step: Step::Editing,
            message: None,
            verdict: Verdict::default(),
            unsaved_since: None,
            checks: Checks {
                due: Some(Due::now(0)),
                ..Checks::default()
            },
            focus: Focus::Text,
            popup: None,
            search: Search::default(),
            replacing: None,
            vim: None,
            clip: Clip::default(),
            sample: None,
            sample_asked: false,
            top: 0,
            left: 0,
            height: 1,
            highlighter: Highlighter::new(subject),
            difference: Difference::default(),
            difference_due: false,
        };
        editor.compare();
        editor
    }

    /// The text, as it would be written.
    pub fn text(&self) -> String {
        self.buffer.text()
    }

    /// Whether it differs from what it is based on.
    pub fn is_changed(&self) -> bool {
        self.difference.changed
    }

    /// How it differs from what it is based on; of a very long difference the state of the last
    /// look.
    pub fn difference(&self) -> &Difference {
        &self.difference
    }

    fn compare(&mut self) {
        match Difference::quick(self.base_text.as_deref(), &self.buffer) {
            Some(difference) => {
                self.difference = difference;
                self.difference_due = false;
            }
            None => {
                self.difference.changed = true;
                self.difference_due = true;
            }
        }
    }

    /// A job has compared the text of this revision.
    pub fn compared(&mut self, revision: u64, difference: Difference) {
        if revision == self.buffer.revision() {
            self.difference = difference;
            self.difference_due = false;
        }
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

    /// Changes the text, and does what follows from a change.
    pub fn edit<T>(&mut self, now_ms: i64, change: impl FnOnce(&mut Self) -> T) -> T {
        let (revision, lines) = (self.buffer.revision(), self.buffer.lines().len());
        let line = self.buffer.touched().start;
        let result = change(self);
        let changed = self.buffer.revision() != revision;
        if changed {
            let line = line.min(self.buffer.cursor().line);
            self.checks.shift(line, lines, self.buffer.lines().len());
        }
        self.touched(changed, now_ms);
        result
    }

    /// Takes a key that types or moves; in vim's modes, one of theirs.
    pub fn key(&mut self, key: Key, now_ms: i64) -> Outcome {
        self.edit(now_ms, |editor| {
            let (buffer, height, clip) = (&mut editor.buffer, editor.height, &mut editor.clip);
            match &mut editor.vim {
                Some(vim) => vim.key(buffer, key, height, clip),
                None => match buffer.key(key, height, clip) {
                    Typed::Done => Outcome::Done,
                    Typed::Ignored => Outcome::Ignored,
                },
            }
        })
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str, now_ms: i64) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        self.edit(now_ms, |editor| {
            editor.buffer.group(|buffer| buffer.insert(&text))
        });
    }

    /// Takes back the last change.
    pub fn undo(&mut self, now_ms: i64) {
        self.edit(now_ms, |editor| editor.buffer.undo());
    }

    /// The text or its base has (perhaps) changed.
    pub fn touched(&mut self, changed: bool, now_ms: i64) {
        if changed {
            self.compare();
            self.unsaved_since.get_or_insert(now_ms);
            self.message = None;
            self.verdict = Verdict::default();
            self.checks.changed(now_ms);
            // What is looked at, checked or asked about is another text now.
            if !matches!(self.step, Step::Applying(_)) {
                self.step = Step::Editing;
            }
        }
    }

    /// Puts the cursor at the start.
    pub fn to_start(&mut self) {
        self.buffer.move_to(Place::default(), false);
    }

    /// Puts the cursor where people say.
    pub fn go_to(&mut self, position: Position) {
        let place = self.buffer.place_of(position);
        self.buffer.move_to(place, false);
        self.focus = Focus::Text;
    }

    /// Selects a hit, with the cursor at its beginning.
    pub fn show_hit(&mut self, hit: Hit) {
        self.buffer
            .select(Place::new(hit.from.line, hit.to), hit.from);
    }

    /// The coloured parts of a line.
    pub fn spans(&self, line: usize) -> Vec<Span> {
        self.highlighter.spans(&self.buffer, line)
    }

    /// Keeps the cursor in view, in an area of this size, and knows the colours of what is seen.
    pub fn follow(&mut self, width: usize, height: usize) {
        self.height = height.max(1);
        let cursor = self.buffer.cursor();
        self.top = self.top.min(cursor.line);
        if cursor.line - self.top >= self.height {
            self.top = cursor.line + 1 - self.height;
        }
        // Findings take lines of the screen, too.
        let rows = |line: usize| 1 + self.checks.of_line(line).count().min(super::line::MESSAGES);
        let mut used: usize = (self.top..=cursor.line).map(rows).sum();
        while used > self.height && self.top < cursor.line {
            used -= rows(self.top);
            self.top += 1;
        }
        let before = self
            .buffer
            .line(cursor.line)
            .get(..cursor.column)
            .unwrap_or("");
        let cell = text::width(&text::clean_line(before));
        let width = width.max(2);
        if cell < self.left {
            self.left = cell.saturating_sub(width / 4);
        } else if cell >= self.left + width {
            self.left = cell + 1 + width / 4 - width;
        }
        self.highlighter
            .prepare(&mut self.buffer, self.top + self.height);
    }

    /// Scrolls without moving the cursor, as far as that stays in view.
    pub fn scroll(&mut self, rows: i64) {
        let step = usize::try_from(rows.unsigned_abs()).unwrap_or(usize::MAX);
        let last = self.buffer.lines().len() - 1;
        let top = if rows < 0 {
            self.top.saturating_sub(step)
        } else {
            self.top.saturating_add(step)
        };
        self.top = top.min(last);
        let cursor = self.buffer.cursor();
        let line = cursor.line.clamp(
            self.top,
            self.top
                .saturating_add(self.height - 1)
                .min(last)
                .max(self.top),
        );
        if line != cursor.line {
            self.buffer.move_to(Place::new(line, cursor.column), false);
        }
    }

    /// What is edited, for those who judge it.
    pub fn edited_text(&self) -> check::EditedText {
        let text = self.text();
        match &self.id.key {
            Some(key) => check::EditedText::Key {
                key: key.clone(),
                text,
            },
            None => check::EditedText::ConfigMap {
                base: self.base_text.clone(),
                text,
            },
        }
    }

    /// The keys to write with their texts; `None` for a key that is to go. Of a whole ConfigMap
    /// only the keys that are other than in what it is based on.
    ///
    /// # Errors
    /// What is wrong with the text, one sentence with its place: only for a whole ConfigMap.
    pub fn changes(&self) -> Result<BTreeMap<String, Option<String>>, String> {
        let text = self.text();
        match &self.id.key {
            Some(key) => Ok(BTreeMap::from([(key.clone(), Some(text))])),
            None => {
                let changes = check::config_map_changes(self.base_text.as_deref(), &text);
                changes.map_err(|error| match error.position {
                    Some(at) => format!("{at}: {}", error.message),
                    None => error.message,
                })
            }
        }
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
    use crate::tui::key::Code;
    use crate::tui::theme::ThemeName;
    use crate::tui::widgets::text_view::Tone;

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
        assert!(!editor.is_changed());
    }

    #[test]
    fn a_whole_config_map_gives_the_keys_that_changed() {
        let text =
            "# example\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: |\n    b\n  c: d\n";
        let mut whole = editor(None, text);
        assert_eq!(whole.changes(), Ok(BTreeMap::new()));
        whole.base_text = None;
        let all = BTreeMap::from([
            ("a".into(), Some("b\n".into())),
            ("c".into(), Some("d".into())),
        ]);
        assert_eq!(whole.changes(), Ok(all));
        let mistake = editor(None, "kind: ConfigMap\ndata: [").changes();
        assert!(
            mistake.is_err_and(|mistake| mistake.starts_with("2:")),
            "has a place"
        );
    }

    /// The cursor is always seen, whatever findings take lines of the screen.
    #[test]
    fn the_cursor_stays_in_view() {
        use crate::domain::Diagnostic;
        let text: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let mut editor = editor(Some("trigger.x"), &text);
        for line in 1..=100 {
            let finding = Diagnostic::error("x", "k", "m").at(Position { line, column: 1 });
            editor.checks.shown.findings.push(finding);
        }
        for line in [0, 50, 99, 3, 60] {
            editor.buffer.move_to(Place::new(line, 0), false);
            editor.follow(40, 10);
            assert!(
                editor.top <= line && (line - editor.top + 1) * 2 <= 10,
                "{line}"
            );
        }
        let wide = "x".repeat(300);
        editor.buffer.move_to(Place::default(), false);
        editor.paste(&wide, 0);
        editor.follow(40, 10);
        assert!(editor.left <= 300 && 300 < editor.left + 40);
    }
}
