//! The migration of keys: adding the entries that a draft needs, taking them away again, and
//! completing them when the draft is in force. The walk over the objects is in `walk`; what is to
//! be written is decided by `preview`, and written by the one writer that each object has.

use super::command::{CommandError, Ticket};
use super::draft_catalog::Changes;
use super::ledger::Mark;
use super::preview::Comparison;
use super::reconcile::Reconciler;
use super::record::PatchReport;
use super::walk::{Purpose, Walk};
use crate::domain::ResourceKey;
use std::sync::Arc;

/// Failures that are told one by one.
const FAILURES: usize = 100;

/// What was migrated last, so that it can be completed and taken back.
#[derive(Clone)]
pub(super) struct Migrated {
    pub(super) comparison: Comparison,
    /// It is being taken back: nothing is added any more.
    pub(super) taken_back: bool,
    /// Serial number of the first configuration that is the draft.
    pub(super) since: Option<u64>,
}

/// What is to be written for an object.
pub(super) enum Wanted {
    Nothing,
    Add(Vec<(String, i64)>),
    Remove(Vec<String>),
}

impl Reconciler {
    /// Begins to add the entries that a draft needs.
    pub(super) fn migrate(&mut self, ticket: Ticket, number: u64, changes: Changes) {
        match self.needs_active("migrating keys") {
            Ok(()) => self.begin_walk(ticket, number, Purpose::Migrate, Some(changes)),
            Err(error) => self.answer(ticket, Err(error)),
        }
    }

    /// Begins to take back what was migrated last.
    pub(super) fn undo_migration(&mut self, ticket: Ticket, number: u64) {
        let error = match (self.needs_active("migrating keys"), &self.migrated) {
            (Err(error), _) => error,
            (Ok(()), None) => {
                let text = "no keys were migrated since the engine started; 'kubechime migrate \
                            --undo' takes back an earlier migration";
                CommandError::Failed(text.into())
            }
            (Ok(()), Some(_)) => {
                self.begin_walk(ticket, number, Purpose::Undo, None);
                return;
            }
        };
        self.answer(ticket, Err(error));
    }

    /// Lets the writer of the object's notified state add or take away entries.
    pub(super) fn write_entries(&mut self, walk: &mut Walk, key: &ResourceKey, wanted: Wanted) {
        let Some(tracked) = self.store.get_mut(key) else {
            return;
        };
        let (first, entries) = match wanted {
            Wanted::Nothing => return,
            Wanted::Add(entries) => {
                for (state_key, at) in &entries {
                    let mark = Mark::Sent { id: None, at: *at };
                    tracked.ledger.set(state_key, mark);
                    // Not to be trimmed before the draft is in force.
                    tracked.live.insert(state_key.clone());
                }
                let first = entries.first().map(|(state_key, _)| state_key.clone());
                (first, entries.len())
            }
            Wanted::Remove(keys) => {
                for state_key in &keys {
                    tracked.ledger.clear(state_key);
                }
                (keys.first().cloned(), keys.len())
            }
        };
        if let Some(first) = first {
            tracked.patch_after = None;
            walk.writing.insert(key.clone(), (first, entries as u64));
            self.write_state(key);
        }
    }

    /// A patch has ended, perhaps one of a migration.
    pub(super) fn walk_patched(&mut self, report: &PatchReport) {
        let Some(walk) = self.walk.as_deref_mut() else {
            return;
        };
        let Some((first, entries)) = walk.writing.get(&report.key) else {
            return;
        };
        let unwritten = &report.unwritten;
        let ours = unwritten.marks.contains_key(first) || unwritten.clears.contains(first);
        if !ours && report.result.is_ok() {
            return;
        }
        let entries = *entries;
        walk.writing.remove(&report.key);
        match &report.result {
            Ok(_) => {
                walk.migration.written += 1;
                walk.migration.entries += entries;
            }
            Err(error) => {
                walk.migration.failed += 1;
                if walk.migration.failures.len() < FAILURES {
                    let failure = (report.key.clone(), error.to_string());
                    walk.migration.failures.push(failure);
                }
            }
        }
        self.settle_walk();
    }

    /// After a migration, what was sent in between under the old keys gets its new one too, as soon
    /// as the migrated configuration is in force: before the object is decided about.
    pub(super) fn complete_migration(&mut self, key: &ResourceKey) {
        let serial = self.serial_of(key);
        let (Some(migrated), Some(view)) = (&mut self.migrated, &self.view) else {
            return;
        };
        if migrated.taken_back {
            return;
        }
        let changed = migrated.comparison.changed_keys();
        let in_force = || {
            changed.iter().all(|succession| {
                let trigger = view.catalog.triggers.get(&succession.trigger);
                trigger.is_some_and(|trigger| {
                    let mut conditions = trigger.conditions.iter();
                    conditions.any(|condition| condition.key == succession.after)
                })
            })
        };
        if migrated.since.is_none() && in_force() {
            migrated.since = Some(self.serial);
        }
        if migrated.since != Some(self.serial) {
            return;
        }
        let successions = Arc::clone(migrated.comparison.successions());
        let Some(tracked) = self.store.get_mut(key) else {
            return;
        };
        // Once only: later the old entry says nothing any more. The new one may have gone since,
        // because the condition turned false, and the next rise is to be sent.
        let first = tracked.looked_at.is_some_and(|last| last.catalog != serial);
        if !first {
            return;
        }
        for carried in successions.renamed(&tracked.state, &tracked.ledger) {
            let mark = Mark::Sent {
                id: None,
                at: carried.at,
            };
            tracked.ledger.set(&carried.after, mark);
        }
    }
}
