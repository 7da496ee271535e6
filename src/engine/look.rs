//! Looking at one object: decide, and carry out what was decided.

use super::clock::{now_ms, now_seconds};
use super::decide::{Action, ConditionPlan, Evaluation, Look, Plan, Step, TriggerPlan, decide};
use super::event::CatalogView;
use super::ledger::{Mark, end_key};
use super::log::{Log, told};
use super::reconcile::{Reconciler, SLICE};
use super::store::Tracked;
use super::timing::once_per_in;
use crate::catalog::Subscription;
use crate::domain::{Cause, Delivery, Mode, NewDelivery, ResourceKey, state_key};
use crate::expr::{DELETED, Env, Value};
use crate::history::AlreadySent;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// A decision with what it was made from.
pub(super) struct Looked {
    pub(super) plan: Plan,
    pub(super) subscriptions: BTreeMap<String, Vec<Subscription>>,
    /// What is wrong with the object's annotations.
    pub(super) notes: Vec<String>,
}

impl Reconciler {
    /// All subscribed objects are to be looked at, when there is time.
    pub(super) fn look_at_all(&mut self, cause: Cause) {
        // A start that is not over yet stays one.
        if self.low.is_empty() || matches!(cause, Cause::Start | Cause::Recovery) {
            self.low_cause = cause;
        }
        for key in self.store.keys() {
            if self.queued.insert(key.clone()) {
                self.low.push_back(key.clone());
            }
        }
    }

    /// Looks at the next few of them.
    pub(super) fn look_at_some(&mut self) {
        for _ in 0..SLICE {
            let Some(key) = self.low.pop_front() else {
                return;
            };
            self.queued.remove(&key);
            self.look(&key, None, self.low_cause);
        }
    }

    /// Looks at the objects whose moment has come.
    pub(super) fn look_at_due(&mut self) {
        for _ in 0..SLICE {
            let Some(key) = self.timers.take(now_ms()) else {
                return;
            };
            if let Some(tracked) = self.store.get_mut(&key) {
                tracked.looked_at = None;
            }
            self.look(&key, None, Cause::Timer);
        }
    }

    /// Decides about a tracked object under one configuration, or at its deletion, changing nothing. `None` when it is not tracked, or when
    /// what is kept of it was not cut for the configuration in force: then the watch is about to
    /// bring it anew.
    fn decide_about(&self, view: &CatalogView, key: &ResourceKey, deleted: bool) -> Option<Looked> {
        let tracked = self.store.get(key)?;
        let number = self.watch_of(key)?;
        if tracked.generation != self.watching[number].generation() {
            return None;
        }
        let mut notes = Vec::new();
        let subscriptions = view.catalog.destinations(
            &tracked.observed.labels,
            &tracked.observed.annotations,
            &mut notes,
        );
        let object = match serde_json::from_slice(&tracked.observed.bytes) {
            Ok(object) => object,
            Err(error) => {
                tracing::error!(resource = %key, "what is kept of the object is damaged: {error}");
                return None;
            }
        };
        let variable = &self.options.watches[number].variable;
        let mut env = environment(variable, &object);
        if deleted && variable != DELETED {
            env.host(DELETED, Value::Bool(true));
        }
        let plan = decide(&Look {
            env: &env,
            subscriptions: &subscriptions,
            catalog: &view.catalog,
            state: &tracked.state,
            ledger: &tracked.ledger,
            fingerprint: fingerprint(tracked, self.serial_of(key)),
            now_ms: now_ms(),
            deleted,
        });
        Some(Looked {
            plan,
            subscriptions,
            notes: notes.iter().map(ToString::to_string).collect(),
        })
    }

    /// The watch that an object belongs to.
    pub(super) fn watch_of(&self, key: &ResourceKey) -> Option<usize> {
        self.options
            .watches
            .iter()
            .position(|watch| watch.kind == key.kind)
    }

