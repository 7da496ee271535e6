//! What the reconciler learns: configurations and objects.

use super::configure::Built;
use super::event::{CatalogView, WatchPhase, WatchStatus};
use super::log::Log;
use super::options::Watch;
use super::reconcile::Reconciler;
use super::store::{Interest, Observed, Tracked, older};
use super::watching::{self, Seen, Spec, TeamSpec, WatchInput};
use crate::cluster::FailureClass;
use crate::domain::{Cause, PathTrie, ResourceKey, Severity, notified_annotation};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// One watch as the reconciler sees it.
pub struct Watching {
    /// What is told of it.
    pub status: WatchStatus,
    /// What is kept of its objects; `None` before the first catalog.
    interest: Option<Interest>,
    /// Which start of the watch is listened to.
    generation: u64,
    /// Ends the task of this start.
    stop: CancellationToken,
    /// Tells the task of the configuration.
    spec: Option<watch::Sender<Spec>>,
    /// The namespaces whose first list of this start is complete; the empty one stands for all.
    synced: BTreeSet<Arc<str>>,
    /// The namespaces that fail.
    failing: BTreeMap<Arc<str>, FailureClass>,
    /// The API server can't be reached.
    cut_off: bool,
}

impl Watching {
    /// A watch that has not started.
    pub fn new(settings: &Watch) -> Self {
        Self {
            status: WatchStatus {
                kind: Arc::clone(&settings.kind),
                namespaces: settings.namespaces.clone(),
                phase: WatchPhase::Listing,
                objects: 0,
                subscribed: 0,
            },
            interest: None,
            generation: 0,
            stop: CancellationToken::new(),
            spec: None,
            synced: BTreeSet::new(),
            failing: BTreeMap::new(),
            cut_off: false,
        }
    }

    /// The scope that lists objects of this namespace.
    fn scope_of(&self, namespace: &Arc<str>) -> Arc<str> {
        if self.status.namespaces.is_empty() {
            "".into()
        } else {
            Arc::clone(namespace)
        }
    }

    /// Whether what is kept of the objects of a namespace suffices for these paths.
    pub fn covers(&self, namespace: &str, paths: &PathTrie) -> bool {
        let covers =
            |spec: &watch::Sender<Spec>| spec.borrow().interest(namespace).paths.covers(paths);
        self.spec.as_ref().is_none_or(covers)
    }

    /// What is kept of objects wherever they are.
    pub fn paths(&self) -> Option<&PathTrie> {
        self.interest.as_ref().map(|interest| &interest.paths)
    }

    /// What its task knows of the configurations.
    pub fn spec(&self) -> Option<Spec> {
        self.spec.as_ref().map(|spec| spec.borrow().clone())
    }

    /// Tells its task of the configurations of single namespaces.
    pub fn inform_of_teams(&self, teams: BTreeMap<Arc<str>, TeamSpec>) {
        if let Some(spec) = &self.spec {
            spec.send_modify(|spec| spec.teams = Arc::new(teams));
        }
    }

    /// Whether the API server can't be reached.
    pub fn is_cut_off(&self) -> bool {
        self.cut_off
    }

    /// Whether a first list of this start is still to come, or under way.
    pub fn is_listing(&self) -> bool {
        self.calm_phase() == WatchPhase::Listing && self.failing.is_empty()
    }

    /// What is to be told of it, when nothing fails.
    fn calm_phase(&self) -> WatchPhase {
        if self.synced.len() >= self.status.namespaces.len().max(1) {
            WatchPhase::Live
        } else {
            WatchPhase::Listing
        }
    }

    /// Which start of the watch is listened to.
    pub fn generation(&self) -> u64 {
        self.generation
    }
}

impl Reconciler {
    /// Another configuration is in force.
    pub(super) fn on_catalog(&mut self, built: Built) {
        let before = self.view.take();
        self.serial += 1;
        for (key, status) in &built.catalog.keys {
            let known = before.as_ref().and_then(|view| view.catalog.keys.get(key));
            if known == Some(status) {
                continue;
            }
            for diagnostic in &status.diagnostics {
                match diagnostic.severity {
                    Severity::Error => tracing::error!("{}: {diagnostic}", self.options.config_map),
                    _ => tracing::warn!("{}: {diagnostic}", self.options.config_map),
                }
            }
        }
        // Of an object that no subscription reached nothing is kept. Annotations of ours always
        // count as reaching, so only default subscriptions can reach more objects than before.
        let reach = |data: &BTreeMap<String, String>| data.get("subscriptions").cloned();
        let reach_changed = before
            .as_ref()
            .is_none_or(|view| reach(&view.data) != reach(&built.data));
        // Whole objects are not kept either, until a condition asks whether they were deleted.
        let asked = before
            .as_ref()
            .is_some_and(|view| view.catalog.uses_deleted());
        let reach_changed = reach_changed || (built.catalog.uses_deleted() && !asked);
        let view = Arc::new(CatalogView {
            catalog: built.catalog,
            found: built.found,
            namespace: self.options.config_namespace.clone(),
            name: self.options.config_map.clone(),
            resource_version: built.resource_version,
            data: built.data,
            secret_keys: built.secret_keys,
            meta: built.meta,
            used_by: Arc::new(self.used_by.clone()),
        });
        self.note_version(before.as_deref(), &view);
        if let Some(before) = before.filter(|before| before.found != view.found) {
            self.tell_found(&before, view.found);
        }
        let namespace = if view.found {
            view.namespace.as_str()
        } else {
            ""
        };
        self.log = Log::new(self.options.wording, namespace);
        self.view = Some(Arc::clone(&view));
        self.queues.renew(&view);
        self.bus.catalog(Arc::clone(&view));
        for number in 0..self.watching.len() {
            self.inform_watch(number, &view, reach_changed);
        }
        self.send_recovered();
        self.look_at_all(Cause::Catalog);
        self.status_dirty = true;
    }

