//! What follows when a delivery ends whose condition has `repeat` or `resolved`.

use super::clock::now_seconds;
use super::job::{News, Report};
use super::ledger::{Mark, end_key};
use super::reconcile::Reconciler;
use super::timing;
use crate::catalog::Condition;
use crate::domain::{Cause, state_key};
use std::time::Duration;

/// The timing of the condition that a delivery was about.
pub struct Timed {
    repeat: Option<Duration>,
    /// Its end is told.
    resolved: bool,
    /// The state key without oncePer.
    base: String,
}

impl Reconciler {
    /// The timing of the condition that a delivery was about; `None` when it has none that matters
    /// now, or is not configured any more.
    pub(super) fn timed(&self, report: &Report) -> Option<Timed> {
        let own = self.teams.view(&report.key.namespace);
        let views = own.into_iter().chain(&self.view);
        for view in views {
            let Some(trigger) = view.catalog.triggers.get(&report.trigger) else {
                continue;
            };
            let timed = |condition: &&Condition| {
                condition.repeat.is_some() || !condition.resolved.is_empty()
            };
            for condition in trigger.conditions.iter().filter(timed) {
                let base = state_key(
                    &report.trigger,
                    &condition.key,
                    &report.destination,
                    "",
                    view.catalog.state_key_namespace(),
                );
                let whole = report.state_key == base;
                if whole || timing::once_per_in(&report.state_key, &base).is_some() {
                    return Some(Timed {
                        repeat: condition.repeat,
                        resolved: !condition.resolved.is_empty(),
                        base,
                    });
                }
            }
        }
        None
    }

    /// A delivery has ended that was not about an end; its mark is set.
    pub(super) fn after_timed(&mut self, report: &Report, timed: &Timed) {
        let Some(tracked) = self.store.get_mut(&report.key) else {
            return;
        };
        let state_key = &report.state_key;
        let failed = matches!(report.news, News::Failed { .. } | News::Cancelled);
        let mut sent_at = match report.news {
            News::Sent { at } => Some(at),
            _ => None,
        };
        if failed && timed.repeat.is_some() && tracked.state.get(state_key).is_some() {
            // A reminder that does not arrive is tried again when the next one is due.
            let at = now_seconds();
            tracked.ledger.set(state_key, Mark::Sent { id: None, at });
            sent_at = Some(at);
        }
        if timed.resolved
            && report.once_per
            && let News::Sent { at } = report.news
        {
            timing::open(
                &mut tracked.ledger,
                &tracked.state,
                state_key,
                &timed.base,
                at,
            );
        }
        let over = !report.once_per && !tracked.live.contains(state_key);
        if over && timed.resolved && sent_at.is_some() {
            // The condition turned false while it was under way: now its end can be told.
            tracked.looked_at = None;
            self.look(&report.key, None, Cause::Change);
        } else if over {
            tracked.ledger.clear(state_key);
        } else if let (Some(at), Some(repeat)) = (sent_at, timed.repeat) {
            let repeat_ms = i64::try_from(repeat.as_millis()).unwrap_or(i64::MAX);
            let due_ms = at.saturating_mul(1000).saturating_add(repeat_ms);
            self.timers.hasten(&report.key, due_ms);
        }
    }

    /// A delivery reports that was about the end of what the state key `of` stands for.
    pub(super) fn on_end_report(&mut self, of: &str, report: &Report) {
        let Some(tracked) = self.store.get_mut(&report.key) else {
            return;
        };
        match &report.news {
            News::Waiting { attempts, next_ms } => {
                let mark = Mark::Sending {
                    id: report.id,
                    attempts: *attempts,
                    next_ms: Some(*next_ms),
                };
                tracked.ledger.set(&end_key(of), mark);
                return;
            }
            News::Sent { .. } => {
                tracked.just_sent = true;
                tracked.end(of, Some(report.id));
            }
            // It stays visible as failed. The next beginning must not wait for it.
            News::Failed { .. } | News::Cancelled => tracked.end(of, None),
            News::DryRun => tracked.ledger.set(&end_key(of), Mark::DryRun),
            News::Interrupted { in_flight } => {
                if *in_flight {
                    tracked.doubts.insert(report.state_key.clone());
                }
                tracked.ledger.forget(&end_key(of));
            }
        }
        if !matches!(report.news, News::Interrupted { .. }) {
            tracked.looked_at = None;
            self.look(&report.key, None, Cause::Change);
        }
        self.write_state(&report.key);
        self.tell_row(&report.key, None);
    }
}
