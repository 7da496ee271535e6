//! Carrying out what a person asks for.

use super::asked::is_asked;
use super::clock::now_ms;
use super::command::{Command, CommandError, Done, Reply, Resend, Ticket};
use super::decide::{Action, Evaluation};
use super::event::CatalogView;
use super::inspect;
use super::ledger::Mark;
use super::reconcile::{Input, Reconciler};
use super::shelf::Asker;
use crate::cluster::{ApplyError, PatchError, apply_config_map, get_object};
use crate::domain::{
    Cause, Delivery, DeliveryId, DeliveryState, Destination, Mode, NewDelivery, ResourceKey,
};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Reconciler {
    /// Carries out a command, or refuses it. Either way it is answered.
    pub(super) fn obey(&mut self, ticket: Ticket, command: Command) {
        if self.options.read_only && command.writes() {
            let what = match command {
                Command::Resend(_) | Command::ReleaseHeld(_) => "sending",
                Command::Cancel(_) => "cancelling",
                Command::BaselineHeld(_) | Command::Baseline { .. } => "marking as sent",
                Command::Clear { .. } => "clearing state",
                Command::Restore { .. } => "restoring state",
                Command::Apply { .. } => "editing the configuration",
                Command::Annotate(_) | Command::Subscribe { .. } => "editing subscriptions",
                Command::Migrate { .. } | Command::UndoMigration { .. } => "migrating keys",
                _ => "becoming active",
            };
            self.answer(ticket, Err(CommandError::ReadOnly(what)));
            return;
        }
        match command {
            Command::Inspect(key) => {
                let result = self.inspect(&key);
                self.answer(ticket, result);
            }
            Command::Explain(key) => self.explain(ticket, &key),
            Command::Survey => self.survey(ticket),
            Command::Members { trigger, index } => self.members(ticket, trigger, index),
            Command::Variables(id) => self.variables(ticket, id),
            Command::Object(key) => self.fetch_object(ticket, key),
            Command::MayWriteConfig => self.may_write_config(ticket),
            Command::Resend(Resend::Resource {
                key,
                trigger,
                destination,
            }) => {
                let result = self.resend(&key, trigger.as_deref(), destination.as_ref());
                self.answer(ticket, result);
            }
            Command::Resend(Resend::Delivery(id)) => self.fetch_row(ticket, id, None),
            Command::Resend(Resend::DeliveryTo { id, destination }) => {
                self.fetch_row(ticket, id, Some(destination));
            }
            Command::Resend(Resend::FailedRow(id)) => self.resend_failed_row(ticket, id),
            Command::Resend(Resend::Failed(selection)) => self.resend_failed(ticket, selection),
            Command::Cancel(cancel) => self.cancel(ticket, cancel),
            Command::ReleaseHeld(selection) => {
                self.release_held(selection, Asker::Ticket(ticket));
            }
            Command::BaselineHeld(selection) => {
                self.baseline_held(selection, Asker::Ticket(ticket));
            }
            Command::Clear { resource, keys } => self.clear(ticket, &resource, keys),
            Command::Baseline { resource, keys } => {
                let result = self.baseline(&resource, keys.as_deref());
                self.answer(ticket, result);
            }
            Command::Restore { resource, entries } => {
                let result = self.restore(&resource, entries);
                self.answer(ticket, result);
            }
            Command::Apply {
                base,
                changes,
                effect,
                dry_run,
            } => {
                if !dry_run {
                    self.note_applying(&changes, &effect);
                }
                self.apply(ticket, base, changes, dry_run);
            }
            Command::Subscriptions(key) => self.subscriptions(ticket, key),
            Command::Annotate(edits) => self.annotate(ticket, edits),
            Command::Subscribe { resources, change } => self.subscribe(ticket, resources, change),
            Command::Preview { number, changes } => self.preview(ticket, number, changes),
            Command::Migrate { number, changes } => self.migrate(ticket, number, changes),
            Command::UndoMigration { number } => self.undo_migration(ticket, number),
            Command::StopWork(number) => self.stop_walk(ticket, number),
            Command::Render(order) => self.render(ticket, *order),
            Command::SetMode(mode) => {
                self.wanted = mode;
                self.overrule_rivals();
                if mode == Mode::Active && self.lease_forbidden {
                    self.go_on_without_lease();
                }
                self.settle_mode();
                self.answer(ticket, Ok(Reply::Mode(self.mode)));
            }
            Command::TakeLease => {
                self.wanted = Mode::Active;
                self.overrule_rivals();
                // It may not have been contended for until now.
                self.settle_mode();
                if let Some(lease) = &self.lease {
                    lease.request_takeover();
                }
                self.answer(ticket, Ok(Reply::Mode(self.mode)));
            }
        }
    }

    pub(super) fn answer(&self, ticket: Ticket, result: Result<Reply, CommandError>) {
        self.on_done(Done { ticket, result });
    }

    /// A command that ran in a task of its own has ended.
    pub(super) fn on_done(&self, done: Done) {
        if is_asked(done.ticket) {
            self.pass_on(done);
        } else {
            self.bus.done(done);
        }
    }

    pub(super) fn needs_active(&self, what: &'static str) -> Result<(), CommandError> {
        if self.mode == Mode::Active {
            return Ok(());
        }
        Err(CommandError::Mode {
            mode: self.mode,
            what,
        })
    }

    pub(super) fn current_view(&self) -> Result<Arc<CatalogView>, CommandError> {
        self.view
            .clone()
            .ok_or_else(|| CommandError::Failed("the configuration is not known yet".into()))
    }

    pub(super) fn inspect(&self, key: &ResourceKey) -> Result<Reply, CommandError> {
        self.current_view()?;
        let not_found = || CommandError::NotFound(format!("a subscribed resource {key}"));
        let tracked = self.store.get(key).ok_or_else(not_found)?;
        let number = self.watch_of(key).ok_or_else(not_found)?;
        let variable = &self.options.watches[number].variable;
        let mut whole = None;
        for (view, looked) in self.decide_all(key, false).ok_or_else(not_found)? {
            let mut part = inspect::inspect(key, tracked, &view.catalog, variable, looked);
            if let Some(namespace) = view.catalog.state_key_namespace() {
                part.name_configuration(namespace);
            }
            match &mut whole {
                None => whole = Some(part),
                Some(whole) => whole.absorb(part),
            }
        }
        let inspection = whole.ok_or_else(not_found)?;
        Ok(Reply::Inspection(Arc::new(inspection)))
    }

    fn fetch_object(&self, ticket: Ticket, key: ResourceKey) {
        let cluster = self.cluster.clone();
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            let result = match get_object(&cluster, &key).await {
                Ok(object) => match object.value() {
                    Ok(value) => Ok(Reply::Object(crate::yaml::emit(&value).into())),
                    Err(error) => Err(CommandError::Failed(format!("{key}: {error}"))),
                },
                Err(error) => Err(CommandError::Failed(error.to_string())),
            };
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Done(Done { ticket, result })).await;
        });
    }

    /// Sends what is true of a resource again, whatever the state says.
    fn resend(
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

    fn fetch_row(&self, ticket: Ticket, id: DeliveryId, to: Option<Destination>) {
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

    /// Removes state entries of a resource.
    fn clear(&mut self, ticket: Ticket, key: &ResourceKey, keys: Option<Vec<String>>) {
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
    fn restore(
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

    fn apply(
        &self,
        ticket: Ticket,
        base: Option<String>,
        changes: BTreeMap<String, Option<String>>,
        dry_run: bool,
    ) {
        let cluster = self.cluster.clone();
        let options = Arc::clone(&self.options);
        let inputs = self.inputs.clone();
        self.tasks.spawn(async move {
            let (namespace, name) = (&options.config_namespace, &options.config_map);
            let result = apply_config_map(
                &cluster,
                namespace,
                name,
                base.as_deref(),
                &changes,
                dry_run,
            )
            .await;
            let result = match result {
                Ok(applied) => Ok(Reply::Applied {
                    resource_version: applied.resource_version,
                    dry_run,
                }),
                Err(ApplyError::Conflict {
                    live_resource_version,
                    ..
                }) => Err(CommandError::Conflict {
                    base: base.unwrap_or_else(|| "none".into()),
                    live: live_resource_version.unwrap_or_else(|| "none".into()),
                }),
                Err(error @ ApplyError::Forbidden { .. }) => {
                    Err(CommandError::Forbidden(error.to_string()))
                }
                Err(error) => Err(CommandError::Failed(error.to_string())),
            };
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(Input::Done(Done { ticket, result })).await;
        });
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

/// The same, noted as asked for by the person at this machine.
pub(super) fn by_hand(new: NewDelivery) -> NewDelivery {
    NewDelivery {
        actor: operator(),
        ..new
    }
}

/// The person at this machine.
pub(super) fn operator() -> String {
    let actor = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    actor.unwrap_or_else(|_| "operator".into())
}
