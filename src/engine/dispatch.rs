//! Giving deliveries to the tasks that make them, or putting them aside until it is their turn.
//! Nothing is ever dropped: what can't be put aside stays in memory.

use super::clock::now_ms;
use super::command::{Cancel, CommandError, Reply, Ticket};
use super::deliver::{INTERRUPTED, TOLD};
use super::event::{CatalogView, HeldStatus};
use super::job::{Job, News, Report};
use super::ledger::Mark;
use super::obey::operator;
use super::queue::Live;
use super::reconcile::Reconciler;
use super::shelf::{Asker, Chore, Shelved};
use crate::domain::{
    Cause, Delivery, DeliveryId, DeliveryState, Mode, NewDelivery, ResourceKey, Selection, Severity,
};
use crate::history::{Closing, HistoryError, ServiceOf};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the lanes are told while something is in them.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Wait before what could not be taken back is asked for again.
const TAKE_AGAIN: Duration = Duration::from_secs(5);

/// Beyond this many deliveries under way the objects that they are about are not kept in memory, but
/// fetched when it is their turn.
const KEEP_OBJECTS: u64 = 2_000;

impl Reconciler {
    /// Starts a delivery, or puts it aside until it is its turn. `recorded` says that its intent is
    /// in the history already.
    pub(super) fn deliver(
        &mut self,
        view: &CatalogView,
        key: &ResourceKey,
        mut delivery: Delivery,
        recorded: bool,
        object: Option<Arc<str>>,
    ) {
        if self.watch_of(key).is_none() {
            return;
        }
        delivery.possibly_repeated |= self.take_doubt(key, &delivery.new);
        if let Some(tracked) = self.store.get_mut(key) {
            tracked.last_trigger = delivery.new.trigger.as_str().into();
            tracked.last_ms = delivery.new.created_ms;
        }
        self.mark_sending(key, &delivery);
        self.counters.delivering += 1;
        self.status_dirty = true;
        if self.mode == Mode::Active && !self.is_deleted(key) && self.queues.must_wait(&delivery) {
            self.bus.delivery(Arc::new(delivery.clone()));
            let queue = self.queues.queue(&ServiceOf::delivery(&delivery.new));
            queue.spilling += 1;
            self.queues.spilling.push(delivery);
        } else {
            self.start(view, key, delivery, recorded, object);
        }
    }

    /// Whether the object can't be fetched any more, so that what is known of it must be kept.
    fn is_deleted(&self, key: &ResourceKey) -> bool {
        self.store.get(key).is_some_and(|tracked| tracked.deleted)
    }

    fn mark_sending(&mut self, key: &ResourceKey, delivery: &Delivery) {
        if let Some(tracked) = self.store.get_mut(key)
            && *tracked.observed.uid == *delivery.new.uid
        {
            let mark = Mark::Sending {
                id: delivery.new.id,
                attempts: delivery.attempts,
                next_ms: None,
            };
            tracked.ledger.set(&delivery.new.state_key, mark);
        }
    }

    /// Gives a delivery to a task.
    fn start(
        &mut self,
        view: &CatalogView,
        key: &ResourceKey,
        delivery: Delivery,
        recorded: bool,
        object: Option<Arc<str>>,
    ) {
        let Some(number) = self.watch_of(key) else {
            return;
        };
        // A recovered one comes with its object only when the object is gone.
        let last = self.is_deleted(key) || (recorded && object.is_some());
        let term = self.term();
        let check = self.annotation_to_check(recorded).filter(|_| !last);
        let cancel = CancellationToken::new();
        let id = delivery.new.id;
        let live = Live {
            cancel: cancel.clone(),
            config_namespace: delivery.new.config_namespace.clone(),
            destination: delivery.new.destination.clone(),
            trigger: delivery.new.trigger.clone(),
        };
        self.queues.live.insert(id, live);
        let queue = self.queues.queue(&ServiceOf::delivery(&delivery.new));
        queue.live += 1;
        let job = Job {
            key: key.clone(),
            recorded,
            unrecorded: None,
            in_flight: false,
            dry_run: self.mode == Mode::DryRun,
            term,
            check,
            last,
            catalog: Arc::clone(&view.catalog),
            variable: self.options.watches[number].variable.clone(),
            object: object.filter(|_| last || self.counters.delivering < KEEP_OBJECTS),
            lane: Arc::clone(&queue.lane),
            cancel,
            delivery,
        };
        let deliverer = self.deliverer.clone();
        self.tasks.spawn(deliverer.run(job, self.sending.clone()));
    }

    /// A delivery that a task had has ended.
    pub(super) fn leave_lane(&mut self, report: &Report) {
        if let Some(live) = self.queues.live.remove(&report.id) {
            let of = ServiceOf {
                config_namespace: live.config_namespace,
                service: report.destination.service.to_string(),
            };
            let queue = self.queues.queue(&of);
            queue.live = queue.live.saturating_sub(1);
        }
    }

