//! Being the one that sends: the Lease, and what can't be known about whoever sent before.
//!
//! Two hosts share nothing but the cluster. What the engine before this one sent last may not stand
//! in the notified state, so what is sent first after it fell silent is marked *possibly repeated*;
//! and what this engine has seen of an object may be older than what the other one wrote last, so for
//! a while each object is read again before anything about it is sent.

use super::event::LeaseStatus;
use super::options::LeaseUse;
use super::plan::{Action, Plan};
use super::reconcile::{Input, Reconciler};
use crate::cluster::{
    self, Cluster, LeaseHandle, LeaseOptions, LeaseState, LeaseTerm, Predecessor,
};
use crate::domain::{Mode, NewDelivery, ResourceKey, Severity, notified_annotation};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// For this long after taking over, objects are read again before something is sent. A watch that
/// lags behind its server for longer than that is one that has failed.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// Whose Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseOf {
    /// That of this engine, or of its share of the objects.
    Own,
    /// That of all shards: it keeps away engines that know of none, or of another number of them.
    AllShards,
}

/// What is known of the time that this engine sends, and of the one before.
#[derive(Debug)]
pub struct Tenure {
    /// Grows with each time that this engine becomes active.
    number: u64,
    /// How often the Lease has changed hands, and how it was left to us; `None` without one.
    taken: Option<(u64, Predecessor)>,
    /// What the one before sent last may not be written down, here or in the cluster.
    doubtful: bool,
    /// Until then objects are read again before something is sent.
    read_until: Option<Instant>,
    /// A delivery was cut off in the middle of a try.
    cut_off: bool,
    /// Whether all that was begun here is over and written down, for whoever waits for the Lease;
    /// `None` while it goes on.
    settled: watch::Sender<Option<bool>>,
}

impl Default for Tenure {
    fn default() -> Self {
        Self {
            number: 0,
            taken: None,
            doubtful: false,
            read_until: None,
            cut_off: false,
            settled: watch::Sender::new(Some(true)),
        }
    }
}

impl Tenure {
    /// How often the Lease had changed hands when it became ours; `None` without one.
    pub fn transitions(&self) -> Option<u64> {
        self.taken.map(|(transitions, _)| transitions)
    }

    /// It is known how often the Lease had changed hands when the engine of this history held it
    /// last. Gives whether others may have held it since.
    pub fn judge(&mut self, own_last: Option<u64>, now: Instant) -> bool {
        let Some((transitions, predecessor)) = self.taken else {
            self.doubtful = false;
            return false;
        };
        let others = match own_last {
            Some(last) => transitions > last.saturating_add(1),
            None => transitions > 0,
        };
        self.doubtful = others && predecessor == Predecessor::Unsettled;
        self.read_until = others.then(|| now + READ_AGAIN);
        others
    }

    /// Whether an object is to be read again before something about it is sent.
    pub fn reads_again(&self) -> bool {
        self.read_until.is_some_and(|until| Instant::now() < until)
    }

    /// This engine sends from now on.
    pub fn begin(&mut self) {
        self.number += 1;
        self.cut_off = false;
        self.settled.send_replace(None);
    }

    /// A delivery was cut off in the middle of a try: nobody knows whether it has arrived.
    pub fn cut_off(&mut self) {
        self.cut_off = true;
    }

    /// Everything that was begun is over; `written` says whether all that was sent is written down.
    pub fn end(&self, written: bool) {
        self.settled.send_replace(Some(written && !self.cut_off));
    }

    /// The number of the present time of sending.
    pub fn number(&self) -> u64 {
        self.number
    }
}

impl Reconciler {
    /// Name of the Lease, when one decides who sends.
    pub(super) fn lease_name(&self) -> Option<String> {
        match &self.options.lease {
            LeaseUse::On { name, .. } => Some(match self.options.shard {
                Some(shard) => format!("{name}-{}", shard.index()),
                None => name.clone(),
            }),
            LeaseUse::Off => None,
        }
    }

    /// The right to send; `None` where no Lease gives it, also because Leases can't be used.
    pub(super) fn term(&self) -> Option<LeaseTerm> {
        if !matches!(self.lease_status, LeaseStatus::Held { .. }) {
            return None;
        }
        if self.lease_forbidden {
            // Going on without it: the one that was lost with the right must not cut off what is sent.
            return None;
        }
        let common = self.common_lease.as_ref().map(LeaseHandle::term);
        Some(self.lease.as_ref()?.term().and(common))
    }

