//! A delivery: one attempt series of one notification to one destination, as the history keeps it.

use super::Destination;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};

/// Identifies a delivery; grows with time, so that ordering by it is ordering by creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(pub i64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:013x}", self.0)
    }
}

/// Hands out [`DeliveryId`]s: milliseconds since 1970 times 1024, plus a counter; never goes
/// backwards, even when the clock does.
#[derive(Debug, Default)]
pub struct IdSource {
    last: AtomicI64,
}

impl IdSource {
    /// A source whose ids come after `last`.
    pub fn after(last: Option<DeliveryId>) -> Self {
        Self {
            last: AtomicI64::new(last.map_or(0, |id| id.0)),
        }
    }

    /// The next id.
    pub fn next(&self, now_ms: i64) -> DeliveryId {
        let floor = now_ms.saturating_mul(1024);
        let next = |last: i64| Some(floor.max(last.saturating_add(1)));
        let last = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
            .unwrap_or_else(|last| last);
        DeliveryId(floor.max(last.saturating_add(1)))
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// Recorded, not yet answered: queued, in flight, or waiting for a retry.
    Pending,
    /// Decided, and kept back by the flood guard until somebody says what to do.
    Held,
    /// The service accepted it.
    Sent,
    /// Given up: a permanent error, or the attempts are used up.
    Failed,
    /// The process ended while it was in flight: it may or may not have arrived.
    Unknown,
    /// Looked at again and not sent, because the notified state says that it was sent before.
    AlreadySent,
    /// Rendered and recorded in the mode dry-run; nothing was sent.
    DryRun,
    /// Marked as sent without sending: it was true before anybody asked to be told.
    Baseline,
    /// Never sent, on purpose: cancelled, or not true any more when it was its turn.
    Withdrawn,
    /// Not a sending: state keys of the object were cleared by hand.
    Cleared,
    /// Not a sending: the configuration was changed from here.
    Applied,
}

impl DeliveryState {
    /// All states, in the order they are listed.
    pub const ALL: [Self; 11] = [
        Self::Pending,
        Self::Held,
        Self::Sent,
        Self::Failed,
        Self::Unknown,
        Self::AlreadySent,
        Self::DryRun,
        Self::Baseline,
        Self::Withdrawn,
        Self::Cleared,
        Self::Applied,
    ];

    /// The word, as it is stored, shown and filtered by.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::AlreadySent => "already-sent",
            Self::DryRun => "dry-run",
            Self::Baseline => "baseline",
            Self::Withdrawn => "withdrawn",
            Self::Cleared => "cleared",
            Self::Applied => "applied",
        }
    }

    /// The state with this [word](Self::word).
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Why a delivery was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The object was new or had changed.
    Change,
    /// The configuration had changed.
    Catalog,
    /// The engine had just started.
    Start,
    /// Somebody asked for it.
    Resend,
    /// It had been in flight when the engine stopped.
    Recovery,
    /// A time had come: a condition had held for long enough, or a reminder was due.
    Timer,
}

impl Cause {
    /// The word, as it is stored and shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Catalog => "catalog",
            Self::Start => "start",
            Self::Resend => "resend",
            Self::Recovery => "recovery",
            Self::Timer => "timer",
        }
    }

    /// The cause with this [word](Self::word).
    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Change,
            Self::Catalog,
            Self::Start,
            Self::Resend,
            Self::Recovery,
            Self::Timer,
        ]
        .into_iter()
        .find(|cause| cause.word() == word)
    }
}

