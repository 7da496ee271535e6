//! The configuration task: ConfigMap and Secret, from the cluster to a catalog in force.

use super::reconcile::Input;
use crate::catalog::{BuildOptions, Catalog, ConfigMeta, ConfigSource, ConfigWriter};
use crate::cluster::{
    Cluster, ConfigEvent, ConfigMapSnapshot, ConfigObject, FailureClass, SecretSnapshot,
    WatchFailure, WatchOptions, watch_config,
};
use futures::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// What the configuration task tells the reconciler.
pub enum ConfigInput {
    /// Another catalog is to be in force.
    Built(Box<Built>),
    /// The ConfigMap or the Secret can't be read; what was in force stays so.
    Failed {
        /// `ConfigMap` or `Secret`, with its name.
        what: String,
        /// Why.
        failure: Box<WatchFailure>,
    },
    /// One of them can be read again.
    Recovered {
        /// `ConfigMap` or `Secret`, with its name.
        what: String,
    },
}

/// A catalog with the texts it was built from.
pub struct Built {
    /// The catalog.
    pub catalog: Arc<Catalog>,
    /// The ConfigMap exists.
    pub found: bool,
    /// Its resourceVersion; empty when it does not exist.
    pub resource_version: String,
    /// Its keys and texts.
    pub data: Arc<BTreeMap<String, String>>,
    /// Names of the Secret's keys.
    pub secret_keys: Vec<String>,
    /// What else is known of the ConfigMap.
    pub meta: Arc<ConfigMeta>,
}

/// Watches ConfigMap and Secret and builds a catalog whenever one of them changes, until it is
/// stopped. The first catalog is built when both have been looked for.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one end of the engine's wiring"
)]
pub async fn run(
    cluster: Cluster,
    namespace: String,
    config_map: String,
    secret: String,
    options: BuildOptions,
    watching: WatchOptions,
    inputs: mpsc::Sender<Input>,
    stop: CancellationToken,
) {
    let mut events = watch_config(&cluster, &namespace, &config_map, &secret, &watching);
    let mut map: Option<Option<Box<ConfigMapSnapshot>>> = None;
    let mut secrets: Option<Option<Box<SecretSnapshot>>> = None;
    let mut previous: Option<Arc<Catalog>> = None;
    let mut rebuild = false;
    loop {
        let event = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            event = events.next() => event,
        };
        let Some(event) = event else { return };
        let mut input = None;
        match event {
            ConfigEvent::ConfigMap(snapshot) => {
                map = Some(snapshot);
                rebuild = true;
            }
            ConfigEvent::Secret(snapshot) => {
                secrets = Some(snapshot);
                rebuild = true;
            }
            ConfigEvent::Recovered { which } => {
                input = Some(ConfigInput::Recovered {
                    what: named(which, &config_map, &secret),
                });
            }
            ConfigEvent::Failed { which, failure } => {
                // Without the right to read it the Secret counts as absent: most of a
                // configuration works without.
                if which == ConfigObject::Secret
                    && failure.class == FailureClass::Forbidden
                    && secrets.is_none()
                {
                    secrets = Some(None);
                    rebuild = true;
                }
                let what = named(which, &config_map, &secret);
                input = Some(ConfigInput::Failed { what, failure });
            }
        }
        if let Some(input) = input
            && inputs.send(Input::Config(input)).await.is_err()
        {
            return;
        }
        let (Some(map), Some(secrets)) = (&map, &secrets) else {
            continue;
        };
        if !std::mem::take(&mut rebuild) {
            continue;
        }
        let source = source(&namespace, &config_map, map.as_deref(), secrets.as_deref());
        let Some(mut built) = build(source, previous.clone(), &options).await else {
            continue;
        };
        built.meta = Arc::new(map.as_deref().map(meta).unwrap_or_default());
        previous = Some(Arc::clone(&built.catalog));
        let built = ConfigInput::Built(Box::new(built));
        if inputs.send(Input::Config(built)).await.is_err() {
            return;
        }
    }
}

/// Builds a catalog; `None` when that was cut short, which is told: what was in force stays so.
pub async fn build(
    source: ConfigSource,
    previous: Option<Arc<Catalog>>,
    options: &BuildOptions,
) -> Option<Built> {
    let found = source.found;
    let resource_version = source.resource_version.clone();
    let data = Arc::new(source.data.clone());
    let secret_keys = source.secret.keys().cloned().collect();
    let namespace = source.namespace.clone();
    let options = options.clone();
    // Building compiles every expression and template: not for a thread that serves the network.
    let build = move || Catalog::build(&source, previous.as_deref(), &options);
    match tokio::task::spawn_blocking(build).await {
        Ok(catalog) => Some(Built {
            catalog: Arc::new(catalog),
            found,
            resource_version,
            data,
            secret_keys,
            meta: Arc::default(),
        }),
        Err(_) => {
            tracing::error!(
                "building the configuration in namespace {namespace} failed; what was in force \
                 stays so"
            );
            None
        }
    }
}

/// What a catalog is built from.
pub fn source(
    namespace: &str,
    name: &str,
    map: Option<&ConfigMapSnapshot>,
    secret: Option<&SecretSnapshot>,
) -> ConfigSource {
    ConfigSource {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        resource_version: map
            .map(|map| map.resource_version.clone())
            .unwrap_or_default(),
        data: map.map(|map| map.data.clone()).unwrap_or_default(),
        found: map.is_some(),
        secret: secret.map(values).unwrap_or_default(),
        secret_found: secret.is_some(),
    }
}

fn meta(map: &ConfigMapSnapshot) -> ConfigMeta {
    let whole = map
        .managers
        .iter()
        .filter(|manager| manager.subresource.is_empty());
    let writers = whole.map(|manager| ConfigWriter {
        manager: manager.manager.clone(),
        applies: manager.operation == "Apply",
        at_ms: manager.time.map(jiff::Timestamp::as_millisecond),
    });
    ConfigMeta {
        labels: map.labels.clone(),
        annotations: map.annotations.clone(),
        binary_keys: map.binary_keys.clone(),
        writers: writers.collect(),
    }
}

fn named(which: ConfigObject, config_map: &str, secret: &str) -> String {
    let name = match which {
        ConfigObject::ConfigMap => config_map,
        ConfigObject::Secret => secret,
    };
    format!("{which} {name}")
}

fn values(secret: &SecretSnapshot) -> BTreeMap<String, Vec<u8>> {
    let data = secret.data.iter();
    data.map(|(name, value)| (name.clone(), value.expose().to_vec()))
        .collect()
}
