//! Differences between versions, the list of versions, and bringing one back as a draft.

use super::{applying, drafts, flash, gitops};
use crate::check::{config_map_changes, config_map_text};
use crate::domain::{MASK, Severity};
use crate::engine::CatalogView;
use crate::history::{ConfigPlace, ConfigVersion};
use crate::tui::compare::{Compare, Comparison};
use crate::tui::draft::{Draft, DraftId};
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Overlay, Screen};
use crate::tui::screens::diff::{self, Against, DiffScreen, Subject};
use crate::tui::screens::text::TextOf;
use crate::tui::screens::versions;
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Keys that a question names.
const NAMED: usize = 20;

fn place(model: &Model) -> Option<ConfigPlace> {
    let view = model.session.catalog.as_ref()?;
    let status = model.session.status.as_ref();
    Some(ConfigPlace {
        server: status.map_or_else(
            || model.session.server.clone(),
            |status| status.server.clone(),
        ),
        namespace: view.namespace.clone(),
        name: view.name.clone(),
    })
}

/// The drafts that the front screen is about, as title, new texts and base texts.
type Drafts = (
    String,
    BTreeSet<String>,
    BTreeMap<String, String>,
    BTreeMap<String, String>,
);

/// Why there is nothing to compare.
pub(super) fn diff_reason(model: &Model) -> Option<String> {
    if model.session.catalog.is_none() {
        return Some("the ConfigMap is not read yet".to_owned());
    }
    let texts = match drafts_here(model) {
        Ok(drafts) => drafts.1,
        Err(problem) => return Some(problem),
    };
    texts
        .is_empty()
        .then(|| "there is no draft to compare: versions have their own list".to_owned())
}

/// The drafts that are to be compared: the one in the editor, that of the selected key, else all.
fn drafts_here(model: &Model) -> Result<Drafts, String> {
    let view = model
        .session
        .catalog
        .as_ref()
        .ok_or("the ConfigMap is not read yet")?;
    let mut base = BTreeMap::new();
    let (title, changes) = match model.screens.last() {
        Some(Screen::Editor(editor)) => {
            match (&editor.id.key, &editor.base_text) {
                (Some(key), Some(text)) => drop(base.insert(key.clone(), text.clone())),
                (None, Some(text)) => base = whole(text),
                (_, None) => {}
            }
            (editor.id.title().to_owned(), editor.changes()?)
        }
        screen => {
            let key = match screen {
                Some(Screen::Text(text)) => match &text.of {
                    TextOf::Key(key) => Some(key.clone()),
                    _ => None,
                },
                _ => model.overview.keys.selected.clone(),
            };
            let of_key = key.and_then(|key| {
                let id = super::availability::draft_id(model, Some(&key))?;
                let draft = model.drafts.get(&id)?;
                Some((key, draft))
            });
            match of_key {
                Some((key, draft)) => {
                    if let Some(text) = &draft.base_text {
                        base.insert(key.clone(), text.clone());
                    }
                    let changes = BTreeMap::from([(key.clone(), Some(draft.text.clone()))]);
                    (key, changes)
                }
                None => {
                    for draft in model.drafts.iter() {
                        match (&draft.id.key, &draft.base_text) {
                            (Some(key), Some(text)) => drop(base.insert(key.clone(), text.clone())),
                            (None, Some(text)) => base.extend(whole(text)),
                            (_, None) => {}
                        }
                    }
                    ("all drafts".to_owned(), gitops::all_changes(model)?)
                }
            }
        }
    };
    let keys: BTreeSet<String> = changes.keys().cloned().collect();
    let mut mine = (*view.data).clone();
    let mut all = (*view.data).clone();
    for (key, text) in changes {
        match base.get(&key) {
            Some(text) => drop(all.insert(key.clone(), text.clone())),
            None => drop(all.remove(&key)),
        }
        match text {
            Some(text) => drop(mine.insert(key, text)),
            None => drop(mine.remove(&key)),
        }
    }
    Ok((title, keys, mine, all))
}

