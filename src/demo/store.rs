//! The objects of one kind and the recent changes to them.
//!
//! An object is held as the bytes of the line that announced it to watches
//! (`{"type":"MODIFIED","object":{…}}`): the object itself is a slice of that line, so one
//! allocation serves get, list and every watch. Changes stay in a bounded log, which answers
//! watches that resume and lists that continue; what fell out of it is `410 Expired`.

use super::object::meta_mut;
use super::resource::Resource;
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::watch;

/// `namespace/name`; `/name` for cluster-scoped objects.
pub(super) type Key = Arc<str>;

/// The key of an object.
pub(super) fn key(namespace: &str, name: &str) -> Key {
    format!("{namespace}/{name}").into()
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    Added,
    Modified,
    Deleted,
}

impl ChangeKind {
    /// What a watch line has before the object. The type comes first: streaming decoders decide
    /// by it how to read the object.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Added => r#"{"type":"ADDED","object":"#,
            Self::Modified => r#"{"type":"MODIFIED","object":"#,
            Self::Deleted => r#"{"type":"DELETED","object":"#,
        }
    }
}

/// What a watch line has after the object.
pub(super) const SUFFIX: &str = "}\n";

/// One version of one object.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// The resourceVersion of this version.
    pub rv: u64,
    kind: ChangeKind,
    line: Bytes,
}

/// Members of an object that stay as they are stored.
pub(super) type Rest<'r> = BTreeMap<&'r str, &'r RawValue>;

/// A member of an object that is written.
#[derive(Serialize)]
#[serde(untagged)]
enum Member<'m> {
    Tree(&'m Value),
    Raw(&'m RawValue),
}

impl Stored {
    fn new(kind: ChangeKind, rv: u64, object: &Value, rest: &Rest<'_>) -> Self {
        let mut line = Vec::with_capacity(4096);
        line.extend_from_slice(kind.prefix().as_bytes());
        let trees = object.as_object().into_iter().flatten();
        let mut members: BTreeMap<&str, Member<'_>> = trees
            .map(|(key, value)| (key.as_str(), Member::Tree(value)))
            .collect();
        members.extend(rest.iter().map(|(key, raw)| (*key, Member::Raw(raw))));
        // Writing JSON into memory has no way to fail.
        let _ = serde_json::to_writer(&mut line, &members);
        line.extend_from_slice(SUFFIX.as_bytes());
        // Exactly as long as the text: a hundred thousand of them may be held.
        Self {
            rv,
            kind,
            line: Bytes::from(line.into_boxed_slice()),
        }
    }

    /// The object as JSON text.
    pub fn json(&self) -> Bytes {
        self.line
            .slice(self.kind.prefix().len()..self.line.len() - SUFFIX.len())
    }

    /// The watch line that announced this version.
    pub fn line(&self) -> Bytes {
        self.line.clone()
    }

    /// Whether [`Stored::line`] announces this kind of change.
    pub fn is(&self, kind: ChangeKind) -> bool {
        self.kind == kind
    }

    /// The object as a tree.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.json()).unwrap_or_default()
    }
}

/// One entry of the log.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub rv: u64,
    pub key: Key,
    pub kind: ChangeKind,
    /// The new version; of a deletion, the last state with the resourceVersion of the deletion.
    pub object: Stored,
    /// The version before.
    pub before: Option<Stored>,
}

/// What a write expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// Nothing: the object is to be created.
    Absent,
    /// Exactly this resourceVersion.
    Version(u64),
    /// Anything or nothing.
    Any,
}

/// A write found something else than it expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missed {
    /// An object is there already.
    Exists,
    /// There is another version.
    Changed,
    /// There is no object.
    Absent,
}

/// The asked resourceVersion is older than the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooOld {
    /// The oldest resourceVersion from which changes are still known.
    pub oldest: u64,
}

/// A run of objects in key order.
pub(super) struct Page {
    pub entries: Vec<(Key, Stored)>,
    /// The resourceVersion of the state that the entries show.
    pub rv: u64,
    /// Whether there are objects after the last entry.
    pub more: bool,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<Key, Stored>,
    log: VecDeque<Change>,
    /// Changes up to this resourceVersion are no longer in the log.
    forgotten: u64,
}

/// All objects of one kind.
pub(super) struct Collection {
    resource: RwLock<Arc<Resource>>,
    state: Mutex<State>,
    /// The last resourceVersion given out in the whole cluster.
    clock: Arc<AtomicU64>,
    history_window: usize,
    /// The last resourceVersion of this collection; `u64::MAX` when the kind is gone.
    latest: watch::Sender<u64>,
}

impl Collection {
    pub fn new(resource: Resource, clock: Arc<AtomicU64>, history_window: usize) -> Self {
        let forgotten = clock.load(Ordering::SeqCst);
        Self {
            resource: RwLock::new(Arc::new(resource)),
            state: Mutex::new(State {
                forgotten,
                ..State::default()
            }),
            clock,
            history_window: history_window.max(1),
            latest: watch::Sender::new(0),
        }
    }

