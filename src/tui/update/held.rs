//! What becomes of what the flood guard holds: sent, or marked as sent, after a question.

use super::writes::place;
use crate::domain::Selection;
use crate::engine::Command;
use crate::tui::model::{Model, Overlay, Purpose};
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;

/// Groups that the question lists before it only counts.
const LISTED: usize = 8;

/// What is to become of what is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is sent.
    Sent,
    /// Its entries of the notified state are written, and it is not sent.
    MarkedAsSent,
}

/// Asks, naming how many notifications go to whom.
pub(super) fn ask(model: &mut Model, fate: Fate) {
    let Some(held) = model.session.held.clone().filter(|held| held.total > 0) else {
        return;
    };
    let count = text::plural(held.total, "notification", "notifications");
    let (title, sentence, yes, what) = match fate {
        Fate::Sent => (
            "Send held",
            format!("{count} held by the flood guard would be sent:"),
            "Send",
            "send held",
        ),
        Fate::MarkedAsSent => (
            "Mark held as sent",
            format!("{count} held by the flood guard would be marked as sent, and not sent:"),
            "Mark as sent",
            "mark held as sent",
        ),
    };
    let mut lines = vec![(Tone::Plain, sentence), (Tone::Plain, String::new())];
    for group in held.groups.iter().take(LISTED) {
        let (to, trigger) = (group.destination.label(), &group.trigger);
        let line = format!("{:>7}  {to}  {trigger}", text::count(group.count));
        lines.push((Tone::Plain, line));
    }
    if held.groups.len() > LISTED {
        let more = held.groups.len() - LISTED;
        lines.push((Tone::Dim, format!("         and {more} more destinations")));
    }
    lines.push((Tone::Plain, String::new()));
    lines.push(place(model));
    let command = match fate {
        Fate::Sent => Command::ReleaseHeld(Selection::default()),
        Fate::MarkedAsSent => Command::BaselineHeld(Selection::default()),
    };
    let then = Then::Command(command, Purpose::Held(what));
    let question = Confirm::new(title, lines, yes, then);
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}