    /// The ConfigMap was deleted, or is back.
    fn tell_found(&mut self, view: &CatalogView, found: bool) {
        let name = format!("ConfigMap {}/{}", view.namespace, view.name);
        if found {
            self.notice(
                Severity::Info,
                format!("{name} is back"),
                String::new(),
                None,
            );
            return;
        }
        let help = "nothing is sent until it is back; what was sent stays noted".to_owned();
        self.notice(Severity::Warning, format!("{name} is gone"), help, None);
    }

    /// Tells a watch of the configuration. It starts anew, listing all objects, when more of them
    /// is read than was kept.
    fn inform_watch(&mut self, number: usize, view: &CatalogView, reach_changed: bool) {
        let settings = self.options.watches[number].clone();
        let watching = &mut self.watching[number];
        let paths = view.catalog.reads(&settings.variable);
        if let (Some(interest), Some(spec)) = (&watching.interest, &watching.spec)
            && !reach_changed
            && interest.paths.covers(&paths)
        {
            spec.send_modify(|spec| spec.catalog = Arc::clone(&view.catalog));
            return;
        }
        let interest = Interest {
            annotations: format!("{}/", self.options.prefix),
            notified: notified_annotation(&self.options.prefix),
            paths,
            stamp: self.stamp,
        };
        watching.interest = Some(interest.clone());
        let teams = self.team_specs(number);
        let (sender, receiver) = watch::channel(Spec {
            catalog: Arc::clone(&view.catalog),
            interest: Arc::new(interest),
            shard: self.options.shard,
            teams: Arc::new(teams),
        });
        let watching = &mut self.watching[number];
        watching.stop.cancel();
        watching.stop = self.stop.child_token();
        watching.generation += 1;
        watching.synced.clear();
        watching.failing.clear();
        watching.spec = Some(sender);
        self.tasks.spawn(watching::run(
            self.cluster.clone(),
            settings,
            number,
            watching.generation,
            self.options.watch_timeout,
            receiver,
            self.rivals.is_looking(),
            self.watch_sender.clone(),
            watching.stop.clone(),
        ));
    }

    /// An event of a watch.
    pub(super) fn on_watch(&mut self, input: WatchInput) {
        if matches!(input.seen, Seen::AllReadAnew) {
            // Also one of an earlier generation: the watch that was started since lists them all.
            self.teams.end_reading();
            return;
        }
        let number = input.watch;
        let Some(watching) = self.watching.get_mut(number) else {
            return;
        };
        if watching.generation != input.generation {
            return;
        }
        match input.seen {
            Seen::Restarted(namespace) => {
                self.store
                    .begin_list((number, namespace.unwrap_or_default()));
            }
            Seen::Synced(namespace) => {
                let scope = namespace.unwrap_or_default();
                watching.synced.insert(Arc::clone(&scope));
                watching.status.phase = watching.calm_phase();
                let kind = Arc::clone(&watching.status.kind);
                for key in self.store.end_list((number, scope), &kind) {
                    self.bury(key, None);
                }
            }
            Seen::Rival(sighting) => self.rivals.note(*sighting),
            Seen::Subscribed {
                key,
                observed,
                raw,
                listed,
            } => {
                let scope = watching.scope_of(&key.namespace);
                let first = listed && !watching.synced.contains(&scope);
                let known = self.store.get(&key).map(|tracked| &tracked.observed);
                let cause = cause_of_sight(first, known, &observed);
                self.store.saw(&(number, scope), &key);
                self.on_object(key, *observed, input.generation, raw, cause);
            }
            Seen::Unsubscribed(key) => {
                let scope = (number, watching.scope_of(&key.namespace));
                self.store.saw(&scope, &key);
                if let Some(tracked) = self.store.untrack(&key) {
                    self.forget(key, &tracked);
                }
            }
            Seen::Deleted { key, last, raw } => {
                let scope = (number, watching.scope_of(&key.namespace));
                self.store.deleted(&scope, &key);
                if let (Some(tracked), Some(last)) = (self.store.get_mut(&key), last)
                    && tracked.observed.uid == last.uid
                {
                    tracked.generation = input.generation;
                    tracked.observed = *last;
                }
                self.bury(key, Some(raw));
            }
            Seen::ReadAnew { key, observed, raw } => {
                let scope = (number, watching.scope_of(&key.namespace));
                // It may be gone since it was read.
                if self.store.has_seen(&scope, &key) {
                    self.on_object(key, *observed, input.generation, raw, Cause::Catalog);
                }
            }
            Seen::AllReadAnew => {}
            Seen::Failed(failure) => {
                let help = failure.hint.clone().unwrap_or_default();
                watching.cut_off = failure.class == FailureClass::Unreachable;
                let scope = failure.namespace.clone().unwrap_or_default();
                let before = watching.failing.insert(scope, failure.class);
                let news = is_news(before, failure.class);
                watching.status.phase = WatchPhase::Failed {
                    message: failure.message.clone(),
                    help: help.clone(),
                    since_ms: failure.since.as_millisecond(),
                };
                if news {
                    self.notice(Severity::Error, failure.message, help, None);
                }
            }
            Seen::Recovered(namespace) => {
                watching.failing.remove(&namespace.unwrap_or_default());
                if watching.failing.is_empty() {
                    watching.cut_off = false;
                    watching.status.phase = watching.calm_phase();
                    let text = format!("watching {} works again", watching.status.kind);
                    self.notice(Severity::Info, text, String::new(), None);
                }
            }
        }
        self.watches_dirty = true;
        self.judge_rivals();
    }

