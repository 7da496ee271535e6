//! Who may enter a lane, and who waits in the history.
//!
//! Each service has a bound on the deliveries that are in memory. What comes beyond it is *spilled*:
//! recorded in the history and forgotten here but for a count. As the lane empties, the oldest are
//! taken back. Nothing is ever dropped: what can't be spilled stays in memory.

use super::clock::now_ms;
use super::command::{Cancel, CommandError, Reply, Ticket};
use super::deliver::INTERRUPTED;
use super::event::{CatalogView, HeldStatus, LaneStatus};
use super::hold::Holding;
use super::job::{Job, Report};
use super::lane::Lane;
use super::ledger::Mark;
use super::options::{DeliveryOptions, LaneOptions};
use super::reconcile::Reconciler;
use super::shelf::{Asker, Chore, Shelved};
use crate::domain::{
    Cause, Delivery, DeliveryId, DeliveryState, Destination, Mode, NewDelivery, ResourceKey,
    Selection, Severity,
};
use crate::history::{Closing, HistoryError, ServiceOf};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the lanes are told while something is in them.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// Wait before what could not be taken back is asked for again.
const TAKE_AGAIN: Duration = Duration::from_secs(5);

/// Beyond this many deliveries under way the objects that they are about are not kept in memory, but
/// fetched when it is their turn.
const KEEP_OBJECTS: u64 = 2_000;

/// All lanes, with what waits for them.
pub struct Queues {
    options: DeliveryOptions,
    /// Namespace of the engine's own configuration.
    namespace: String,
    queues: BTreeMap<ServiceOf, Queue>,
    /// Deliveries that a task has.
    live: HashMap<DeliveryId, Live>,
    /// To be spilled with the next chore.
    spilling: Vec<Delivery>,
    /// A chore to spill is being done.
    spill_asked: bool,
    /// `None` without a history: then nothing is spilled or held.
    chores: Option<mpsc::UnboundedSender<Chore>>,
    catalogs: watch::Sender<Option<Arc<CatalogView>>>,
    pub(super) holding: Holding,
    /// What failed and is being sent again: by command, how many, and how many were left out.
    pub(super) resending: HashMap<Ticket, (usize, usize)>,
    told: Arc<[LaneStatus]>,
    tell_at: Instant,
}

/// What waits for one lane.
struct Queue {
    lane: Arc<Lane>,
    /// Deliveries that a task has.
    live: usize,
    /// Deliveries that are on their way to the history.
    spilling: u64,
    /// Deliveries that are there.
    spilled: u64,
    /// They are being taken back.
    taking: bool,
    /// Not before this time.
    take_after: Option<Instant>,
}

/// A delivery that a task has.
struct Live {
    cancel: CancellationToken,
    config_namespace: String,
    destination: Destination,
    trigger: String,
}

impl Queues {
    /// No lanes yet. Without `chores` nothing is put aside.
    pub fn new(
        namespace: String,
        options: DeliveryOptions,
        chores: Option<mpsc::UnboundedSender<Chore>>,
        catalogs: watch::Sender<Option<Arc<CatalogView>>>,
    ) -> Self {
        let holding = Holding::new(options.guard, options.baseline, chores.is_some());
        Self {
            options,
            namespace,
            queues: BTreeMap::new(),
            live: HashMap::new(),
            spilling: Vec::new(),
            spill_asked: false,
            chores,
            catalogs,
            holding,
            resending: HashMap::new(),
            told: Arc::default(),
            tell_at: Instant::now(),
        }
    }

    /// Another configuration is in force: what is tried again is tried with it.
    pub fn renew(&self, view: &Arc<CatalogView>) {
        self.catalogs.send_replace(Some(Arc::clone(view)));
    }

    /// Deliveries that a task has.
    pub fn live(&self) -> usize {
        self.live.len()
    }

    /// When there is something to do for it, if that is known.
    pub fn timer(&self) -> Option<Instant> {
        let tell = (!self.live.is_empty()).then_some(self.tell_at);
        let take = self.queues.values().filter_map(|queue| queue.take_after);
        take.chain(tell).chain(self.holding.timer()).min()
    }

    /// Asks for a chore; without a history nothing is done.
    pub fn ask(&self, chore: Chore) {
        if let Some(chores) = &self.chores {
            // The shelf lives as long as the reconciler.
            let _ = chores.send(chore);
        }
    }

    fn queue(&mut self, of: &ServiceOf) -> &mut Queue {
        let own = self.namespace == of.config_namespace;
        let (options, name) = (&self.options, &of.service);
        self.queues.entry(of.clone()).or_insert_with(|| {
            let lane = options.services.get(name).unwrap_or(&options.usual);
            let label = if own {
                name.clone()
            } else {
                format!("{}/{name}", of.config_namespace)
            };
            Queue::new(&label, lane.clone())
        })
    }

    /// Whether a delivery has to wait in the history.
    fn must_wait(&mut self, delivery: &Delivery) -> bool {
        if self.chores.is_none() {
            return false;
        }
        let by_hand = delivery.new.cause == Cause::Resend;
        let queue = self.queue(&ServiceOf::delivery(&delivery.new));
        let bound = queue.lane.options.queue.max(1);
        if by_hand {
            // Somebody waits for it: it need not stand in line.
            return queue.live >= bound.saturating_mul(2);
        }
        queue.live >= bound || queue.spilling + queue.spilled > 0
    }

