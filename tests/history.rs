//! The delivery history as its users see it: what is recorded, found again, recovered, forgotten.

use kubechime::domain::{
    Attempt, Cause, Delivery, DeliveryId, DeliveryState, Destination, NewDelivery, Outcome,
};
use kubechime::history::{AlreadySent, Anchor, Filter, History, HistoryError, MEMORY, Options};
use std::path::Path;
use std::time::Duration;

/// A time within the age limit of every test.
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("the clock is past 1970");
    i64::try_from(since.as_millis()).expect("before the year 292,000,000")
}

fn in_memory() -> History {
    History::open(Path::new(MEMORY), &Options::default()).expect("memory opens")
}

/// The delivery number `n`, decided `n` milliseconds after `start_ms`.
fn delivery(start_ms: i64, n: i64) -> NewDelivery {
    let created_ms = start_ms + n;
    NewDelivery {
        id: DeliveryId(created_ms * 1024),
        created_ms,
        group: String::new(),
        kind: "Pod".into(),
        namespace: format!("team-{}", n % 3),
        name: format!("web-{n}"),
        uid: format!("uid-{}", n % 10),
        resource_version: format!("{n}"),
        trigger: if n % 2 == 0 { "on-ready" } else { "on-crash" }.into(),
        condition: "[0].abc".into(),
        once_per: String::new(),
        templates: vec!["ready".into(), "links".into()],
        destination: Destination::new(if n % 4 == 0 { "pager" } else { "chat" }, "ops"),
        service_type: "webhook".into(),
        state_key: format!("key-{n}"),
        cause: Cause::Change,
        config_namespace: "default".into(),
        actor: String::new(),
    }
}

fn attempt(number: u32, started_ms: i64, status: u16, next_ms: Option<i64>) -> Attempt {
    Attempt {
        number,
        started_ms,
        took_ms: 12,
        status: Some(status),
        error: if status < 300 {
            String::new()
        } else {
            format!("status {status}")
        },
        next_ms,
    }
}

fn outcome(state: DeliveryState, at_ms: i64) -> Outcome {
    Outcome {
        state,
        at_ms,
        detail: "message 17".into(),
        error: if state == DeliveryState::Failed {
            "refused".into()
        } else {
            String::new()
        },
        request: "POST http://127.0.0.1/x\n\nhello".into(),
        response: "ok".into(),
    }
}

fn ids(page: &[Delivery]) -> Vec<i64> {
    page.iter().map(|delivery| delivery.new.id.0).collect()
}

/// `count` deliveries in the states that their number says.
async fn filled(history: &History, start_ms: i64, count: i64) -> Vec<NewDelivery> {
    let all: Vec<_> = (0..count).map(|n| delivery(start_ms, n)).collect();
    history.intend(all.clone()).await.expect("recorded");
    for (n, new) in all.iter().enumerate() {
        let state = match n % 5 {
            0 => continue,
            1 => DeliveryState::Failed,
            _ => DeliveryState::Sent,
        };
        let done = history
            .outcome(new.id, outcome(state, new.created_ms + 20))
            .await;
        done.expect("recorded");
    }
    all
}

#[tokio::test]
async fn a_delivery_is_told_from_intent_to_patch() {
    let history = in_memory();
    let start = now_ms();
    let new = delivery(start, 1);
    history.intend(vec![new.clone()]).await.expect("intent");
    let pending = history.get(new.id).expect("read").expect("is there");
    assert_eq!(pending.delivery, Delivery::pending(new.clone()));

    history.begin(new.id, start + 2).await.expect("begin");
    let first = attempt(1, start + 2, 503, Some(start + 1_000));
    history
        .attempt(new.id, first.clone())
        .await
        .expect("attempt");
    let waiting = history
        .get(new.id)
        .expect("read")
        .expect("is there")
        .delivery;
    assert_eq!(waiting.state, DeliveryState::Pending);
    assert_eq!(
        (
            waiting.attempts,
            waiting.status,
            waiting.next_ms,
            waiting.error.as_str()
        ),
        (1, Some(503), Some(start + 1_000), "status 503")
    );

    history.begin(new.id, start + 1_000).await.expect("begin");
    let second = attempt(2, start + 1_000, 204, None);
    history
        .attempt(new.id, second.clone())
        .await
        .expect("attempt");
    let sent = outcome(DeliveryState::Sent, start + 1_012);
    history
        .outcome(new.id, sent.clone())
        .await
        .expect("outcome");
    history
        .patched(vec![new.id], start + 1_030)
        .await
        .expect("patched");

    let told = history.get(new.id).expect("read").expect("is there");
    assert_eq!(told.attempts, vec![first, second]);
    assert_eq!((told.request, told.response), (sent.request, sent.response));
    let row = told.delivery;
    assert_eq!(row.new, new);
    assert_eq!(
        (row.state, row.attempts, row.status),
        (DeliveryState::Sent, 2, Some(204))
    );
    assert_eq!(
        (row.patched_ms, row.updated_ms),
        (Some(start + 1_030), start + 1_030)
    );
    assert_eq!(
        (row.error.as_str(), row.detail.as_str()),
        ("", "message 17")
    );
    assert!(!row.possibly_repeated);
}

