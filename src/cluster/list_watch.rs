//! One list and the watch that follows it, for ever.
//!
//! Not kube's watcher: that one resumes for ever at a version which the server answers with the
//! HTTP status 410, sets no time-outs for lists, and notices a dead connection only after five
//! minutes. Here each of these is a case of its own.

use super::backoff::Backoff;
use super::client::Cluster;
use super::lean::{LeanObject, Namespaces, ParseObjectError};
use super::list::{ListQuery, RawPage, fetch_page, text_of};
use super::paths::{collection_path, with_query};
use super::permission::Permission;
use super::request::Call;
use super::request_error::{
    FailureClass, RequestCause, RequestError, status_from_json, transport_cause,
};
use super::scan::{ScanError, Scanner, unquote};
use super::watch::{WatchEvent, WatchFailure, WatchOptions};
use crate::domain::Kind;
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// Pages above this size are too large to hold a few of: the next ones are asked for smaller.
const LARGE_PAGE: usize = 16 * 1024 * 1024;

/// The pages of the largest objects still have this many.
const SMALLEST_PAGE: u32 = 50;

/// A line of a watch is one object, and etcd takes none beyond a few megabytes.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// A watch that the server has kept open this long is taken for a good one, even when nothing
/// happens on it.
const PROVEN: Duration = Duration::from_secs(1);

/// A server that answers this many tries to resume with an error of its own may be stuck on our
/// version (restored from a backup, it is ahead of the server's): then everything is listed anew.
const REFUSALS: u32 = 3;

/// The reader is gone: nobody wants to know any more.
struct Closed;

pub(super) struct ListWatch {
    cluster: Cluster,
    kind: Arc<Kind>,
    query: ListQuery,
    namespace: Option<Arc<str>>,
    options: WatchOptions,
    events: mpsc::Sender<WatchEvent>,
    /// Held while a page is fetched.
    lists: Arc<Semaphore>,
    namespaces: Namespaces,
    backoff: Backoff,
    /// Since when there is trouble; `None` when all is well.
    trouble: Option<jiff::Timestamp>,
    /// How often in a row the server had forgotten our version before a watch got going.
    expirations: u32,
}

/// How a watch came to its end.
enum End {
    /// Closed by the server, or silent beyond its time: resume. The flag says whether it had worked.
    Closed(bool),
    /// The version is forgotten: list anew.
    Expired(RequestError),
    /// Something else is wrong: resume after a pause.
    Failed(RequestError),
}

/// One step of a watch.
struct Advance {
    /// Where the watch stands now; empty when the event does not say.
    resource_version: String,
    change: Option<WatchEvent>,
}

impl ListWatch {
    pub(super) fn new(
        cluster: Cluster,
        kind: Arc<Kind>,
        query: ListQuery,
        options: WatchOptions,
        events: mpsc::Sender<WatchEvent>,
        lists: Arc<Semaphore>,
    ) -> Self {
        Self {
            namespace: query.namespace.as_deref().map(Arc::from),
            backoff: Backoff::new(options.smallest_pause, options.largest_pause),
            cluster,
            kind,
            query,
            options,
            events,
            lists,
            namespaces: Namespaces::default(),
            trouble: None,
            expirations: 0,
        }
    }

    /// Runs until the reader is gone.
    pub(super) async fn run(mut self) {
        let Err(Closed) = self.follow().await;
    }

    async fn follow(&mut self) -> Result<Infallible, Closed> {
        loop {
            let version = self.list().await?;
            self.watch(version).await?;
        }
    }

    /// Lists everything and gives the version from which to watch.
    async fn list(&mut self) -> Result<String, Closed> {
        loop {
            let namespace = self.namespace.clone();
            self.send(WatchEvent::Restarted { namespace }).await?;
            match self.list_pages().await? {
                Ok(version) => return Ok(version),
                Err(error) if error.class() == FailureClass::Expired => self.expired(error).await?,
                Err(error) => self.failed(error).await?,
            }
        }
    }

