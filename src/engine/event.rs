//! What a running engine tells: rows that change, deliveries, its own condition.

use super::command::Done;
use super::progress::{Migration, PreviewNews};
use crate::catalog::{Catalog, ConfigMeta};
use crate::domain::{Delivery, Kind, Mode, ResourceKey, Severity, Shard};
use crate::history::HeldCount;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state a resource is listed with: the most urgent of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowState {
    /// No condition is true.
    Idle,
    /// What is true was sent before.
    AlreadySent,
    /// State keys were cleared by hand.
    Cleared,
    /// Would have been sent (dry run).
    DryRun,
    /// Sent since the last change.
    Sent,
    /// A delivery is under way.
    Waiting,
    /// A condition could not be evaluated, or a subscription leads nowhere.
    Error,
    /// A delivery failed for good.
    Failed,
}

/// One subscribed resource, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRow {
    /// Which.
    pub key: ResourceKey,
    /// Its UID.
    pub uid: Arc<str>,
    /// When the object was created, in milliseconds since 1970; 0 when unknown.
    pub created_ms: i64,
    /// Conditions that are true.
    pub conditions_true: u16,
    /// All conditions of the triggers that it is subscribed to.
    pub conditions: u16,
    /// Conditions that could not be evaluated.
    pub errors: u16,
    /// Entries of its notified state.
    pub notified: u16,
    /// The most urgent state.
    pub state: RowState,
    /// The trigger of the last thing that happened; empty when nothing has.
    pub last_trigger: Arc<str>,
    /// When that was, in milliseconds since 1970; 0 when nothing has happened.
    pub last_ms: i64,
}

/// How a watch is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchPhase {
    /// The first list is being read.
    Listing,
    /// Up to date.
    Live,
    /// It fails and is retried.
    Failed {
        /// What the server or the network said.
        message: String,
        /// What to do about it; empty when there is nothing to say.
        help: String,
        /// Since when, in milliseconds since 1970.
        since_ms: i64,
    },
}

/// One watched kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchStatus {
    /// The kind.
    pub kind: Arc<Kind>,
    /// Its namespaces; empty for all.
    pub namespaces: Vec<String>,
    /// How it is doing.
    pub phase: WatchPhase,
    /// Objects seen.
    pub objects: u64,
    /// Of those, subscribed ones.
    pub subscribed: u64,
}

/// Who may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseStatus {
    /// Leases are not used.
    Off,
    /// Being asked for.
    Acquiring,
    /// This engine holds it.
    Held {
        /// Since when, in milliseconds since 1970.
        since_ms: i64,
    },
    /// Another engine holds it.
    Other {
        /// Its identity.
        holder: String,
    },
    /// It can't be used: no right, or no connection.
    Unavailable {
        /// Why.
        reason: String,
    },
}

/// Numbers since the engine started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Condition evaluations.
    pub evaluations: u64,
    /// Evaluations that ended in an error.
    pub evaluation_errors: u64,
    /// Deliveries that a service accepted.
    pub sent: u64,
    /// Deliveries given up.
    pub failed: u64,
    /// Looks at something that was sent before.
    pub already_sent: u64,
    /// State patches written.
    pub patches: u64,
    /// State patches that failed.
    pub patch_errors: u64,
    /// Keys that wait for evaluation now.
    pub queue: u64,
    /// Deliveries that are under way now, waiting ones included.
    pub delivering: u64,
}

/// The engine's condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineStatus {
    /// The mode in force.
    pub mode: Mode,
    /// The mode that was asked for.
    pub wanted: Mode,
    /// Why they differ, or why the mode that was asked for is not that of the settings; empty when
    /// there is nothing to say.
    pub reason: String,
    /// Who may send.
    pub lease: LeaseStatus,
    /// The share of the objects that this engine takes; `None` for all.
    pub shard: Option<Shard>,
    /// Writes are switched off.
    pub read_only: bool,
    /// Kubeconfig context.
    pub context: String,
    /// Address of the API server.
    pub server: String,
    /// False while the API server can't be reached.
    pub connected: bool,
    /// What is wrong with the history store; empty when nothing is.
    pub history_problem: String,
    /// Numbers.
    pub counters: Counters,
}