fn whole(text: &str) -> BTreeMap<String, String> {
    let read = config_map_changes(None, text).unwrap_or_default();
    let known = read
        .into_iter()
        .filter_map(|(key, text)| Some((key, text?)));
    known.collect()
}

/// `F7` in the editor, `d` in pane 4.
pub(super) fn open_diff(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(view) = model.session.catalog.clone() else {
        return;
    };
    let (title, keys, mine, base) = match drafts_here(model) {
        Ok(drafts) => drafts,
        Err(problem) => {
            flash(model, Severity::Warning, problem);
            return;
        }
    };
    let subject = Subject::Drafts {
        title,
        keys,
        mine: Arc::new(mine),
        base: Arc::new(base),
    };
    push_diff(
        model,
        &view,
        subject,
        vec![Against::Live, Against::Base],
        0,
        effects,
    );
    read_versions(model, effects);
}

fn push_diff(
    model: &mut Model,
    view: &CatalogView,
    subject: Subject,
    against: Vec<Against>,
    chosen: usize,
    effects: &mut Vec<Effect>,
) {
    model.comparisons += 1;
    let screen = DiffScreen {
        number: model.comparisons,
        subject,
        against,
        chosen,
        result: None,
        top: 0,
        left: 0,
        search: diff::Search::default(),
        live: view.resource_version.clone(),
    };
    model.screens.push(Screen::Diff(Box::new(screen)));
    compare(model, effects);
}

/// Makes the comparison of the front screen (anew).
fn compare(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(view) = model.session.catalog.clone() else {
        return;
    };
    model.comparisons += 1;
    let number = model.comparisons;
    let session = model.session.id;
    let Some(Screen::Diff(screen)) = model.screens.last_mut() else {
        return;
    };
    screen.number = number;
    screen.live.clone_from(&view.resource_version);
    let (before, after, keys) = screen.versions(&view.data);
    let work = Compare {
        number,
        before,
        after,
        keys,
        catalog: Arc::clone(&view.catalog),
        secret_keys: view.secret_keys.clone(),
    };
    effects.push(Effect::Job(session, Job::Compare(Box::new(work))));
}

/// The comparison is made.
pub(super) fn compared(model: &mut Model, number: u64, result: Result<Box<Comparison>, String>) {
    for screen in &mut model.screens {
        if let Screen::Diff(screen) = screen
            && screen.number == number
        {
            screen.arrived(result);
            return;
        }
    }
}

/// `[` and `]`: with another version.
pub(super) fn next_version(model: &mut Model, forward: bool, effects: &mut Vec<Effect>) {
    let Some(Screen::Diff(screen)) = model.screens.last_mut() else {
        return;
    };
    let last = screen.against.len().saturating_sub(1);
    let chosen = if forward {
        screen.chosen.saturating_add(1).min(last)
    } else {
        screen.chosen.saturating_sub(1)
    };
    if chosen == screen.chosen {
        let text = if forward {
            "there is no older version"
        } else {
            "there is no newer version"
        };
        flash(model, Severity::Info, text);
        return;
    }
    screen.chosen = chosen;
    screen.top = 0;
    screen.result = None;
    compare(model, effects);
}

/// Another version is in the cluster.
pub(super) fn renew(model: &mut Model, effects: &mut Vec<Effect>) {
    let live = model
        .session
        .catalog
        .as_ref()
        .map(|view| view.resource_version.clone());
    match model.screens.last() {
        Some(Screen::Diff(screen)) if Some(&screen.live) != live.as_ref() => {
            compare(model, effects)
        }
        Some(Screen::Versions(_)) => read_versions(model, effects),
        _ => {}
    }
}

fn read_versions(model: &mut Model, effects: &mut Vec<Effect>) {
    if !model.session.history {
        return;
    }
    if let Some(place) = place(model) {
        effects.push(Effect::Job(model.session.id, Job::Versions(place)));
    }
}

