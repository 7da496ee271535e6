//! The ConfigMap and the Secret that the catalog is made of, as a stream of snapshots.

use super::apply::config_map_kind;
use super::client::Cluster;
use super::lean::LeanObject;
use super::managed_fields::{FieldManager, managers};
use super::watch::{Scope, WatchEvent, WatchFailure, WatchOptions, WatchStream, watch};
use crate::domain::{Kind, SecretText};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{Stream, StreamExt as _};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Which of the two objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigObject {
    /// The ConfigMap.
    ConfigMap,
    /// The Secret.
    Secret,
}

impl std::fmt::Display for ConfigObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        })
    }
}

/// A ConfigMap at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigMapSnapshot {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`: the base of a draft made from this snapshot.
    pub resource_version: String,
    /// `data`.
    pub data: BTreeMap<String, String>,
    /// The keys of `binaryData`, which nobody reads.
    pub binary_keys: Vec<String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// Who has written it, the latest first.
    pub managers: Vec<FieldManager>,
}

/// A Secret at one moment. Printing it shows the names of its keys and no values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSnapshot {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.resourceVersion`.
    pub resource_version: String,
    /// `data`, decoded.
    pub data: BTreeMap<String, SecretBytes>,
}

/// A value of a Secret: any bytes, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes(Arc<[u8]>);

impl SecretBytes {
    /// Wraps a value.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, for the one place that uses them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The value as text; `None` when it is not UTF-8.
    pub fn text(&self) -> Option<SecretText> {
        std::str::from_utf8(&self.0).ok().map(SecretText::new)
    }
}

impl std::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("********")
    }
}

/// What happens to the two objects.
#[derive(Clone, Debug)]
pub enum ConfigEvent {
    /// The ConfigMap as it is now; `None` when there is none.
    ConfigMap(Option<Box<ConfigMapSnapshot>>),
    /// The Secret as it is now; `None` when there is none.
    Secret(Option<Box<SecretSnapshot>>),
    /// One of them cannot be watched at the moment; what was told last may be out of date.
    Failed {
        /// Which.
        which: ConfigObject,
        /// What is wrong.
        failure: Box<WatchFailure>,
    },
    /// The trouble is over.
    Recovered {
        /// Which.
        which: ConfigObject,
    },
}

/// Watches one ConfigMap and one Secret, each by its name. For each of them the first thing to come
/// is what it is now (or that it does not exist), unless it cannot be read; the same state is not
/// told twice. The stream ends only with the runtime; dropping it ends the watches.
pub fn watch_config(
    cluster: &Cluster,
    namespace: &str,
    config_map: &str,
    secret: &str,
    options: &WatchOptions,
) -> impl Stream<Item = ConfigEvent> + Send + Unpin + use<> {
    let secret_kind = secret_kind();
    let watch_one = |kind, name: &str| {
        let options = WatchOptions {
            field_selector: Some(format!("metadata.name={name}")),
            ..options.clone()
        };
        let scope = Scope::Namespaces(vec![namespace.to_owned()]);
        watch(cluster, kind, &scope, &options)
    };
    let config_maps = follow(
        watch_one(config_map_kind(), config_map),
        ConfigObject::ConfigMap,
        config_map,
        |object| ConfigEvent::ConfigMap(object.map(|object| Box::new(config_map_snapshot(object)))),
    );
    let secrets = follow(
        watch_one(secret_kind, secret),
        ConfigObject::Secret,
        secret,
        |object| ConfigEvent::Secret(object.map(|object| Box::new(secret_snapshot(object)))),
    );
    Box::pin(futures::stream::select(config_maps, secrets))
}

pub(super) fn secret_kind() -> Arc<Kind> {
    Arc::new(Kind {
        kind: "Secret".into(),
        plural: "secrets".into(),
        ..Kind::clone(&config_map_kind())
    })
}

/// Turns the events of a watch into the states of the one object of this name.
fn follow<F>(
    events: WatchStream,
    which: ConfigObject,
    name: &str,
    tell: F,
) -> impl Stream<Item = ConfigEvent> + Send + use<F>
where
    F: Fn(Option<&LeanObject>) -> ConfigEvent + Send,
{
    let mut state = SingleObject::new(name);
    events.filter_map(move |event| {
        let told = match event {
            WatchEvent::Failed(failure) => Some(ConfigEvent::Failed { which, failure }),
            WatchEvent::Recovered { .. } => Some(ConfigEvent::Recovered { which }),
            event => state.apply(event).then(|| tell(state.now.as_deref())),
        };
        std::future::ready(told)
    })
}

/// What is known about one object from a watch.
struct SingleObject {
    name: String,
    now: Option<Box<LeanObject>>,
    /// What the list that is under way has shown.
    listed: Option<Box<LeanObject>>,
    /// The version that was told last; the inner `None` stands for "absent".
    told: Option<Option<String>>,
}

