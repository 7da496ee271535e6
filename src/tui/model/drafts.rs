//! The drafts of the current context, in memory; their files are written by jobs.

use super::super::draft::{Draft, DraftId};
use std::collections::{BTreeMap, BTreeSet};

/// Edited texts that are not in the cluster.
#[derive(Debug)]
pub struct Drafts {
    drafts: BTreeMap<DraftId, Draft>,
    /// Those that were changed since the start.
    edited: BTreeSet<DraftId>,
    /// They are written to disk.
    pub on_disk: bool,
}

impl Drafts {
    /// No drafts.
    pub fn new(on_disk: bool) -> Self {
        Self {
            drafts: BTreeMap::new(),
            edited: BTreeSet::new(),
            on_disk,
        }
    }

    /// Keeps a draft in place of an older one.
    pub fn put(&mut self, draft: Draft) {
        self.drafts.insert(draft.id.clone(), draft);
    }

    /// Keeps a draft that was changed now.
    pub fn edit(&mut self, draft: Draft) {
        self.edited.insert(draft.id.clone());
        self.put(draft);
    }

    /// How many drafts were changed since the start.
    pub fn edited(&self) -> usize {
        self.edited.len()
    }

    /// The draft of a text.
    pub fn get(&self, id: &DraftId) -> Option<&Draft> {
        self.drafts.get(id)
    }

    /// Forgets a draft.
    pub fn remove(&mut self, id: &DraftId) -> Option<Draft> {
        self.edited.remove(id);
        self.drafts.remove(id)
    }

    /// All drafts.
    pub fn iter(&self) -> impl Iterator<Item = &Draft> {
        self.drafts.values()
    }

    /// Number of drafts.
    pub fn len(&self) -> usize {
        self.drafts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.drafts.is_empty()
    }
}