    /// A subscribed object, new or changed.
    fn on_object(
        &mut self,
        key: ResourceKey,
        observed: Observed,
        generation: u64,
        raw: Arc<str>,
        cause: Cause,
    ) {
        let before = self.state_before(&key, &observed, cause);
        let mut lost = None;
        if let Some(tracked) = self.store.get_mut(&key) {
            let same = tracked.observed.uid == observed.uid;
            if same
                && older(
                    &observed.resource_version,
                    &tracked.observed.resource_version,
                )
            {
                // What was patched here came back sooner than the event before it. Only what a
                // newer catalog reads of it is of use.
                if tracked.generation != generation || tracked.observed.stamp < observed.stamp {
                    tracked.refresh(observed, generation);
                } else {
                    return;
                }
            } else {
                lost = tracked.update(observed, generation);
            }
        } else {
            let mut tracked = Tracked::new(observed, generation);
            if cause == Cause::Change {
                // Nobody before this engine can have known it.
                tracked.tenure = self.tenure.number();
            }
            self.store.track(key.clone(), tracked);
        }
        self.inherit(&key);
        if let Some(lost) = lost {
            self.on_lost_state(&key, &lost, &raw);
        }
        self.look(&key, Some(Arc::clone(&raw)), cause);
        if let Some(before) = before {
            self.infer(&key, &before, &raw);
        }
    }

    /// Deliveries of an earlier process that are under way, or were sent and not written down,
    /// become known to the object when it is first seen.
    fn inherit(&mut self, key: &ResourceKey) {
        if self.inherited.is_empty() {
            return;
        }
        let Some(tracked) = self.store.get_mut(key) else {
            return;
        };
        if let Some(marks) = self.inherited.remove(&*tracked.observed.uid) {
            for (state_key, mark) in marks {
                tracked.adopt(&state_key, mark);
            }
        }
    }

    /// An object was deleted. `raw` is its last state, where that is known.
    fn bury(&mut self, key: ResourceKey, raw: Option<Arc<str>>) {
        self.look_at_deletion(&key, raw);
        if let Some(tracked) = self.store.untrack(&key) {
            self.forget(key, &tracked);
        }
    }

    /// An object is gone, or no subscription reaches it any more.
    fn forget(&mut self, key: ResourceKey, tracked: &Tracked) {
        self.timers.set(&key, None);
        self.count_triggers(&tracked.triggers, &[]);
        self.withdraw_all(tracked);
        self.bus.gone(key);
    }

    /// Keeps the number of subscribed resources per trigger.
    pub(super) fn count_triggers(&mut self, before: &[Arc<str>], after: &[Arc<str>]) {
        if before == after {
            return;
        }
        for name in before {
            if let Some(count) = self.used_by.get_mut(&**name) {
                *count = count.saturating_sub(1);
            }
        }
        for name in after {
            *self.used_by.entry(name.to_string()).or_default() += 1;
        }
        self.used_by_dirty = true;
        self.status_dirty = true;
    }
}

/// Why an object is looked at that a watch has brought: the first list of a start of the watch brings
/// what was there before, or, when it was started anew for another configuration, what is known.
fn cause_of_sight(first: bool, known: Option<&Observed>, observed: &Observed) -> Cause {
    let known = known.filter(|known| known.uid == observed.uid);
    match known {
        None if first => Cause::Start,
        Some(known) if first && known.resource_version == observed.resource_version => {
            Cause::Catalog
        }
        None | Some(_) => Cause::Change,
    }
}

/// Whether trouble is to be told: when it begins, and when it turns out to be such that somebody has to
/// do something.
pub(super) fn is_news(before: Option<FailureClass>, now: FailureClass) -> bool {
    before.is_none_or(|before| before != now && !now.is_transient())
}
