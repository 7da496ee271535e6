//! Carrying out what a person asks for.

use super::asked::is_asked;
use super::command::{Command, CommandError, Done, Reply, Resend, Ticket};
use super::event::CatalogView;
use super::inspect;
use super::reconcile::{Input, Reconciler};
use super::shelf::Asker;
use crate::cluster::{ApplyError, apply_config_map, get_object};
use crate::domain::{Mode, NewDelivery, ResourceKey};
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
