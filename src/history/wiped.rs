//! What should stand in the notified state, for the engine that finds it gone at its start.

use super::{History, HistoryError};
use rusqlite::{Connection, params};
use std::collections::HashMap;

/// Notifications that are looked at, the newest first: beyond them a lost state counts as new.
const NEWEST: u32 = 100_000;

/// Wipes are remembered this long, in milliseconds.
const REMEMBERED_MS: i64 = 86_400_000;

/// What is known of the notified state of objects, by their UID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Entries that were written and not removed by an engine: state key, and when it was sent in
    /// Unix seconds.
    pub sent: HashMap<String, Vec<(String, i64)>>,
    /// When somebody else removed the state the last time, in milliseconds since 1970, and how often
    /// in a row.
    pub wipes: HashMap<String, (i64, u32)>,
}

impl History {
    /// Records that the engine removed these entries of an object's notified state.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn cleared(
        &self,
        uid: String,
        keys: Vec<String>,
        at_ms: i64,
    ) -> Result<(), HistoryError> {
        self.work(move |connection, _| {
            let mut update = connection.prepare_cached(
                "UPDATE deliveries SET cleared_ms = ?3 WHERE uid = ?1 AND state_key = ?2 \
                 AND cleared_ms IS NULL",
            )?;
            for key in keys {
                update.execute(params![uid, key, at_ms])?;
            }
            Ok(())
        })
        .await
    }

    /// Records that somebody else removed the notified state of an object, for the `count`th time in
    /// a row.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn note_wipe(&self, uid: String, at_ms: i64, count: u32) -> Result<(), HistoryError> {
        self.work(move |connection, _| {
            connection.execute(
                "DELETE FROM wipes WHERE last_ms < ?1",
                [at_ms.saturating_sub(REMEMBERED_MS)],
            )?;
            connection.execute(
                "INSERT OR REPLACE INTO wipes (uid, last_ms, count) VALUES (?1, ?2, ?3)",
                params![uid, at_ms, count],
            )?;
            Ok(())
        })
        .await
    }

    /// What should stand in the notified state of objects, as far as this history knows.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn standing(&self) -> Result<Standing, HistoryError> {
        self.work(|connection, _| standing(connection)).await
    }
}

fn standing(connection: &Connection) -> Result<Standing, rusqlite::Error> {
    let mut found = Standing::default();
    let mut statement = connection.prepare(
        "SELECT uid, state_key, coalesce(finished_ms, updated_ms) FROM deliveries NOT INDEXED \
         WHERE state IN ('sent', 'baseline') AND patched_ms IS NOT NULL AND cleared_ms IS NULL \
         AND state_key NOT GLOB 'kubechime.*' \
         ORDER BY id DESC LIMIT ?1",
    )?;
    let mut rows = statement.query([NEWEST])?;
    while let Some(row) = rows.next()? {
        let at_ms: i64 = row.get(2)?;
        let entries = found.sent.entry(row.get(0)?).or_default();
        let key: String = row.get(1)?;
        // The newest sending of it comes first.
        if !entries.iter().any(|(known, _)| *known == key) {
            entries.push((key, at_ms.div_euclid(1_000)));
        }
    }
    let mut statement = connection.prepare("SELECT uid, last_ms, count FROM wipes")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        found.wipes.insert(row.get(0)?, (row.get(1)?, row.get(2)?));
    }
    Ok(found)
}