    /// Decides about a tracked object under every configuration that it is subject to: that of its
    /// own namespace first. `None` when the one for all namespaces can't be decided with.
    pub(super) fn decide_all(
        &self,
        key: &ResourceKey,
        deleted: bool,
    ) -> Option<Vec<(Arc<CatalogView>, Looked)>> {
        let mut parts = Vec::with_capacity(2);
        match self.team_view(key) {
            Some(view) => {
                let looked = self.decide_about(&view, key, deleted)?;
                parts.push((view, looked));
            }
            // It is being read anew for its own configuration: whatever the other one has not got
            // may be there.
            None if self.teams.view(&key.namespace).is_some()
                && self.store.get(key)?.looked_at.is_none() =>
            {
                return None;
            }
            None => {}
        }
        let view = self.view.clone()?;
        let looked = self.decide_about(&view, key, deleted)?;
        parts.push((view, looked));
        if let [(_, own), (_, common)] = parts.as_mut_slice() {
            super::self_service::settle(&mut own.plan, &mut common.plan);
        }
        Some(parts)
    }

    /// Looks at an object, unless nothing that a look depends on has changed since the last one.
    pub(super) fn look(&mut self, key: &ResourceKey, raw: Option<Arc<str>>, cause: Cause) {
        if !self.knows_configurations() {
            return;
        }
        self.recall_state(key, raw.as_deref());
        let reads_clock = self.reads_clock(key);
        let serial = self.serial_of(key);
        self.complete_migration(key);
        let Some(tracked) = self.store.get_mut(key) else {
            return;
        };
        let look_key = tracked.look_key(serial, self.mode == Mode::Active);
        if tracked.looked_at == Some(look_key) && !reads_clock {
            return;
        }
        // The event of our own patch, which may be here before the answer to it.
        let ours = std::mem::take(&mut tracked.echo) || tracked.patching;
        let echo = ours
            && tracked.looked_at.is_some_and(|last| {
                last.fingerprint == look_key.fingerprint && last.catalog == look_key.catalog
            });
        let again = tracked.looked_at == Some(look_key);
        let Some(parts) = self.decide_all(key, false) else {
            return;
        };
        let merged;
        let plan = match parts.as_slice() {
            [(_, only)] => &only.plan,
            several => {
                merged = Plan::merged(several.iter().map(|(_, looked)| &looked.plan));
                &merged
            }
        };
        self.note_doubts(key, plan);
        let told = told(plan, parts.iter().flat_map(|(_, looked)| &looked.notes));
        let keeps_raw = self.asks_for_deletion(&parts);
        let due_ms = plan.due_ms().filter(|_| self.mode != Mode::Observe);
        self.timers.set(key, due_ms);
        self.account(plan);
        let triggers: Box<[Arc<str>]> = plan
            .triggers
            .iter()
            .map(|trigger| Arc::from(trigger.name.as_str()))
            .collect();
        let Some(tracked) = self.store.get_mut(key) else {
            return;
        };
        tracked.looked_at = Some(look_key);
        tracked.live = live_keys(plan);
        if !keeps_raw {
            tracked.raw = None;
        } else if raw.is_some() {
            tracked.raw.clone_from(&raw);
        }
        for condition in plan.conditions() {
            if let Some((entry, at)) = &condition.timing.note {
                tracked.ledger.note(entry, *at, &tracked.state);
            }
            for key in &condition.timing.ahead {
                tracked
                    .ledger
                    .note(key, Some(now_seconds()), &tracked.state);
            }
        }
        let before = std::mem::replace(&mut tracked.triggers, triggers.clone());
        // Nothing is said in mode observe: it is news afterwards.
        let told = if self.mode == Mode::Observe { 0 } else { told };
        let news = std::mem::replace(&mut tracked.told, told) != told && !echo;
        self.count_triggers(&before, &triggers);
        for note in parts.iter().flat_map(|(_, looked)| &looked.notes) {
            if news {
                tracing::warn!(resource = %key, "{note}");
            }
        }
        let busy = plan
            .conditions()
            .flat_map(|condition| &condition.steps)
            .any(|step| {
                matches!(
                    step.action,
                    Action::Send | Action::Clear | Action::Remind { .. } | Action::Resolve
                )
            });
        if self.mode != Mode::Observe && !plan.triggers.is_empty() && (!again || busy) {
            for (view, looked) in &parts {
                let log = self.log_of(view).about(news);
                self.carry_out(view, key, looked, raw.as_ref(), cause, echo, &log);
            }
        }
        self.write_state(key);
        self.tell_row(key, Some(plan));
    }

