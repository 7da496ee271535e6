//! Editing: opening, keeping and throwing away drafts.
//!
//! Applying is: the draft is looked at (see `judging`), then handed to `applying`. Whatever goes wrong,
//! the draft stays.

use super::{availability, flash};
use crate::check;
use crate::domain::Severity;
use crate::tui::clock::Due;
use crate::tui::draft::{Draft, DraftId, WHOLE};
use crate::tui::examples::{self, Example};
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Overlay, Screen};
use crate::tui::screens::drafts::{self as drafts_screen, DraftsScreen};
use crate::tui::screens::editor::{Difference, Editor};
use crate::tui::screens::text::TextOf;
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;
use std::collections::BTreeMap;

pub(super) fn editor(model: &mut Model) -> Option<&mut Editor> {
    match model.screens.last_mut() {
        Some(Screen::Editor(editor)) => Some(editor),
        _ => None,
    }
}

pub(super) fn editor_of<'a>(model: &'a mut Model, id: &DraftId) -> Option<&'a mut Editor> {
    editor(model).filter(|editor| editor.id == *id)
}

/// Pane 4 anew.
pub(super) fn rebuild_keys(model: &mut Model) {
    let Some(here) = availability::draft_id(model, None) else {
        return;
    };
    let same = |draft: &&Draft| draft.id.namespace == here.namespace && draft.id.name == here.name;
    let drafts: Vec<&Draft> = model.drafts.iter().filter(same).collect();
    let view = model.session.catalog.as_deref();
    model.overview.keys.rebuild(view, &drafts);
}

/// The editor of a draft, also when another screen is in front of it.
pub(super) fn any_editor<'a>(model: &'a mut Model, id: &DraftId) -> Option<&'a mut Editor> {
    model
        .screens
        .iter_mut()
        .rev()
        .find_map(|screen| match screen {
            Screen::Editor(editor) if editor.id == *id => Some(&mut **editor),
            _ => None,
        })
}

/// `e`: the selected key, or a new ConfigMap when there is none.
pub(super) fn edit(model: &mut Model) {
    let key = match model.screens.last() {
        Some(Screen::Text(text)) => match &text.of {
            TextOf::Key(key) => Some(key.clone()),
            TextOf::Object(_) | TextOf::Variables(_) => None,
        },
        _ => model.overview.keys.selected.clone(),
    };
    let found = model
        .session
        .catalog
        .as_ref()
        .is_some_and(|view| view.found);
    match key {
        Some(key) if key == WHOLE => edit_all(model),
        Some(key) if found => open_key(model, &key, None),
        _ if found => flash(model, Severity::Warning, "no key is selected"),
        _ => edit_all(model),
    }
}

/// `E`: the whole ConfigMap, with its draft when there is one. One that does not exist begins as an
/// example.
pub(super) fn edit_all(model: &mut Model) {
    let Some(id) = availability::draft_id(model, None) else {
        return;
    };
    if let Some(draft) = model.drafts.get(&id).cloned() {
        open(model, draft);
        return;
    }
    match whole(model) {
        Some(draft) => open_whole(model, draft, None),
        None => match examples::ALL.first() {
            Some(example) => new_config_map(model, example),
            None => flash(model, Severity::Warning, "there is no example"),
        },
    }
}

/// A draft of the whole ConfigMap as it is in the cluster; `None` when it does not exist.
fn whole(model: &Model) -> Option<Draft> {
    let view = model.session.catalog.as_ref().filter(|view| view.found)?;
    let text = check::config_map_text(&view.namespace, &view.name, &view.data);
    Some(Draft {
        id: availability::draft_id(model, None)?,
        base: Some(view.resource_version.clone()),
        base_text: Some(text.clone()),
        text,
        edited_ms: model.now_ms,
    })
}

/// Opens a draft of the whole ConfigMap, with what is to be known about it.
fn open_whole(model: &mut Model, draft: Draft, note: Option<String>) {
    let keys = model
        .drafts
        .iter()
        .filter(|draft| draft.id.key.is_some())
        .count();
    let others = (keys > 0).then(|| {
        let drafts = text::plural(
            keys as u64,
            "draft of a single key is",
            "drafts of single keys are",
        );
        format!("{drafts} not in this text")
    });
    let changed = draft.base_text.as_deref() != Some(draft.text.as_str());
    let now = model.now_ms;
    open(model, draft);
    if let Some(editor) = editor(model) {
        if changed {
            editor.unsaved_since = Some(now);
        }
        let told: Vec<String> = note.into_iter().chain(others).collect();
        if !told.is_empty() {
            editor.message = Some((Severity::Info, told.join("; ")));
        }
    }
}

/// A draft of the whole ConfigMap with other data.
fn with_data(model: &mut Model, data: &BTreeMap<String, String>, note: String) {
    let Some(id) = availability::draft_id(model, None) else {
        return;
    };
    if model.drafts.get(&id).is_some() {
        let text = "there is a draft of the whole ConfigMap already: apply or discard it first";
        flash(model, Severity::Warning, text);
        return;
    }
    if let Some(mut draft) = whole(model) {
        draft.text = check::config_map_text(&draft.id.namespace, &draft.id.name, data);
        open_whole(model, draft, Some(note));
    }
}

