//! What is done when the history fails or is lost while the engine runs: say so once, go on with what
//! is remembered, and decide anew about what only the lost file knew.

use super::ledger::Mark;
use super::reconcile::{Input, Reconciler};
use crate::domain::{Cause, DeliveryId, ResourceKey, Severity};
use crate::history::{Condition, History, Renewed};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long no write may fail until it counts as working again.
const CALM: Duration = Duration::from_secs(3);

/// Tells the reconciler how the history fares, until it is stopped.
pub async fn run(history: History, inputs: mpsc::Sender<Input>, stop: CancellationToken) {
    let mut condition = history.condition();
    let mut failing = false;
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            changed = condition.changed() => if changed.is_err() {
                return;
            },
        }
        let now = condition.borrow_and_update().clone();
        if failing && now.failing.is_none() {
            // Where there is little room some writes succeed, and the next fails.
            let again = tokio::time::timeout(CALM, condition.changed());
            if let Ok(changed) = again.await {
                if changed.is_err() {
                    return;
                }
                condition.mark_changed();
                continue;
            }
        }
        failing = now.failing.is_some();
        if inputs.send(Input::History(now)).await.is_err() {
            return;
        }
    }
}

impl Reconciler {
    /// The history fails, works again, or was begun anew.
    pub(super) fn on_history(&mut self, condition: Condition) {
        self.status_dirty = true;
        if condition.renewals != self.history_renewals {
            self.history_renewals = condition.renewals;
            let text = match condition.renewed {
                Some(Renewed::Damaged { aside }) => format!(
                    "the history was damaged; it is kept as {} and begun anew",
                    aside.display()
                ),
                _ => "the history file was removed or replaced while it was in use; it is begun \
                      anew"
                    .to_owned(),
            };
            let help =
                "what is under way goes on, and what only the lost file knew is decided anew";
            self.notice(Severity::Error, text, help.to_owned(), None);
            self.forget_lost_rows();
        }
        match condition.failing {
            Some(error) if !std::mem::replace(&mut self.history_fails, true) => {
                self.history_problem = error.to_string();
                let text = format!("the history can't be written: {error}");
                let help = "until that is mended, what is sent is remembered in memory and in the \
                            notified state of the objects";
                self.notice(Severity::Error, text, help.to_owned(), None);
            }
            Some(error) => self.history_problem = error.to_string(),
            None if !std::mem::take(&mut self.history_fails) => {}
            None => {
                self.history_problem.clear();
                let text = "the history can be written again".to_owned();
                self.notice(Severity::Info, text, String::new(), None);
            }
        }
    }

    /// Deliveries that were spilled or held are gone with the file: whatever is still true is decided
    /// about anew.
    fn forget_lost_rows(&mut self) {
        let live: HashSet<DeliveryId> = self.queues.live.keys().copied().collect();
        let on_their_way = self.queues.spilling.iter().map(|delivery| delivery.new.id);
        let to_hold = self.queues.holding.to_hold.iter().map(|held| held.new.id);
        let kept = self.queues.holding.kept.iter().map(|(_, new, _)| new.id);
        let known: HashSet<DeliveryId> = on_their_way
            .chain(to_hold)
            .chain(kept)
            .chain(live)
            .collect();
        let keys: Vec<ResourceKey> = self.store.keys().cloned().collect();
        for key in keys {
            let Some(tracked) = self.store.get_mut(&key) else {
                continue;
            };
            if tracked.ledger.forget_unknown(&known) {
                tracked.looked_at = None;
                if self.queued.insert(key.clone()) {
                    self.low.push_back(key);
                }
            }
        }
        self.low_cause = Cause::Recovery;
        self.queues.ask(super::shelf::Chore::Count);
    }
}

/// Whether a mark is of a delivery that is not among the known ones.
pub fn is_lost(mark: &Mark, known: &HashSet<DeliveryId>) -> bool {
    match mark {
        Mark::Sending { id, .. } | Mark::Held { id } => !known.contains(id),
        Mark::Sent { .. } | Mark::GivenUp { .. } | Mark::DryRun => false,
    }
}
