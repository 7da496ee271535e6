//! Which parts of an object somebody reads.

use std::collections::BTreeMap;

/// A set of paths into a JSON object, as a tree of member names.
///
/// Conditions and oncePer expressions say which paths they read; the store keeps just those bytes
/// of each object. A node that is *whole* takes everything below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathTrie {
    /// Everything from here down is needed.
    pub whole: bool,
    /// Needed members; meaningless when `whole`.
    pub children: BTreeMap<String, PathTrie>,
}

impl PathTrie {
    /// The set that takes the entire object.
    pub fn everything() -> Self {
        Self {
            whole: true,
            children: BTreeMap::new(),
        }
    }

    /// Nothing is read.
    pub fn is_empty(&self) -> bool {
        !self.whole && self.children.is_empty()
    }

    /// Adds one path: everything at and below it.
    pub fn insert<S: AsRef<str>>(&mut self, path: &[S]) {
        let mut node = self;
        for member in path {
            if node.whole {
                return;
            }
            node = node.children.entry(member.as_ref().to_owned()).or_default();
        }
        node.whole = true;
        node.children.clear();
    }

    /// Adds all paths of another set.
    pub fn merge(&mut self, other: &PathTrie) {
        if self.whole {
            return;
        }
        if other.whole {
            *self = Self::everything();
            return;
        }
        for (member, theirs) in &other.children {
            self.children
                .entry(member.clone())
                .or_default()
                .merge(theirs);
        }
    }

    /// Whether every path of `other` is in this set.
    pub fn covers(&self, other: &PathTrie) -> bool {
        if self.whole {
            return true;
        }
        if other.whole {
            return false;
        }
        other.children.iter().all(|(member, theirs)| {
            self.children
                .get(member)
                .is_some_and(|ours| ours.covers(theirs))
        })
    }

    /// The node below a member, if the set has anything there.
    pub fn child(&self, member: &str) -> Option<&PathTrie> {
        self.children.get(member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shorter_path_swallows_the_longer() {
        let mut set = PathTrie::default();
        set.insert(&["status", "phase"]);
        set.insert(&["status"]);
        set.insert(&["status", "message"]);
        let mut expected = PathTrie::default();
        expected.insert(&["status"]);
        assert_eq!(set, expected);
    }

    #[test]
    fn covers_is_about_subtrees() {
        let mut wide = PathTrie::default();
        wide.insert(&["status"]);
        let mut narrow = PathTrie::default();
        narrow.insert(&["status", "phase"]);
        assert!(wide.covers(&narrow));
        assert!(!narrow.covers(&wide));
        narrow.merge(&wide);
        assert_eq!(narrow, wide);
        assert!(PathTrie::everything().covers(&wide));
    }
}
