//! What is to be delivered, and what is heard of it: the messages between the reconciler and the
//! deliveries.

use super::lane::Lane;
use crate::catalog::Catalog;
use crate::cluster::LeaseTerm;
use crate::domain::{Attempt, Delivery, DeliveryId, Destination, ResourceKey};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A delivery to be made.
#[derive(Clone)]
pub struct Job {
    /// The object.
    pub key: ResourceKey,
    /// The history row, as it stands.
    pub delivery: Delivery,
    /// The intent is in the history already.
    pub recorded: bool,
    /// A try that is not in the history yet.
    pub unrecorded: Option<Attempt>,
    /// A try has begun and not ended.
    pub in_flight: bool,
    /// Render and record, but do not send.
    pub dry_run: bool,
    /// The right to send, where a Lease gives it.
    pub term: Option<LeaseTerm>,
    /// The annotation to look at before sending: another engine may have sent it.
    pub check: Option<Arc<str>>,
    /// The object was deleted: it can't be fetched any more.
    pub last: bool,
    /// The configuration it was decided with.
    pub catalog: Arc<Catalog>,
    /// Name of the object in templates.
    pub variable: String,
    /// The object as the event brought it; `None` to fetch it.
    pub object: Option<Arc<str>>,
    /// The lane of its service.
    pub lane: Arc<Lane>,
    /// Fires when it is not to be sent any more, because somebody said so.
    pub cancel: CancellationToken,
}

/// What the reconciler hears of a delivery.
#[derive(Clone, Debug)]
pub struct Report {
    /// The object.
    pub key: ResourceKey,
    /// Its UID.
    pub uid: String,
    /// The entry of the notified state.
    pub state_key: String,
    /// Which delivery.
    pub id: DeliveryId,
    /// The trigger.
    pub trigger: String,
    /// It has a oncePer text: its entry stays when the condition turns false.
    pub once_per: bool,
    /// Where to.
    pub destination: Destination,
    /// What happened.
    pub news: News,
}

/// What happened to a delivery.
#[derive(Clone, Debug)]
pub enum News {
    /// A try failed; the next one is due.
    Waiting {
        /// Tries so far.
        attempts: u32,
        /// When the next one is due, in milliseconds since 1970.
        next_ms: i64,
    },
    /// It arrived.
    Sent {
        /// When, in Unix seconds.
        at: i64,
    },
    /// It was given up.
    Failed {
        /// Why.
        error: String,
    },
    /// It was rendered and recorded (dry run).
    DryRun,
    /// Somebody said that it is not to be sent.
    Cancelled,
    /// It was not sent: the engine stops, may not send any more, or somebody else was faster.
    Interrupted {
        /// A try had begun and was cut off: it may have arrived.
        in_flight: bool,
    },
}
