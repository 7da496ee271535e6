//! What waits for each lane, in memory and in the history.
//!
//! Each service has a bound on the deliveries that are in memory. What comes beyond it is *spilled*:
//! recorded in the history and forgotten here but for a count. As the lane empties, the oldest are
//! taken back. `dispatch` moves the deliveries; here is the book-keeping.

use super::command::Ticket;
use super::event::{CatalogView, LaneStatus};
use super::holding::Holding;
use super::lane::Lane;
use super::options::{DeliveryOptions, LaneOptions, Limit};
use super::shelf::Chore;
use crate::domain::{Cause, Delivery, DeliveryId, Destination};
use crate::history::ServiceOf;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Deliveries that may be on their way to the history while further ones are decided.
const CONGESTED: u64 = 10_000;

/// All lanes, with what waits for them.
pub struct Queues {
    pub(super) options: DeliveryOptions,
    /// Namespace of the engine's own configuration.
    pub(super) namespace: String,
    pub(super) queues: BTreeMap<ServiceOf, Queue>,
    /// Deliveries that a task has.
    pub(super) live: HashMap<DeliveryId, Live>,
    /// To be spilled with the next chore.
    pub(super) spilling: Vec<Delivery>,
    /// A chore to spill is being done.
    pub(super) spill_asked: bool,
    /// `None` without a history: then nothing is spilled or held.
    pub(super) chores: Option<mpsc::UnboundedSender<Chore>>,
    pub(super) catalogs: watch::Sender<Option<Arc<CatalogView>>>,
    pub(super) holding: Holding,
    /// What failed and is being sent again: by command, how many, and how many were left out.
    pub(super) resending: HashMap<Ticket, (usize, usize)>,
    pub(super) told: Arc<[LaneStatus]>,
    pub(super) tell_at: Instant,
}

/// What waits for one lane.
pub(super) struct Queue {
    pub(super) lane: Arc<Lane>,
    /// Deliveries that a task has.
    pub(super) live: usize,
    /// Deliveries that are on their way to the history.
    pub(super) spilling: u64,
    /// Deliveries that are there.
    pub(super) spilled: u64,
    /// They are being taken back.
    pub(super) taking: bool,
    /// Not before this time.
    pub(super) take_after: Option<Instant>,
}

/// A delivery that a task has.
pub(super) struct Live {
    pub(super) cancel: CancellationToken,
    pub(super) config_namespace: String,
    pub(super) destination: Destination,
    pub(super) trigger: String,
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

    pub(super) fn queue(&mut self, of: &ServiceOf) -> &mut Queue {
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
    pub(super) fn must_wait(&mut self, delivery: &Delivery) -> bool {
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

    /// Whether so much is on its way to the history that nothing more is to be decided for now: it
    /// would wait in memory, which is what it is put aside for.
    pub fn is_congested(&self) -> bool {
        let on_their_way = self.queues.values().map(|queue| queue.spilling);
        on_their_way.sum::<u64>() > CONGESTED
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

    pub(super) fn spill_now(&mut self) {
        if !self.spilling.is_empty() {
            self.spill_asked = true;
            let spilling = std::mem::take(&mut self.spilling);
            self.ask(Chore::Spill(spilling));
        }
    }

    /// Takes deliveries back, where there is room.
    pub(super) fn refill(&mut self, now: Instant) {
        let Some(chores) = &self.chores else { return };
        for (of, queue) in &mut self.queues {
            let bound = queue.lane.options.queue.max(1);
            queue.take_after = queue.take_after.filter(|after| *after > now);
            let early = queue.take_after.is_some();
            if queue.spilled == 0 || queue.taking || early || queue.live > bound / 2 {
                continue;
            }
            queue.taking = true;
            // The shelf lives as long as the reconciler.
            let _ = chores.send(Chore::Take {
                of: of.clone(),
                limit: bound.saturating_sub(queue.live).max(1),
            });
        }
    }

    /// How each lane is doing.
    pub(super) fn statuses(&self) -> Vec<LaneStatus> {
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

fn per_second(limit: Limit) -> f64 {
    1.0 / limit.interval.as_secs_f64()
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
        let (paused, paused_until_ms) = lane.paused();
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
            rate: lane.options.limit.map(per_second),
            recipient_rate: lane.options.recipient_limit.map(per_second),
            places: lane.options.concurrency.max(1) as u64,
            paused,
            paused_until_ms,
        }
    }
}
