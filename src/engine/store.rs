//! The objects that some subscription reaches, with just what the conditions read of them.
//!
//! An object that no subscription reaches leaves nothing behind but eight bytes for the count; a
//! subscribed one keeps its labels, its subscribe annotations, its notified state and the JSON bytes
//! of the paths that the catalog reads. Whole objects are never kept.

use super::event::ResourceRow;
use super::ledger::{Ledger, Mark, ended_by};
use crate::cluster::{LeanObject, Patched, ProjectError, hash, project};
use crate::domain::{DeliveryId, Kind, NotifiedState, PathTrie, ResourceKey, open_key};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// What the engine reads of the objects of one watch; changes with the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    /// Annotation prefix with its slash: annotations that start so are kept.
    pub annotations: String,
    /// The annotation of the notified state.
    pub notified: String,
    /// The paths that conditions and oncePer read.
    pub paths: PathTrie,
    /// Grows with each version of it; 0 where there is only one.
    pub stamp: u64,
}

/// A subscribed object, cut down to what is kept of it.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Its UID.
    pub uid: Arc<str>,
    /// Its resourceVersion.
    pub resource_version: Box<str>,
    /// When it was created, in milliseconds since 1970; 0 when unknown.
    pub created_ms: i64,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations with our prefix.
    pub annotations: BTreeMap<String, String>,
    /// The text of the notified state; empty when there is none.
    pub notified: Box<str>,
    /// JSON of the paths of interest.
    pub bytes: Box<[u8]>,
    /// Hash of `bytes`, `labels` and `annotations`.
    pub fingerprint: u64,
    /// Stamp of the interest that it was cut down to.
    pub stamp: u64,
}

impl Observed {
    /// Cuts an object down.
    ///
    /// # Errors
    /// The object's JSON is damaged.
    pub fn of(object: &LeanObject, interest: &Interest) -> Result<Self, ProjectError> {
        let bytes = project(&object.raw, &interest.paths)?;
        let annotations: BTreeMap<String, String> = object
            .annotations
            .iter()
            .filter(|(key, _)| key.starts_with(&interest.annotations))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut hasher = DefaultHasher::new();
        hash(&bytes).hash(&mut hasher);
        object.labels.hash(&mut hasher);
        annotations.hash(&mut hasher);
        Ok(Self {
            uid: object.uid.as_str().into(),
            resource_version: object.resource_version.as_str().into(),
            created_ms: object.created.map_or(0, |at| at.as_millisecond()),
            labels: object.labels.clone(),
            notified: object
                .annotations
                .get(&interest.notified)
                .map_or("", String::as_str)
                .into(),
            annotations,
            bytes,
            fingerprint: hasher.finish(),
            stamp: interest.stamp,
        })
    }
}

/// What a look depended on: when nothing of it has changed, looking again would find the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookedAt {
    /// Fingerprint of the object.
    pub fingerprint: u64,
    /// Hash of the notified state's text.
    pub notified: u64,
    /// Serial number of the catalog.
    pub catalog: u64,
    /// Whether the engine acted on what it saw.
    pub acted: bool,
}

/// A subscribed object with all that the engine knows about it.
#[derive(Debug)]
pub struct Tracked {
    /// The object.
    pub observed: Observed,
    /// Which start of the watch its bytes were cut for.
    pub generation: u64,
    /// The triggers that it is subscribed to, as of the last look.
    pub triggers: Box<[Arc<str>]>,
    /// The decoded notified state.
    pub state: NotifiedState,
    /// What is known beyond the annotation.
    pub ledger: Ledger,
    /// State keys that its conditions and destinations can produce now: never trimmed.
    pub live: BTreeSet<String>,
    /// What the last look depended on.
    pub looked_at: Option<LookedAt>,
    /// The annotation was last changed from here, and that has not been looked at.
    pub echo: bool,
    /// A patch is being written.
    pub patching: bool,
    /// The text in the annotation is not in the form that we write.
    pub untidy: bool,
    /// No patch before this time: the last one was refused.
    pub patch_after: Option<tokio::time::Instant>,
    /// Its row, as last told.
    pub row: Option<Arc<ResourceRow>>,
    /// The trigger of the last thing that happened.
    pub last_trigger: Arc<str>,
    /// When that was, in milliseconds since 1970.
    pub last_ms: i64,
    /// The last thing that happened was a sending.
    pub just_sent: bool,
    /// State keys were cleared by hand, and nothing has been sent since.
    pub cleared: bool,
    /// Hash of what the last look found, as far as it was told in the log.
    pub told: u64,
    /// The notified state was wiped by somebody else.
    pub wipes: Wipes,
    /// The time of sending in which it was looked at last: see `tenure`.
    pub tenure: u64,
    /// Deliveries, by their key, that another engine may have made.
    pub doubts: BTreeSet<String>,
    /// It was deleted: there is nothing left to fetch.
    pub deleted: bool,
    /// The whole object, kept only while a condition asks whether it was deleted: then it is
    /// rendered when the server has nothing left to fetch.
    pub raw: Option<Arc<str>>,
}

