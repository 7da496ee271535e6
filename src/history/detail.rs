//! One delivery with everything that is known of it.

use super::rows;
use crate::domain::{Attempt, Delivery, DeliveryId};
use rusqlite::{Connection, OptionalExtension as _};

/// Longest request text that is kept, in bytes.
pub const MAX_REQUEST: usize = 64 * 1024;

/// Longest response text that is kept, in bytes.
pub const MAX_RESPONSE: usize = 4 * 1024;

/// A delivery with its tries and texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryDetail {
    /// The row.
    pub delivery: Delivery,
    /// The tries, first to last.
    pub attempts: Vec<Attempt>,
    /// The rendered request, masked; empty when there was none or it is no longer kept.
    pub request: String,
    /// The answer, masked; empty when there was none or it is no longer kept.
    pub response: String,
}

pub(super) fn get(
    connection: &Connection,
    id: DeliveryId,
) -> Result<Option<DeliveryDetail>, rusqlite::Error> {
    let sql = format!("SELECT {} FROM deliveries WHERE id = ?1", rows::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let Some(delivery) = statement.query_row([id.0], rows::delivery).optional()? else {
        return Ok(None);
    };
    let mut statement = connection.prepare_cached(
        "SELECT number, started_ms, took_ms, status, error, next_ms FROM attempts \
         WHERE delivery_id = ?1 ORDER BY number",
    )?;
    let attempts = statement.query_map([id.0], |row| {
        Ok(Attempt {
            number: row.get(0)?,
            started_ms: row.get(1)?,
            took_ms: row.get(2)?,
            status: row.get(3)?,
            error: row.get(4)?,
            next_ms: row.get(5)?,
        })
    })?;
    let attempts = attempts.collect::<Result<_, _>>()?;
    let (request, response) = connection
        .prepare_cached("SELECT request, response FROM bodies WHERE delivery_id = ?1")?
        .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .unwrap_or_default();
    Ok(Some(DeliveryDetail {
        delivery,
        attempts,
        request,
        response,
    }))
}

/// The text, cut at a character boundary to at most `limit` bytes, with a note of what is missing.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let note = format!("\n… cut, {} bytes in all", text.len());
    let mut kept = limit.saturating_sub(note.len());
    while !text.is_char_boundary(kept) {
        kept -= 1;
    }
    format!("{}{note}", &text[..kept])
}
