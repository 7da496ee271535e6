//! The single changes of the history, each as statements within a transaction of the writer's.

use super::HistoryError;
use super::detail::{MAX_REQUEST, MAX_RESPONSE, cut};
use super::rows;
use super::schema::ends_transaction;
use crate::domain::{Attempt, Delivery, DeliveryId, DeliveryState, NewDelivery, Outcome};
use rusqlite::{Connection, Statement, named_params, params};

/// A look at a delivery that had been sent before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlreadySent {
    /// What would have been sent; its `created_ms` is the time of the look.
    pub new: NewDelivery,
    /// Since when it counts as sent, in Unix seconds; shown as the row's detail.
    pub since_s: i64,
}

/// A change of the history.
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

/// Whether a failure is about one operation or about the database as a whole.
#[derive(Clone)]
pub(super) enum Failure {
    Operation(HistoryError),
    Database(HistoryError),
}

impl Failure {
    pub(super) fn database(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }

    pub(super) fn error(&self) -> &HistoryError {
        match self {
            Self::Operation(error) | Self::Database(error) => error,
        }
    }

    pub(super) fn into_error(self) -> HistoryError {
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

impl Operation {
    /// Performs it within the open transaction; returns the number of new rows.
    pub(super) fn apply(&self, connection: &Connection, session: i64) -> Result<u64, Failure> {
        match self {
            Self::Intend(new) => {
                let mut insert = connection.prepare_cached(INSERT)?;
                for new in new {
                    insert_row(&mut insert, &Delivery::pending(new.clone()), None, session)?;
                }
                Ok(new.len() as u64)
            }
            Self::IntendAndBegin(new, at_ms) => {
                let mut insert = connection.prepare_cached(INSERT)?;
                let mut pending = Delivery::pending(NewDelivery::clone(new));
                pending.updated_ms = *at_ms;
                insert_row(&mut insert, &pending, Some(*at_ms), session)?;
                Ok(1)
            }
            Self::Begin(id, at_ms) => {
                let changed = connection
                    .prepare_cached(
                        "UPDATE deliveries SET begun_ms = ?2, next_ms = NULL, updated_ms = ?2 \
                         WHERE id = ?1",
                    )?
                    .execute(params![id.0, at_ms])?;
                found(changed, *id)
            }
            Self::Attempt(id, attempt) => record_attempt(connection, *id, attempt),
            Self::Outcome(id, last, outcome) => {
                record_outcome(connection, *id, last.as_ref(), outcome)
            }
            Self::Patched(ids, at_ms) => {
                let mut update = connection.prepare_cached(
                    "UPDATE deliveries SET patched_ms = ?2, updated_ms = ?2 WHERE id = ?1",
                )?;
                for id in ids {
                    update.execute(params![id.0, at_ms])?;
                }
                Ok(0)
            }
            Self::AlreadySent(looks) => record_looks(connection, looks, session),
            Self::Record(delivery, request) => {
                let mut insert = connection.prepare_cached(INSERT)?;
                insert_row(&mut insert, delivery, None, session)?;
                record_bodies(connection, delivery.new.id, request, "")?;
                Ok(1)
            }
            Self::RecordAll(deliveries) => {
                let mut insert = connection.prepare_cached(INSERT)?;
                for delivery in deliveries {
                    insert_row(&mut insert, delivery, None, session)?;
                }
                Ok(deliveries.len() as u64)
            }
            Self::Spill(deliveries) => spill(connection, deliveries, session),
            Self::NoteConditions(conditions, at_ms) => {
                let mut insert = connection.prepare_cached(
                    "INSERT OR IGNORE INTO conditions (trigger, condition, first_ms) \
                     VALUES (?1, ?2, ?3)",
                )?;
                for (trigger, condition) in conditions {
                    insert.execute(params![trigger, condition, at_ms])?;
                }
                Ok(0)
            }
            Self::Flush => Ok(0),
        }
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
