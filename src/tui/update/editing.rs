//! What is done within the editor: keys, searching and replacing, the list of candidates, going to
//! findings, the looks at the text while it is typed.

use super::editor_lines::ask;
use super::searching::{next_hit, replace, selected_word};
use super::{drafts, flash, judging, prompts, submit};
use crate::check::{self, CompletionRequest};
use crate::domain::Severity;
use crate::engine::{Command, CommandError, Reply};
use crate::tui::action::Editing;
use crate::tui::clock::Due;
use crate::tui::draft::DraftId;
use crate::tui::editor::{Motion, Outcome, Place};
use crate::tui::key::{Code, Key};
use crate::tui::message::Effect;
use crate::tui::model::{Model, Purpose, Screen};
use crate::tui::screens::editor::{self, Editor, EditorPrompt, Focus, Popup, Sample, Step};
use crate::tui::text;
use crate::tui::text::width;
use std::sync::Arc;

/// Why something can't be done now.
pub(super) fn reason(model: &Model, what: Editing) -> Option<String> {
    let config = model.session.catalog.as_deref();
    let on = |condition: bool, text: &str| (!condition).then(|| text.to_owned());
    match what {
        Editing::EditAll | Editing::NewFromExample => {
            on(config.is_some(), "the ConfigMap is not read yet")
        }
        Editing::RenameKey | Editing::DuplicateKey | Editing::DeleteKey => {
            let selected = model.overview.keys.selected.as_deref();
            let there = config
                .zip(selected)
                .is_some_and(|(view, key)| view.data.contains_key(key));
            on(
                model.screens.is_empty() && there,
                "no key of the cluster's ConfigMap is selected",
            )
        }
        Editing::Drafts => None,
        _ => on(
            matches!(model.screens.last(), Some(Screen::Editor(_))),
            "no draft is open",
        ),
    }
}

/// Does it.
pub(super) fn act(model: &mut Model, what: Editing, effects: &mut Vec<Effect>) {
    match what {
        Editing::EditAll => drafts::edit_all(model),
        Editing::NewFromExample => prompts::open_palette(model, "example ", effects),
        Editing::RenameKey => ask_key(model, |key| (EditorPrompt::RenameKey(key.clone()), key)),
        Editing::DuplicateKey => {
            ask_key(model, |key| {
                (
                    EditorPrompt::DuplicateKey(key.clone()),
                    format!("{key}-copy"),
                )
            });
        }
        Editing::DeleteKey => drafts::delete_key(model),
        Editing::Drafts => drafts::open_list(model),
        other => in_editor(model, other, effects),
    }
}

fn ask_key(model: &mut Model, prompt: impl FnOnce(String) -> (EditorPrompt, String)) {
    if let Some(key) = model.overview.keys.selected.clone() {
        let (purpose, text) = prompt(key);
        ask(model, purpose, &text);
    }
}

/// What takes over the editor, or needs the model.
fn in_editor(model: &mut Model, what: Editing, effects: &mut Vec<Effect>) {
    let now = model.now_ms;
    match what {
        Editing::Complete => complete(model),
        Editing::Find => {
            let wanted = drafts::editor(model).map(|editor| selected_word(editor));
            ask(model, EditorPrompt::Search, &wanted.unwrap_or_default());
            prompts::typed(model, effects);
        }
        Editing::Replace => {
            let wanted = drafts::editor(model).map(|editor| selected_word(editor));
            ask(
                model,
                EditorPrompt::ReplaceWhat,
                &wanted.unwrap_or_default(),
            );
            prompts::typed(model, effects);
        }
        Editing::GoToLine => ask(model, EditorPrompt::GoToLine, ""),
        Editing::External => {
            if let Some(editor) = drafts::editor(model) {
                effects.push(Effect::External(editor.id.clone(), editor.text()));
            }
        }
        Editing::Cut | Editing::CopyText => {
            if let Some(editor) = drafts::editor(model) {
                editor.clip = match what {
                    Editing::Cut => editor.edit(now, |editor| editor.buffer.cut()),
                    _ => editor.buffer.clip(),
                };
                effects.push(Effect::Copy(editor.clip.text.clone()));
            }
        }
        other => {
            if let Some(editor) = drafts::editor(model) {
                let keeps_popup = matches!(other, Editing::AcceptCandidate);
                if !keeps_popup {
                    editor.popup = None;
                }
                on_text(editor, other, now);
            }
        }
    }
}