/// What giving a key another name leads to.
pub(super) fn rename(model: &Model, old: &str, new: &str) -> Result<check::Renamed, String> {
    examples::check_key(new)?;
    let view = model
        .session
        .catalog
        .as_ref()
        .ok_or("the ConfigMap is not read yet")?;
    check::rename_key(&view.data, old, new)
}

/// Opens the draft in which a key has another name.
pub(super) fn rename_key(model: &mut Model, old: &str, new: &str) {
    let renamed = match rename(model, old, new) {
        Ok(renamed) => renamed,
        Err(problem) => {
            flash(model, Severity::Error, problem);
            return;
        }
    };
    let mut note = format!("{old} is {new} here");
    if !renamed.referring.is_empty() {
        note.push_str(&format!(", also in {}", renamed.referring.join(", ")));
    }
    let used = old
        .strip_prefix("trigger.")
        .and_then(|name| model.session.catalog.as_ref()?.used_by.get(name).copied());
    if let Some(used) = used.filter(|used| *used > 0) {
        let used = text::plural(used, "resource", "resources");
        note.push_str(&format!(
            "; annotations of {used} may name it: they stay as they are"
        ));
    }
    with_data(model, &renamed.data, note);
}

/// Whether a new key can have this name.
pub(super) fn free_key(model: &Model, key: &str) -> Result<(), String> {
    examples::check_key(key)?;
    let view = model.session.catalog.as_ref();
    match view.is_some_and(|view| view.data.contains_key(key)) {
        true => Err(format!("there is a key {key} already")),
        false => Ok(()),
    }
}

/// Opens a new key with the text of another one, or of its draft.
pub(super) fn duplicate_key(model: &mut Model, key: &str, copy: &str) {
    let id = availability::draft_id(model, Some(key));
    let draft = id
        .and_then(|id| model.drafts.get(&id))
        .map(|draft| draft.text.clone());
    let live = model
        .session
        .catalog
        .as_ref()
        .and_then(|view| view.data.get(key).cloned());
    if let Some(text) = draft.or(live) {
        open_key(model, copy, Some(&text));
    }
}

/// Opens the draft in which the selected key is gone.
pub(super) fn delete_key(model: &mut Model) {
    let Some(key) = model.overview.keys.selected.clone() else {
        return;
    };
    let Some(view) = &model.session.catalog else {
        return;
    };
    let mut data = (*view.data).clone();
    data.remove(&key);
    with_data(
        model,
        &data,
        format!("{key} is gone here: apply it to remove it"),
    );
}

/// Adds the keys of an example to the ConfigMap, as a draft; makes one of it when there is none.
pub(super) fn from_example(model: &mut Model, example: &Example) {
    let Some(view) = model.session.catalog.clone().filter(|view| view.found) else {
        new_config_map(model, example);
        return;
    };
    let Ok(keys) = check::config_map_changes(None, example.text) else {
        return;
    };
    let mut data = (*view.data).clone();
    let (mut added, mut there) = (Vec::new(), Vec::new());
    for (key, text) in keys {
        if data.contains_key(&key) {
            there.push(key);
        } else if let Some(text) = text {
            data.insert(key.clone(), text);
            added.push(key);
        }
    }
    let mut note = format!("from {}: {}", example.name, added.join(", "));
    if !there.is_empty() {
        note.push_str(&format!("; left as they are: {}", there.join(", ")));
    }
    if added.is_empty() {
        let text = format!("all keys of {} are there already", example.name);
        flash(model, Severity::Info, text);
    } else {
        with_data(model, &data, note);
    }
}

/// `9`: the list of drafts.
pub(super) fn open_list(model: &mut Model) {
    model.screens.push(Screen::Drafts(DraftsScreen::default()));
    settle_list(model);
}

fn ids(model: &Model) -> Vec<DraftId> {
    model.drafts.iter().map(|draft| draft.id.clone()).collect()
}

/// Keeps the selection of the list on its draft.
pub(super) fn settle_list(model: &mut Model) {
    if let Some(Screen::Drafts(_)) = model.screens.last() {
        let (ids, height) = (ids(model), drafts_screen::rows(model));
        if let Some(Screen::Drafts(screen)) = model.screens.last_mut() {
            screen.settle(&ids, height);
        }
    }
}

/// Moves the selection of the list.
pub(super) fn step_list(model: &mut Model, rows: i64) {
    let (ids, height) = (ids(model), drafts_screen::rows(model));
    if let Some(Screen::Drafts(screen)) = model.screens.last_mut() {
        screen.step(rows, &ids, height);
    }
}

/// Opens the selected draft of the list.
pub(super) fn open_listed(model: &mut Model) {
    if let Some(draft) = listed(model).cloned() {
        open(model, draft);
    }
}

