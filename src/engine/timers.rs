//! The moments at which objects are to be looked at although nothing about them has changed.

use crate::domain::ResourceKey;
use std::collections::{BTreeSet, HashMap};

/// A clock that goes back by more than this was set; less is the work of who keeps it right, and
/// delays nothing that matters.
const SET_BACK_MS: i64 = 1_000;

/// When which objects are to be looked at.
///
/// The moments are those of the wall clock, which goes on while the machine sleeps. When it is set
/// back, all of them are due at once: each was reckoned from a time that has yet to come.
#[derive(Debug, Default)]
pub struct Timers {
    queue: BTreeSet<(i64, ResourceKey)>,
    due: HashMap<ResourceKey, i64>,
    /// What the clock said when it was looked at last.
    seen_ms: Option<i64>,
}

impl Timers {
    /// Sets the one moment of an object, in milliseconds since 1970; `None` for none.
    pub fn set(&mut self, key: &ResourceKey, due_ms: Option<i64>) {
        let before = match due_ms {
            Some(due_ms) => self.due.insert(key.clone(), due_ms),
            None => self.due.remove(key),
        };
        if let Some(before) = before {
            self.queue.remove(&(before, key.clone()));
        }
        if let Some(due_ms) = due_ms {
            self.queue.insert((due_ms, key.clone()));
        }
    }

    /// Sets the moment of an object, unless it has an earlier one.
    pub fn hasten(&mut self, key: &ResourceKey, due_ms: i64) {
        let earlier = self.due.get(key).is_some_and(|due| *due <= due_ms);
        if !earlier {
            self.set(key, Some(due_ms));
        }
    }

    /// The next moment.
    pub fn next_ms(&self) -> Option<i64> {
        self.queue.first().map(|(due, _)| *due)
    }

    /// Takes an object whose moment has come.
    pub fn take(&mut self, now_ms: i64) -> Option<ResourceKey> {
        let before = self.seen_ms.replace(now_ms);
        if before.is_some_and(|before| before.saturating_sub(now_ms) > SET_BACK_MS) {
            self.queue.clear();
            for (key, due_ms) in &mut self.due {
                *due_ms = now_ms.min(*due_ms);
                self.queue.insert((*due_ms, key.clone()));
            }
        }
        if self.next_ms()? > now_ms {
            return None;
        }
        let (_, key) = self.queue.pop_first()?;
        self.due.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Kind;
    use std::sync::Arc;

    #[test]
    fn timers_give_each_object_once_and_in_order() {
        let key = |name: &str| ResourceKey::new(Arc::new(Kind::pod()), "default", name);
        let mut timers = Timers::default();
        timers.set(&key("a"), Some(30));
        timers.set(&key("b"), Some(20));
        timers.set(&key("a"), Some(10));
        timers.set(&key("c"), Some(5));
        timers.set(&key("c"), None);
        assert_eq!(timers.next_ms(), Some(10));
        assert_eq!(timers.take(9), None);
        assert_eq!(timers.take(25), Some(key("a")));
        assert_eq!(timers.take(25), Some(key("b")));
        assert_eq!(timers.take(25), None);
        assert_eq!(timers.next_ms(), None);
    }

    #[test]
    fn all_timers_are_due_when_the_clock_is_set_back() {
        let key = |name: &str| ResourceKey::new(Arc::new(Kind::pod()), "default", name);
        let mut timers = Timers::default();
        timers.set(&key("a"), Some(90_000_000));
        timers.set(&key("b"), Some(90_300_000));
        assert_eq!(timers.take(89_000_000), None);
        assert_eq!(timers.take(88_999_500), None, "within what is no setting");
        // Looked at, each gets the moment that is right by the clock as it goes now.
        assert_eq!(timers.take(1_000_000), Some(key("a")));
        timers.set(&key("a"), Some(1_300_000));
        assert_eq!(timers.take(1_000_001), Some(key("b")));
        assert_eq!(timers.take(1_000_002), None);
        assert_eq!(timers.next_ms(), Some(1_300_000));
        assert_eq!(timers.take(1_300_000), Some(key("a")));
    }
}
