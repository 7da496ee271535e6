//! Watches: what a client is told of changes from a resourceVersion on.
//!
//! A watch holds no queue of its own: it reads the log of the collection from its position, as
//! fast as its client takes the lines, and ends with 410 when it fell behind the log. The lines
//! of the common case are shared by all watches and the store.

use super::body::{Answer, answer};
use super::faults::{Faults, Subject, WatchEnd, WatchEnding};
use super::list::parse_version;
use super::present::{Presenter, line};
use super::request::Query;
use super::selector::Selector;
use super::status::ApiError;
use super::store::{Change, ChangeKind, Collection, Key, Stored};
use bytes::Bytes;
use futures::stream;
use http::Response;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep_until};

/// A watch ends after this time at the latest.
const LONGEST: Duration = Duration::from_secs(3600);

/// How many changes are taken from the log at a time.
const STEP: usize = 128;

/// What a watch needs from the cluster.
pub(super) struct Source<'c> {
    pub collection: Arc<Collection>,
    pub presenter: Presenter,
    pub namespace: &'c str,
    pub selector: Selector,
    pub subject: Subject,
    pub faults: &'c Faults,
    pub bookmark_interval: Duration,
    /// Answer with the event ERROR and code 410 at once.
    pub expired: bool,
    /// Pause between two lines.
    pub pause: Option<Duration>,
}

/// The answer to a watch request.
pub(super) fn respond(source: Source<'_>, query: &Query) -> Result<Response<Answer>, ApiError> {
    let bookmarks = query.is_true("allowWatchBookmarks");
    let start = Start::of(query, bookmarks)?;
    let collection = source.collection;
    // Subscribed before the state is read, so that no change falls between the two.
    let changed = collection.subscribe();
    let mut watch = Watch {
        endings: source.faults.endings(),
        changed,
        prefix: match source.namespace {
            "" => String::new(),
            namespace => format!("{namespace}/"),
        },
        presenter: source.presenter,
        selector: source.selector,
        subject: source.subject,
        position: 0,
        initial: Vec::new().into_iter(),
        after_initial: None,
        ready: VecDeque::new(),
        ended: false,
        deadline: Instant::now() + query.timeout().unwrap_or(LONGEST).min(LONGEST),
        bookmarks: bookmarks.then_some(source.bookmark_interval),
        next_bookmark: Instant::now() + source.bookmark_interval,
        pause: source.pause,
        collection,
    };
    if source.expired {
        watch.expire(start.version());
    } else {
        watch.begin(start);
    }
    let lines = stream::unfold(watch, |mut watch| async move {
        let next = watch.next().await?;
        Some((next, watch))
    });
    Ok(answer(200, "application/json", Answer::stream(lines)))
}

/// From where a watch tells.
enum Start {
    /// The present state as ADDED events; closed by a bookmark, if so asked.
    Initial { closed: bool },
    /// Changes from now on.
    Now,
    /// Changes after a resourceVersion.
    After(u64),
}

impl Start {
    fn of(query: &Query, bookmarks: bool) -> Result<Self, ApiError> {
        let version = parse_version(query.get("resourceVersion"))?;
        let matching = query.get("resourceVersionMatch");
        let refuse = |field: &str, message: &str| {
            Err(ApiError::invalid_option(
                "ListOptions",
                field,
                &format!("Forbidden: {message}"),
            ))
        };
        if query.get("sendInitialEvents").is_empty() {
            if !matching.is_empty() {
                let rule = "resourceVersionMatch is forbidden for watch unless sendInitialEvents \
                            is provided";
                return refuse("resourceVersionMatch", rule);
            }
            return Ok(match version {
                0 => Self::Initial { closed: false },
                version => Self::After(version),
            });
        }
        if matching != "NotOlderThan" {
            let rule = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
            return refuse("resourceVersionMatch", rule);
        }
        if !query.is_true("sendInitialEvents") {
            return Ok(match version {
                0 => Self::Now,
                version => Self::After(version),
            });
        }
        if !bookmarks {
            let rule = "sendInitialEvents requires allowWatchBookmarks";
            return refuse("allowWatchBookmarks", rule);
        }
        Ok(Self::Initial { closed: true })
    }

    fn version(&self) -> u64 {
        match self {
            Self::After(version) => *version,
            _ => 0,
        }
    }
}