/// What is known of a delivery before anything is sent: the intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDelivery {
    /// Its identity.
    pub id: DeliveryId,
    /// When it was decided, in milliseconds since 1970.
    pub created_ms: i64,
    /// API group of the object's kind.
    pub group: String,
    /// Kind of the object.
    pub kind: String,
    /// Namespace of the object; empty for cluster-scoped ones.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// UID of the object, so that a namesake is told apart.
    pub uid: String,
    /// resourceVersion the decision was made on.
    pub resource_version: String,
    /// Trigger name; empty for rows that are no sending.
    pub trigger: String,
    /// Condition key (`[0].hash`); empty for rows that are no sending.
    pub condition: String,
    /// oncePer text; empty without oncePer.
    pub once_per: String,
    /// Names of the rendered templates.
    pub templates: Vec<String>,
    /// Where to.
    pub destination: Destination,
    /// Type of the service (`webhook`), whatever its name.
    pub service_type: String,
    /// The entry of the notified state that a success writes.
    pub state_key: String,
    /// Why.
    pub cause: Cause,
    /// Namespace of the ConfigMap that asked for it.
    pub config_namespace: String,
    /// Who asked, for what was done by hand; empty for the engine.
    pub actor: String,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// Start, in milliseconds since 1970.
    pub started_ms: i64,
    /// Duration in milliseconds.
    pub took_ms: i64,
    /// The service's status code, where it has one.
    pub status: Option<u16>,
    /// What went wrong; empty for a success. Masked.
    pub error: String,
    /// When the next try is due, in milliseconds since 1970, if there is one.
    pub next_ms: Option<i64>,
}

/// How a delivery, or the try so far, ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The state that it leaves the delivery in.
    pub state: DeliveryState,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The service's own id or link of the message, or a note; masked.
    pub detail: String,
    /// What went wrong; empty for a success. Masked.
    pub error: String,
    /// The rendered request as text, masked; empty when it was never rendered.
    pub request: String,
    /// The service's answer, cut to a few kilobytes, masked.
    pub response: String,
}

/// A delivery with all that has become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// What was known at the start.
    #[serde(flatten)]
    pub new: NewDelivery,
    /// Where it stands.
    pub state: DeliveryState,
    /// Last change, in milliseconds since 1970.
    pub updated_ms: i64,
    /// Number of tries so far; for [`DeliveryState::AlreadySent`] how often it was looked at.
    pub attempts: u32,
    /// Status code of the last try.
    pub status: Option<u16>,
    /// Duration of the last try in milliseconds.
    pub took_ms: Option<i64>,
    /// When the next try is due, in milliseconds since 1970.
    pub next_ms: Option<i64>,
    /// Error of the last try, or a note; empty when there is nothing to say. Masked.
    pub error: String,
    /// The service's own id or link of the message; for [`DeliveryState::AlreadySent`] since when.
    pub detail: String,
    /// When the notified state was written, in milliseconds since 1970.
    pub patched_ms: Option<i64>,
    /// An earlier try may have arrived although its answer was never seen.
    pub possibly_repeated: bool,
}

impl Delivery {
    /// A delivery that was just decided.
    pub fn pending(new: NewDelivery) -> Self {
        let updated_ms = new.created_ms;
        Self {
            new,
            state: DeliveryState::Pending,
            updated_ms,
            attempts: 0,
            status: None,
            took_ms: None,
            next_ms: None,
            error: String::new(),
            detail: String::new(),
            patched_ms: None,
            possibly_repeated: false,
        }
    }

    /// `namespace/name` of the object.
    pub fn resource(&self) -> String {
        if self.new.namespace.is_empty() {
            self.new.name.clone()
        } else {
            format!("{}/{}", self.new.namespace, self.new.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_goes_back() {
        let source = IdSource::after(None);
        let first = source.next(1_000);
        let second = source.next(1_000);
        let third = source.next(500);
        assert!(first < second && second < third);
        assert!(source.next(2_000).0 == 2_000 * 1024);
        assert!(IdSource::after(Some(DeliveryId(i64::MAX - 1))).next(5).0 == i64::MAX);
    }

    #[test]
    fn every_state_has_its_word() {
        for state in DeliveryState::ALL {
            assert_eq!(DeliveryState::from_word(state.word()), Some(state));
        }
    }
}
