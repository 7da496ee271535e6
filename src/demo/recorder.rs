//! The requests that the cluster answered, for assertions: how many, which, with what body.

use super::faults::{Matcher, Subject};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Longer bodies are recorded up to here.
const BODY: usize = 64 * 1024;

/// One answered request; of a watch, its beginning.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// Verb in the words of RBAC; the HTTP method for paths that are no resource.
    pub verb: String,
    /// API group; empty for the core group.
    pub group: String,
    /// Plural name; the path for paths that are no resource.
    pub resource: String,
    /// `status`, `scale`, …; empty for the object itself.
    pub subresource: String,
    /// Namespace; empty over all namespaces and for cluster-scoped kinds.
    pub namespace: String,
    /// Object name; empty for collections.
    pub name: String,
    /// Who asked.
    pub user: String,
    /// The parameters as they stand in the address.
    pub query: String,
    /// `Content-Type` of the request.
    pub content_type: String,
    /// `User-Agent` of the request.
    pub user_agent: String,
    /// The body, at most its first 64 KiB.
    pub body: Bytes,
    /// The HTTP status of the answer; 0 when the connection was closed without one.
    pub code: u16,
    /// When the answer was ready.
    pub at: Instant,
}

impl RecordedRequest {
    fn subject(&self) -> Subject {
        Subject {
            verb: self.verb.clone(),
            group: self.group.clone(),
            resource: self.resource.clone(),
            subresource: self.subresource.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            user: self.user.clone(),
        }
    }
}

/// The last requests of one cluster, oldest first; the oldest are dropped.
pub struct Requests {
    kept: Mutex<VecDeque<RecordedRequest>>,
    keep: usize,
    total: watch::Sender<u64>,
}

impl Requests {
    pub(super) fn new(keep: usize) -> Self {
        Self {
            kept: Mutex::default(),
            keep,
            total: watch::Sender::new(0),
        }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<RecordedRequest>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn record(&self, mut request: RecordedRequest) {
        if self.keep > 0 {
            request.body.truncate(BODY);
            let mut kept = self.kept();
            while kept.len() >= self.keep {
                kept.pop_front();
            }
            kept.push_back(request);
        }
        self.total
            .send_modify(|total| *total = total.saturating_add(1));
    }

    /// How many requests were answered since the start.
    pub fn total(&self) -> u64 {
        *self.total.borrow()
    }

    /// How many of the kept requests match.
    pub fn count(&self, matcher: &Matcher) -> usize {
        self.kept()
            .iter()
            .filter(|request| matcher.matches(&request.subject()))
            .count()
    }

    /// The kept requests that match, oldest first.
    pub fn matching(&self, matcher: &Matcher) -> Vec<RecordedRequest> {
        let kept = self.kept();
        kept.iter()
            .filter(|request| matcher.matches(&request.subject()))
            .cloned()
            .collect()
    }

    /// Forgets the kept requests.
    pub fn clear(&self) {
        self.kept().clear();
    }

    /// Waits until at least `count` kept requests match; false when that took longer than
    /// `timeout`.
    pub async fn wait_for(&self, matcher: &Matcher, count: usize, timeout: Duration) -> bool {
        let mut total = self.total.subscribe();
        let enough = async {
            while self.count(matcher) < count {
                if total.changed().await.is_err() {
                    break;
                }
            }
        };
        tokio::time::timeout(timeout, enough).await.is_ok()
    }
}
