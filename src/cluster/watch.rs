//! The objects of one kind as a stream that does not end: all of them first, then each change.
//!
//! What is done here: paging, resuming after a broken connection, listing anew when the server has
//! forgotten where we were, pauses that grow, saying what is wrong. What the objects mean is none
//! of its business; the store and the catalog are fed from it.

use super::client::Cluster;
use super::lean::LeanObject;
use super::list::{LIST_TIMEOUT, ListQuery};
use super::list_watch::ListWatch;
use super::permission::Permission;
use super::request_error::FailureClass;
use crate::domain::Kind;
use futures::Stream;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// Objects that wait between the connection and the reader. When it is full, the connection waits,
/// and in the end the API server.
const QUEUE: usize = 256;

/// Lists that run at the same time when many namespaces are watched one by one.
const PARALLEL_LISTS: usize = 4;

/// Where to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In all namespaces, with one watch. For cluster-scoped kinds there is nothing else.
    All,
    /// In these namespaces, with a watch for each. Their events come in one stream. With none there
    /// is nothing to watch, and the stream ends at once.
    Namespaces(Vec<String>),
}

/// How to watch.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Only objects whose labels match.
    pub label_selector: Option<String>,
    /// Only objects whose fields match, for example `metadata.name=x`.
    pub field_selector: Option<String>,
    /// Objects in one page of a list. Smaller pages need less memory and more requests.
    pub page_size: u32,
    /// For one page.
    pub list_timeout: Duration,
    /// After about this long the server ends a watch, and it is resumed where it was. A connection
    /// that died without a word is noticed [`Self::idle_grace`] later.
    pub watch_timeout: Duration,
    /// How long to wait for the end of a watch that is due.
    pub idle_grace: Duration,
    /// The pause after a first failure; it doubles from there.
    pub smallest_pause: Duration,
    /// The longest pause between two tries.
    pub largest_pause: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            label_selector: None,
            field_selector: None,
            page_size: 500,
            list_timeout: LIST_TIMEOUT,
            watch_timeout: Duration::from_secs(120),
            idle_grace: Duration::from_secs(5),
            smallest_pause: Duration::from_millis(800),
            largest_pause: Duration::from_secs(30),
        }
    }
}

/// What happens to the objects of a kind. `namespace` is that of the watch it comes from, `None`
/// for a watch over all namespaces.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// The list begins (again). Known objects of this scope that are not listed until
    /// [`Self::Synced`] are gone.
    Restarted {
        /// The scope.
        namespace: Option<Arc<str>>,
    },
    /// An object of the list.
    Listed(Box<LeanObject>),
    /// The list is complete.
    Synced {
        /// The scope.
        namespace: Option<Arc<str>>,
    },
    /// An object is new or has changed.
    Applied(Box<LeanObject>),
    /// An object is gone; this is its last state.
    Deleted(Box<LeanObject>),
    /// The server does not answer as it should. The watch goes on trying by itself; until
    /// [`Self::Recovered`] what is known may be out of date. Comes again with each failed try.
    Failed(Box<WatchFailure>),
    /// The trouble that was told last is over.
    Recovered {
        /// The scope.
        namespace: Option<Arc<str>>,
    },
}

/// A watch is in trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchFailure {
    /// The scope of the watch.
    pub namespace: Option<Arc<str>>,
    /// What kind of trouble.
    pub class: FailureClass,
    /// What was tried and what went wrong, in one line.
    pub message: String,
    /// What was asked for (the verb is `list` or `watch`).
    pub permission: Arc<Permission>,
    /// The RBAC rule that is missing, when that is the trouble.
    pub hint: Option<String>,
    /// Since when there is trouble.
    pub since: jiff::Timestamp,
    /// The next try comes after this long.
    pub retry_in: Duration,
}

/// The events of a [`watch`]. Dropping it ends the watch.
#[derive(Debug)]
pub struct WatchStream {
    events: mpsc::Receiver<WatchEvent>,
    /// Aborted when dropped.
    _watches: JoinSet<()>,
}

impl Stream for WatchStream {
    type Item = WatchEvent;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<WatchEvent>> {
        self.events.poll_recv(context)
    }
}

/// Watches the objects of a kind, from tasks of its own on the current runtime. The stream ends
/// only when the runtime does. Nothing is asked for twice at a time: a slow reader slows the watch,
/// and is never given more than a queue's length of objects.
pub fn watch(
    cluster: &Cluster,
    kind: Arc<Kind>,
    scope: &Scope,
    options: &WatchOptions,
) -> WatchStream {
    let (sender, events) = mpsc::channel(QUEUE);
    let lists = Arc::new(Semaphore::new(PARALLEL_LISTS));
    let mut watches = JoinSet::new();
    for namespace in namespaces(scope, &kind) {
        let query = ListQuery {
            namespace: namespace.clone(),
            label_selector: options.label_selector.clone(),
            field_selector: options.field_selector.clone(),
        };
        let single = ListWatch::new(
            cluster.clone(),
            kind.clone(),
            query,
            options.clone(),
            sender.clone(),
            lists.clone(),
        );
        watches.spawn(single.run());
    }
    WatchStream {
        events,
        _watches: watches,
    }
}

/// One entry for each watch that the scope needs.
fn namespaces(scope: &Scope, kind: &Kind) -> Vec<Option<String>> {
    match scope {
        Scope::Namespaces(names) if kind.namespaced => {
            let distinct: BTreeSet<&String> = names.iter().collect();
            distinct
                .into_iter()
                .map(|name| Some(name.clone()))
                .collect()
        }
        _ => vec![None],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_watch_for_each_namespace_and_one_for_cluster_kinds() {
        let two = Scope::Namespaces(vec!["b".into(), "a".into(), "b".into()]);
        let names = [Some("a".to_owned()), Some("b".to_owned())];
        assert_eq!(namespaces(&two, &Kind::pod()), names);
        assert_eq!(namespaces(&Scope::All, &Kind::pod()), [None]);
        let node = Kind {
            namespaced: false,
            ..Kind::pod()
        };
        assert_eq!(namespaces(&two, &node), [None]);
    }
}