    /// An object was deleted: those conditions that ask for it are evaluated on what is known of it,
    /// and sent with it.
    pub(super) fn look_at_deletion(&mut self, key: &ResourceKey, raw: Option<Arc<str>>) {
        if self.mode == Mode::Observe || !self.knows_configurations() || !self.uses_deleted(key) {
            return;
        }
        let Some(tracked) = self.store.get_mut(key) else {
            return;
        };
        tracked.deleted = true;
        let raw = raw.or_else(|| tracked.raw.clone());
        let Some(parts) = self.decide_all(key, true) else {
            return;
        };
        for (view, mut looked) in parts {
            looked.plan.triggers.retain(|trigger| {
                let mut steps = trigger.conditions.iter().flat_map(|c| &c.steps);
                steps.any(|step| matches!(step.action, Action::Send | Action::Resolve))
            });
            if !looked.plan.triggers.is_empty() {
                let log = self.log_of(&view);
                self.carry_out(&view, key, &looked, raw.as_ref(), Cause::Change, true, &log);
            }
        }
    }

    /// Does what was decided.
    #[expect(
        clippy::too_many_arguments,
        reason = "one decision with all that it was made from"
    )]
    fn carry_out(
        &mut self,
        view: &CatalogView,
        key: &ResourceKey,
        looked: &Looked,
        raw: Option<&Arc<str>>,
        cause: Cause,
        echo: bool,
        log: &Log,
    ) {
        log.start(key);
        let mut seen_before = Vec::new();
        for trigger in &looked.plan.triggers {
            log.trigger(key, trigger);
            for condition in &trigger.conditions {
                for step in &condition.steps {
                    self.take_step(view, key, trigger, condition, step, raw, cause, log);
                    if let Action::AlreadySent { at } = &step.action {
                        seen_before.extend(
                            self.new_delivery(view, key, &trigger.name, condition, step, cause)
                                .map(|new| AlreadySent { new, since_s: *at }),
                        );
                    }
                }
            }
        }
        if !echo {
            self.record_seen_before(seen_before);
        }
        log.completed(key);
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one step with all that it is part of"
    )]
    fn take_step(
        &mut self,
        view: &CatalogView,
        key: &ResourceKey,
        trigger: &TriggerPlan,
        condition: &ConditionPlan,
        step: &Step,
        raw: Option<&Arc<str>>,
        cause: Cause,
        log: &Log,
    ) {
        let name = &trigger.name;
        let condition_key = condition.key.to_string();
        let not_true = matches!(
            step.action,
            Action::Nothing | Action::Clear | Action::Resolve
        );
        if not_true
            && let Some(tracked) = self.store.get(key)
            && let Some(Mark::Held { id }) = tracked.ledger.get(&step.state_key)
        {
            let id = *id;
            self.withdraw(id);
        }
        match &step.action {
            Action::Send | Action::Remind { .. } => {
                let new = self.new_delivery(view, key, name, condition, step, cause);
                if let Some(new) = new {
                    self.propose(view, key, new, raw.cloned(), log);
                }
            }
            Action::Resolve => {
                log.resolving(key, name, &condition_key, &step.destination);
                let new = self.new_delivery(view, key, name, condition, step, cause);
                if let Some(new) = new {
                    let new = telling_end(new, condition, view.catalog.state_key_namespace());
                    self.deliver(view, key, Delivery::pending(new), false, raw.cloned());
                }
            }
            Action::AlreadySent { .. } => {
                self.counters.already_sent += 1;
                log.already_sent(key, name, &condition_key, &step.destination);
                if !condition.resolved.is_empty()
                    && let Some(tracked) = self.store.get_mut(key)
                {
                    tracked.ledger.rearm(&end_key(&step.state_key));
                }
            }
            Action::Clear => {
                if let Some(tracked) = self.store.get_mut(key) {
                    tracked.ledger.clear(&step.state_key);
                }
            }
            Action::Impossible(reason) => {
                log.failed(key, &step.destination, reason);
                self.metrics
                    .delivered(name, &step.destination.service, false);
            }
            Action::Nothing => {
                if let Some(tracked) = self.store.get_mut(key) {
                    tracked.ledger.rearm(&step.state_key);
                }
            }
            Action::Sending
            | Action::Held
            | Action::GivenUp { .. }
            | Action::WouldSend
            | Action::Holding { .. } => {}
        }
    }

    /// The history row of a step; `None` when the object is gone.
    pub(super) fn new_delivery(
        &self,
        view: &CatalogView,
        key: &ResourceKey,
        trigger: &str,
        condition: &ConditionPlan,
        step: &Step,
        cause: Cause,
    ) -> Option<NewDelivery> {
        let tracked = self.store.get(key)?;
        let now = now_ms();
        let service = view.catalog.services.get(&*step.destination.service);
        Some(NewDelivery {
            id: self.ids.next(now),
            created_ms: now,
            group: key.kind.group.clone(),
            kind: key.kind.kind.clone(),
            namespace: key.namespace.to_string(),
            name: key.name.to_string(),
            uid: tracked.observed.uid.to_string(),
            resource_version: tracked.observed.resource_version.to_string(),
            trigger: trigger.to_owned(),
            condition: condition.key.to_string(),
            once_per: condition.once_per.clone(),
            templates: condition.templates.to_vec(),
            destination: step.destination.clone(),
            service_type: service
                .map(|entry| entry.service.service_type().to_owned())
                .unwrap_or_default(),
            state_key: step.state_key.clone(),
            cause,
            config_namespace: view.namespace.clone(),
            actor: String::new(),
        })
    }

    pub(super) fn record_seen_before(&self, looks: Vec<AlreadySent>) {
        let Some(history) = self.history.clone() else {
            return;
        };
        if looks.is_empty() {
            return;
        }
        let bus = Arc::clone(&self.bus);
        self.tasks.spawn(async move {
            match history.already_sent(looks).await {
                Ok(()) => bus.history_changed(),
                Err(error) => tracing::debug!("a look at what was sent was not recorded: {error}"),
            }
        });
    }

    fn account(&mut self, plan: &Plan) {
        for trigger in &plan.triggers {
            for condition in &trigger.conditions {
                self.counters.evaluations += 1;
                let triggered = condition.evaluation == Evaluation::True;
                if matches!(condition.evaluation, Evaluation::Error { .. }) {
                    self.counters.evaluation_errors += 1;
                }
                self.metrics.evaluated(&trigger.name, triggered);
            }
        }
        self.status_dirty = true;
    }
}

