//! Notifications that no change of an object caused: sent, held when there are too many, or marked
//! as sent (`baseline`).
//!
//! What is held is a row of the history in the state *held* and a mark in the object's ledger. It
//! survives restarts, and ends when somebody releases it or marks it as sent, or when its condition
//! is not true any more.

use super::clock::{now_ms, now_seconds};
use super::command::{CommandError, Reply};
use super::event::CatalogView;
use super::guard::Verdict;
use super::ledger::Mark;
use super::log::Log;
use super::options::Guard;
use super::reconcile::Reconciler;
use super::shelf::{Asker, Chore};
use super::store::Tracked;
use crate::domain::{
    Cause, Delivery, DeliveryId, DeliveryState, Mode, NewDelivery, ResourceKey, Selection, Severity,
};
use crate::history::{HistoryError, Request, ServiceOf, Verb};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often it is looked whether another process asks for something.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// Wait before what could not be recorded is tried again.
const HOLD_AGAIN: Duration = Duration::from_secs(10);

/// Destinations that are named when a flood is told.
const NAMED: usize = 5;

impl Reconciler {
    /// A notification that is to be sent, unless too many are that nothing has caused.
    pub(super) fn propose(
        &mut self,
        view: &CatalogView,
        key: &ResourceKey,
        new: NewDelivery,
        object: Option<Arc<str>>,
        log: &Log,
    ) {
        let caused = matches!(new.cause, Cause::Change | Cause::Resend);
        if caused || self.mode != Mode::Active {
            self.send_proposed(view, key, new, object, log);
            return;
        }
        if self.is_baseline(key, &new) {
            self.mark_as_sent(key, new, "true before it was asked for: marked as sent");
            return;
        }
        if new.cause == Cause::Timer {
            // Something changed a while ago; only now it has lasted long enough.
            self.send_proposed(view, key, new, object, log);
            return;
        }
        match self.queues.holding.judge.judge(Instant::now()) {
            Verdict::Send => self.send_proposed(view, key, new, object, log),
            Verdict::Warn => {
                self.warn_of_flood();
                self.send_proposed(view, key, new, object, log);
            }
            Verdict::Keep => {
                self.mark(key, &new, |id| Mark::Sending {
                    id,
                    attempts: 0,
                    next_ms: None,
                });
                self.queues.holding.kept.push((key.clone(), new, object));
            }
            Verdict::Hold => {
                for (key, new, _) in std::mem::take(&mut self.queues.holding.kept) {
                    self.hold(&key, new);
                }
                self.hold(key, new);
            }
        }
    }

    fn send_proposed(
        &mut self,
        view: &CatalogView,
        key: &ResourceKey,
        new: NewDelivery,
        object: Option<Arc<str>>,
        log: &Log,
    ) {
        log.sending(key, &new.trigger, &new.condition, &new.destination);
        self.deliver(view, key, Delivery::pending(new), false, object);
    }

    fn mark(
        &mut self,
        key: &ResourceKey,
        new: &NewDelivery,
        mark: impl FnOnce(DeliveryId) -> Mark,
    ) {
        if let Some(tracked) = self.store.get_mut(key)
            && *tracked.observed.uid == *new.uid
        {
            tracked.ledger.set(&new.state_key, mark(new.id));
        }
    }

    fn hold(&mut self, key: &ResourceKey, new: NewDelivery) {
        self.mark(key, &new, |id| Mark::Held { id });
        let mut delivery = Delivery::pending(new);
        delivery.state = DeliveryState::Held;
        self.bus.delivery(Arc::new(delivery.clone()));
        self.queues.holding.to_hold.push(delivery);
        self.queues.holding.complete = false;
        self.queues.holding.untold = true;
        self.tell_row(key, None);
    }

    fn warn_of_flood(&mut self) {
        let Guard::Warn(limit) = self.queues.holding.guard else {
            return;
        };
        let text = format!(
            "more than {limit} notifications within a minute that no change of an object caused"
        );
        let help = "floodGuard in the settings holds such floods until you decide";
        self.notice(Severity::Warning, text, help.into(), None);
    }

    /// Whether every object has been looked at: nothing is listed or read again, and nothing waits for
    /// a look.
    fn is_settled(&self) -> bool {
        let listing = self.watching.iter().any(|watching| watching.is_listing());
        self.low.is_empty() && !listing && self.teams.are_settled()
    }

    /// Decides about what was kept as soon as it is known how many there are, and tells what is held.
    pub(super) fn settle_guard(&mut self, now: Instant) {
        let settled = self.is_settled();
        let late = |until: Instant| now >= until;
        let kept_until = self.queues.holding.judge.kept_until();
        if kept_until.is_some_and(late) || (settled && !self.queues.holding.kept.is_empty()) {
            self.queues.holding.judge.sent_kept(now);
            for (key, new, object) in std::mem::take(&mut self.queues.holding.kept) {
                if let Some(view) = self.view_of(&new) {
                    let log = self.log_of(&view);
                    self.send_proposed(&view, &key, new, object, &log);
                }
            }
        }
        let holding = &self.queues.holding;
        if holding.untold && settled && holding.complete && !holding.groups.is_empty() {
            self.tell_held();
        }
        if settled && self.mode == Mode::Active {
            self.note_conditions();
        }
    }

