//! Editing: opening, keeping, applying and throwing away drafts.
//!
//! Applying is: the draft is looked at (see `judging`), the server checks (dry run), the question
//! shows what will change, the server writes under the base resourceVersion. Whatever goes wrong,
//! the draft stays.

use super::{availability, flash, judging};
use crate::domain::Severity;
use crate::engine::{Command, CommandError, Reply};
use crate::tui::draft::{Draft, DraftId};
use crate::tui::examples::{self, Example};
use crate::tui::message::{Effect, Job, RequestId};
use crate::tui::model::{Model, Overlay, Purpose, Screen};
use crate::tui::screens::editor::{Editor, Step};
use crate::tui::screens::text::TextOf;
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;

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

/// `e`: the selected key, or a new ConfigMap when there is none.
pub(super) fn edit(model: &mut Model) {
    let key = match model.screens.last() {
        Some(Screen::Text(text)) => match &text.of {
            TextOf::Key(key) => Some(key.clone()),
            TextOf::Object(_) => None,
        },
        _ => model.overview.keys.selected.clone(),
    };
    let Some(view) = &model.session.catalog else {
        return;
    };
    let whole = availability::draft_id(model, None);
    let whole_is_open = whole
        .as_ref()
        .is_some_and(|id| model.drafts.get(id).is_some());
    match key {
        Some(key) if view.found => open_key(model, &key, None),
        _ if view.found => flash(model, Severity::Warning, "no key is selected"),
        _ if whole_is_open => {
            if let Some(draft) = whole.and_then(|id| model.drafts.get(&id).cloned()) {
                open(model, draft);
            }
        }
        _ => match examples::ALL.first() {
            Some(example) => new_config_map(model, example),
            None => flash(model, Severity::Warning, "there is no example"),
        },
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

fn open(model: &mut Model, draft: Draft) {
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
    if due.is_some_and(|since| since.saturating_add(after_ms) <= now || since > now) {
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

fn forget(model: &mut Model, id: &DraftId, effects: &mut Vec<Effect>) {
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
    let Some(editor) = editor(model) else {
        return;
    };
    let difference = editor.difference().clone();
    let (removed, added) = (difference.removed, difference.added);
    let id = editor.id.clone();
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

/// The server has checked: ask, or say what is wrong.
pub(super) fn checked(model: &mut Model, id: &DraftId, result: Result<Reply, CommandError>) {
    let place = (
        Tone::Strong,
        format!(
            "context {}  {}",
            model.session.context, model.session.server
        ),
    );
    let used = used_by(model, id);
    let Some(editor) = editor_of(model, id) else {
        return;
    };
    if !matches!(editor.step, Step::Checking(_)) {
        return;
    }
    editor.step = Step::Editing;
    if let Err(error) = &result {
        editor.message = Some((Severity::Error, failure(error)));
        return;
    }
    let Ok(changes) = editor.changes() else {
        return;
    };
    editor.step = Step::Asking;
    editor.message = Some((Severity::Info, "the server accepts the draft".to_owned()));
    let difference = editor.difference().clone();
    let (removed, added) = (difference.removed, difference.added);
    let base = match &editor.base {
        Some(base) => format!("based on resourceVersion {base}"),
        None => "creates the ConfigMap".to_owned(),
    };
    let mut shown = vec![
        (
            Tone::Plain,
            format!("{}/{} {}", id.namespace, id.name, id.title()),
        ),
        (Tone::Good, "the server accepts it (dry run)".to_owned()),
        (Tone::Plain, format!("+{added} -{removed} lines, {base}")),
    ];
    if let Some(used) = used {
        shown.push((Tone::Warn, used));
    }
    shown.push(place);
    shown.extend(judging::consequences(&editor.verdict));
    shown.extend(judging::warnings(id, &editor.verdict));
    shown.push((Tone::Plain, String::new()));
    shown.extend(difference.lines);
    let command = Command::Apply {
        base: editor.base.clone(),
        changes,
        dry_run: false,
    };
    let then = Then::Command(command, Purpose::Apply(id.clone()));
    let question = Confirm::new("Apply", shown, "Apply", then);
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

/// Who is touched by a change of the key.
fn used_by(model: &Model, id: &DraftId) -> Option<String> {
    let trigger = id.key.as_deref()?.strip_prefix("trigger.")?;
    let used = *model.session.catalog.as_ref()?.used_by.get(trigger)?;
    let used = text::plural(used, "resource uses", "resources use");
    Some(format!(
        "{used} this trigger: a changed condition is sent again where it is true"
    ))
}

/// The question was answered with no.
pub(super) fn not_applied(model: &mut Model) {
    if let Some(editor) = editor(model)
        && editor.step == Step::Asking
    {
        editor.step = Step::Editing;
    }
}

/// A confirmed command was handed over: the editor waits for it.
pub(super) fn submitted(model: &mut Model, purpose: &Purpose, request: RequestId) {
    if let Purpose::Apply(id) = purpose
        && let Some(editor) = editor_of(model, id)
    {
        editor.step = Step::Applying(request);
        editor.message = None;
    }
}

fn failure(error: &CommandError) -> String {
    match error {
        CommandError::Conflict { .. } => {
            format!(
                "{error}. The draft is kept: F5 takes the present version as base, then compare \
                 and apply again"
            )
        }
        other => format!("{other}. The draft is kept"),
    }
}

/// The server has written, or not.
pub(super) fn applied(
    model: &mut Model,
    id: &DraftId,
    result: Result<Reply, CommandError>,
    effects: &mut Vec<Effect>,
) {
    match result {
        Ok(reply) => {
            let version = match reply {
                Reply::Applied {
                    resource_version, ..
                } => resource_version,
                _ => String::new(),
            };
            // What was typed after the question was asked is not lost: it stays a draft.
            let edited_since = editor_of(model, id).is_some_and(|editor| {
                let waiting = matches!(editor.step, Step::Applying(_));
                editor.step = Step::Editing;
                !waiting || editor.unsaved_since.is_some()
            });
            if edited_since {
                let text = format!(
                    "{} applied (rv {version}); later edits are kept",
                    id.title()
                );
                flash(model, Severity::Info, text);
                return;
            }
            if editor_of(model, id).is_some() {
                model.screens.pop();
            }
            forget(model, id, effects);
            let text = format!("{} applied, resourceVersion {version}", id.title());
            flash(model, Severity::Info, text);
        }
        Err(error) => {
            let message = failure(&error);
            match editor_of(model, id) {
                Some(editor) => {
                    editor.step = Step::Editing;
                    editor.message = Some((Severity::Error, message));
                }
                None => flash(model, Severity::Error, format!("{}: {message}", id.title())),
            }
        }
    }
}

/// `F5`: the version in the cluster becomes the base; the text stays.
pub(super) fn rebase(model: &mut Model) {
    let Some(view) = model.session.catalog.clone() else {
        return;
    };
    let now = model.now_ms;
    let Some(editor) = editor(model) else {
        return;
    };
    editor.base = view.found.then(|| view.resource_version.clone());
    if let Some(key) = &editor.id.key {
        editor.base_text = view.data.get(key).cloned();
    }
    editor.touched(true, now);
    let message = match &editor.base {
        Some(base) => format!("based on resourceVersion {base} now: compare, then apply"),
        None => "the ConfigMap does not exist: applying creates it".to_owned(),
    };
    editor.message = Some((Severity::Info, message));
}
