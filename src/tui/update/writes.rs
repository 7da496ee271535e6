//! Everything that sends or writes, with its question: resend, clear, mode, Lease.

use super::{applying, availability, bulk, flash, submit};
use crate::domain::{Delivery, Destination, Mode, ResourceKey, Severity};
use crate::engine::{Cancel, Command, LeaseStatus, Resend};
use crate::tui::action::ActionId;
use crate::tui::message::{Effect, Job};
use crate::tui::model::{Model, Overlay, PromptFor, Purpose};
use crate::tui::screens::bulk::Deed;
use crate::tui::screens::delivery;
use crate::tui::screens::overview::{LineId, Pane, reach};
use crate::tui::text;
use crate::tui::widgets::confirm::{Confirm, Then};
use crate::tui::widgets::text_view::Tone;

/// Lines of a list that a question shows before it only counts.
const LISTED: usize = 50;

fn ask(model: &mut Model, question: Confirm) {
    model.overlays.push(Overlay::Confirm(Box::new(question)));
}

/// Where the writing would happen: the last line of every question.
pub(super) fn place(model: &Model) -> (Tone, String) {
    let (context, server) = (&model.session.context, &model.session.server);
    (Tone::Strong, format!("context {context}  {server}"))
}

/// `r`: from a delivery its own notification, else what is true of the resource.
pub(super) fn resend(model: &mut Model) {
    if bulk::marked(model) > 0 {
        bulk::start(model, Deed::Resend);
        return;
    }
    let row = if availability::about_delivery(model) {
        availability::delivery(model).cloned()
    } else {
        None
    };
    match row {
        Some(row) => resend_delivery(model, &row),
        None => resend_resource(model),
    }
}

/// `R`: the delivery's trigger and destination as they are configured and true now.
pub(super) fn rerender(model: &mut Model) {
    let Some(row) = availability::delivery(model).cloned() else {
        return;
    };
    let Some(key) = availability::target(model) else {
        flash(model, Severity::Warning, "its kind is not watched now");
        return;
    };
    let to = row.new.destination.label();
    let lines = vec![
        (Tone::Plain, delivery::summary(&row)),
        (
            Tone::Plain,
            "sent only where the trigger is true now, with today's templates".to_owned(),
        ),
        (Tone::Plain, String::new()),
        (
            Tone::Plain,
            format!("at most 1 delivery per condition to {to}"),
        ),
        place(model),
    ];
    let what = format!("{} to {to}", row.new.trigger);
    let command = Command::Resend(Resend::Resource {
        key,
        trigger: Some(row.new.trigger.clone()),
        destination: Some(row.new.destination.clone()),
    });
    let then = Then::Command(command, Purpose::Resend(what));
    ask(
        model,
        Confirm::new("Evaluate and send", lines, "Send", then),
    );
}

/// `K`: what waits is given up.
pub(super) fn cancel(model: &mut Model) {
    if bulk::marked(model) > 0 {
        bulk::start(model, Deed::Cancel);
        return;
    }
    let Some(row) = availability::delivery(model).cloned() else {
        return;
    };
    let to = row.new.destination.label();
    let tries = text::plural(u64::from(row.attempts), "try", "tries");
    let lines = vec![
        (Tone::Plain, delivery::summary(&row)),
        (
            Tone::Plain,
            "a try in flight is finished; the next change of the object begins anew".to_owned(),
        ),
        (Tone::Plain, String::new()),
        (Tone::Plain, format!("1 delivery to {to}, {tries} so far")),
        place(model),
    ];
    let command = Command::Cancel(Cancel::Delivery(row.new.id));
    let what = format!("{} to {to}", row.new.trigger);
    let then = Then::Command(command, Purpose::Cancel(what));
    ask(
        model,
        Confirm::new("Cancel retries", lines, "Give up", then),
    );
}

/// `a`: begins with the destination that it had.
pub(super) fn ask_destination(model: &mut Model) {
    if let Some(row) = availability::delivery(model) {
        let to = row.new.destination.label();
        super::prompts::open(model, PromptFor::Destination, &to);
    }
}

/// Why a notification can't be sent there.
pub(super) fn check_destination(model: &Model, to: &Destination) -> Result<(), String> {
    let Some(view) = &model.session.catalog else {
        return Err("the ConfigMap is not read yet".to_owned());
    };
    if view.catalog.services.contains_key(&*to.service) {
        return Ok(());
    }
    let names: Vec<&str> = view.catalog.services.keys().map(String::as_str).collect();
    Err(format!("no service '{}': {}", to.service, names.join(", ")))
}

