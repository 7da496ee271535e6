//! Forgetting: a little after each transaction, so that no single one is slow.
//!
//! Pending and held deliveries are never removed. Sent ones whose notified state was not written are what
//! keeps them from being sent again: they go by age, not by number.

use super::Options;
use rusqlite::{Connection, TransactionBehavior, params};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Rows that one step removes at most.
const STEP: u64 = 400;

/// How often age is looked at; the number of rows is known at every step.
const AGE_INTERVAL: Duration = Duration::from_secs(60);

/// How often the rows are counted anew: other processes add and remove some, too.
const COUNT_INTERVAL: Duration = Duration::from_secs(3600);

/// The state of the forgetting.
#[derive(Debug)]
pub(super) struct Retention {
    options: Options,
    rows: u64,
    counted: Option<Instant>,
    /// When age was last looked at and nothing more was found.
    aged: Option<Instant>,
    /// When the search for removable rows among too many is worth its time again.
    search_from: Instant,
    /// Rows since bodies were last looked at.
    since_bodies: u64,
}

impl Retention {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options,
            rows: 0,
            counted: None,
            aged: None,
            search_from: Instant::now(),
            since_bodies: STEP,
        }
    }

    /// Counts the rows: a part of a second for a million of them. A failure is no harm: the next
    /// step tries again.
    pub(super) fn count(&mut self, connection: &Connection) {
        match count(connection) {
            Ok(rows) => {
                self.rows = rows;
                self.counted = Some(Instant::now());
            }
            Err(error) => tracing::debug!(%error, "the history could not be counted yet"),
        }
    }

    /// Tells of rows that were added.
    pub(super) fn inserted(&mut self, rows: u64) {
        self.rows = self.rows.saturating_add(rows);
        self.since_bodies = self.since_bodies.saturating_add(rows);
    }

    /// Removes what is due, at most a few hundred rows. A failure is no harm: the next step tries
    /// again.
    pub(super) fn step(&mut self, connection: &mut Connection) {
        let now_ms = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            });
        if let Err(error) = self.try_step(connection, now_ms) {
            tracing::debug!(%error, "old history could not be removed yet");
        }
    }

    fn try_step(
        &mut self,
        connection: &mut Connection,
        now_ms: i64,
    ) -> Result<(), rusqlite::Error> {
        if self.counted.is_none_or(|at| at.elapsed() >= COUNT_INTERVAL) {
            self.count(connection);
        }
        let excess = self.rows.saturating_sub(self.options.max_rows).min(STEP);
        if excess > 0 && Instant::now() >= self.search_from {
            let began = Instant::now();
            let removed = remove(
                connection,
                "SELECT id FROM deliveries NOT INDEXED WHERE state NOT IN ('pending', 'held') \
                 AND NOT (state IN ('sent', 'baseline') AND patched_ms IS NULL) ORDER BY id LIMIT ?1",
                &[&excess.cast_signed()],
            )?;
            self.removed(removed);
            if removed < excess {
                // All others must stay; looking through them takes at most 1 % of the time.
                self.search_from = Instant::now() + began.elapsed() * 100;
            }
        }
        if self.aged.is_none_or(|at| at.elapsed() >= AGE_INTERVAL) {
            let max_age_ms = i64::try_from(self.options.max_age.as_millis()).unwrap_or(i64::MAX);
            let before_ms = now_ms.saturating_sub(max_age_ms);
            let removed = remove(
                connection,
                "SELECT id FROM deliveries INDEXED BY by_created WHERE created_ms < ?1 \
                 AND updated_ms < ?1 AND state NOT IN ('pending', 'held') ORDER BY created_ms LIMIT ?2",
                &[&before_ms, &STEP.cast_signed()],
            )?;
            self.removed(removed);
            self.aged = (removed < STEP).then(Instant::now);
        }
        if self.since_bodies >= STEP {
            let removed = remove_bodies(connection, self.options.max_bodies)?;
            if removed < STEP {
                self.since_bodies = 0;
            }
        }
        Ok(())
    }

    fn removed(&mut self, rows: u64) {
        self.rows = self.rows.saturating_sub(rows);
    }
}

fn count(connection: &Connection) -> Result<u64, rusqlite::Error> {
    let rows: i64 =
        connection.query_row("SELECT count(*) FROM deliveries", [], |row| row.get(0))?;
    Ok(rows.max(0).cast_unsigned())
}

/// Removes the deliveries that `select` names, with everything that hangs on them, and gives free
/// pages back when there are many.
fn remove(
    connection: &mut Connection,
    select: &str,
    parameters: &[&dyn rusqlite::ToSql],
) -> Result<u64, rusqlite::Error> {
    let ids: Vec<i64> = connection
        .prepare_cached(select)?
        .query_map(parameters, |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if ids.is_empty() {
        return Ok(0);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for sql in [
        "DELETE FROM attempts WHERE delivery_id = ?1",
        "DELETE FROM bodies WHERE delivery_id = ?1",
        "DELETE FROM deliveries WHERE id = ?1",
    ] {
        let mut delete = transaction.prepare_cached(sql)?;
        for id in &ids {
            delete.execute([id])?;
        }
    }
    transaction.commit()?;
    let free: i64 = connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
    if free > 1000 {
        connection.execute_batch("PRAGMA incremental_vacuum(200)")?;
    }
    Ok(ids.len() as u64)
}

/// Removes the oldest request and response texts beyond the newest `keep`.
fn remove_bodies(connection: &mut Connection, keep: u64) -> Result<u64, rusqlite::Error> {
    let keep = i64::try_from(keep).unwrap_or(i64::MAX);
    let removed = connection
        .prepare_cached(
            "DELETE FROM bodies WHERE delivery_id IN (SELECT delivery_id FROM bodies \
             WHERE delivery_id <= (SELECT id FROM deliveries INDEXED BY by_created \
             ORDER BY created_ms DESC, id DESC LIMIT 1 OFFSET ?1) \
             ORDER BY delivery_id LIMIT ?2)",
        )?
        .execute(params![keep, STEP.cast_signed()])?;
    Ok(removed as u64)
}
