//! What a draft would change, as data: effects, one by one and counted. Found by `preview`, shown
//! by the command line and the dashboard.

use crate::domain::{ConditionKey, Destination, Position, ResourceKey};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a draft would change, over all objects that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlastRadius {
    /// Objects that were looked at.
    pub objects: u64,
    /// Of those, the ones that the live or the new configuration has a trigger for.
    pub subscribed: u64,
    /// Objects with at least one effect.
    pub affected: u64,
    /// How many effects of each kind.
    pub totals: Totals,
    /// The same by destination.
    pub by_destination: BTreeMap<Destination, Totals>,
    /// The same by trigger.
    pub by_trigger: BTreeMap<String, Totals>,
    /// The effects, in the order of the objects; the first hundred thousand.
    pub effects: Vec<Effect>,
}

/// Effects by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Would be sent, and were not sent before.
    pub sent: u64,
    /// Would be sent once more, because the state key changes.
    pub sent_again: u64,
    /// Conditions that count as told now and would not be true any more.
    pub stopped: u64,
    /// Conditions that could not be evaluated any more.
    pub errors: u64,
    /// Notifications that could not be sent any more.
    pub impossible: u64,
    /// Conditions that can't be evaluated now, and could be.
    pub errors_gone: u64,
}

impl Totals {
    pub(super) fn count(&mut self, change: &EffectKind) {
        let counter = match change {
            EffectKind::Sent => &mut self.sent,
            EffectKind::SentAgain { .. } => &mut self.sent_again,
            EffectKind::Stopped => &mut self.stopped,
            EffectKind::Error { .. } => &mut self.errors,
            EffectKind::Impossible { .. } => &mut self.impossible,
            EffectKind::ErrorGone { .. } => &mut self.errors_gone,
        };
        *counter = counter.saturating_add(1);
    }

    /// Notifications that would go out.
    pub fn notifications(&self) -> u64 {
        self.sent.saturating_add(self.sent_again)
    }

    /// All effects.
    pub fn all(&self) -> u64 {
        [
            self.sent,
            self.sent_again,
            self.stopped,
            self.errors,
            self.impossible,
            self.errors_gone,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    /// Whether there is no effect at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether nothing would be sent, stopped or broken: errors that go away are no harm.
    pub fn is_harmless(&self) -> bool {
        let mut rest = *self;
        rest.errors_gone = 0;
        rest.is_empty()
    }
}

/// One thing that would be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The object.
    pub resource: ResourceKey,
    /// The trigger.
    pub trigger: String,
    /// The condition in the new configuration; for what stops, and for errors that go away, in the
    /// live one.
    pub condition: ConditionKey,
    /// Where to; `None` for what is about a condition as a whole.
    pub destination: Option<Destination>,
    /// What would be different.
    pub kind: EffectKind,
}

/// What would be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectKind {
    /// It would be sent for the first time.
    Sent,
    /// It was sent, at `at` in Unix seconds under the state key `before`, and would be sent again
    /// under another.
    SentAgain {
        /// The entry of the notified state that stands for it now.
        before: String,
        /// The entry that would stand for it.
        after: String,
        /// When it was sent.
        at: i64,
    },
    /// It counts as sent now, and the condition would not be true any more: the entry goes, and the
    /// next rise is sent.
    Stopped,
    /// The condition could not be evaluated.
    Error {
        /// The original's text.
        message: String,
        /// Where in the `when` text.
        position: Option<Position>,
    },
    /// It would be due, but could not be sent.
    Impossible {
        /// Why.
        reason: String,
    },
    /// The condition can't be evaluated now, and could be.
    ErrorGone {
        /// What is wrong with it now.
        message: String,
    },
}

impl EffectKind {
    /// The word for it, in kebab-case.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::SentAgain { .. } => "sent-again",
            Self::Stopped => "stopped",
            Self::Error { .. } => "error",
            Self::Impossible { .. } => "impossible",
            Self::ErrorGone { .. } => "error-gone",
        }
    }
}
