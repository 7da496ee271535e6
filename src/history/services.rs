//! How the services have fared lately: counts, durations and the last error of each.

use super::filter::Filter;
use super::rows;
use crate::domain::DeliveryState;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// Durations that are kept per service for the percentiles.
const DURATIONS: usize = 100_000;

/// Spans of the sparkline of a service.
const SPANS: i64 = 30;

/// One service over a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceTotals {
    /// Name of the service.
    pub service: String,
    /// Its type.
    pub service_type: String,
    /// Deliveries that wait or are under way now, whenever they were decided.
    pub pending: u64,
    /// Deliveries that it accepted.
    pub sent: u64,
    /// Deliveries that were given up, or whose fate is unknown.
    pub failed: u64,
    /// Accepted ones over the time, oldest first.
    pub over_time: Vec<u64>,
    /// Half of the last tries took at most this long, in milliseconds.
    pub median_ms: Option<i64>,
    /// 95 % of the last tries took at most this long, in milliseconds.
    pub p95_ms: Option<i64>,
    /// When it last accepted one, in milliseconds since 1970.
    pub last_sent_ms: Option<i64>,
    /// The newest error and when it happened, in milliseconds since 1970.
    pub last_error: Option<(i64, String)>,
}

/// Counts per service what was decided from `since_ms` until `until_ms`, sorted by name.
pub(super) fn totals(
    connection: &Connection,
    since_ms: i64,
    until_ms: i64,
) -> Result<Vec<ServiceTotals>, rusqlite::Error> {
    let mut services: BTreeMap<String, (ServiceTotals, Vec<i64>)> = BTreeMap::new();
    let mut pending = connection.prepare_cached(
        "SELECT service, service_type, count(*) FROM deliveries INDEXED BY by_state \
         WHERE state = 'pending' GROUP BY 1, 2",
    )?;
    let mut found = pending.query([])?;
    while let Some(row) = found.next()? {
        let service: String = row.get(0)?;
        let (totals, _) = services.entry(service.clone()).or_default();
        totals.service = service;
        totals.service_type = row.get(1)?;
        totals.pending += row.get::<_, i64>(2)?.max(0).cast_unsigned();
    }
    let filter = Filter {
        states: vec![
            DeliveryState::Pending,
            DeliveryState::Sent,
            DeliveryState::Failed,
            DeliveryState::Unknown,
        ],
        since_ms: Some(since_ms),
        until_ms: Some(until_ms),
        ..Filter::default()
    };
    let sql = format!(
        "SELECT {} FROM deliveries NOT INDEXED WHERE id >= ?1 AND id < ?2 AND service <> '' \
         ORDER BY id",
        rows::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let ids = params![since_ms.saturating_mul(1024), until_ms.saturating_mul(1024)];
    let width_ms = (until_ms.saturating_sub(since_ms) / SPANS).max(1);
    let mut found = statement.query(ids)?;
    while let Some(row) = found.next()? {
        let delivery = rows::delivery(row)?;
        if !filter.matches(&delivery) {
            continue;
        }
        let service = delivery.new.destination.service.to_string();
        let (totals, took) = services.entry(service.clone()).or_default();
        totals.service = service;
        totals.service_type.clone_from(&delivery.new.service_type);
        totals.over_time.resize(SPANS as usize, 0);
        match delivery.state {
            DeliveryState::Sent => {
                totals.sent += 1;
                totals.last_sent_ms = totals.last_sent_ms.max(Some(delivery.updated_ms));
                let at = delivery.new.created_ms.saturating_sub(since_ms) / width_ms;
                let place = usize::try_from(at.clamp(0, SPANS - 1)).unwrap_or(0);
                if let Some(count) = totals.over_time.get_mut(place) {
                    *count += 1;
                }
            }
            DeliveryState::Failed | DeliveryState::Unknown => totals.failed += 1,
            _ => {}
        }
        let newer = totals
            .last_error
            .as_ref()
            .is_none_or(|(at, _)| *at <= delivery.updated_ms);
        if !delivery.error.is_empty() && newer {
            totals.last_error = Some((delivery.updated_ms, delivery.error));
        }
        if let Some(ms) = delivery.took_ms.filter(|_| took.len() < DURATIONS) {
            took.push(ms);
        }
    }
    let ended = services.into_values().map(|(mut totals, mut took)| {
        took.sort_unstable();
        let percentile = |of: usize| took.get(took.len().saturating_sub(1) * of / 100).copied();
        totals.median_ms = percentile(50);
        totals.p95_ms = percentile(95);
        totals
    });
    Ok(ended.collect())
}