#[tokio::test]
async fn long_texts_are_cut_and_say_so() {
    let history = in_memory();
    let new = delivery(now_ms(), 1);
    history.intend(vec![new.clone()]).await.expect("intent");
    let mut long = outcome(DeliveryState::Sent, new.created_ms);
    long.request = "é".repeat(100_000);
    long.response = "x".repeat(5_000);
    history.outcome(new.id, long).await.expect("outcome");
    let told = history.get(new.id).expect("read").expect("is there");
    assert!(told.request.len() <= 64 * 1024, "{}", told.request.len());
    assert!(told.request.ends_with("… cut, 200000 bytes in all"));
    assert!(told.response.len() <= 4 * 1024);
}

#[tokio::test]
async fn an_unknown_delivery_is_an_error_of_its_caller_only() {
    let history = in_memory();
    let new = delivery(now_ms(), 1);
    let stranger = DeliveryId(5);
    let (first, second, third) = tokio::join!(
        history.intend(vec![new.clone()]),
        history.outcome(stranger, outcome(DeliveryState::Sent, 1)),
        history.intend(vec![delivery(now_ms(), 2), new.clone()]),
    );
    assert_eq!(first, Ok(()));
    assert_eq!(second, Err(HistoryError::Missing(stranger)));
    assert!(matches!(third, Err(HistoryError::Database(_))), "{third:?}");
    // The third call failed as a whole: its other row is not there either.
    assert_eq!(history.count(&Filter::default()), Ok(1));
}

#[tokio::test]
async fn repeated_looks_are_one_row_that_counts() {
    let history = in_memory();
    let start = now_ms();
    for look in 0..3 {
        let mut new = delivery(start, 10 + look);
        new.uid = "uid".into();
        new.state_key = "key".into();
        let looks = vec![AlreadySent {
            new,
            since_s: 1_645_078_598,
        }];
        history.already_sent(looks).await.expect("recorded");
    }
    let page = history.of_resource("uid", 10).expect("read");
    assert_eq!(page.len(), 1);
    let row = &page[0];
    assert_eq!((row.state, row.attempts), (DeliveryState::AlreadySent, 3));
    assert_eq!(row.new.id, delivery(start, 10).id);
    assert_eq!(
        (row.updated_ms, row.new.resource_version.as_str()),
        (start + 12, "12")
    );
    assert_eq!(row.detail, "since 2022-02-17T06:16:38Z");
}

#[tokio::test]
async fn pages_go_both_ways_and_by_place() {
    let history = in_memory();
    let all = filled(&history, now_ms() - 100, 50).await;
    let newest_first: Vec<i64> = all.iter().rev().map(|new| new.id.0).collect();
    let page = |from, limit| ids(&history.page(&Filter::default(), from, limit).expect("read"));
    assert_eq!(page(Anchor::Newest, 7), newest_first[..7]);
    assert_eq!(
        page(Anchor::Before(DeliveryId(newest_first[6])), 7),
        newest_first[7..14]
    );
    assert_eq!(
        page(Anchor::After(DeliveryId(newest_first[14])), 7),
        newest_first[7..14]
    );
    assert_eq!(page(Anchor::Oldest, 7), newest_first[43..]);
    assert_eq!(page(Anchor::Offset(20), 7), newest_first[20..27]);
    assert_eq!(page(Anchor::Offset(47), 7), newest_first[47..]);
    assert_eq!(page(Anchor::Offset(50), 7), Vec::<i64>::new());
    assert_eq!(page(Anchor::Offset(u64::MAX), 7), Vec::<i64>::new());
}

