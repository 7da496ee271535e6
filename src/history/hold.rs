//! Notifications that the flood guard holds, and the conditions that were looked at before.
//!
//! A held delivery is a row in the state *held*: it is not sent by any engine until somebody
//! releases it (it becomes pending), marks it as sent (*baseline*), or it is withdrawn because its
//! condition is not true any more.

use super::operation::Operation;
use super::spill::{SELECTED, ServiceOf};
use super::{History, HistoryError, rows};
use crate::domain::{Delivery, DeliveryId, Destination, Selection};
use rusqlite::{Connection, TransactionBehavior, named_params, params};
use std::collections::{BTreeMap, HashSet};

/// Held notifications of one trigger to one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCount {
    /// Where to.
    pub destination: Destination,
    /// The trigger.
    pub trigger: String,
    /// How many.
    pub count: u64,
    /// When the oldest was decided, in milliseconds since 1970.
    pub oldest_ms: i64,
}

impl History {
    /// Records rows that are complete at once: held notifications, or ones that are marked as sent.
    /// All or none of them.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn record_all(&self, deliveries: Vec<Delivery>) -> Result<(), HistoryError> {
        self.write(Operation::RecordAll(deliveries)).await
    }

    /// What is held, by destination and trigger; the largest groups first. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn held_counts(&self) -> Result<Vec<HeldCount>, HistoryError> {
        self.read(counts)
    }

    /// Makes held notifications pending and spilled, so that this process takes and sends them, or,
    /// if it runs no engine, the next one that does. Returns how many, by service.
    ///
    /// # Errors
    /// As [`History::intend`]; nothing was released then.
    pub async fn release_held(
        &self,
        selection: Selection,
        at_ms: i64,
    ) -> Result<BTreeMap<ServiceOf, u64>, HistoryError> {
        self.work(move |connection, session| release(connection, session, &selection, at_ms))
            .await
    }

    /// Marks held notifications as sent, at most `limit`, and returns them: their entries of the
    /// notified state are to be written.
    ///
    /// # Errors
    /// As [`History::intend`]; nothing was marked then.
    pub async fn baseline_held(
        &self,
        selection: Selection,
        at_ms: i64,
        limit: usize,
    ) -> Result<Vec<Delivery>, HistoryError> {
        self.work(move |connection, session| {
            baseline(connection, session, &selection, at_ms, limit)
        })
        .await
    }

    /// Withdraws those of these that are held (or pending, when they were just taken back), saying
    /// why. Returns the ones that were withdrawn.
    ///
    /// # Errors
    /// As [`History::intend`]; nothing was withdrawn then.
    pub async fn withdraw(
        &self,
        ids: Vec<DeliveryId>,
        pending: bool,
        why: String,
        at_ms: i64,
    ) -> Result<Vec<Delivery>, HistoryError> {
        self.work(move |connection, _| withdraw(connection, &ids, pending, &why, at_ms))
            .await
    }

    /// Notes conditions (trigger, condition key) as looked at on all objects.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn note_conditions(
        &self,
        conditions: Vec<(String, String)>,
        at_ms: i64,
    ) -> Result<(), HistoryError> {
        self.write(Operation::NoteConditions(conditions, at_ms))
            .await
    }
}

/// All held deliveries, oldest first.
pub(super) fn held(connection: &Connection) -> Result<Vec<Delivery>, rusqlite::Error> {
    let sql = format!(
        "SELECT {} FROM deliveries INDEXED BY by_state WHERE state = 'held' ORDER BY id",
        rows::COLUMNS
    );
    connection
        .prepare(&sql)?
        .query_map([], rows::delivery)?
        .collect()
}

/// All conditions that were noted.
pub(super) fn conditions(
    connection: &Connection,
) -> Result<HashSet<(String, String)>, rusqlite::Error> {
    connection
        .prepare("SELECT trigger, condition FROM conditions")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn counts(connection: &Connection) -> Result<Vec<HeldCount>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT service, recipient, trigger, count(*), min(created_ms) \
             FROM deliveries INDEXED BY by_state WHERE state = 'held' \
             GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3",
        )?
        .query_map([], |row| {
            Ok(HeldCount {
                destination: Destination::new(row.get::<_, String>(0)?, row.get::<_, String>(1)?),
                trigger: row.get(2)?,
                count: row.get::<_, i64>(3)?.max(0).cast_unsigned(),
                oldest_ms: row.get(4)?,
            })
        })?
        .collect()
}

pub(super) fn release(
    connection: &Connection,
    session: i64,
    selection: &Selection,
    at_ms: i64,
) -> Result<BTreeMap<ServiceOf, u64>, rusqlite::Error> {
    let sql = format!(
        "UPDATE deliveries SET state = 'pending', spilled = 1, session = :session, \
         updated_ms = :at WHERE state = 'held' AND {SELECTED} RETURNING config_namespace, service"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let services = statement.query_map(
        named_params! {
            ":session": session,
            ":at": at_ms,
            ":service": selection.service,
            ":recipient": selection.recipient,
            ":trigger": selection.trigger,
        },
        |row| {
            Ok(ServiceOf {
                config_namespace: row.get(0)?,
                service: row.get(1)?,
            })
        },
    )?;
    let mut released = BTreeMap::new();
    for service in services {
        *released.entry(service?).or_default() += 1;
    }
    Ok(released)
}

pub(super) fn baseline(
    connection: &Connection,
    session: i64,
    selection: &Selection,
    at_ms: i64,
    limit: usize,
) -> Result<Vec<Delivery>, rusqlite::Error> {
    let sql = format!(
        "UPDATE deliveries SET state = 'baseline', session = :session, updated_ms = :at, \
         finished_ms = :at, detail = 'held, then marked as sent' WHERE id IN \
         (SELECT id FROM deliveries INDEXED BY by_state WHERE state = 'held' AND {SELECTED} \
          ORDER BY id LIMIT :limit) RETURNING {}",
        rows::COLUMNS
    );
    connection
        .prepare_cached(&sql)?
        .query_map(
            named_params! {
                ":session": session,
                ":at": at_ms,
                ":service": selection.service,
                ":recipient": selection.recipient,
                ":trigger": selection.trigger,
                ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
            },
            rows::delivery,
        )?
        .collect()
}

fn withdraw(
    connection: &mut Connection,
    ids: &[DeliveryId],
    pending: bool,
    why: &str,
    at_ms: i64,
) -> Result<Vec<Delivery>, rusqlite::Error> {
    let state = if pending { "pending" } else { "held" };
    let sql = format!(
        "UPDATE deliveries SET state = 'withdrawn', spilled = 0, detail = ?2, updated_ms = ?3, \
         finished_ms = ?3 WHERE id = ?1 AND state = ?4 RETURNING {}",
        rows::COLUMNS
    );
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut withdrawn = Vec::new();
    {
        let mut update = transaction.prepare_cached(&sql)?;
        for id in ids {
            let rows = update.query_map(params![id.0, why, at_ms, state], rows::delivery)?;
            for row in rows {
                withdrawn.push(row?);
            }
        }
    }
    transaction.commit()?;
    Ok(withdrawn)
}