impl SingleObject {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            now: None,
            listed: None,
            told: None,
        }
    }

    /// True when there is a new state to tell.
    fn apply(&mut self, event: WatchEvent) -> bool {
        match event {
            WatchEvent::Restarted { .. } => {
                self.listed = None;
                return false;
            }
            WatchEvent::Listed(object) => {
                // A server that ignores the selector sends others as well.
                if *object.key.name == *self.name {
                    self.listed = Some(object);
                }
                return false;
            }
            WatchEvent::Synced { .. } => self.now = self.listed.take(),
            WatchEvent::Applied(object) if *object.key.name == *self.name => {
                self.now = Some(object);
            }
            WatchEvent::Deleted(object) if *object.key.name == *self.name => self.now = None,
            _ => return false,
        }
        let version = self
            .now
            .as_ref()
            .map(|object| object.resource_version.clone());
        let changed = self.told.as_ref() != Some(&version);
        self.told = Some(version);
        changed
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigMapBody {
    data: Option<BTreeMap<String, Option<String>>>,
    binary_data: Option<BTreeMap<String, serde::de::IgnoredAny>>,
}

pub(super) fn config_map_snapshot(object: &LeanObject) -> ConfigMapSnapshot {
    let body: Option<ConfigMapBody> = serde_json::from_str(&object.raw).ok();
    let (data, binary) = body.map_or((None, None), |body| (body.data, body.binary_data));
    let data = data.unwrap_or_default().into_iter();
    ConfigMapSnapshot {
        namespace: object.key.namespace.to_string(),
        name: object.key.name.to_string(),
        uid: object.uid.clone(),
        resource_version: object.resource_version.clone(),
        data: data
            .map(|(key, text)| (key, text.unwrap_or_default()))
            .collect(),
        binary_keys: binary.unwrap_or_default().into_keys().collect(),
        labels: object.labels.clone(),
        annotations: object.annotations.clone(),
        managers: managers(&object.raw),
    }
}

#[derive(Deserialize)]
struct SecretBody {
    data: Option<BTreeMap<String, Option<String>>>,
}

pub(super) fn secret_snapshot(object: &LeanObject) -> SecretSnapshot {
    let body: Option<SecretBody> = serde_json::from_str(&object.raw).ok();
    let data = body
        .and_then(|body| body.data)
        .unwrap_or_default()
        .into_iter();
    let decoded = data.map(|(key, text)| {
        let text = text.unwrap_or_default();
        // The API server stores nothing that is not base64; the text itself is the best guess.
        let bytes = STANDARD.decode(&text).unwrap_or_else(|_| text.into_bytes());
        (key, SecretBytes::new(bytes))
    });
    SecretSnapshot {
        namespace: object.key.namespace.to_string(),
        name: object.key.name.to_string(),
        uid: object.uid.clone(),
        resource_version: object.resource_version.clone(),
        data: decoded.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Box<LeanObject> {
        Box::new(LeanObject::parse(&config_map_kind(), text).unwrap())
    }

    fn version(number: u32) -> Box<LeanObject> {
        object(&format!(
            r#"{{"metadata":{{"name":"cm","resourceVersion":"{number}"}}}}"#
        ))
    }

    #[test]
    fn tells_each_state_once() {
        let restarted = || WatchEvent::Restarted { namespace: None };
        let synced = || WatchEvent::Synced { namespace: None };
        let mut state = SingleObject::new("cm");
        assert!(!state.apply(restarted()));
        assert!(state.apply(synced()), "absent is an answer");
        assert!(state.apply(WatchEvent::Applied(version(1))));
        assert!(!state.apply(WatchEvent::Applied(version(1))));
        assert!(!state.apply(restarted()));
        assert!(!state.apply(WatchEvent::Listed(version(1))));
        assert!(!state.apply(synced()), "nothing new since the restart");
        let other = object(r#"{"metadata":{"name":"other","resourceVersion":"9"}}"#);
        assert!(!state.apply(WatchEvent::Deleted(other)));
        assert!(state.apply(WatchEvent::Deleted(version(2))));
        assert!(state.now.is_none());
        assert!(!state.apply(restarted()));
        assert!(!state.apply(synced()), "still absent");
    }

    #[test]
    fn reads_data_and_prints_no_secret() {
        let secret = secret_snapshot(&object(
            r#"{"metadata":{"name":"s"},"data":{"a":"aHVudGVyMg==","b":null,"c":"/w=="}}"#,
        ));
        assert_eq!(secret.data["a"].text().unwrap().expose(), "hunter2");
        assert_eq!(secret.data["b"].expose(), b"");
        assert!(secret.data["c"].text().is_none());
        assert!(!format!("{secret:?}").contains("hunter2"));
        let config = config_map_snapshot(&object(
            r#"{"metadata":{"name":"cm"},"data":{"k":"v"},"binaryData":{"z":"AA=="}}"#,
        ));
        assert_eq!(config.data["k"], "v");
        assert_eq!(config.binary_keys, ["z"]);
        let empty = config_map_snapshot(&object(r#"{"metadata":{"name":"cm"},"data":null}"#));
        assert!(empty.data.is_empty());
    }
}
