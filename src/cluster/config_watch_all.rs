//! The ConfigMaps and Secrets of one name in many namespaces, as a stream of snapshots.

use super::apply::config_map_kind;
use super::client::Cluster;
use super::config_watch::{
    ConfigMapSnapshot, ConfigObject, SecretSnapshot, config_map_snapshot, secret_kind,
    secret_snapshot,
};
use super::lean::LeanObject;
use super::watch::{Scope, WatchEvent, WatchFailure, WatchOptions, WatchStream, watch};
use futures::{Stream, StreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What happens to the objects.
#[derive(Clone, Debug)]
pub enum TeamEvent {
    /// The ConfigMap of a namespace as it is now; `None` when it is gone.
    ConfigMap(Arc<str>, Option<Box<ConfigMapSnapshot>>),
    /// The Secret of a namespace as it is now; `None` when it is gone.
    Secret(Arc<str>, Option<Box<SecretSnapshot>>),
    /// All that there are were told. Of watches over single namespaces this comes when the last of
    /// them is there.
    Synced(ConfigObject),
    /// They cannot be watched at the moment; what was told last may be out of date.
    Failed {
        /// Which.
        which: ConfigObject,
        /// What is wrong.
        failure: Box<WatchFailure>,
    },
    /// The trouble is over.
    Recovered(ConfigObject),
}

/// Watches the ConfigMaps and the Secrets of these names wherever they are within the scope. The same
/// state is not told twice. The stream ends only with the runtime; dropping it ends the watches.
pub fn watch_team_configs(
    cluster: &Cluster,
    scope: &Scope,
    config_map: &str,
    secret: &str,
    options: &WatchOptions,
) -> impl Stream<Item = TeamEvent> + Send + Unpin + use<> {
    let watch_all = |kind, name: &str| {
        let options = WatchOptions {
            field_selector: Some(format!("metadata.name={name}")),
            ..options.clone()
        };
        watch(cluster, kind, scope, &options)
    };
    let config_maps = follow(
        watch_all(config_map_kind(), config_map),
        Followed::new(ConfigObject::ConfigMap, config_map, scope),
    );
    let secrets = follow(
        watch_all(secret_kind(), secret),
        Followed::new(ConfigObject::Secret, secret, scope),
    );
    Box::pin(futures::stream::select(config_maps, secrets))
}

fn follow(events: WatchStream, mut state: Followed) -> impl Stream<Item = TeamEvent> + Send {
    events.flat_map(move |event| futures::stream::iter(state.apply(event)))
}

/// What is known of all objects of one kind and name.
struct Followed {
    which: ConfigObject,
    name: String,
    /// Watches whose first list is not complete.
    unknown: usize,
    /// Versions by namespace, per watch.
    versions: BTreeMap<Option<Arc<str>>, BTreeMap<Arc<str>, String>>,
    /// Namespaces that the list under way has shown, per watch.
    listed: BTreeMap<Option<Arc<str>>, BTreeSet<Arc<str>>>,
    synced: BTreeSet<Option<Arc<str>>>,
}

impl Followed {
    fn new(which: ConfigObject, name: &str, scope: &Scope) -> Self {
        Self {
            which,
            name: name.to_owned(),
            unknown: match scope {
                Scope::All => 1,
                Scope::Namespaces(namespaces) => namespaces.len(),
            },
            versions: BTreeMap::new(),
            listed: BTreeMap::new(),
            synced: BTreeSet::new(),
        }
    }

    fn apply(&mut self, event: WatchEvent) -> Vec<TeamEvent> {
        let which = self.which;
        match event {
            WatchEvent::Restarted { namespace } => {
                self.listed.insert(namespace, BTreeSet::new());
                Vec::new()
            }
            // A server that ignores the selector sends others as well.
            WatchEvent::Listed(object) | WatchEvent::Applied(object)
                if *object.key.name == *self.name =>
            {
                self.saw(&object).into_iter().collect()
            }
            WatchEvent::Deleted(object) if *object.key.name == *self.name => {
                let namespace = Arc::clone(&object.key.namespace);
                for listed in self.listed.values_mut() {
                    listed.remove(&namespace);
                }
                let known = self.versions.values_mut();
                let gone = known.filter_map(|known| known.remove(&namespace)).count();
                (gone > 0)
                    .then(|| self.tell(namespace, None))
                    .into_iter()
                    .collect()
            }
            WatchEvent::Listed(_) | WatchEvent::Applied(_) | WatchEvent::Deleted(_) => Vec::new(),
            WatchEvent::Synced { namespace } => self.complete(namespace),
            WatchEvent::Failed(failure) => vec![TeamEvent::Failed { which, failure }],
            WatchEvent::Recovered { .. } => vec![TeamEvent::Recovered(which)],
        }
    }

    /// The watch that sees this namespace.
    fn scope_of(&self, namespace: &Arc<str>) -> Option<Arc<str>> {
        let own = Some(Arc::clone(namespace));
        let single = self.listed.contains_key(&own) || self.versions.contains_key(&own);
        own.filter(|_| single)
    }

    fn saw(&mut self, object: &LeanObject) -> Option<TeamEvent> {
        let namespace = Arc::clone(&object.key.namespace);
        let scope = self.scope_of(&namespace);
        if let Some(listed) = self.listed.get_mut(&scope) {
            listed.insert(Arc::clone(&namespace));
        }
        let known = self.versions.entry(scope).or_default();
        let version = object.resource_version.clone();
        let before = known.insert(Arc::clone(&namespace), version.clone());
        (before != Some(version)).then(|| self.tell(namespace, Some(object)))
    }

    fn tell(&self, namespace: Arc<str>, object: Option<&LeanObject>) -> TeamEvent {
        match self.which {
            ConfigObject::ConfigMap => TeamEvent::ConfigMap(
                namespace,
                object.map(|object| Box::new(config_map_snapshot(object))),
            ),
            ConfigObject::Secret => TeamEvent::Secret(
                namespace,
                object.map(|object| Box::new(secret_snapshot(object))),
            ),
        }
    }

    /// What a complete list has not shown is gone.
    fn complete(&mut self, scope: Option<Arc<str>>) -> Vec<TeamEvent> {
        let listed = self.listed.remove(&scope).unwrap_or_default();
        let known = self.versions.entry(scope.clone()).or_default();
        let gone: Vec<Arc<str>> = known
            .keys()
            .filter(|namespace| !listed.contains(*namespace))
            .cloned()
            .collect();
        known.retain(|namespace, _| listed.contains(namespace));
        let mut told: Vec<TeamEvent> = gone
            .into_iter()
            .map(|namespace| self.tell(namespace, None))
            .collect();
        if self.synced.insert(scope) && self.synced.len() == self.unknown {
            told.push(TeamEvent::Synced(self.which));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(namespace: &str, version: u32) -> Box<LeanObject> {
        let text = format!(
            r#"{{"metadata":{{"name":"cm","namespace":"{namespace}","resourceVersion":"{version}"}}}}"#
        );
        Box::new(LeanObject::parse(&config_map_kind(), &text).unwrap())
    }

    /// `+a` for a ConfigMap of namespace a, `-a` when it is gone, `.` when all are known.
    fn told(events: Vec<TeamEvent>) -> String {
        let word = |event: TeamEvent| match event {
            TeamEvent::ConfigMap(namespace, Some(_)) => format!("+{namespace}"),
            TeamEvent::ConfigMap(namespace, None) => format!("-{namespace}"),
            TeamEvent::Synced(_) => ".".to_owned(),
            other => format!("{other:?}"),
        };
        events.into_iter().map(word).collect()
    }

    #[test]
    fn each_namespace_is_told_once_per_version_and_when_it_is_gone() {
        let mut state = Followed::new(ConfigObject::ConfigMap, "cm", &Scope::All);
        let restarted = || WatchEvent::Restarted { namespace: None };
        let synced = || WatchEvent::Synced { namespace: None };
        state.apply(restarted());
        assert_eq!(told(state.apply(WatchEvent::Listed(map("a", 1)))), "+a");
        assert_eq!(told(state.apply(WatchEvent::Listed(map("b", 2)))), "+b");
        assert_eq!(told(state.apply(synced())), ".");
        assert_eq!(told(state.apply(WatchEvent::Applied(map("a", 3)))), "+a");
        assert_eq!(told(state.apply(WatchEvent::Applied(map("a", 3)))), "");
        assert_eq!(told(state.apply(WatchEvent::Deleted(map("b", 4)))), "-b");
        assert_eq!(told(state.apply(WatchEvent::Deleted(map("b", 4)))), "");
        state.apply(restarted());
        assert_eq!(told(state.apply(WatchEvent::Listed(map("c", 5)))), "+c");
        assert_eq!(told(state.apply(synced())), "-a", "not listed any more");
    }

    #[test]
    fn watches_over_single_namespaces_are_complete_together() {
        let scope = Scope::Namespaces(vec!["a".into(), "b".into()]);
        let mut state = Followed::new(ConfigObject::ConfigMap, "cm", &scope);
        let one = |name: &str| Some(Arc::<str>::from(name));
        for name in ["a", "b"] {
            state.apply(WatchEvent::Restarted {
                namespace: one(name),
            });
        }
        assert_eq!(told(state.apply(WatchEvent::Listed(map("b", 1)))), "+b");
        assert_eq!(
            told(state.apply(WatchEvent::Synced {
                namespace: one("a")
            })),
            ""
        );
        assert_eq!(
            told(state.apply(WatchEvent::Synced {
                namespace: one("b")
            })),
            "."
        );
        state.apply(WatchEvent::Restarted {
            namespace: one("a"),
        });
        assert_eq!(
            told(state.apply(WatchEvent::Synced {
                namespace: one("a")
            })),
            "",
            "the list of a says nothing of b"
        );
    }
}