/// How the deliveries through one service are doing.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneStatus {
    /// Name of the service.
    pub service: Arc<str>,
    /// Deliveries in memory that wait for their turn.
    pub waiting: u64,
    /// Deliveries that wait for another try after one that failed.
    pub retrying: u64,
    /// Deliveries that wait for a limit of the rate, or because the service asked for a pause.
    pub limited: u64,
    /// Tries in flight.
    pub in_flight: u64,
    /// Deliveries that wait in the history, because there are too many for the memory.
    pub spilled: u64,
    /// Deliveries that the flood guard holds.
    pub held: u64,
    /// Deliveries that arrived since the engine started.
    pub sent: u64,
    /// Deliveries given up since the engine started.
    pub failed: u64,
    /// When the last one arrived, in milliseconds since 1970.
    pub sent_ms: Option<i64>,
    /// What went wrong last; empty when nothing has. Masked.
    pub error: String,
    /// When that was, in milliseconds since 1970.
    pub error_ms: Option<i64>,
    /// Duration of a try in milliseconds, smoothed over the last few.
    pub latency_ms: Option<u64>,
    /// At most so many per second go through it; `None` without a limit.
    pub rate: Option<f64>,
    /// The same for each recipient.
    pub recipient_rate: Option<f64>,
    /// Deliveries that may be rendered or sent at a time.
    pub places: u64,
    /// Recipients for which the service asked for a pause that is not over.
    pub paused: u64,
    /// When the longest of these pauses ends, in milliseconds since 1970, to the second.
    pub paused_until_ms: Option<i64>,
}

/// What the flood guard holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldStatus {
    /// How many notifications.
    pub total: u64,
    /// By destination and trigger, the largest groups first.
    pub groups: Vec<HeldCount>,
}

/// The configuration in force, with the texts that an editor needs.
#[derive(Clone, Debug)]
pub struct CatalogView {
    /// What is in force.
    pub catalog: Arc<Catalog>,
    /// The ConfigMap exists.
    pub found: bool,
    /// Namespace of the ConfigMap.
    pub namespace: String,
    /// Name of the ConfigMap.
    pub name: String,
    /// Its resourceVersion; empty when it does not exist.
    pub resource_version: String,
    /// Its keys and texts as they are in the cluster. No secret is in them: those are `$name`.
    pub data: Arc<BTreeMap<String, String>>,
    /// Names of the Secret's keys, without values.
    pub secret_keys: Vec<String>,
    /// What else is known of the ConfigMap: labels, annotations, who wrote it.
    pub meta: Arc<ConfigMeta>,
    /// Subscribed resources per trigger name, so that the use of a key can be shown.
    pub used_by: Arc<BTreeMap<String, u64>>,
}

/// Something the operator should read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// How bad.
    pub severity: Severity,
    /// What happened, one sentence.
    pub text: String,
    /// What to do; empty when there is nothing to say.
    pub help: String,
    /// The resource that it is about.
    pub resource: Option<ResourceKey>,
}

/// Everything that changed since the last batch was taken. Rows and deliveries appear once each,
/// with their newest content.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// New or changed resources.
    pub rows: Vec<Arc<ResourceRow>>,
    /// Resources that are gone, or no longer subscribed.
    pub gone: Vec<ResourceKey>,
    /// New or changed deliveries, oldest first.
    pub deliveries: Vec<Arc<Delivery>>,
    /// Rows of the history changed that are not among `deliveries` (looks at what was sent before,
    /// or more than the bus holds): read the history again.
    pub deliveries_lost: bool,
    /// A new configuration is in force.
    pub catalog: Option<Arc<CatalogView>>,
    /// All watches, when one of them changed.
    pub watches: Option<Arc<[WatchStatus]>>,
    /// The engine's condition, when it changed.
    pub status: Option<Arc<EngineStatus>>,
    /// All services that something was delivered through, by name, when one of them changed.
    pub lanes: Option<Arc<[LaneStatus]>>,
    /// What the flood guard holds, when it changed.
    pub held: Option<Arc<HeldStatus>>,
    /// News of a preview of a draft.
    pub preview: Option<Box<PreviewNews>>,
    /// How a migration of keys fares.
    pub migration: Option<Arc<Migration>>,
    /// New notices, oldest first.
    pub notices: Vec<Notice>,
    /// Answers to commands.
    pub done: Vec<Done>,
}

impl Batch {
    /// Nothing changed.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
            && self.gone.is_empty()
            && self.deliveries.is_empty()
            && !self.deliveries_lost
            && self.catalog.is_none()
            && self.watches.is_none()
            && self.status.is_none()
            && self.lanes.is_none()
            && self.held.is_none()
            && self.preview.is_none()
            && self.migration.is_none()
            && self.notices.is_empty()
            && self.done.is_empty()
    }
}
