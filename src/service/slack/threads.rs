//! Which Slack messages are the roots of threads: the memory behind grouping keys and updates. It
//! lasts as long as the process, as in the original, and is bounded, unlike there.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Threads that are remembered; the one unused for longest is forgotten first.
const CAPACITY: usize = 10_000;

/// The root message of a thread, once there is one. It stays locked during a delivery into the
/// thread, so that two deliveries at a time do not both begin it.
pub(super) type Slot = Arc<tokio::sync::Mutex<Option<Root>>>;

/// The first message of a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Root {
    /// Slack's identifier of the message.
    pub(super) ts: String,
    /// The channel's id, which updates need.
    pub(super) channel: String,
}

/// What a thread is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ThreadKey {
    /// Tells services and their workspaces apart: two of them may have equal channels and keys.
    pub(super) workspace: u64,
    pub(super) recipient: String,
    pub(super) grouping_key: String,
}

/// The threads of all Slack services. Clones share the memory.
#[derive(Clone, Default)]
pub struct ThreadMemory {
    threads: Arc<Mutex<Threads>>,
}

#[derive(Default)]
struct Threads {
    slots: HashMap<ThreadKey, (Slot, u64)>,
    /// Counts the uses.
    clock: u64,
}

impl ThreadMemory {
    /// The slot of this thread, made when there is none.
    pub(super) fn slot(&self, key: ThreadKey) -> Slot {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.clock = threads.clock.wrapping_add(1);
        let now = threads.clock;
        if let Some((slot, used)) = threads.slots.get_mut(&key) {
            *used = now;
            return slot.clone();
        }
        if threads.slots.len() >= CAPACITY {
            let oldest = threads.slots.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                threads.slots.remove(&oldest);
            }
        }
        let slot = Slot::default();
        threads.slots.insert(key, (slot.clone(), now));
        slot
    }

    /// The root of this thread, if it is known now: for showing, without waiting for a delivery.
    pub(super) fn peek(&self, key: &ThreadKey) -> Option<Root> {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let (slot, _) = threads.slots.get(key)?;
        slot.try_lock().ok()?.clone()
    }
}

impl fmt::Debug for ThreadMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ThreadMemory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> ThreadKey {
        ThreadKey {
            workspace: 1,
            recipient: "c".into(),
            grouping_key: number.to_string(),
        }
    }

    fn begin(memory: &ThreadMemory, number: usize) {
        let slot = memory.slot(key(number));
        *slot.try_lock().expect("free") = Some(Root {
            ts: number.to_string(),
            channel: "C".into(),
        });
    }

    #[test]
    fn the_thread_unused_for_longest_is_forgotten_first() {
        let memory = ThreadMemory::default();
        for number in 0..CAPACITY {
            begin(&memory, number);
        }
        memory.slot(key(0));
        begin(&memory, CAPACITY);
        assert_eq!(memory.peek(&key(1)), None);
        for number in [0, 2, CAPACITY] {
            let root = memory.peek(&key(number)).expect("is known");
            assert_eq!(root.ts, number.to_string());
        }
    }
}