    /// Asks for the Lease when the mode needs it, and gives it back when it does not.
    pub(super) fn settle_lease(&mut self) {
        let LeaseUse::On { name, .. } = &self.options.lease else {
            return;
        };
        let common = name.clone();
        let wanted =
            self.wanted == Mode::Active && !self.options.read_only && !self.waits_for_rivals();
        if !wanted {
            self.common_lease = None;
            self.common_held = false;
            if let Some(lease) = self.lease.take() {
                self.lease_status = LeaseStatus::Off;
                self.tenure.taken = None;
                self.tasks.spawn(async move { lease.release().await });
            }
            return;
        }
        if self.lease.is_some() || self.without_lease {
            return;
        }
        if let Some(shard) = self.options.shard
            && !self.common_held
        {
            if self.common_lease.is_none() {
                // All shards hold it under one name: which of them renews it is the same.
                let holder = format!("{} shards", shard.count());
                let options = LeaseOptions {
                    yields: false,
                    ..self.lease_options(&common, &holder)
                };
                self.common_lease = Some(self.contend(LeaseOf::AllShards, options));
                self.lease_status = LeaseStatus::Acquiring;
            }
            return;
        }
        let Some(name) = self.lease_name() else {
            return;
        };
        let options = LeaseOptions {
            settled: Some(self.tenure.settled.subscribe()),
            ..self.lease_options(&name, &Cluster::identity())
        };
        self.lease = Some(self.contend(LeaseOf::Own, options));
        self.lease_status = LeaseStatus::Acquiring;
    }

    fn lease_options(&self, name: &str, holder: &str) -> LeaseOptions {
        let clock_skew = match &self.options.lease {
            LeaseUse::On { clock_skew, .. } => *clock_skew,
            LeaseUse::Off => jiff::SignedDuration::ZERO,
        };
        LeaseOptions {
            clock_skew,
            ..LeaseOptions::new(&self.options.config_namespace, name, holder)
        }
    }