    fn tell_held(&mut self) {
        self.queues.holding.untold = false;
        let mut destinations: BTreeMap<String, u64> = BTreeMap::new();
        for group in self.queues.holding.groups() {
            *destinations.entry(group.destination.label()).or_default() += group.count;
        }
        let mut largest: Vec<(String, u64)> = destinations.into_iter().collect();
        largest.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let more = largest.len().saturating_sub(NAMED);
        let named: Vec<String> = largest
            .iter()
            .take(NAMED)
            .map(|(destination, count)| format!("{count} to {destination}"))
            .collect();
        let total = self.queues.holding.total();
        let plural = if total == 1 { "" } else { "s" };
        let mut text = format!(
            "{total} notification{plural} that no change of an object caused {} held: {}",
            if total == 1 { "is" } else { "are" },
            named.join(", ")
        );
        if more > 0 {
            text.push_str(&format!(", and to {more} more destinations"));
        }
        let help = "send them with `kubechime hold release`, or mark them as sent with \
                    `kubechime hold baseline`";
        self.notice(Severity::Warning, text, help.into(), None);
    }

    /// The right to send was lost: what was kept is decided anew by whoever has it.
    pub(super) fn forget_guarded(&mut self) {
        self.queues.holding.judge.forget_kept();
        for (key, new, _) in std::mem::take(&mut self.queues.holding.kept) {
            if let Some(tracked) = self.store.get_mut(&key) {
                tracked.ledger.forget(&new.state_key);
            }
        }
    }

    /// A held notification is not to be told any more.
    pub(super) fn withdraw(&mut self, id: DeliveryId) {
        if self.mode != Mode::Active {
            // Whoever may send decides.
            return;
        }
        let holding = &mut self.queues.holding;
        if holding.withdrawing.insert(id) {
            holding.to_withdraw.push(id);
        }
    }

    /// An object is gone: nothing that is held of it is to be told.
    pub(super) fn withdraw_all(&mut self, tracked: &Tracked) {
        let held: Vec<DeliveryId> = tracked.ledger.held().collect();
        for id in held {
            self.withdraw(id);
        }
    }

    pub(super) fn on_withdrawn(&mut self, ids: &[DeliveryId], deliveries: Vec<Delivery>) {
        for id in ids {
            self.queues.holding.withdrawing.remove(id);
        }
        for delivery in deliveries {
            if let Some(key) = self.key_of(&delivery)
                && let Some(tracked) = self.store.get_mut(&key)
                && let state_key = &delivery.new.state_key
                && tracked.ledger.get(state_key)
                    == Some(&Mark::Held {
                        id: delivery.new.id,
                    })
            {
                tracked.ledger.forget(state_key);
                // It may be true again meanwhile.
                tracked.looked_at = None;
                self.look(&key, None, Cause::Change);
            }
            self.bus.delivery(Arc::new(delivery));
        }
    }

    /// Held notifications could not be recorded: they are tried again, and stay held until then.
    pub(super) fn on_held(&mut self, lost: Option<Vec<Delivery>>) {
        let holding = &mut self.queues.holding;
        holding.hold_asked = false;
        holding.hold_after = None;
        if let Some(mut lost) = lost {
            holding.hold_after = Some(Instant::now() + HOLD_AGAIN);
            lost.append(&mut holding.to_hold);
            holding.to_hold = lost;
        }
    }

    /// Sends what is held.
    pub(super) fn release_held(&mut self, selection: Selection, asker: Asker) {
        if let Err(error) = self.can_decide() {
            self.answer_asker(asker, Err(error));
            return;
        }
        // What could not be recorded is only known here.
        let all = std::mem::take(&mut self.queues.holding.to_hold);
        let (now, later): (Vec<Delivery>, Vec<Delivery>) = all
            .into_iter()
            .partition(|held| selection.matches(&held.new));
        self.queues.holding.to_hold = later;
        for mut delivery in now {
            delivery.state = DeliveryState::Pending;
            let (view, key) = (self.view_of(&delivery.new), self.key_of(&delivery));
            if let (Some(view), Some(key)) = (view, key) {
                self.deliver(&view, &key, delivery, false, None);
            } else {
                delivery.state = DeliveryState::Held;
                self.queues.holding.to_hold.push(delivery);
            }
        }
        self.queues.ask(Chore::Release(selection, asker));
    }

    /// Marks what is held as sent.
    pub(super) fn baseline_held(&mut self, selection: Selection, asker: Asker) {
        if let Err(error) = self.can_decide() {
            self.answer_asker(asker, Err(error));
            return;
        }
        let now = Instant::now();
        self.queues.holding.hold_after = None;
        self.queues.flush(now);
        self.queues.ask(Chore::Baseline(selection, asker));
    }

    fn can_decide(&self) -> Result<(), CommandError> {
        self.needs_active("deciding about what is held")?;
        if !self.queues.has_shelf() {
            let text = "there is no history, so nothing is held";
            return Err(CommandError::Failed(text.into()));
        }
        Ok(())
    }

