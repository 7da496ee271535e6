//! What the engine itself knows about the notifications of one object, beyond what the annotation
//! says: those on their way, those sent but not yet written down, those given up, and what has to be
//! remembered about the timing of conditions.

use super::keeping::is_lost;
use crate::domain::{DeliveryId, NotifiedState};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// What is known of one state key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A delivery is under way.
    Sending {
        /// Which.
        id: DeliveryId,
        /// Tries so far.
        attempts: u32,
        /// When the next one is due, in milliseconds since 1970.
        next_ms: Option<i64>,
    },
    /// Sent; the annotation does not say so yet.
    Sent {
        /// The delivery, to note in the history that it was written; `None` when it was marked by
        /// hand.
        id: Option<DeliveryId>,
        /// When, in Unix seconds.
        at: i64,
    },
    /// Held by the flood guard until somebody decides.
    Held {
        /// Which.
        id: DeliveryId,
    },
    /// Given up. Tried again when the object has another fingerprint.
    GivenUp {
        /// Fingerprint of the object that was being told about.
        fingerprint: u64,
        /// Why.
        error: Arc<str>,
    },
    /// Would have been sent (dry run).
    DryRun,
}

/// Marks per state key, and the changes of the annotation that are still to be written.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    marks: BTreeMap<String, Mark>,
    clears: BTreeSet<String>,
    /// Sent deliveries whose entry was cleared before it was written: nothing is left to write.
    retired: Vec<DeliveryId>,
    /// Entries about timing that are to be set, or (`None`) to be removed.
    notes: BTreeMap<String, Option<i64>>,
}

/// The key of the mark of a delivery that tells the end of what `state_key` stands for. Nothing of
/// this name is ever written into the annotation.
pub fn end_key(state_key: &str) -> String {
    format!("{END}{state_key}")
}

/// The state key in an [`end_key`].
pub fn ended_by(key: &str) -> Option<&str> {
    key.strip_prefix(END)
}

const END: &str = "kubechime.resolved:";

impl Ledger {
    /// The mark of a key.
    pub fn get(&self, key: &str) -> Option<&Mark> {
        self.marks.get(key)
    }

    /// Sets the mark of a key. A clearing that was not written yet stays noted, so that the entry
    /// gets the time of the new sending.
    pub fn set(&mut self, key: &str, mark: Mark) {
        self.notes.remove(key);
        self.marks.insert(key.to_owned(), mark);
    }

    /// Forgets the mark of a key.
    pub fn forget(&mut self, key: &str) {
        self.marks.remove(key);
    }

    /// Forgets deliveries under way or held that nobody knows any more; whether there were any.
    pub fn forget_unknown(&mut self, known: &HashSet<DeliveryId>) -> bool {
        let before = self.marks.len();
        self.marks.retain(|_, mark| !is_lost(mark, known));
        self.marks.len() != before
    }

    /// The condition is not true (any more): what was given up, or would have been sent, is begun
    /// anew at the next rise.
    pub fn rearm(&mut self, key: &str) {
        if let Some(Mark::GivenUp { .. } | Mark::DryRun) = self.marks.get(key) {
            self.marks.remove(key);
        }
    }

    /// Notes that a key is to be removed from the annotation. A delivery under way goes on.
    pub fn clear(&mut self, key: &str) {
        match self.marks.get(key) {
            Some(Mark::Sending { .. } | Mark::Held { .. }) => {}
            Some(Mark::Sent { id, .. }) => {
                self.retired.extend(*id);
                self.marks.remove(key);
            }
            Some(Mark::GivenUp { .. } | Mark::DryRun) => {
                self.marks.remove(key);
            }
            None => {}
        }
        self.notes.remove(key);
        self.clears.insert(key.to_owned());
    }

    /// Notes an entry about timing, or another time for one that was sent; `None` removes it. Nothing
    /// is noted that the annotation says already.
    pub fn note(&mut self, key: &str, seconds: Option<i64>, state: &NotifiedState) {
        if state.get(key) == seconds {
            self.notes.remove(key);
        } else {
            self.notes.insert(key.to_owned(), seconds);
        }
    }

    /// An entry about timing, in Unix seconds.
    pub fn noted(&self, key: &str, state: &NotifiedState) -> Option<i64> {
        match self.notes.get(key) {
            Some(noted) => *noted,
            None => state.get(key),
        }
    }

    /// Entries about timing that are not written yet.
    pub fn new_notes(&self) -> impl Iterator<Item = (&str, i64)> {
        let notes = self.notes.iter();
        notes.filter_map(|(key, at)| Some((key.as_str(), (*at)?)))
    }

    /// The end of what a key stands for was told (by this delivery) or given up: the entry goes, and
    /// the delivery counts as written down when it has gone.
    pub fn ended(&mut self, key: &str, id: Option<DeliveryId>) {
        self.retire(key, id);
        self.clear(key);
    }

