//! Deliveries that wait here instead of in memory.
//!
//! A service that can't keep up would fill the memory with what waits for it. Beyond a bound its
//! deliveries are *spilled*: they are pending rows like any others, with a mark that says that no
//! task of the engine has them. They are taken back in pages, oldest first, each exactly once.

use super::operation::Operation;
use super::{History, HistoryError, rows};
use crate::domain::{Delivery, DeliveryId, DeliveryState, NewDelivery, Selection};
use rusqlite::{Connection, named_params, params};

/// A service, with the configuration that it is part of: two may have the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceOf {
    /// Namespace of the ConfigMap.
    pub config_namespace: String,
    /// Name of the service.
    pub service: String,
}

impl ServiceOf {
    /// The service of a delivery.
    pub fn delivery(new: &NewDelivery) -> Self {
        Self {
            config_namespace: new.config_namespace.clone(),
            service: new.destination.service.to_string(),
        }
    }
}

/// How a spilled delivery ends without having been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Only this one.
    pub id: Option<DeliveryId>,
    /// Only these.
    pub selection: Selection,
    /// The state that they get.
    pub state: DeliveryState,
    /// Why; stands in the row's error when they failed, in its detail otherwise.
    pub why: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
}

impl History {
    /// Puts pending deliveries aside: they are recorded, if they are not yet, and marked as spilled.
    /// All or none of them.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn spill(&self, deliveries: Vec<Delivery>) -> Result<(), HistoryError> {
        self.write(Operation::Spill(deliveries)).await
    }

    /// Takes back the oldest spilled deliveries of a service of a configuration, at most `limit`.
    /// They are not spilled any more.
    ///
    /// # Errors
    /// As [`History::intend`]; nothing was taken then.
    pub async fn take_spilled(
        &self,
        of: &ServiceOf,
        limit: usize,
    ) -> Result<Vec<Delivery>, HistoryError> {
        let of = of.clone();
        self.work(move |connection, session| take(connection, session, &of, limit))
            .await
    }

    /// Ends spilled deliveries, at most `limit` of those that are meant, and returns them.
    ///
    /// # Errors
    /// As [`History::intend`]; nothing was ended then.
    pub async fn close_spilled(
        &self,
        closing: Closing,
        limit: usize,
    ) -> Result<Vec<Delivery>, HistoryError> {
        self.work(move |connection, session| close(connection, session, &closing, limit))
            .await
    }

    /// The oldest failed notifications that are meant, after this id, at most `limit`: those after
    /// which nothing else was recorded for the same object and state key. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn failed(
        &self,
        selection: &Selection,
        after: DeliveryId,
        limit: u32,
    ) -> Result<Vec<Delivery>, HistoryError> {
        self.read(|connection| failed(connection, selection, after, limit))
    }
}

fn take(
    connection: &Connection,
    session: i64,
    of: &ServiceOf,
    limit: usize,
) -> Result<Vec<Delivery>, rusqlite::Error> {
    let sql = format!(
        "UPDATE deliveries SET spilled = 0 WHERE id IN \
         (SELECT id FROM deliveries INDEXED BY spilled_by_service \
          WHERE spilled = 1 AND service = ?1 AND config_namespace = ?2 AND session = ?3 \
          ORDER BY id LIMIT ?4) \
         RETURNING {}",
        rows::COLUMNS
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut taken = connection
        .prepare_cached(&sql)?
        .query_map(
            params![of.service, of.config_namespace, session, limit],
            rows::delivery,
        )?
        .collect::<Result<Vec<Delivery>, _>>()?;
    taken.sort_by_key(|delivery| delivery.new.id);
    Ok(taken)
}

/// A selection as a condition on the columns, for the parameters of the same names.
pub(super) const SELECTED: &str = "(:service IS NULL OR service = :service) \
    AND (:recipient IS NULL OR recipient = :recipient) \
    AND (:trigger IS NULL OR trigger = :trigger)";

fn close(
    connection: &Connection,
    session: i64,
    closing: &Closing,
    limit: usize,
) -> Result<Vec<Delivery>, rusqlite::Error> {
    let column = if closing.state == DeliveryState::Failed {
        "error"
    } else {
        "detail"
    };
    let sql = format!(
        "UPDATE deliveries SET spilled = 0, state = :state, {column} = :why, next_ms = NULL, \
         updated_ms = :at, finished_ms = :at WHERE id IN \
         (SELECT id FROM deliveries INDEXED BY spilled_by_service \
          WHERE spilled = 1 AND session = :session AND (:id IS NULL OR id = :id) \
          AND {SELECTED} ORDER BY id LIMIT :limit) RETURNING {}",
        rows::COLUMNS
    );
    connection
        .prepare_cached(&sql)?
        .query_map(
            named_params! {
                ":state": closing.state.word(),
                ":why": closing.why,
                ":at": closing.at_ms,
                ":session": session,
                ":id": closing.id.map(|id| id.0),
                ":service": closing.selection.service,
                ":recipient": closing.selection.recipient,
                ":trigger": closing.selection.trigger,
                ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
            },
            rows::delivery,
        )?
        .collect()
}

fn failed(
    connection: &Connection,
    selection: &Selection,
    after: DeliveryId,
    limit: u32,
) -> Result<Vec<Delivery>, rusqlite::Error> {
    let sql = format!(
        "SELECT {} FROM deliveries AS old INDEXED BY by_state \
         WHERE state = 'failed' AND trigger <> '' AND id > :after AND {SELECTED} \
         AND NOT EXISTS (SELECT 1 FROM deliveries AS newer INDEXED BY by_uid \
          WHERE newer.uid = old.uid AND newer.id > old.id AND newer.state_key = old.state_key) \
         ORDER BY id LIMIT :limit",
        rows::COLUMNS
    );
    connection
        .prepare_cached(&sql)?
        .query_map(
            named_params! {
                ":after": after.0,
                ":service": selection.service,
                ":recipient": selection.recipient,
                ":trigger": selection.trigger,
                ":limit": limit,
            },
            rows::delivery,
        )?
        .collect()
}