    /// All pages of one list. Transient failures repeat a page, others end the list.
    async fn list_pages(&mut self) -> Result<Result<String, RequestError>, Closed> {
        let mut token: Option<String> = None;
        let mut limit = self.options.page_size.max(1);
        loop {
            let page = match self.fetch(limit, token.as_deref()).await {
                Ok(page) => page,
                Err(error) if token.is_some() && error.class().is_transient() => {
                    self.failed(error).await?;
                    continue;
                }
                Err(error) => return Ok(Err(error)),
            };
            self.recovered().await?;
            if let Err(error) = self.send_page(&page).await? {
                return Ok(Err(RequestError::unreadable(&page.permission, error)));
            }
            if page.size() > LARGE_PAGE {
                limit = (limit / 2).max(SMALLEST_PAGE.min(limit));
            }
            token = page.continue_token;
            if token.is_some() {
                continue;
            }
            if page.resource_version.is_empty() {
                let problem = "a list without resourceVersion";
                return Ok(Err(RequestError::unreadable(&page.permission, problem)));
            }
            let namespace = self.namespace.clone();
            self.send(WatchEvent::Synced { namespace }).await?;
            return Ok(Ok(page.resource_version));
        }
    }

    async fn fetch(&self, limit: u32, token: Option<&str>) -> Result<RawPage, RequestError> {
        let _turn = self.lists.acquire().await;
        let timeout = self.options.list_timeout;
        fetch_page(
            &self.cluster,
            &self.kind,
            &self.query,
            limit,
            token,
            timeout,
        )
        .await
    }

    async fn send_page(&mut self, page: &RawPage) -> Result<Result<(), ScanError>, Closed> {
        for item in page.items() {
            let item = match item {
                Ok(item) => item,
                Err(error) => return Ok(Err(error)),
            };
            match LeanObject::parse_with(&self.kind, item, &mut self.namespaces) {
                Ok(object) => self.send(WatchEvent::Listed(Box::new(object))).await?,
                Err(error) => self.unreadable_object(&error),
            }
        }
        Ok(Ok(()))
    }

    /// Watches from a version on, resuming as often as needed, until it is time to list anew.
    async fn watch(&mut self, mut version: String) -> Result<(), Closed> {
        let mut refusals = 0;
        while refusals < REFUSALS {
            let end = match self.open(&version).await {
                Ok((permission, body, idle)) => {
                    self.read(&permission, body, idle, &mut version).await?
                }
                Err(error) if error.class() == FailureClass::Expired => End::Expired(error),
                Err(error) => End::Failed(error),
            };
            match end {
                End::Closed(true) => refusals = 0,
                End::Closed(false) => {
                    let problem = "the watch was closed as soon as it was opened";
                    let cause = RequestCause::Unreachable(problem.to_owned());
                    self.failed(RequestError {
                        permission: self.permission().into(),
                        cause,
                    })
                    .await?;
                }
                End::Failed(error) => {
                    refusals += u32::from(error.class() == FailureClass::Other);
                    self.failed(error).await?;
                }
                End::Expired(error) => return self.expired(error).await,
            }
        }
        Ok(())
    }

    fn permission(&self) -> Permission {
        Permission::on_kind("watch", &self.kind, self.query.namespace.as_deref())
    }

    /// Opens a watch; gives also how long to wait for a sign of life.
    async fn open(&self, version: &str) -> Result<(Arc<Permission>, Body, Duration), RequestError> {
        // A little earlier or later for each, so that many watches do not end together.
        let timeout = self
            .options
            .watch_timeout
            .mul_f64(rand::random_range(0.9..=1.1));
        let seconds = timeout.as_secs().max(1).to_string();
        let mut pairs = self.query.pairs();
        pairs.extend([
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", &seconds),
            ("resourceVersion", version),
        ]);
        let path = collection_path(&self.kind, self.query.namespace.as_deref());
        let call = Call::get(self.permission(), with_query(&path, &pairs));
        let body = self
            .cluster
            .open(&call, self.cluster.request_timeout())
            .await?;
        Ok((call.permission, body, timeout + self.options.idle_grace))
    }

