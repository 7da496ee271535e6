//! The result of a decision: what is to be done about one object. `decide` makes it, `look` carries
//! it out, the inspection and the preview show it.

use super::ledger::end_key;
use super::timing::Timing;
use crate::domain::{ConditionKey, Destination, Position};
use std::sync::Arc;

/// What is to be done, trigger by trigger in sorted order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Every trigger that the object is subscribed to.
    pub triggers: Vec<TriggerPlan>,
}

/// One trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerPlan {
    /// Its name.
    pub name: String,
    /// False when the catalog does not have it.
    pub configured: bool,
    /// Its conditions in order; none when it is not configured.
    pub conditions: Vec<ConditionPlan>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionPlan {
    /// Its identity.
    pub key: ConditionKey,
    /// What it evaluated to.
    pub evaluation: Evaluation,
    /// The oncePer text; empty without one, and when the condition is not true.
    pub once_per: String,
    /// Why oncePer could not be evaluated. It then counts as absent, as in the original.
    pub once_per_error: Option<String>,
    /// The templates that it sends.
    pub templates: Arc<[String]>,
    /// The templates that tell its end; none when the end is not told.
    pub resolved: Arc<[String]>,
    /// What time has to do with it.
    pub timing: Timing,
    /// One step per destination, and one for each earlier oncePer text whose end is to be told.
    pub steps: Vec<Step>,
}

/// The value of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// A value of this type, which counts as false.
    NotBoolean(String),
    /// It could not be evaluated. Counts as false for the state, so that the next rise is sent, as
    /// in the original; but it is told apart everywhere else.
    Error {
        /// The original's text.
        message: String,
        /// Where in the `when` text.
        position: Option<Position>,
    },
}

/// What to do for one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where to.
    pub destination: Destination,
    /// The entry of the notified state that stands for it.
    pub state_key: String,
    /// What to do.
    pub action: Action,
}

impl Step {
    /// The key that the delivery of this step is known by.
    pub fn delivery_key(&self) -> String {
        match self.action {
            Action::Resolve => end_key(&self.state_key),
            _ => self.state_key.clone(),
        }
    }
}

/// What to do for one condition and one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send it.
    Send,
    /// It was sent before; the time is in Unix seconds.
    AlreadySent {
        /// When.
        at: i64,
    },
    /// It is on its way.
    Sending,
    /// The flood guard holds it.
    Held,
    /// It was given up, and the object has not changed since.
    GivenUp {
        /// Why.
        error: Arc<str>,
    },
    /// It would have been sent (dry run), and nothing has changed since.
    WouldSend,
    /// It can't be sent: the text says why.
    Impossible(String),
    /// It is true, but has not been for as long as its `for` says.
    Holding {
        /// When it will have been, in milliseconds since 1970.
        until_ms: i64,
    },
    /// It is still true, and its `repeat` says that it is time to send it again.
    Remind {
        /// When it was sent last, in Unix seconds.
        at: i64,
    },
    /// It is not true any more: the templates of `resolved` are to be sent.
    Resolve,
    /// The condition is not true, and the state has an entry that must go, so that the next rise
    /// is sent.
    Clear,
    /// The condition is not true; nothing to do.
    Nothing,
}

impl Plan {
    /// Several plans for one object as one.
    pub fn merged<'p>(plans: impl Iterator<Item = &'p Plan>) -> Self {
        let triggers = plans.flat_map(|plan| plan.triggers.iter().cloned());
        Self {
            triggers: triggers.collect(),
        }
    }

    /// All conditions.
    pub fn conditions(&self) -> impl Iterator<Item = &ConditionPlan> {
        self.triggers.iter().flat_map(|trigger| &trigger.conditions)
    }

    /// When the decision can be another one although nothing has changed but the time, in
    /// milliseconds since 1970.
    pub fn due_ms(&self) -> Option<i64> {
        let due = self.conditions().filter_map(|c| c.timing.due_ms);
        due.min()
    }
}
