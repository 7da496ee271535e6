//! What a stopped engine left behind, and what it had sent.

use super::{hold, rows};
use crate::domain::{Delivery, DeliveryId};
use rusqlite::{Connection, Row, TransactionBehavior};
use std::collections::HashSet;

/// What earlier processes left unfinished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Decided, without an outcome: to be decided afresh and, if still wanted, sent under the same
    /// id. Those whose try had begun are marked possibly repeated. Oldest first.
    pub pending: Vec<Delivery>,
    /// Sent or marked as sent, and the notified state was not written: never to be sent again, only
    /// to be patched.
    pub unpatched: Vec<Delivery>,
    /// Held by the flood guard, oldest first. They stay as they are.
    pub held: Vec<Delivery>,
    /// Conditions (trigger, condition key) that an engine has looked at on all objects before.
    pub conditions: HashSet<(String, String)>,
}

/// A success that is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentKey {
    /// UID of the object.
    pub uid: String,
    /// The entry of the notified state.
    pub state_key: String,
    /// When it was sent, in milliseconds since 1970.
    pub sent_ms: i64,
    /// Whether the notified state is known to have been written.
    pub patched: bool,
    /// The delivery.
    pub id: DeliveryId,
}

/// See [`History::recover`](super::History::recover). `session` is the one of this process.
pub(super) fn recover(
    connection: &mut Connection,
    session: i64,
) -> Result<Recovery, rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let sql = format!(
        "UPDATE deliveries SET session = ?1, begun_ms = NULL, spilled = 0, \
         possibly_repeated = possibly_repeated OR begun_ms IS NOT NULL \
         WHERE state = 'pending' AND session <> ?1 RETURNING {}",
        rows::COLUMNS
    );
    let pending = transaction
        .prepare(&sql)?
        .query_map([session], rows::delivery)?
        .collect::<Result<Vec<Delivery>, _>>()?;
    let recovery = with_the_rest(&transaction, pending, session)?;
    transaction.commit()?;
    Ok(recovery)
}

/// The same where nothing can be written: nothing becomes this process's own.
pub(super) fn look(connection: &Connection) -> Result<Recovery, rusqlite::Error> {
    let repeated = "possibly_repeated OR begun_ms IS NOT NULL AS possibly_repeated";
    let sql = format!(
        "SELECT {} FROM deliveries INDEXED BY by_state WHERE state = 'pending'",
        rows::COLUMNS.replace("possibly_repeated", repeated)
    );
    let pending = connection
        .prepare(&sql)?
        .query_map([], rows::delivery)?
        .collect::<Result<Vec<Delivery>, _>>()?;
    // No process has this number, so all are told.
    with_the_rest(connection, pending, 0)
}

/// Adds to the pending deliveries what needs no change of its rows; `session` is left out.
fn with_the_rest(
    connection: &Connection,
    mut pending: Vec<Delivery>,
    session: i64,
) -> Result<Recovery, rusqlite::Error> {
    pending.sort_by_key(|delivery| delivery.new.id);
    let mut unpatched = Vec::new();
    for (index, state) in [("unpatched", "sent"), ("baseline_unpatched", "baseline")] {
        let sql = format!(
            "SELECT {} FROM deliveries INDEXED BY {index} \
             WHERE state = '{state}' AND patched_ms IS NULL AND session <> ?1 ORDER BY id",
            rows::COLUMNS
        );
        let mut statement = connection.prepare(&sql)?;
        for delivery in statement.query_map([session], rows::delivery)? {
            unpatched.push(delivery?);
        }
    }
    Ok(Recovery {
        pending,
        unpatched,
        held: hold::held(connection)?,
        conditions: hold::conditions(connection)?,
    })
}

const KEY_COLUMNS: &str = "uid, state_key, coalesce(finished_ms, updated_ms), \
    patched_ms IS NOT NULL, id";

/// See [`History::sent_keys`](super::History::sent_keys).
pub(super) fn sent_keys(
    connection: &Connection,
    since_ms: i64,
) -> Result<Vec<SentKey>, rusqlite::Error> {
    // A delivery takes at most as long as its retries; what was decided an hour before `since_ms`
    // and sent after it is still found.
    let first_id = since_ms.saturating_sub(3_600_000).saturating_mul(1024);
    let sql = format!(
        "SELECT {KEY_COLUMNS} FROM deliveries INDEXED BY unpatched \
         WHERE state = 'sent' AND patched_ms IS NULL \
         UNION ALL \
         SELECT {KEY_COLUMNS} FROM deliveries NOT INDEXED \
         WHERE id >= ?1 AND state = 'sent' AND patched_ms IS NOT NULL AND finished_ms >= ?2"
    );
    connection
        .prepare_cached(&sql)?
        .query_map([first_id, since_ms], sent_key)?
        .collect()
}

/// See [`History::sent_keys_of`](super::History::sent_keys_of).
pub(super) fn sent_keys_of(
    connection: &Connection,
    uid: &str,
    limit: u32,
) -> Result<Vec<SentKey>, rusqlite::Error> {
    let sql = format!(
        "SELECT {KEY_COLUMNS} FROM deliveries INDEXED BY by_uid \
         WHERE uid = ?1 AND state = 'sent' ORDER BY id DESC LIMIT ?2"
    );
    connection
        .prepare_cached(&sql)?
        .query_map(rusqlite::params![uid, limit], sent_key)?
        .collect()
}

fn sent_key(row: &Row<'_>) -> Result<SentKey, rusqlite::Error> {
    Ok(SentKey {
        uid: row.get(0)?,
        state_key: row.get(1)?,
        sent_ms: row.get(2)?,
        patched: row.get(3)?,
        id: DeliveryId(row.get(4)?),
    })
}
