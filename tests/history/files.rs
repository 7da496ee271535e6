//! The file: crashes, damage, other programs, several processes.

use crate::{attempt, delivery, filled, ids, now_ms, outcome};
use kubechime::domain::DeliveryState;
use kubechime::history::{Filter, History, HistoryError, Options};
use std::path::Path;
use std::time::Duration;

/// Copies the files as they are while the history is open: what a killed process leaves behind.
fn crash(from: &Path, to: &Path) {
    for suffix in ["", "-wal"] {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        std::fs::copy(name(from), name(to)).expect("copied");
    }
}

#[tokio::test]
async fn after_a_crash_nothing_is_lost_and_nothing_sent_twice() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("state/history.db");
    let history = History::open(&path, &Options::default()).expect("opens");
    let start = now_ms();
    let [queued, in_flight, waiting, sent, patched, failed] =
        [0, 1, 2, 3, 4, 5].map(|n| delivery(start, n));
    let all = [&queued, &in_flight, &waiting, &sent, &patched, &failed];
    history
        .intend(all.map(Clone::clone).to_vec())
        .await
        .expect("intent");
    for new in [&in_flight, &waiting, &sent, &patched, &failed] {
        history.begin(new.id, start + 10).await.expect("begin");
    }
    let retry = attempt(1, start + 10, 503, Some(start + 5_000));
    history.attempt(waiting.id, retry).await.expect("attempt");
    for (new, state) in [
        (&sent, DeliveryState::Sent),
        (&patched, DeliveryState::Sent),
        (&failed, DeliveryState::Failed),
    ] {
        history
            .attempt(new.id, attempt(1, start + 10, 200, None))
            .await
            .expect("attempt");
        history
            .outcome(new.id, outcome(state, start + 22))
            .await
            .expect("outcome");
    }
    history
        .patched(vec![patched.id], start + 30)
        .await
        .expect("patched");
    let own = history.recover().await.expect("recovers");
    assert_eq!(
        own,
        Default::default(),
        "a running engine does not recover from itself"
    );

    let copy = directory.path().join("copy.db");
    crash(&path, &copy);
    let revived = History::open(&copy, &Options::default()).expect("opens");
    assert_eq!(revived.last_id(), Some(failed.id));
    let recovery = revived.recover().await.expect("recovers");
    let pending: Vec<_> = recovery
        .pending
        .iter()
        .map(|delivery| {
            (
                delivery.new.clone(),
                delivery.possibly_repeated,
                delivery.attempts,
            )
        })
        .collect();
    assert_eq!(
        pending,
        vec![
            (queued, false, 0),
            (in_flight.clone(), true, 0),
            (waiting, false, 1)
        ]
    );
    assert_eq!(ids(&recovery.unpatched), vec![sent.id.0]);

    let keys = revived.sent_keys(start).expect("read");
    let keys: Vec<_> = keys
        .iter()
        .map(|key| (key.state_key.as_str(), key.sent_ms, key.patched))
        .collect();
    assert_eq!(
        keys,
        vec![("key-3", start + 22, false), ("key-4", start + 22, true)]
    );
    let keys = revived.sent_keys(start + 23).expect("read");
    assert_eq!(keys.len(), 1, "what was not patched stays, however old");
    assert_eq!(
        revived.sent_keys_of("uid-4", 5).expect("read")[0].id,
        patched.id
    );

    // What was taken over is this process's own now, and stays marked when that one dies, too.
    assert!(
        revived
            .recover()
            .await
            .expect("recovers")
            .pending
            .is_empty()
    );
    drop(revived);
    let third = History::open(&copy, &Options::default()).expect("opens");
    let again = third.recover().await.expect("recovers").pending;
    let marked: Vec<_> = again.iter().filter(|row| row.possibly_repeated).collect();
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0].new, in_flight);
}

#[tokio::test]
async fn a_damaged_file_is_set_aside() {
    let directory = tempfile::tempdir().expect("a directory");
    let noise = directory.path().join("noise.db");
    std::fs::write(&noise, "not a database ".repeat(1_000)).expect("written");
    let cut = directory.path().join("cut.db");
    {
        let history = History::open(&cut, &Options::default()).expect("opens");
        filled(&history, now_ms(), 500).await;
    }
    let bytes = std::fs::read(&cut).expect("read");
    assert!(
        bytes.len() > 100_000,
        "all is in the main file after an orderly end"
    );
    std::fs::write(&cut, &bytes[..bytes.len() / 3]).expect("written");
    for path in [noise, cut] {
        let before = std::fs::read(&path).expect("read");
        let history = History::open(&path, &Options::default()).expect("opens anew");
        let aside = history.set_aside().expect("says so").to_owned();
        assert_eq!(std::fs::read(aside).expect("kept"), before);
        filled(&history, now_ms(), 5).await;
        assert_eq!(history.count(&Filter::default()), Ok(5));
        drop(history);
        let again = History::open(&path, &Options::default()).expect("opens");
        assert_eq!(
            (again.set_aside(), again.count(&Filter::default())),
            (None, Ok(5))
        );
    }
}

#[tokio::test]
async fn files_of_others_and_of_the_future_are_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let foreign = directory.path().join("foreign.db");
    let other = rusqlite::Connection::open(&foreign).expect("opens");
    other.execute_batch("CREATE TABLE t (x)").expect("created");
    drop(other);
    let refused = History::open(&foreign, &Options::default()).expect_err("is not ours");
    assert_eq!(refused, HistoryError::Foreign { path: foreign });

    let newer = directory.path().join("newer.db");
    drop(History::open(&newer, &Options::default()).expect("opens"));
    let other = rusqlite::Connection::open(&newer).expect("opens");
    other.pragma_update(None, "user_version", 99).expect("set");
    drop(other);
    let refused = History::open(&newer, &Options::default()).expect_err("is too new");
    assert!(
        matches!(refused, HistoryError::Newer { found: 99, .. }),
        "{refused:?}"
    );

    let nowhere = directory.path().join("foreign.db/history.db");
    let refused = History::open(&nowhere, &Options::default()).expect_err("no directory");
    assert!(matches!(refused, HistoryError::Open { .. }), "{refused:?}");
}

#[tokio::test]
async fn a_refused_write_fails_its_call_and_not_the_next() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("history.db");
    let options = Options {
        busy_timeout: Duration::from_millis(50),
        ..Options::default()
    };
    let history = History::open(&path, &options).expect("opens");
    let other = rusqlite::Connection::open(&path).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let new = delivery(now_ms(), 1);
    assert_eq!(
        history.intend(vec![new.clone()]).await,
        Err(HistoryError::Busy)
    );
    assert_eq!(
        history.count(&Filter::default()),
        Ok(0),
        "readers do not wait for writers"
    );
    other.execute_batch("ROLLBACK").expect("unlocked");
    assert_eq!(history.intend(vec![new]).await, Ok(()));
}

#[tokio::test]
async fn processes_that_start_together_share_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("history.db");
    let start = now_ms();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let path = path.clone();
            std::thread::spawn(move || {
                let history = History::open(&path, &Options::default()).expect("opens");
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .expect("a runtime");
                for n in 0..50 {
                    let new = vec![delivery(start, writer * 1_000 + n)];
                    runtime.block_on(history.intend(new)).expect("recorded");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("no panic");
    }
    let history = History::open(&path, &Options::default()).expect("opens");
    assert_eq!(history.count(&Filter::default()), Ok(200));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("history.db");
    let history = History::open(&path, &Options::default()).expect("opens");
    for entry in std::fs::read_dir(directory.path()).expect("listed") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("its mode").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.path());
    }
    drop(history);
}