fn on_text(editor: &mut Editor, what: Editing, now: i64) {
    match what {
        Editing::AcceptCandidate => accept(editor, now),
        Editing::NextFinding | Editing::PreviousFinding => {
            let line = editor.buffer.cursor().line;
            let found = editor.checks.next(line, what == Editing::NextFinding);
            match found.and_then(|finding| Some((finding.position?, finding.message.clone()))) {
                Some((position, _)) => editor.go_to(position),
                None => {
                    let text = "no finding has a place in the text";
                    editor.message = Some((Severity::Info, text.to_owned()));
                }
            }
        }
        Editing::Checks => {
            editor.focus = match editor.focus {
                Focus::Text => Focus::Checks,
                Focus::Checks => Focus::Text,
            };
        }
        Editing::OpenFinding => {
            let finding = editor.checks.shown.findings.get(editor.checks.selected);
            match finding.and_then(|finding| finding.position) {
                Some(position) => editor.go_to(position),
                None => editor.focus = Focus::Text,
            }
        }
        Editing::NextHit => next_hit(editor, true),
        Editing::PreviousHit => next_hit(editor, false),
        Editing::ReplaceThis | Editing::SkipThis | Editing::ReplaceAll | Editing::EndReplacing => {
            replace(editor, what, now);
        }
        Editing::SelectAll => {
            let end = editor.buffer.end();
            editor.buffer.select(Place::default(), end);
        }
        Editing::OtherBracket => editor.buffer.go(Motion::Bracket, false),
        Editing::Redo => _ = editor.edit(now, |editor| editor.buffer.redo()),
        Editing::Paste => {
            let clip = editor.clip.clone();
            editor.edit(now, |editor| editor.buffer.paste(&clip));
        }
        Editing::DuplicateLines => editor.edit(now, |editor| editor.buffer.duplicate_lines()),
        Editing::DeleteLines => editor.edit(now, |editor| {
            let lines = editor.buffer.touched();
            editor.buffer.delete_lines(lines.start, lines.len());
        }),
        Editing::MoveLinesUp => editor.edit(now, |editor| editor.buffer.move_lines(false)),
        Editing::MoveLinesDown => editor.edit(now, |editor| editor.buffer.move_lines(true)),
        Editing::ToggleComment => editor.edit(now, |editor| editor.buffer.toggle_comment()),
        Editing::Indent => editor.edit(now, |editor| editor.buffer.indent()),
        Editing::Outdent => editor.edit(now, |editor| editor.buffer.outdent()),
        // Done before, or elsewhere.
        Editing::EditAll
        | Editing::NewFromExample
        | Editing::RenameKey
        | Editing::DuplicateKey
        | Editing::DeleteKey
        | Editing::Drafts
        | Editing::Complete
        | Editing::Find
        | Editing::Replace
        | Editing::GoToLine
        | Editing::External
        | Editing::Cut
        | Editing::CopyText => {}
    }
}

/// Whether a key belongs to vim's modes, whatever it means elsewhere.
pub(super) fn is_vims(model: &Model, key: Key) -> bool {
    let Some(Screen::Editor(editor)) = model.screens.last() else {
        return false;
    };
    let Some(vim) = &editor.vim else {
        return false;
    };
    let reads = vim.mode() != crate::tui::editor::Mode::Insert;
    let free = model.overlays.is_empty()
        && editor.focus == Focus::Text
        && editor.replacing.is_none()
        && model.chord.is_empty();
    let taken = match key.code {
        Code::Char(c) if key.ctrl => matches!(c, 'd' | 'u' | 'f' | 'b' | 'r'),
        Code::Char(_) | Code::Enter | Code::Backspace => !key.alt,
        _ => false,
    };
    reads && free && taken
}

