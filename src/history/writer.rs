//! The one writer: a thread that commits whatever is queued in one transaction.
//!
//! While one transaction is being committed the next calls queue up and share the following one,
//! so the cost of a commit is divided by the number of callers. A call that comes alone is committed
//! at once; transactions that follow each other closely are kept a moment apart, so that more calls
//! share the next one: most of a transaction's cost is the pages that it touches, once each.

use super::detail::{MAX_REQUEST, MAX_RESPONSE, cut};
use super::retention::Retention;
use super::rows;
use super::schema::ends_transaction;
use super::upkeep::{Health, Upkeep};
use super::{HistoryError, Options};
use crate::domain::{Attempt, Delivery, DeliveryId, DeliveryState, NewDelivery, Outcome};
use rusqlite::{Connection, Statement, TransactionBehavior, named_params, params};
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

/// A look at a delivery that had been sent before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlreadySent {
    /// What would have been sent; its `created_ms` is the time of the look.
    pub new: NewDelivery,
    /// Since when it counts as sent, in Unix seconds; shown as the row's detail.
    pub since_s: i64,
}

/// What can be asked of the writer.
#[derive(Debug)]
pub(super) enum Operation {
    Intend(Vec<NewDelivery>),
    IntendAndBegin(Box<NewDelivery>, i64),
    Begin(DeliveryId, i64),
    Attempt(DeliveryId, Attempt),
    Outcome(DeliveryId, Option<Attempt>, Outcome),
    Patched(Vec<DeliveryId>, i64),
    AlreadySent(Vec<AlreadySent>),
    Record(Box<Delivery>, String),
    RecordAll(Vec<Delivery>),
    Spill(Vec<Delivery>),
    NoteConditions(Vec<(String, String)>, i64),
    Flush,
}

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
            inserted += apply(&transaction, operation, self.session)?;
        }
        transaction.commit().map_err(Failure::database)?;
        self.retention.inserted(inserted);
        Ok(())
    }
}

/// Whether a failure is about one operation or about the database as a whole.
#[derive(Clone)]
enum Failure {
    Operation(HistoryError),
    Database(HistoryError),
}

impl Failure {
    fn database(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }

    fn error(&self) -> &HistoryError {
        match self {
            Self::Operation(error) | Self::Database(error) => error,
        }
    }

