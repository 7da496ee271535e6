//! What is forgotten, and when.

use crate::{delivery, filled, in_memory, now_ms};
use kubechime::domain::{Delivery, DeliveryState};
use kubechime::history::{Anchor, Filter, History, MEMORY, Options};
use std::path::Path;
use std::time::Duration;

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
    let patience = Duration::from_secs(60);
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
