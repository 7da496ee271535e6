//! What earlier processes left unfinished: sent ones are written down, pending ones sent.

use super::ledger::Mark;
use super::reconcile::{Input, Reconciler};
use super::shelf::Chore;
use crate::domain::{Cause, Delivery, DeliveryId, ResourceKey, Severity};
use crate::history::{self, History, Standing};
use std::collections::HashMap;
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

/// What the history knows of earlier processes.
#[derive(Debug, Default)]
pub struct Recovered {
    /// What they left unfinished.
    left: history::Recovery,
    /// How often the Lease had changed hands when one of them held it last.
    tenure: Option<u64>,
    /// What should stand in the notified state of objects.
    standing: Option<Standing>,
    /// The last state of objects that were deleted, by the delivery that is to tell it.
    objects: HashMap<DeliveryId, Arc<str>>,
}

impl Recovered {
    /// Asks the history, and notes in it who has the Lease now.
    async fn read(history: &History, lease: Option<(String, u64)>, first: bool) -> Self {
        let left = history.recover().await.unwrap_or_else(|error| {
            tracing::error!("what an earlier run left can't be read: {error}");
            history::Recovery::default()
        });
        let mut tenure = None;
        if let Some((name, transitions)) = lease {
            tenure = history
                .begin_tenure(name, transitions)
                .await
                .unwrap_or_else(|error| {
                    tracing::debug!("who held the Lease before can't be read: {error}");
                    None
                });
        }
        let objects = history.kept_objects().await.unwrap_or_else(|error| {
            tracing::error!("what is known of deleted objects can't be read: {error}");
            HashMap::new()
        });
        let standing = if first {
            let standing = history.standing().await;
            let failed = |error| tracing::debug!("what was sent before can't be read: {error}");
            standing.map_err(failed).ok()
        } else {
            None
        };
        Self {
            left,
            tenure,
            standing,
            objects,
        }
    }
}

impl Reconciler {
    /// Asks the history, once, for what earlier processes left unfinished.
    pub(super) fn recover(&mut self) {
        if self.recovery == Recovery::Asked {
            return;
        }
        self.recovery = Recovery::Asked;
        let history = self.history.clone();
        let first = self.tenure.number() == 0;
        let lease = self.lease_name().zip(self.tenure.transitions());
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            let found = match history {
                Some(history) => Recovered::read(&history, lease, first).await,
                None => Recovered::default(),
            };
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Recovered(Box::new(found))).await;
        });
    }

    /// It is known what earlier processes left.
    pub(super) fn on_recovered(&mut self, found: Recovered) {
        let Recovered {
            left,
            tenure,
            standing,
            objects,
        } = found;
        let others = self.tenure.judge(tenure, Instant::now());
        // Where others were at work meanwhile, they may have removed entries for good reasons.
        self.standing = standing.filter(|_| !others);
        self.on_held_before(&left.held, left.conditions);
        let (pending, unpatched) = (left.pending, left.unpatched);
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
        let (pending, foreign): (Vec<_>, Vec<_>) = pending
            .into_iter()
            .partition(|delivery| self.takes(&delivery.new.uid));
        self.leave_to_others(foreign);
        for mut delivery in pending {
            // Whoever was active meanwhile may have sent it, and taken the entry away again.
            delivery.possibly_repeated |= others;
            let mark = Mark::Sending {
                id: delivery.new.id,
                attempts: delivery.attempts,
                next_ms: None,
            };
            self.bequeath(&delivery, mark);
            let object = objects.get(&delivery.new.id).cloned();
            self.send_recovered_one(delivery, object);
        }
        self.look_at_all(Cause::Recovery);
    }

    fn takes(&self, uid: &str) -> bool {
        self.options.shard.is_none_or(|shard| shard.owns(uid))
    }

    /// The number of shards is another one than it was: what was left about the objects of others is
    /// for them to decide.
    fn leave_to_others(&mut self, deliveries: Vec<Delivery>) {
        if deliveries.is_empty() {
            return;
        }
        let text = format!(
            "{} notifications of an earlier run are left to the shards that have their objects now",
            deliveries.len()
        );
        self.notice(Severity::Warning, text, String::new(), None);
        let ids = deliveries.iter().map(|delivery| delivery.new.id);
        self.queues.ask(Chore::Withdraw {
            ids: ids.collect(),
            pending: true,
            why: "another shard has this object now, and decides anew",
        });
    }

    /// Sends what was recovered before there was a configuration to send it with.
    pub(super) fn send_recovered(&mut self) {
        for (delivery, object) in std::mem::take(&mut self.waiting_recovered) {
            self.send_recovered_one(delivery, object);
        }
    }

    fn send_recovered_one(&mut self, delivery: Delivery, object: Option<Arc<str>>) {
        let Some(view) = self.view_that_asked(&delivery.new.config_namespace) else {
            self.waiting_recovered.push((delivery, object));
            return;
        };
        match self.key_of(&delivery) {
            Some(key) => self.deliver(&view, &key, delivery, true, object),
            None => self.warn_unwatched(&delivery),
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
}