    async fn read(
        &mut self,
        permission: &Arc<Permission>,
        mut body: Body,
        idle: Duration,
        version: &mut String,
    ) -> Result<End, Closed> {
        let mut buffer = BytesMut::new();
        let mut searched = 0;
        let mut proven = false;
        loop {
            let patience = if proven { idle } else { PROVEN };
            let data = match tokio::time::timeout(patience, body.frame()).await {
                Err(_) if proven => return Ok(End::Closed(true)),
                Err(_) => {
                    proven = true;
                    self.healthy().await?;
                    continue;
                }
                Ok(None) => return Ok(End::Closed(proven)),
                // How a connection ends says nothing about the server; opening the next one will.
                Ok(Some(Err(error))) => {
                    tracing::debug!(cause = %transport_cause(&error), "watch connection broke");
                    return Ok(End::Closed(proven));
                }
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            };
            buffer.extend_from_slice(&data);
            while let Some(offset) = find_newline(&buffer, searched) {
                let line = buffer.split_to(offset + 1);
                searched = 0;
                match self.read_event(permission, &line) {
                    Err(end) => return Ok(end),
                    Ok(event) => {
                        if !proven {
                            proven = true;
                            self.healthy().await?;
                        }
                        if let Some(event) = event {
                            advance(version, event.resource_version);
                            if let Some(change) = event.change {
                                self.send(change).await?;
                            }
                        }
                    }
                }
            }
            searched = buffer.len();
            if searched > LONGEST_LINE {
                let problem = "a line of the watch is too long";
                return Ok(End::Failed(RequestError::unreadable(permission, problem)));
            }
        }
    }

    /// Reads one event; `None` for one that says nothing to us. An error is the end of the watch.
    fn read_event(
        &mut self,
        permission: &Arc<Permission>,
        line: &[u8],
    ) -> Result<Option<Advance>, End> {
        let unreadable = |problem| End::Failed(RequestError::unreadable(permission, problem));
        let text = text_of(line).map_err(unreadable)?;
        let event = split_event(text).map_err(|error| unreadable(error.to_string()))?;
        let Some((event, object)) = event else {
            return Ok(None);
        };
        match &*event {
            "BOOKMARK" => {
                let bookmark: Option<Bookmark> = serde_json::from_str(object).ok();
                Ok(bookmark.map(|bookmark| Advance {
                    resource_version: bookmark.metadata.resource_version,
                    change: None,
                }))
            }
            "ERROR" => {
                let unknown = || RequestCause::Unreadable("an error without a status".to_owned());
                let error = RequestError {
                    permission: permission.clone(),
                    cause: status_from_json(object).unwrap_or_else(unknown),
                };
                Err(match error.class() {
                    FailureClass::Expired => End::Expired(error),
                    _ => End::Failed(error),
                })
            }
            "ADDED" | "MODIFIED" | "DELETED" => {
                match LeanObject::parse_with(&self.kind, object, &mut self.namespaces) {
                    Ok(object) => Ok(Some(Advance {
                        resource_version: object.resource_version.clone(),
                        change: Some(match &*event {
                            "DELETED" => WatchEvent::Deleted(Box::new(object)),
                            _ => WatchEvent::Applied(Box::new(object)),
                        }),
                    })),
                    Err(error) => {
                        self.unreadable_object(&error);
                        Ok(None)
                    }
                }
            }
            // Of a later version of the protocol.
            other => {
                tracing::debug!(event = other, "unknown kind of watch event");
                Ok(None)
            }
        }
    }

    /// One object that cannot be read must not keep us from all others.
    fn unreadable_object(&self, error: &ParseObjectError) {
        tracing::warn!(kind = %self.kind, %error, "an object was passed over");
    }

