//! What one engine must know of the others: who held the Lease, what others may have sent, and the
//! last state of objects that are gone.

use super::{History, HistoryError};
use crate::domain::DeliveryId;
use rusqlite::{OptionalExtension as _, params};
use std::collections::HashMap;
use std::sync::Arc;

impl History {
    /// Notes how often this Lease had changed hands when the engine of this history got it; gives
    /// how often it had when it got it the last time.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn begin_tenure(
        &self,
        lease: String,
        transitions: u64,
    ) -> Result<Option<u64>, HistoryError> {
        let transitions = i64::try_from(transitions).unwrap_or(i64::MAX);
        self.work(move |connection, _| {
            let before: Option<i64> = connection
                .query_row(
                    "SELECT transitions FROM tenures WHERE lease = ?1",
                    [&lease],
                    |row| row.get(0),
                )
                .optional()?;
            connection.execute(
                "INSERT OR REPLACE INTO tenures (lease, transitions) VALUES (?1, ?2)",
                params![lease, transitions],
            )?;
            Ok(before.and_then(|before| u64::try_from(before).ok()))
        })
        .await
    }

    /// Marks a delivery as possibly repeated: another engine may have made it. Without effect on one
    /// that is not recorded.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn doubt(&self, id: DeliveryId) -> Result<(), HistoryError> {
        self.work(move |connection, _| {
            connection
                .prepare_cached("UPDATE deliveries SET possibly_repeated = 1 WHERE id = ?1")?
                .execute([id.0])?;
            Ok(())
        })
        .await
    }

    /// Keeps the last state (JSON) of a deleted object, until the delivery that tells it has ended.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn keep_object(&self, id: DeliveryId, object: Arc<str>) -> Result<(), HistoryError> {
        self.work(move |connection, _| {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO objects (delivery_id, object) VALUES (?1, ?2)",
                )?
                .execute(params![id.0, object])?;
            Ok(())
        })
        .await
    }

    /// Forgets the object of a delivery that has ended.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn drop_object(&self, id: DeliveryId) -> Result<(), HistoryError> {
        self.work(move |connection, _| {
            connection
                .prepare_cached("DELETE FROM objects WHERE delivery_id = ?1")?
                .execute([id.0])?;
            Ok(())
        })
        .await
    }

    /// The objects of pending deliveries; those of others are forgotten.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn kept_objects(&self) -> Result<HashMap<DeliveryId, Arc<str>>, HistoryError> {
        self.work(|connection, _| {
            connection.execute(
                "DELETE FROM objects WHERE NOT EXISTS (SELECT 1 FROM deliveries \
                 WHERE id = delivery_id AND state = 'pending')",
                [],
            )?;
            connection
                .prepare("SELECT delivery_id, object FROM objects")?
                .query_map([], |row| Ok((DeliveryId(row.get(0)?), row.get(1)?)))?
                .collect()
        })
        .await
    }
}
