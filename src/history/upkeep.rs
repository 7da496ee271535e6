//! What becomes of the history while it is in use: writes that fail, and a file that is removed,
//! replaced or damaged. The writer asks before each transaction; readers report what they meet.

use super::schema::{self, Opened};
use super::{HistoryError, Options};
use rusqlite::Connection;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How often it is looked whether the file is still the one that is open, and how often a file that
/// can't be begun anew is tried again.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How the history fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Why writing fails; `None` when the last write succeeded.
    pub failing: Option<HistoryError>,
    /// How often the file was begun anew since it was opened.
    pub renewals: u64,
    /// Why it was begun anew last.
    pub renewed: Option<Renewed>,
}

/// Why the file was begun anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// Somebody has removed or replaced it.
    Removed,
    /// It was damaged.
    Damaged {
        /// Where it was moved to.
        aside: PathBuf,
    },
}

/// What the writer, the readers and those who wait for news share.
#[derive(Debug, Default)]
pub(super) struct Health {
    condition: watch::Sender<Condition>,
    damaged: AtomicBool,
    generation: AtomicU64,
}

impl Health {
    /// Changes when the file was begun anew: older connections lead to the former one.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The condition, now and as it changes.
    pub(super) fn follow(&self) -> watch::Receiver<Condition> {
        self.condition.subscribe()
    }

    /// A write has ended.
    pub(super) fn wrote<T>(&self, result: &Result<T, HistoryError>) {
        let failing = match result {
            Ok(_) => None,
            // These are about the one call and say nothing about the file.
            Err(HistoryError::Missing(_) | HistoryError::Closed) => return,
            Err(error) => Some(error.clone()),
        };
        self.met_damage(result);
        self.condition.send_if_modified(|condition| {
            let news = condition.failing.is_some() != failing.is_some();
            condition.failing = failing;
            news
        });
    }

    /// A read or a write has ended; it may have met damage.
    pub(super) fn met_damage<T>(&self, result: &Result<T, HistoryError>) {
        if let Err(HistoryError::Damaged(_)) = result {
            self.damaged.store(true, Ordering::Release);
        }
    }

    fn began_anew(&self, why: Renewed) {
        self.damaged.store(false, Ordering::Release);
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.condition.send_modify(|condition| {
            condition.renewals += 1;
            condition.renewed = Some(why);
        });
    }
}

/// The file behind the writer's connection; nothing for one in memory.
#[derive(Debug)]
pub(super) struct Upkeep {
    path: PathBuf,
    options: Options,
    /// Device and number of the open file; `None` while it can't be begun anew.
    identity: Option<(u64, u64)>,
    looked: Instant,
}

/// What the writer is to do about its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// It is gone, or another one is in its place.
    Replaced,
    /// It is damaged.
    Damaged,
}

impl Upkeep {
    pub(super) fn new(path: &Path, options: &Options) -> Option<Self> {
        (path != Path::new(schema::MEMORY)).then(|| Self {
            path: path.to_owned(),
            options: options.clone(),
            identity: identity(path),
            looked: Instant::now(),
        })
    }

    /// Looks after the file, now and then.
    pub(super) fn due(&mut self, health: &Health) -> Option<Due> {
        let pause = self.looked.elapsed() < LOOK_EVERY;
        if health.damaged.load(Ordering::Acquire) && (self.identity.is_some() || !pause) {
            return Some(Due::Damaged);
        }
        if pause {
            return None;
        }
        self.looked = Instant::now();
        let is = identity(&self.path);
        if is.is_none() || is != self.identity {
            return Some(Due::Replaced);
        }
        // The writer has the pages in memory, and would copy its own into what is none any more.
        (!is_database(&self.path)).then_some(Due::Damaged)
    }

    /// Opens a fresh file in place of the one that is lost. No connection of this process may be open
    /// to the old one: the last to close removes the write-ahead log by its name.
    pub(super) fn begin_anew(
        &mut self,
        due: Due,
        health: &Health,
    ) -> Result<Connection, HistoryError> {
        self.identity = None;
        self.looked = Instant::now();
        let aside = match due {
            Due::Damaged => Some(schema::set_aside(&self.path)?),
            Due::Replaced => {
                // They belong to the file that is gone, and would be read into the new one.
                for companion in ["-wal", "-shm"] {
                    // Mostly there is none.
                    let _ = fs::remove_file(schema::suffixed(&self.path, companion));
                }
                None
            }
        };
        let Opened {
            connection,
            set_aside,
            ..
        } = schema::open(&self.path, &self.options)?;
        self.identity = identity(&self.path);
        health.began_anew(match aside.or(set_aside) {
            Some(aside) => Renewed::Damaged { aside },
            None => Renewed::Removed,
        });
        Ok(connection)
    }
}

/// Whether the file still begins as SQLite's do. What can't be read is somebody else's to find out.
fn is_database(path: &Path) -> bool {
    let mut begin = [0; 16];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut begin));
    match read {
        Ok(()) => begin == *b"SQLite format 3\0",
        Err(error) => error.kind() != std::io::ErrorKind::UnexpectedEof,
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}
