//! How an engine is to run.

use crate::domain::{Kind, Mode};
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
    /// Annotation prefix: subscribe keys are `<prefix>/…`, the state is in `notified.<prefix>`.
    pub prefix: String,
    /// Whether a Lease decides who sends.
    pub lease: LeaseUse,
    /// What is wrong with the history; empty when nothing is. Told to the operator.
    pub history_problem: String,
    /// Wording of the log.
    pub wording: Wording,
    /// How deliveries are made.
    pub delivery: DeliveryOptions,
    /// Dialect of the condition language.
    pub expr: crate::expr::Options,
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
        /// Go on in mode active when the right to use Leases is missing (with a warning), as a
        /// Deployment with the original's rights must.
        without_right: bool,
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
    /// Deliveries at a time through one service.
    pub concurrency: usize,
    /// How often a delivery is begun anew after an error that may pass.
    pub rounds: u32,
    /// Wait before the second round; doubles with each one, with jitter.
    pub first_wait: Duration,
    /// Longest wait between rounds.
    pub longest_wait: Duration,
    /// Given up when it is older than this.
    pub max_age: Duration,
    /// How long deliveries in flight may go on when the engine stops.
    pub grace: Duration,
}

impl Default for DeliveryOptions {
    fn default() -> Self {
        Self {
            concurrency: 16,
            rounds: 12,
            first_wait: Duration::from_secs(5),
            longest_wait: Duration::from_secs(300),
            max_age: Duration::from_secs(3600),
            grace: Duration::from_secs(5),
        }
    }
}
