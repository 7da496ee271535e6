//! Walks over all objects with a draft: its blast radius, and the migration of keys.
//!
//! One at a time, in steps of a few milliseconds between the engine's other work, over what the
//! engine keeps; objects of which it keeps too little are fetched (`walk_fetch`) while the rest is
//! shown already. The walk holds both configurations, so a new one in force does not disturb it.
//! The decisions are those of `preview`, which the command line uses too.

use super::clock::now_ms;
use super::command::{CommandError, Reply, Ticket};
use super::draft_catalog::{Changes, broken_keys, draft_catalog};
use super::ledger::Ledger;
use super::migrating::{Migrated, Wanted};
use super::preview::{Comparison, Known, subscriptions};
use super::progress::{Migration, PreviewNews, WorkPhase};
use super::reconcile::{Input, Reconciler};
use super::store::Observed;
use crate::catalog::{self, Catalog};
use crate::domain::{Mode, NotifiedState, ResourceKey};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Longest time that one step takes.
const STEP: Duration = Duration::from_millis(2);

/// A step is taken at least this often, however busy the engine is.
const AT_LEAST: Duration = Duration::from_millis(50);

/// Objects between two looks at the clock.
const BETWEEN: usize = 8;

/// Patches of a migration that may be under way.
const WRITING: usize = 256;

/// What a walk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The blast radius.
    Preview,
    /// Adding entries under the draft's keys.
    Migrate,
    /// Taking them away again.
    Undo,
}

/// What a walk hears of its tasks.
pub(super) enum WalkInput {
    /// Both configurations are there, and the objects in order.
    Ready {
        walk: u64,
        draft: Result<Arc<Catalog>, CommandError>,
        keys: Vec<ResourceKey>,
    },
    /// Objects that were fetched.
    Page {
        walk: u64,
        objects: Vec<(ResourceKey, Observed)>,
    },
    /// All are fetched, or no more can be.
    Fetched { walk: u64, problem: Option<String> },
}

/// A walk.
pub(super) struct Walk {
    pub(super) number: u64,
    pub(super) ticket: Ticket,
    pub(super) purpose: Purpose,
    live: Arc<Catalog>,
    /// `None` while the draft is read.
    pub(super) comparison: Option<Comparison>,
    /// Per watch: the triggers of the draft that read more than is kept of its objects.
    lacking: Vec<BTreeSet<String>>,
    left: Vec<ResourceKey>,
    /// Objects of which too little is kept.
    pub(super) deferred: HashSet<ResourceKey>,
    fetched: VecDeque<(ResourceKey, Observed)>,
    /// Asks for the next page.
    pub(super) more: Option<mpsc::Sender<()>>,
    fetch_began: bool,
    pub(super) fetch_over: bool,
    pub(super) cancel: CancellationToken,
    /// Objects whose patch is under way: one of the entries, and how many.
    pub(super) writing: HashMap<ResourceKey, (String, u64)>,
    pub(super) preview: PreviewNews,
    pub(super) migration: Migration,
    pub(super) began: Instant,
    stepped: Instant,
    pub(super) told: Option<Instant>,
}

impl Walk {
    fn has_work(&self) -> bool {
        let objects = !self.left.is_empty() || !self.fetched.is_empty();
        self.comparison.is_some() && objects && self.writing.len() < WRITING
    }

    fn is_done(&self) -> bool {
        self.comparison.is_some()
            && self.left.is_empty()
            && self.fetched.is_empty()
            && self.writing.is_empty()
            && self.fetch_over
    }

    pub(super) fn phase(&mut self) -> &mut WorkPhase {
        match self.purpose {
            Purpose::Preview => &mut self.preview.phase,
            Purpose::Migrate | Purpose::Undo => &mut self.migration.phase,
        }
    }
}

