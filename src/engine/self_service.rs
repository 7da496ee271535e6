//! Self-service: the configurations of namespaces other than the engine's own.
//!
//! A ConfigMap and a Secret of the usual names in any namespace configure the objects of that
//! namespace, beside the configuration for all of them. Each is read, built and reported by itself,
//! so that none can harm another. The task that watches them is here, and what the reconciler makes
//! of them.

use super::configure::Built;
use super::decide::{Action, Plan, Step};
use super::event::CatalogView;
use super::log::Log;
use super::look::Looked;
use super::reconcile::Reconciler;
use super::store::Interest;
use super::team_configs::{MAX_BYTES, TeamInput};
use super::watching::{self, TeamSpec};
use crate::catalog::KeyState;
use crate::cluster::ConfigObject;
use crate::domain::{Cause, Destination, ResourceKey, Severity, notified_annotation};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// What is known of the other namespaces.
#[derive(Default)]
pub struct Teams {
    /// All that there are are known, or self-service is off.
    ready: bool,
    views: BTreeMap<Arc<str>, Team>,
    failing: BTreeSet<ConfigObject>,
    /// How often objects of a namespace are being read again.
    reading: usize,
}

struct Team {
    view: Arc<CatalogView>,
    /// Number of its version.
    serial: u64,
    /// Per watch: objects cut down for an earlier interest than this are not decided about.
    stamps: Vec<u64>,
}

impl Teams {
    /// Nothing is known yet; with self-service off nothing is to be known.
    pub fn new(self_service: bool) -> Self {
        Self {
            ready: !self_service,
            ..Self::default()
        }
    }

    /// The configuration of a namespace.
    pub fn view(&self, namespace: &str) -> Option<&Arc<CatalogView>> {
        self.views.get(namespace).map(|team| &team.view)
    }

    /// Whether all that there are are known, and the objects that they want more of.
    pub fn are_settled(&self) -> bool {
        self.ready && self.reading == 0
    }

    /// The objects of a namespace were read again, or can't be for now.
    pub fn end_reading(&mut self) {
        self.reading = self.reading.saturating_sub(1);
    }

    /// All of them.
    pub fn views(&self) -> impl Iterator<Item = &Arc<CatalogView>> {
        self.views.values().map(|team| &team.view)
    }
}

/// Takes out of two plans for the same object what only one of them can do, when the other can: a
/// subscription that one configuration knows is no mistake for the other.
pub fn settle(own: &mut Plan, common: &mut Plan) {
    let unknown = |plan: &Plan, name: &str| {
        let trigger = plan.triggers.iter().find(|trigger| trigger.name == name);
        trigger.is_none_or(|trigger| !trigger.configured)
    };
    let only_here = |name: &str| unknown(own, name);
    common
        .triggers
        .retain(|trigger| trigger.configured || only_here(&trigger.name));
    // What neither knows is said once.
    own.triggers.retain(|trigger| trigger.configured);
    let possible = |plan: &Plan| -> BTreeSet<(String, Destination)> {
        let mut found = BTreeSet::new();
        for trigger in &plan.triggers {
            for step in trigger.conditions.iter().flat_map(|c| &c.steps) {
                if !matches!(step.action, Action::Impossible(_)) {
                    found.insert((trigger.name.clone(), step.destination.clone()));
                }
            }
        }
        found
    };
    let (by_own, by_common) = (possible(own), possible(common));
    for (plan, elsewhere) in [(own, &by_common), (common, &by_own)] {
        for trigger in &mut plan.triggers {
            let name = &trigger.name;
            let needless = |step: &Step| {
                matches!(step.action, Action::Impossible(_))
                    && elsewhere.contains(&(name.clone(), step.destination.clone()))
            };
            for condition in &mut trigger.conditions {
                condition.steps.retain(|step| !needless(step));
            }
        }
    }
}

impl Reconciler {
    /// Whether it is known what objects are subject to.
    pub(super) fn knows_configurations(&self) -> bool {
        self.view.is_some() && self.teams.ready
    }

    /// The configuration of the object's own namespace, when the object can be decided about with it.
    pub(super) fn team_view(&self, key: &ResourceKey) -> Option<Arc<CatalogView>> {
        let team = self.teams.views.get(&key.namespace)?;
        let needed = team.stamps.get(self.watch_of(key)?)?;
        let tracked = self.store.get(key)?;
        (tracked.observed.stamp >= *needed).then(|| Arc::clone(&team.view))
    }

    fn views_of(&self, key: &ResourceKey) -> impl Iterator<Item = &Arc<CatalogView>> {
        let own = self.teams.view(&key.namespace);
        own.into_iter().chain(&self.view)
    }

