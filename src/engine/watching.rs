//! The watch tasks: one per kind, from the API server's events to what the reconciler needs of them.
//!
//! Cutting objects down happens here, next to the network, so that the reconciler only ever sees
//! small things and watching several kinds uses several cores.

use super::options::Watch;
use super::rival::Sighting;
use super::store::{Interest, Observed};
use crate::catalog::Catalog;
use crate::cluster::{
    Cluster, LeanObject, ListQuery, Scope, WatchEvent, WatchFailure, WatchOptions, list_page, watch,
};
use crate::domain::{ResourceKey, Shard};
use futures::StreamExt;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Events that may wait for the reconciler; beyond it the watch is read more slowly.
pub const WATCH_QUEUE: usize = 512;

/// Objects in one page when a namespace is read anew.
const PAGE: u32 = 500;

/// Pause before a list that failed is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// What a watch task needs to know of the configurations.
#[derive(Clone)]
pub struct Spec {
    /// The configuration for all namespaces.
    pub catalog: Arc<Catalog>,
    /// What is kept of an object.
    pub interest: Arc<Interest>,
    /// The share of the objects that is looked at; `None` for all.
    pub shard: Option<Shard>,
    /// Those of single namespaces.
    pub teams: Arc<BTreeMap<Arc<str>, TeamSpec>>,
}

/// The configuration of one namespace.
pub struct TeamSpec {
    /// The configuration.
    pub catalog: Arc<Catalog>,
    /// What is kept of an object in this namespace, for both configurations.
    pub interest: Arc<Interest>,
}

/// What a watch tells the reconciler.
pub enum Seen {
    /// A list begins, of this namespace or of all.
    Restarted(Option<Arc<str>>),
    /// The list is complete.
    Synced(Option<Arc<str>>),
    /// Another engine seems to have been at work on an object that is listed next.
    Rival(Box<Sighting>),
    /// An object that some subscription reaches.
    Subscribed {
        /// Which.
        key: ResourceKey,
        /// What is kept of it.
        observed: Box<Observed>,
        /// All of it, for rendering.
        raw: Arc<str>,
        /// It came with a list, not as a change.
        listed: bool,
    },
    /// An object that none reaches.
    Unsubscribed(ResourceKey),
    /// An object is gone.
    Deleted {
        /// Which.
        key: ResourceKey,
        /// What is kept of its last state, when a condition asks whether it was deleted.
        last: Option<Box<Observed>>,
        /// All of it.
        raw: Arc<str>,
    },
    /// An object as it is, read again because more of it is to be kept.
    ReadAnew {
        /// Which.
        key: ResourceKey,
        /// What is kept of it.
        observed: Box<Observed>,
        /// All of it, for rendering.
        raw: Arc<str>,
    },
    /// All objects of a namespace were read again, or they can't be for now.
    AllReadAnew,
    /// The watch fails, and is retried.
    Failed(Box<WatchFailure>),
    /// It works again.
    Recovered(Option<Arc<str>>),
}

/// An event of the watch with this number, from its task of this generation.
pub struct WatchInput {
    /// Position of the watch in the options.
    pub watch: usize,
    /// Which start of the watch it comes from; older ones are not listened to any more.
    pub generation: u64,
    /// What happened.
    pub seen: Seen,
}

/// Watches one kind until it is stopped. Errors are told and retried, never its end. With
/// `look_for_rivals` the first sign of another engine in the first list is told too.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one end of the engine's wiring"
)]
pub async fn run(
    cluster: Cluster,
    settings: Watch,
    number: usize,
    generation: u64,
    watch_timeout: Duration,
    spec: tokio::sync::watch::Receiver<Spec>,
    mut look_for_rivals: bool,
    inputs: mpsc::Sender<WatchInput>,
    stop: CancellationToken,
) {
    let scope = if settings.namespaces.is_empty() {
        Scope::All
    } else {
        Scope::Namespaces(settings.namespaces.clone())
    };
    let options = WatchOptions {
        label_selector: (!settings.selector.is_empty()).then(|| settings.selector.clone()),
        watch_timeout,
        ..WatchOptions::default()
    };
    let mut events = watch(&cluster, Arc::clone(&settings.kind), &scope, &options);
    loop {
        let event = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            event = events.next() => event,
        };
        let Some(event) = event else { return };
        let rival = match &event {
            WatchEvent::Listed(object) if look_for_rivals => {
                Sighting::of(object, &spec.borrow().interest.notified, Timestamp::now())
            }
            WatchEvent::Synced { .. } if settings.namespaces.len() < 2 => {
                look_for_rivals = false;
                None
            }
            _ => None,
        };
        if let Some(sighting) = rival {
            // One is enough: finding out costs more than the rest of reading an object.
            look_for_rivals = false;
            let input = WatchInput {
                watch: number,
                generation,
                seen: Seen::Rival(Box::new(sighting)),
            };
            if inputs.send(input).await.is_err() {
                return;
            }
        }
        let seen = match event {
            WatchEvent::Restarted { namespace } => Seen::Restarted(namespace),
            WatchEvent::Synced { namespace } => Seen::Synced(namespace),
            WatchEvent::Listed(object) => cut_down(&spec.borrow(), *object, true),
            WatchEvent::Applied(object) => cut_down(&spec.borrow(), *object, false),
            WatchEvent::Deleted(object) => last_seen(&spec.borrow(), *object),
            WatchEvent::Failed(failure) => Seen::Failed(failure),
            WatchEvent::Recovered { namespace } => Seen::Recovered(namespace),
        };
        let input = WatchInput {
            watch: number,
            generation,
            seen,
        };
        if inputs.send(input).await.is_err() {
            return;
        }
    }
}

