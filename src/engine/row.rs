//! The row of an object: what a list shows of it. Made from the decision about it by `look`, and
//! again whenever a delivery or a patch of it ends.

use super::decide::{Action, Evaluation, Plan};
use super::event::{ResourceRow, RowState};
use super::reconcile::Reconciler;
use super::store::Tracked;
use crate::domain::ResourceKey;
use std::sync::Arc;

impl Reconciler {
    /// Tells the row of an object, if it has changed. Without a plan the counts of the last row
    /// stay.
    pub(super) fn tell_row(&mut self, key: &ResourceKey, plan: Option<&Plan>) {
        if !self.bus.wants_rows() {
            return;
        }
        let Some(tracked) = self.store.get_mut(key) else {
            return;
        };
        let counts = match (plan, &tracked.row) {
            (Some(plan), _) => Counts::of(plan),
            (None, Some(row)) => Counts::of_row(row, tracked),
            (None, None) => return,
        };
        let notified = u16::try_from(tracked.state.sent().count()).unwrap_or(u16::MAX);
        let row = ResourceRow {
            key: key.clone(),
            uid: Arc::clone(&tracked.observed.uid),
            created_ms: tracked.observed.created_ms,
            conditions_true: counts.holding,
            conditions: counts.all,
            errors: counts.errors,
            notified,
            state: counts.state(tracked),
            last_trigger: Arc::clone(&tracked.last_trigger),
            last_ms: tracked.last_ms,
        };
        if tracked.row.as_deref() != Some(&row) {
            let row = Arc::new(row);
            tracked.row = Some(Arc::clone(&row));
            self.bus.row(row);
        }
    }
}

/// The conditions of an object, counted.
#[derive(Clone, Copy, Default)]
struct Counts {
    all: u16,
    holding: u16,
    errors: u16,
    impossible: bool,
    given_up: bool,
    would_send: bool,
}

impl Counts {
    fn of(plan: &Plan) -> Self {
        let mut counts = Self::default();
        for trigger in &plan.triggers {
            counts.impossible |= !trigger.configured;
            for condition in &trigger.conditions {
                counts.all = counts.all.saturating_add(1);
                match condition.evaluation {
                    Evaluation::True => counts.holding = counts.holding.saturating_add(1),
                    Evaluation::Error { .. } => counts.errors = counts.errors.saturating_add(1),
                    Evaluation::False | Evaluation::NotBoolean(_) => {}
                }
                for step in &condition.steps {
                    counts.impossible |= matches!(step.action, Action::Impossible(_));
                    counts.given_up |= matches!(step.action, Action::GivenUp { .. });
                    counts.would_send |= matches!(step.action, Action::WouldSend);
                }
            }
        }
        counts
    }

    fn of_row(row: &ResourceRow, tracked: &Tracked) -> Self {
        Self {
            all: row.conditions,
            holding: row.conditions_true,
            errors: row.errors,
            impossible: row.state == RowState::Error && row.errors == 0,
            given_up: tracked.ledger.given_up(),
            would_send: row.state == RowState::DryRun,
        }
    }

    /// The most urgent of what there is to say.
    fn state(self, tracked: &Tracked) -> RowState {
        if self.given_up {
            RowState::Failed
        } else if self.errors > 0 || self.impossible {
            RowState::Error
        } else if tracked.ledger.sending() > 0 {
            RowState::Waiting
        } else if self.would_send {
            RowState::DryRun
        } else if tracked.cleared {
            RowState::Cleared
        } else if self.holding == 0 {
            RowState::Idle
        } else if tracked.just_sent {
            RowState::Sent
        } else {
            RowState::AlreadySent
        }
    }
}
