//! The directory of a demo: made for one process, and gone with it.
//!
//! A process that is killed leaves its directory behind; the next demo removes it. A lock on a file
//! in it tells whether its process still runs, which a process id would not: those are used again,
//! and mean something else in another container that shares the directory for temporary files.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Beginning of the names.
const PREFIX: &str = "kubechime-demo-";

/// Beginning of the name while the lock is not yet held.
const UNFINISHED: &str = ".kubechime-demo-";

/// Name of the locked file.
const LOCK: &str = "lock";

/// Names that are tried before giving up.
const TRIES: u32 = 64;

/// The directory; removed when this is dropped.
#[derive(Debug)]
pub(super) struct DemoDir {
    path: PathBuf,
    _lock: File,
}

impl DemoDir {
    /// Makes a directory that only its owner can enter, and removes those that dead processes of
    /// the same user left in the same place.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn make(place: &Path) -> io::Result<Self> {
        sweep(place);
        let process = std::process::id();
        let mut number = 0;
        loop {
            let name = format!("{process}-{number}");
            match Self::make_named(place, &name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < TRIES => {
                    number += 1;
                }
                result => return result,
            }
        }
    }

    fn make_named(place: &Path, name: &str) -> io::Result<Self> {
        let path = place.join(format!("{PREFIX}{name}"));
        if path.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        // Under its final name it is locked from the first moment: another process that looks for
        // what is left behind never finds it without.
        let unfinished = place.join(format!("{UNFINISHED}{name}"));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&unfinished)?;
        let locked = File::create_new(unfinished.join(LOCK)).and_then(|lock| {
            lock.lock()?;
            fs::rename(&unfinished, &path)?;
            Ok(lock)
        });
        match locked {
            Ok(lock) => Ok(Self { path, _lock: lock }),
            Err(error) => {
                // The first error is the one to tell.
                let _ = fs::remove_dir_all(&unfinished);
                Err(error)
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for DemoDir {
    fn drop(&mut self) {
        // The message of a panic names the log, which is in it.
        if !std::thread::panicking() {
            // Left to the next demo at worst.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// Removes the directories whose processes are gone. What can't be read or removed is left: it is
/// somebody else's.
fn sweep(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // Never through a link: that could lead anywhere.
        if ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let path = entry.path();
            if is_abandoned(&path) {
                let _ = fs::remove_dir_all(&path);
            }
        }
    }
}

fn is_abandoned(path: &Path) -> bool {
    let Ok(lock) = File::open(path.join(LOCK)) else {
        return false;
    };
    match lock.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_goes_and_what_is_in_use_stays() {
        let place = tempfile::tempdir().unwrap();
        let stale = place.path().join("kubechime-demo-1-0");
        fs::create_dir(&stale).unwrap();
        fs::write(stale.join(LOCK), "").unwrap();
        fs::write(stale.join("history.db"), "").unwrap();
        let foreign = place.path().join("kubechime-demo-of-mine");
        fs::create_dir(&foreign).unwrap();

        let first = DemoDir::make(place.path()).unwrap();
        let second = DemoDir::make(place.path()).unwrap();
        assert!(!stale.exists());
        assert!(foreign.exists());
        assert_ne!(first.path(), second.path());
        assert!(first.path().is_dir() && second.path().is_dir());
        let gone = first.path().to_owned();
        drop(first);
        assert!(!gone.exists());
        assert!(second.path().is_dir());
        let names = fs::read_dir(place.path()).unwrap().count();
        assert_eq!(names, 2, "nothing unfinished is left");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed_and_nobody_else_may_enter() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().unwrap();
        let treasure = place.path().join("treasure");
        fs::create_dir(&treasure).unwrap();
        fs::write(treasure.join(LOCK), "").unwrap();
        std::os::unix::fs::symlink(&treasure, place.path().join("kubechime-demo-7-0")).unwrap();
        let own = DemoDir::make(place.path()).unwrap();
        assert!(treasure.join(LOCK).exists());
        let mode = own.path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
