//! What was applied last from here: whether it is in force, and what takes it back.

use crate::tui::clock::Due;
use std::collections::BTreeMap;

/// Keys of the ConfigMap with their texts; `None` for one that is not there.
pub type Texts = BTreeMap<String, Option<String>>;

/// How far an applied version is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The server writes it.
    Writing,
    /// The server has it; the engine has not taken it over yet. Waited for so long.
    Awaited(Due),
    /// The engine has not taken it over in time.
    Late,
    /// The engine goes by it since this time, in milliseconds since 1970.
    InForce(i64),
    /// The engine has taken it over, but these keys of it are broken.
    Broken(Vec<String>),
}

/// A version that was applied from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What it is called: a key, or what was done.
    pub title: String,
    /// Its resourceVersion; empty while it is being written.
    pub resource_version: String,
    /// What was written.
    pub changes: Texts,
    /// What stood in its place.
    pub before: Texts,
    /// How far it is.
    pub stage: Stage,
}

impl Applied {
    /// Whether a ConfigMap with these texts has everything that was written.
    pub fn is_in(&self, data: &BTreeMap<String, String>) -> bool {
        let mut changes = self.changes.iter();
        changes.all(|(key, text)| data.get(key) == text.as_ref())
    }
}
