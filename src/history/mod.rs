//! The delivery history: what was decided, tried, sent and written, in one SQLite file.
//!
//! The engine records here before it sends (intent), after every try, at the end (outcome), and
//! when the notified state has been written (patched), so that after a crash at any point it knows
//! what to send again and what not. Screens and the command line read pages of it. Here live the
//! schema, the writer with its group commit, the queries, recovery and retention. What a delivery
//! *is* stands in `domain`; when to send is the engine's business; secrets are masked by the
//! caller before anything comes here.
//!
//! Writes go through one thread that commits whatever is queued in one transaction; each call
//! resolves when its rows are committed. Reads use read-only connections of their own, block the
//! calling thread, and never wait for a writer (WAL).

mod csv;
mod detail;
mod error;
mod filter;
mod hold;
mod merge;
mod operation;
mod query;
mod recovery;
mod request;
mod retention;
mod rows;
mod schema;
mod services;
mod spill;
mod tenure;
mod upkeep;
mod versions;
mod wiped;
mod writer;

pub use csv::{csv_heads, csv_line};
pub use detail::{DeliveryDetail, MAX_REQUEST, MAX_RESPONSE};
pub use error::HistoryError;
pub use filter::Filter;
pub use hold::HeldCount;
pub use operation::AlreadySent;
pub use query::{Anchor, Bucket};
pub use recovery::{Recovery, SentKey};
pub use request::{Request, Verb};
pub use schema::{MEMORY, SCHEMA_VERSION};
pub use services::ServiceTotals;
pub use spill::{Closing, ServiceOf};
pub use upkeep::{Condition, Renewed};
pub use versions::{ConfigPlace, ConfigVersion, NewVersion, VersionOrigin};
pub use wiped::Standing;

use crate::domain::{Attempt, Delivery, DeliveryId, NewDelivery, Outcome};
use operation::Operation;
use query::Readers;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use upkeep::{Health, Upkeep};
use writer::Writer;

/// How long and how safely the history is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Deliveries older than this are removed. Default: 90 days.
    pub max_age: Duration,
    /// Beyond this number of deliveries the oldest are removed. Default: 1,000,000.
    pub max_rows: u64,
    /// The newest deliveries up to this number keep their request and response; older ones only
    /// their row. Default: 20,000.
    pub max_bodies: u64,
    /// Wait for the disk at every commit, so that even a power failure loses nothing. Without it
    /// (the default) a crash of the process loses nothing, a crash of the machine the last
    /// moments.
    pub sync: bool,
    /// How long a write waits for another process that is writing. Default: 5 s.
    pub busy_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_age: Duration::from_secs(90 * 24 * 3600),
            max_rows: 1_000_000,
            max_bodies: 20_000,
            sync: false,
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// The open history; clones share it. The last clone to go waits until everything queued is
/// committed.
#[derive(Clone, Debug)]
pub struct History {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    writer: Writer,
    readers: Readers,
    health: Arc<Health>,
    set_aside: Option<PathBuf>,
    last: Option<DeliveryId>,
}

impl History {
    /// Opens the database at `path`, creating or migrating it as needed; [`MEMORY`] (`:memory:`)
    /// keeps it in memory only. A damaged file is renamed and a fresh one started: see
    /// [`History::set_aside`]. Blocks for the time that the disk needs.
    ///
    /// # Errors
    /// [`HistoryError::Open`], [`Foreign`](HistoryError::Foreign), [`Newer`](HistoryError::Newer),
    /// or what the database reports; the file is then untouched.
    pub fn open(path: &Path, options: &Options) -> Result<Self, HistoryError> {
        let opened = schema::open(path, options)?;
        let last = query::last_id(&opened.connection)?;
        let health = Arc::<Health>::default();
        let location = opened.location.clone();
        let readers = Readers::new(location, options.busy_timeout, Arc::clone(&health));
        let upkeep = Upkeep::new(path, options);
        let writer = Writer::start(
            opened.connection,
            options.clone(),
            upkeep,
            Arc::clone(&health),
        )?;
        Ok(Self {
            shared: Arc::new(Shared {
                writer,
                readers,
                health,
                set_aside: opened.set_aside,
                last,
            }),
        })
    }

    /// Where a damaged database was moved to when this one was opened, so that it can be said.
    pub fn set_aside(&self) -> Option<&Path> {
        self.shared.set_aside.as_deref()
    }

