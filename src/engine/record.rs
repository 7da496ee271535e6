//! Writing the notified state: one writer per object, merging what is new into the newest value.

use super::clock::now_ms;
use super::ledger::Unwritten;
use super::reconcile::{Input, Reconciler};
use crate::cluster::{
    AnnotationChange, Cluster, KnownAnnotation, PatchError, Patched, patch_annotation,
};
use crate::domain::{
    Cause, MAX_BYTES, MAX_ENTRIES, Mode, NotifiedState, ResourceKey, Severity, notified_annotation,
};
use crate::history::History;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

/// Patches at a time.
const AT_A_TIME: usize = 32;

/// Wait before a patch that the server or the network refused is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// Wait before a patch that is forbidden, or that the server finds invalid (the annotations are too
/// large, an admission webhook objects), is tried again: that rarely changes within seconds.
const RETRY_FORBIDDEN: Duration = Duration::from_secs(300);

/// How a patch ended.
pub struct PatchReport {
    /// The object.
    pub key: ResourceKey,
    /// Its UID.
    pub uid: Arc<str>,
    /// What was to be written.
    pub unwritten: Unwritten,
    /// What came of it.
    pub result: Result<Patched, PatchError>,
}

/// Makes patches. Cheap to clone.
#[derive(Clone)]
pub struct Patching {
    cluster: Cluster,
    history: Option<History>,
    inputs: mpsc::Sender<Input>,
    slots: Arc<Semaphore>,
}

impl Patching {
    /// A writer that reports to `inputs`.
    pub fn new(cluster: Cluster, history: Option<History>, inputs: mpsc::Sender<Input>) -> Self {
        Self {
            cluster,
            history,
            inputs,
            slots: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }

    async fn write(
        self,
        key: ResourceKey,
        uid: Arc<str>,
        annotation: String,
        known: KnownAnnotation,
        unwritten: Unwritten,
        live: BTreeSet<String>,
    ) {
        let permit = self.slots.acquire().await;
        let update = |current: Option<&str>| {
            let text = current.unwrap_or_default();
            let (mut state, _) = NotifiedState::parse(text);
            unwritten.apply(&mut state);
            state.trim(MAX_ENTRIES, MAX_BYTES, &live);
            if state.is_empty() {
                return match current {
                    Some(_) => AnnotationChange::Remove,
                    None => AnnotationChange::Keep,
                };
            }
            let written = state.to_json();
            if written == text {
                AnnotationChange::Keep
            } else {
                AnnotationChange::Set(written)
            }
        };
        let result =
            patch_annotation(&self.cluster, &key, &uid, &annotation, Some(known), update).await;
        drop(permit);
        if result.is_ok()
            && let Some(history) = &self.history
            && let deliveries = unwritten.deliveries()
            && !deliveries.is_empty()
            && let Err(error) = history.patched(deliveries, now_ms()).await
        {
            // That the history fails is told once for all.
            tracing::debug!("the writing of the notified state was not recorded: {error}");
        }
        if result.is_ok()
            && let Some(history) = &self.history
            && !unwritten.clears.is_empty()
        {
            let keys = unwritten.clears.iter().cloned().collect();
            if let Err(error) = history.cleared(uid.to_string(), keys, now_ms()).await {
                tracing::debug!("the removal of entries was not recorded: {error}");
            }
        }
        let report = PatchReport {
            key,
            uid,
            unwritten,
            result,
        };
        // Nobody listens any more when the engine has ended; the history has it.
        let _ = self.inputs.send(Input::Patched(report)).await;
    }
}

impl Reconciler {
    /// Starts writing the notified state of an object, if there is something to write and nothing
    /// in the way.
    pub(super) fn write_state(&mut self, key: &ResourceKey) {
        let now = Instant::now();
        let active = self.mode == Mode::Active;
        if !active && (self.tenure.number() == 0 || self.options.read_only) {
            return;
        }
        let Some(tracked) = self.store.get_mut(key) else {
            return;
        };
        if tracked.patching || tracked.patch_after.is_some_and(|after| after > now) {
            return;
        }
        let unwritten = match tracked.ledger.unwritten() {
            // The right to send is lost: what was sent is written down all the same, or whoever has
            // it now sends it again.
            Some(unwritten) if !active => match unwritten.only_sent() {
                Some(sent) => sent,
                None => return,
            },
            None if !active => return,
            Some(unwritten) => unwritten,
            None if tracked.untidy && !tracked.triggers.is_empty() => Unwritten::default(),
            None => return,
        };
        tracked.patching = true;
        tracked.patch_after = None;
        let notified = &tracked.observed.notified;
        let known = KnownAnnotation {
            resource_version: tracked.observed.resource_version.to_string(),
            value: (!notified.is_empty()).then(|| notified.to_string()),
        };
        let uid = Arc::clone(&tracked.observed.uid);
        let mut live = tracked.live.clone();
        // Noted since the last look.
        let noted = unwritten.notes.iter().filter(|(_, at)| at.is_some());
        live.extend(noted.map(|(key, _)| key.clone()));
        let annotation = notified_annotation(&self.options.prefix);
        let writing =
            self.patching
                .clone()
                .write(key.clone(), uid, annotation, known, unwritten, live);
        self.tasks.spawn(writing);
    }

    /// A patch has ended.
    pub(super) fn on_patched(&mut self, report: PatchReport) {
        self.walk_patched(&report);
        let PatchReport {
            key,
            uid,
            unwritten,
            result,
        } = report;
        self.status_dirty = true;
        let Some(tracked) = self.store.get_mut(&key).filter(|t| t.observed.uid == uid) else {
            self.answer_clears(&key, Ok(unwritten.clears.len()));
            return;
        };
        tracked.patching = false;
        match result {
            Ok(patched) => {
                self.counters.patches += 1;
                tracked.ledger.written(&unwritten);
                let lost = tracked.patched(patched);
                self.answer_clears(&key, Ok(unwritten.clears.len()));
                if let Some(lost) = lost {
                    self.on_lost_state(&key, &lost, "{}");
                    self.look(&key, None, Cause::Change);
                }
                self.write_state(&key);
                self.tell_row(&key, None);
                if !unwritten.clears.is_empty() {
                    self.look(&key, None, Cause::Change);
                }
            }
            Err(PatchError::Gone { .. }) => {
                // The watch is about to say so.
                tracked.ledger.written(&unwritten);
                self.answer_clears(&key, Ok(unwritten.clears.len()));
            }
            Err(error) => {
                self.counters.patch_errors += 1;
                let forbidden = matches!(error, PatchError::Forbidden { .. });
                let refused = forbidden || matches!(error, PatchError::Rejected(_));
                let due = Instant::now() + if refused { RETRY_FORBIDDEN } else { RETRY };
                tracked.patch_after = Some(due);
                self.try_again(due, &key);
                let text = error.to_string();
                self.answer_clears(&key, Err(&error));
                if !forbidden {
                    self.log.patch_failed(&key, &text);
                } else if !std::mem::replace(&mut self.told_forbidden_patch, true) {
                    self.log.patch_failed(&key, &text);
                    let help = "grant it, or notifications are repeated after a restart; until \
                                then the engine remembers what it sent";
                    self.notice(
                        Severity::Error,
                        format!("the notified state can't be written: {text}"),
                        help.to_owned(),
                        Some(key),
                    );
                }
            }
        }
    }
}