impl Reconciler {
    /// Begins to find out the blast radius of a draft, in the place of an older preview.
    pub(super) fn preview(&mut self, ticket: Ticket, number: u64, changes: Changes) {
        let writes = |walk: &Walk| walk.purpose != Purpose::Preview;
        if self.walk.as_deref().is_some_and(writes) {
            let text = "keys are being migrated: wait for its end, or stop it".to_owned();
            self.answer(ticket, Err(CommandError::Failed(text)));
            return;
        }
        self.begin_walk(ticket, number, Purpose::Preview, Some(changes));
    }

    /// Ends the walk with this number.
    pub(super) fn stop_walk(&mut self, ticket: Ticket, number: u64) {
        if self.walk.as_ref().is_some_and(|walk| walk.number == number) {
            self.end_walk(WorkPhase::Stopped);
        }
        self.answer(ticket, Ok(Reply::Stopped));
    }

    pub(super) fn begin_walk(
        &mut self,
        ticket: Ticket,
        number: u64,
        purpose: Purpose,
        changes: Option<Changes>,
    ) {
        let view = match self.current_view() {
            Ok(view) => view,
            Err(error) => {
                self.answer(ticket, Err(error));
                return;
            }
        };
        self.end_walk(WorkPhase::Stopped);
        let taken_back = self.migrated.as_ref().filter(|_| changes.is_none());
        let taken_back = taken_back.map(|migrated| migrated.comparison.clone());
        if let Some(migrated) = self.migrated.as_mut().filter(|_| taken_back.is_some()) {
            migrated.taken_back = true;
        }
        let live = match &taken_back {
            Some(comparison) => Arc::clone(comparison.live()),
            None => Arc::clone(&view.catalog),
        };
        let now = Instant::now();
        let walk = Walk {
            number,
            ticket,
            purpose,
            live,
            comparison: None,
            lacking: Vec::new(),
            left: Vec::new(),
            deferred: HashSet::new(),
            fetched: VecDeque::new(),
            more: None,
            fetch_began: false,
            fetch_over: false,
            cancel: self.stop.child_token(),
            writing: HashMap::new(),
            preview: PreviewNews {
                number,
                revision: view.resource_version.clone(),
                began_ms: now_ms(),
                ..PreviewNews::default()
            },
            migration: Migration {
                number,
                undo: purpose == Purpose::Undo,
                ..Migration::default()
            },
            began: now,
            stepped: now,
            told: None,
        };
        let cancel = walk.cancel.clone();
        self.walk = Some(Box::new(walk));
        self.tell_walk(true);
        let mut keys: Vec<ResourceKey> = self.store.keys().cloned().collect();
        let (cluster, inputs) = (self.cluster.clone(), self.inputs.clone());
        let options = Arc::clone(&self.options);
        self.tasks.spawn(async move {
            let read = async {
                let draft = match (changes, taken_back) {
                    (Some(changes), _) => {
                        draft_catalog(&cluster, &view, &options.secret, changes).await
                    }
                    (None, Some(comparison)) => Ok(Arc::clone(comparison.draft())),
                    (None, None) => Err(CommandError::Failed("there is no draft".into())),
                };
                // In an order that people can follow, the last one first: they are taken from the
                // end.
                let sort = move || {
                    keys.sort_unstable_by(|a, b| b.cmp(a));
                    keys
                };
                let keys = tokio::task::spawn_blocking(sort).await.unwrap_or_default();
                WalkInput::Ready {
                    walk: number,
                    draft,
                    keys,
                }
            };
            tokio::select! {
                biased;
                () = cancel.cancelled() => {}
                ready = read => {
                    // Nobody listens any more when the engine has ended.
                    let _ = inputs.send(Input::Walk(Box::new(ready))).await;
                }
            }
        });
    }