/// How often somebody else has wiped the notified state of an object lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wipes {
    /// The last time, in milliseconds since 1970; 0 for never.
    pub last_ms: i64,
    /// How often, each within a short while of the one before.
    pub count: u32,
}

impl Tracked {
    /// An object seen for the first time.
    pub fn new(observed: Observed, generation: u64) -> Self {
        let (state, problem) = NotifiedState::parse(&observed.notified);
        let untidy = problem.is_some() || !is_tidy(&state, &observed.notified);
        Self {
            observed,
            generation,
            triggers: Box::default(),
            state,
            ledger: Ledger::default(),
            live: BTreeSet::new(),
            looked_at: None,
            echo: false,
            patching: false,
            untidy,
            patch_after: None,
            row: None,
            last_trigger: "".into(),
            last_ms: 0,
            just_sent: false,
            cleared: false,
            told: 0,
            wipes: Wipes::default(),
            tenure: 0,
            doubts: BTreeSet::new(),
            deleted: false,
            raw: None,
        }
    }

    /// Takes over a newer version of the object. One with another UID is a new object of the same
    /// name: nothing that is known of the old one holds for it. Gives the notified state that there
    /// was, if it has vanished and not from here.
    pub fn update(&mut self, observed: Observed, generation: u64) -> Option<NotifiedState> {
        if observed.uid != self.observed.uid {
            let triggers = std::mem::take(&mut self.triggers);
            *self = Self::new(observed, generation);
            self.triggers = triggers;
            return None;
        }
        self.generation = generation;
        let mut lost = None;
        if observed.notified != self.observed.notified {
            let (state, problem) = NotifiedState::parse(&observed.notified);
            self.untidy = problem.is_some() || !is_tidy(&state, &observed.notified);
            let before = std::mem::replace(&mut self.state, state);
            let wiped = self.state.tells_nothing() && !before.tells_nothing();
            lost = (wiped && !self.patching).then_some(before);
            self.ledger.settle_notes(&self.state);
        }
        self.observed = observed;
        lost
    }

    /// Takes over what an earlier process left: a mark that stands for what the annotation does not
    /// say yet.
    pub fn adopt(&mut self, state_key: &str, mark: Mark) {
        if let (Some(of), Mark::Sent { id: Some(id), .. }) = (ended_by(state_key), &mark) {
            self.end(of, Some(*id));
        } else {
            let written = match &mark {
                Mark::Sent { at, .. } => {
                    self.state.get(state_key).is_some_and(|known| known >= *at)
                }
                _ => false,
            };
            if written {
                return;
            }
            self.ledger.set(state_key, mark);
        }
        self.looked_at = None;
    }

    /// The end of what a state key stands for was told, or can't be told. With oncePer the entry
    /// stays, so that it is not sent again. `id` is the delivery that told it.
    pub fn end(&mut self, of: &str, id: Option<DeliveryId>) {
        let open = open_key(of);
        if self.ledger.noted(&open, &self.state).is_some() {
            self.ledger.note(&open, None, &self.state);
            self.ledger.retire(of, id);
        } else {
            self.ledger.ended(of, id);
        }
    }

    /// Takes over what is read of the object from an older version of it, but not its notified
    /// state, which is known better.
    pub fn refresh(&mut self, observed: Observed, generation: u64) {
        self.generation = generation;
        let notified = std::mem::take(&mut self.observed.notified);
        let resource_version = std::mem::take(&mut self.observed.resource_version);
        self.observed = Observed {
            notified,
            resource_version,
            ..observed
        };
    }

