//! The database file: how it is opened, its tables, and their changes over the versions.
//!
//! `assets/docs/history.md` documents the tables for people who read them with the `sqlite3` tool;
//! change both together.

use super::{HistoryError, Options};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The path that means: in memory only, gone with the process.
pub const MEMORY: &str = ":memory:";

/// The newest schema version that is known here, kept in SQLite's `user_version`.
pub const SCHEMA_VERSION: i64 = MIGRATIONS.len() as i64;

/// Marks the file as ours, in SQLite's `application_id` ("KCHM").
const APPLICATION_ID: i64 = 0x4b43_484d;

/// One entry per schema version; entry *n* leads from version *n* to *n* + 1. Never edited after
/// a release: changes are appended.
const MIGRATIONS: [&str; 4] = [
    "
CREATE TABLE deliveries (
  id                INTEGER PRIMARY KEY,
  created_ms        INTEGER NOT NULL,
  updated_ms        INTEGER NOT NULL,
  state             TEXT    NOT NULL,
  cause             TEXT    NOT NULL,
  api_group         TEXT    NOT NULL,
  kind              TEXT    NOT NULL,
  namespace         TEXT    NOT NULL,
  name              TEXT    NOT NULL,
  uid               TEXT    NOT NULL,
  resource_version  TEXT    NOT NULL,
  trigger           TEXT    NOT NULL,
  condition         TEXT    NOT NULL,
  once_per          TEXT    NOT NULL,
  templates         TEXT    NOT NULL,
  service           TEXT    NOT NULL,
  service_type      TEXT    NOT NULL,
  recipient         TEXT    NOT NULL,
  state_key         TEXT    NOT NULL,
  config_namespace  TEXT    NOT NULL,
  actor             TEXT    NOT NULL,
  attempts          INTEGER NOT NULL DEFAULT 0,
  begun_ms          INTEGER,
  status            INTEGER,
  took_ms           INTEGER,
  next_ms           INTEGER,
  finished_ms       INTEGER,
  patched_ms        INTEGER,
  possibly_repeated INTEGER NOT NULL DEFAULT 0,
  session           INTEGER NOT NULL DEFAULT 0,
  error             TEXT    NOT NULL DEFAULT '',
  detail            TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX by_created   ON deliveries (created_ms);
CREATE INDEX by_state     ON deliveries (state);
CREATE INDEX by_service   ON deliveries (service);
CREATE INDEX by_trigger   ON deliveries (trigger);
CREATE INDEX by_namespace ON deliveries (namespace);
CREATE INDEX by_uid       ON deliveries (uid);
CREATE INDEX unpatched    ON deliveries (id) WHERE state = 'sent' AND patched_ms IS NULL;
CREATE UNIQUE INDEX one_look ON deliveries (uid, state_key) WHERE state = 'already-sent';
CREATE TABLE attempts (
  delivery_id INTEGER NOT NULL,
  number      INTEGER NOT NULL,
  started_ms  INTEGER NOT NULL,
  took_ms     INTEGER NOT NULL,
  status      INTEGER,
  error       TEXT    NOT NULL,
  next_ms     INTEGER,
  PRIMARY KEY (delivery_id, number)
) WITHOUT ROWID;
CREATE TABLE bodies (
  delivery_id INTEGER PRIMARY KEY,
  request     TEXT NOT NULL,
  response    TEXT NOT NULL
);
",
    "
ALTER TABLE deliveries ADD COLUMN spilled INTEGER NOT NULL DEFAULT 0;
CREATE INDEX spilled_by_service ON deliveries (service, id) WHERE spilled = 1;
CREATE INDEX baseline_unpatched ON deliveries (id) WHERE state = 'baseline' AND patched_ms IS NULL;
CREATE TABLE conditions (
  trigger     TEXT    NOT NULL,
  condition   TEXT    NOT NULL,
  first_ms    INTEGER NOT NULL,
  PRIMARY KEY (trigger, condition)
) WITHOUT ROWID;
CREATE TABLE requests (
  id          INTEGER PRIMARY KEY,
  created_ms  INTEGER NOT NULL,
  actor       TEXT    NOT NULL,
  verb        TEXT    NOT NULL,
  selection   TEXT    NOT NULL,
  taken       INTEGER NOT NULL DEFAULT 0,
  answer      TEXT
);
",
    "
CREATE TABLE config_versions (
  id                INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms             INTEGER NOT NULL,
  server            TEXT    NOT NULL,
  namespace         TEXT    NOT NULL,
  name              TEXT    NOT NULL,
  resource_version  TEXT    NOT NULL,
  origin            TEXT    NOT NULL,
  actor             TEXT    NOT NULL,
  manager           TEXT    NOT NULL,
  changed           TEXT    NOT NULL,
  summary           TEXT    NOT NULL,
  effect            TEXT    NOT NULL,
  data              TEXT    NOT NULL
);
CREATE INDEX versions_by_place ON config_versions (server, namespace, name, id);
",
    "
ALTER TABLE deliveries ADD COLUMN cleared_ms INTEGER;
CREATE TABLE tenures (
  lease       TEXT    NOT NULL PRIMARY KEY,
  transitions INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE objects (
  delivery_id INTEGER PRIMARY KEY,
  object      TEXT    NOT NULL
);
CREATE TABLE wipes (
  uid         TEXT    NOT NULL PRIMARY KEY,
  last_ms     INTEGER NOT NULL,
  count       INTEGER NOT NULL
) WITHOUT ROWID;
",
];

/// Where further connections to the same database are opened.
#[derive(Clone, Debug)]
pub(super) struct Location {
    name: OsString,
}

/// The writer's connection, ready for use.
pub(super) struct Opened {
    pub connection: Connection,
    pub location: Location,
    pub set_aside: Option<PathBuf>,
}

/// Opens, creates or migrates; sets a damaged file aside.
pub(super) fn open(path: &Path, options: &Options) -> Result<Opened, HistoryError> {
    if path == Path::new(MEMORY) {
        let location = Location::in_memory();
        let connection = connect(&location, path, options)?;
        return Ok(Opened {
            connection,
            location,
            set_aside: None,
        });
    }
    create_private(path)?;
    let location = Location {
        name: path.as_os_str().to_owned(),
    };
    let (connection, set_aside) = match connect(&location, path, options) {
        Err(HistoryError::Damaged(_)) => {
            let aside = set_aside(path)?;
            create_private(path)?;
            (connect(&location, path, options)?, Some(aside))
        }
        result => (result?, None),
    };
    Ok(Opened {
        connection,
        location,
        set_aside,
    })
}

impl Location {
    /// A database in memory under a name of its own, that all connections of this process share.
    fn in_memory() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            name: format!("file:/kubechime-{number}?vfs=memdb").into(),
        }
    }

    /// A connection that can only read.
    pub(super) fn reader(&self, busy_timeout: Duration) -> Result<Connection, rusqlite::Error> {
        let connection = self.connection(OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(busy_timeout)?;
        connection.pragma_update(None, "cache_size", -4096)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(connection)
    }

    fn connection(&self, flags: OpenFlags) -> Result<Connection, rusqlite::Error> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let uri = self.name.to_string_lossy().ends_with("?vfs=memdb");
        let flags = if uri {
            flags | OpenFlags::SQLITE_OPEN_URI
        } else {
            flags
        };
        Connection::open_with_flags(&self.name, flags)
    }
}

