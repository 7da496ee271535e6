//! The engine's own condition: mode, Lease, deliveries that report, what is told of all that.

use super::clock::{now_ms, now_seconds};
use super::event::{CatalogView, EngineStatus, LeaseStatus, Notice};
use super::job::{News, Report};
use super::ledger::{Mark, ended_by};
use super::options::LeaseUse;
use super::reconcile::Reconciler;
use super::recovered::Recovery;
use crate::domain::{Cause, Mode, ResourceKey, Severity};
use std::sync::Arc;
use tokio::time::Instant;

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
        if mode == Mode::Active {
            self.tenure.begin();
        }
        let text = format!("mode {mode} (was {before}){}", after_colon(&self.reason));
        self.notice(Severity::Info, text, String::new(), None);
        self.look_at_all(Cause::Start);
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
            News::Interrupted { in_flight: true } => self.tenure.cut_off(),
            News::Waiting { .. } | News::DryRun | News::Cancelled | News::Interrupted { .. } => {}
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
            News::Interrupted { in_flight } => {
                if *in_flight {
                    tracked.doubts.insert(report.state_key.clone());
                }
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
            shard: self.options.shard,
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
        News::Failed { .. } | News::DryRun | News::Cancelled | News::Interrupted { .. } => None,
    };
    marks.retain(|(key, _)| *key != report.state_key);
    marks.extend(mark.map(|mark| (report.state_key.clone(), mark)));
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
