//! Sending all that failed again.

use super::clock::now_ms;
use super::command::{CommandError, Reply, Ticket};
use super::ledger::Mark;
use super::obey::by_hand;
use super::reconcile::{Input, Reconciler};
use super::shelf::{Chore, Shelved};
use crate::domain::{
    Cause, Delivery, DeliveryId, DeliveryState, NewDelivery, ResourceKey, Selection, Severity,
};
use crate::history::HistoryError;

impl Reconciler {
    /// Begins to look for what failed; it is sent page by page as it is found.
    pub(super) fn resend_failed(&mut self, ticket: Ticket, selection: Selection) {
        let ready = self
            .needs_active("sending")
            .and_then(|()| self.current_view());
        if let Err(error) = ready {
            self.answer(ticket, Err(error));
        } else if self.queues.has_shelf() {
            self.queues.resending.insert(ticket, (0, 0));
            self.queues.ask(Chore::Failed(selection, ticket));
        } else {
            let text = "there is no history to look for what failed";
            self.answer(ticket, Err(CommandError::Failed(text.into())));
        }
    }

    /// Sends one row that failed again, unless that was done meanwhile.
    pub(super) fn resend_failed_row(&self, ticket: Ticket, id: DeliveryId) {
        let ready = self.needs_active("sending");
        let history = ready.and_then(|()| {
            self.current_view()?;
            let missing = "there is no history to resend from";
            let history = self.history.clone();
            history.ok_or_else(|| CommandError::Failed(missing.into()))
        });
        let history = match history {
            Ok(history) => history,
            Err(error) => return self.answer(ticket, Err(error)),
        };
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            let row = tokio::task::spawn_blocking(move || history.get(id)).await;
            let (row, error) = match row {
                Ok(Ok(row)) => (row, None),
                Ok(Err(error)) => (None, Some(error)),
                Err(_) => (None, Some(HistoryError::Closed)),
            };
            let failed = row
                .map(|detail| detail.delivery)
                .filter(|delivery| delivery.state == DeliveryState::Failed);
            let page = Shelved::Failed {
                deliveries: failed.into_iter().collect(),
                ticket,
                end: Some(error),
            };
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Shelved(page)).await;
        });
    }

    pub(super) fn on_failed_page(
        &mut self,
        deliveries: Vec<Delivery>,
        ticket: Ticket,
        end: Option<Option<HistoryError>>,
    ) {
        let many = self.queues.resending.remove(&ticket);
        let is_one = many.is_none();
        let (mut started, mut left_out) = many.unwrap_or_default();
        if self.needs_active("sending").is_ok() {
            for row in deliveries {
                let wanted = self
                    .key_of(&row)
                    .filter(|key| self.is_untold(key, &row.new));
                let (Some(key), Some(view)) = (wanted, self.view_of(&row.new)) else {
                    left_out += 1;
                    continue;
                };
                let now = now_ms();
                let new = NewDelivery {
                    id: self.ids.next(now),
                    created_ms: now,
                    cause: Cause::Resend,
                    ..row.new
                };
                self.deliver(&view, &key, Delivery::pending(by_hand(new)), false, None);
                self.tell_row(&key, None);
                started += 1;
            }
        }
        match end {
            None => {
                self.queues.resending.insert(ticket, (started, left_out));
            }
            Some(Some(error)) => {
                self.answer(ticket, Err(CommandError::Failed(error.to_string())));
            }
            Some(None) => {
                if left_out > 0 && !is_one {
                    let text = format!(
                        "{left_out} that failed are not sent again: sent meanwhile, or the object \
                         is gone or not subscribed any more"
                    );
                    self.notice(Severity::Info, text, String::new(), None);
                }
                let deliveries = started;
                self.answer(ticket, Ok(Reply::Resending { deliveries }));
            }
        }
    }

    /// Whether the object is there, and neither has been told of this nor is about to be.
    fn is_untold(&self, key: &ResourceKey, new: &NewDelivery) -> bool {
        self.store.get(key).is_some_and(|tracked| {
            let on_its_way = matches!(
                tracked.ledger.get(&new.state_key),
                Some(Mark::Sending { .. } | Mark::Held { .. })
            );
            let at = tracked.ledger.notified_at(&new.state_key, &tracked.state);
            *tracked.observed.uid == *new.uid && !on_its_way && at.is_none()
        })
    }
}