/// A key for the text.
pub(super) fn typed(model: &mut Model, key: Key, effects: &mut Vec<Effect>) {
    let now = model.now_ms;
    let Some(editor) = drafts::editor(model) else {
        return;
    };
    if editor.focus == Focus::Checks || editor.replacing.is_some() {
        return;
    }
    let clip = editor.clip.clone();
    let outcome = editor.key(key, now);
    // What vim's commands cut and copy is for other programs, too.
    let copied = editor.vim.is_some() && editor.clip != clip;
    if copied {
        effects.push(Effect::Copy(editor.clip.text.clone()));
    }
    let word = matches!(key.code, Code::Char(_) | Code::Backspace) && !key.ctrl && !key.alt;
    if editor.popup.is_some() {
        editor.popup = None;
        // The list follows what is typed.
        if word {
            complete(model);
        }
    }
    match outcome {
        Outcome::Ignored | Outcome::Done => {}
        Outcome::Command => ask(model, EditorPrompt::Command, ""),
        Outcome::Search => act(model, Editing::Find, effects),
        Outcome::Hit(forward) => {
            let what = if forward {
                Editing::NextHit
            } else {
                Editing::PreviousHit
            };
            act(model, what, effects);
        }
        Outcome::Undo => {
            if let Some(editor) = drafts::editor(model) {
                editor.undo(now);
            }
        }
        Outcome::Redo => act(model, Editing::Redo, effects),
    }
}

/// Text from the terminal's clipboard.
pub(super) fn pasted(model: &mut Model, text: &str) {
    let now = model.now_ms;
    if let Some(editor) = drafts::editor(model)
        && editor.focus == Focus::Text
    {
        editor.popup = None;
        editor.paste(text, now);
    }
}

/// `Esc`: what is open goes first, then the selection, then vim's mode, then the editor.
pub(super) fn escape(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(editor) = drafts::editor(model) else {
        return;
    };
    if editor.popup.take().is_some() || editor.replacing.take().is_some() {
        return;
    }
    if editor.focus == Focus::Checks {
        editor.focus = Focus::Text;
        return;
    }
    let escaped = match &mut editor.vim {
        Some(vim) => vim.escape(&mut editor.buffer),
        None => false,
    };
    if escaped {
        return;
    }
    if !editor.search.wanted.is_empty() {
        editor.search.set("");
        editor.buffer.unselect();
        return;
    }
    if editor.buffer.selection().is_some() {
        editor.buffer.unselect();
        return;
    }
    drafts::close_editor(model, effects);
}

/// Up and down in the list that is open, or in that of the findings.
pub(super) fn step(editor: &mut Editor, rows: i64) {
    if let Some(popup) = &mut editor.popup {
        popup.step(rows);
    } else if editor.focus == Focus::Checks {
        let last = editor.checks.shown.findings.len().saturating_sub(1);
        let steps = usize::try_from(rows.unsigned_abs()).unwrap_or(usize::MAX);
        let selected = editor.checks.selected;
        editor.checks.selected = if rows < 0 {
            selected.saturating_sub(steps)
        } else {
            selected.saturating_add(steps).min(last)
        };
    } else {
        editor.scroll(rows);
    }
}

/// A click puts the cursor there; one into the other pane goes there.
pub(super) fn clicked(model: &mut Model, x: u16, y: u16) {
    let Some(Screen::Editor(screen)) = model.screens.last() else {
        return;
    };
    let parts = editor::layout(model, screen);
    let at = ratatui::layout::Position::new(x, y);
    let Some(editor) = drafts::editor(model) else {
        return;
    };
    if parts.side.contains(at) {
        editor.focus = Focus::Checks;
        return;
    }
    if !parts.main.contains(at) {
        return;
    }
    editor.focus = Focus::Text;
    editor.popup = None;
    let mut row = usize::from(y.saturating_sub(parts.text.y));
    let mut line = editor.top;
    while row > 0 && line + 1 < editor.buffer.lines().len() {
        row = row.saturating_sub(1 + editor.checks.of_line(line).count().min(2));
        line += 1;
    }
    let cell = usize::from(x.saturating_sub(parts.text.x)) + editor.left;
    let mut place = Place::new(line, 0);
    loop {
        let next = editor.buffer.after(place);
        let before = editor.buffer.line(line).get(..next.column).unwrap_or("");
        if next.line != line || next == place || width(&text::clean_line(before)) > cell {
            break;
        }
        place = next;
    }
    editor.buffer.move_to(place, false);
}

