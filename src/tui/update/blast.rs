//! The blast radius of a draft and the migration of its keys: asking the engine, taking in its
//! news, and the questions before something is written.

use super::{availability, drafts, flash, resource, submit, writes};
use crate::domain::Severity;
use crate::engine::{Command, CommandError, Migration, PreviewNews, Reply};
use crate::tui::message::Effect;
use crate::tui::model::{Model, Overlay, Purpose, Screen};
use crate::tui::screens::blast::{self, Blast, Changes, Side};
use crate::tui::screens::editor::Editor;
use crate::tui::screens::overview::Pane;
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;
use std::sync::Arc;

/// The draft that the front screen is about: what it is of, and what it changes.
pub(super) fn draft(model: &Model) -> Result<(String, Changes), String> {
    match model.screens.last() {
        Some(Screen::Editor(editor)) => Ok((editor.id.title().to_owned(), editor.changes()?)),
        Some(Screen::Blast) => match &model.blast {
            Some(blast) => Ok((blast.title.clone(), blast.changes.clone())),
            None => Err("no draft is open".to_owned()),
        },
        None if model.overview.pane == Pane::Keys => {
            let key = model.overview.keys.selected.as_deref();
            let none = || "the selected key has no draft: edit it first".to_owned();
            let id = availability::draft_id(model, key).ok_or_else(none)?;
            let draft = model.drafts.get(&id).cloned().ok_or_else(none)?;
            let editor = Editor::new(draft, &model.look);
            Ok((editor.id.title().to_owned(), editor.changes()?))
        }
        _ => Err("no draft is open".to_owned()),
    }
}

/// `F6`: shows what is known of the draft's blast radius, or begins to find it out.
pub(super) fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    drafts::keep(model, effects);
    let (title, changes) = match draft(model) {
        Ok(draft) => draft,
        Err(problem) => {
            flash(model, Severity::Error, problem);
            return;
        }
    };
    let shown = matches!(model.screens.last(), Some(Screen::Blast));
    let known = model.blast.as_ref().is_some_and(|known| {
        let fits = known.changes == changes && blast::stale(model, known).is_none();
        fits && !matches!(
            known.news.phase,
            crate::engine::WorkPhase::Failed(_) | crate::engine::WorkPhase::Stopped
        )
    });
    if shown || !known {
        model.works += 1;
        let number = model.works;
        let mut fresh = Blast::new(number, title, changes.clone());
        if let Some(before) = model.blast.as_deref().filter(|b| b.changes == changes) {
            fresh.migration.clone_from(&before.migration);
            fresh.migrating = before.migrating;
        }
        model.blast = Some(Box::new(fresh));
        let command = Command::Preview { number, changes };
        submit(model, command, Purpose::Preview(number), effects);
    }
    if !shown {
        model.screens.push(Screen::Blast);
    }
}

/// News of the engine.
pub(super) fn news(model: &mut Model, news: PreviewNews) {
    let now = model.now_ms;
    if let Some(blast) = model.blast.as_deref_mut()
        && blast.number == news.number
    {
        blast.arrived(news, now);
    }
}

/// Resources have changed.
pub(super) fn changed(model: &mut Model, rows: usize) {
    if let Some(blast) = model.blast.as_deref_mut()
        && blast.news.phase.is_over()
    {
        blast.changed_since = blast.changed_since.saturating_add(rows as u64);
    }
}

/// The engine did not begin, or has ended.
pub(super) fn answered(model: &mut Model, number: u64, result: Result<Reply, CommandError>) {
    let Err(error) = result else { return };
    if let Some(blast) = model.blast.as_deref_mut()
        && blast.number == number
    {
        blast.news.phase = crate::engine::WorkPhase::Failed(error.to_string());
    }
}

/// Whether something goes on that can be stopped.
pub(super) fn is_under_way(model: &Model) -> bool {
    under_way(model).is_some()
}

fn under_way(model: &Model) -> Option<u64> {
    let blast = model.blast.as_ref()?;
    let migrates = |migration: &Arc<Migration>| !migration.phase.is_over();
    if blast.migration.as_ref().is_some_and(migrates) {
        return Some(blast.migrating);
    }
    (!blast.news.phase.is_over()).then_some(blast.number)
}

/// `C-x`.
pub(super) fn stop(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(number) = under_way(model) {
        submit(model, Command::StopWork(number), Purpose::StopWork, effects);
    }
}

/// Enter: the effects of a destination, then the resource of an effect.
pub(super) fn follow(model: &mut Model) {
    let Some(blast) = model.blast.as_deref_mut() else {
        return;
    };
    if blast.side == Side::Destinations {
        blast.switch();
        return;
    }
    if let Some(key) = blast.selected().map(|effect| effect.resource.clone()) {
        resource::open(model, key, None);
    }
}

/// Why keys can't be migrated now.
pub(super) fn no_migration(model: &Model) -> Option<String> {
    let Some(blast) = model.blast.as_ref() else {
        return Some("find out the blast radius of a draft first".to_owned());
    };
    if under_way(model).is_some() {
        return Some("it is not all known yet".to_owned());
    }
    if let Some(why) = blast::stale(model, blast).filter(|_| blast.changed_since == 0) {
        return Some(why);
    }
    (blast.migratable() == 0).then(|| "no state key changes of anything that was sent".to_owned())
}

