//! Taking over the rows of another history: those of several shards, or of a machine that is given up.

use super::{History, HistoryError, Options};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use std::path::Path;

impl History {
    /// Adds the deliveries of another file that are not here yet, with their tries and texts; returns
    /// how many. An id that another delivery has here is moved to the next free one. Waiting
    /// deliveries come along as such: the next engine on this file takes them over.
    ///
    /// # Errors
    /// The other file can't be opened, or what the database reports; nothing was added then.
    pub async fn absorb(&self, other: &Path) -> Result<u64, HistoryError> {
        // Brings it up to this version.
        drop(History::open(other, &Options::default())?);
        let other = other.to_string_lossy().into_owned();
        self.work(move |connection, _| {
            connection.execute("ATTACH ?1 AS other", [&other])?;
            let added = absorb(connection);
            connection.execute("DETACH other", [])?;
            added
        })
        .await
    }
}

fn absorb(connection: &mut Connection) -> Result<u64, rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let columns = columns(&transaction)?;
    let mut added = 0;
    {
        let mut rows =
            transaction.prepare("SELECT id, uid, state_key FROM other.deliveries ORDER BY id")?;
        let mut rows = rows.query([])?;
        let insert = format!(
            "INSERT OR IGNORE INTO main.deliveries (id, {columns}) \
             SELECT ?1, {columns} FROM other.deliveries WHERE id = ?2"
        );
        let mut insert = transaction.prepare(&insert)?;
        while let Some(row) = rows.next()? {
            let (id, uid, key): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let Some(place) = free_place(&transaction, id, &uid, &key)? else {
                continue;
            };
            if insert.execute(params![place, id])? == 0 {
                // A look that is counted here already.
                continue;
            }
            added += 1;
            for (table, rest) in [
                (
                    "attempts",
                    "number, started_ms, took_ms, status, error, next_ms",
                ),
                ("bodies", "request, response"),
            ] {
                let sql = format!(
                    "INSERT OR REPLACE INTO main.{table} (delivery_id, {rest}) \
                     SELECT ?1, {rest} FROM other.{table} WHERE delivery_id = ?2"
                );
                transaction
                    .prepare_cached(&sql)?
                    .execute(params![place, id])?;
            }
        }
    }
    transaction.commit()?;
    Ok(added)
}

/// All columns but the id, as both files have them.
fn columns(connection: &Connection) -> Result<String, rusqlite::Error> {
    let names = connection
        .prepare("SELECT name FROM pragma_table_info('deliveries') WHERE name <> 'id'")?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(names.join(", "))
}

/// The id that a delivery gets; `None` when it is here already.
fn free_place(
    connection: &Connection,
    id: i64,
    uid: &str,
    state_key: &str,
) -> Result<Option<i64>, rusqlite::Error> {
    let mut place = id;
    loop {
        let found = connection
            .prepare_cached("SELECT uid, state_key FROM main.deliveries WHERE id = ?1")?
            .query_row([place], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .optional()?;
        match found {
            None => return Ok(Some(place)),
            Some((known, key)) if known == uid && key == state_key => return Ok(None),
            Some(_) => place = place.saturating_add(1),
        }
    }
}