/// Lists what can be written at the cursor.
fn complete(model: &mut Model) {
    let variables = judging::variables(model);
    let Some(view) = model.session.catalog.clone() else {
        return;
    };
    let keys: Vec<String> = model
        .drafts
        .iter()
        .filter_map(|draft| draft.id.key.clone())
        .collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let Some(editor) = drafts::editor(model) else {
        return;
    };
    let cursor = editor.buffer.cursor();
    let sample = editor.sample.as_ref();
    let request = CompletionRequest {
        lines: editor.buffer.lines(),
        line: cursor.line,
        column: cursor.column,
        key: editor.id.key.as_deref(),
        catalog: &view.catalog,
        keys: &keys,
        secret_keys: &view.secret_keys,
        variables: &variables,
        object: sample.map(|sample| (sample.variable.as_str(), &*sample.object)),
    };
    editor.popup = Popup::new(cursor.line, check::complete(&request));
    if editor.popup.is_none() {
        editor.message = Some((
            Severity::Info,
            "nothing is known that could stand here".to_owned(),
        ));
    }
}

/// Writes the selected candidate.
fn accept(editor: &mut Editor, now: i64) {
    let Some(popup) = editor.popup.take() else {
        return;
    };
    let Some(candidate) = popup.chosen() else {
        return;
    };
    let (from, to) = (Place::new(popup.line, popup.from), editor.buffer.cursor());
    let insert = candidate.insert.clone();
    editor.edit(now, |editor| {
        editor
            .buffer
            .group(|buffer| buffer.replace(from, to, &insert))
    });
}

/// The user's own editor has ended.
pub(super) fn external(model: &mut Model, id: &DraftId, result: Result<String, String>) {
    let now = model.now_ms;
    match (drafts::editor_of(model, id), result) {
        (Some(editor), Ok(text)) if editor.buffer.is(&text) => {
            editor.message = Some((Severity::Info, "$EDITOR has changed nothing".to_owned()));
        }
        (Some(editor), Ok(text)) => {
            let end = editor.buffer.end();
            let cursor = editor.buffer.cursor();
            editor.edit(now, |editor| {
                editor.buffer.group(|buffer| {
                    buffer.replace(Place::default(), end, &text);
                    buffer.move_to(cursor, false);
                });
            });
            editor.message = Some((Severity::Info, "taken over from $EDITOR".to_owned()));
        }
        (None, Ok(_)) => {}
        (_, Err(problem)) => flash(model, Severity::Error, problem),
    }
}

/// An editor was opened: its object is fetched, and the right to write is asked for.
pub(super) fn opened(model: &mut Model, effects: &mut Vec<Effect>) {
    let target = model.overview.resources.selected.clone();
    let vim = model.vim;
    let Some(editor) = drafts::editor(model) else {
        return;
    };
    if vim && editor.vim.is_none() {
        editor.vim = Some(crate::tui::editor::Vim::default());
    }
    if editor.sample_asked {
        return;
    }
    editor.sample_asked = true;
    let id = editor.id.clone();
    if let Some(key) = target {
        submit(model, Command::Explain(key), Purpose::Sample(id), effects);
    }
    submit(
        model,
        Command::MayWriteConfig,
        Purpose::MayWriteConfig,
        effects,
    );
}

/// The object at hand has come; without one, samples do.
pub(super) fn sample_came(model: &mut Model, id: &DraftId, result: Result<Reply, CommandError>) {
    let now = model.now_ms;
    if let Ok(Reply::Explained(explained)) = result
        && let Some(editor) = drafts::any_editor(model, id)
    {
        editor.sample = Some(Sample {
            variable: explained.variable.clone(),
            object: Arc::clone(&explained.object),
        });
        editor.checks.changed(now);
    }
}

/// Whether the ConfigMap may be written.
pub(super) fn right_came(model: &mut Model, result: Result<Reply, CommandError>) {
    // That it could not be asked is no answer: a write that is refused says so itself.
    if let Ok(Reply::MayWriteConfig(reason)) = result {
        model.session.no_config_write = reason;
    }
}

/// After every change: the cursor in view, and a look at the text when its time has come.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    opened(model, effects);
    let parts = match model.screens.last() {
        Some(Screen::Editor(screen)) => editor::layout(model, screen),
        _ => return,
    };
    let now = model.now_ms;
    let due = match drafts::editor(model) {
        Some(editor) => {
            editor.follow(
                usize::from(parts.text.width),
                usize::from(parts.text.height),
            );
            editor.checks.is_due(now) && editor.step != Step::Judging
        }
        None => false,
    };
    if due {
        judging::look(model, effects);
    }
}

/// When the open text is to be looked at.
pub(super) fn due(model: &Model) -> Option<Due> {
    match model.screens.last() {
        Some(Screen::Editor(editor)) if model.session.catalog.is_some() => editor.checks.due,
        _ => None,
    }
}