/// The query, its count and the test of one row in memory are three ways to say the same; every
/// filter is tried in all three, with every kind of anchor.
#[tokio::test]
async fn every_filter_means_the_same_in_pages_counts_and_memory() {
    let history = in_memory();
    let start = now_ms() - 1_000;
    filled(&history, start, 200).await;
    let everything = history
        .page(&Filter::default(), Anchor::Newest, 1_000)
        .expect("read");
    let some = |text: &str| Some(text.to_owned());
    let none = Filter::default();
    let filters = [
        (
            Filter {
                states: vec![DeliveryState::Failed],
                ..none.clone()
            },
            40,
        ),
        (
            Filter {
                states: vec![
                    DeliveryState::Failed,
                    DeliveryState::Pending,
                    DeliveryState::Failed,
                ],
                ..none.clone()
            },
            80,
        ),
        (
            Filter {
                services: vec!["pager".into()],
                ..none.clone()
            },
            50,
        ),
        (
            Filter {
                services: vec!["p*".into(), "nothing".into()],
                ..none.clone()
            },
            50,
        ),
        (
            Filter {
                services: vec!["pager".into(), "chat".into()],
                ..none.clone()
            },
            200,
        ),
        (
            Filter {
                trigger: some("on-crash"),
                ..none.clone()
            },
            100,
        ),
        (
            Filter {
                trigger: some("*-CRASH"),
                ..none.clone()
            },
            0,
        ),
        (
            Filter {
                namespace: some("team-1"),
                ..none.clone()
            },
            67,
        ),
        (
            Filter {
                namespace: some("team-?"),
                name: some("web-1?"),
                ..none.clone()
            },
            10,
        ),
        (
            Filter {
                namespace: some("[t]eam-*"),
                ..none.clone()
            },
            0,
        ),
        (
            Filter {
                uid: some("uid-3"),
                ..none.clone()
            },
            20,
        ),
        (
            Filter {
                text: some("FAIL web-1"),
                ..none.clone()
            },
            23,
        ),
        (
            Filter {
                text: some("%"),
                ..none.clone()
            },
            0,
        ),
        (
            Filter {
                text: some("refused' OR 1"),
                ..none.clone()
            },
            0,
        ),
        (
            Filter {
                kind: some("Pod"),
                recipient: some("o*s"),
                ..none.clone()
            },
            200,
        ),
        (
            Filter {
                since_ms: Some(start + 50),
                until_ms: Some(start + 60),
                ..none.clone()
            },
            10,
        ),
        (
            Filter {
                states: vec![DeliveryState::Sent],
                namespace: some("team-0"),
                except: Some(Box::new(Filter {
                    services: vec!["pager".into()],
                    ..none.clone()
                })),
                ..none.clone()
            },
            30,
        ),
        (
            Filter {
                except: Some(Box::new(none.clone())),
                ..none.clone()
            },
            0,
        ),
    ];
    for (filter, expected) in filters {
        let wanted: Vec<i64> = everything
            .iter()
            .filter(|delivery| filter.matches(delivery))
            .map(|delivery| delivery.new.id.0)
            .collect();
        assert_eq!(wanted.len(), expected, "{filter:?}");
        let page = |from, limit| ids(&history.page(&filter, from, limit).expect("read"));
        assert_eq!(page(Anchor::Newest, 1_000), wanted, "{filter:?}");
        assert_eq!(
            history.count(&filter),
            Ok(wanted.len() as u64),
            "{filter:?}"
        );
        if wanted.len() < 10 {
            continue;
        }
        assert_eq!(page(Anchor::Newest, 4), wanted[..4], "{filter:?}");
        assert_eq!(
            page(Anchor::Before(DeliveryId(wanted[3])), 4),
            wanted[4..8],
            "{filter:?}"
        );
        assert_eq!(
            page(Anchor::After(DeliveryId(wanted[8])), 4),
            wanted[4..8],
            "{filter:?}"
        );
        assert_eq!(page(Anchor::Offset(3), 4), wanted[3..7], "{filter:?}");
        assert_eq!(
            page(Anchor::Oldest, 4),
            wanted[wanted.len() - 4..],
            "{filter:?}"
        );
    }
}

#[tokio::test]
async fn rates_have_a_column_for_every_span() {
    let history = in_memory();
    let start = now_ms() - 1_000;
    filled(&history, start, 100).await;
    let rate = history.rate(start + 100, 10, 20).expect("read");
    assert_eq!(rate.len(), 20);
    assert_eq!(rate[0].from_ms, start - 100);
    let sums: Vec<(u64, u64, u64)> = rate.iter().map(|b| (b.sent, b.failed, b.other)).collect();
    assert_eq!(sums[..10], [(0, 0, 0); 10]);
    assert_eq!(sums[10..], [(6, 2, 2); 10]);
}

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

