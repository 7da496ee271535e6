//! From a message to a changed model and the effects it asks for. Never draws, never waits.

mod applying;
pub mod availability;
mod batch;
mod blast;
mod bulk;
mod calm;
mod draft_trigger;
mod drafts;
mod editing;
mod editor_lines;
pub mod gitops;
mod held;
mod judging;
mod keys;
mod merge;
mod mouse;
mod opening;
mod perform;
mod preview;
mod prompts;
mod resource;
mod searching;
mod settle;
mod subscribe;
mod sweep;
mod versions;
mod views;
mod writes;

pub use bulk::MARKS;
pub use settle::next_wake;

use super::message::{Effect, Job, JobDone, Msg, SessionId};
use super::model::{Flash, Model, Phase, Purpose, Screen};
use crate::domain::Severity;
use crate::engine::{Command, Notice};

/// Takes in what happened.
pub fn update(model: &mut Model, message: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    let news = calm::is_news(model, &message);
    model.session.spark.go_on(model.now_ms);
    if matches!(message, Msg::Key(_) | Msg::Paste(_) | Msg::Mouse(_)) {
        flash_read(model);
    }
    match message {
        Msg::Key(key) => keys::pressed(model, key, &mut effects),
        Msg::Paste(text) => keys::pasted(model, &text, &mut effects),
        Msg::Mouse(input) => mouse::used(model, input, &mut effects),
        Msg::Resize(width, height) => {
            model.width = width;
            model.height = height;
        }
        Msg::Wake => {}
        Msg::Resumed => effects.push(Effect::Redraw),
        Msg::Batch(session, batch, answers) => {
            if session == model.session.id {
                batch::arrived(model, *batch, answers, &mut effects);
            }
        }
        Msg::Continue => batch::go_on(model, &mut effects),
        Msg::Refused(answer) => batch::answered(model, answer, &mut effects),
        Msg::Launched(session, result) => {
            if session == model.session.id {
                launched(model, result, &mut effects);
            }
        }
        Msg::Contexts(contexts) => model.contexts = Some(contexts),
        Msg::Edited(id, result) => editing::external(model, &id, result),
        Msg::Job(session, done) => job_done(model, session, done, &mut effects),
        Msg::NotCopied(text, why) => effects.push(Effect::CopyThroughTerminal(text, why)),
        Msg::Told(Ok(text)) => flash(model, Severity::Info, text),
        Msg::Told(Err(text)) => flash(model, Severity::Error, text),
    }
    let settled = settle::settle(model, &mut effects);
    if news || settled || !model.unchanged.contains(&model.now_ms) {
        model.dirty = true;
        model.unchanged = model.now_ms..settle::next_change(model);
    }
    effects
}

/// The effects that begin everything.
pub fn start(model: &mut Model) -> Vec<Effect> {
    let wanted = model.session.wanted.clone();
    let mut effects = Vec::new();
    let keys = std::mem::take(&mut model.key_problems);
    let keys = keys
        .into_iter()
        .map(|text| (text, "Correct the key file; the other keys work."));
    let themes = std::mem::take(&mut model.theme_problems);
    let themes = themes
        .into_iter()
        .map(|text| (text, "Correct the theme; until then another one is used."));
    for (text, help) in keys.chain(themes).collect::<Vec<_>>() {
        flash(model, Severity::Error, text.clone());
        model.notices.push(Notice {
            at_ms: model.now_ms,
            severity: Severity::Error,
            text,
            help: help.to_owned(),
            resource: None,
        });
    }
    launch(model, wanted, &mut effects);
    effects
}

/// Tells something in the status line. An error that nobody has read yet is replaced by another
/// error only.
fn flash(model: &mut Model, severity: Severity, text: impl Into<String>) {
    let flash = Flash::new(severity, text, model.now_ms);
    match &model.flash {
        Some(shown)
            if shown.severity == Severity::Error && !shown.read && severity != Severity::Error =>
        {
            model.later = Some(flash);
        }
        _ => {
            model.flash = Some(flash);
            model.later = None;
        }
    }
}

/// Something was pressed: what the status line says has been read.
fn flash_read(model: &mut Model) {
    match model.later.take() {
        Some(later) => model.flash = Some(Flash::new(later.severity, later.text, model.now_ms)),
        None => {
            if let Some(flash) = &mut model.flash {
                flash.read = true;
            }
        }
    }
}

/// Leaves the engine that is shown and starts another one.
fn launch(model: &mut Model, context: Option<String>, effects: &mut Vec<Effect>) {
    // Drafts that are being typed belong to the context that is left.
    drafts::close_editor(model, effects);
    let id = SessionId(model.session.id.0 + 1);
    let namespaces = std::mem::take(&mut model.overview.namespaces);
    if model.flash.as_ref().is_some_and(|flash| flash.read) {
        // It was about the cluster that is left.
        model.flash = None;
        model.later = None;
    }
    model.session = super::model::Session {
        id,
        ..super::model::Session::new(context.clone())
    };
    model.overview = super::screens::overview::Overview::new();
    model.overview.namespaces = namespaces;
    model.screens.clear();
    model.overlays.clear();
    model.requests.clear();
    model.backlog = None;
    model.blast = None;
    model.cleared.clear();
    model.marked.clear();
    model.sweeping = None;
    model.applied = None;
    model.applied_before = None;
    model.recent.clear();
    model.subscribed.clear();
    model.drafts = super::model::Drafts::new(model.drafts.on_disk);
    effects.push(Effect::Launch(id, context));
}