    pub fn resource(&self) -> Arc<Resource> {
        Arc::clone(&self.resource.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the description of the kind.
    pub fn describe(&self, resource: Resource) {
        *self
            .resource
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(resource);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, key: &str) -> Option<Stored> {
        self.state().objects.get(key).cloned()
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.state().objects.len()
    }

    /// Told of every change by its resourceVersion.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.latest.subscribe()
    }

    /// Ends every watch: the kind is no longer served.
    pub fn close(&self) {
        self.latest.send_replace(u64::MAX);
    }

    /// Writes an object, with the next resourceVersion in its metadata.
    pub fn commit(&self, key: &Key, expect: Expect, object: &mut Value) -> Result<Stored, Missed> {
        self.commit_parts(key, expect, object, &Rest::new())
    }

    /// The same with members that are taken over as they are.
    pub fn commit_parts(
        &self,
        key: &Key,
        expect: Expect,
        object: &mut Value,
        rest: &Rest<'_>,
    ) -> Result<Stored, Missed> {
        let mut state = self.state();
        let before = state.objects.get(key).cloned();
        match (expect, &before) {
            (Expect::Absent, Some(_)) => return Err(Missed::Exists),
            (Expect::Version(_), None) => return Err(Missed::Absent),
            (Expect::Version(version), Some(found)) if found.rv != version => {
                return Err(Missed::Changed);
            }
            _ => {}
        }
        let rv = self.next_version();
        meta_mut(object).insert("resourceVersion".to_owned(), rv.to_string().into());
        let kind = if before.is_some() {
            ChangeKind::Modified
        } else {
            ChangeKind::Added
        };
        let stored = Stored::new(kind, rv, object, rest);
        state.objects.insert(Arc::clone(key), stored.clone());
        let change = Change {
            rv,
            key: Arc::clone(key),
            kind,
            object: stored.clone(),
            before,
        };
        self.record(state, change);
        Ok(stored)
    }

    /// Takes an object out; the answer is its last state.
    pub fn remove(&self, key: &Key, expect: Expect) -> Result<Stored, Missed> {
        let mut state = self.state();
        let Some(before) = state.objects.get(key).cloned() else {
            return Err(Missed::Absent);
        };
        if matches!(expect, Expect::Version(version) if version != before.rv) {
            return Err(Missed::Changed);
        }
        state.objects.remove(key);
        let rv = self.next_version();
        let mut object = before.value();
        meta_mut(&mut object).insert("resourceVersion".to_owned(), rv.to_string().into());
        let stored = Stored::new(ChangeKind::Deleted, rv, &object, &Rest::new());
        let change = Change {
            rv,
            key: Arc::clone(key),
            kind: ChangeKind::Deleted,
            object: stored.clone(),
            before: Some(before),
        };
        self.record(state, change);
        Ok(stored)
    }

    /// Only called with the lock held: versions of one collection grow in the order of its log.
    fn next_version(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst).wrapping_add(1)
    }

    fn record(&self, mut state: MutexGuard<'_, State>, change: Change) {
        let rv = change.rv;
        state.log.push_back(change);
        while state.log.len() > self.history_window {
            if let Some(dropped) = state.log.pop_front() {
                state.forgotten = dropped.rv;
            }
        }
        drop(state);
        self.latest.send_if_modified(|latest| {
            let newer = rv > *latest;
            if newer {
                *latest = rv;
            }
            newer
        });
    }

    /// Empties the log: whoever asks for an older state than the present one gets `TooOld`.
    pub fn forget_history(&self) {
        let mut state = self.state();
        state.log.clear();
        state.forgotten = self.next_version();
    }

    /// The changes after a resourceVersion, oldest first, at most `limit`.
    pub fn changes_after(&self, rv: u64, limit: usize) -> Result<Vec<Change>, TooOld> {
        let state = self.state();
        if rv < state.forgotten {
            return Err(TooOld {
                oldest: state.forgotten,
            });
        }
        let first = state.log.partition_point(|change| change.rv <= rv);
        Ok(state.log.range(first..).take(limit).cloned().collect())
    }

    /// The cluster's resourceVersion now: every later change of this collection has a higher one.
    pub fn version(&self) -> u64 {
        let _order = self.state();
        self.clock.load(Ordering::SeqCst)
    }

    /// Objects after `after` whose key starts with `prefix`, as they were at `at` (now, if not
    /// given). Costs the page plus the changes since then.
    pub fn page(
        &self,
        at: Option<u64>,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page, TooOld> {
        let state = self.state();
        let rv = at.unwrap_or_else(|| self.clock.load(Ordering::SeqCst));
        if rv < state.forgotten && at.is_some() {
            return Err(TooOld {
                oldest: state.forgotten,
            });
        }
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let in_range = |key: &str| {
            let past = match start {
                Bound::Excluded(after) => key > after,
                _ => key >= prefix,
            };
            past && key.starts_with(prefix)
        };
        // How the changed objects were at `at`. Walking back, the last write is the oldest change.
        let mut was: BTreeMap<&Key, Option<&Stored>> = BTreeMap::new();
        for change in state.log.iter().rev().take_while(|change| change.rv > rv) {
            if in_range(&change.key) {
                was.insert(&change.key, change.before.as_ref());
            }
        }
        let unchanged = state
            .objects
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(key, _)| !was.contains_key(key));
        let restored = was
            .iter()
            .filter_map(|(key, stored)| Some((*key, (*stored)?)));
        let mut merged = merge(unchanged, restored);
        let entries: Vec<_> = merged
            .by_ref()
            .take(limit)
            .map(|(key, stored)| (Arc::clone(key), stored.clone()))
            .collect();
        let more = merged.next().is_some();
        Ok(Page { entries, rv, more })
    }
}

type Entry<'s> = (&'s Key, &'s Stored);

/// Two runs in key order as one.
fn merge<'s>(
    left: impl Iterator<Item = Entry<'s>>,
    right: impl Iterator<Item = Entry<'s>>,
) -> impl Iterator<Item = Entry<'s>> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    let smaller = |left: &mut Peekable<_>, right: &mut Peekable<_>| match (
        left.peek().map(|(key, _): &Entry<'_>| *key),
        right.peek().map(|(key, _): &Entry<'_>| *key),
    ) {
        (Some(l), Some(r)) => l <= r,
        (l, _) => l.is_some(),
    };
    std::iter::from_fn(move || {
        if smaller(&mut left, &mut right) {
            left.next()
        } else {
            right.next()
        }
    })
}
