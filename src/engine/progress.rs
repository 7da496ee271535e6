//! What a running engine tells about work over all objects: the preview of a draft and the
//! migration of keys.

use super::radius::BlastRadius;
use super::succession::Succession;
use crate::domain::ResourceKey;

/// How far work over all objects is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WorkPhase {
    /// The draft is being read.
    #[default]
    Reading,
    /// The objects that the engine keeps are looked at.
    Looking,
    /// Objects of which the engine keeps too little are fetched.
    Fetching,
    /// All is done.
    Over,
    /// Somebody stopped it, or began another one.
    Stopped,
    /// It could not go on, and why.
    Failed(String),
}

impl WorkPhase {
    /// Nothing more will come of it.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Over | Self::Stopped | Self::Failed(_))
    }
}

/// News of a preview: how far it is, and what was found since the last news.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreviewNews {
    /// The number that it was asked for with.
    pub number: u64,
    /// How far it is.
    pub phase: WorkPhase,
    /// resourceVersion of the ConfigMap that the draft is compared with.
    pub revision: String,
    /// Objects that were decided about.
    pub done: u64,
    /// Objects that are to be decided about, as far as that is known.
    pub all: u64,
    /// Of those, objects that still have to be fetched.
    pub fetching: u64,
    /// All counts so far, but only the effects that were found since the last news.
    pub radius: BlastRadius,
    /// What differs between the two configurations, a line each.
    pub differences: Vec<String>,
    /// What is wrong with keys of the draft that can't be read.
    pub broken: Vec<String>,
    /// The conditions whose state keys change.
    pub changed_keys: Vec<Succession>,
    /// Entries that a migration of keys would add.
    pub entries: u64,
    /// When it began, in milliseconds since 1970.
    pub began_ms: i64,
    /// How long it has taken so far, in milliseconds.
    pub took_ms: i64,
    /// What could not be fetched, and why.
    pub problem: Option<String>,
}

impl PreviewNews {
    /// Takes over newer news of the same preview, keeping effects that nobody has seen yet.
    pub(super) fn renew(&mut self, newer: Self) {
        if self.number != newer.number {
            *self = newer;
            return;
        }
        let mut effects = std::mem::take(&mut self.radius.effects);
        effects.extend(newer.radius.effects);
        *self = Self {
            radius: BlastRadius {
                effects,
                ..newer.radius
            },
            ..newer
        };
    }
}

/// How a migration of keys fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migration {
    /// The number that it was asked for with.
    pub number: u64,
    /// How far it is.
    pub phase: WorkPhase,
    /// Entries are taken away again.
    pub undo: bool,
    /// Objects that were looked at.
    pub done: u64,
    /// Objects that are to be looked at.
    pub all: u64,
    /// Objects whose entries are written.
    pub written: u64,
    /// Entries of those.
    pub entries: u64,
    /// Objects whose entries could not be written, the first hundred with the reason.
    pub failures: Vec<(ResourceKey, String)>,
    /// All such objects.
    pub failed: u64,
    /// What could not be fetched, and why.
    pub problem: Option<String>,
}