    /// Does what is due for lanes and for what is held.
    pub(super) fn tend_queues(&mut self, now: Instant) {
        self.queues.holding.serves = self.mode == Mode::Active && self.queues.has_shelf();
        self.settle_guard(now);
        self.queues.flush(now);
        self.queues.refill(now);
        if now >= self.queues.tell_at {
            self.queues.tell_at = now + TELL_EVERY;
            self.tell_lanes();
        }
    }

    /// Tells how the lanes are doing, if that has changed.
    pub(super) fn tell_lanes(&mut self) {
        let statuses = self.queues.statuses();
        if *statuses != *self.queues.told {
            self.queues.told = statuses.into();
            self.bus.lanes(Arc::clone(&self.queues.told));
        }
    }

    /// The right to send was lost: what waits in the history is not to be sent from here.
    pub(super) fn give_up_spilled(&mut self) {
        self.forget_guarded();
        // Those that are not there yet come there first, and are closed with the others.
        self.queues.spill_now();
        self.queues.ask(Chore::Close {
            closing: Closing {
                id: None,
                selection: Selection::default(),
                state: DeliveryState::Failed,
                why: INTERRUPTED.into(),
                at_ms: now_ms(),
            },
            others: 0,
            asker: Asker::Nobody,
        });
    }

    /// Cancels what waits. The answer comes when the history has been looked through, too.
    pub(super) fn cancel(&mut self, ticket: Ticket, cancel: Cancel) {
        let (id, selection) = match cancel {
            Cancel::Delivery(id) => (Some(id), Selection::default()),
            Cancel::Waiting(selection) => (None, selection),
        };
        let wanted = |of: &DeliveryId, live: &Live| {
            let same =
                |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
            id.is_none_or(|id| id == *of)
                && same(&selection.service, &live.destination.service)
                && same(&selection.recipient, &live.destination.recipient)
                && same(&selection.trigger, &live.trigger)
        };
        let mut cancelled = 0;
        for (of, live) in &self.queues.live {
            if wanted(of, live) {
                live.cancel.cancel();
                cancelled += 1;
            }
        }
        if self.queues.chores.is_none() {
            let deliveries = cancelled;
            self.answer(ticket, Ok(Reply::Cancelled { deliveries }));
            return;
        }
        self.queues.spill_now();
        self.queues.ask(Chore::Close {
            closing: Closing {
                id,
                selection,
                state: DeliveryState::Withdrawn,
                why: format!("cancelled by {}", operator()),
                at_ms: now_ms(),
            },
            others: cancelled,
            asker: Asker::Ticket(ticket),
        });
    }

    /// The shelf has done a chore.
    pub(super) fn on_shelved(&mut self, shelved: Shelved) {
        self.status_dirty = true;
        match shelved {
            Shelved::Spilled(result) => self.on_spilled(result),
            Shelved::Taken { of, deliveries } => self.on_taken(&of, deliveries),
            Shelved::Closed { deliveries, end } => {
                for delivery in deliveries {
                    self.on_closed(delivery);
                }
                if let Some((Asker::Ticket(ticket), result)) = end {
                    let reply = |deliveries| Reply::Cancelled { deliveries };
                    let result = result.map(reply);
                    let failed = |error: HistoryError| CommandError::Failed(error.to_string());
                    self.answer(ticket, result.map_err(failed));
                }
            }
            Shelved::Held(lost) => self.on_held(lost),
            Shelved::Released(asker, result) => {
                if let Ok(services) = &result {
                    for (of, count) in services {
                        let queue = self.queues.queue(of);
                        queue.spilled = queue.spilled.saturating_add(*count);
                        self.counters.delivering += *count;
                    }
                }
                self.on_released(asker, result);
            }
            Shelved::Baselined { deliveries, end } => self.on_baselined(deliveries, end),
            Shelved::Withdrawn { ids, deliveries } => self.on_withdrawn(&ids, deliveries),
            Shelved::Failed {
                deliveries,
                ticket,
                end,
            } => self.on_failed_page(deliveries, ticket, end),
            Shelved::Polled(request) => self.on_polled(request),
            Shelved::Counts(counts) => {
                self.queues.holding.counted(counts);
                let groups = self.queues.holding.groups().to_vec();
                let total = self.queues.holding.total();
                self.bus.held(Arc::new(HeldStatus { total, groups }));
                self.tell_lanes();
            }
        }
    }