    fn into_error(self) -> HistoryError {
        match self {
            Self::Operation(error) | Self::Database(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        if ends_transaction(&error) {
            Self::Database(error.into())
        } else {
            Self::Operation(error.into())
        }
    }
}

/// Performs one operation within the open transaction; returns the number of new rows.
fn apply(connection: &Connection, operation: &Operation, session: i64) -> Result<u64, Failure> {
    match operation {
        Operation::Intend(new) => {
            let mut insert = connection.prepare_cached(INSERT)?;
            for new in new {
                insert_row(&mut insert, &Delivery::pending(new.clone()), None, session)?;
            }
            Ok(new.len() as u64)
        }
        Operation::IntendAndBegin(new, at_ms) => {
            let mut insert = connection.prepare_cached(INSERT)?;
            let mut pending = Delivery::pending(NewDelivery::clone(new));
            pending.updated_ms = *at_ms;
            insert_row(&mut insert, &pending, Some(*at_ms), session)?;
            Ok(1)
        }
        Operation::Begin(id, at_ms) => {
            let changed = connection
                .prepare_cached(
                    "UPDATE deliveries SET begun_ms = ?2, next_ms = NULL, updated_ms = ?2 \
                     WHERE id = ?1",
                )?
                .execute(params![id.0, at_ms])?;
            found(changed, *id)
        }
        Operation::Attempt(id, attempt) => record_attempt(connection, *id, attempt),
        Operation::Outcome(id, last, outcome) => {
            record_outcome(connection, *id, last.as_ref(), outcome)
        }
        Operation::Patched(ids, at_ms) => {
            let mut update = connection.prepare_cached(
                "UPDATE deliveries SET patched_ms = ?2, updated_ms = ?2 WHERE id = ?1",
            )?;
            for id in ids {
                update.execute(params![id.0, at_ms])?;
            }
            Ok(0)
        }
        Operation::AlreadySent(looks) => record_looks(connection, looks, session),
        Operation::Record(delivery, request) => {
            let mut insert = connection.prepare_cached(INSERT)?;
            insert_row(&mut insert, delivery, None, session)?;
            record_bodies(connection, delivery.new.id, request, "")?;
            Ok(1)
        }
        Operation::RecordAll(deliveries) => {
            let mut insert = connection.prepare_cached(INSERT)?;
            for delivery in deliveries {
                insert_row(&mut insert, delivery, None, session)?;
            }
            Ok(deliveries.len() as u64)
        }
        Operation::Spill(deliveries) => spill(connection, deliveries, session),
        Operation::NoteConditions(conditions, at_ms) => {
            let mut insert = connection.prepare_cached(
                "INSERT OR IGNORE INTO conditions (trigger, condition, first_ms) \
                 VALUES (?1, ?2, ?3)",
            )?;
            for (trigger, condition) in conditions {
                insert.execute(params![trigger, condition, at_ms])?;
            }
            Ok(0)
        }
        Operation::Flush => Ok(0),
    }
}

/// Marks pending deliveries as spilled, recording those that are not recorded yet.
fn spill(connection: &Connection, deliveries: &[Delivery], session: i64) -> Result<u64, Failure> {
    let mut mark = connection.prepare_cached("UPDATE deliveries SET spilled = 1 WHERE id = ?1")?;
    let mut insert = connection.prepare_cached(INSERT)?;
    let mut inserted = 0;
    for delivery in deliveries {
        let id = delivery.new.id.0;
        if mark.execute([id])? == 0 {
            insert_row(&mut insert, delivery, None, session)?;
            mark.execute([id])?;
            inserted += 1;
        }
    }
    Ok(inserted)
}

const INSERT: &str = "INSERT INTO deliveries (id, created_ms, updated_ms, state, cause, \
    api_group, kind, namespace, name, uid, resource_version, trigger, condition, once_per, \
    templates, service, service_type, recipient, state_key, config_namespace, actor, attempts, \
    begun_ms, status, took_ms, next_ms, patched_ms, possibly_repeated, error, detail, session) \
    VALUES (:id, :created_ms, :updated_ms, :state, :cause, :api_group, :kind, :namespace, :name, \
    :uid, :resource_version, :trigger, :condition, :once_per, :templates, :service, \
    :service_type, :recipient, :state_key, :config_namespace, :actor, :attempts, :begun_ms, \
    :status, :took_ms, :next_ms, :patched_ms, :possibly_repeated, :error, :detail, :session)";

fn insert_row(
    insert: &mut Statement<'_>,
    delivery: &Delivery,
    begun_ms: Option<i64>,
    session: i64,
) -> Result<usize, rusqlite::Error> {
    let new = &delivery.new;
    insert.execute(named_params! {
        ":id": new.id.0,
        ":created_ms": new.created_ms,
        ":updated_ms": delivery.updated_ms,
        ":state": delivery.state.word(),
        ":cause": new.cause.word(),
        ":api_group": new.group,
        ":kind": new.kind,
        ":namespace": new.namespace,
        ":name": new.name,
        ":uid": new.uid,
        ":resource_version": new.resource_version,
        ":trigger": new.trigger,
        ":condition": new.condition,
        ":once_per": new.once_per,
        ":templates": rows::templates(&new.templates),
        ":service": &*new.destination.service,
        ":service_type": new.service_type,
        ":recipient": &*new.destination.recipient,
        ":state_key": new.state_key,
        ":config_namespace": new.config_namespace,
        ":actor": new.actor,
        ":attempts": delivery.attempts,
        ":begun_ms": begun_ms,
        ":status": delivery.status,
        ":took_ms": delivery.took_ms,
        ":next_ms": delivery.next_ms,
        ":patched_ms": delivery.patched_ms,
        ":possibly_repeated": delivery.possibly_repeated,
        ":error": delivery.error,
        ":detail": delivery.detail,
        ":session": session,
    })
}

fn record_attempt(
    connection: &Connection,
    id: DeliveryId,
    attempt: &Attempt,
) -> Result<u64, Failure> {
    let changed = connection
        .prepare_cached(
            "UPDATE deliveries SET attempts = ?2, status = ?3, took_ms = ?4, next_ms = ?5, \
             error = ?6, updated_ms = ?7, begun_ms = NULL WHERE id = ?1",
        )?
        .execute(params![
            id.0,
            attempt.number,
            attempt.status,
            attempt.took_ms,
            attempt.next_ms,
            attempt.error,
            attempt.started_ms.saturating_add(attempt.took_ms),
        ])?;
    found(changed, id)?;
    list_attempt(connection, id, attempt)?;
    Ok(0)
}

fn list_attempt(
    connection: &Connection,
    id: DeliveryId,
    attempt: &Attempt,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO attempts \
             (delivery_id, number, started_ms, took_ms, status, error, next_ms) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            id.0,
            attempt.number,
            attempt.started_ms,
            attempt.took_ms,
            attempt.status,
            attempt.error,
            attempt.next_ms,
        ])?;
    Ok(())
}

