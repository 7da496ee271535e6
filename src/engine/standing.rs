//! The engine's own condition: mode, Lease, deliveries that report, what is told of all that.

use super::clock::{now_ms, now_seconds};
use super::event::{CatalogView, EngineStatus, LeaseStatus, Notice};
use super::job::{News, Report};
use super::ledger::{Mark, ended_by};
use super::options::LeaseUse;
use super::reconcile::{Input, Reconciler};
use crate::cluster::{self, Cluster, LeaseOptions, LeaseState};
use crate::domain::{Cause, Delivery, Mode, ResourceKey, Severity};
use crate::history;
use std::sync::Arc;
use tokio::time::Instant;

/// Whether it is known what earlier processes left unfinished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Not asked for yet.
    Due,
    /// The history was asked.
    Asked,
    /// It is known.
    Done,
}

impl Reconciler {
    /// Brings the mode in line with what is wanted and allowed, and begins or ends what follows.
    pub(super) fn settle_mode(&mut self) {
        self.settle_lease();
        let (mut mode, mut reason) = self.allowed_mode();
        if mode == Mode::Active && self.recovery != Recovery::Done {
            // Not before it is known what an earlier run has sent.
            self.recover();
            mode = Mode::Observe;
            reason = "taking over what an earlier run left".into();
        }
        self.reason = reason;
        self.status_dirty = true;
        if mode == self.mode {
            return;
        }
        let before = std::mem::replace(&mut self.mode, mode);
        if before == Mode::Active {
            // Another engine may send from now on.
            self.sending.cancel();
            self.give_up_spilled();
            // Whoever sends meanwhile may leave something, too.
            self.recovery = Recovery::Due;
        }
        if mode != Mode::Observe {
            self.sending = self.stop.child_token();
        }
        let text = format!("mode {mode} (was {before}){}", after_colon(&self.reason));
        self.notice(Severity::Info, text, String::new(), None);
        self.look_at_all(Cause::Start);
    }