    /// Something that a walk waited for.
    pub(super) fn on_walk(&mut self, input: WalkInput) {
        let Some(walk) = self.walk.as_deref_mut() else {
            return;
        };
        match input {
            WalkInput::Ready {
                walk: number,
                draft,
                keys,
            } if number == walk.number => match draft {
                Ok(draft) => self.start_walk(draft, keys),
                Err(error) => self.end_walk(WorkPhase::Failed(error.to_string())),
            },
            WalkInput::Page {
                walk: number,
                objects,
            } if number == walk.number => walk.fetched.extend(objects),
            WalkInput::Fetched {
                walk: number,
                problem,
            } if number == walk.number => {
                walk.fetch_over = true;
                if problem.is_none() {
                    // What was not found is gone.
                    let gone = walk.deferred.len() as u64;
                    walk.deferred.clear();
                    walk.preview.done += gone;
                    walk.migration.done += gone;
                }
                walk.preview.problem.clone_from(&problem);
                walk.migration.problem = problem;
                self.settle_walk();
            }
            _ => {}
        }
    }

    fn start_walk(&mut self, draft: Arc<Catalog>, keys: Vec<ResourceKey>) {
        let Some(mut walk) = self.walk.take() else {
            return;
        };
        let comparison = Comparison::new(Arc::clone(&walk.live), Arc::clone(&draft));
        walk.lacking = (0..self.watching.len())
            .map(|number| self.lacking(number, &draft))
            .collect();
        let all = keys.len() as u64;
        walk.left = keys;
        walk.preview.all = all;
        walk.migration.all = all;
        *walk.phase() = WorkPhase::Looking;
        let differences = catalog::diff(&walk.live, &draft);
        walk.preview.differences = differences.iter().map(ToString::to_string).collect();
        walk.preview.broken = broken_keys(&draft);
        walk.preview.changed_keys = comparison.changed_keys().to_vec();
        if walk.purpose == Purpose::Migrate {
            let comparison = comparison.clone();
            self.migrated = Some(Migrated {
                comparison,
                taken_back: false,
                since: None,
            });
        }
        walk.comparison = Some(comparison);
        self.walk = Some(walk);
        self.settle_walk();
    }

    /// The triggers of a draft that read more than is kept of the objects of a watch.
    fn lacking(&self, number: usize, draft: &Catalog) -> BTreeSet<String> {
        let (Some(settings), Some(watching)) =
            (self.options.watches.get(number), self.watching.get(number))
        else {
            return BTreeSet::new();
        };
        let names = draft.triggers.iter().filter(|(_, trigger)| {
            let reads = trigger.reads(&settings.variable);
            watching.paths().is_none_or(|kept| !kept.covers(&reads))
        });
        names.map(|(name, _)| name.clone()).collect()
    }

    /// Whether a walk can go on now.
    pub(super) fn can_walk(&self) -> bool {
        self.walk.as_deref().is_some_and(Walk::has_work)
    }

    /// Goes on when the engine has been too busy for a while to come to it.
    pub(super) fn walk_at_least(&mut self) {
        let overdue = |walk: &Walk| walk.has_work() && walk.stepped.elapsed() >= AT_LEAST;
        if self.walk.as_deref().is_some_and(overdue) {
            self.walk_some();
        }
    }

    /// Looks at the next few objects.
    pub(super) fn walk_some(&mut self) {
        let Some(mut walk) = self.walk.take() else {
            return;
        };
        if walk.purpose != Purpose::Preview && self.mode != Mode::Active {
            self.walk = Some(walk);
            let text = format!("the engine is in mode {} now", self.mode);
            self.end_walk(WorkPhase::Failed(text));
            return;
        }
        let until = Instant::now() + STEP;
        while walk.has_work() {
            for _ in 0..BETWEEN {
                if let Some((key, observed)) = walk.fetched.pop_front() {
                    self.walk_fetched(&mut walk, &key, &observed);
                    if walk.fetched.is_empty()
                        && let Some(more) = &walk.more
                    {
                        // Full or closed: then nobody waits for it.
                        let _ = more.try_send(());
                    }
                } else if let Some(key) = walk.left.pop() {
                    self.walk_tracked(&mut walk, &key);
                } else {
                    break;
                }
            }
            if Instant::now() >= until {
                break;
            }
        }
        walk.stepped = Instant::now();
        self.walk = Some(walk);
        self.settle_walk();
    }

