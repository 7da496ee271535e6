//! Doing one thing to many: marks, the question, the commands a few at a time, and undoing a
//! clearing.

use super::{flash, submit, writes};
use crate::domain::{DeliveryState, Severity};
use crate::engine::{Cancel, Command, CommandError, Inspection, Reply, Resend};
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Cleared, Model, Overlay, Purpose, Screen};
use crate::tui::screens::bulk::{self, BulkScreen, Deed, Item, Phase, Progress, Subject};
use crate::tui::screens::overview::{Pane, reach};
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;

/// Rows that can be marked.
pub const MARKS: usize = 10_000;

/// Destinations that a question lists.
const LISTED: usize = 30;

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

fn full_flash(model: &mut Model) {
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
                through(model, number, phase);
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
        (Deed::Clear, Subject::Resource(resource)) => Command::Clear {
            resource,
            keys: Some(item.entries.into_iter().map(|(key, _)| key).collect()),
        },
        (Deed::Restore, Subject::Resource(resource)) => Command::Restore {
            resource,
            entries: item.entries,
        },
        (Deed::Cancel, Subject::Delivery(row)) => Command::Cancel(Cancel::Delivery(row.new.id)),
        (Deed::Clear | Deed::Restore, Subject::Delivery(_))
        | (Deed::Cancel, Subject::Resource(_)) => {
            if let Some(screen) = screen_of(model, number) {
                screen.ended(place, Progress::Nothing("it is none of these".to_owned()));
            }
            return;
        }
    };
    let purpose = Purpose::BulkDo { number, place };
    submit(model, command, purpose, effects);
}

/// What a look at a resource found.
pub(super) fn looked(
    model: &mut Model,
    number: u64,
    place: usize,
    result: Result<Reply, CommandError>,
) {
    let Some(screen) = screen_of(model, number) else {
        return;
    };
    let deed = screen.deed;
    match result {
        Ok(Reply::Inspection(inspection)) => {
            let progress = match found(deed, &inspection) {
                Ok(item) => {
                    if let Some(held) = screen.items.get_mut(place) {
                        held.destinations = item.destinations;
                        held.entries = item.entries;
                    }
                    Progress::Ready
                }
                Err(why) => Progress::Nothing(why),
            };
            screen.ended(place, progress);
        }
        Ok(_) => screen.ended(place, Progress::Failed("an unexpected answer".to_owned())),
        Err(CommandError::Busy) => screen.again(place, Progress::Waiting),
        Err(error) => screen.ended(place, Progress::Failed(error.to_string())),
    }
}

/// What would be done to a resource, or why nothing.
fn found(deed: Deed, inspection: &Inspection) -> Result<Item, String> {
    let mut item = Item::new(Subject::Resource(inspection.key.clone()));
    let sendable = reach::sendable(inspection, None);
    item.destinations = sendable.into_iter().map(|(_, _, to)| to).collect();
    if deed == Deed::Resend {
        if item.destinations.is_empty() {
            return Err("no condition is true that has a destination".to_owned());
        }
    } else {
        item.entries.clone_from(&inspection.notified);
        if item.entries.is_empty() {
            return Err("no notified state".to_owned());
        }
    }
    Ok(item)
}

/// What came of an item.
pub(super) fn acted(
    model: &mut Model,
    number: u64,
    place: usize,
    result: Result<Reply, CommandError>,
) {
    let Some(screen) = screen_of(model, number) else {
        return;
    };
    let count = |number: usize, one: &str, many: &str| text::plural(number as u64, one, many);
    let progress = match result {
        Ok(Reply::Resending { deliveries }) => {
            Progress::Done(count(deliveries, "delivery begun", "deliveries begun"))
        }
        Ok(Reply::Cleared { entries }) => {
            Progress::Done(count(entries, "entry removed", "entries removed"))
        }
        Ok(Reply::Cancelled { deliveries: 0 }) => {
            Progress::Nothing("nothing was under way any more".to_owned())
        }
        Ok(Reply::Cancelled { .. }) => Progress::Done("given up".to_owned()),
        Ok(Reply::Restored { entries }) => {
            let all = screen.items.get(place).map_or(0, |item| item.entries.len());
            let again = all.saturating_sub(entries);
            let mut what = count(entries, "entry restored", "entries restored");
            if again > 0 {
                what.push_str(&format!(", {again} there again: sent meanwhile"));
            }
            Progress::Done(what)
        }
        Ok(_) => Progress::Failed("an unexpected answer".to_owned()),
        Err(CommandError::Busy) => {
            screen.again(place, Progress::Ready);
            return;
        }
        Err(error) => Progress::Failed(error.to_string()),
    };
    screen.ended(place, progress);
}

