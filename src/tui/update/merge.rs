//! Bringing a draft up to the version that is in the cluster now: what merges by itself does, for the
//! rest a screen asks, key by key.

use super::{drafts, flash};
use crate::check::{config_map_changes, config_map_text};
use crate::domain::{Position, Severity};
use crate::tui::editor::Place;
use crate::tui::message::Effect;
use crate::tui::model::{Model, Screen};
use crate::tui::screens::editor::Editor;
use crate::tui::screens::merge::{Choice, MergeScreen, has_markers};
use std::collections::BTreeMap;
use std::sync::Arc;

type Data = BTreeMap<String, String>;

/// Versions of the ConfigMap that are remembered, as bases of drafts.
const REMEMBERED: usize = 16;

/// Another version is in the cluster: what it was is the base of drafts.
pub(super) fn remember(model: &mut Model) {
    let Some(view) = model.session.catalog.as_ref().filter(|view| view.found) else {
        return;
    };
    let version = (view.resource_version.clone(), Arc::clone(&view.data));
    model.recent.retain(|(known, _)| *known != version.0);
    model.recent.push_back(version);
    if model.recent.len() > REMEMBERED {
        model.recent.pop_front();
    }
}

/// What the draft is based on, with all keys as far as they are known: of what is not known it is
/// supposed that it did not change.
fn base_of(recent: Option<&Arc<Data>>, editor: &Editor, live: &Data) -> Data {
    if let Some(data) = recent {
        return Data::clone(data);
    }
    match &editor.id.key {
        Some(key) => {
            let mut base = live.clone();
            match &editor.base_text {
                Some(text) => drop(base.insert(key.clone(), text.clone())),
                None => drop(base.remove(key)),
            }
            base
        }
        None => {
            let text = editor.base_text.as_deref().unwrap_or("");
            let read = config_map_changes(None, text).unwrap_or_default();
            let known = read
                .into_iter()
                .filter_map(|(key, text)| Some((key, text?)));
            known.collect()
        }
    }
}

/// `F5`.
pub(super) fn begin(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(view) = model.session.catalog.clone() else {
        return;
    };
    let now = model.now_ms;
    let recent = model.recent.clone();
    let Some(editor) = drafts::editor(model) else {
        return;
    };
    if !view.found {
        editor.base = None;
        editor.touched(true, now);
        let text = "the ConfigMap does not exist: applying creates it".to_owned();
        editor.message = Some((Severity::Info, text));
        return;
    }
    if editor.base.as_ref() == Some(&view.resource_version) {
        let text = format!(
            "based on the present version, rv {}, already",
            view.resource_version
        );
        editor.message = Some((Severity::Info, text));
        return;
    }
    let changes = match editor.changes() {
        Ok(changes) => changes,
        Err(problem) => {
            editor.message = Some((Severity::Error, problem));
            return;
        }
    };
    let based_on = recent
        .iter()
        .find(|(known, _)| Some(known) == editor.base.as_ref());
    let base = base_of(based_on.map(|(_, data)| data), editor, &view.data);
    let versions = (
        editor.base.clone().unwrap_or_default(),
        view.resource_version.clone(),
    );
    let screen = MergeScreen::new(editor.id.clone(), versions, &base, &view.data, &changes);
    if screen.is_plain() {
        take(model, &screen, &view.data);
    } else {
        drafts::keep(model, effects);
        model.screens.push(Screen::Merge(Box::new(screen)));
    }
}

/// Something is chosen for the selected key.
pub(super) fn choose(model: &mut Model, choice: Choice) {
    if let Some(Screen::Merge(screen)) = model.screens.last_mut() {
        let conflict = screen.entry().is_some_and(|entry| entry.needs_look());
        if conflict {
            screen.choose(choice);
        } else {
            let text = "only one side has changed this key: there is nothing to choose";
            flash(model, Severity::Info, text);
        }
    }
}

/// `Enter`: the result becomes the draft, when nothing is open.
pub(super) fn finish(model: &mut Model) {
    let Some(Screen::Merge(screen)) = model.screens.last() else {
        return;
    };
    if screen.open() > 0 {
        let text = "choose live, mine or edit for each conflict first";
        flash(model, Severity::Warning, text);
        return;
    }
    let Some(view) = model.session.catalog.clone() else {
        return;
    };
    let Some(Screen::Merge(screen)) = model.screens.pop() else {
        return;
    };
    // A newer version than the one that was merged with would be overwritten by it.
    if view.resource_version != screen.version {
        let known = model
            .recent
            .iter()
            .find(|(version, _)| *version == screen.version);
        let Some((_, data)) = known.cloned() else {
            flash(
                model,
                Severity::Warning,
                "the ConfigMap has changed again: merge once more",
            );
            return;
        };
        take(model, &screen, &data);
        return;
    }
    take(model, &screen, &view.data);
}

/// The merged texts become the draft in the editor, based on the version that was merged with.
fn take(model: &mut Model, screen: &MergeScreen, live: &Data) {
    let now = model.now_ms;
    let Some(changes) = screen.result() else {
        return;
    };
    let Some(editor) = drafts::editor_of(model, &screen.id) else {
        return;
    };
    let text = match &screen.id.key {
        Some(key) => {
            editor.base_text = live.get(key).cloned();
            match changes.get(key) {
                Some(text) => text.clone().unwrap_or_default(),
                None => live.get(key).cloned().unwrap_or_default(),
            }
        }
        None => {
            let mut data = live.clone();
            for (key, text) in &changes {
                match text {
                    Some(text) => drop(data.insert(key.clone(), text.clone())),
                    None => drop(data.remove(key)),
                }
            }
            let (namespace, name) = (&screen.id.namespace, &screen.id.name);
            editor.base_text = Some(config_map_text(namespace, name, live));
            config_map_text(namespace, name, &data)
        }
    };
    editor.base = Some(screen.version.clone());
    if editor.text() != text {
        let end = editor.buffer.end();
        editor.edit(now, |editor| {
            editor.buffer.replace(Place::new(0, 0), end, &text)
        });
    }
    editor.touched(true, now);
    let marks = has_markers(&text);
    if marks {
        let line = text
            .lines()
            .position(|line| line.trim_start().starts_with("<<<<<<<"));
        let line = u32::try_from(line.unwrap_or(0))
            .unwrap_or(0)
            .saturating_add(1);
        editor.go_to(Position { line, column: 1 });
    }
    let message = if marks {
        "edit what stands between <<<<<<< and >>>>>>>, and remove the marks".to_owned()
    } else if editor.is_changed() {
        format!(
            "based on resourceVersion {} now: compare, then apply",
            screen.version
        )
    } else {
        "the draft is as it is in the cluster now".to_owned()
    };
    editor.message = Some((
        if marks {
            Severity::Warning
        } else {
            Severity::Info
        },
        message,
    ));
}
