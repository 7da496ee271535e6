//! Searching and replacing in the editor.

use super::drafts;
use crate::domain::Severity;
use crate::tui::action::Editing;
use crate::tui::editor::Place;
use crate::tui::model::Model;
use crate::tui::screens::editor::{Editor, Replacing};
use crate::tui::text;

/// What is selected, when it is a part of one line.
pub(super) fn selected_word(editor: &Editor) -> String {
    match editor.buffer.selection() {
        Some((from, to)) if from.line == to.line => editor.buffer.between(from, to),
        _ => String::new(),
    }
}

pub(super) fn next_hit(editor: &mut Editor, forward: bool) {
    let from = editor.buffer.cursor();
    match editor.search.next(&editor.buffer, from, forward, false) {
        Some(hit) => editor.show_hit(hit),
        None => {
            let text = match editor.search.wanted.as_str() {
                "" => "nothing is searched for".to_owned(),
                wanted => format!("'{wanted}' is not in the text"),
            };
            editor.message = Some((Severity::Warning, text));
        }
    }
}

/// The line of the search has changed: the first hit from the cursor on is shown.
pub(super) fn searched(model: &mut Model, wanted: &str) -> Result<(), String> {
    let Some(editor) = drafts::editor(model) else {
        return Ok(());
    };
    let from = editor
        .buffer
        .selection()
        .map_or(editor.buffer.cursor(), |(from, _)| from);
    editor.search.set(wanted);
    if wanted.is_empty() {
        editor.buffer.move_to(from, false);
        return Ok(());
    }
    match editor.search.next(&editor.buffer, from, true, true) {
        Some(hit) => {
            editor.show_hit(hit);
            Ok(())
        }
        None => Err("not found".to_owned()),
    }
}

/// Begins to ask hit by hit.
pub(super) fn begin_replacing(model: &mut Model, with: &str) {
    let Some(editor) = drafts::editor(model) else {
        return;
    };
    let from = editor
        .buffer
        .selection()
        .map_or(editor.buffer.cursor(), |(from, _)| from);
    let all = editor.search.hits(&editor.buffer).len();
    if let Some(at) = editor.search.next(&editor.buffer, from, true, true) {
        editor.replacing = Some(Replacing {
            with: with.to_owned(),
            at,
            done: 0,
            left: all,
        });
        editor.show_hit(at);
    }
}

/// An answer to a replacement.
pub(super) fn replace(editor: &mut Editor, what: Editing, now: i64) {
    let Some(mut replacing) = editor.replacing.take() else {
        return;
    };
    let at = replacing.at;
    let mut next = at.from;
    match what {
        Editing::ReplaceThis => {
            let with = replacing.with.clone();
            editor.edit(now, |editor| editor.buffer.replace_hits(&[at], &with));
            replacing.done += 1;
            next = Place::new(at.from.line, at.from.column + with.len());
        }
        Editing::SkipThis => next = Place::new(at.from.line, at.to),
        Editing::ReplaceAll => {
            // All that were not asked about: those behind, and round the end.
            let hits = editor.search.hits(&editor.buffer).to_vec();
            let start = hits.iter().position(|hit| *hit == at).unwrap_or(0);
            let mut left: Vec<_> = (0..replacing.left)
                .filter_map(|n| hits.get((start + n) % hits.len().max(1)).copied())
                .collect();
            left.sort_by_key(|hit| hit.from);
            replacing.done += left.len();
            let with = replacing.with.clone();
            editor.edit(now, |editor| editor.buffer.replace_hits(&left, &with));
            replacing.left = 0;
        }
        _ => replacing.left = 0,
    }
    replacing.left = replacing.left.saturating_sub(1);
    let hit = (replacing.left > 0)
        .then(|| editor.search.next(&editor.buffer, next, true, true))
        .flatten();
    match hit {
        Some(hit) => {
            replacing.at = hit;
            editor.show_hit(hit);
            editor.replacing = Some(replacing);
        }
        None => {
            editor.buffer.unselect();
            let count = text::plural(replacing.done as u64, "replacement", "replacements");
            editor.message = Some((Severity::Info, count));
        }
    }
}
