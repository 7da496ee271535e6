//! Every setting with its default. `config.example.yaml` shows them all and is tested against this.

use super::delivery::DeliverySettings;
use super::flood::FloodGuard;
use crate::domain::{DEFAULT_PREFIX, Mode, ParseShardError, Shard};
use serde::{Deserialize, Deserializer, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// All settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// Namespace of the ConfigMap and the Secret; empty for that of the context.
    pub namespace: String,
    /// Name of the ConfigMap.
    pub config_map: String,
    /// Name of the Secret.
    pub secret: String,
    /// Prefix of the subscribe annotations and of the one with the notified state.
    pub annotation_prefix: String,
    /// What is watched.
    pub watches: Vec<WatchSettings>,
    /// After about this long a watch is opened anew where it was. A connection that has died without
    /// a word is noticed five seconds later.
    #[serde(with = "super::duration")]
    pub watch_timeout: Duration,
    /// How much the engine may do.
    pub mode: Mode,
    /// No write and no sending, whatever the mode.
    pub read_only: bool,
    /// In the dashboard, whatever writes to the cluster or sends is confirmed by typing the name of
    /// the context, not by `y`.
    pub protected: bool,
    /// Which version of the condition language: `1.16` as the original, or `1.17` as Argo CD.
    #[serde(deserialize_with = "version")]
    pub expr_version: String,
    /// ConfigMaps and Secrets of the same names in other namespaces configure the objects there.
    pub self_service: bool,
    /// What to do when somebody else wipes the notified state of an object.
    pub on_state_lost: OnStateLost,
    /// Who may send, when there are several engines.
    pub lease: LeaseSettings,
    /// The share of the objects that this engine takes: `i/n`, or `/n` in a Pod of a StatefulSet;
    /// empty for all.
    pub shard: String,
    /// How deliveries are made.
    pub delivery: DeliverySettings,
    /// What to do when a start or a new configuration would send many notifications at once.
    pub flood_guard: FloodGuard,
    /// Mark what is true at the first sight of a condition as sent, without sending it.
    pub baseline: bool,
    /// The record of deliveries.
    pub history: HistorySettings,
    /// Logging.
    pub log: LogSettings,
    /// Metrics and health endpoints of `run`.
    pub metrics: MetricsSettings,
    /// The dashboard.
    pub ui: UiSettings,
    /// The editor of the dashboard.
    pub editor: EditorSettings,
    /// Where history, drafts and logs are kept; empty for the usual place, per context.
    pub state_dir: PathBuf,
    /// Settings for contexts whose name matches.
    pub contexts: Vec<ContextSettings>,
}

/// How keys are understood in the editor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EditorKeys {
    /// As in most programs: what is typed is text.
    #[default]
    Default,
    /// As in vim, with its modes.
    Vim,
}

/// The editor of the dashboard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EditorSettings {
    /// How keys are understood.
    pub keys: EditorKeys,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            namespace: String::new(),
            config_map: "pod-notifications-cm".into(),
            secret: "pod-notifications-secret".into(),
            annotation_prefix: DEFAULT_PREFIX.into(),
            watches: vec![WatchSettings::default()],
            watch_timeout: Duration::from_secs(120),
            mode: Mode::Active,
            read_only: false,
            protected: false,
            expr_version: "1.16".into(),
            self_service: false,
            on_state_lost: OnStateLost::default(),
            lease: LeaseSettings::default(),
            shard: String::new(),
            delivery: DeliverySettings::default(),
            flood_guard: FloodGuard::default(),
            baseline: false,
            history: HistorySettings::default(),
            log: LogSettings::default(),
            metrics: MetricsSettings::default(),
            ui: UiSettings::default(),
            editor: EditorSettings::default(),
            state_dir: PathBuf::new(),
            contexts: Vec::new(),
        }
    }
}