/// Opens the writer's connection and brings the schema up to date.
fn connect(
    location: &Location,
    path: &Path,
    options: &Options,
) -> Result<Connection, HistoryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection =
        location
            .connection(flags)
            .map_err(|error| match HistoryError::from(error) {
                HistoryError::Database(cause) => HistoryError::Open {
                    path: path.to_owned(),
                    cause,
                },
                known => known,
            })?;
    connection.busy_timeout(options.busy_timeout)?;
    let fresh = table_count(&connection)? == 0;
    if fresh {
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    } else if pragma(&connection, "application_id")? != APPLICATION_ID {
        return Err(HistoryError::Foreign {
            path: path.to_owned(),
        });
    }
    set_journal_mode(&connection, options.busy_timeout)?;
    let synchronous = if options.sync { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "cache_size", -8192)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)?;
    // A page that many transactions change is copied back once: four times the usual distance.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.set_prepared_statement_cache_capacity(32);
    migrate(&mut connection, path)?;
    touch_every_tree(&connection)?;
    Ok(connection)
}

/// Turns the write-ahead log on. SQLite does not wait for a lock here, so that a process that
/// starts at the same moment would fail the switch. It answers with the mode that it could get:
/// some file systems have no shared memory, and the old journal works there.
fn set_journal_mode(connection: &Connection, patience: Duration) -> Result<(), rusqlite::Error> {
    let began = Instant::now();
    loop {
        let result = connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()));
        let busy = result
            .as_ref()
            .err()
            .and_then(rusqlite::Error::sqlite_error_code)
            == Some(ErrorCode::DatabaseBusy);
        if !busy || began.elapsed() >= patience {
            return result;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Applies the migrations that the file does not have yet, each version in one transaction. Two
/// processes may start at the same time: the version is read again under the write lock.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), HistoryError> {
    let found = pragma(connection, "user_version")?;
    if found > SCHEMA_VERSION {
        return Err(HistoryError::Newer {
            path: path.to_owned(),
            found,
            known: SCHEMA_VERSION,
        });
    }
    if found == SCHEMA_VERSION {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found = usize::try_from(pragma(&transaction, "user_version")?).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(found) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// Reads both ends of every table and index, so that a cut or overwritten file is noticed when it
/// is opened and not when it is needed. A full check of a large file would take seconds.
fn touch_every_tree(connection: &Connection) -> Result<(), rusqlite::Error> {
    for order in ["ASC", "DESC"] {
        for (table, column, index) in [
            ("deliveries", "id", "NOT INDEXED"),
            ("deliveries", "created_ms", "INDEXED BY by_created"),
            ("deliveries", "state", "INDEXED BY by_state"),
            ("deliveries", "service", "INDEXED BY by_service"),
            ("deliveries", "trigger", "INDEXED BY by_trigger"),
            ("deliveries", "namespace", "INDEXED BY by_namespace"),
            ("deliveries", "uid", "INDEXED BY by_uid"),
            ("attempts", "delivery_id", ""),
            ("bodies", "delivery_id", ""),
        ] {
            let sql = format!("SELECT * FROM {table} {index} ORDER BY {column} {order} LIMIT 1");
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            if let Some(row) = rows.next()? {
                row.get_ref(0)?;
            }
        }
    }
    Ok(())
}

fn table_count(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// Makes sure that the file exists and that only its owner can read it: rendered requests are in
/// it.
fn create_private(path: &Path) -> Result<(), HistoryError> {
    let failed = |error: std::io::Error| HistoryError::Open {
        path: path.to_owned(),
        cause: error.to_string(),
    };
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut file = fs::OpenOptions::new();
    file.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.open(path).map_err(failed)?;
    Ok(())
}

/// Renames the file and its companions; returns the new name.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf, HistoryError> {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let aside = suffixed(path, &format!(".damaged-{seconds}"));
    for companion in ["", "-wal", "-shm"] {
        let from = suffixed(path, companion);
        if !from.exists() {
            continue;
        }
        fs::rename(&from, suffixed(&aside, companion)).map_err(|error| HistoryError::Open {
            path: path.to_owned(),
            cause: format!("it is damaged and cannot be renamed: {error}"),
        })?;
    }
    Ok(aside)
}

pub(super) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// True for errors after which the connection's transaction cannot be trusted to be open.
pub(super) fn ends_transaction(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::OutOfMemory
                | ErrorCode::DatabaseBusy
                | ErrorCode::OperationInterrupted
        )
    )
}
