//! Lines that are typed for the editor: searches, places, vim's commands, names of keys.

use super::searching::{begin_replacing, searched};
use super::{drafts, flash, keys, prompts};
use crate::domain::{Position, Severity};
use crate::tui::action::ActionId;
use crate::tui::message::Effect;
use crate::tui::model::{Model, PromptFor};
use crate::tui::screens::editor::EditorPrompt;
use crate::tui::text;

pub(super) fn ask(model: &mut Model, purpose: EditorPrompt, text: &str) {
    prompts::open(model, PromptFor::Editor(purpose), text);
}

/// A line for the editor has changed.
pub(super) fn prompt_typed(
    model: &mut Model,
    purpose: &EditorPrompt,
    typed: &str,
) -> Result<(), String> {
    match purpose {
        EditorPrompt::Search | EditorPrompt::ReplaceWhat => searched(model, typed),
        EditorPrompt::GoToLine => position(typed).map(|_| ()),
        EditorPrompt::RenameKey(old) => drafts::rename(model, old, typed).map(|_| ()),
        EditorPrompt::DuplicateKey(_) => drafts::free_key(model, typed),
        EditorPrompt::ReplaceWith | EditorPrompt::Command => Ok(()),
    }
}

/// A line for the editor is complete, and right.
pub(super) fn prompt_accepted(
    model: &mut Model,
    purpose: &EditorPrompt,
    typed: &str,
    effects: &mut Vec<Effect>,
) {
    match purpose {
        EditorPrompt::Search => {}
        EditorPrompt::ReplaceWhat if typed.is_empty() => {}
        EditorPrompt::ReplaceWhat => ask(model, EditorPrompt::ReplaceWith, ""),
        EditorPrompt::ReplaceWith => begin_replacing(model, typed),
        EditorPrompt::GoToLine => {
            if let (Ok(position), Some(editor)) = (position(typed), drafts::editor(model)) {
                editor.go_to(position);
            }
        }
        EditorPrompt::Command => {
            if let Err(problem) = command(model, typed, effects) {
                flash(model, Severity::Warning, problem);
            }
        }
        EditorPrompt::RenameKey(old) => drafts::rename_key(model, old, typed),
        EditorPrompt::DuplicateKey(key) => drafts::duplicate_key(model, key, typed),
    }
}

/// A line for the editor was given up.
pub(super) fn prompt_dismissed(model: &mut Model, purpose: &EditorPrompt) {
    if matches!(
        purpose,
        EditorPrompt::Search | EditorPrompt::ReplaceWhat | EditorPrompt::ReplaceWith
    ) && let Some(editor) = drafts::editor(model)
    {
        editor.search.set("");
        editor.buffer.unselect();
    }
}

/// A line, or line:column, to go to.
pub(super) fn position(typed: &str) -> Result<Position, String> {
    let mut parts = typed
        .trim()
        .splitn(2, ':')
        .map(|part| part.trim().parse::<u32>());
    match (parts.next(), parts.next()) {
        (Some(Ok(line)), None) if line > 0 => Ok(Position { line, column: 1 }),
        (Some(Ok(line)), Some(Ok(column))) if line > 0 && column > 0 => {
            Ok(Position { line, column })
        }
        _ => Err("a line, or line:column".to_owned()),
    }
}

/// A command line of vim's.
pub(super) fn command(
    model: &mut Model,
    typed: &str,
    effects: &mut Vec<Effect>,
) -> Result<(), String> {
    match typed.trim() {
        "" => {}
        "w" | "wq" | "x" | "wq!" => keys::run(model, ActionId::Apply, effects),
        "q" => drafts::close_editor(model, effects),
        "q!" => keys::run(model, ActionId::Discard, effects),
        "noh" | "nohlsearch" => {
            if let Some(editor) = drafts::editor(model) {
                editor.search.set("");
            }
        }
        "e" | "e!" => keys::run(model, ActionId::Rebase, effects),
        other => match (position(other), other.strip_prefix("%s/")) {
            (Ok(position), _) => {
                if let Some(editor) = drafts::editor(model) {
                    editor.go_to(position);
                }
            }
            (_, Some(substitution)) => substitute(model, substitution)?,
            _ => {
                return Err(
                    "known: w (apply), q (close), q! (discard), %s/old/new/g, a line".into(),
                );
            }
        },
    }
    Ok(())
}

/// `%s/old/new/g`, as plain texts.
fn substitute(model: &mut Model, substitution: &str) -> Result<(), String> {
    let mut parts = substitution.splitn(3, '/');
    let (Some(old), Some(new)) = (parts.next().filter(|old| !old.is_empty()), parts.next()) else {
        return Err("write %s/old/new/g".to_owned());
    };
    let now = model.now_ms;
    if let Some(editor) = drafts::editor(model) {
        editor.search.set(old);
        let hits = editor.search.hits(&editor.buffer).to_vec();
        editor.edit(now, |editor| editor.buffer.replace_hits(&hits, new));
        let count = text::plural(hits.len() as u64, "replacement", "replacements");
        editor.search.set("");
        editor.message = Some((Severity::Info, count));
    }
    Ok(())
}
