//! Sending again everything that failed, and giving up everything that waits: as the history is
//! filtered, after a question that names how many go to whom.

use super::bulk::{self, destination_lines};
use super::writes::place;
use super::{MARKS, flash};
use crate::domain::{Selection, Severity};
use crate::engine::{Cancel, Command, Resend};
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Overlay, Purpose, Screen};
use crate::tui::screens::bulk::Deed;
use crate::tui::sweep::{Found, Sweep};
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;

/// Begins to look for it.
pub(super) fn begin(model: &mut Model, sweep: Sweep, effects: &mut Vec<Effect>) {
    let query = model.overview.history.query.clone();
    model.sweeping = Some(sweep);
    let what = match sweep {
        Sweep::Failed => "looking for what failed ...",
        Sweep::Waiting => "looking for what waits ...",
    };
    flash(model, Severity::Info, what);
    effects.push(Effect::Job(model.session.id, Job::Sweep { sweep, query }));
}

/// It was found, or can't be.
pub(super) fn found(model: &mut Model, sweep: Sweep, result: Result<Found, String>) {
    // It was stopped, or something else was asked for meanwhile.
    if model
        .sweeping
        .take_if(|looked_for| *looked_for == sweep)
        .is_none()
    {
        return;
    }
    if !model.overlays.is_empty() {
        let text = "something else is being typed or asked: try again";
        return flash(model, Severity::Warning, text);
    }
    model.flash = None;
    let found = match result {
        Ok(found) => found,
        Err(problem) => return flash(model, Severity::Error, problem),
    };
    if found.total == 0 {
        let filtered = !model.overview.history.query.is_empty();
        let within = if filtered { " within the filter" } else { "" };
        let text = match sweep {
            Sweep::Failed => format!("nothing has failed{within} that was not tried again"),
            Sweep::Waiting => format!("nothing waits{within}"),
        };
        return flash(model, Severity::Info, text);
    }
    let more = found.total.saturating_sub(found.rows.len() as u64);
    if more > 0 && model.overview.history.query.is_empty() {
        return ask_for_all(model, sweep, found);
    }
    let deed = match sweep {
        Sweep::Failed => Deed::ResendFailed,
        Sweep::Waiting => Deed::Cancel,
    };
    bulk::start_with(model, deed, found.rows, more);
    let filter = model.overview.history.filter_text.clone();
    if let Some(Screen::Bulk(screen)) = model.screens.last_mut() {
        screen.filter = filter;
    }
}

/// More than a list takes, and no filter: the engine goes through the history by itself.
fn ask_for_all(model: &mut Model, sweep: Sweep, found: Found) {
    let count = text::plural(found.total, "delivery", "deliveries");
    let (title, line, yes, then) = match sweep {
        Sweep::Failed => (
            "Resend all failed",
            format!("{count} that failed, with nothing tried since:"),
            "Resend",
            Then::Command(
                Command::Resend(Resend::Failed(Selection::default())),
                Purpose::Resend("all that failed".to_owned()),
            ),
        ),
        Sweep::Waiting => (
            "Cancel all waiting",
            format!("{count} that wait; a try in flight is finished:"),
            "Give up",
            Then::Command(
                Command::Cancel(Cancel::Waiting(Selection::default())),
                Purpose::Cancel("all that wait".to_owned()),
            ),
        ),
    };
    let mut lines = vec![(Tone::Plain, line)];
    lines.extend(destination_lines(
        found
            .destinations
            .iter()
            .map(|(to, count)| (to, *count))
            .collect(),
    ));
    if sweep == Sweep::Failed {
        let note = "left out: what was sent meanwhile, and objects that are gone or not subscribed";
        lines.push((Tone::Dim, note.to_owned()));
    }
    let most = text::count(MARKS as u64);
    let note = format!("more than {most}: they are not listed one by one");
    lines.push((Tone::Dim, note));
    lines.push((Tone::Plain, String::new()));
    lines.push(place(model));
    let question = Confirm::new(title, lines, yes, then);
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}