/// `m`: asks before entries are added.
pub(super) fn ask_migration(model: &mut Model) {
    let place = writes::place(model);
    model.works += 1;
    let number = model.works;
    let Some(blast) = model.blast.as_deref() else {
        return;
    };
    let entries = text::plural(blast.migratable(), "entry", "entries");
    let mut lines = vec![
        (Tone::Plain, format!("draft of {}", blast.title)),
        (
            Tone::Plain,
            format!("{entries} of the notified state written under the draft's keys,"),
        ),
        (
            Tone::Plain,
            format!(
                "so that applying it sends {} and not {}",
                text::count(blast.news.radius.totals.sent),
                text::plural(
                    blast.news.radius.totals.notifications(),
                    "notification",
                    "notifications"
                )
            ),
        ),
        (
            Tone::Dim,
            "the entries that there are stay; nothing is sent".to_owned(),
        ),
        (Tone::Plain, String::new()),
    ];
    for succession in &blast.news.changed_keys {
        lines.push((
            Tone::Plain,
            format!(
                "{} {} -> {}",
                succession.trigger, succession.before, succession.after
            ),
        ));
    }
    lines.push((Tone::Plain, String::new()));
    lines.push(place);
    let changes = blast.changes.clone();
    let command = Command::Migrate { number, changes };
    let then = Then::Command(command, Purpose::Migrate(number));
    let question = Confirm::new("Migrate keys", lines, "Migrate", then);
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

/// Why no migration can be taken back now.
pub(super) fn no_undo(model: &Model) -> Option<String> {
    let none = || Some("no keys were migrated from here".to_owned());
    let Some(migration) = model.blast.as_ref().and_then(|b| b.migration.as_ref()) else {
        return none();
    };
    if !migration.phase.is_over() {
        return Some("it is under way: stop it first".to_owned());
    }
    let taken_back = migration.undo && migration.phase == crate::engine::WorkPhase::Over;
    if taken_back { none() } else { None }
}

/// Asks before migrated entries are taken away.
pub(super) fn ask_undo(model: &mut Model) {
    let place = writes::place(model);
    model.works += 1;
    let number = model.works;
    let migration = model.blast.as_ref().and_then(|b| b.migration.as_ref());
    let entries = migration.map_or(0, |migration| migration.entries);
    let lines = vec![
        (
            Tone::Plain,
            format!(
                "about {} that the migration has added",
                text::plural(entries, "entry is removed", "entries are removed")
            ),
        ),
        (
            Tone::Warn,
            "if the draft is applied already, what is true is sent again".to_owned(),
        ),
        (Tone::Plain, String::new()),
        place,
    ];
    let command = Command::UndoMigration { number };
    let then = Then::Command(command, Purpose::Migrate(number));
    let question = Confirm::new("Undo migration", lines, "Take back", then);
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

/// A migration was confirmed and handed over.
pub(super) fn submitted(model: &mut Model, purpose: &Purpose) {
    if let (Purpose::Migrate(number), Some(blast)) = (purpose, model.blast.as_deref_mut()) {
        blast.migrating = *number;
    }
}

/// How a migration fares.
pub(super) fn migration(model: &mut Model, news: Arc<Migration>) {
    if let Some(blast) = model.blast.as_deref_mut()
        && blast.migrating == news.number
    {
        blast.migration = Some(news);
    }
}

/// A migration has ended, or did not begin: the counts are found out anew.
pub(super) fn migrated(
    model: &mut Model,
    number: u64,
    result: Result<Reply, CommandError>,
    effects: &mut Vec<Effect>,
) {
    let current = model
        .blast
        .as_ref()
        .is_some_and(|blast| blast.migrating == number);
    match result {
        Ok(Reply::Migrated(news)) => {
            let what = if news.undo { "taken back" } else { "migrated" };
            let count = text::plural(news.entries, "entry", "entries");
            let failed = text::plural(news.failed, "resource", "resources");
            if news.failed > 0 {
                let text = format!("{what}: {count}, {failed} could not be written");
                flash(model, Severity::Error, text);
            } else {
                flash(model, Severity::Info, format!("{what}: {count}"));
            }
            if current {
                migration(model, Arc::new(*news));
                if matches!(model.screens.last(), Some(Screen::Blast)) {
                    open(model, effects);
                }
            }
        }
        Ok(_) => {}
        Err(error) => flash(model, Severity::Error, format!("migrate keys: {error}")),
    }
}

/// What applying these changes would do, as far as it was found out, for the question before it.
pub(super) fn summary(model: &Model, changes: &Changes) -> (Tone, String) {
    let known = model.blast.as_ref();
    let Some(blast) = known.filter(|blast| blast.changes == *changes) else {
        return (Tone::Dim, "blast radius: not computed".to_owned());
    };
    let totals = blast::totals(&blast.news.radius.totals);
    let stale = blast::stale(model, blast);
    let note = match &blast.news.phase {
        crate::engine::WorkPhase::Over => stale.unwrap_or_default(),
        _ => "not whole".to_owned(),
    };
    let harmless = blast.news.radius.totals.is_harmless() && note.is_empty();
    let note = if note.is_empty() {
        note
    } else {
        format!(" ({note})")
    };
    let tone = if harmless { Tone::Good } else { Tone::Warn };
    (tone, format!("blast radius: {totals}{note}"))
}