/// A phase has ended.
fn through(model: &mut Model, number: u64, phase: Phase) {
    if phase == Phase::Looking {
        let Some(screen) = screen_of(model, number) else {
            return;
        };
        let ready = screen.ready().count();
        if ready == 0 || screen.stopped {
            screen.begin(Phase::Over);
            flash(model, Severity::Warning, "there is nothing to do");
        } else {
            screen.begin(Phase::Asking);
            ask(model, number);
        }
        return;
    }
    let Some(screen) = screen_of(model, number) else {
        return;
    };
    screen.begin(Phase::Over);
    let title = bulk::title(screen);
    let [_, _, failed, _] = screen.counts();
    let cleared: Vec<Cleared> = screen
        .items
        .iter()
        .filter(|item| screen.deed == Deed::Clear && matches!(item.progress, Progress::Done(_)))
        .filter_map(|item| match &item.subject {
            Subject::Resource(key) => Some((key.clone(), item.entries.clone())),
            Subject::Delivery(_) => None,
        })
        .collect();
    let restored = screen.deed == Deed::Restore;
    if !cleared.is_empty() {
        model.cleared = cleared;
    } else if restored {
        model.cleared.clear();
    }
    model.overview.triggers.renew(model.now_ms);
    let severity = if failed > 0 {
        Severity::Error
    } else {
        Severity::Info
    };
    flash(model, severity, title);
}

/// The question before it is done.
fn ask(model: &mut Model, number: u64) {
    let place = writes::place(model);
    let Some(screen) = screen_of(model, number) else {
        return;
    };
    let all = screen.items.len() as u64;
    let ready = screen.ready().count() as u64;
    let mut lines = Vec::new();
    let what = match screen.items.first().map(|item| &item.subject) {
        Some(Subject::Delivery(_)) => text::plural(ready, "delivery", "deliveries"),
        _ => text::plural(ready, "resource", "resources"),
    };
    let line = match screen.deed {
        Deed::Restore => what,
        _ => format!("{what} of {} marked", text::count(all)),
    };
    lines.push((Tone::Plain, line));
    if ready < all {
        let rest = text::count(all - ready);
        let line = format!("{rest} have nothing to do: the list behind says why");
        lines.push((Tone::Dim, line));
    }
    lines.push((Tone::Plain, String::new()));
    if matches!(screen.deed, Deed::Clear | Deed::Restore) {
        let entries: usize = screen.ready().map(|item| item.entries.len()).sum();
        let count = text::plural(entries as u64, "entry", "entries");
        let line = match screen.deed {
            Deed::Restore => format!("{count} put back, except what was sent again meanwhile"),
            _ => format!("{count} removed; what is true is sent again:"),
        };
        lines.push((Tone::Plain, line));
    }
    if screen.deed != Deed::Restore {
        let destinations = screen.destinations();
        let total: u64 = destinations.values().sum();
        lines.push((Tone::Plain, text::plural(total, "delivery", "deliveries")));
        for (to, count) in destinations.iter().take(LISTED) {
            lines.push((
                Tone::Plain,
                format!("{:>7}  {}", text::count(*count), to.label()),
            ));
        }
        if destinations.len() > LISTED {
            let more = destinations.len() - LISTED;
            lines.push((Tone::Dim, format!("         and {more} more destinations")));
        }
    }
    lines.push((Tone::Plain, String::new()));
    lines.push(place);
    let (title, yes) = match screen.deed {
        Deed::Resend => ("Resend", "Resend"),
        Deed::Clear => ("Clear dedup", "Clear"),
        Deed::Restore => ("Undo clear", "Put back"),
        Deed::Cancel => ("Cancel retries", "Give up"),
    };
    let question = Confirm::new(title, lines, yes, Then::Bulk(number));
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

/// The question was answered with yes.
pub(super) fn confirmed(model: &mut Model, number: u64) {
    if let Some(screen) = screen_of(model, number) {
        screen.begin(Phase::Doing);
    }
}

/// The question was answered with no: the list goes, too.
pub(super) fn not_confirmed(model: &mut Model) {
    let asking =
        |screen: &Screen| matches!(screen, Screen::Bulk(bulk) if bulk.phase == Phase::Asking);
    model.screens.retain(|screen| !asking(screen));
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

/// `u`: what was cleared last comes back, after a question.
pub(super) fn undo_clear(model: &mut Model) {
    let items: Vec<Item> = model
        .cleared
        .iter()
        .map(|(key, entries)| {
            let mut item = Item::new(Subject::Resource(key.clone()));
            item.entries.clone_from(entries);
            item.progress = Progress::Ready;
            item
        })
        .collect();
    open(model, Deed::Restore, items, Phase::Asking);
    let number = model.bulks;
    ask(model, number);
}
