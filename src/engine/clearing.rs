//! Removing entries of the notified state by hand, and putting them back.

use super::clock::now_ms;
use super::command::{CommandError, Reply, Ticket};
use super::ledger::Mark;
use super::obey::by_hand;
use super::reconcile::Reconciler;
use crate::cluster::PatchError;
use crate::domain::{Cause, Delivery, DeliveryState, Destination, NewDelivery, ResourceKey};
use std::sync::Arc;

impl Reconciler {
    /// Removes state entries of a resource.
    pub(super) fn clear(&mut self, ticket: Ticket, key: &ResourceKey, keys: Option<Vec<String>>) {
        if let Err(error) = self.needs_active("clearing state") {
            self.answer(ticket, Err(error));
            return;
        }
        let Some(tracked) = self.store.get_mut(key) else {
            let error = CommandError::NotFound(format!("a subscribed resource {key}"));
            self.answer(ticket, Err(error));
            return;
        };
        let known = tracked
            .state
            .iter()
            .map(|(state_key, _)| state_key.to_owned());
        let all: Vec<String> = known.chain(tracked.ledger.sent_keys()).collect();
        let keys: Vec<String> = match keys {
            Some(keys) => keys
                .into_iter()
                .filter(|state_key| all.contains(state_key))
                .collect(),
            None => all,
        };
        if keys.is_empty() {
            self.answer(ticket, Ok(Reply::Cleared { entries: 0 }));
            return;
        }
        for state_key in &keys {
            tracked.ledger.clear(state_key);
        }
        tracked.cleared = true;
        tracked.just_sent = false;
        tracked.patch_after = None;
        self.clearing.push((key.clone(), ticket));
        self.record_by_hand(key, DeliveryState::Cleared, format!("{} keys", keys.len()));
        self.write_state(key);
        self.tell_row(key, None);
    }

    /// Puts entries back that were cleared, unless they are there (again).
    pub(super) fn restore(
        &mut self,
        key: &ResourceKey,
        entries: Vec<(String, i64)>,
    ) -> Result<Reply, CommandError> {
        self.needs_active("restoring state")?;
        let Some(tracked) = self.store.get_mut(key) else {
            let what = format!("a subscribed resource {key}");
            return Err(CommandError::NotFound(what));
        };
        let mut restored = 0;
        for (state_key, at) in entries {
            let sending = matches!(tracked.ledger.get(&state_key), Some(Mark::Sending { .. }));
            let there = tracked.ledger.notified_at(&state_key, &tracked.state);
            if !sending && there.is_none() {
                tracked.ledger.set(&state_key, Mark::Sent { id: None, at });
                restored += 1;
            }
        }
        if restored > 0 {
            tracked.cleared = false;
            tracked.patch_after = None;
            let detail = format!("{restored} keys restored");
            self.record_by_hand(key, DeliveryState::Cleared, detail);
            self.write_state(key);
            self.tell_row(key, None);
        }
        Ok(Reply::Restored { entries: restored })
    }

    /// The patch that clear commands of this object waited for has ended.
    pub(super) fn answer_clears(&mut self, key: &ResourceKey, result: Result<usize, &PatchError>) {
        let clearing = std::mem::take(&mut self.clearing);
        for (of, ticket) in clearing {
            if of != *key {
                self.clearing.push((of, ticket));
                continue;
            }
            let result = match &result {
                Ok(entries) => Ok(Reply::Cleared { entries: *entries }),
                Err(error @ PatchError::Forbidden { .. }) => {
                    Err(CommandError::Forbidden(error.to_string()))
                }
                Err(error) => Err(CommandError::Failed(error.to_string())),
            };
            self.answer(ticket, result);
        }
    }

    /// Records in the history that a person did something to an object.
    fn record_by_hand(&self, key: &ResourceKey, state: DeliveryState, detail: String) {
        let Some(history) = self.history.clone() else {
            return;
        };
        let Some(tracked) = self.store.get(key) else {
            return;
        };
        let now = now_ms();
        let mut row = Delivery::pending(by_hand(NewDelivery {
            id: self.ids.next(now),
            created_ms: now,
            group: key.kind.group.clone(),
            kind: key.kind.kind.clone(),
            namespace: key.namespace.to_string(),
            name: key.name.to_string(),
            uid: tracked.observed.uid.to_string(),
            resource_version: tracked.observed.resource_version.to_string(),
            trigger: String::new(),
            condition: String::new(),
            once_per: String::new(),
            templates: Vec::new(),
            destination: Destination::new("", ""),
            service_type: String::new(),
            state_key: String::new(),
            cause: Cause::Resend,
            config_namespace: self.options.config_namespace.clone(),
            actor: String::new(),
        }));
        row.state = state;
        row.detail = detail;
        self.bus.delivery(Arc::new(row.clone()));
        self.tasks.spawn(async move {
            if let Err(error) = history.record(row, String::new()).await {
                tracing::error!("what was done by hand was not recorded: {error}");
            }
        });
    }
}