fn listed(model: &Model) -> Option<&Draft> {
    match model.screens.last() {
        Some(Screen::Drafts(screen)) => model.drafts.get(screen.selected.as_ref()?),
        _ => None,
    }
}

/// A ConfigMap that does not exist, from an example.
pub(super) fn new_config_map(model: &mut Model, example: &Example) {
    let Some(id) = availability::draft_id(model, None) else {
        return;
    };
    let draft = Draft {
        id,
        base: None,
        base_text: None,
        text: example.text.to_owned(),
        edited_ms: model.now_ms,
    };
    open(model, draft);
    if let Some(editor) = editor(model) {
        let message = format!(
            "a new ConfigMap, from the example {}: nothing is written before you apply it",
            example.name
        );
        editor.message = Some((Severity::Info, message));
    }
}

/// Opens a key, with its draft when there is one, else with `text` or what is in the cluster.
pub(super) fn open_key(model: &mut Model, key: &str, text: Option<&str>) {
    let Some(id) = availability::draft_id(model, Some(key)) else {
        return;
    };
    if let Some(draft) = model.drafts.get(&id).cloned() {
        open(model, draft);
        return;
    }
    let Some(view) = &model.session.catalog else {
        return;
    };
    let live = view.data.get(key).cloned();
    let draft = Draft {
        id,
        base: view.found.then(|| view.resource_version.clone()),
        text: live
            .clone()
            .or_else(|| text.map(str::to_owned))
            .unwrap_or_default(),
        base_text: live,
        edited_ms: model.now_ms,
    };
    open(model, draft);
}

pub(super) fn open(model: &mut Model, draft: Draft) {
    let mut editor = Box::new(Editor::new(draft, &model.look));
    editor.to_start();
    model.screens.push(Screen::Editor(editor));
}

/// Keeps the open draft, in memory and, where there is a place for it, on disk.
pub(super) fn keep(model: &mut Model, effects: &mut Vec<Effect>) {
    let now = model.now_ms;
    let Some(editor) = editor(model) else {
        return;
    };
    if editor.unsaved_since.take().is_none() {
        return;
    }
    let draft = editor.draft(now);
    if draft.base_text.as_deref() == Some(draft.text.as_str()) {
        forget(model, &draft.id, effects);
        return;
    }
    model.drafts.edit(draft.clone());
    if model.drafts.on_disk {
        effects.push(Effect::Job(model.session.id, Job::SaveDraft(draft)));
    }
    rebuild_keys(model);
}

/// Keeps the open draft when its first unsaved change is older than this.
pub(super) fn save_when_due(model: &mut Model, after_ms: i64, effects: &mut Vec<Effect>) {
    let now = model.now_ms;
    let due = editor(model).and_then(|editor| editor.unsaved_since);
    if due.is_some_and(|since| Due::after(since, after_ms).has_come(now)) {
        keep(model, effects);
    }
}

/// A draft is on disk.
pub(super) fn saved(model: &mut Model, id: &DraftId) {
    let key = id.title().to_owned();
    if let Some(editor) = editor_of(model, id)
        && editor.message.is_none()
    {
        editor.message = Some((Severity::Info, format!("draft of {key} kept on disk")));
    }
}

pub(super) fn forget(model: &mut Model, id: &DraftId, effects: &mut Vec<Effect>) {
    if model.drafts.remove(id).is_some() && model.drafts.on_disk {
        effects.push(Effect::Job(model.session.id, Job::DropDraft(id.clone())));
    }
    rebuild_keys(model);
}

/// `Esc` in the editor, and whenever its engine is left.
pub(super) fn close_editor(model: &mut Model, effects: &mut Vec<Effect>) {
    keep(model, effects);
    if let Some(editor) = editor(model) {
        let (title, changed) = (editor.id.title().to_owned(), editor.is_changed());
        model.screens.pop();
        if changed {
            flash(
                model,
                Severity::Info,
                format!("the draft of {title} is kept"),
            );
        }
    }
}

/// `F8`: asks.
pub(super) fn ask_discard(model: &mut Model) {
    let (id, difference) = match (listed(model).cloned(), editor(model)) {
        (Some(draft), _) => {
            let difference = Difference::of(draft.base_text.as_deref(), &draft.text);
            (draft.id, difference)
        }
        (None, Some(editor)) => (editor.id.clone(), editor.difference().clone()),
        (None, None) => return,
    };
    let (removed, added) = (difference.removed, difference.added);
    let mut shown = vec![
        (
            Tone::Plain,
            format!(
                "the draft of {}: +{added} -{removed} lines are lost",
                id.title()
            ),
        ),
        (Tone::Plain, String::new()),
    ];
    shown.extend(difference.lines);
    let question = Confirm::new("Discard draft", shown, "Discard", Then::Discard(id));
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

/// The draft is thrown away.
pub(super) fn discard(model: &mut Model, id: &DraftId, effects: &mut Vec<Effect>) {
    if editor_of(model, id).is_some() {
        model.screens.pop();
    }
    forget(model, id, effects);
    flash(
        model,
        Severity::Info,
        format!("the draft of {} is gone", id.title()),
    );
}
