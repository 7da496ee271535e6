//! From a draft that was looked at to a version that is in force: the server checks (dry run), the
//! engine finds out what it would send, the question shows what will change, the server writes under
//! the base resourceVersion, and the engine takes it over, or not. Whatever goes wrong, the draft stays.

use super::{blast, drafts, flash, gitops, judging, submit, writes};
use crate::catalog::KeyState;
use crate::domain::Severity;
use crate::engine::{CatalogView, Command, CommandError, Reply};
use crate::tui::action::{self, ActionId};
use crate::tui::clock::{self, Due};
use crate::tui::compare;
use crate::tui::draft::DraftId;
use crate::tui::message::{Effect, RequestId};
use crate::tui::model::{Applied, Model, Overlay, Purpose, Screen, Stage, Texts};
use crate::tui::screens::editor::Step;
use crate::tui::screens::merge::has_markers;
use crate::tui::text;
use crate::tui::widgets::confirm::{self, Confirm, Then};
use crate::tui::widgets::text_view::Tone;
use std::sync::Arc;

/// How long the engine may take to take over what was applied, in milliseconds.
const TAKE_OVER_MS: i64 = 15_000;

/// Lines of a difference that a question shows.
const SHOWN: usize = 400;

/// The server checks (dry run).
pub(super) fn ask_server(model: &mut Model, id: &DraftId, effects: &mut Vec<Effect>) {
    let Some(editor) = drafts::editor_of(model, id) else {
        return;
    };
    let changes = match editor.changes() {
        Ok(changes) => changes,
        Err(problem) => {
            editor.message = Some((Severity::Error, problem));
            return;
        }
    };
    let marked = changes
        .iter()
        .find(|(_, text)| text.as_deref().is_some_and(has_markers));
    if let Some((key, _)) = marked {
        let problem = format!(
            "{key} still has the marks of a conflict (<<<<<<<, =======, >>>>>>>): not applied"
        );
        editor.message = Some((Severity::Error, problem));
        editor.step = Step::Editing;
        return;
    }
    let command = Command::Apply {
        base: editor.base.clone(),
        changes,
        effect: String::new(),
        dry_run: true,
    };
    editor.message = None;
    let request = submit(model, command, Purpose::Check(id.clone()), effects);
    if let Some(editor) = drafts::editor_of(model, id) {
        editor.step = Step::Checking(request);
    }
}

/// The server has checked: find out what the draft would send, or say what is wrong.
pub(super) fn checked(
    model: &mut Model,
    id: &DraftId,
    result: Result<Reply, CommandError>,
    effects: &mut Vec<Effect>,
) {
    let failure = result.as_ref().err().map(|error| failure(model, error));
    let Some(editor) = drafts::any_editor(model, id) else {
        return;
    };
    if !matches!(editor.step, Step::Checking(_)) {
        return;
    }
    editor.step = Step::Editing;
    if let Some(failure) = failure {
        editor.message = Some((Severity::Error, failure));
        return;
    }
    let Ok(changes) = editor.changes() else {
        return;
    };
    let number = blast::weigh(model, id.title(), &changes, effects);
    if let Some(editor) = drafts::any_editor(model, id) {
        editor.step = Step::Weighing(number);
        editor.message = None;
        editor.popup = None;
    }
}

/// The draft that is being weighed, with the number of that work.
fn weighing(model: &Model) -> Option<(DraftId, Option<u64>)> {
    model.screens.iter().find_map(|screen| match screen {
        Screen::Editor(editor) => match editor.step {
            Step::Weighing(number) => Some((editor.id.clone(), number)),
            _ => None,
        },
        _ => None,
    })
}

/// Asks as soon as it is known what the draft would send, and nothing else takes the keys.
fn weighed(model: &mut Model) {
    let Some((id, number)) = weighing(model) else {
        return;
    };
    match number.and_then(|number| blast::progress(model, number)) {
        Some(progress) => {
            if let Some(editor) = drafts::any_editor(model, &id) {
                editor.message = Some((Severity::Info, progress));
            }
        }
        None if model.overlays.is_empty() => ask(model, &id),
        None => {}
    }
}

/// Whoever does not wait is asked now.
pub(super) fn not_weighed(model: &mut Model) {
    if let Some((id, _)) = weighing(model) {
        ask(model, &id);
    }
}

