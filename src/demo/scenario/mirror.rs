//! The objects of one kind as trees, kept up to date from the log of changes: each change is
//! decoded once, however often the controllers look.

use crate::demo::objects::Objects;
use crate::demo::store::{ChangeKind, Key};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A copy of the objects of one kind.
pub(super) struct Mirror {
    resource: &'static str,
    /// The copy shows this resourceVersion.
    seen: u64,
    held: BTreeMap<Key, Arc<Value>>,
}

/// What has come and gone since the last look.
#[derive(Default)]
pub(super) struct News {
    /// Whether anything is different at all.
    pub any: bool,
    pub came: Vec<Key>,
    pub went: Vec<Key>,
}

impl Mirror {
    pub fn new(resource: &'static str) -> Self {
        Self {
            resource,
            seen: 0,
            held: BTreeMap::new(),
        }
    }

    pub fn get(&self, key: &str) -> Option<Arc<Value>> {
        self.held.get(key).cloned()
    }

    pub fn all(&self) -> Vec<Arc<Value>> {
        self.held.values().cloned().collect()
    }

    /// Takes in what has changed.
    pub fn refresh(&mut self, objects: &Objects) -> News {
        let Ok(changes) = objects.changes_after(self.resource, self.seen) else {
            return self.read_again(objects);
        };
        let mut news = News {
            any: !changes.is_empty(),
            ..News::default()
        };
        for change in changes {
            self.seen = change.rv;
            match change.kind {
                ChangeKind::Added => news.came.push(Arc::clone(&change.key)),
                ChangeKind::Deleted => {
                    self.held.remove(&change.key);
                    news.went.push(change.key);
                    continue;
                }
                ChangeKind::Modified => {}
            }
            self.held
                .insert(change.key, Arc::new(change.object.value()));
        }
        news
    }

    /// Starts anew, when too much has happened since the last look.
    fn read_again(&mut self, objects: &Objects) -> News {
        self.seen = objects.version(self.resource);
        let before: BTreeSet<Key> = self.held.keys().cloned().collect();
        self.held = objects
            .entries(self.resource)
            .into_iter()
            .map(|(k, v)| (k, v.into()))
            .collect();
        News {
            any: true,
            came: self
                .held
                .keys()
                .filter(|key| !before.contains(*key))
                .cloned()
                .collect(),
            went: before
                .into_iter()
                .filter(|key| !self.held.contains_key(key))
                .collect(),
        }
    }
}