    /// Whether a condition that the object is subject to reads the clock.
    pub(super) fn reads_clock(&self, key: &ResourceKey) -> bool {
        self.views_of(key).any(|view| view.catalog.uses_clock())
    }

    /// Whether any condition of any configuration reads the clock.
    pub(super) fn any_reads_clock(&self) -> bool {
        let teams = self.teams.views.values().map(|team| &team.view);
        teams
            .chain(&self.view)
            .any(|view| view.catalog.uses_clock())
    }

    /// Whether a condition that the object is subject to asks whether it was deleted.
    pub(super) fn uses_deleted(&self, key: &ResourceKey) -> bool {
        self.views_of(key).any(|view| view.catalog.uses_deleted())
    }

    /// Whether the object is subscribed to a condition that asks whether it was deleted.
    pub(super) fn asks_for_deletion(&self, parts: &[(Arc<CatalogView>, Looked)]) -> bool {
        parts.iter().any(|(view, looked)| {
            let triggers = looked.plan.triggers.iter();
            let mut known = triggers.filter_map(|plan| view.catalog.triggers.get(&plan.name));
            known.any(|trigger| trigger.conditions.iter().any(|c| c.uses_deleted()))
        })
    }

    /// Changes whenever a configuration that the object is subject to does.
    pub(super) fn serial_of(&self, key: &ResourceKey) -> u64 {
        match self.teams.views.get(&key.namespace) {
            None => self.serial,
            Some(team) => {
                let mut hasher = DefaultHasher::new();
                (self.serial, team.serial).hash(&mut hasher);
                // The object may have to be read anew before this one counts.
                self.team_view(key).is_some().hash(&mut hasher);
                hasher.finish()
            }
        }
    }

    /// The lines about a configuration.
    pub(super) fn log_of(&self, view: &CatalogView) -> Log {
        let own = self.view.as_ref().map(|view| view.namespace.as_str());
        if own == Some(view.namespace.as_str()) {
            return self.log.clone();
        }
        Log::new(self.options.wording, &view.namespace)
    }

    /// The configuration that asked for a delivery; an empty one when its namespace has none any
    /// more, because that of another must not take its place. `None` when that is not known yet.
    pub(super) fn view_that_asked(&self, config_namespace: &str) -> Option<Arc<CatalogView>> {
        let common = self.view.as_ref()?;
        if !self.options.self_service || config_namespace == common.namespace {
            return Some(Arc::clone(common));
        }
        if !self.teams.ready {
            return None;
        }
        let known = self.teams.view(config_namespace).cloned();
        Some(known.unwrap_or_else(|| {
            Arc::new(CatalogView {
                catalog: Arc::default(),
                found: false,
                namespace: config_namespace.to_owned(),
                data: Arc::default(),
                secret_keys: Vec::new(),
                meta: Arc::default(),
                used_by: Arc::default(),
                ..CatalogView::clone(common)
            })
        }))
    }

    /// The other namespaces have something to tell.
    pub(super) fn on_team(&mut self, input: TeamInput) {
        match input {
            TeamInput::Built(namespace, built) => self.on_team_built(namespace, built),
            TeamInput::Ready => {
                self.teams.ready = true;
                self.send_recovered();
                self.look_at_all(Cause::Start);
            }
            TeamInput::Refused(namespace) => {
                let text = format!(
                    "the configuration in namespace {namespace} is not used: those of all \
                     namespaces together are larger than {} MiB",
                    MAX_BYTES >> 20
                );
                let help = "make some of them smaller".to_owned();
                self.notice(Severity::Warning, text, help, None);
            }
            TeamInput::Failed { which, failure } => {
                if self.teams.failing.insert(which) {
                    let text = format!(
                        "{which}s in other namespaces can't be read, so they configure nothing: {}",
                        failure.message
                    );
                    let help = failure.hint.clone().unwrap_or_default();
                    self.notice(Severity::Error, text, help, None);
                }
            }
            TeamInput::Recovered(which) => {
                if self.teams.failing.remove(&which) {
                    let text = format!("{which}s in other namespaces can be read again");
                    self.notice(Severity::Info, text, String::new(), None);
                }
            }
        }
        self.status_dirty = true;
    }