/// `F9`.
pub(super) fn open(model: &mut Model, effects: &mut Vec<Effect>) {
    if !matches!(model.screens.last(), Some(Screen::Versions(_))) {
        model.screens.push(Screen::Versions(Box::default()));
    }
    read_versions(model, effects);
}

/// The versions were read.
pub(super) fn listed(model: &mut Model, result: Result<Vec<ConfigVersion>, String>) {
    let Some(screen) = model.screens.last_mut() else {
        return;
    };
    match screen {
        Screen::Versions(screen) => screen.arrived(result),
        Screen::Diff(screen) => {
            let Ok(versions) = result else { return };
            if matches!(screen.subject, Subject::Drafts { .. }) {
                screen.against.truncate(2);
                let versions = versions.into_iter().map(Box::new).map(Against::Recorded);
                screen.against.extend(versions);
                screen.chosen = screen.chosen.min(screen.against.len().saturating_sub(1));
            }
        }
        _ => {}
    }
}

/// `Enter` in the list: the difference of the version to what is in the cluster.
pub(super) fn follow(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(view) = model.session.catalog.clone() else {
        return;
    };
    let Some(Screen::Versions(screen)) = model.screens.last() else {
        return;
    };
    if screen.versions().is_empty() {
        return;
    }
    let chosen = screen.place();
    let against = screen
        .versions()
        .iter()
        .cloned()
        .map(Box::new)
        .map(Against::Recorded);
    let against = against.collect();
    push_diff(model, &view, Subject::Live, against, chosen, effects);
}

/// The version that the front screen is about.
fn selected(model: &Model) -> Option<ConfigVersion> {
    match model.screens.last()? {
        Screen::Versions(screen) => screen.selected_version().cloned(),
        Screen::Diff(screen) => match screen.compared_with()? {
            Against::Recorded(version) => Some((**version).clone()),
            Against::Live | Against::Base => None,
        },
        _ => None,
    }
}

/// Why no version can be restored.
pub(super) fn restore_reason(model: &Model) -> Option<String> {
    selected(model)
        .is_none()
        .then(|| "no version is selected".to_owned())
}

/// `r`: reads the version, to make drafts from it.
pub(super) fn restore(model: &mut Model, effects: &mut Vec<Effect>) {
    if let Some(version) = selected(model) {
        effects.push(Effect::Job(
            model.session.id,
            Job::VersionData(version.number),
        ));
    }
}

