//! Doing one thing to many: marks, the commands a few at a time, and undoing what was cleared or
//! marked as sent.

mod outcome;
mod question;

pub(super) use outcome::{acted, looked};
pub(super) use question::{confirmed, destination_lines, not_confirmed};

use super::{flash, submit};
use crate::domain::{Delivery, DeliveryState, Severity};
use crate::engine::{Cancel, Command, Resend};
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Purpose, Screen};
use crate::tui::screens::bulk::{BulkScreen, Deed, Item, Phase, Progress, Subject};
use crate::tui::screens::overview::Pane;
use crate::tui::text;
use std::sync::Arc;

/// Rows that can be marked.
pub const MARKS: usize = 10_000;

/// Number of marks in the front list.
pub(super) fn marked(model: &Model) -> usize {
    if !model.screens.is_empty() {
        return 0;
    }
    match model.overview.pane {
        Pane::Resources => model.overview.resources.marks.len(),
        Pane::History => model.overview.history.marks.len(),
        Pane::Triggers | Pane::Keys => 0,
    }
}

/// Space: marks the selected row, or takes the mark away.
pub(super) fn mark(model: &mut Model) {
    let overview = &mut model.overview;
    let full = match overview.pane {
        Pane::Resources => {
            let marks = &mut overview.resources.marks;
            match overview.resources.selected.clone() {
                Some(key) if marks.remove(&key) => false,
                Some(key) if marks.len() < MARKS => !marks.insert(key),
                Some(_) => true,
                None => false,
            }
        }
        Pane::History => {
            let row = overview.history.selected_row().cloned();
            let marks = &mut overview.history.marks;
            match row {
                Some(row) if marks.remove(&row.new.id).is_some() => false,
                Some(row) if marks.len() < MARKS => marks.insert(row.new.id, row).is_some(),
                Some(_) => true,
                None => false,
            }
        }
        Pane::Triggers | Pane::Keys => false,
    };
    if full {
        full_flash(model);
    } else {
        super::perform::move_by(model, 1);
    }
}

pub(super) fn full_flash(model: &mut Model) {
    let most = text::count(MARKS as u64);
    let text = format!("no more than {most} rows can be marked: narrow the filter");
    flash(model, Severity::Warning, text);
}

/// `*`: marks everything that the filter lets through.
pub(super) fn mark_all(model: &mut Model, effects: &mut Vec<Effect>) {
    let overview = &mut model.overview;
    match overview.pane {
        Pane::Resources => {
            let resources = &mut overview.resources;
            let shown = resources.table.len();
            let keys = (0..shown.min(MARKS)).filter_map(|place| {
                let row = resources.table.row(place)?;
                Some(row.key.clone())
            });
            resources.marks = keys.collect();
            if shown > MARKS {
                full_flash(model);
            }
        }
        Pane::History if model.session.history => {
            let (number, query) = (overview.history.number, overview.history.query.clone());
            let job = Job::MarkAll { number, query };
            effects.push(Effect::Job(model.session.id, job));
        }
        Pane::History => {
            let history = &mut overview.history;
            let rows = (0..history.len()).filter_map(|place| history.row(place).cloned());
            history.marks = rows.take(MARKS).map(|row| (row.new.id, row)).collect();
        }
        Pane::Triggers | Pane::Keys => {}
    }
}

/// Takes all marks of the front list away; whether there were any.
pub(super) fn unmark(model: &mut Model) -> bool {
    if marked(model) == 0 {
        return false;
    }
    match model.overview.pane {
        Pane::Resources => model.overview.resources.marks.clear(),
        Pane::History => model.overview.history.marks.clear(),
        Pane::Triggers | Pane::Keys => {}
    }
    true
}

/// Begins with what is marked.
pub(super) fn start(model: &mut Model, deed: Deed) {
    let overview = &model.overview;
    let mut subjects: Vec<Subject> = match overview.pane {
        Pane::History => {
            let rows = overview.history.marks.values().cloned();
            rows.map(Subject::Delivery).collect()
        }
        _ => {
            let keys = overview.resources.marks.iter().cloned();
            keys.map(Subject::Resource).collect()
        }
    };
    // In an order that people can follow; a set has none.
    subjects.sort_by_cached_key(|subject| match subject {
        Subject::Resource(key) => (0, key.to_string()),
        Subject::Delivery(row) => (i64::MAX - row.new.id.0, String::new()),
    });
    let items = subjects.into_iter().map(Item::new).collect();
    open(model, deed, items, Phase::Looking);
}

fn open(model: &mut Model, deed: Deed, items: Vec<Item>, phase: Phase) {
    model.bulks += 1;
    let mut screen = BulkScreen::new(model.bulks, deed, items);
    screen.begin(phase);
    model.screens.push(Screen::Bulk(Box::new(screen)));
}

fn screen_of(model: &mut Model, number: u64) -> Option<&mut BulkScreen> {
    model.screens.iter_mut().find_map(|screen| match screen {
        Screen::Bulk(screen) if screen.number == number => Some(screen.as_mut()),
        _ => None,
    })
}