    /// The same where the entry stays.
    pub fn retire(&mut self, key: &str, id: Option<DeliveryId>) {
        self.marks.remove(&end_key(key));
        self.retired.extend(id);
    }

    /// Forgets entries about timing that another engine has written meanwhile.
    pub fn settle_notes(&mut self, state: &NotifiedState) {
        self.notes
            .retain(|key, at| state.get(key).is_some() != at.is_some());
    }

    /// When the key was sent, in Unix seconds, as far as this ledger and the annotation know.
    pub fn notified_at(&self, key: &str, state: &NotifiedState) -> Option<i64> {
        if let Some(Mark::Sent { at, .. }) = self.marks.get(key) {
            return Some(*at);
        }
        if self.clears.contains(key) {
            return None;
        }
        self.noted(key, state)
    }

    /// Keys that were sent and are not in the annotation yet.
    pub fn sent_keys(&self) -> impl Iterator<Item = String> {
        self.marks
            .iter()
            .filter(|(_, mark)| matches!(mark, Mark::Sent { .. }))
            .map(|(key, _)| key.clone())
    }

    /// Whether a delivery was given up and nothing has happened since.
    pub fn given_up(&self) -> bool {
        self.marks
            .values()
            .any(|mark| matches!(mark, Mark::GivenUp { .. }))
    }

    /// Deliveries that the flood guard holds.
    pub fn held(&self) -> impl Iterator<Item = DeliveryId> {
        self.marks.values().filter_map(|mark| match mark {
            Mark::Held { id } => Some(*id),
            _ => None,
        })
    }

    /// Deliveries under way, held ones included.
    pub fn sending(&self) -> usize {
        self.marks
            .values()
            .filter(|mark| matches!(mark, Mark::Sending { .. } | Mark::Held { .. }))
            .count()
    }

    /// A copy of what is to be written into the annotation; `None` when there is nothing.
    pub fn unwritten(&self) -> Option<Unwritten> {
        let marks: BTreeMap<String, (Option<DeliveryId>, i64)> = self
            .marks
            .iter()
            .filter_map(|(key, mark)| match mark {
                Mark::Sent { id, at } => Some((key.clone(), (*id, *at))),
                _ => None,
            })
            .collect();
        let nothing = marks.is_empty() && self.clears.is_empty() && self.notes.is_empty();
        if nothing && self.retired.is_empty() {
            return None;
        }
        Some(Unwritten {
            marks,
            clears: self.clears.clone(),
            retired: self.retired.clone(),
            notes: self.notes.clone(),
        })
    }

    /// Takes note that this much was written. What was added meanwhile stays to be written.
    pub fn written(&mut self, written: &Unwritten) {
        for (key, (id, at)) in &written.marks {
            if self.marks.get(key) == Some(&Mark::Sent { id: *id, at: *at }) {
                self.marks.remove(key);
            }
        }
        for key in &written.clears {
            self.clears.remove(key);
        }
        self.retired.retain(|id| !written.retired.contains(id));
        self.notes
            .retain(|key, at| written.notes.get(key) != Some(at));
    }
}

/// A change of the annotation: entries to add, entries to remove.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unwritten {
    /// State keys that were sent: delivery and Unix seconds.
    pub marks: BTreeMap<String, (Option<DeliveryId>, i64)>,
    /// State keys to remove.
    pub clears: BTreeSet<String>,
    /// Deliveries that need no entry (any more).
    pub retired: Vec<DeliveryId>,
    /// Entries about timing to set, or (`None`) to remove.
    pub notes: BTreeMap<String, Option<i64>>,
}

impl Unwritten {
    /// Merges the change into a state. Removing comes first: a key in both was sent again. One that
    /// is there already gets the time of its last sending, from which the next reminder is counted.
    pub fn apply(&self, state: &mut NotifiedState) {
        for key in &self.clears {
            state.clear(key);
        }
        for (key, (_, at)) in &self.marks {
            state.renew(key, *at);
        }
        for (key, at) in &self.notes {
            match at {
                Some(at) => state.note(key, *at),
                None => {
                    state.clear(key);
                }
            }
        }
    }

    /// Only what this engine has sent itself; `None` when there is nothing of that.
    pub fn only_sent(self) -> Option<Self> {
        let mut marks = self.marks;
        marks.retain(|_, (id, _)| id.is_some());
        (!marks.is_empty()).then(|| Self {
            marks,
            ..Self::default()
        })
    }

