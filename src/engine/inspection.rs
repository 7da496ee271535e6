//! Why each notification of one object was, or was not, sent: the result of looking at it once.

use crate::domain::{ConditionKey, Destination, Position, ResourceKey};

/// Everything there is to say about one resource, from the same `decide` that the workers use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The resource.
    pub key: ResourceKey,
    /// Its UID.
    pub uid: String,
    /// resourceVersion of the evaluated object.
    pub resource_version: String,
    /// When it was evaluated, in milliseconds since 1970.
    pub at_ms: i64,
    /// Every trigger that a subscription of the resource names, sorted by name.
    pub triggers: Vec<TriggerView>,
    /// The notified state: key and Unix seconds, sorted by key.
    pub notified: Vec<(String, i64)>,
    /// What is wrong with its annotations or state, one sentence each.
    pub problems: Vec<String>,
}

impl Inspection {
    /// Says of every trigger that the configuration of a namespace of its own asks for it.
    pub(super) fn name_configuration(&mut self, namespace: &str) {
        let triggers = self.triggers.iter_mut();
        for subscription in triggers.flat_map(|trigger| &mut trigger.subscriptions) {
            let origin = &mut subscription.origin;
            origin.push_str(&format!(", configuration in namespace {namespace}"));
        }
    }

    /// Adds what another configuration does about the same resource.
    pub(super) fn absorb(&mut self, other: Self) {
        self.triggers.extend(other.triggers);
        for problem in other.problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
    }
}

/// One trigger as it applies to one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerView {
    /// Trigger name.
    pub name: String,
    /// False when a subscription names it but the catalog does not have it.
    pub configured: bool,
    /// Who is told, and what tied them to it.
    pub subscriptions: Vec<SubscriptionView>,
    /// Its conditions in order.
    pub conditions: Vec<ConditionView>,
}

/// One destination of a trigger, with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionView {
    /// Where to.
    pub destination: Destination,
    /// What subscribes it: `annotation subscribe.on-oom.slack`, `default subscription #2`…
    pub origin: String,
    /// Why it can't be delivered there at all; `None` when the service is configured.
    pub problem: Option<String>,
}

/// One condition with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionView {
    /// Its identity.
    pub key: ConditionKey,
    /// The `when` text.
    pub when: String,
    /// The `description`, empty without one.
    pub description: String,
    /// What it evaluated to.
    pub result: ConditionResult,
    /// The oncePer text, when there is one and the condition is true.
    pub once_per: Option<String>,
    /// Templates that it sends.
    pub templates: Vec<String>,
    /// What happens for each destination.
    pub decisions: Vec<DecisionView>,
}

/// The value of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionResult {
    /// It holds.
    True,
    /// It does not hold; `because` is the part that decided, such as `restartCount: 3 < 5`, or
    /// empty.
    False {
        /// Short reason.
        because: String,
    },
    /// It gave something other than a boolean, which counts as false.
    NotBoolean {
        /// Type of the value.
        type_name: String,
    },
    /// It could not be evaluated. Never fires.
    Error {
        /// What went wrong.
        message: String,
        /// Where in the `when` text.
        position: Option<Position>,
    },
}

/// What the engine does for one condition and one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionView {
    /// Where to.
    pub destination: Destination,
    /// The entry of the notified state that stands for it.
    pub state_key: String,
    /// What comes next.
    pub decision: Decision,
    /// When the state says that it was sent, in Unix seconds.
    pub notified_at: Option<i64>,
}

/// The next step for one condition and one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// True and not sent yet.
    Send,
    /// True, and on its way: queued, in flight or waiting for a retry.
    Sending {
        /// Tries so far.
        attempts: u32,
        /// When the next one is due, in milliseconds since 1970.
        next_ms: Option<i64>,
    },
    /// True, and held by the flood guard until somebody decides.
    Held,
    /// True, and sent before.
    AlreadySent,
    /// Given up after errors; sent again by hand, or when the object changes.
    GivenUp {
        /// Why.
        error: String,
    },
    /// True, but not for as long as its `for` says.
    Holding {
        /// Since when, in milliseconds since 1970.
        since_ms: i64,
        /// When it is sent if it is still true then, in milliseconds since 1970.
        until_ms: i64,
    },
    /// Sent before and still true; its `repeat` says that it is sent again.
    Remind,
    /// Sent before and not true any more; its `resolved` says that this is sent.
    Resolve,
    /// Not true: nothing to send.
    NotTrue,
    /// It can't be sent: no such service, template…
    Impossible {
        /// Why.
        reason: String,
    },
}