/// The delivery's notification to another destination.
pub(super) fn send_to(model: &mut Model, destination: Destination) {
    let Some(row) = availability::delivery(model).cloned() else {
        return;
    };
    let to = destination.label();
    let lines = vec![
        (Tone::Plain, delivery::summary(&row)),
        (
            Tone::Plain,
            "rendered anew from the object as it is now, true or not".to_owned(),
        ),
        (Tone::Plain, String::new()),
        (Tone::Plain, format!("1 delivery to {to}")),
        place(model),
    ];
    let id = row.new.id;
    let command = Command::Resend(Resend::DeliveryTo { id, destination });
    let what = format!("{} to {to}", row.new.trigger);
    let then = Then::Command(command, Purpose::Resend(what));
    ask(
        model,
        Confirm::new("Send to another destination", lines, "Send", then),
    );
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
    let Some(subject) = availability::subject(model) else {
        return;
    };
    let Some(inspection) = subject.inspection else {
        evaluate_first(model, ActionId::Resend);
        return;
    };
    let (key, line) = (subject.key.clone(), subject.line);
    let sendable = reach::sendable(inspection, line.as_ref());
    let (trigger, destination) = match &line {
        Some(LineId::Trigger(trigger) | LineId::Condition { trigger, .. }) => {
            (Some(trigger.clone()), None)
        }
        Some(LineId::Target {
            trigger,
            destination,
            ..
        }) => (Some(trigger.clone()), Some(destination.clone())),
        Some(LineId::Entry(_) | LineId::Note(_)) | None => (None, None),
    };
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

/// What is to be written goes on when the evaluation has come.
fn evaluate_first(model: &mut Model, id: ActionId) {
    if model.screens.is_empty() {
        model.overview.triggers.then = Some(id);
    }
    flash(model, Severity::Info, "evaluating the resource first ...");
}

/// `D`.
pub(super) fn clear(model: &mut Model) {
    if bulk::marked(model) > 0 {
        bulk::start(model, Deed::Clear);
        return;
    }
    let Some(subject) = availability::subject(model) else {
        return;
    };
    let Some(inspection) = subject.inspection else {
        evaluate_first(model, ActionId::Clear);
        return;
    };
    let (key, line) = (subject.key.clone(), subject.line);
    let keys = reach::state_keys(inspection, line.as_ref());
    let removed = inspection.notified.iter();
    let removed = removed.filter(|(key, _)| keys.contains(key)).cloned();
    let cleared = (key.clone(), removed.collect());
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
    let everything = matches!(line, None | Some(LineId::Note(_)));
    let command = Command::Clear {
        resource: key,
        keys: (!everything).then_some(keys),
    };
    let then = Then::Command(command, Purpose::Clear(cleared));
    ask(model, Confirm::new("Clear dedup", lines, "Clear", then));
}

/// `b`: what is true is marked as sent.
pub(super) fn baseline(model: &mut Model) {
    if bulk::marked(model) > 0 {
        bulk::start(model, Deed::Baseline);
        return;
    }
    let Some(subject) = availability::subject(model) else {
        return;
    };
    let Some(inspection) = subject.inspection else {
        evaluate_first(model, ActionId::Baseline);
        return;
    };
    let (key, line) = (subject.key.clone(), subject.line);
    let unsent = reach::unsent(inspection, line.as_ref());
    let mut lines = vec![
        (Tone::Plain, format!("{} {key}", key.kind.variable())),
        (Tone::Plain, String::new()),
    ];
    for unsent in unsent.iter().take(LISTED) {
        let to = unsent.destination.label();
        let line = format!("{} [{}] -> {to}", unsent.trigger, unsent.index);
        lines.push((Tone::Plain, line));
    }
    if unsent.len() > LISTED {
        let more = text::count((unsent.len() - LISTED) as u64);
        lines.push((Tone::Dim, format!("and {more} more")));
    }
    lines.push((Tone::Plain, String::new()));
    let count = text::plural(unsent.len() as u64, "notification", "notifications");
    lines.push((Tone::Plain, format!("{count} marked as sent, and not sent")));
    lines.push(place(model));
    let command = Command::Baseline {
        resource: key.clone(),
        keys: Some(unsent.into_iter().map(|unsent| unsent.state_key).collect()),
    };
    let then = Then::Command(command, Purpose::Baseline(key));
    ask(
        model,
        Confirm::new("Mark as sent", lines, "Mark as sent", then),
    );
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
            if let Command::Apply {
                changes,
                dry_run: false,
                ..
            } = &command
            {
                applying::begun(model, &purpose, changes);
            }
            let request = submit(model, command, purpose, effects);
            applying::submitted(model, &purpose_kept, request);
            super::blast::submitted(model, &purpose_kept);
        }
        Then::Bulk(number) => bulk::confirmed(model, number),
        Then::Discard(id) => super::drafts::discard(model, &id, effects),
        Then::ApplyAnyway(id) => applying::ask_server(model, &id, effects),
        Then::Overwrite(export) => {
            effects.push(Effect::Job(model.session.id, Job::ExportConfig(*export)));
        }
        Then::Restore(number, draft) => super::versions::opened(model, number, *draft),
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