    async fn send(&self, event: WatchEvent) -> Result<(), Closed> {
        self.events.send(event).await.map_err(|_| Closed)
    }

    /// The server answered: the trouble, if there was any, is over.
    async fn recovered(&mut self) -> Result<(), Closed> {
        if self.trouble.take().is_none() {
            return Ok(());
        }
        let namespace = self.namespace.clone();
        self.send(WatchEvent::Recovered { namespace }).await
    }

    /// A watch works: the next trouble is a new one.
    async fn healthy(&mut self) -> Result<(), Closed> {
        self.backoff.reset();
        self.expirations = 0;
        self.recovered().await
    }

    /// The server has forgotten our version: usual after a long interruption, so it is no trouble
    /// unless it comes again at once.
    async fn expired(&mut self, error: RequestError) -> Result<(), Closed> {
        self.expirations = self.expirations.saturating_add(1);
        if self.expirations > 1 {
            self.failed(error).await?;
        }
        Ok(())
    }

    /// Tells what is wrong, then waits before the next try.
    async fn failed(&mut self, error: RequestError) -> Result<(), Closed> {
        let asked = error.retry_after().unwrap_or_default();
        let retry_in = self
            .backoff
            .pause()
            .max(asked.min(self.options.largest_pause));
        let since = *self.trouble.get_or_insert_with(jiff::Timestamp::now);
        let failure = WatchFailure {
            namespace: self.namespace.clone(),
            class: error.class(),
            message: error.to_string(),
            hint: error.hint(),
            permission: error.permission,
            since,
            retry_in,
        };
        self.send(WatchEvent::Failed(Box::new(failure))).await?;
        tokio::select! {
            () = tokio::time::sleep(retry_in) => Ok(()),
            () = self.events.closed() => Err(Closed),
        }
    }
}

#[derive(Deserialize)]
struct Bookmark {
    metadata: BookmarkMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BookmarkMetadata {
    resource_version: String,
}

fn advance(version: &mut String, to: String) {
    if !to.is_empty() {
        *version = to;
    }
}

/// The offset of the first line end at or behind `from`.
fn find_newline(buffer: &[u8], from: usize) -> Option<usize> {
    let rest = buffer.get(from..)?;
    let offset = rest.iter().position(|byte| *byte == b'\n')?;
    Some(from + offset)
}

/// The type of an event and the text of its object; `None` for an empty line.
fn split_event(line: &str) -> Result<Option<(std::borrow::Cow<'_, str>, &str)>, ScanError> {
    if line.trim().is_empty() {
        return Ok(None);
    }
    let mut scanner = Scanner::new(line);
    scanner.enter_object()?;
    let (mut event, mut object, mut first) = (None, None, true);
    while let Some(name) = scanner.next_member(first)? {
        first = false;
        let value = scanner.value()?;
        match &*unquote(name) {
            "type" => event = Some(unquote(value)),
            "object" => object = Some(value),
            _ => {}
        }
    }
    match (event, object) {
        (Some(event), Some(object)) => Ok(Some((event, object))),
        _ => Err(ScanError {
            at: line.len(),
            expected: "an event with type and object",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_events_in_any_order_of_members() {
        let (event, object) = split_event(r#"{"object":{"a":1},"type":"ADDED"}"#)
            .unwrap()
            .unwrap();
        assert_eq!((&*event, object), ("ADDED", r#"{"a":1}"#));
        assert!(split_event(" \r\n").unwrap().is_none());
        for broken in [
            "{}",
            r#"{"type":"ADDED"}"#,
            r#"{"type":"ADDED","object":{"#,
            "x",
        ] {
            assert!(split_event(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn finds_line_ends_behind_what_was_searched() {
        assert_eq!(find_newline(b"ab\ncd\n", 0), Some(2));
        assert_eq!(find_newline(b"ab\ncd\n", 3), Some(5));
        assert_eq!(find_newline(b"ab", 2), None);
    }
}
