//! What another engine has sent, as the notified state of the objects tells it. In mode observe
//! only: an engine that sends itself knows better.

use super::reconcile::Reconciler;
use super::store::Observed;
use crate::cluster::LeanObject;
use crate::domain::{Cause, Mode, NotifiedState, ResourceKey, notified_annotation};
use crate::history::AlreadySent;
use std::sync::Arc;

impl Reconciler {
    /// The notified state that an object had before it is replaced by this version, when there may
    /// be something to infer from the difference.
    pub(super) fn state_before(
        &self,
        key: &ResourceKey,
        observed: &Observed,
        cause: Cause,
    ) -> Option<NotifiedState> {
        if self.mode != Mode::Observe || cause != Cause::Change {
            return None;
        }
        match self.store.get(key) {
            Some(tracked) if tracked.observed.uid == observed.uid => {
                let changed = tracked.observed.notified != observed.notified;
                changed.then(|| tracked.state.clone())
            }
            Some(_) | None => Some(NotifiedState::default()),
        }
    }

    /// Records every notification whose entry has appeared in the notified state.
    pub(super) fn infer(&mut self, key: &ResourceKey, before: &NotifiedState, raw: &Arc<str>) {
        let Some(parts) = self.decide_all(key, false) else {
            return;
        };
        let Some(tracked) = self.store.get(key) else {
            return;
        };
        let appeared = |state_key: &str| {
            let at = tracked.state.get(state_key)?;
            let newer = before.get(state_key).is_none_or(|before| before < at);
            newer.then_some(at)
        };
        let mut sent = Vec::new();
        for (view, looked) in &parts {
            for trigger in &looked.plan.triggers {
                let steps = trigger.conditions.iter().flat_map(|condition| {
                    condition.steps.iter().map(move |step| (condition, step))
                });
                for (condition, step) in steps {
                    let Some(since_s) = appeared(&step.state_key) else {
                        continue;
                    };
                    let cause = Cause::Change;
                    let new = self.new_delivery(view, key, &trigger.name, condition, step, cause);
                    sent.extend(new.map(|new| AlreadySent { new, since_s }));
                }
            }
        }
        let Some(last) = sent.last() else {
            return;
        };
        let (trigger, at_ms) = (last.new.trigger.clone(), last.since_s.saturating_mul(1000));
        let annotation = notified_annotation(&self.options.prefix);
        let object = LeanObject::parse(&key.kind, raw).ok();
        let writer = object.and_then(|object| object.annotation_manager(&annotation));
        let writer = writer.map_or_else(|| "somebody else".to_owned(), |writer| writer.manager);
        for AlreadySent { new, .. } in &mut sent {
            tracing::info!(
                resource = %key,
                "Notification about condition '{}.{}' was sent to '{{{} {}}}' by {writer}",
                new.trigger, new.condition, new.destination.service, new.destination.recipient,
            );
            new.actor.clone_from(&writer);
        }
        if let Some(tracked) = self.store.get_mut(key) {
            tracked.last_trigger = trigger.as_str().into();
            tracked.last_ms = at_ms;
        }
        self.record_seen_before(sent);
        self.tell_row(key, None);
    }
}