    /// Tries to get a Lease and to keep it, and tells how that goes.
    fn contend(&self, of: LeaseOf, options: LeaseOptions) -> LeaseHandle {
        let lease = cluster::hold(&self.cluster, options);
        let mut states = lease.state();
        let inputs = self.inputs.clone();
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            loop {
                let state = states.borrow_and_update().clone();
                if inputs.send(Input::Lease(of, state)).await.is_err() {
                    return;
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    changed = states.changed() => if changed.is_err() { return },
                }
            }
        });
        lease
    }

    /// A Lease has changed hands, or can't be used.
    pub(super) fn on_lease(&mut self, of: LeaseOf, state: &LeaseState) {
        match of {
            // Given back meanwhile: what is heard of it is old.
            LeaseOf::AllShards if self.common_lease.is_none() => return,
            LeaseOf::Own if self.lease.is_none() => return,
            LeaseOf::Own => {}
            LeaseOf::AllShards if state.is_leader() => {
                self.common_held = true;
                self.settle_mode();
                return;
            }
            LeaseOf::AllShards => {
                self.common_held = false;
                if let Some(lease) = self.lease.take() {
                    self.tasks.spawn(async move { lease.release().await });
                }
            }
        }
        if let LeaseState::Leader {
            transitions,
            predecessor,
            ..
        } = state
            && of == LeaseOf::Own
        {
            self.tenure.taken = Some((*transitions, *predecessor));
        }
        let before = std::mem::replace(&mut self.lease_status, lease_status(state));
        let forbidden = matches!(
            state,
            LeaseState::Forbidden { .. } | LeaseState::Unsupported { .. }
        );
        if forbidden
            && !std::mem::replace(&mut self.lease_forbidden, true)
            && let LeaseStatus::Unavailable { reason } = &self.lease_status
        {
            let text = format!("the Lease can't be used: {reason}");
            let help = match self.options.lease {
                LeaseUse::On {
                    without_right: true,
                    ..
                } => "going on without it: make sure that no second engine runs",
                _ => "set the mode to active to go on without it, if no other engine runs",
            };
            self.notice(Severity::Warning, text, help.into(), None);
        }
        self.lease_forbidden = forbidden;
        if before != self.lease_status {
            self.settle_mode();
        }
    }

    /// The operator said that no other engine runs.
    pub(super) fn go_on_without_lease(&mut self) {
        self.without_lease = true;
        self.lease = None;
        self.common_lease = None;
        self.lease_status = LeaseStatus::Off;
        self.tenure.taken = None;
    }

    /// Notes what the first look at an object in this time of sending decides to send, if whoever
    /// sent before may have done so already. It is forgotten when the condition is not true any more.
    pub(super) fn note_doubts(&mut self, key: &ResourceKey, plan: &Plan) {
        if self.mode != Mode::Active {
            return;
        }
        let (number, doubtful) = (self.tenure.number, self.tenure.doubtful);
        let Some(tracked) = self.store.get_mut(key) else {
            return;
        };
        let first = std::mem::replace(&mut tracked.tenure, number) != number;
        if !(first && doubtful) && tracked.doubts.is_empty() {
            return;
        }
        let steps = plan.conditions().flat_map(|condition| &condition.steps);
        let mut wanted: BTreeSet<String> = steps
            .filter(|step| !matches!(step.action, Action::Nothing | Action::Clear))
            .map(|step| step.delivery_key())
            .collect();
        if !(first && doubtful) {
            wanted.retain(|key| tracked.doubts.contains(key));
        }
        tracked.doubts = wanted;
    }

    /// Whether another engine may have sent this; asked once for each delivery.
    pub(super) fn take_doubt(&mut self, key: &ResourceKey, new: &NewDelivery) -> bool {
        self.store
            .get_mut(key)
            .filter(|tracked| *tracked.observed.uid == *new.uid)
            .is_some_and(|tracked| tracked.doubts.remove(&new.state_key))
    }

    /// The annotation to look at before a delivery is sent, when what is known of its object may be
    /// too old to decide by.
    pub(super) fn annotation_to_check(&self, taken_over: bool) -> Option<Arc<str>> {
        let check = taken_over || self.tenure.reads_again();
        check.then(|| notified_annotation(&self.options.prefix).into())
    }

    /// Tells whoever waits for the Lease when all that was begun here is over and written down.
    pub(super) fn tell_settled(&self) {
        if self.mode == Mode::Active || self.tenure.settled.borrow().is_some() {
            return;
        }
        if self.queues.live() == 0 && self.again.is_empty() && !self.store.is_patching() {
            self.tenure.end(true);
        }
    }
}

fn lease_status(state: &LeaseState) -> LeaseStatus {
    let unavailable = |reason: &str| LeaseStatus::Unavailable {
        reason: reason.to_owned(),
    };
    match state {
        LeaseState::Acquiring => LeaseStatus::Acquiring,
        LeaseState::Leader { since, .. } => LeaseStatus::Held {
            since_ms: since.as_millisecond(),
        },
        LeaseState::Follower { holder, .. } if holder.is_empty() => LeaseStatus::Acquiring,
        LeaseState::Follower { holder, .. } => LeaseStatus::Other {
            holder: holder.clone(),
        },
        LeaseState::Forbidden { hint } => unavailable(hint),
        LeaseState::Unsupported { message } | LeaseState::Unreachable { message, .. } => {
            unavailable(message)
        }
        LeaseState::Released => unavailable("given back"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_is_for_what_an_unknown_engine_left_unsettled() {
        use Predecessor::{Settled, Unsettled};
        // Taken for the n-th time, how it was left, n when this history's engine held it last:
        // whether others were at work, and whether they may have sent what is not written down.
        for (transitions, predecessor, own_last, expected) in [
            (0, Settled, None, (false, false)),
            (4, Settled, None, (true, false)),
            (4, Unsettled, None, (true, true)),
            (4, Unsettled, Some(4), (false, false)),
            (4, Unsettled, Some(3), (false, false)),
            (4, Unsettled, Some(2), (true, true)),
            (4, Settled, Some(2), (true, false)),
        ] {
            let mut tenure = Tenure {
                taken: Some((transitions, predecessor)),
                ..Tenure::default()
            };
            let others = tenure.judge(own_last, Instant::now());
            assert_eq!(
                (others, tenure.doubtful),
                expected,
                "{transitions} {own_last:?}"
            );
            assert_eq!(tenure.reads_again(), others);
        }
        let mut without = Tenure::default();
        assert!(!without.judge(None, Instant::now()) && !without.doubtful);
    }
}
