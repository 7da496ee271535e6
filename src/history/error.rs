//! What can go wrong with the history, told apart by what one can do about it.

use crate::domain::DeliveryId;
use rusqlite::ErrorCode;
use std::path::PathBuf;

/// Why the history could not be opened, written or read.
///
/// Cheap to clone: when a transaction of several writers fails, each of them gets the error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// The file or its directory could not be created or opened.
    #[error("the history {path} cannot be opened: {cause}; check the state directory")]
    Open {
        /// The database file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The file is a SQLite database of some other program.
    #[error("{path} is a database of another program; choose another state directory")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "the history {path} has schema {found}, this version knows up to {known}; \
         use the newer version or another state directory"
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest schema version known here.
        known: i64,
    },
    /// No space left, or a quota is used up.
    #[error("the history cannot grow: the disk is full")]
    Full,
    /// Another process held the write lock for too long.
    #[error("the history is locked by another process")]
    Busy,
    /// The file or its directory does not allow writing.
    #[error("the history is not writable: {0}")]
    ReadOnly(String),
    /// The file is damaged. It is set aside at the next start.
    #[error("the history is damaged: {0}; it is set aside and begun anew at the next start")]
    Damaged(String),
    /// The delivery is not (or no longer) recorded.
    #[error("delivery {0} is not in the history")]
    Missing(DeliveryId),
    /// The writer has ended.
    #[error("the history is closed")]
    Closed,
    /// Anything else that the database reports.
    #[error("history: {0}")]
    Database(String),
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly(text),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(text),
            _ => Self::Database(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    #[test]
    fn codes_tell_what_can_be_done() {
        let of =
            |code| HistoryError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        assert_eq!(of(ffi::SQLITE_FULL), HistoryError::Full);
        assert_eq!(of(ffi::SQLITE_BUSY_SNAPSHOT), HistoryError::Busy);
        assert!(matches!(
            of(ffi::SQLITE_READONLY_DBMOVED),
            HistoryError::ReadOnly(_)
        ));
        assert!(matches!(
            of(ffi::SQLITE_CORRUPT_INDEX),
            HistoryError::Damaged(_)
        ));
        assert!(matches!(of(ffi::SQLITE_IOERR), HistoryError::Database(_)));
    }
}