    /// Looks at an object that the engine keeps, unless it keeps too little of it.
    fn walk_tracked(&mut self, walk: &mut Walk, key: &ResourceKey) {
        let (Some(tracked), Some(number)) = (self.store.get(key), self.watch_of(key)) else {
            walk.preview.done += 1;
            walk.migration.done += 1;
            return;
        };
        let Some(comparison) = &walk.comparison else {
            return;
        };
        let old = tracked.generation != self.watching[number].generation();
        let lacks = || {
            let lacking = walk.lacking.get(number).filter(|names| !names.is_empty());
            lacking.is_some_and(|lacking| {
                let of = subscriptions(comparison.draft(), &tracked.observed);
                of.keys().any(|name| lacking.contains(name))
            })
        };
        if old || lacks() {
            walk.deferred.insert(key.clone());
            return;
        }
        let known = Known {
            observed: &tracked.observed,
            state: &tracked.state,
            ledger: &tracked.ledger,
            variable: &self.options.watches[number].variable,
        };
        let wanted = wanted(walk, key, known);
        self.write_entries(walk, key, wanted);
    }

    /// Looks at an object that was fetched.
    fn walk_fetched(&mut self, walk: &mut Walk, key: &ResourceKey, observed: &Observed) {
        let Some(number) = self.watch_of(key) else {
            return;
        };
        let tracked = self.store.get(key);
        // What is kept was looked at already, unless it was too little.
        if !walk.deferred.remove(key) {
            if tracked.is_some() {
                return;
            }
            walk.preview.all += 1;
            walk.migration.all += 1;
        }
        let ledger;
        let state;
        let (state, ledger) = match tracked {
            Some(tracked) if tracked.observed.uid == observed.uid => {
                (&tracked.state, &tracked.ledger)
            }
            _ => {
                (state, _) = NotifiedState::parse(&observed.notified);
                ledger = Ledger::default();
                (&state, &ledger)
            }
        };
        let known = Known {
            observed,
            state,
            ledger,
            variable: &self.options.watches[number].variable,
        };
        let wanted = wanted(walk, key, known);
        self.write_entries(walk, key, wanted);
    }

    /// Begins to fetch, ends the walk, or tells how far it is, whichever is due.
    pub(super) fn settle_walk(&mut self) {
        let Some(walk) = self.walk.as_deref_mut() else {
            return;
        };
        if walk.comparison.is_some() && walk.left.is_empty() && !walk.fetch_began {
            walk.fetch_began = true;
            self.begin_fetch();
        }
        if self.walk.as_deref().is_some_and(Walk::is_done) {
            self.end_walk(WorkPhase::Over);
        } else {
            self.tell_walk(false);
        }
    }
}

/// Decides about an object, and notes what comes of it.
fn wanted(walk: &mut Walk, key: &ResourceKey, known: Known<'_>) -> Wanted {
    walk.preview.done += 1;
    walk.migration.done += 1;
    let Some(comparison) = &mut walk.comparison else {
        return Wanted::Nothing;
    };
    let Some(decided) = comparison.decide(known) else {
        return Wanted::Nothing;
    };
    match walk.purpose {
        Purpose::Preview => {
            comparison.note(key, known, &decided);
            let carried = comparison.carry(known, &decided);
            walk.preview.entries += carried.len() as u64;
            Wanted::Nothing
        }
        Purpose::Migrate => {
            let carried = comparison.carry(known, &decided).into_iter();
            let entries = carried.map(|carried| (carried.after, carried.at));
            Wanted::Add(entries.collect())
        }
        Purpose::Undo => Wanted::Remove(comparison.take_back(known, &decided)),
    }
}