fn launched(
    model: &mut Model,
    result: Result<super::message::Started, String>,
    effects: &mut Vec<Effect>,
) {
    match result {
        Ok(started) => {
            let session = &mut model.session;
            session.phase = Phase::Running;
            session.context = started.context;
            session.namespace = started.namespace;
            session.server = started.server;
            session.read_only = started.read_only;
            session.protected = started.protected;
            session.history = started.history;
            if let Some(theme) = started.theme {
                model.look.theme = model.themes.styles(theme);
            }
            let session = &mut model.session;
            let id = session.id;
            if started.history {
                let until_ms = super::clock::next_minute(model.now_ms);
                effects.push(Effect::Job(id, Job::Rate { until_ms }));
            }
            let context = model.session.context.clone();
            if model.drafts.on_disk {
                effects.push(Effect::Job(id, Job::LoadDrafts { context }));
            }
            prompts::refilter_all(model, effects);
        }
        Err(problem) => model.session.phase = Phase::Failed(problem),
    }
}

/// Asks the engine; the answer comes back to [`batch::answered`].
fn submit(
    model: &mut Model,
    command: Command,
    purpose: Purpose,
    effects: &mut Vec<Effect>,
) -> super::message::RequestId {
    let id = model.requests.open(purpose);
    effects.push(Effect::Submit(id, command));
    id
}

fn job_done(model: &mut Model, session: SessionId, done: JobDone, effects: &mut Vec<Effect>) {
    // What was written to disk is told whatever is shown meanwhile.
    if session != model.session.id
        && !matches!(
            done,
            JobDone::Saved(..)
                | JobDone::Dropped(..)
                | JobDone::Exported { .. }
                | JobDone::ConfigExported(..)
        )
    {
        return;
    }
    let (now, zone) = (model.now_ms, model.zone.clone());
    match done {
        JobDone::Arranged(arranged) => model.overview.resources.table.arranged(arranged),
        JobDone::Page { number, kind, rows } => {
            let history = &mut model.overview.history;
            if number == history.number {
                match rows {
                    Ok((rows, more)) => history.page(kind, rows, more),
                    Err(problem) => {
                        history.loading = false;
                        history.problem = Some(problem);
                    }
                }
            }
        }
        JobDone::Count { number, rows } => {
            let history = &mut model.overview.history;
            if number == history.number
                && let Ok(rows) = rows
            {
                history.count = Some(rows);
            }
        }
        JobDone::Detail(id, detail) => {
            if let Some(Screen::Delivery(screen)) = model.screens.last_mut()
                && screen.id == id
            {
                screen.arrived(*detail, now, &zone);
            }
        }
        JobDone::Marked { number, rows } => {
            let history = &mut model.overview.history;
            if number == history.number {
                match rows {
                    Ok(rows) => {
                        history.marks = rows.into_iter().map(|row| (row.new.id, row)).collect();
                    }
                    Err(problem) => flash(model, Severity::Error, problem),
                }
            }
        }
        JobDone::Swept(sweep, result) => sweep::found(model, sweep, result),
        JobDone::Exported { path, rows } => {
            model.export = None;
            match rows {
                Ok(rows) => {
                    let count = super::text::plural(rows, "row", "rows");
                    flash(model, Severity::Info, format!("{count} written to {path}"));
                }
                Err(problem) => flash(model, Severity::Error, problem),
            }
        }
        JobDone::Strip { number, strip } => {
            let history = &mut model.overview.history;
            if number == history.number {
                history.strip = Some(strip);
            }
        }
        JobDone::Numbers(numbers) => views::numbered(model, numbers),
        JobDone::OfResource(key, rows) => resource::deliveries_read(model, &key, rows),
        JobDone::Tried {
            key,
            number,
            result,
        } => resource::tried(model, &key, number, result),
        JobDone::Rate(counts) => model.session.spark.seed(&counts, now),
        JobDone::Drafts(drafts, problems) => {
            for draft in drafts {
                model.drafts.put(draft);
            }
            if !model.drafts.is_empty() {
                let count = super::text::plural(model.drafts.len() as u64, "draft", "drafts");
                flash(
                    model,
                    Severity::Info,
                    format!("{count} kept from before: pane 4"),
                );
            }
            if let Some(problem) = problems.into_iter().next() {
                flash(model, Severity::Error, problem);
            }
            drafts::rebuild_keys(model);
        }
        JobDone::Saved(_, Err(problem)) => flash(model, Severity::Error, problem),
        JobDone::Saved(id, Ok(())) => drafts::saved(model, &id),
        JobDone::Dropped(_, Err(problem)) => flash(model, Severity::Error, problem),
        JobDone::Dropped(_, Ok(())) => {}
        JobDone::Versions(result) => versions::listed(model, result),
        JobDone::VersionData(number, result) => versions::read(model, number, result),
        JobDone::Compared(number, result) => versions::compared(model, number, result),
        JobDone::ConfigExported(export, result) => gitops::exported(model, *export, result),
        JobDone::Judged(judged) => judging::judged(model, *judged, effects),
    }
}