struct Watch {
    collection: Arc<Collection>,
    presenter: Presenter,
    selector: Selector,
    subject: Subject,
    /// Only keys that start so.
    prefix: String,
    /// Everything up to this resourceVersion was told or is in `initial`.
    position: u64,
    initial: std::vec::IntoIter<(Key, Stored)>,
    /// The line that follows the initial state.
    after_initial: Option<Bytes>,
    ready: VecDeque<Bytes>,
    ended: bool,
    deadline: Instant,
    bookmarks: Option<Duration>,
    next_bookmark: Instant,
    pause: Option<Duration>,
    changed: watch::Receiver<u64>,
    endings: broadcast::Receiver<WatchEnding>,
}

impl Watch {
    fn begin(&mut self, start: Start) {
        match start {
            Start::After(version) => self.position = version,
            Start::Now => self.position = self.collection.version(),
            Start::Initial { closed } => {
                match self.collection.page(None, &self.prefix, None, usize::MAX) {
                    Ok(page) => {
                        self.position = page.rv;
                        self.initial = page.entries.into_iter();
                        self.after_initial = closed.then(|| self.presenter.bookmark(page.rv, true));
                    }
                    Err(_) => self.expire(0),
                }
            }
        }
    }

    /// Tells that the position is too old, then ends.
    fn expire(&mut self, position: u64) {
        let current = self.collection.version();
        let error = ApiError::expired(format!("too old resource version: {position} ({current})"));
        let status = error.to_status().to_string();
        self.ready
            .push_back(line(r#"{"type":"ERROR","object":"#, status.as_bytes()));
        self.ended = true;
    }

    /// The next line; `None` at the end, an error to break the connection.
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if let Some(line) = self.next_ready() {
                if let Some(pause) = self.pause {
                    tokio::time::sleep(pause).await;
                }
                return Some(Ok(line));
            }
            if self.ended {
                return None;
            }
            let gone = *self.changed.borrow_and_update() == u64::MAX;
            // Taken before the log is read: no change up to it can be missing from the log.
            let version = self.collection.version();
            match self.collection.changes_after(self.position, STEP) {
                Err(_) => self.expire(self.position),
                Ok(changes) if changes.is_empty() => {
                    if gone {
                        self.ended = true;
                    } else if let Some(WatchEnd::Disconnected) = self.wait(version).await {
                        let error = io::Error::new(io::ErrorKind::ConnectionReset, "injected");
                        return Some(Err(error));
                    }
                }
                Ok(changes) => {
                    for change in &changes {
                        self.position = change.rv;
                        self.tell(change);
                    }
                }
            }
        }
    }

    fn next_ready(&mut self) -> Option<Bytes> {
        for (key, stored) in self.initial.by_ref() {
            if self.selector.selects(&key, &stored) {
                return Some(self.presenter.event(ChangeKind::Added, &stored));
            }
        }
        self.after_initial.take().or_else(|| self.ready.pop_front())
    }

    /// Waits for a change, a bookmark, the end of the time or an injected end.
    async fn wait(&mut self, version: u64) -> Option<WatchEnd> {
        let bookmark_at = match self.bookmarks {
            Some(_) => self.next_bookmark.min(self.deadline),
            None => self.deadline,
        };
        tokio::select! {
            changed = self.changed.changed() => self.ended = changed.is_err(),
            ending = self.endings.recv() => {
                if let Ok(ending) = ending
                    && ending.0.matches(&self.subject)
                {
                    match ending.1 {
                        WatchEnd::Finished => self.ended = true,
                        WatchEnd::Expired => self.expire(self.position),
                        WatchEnd::Disconnected => {}
                    }
                    return Some(ending.1);
                }
            }
            () = sleep_until(bookmark_at) => {
                if let Some(interval) = self.bookmarks {
                    self.position = version.max(self.position);
                    self.ready.push_back(self.presenter.bookmark(self.position, false));
                    self.next_bookmark = Instant::now() + interval;
                }
                self.ended = Instant::now() >= self.deadline;
            }
        }
        None
    }

    fn tell(&mut self, change: &Change) {
        if !change.key.starts_with(&self.prefix) {
            return;
        }
        if self.selector.is_empty() {
            self.ready
                .push_back(self.presenter.event(change.kind, &change.object));
            return;
        }
        let selects = |stored: &Stored| self.selector.selects(&change.key, stored);
        let was = change.before.as_ref().filter(|before| selects(before));
        let is = change.kind != ChangeKind::Deleted && selects(&change.object);
        let told = match (was, is) {
            (None, false) => return,
            (None, true) => self.presenter.event(ChangeKind::Added, &change.object),
            (Some(_), true) => self.presenter.event(ChangeKind::Modified, &change.object),
            (Some(before), false) => self.presenter.left(before, change.rv),
        };
        self.ready.push_back(told);
    }
}