/// The texts of the version: they become a draft, after a question when one is lost by it.
pub(super) fn read(
    model: &mut Model,
    number: i64,
    result: Result<BTreeMap<String, String>, String>,
) {
    let mut data = match result {
        Ok(data) => data,
        Err(problem) => {
            flash(model, Severity::Error, problem);
            return;
        }
    };
    let Some(view) = model.session.catalog.clone() else {
        return;
    };
    // Secrets are not recorded: such a key stays as it is in the cluster.
    let mut kept = Vec::new();
    let masked = data.iter_mut().filter(|(_, text)| text.contains(MASK));
    for (key, text) in masked {
        if let Some(live) = view.data.get(key) {
            live.clone_into(text);
        }
        kept.push(key.clone());
    }
    if !kept.is_empty() {
        let text = format!(
            "secrets are not recorded: look at {} before you apply version {number}",
            kept.join(", ")
        );
        flash(model, Severity::Warning, text);
    }
    if *view.data == data && view.found {
        flash(
            model,
            Severity::Info,
            format!("version {number} is what is in the cluster"),
        );
        return;
    }
    let Some(draft) = draft_of(model, &view, &data) else {
        return;
    };
    let old = model
        .drafts
        .get(&draft.id)
        .filter(|old| old.text != draft.text);
    if old.is_none() {
        opened(model, number, draft);
        return;
    }
    let changed = changed(&view.data, &data);
    let mut lines = vec![(
        Tone::Warn,
        format!(
            "the draft of {} is replaced by version {number}",
            draft.id.title()
        ),
    )];
    let more = changed.len().saturating_sub(NAMED);
    lines.extend(
        changed
            .into_iter()
            .take(NAMED)
            .map(|key| (Tone::Plain, key)),
    );
    if more > 0 {
        let more = text::plural(more as u64, "more key", "more keys");
        lines.push((Tone::Dim, format!("and {more}")));
    }
    let then = Then::Restore(number, Box::new(draft));
    let question = Confirm::new("Restore", lines, "Replace the draft", then);
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

fn changed(live: &BTreeMap<String, String>, data: &BTreeMap<String, String>) -> Vec<String> {
    let keys: BTreeSet<&String> = live.keys().chain(data.keys()).collect();
    let changed = keys
        .into_iter()
        .filter(|key| live.get(*key) != data.get(*key));
    changed.cloned().collect()
}

/// One key that both have is a draft of that key; anything else one of the whole ConfigMap.
fn draft_of(model: &Model, view: &CatalogView, data: &BTreeMap<String, String>) -> Option<Draft> {
    let changed = changed(&view.data, data);
    let id: DraftId = super::availability::draft_id(model, None)?;
    let base = view.found.then(|| view.resource_version.clone());
    let single = match changed.as_slice() {
        [key] => Some(key)
            .zip(data.get(key))
            .filter(|(key, _)| view.data.contains_key(*key)),
        _ => None,
    };
    Some(match single {
        Some((key, text)) => Draft {
            id: DraftId {
                key: Some(key.clone()),
                ..id
            },
            base,
            base_text: view.data.get(key).cloned(),
            text: text.clone(),
            edited_ms: model.now_ms,
        },
        None => Draft {
            base,
            base_text: view
                .found
                .then(|| config_map_text(&id.namespace, &id.name, &view.data)),
            text: config_map_text(&id.namespace, &id.name, data),
            edited_ms: model.now_ms,
            id,
        },
    })
}

/// The restored version is a draft now, open in the editor.
pub(super) fn opened(model: &mut Model, number: i64, draft: Draft) {
    let now = model.now_ms;
    drafts::open(model, draft);
    if let Some(editor) = drafts::editor(model) {
        editor.unsaved_since = Some(now);
        let text = format!("version {number} as a draft: nothing is written before you apply it");
        editor.message = Some((Severity::Info, text));
    }
}

/// Rows of the front list.
pub(super) fn page(model: &Model) -> Option<usize> {
    match model.screens.last()? {
        Screen::Diff(_) => Some(diff::rows(model)),
        Screen::Versions(_) => Some(versions::rows(model)),
        Screen::Merge(screen) => Some(crate::tui::screens::merge::text_rows(model, screen)),
        _ => None,
    }
}

/// Moves within the front screen; true when it is one of these.
pub(super) fn move_by(model: &mut Model, rows: i64) -> bool {
    if matches!(model.screens.last(), Some(Screen::Subscribe(_))) {
        super::subscribe::step(model, rows);
        return true;
    }
    let Some(height) = page(model) else {
        return false;
    };
    let width = model.width;
    match model.screens.last_mut() {
        Some(Screen::Diff(screen)) => screen.scroll(rows, width, height),
        Some(Screen::Versions(screen)) => screen.step(rows, height),
        // One row is a key, a page is a page of its texts.
        Some(Screen::Merge(screen)) if rows.unsigned_abs() <= 1 => screen.step(rows),
        Some(Screen::Merge(screen)) => screen.scroll(rows, height),
        _ => {}
    }
    true
}

/// What became of the version that was applied last is told to the list, too.
pub(super) fn catalog_arrived(model: &mut Model, effects: &mut Vec<Effect>) {
    super::merge::remember(model);
    applying::taken_over(model);
    renew(model, effects);
}
