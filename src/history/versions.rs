//! The versions of a ConfigMap that were in force: who wrote them, when, and their texts. Only the
//! ConfigMap, never the Secret.
//!
//! The engine records a version whenever it takes one over; screens and the command line read them.
//! Kept are the newest ones, up to a number and a size for each ConfigMap.

use super::{History, HistoryError};
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Versions of one ConfigMap that are kept.
const KEPT: i64 = 200;

/// Bytes of the texts of one ConfigMap that are kept; the newest version is kept in any case.
const KEPT_BYTES: i64 = 32 * 1024 * 1024;

/// Which ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigPlace {
    /// Address of the API server.
    pub server: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// How a version came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionOrigin {
    /// It was there when an engine first looked, or after a time without one.
    Found,
    /// It was applied from here.
    Applied,
    /// Somebody else wrote it while an engine was watching.
    Foreign,
}

impl VersionOrigin {
    /// The word in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Applied => "applied",
            Self::Foreign => "foreign",
        }
    }

    fn from_word(word: &str) -> Self {
        match word {
            "applied" => Self::Applied,
            "foreign" => Self::Foreign,
            _ => Self::Found,
        }
    }
}

/// A version that is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// Of which ConfigMap.
    pub place: ConfigPlace,
    /// When the engine took it over, in milliseconds since 1970.
    pub at_ms: i64,
    /// Its resourceVersion; empty when the ConfigMap does not exist (any more).
    pub resource_version: String,
    /// How it came about.
    pub origin: VersionOrigin,
    /// Who applied it, for [`VersionOrigin::Applied`]; else empty.
    pub actor: String,
    /// The field manager that wrote the ConfigMap last; empty when nobody knows.
    pub manager: String,
    /// What it changes, in words, one statement a line; empty when the version before is not known.
    pub summary: String,
    /// What applying it was expected to send, in words; empty when that was not looked at.
    pub effect: String,
    /// Its keys and texts.
    pub data: Arc<BTreeMap<String, String>>,
}

/// A recorded version, without its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigVersion {
    /// Its number, growing with time; the same number is never used for another one.
    pub number: i64,
    /// When the engine took it over, in milliseconds since 1970.
    pub at_ms: i64,
    /// Its resourceVersion; empty when the ConfigMap did not exist.
    pub resource_version: String,
    /// How it came about.
    pub origin: VersionOrigin,
    /// Who applied it.
    pub actor: String,
    /// The field manager that wrote the ConfigMap last.
    pub manager: String,
    /// The keys that differ from the version before, each after `+`, `-` or `~`.
    pub changed: Vec<String>,
    /// What it changes, in words, one statement a line.
    pub summary: String,
    /// What applying it was expected to send, in words.
    pub effect: String,
}

impl History {
    /// Records a version, unless the newest one has the same texts. True when it was recorded.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn record_version(&self, version: NewVersion) -> Result<bool, HistoryError> {
        self.work(move |connection, _| record(connection, &version))
            .await
    }

    /// The recorded versions of a ConfigMap, newest first. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn versions(&self, place: &ConfigPlace) -> Result<Vec<ConfigVersion>, HistoryError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM config_versions \
                     WHERE server = ?1 AND namespace = ?2 AND name = ?3 ORDER BY id DESC"
                ))?
                .query_map(params![place.server, place.namespace, place.name], version)?
                .collect()
        })
    }

    /// The texts of a version; `None` when it is forgotten. Blocks.
    ///
    /// # Errors
    /// What the database reports.
    pub fn version_data(
        &self,
        number: i64,
    ) -> Result<Option<BTreeMap<String, String>>, HistoryError> {
        self.read(|connection| {
            let text: Option<String> = connection
                .prepare_cached("SELECT data FROM config_versions WHERE id = ?1")?
                .query_row(params![number], |row| row.get(0))
                .optional()?;
            Ok(text.map(|text| data_of(&text)))
        })
    }
}

const COLUMNS: &str =
    "id, at_ms, resource_version, origin, actor, manager, changed, summary, effect";

fn version(row: &Row<'_>) -> Result<ConfigVersion, rusqlite::Error> {
    let changed: String = row.get(6)?;
    Ok(ConfigVersion {
        number: row.get(0)?,
        at_ms: row.get(1)?,
        resource_version: row.get(2)?,
        origin: VersionOrigin::from_word(&row.get::<_, String>(3)?),
        actor: row.get(4)?,
        manager: row.get(5)?,
        changed: serde_json::from_str(&changed).unwrap_or_default(),
        summary: row.get(7)?,
        effect: row.get(8)?,
    })
}

/// A text of ours that somebody has damaged counts as an empty ConfigMap.
fn data_of(text: &str) -> BTreeMap<String, String> {
    serde_json::from_str(text).unwrap_or_default()
}

fn record(connection: &mut Connection, new: &NewVersion) -> Result<bool, rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let place = &new.place;
    let last: Option<String> = transaction
        .prepare_cached(
            "SELECT data FROM config_versions WHERE server = ?1 AND namespace = ?2 AND name = ?3 \
             ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![place.server, place.namespace, place.name], |row| {
            row.get(0)
        })
        .optional()?;
    let before = last.map(|text| data_of(&text));
    if before.as_ref() == Some(&*new.data) {
        return Ok(false);
    }
    let data = serde_json::to_string(&*new.data).unwrap_or_default();
    let changed = changed(&before.unwrap_or_default(), &new.data);
    let changed = serde_json::to_string(&changed).unwrap_or_default();
    transaction
        .prepare_cached(
            "INSERT INTO config_versions (at_ms, server, namespace, name, resource_version, origin, \
             actor, manager, changed, summary, effect, data) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            new.at_ms,
            place.server,
            place.namespace,
            place.name,
            new.resource_version,
            new.origin.word(),
            new.actor,
            new.manager,
            changed,
            new.summary,
            new.effect,
            data
        ])?;
    forget(&transaction, place)?;
    transaction.commit()?;
    Ok(true)
}

/// Removes what is beyond the limits.
fn forget(connection: &Connection, place: &ConfigPlace) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "DELETE FROM config_versions WHERE id IN (SELECT id FROM (SELECT id, \
             row_number() OVER newer AS place, \
             sum(length(CAST(data AS BLOB))) OVER newer AS bytes FROM config_versions \
             WHERE server = ?1 AND namespace = ?2 AND name = ?3 \
             WINDOW newer AS (ORDER BY id DESC)) \
             WHERE place > 1 AND (place > ?4 OR bytes > ?5))",
        )?
        .execute(params![
            place.server,
            place.namespace,
            place.name,
            KEPT,
            KEPT_BYTES
        ])?;
    Ok(())
}

fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let gone = gone.map(|key| format!("-{key}"));
    let rest = after
        .iter()
        .filter_map(|(key, text)| match before.get(key) {
            None => Some(format!("+{key}")),
            Some(old) if old != text => Some(format!("~{key}")),
            Some(_) => None,
        });
    let mut all: Vec<String> = gone.chain(rest).collect();
    all.sort_by(|a, b| a.get(1..).cmp(&b.get(1..)));
    all
}