    fn on_spilled(&mut self, result: Result<BTreeMap<ServiceOf, u64>, Vec<Delivery>>) {
        self.queues.spill_asked = false;
        match result {
            Ok(counts) => {
                for (of, count) in counts {
                    let queue = self.queues.queue(&of);
                    queue.spilling = queue.spilling.saturating_sub(count);
                    queue.spilled = queue.spilled.saturating_add(count);
                }
            }
            Err(deliveries) => {
                // They stay in memory: nothing is dropped.
                for delivery in deliveries {
                    let queue = self.queues.queue(&ServiceOf::delivery(&delivery.new));
                    queue.spilling = queue.spilling.saturating_sub(1);
                    let (view, key) = (self.view_of(&delivery.new), self.key_of(&delivery));
                    if let (Some(view), Some(key)) = (view, key) {
                        self.start(&view, &key, delivery, false, None);
                    }
                }
            }
        }
    }

    fn on_taken(&mut self, of: &ServiceOf, deliveries: Option<Vec<Delivery>>) {
        let queue = self.queues.queue(of);
        queue.taking = false;
        let Some(deliveries) = deliveries else {
            queue.take_after = Some(Instant::now() + TAKE_AGAIN);
            return;
        };
        if deliveries.is_empty() {
            // Somebody else has worked on the file.
            let missing = std::mem::take(&mut queue.spilled);
            self.counters.delivering = self.counters.delivering.saturating_sub(missing);
            return;
        }
        let count = deliveries.len() as u64;
        queue.spilled = queue.spilled.saturating_sub(count);
        let mut told_by_others = Vec::new();
        for delivery in deliveries {
            let Some(key) = self.key_of(&delivery) else {
                self.counters.delivering = self.counters.delivering.saturating_sub(1);
                self.warn_unwatched(&delivery);
                continue;
            };
            let Some(view) = self.view_of(&delivery.new) else {
                // Its configuration is not known yet: back it goes, for a while.
                let queue = self.queues.queue(of);
                queue.spilling += 1;
                queue.take_after = Some(Instant::now() + TAKE_AGAIN);
                self.queues.spilling.push(delivery);
                continue;
            };
            if self.is_notified(&key, &delivery) {
                self.counters.delivering = self.counters.delivering.saturating_sub(1);
                if let Some(tracked) = self.store.get_mut(&key) {
                    tracked.ledger.forget(&delivery.new.state_key);
                }
                told_by_others.push(delivery.new.id);
                continue;
            }
            self.mark_sending(&key, &delivery);
            self.start(&view, &key, delivery, true, None);
        }
        if !told_by_others.is_empty() {
            self.queues.ask(Chore::Withdraw {
                ids: told_by_others,
                pending: true,
                why: TOLD,
            });
        }
    }

    /// Whether the notified state says that what waited so long was sent meanwhile, by another
    /// engine.
    fn is_notified(&self, key: &ResourceKey, delivery: &Delivery) -> bool {
        let new = &delivery.new;
        // A reminder has an older entry.
        let later = |at: i64| at.saturating_mul(1_000).saturating_add(999) >= new.created_ms;
        new.cause != Cause::Resend
            && self.store.get(key).is_some_and(|tracked| {
                let at = tracked.ledger.notified_at(&new.state_key, &tracked.state);
                *tracked.observed.uid == *new.uid && at.is_some_and(later)
            })
    }

    /// A spilled delivery was ended in the history: as if a task had ended it.
    fn on_closed(&mut self, delivery: Delivery) {
        let queue = self.queues.queue(&ServiceOf::delivery(&delivery.new));
        queue.spilled = queue.spilled.saturating_sub(1);
        match self.key_of(&delivery) {
            Some(key) => {
                let new = &delivery.new;
                let news = if delivery.state == DeliveryState::Withdrawn {
                    News::Cancelled
                } else {
                    News::Interrupted { in_flight: false }
                };
                self.on_report(Report {
                    key,
                    uid: new.uid.clone(),
                    state_key: new.state_key.clone(),
                    id: new.id,
                    trigger: new.trigger.clone(),
                    once_per: !new.once_per.is_empty(),
                    destination: new.destination.clone(),
                    news,
                });
            }
            None => self.counters.delivering = self.counters.delivering.saturating_sub(1),
        }
        self.bus.delivery(Arc::new(delivery));
    }

    /// The configuration that a notification is to be sent with.
    pub(super) fn view_of(&self, new: &NewDelivery) -> Option<Arc<CatalogView>> {
        self.view_that_asked(&new.config_namespace)
    }

    /// A notification of an earlier run can't be sent any more.
    pub(super) fn warn_unwatched(&mut self, delivery: &Delivery) {
        let text = format!(
            "a notification of {} {} was left unsent: the kind is not watched any more",
            delivery.new.kind,
            delivery.resource()
        );
        self.notice(Severity::Warning, text, String::new(), None);
    }
}
