//! The watch tasks: one per kind, from the API server's events to what the reconciler needs of them.
//!
//! Cutting objects down happens here, next to the network, so that the reconciler only ever sees
//! small things and watching several kinds uses several cores.

use super::options::Watch;
use super::store::{Interest, Observed};
use crate::catalog::Catalog;
use crate::cluster::{Cluster, LeanObject, Scope, WatchEvent, WatchFailure, WatchOptions, watch};
use crate::domain::ResourceKey;
use futures::StreamExt;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Events that may wait for the reconciler; beyond it the watch is read more slowly.
pub const WATCH_QUEUE: usize = 512;

/// What a watch task needs to know of the configuration.
#[derive(Clone)]
pub struct Spec {
    /// The configuration in force.
    pub catalog: Arc<Catalog>,
    /// What is kept of an object.
    pub interest: Arc<Interest>,
}

/// What a watch tells the reconciler.
pub enum Seen {
    /// A list begins, of this namespace or of all.
    Restarted(Option<Arc<str>>),
    /// The list is complete.
    Synced(Option<Arc<str>>),
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
    Deleted(ResourceKey),
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

/// Watches one kind until it is stopped. Errors are told and retried, never its end.
pub async fn run(
    cluster: Cluster,
    settings: Watch,
    number: usize,
    generation: u64,
    spec: tokio::sync::watch::Receiver<Spec>,
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
        let seen = match event {
            WatchEvent::Restarted { namespace } => Seen::Restarted(namespace),
            WatchEvent::Synced { namespace } => Seen::Synced(namespace),
            WatchEvent::Listed(object) => cut_down(&spec.borrow(), *object, true),
            WatchEvent::Applied(object) => cut_down(&spec.borrow(), *object, false),
            WatchEvent::Deleted(object) => Seen::Deleted(object.key),
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

fn cut_down(spec: &Spec, object: LeanObject, listed: bool) -> Seen {
    if !spec.catalog.can_reach(&object.labels, &object.annotations) {
        return Seen::Unsubscribed(object.key);
    }
    match Observed::of(&object, &spec.interest) {
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