/// How a delivery ended, with its last try where that is not recorded yet: one change of the row.
fn record_outcome(
    connection: &Connection,
    id: DeliveryId,
    last: Option<&Attempt>,
    outcome: &Outcome,
) -> Result<u64, Failure> {
    let finished = (outcome.state != DeliveryState::Pending).then_some(outcome.at_ms);
    let changed = connection
        .prepare_cached(
            "UPDATE deliveries SET state = ?2, updated_ms = ?3, finished_ms = ?4, detail = ?5, \
             error = ?6, attempts = coalesce(?7, attempts), \
             status = iif(?7 IS NULL, status, ?8), took_ms = iif(?7 IS NULL, took_ms, ?9), \
             next_ms = NULL, begun_ms = NULL WHERE id = ?1",
        )?
        .execute(params![
            id.0,
            outcome.state.word(),
            outcome.at_ms,
            finished,
            outcome.detail,
            outcome.error,
            last.map(|last| last.number),
            last.and_then(|last| last.status),
            last.map(|last| last.took_ms),
        ])?;
    found(changed, id)?;
    if let Some(last) = last {
        list_attempt(connection, id, last)?;
    }
    record_bodies(connection, id, &outcome.request, &outcome.response)?;
    Ok(0)
}

fn record_bodies(
    connection: &Connection,
    id: DeliveryId,
    request: &str,
    response: &str,
) -> Result<(), rusqlite::Error> {
    if request.is_empty() && response.is_empty() {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO bodies (delivery_id, request, response) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![
            id.0,
            cut(request, MAX_REQUEST),
            cut(response, MAX_RESPONSE)
        ])?;
    Ok(())
}

/// A known look is counted by an update of its own, not by `ON CONFLICT`: most looks are known,
/// and the update touches no index.
fn record_looks(
    connection: &Connection,
    looks: &[AlreadySent],
    session: i64,
) -> Result<u64, Failure> {
    let mut update = connection.prepare_cached(
        "UPDATE deliveries SET attempts = attempts + 1, updated_ms = ?3, resource_version = ?4, \
         cause = ?5, detail = ?6 \
         WHERE uid = ?1 AND state_key = ?2 AND state = 'already-sent'",
    )?;
    let mut insert = connection.prepare_cached(INSERT)?;
    let mut inserted = 0;
    for AlreadySent { new, since_s } in looks {
        let detail = since(*since_s);
        let known = update.execute(params![
            new.uid,
            new.state_key,
            new.created_ms,
            new.resource_version,
            new.cause.word(),
            detail,
        ])?;
        if known == 0 {
            let first = Delivery {
                state: DeliveryState::AlreadySent,
                attempts: 1,
                detail,
                ..Delivery::pending(new.clone())
            };
            insert_row(&mut insert, &first, None, session)?;
            inserted += 1;
        }
    }
    Ok(inserted)
}

fn since(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) if seconds > 0 => format!("since {time}"),
        _ => String::new(),
    }
}

fn found(changed: usize, id: DeliveryId) -> Result<u64, Failure> {
    if changed == 0 {
        return Err(Failure::Operation(HistoryError::Missing(id)));
    }
    Ok(0)
}