    fn on_team_built(&mut self, namespace: Arc<str>, built: Option<Box<Built>>) {
        let before = self.teams.views.remove(&namespace);
        let Some(built) = built else {
            if before.is_some() {
                tracing::info!("the configuration in namespace {namespace} is gone");
                self.inform_watches_of_teams();
                self.look_at_namespace(&namespace);
            }
            return;
        };
        let known = before.as_ref().map(|team| &team.view.catalog.keys);
        for (key, status) in &built.catalog.keys {
            if known.and_then(|keys| keys.get(key)) == Some(status) {
                continue;
            }
            for diagnostic in &status.diagnostics {
                let name = &self.options.config_map;
                match diagnostic.severity {
                    Severity::Error => tracing::error!("{namespace}/{name}: {diagnostic}"),
                    _ => tracing::warn!("{namespace}/{name}: {diagnostic}"),
                }
            }
        }
        if before.is_none() {
            let broken = built.catalog.keys.values();
            let broken = broken.filter(|key| key.state == KeyState::Broken).count();
            tracing::info!(
                "the configuration in namespace {namespace} is in force ({} keys, {broken} broken)",
                built.catalog.keys.len()
            );
        }
        let reach = |data: &BTreeMap<String, String>| data.get("subscriptions").cloned();
        let reached = before.as_ref().map(|team| reach(&team.view.data));
        let reaches_more = reached.unwrap_or_default() != reach(&built.data);
        let asks = |view: &CatalogView| view.catalog.uses_deleted();
        let view = Arc::new(CatalogView {
            catalog: built.catalog,
            found: true,
            namespace: namespace.to_string(),
            name: self.options.config_map.clone(),
            resource_version: built.resource_version,
            data: built.data,
            secret_keys: built.secret_keys,
            meta: built.meta,
            used_by: Arc::default(),
        });
        let asks_more = asks(&view) && !before.as_ref().is_some_and(|team| asks(&team.view));
        self.serial_of_teams += 1;
        let mut team = Team {
            view,
            serial: self.serial_of_teams,
            stamps: before.map(|team| team.stamps).unwrap_or_default(),
        };
        team.stamps.resize(self.watching.len(), 0);
        let mut anew = Vec::new();
        for number in 0..self.watching.len() {
            let settings = &self.options.watches[number];
            let paths = team.view.catalog.reads(&settings.variable);
            let covered = self.watching[number].covers(&namespace, &paths);
            if !covered {
                self.stamp += 1;
                team.stamps[number] = self.stamp;
            }
            if !covered || reaches_more || asks_more {
                anew.push(number);
            }
        }
        self.teams.views.insert(Arc::clone(&namespace), team);
        self.inform_watches_of_teams();
        for number in anew {
            self.read_anew(number, &namespace);
        }
        self.look_at_namespace(&namespace);
    }

    /// What each watch is to know of the other namespaces.
    pub(super) fn team_specs(&self, number: usize) -> BTreeMap<Arc<str>, TeamSpec> {
        let variable = &self.options.watches[number].variable;
        let common = self.watching[number].paths().cloned().unwrap_or_default();
        let teams = self.teams.views.iter();
        teams
            .map(|(namespace, team)| {
                let mut paths = team.view.catalog.reads(variable);
                paths.merge(&common);
                let interest = Interest {
                    annotations: format!("{}/", self.options.prefix),
                    notified: notified_annotation(&self.options.prefix),
                    paths,
                    stamp: self.stamp,
                };
                let spec = TeamSpec {
                    catalog: Arc::clone(&team.view.catalog),
                    interest: Arc::new(interest),
                };
                (Arc::clone(namespace), spec)
            })
            .collect()
    }

    fn inform_watches_of_teams(&mut self) {
        for number in 0..self.watching.len() {
            let teams = self.team_specs(number);
            self.watching[number].inform_of_teams(teams);
        }
    }

    /// Reads the objects of one namespace again: its configuration wants more of them.
    fn read_anew(&mut self, number: usize, namespace: &Arc<str>) {
        let settings = self.options.watches[number].clone();
        let elsewhere = !settings.namespaces.is_empty()
            && !settings.namespaces.iter().any(|n| **n == **namespace);
        let Some(spec) = self.watching[number].spec() else {
            return;
        };
        if elsewhere || !settings.kind.namespaced {
            return;
        }
        self.teams.reading += 1;
        self.tasks.spawn(watching::read_anew(
            self.cluster.clone(),
            settings,
            number,
            self.watching[number].generation(),
            Arc::clone(namespace),
            spec,
            self.watch_sender.clone(),
            self.stop.clone(),
        ));
    }

    fn look_at_namespace(&mut self, namespace: &Arc<str>) {
        self.low_cause = Cause::Catalog;
        let keys = self.store.keys().filter(|key| key.namespace == *namespace);
        for key in keys {
            if self.queued.insert(key.clone()) {
                self.low.push_back(key.clone());
            }
        }
    }
}