    /// Asks for the Lease when the mode needs it, and gives it back when it does not.
    fn settle_lease(&mut self) {
        let LeaseUse::On { name, .. } = &self.options.lease else {
            return;
        };
        let wanted =
            self.wanted == Mode::Active && !self.options.read_only && !self.waits_for_rivals();
        if !wanted {
            if let Some(lease) = self.lease.take() {
                self.lease_status = LeaseStatus::Off;
                self.tasks.spawn(async move { lease.release().await });
            }
            return;
        }
        if self.lease.is_some() || self.without_lease {
            return;
        }
        let namespace = &self.options.config_namespace;
        let options = LeaseOptions::new(namespace, name, &Cluster::identity());
        let lease = cluster::hold(&self.cluster, options);
        let mut states = lease.state();
        self.lease = Some(lease);
        self.lease_status = LeaseStatus::Acquiring;
        let inputs = self.inputs.clone();
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            loop {
                let state = states.borrow_and_update().clone();
                if inputs.send(Input::Lease(state)).await.is_err() {
                    return;
                }
                tokio::select! {
                    () = stop.cancelled() => return,
                    changed = states.changed() => if changed.is_err() { return },
                }
            }
        });
    }

    fn allowed_mode(&self) -> (Mode, String) {
        if self.wanted != Mode::Active {
            let reason = self.rivals.reason().unwrap_or_default();
            return (self.wanted, reason.to_owned());
        }
        if self.options.read_only {
            return (Mode::DryRun, "read-only".into());
        }
        if self.waits_for_rivals() {
            let reason = "finding out whether another engine is at work";
            return (Mode::Observe, reason.into());
        }
        match (&self.lease_status, &self.options.lease) {
            (LeaseStatus::Off | LeaseStatus::Held { .. }, _) => (Mode::Active, String::new()),
            (LeaseStatus::Acquiring, _) => (Mode::Observe, "waiting for the Lease".into()),
            (LeaseStatus::Other { holder }, _) => {
                (Mode::Observe, format!("{holder} holds the Lease"))
            }
            (
                LeaseStatus::Unavailable { reason },
                LeaseUse::On {
                    without_right: true,
                    ..
                },
            ) if self.lease_forbidden => (Mode::Active, format!("without a Lease: {reason}")),
            (LeaseStatus::Unavailable { reason }, _) => {
                (Mode::Observe, format!("no Lease: {reason}"))
            }
        }
    }

    /// The Lease has changed hands, or can't be used.
    pub(super) fn on_lease(&mut self, state: &LeaseState) {
        if self.lease.is_none() {
            // Given back meanwhile: what is heard of it is old.
            return;
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
        self.lease_status = LeaseStatus::Off;
    }

    /// Asks the history, once, for what earlier processes left unfinished.
    fn recover(&mut self) {
        if self.recovery == Recovery::Asked {
            return;
        }
        self.recovery = Recovery::Asked;
        let history = self.history.clone();
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            let left = match history {
                Some(history) => history.recover().await.unwrap_or_else(|error| {
                    tracing::error!("what an earlier run left can't be read: {error}");
                    history::Recovery::default()
                }),
                None => history::Recovery::default(),
            };
            let input = Input::Recovered {
                pending: left.pending,
                unpatched: left.unpatched,
                held: left.held,
                conditions: left.conditions,
            };
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(input).await;
        });
    }

    /// What earlier processes left unfinished: sent ones are written down, pending ones sent.
    pub(super) fn on_recovered(&mut self, pending: Vec<Delivery>, unpatched: Vec<Delivery>) {
        if !pending.is_empty() || !unpatched.is_empty() {
            let text = format!(
                "taken over from an earlier run: {} notifications to send, {} sent ones to write down",
                pending.len(),
                unpatched.len()
            );
            self.notice(Severity::Info, text, String::new(), None);
        }
        self.recovery = Recovery::Done;
        for delivery in unpatched {
            let mark = Mark::Sent {
                id: Some(delivery.new.id),
                at: delivery.updated_ms.div_euclid(1000),
            };
            self.bequeath(&delivery, mark);
        }
        self.settle_mode();
        for delivery in pending {
            let mark = Mark::Sending {
                id: delivery.new.id,
                attempts: delivery.attempts,
                next_ms: None,
            };
            self.bequeath(&delivery, mark);
            let key = self.key_of(&delivery);
            let view = self.view_that_asked(&delivery.new.config_namespace);
            match (view, key) {
                (Some(view), Some(key)) => self.deliver(&view, &key, delivery, true, None),
                _ => self.waiting_recovered.push(delivery),
            }
        }
        self.look_at_all(Cause::Recovery);
    }

    /// Sends what was recovered before there was a configuration to send it with.
    pub(super) fn send_recovered(&mut self) {
        for delivery in std::mem::take(&mut self.waiting_recovered) {
            let Some(view) = self.view_that_asked(&delivery.new.config_namespace) else {
                self.waiting_recovered.push(delivery);
                continue;
            };
            match self.key_of(&delivery) {
                Some(key) => self.deliver(&view, &key, delivery, true, None),
                None => self.warn_unwatched(&delivery),
            }
        }
    }

    /// Marks a state key of an object, now or when the object is first seen.
    pub(super) fn bequeath(&mut self, delivery: &Delivery, mark: Mark) {
        let new = &delivery.new;
        if let Some(key) = self.key_of(delivery)
            && let Some(tracked) = self.store.get_mut(&key)
        {
            if *tracked.observed.uid == *new.uid {
                tracked.adopt(&new.state_key, mark);
            }
            return;
        }
        let marks = self.inherited.entry(new.uid.clone()).or_default();
        marks.push((new.state_key.clone(), mark));
    }

    /// The object of a history row; `None` when its kind is not watched.
    pub(super) fn key_of(&self, delivery: &Delivery) -> Option<ResourceKey> {
        let new = &delivery.new;
        let watch = self
            .options
            .watches
            .iter()
            .find(|watch| watch.kind.group == new.group && watch.kind.kind == new.kind)?;
        let kind = Arc::clone(&watch.kind);
        Some(ResourceKey::new(
            kind,
            new.namespace.as_str(),
            new.name.as_str(),
        ))
    }

    /// A delivery reports.
    pub(super) fn on_report(&mut self, report: Report) {
        let ended = !matches!(report.news, News::Waiting { .. });
        if ended {
            self.counters.delivering = self.counters.delivering.saturating_sub(1);
            self.leave_lane(&report);
        }
        let service = &*report.destination.service;
        match &report.news {
            News::Sent { .. } => {
                self.counters.sent += 1;
                self.metrics.delivered(&report.trigger, service, true);
                self.log.sent(&report.key, &report.destination);
            }
            News::Failed { error } => {
                self.counters.failed += 1;
                self.metrics.delivered(&report.trigger, service, false);
                self.log.failed(&report.key, &report.destination, error);
            }
            News::Waiting { .. } | News::DryRun | News::Cancelled | News::Interrupted => {}
        }
        self.status_dirty = true;
        let serial = self.serial_of(&report.key);
        let timed = self.timed(&report);
        let Some(tracked) = self
            .store
            .get_mut(&report.key)
            .filter(|t| *t.observed.uid == *report.uid)
        else {
            // Gone, or, for a delivery that was taken over, not seen yet: what became of it waits
            // for the object, or it would be sent once more.
            if let Some(marks) = self.inherited.get_mut(&report.uid) {
                update_inherited(marks, &report);
            }
            return;
        };
        tracked.last_trigger = report.trigger.as_str().into();
        tracked.last_ms = now_ms();
        let id = report.id;
        if let Some(of) = ended_by(&report.state_key) {
            self.on_end_report(of, &report);
            return;
        }
        let mark = match &report.news {
            News::Interrupted => {
                tracked.ledger.forget(&report.state_key);
                self.tell_row(&report.key, None);
                return;
            }
            News::Waiting { attempts, next_ms } => Mark::Sending {
                id,
                attempts: *attempts,
                next_ms: Some(*next_ms),
            },
            News::Sent { at } => {
                tracked.just_sent = true;
                tracked.cleared = false;
                Mark::Sent {
                    id: Some(id),
                    at: *at,
                }
            }
            News::Failed { error } => Mark::GivenUp {
                fingerprint: super::look::fingerprint(tracked, serial),
                error: error.as_str().into(),
            },
            News::DryRun => Mark::DryRun,
            News::Cancelled => Mark::GivenUp {
                fingerprint: super::look::fingerprint(tracked, serial),
                error: "cancelled".into(),
            },
        };
        tracked.ledger.set(&report.state_key, mark);
        if let Some(timed) = timed
            && ended
        {
            self.after_timed(&report, &timed);
        } else if !report.once_per && !tracked.live.contains(&report.state_key) {
            // The condition turned false while it was under way: no entry, so that the next rise
            // is sent.
            tracked.ledger.clear(&report.state_key);
        }
        self.write_state(&report.key);
        self.tell_row(&report.key, None);
    }

    /// Tells something that should be read, and logs it.
    pub(super) fn notice(
        &mut self,
        severity: Severity,
        text: String,
        help: String,
        resource: Option<ResourceKey>,
    ) {
        let line = format!("{text}{}", after_colon(&help));
        match severity {
            Severity::Info => tracing::info!("{line}"),
            Severity::Warning => tracing::warn!("{line}"),
            Severity::Error => tracing::error!("{line}"),
        }
        self.bus.notice(Notice {
            at_ms: now_seconds().saturating_mul(1000),
            severity,
            text,
            help,
            resource,
        });
    }

    /// An object's patch is to be tried again at this time.
    pub(super) fn try_again(&mut self, mut due: Instant, key: &ResourceKey) {
        while self.again.contains_key(&due) {
            due += std::time::Duration::from_micros(1);
        }
        self.again.insert(due, key.clone());
    }

    /// Tells the engine's condition and that of the watches.
    pub(super) fn tell_status(&mut self) {
        if self.used_by_dirty
            && let Some(view) = &self.view
        {
            let view = Arc::new(CatalogView {
                used_by: Arc::new(self.used_by.clone()),
                ..(**view).clone()
            });
            self.view = Some(Arc::clone(&view));
            self.bus.catalog(view);
        }
        self.used_by_dirty = false;
        if self.watches_dirty {
            for (number, watching) in self.watching.iter_mut().enumerate() {
                watching.status.objects = self.store.objects(number);
                watching.status.subscribed = self.store.subscribed(&watching.status.kind);
            }
            let statuses: Vec<_> = self.watching.iter().map(|w| w.status.clone()).collect();
            self.bus.watches(statuses.into());
        }
        self.tell_lanes();
        self.counters.queue = self.low.len() as u64;
        self.bus.status(Arc::new(EngineStatus {
            mode: self.mode,
            wanted: self.wanted,
            reason: self.reason.clone(),
            lease: self.lease_status.clone(),
            read_only: self.options.read_only,
            context: self.cluster.context().to_owned(),
            server: self.cluster.url(),
            connected: !self.config_cut_off
                && self.watching.iter().all(|watching| !watching.is_cut_off()),
            history_problem: self.history_problem.clone(),
            counters: self.counters,
        }));
        self.status_dirty = false;
        self.watches_dirty = false;
    }
}

