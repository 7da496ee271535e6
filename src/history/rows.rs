//! Rows of the table `deliveries`, to and from [`Delivery`].

use crate::domain::{Cause, Delivery, DeliveryId, DeliveryState, Destination, NewDelivery};
use rusqlite::Row;

/// The columns that [`delivery`] reads, in its order.
pub(super) const COLUMNS: &str = "id, created_ms, updated_ms, state, cause, api_group, kind, \
    namespace, name, uid, resource_version, trigger, condition, once_per, templates, service, \
    service_type, recipient, state_key, config_namespace, actor, attempts, status, took_ms, \
    next_ms, patched_ms, possibly_repeated, error, detail";

/// Reads one row of [`COLUMNS`]. Words that a newer version may have written are shown as the
/// nearest thing known here instead of failing the page.
pub(super) fn delivery(row: &Row<'_>) -> Result<Delivery, rusqlite::Error> {
    let text = |column: usize| row.get::<_, String>(column);
    let state = text(3)?;
    let cause = text(4)?;
    let templates = text(14)?;
    Ok(Delivery {
        new: NewDelivery {
            id: DeliveryId(row.get(0)?),
            created_ms: row.get(1)?,
            group: text(5)?,
            kind: text(6)?,
            namespace: text(7)?,
            name: text(8)?,
            uid: text(9)?,
            resource_version: text(10)?,
            trigger: text(11)?,
            condition: text(12)?,
            once_per: text(13)?,
            templates: serde_json::from_str(&templates).unwrap_or_default(),
            destination: Destination::new(text(15)?, text(17)?),
            service_type: text(16)?,
            state_key: text(18)?,
            cause: Cause::from_word(&cause).unwrap_or(Cause::Change),
            config_namespace: text(19)?,
            actor: text(20)?,
        },
        state: DeliveryState::from_word(&state).unwrap_or(DeliveryState::Unknown),
        updated_ms: row.get(2)?,
        attempts: row.get(21)?,
        status: row.get(22)?,
        took_ms: row.get(23)?,
        next_ms: row.get(24)?,
        patched_ms: row.get(25)?,
        possibly_repeated: row.get(26)?,
        error: text(27)?,
        detail: text(28)?,
    })
}

/// Template names as they are stored: a JSON list.
pub(super) fn templates(names: &[String]) -> String {
    serde_json::Value::from(names.to_vec()).to_string()
}