/// What a failed delivery is held against: while neither the object nor the configuration (by its
/// serial number) has changed it is not begun anew.
pub(super) fn fingerprint(tracked: &Tracked, serial: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    tracked.observed.fingerprint.hash(&mut hasher);
    serial.hash(&mut hasher);
    hasher.finish()
}

/// The variables that conditions see.
pub(super) fn environment<'v>(variable: &'v str, object: &'v serde_json::Value) -> Env<'v> {
    Env::of_object(variable, object)
}

/// The same delivery, about the end of what it would have told.
fn telling_end(
    new: NewDelivery,
    condition: &ConditionPlan,
    namespace: Option<&str>,
) -> NewDelivery {
    let to = &new.destination;
    let base = state_key(&new.trigger, &condition.key, to, "", namespace);
    let once_per = once_per_in(&new.state_key, &base).unwrap_or_default();
    NewDelivery {
        once_per: once_per.to_owned(),
        templates: condition.resolved.to_vec(),
        state_key: end_key(&new.state_key),
        ..new
    }
}

/// Entries of the notified state that the object needs now: what was sent about true conditions,
/// what is still to be ended, and what belongs to the timing of conditions.
fn live_keys(plan: &Plan) -> BTreeSet<String> {
    let mut live = BTreeSet::new();
    for condition in plan.conditions() {
        let holds = condition.evaluation == Evaluation::True;
        for step in &condition.steps {
            let ends = matches!(
                step.action,
                Action::Resolve | Action::Sending | Action::WouldSend
            );
            if holds || ends {
                live.insert(step.state_key.clone());
            }
        }
        live.extend(condition.timing.keep.iter().cloned());
    }
    live
}