    /// How the history fares, now and as it changes: writes that fail, a file that was lost.
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.shared.health.follow()
    }

    /// The newest delivery that was there at the opening: where
    /// [`IdSource::after`](crate::domain::IdSource::after) goes on.
    pub fn last_id(&self) -> Option<DeliveryId> {
        self.shared.last
    }

    /// Records that these are about to be sent (state *pending*). All or none of them.
    ///
    /// # Errors
    /// As every write: [`Full`](HistoryError::Full), [`Busy`](HistoryError::Busy),
    /// [`ReadOnly`](HistoryError::ReadOnly), [`Damaged`](HistoryError::Damaged),
    /// [`Closed`](HistoryError::Closed) or what the database reports. Nothing was recorded then;
    /// the next call is tried afresh.
    pub async fn intend(&self, new: Vec<NewDelivery>) -> Result<(), HistoryError> {
        self.write(Operation::Intend(new)).await
    }

    /// Records at once that this is about to be sent and that its first try begins now
    /// (milliseconds since 1970): [`History::intend`] and [`History::begin`] in one row.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn intend_and_begin(&self, new: NewDelivery, at_ms: i64) -> Result<(), HistoryError> {
        self.write(Operation::IntendAndBegin(Box::new(new), at_ms))
            .await
    }

    /// Records that a try begins now (milliseconds since 1970). A delivery whose try had begun and
    /// never ended is sent again *possibly repeated* after a crash; one that had not, is not so
    /// marked.
    ///
    /// # Errors
    /// As [`History::intend`], and [`HistoryError::Missing`].
    pub async fn begin(&self, id: DeliveryId, at_ms: i64) -> Result<(), HistoryError> {
        self.write(Operation::Begin(id, at_ms)).await
    }

    /// Records a try that ended, with its status, and when the next one is due.
    ///
    /// # Errors
    /// As [`History::intend`], and [`HistoryError::Missing`].
    pub async fn attempt(&self, id: DeliveryId, attempt: Attempt) -> Result<(), HistoryError> {
        self.write(Operation::Attempt(id, attempt)).await
    }

    /// Records how a delivery ended. Request and response are cut to [`MAX_REQUEST`] and
    /// [`MAX_RESPONSE`].
    ///
    /// # Errors
    /// As [`History::intend`], and [`HistoryError::Missing`].
    pub async fn outcome(&self, id: DeliveryId, outcome: Outcome) -> Result<(), HistoryError> {
        self.write(Operation::Outcome(id, None, outcome)).await
    }

    /// Records the last try together with how the delivery ended: [`History::attempt`] and
    /// [`History::outcome`] in one change.
    ///
    /// # Errors
    /// As [`History::intend`], and [`HistoryError::Missing`].
    pub async fn finish(
        &self,
        id: DeliveryId,
        last: Attempt,
        outcome: Outcome,
    ) -> Result<(), HistoryError> {
        self.write(Operation::Outcome(id, Some(last), outcome))
            .await
    }

    /// Records that the notified state of these was written at `at_ms`. Ids that retention has
    /// removed in the meantime are passed over.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn patched(&self, ids: Vec<DeliveryId>, at_ms: i64) -> Result<(), HistoryError> {
        self.write(Operation::Patched(ids, at_ms)).await
    }

    /// Records that these were looked at and not sent again. There is one row per object (uid) and
    /// state key: it keeps its id, counts in `attempts`, and takes the time, resourceVersion and
    /// cause of the last look.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn already_sent(&self, looks: Vec<AlreadySent>) -> Result<(), HistoryError> {
        self.write(Operation::AlreadySent(looks)).await
    }

    /// Records a row that is complete at once: a dry run (with its rendered request), a clearing,
    /// an applied configuration.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn record(&self, delivery: Delivery, request: String) -> Result<(), HistoryError> {
        self.write(Operation::Record(Box::new(delivery), request))
            .await
    }

    /// Resolves when everything that was asked for before is committed or has failed.
    ///
    /// # Errors
    /// [`HistoryError::Closed`].
    pub async fn flush(&self) -> Result<(), HistoryError> {
        self.write(Operation::Flush).await
    }

    /// Takes over what earlier processes left unfinished, for the engine that becomes active:
    /// pending deliveries become this process's own (a second call, or a second process, does not
    /// get them again), and those whose try had begun are marked possibly repeated. Call it only
    /// while no other engine works on the same file and catalog (hold the Lease).
    ///
    /// Where nothing can be written (the disk is full) it is read all the same, so that nothing is
    /// sent again that is on record as sent; a later call gets the pending ones again.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn recover(&self) -> Result<Recovery, HistoryError> {
        let error = match self.work(recovery::recover).await {
            Ok(left) => return Ok(left),
            Err(error) => error,
        };
        let history = self.clone();
        let left = tokio::task::spawn_blocking(move || history.read(recovery::look)).await;
        match left {
            Ok(Ok(left)) => Ok(left),
            _ => Err(error),
        }
    }

    /// What was sent and is not known to stand in the notified state, and what was sent since
    /// `since_ms`: the content of the in-memory ledger. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn sent_keys(&self, since_ms: i64) -> Result<Vec<SentKey>, HistoryError> {
        self.read(|connection| recovery::sent_keys(connection, since_ms))
    }

    /// All recorded successes for one object, newest first, at most `limit`. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn sent_keys_of(&self, uid: &str, limit: u32) -> Result<Vec<SentKey>, HistoryError> {
        self.read(|connection| recovery::sent_keys_of(connection, uid, limit))
    }

    /// A page of at most `limit` deliveries, newest first. Blocks; a few milliseconds where the
    /// filter names a state, service, trigger, namespace or uid, up to a scan of all rows where it
    /// only has free text or patterns.
    ///
    /// # Errors
    /// What the database reports.
    pub fn page(
        &self,
        filter: &Filter,
        from: Anchor,
        limit: u32,
    ) -> Result<Vec<Delivery>, HistoryError> {
        self.read(|connection| query::page(connection, filter, from, limit))
    }

    /// How many deliveries the filter lets through. Blocks, up to a scan of all rows: a job for
    /// the background.
    ///
    /// # Errors
    /// What the database reports.
    pub fn count(&self, filter: &Filter) -> Result<u64, HistoryError> {
        self.read(|connection| query::count(connection, filter))
    }

    /// One delivery with its tries, request and response; `None` when it is not recorded. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn get(&self, id: DeliveryId) -> Result<Option<DeliveryDetail>, HistoryError> {
        self.read(|connection| detail::get(connection, id))
    }

    /// The newest deliveries of one object. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn of_resource(&self, uid: &str, limit: u32) -> Result<Vec<Delivery>, HistoryError> {
        let filter = Filter {
            uid: Some(uid.to_owned()),
            ..Filter::default()
        };
        self.page(&filter, Anchor::Newest, limit)
    }

    /// Counts by creation time for a sparkline: `buckets` spans of `width_ms` that end at
    /// `until_ms`, oldest first, empty ones included. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn rate(
        &self,
        until_ms: i64,
        width_ms: i64,
        buckets: u32,
    ) -> Result<Vec<Bucket>, HistoryError> {
        self.rate_of(&Filter::default(), until_ms, width_ms, buckets)
    }

    /// The same of the deliveries that a filter lets through. Blocks, up to a scan of the rows of
    /// that time.
    ///
    /// # Errors
    /// What the database reports.
    pub fn rate_of(
        &self,
        filter: &Filter,
        until_ms: i64,
        width_ms: i64,
        buckets: u32,
    ) -> Result<Vec<Bucket>, HistoryError> {
        self.read(|connection| query::rate(connection, filter, until_ms, width_ms, buckets))
    }

    /// How each service has fared with what was decided from `since_ms` until `until_ms`, sorted by
    /// name. Blocks for a scan of the rows of that time.
    ///
    /// # Errors
    /// What the database reports.
    pub fn services(
        &self,
        since_ms: i64,
        until_ms: i64,
    ) -> Result<Vec<ServiceTotals>, HistoryError> {
        self.read(|connection| services::totals(connection, since_ms, until_ms))
    }

    async fn write(&self, operation: Operation) -> Result<(), HistoryError> {
        let tells = !matches!(operation, Operation::Flush);
        let result = self.shared.writer.write(operation).await;
        // A flush writes nothing.
        if tells {
            self.shared.health.wrote(&result);
        }
        result
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut rusqlite::Connection, i64) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let result = self.shared.writer.work(work).await;
        // One that succeeds may have found nothing to write.
        if result.is_err() {
            self.shared.health.wrote(&result);
        }
        result
    }

    fn read<T>(
        &self,
        query: impl FnOnce(&rusqlite::Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, HistoryError> {
        self.shared.readers.read(query)
    }
}
