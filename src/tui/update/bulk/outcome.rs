//! What came of each item of something that is done to many, and of the whole.

use super::super::flash;
use super::question::ask;
use super::screen_of;
use crate::domain::Severity;
use crate::engine::{CommandError, Inspection, Reply};
use crate::tui::model::{Cleared, Model};
use crate::tui::screens::bulk::{self, Deed, Item, Phase, Progress, Subject};
use crate::tui::screens::overview::reach;
use crate::tui::text;

/// What a look at a resource found.
pub(in crate::tui::update) fn looked(
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
    if deed == Deed::Baseline {
        for unsent in reach::unsent(inspection, None) {
            item.destinations.push(unsent.destination);
            item.entries.push((unsent.state_key, 0));
        }
        if item.entries.is_empty() {
            return Err("nothing that is true is unsent".to_owned());
        }
        return Ok(item);
    }
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
pub(in crate::tui::update) fn acted(
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
        Ok(Reply::Resending { deliveries: 0 }) if screen.deed == Deed::ResendFailed => {
            let why = "sent meanwhile, or its object is gone or not subscribed any more";
            Progress::Nothing(why.to_owned())
        }
        Ok(Reply::Marked { keys }) => {
            let marked = keys.len();
            if let Some(item) = screen.items.get_mut(place) {
                item.entries = keys.into_iter().map(|key| (key, 0)).collect();
            }
            if marked == 0 {
                Progress::Nothing("sent meanwhile, or not true any more".to_owned())
            } else {
                let what = count(marked, "notification", "notifications");
                Progress::Done(format!("{what} marked as sent"))
            }
        }
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
pub(super) fn through(model: &mut Model, number: u64, phase: Phase) {
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
    let deed = screen.deed;
    let done: Vec<Cleared> = screen
        .items
        .iter()
        .filter(|item| matches!(item.progress, Progress::Done(_)))
        .filter_map(|item| match &item.subject {
            Subject::Resource(key) => Some((key.clone(), item.entries.clone())),
            Subject::Delivery(_) => None,
        })
        .collect();
    match deed {
        Deed::Clear if !done.is_empty() => {
            model.cleared = done;
            model.marked.clear();
        }
        Deed::Baseline if !done.is_empty() => {
            model.marked = done;
            model.cleared.clear();
        }
        Deed::Restore => model.cleared.clear(),
        Deed::Unmark => model.marked.clear(),
        _ => {}
    }
    model.overview.triggers.renew(model.now_ms);
    let severity = if failed > 0 {
        Severity::Error
    } else {
        Severity::Info
    };
    flash(model, severity, title);
}