/// Asks whether to apply the draft.
fn ask(model: &mut Model, id: &DraftId) {
    let place = writes::place(model);
    let used = used_by(model, id);
    let warning = gitops::warning(model);
    let Some(Ok(changes)) = drafts::any_editor(model, id).map(|editor| editor.changes()) else {
        return;
    };
    let outlook = blast::outlook(model, &changes);
    let (outlook, effect) = outlook.map_or_else(Default::default, |o| (o.lines, o.effect));
    let used = used.filter(|_| effect.is_empty());
    let told = outlook.into_iter();
    let told = told.chain(used.map(|used| (Tone::Warn, used)));
    let told = told.flat_map(|(tone, line)| confirm::wrapped(model, tone, &line));
    let told: Vec<(Tone, String)> = told.collect();
    let Some(editor) = drafts::any_editor(model, id) else {
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
    let mut shown = vec![(
        Tone::Plain,
        format!("{}/{} {}", id.namespace, id.name, id.title()),
    )];
    shown.extend(told);
    shown.push((Tone::Good, "the server accepts it (dry run)".to_owned()));
    shown.push((Tone::Plain, format!("+{added} -{removed} lines, {base}")));
    shown.extend(warning);
    shown.push(place);
    shown.extend(judging::consequences(&editor.verdict));
    shown.extend(judging::warnings(id, &editor.verdict));
    shown.push((Tone::Plain, String::new()));
    shown.extend(difference.lines);
    let command = Command::Apply {
        base: editor.base.clone(),
        changes,
        effect,
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
    for screen in &mut model.screens {
        if let Screen::Editor(editor) = screen
            && editor.step == Step::Asking
        {
            editor.step = Step::Editing;
        }
    }
}

/// Something is about to be written: what stands there now takes it back.
pub(super) fn begun(model: &mut Model, purpose: &Purpose, changes: &Texts) {
    let title = match (purpose, &model.applied) {
        (Purpose::Apply(id), _) => id.title().to_owned(),
        (_, Some(applied)) => format!("rollback of {}", applied.title),
        (_, None) => "rollback".to_owned(),
    };
    let data = model
        .session
        .catalog
        .as_ref()
        .map(|view| Arc::clone(&view.data));
    let stood = |key: &String| data.as_ref().and_then(|data| data.get(key).cloned());
    let before = changes
        .keys()
        .map(|key| (key.clone(), stood(key)))
        .collect();
    model.applied_before = model.applied.take();
    model.subscribed.clear();
    model.applied = Some(Applied {
        title,
        resource_version: String::new(),
        changes: changes.clone(),
        before,
        stage: Stage::Writing,
    });
}

/// A confirmed command was handed over: the editor waits for it.
pub(super) fn submitted(model: &mut Model, purpose: &Purpose, request: RequestId) {
    if let Purpose::Apply(id) = purpose
        && let Some(editor) = drafts::any_editor(model, id)
    {
        editor.step = Step::Applying(request);
        editor.message = None;
    }
}

fn key_of(model: &Model, id: ActionId) -> String {
    action::describe(id).map_or_else(String::new, |action| model.keymap.label(action))
}

fn failure(model: &Model, error: &CommandError) -> String {
    match error {
        CommandError::Conflict { .. } => {
            let key = key_of(model, ActionId::Rebase);
            format!("{error}. The draft is kept: {key} merges it with the present version")
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
            // What was typed after the question was asked is not lost: it stays a draft.
            let edited_since = drafts::any_editor(model, id).is_some_and(|editor| {
                let waiting = matches!(editor.step, Step::Applying(_));
                editor.step = Step::Editing;
                !waiting || editor.unsaved_since.is_some()
            });
            if !edited_since {
                let of_it = |screen: &Screen| matches!(screen, Screen::Editor(e) if e.id == *id);
                model.screens.retain(|screen| !of_it(screen));
                drafts::forget(model, id, effects);
            }
            written(model, reply);
        }
        Err(error) => {
            model.applied = model.applied_before.take();
            let message = failure(model, &error);
            match drafts::any_editor(model, id) {
                Some(editor) => {
                    editor.step = Step::Editing;
                    editor.message = Some((Severity::Error, message));
                }
                None => flash(model, Severity::Error, format!("{}: {message}", id.title())),
            }
        }
    }
}

/// The server has a version: the engine is to take it over.
pub(super) fn written(model: &mut Model, reply: Reply) {
    let Reply::Applied {
        resource_version, ..
    } = reply
    else {
        return;
    };
    let until = Due::after(model.now_ms, TAKE_OVER_MS);
    let Some(applied) = &mut model.applied else {
        return;
    };
    let text = format!(
        "{} applied (rv {resource_version}): waiting until it is in force",
        applied.title
    );
    applied.resource_version = resource_version;
    applied.stage = Stage::Awaited(until);
    flash(model, Severity::Info, text);
    // The engine may have been faster than the answer.
    taken_over(model);
}

/// The engine goes by another catalog: by the one that was applied?
pub(super) fn taken_over(model: &mut Model) {
    let (Some(view), Some(applied)) = (model.session.catalog.clone(), &mut model.applied) else {
        return;
    };
    if !matches!(applied.stage, Stage::Awaited(_) | Stage::Late) || !is_in_force(&view, applied) {
        return;
    }
    let changed = applied.changes.keys();
    let broken: Vec<String> = changed
        .filter(|key| is_broken(&view, key))
        .cloned()
        .collect();
    let (title, version) = (applied.title.clone(), applied.resource_version.clone());
    if broken.is_empty() {
        applied.stage = Stage::InForce(model.now_ms);
        let at = clock::time(model.now_ms, model.now_ms, &model.zone);
        let back = key_of(model, ActionId::Rollback);
        let text =
            format!("{title} applied, in force since {at} (rv {version}); {back} rolls back");
        flash(model, Severity::Info, text);
        return;
    }
    let first = broken.first().cloned().unwrap_or_default();
    let why = view.catalog.keys.get(&first);
    let why = why.and_then(|status| status.diagnostics.first());
    let why = why.map_or_else(String::new, |finding| format!(": {}", finding.message));
    let more = match broken.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    applied.stage = Stage::Broken(broken);
    let back = key_of(model, ActionId::Rollback);
    let text = format!("{title} applied, but {first}{more} is broken{why}. {back} rolls back");
    flash(model, Severity::Error, text);
}

fn is_in_force(view: &CatalogView, applied: &Applied) -> bool {
    view.found && (view.resource_version == applied.resource_version || applied.is_in(&view.data))
}

fn is_broken(view: &CatalogView, key: &str) -> bool {
    let state = view.catalog.keys.get(key).map(|status| &status.state);
    matches!(state, Some(KeyState::Broken | KeyState::LastGood { .. }))
}

/// Something has happened, or time has passed.
pub(super) fn settle(model: &mut Model) {
    weighed(model);
    let now = model.now_ms;
    let Some(applied) = &mut model.applied else {
        return;
    };
    if let Stage::Awaited(until) = applied.stage
        && until.has_come(now)
    {
        applied.stage = Stage::Late;
        let text = format!(
            "{} is written (rv {}), but the engine has not taken it over in {} s: is the \
             ConfigMap's watch live?",
            applied.title,
            applied.resource_version,
            TAKE_OVER_MS / 1_000
        );
        flash(model, Severity::Warning, text);
    }
}

/// When time alone changes something.
pub(super) fn due(model: &Model) -> Option<Due> {
    match model.applied.as_ref()?.stage {
        Stage::Awaited(until) => Some(until),
        _ => None,
    }
}

/// Why what was applied last can't be taken back.
pub(super) fn rollback_reason(model: &Model) -> Option<String> {
    if !model.subscribed.is_empty() {
        return None;
    }
    let Some(applied) = &model.applied else {
        return Some("nothing was applied from here".to_owned());
    };
    if matches!(applied.stage, Stage::Writing) {
        return Some("the server is at work".to_owned());
    }
    let view = model.session.catalog.as_ref()?;
    if applied.changes == applied.before {
        return Some("nothing was changed".to_owned());
    }
    // Before the engine has seen it the server's version guards against a foreign change.
    let later = matches!(applied.stage, Stage::InForce(_) | Stage::Broken(_));
    (later && !applied.is_in(&view.data)).then(|| {
        format!(
            "{} was changed again since: see the versions",
            applied.title
        )
    })
}

/// `U`: the version before, after a question.
pub(super) fn ask_rollback(model: &mut Model) {
    let Some(applied) = model.applied.clone() else {
        return;
    };
    let base = match (&applied.stage, &model.session.catalog) {
        (Stage::InForce(_) | Stage::Broken(_), Some(view)) => view.resource_version.clone(),
        _ => applied.resource_version.clone(),
    };
    let mut shown = vec![(
        Tone::Plain,
        format!(
            "{}: back to what stood there before resourceVersion {}",
            applied.title, applied.resource_version
        ),
    )];
    shown.extend(gitops::warning(model));
    shown.push(writes::place(model));
    shown.push((Tone::Plain, String::new()));
    let lines = compare::short_lines(&applied.changes, &applied.before);
    let more = lines.len().saturating_sub(SHOWN);
    shown.extend(lines.into_iter().take(SHOWN));
    if more > 0 {
        shown.push((Tone::Dim, format!("and {more} more lines")));
    }
    let command = Command::Apply {
        base: Some(base),
        changes: applied.before.clone(),
        effect: String::new(),
        dry_run: false,
    };
    let then = Then::Command(command, Purpose::Rollback);
    let question = Confirm::new("Roll back", shown, "Roll back", then);
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

/// The version before was written, or not.
pub(super) fn rolled_back(model: &mut Model, result: Result<Reply, CommandError>) {
    match result {
        Ok(reply) => written(model, reply),
        Err(error) => {
            model.applied = model.applied_before.take();
            flash(model, Severity::Error, format!("not rolled back: {error}"));
        }
    }
}
