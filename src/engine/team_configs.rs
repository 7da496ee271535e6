//! The task that watches the configurations of namespaces other than the engine's own, and builds a
//! catalog of each. `self_service` says what they are for.

use super::configure::{self, Built};
use super::reconcile::Input;
use crate::catalog::{BuildOptions, Catalog};
use crate::cluster::{
    Cluster, ConfigMapSnapshot, ConfigObject, FailureClass, Scope, SecretSnapshot, TeamEvent,
    WatchFailure, WatchOptions, watch_team_configs,
};
use futures::StreamExt as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Bytes of ConfigMaps and Secrets that are kept for all namespaces together. A namespace beyond it
/// is refused until it changes.
pub const MAX_BYTES: usize = 64 << 20;

/// A ConfigMap and its Secret often change together, but their watches know nothing of each other:
/// nothing is built until both have been quiet for this long …
const SETTLE: Duration = Duration::from_millis(100);

/// … or for this long if they never are.
const LONGEST: Duration = Duration::from_secs(1);

/// What the task tells the reconciler.
pub enum TeamInput {
    /// The configuration of a namespace; `None` when there is none (any more).
    Built(Arc<str>, Option<Box<Built>>),
    /// All that there are have been told.
    Ready,
    /// A namespace was refused because all of them together are too large.
    Refused(Arc<str>),
    /// ConfigMaps or Secrets can't be read in other namespaces; what was in force stays so.
    Failed {
        /// Which of the two.
        which: ConfigObject,
        /// Why.
        failure: Box<WatchFailure>,
    },
    /// They can be read again.
    Recovered(ConfigObject),
}

/// What is known of one namespace.
#[derive(Default)]
struct Source {
    map: Option<Box<ConfigMapSnapshot>>,
    secret: Option<Box<SecretSnapshot>>,
    previous: Option<Arc<Catalog>>,
    /// The reconciler knows of it.
    told: bool,
    refused: bool,
}

impl Source {
    fn bytes(&self) -> usize {
        let map = self.map.iter().flat_map(|map| &map.data);
        let map: usize = map.map(|(key, text)| key.len() + text.len()).sum();
        let secret = self.secret.iter().flat_map(|secret| &secret.data);
        let secret: usize = secret
            .map(|(key, value)| key.len() + value.expose().len())
            .sum();
        map + secret
    }
}

/// All namespaces but the engine's own.
struct Sources {
    of: BTreeMap<Arc<str>, Source>,
    config_map: String,
    options: BuildOptions,
}

impl Sources {
    /// The source of a namespace that is not the engine's own.
    fn get(&mut self, namespace: &Arc<str>) -> Option<&mut Source> {
        if **namespace == *self.options.default_namespace {
            return None;
        }
        Some(self.of.entry(Arc::clone(namespace)).or_default())
    }

    /// What is to be told of a namespace that has changed.
    async fn build(&mut self, namespace: Arc<str>) -> Vec<TeamInput> {
        // Only those in force count: one that is to be built next must not push this one out.
        let others = self
            .of
            .iter()
            .filter(|(of, source)| source.told && **of != namespace);
        let others: usize = others.map(|(_, source)| source.bytes()).sum();
        let Some(source) = self.of.get_mut(&namespace) else {
            return Vec::new();
        };
        let size = source.bytes();
        let refused = source.map.is_some() && others.saturating_add(size) > MAX_BYTES;
        let newly = refused && !source.refused;
        source.refused = refused;
        let built = match &source.map {
            Some(map) if !refused => {
                let secret = source.secret.as_deref();
                let config = configure::source(&namespace, &self.config_map, Some(map), secret);
                let previous = source.previous.clone();
                let Some(built) = configure::build(config, previous, &self.options).await else {
                    return Vec::new();
                };
                source.previous = Some(Arc::clone(&built.catalog));
                Some(Box::new(built))
            }
            _ => {
                source.previous = None;
                None
            }
        };
        let tell = built.is_some() || source.told;
        source.told = built.is_some();
        if refused {
            // What is not used is not kept either.
            source.map = None;
            source.secret = None;
        } else if source.map.is_none() && source.secret.is_none() {
            self.of.remove(&namespace);
        }
        let refusal = newly.then(|| TeamInput::Refused(Arc::clone(&namespace)));
        let news = tell.then_some(TeamInput::Built(namespace, built));
        refusal.into_iter().chain(news).collect()
    }
}

/// Watches the ConfigMaps and Secrets of these names in all namespaces but the engine's own, and
/// builds a catalog for each namespace with a ConfigMap, until it is stopped.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one end of the engine's wiring"
)]
pub async fn run(
    cluster: Cluster,
    scope: Scope,
    config_map: String,
    secret: String,
    options: BuildOptions,
    watching: WatchOptions,
    inputs: mpsc::Sender<Input>,
    stop: CancellationToken,
) {
    let mut events = watch_team_configs(&cluster, &scope, &config_map, &secret, &watching);
    let mut sources = Sources {
        of: BTreeMap::new(),
        config_map,
        options,
    };
    let mut changed: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut first_change = Instant::now();
    let mut unknown = BTreeSet::from([ConfigObject::ConfigMap, ConfigObject::Secret]);
    let mut ready = false;
    loop {
        let due = !changed.is_empty() || (unknown.is_empty() && !ready);
        let build_at = (Instant::now() + SETTLE).min(first_change + LONGEST);
        let event = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            event = events.next() => match event {
                Some(event) => Some(event),
                None => return,
            },
            () = tokio::time::sleep_until(build_at), if due && unknown.is_empty() => None,
        };
        let mut told = Vec::new();
        match event {
            Some(TeamEvent::ConfigMap(namespace, map)) => {
                if let Some(source) = sources.get(&namespace) {
                    source.map = map;
                    note(&mut changed, namespace, &mut first_change);
                }
            }
            Some(TeamEvent::Secret(namespace, secret)) => {
                if let Some(source) = sources.get(&namespace) {
                    source.secret = secret;
                    note(&mut changed, namespace, &mut first_change);
                }
            }
            Some(TeamEvent::Synced(which)) => {
                unknown.remove(&which);
            }
            Some(TeamEvent::Failed { which, failure }) => {
                // Without the right to read them there are none.
                if failure.class == FailureClass::Forbidden {
                    unknown.remove(&which);
                }
                told.push(TeamInput::Failed { which, failure });
            }
            Some(TeamEvent::Recovered(which)) => told.push(TeamInput::Recovered(which)),
            None => {
                for namespace in std::mem::take(&mut changed) {
                    told.extend(sources.build(namespace).await);
                }
                if !std::mem::replace(&mut ready, true) {
                    told.push(TeamInput::Ready);
                }
            }
        }
        for input in told {
            if inputs.send(Input::Team(input)).await.is_err() {
                return;
            }
        }
    }
}

fn note(changed: &mut BTreeSet<Arc<str>>, namespace: Arc<str>, first_change: &mut Instant) {
    if changed.is_empty() {
        *first_change = Instant::now();
    }
    changed.insert(namespace);
}