/// Notes the end of a delivery among the marks of an object that has not been seen yet.
fn update_inherited(marks: &mut Vec<(String, Mark)>, report: &Report) {
    let mark = match report.news {
        News::Waiting { .. } => return,
        News::Sent { at } => Some(Mark::Sent {
            id: Some(report.id),
            at,
        }),
        News::Failed { .. } | News::DryRun | News::Cancelled | News::Interrupted => None,
    };
    marks.retain(|(key, _)| *key != report.state_key);
    marks.extend(mark.map(|mark| (report.state_key.clone(), mark)));
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

fn after_colon(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{DeliveryId, Destination, Kind};

    /// A delivery that was taken over may end before its object is listed; the marks of the
    /// object's other notifications are not touched by it.
    #[test]
    fn what_ends_before_its_object_is_seen_is_remembered() {
        let sending = Mark::Sending {
            id: DeliveryId(1),
            attempts: 0,
            next_ms: None,
        };
        let other = Mark::Sent {
            id: Some(DeliveryId(2)),
            at: 5,
        };
        let report = |news| Report {
            key: ResourceKey::new(Arc::new(Kind::pod()), "default", "web-1"),
            uid: "u".into(),
            state_key: "a".into(),
            id: DeliveryId(1),
            trigger: "t".into(),
            once_per: false,
            destination: Destination::new("webhook", ""),
            news,
        };
        let before = vec![("a".to_owned(), sending), ("b".to_owned(), other.clone())];
        let sent = Mark::Sent {
            id: Some(DeliveryId(1)),
            at: 9,
        };

        let mut marks = before.clone();
        update_inherited(&mut marks, &report(News::Sent { at: 9 }));
        let expected = vec![("b".to_owned(), other.clone()), ("a".to_owned(), sent)];
        assert_eq!(marks, expected);

        let mut marks = before.clone();
        let failed = News::Failed {
            error: "404".into(),
        };
        update_inherited(&mut marks, &report(failed));
        assert_eq!(marks, [("b".to_owned(), other)]);

        let mut marks = before.clone();
        let waiting = News::Waiting {
            attempts: 1,
            next_ms: 7,
        };
        update_inherited(&mut marks, &report(waiting));
        assert_eq!(marks, before);
    }
}