impl Settings {
    /// The share of the objects that this engine takes; `None` for all of them.
    ///
    /// # Errors
    /// The setting does not name one.
    pub fn shard(&self) -> Result<Option<Shard>, ParseShardError> {
        let name = |variable| std::env::var(variable).ok();
        let pod = name("POD_NAME").or_else(|| name("HOSTNAME"));
        Shard::parse(&self.shard, &pod.unwrap_or_default())
    }
}

/// What to do when somebody else wipes the notified state of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnStateLost {
    /// Send what is still true again, but the second time within ten minutes put the state back.
    #[default]
    RestoreSecond,
    /// Send again, every time.
    Resend,
    /// Put the state back, every time.
    Restore,
}

/// One watched kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WatchSettings {
    /// The kind, as kubectl names it: `pods`, `deployments.apps`, `applications.argoproj.io`.
    pub resource: String,
    /// Namespaces; empty for all.
    pub namespaces: Vec<String>,
    /// Label selector that the server applies; empty for none.
    pub selector: String,
    /// Name of the object in conditions and templates; empty for the kind in lower case.
    pub variable: String,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            resource: "pods".into(),
            namespaces: Vec::new(),
            selector: String::new(),
            variable: String::new(),
        }
    }
}

/// Who may send, when there are several engines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LeaseSettings {
    /// Send only while holding the Lease.
    pub enabled: bool,
    /// Its name, in the namespace of the ConfigMap.
    pub name: String,
}

impl Default for LeaseSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            name: "kubechime".into(),
        }
    }
}

/// The record of deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HistorySettings {
    /// Rows older than this are removed.
    #[serde(with = "super::duration")]
    pub max_age: Duration,
    /// Rows beyond this are removed, oldest first.
    pub max_rows: u64,
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(90 * 24 * 3600),
            max_rows: 1_000_000,
        }
    }
}

/// Form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogStyle {
    /// `time="…" level=info msg="…" resource=…`, in today's wording.
    #[default]
    Text,
    /// One JSON object a line, in today's wording.
    Json,
    /// As `text`, in the wording of 2022.
    Classic,
}

/// Logging.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LogSettings {
    /// Form of the lines.
    pub style: LogStyle,
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives for single modules such as
    /// `info,kubechime::cluster=debug`.
    pub level: String,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            style: LogStyle::Text,
            level: "info".into(),
        }
    }
}

/// Metrics and health endpoints of `run`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MetricsSettings {
    /// Address that `/metrics`, `/healthz` and `/readyz` are served on; empty for none.
    pub listen: String,
    /// Prefix of the metrics' names; the original's default is empty, Argo CD's `argocd`.
    pub prefix: String,
}

impl Default for MetricsSettings {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:9001".into(),
            prefix: String::new(),
        }
    }
}

/// The dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UiSettings {
    /// Take the mouse at the start.
    pub mouse: bool,
    /// Draw lines in ASCII.
    pub ascii: bool,
    /// `auto` (the terminal's 16 colours, none under `NO_COLOR`), `ansi`, `dark`, `light`, `mono`, or
    /// the name of a file in `themes` beside the settings file, without its ending.
    pub theme: String,
    /// The keys to start from: `default`, `vim`, `emacs` or `k9s`.
    pub keymap: String,
    /// A file that changes them; empty for `keys` beside the settings file, if it is there.
    pub keys: PathBuf,
}

impl Default for UiSettings {
    fn default() -> Self {
        Self {
            mouse: true,
            ascii: false,
            theme: "auto".into(),
            keymap: "default".into(),
            keys: PathBuf::new(),
        }
    }
}

/// Settings for contexts whose name matches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextSettings {
    /// Regular expression over the whole name of the context.
    #[serde(rename = "match")]
    pub pattern: String,
    /// The settings, of the same shape as the file itself.
    #[serde(flatten)]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// A version, with or without quotes: YAML takes it for a number without them.
fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Version {
        Text(String),
        Number(f64),
    }
    Ok(match Version::deserialize(deserializer)? {
        Version::Text(text) => text,
        Version::Number(number) => number.to_string(),
    })
}
