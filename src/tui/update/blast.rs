//! The blast radius of a draft and the migration of its keys: asking the engine, taking in its
//! news, and the questions before something is written.

use super::{availability, drafts, flash, resource, submit, writes};
use crate::catalog::KeyKind;
use crate::domain::Severity;
use crate::engine::{Command, CommandError, Migration, PreviewNews, Reply, WorkPhase};
use crate::tui::action;
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
    if shown || !is_known(model, &changes) {
        begin(model, title, changes, effects);
    }
    if !shown {
        model.screens.push(Screen::Blast);
    }
}

/// Whether what these changes would do is known as of today, or is being found out.
fn is_known(model: &Model, changes: &Changes) -> bool {
    model.blast.as_ref().is_some_and(|known| {
        let fits = known.changes == *changes && blast::stale(model, known).is_none();
        fits && !matches!(known.news.phase, WorkPhase::Failed(_) | WorkPhase::Stopped)
    })
}

fn begin(model: &mut Model, title: String, changes: Changes, effects: &mut Vec<Effect>) {
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

/// Begins to find out what changes would do that are about to be applied, and gives the number of
/// that work; `None` when they can't change what is sent.
pub(super) fn weigh(
    model: &mut Model,
    title: &str,
    changes: &Changes,
    effects: &mut Vec<Effect>,
) -> Option<u64> {
    let live = model.session.catalog.clone();
    let matters = |(key, text): (&String, &Option<String>)| match KeyKind::of(key) {
        KeyKind::Ignored => false,
        // Another text of a template is another message, of the same notifications.
        KeyKind::Template => {
            let there = live
                .as_ref()
                .is_some_and(|view| view.data.contains_key(key));
            text.is_none() || !there
        }
        _ => true,
    };
    if !changes.iter().any(matters) {
        return None;
    }
    if !is_known(model, changes) {
        begin(model, title.to_owned(), changes.clone(), effects);
    }
    model.blast.as_ref().map(|blast| blast.number)
}

/// How far the work with this number is, or the one that has taken its place, in words; `None` when
/// it has ended.
pub(super) fn progress(model: &Model, number: u64) -> Option<String> {
    let blast = model.blast.as_ref()?;
    if blast.news.phase.is_over() || blast.number < number {
        return None;
    }
    let (done, all) = (text::count(blast.news.done), text::count(blast.news.all));
    let stop = action::all().find(|action| action.name == "ask-now");
    let stop = stop.map_or_else(String::new, |action| model.keymap.label(action));
    // The key first: a small terminal shows no more than the beginning.
    Some(match blast.news.phase {
        WorkPhase::Reading => format!("{stop} asks now; blast radius ..."),
        _ => format!("{stop} asks now; blast radius: {done} of {all} resources"),
    })
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
        blast.news.phase = WorkPhase::Failed(error.to_string());
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
    let taken_back = migration.undo && migration.phase == WorkPhase::Over;
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

/// What applying these changes would do, for the question before it.
pub(super) struct Outlook {
    /// The lines of the question.
    pub lines: Vec<(Tone, String)>,
    /// The totals, for the list of versions; empty when they are not all known.
    pub effect: String,
}

/// What is known of what these changes would do; `None` when nobody has asked.
pub(super) fn outlook(model: &Model, changes: &Changes) -> Option<Outlook> {
    let known = model.blast.as_ref();
    let blast = known.filter(|blast| blast.changes == *changes)?;
    let news = &blast.news;
    let unknown = |why: String| {
        let line = format!("blast radius: not known, {why}");
        Some(Outlook {
            lines: vec![(Tone::Warn, line)],
            effect: String::new(),
        })
    };
    match &news.phase {
        WorkPhase::Over => {}
        WorkPhase::Failed(why) => return unknown(why.clone()),
        _ => {
            let (done, all) = (text::count(news.done), text::count(news.all));
            return unknown(match news.all {
                0 => "stopped before anything was looked at".to_owned(),
                _ => format!("stopped at {done} of {all} resources"),
            });
        }
    }
    let totals = &news.radius.totals;
    let mut effect = format!("blast radius: {}", blast::totals(totals));
    if totals.errors == 0 {
        effect.push_str(", no new errors");
    }
    let tone = if totals.is_harmless() {
        Tone::Good
    } else {
        Tone::Warn
    };
    let mut lines = vec![(tone, effect.clone())];
    lines.extend(blast::stale(model, blast).map(|why| (Tone::Warn, why)));
    let missing = news.all.saturating_sub(news.done);
    if missing > 0 || news.problem.is_some() {
        let mut line = text::plural(missing, "resource", "resources") + " not evaluated";
        if let Some(problem) = &news.problem {
            line.push_str(&format!(": {problem}"));
        }
        lines.push((Tone::Warn, line));
    }
    Some(Outlook { lines, effect })
}