/// Lists the objects of one namespace and tells those that some subscription reaches, and when that is
/// over ([`Seen::AllReadAnew`], once). Errors are logged and retried; nobody waits for that.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one end of the engine's wiring"
)]
pub async fn read_anew(
    cluster: Cluster,
    settings: Watch,
    number: usize,
    generation: u64,
    namespace: Arc<str>,
    spec: Spec,
    inputs: mpsc::Sender<WatchInput>,
    stop: CancellationToken,
) {
    let over = || WatchInput {
        watch: number,
        generation,
        seen: Seen::AllReadAnew,
    };
    let reading = async {
        let mut waited_for = true;
        let query = ListQuery {
            namespace: Some(namespace.to_string()),
            label_selector: (!settings.selector.is_empty()).then(|| settings.selector.clone()),
            ..ListQuery::default()
        };
        let mut token: Option<String> = None;
        loop {
            let listed = list_page(&cluster, &settings.kind, &query, PAGE, token.as_deref()).await;
            let page = match listed {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!("the objects in namespace {namespace} can't be read: {error}");
                    if std::mem::take(&mut waited_for) && inputs.send(over()).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(PAUSE).await;
                    // A list that was begun may be forgotten by now.
                    token = None;
                    continue;
                }
            };
            for object in page.objects {
                let Seen::Subscribed {
                    key, observed, raw, ..
                } = cut_down(&spec, object, true)
                else {
                    continue;
                };
                let input = WatchInput {
                    watch: number,
                    generation,
                    seen: Seen::ReadAnew { key, observed, raw },
                };
                if inputs.send(input).await.is_err() {
                    return;
                }
            }
            token = page.continue_token;
            if token.is_none() {
                break;
            }
        }
        if waited_for {
            // Nobody listens any more when the engine has ended.
            let _ = inputs.send(over()).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = reading => {}
    }
}

impl Spec {
    /// What is kept of an object of this namespace.
    pub fn interest(&self, namespace: &str) -> &Interest {
        let team = self.teams.get(namespace);
        team.map_or(&self.interest, |team| &team.interest)
    }

    fn catalogs(&self, namespace: &str) -> impl Iterator<Item = &Arc<Catalog>> {
        let team = self.teams.get(namespace).map(|team| &team.catalog);
        team.into_iter().chain([&self.catalog])
    }

    fn can_reach(&self, object: &LeanObject) -> bool {
        if self.shard.is_some_and(|shard| !shard.owns(&object.uid)) {
            return false;
        }
        let mut catalogs = self.catalogs(&object.key.namespace);
        catalogs.any(|catalog| catalog.can_reach(&object.labels, &object.annotations))
    }
}

fn cut_down(spec: &Spec, object: LeanObject, listed: bool) -> Seen {
    if !spec.can_reach(&object) {
        return Seen::Unsubscribed(object.key);
    }
    match Observed::of(&object, spec.interest(&object.key.namespace)) {
        Ok(observed) => Seen::Subscribed {
            key: object.key,
            observed: Box::new(observed),
            raw: object.raw,
            listed,
        },
        Err(error) => {
            tracing::error!(resource = %object.key, "the object could not be read: {error}");
            Seen::Unsubscribed(object.key)
        }
    }
}

fn last_seen(spec: &Spec, object: LeanObject) -> Seen {
    let namespace = Arc::clone(&object.key.namespace);
    let mut catalogs = spec.catalogs(&namespace);
    let wanted = catalogs.any(|catalog| catalog.uses_deleted()) && spec.can_reach(&object);
    let interest = spec.interest(&namespace);
    // What can't be read is evaluated as it was before.
    let last = wanted
        .then(|| Observed::of(&object, interest).ok())
        .flatten();
    Seen::Deleted {
        key: object.key,
        last: last.map(Box::new),
        raw: object.raw,
    }
}
