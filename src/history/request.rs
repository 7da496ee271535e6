//! What another process asks of the engine that works on the same file.
//!
//! The command line has no other way to a running engine, and needs no other: whoever may write this
//! file may decide. A request is taken exactly once, by the engine or, when none takes it in time, by
//! the asker itself, who then changes the rows directly; the next engine finds them changed.

use super::{History, HistoryError, hold};
use crate::domain::{DeliveryId, Selection};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Send what is held.
    Release,
    /// Mark what is held as sent.
    Baseline,
    /// Send single notifications again.
    Resend,
    /// Cancel single notifications that wait.
    Cancel,
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Baseline => "baseline",
            Self::Resend => "resend",
            Self::Cancel => "cancel",
        }
    }
}

/// A request that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its identity, to answer it.
    pub id: i64,
    /// What is asked for.
    pub verb: Verb,
    /// Of which held notifications; all when it is about single ones.
    pub selection: Selection,
    /// The single notifications that it is about.
    pub ids: Vec<DeliveryId>,
}

impl History {
    /// Asks the engine that works on this file; returns the identity of the request.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn ask(
        &self,
        verb: Verb,
        selection: &Selection,
        actor: &str,
        at_ms: i64,
    ) -> Result<i64, HistoryError> {
        let selection = serde_json::to_string(selection).unwrap_or_default();
        self.ask_for(verb, selection, actor, at_ms).await
    }

    /// Asks the engine that works on this file to send these again, or to cancel them; returns the
    /// identity of the request.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn ask_about(
        &self,
        verb: Verb,
        ids: &[DeliveryId],
        actor: &str,
        at_ms: i64,
    ) -> Result<i64, HistoryError> {
        let ids = serde_json::to_string(ids).unwrap_or_default();
        self.ask_for(verb, ids, actor, at_ms).await
    }

    async fn ask_for(
        &self,
        verb: Verb,
        selection: String,
        actor: &str,
        at_ms: i64,
    ) -> Result<i64, HistoryError> {
        let actor = actor.to_owned();
        self.work(move |connection, _| {
            // What was answered or given up long ago is of no use to anybody.
            connection.execute(
                "DELETE FROM requests WHERE created_ms < ?1",
                [at_ms.saturating_sub(86_400_000)],
            )?;
            connection.execute(
                "INSERT INTO requests (created_ms, actor, verb, selection) VALUES (?1, ?2, ?3, ?4)",
                params![at_ms, actor, verb.word(), selection],
            )?;
            Ok(connection.last_insert_rowid())
        })
        .await
    }

    /// Whether a request waits. Blocks, for microseconds.
    ///
    /// # Errors
    /// What the database reports.
    pub fn is_asked(&self) -> Result<bool, HistoryError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM requests WHERE taken = 0)")?
                .query_row([], |row| row.get(0))
        })
    }

    /// Takes the oldest request that waits.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn take_request(&self) -> Result<Option<Request>, HistoryError> {
        self.work(|connection, _| take(connection)).await
    }

    /// Answers a request, with one sentence.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn answer(&self, id: i64, text: String) -> Result<(), HistoryError> {
        self.work(move |connection, _| {
            connection.execute(
                "UPDATE requests SET answer = ?2 WHERE id = ?1",
                params![id, text],
            )?;
            Ok(())
        })
        .await
    }

    /// The answer to a request, once it is there. Blocks, for microseconds.
    ///
    /// # Errors
    /// What the database reports.
    pub fn answer_to(&self, id: i64) -> Result<Option<String>, HistoryError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT answer FROM requests WHERE id = ?1")?
                .query_row([id], |row| row.get(0))
                .optional()
                .map(Option::flatten)
        })
    }

    /// Takes a request back, if no engine has taken it; whether it could be.
    ///
    /// # Errors
    /// As [`History::intend`].
    pub async fn take_back(&self, id: i64) -> Result<bool, HistoryError> {
        self.work(move |connection, _| claim(connection, id)).await
    }

    /// Does what was asked for about held notifications without an engine, if none has taken the request: the next engine to
    /// work on this file finds it done. Returns the number of notifications, or `None` when an
    /// engine is at it.
    ///
    /// # Errors
    /// As [`History::intend`]; nothing was done then.
    pub async fn do_untaken(
        &self,
        id: i64,
        verb: Verb,
        selection: Selection,
        at_ms: i64,
    ) -> Result<Option<u64>, HistoryError> {
        self.work(move |connection, session| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if !claim(&transaction, id)? {
                return Ok(None);
            }
            let done = match verb {
                Verb::Release => hold::release(&transaction, session, &selection, at_ms)?
                    .values()
                    .sum(),
                Verb::Baseline => {
                    hold::baseline(&transaction, session, &selection, at_ms, usize::MAX)?.len()
                        as u64
                }
                Verb::Resend | Verb::Cancel => 0,
            };
            transaction.commit()?;
            Ok(Some(done))
        })
        .await
    }
}

fn claim(connection: &Connection, id: i64) -> Result<bool, rusqlite::Error> {
    let mine = connection.execute(
        "UPDATE requests SET taken = 1 WHERE id = ?1 AND taken = 0",
        [id],
    )?;
    Ok(mine > 0)
}

fn take(connection: &Connection) -> Result<Option<Request>, rusqlite::Error> {
    let row = connection
        .prepare_cached(
            "UPDATE requests SET taken = 1 WHERE id = \
             (SELECT min(id) FROM requests WHERE taken = 0) RETURNING id, verb, selection",
        )?
        .query_row([], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
            ))
        })
        .optional()?;
    // Requests of a newer version that are not known here are left unanswered.
    Ok(row.and_then(|(id, verb, selection)| {
        let verb = [Verb::Release, Verb::Baseline, Verb::Resend, Verb::Cancel]
            .into_iter()
            .find(|known| known.word() == verb)?;
        let (selection, ids) = match verb {
            Verb::Release | Verb::Baseline => (serde_json::from_str(&selection).ok()?, Vec::new()),
            Verb::Resend | Verb::Cancel => {
                (Selection::default(), serde_json::from_str(&selection).ok()?)
            }
        };
        Some(Request {
            id,
            verb,
            selection,
            ids,
        })
    }))
}