#[tokio::test]
async fn the_oldest_go_first_but_never_pending_or_unpatched_ones() {
    let options = Options {
        max_rows: 50,
        ..Options::default()
    };
    let history = History::open(Path::new(MEMORY), &options).expect("opens");
    let start = now_ms() - 1_000;
    let all = filled(&history, start, 100).await;
    let sent: Vec<_> = (10..100).filter(|n| n % 5 > 1).map(|n| all[n].id).collect();
    history.patched(sent, start + 200).await.expect("patched");
    // A step of the forgetting follows each transaction.
    let forgotten = async {
        while history.count(&Filter::default()) != Ok(50) {
            history.flush().await.expect("flushed");
        }
    };
    let patience = Duration::from_secs(10);
    let done = tokio::time::timeout(patience, forgotten).await;
    done.expect("50 rows are left");
    let left = history
        .page(&Filter::default(), Anchor::Oldest, 1_000)
        .expect("read");
    assert_eq!(left.len(), 50);
    let pending = left
        .iter()
        .filter(|row| row.state == DeliveryState::Pending)
        .count();
    assert_eq!(pending, 20);
    let unpatched = left
        .iter()
        .filter(|row| row.state == DeliveryState::Sent && row.patched_ms.is_none());
    assert_eq!(unpatched.count(), 6, "numbers 2, 3, 4, 7, 8, 9");
    assert_eq!(left[0].new.id, all[99].id);
}

#[tokio::test]
async fn what_is_too_old_goes_at_the_next_transaction() {
    let options = Options {
        max_age: Duration::from_secs(3600),
        ..Options::default()
    };
    let history = History::open(Path::new(MEMORY), &options).expect("opens");
    let long_ago = now_ms() - 7_200_000;
    filled(&history, long_ago, 10).await;
    filled(&history, now_ms(), 10).await;
    // The first look at the ages was made when there was nothing yet; the next one is due when the
    // history is opened again or after a minute.
    assert_eq!(history.count(&Filter::default()), Ok(20));

    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("history.db");
    {
        let history = History::open(&path, &Options::default()).expect("opens");
        filled(&history, long_ago, 10).await;
        filled(&history, now_ms(), 10).await;
    }
    let history = History::open(&path, &options).expect("opens");
    history.flush().await.expect("flushed");
    history
        .flush()
        .await
        .expect("the step after the first transaction is done");
    let left = history
        .page(&Filter::default(), Anchor::Oldest, 100)
        .expect("read");
    let old: Vec<_> = left
        .iter()
        .filter(|row| row.new.created_ms < now_ms() - 3_600_000)
        .collect();
    assert_eq!((left.len(), old.len()), (12, 2));
    assert!(old.iter().all(|row| row.state == DeliveryState::Pending));
}

#[tokio::test]
async fn rows_that_are_no_sending_are_kept_whole() {
    let history = in_memory();
    let mut dry = Delivery::pending(delivery(now_ms(), 1));
    dry.state = DeliveryState::DryRun;
    dry.detail = "would be sent".into();
    history
        .record(dry.clone(), "GET http://x/".into())
        .await
        .expect("recorded");
    let told = history.get(dry.new.id).expect("read").expect("is there");
    assert_eq!(
        (told.delivery, told.request.as_str()),
        (dry, "GET http://x/")
    );
}

#[tokio::test]
async fn only_the_newest_keep_their_texts() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("history.db");
    let all = {
        let history = History::open(&path, &Options::default()).expect("opens");
        filled(&history, now_ms() - 1_000, 100).await
    };
    let options = Options {
        max_bodies: 20,
        ..Options::default()
    };
    let history = History::open(&path, &options).expect("opens");
    history.flush().await.expect("flushed");
    history
        .flush()
        .await
        .expect("the step after the first transaction is done");
    let kept = all.iter().map(|new| {
        let detail = history.get(new.id).expect("read").expect("is there");
        !detail.request.is_empty()
    });
    let kept: Vec<bool> = kept.collect();
    assert!(kept[..80].iter().all(|kept| !kept));
    assert_eq!(
        kept[80..].iter().filter(|kept| **kept).count(),
        16,
        "pending ones have none"
    );
}
