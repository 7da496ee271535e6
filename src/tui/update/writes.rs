//! Everything that sends or writes, with its question: resend, clear, mode, Lease.

use super::{availability, flash, submit};
use crate::domain::{Delivery, Mode, ResourceKey, Severity};
use crate::engine::{Command, LeaseStatus, Resend};
use crate::tui::action::ActionId;
use crate::tui::message::Effect;
use crate::tui::model::{Model, Overlay, Purpose, Screen};
use crate::tui::screens::delivery;
use crate::tui::screens::overview::{LineId, Pane};
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;

/// Lines of a list that a question shows before it only counts.
const LISTED: usize = 50;

fn ask(model: &mut Model, question: Confirm) {
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

/// Where the writing would happen: the last line of every question.
fn place(model: &Model) -> (Tone, String) {
    let (context, server) = (&model.session.context, &model.session.server);
    (Tone::Strong, format!("context {context}  {server}"))
}

/// `r`: from a delivery its own notification, else what is true of the resource.
pub(super) fn resend(model: &mut Model) {
    let row = match model.screens.last() {
        Some(Screen::Delivery(screen)) => Some(screen.row.clone()),
        _ if model.overview.pane == Pane::History => model.overview.history.selected_row().cloned(),
        _ => None,
    };
    match row {
        Some(row) => resend_delivery(model, &row),
        None => resend_resource(model),
    }
}

fn resend_delivery(model: &mut Model, row: &Delivery) {
    let to = row.new.destination.label();
    let lines = vec![
        (Tone::Plain, delivery::summary(row)),
        (
            Tone::Plain,
            "rendered anew from the object as it is now, true or not".to_owned(),
        ),
        (Tone::Plain, String::new()),
        (Tone::Plain, format!("1 delivery to {to}")),
        place(model),
    ];
    let command = Command::Resend(Resend::Delivery(row.new.id));
    let what = format!("{} to {to}", row.new.trigger);
    let then = Then::Command(command, Purpose::Resend(what));
    ask(model, Confirm::new("Resend", lines, "Resend", then));
}

fn resend_resource(model: &mut Model) {
    let Some(key) = model.overview.triggers.target().cloned() else {
        return;
    };
    if model.overview.triggers.inspection().is_none() {
        model.overview.triggers.then = Some(ActionId::Resend);
        flash(model, Severity::Info, "evaluating the resource first ...");
        return;
    }
    let line = availability::selected_line(model).cloned();
    let (trigger, destination) = match &line {
        Some(LineId::Trigger(trigger) | LineId::Condition { trigger, .. }) => {
            (Some(trigger.clone()), None)
        }
        Some(LineId::Target {
            trigger,
            destination,
            ..
        }) => (Some(trigger.clone()), Some(destination.clone())),
        Some(LineId::Note(_)) | None => (None, None),
    };
    let sendable = model.overview.triggers.sendable(line.as_ref());
    let mut lines = vec![
        (Tone::Plain, format!("{} {key}", key.kind.variable())),
        (Tone::Plain, String::new()),
    ];
    for (trigger, index, to) in sendable.iter().take(LISTED) {
        lines.push((
            Tone::Plain,
            format!("{trigger} [{index}] -> {}", to.label()),
        ));
    }
    if sendable.len() > LISTED {
        let more = text::count((sendable.len() - LISTED) as u64);
        lines.push((Tone::Dim, format!("and {more} more")));
    }
    lines.push((Tone::Plain, String::new()));
    let count = text::plural(sendable.len() as u64, "delivery", "deliveries");
    lines.push((Tone::Plain, count));
    lines.push(place(model));
    let what = format!("{key}");
    let command = Command::Resend(Resend::Resource {
        key,
        trigger,
        destination,
    });
    let then = Then::Command(command, Purpose::Resend(what));
    ask(model, Confirm::new("Resend", lines, "Resend", then));
}

/// `D`.
pub(super) fn clear(model: &mut Model) {
    let Some(key) = model.overview.triggers.target().cloned() else {
        return;
    };
    if model.overview.triggers.inspection().is_none() {
        model.overview.triggers.then = Some(ActionId::Clear);
        flash(model, Severity::Info, "evaluating the resource first ...");
        return;
    }
    let line = availability::selected_line(model).cloned();
    let keys = model.overview.triggers.state_keys(line.as_ref());
    let mut lines = vec![
        (Tone::Plain, format!("{} {key}", key.kind.variable())),
        (Tone::Plain, String::new()),
    ];
    let listed = keys.iter().take(LISTED);
    lines.extend(listed.map(|key| (Tone::Plain, key.clone())));
    if keys.len() > LISTED {
        lines.push((Tone::Dim, format!("and {} more", keys.len() - LISTED)));
    }
    lines.push((Tone::Plain, String::new()));
    let count = text::plural(keys.len() as u64, "entry is", "entries are");
    lines.push((
        Tone::Plain,
        format!("{count} removed; what is true is sent again"),
    ));
    lines.push(place(model));
    let what = key.to_string();
    let everything = matches!(line, None | Some(LineId::Note(_)));
    let command = Command::Clear {
        resource: key,
        keys: (!everything).then_some(keys),
    };
    let then = Then::Command(command, Purpose::Clear(what));
    ask(model, Confirm::new("Clear dedup", lines, "Clear", then));
}

/// An inspection has come: what waited for it goes on.
pub(super) fn inspected(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.overview.triggers.inspection().is_none() {
        return;
    }
    if let Some(id) = model.overview.triggers.then.take()
        && model.overlays.is_empty()
        && model.screens.is_empty()
    {
        model.flash = None;
        super::perform::act(model, id, effects);
    }
}

/// Another mode was chosen.
pub(super) fn mode(model: &mut Model, mode: Mode) {
    let Some(status) = &model.session.status else {
        return;
    };
    let what = match mode {
        Mode::Observe => "It then watches and evaluates; it sends and writes nothing.",
        Mode::DryRun => "It then renders and records what would be sent; it sends nothing.",
        Mode::Active => "It then sends notifications and writes the notified state.",
    };
    let mut lines = vec![
        (Tone::Plain, format!("from {} to {mode}", status.mode)),
        (Tone::Plain, what.to_owned()),
    ];
    if let (Mode::Active, LeaseStatus::Other { holder }) = (mode, &status.lease) {
        lines.push((
            Tone::Warn,
            format!("{holder} holds the Lease: it has to be taken over"),
        ));
    }
    lines.push((Tone::Plain, String::new()));
    lines.push(place(model));
    let then = Then::Command(Command::SetMode(mode), Purpose::Mode);
    ask(model, Confirm::new("Mode", lines, "Change", then));
}

/// `T`.
pub(super) fn take_lease(model: &mut Model) {
    let status = model.session.status.as_ref();
    let Some(LeaseStatus::Other { holder }) = status.map(|status| &status.lease) else {
        return;
    };
    let lines = vec![
        (
            Tone::Plain,
            format!("{holder} sends now and stops when this engine takes over."),
        ),
        (
            Tone::Plain,
            "This engine then sends notifications.".to_owned(),
        ),
        (Tone::Plain, String::new()),
        place(model),
    ];
    let then = Then::Command(Command::TakeLease, Purpose::TakeLease);
    ask(model, Confirm::new("Take over", lines, "Take over", then));
}

/// `y` in a question.
pub(super) fn confirmed(model: &mut Model, then: Then, effects: &mut Vec<Effect>) {
    match then {
        Then::Command(command, purpose) => {
            let purpose_kept = purpose.clone();
            let request = submit(model, command, purpose, effects);
            super::drafts::submitted(model, &purpose_kept, request);
        }
        Then::Discard(id) => super::drafts::discard(model, &id, effects),
        Then::ApplyAnyway(id) => super::judging::ask_server(model, &id, effects),
        Then::Quit => {
            effects.push(Effect::Quit);
        }
    }
}

/// `q`: asks only when something is open.
pub(super) fn quit(model: &mut Model, effects: &mut Vec<Effect>) {
    super::drafts::keep(model, effects);
    let mut lines = Vec::new();
    let open = model.drafts.edited();
    if open > 0 {
        let count = text::plural(open as u64, "draft is", "drafts are");
        let kept = if model.drafts.on_disk {
            "kept on disk"
        } else {
            "lost"
        };
        lines.push((Tone::Plain, format!("{count} not applied: {kept}")));
    }
    let under_way = model
        .requests
        .iter()
        .filter(|purpose| purpose.matters())
        .count();
    if under_way > 0 {
        let count = text::plural(under_way as u64, "write is", "writes are");
        lines.push((Tone::Plain, format!("{count} under way")));
    }
    let status = model.session.status.as_ref();
    let sending = status.filter(|status| status.mode == Mode::Active);
    let delivering = sending.map_or(0, |status| status.counters.delivering);
    if delivering > 0 {
        let count = text::plural(delivering, "delivery is", "deliveries are");
        let line = format!("{count} under way: finished within seconds, or at the next start");
        lines.push((Tone::Plain, line));
    }
    if lines.is_empty() {
        effects.push(Effect::Quit);
    } else {
        ask(model, Confirm::new("Quit", lines, "Quit", Then::Quit));
    }
}

/// Goes to the resource of a delivery in pane 1.
pub(super) fn go_to(model: &mut Model, key: ResourceKey) {
    model.screens.clear();
    model.overview.focus(Pane::Resources);
    let resources = &mut model.overview.resources;
    if resources.table.position(&key).is_some() {
        resources.select(key);
    } else {
        let text = format!("{key} is not in the list: gone, not subscribed, or filtered out");
        flash(model, Severity::Warning, text);
    }
}