    /// The annotation was written from here: this is what it is now. The answer may come after events
    /// of what others have done since; then these count. Gives the state that was written when one of
    /// them has wiped it.
    pub fn patched(&mut self, patched: Patched) -> Option<NotifiedState> {
        let notified: Box<str> = patched.value.unwrap_or_default().into();
        let (written, _) = NotifiedState::parse(&notified);
        if older(&patched.resource_version, &self.observed.resource_version) {
            let wiped = self.state.tells_nothing() && !written.tells_nothing();
            if wiped {
                // The last look took what was sent for written down.
                self.looked_at = None;
            }
            return wiped.then_some(written);
        }
        self.state = written;
        self.echo = notified != self.observed.notified;
        self.untidy = false;
        self.observed.notified = notified;
        self.observed.resource_version = patched.resource_version.into();
        None
    }

    /// What a look at it depends on now.
    pub fn look_key(&self, catalog: u64, acted: bool) -> LookedAt {
        LookedAt {
            fingerprint: self.observed.fingerprint,
            notified: hash(self.observed.notified.as_bytes()),
            catalog,
            acted,
        }
    }
}

fn is_tidy(state: &NotifiedState, text: &str) -> bool {
    text.is_empty() || state.to_json() == text
}

/// Whether a resourceVersion is older than another. They are numbers on every API server there is;
/// where one is not, nothing is known, and the newcomer counts as newer.
pub(super) fn older(version: &str, than: &str) -> bool {
    match (version.parse::<u64>(), than.parse::<u64>()) {
        (Ok(version), Ok(than)) => version < than,
        _ => false,
    }
}

/// All subscribed objects of all watches.
#[derive(Debug, Default)]
pub struct Store {
    tracked: HashMap<ResourceKey, Tracked>,
    /// Number of tracked objects per kind.
    subscribed: HashMap<Arc<Kind>, u64>,
    /// Hashes of the keys of all objects, per watch and scope.
    seen: HashMap<ScopeId, HashSet<u64>>,
    /// While a scope is listed: what was listed so far.
    listing: HashMap<ScopeId, HashSet<u64>>,
}

/// What lists at once: a watch, and one of its namespaces; the empty one stands for all.
pub type ScopeId = (usize, Arc<str>);

/// Identifies an object of a watch in eight bytes. A collision would at worst count two objects as
/// one, or keep a deleted one until the next list.
fn key_hash(key: &ResourceKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.namespace.hash(&mut hasher);
    key.name.hash(&mut hasher);
    hasher.finish()
}

impl Store {
    /// A scope begins to list its objects.
    pub fn begin_list(&mut self, scope: ScopeId) {
        self.listing.insert(scope, HashSet::new());
    }

    /// A scope has listed all its objects: what it did not name is gone. Returns those that are
    /// still tracked.
    pub fn end_list(&mut self, scope: ScopeId, kind: &Kind) -> Vec<ResourceKey> {
        let Some(listed) = self.listing.remove(&scope) else {
            return Vec::new();
        };
        let gone: Vec<ResourceKey> = self
            .tracked
            .keys()
            .filter(|key| *key.kind == *kind)
            .filter(|key| scope.1.is_empty() || key.namespace == scope.1)
            .filter(|key| !listed.contains(&key_hash(key)))
            .cloned()
            .collect();
        self.seen.insert(scope, listed);
        gone
    }

    /// Whether an object is known to exist.
    pub fn has_seen(&self, scope: &ScopeId, key: &ResourceKey) -> bool {
        let seen = self.seen.get(scope);
        seen.is_some_and(|seen| seen.contains(&key_hash(key)))
    }

    /// An object exists.
    pub fn saw(&mut self, scope: &ScopeId, key: &ResourceKey) {
        let hash = key_hash(key);
        if let Some(listing) = self.listing.get_mut(scope) {
            listing.insert(hash);
        }
        match self.seen.get_mut(scope) {
            Some(seen) => {
                seen.insert(hash);
            }
            None => {
                self.seen.insert(scope.clone(), HashSet::from([hash]));
            }
        }
    }

