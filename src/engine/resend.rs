//! Sending again what a person points at: what is true of a resource, one row of the history, or
//! all that failed.

use super::clock::now_ms;
use super::command::{CommandError, Reply, Ticket};
use super::decide::{Action, Evaluation};
use super::event::CatalogView;
use super::ledger::Mark;
use super::obey::by_hand;
use super::reconcile::{Input, Reconciler};
use super::shelf::{Chore, Shelved};
use crate::domain::{
    Cause, Delivery, DeliveryId, DeliveryState, Destination, NewDelivery, ResourceKey, Selection,
    Severity,
};
use crate::history::HistoryError;

impl Reconciler {
    /// Sends what is true of a resource again, whatever the state says.
    pub(super) fn resend(
        &mut self,
        key: &ResourceKey,
        trigger: Option<&str>,
        destination: Option<&Destination>,
    ) -> Result<Reply, CommandError> {
        self.needs_active("sending")?;
        self.current_view()?;
        let not_found = || CommandError::NotFound(format!("a subscribed resource {key}"));
        let parts = self.decide_all(key, false).ok_or_else(not_found)?;
        let plans = parts.iter().flat_map(|(view, looked)| {
            let triggers = looked.plan.triggers.iter();
            triggers.map(move |plan| (view, plan))
        });
        let mut deliveries = 0;
        for (view, plan) in plans {
            if trigger.is_some_and(|wanted| wanted != plan.name) {
                continue;
            }
            for condition in &plan.conditions {
                if condition.evaluation != Evaluation::True {
                    continue;
                }
                for step in &condition.steps {
                    let wanted = destination.is_none_or(|wanted| *wanted == step.destination);
                    let possible = !matches!(step.action, Action::Sending | Action::Impossible(_));
                    if !wanted || !possible {
                        continue;
                    }
                    let new =
                        self.new_delivery(view, key, &plan.name, condition, step, Cause::Resend);
                    if let Some(new) = new {
                        let condition_key = condition.key.to_string();
                        self.log_of(view).sending(
                            key,
                            &plan.name,
                            &condition_key,
                            &step.destination,
                        );
                        self.deliver(view, key, Delivery::pending(by_hand(new)), false, None);
                        deliveries += 1;
                    }
                }
            }
        }
        self.tell_row(key, None);
        Ok(Reply::Resending { deliveries })
    }

    pub(super) fn fetch_row(&self, ticket: Ticket, id: DeliveryId, to: Option<Destination>) {
        if let Err(error) = self.needs_active("sending") {
            self.answer(ticket, Err(error));
            return;
        }
        let Some(history) = self.history.clone() else {
            let error = CommandError::Failed("there is no history to resend from".into());
            self.answer(ticket, Err(error));
            return;
        };
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            let row = tokio::task::spawn_blocking(move || history.get(id)).await;
            let row = match row {
                Ok(Ok(detail)) => detail.map(|detail| Box::new(detail.delivery)),
                Ok(Err(error)) => {
                    tracing::error!("delivery {id} can't be read: {error}");
                    None
                }
                Err(_) => None,
            };
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Resend(ticket, row, to)).await;
        });
    }

    /// Sends the notification of a history row again.
    pub(super) fn on_resend_row(
        &mut self,
        ticket: Ticket,
        row: Option<Box<Delivery>>,
        to: Option<Destination>,
    ) {
        let result = self.resend_row(row, to);
        self.answer(ticket, result);
    }

    fn resend_row(
        &mut self,
        row: Option<Box<Delivery>>,
        to: Option<Destination>,
    ) -> Result<Reply, CommandError> {
        self.needs_active("sending")?;
        let row = row.ok_or_else(|| CommandError::NotFound("that row of the history".into()))?;
        let view = match self.view_that_asked(&row.new.config_namespace) {
            Some(view) => view,
            None => self.current_view()?,
        };
        if row.new.trigger.is_empty() {
            return Err(CommandError::Failed(
                "that row is not a notification".into(),
            ));
        }
        if row.state == DeliveryState::Held && to.is_none() {
            return Err(CommandError::Failed(
                "the flood guard holds it: release it instead".into(),
            ));
        }
        if row.state == DeliveryState::Pending && to.is_none() {
            return Err(CommandError::Failed("it is on its way already".into()));
        }
        let key = self.key_of(&row).ok_or_else(|| {
            CommandError::Failed(format!("{} is not watched any more", row.new.kind))
        })?;
        let now = now_ms();
        let new = NewDelivery {
            id: self.ids.next(now),
            created_ms: now,
            cause: Cause::Resend,
            ..row.new
        };
        let new = match to {
            Some(to) => redirected(new, to, &view)?,
            None => new,
        };
        self.deliver(&view, &key, Delivery::pending(by_hand(new)), false, None);
        self.tell_row(&key, None);
        Ok(Reply::Resending { deliveries: 1 })
    }

    /// Begins to look for what failed; it is sent page by page as it is found.
    pub(super) fn resend_failed(&mut self, ticket: Ticket, selection: Selection) {
        let ready = self
            .needs_active("sending")
            .and_then(|()| self.current_view());
        if let Err(error) = ready {
            self.answer(ticket, Err(error));
        } else if self.queues.has_shelf() {
            self.queues.resending.insert(ticket, (0, 0));
            let before = self.ids.next(now_ms());
            self.queues.ask(Chore::Failed {
                selection,
                before,
                ticket,
            });
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

/// The same to another destination.
fn redirected(
    mut new: NewDelivery,
    to: Destination,
    view: &CatalogView,
) -> Result<NewDelivery, CommandError> {
    let Some(entry) = view.catalog.services.get(&*to.service) else {
        let text = format!("notification service '{}' is not configured", to.service);
        return Err(CommandError::Failed(text));
    };
    entry
        .service
        .service_type()
        .clone_into(&mut new.service_type);
    // The key of an entry ends with its destination.
    let old = format!(":{}:{}", new.destination.service, new.destination.recipient);
    if let Some(start) = new.state_key.strip_suffix(&old) {
        new.state_key = format!("{start}:{}:{}", to.service, to.recipient);
    }
    new.destination = to;
    Ok(new)
}
