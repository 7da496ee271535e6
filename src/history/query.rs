//! Reading pages, counts and rates, on read-only connections.

use super::HistoryError;
use super::filter::{Driver, Filter};
use super::rows;
use super::schema::Location;
use super::upkeep::Health;
use crate::domain::{Delivery, DeliveryId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Connections that are kept open between reads.
const KEPT: usize = 4;

/// How far matching rows are counted to find the index that narrows a query best.
const PROBE: u32 = 2_000;

/// Where a page begins. Pages are newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// With the newest delivery.
    Newest,
    /// So that it ends with the oldest delivery.
    Oldest,
    /// With the delivery that follows this one: the next older.
    Before(DeliveryId),
    /// So that it ends with the delivery before this one: the next newer.
    After(DeliveryId),
    /// With the delivery at this place, counted from the newest, from 0. Costs the more the
    /// farther it is.
    Offset(u64),
}

/// One column of a sparkline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Where it begins, in milliseconds since 1970.
    pub from_ms: i64,
    /// Deliveries that were sent.
    pub sent: u64,
    /// Deliveries that failed, or whose fate is unknown.
    pub failed: u64,
    /// All other rows.
    pub other: u64,
}

/// A few read-only connections; one per reading thread is in use at a time.
#[derive(Debug)]
pub(super) struct Readers {
    location: Location,
    busy_timeout: Duration,
    idle: Mutex<Idle>,
    health: Arc<Health>,
}

/// Connections that wait for the next read.
#[derive(Debug, Default)]
struct Idle {
    /// That of the file that they lead to.
    generation: u64,
    connections: Vec<Connection>,
}

impl Readers {
    pub(super) fn new(location: Location, busy_timeout: Duration, health: Arc<Health>) -> Self {
        Self {
            location,
            busy_timeout,
            idle: Mutex::default(),
            health,
        }
    }

    pub(super) fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, HistoryError> {
        let generation = self.health.generation();
        let kept = {
            let mut idle = self.idle();
            if idle.generation != generation {
                *idle = Idle {
                    generation,
                    ..Idle::default()
                };
            }
            idle.connections.pop()
        };
        let connection = match kept {
            Some(connection) => connection,
            None => self.location.reader(self.busy_timeout)?,
        };
        // A connection that failed may be in any state: it is not used again.
        let answer = query(&connection).map_err(HistoryError::from);
        self.health.met_damage(&answer);
        let answer = answer?;
        let mut idle = self.idle();
        if idle.generation == generation && idle.connections.len() < KEPT {
            idle.connections.push(connection);
        }
        Ok(answer)
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn last_id(connection: &Connection) -> Result<Option<DeliveryId>, rusqlite::Error> {
    connection.query_row("SELECT max(id) FROM deliveries", [], |row| {
        Ok(row.get::<_, Option<i64>>(0)?.map(DeliveryId))
    })
}

/// Which way a page is read, from where, and how many rows are passed over.
struct Range {
    condition: Option<(&'static str, i64)>,
    oldest_first: bool,
    skip: u64,
}

pub(super) fn page(
    connection: &Connection,
    filter: &Filter,
    from: Anchor,
    limit: u32,
) -> Result<Vec<Delivery>, rusqlite::Error> {
    let mut range = Range {
        condition: None,
        oldest_first: matches!(from, Anchor::Oldest | Anchor::After(_)),
        skip: 0,
    };
    match from {
        Anchor::Newest | Anchor::Oldest => {}
        Anchor::Before(id) => range.condition = Some(("id < ?", id.0)),
        Anchor::After(id) => range.condition = Some(("id > ?", id.0)),
        Anchor::Offset(skip) if *filter == Filter::default() => match id_at(connection, skip)? {
            Some(id) => range.condition = Some(("id <= ?", id)),
            None => return Ok(Vec::new()),
        },
        Anchor::Offset(skip) => range.skip = skip,
    }
    let driver = best_driver(connection, filter)?;
    let (sql, values) = page_sql(filter, driver.as_ref(), &range, limit);
    let mut page = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), rows::delivery)?
        .collect::<Result<Vec<_>, _>>()?;
    if range.oldest_first {
        page.reverse();
    }
    Ok(page)
}

/// The query of a page. Every index ends with the id, so the rows of one value come in the order
/// of the list and reading stops when the page is full; for several values the pages of each are
/// merged.
fn page_sql(
    filter: &Filter,
    driver: Option<&Driver>,
    range: &Range,
    limit: u32,
) -> (String, Vec<Value>) {
    let mut conditions = filter.conditions();
    if let Some((sql, id)) = range.condition {
        conditions.push(sql, Value::Integer(id));
    }
    let order = if range.oldest_first { "ASC" } else { "DESC" };
    let skip = i64::try_from(range.skip).unwrap_or(i64::MAX);
    let tail = format!("ORDER BY id {order} LIMIT {limit} OFFSET {skip}");
    let wanted = conditions.joined();
    let columns = rows::COLUMNS;
    let Some(driver) = driver else {
        let sql = format!("SELECT {columns} FROM deliveries NOT INDEXED WHERE {wanted} {tail}");
        return (sql, conditions.values);
    };
    let reach = skip.saturating_add(i64::from(limit));
    let Driver { index, column, .. } = driver;
    let mut parts = Vec::new();
    let mut values = Vec::new();
    for value in &driver.values {
        parts.push(format!(
            "SELECT id FROM (SELECT id FROM deliveries INDEXED BY {index} \
             WHERE {column} = ? AND {wanted} ORDER BY id {order} LIMIT {reach})"
        ));
        values.push(Value::Text(value.clone()));
        values.extend(conditions.values.iter().cloned());
    }
    let sql = format!(
        "SELECT {columns} FROM deliveries NOT INDEXED WHERE id IN ({}) {tail}",
        parts.join(" UNION ALL ")
    );
    (sql, values)
}

/// The index with the fewest rows for this filter; none when it pins no column with an index.
fn best_driver(
    connection: &Connection,
    filter: &Filter,
) -> Result<Option<Driver>, rusqlite::Error> {
    let mut best = None;
    for driver in filter.drivers() {
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM deliveries INDEXED BY {} WHERE {} = ?1 LIMIT ?2)",
            driver.index, driver.column
        );
        let mut probe = connection.prepare_cached(&sql)?;
        let mut rows = 0_u32;
        for value in &driver.values {
            let found: u32 = probe.query_row(params![value, PROBE], |row| row.get(0))?;
            rows = rows.saturating_add(found);
        }
        if best.as_ref().is_none_or(|(fewest, _)| rows < *fewest) {
            best = Some((rows, driver));
        }
    }
    Ok(best.map(|(_, driver)| driver))
}