    /// An object is gone.
    pub fn deleted(&mut self, scope: &ScopeId, key: &ResourceKey) {
        let hash = key_hash(key);
        for sets in [&mut self.seen, &mut self.listing] {
            if let Some(set) = sets.get_mut(scope) {
                set.remove(&hash);
            }
        }
    }

    /// The object is not subscribed (any more). Returns it if it was tracked.
    pub fn untrack(&mut self, key: &ResourceKey) -> Option<Tracked> {
        let tracked = self.tracked.remove(key)?;
        if let Some(count) = self.subscribed.get_mut(&key.kind) {
            *count = count.saturating_sub(1);
        }
        Some(tracked)
    }

    /// Begins to track an object.
    pub fn track(&mut self, key: ResourceKey, tracked: Tracked) {
        let kind = Arc::clone(&key.kind);
        if self.tracked.insert(key, tracked).is_none() {
            *self.subscribed.entry(kind).or_default() += 1;
        }
    }

    /// A tracked object.
    pub fn get(&self, key: &ResourceKey) -> Option<&Tracked> {
        self.tracked.get(key)
    }

    /// A tracked object, to change it.
    pub fn get_mut(&mut self, key: &ResourceKey) -> Option<&mut Tracked> {
        self.tracked.get_mut(key)
    }

    /// Whether a patch is being written.
    pub fn is_patching(&self) -> bool {
        self.tracked.values().any(|tracked| tracked.patching)
    }

    /// Keys of all tracked objects, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &ResourceKey> {
        self.tracked.keys()
    }

    /// Number of objects of a watch, subscribed or not.
    pub fn objects(&self, watch: usize) -> u64 {
        let scopes = self.seen.iter().filter(|((of, _), _)| *of == watch);
        scopes.map(|(_, seen)| seen.len() as u64).sum()
    }

    /// Number of tracked objects of a kind.
    pub fn subscribed(&self, kind: &Kind) -> u64 {
        self.subscribed.get(kind).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(version: &str, notified: &str) -> Observed {
        let annotation = "notified.notifications.argoproj.io";
        let mut pod = serde_json::json!({"metadata": {
            "name": "web-1", "namespace": "shop", "uid": "u", "resourceVersion": version,
        }});
        if !notified.is_empty() {
            pod["metadata"]["annotations"] = serde_json::json!({annotation: notified});
        }
        let object = LeanObject::parse(&Arc::new(Kind::pod()), &pod.to_string()).unwrap();
        let interest = Interest {
            annotations: "notifications.argoproj.io/".into(),
            notified: annotation.into(),
            paths: PathTrie::default(),
            stamp: 0,
        };
        Observed::of(&object, &interest).unwrap()
    }

    fn answer(version: &str, value: &str) -> Patched {
        Patched {
            resource_version: version.into(),
            value: Some(value.into()),
            attempts: 1,
        }
    }

    /// What we have written is wiped before the answer to our patch is here.
    #[test]
    fn an_answer_hides_no_wipe_that_was_seen_before_it() {
        let ours = "{\"t:[0].x:hook:\":5}";
        let mut tracked = Tracked::new(observed("1", ""), 1);
        tracked.patching = true;
        assert_eq!(tracked.update(observed("2", ours), 1), None);
        assert_eq!(tracked.update(observed("3", ""), 1), None);
        let lost = tracked.patched(answer("2", ours)).expect("wiped");
        assert_eq!(lost.to_json(), ours);
        assert!(tracked.state.is_empty());
        assert_eq!(&*tracked.observed.resource_version, "3");

        // Changes of others that leave it alone, and the usual order.
        let mut tracked = Tracked::new(observed("1", ""), 1);
        tracked.patching = true;
        assert_eq!(tracked.update(observed("4", ours), 1), None);
        assert_eq!(tracked.patched(answer("2", ours)), None);
        assert_eq!(&*tracked.observed.resource_version, "4");
        let mut tracked = Tracked::new(observed("1", ""), 1);
        assert_eq!(tracked.patched(answer("2", ours)), None);
        assert_eq!(tracked.state.to_json(), ours);
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(older("9", "10"));
        assert!(!older("10", "10"));
        assert!(!older("x", "10"));
    }
}
