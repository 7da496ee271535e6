//! What is held, what is kept until it is known how many there are, and what is marked as sent: the
//! book-keeping. `hold` decides and acts.

use super::guard::Judge;
use super::options::Guard;
use super::shelf::Chore;
use crate::domain::{Delivery, DeliveryId, NewDelivery, ResourceKey};
use crate::history::HeldCount;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// What is held, kept until it is known how many there are, or to be marked as sent.
pub struct Holding {
    pub(super) judge: Judge,
    pub(super) guard: Guard,
    pub(super) baseline: bool,
    /// Conditions that were looked at on all objects before.
    pub(super) seen: HashSet<(String, String)>,
    /// The configuration whose conditions are all among `seen`.
    pub(super) noted_serial: Option<u64>,
    pub(super) kept: Vec<(ResourceKey, NewDelivery, Option<Arc<str>>)>,
    /// To be recorded as held with the next chore.
    pub(super) to_hold: Vec<Delivery>,
    pub(super) hold_asked: bool,
    pub(super) hold_after: Option<Instant>,
    /// Marked as sent, to be recorded.
    pub(super) to_record: Vec<Delivery>,
    /// Held ones that are being withdrawn.
    pub(super) withdrawing: HashSet<DeliveryId>,
    pub(super) to_withdraw: Vec<DeliveryId>,
    pub(super) groups: Vec<HeldCount>,
    /// All that is held is counted in `groups`.
    pub(super) complete: bool,
    /// Something was held that was not told yet.
    pub(super) untold: bool,
    pub(super) poll_at: Instant,
    pub(super) polling: bool,
    /// This engine may send, so that it carries out what other processes ask for.
    pub(super) serves: bool,
}

impl Holding {
    /// Nothing is held. Without a history nothing can be.
    pub fn new(guard: Guard, baseline: bool, has_history: bool) -> Self {
        let guard = match guard {
            Guard::Hold(limit) if !has_history => Guard::Warn(limit),
            guard => guard,
        };
        Self {
            judge: Judge::new(guard),
            guard,
            baseline,
            seen: HashSet::new(),
            noted_serial: None,
            kept: Vec::new(),
            to_hold: Vec::new(),
            hold_asked: false,
            hold_after: None,
            to_record: Vec::new(),
            withdrawing: HashSet::new(),
            to_withdraw: Vec::new(),
            groups: Vec::new(),
            complete: true,
            untold: false,
            poll_at: Instant::now(),
            polling: false,
            serves: false,
        }
    }

    /// What is held now.
    pub fn counted(&mut self, groups: Vec<HeldCount>) {
        self.groups = groups;
        self.complete = self.to_hold.is_empty() && !self.hold_asked;
    }

    /// By destination and trigger.
    pub fn groups(&self) -> &[HeldCount] {
        &self.groups
    }

    /// How many.
    pub fn total(&self) -> u64 {
        self.groups.iter().map(|group| group.count).sum()
    }

    /// By service.
    pub fn held_by_service(&self) -> BTreeMap<Arc<str>, u64> {
        let mut services = BTreeMap::new();
        for group in &self.groups {
            *services
                .entry(Arc::clone(&group.destination.service))
                .or_default() += group.count;
        }
        services
    }

    /// When there is something to do.
    pub fn timer(&self) -> Option<Instant> {
        let poll = (self.serves && !self.polling).then_some(self.poll_at);
        let hold = self
            .hold_after
            .filter(|_| !self.to_hold.is_empty() && !self.hold_asked);
        [poll, hold, self.judge.kept_until()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Sends what is collected to the history, and looks for requests when that is due.
    pub fn flush(&mut self, now: Instant, chores: Option<&mpsc::UnboundedSender<Chore>>) {
        let Some(chores) = chores else { return };
        // The shelf lives as long as the reconciler.
        let ask = |chore| drop(chores.send(chore));
        let early = self.hold_after.is_some_and(|after| after > now);
        if !self.to_hold.is_empty() && !self.hold_asked && !early {
            self.hold_asked = true;
            ask(Chore::Hold(std::mem::take(&mut self.to_hold)));
        }
        if !self.to_record.is_empty() {
            ask(Chore::Record(std::mem::take(&mut self.to_record)));
        }
        if !self.to_withdraw.is_empty() && !self.hold_asked && self.to_hold.is_empty() {
            ask(Chore::Withdraw {
                ids: std::mem::take(&mut self.to_withdraw),
                pending: false,
                why: "its condition was not true any more, or its object was gone",
            });
        }
        if self.serves && !self.polling && now >= self.poll_at {
            self.polling = true;
            ask(Chore::Poll);
        }
    }
}
