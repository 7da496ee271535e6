//! The one writer: a thread that commits whatever is queued in one transaction.
//!
//! While one transaction is being committed the next calls queue up and share the following one,
//! so the cost of a commit is divided by the number of callers. A call that comes alone is committed
//! at once; transactions that follow each other closely are kept a moment apart, so that more calls
//! share the next one: most of a transaction's cost is the pages that it touches, once each.

use super::operation::{Failure, Operation};
use super::retention::Retention;
use super::upkeep::{Health, Upkeep};
use super::{HistoryError, Options};
use rusqlite::{Connection, TransactionBehavior};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Calls that may wait for the writer; further callers wait for a place.
const QUEUE: usize = 4096;

/// Calls that share one transaction at most; bounds how long a reader's snapshot is behind.
const BATCH: usize = 512;

/// Least time from the end of one transaction to the next. It bounds what a burst adds to a call, and
/// is well below what a delivery takes.
const APART: Duration = Duration::from_millis(1);

/// Work that has an answer and a transaction of its own; it gets the session of this process.
type Work = Box<dyn FnOnce(&mut Connection, i64) + Send>;

enum Call {
    Write(Operation, oneshot::Sender<Result<(), HistoryError>>),
    Work(Work),
}

/// The handle of the thread; dropping it waits for what is queued.
#[derive(Debug)]
pub(super) struct Writer {
    calls: Option<mpsc::Sender<Call>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        options: Options,
        upkeep: Option<Upkeep>,
        health: Arc<Health>,
    ) -> Result<Self, HistoryError> {
        let (calls, queue) = mpsc::channel(QUEUE);
        let retention = Retention::new(options);
        let desk = Desk {
            connection,
            session: rand::random::<i64>(),
            retention,
            upkeep,
            health,
        };
        let thread = std::thread::Builder::new()
            .name("history".into())
            .spawn(move || desk.run(queue))
            .map_err(|error| HistoryError::Database(format!("no thread: {error}")))?;
        Ok(Self {
            calls: Some(calls),
            thread: Mutex::new(Some(thread)),
        })
    }

    pub(super) async fn write(&self, operation: Operation) -> Result<(), HistoryError> {
        let (done, answer) = oneshot::channel();
        self.call(Call::Write(operation, done)).await?;
        answer.await.unwrap_or(Err(HistoryError::Closed))
    }

    /// Does something after everything that was asked for before, and answers with what it found.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection, i64) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let (done, answer) = oneshot::channel();
        let work: Work = Box::new(move |connection, session| {
            // The caller may have given up waiting.
            let _ = done.send(work(connection, session).map_err(HistoryError::from));
        });
        self.call(Call::Work(work)).await?;
        answer.await.unwrap_or(Err(HistoryError::Closed))
    }

    async fn call(&self, call: Call) -> Result<(), HistoryError> {
        let calls = self.calls.as_ref().ok_or(HistoryError::Closed)?;
        calls.send(call).await.map_err(|_| HistoryError::Closed)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.calls = None;
        let thread = match self.thread.get_mut() {
            Ok(thread) => thread.take(),
            Err(poisoned) => poisoned.into_inner().take(),
        };
        if let Some(thread) = thread {
            // A panic in the writer has failed its callers already.
            let _ = thread.join();
        }
    }
}

/// What the thread owns.
struct Desk {
    connection: Connection,
    /// Tells this process's pending rows from those of earlier ones.
    session: i64,
    retention: Retention,
    /// `None` when it is in memory only.
    upkeep: Option<Upkeep>,
    health: Arc<Health>,
}

type Waiting = Vec<(Operation, oneshot::Sender<Result<(), HistoryError>>)>;

impl Desk {
    fn run(mut self, mut queue: mpsc::Receiver<Call>) {
        // Here and not when the file is opened, so that nobody waits for it at the start.
        self.retention.count(&self.connection);
        let mut batch: Waiting = Vec::new();
        let mut committed: Option<Instant> = None;
        while let Some(first) = queue.blocking_recv() {
            if let Some(committed) = committed {
                std::thread::sleep(APART.saturating_sub(committed.elapsed()));
            }
            self.look_after_file();
            let mut next = Some(first);
            while let Some(call) = next {
                match call {
                    Call::Write(operation, done) => batch.push((operation, done)),
                    Call::Work(work) => {
                        self.commit(std::mem::take(&mut batch));
                        work(&mut self.connection, self.session);
                    }
                }
                if batch.len() >= BATCH {
                    break;
                }
                next = queue.try_recv().ok();
            }
            self.commit(std::mem::take(&mut batch));
            committed = Some(Instant::now());
            self.retention.step(&mut self.connection);
        }
    }

    /// Begins the file anew when it is lost. What was in it is lost with it; who waits for news of
    /// the condition decides what is to be done again.
    fn look_after_file(&mut self) {
        let Some(upkeep) = &mut self.upkeep else {
            return;
        };
        let Some(due) = upkeep.due(&self.health) else {
            return;
        };
        let Ok(nowhere) = Connection::open_in_memory() else {
            return;
        };
        drop(std::mem::replace(&mut self.connection, nowhere));
        match upkeep.begin_anew(due, &self.health) {
            Ok(connection) => {
                self.connection = connection;
                self.retention.count(&self.connection);
            }
            // Until it can be, every write fails, and says so.
            Err(error) => tracing::debug!(%error, "the history can't be begun anew yet"),
        }
    }

    /// Commits the batch as a whole; when that fails, each operation by itself, so that one bad
    /// operation does not fail its neighbours.
    fn commit(&mut self, batch: Waiting) {
        if batch.is_empty() {
            return;
        }
        let operations: Vec<&Operation> = batch.iter().map(|(operation, _)| operation).collect();
        let mut whole = self.transaction(&operations);
        if let Err(failure) = &whole
            && matches!(failure.error(), HistoryError::Damaged(_))
        {
            self.health.met_damage::<()>(&Err(failure.error().clone()));
            self.look_after_file();
            whole = self.transaction(&operations);
        }
        let alone = match &whole {
            Ok(()) => false,
            Err(Failure::Operation(_)) => batch.len() > 1,
            Err(Failure::Database(_)) => false,
        };
        for (operation, done) in batch {
            let result = if alone {
                self.transaction(&[&operation])
            } else {
                whole.clone()
            };
            // The caller may have given up waiting.
            let _ = done.send(result.map_err(Failure::into_error));
        }
    }

    fn transaction(&mut self, operations: &[&Operation]) -> Result<(), Failure> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Failure::database)?;
        let mut inserted = 0;
        for operation in operations {
            inserted += operation.apply(&transaction, self.session)?;
        }
        transaction.commit().map_err(Failure::database)?;
        self.retention.inserted(inserted);
        Ok(())
    }
}