    /// Whether there is a history to put deliveries aside in.
    pub fn has_shelf(&self) -> bool {
        self.chores.is_some()
    }

    /// Sends what is collected to the history.
    pub fn flush(&mut self, now: Instant) {
        if !self.spilling.is_empty() && !self.spill_asked {
            self.spill_now();
        }
        self.holding.flush(now, self.chores.as_ref());
    }

    fn spill_now(&mut self) {
        if !self.spilling.is_empty() {
            self.spill_asked = true;
            let spilling = std::mem::take(&mut self.spilling);
            self.ask(Chore::Spill(spilling));
        }
    }

    /// Takes deliveries back, where there is room.
    fn refill(&mut self, now: Instant) {
        let Some(chores) = &self.chores else { return };
        for (of, queue) in &mut self.queues {
            let bound = queue.lane.options.queue.max(1);
            let late = queue.take_after.is_some_and(|after| after > now);
            if queue.spilled == 0 || queue.taking || late || queue.live > bound / 2 {
                continue;
            }
            queue.taking = true;
            queue.take_after = None;
            // The shelf lives as long as the reconciler.
            let _ = chores.send(Chore::Take {
                of: of.clone(),
                limit: bound.saturating_sub(queue.live).max(1),
            });
        }
    }

    /// How each lane is doing.
    fn statuses(&self) -> Vec<LaneStatus> {
        let mut held = self.holding.held_by_service();
        let queues = self.queues.values();
        let mut statuses: Vec<LaneStatus> = queues
            .map(|queue| queue.status(held.remove(&queue.lane.service).unwrap_or_default()))
            .collect();
        for (service, held) in held {
            let own = self.options.services.get(&*service);
            let lane = own.unwrap_or(&self.options.usual).clone();
            statuses.push(Queue::new(&service, lane).status(held));
        }
        statuses.sort_by(|a, b| a.service.cmp(&b.service));
        statuses
    }
}

impl Queue {
    fn new(label: &str, options: LaneOptions) -> Self {
        Self {
            lane: Arc::new(Lane::new(label, options)),
            live: 0,
            spilling: 0,
            spilled: 0,
            taking: false,
            take_after: None,
        }
    }

    fn status(&self, held: u64) -> LaneStatus {
        let lane = &self.lane;
        let recent = lane.recent();
        let (in_flight, limited) = (lane.in_flight.get(), lane.limited.get());
        let retrying = lane.retrying.get();
        LaneStatus {
            service: Arc::clone(&lane.service),
            waiting: (self.live as u64).saturating_sub(in_flight + limited + retrying),
            retrying,
            limited,
            in_flight,
            spilled: self.spilled + self.spilling,
            held,
            sent: recent.sent,
            failed: recent.failed,
            sent_ms: recent.sent_ms,
            error: recent.error,
            error_ms: recent.error_ms,
            latency_ms: recent.latency_ms.map(|millis| millis.round() as u64),
            rate: lane
                .options
                .limit
                .map(|limit| 1.0 / limit.interval.as_secs_f64()),
        }
    }
}

impl Reconciler {
    /// Starts a delivery, or puts it aside until it is its turn. `recorded` says that its intent is
    /// in the history already.
    pub(super) fn deliver(
        &mut self,
        view: &CatalogView,
        key: &ResourceKey,
        delivery: Delivery,
        recorded: bool,
        object: Option<Arc<str>>,
    ) {
        if self.watch_of(key).is_none() {
            return;
        }
        if let Some(tracked) = self.store.get_mut(key) {
            tracked.last_trigger = delivery.new.trigger.as_str().into();
            tracked.last_ms = delivery.new.created_ms;
        }
        self.mark_sending(key, &delivery);
        self.counters.delivering += 1;
        self.status_dirty = true;
        if self.mode == Mode::Active && self.queues.must_wait(&delivery) {
            self.bus.delivery(Arc::new(delivery.clone()));
            let queue = self.queues.queue(&ServiceOf::delivery(&delivery.new));
            queue.spilling += 1;
            self.queues.spilling.push(delivery);
        } else {
            self.start(view, key, delivery, recorded, object);
        }
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
            catalog: Arc::clone(&view.catalog),
            variable: self.options.watches[number].variable.clone(),
            object: object.filter(|_| self.counters.delivering < KEEP_OBJECTS),
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
            let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
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
                why: format!("cancelled by {}", super::obey::operator()),
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
                why: "the notified state says that it was sent meanwhile",
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

    /// A spilled delivery was ended in the history.
    fn on_closed(&mut self, delivery: Delivery) {
        let queue = self.queues.queue(&ServiceOf::delivery(&delivery.new));
        queue.spilled = queue.spilled.saturating_sub(1);
        self.counters.delivering = self.counters.delivering.saturating_sub(1);
        let serial = self.serial;
        if let Some(key) = self.key_of(&delivery)
            && let Some(tracked) = self.store.get_mut(&key)
            && *tracked.observed.uid == *delivery.new.uid
        {
            let state_key = &delivery.new.state_key;
            if delivery.state == DeliveryState::Withdrawn {
                let mark = Mark::GivenUp {
                    fingerprint: super::look::fingerprint(tracked, serial),
                    error: delivery.detail.as_str().into(),
                };
                tracked.ledger.set(state_key, mark);
            } else {
                tracked.ledger.forget(state_key);
            }
            self.tell_row(&key, None);
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
