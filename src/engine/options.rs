//! How an engine is to run.

use crate::domain::{Kind, Mode, Shard};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Everything an engine needs to know besides the cluster it works on.
#[derive(Clone, Debug)]
pub struct Options {
    /// Mode that is asked for.
    pub mode: Mode,
    /// Switches every write off, whatever the mode.
    pub read_only: bool,
    /// Namespace of the ConfigMap and the Secret.
    pub config_namespace: String,
    /// Name of the ConfigMap.
    pub config_map: String,
    /// Name of the Secret.
    pub secret: String,
    /// What is watched.
    pub watches: Vec<Watch>,
    /// After about this long a watch is opened anew where it was; how soon a connection that has died
    /// without a word is noticed.
    pub watch_timeout: Duration,
    /// Annotation prefix: subscribe keys are `<prefix>/…`, the state is in `notified.<prefix>`.
    pub prefix: String,
    /// Whether a Lease decides who sends.
    pub lease: LeaseUse,
    /// The share of the objects that this engine takes; `None` for all.
    pub shard: Option<Shard>,
    /// What is wrong with the history; empty when nothing is. Told to the operator.
    pub history_problem: String,
    /// Wording of the log.
    pub wording: Wording,
    /// How deliveries are made.
    pub delivery: DeliveryOptions,
    /// Dialect of the condition language.
    pub expr: crate::expr::Options,
    /// ConfigMaps and Secrets of the same names in other namespaces configure the objects there.
    pub self_service: bool,
    /// What to do when somebody else wipes the notified state of an object.
    pub on_state_lost: OnStateLost,
}

/// What to do when somebody else wipes the notified state of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStateLost {
    /// Send what is still true again, as the original does; but when it is wiped a second time
    /// within ten minutes, put it back and send nothing.
    #[default]
    RestoreSecond,
    /// Send again, every time.
    Resend,
    /// Put it back, every time.
    Restore,
}

/// One watched kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The kind.
    pub kind: Arc<Kind>,
    /// Namespaces; empty for all.
    pub namespaces: Vec<String>,
    /// Label selector that the server applies; empty for none.
    pub selector: String,
    /// Name of the object in conditions and templates.
    pub variable: String,
}

impl Watch {
    /// All objects of a kind, under the kind's own name.
    pub fn all(kind: Kind) -> Self {
        Self {
            variable: kind.variable(),
            kind: Arc::new(kind),
            namespaces: Vec::new(),
            selector: String::new(),
        }
    }
}

/// Whether a Lease decides who sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseUse {
    /// No Lease: the operator sees to it that only one engine is active.
    Off,
    /// Active only while holding it.
    On {
        /// Name of the Lease, in the namespace of the ConfigMap.
        name: String,
        /// Go on in mode active, with a warning, when nothing guarantees that no other engine
        /// sends: the right to use Leases is missing, or an engine that uses none seems to be at
        /// work. A Deployment with the original's rights must; where somebody can be asked, the
        /// engine observes until it is told.
        without_right: bool,
        /// Shifts the times that are written into the Lease; nobody decides by them.
        clock_skew: SignedDuration,
    },
}

/// Wording of the log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// One line per condition, as the original writes since 2026.
    Current,
    /// One line per trigger, as it wrote in 2022.
    Classic,
}

/// How deliveries are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryOptions {
    /// For services that are not in `services`.
    pub usual: LaneOptions,
    /// For single services, by name.
    pub services: BTreeMap<String, LaneOptions>,
    /// How long deliveries in flight may go on when the engine stops.
    pub grace: Duration,
    /// What to do about many notifications that no change of an object caused.
    pub guard: Guard,
    /// Mark what is true at the first sight of a condition as sent, without sending it.
    pub baseline: bool,
}

impl Default for DeliveryOptions {
    fn default() -> Self {
        Self {
            usual: LaneOptions::default(),
            services: BTreeMap::new(),
            grace: Duration::from_secs(5),
            guard: Guard::Off,
            baseline: false,
        }
    }
}

/// What to do when a start or a new configuration would send more than so many notifications within
/// a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Send them.
    Off,
    /// Send them, and say so.
    Warn(u32),
    /// Hold all of them until somebody decides.
    Hold(u32),
}

/// How deliveries through one service are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneOptions {
    /// Deliveries at a time.
    pub concurrency: usize,
    /// Deliveries that are kept in memory; more of them wait in the history.
    pub queue: usize,
    /// How often a delivery is begun anew after an error that may pass.
    pub rounds: u32,
    /// Wait before the second round; doubles with each one, with jitter.
    pub first_wait: Duration,
    /// Longest wait between rounds.
    pub longest_wait: Duration,
    /// Given up when it is older than this.
    pub max_age: Duration,
    /// Limit for all of them together.
    pub limit: Option<Limit>,
    /// Limit for each recipient.
    pub recipient_limit: Option<Limit>,
}

impl Default for LaneOptions {
    fn default() -> Self {
        Self {
            concurrency: 16,
            queue: 2_000,
            rounds: 12,
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(300),
            max_age: Duration::from_secs(3600),
            limit: None,
            recipient_limit: None,
        }
    }
}

/// A limit of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The time from one to the next.
    pub interval: Duration,
    /// How many may go at once after a pause; at least 1.
    pub burst: u32,
}