    pub(super) fn on_released(
        &mut self,
        asker: Asker,
        result: Result<BTreeMap<ServiceOf, u64>, HistoryError>,
    ) {
        let result = result
            .map(|services| Reply::Released {
                deliveries: services.values().sum(),
            })
            .map_err(|error| CommandError::Failed(error.to_string()));
        self.answer_asker(asker, result);
    }

    /// Held notifications were marked as sent: their entries are written.
    pub(super) fn on_baselined(
        &mut self,
        deliveries: Vec<Delivery>,
        end: Option<(Asker, Result<u64, HistoryError>)>,
    ) {
        for delivery in deliveries {
            let mark = Mark::Sent {
                id: Some(delivery.new.id),
                at: now_seconds(),
            };
            self.bequeath(&delivery, mark);
            if let Some(key) = self.key_of(&delivery) {
                self.write_state(&key);
                self.tell_row(&key, None);
            }
            self.bus.delivery(Arc::new(delivery));
        }
        if let Some((asker, result)) = end {
            let result = result
                .map(|deliveries| Reply::Baselined { deliveries })
                .map_err(|error| CommandError::Failed(error.to_string()));
            self.answer_asker(asker, result);
        }
    }

    /// Another process may have asked for something.
    pub(super) fn on_polled(&mut self, request: Option<Request>) {
        let holding = &mut self.queues.holding;
        holding.polling = false;
        holding.poll_at = Instant::now() + POLL_EVERY;
        let Some(request) = request else { return };
        let asker = Asker::Request(request.id);
        if self.options.read_only {
            self.answer_asker(asker, Err(CommandError::ReadOnly("sending")));
            return;
        }
        match request.verb {
            Verb::Release => self.release_held(request.selection, asker),
            Verb::Baseline => self.baseline_held(request.selection, asker),
            Verb::Resend | Verb::Cancel => self.carry_out_request(request),
        }
    }

    fn answer_asker(&self, asker: Asker, result: Result<Reply, CommandError>) {
        match asker {
            Asker::Ticket(ticket) => self.answer(ticket, result),
            Asker::Request(id) => {
                let text = match result {
                    Ok(Reply::Released { deliveries }) => format!("{deliveries} are being sent"),
                    Ok(Reply::Baselined { deliveries }) => {
                        format!("{deliveries} are marked as sent")
                    }
                    Ok(_) => String::new(),
                    Err(error) => format!("refused: {error}"),
                };
                self.queues.ask(Chore::Answer(id, text));
            }
            Asker::Nobody => {}
        }
    }

    /// What is held since an earlier run is known.
    pub(super) fn on_held_before(
        &mut self,
        held: &[Delivery],
        conditions: HashSet<(String, String)>,
    ) {
        self.queues.holding.seen.extend(conditions);
        for delivery in held {
            let id = delivery.new.id;
            self.bequeath(delivery, Mark::Held { id });
        }
        if !held.is_empty() {
            self.queues.holding.untold = true;
            self.queues.holding.complete = false;
            self.queues.ask(Chore::Count);
        }
    }

    /// Whether it was true before anybody asked to be told: at the first sight of the condition, or
    /// because only the configuration has changed.
    fn is_baseline(&self, key: &ResourceKey, new: &NewDelivery) -> bool {
        let holding = &self.queues.holding;
        let told = self.store.get(key).is_some_and(|tracked| {
            let at = tracked.ledger.notified_at(&new.state_key, &tracked.state);
            at.is_some()
        });
        if told {
            // A reminder of something that was told before.
            return false;
        }
        let known = || {
            let condition = (new.trigger.clone(), new.condition.clone());
            holding.seen.contains(&condition)
        };
        holding.baseline && (new.cause == Cause::Catalog || !known())
    }

    /// Notes it as sent without sending it, and records it as such. The entry is still to be written.
    pub(super) fn mark_as_sent(&mut self, key: &ResourceKey, new: NewDelivery, why: &str) {
        let at = now_seconds();
        self.mark(key, &new, |id| Mark::Sent { id: Some(id), at });
        let mut delivery = Delivery::pending(new);
        delivery.state = DeliveryState::Baseline;
        delivery.updated_ms = now_ms();
        delivery.detail = why.into();
        self.bus.delivery(Arc::new(delivery.clone()));
        if self.history.is_some() {
            self.queues.holding.to_record.push(delivery);
        }
    }

    /// All objects have been looked at with this configuration: its conditions are known from now
    /// on, also to the next start.
    fn note_conditions(&mut self) {
        let Some(view) = &self.view else { return };
        let holding = &mut self.queues.holding;
        if holding.noted_serial == Some(self.serial) || !holding.kept.is_empty() {
            return;
        }
        holding.noted_serial = Some(self.serial);
        let mut new = Vec::new();
        for (name, trigger) in &view.catalog.triggers {
            for condition in &trigger.conditions {
                let condition = (name.to_string(), condition.key.to_string());
                if holding.seen.insert(condition.clone()) {
                    new.push(condition);
                }
            }
        }
        if !new.is_empty() {
            self.queues.ask(Chore::NoteConditions(new));
        }
    }
}