/// After every change: begins what may be begun, and goes on to the next phase.
pub(super) fn settle(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(number) = model.screens.iter().find_map(|screen| match screen {
        Screen::Bulk(screen) => Some(screen.number),
        _ => None,
    }) else {
        return;
    };
    loop {
        let Some(screen) = screen_of(model, number) else {
            return;
        };
        let (phase, deed) = (screen.phase, screen.deed);
        if !matches!(phase, Phase::Looking | Phase::Doing) {
            return;
        }
        let turns: Vec<(usize, Item)> = screen
            .turns()
            .into_iter()
            .filter_map(|place| Some((place, screen.items.get(place)?.clone())))
            .collect();
        if turns.is_empty() {
            if screen.is_through() {
                outcome::through(model, number, phase);
            }
            return;
        }
        for (place, item) in turns {
            match phase {
                Phase::Looking => look(model, number, place, deed, item, effects),
                _ => act(model, number, place, deed, item, effects),
            }
        }
    }
}

fn look(
    model: &mut Model,
    number: u64,
    place: usize,
    deed: Deed,
    item: Item,
    effects: &mut Vec<Effect>,
) {
    match item.subject {
        Subject::Resource(key) => {
            let purpose = Purpose::BulkLook { number, place };
            submit(model, Command::Inspect(key), purpose, effects);
        }
        Subject::Delivery(row) => {
            if let Some(screen) = screen_of(model, number) {
                let progress = if row.new.trigger.is_empty() {
                    Progress::Nothing("not a notification".to_owned())
                } else if deed == Deed::Cancel && row.state != DeliveryState::Pending {
                    Progress::Nothing(format!("nothing is under way: it is {}", row.state))
                } else {
                    Progress::Ready
                };
                screen.ended(place, progress);
                if let Some(item) = screen.items.get_mut(place) {
                    item.destinations = vec![row.new.destination.clone()];
                }
            }
        }
    }
}

fn act(
    model: &mut Model,
    number: u64,
    place: usize,
    deed: Deed,
    item: Item,
    effects: &mut Vec<Effect>,
) {
    let command = match (deed, item.subject) {
        (Deed::Resend, Subject::Delivery(row)) => Command::Resend(Resend::Delivery(row.new.id)),
        (Deed::Resend, Subject::Resource(key)) => Command::Resend(Resend::Resource {
            key,
            trigger: None,
            destination: None,
        }),
        (Deed::ResendFailed, Subject::Delivery(row)) => {
            Command::Resend(Resend::FailedRow(row.new.id))
        }
        (Deed::Clear | Deed::Unmark, Subject::Resource(resource)) => Command::Clear {
            resource,
            keys: Some(item.entries.into_iter().map(|(key, _)| key).collect()),
        },
        (Deed::Baseline, Subject::Resource(resource)) => Command::Baseline {
            resource,
            keys: Some(item.entries.into_iter().map(|(key, _)| key).collect()),
        },
        (Deed::Restore, Subject::Resource(resource)) => Command::Restore {
            resource,
            entries: item.entries,
        },
        (Deed::Cancel, Subject::Delivery(row)) => Command::Cancel(Cancel::Delivery(row.new.id)),
        (Deed::Clear | Deed::Restore | Deed::Baseline | Deed::Unmark, Subject::Delivery(_))
        | (Deed::Cancel | Deed::ResendFailed, Subject::Resource(_)) => {
            if let Some(screen) = screen_of(model, number) {
                screen.ended(place, Progress::Nothing("it is none of these".to_owned()));
            }
            return;
        }
    };
    let purpose = Purpose::BulkDo { number, place };
    submit(model, command, purpose, effects);
}

/// Stops what is under way on the front screen; false when nothing is.
pub(super) fn stop(model: &mut Model) -> bool {
    match model.screens.last_mut() {
        Some(Screen::Bulk(screen)) if screen.phase == Phase::Doing && !screen.stopped => {
            screen.stop();
            flash(
                model,
                Severity::Warning,
                "stopped: what was begun is finished",
            );
            true
        }
        _ => false,
    }
}

/// Begins with deliveries that were found in the history; `more` did not fit.
pub(super) fn start_with(model: &mut Model, deed: Deed, rows: Vec<Arc<Delivery>>, more: u64) {
    let items = rows
        .into_iter()
        .map(|row| Item::new(Subject::Delivery(row)));
    open(model, deed, items.collect(), Phase::Looking);
    if let Some(Screen::Bulk(screen)) = model.screens.last_mut() {
        screen.more = more;
    }
}

/// `u`: what was cleared last comes back, or what was marked as sent last is open again, after a
/// question.
pub(super) fn undo(model: &mut Model) {
    let (deed, what) = if model.cleared.is_empty() {
        (Deed::Unmark, &model.marked)
    } else {
        (Deed::Restore, &model.cleared)
    };
    let items: Vec<Item> = what
        .iter()
        .map(|(key, entries)| {
            let mut item = Item::new(Subject::Resource(key.clone()));
            item.entries.clone_from(entries);
            item.progress = Progress::Ready;
            item
        })
        .collect();
    open(model, deed, items, Phase::Asking);
    let number = model.bulks;
    question::ask(model, number);
}