    /// The deliveries whose sending it writes down.
    pub fn deliveries(&self) -> Vec<DeliveryId> {
        let marked = self.marks.values().filter_map(|(id, _)| *id);
        marked.chain(self.retired.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_leaves_what_came_later() {
        let mut ledger = Ledger::default();
        ledger.set(
            "a",
            Mark::Sent {
                id: Some(DeliveryId(1)),
                at: 10,
            },
        );
        ledger.clear("b");
        let first = ledger.unwritten().unwrap();
        ledger.set("c", Mark::Sent { id: None, at: 11 });
        ledger.written(&first);
        let second = ledger.unwritten().unwrap();
        assert_eq!(second.marks.keys().collect::<Vec<_>>(), ["c"]);
        assert!(second.clears.is_empty());
    }

    #[test]
    fn a_clear_hides_the_annotation_at_once_and_a_sending_hides_the_clear() {
        let state: NotifiedState = [("a".to_owned(), 5)].into_iter().collect();
        let mut ledger = Ledger::default();
        assert_eq!(ledger.notified_at("a", &state), Some(5));
        ledger.clear("a");
        assert_eq!(ledger.notified_at("a", &state), None);
        ledger.set("a", Mark::Sent { id: None, at: 9 });
        assert_eq!(ledger.notified_at("a", &state), Some(9));
        let mut merged = state.clone();
        ledger.unwritten().unwrap().apply(&mut merged);
        assert_eq!(
            merged.get("a"),
            Some(9),
            "the entry has the time of the new sending"
        );
    }

    #[test]
    fn what_was_sent_and_cleared_before_it_was_written_counts_as_written() {
        let mut ledger = Ledger::default();
        ledger.set(
            "a",
            Mark::Sent {
                id: Some(DeliveryId(7)),
                at: 1,
            },
        );
        ledger.clear("a");
        let unwritten = ledger.unwritten().unwrap();
        assert_eq!(unwritten.deliveries(), [DeliveryId(7)]);
        ledger.written(&unwritten);
        assert_eq!(ledger.unwritten(), None);
    }

    #[test]
    fn a_key_cleared_and_sent_again_gets_the_new_time() {
        let mut state: NotifiedState = [("a".to_owned(), 5)].into_iter().collect();
        let change = Unwritten {
            marks: BTreeMap::from([("a".to_owned(), (None, 9))]),
            clears: BTreeSet::from(["a".to_owned()]),
            ..Unwritten::default()
        };
        change.apply(&mut state);
        assert_eq!(state.get("a"), Some(9));
    }

    #[test]
    fn a_reminder_renews_the_time_of_the_entry() {
        let mut state: NotifiedState = [("a".to_owned(), 5)].into_iter().collect();
        let mut ledger = Ledger::default();
        ledger.set("a", Mark::Sent { id: None, at: 9 });
        ledger.unwritten().unwrap().apply(&mut state);
        assert_eq!(state.get("a"), Some(9));
    }

    #[test]
    fn notes_are_written_once_and_read_before_they_are() {
        let mut state = NotifiedState::default();
        let mut ledger = Ledger::default();
        ledger.note("since", Some(3), &state);
        assert_eq!(ledger.noted("since", &state), Some(3));
        let first = ledger.unwritten().unwrap();
        first.apply(&mut state);
        ledger.note("since", None, &state);
        ledger.written(&first);
        assert_eq!(ledger.noted("since", &state), None, "what came later stays");
        ledger.unwritten().unwrap().apply(&mut state);
        assert!(state.is_empty());
        let mut ledger = Ledger::default();
        ledger.note("since", None, &state);
        assert_eq!(ledger.unwritten(), None, "it is as the annotation says");
    }

    #[test]
    fn another_time_is_written_even_when_it_is_earlier_and_gives_way_to_a_sending() {
        let state: NotifiedState = [("a".to_owned(), 90)].into_iter().collect();
        let mut ledger = Ledger::default();
        ledger.note("a", Some(5), &state);
        assert_eq!(ledger.notified_at("a", &state), Some(5));
        let mut written = state.clone();
        ledger.unwritten().unwrap().apply(&mut written);
        assert_eq!(written.get("a"), Some(5));
        let mut cleared = ledger.clone();
        cleared.clear("a");
        let mut written = state.clone();
        cleared.unwritten().unwrap().apply(&mut written);
        assert_eq!(written.get("a"), None);
        ledger.set("a", Mark::Sent { id: None, at: 95 });
        let mut written = state.clone();
        ledger.unwritten().unwrap().apply(&mut written);
        assert_eq!(written.get("a"), Some(95));
    }

    #[test]
    fn what_ended_leaves_nothing_but_its_delivery_to_record() {
        let mut state: NotifiedState = [("a".to_owned(), 5)].into_iter().collect();
        let mut ledger = Ledger::default();
        ledger.set(
            &end_key("a"),
            Mark::Sending {
                id: DeliveryId(7),
                attempts: 0,
                next_ms: None,
            },
        );
        ledger.ended("a", Some(DeliveryId(7)));
        assert_eq!(ledger.get(&end_key("a")), None);
        let unwritten = ledger.unwritten().unwrap();
        unwritten.apply(&mut state);
        assert!(state.is_empty());
        assert_eq!(unwritten.deliveries(), [DeliveryId(7)]);
    }
}