/// The id at a place of the unfiltered list, by the narrowest index in the list's order.
fn id_at(connection: &Connection, place: u64) -> Result<Option<i64>, rusqlite::Error> {
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "SELECT id FROM deliveries INDEXED BY by_created \
             ORDER BY created_ms DESC, id DESC LIMIT 1 OFFSET ?1",
        )?
        .query_row([place], |row| row.get(0))
        .optional()
}

pub(super) fn count(connection: &Connection, filter: &Filter) -> Result<u64, rusqlite::Error> {
    let conditions = filter.conditions();
    let sql = if conditions.sql.is_empty() {
        "SELECT count(*) FROM deliveries".to_owned()
    } else {
        format!(
            "SELECT count(*) FROM deliveries WHERE {}",
            conditions.joined()
        )
    };
    let rows: i64 = connection
        .prepare_cached(&sql)?
        .query_row(params_from_iter(conditions.values), |row| row.get(0))?;
    Ok(rows.max(0).cast_unsigned())
}

pub(super) fn rate(
    connection: &Connection,
    filter: &Filter,
    until_ms: i64,
    width_ms: i64,
    buckets: u32,
) -> Result<Vec<Bucket>, rusqlite::Error> {
    let width_ms = width_ms.max(1);
    let span_ms = width_ms.saturating_mul(i64::from(buckets));
    let from_ms = until_ms.saturating_sub(span_ms);
    let mut columns: Vec<Bucket> = (0..i64::from(buckets))
        .map(|place| Bucket {
            from_ms: from_ms.saturating_add(place.saturating_mul(width_ms)),
            ..Bucket::default()
        })
        .collect();
    let conditions = filter.conditions();
    let sql = format!(
        "SELECT (created_ms - ?) / ?, state, count(*) FROM deliveries NOT INDEXED \
         WHERE id >= ? AND created_ms >= ? AND created_ms < ? AND {} GROUP BY 1, 2",
        conditions.joined()
    );
    let first_id = from_ms.saturating_mul(1024);
    let mut values: Vec<Value> = [from_ms, width_ms, first_id, from_ms, until_ms]
        .map(Value::Integer)
        .into();
    values.extend(conditions.values);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        let place: i64 = row.get(0)?;
        let state: String = row.get(1)?;
        let number = row.get::<_, i64>(2)?.max(0).cast_unsigned();
        let column = usize::try_from(place)
            .ok()
            .and_then(|at| columns.get_mut(at));
        if let Some(column) = column {
            match state.as_str() {
                "sent" => column.sent += number,
                "failed" | "unknown" => column.failed += number,
                _ => column.other += number,
            }
        }
    }
    Ok(columns)
}
