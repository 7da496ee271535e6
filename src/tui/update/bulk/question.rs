//! The question before something is done to many: how many, to whom, where.

use super::super::writes;
use super::screen_of;
use crate::domain::Destination;
use crate::tui::model::{Model, Overlay, Screen};
use crate::tui::screens::bulk::{Deed, Phase, Subject};
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;
use std::collections::BTreeMap;

/// Destinations that a question lists.
const LISTED: usize = 30;

/// The lines that name each destination with its number, the first ones of them.
pub(in crate::tui::update) fn destination_lines(
    destinations: BTreeMap<&Destination, u64>,
) -> Vec<(Tone, String)> {
    let all = destinations.len();
    let listed = destinations.into_iter().take(LISTED);
    let mut lines: Vec<(Tone, String)> = listed
        .map(|(to, count)| {
            let line = format!("{:>7}  {}", text::count(count), to.label());
            (Tone::Plain, line)
        })
        .collect();
    if all > LISTED {
        let more = all - LISTED;
        lines.push((Tone::Dim, format!("         and {more} more destinations")));
    }
    lines
}

/// The question before it is done.
pub(super) fn ask(model: &mut Model, number: u64) {
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
        Deed::Restore | Deed::Unmark => what,
        Deed::ResendFailed => format!("{what} that failed, with nothing tried since"),
        _ => format!("{what} of {} marked", text::count(all)),
    };
    lines.push((Tone::Plain, line));
    if screen.more > 0 {
        let more = text::count(screen.more);
        let line = format!("{more} more are left for another time: the list takes no more");
        lines.push((Tone::Warn, line));
    }
    if ready < all {
        let rest = text::count(all - ready);
        let line = format!("{rest} have nothing to do: the list behind says why");
        lines.push((Tone::Dim, line));
    }
    if !screen.filter.is_empty() {
        let line = format!("filter of the history: {}", text::clean(&screen.filter));
        lines.push((Tone::Dim, line));
    }
    lines.push((Tone::Plain, String::new()));
    let entries: usize = screen.ready().map(|item| item.entries.len()).sum();
    let count = text::plural(entries as u64, "entry", "entries");
    let effect = match screen.deed {
        Deed::Clear => Some(format!("{count} removed; what is true is sent again:")),
        Deed::Restore => Some(format!(
            "{count} put back, except what was sent again meanwhile"
        )),
        Deed::Baseline => Some("marked as sent, and not sent:".to_owned()),
        Deed::Unmark => Some(format!("{count} removed; what is still true is sent")),
        Deed::Resend | Deed::ResendFailed | Deed::Cancel => None,
    };
    lines.extend(effect.map(|effect| (Tone::Plain, effect)));
    if !matches!(screen.deed, Deed::Restore | Deed::Unmark) {
        let destinations = screen.destinations();
        let total: u64 = destinations.values().sum();
        let total = if screen.deed == Deed::Baseline {
            text::plural(total, "notification", "notifications")
        } else {
            text::plural(total, "delivery", "deliveries")
        };
        lines.push((Tone::Plain, total));
        lines.extend(destination_lines(destinations));
    }
    lines.push((Tone::Plain, String::new()));
    lines.push(place);
    let (title, yes) = match screen.deed {
        Deed::Resend => ("Resend", "Resend"),
        Deed::ResendFailed => ("Resend all failed", "Resend"),
        Deed::Clear => ("Clear dedup", "Clear"),
        Deed::Restore => ("Undo clear", "Put back"),
        Deed::Baseline => ("Mark as sent", "Mark as sent"),
        Deed::Unmark => ("Undo mark as sent", "Take back"),
        Deed::Cancel => ("Cancel retries", "Give up"),
    };
    let question = Confirm::new(title, lines, yes, Then::Bulk(number));
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

/// The question was answered with yes.
pub(in crate::tui::update) fn confirmed(model: &mut Model, number: u64) {
    if let Some(screen) = screen_of(model, number) {
        screen.begin(Phase::Doing);
    }
}

/// The question was answered with no: the list goes, too.
pub(in crate::tui::update) fn not_confirmed(model: &mut Model) {
    let asking =
        |screen: &Screen| matches!(screen, Screen::Bulk(bulk) if bulk.phase == Phase::Asking);
    model.screens.retain(|screen| !asking(screen));
}
