//! Looking at one object: decide, and carry out what was decided.

use super::clock::now_ms;
use super::decide::{Action, ConditionPlan, Evaluation, Look, Plan, Step, TriggerPlan, decide};
use super::event::{CatalogView, ResourceRow, RowState};
use super::job::Job;
use super::ledger::Mark;
use super::reconcile::{Reconciler, SLICE};
use super::store::Tracked;
use crate::catalog::Subscription;
use crate::domain::{Cause, Delivery, Mode, NewDelivery, ResourceKey};
use crate::expr::Env;
use crate::history::AlreadySent;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Beyond this many deliveries under way the objects that they are about are not kept in memory, but
/// fetched when it is their turn.
const KEEP_OBJECTS: u64 = 2_000;

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
        self.low_cause = cause;
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

    /// Decides about a tracked object, changing nothing. `None` when it is not tracked, or when
    /// what is kept of it was not cut for the configuration in force: then the watch is about to
    /// bring it anew.
    pub(super) fn decide(&self, view: &CatalogView, key: &ResourceKey) -> Option<Looked> {
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
        let env = environment(&self.options.watches[number].variable, &object);
        let plan = decide(&Look {
            env: &env,
            subscriptions: &subscriptions,
            catalog: &view.catalog,
            state: &tracked.state,
            ledger: &tracked.ledger,
            fingerprint: fingerprint(tracked, self.serial),
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

    /// Looks at an object, unless nothing that a look depends on has changed since the last one.
    pub(super) fn look(&mut self, key: &ResourceKey, raw: Option<Arc<str>>, cause: Cause) {
        let Some(view) = self.view.clone() else {
            return;
        };
        let reads_clock = view.catalog.uses_clock();
        let Some(tracked) = self.store.get_mut(key) else {
            return;
        };
        let look_key = tracked.look_key(self.serial, self.mode == Mode::Active);
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
        let Some(looked) = self.decide(&view, key) else {
            return;
        };
        for note in &looked.notes {
            tracing::warn!(resource = %key, "{note}");
        }
        self.account(&looked.plan);
        if let Some(tracked) = self.store.get_mut(key) {
            tracked.looked_at = Some(look_key);
            tracked.live = live_keys(&looked.plan);
        }
        let triggers: Box<[Arc<str>]> = looked
            .plan
            .triggers
            .iter()
            .map(|trigger| Arc::from(trigger.name.as_str()))
            .collect();
        let before = match self.store.get_mut(key) {
            Some(tracked) => std::mem::replace(&mut tracked.triggers, triggers.clone()),
            None => return,
        };
        self.count_triggers(&before, &triggers);
        let busy = looked
            .plan
            .triggers
            .iter()
            .flat_map(|t| &t.conditions)
            .any(|condition| {
                condition
                    .steps
                    .iter()
                    .any(|step| matches!(step.action, Action::Send | Action::Clear))
            });
        if self.mode != Mode::Observe && !looked.plan.triggers.is_empty() && (!again || busy) {
            self.carry_out(&view, key, &looked, raw.as_ref(), cause, echo);
        }
        self.write_state(key);
        self.tell_row(key, Some(&looked.plan));
    }

    /// Does what was decided.
    fn carry_out(
        &mut self,
        view: &CatalogView,
        key: &ResourceKey,
        looked: &Looked,
        raw: Option<&Arc<str>>,
        cause: Cause,
        echo: bool,
    ) {
        self.log.start(key);
        let mut seen_before = Vec::new();
        for trigger in &looked.plan.triggers {
            self.log.trigger(key, trigger);
            for condition in &trigger.conditions {
                for step in &condition.steps {
                    self.take_step(view, key, trigger, condition, step, raw, cause);
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
        self.log.completed(key);
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
    ) {
        let name = &trigger.name;
        let condition_key = condition.key.to_string();
        match &step.action {
            Action::Send => {
                self.log
                    .sending(key, name, &condition_key, &step.destination);
                let new = self.new_delivery(view, key, name, condition, step, cause);
                if let Some(new) = new {
                    self.deliver(view, key, Delivery::pending(new), false, raw.cloned());
                }
            }
            Action::AlreadySent { .. } => {
                self.counters.already_sent += 1;
                self.log
                    .already_sent(key, name, &condition_key, &step.destination);
            }
            Action::Clear => {
                if let Some(tracked) = self.store.get_mut(key) {
                    tracked.ledger.clear(&step.state_key);
                }
            }
            Action::Impossible(reason) => {
                self.log.failed(key, &step.destination, reason);
                self.metrics
                    .delivered(name, &step.destination.service, false);
            }
            Action::Nothing => {
                if let Some(tracked) = self.store.get_mut(key) {
                    tracked.ledger.rearm(&step.state_key);
                }
            }
            Action::Sending | Action::GivenUp { .. } | Action::WouldSend => {}
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

    /// Starts a delivery. `recorded` says that its intent is in the history already.
    pub(super) fn deliver(
        &mut self,
        view: &CatalogView,
        key: &ResourceKey,
        delivery: Delivery,
        recorded: bool,
        object: Option<Arc<str>>,
    ) {
        let Some(number) = self.watch_of(key) else {
            return;
        };
        if let Some(tracked) = self.store.get_mut(key) {
            let mark = Mark::Sending {
                id: delivery.new.id,
                attempts: delivery.attempts,
                next_ms: None,
            };
            tracked.ledger.set(&delivery.new.state_key, mark);
            tracked.last_trigger = delivery.new.trigger.as_str().into();
            tracked.last_ms = delivery.new.created_ms;
        }
        self.counters.delivering += 1;
        self.status_dirty = true;
        let job = Job {
            key: key.clone(),
            delivery,
            recorded,
            unrecorded: None,
            in_flight: false,
            dry_run: self.mode == Mode::DryRun,
            catalog: Arc::clone(&view.catalog),
            variable: self.options.watches[number].variable.clone(),
            object: object.filter(|_| self.counters.delivering < KEEP_OBJECTS),
        };
        let deliverer = self.deliverer.clone();
        self.tasks.spawn(deliverer.run(job, self.sending.clone()));
    }

    fn record_seen_before(&self, looks: Vec<AlreadySent>) {
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
                Err(error) => tracing::error!("a look at what was sent was not recorded: {error}"),
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
        let notified = u16::try_from(tracked.state.len()).unwrap_or(u16::MAX);
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
    let mut env = Env::new();
    env.json(variable, object);
    env
}

/// State keys that the object can produce now.
fn live_keys(plan: &Plan) -> BTreeSet<String> {
    plan.triggers
        .iter()
        .flat_map(|trigger| &trigger.conditions)
        .filter(|condition| condition.evaluation == Evaluation::True)
        .flat_map(|condition| &condition.steps)
        .map(|step| step.state_key.clone())
        .collect()
}
