//! Deliveries that wait in the history: spilled ones, held ones, and who decides about them.

use crate::{delivery, in_memory, now_ms, outcome};
use kubechime::domain::{Delivery, DeliveryId, DeliveryState, Selection};
use kubechime::history::{Closing, Filter, History, Options, ServiceOf, Verb};

fn of(config_namespace: &str, service: &str) -> ServiceOf {
    ServiceOf {
        config_namespace: config_namespace.into(),
        service: service.into(),
    }
}

fn numbers(start_ms: i64, rows: &[Delivery]) -> Vec<i64> {
    let number = |row: &Delivery| row.new.created_ms - start_ms;
    rows.iter().map(number).collect()
}

fn held(start_ms: i64, n: i64) -> Delivery {
    let mut held = Delivery::pending(delivery(start_ms, n));
    held.state = DeliveryState::Held;
    held
}

#[tokio::test]
async fn spilled_deliveries_are_taken_once_oldest_first_and_by_service() {
    let history = in_memory();
    let start = now_ms();
    let mut all: Vec<_> = (0..8)
        .map(|n| Delivery::pending(delivery(start, n)))
        .collect();
    all[5].new.config_namespace = "team".into();
    // One of them is recorded already.
    history.intend(vec![all[3].new.clone()]).await.unwrap();
    all.reverse();
    history.spill(all).await.unwrap();
    assert_eq!(history.count(&Filter::default()).unwrap(), 8);

    let chat = of("default", "chat");
    let taken = history.take_spilled(&chat, 3).await.unwrap();
    assert_eq!(numbers(start, &taken), [1, 2, 3]);
    assert!(taken.iter().all(|row| row.state == DeliveryState::Pending));
    let taken = history.take_spilled(&chat, 9).await.unwrap();
    assert_eq!(
        numbers(start, &taken),
        [6, 7],
        "5 is of another configuration"
    );
    assert_eq!(history.take_spilled(&chat, 9).await.unwrap(), []);
    let taken = history.take_spilled(&of("team", "chat"), 9).await.unwrap();
    assert_eq!(numbers(start, &taken), [5]);

    let closing = Closing {
        id: None,
        selection: Selection {
            service: Some("pager".into()),
            ..Selection::default()
        },
        state: DeliveryState::Withdrawn,
        why: "cancelled".into(),
        at_ms: start + 50,
    };
    let closed = history.close_spilled(closing.clone(), 1).await.unwrap();
    assert_eq!(numbers(start, &closed), [0]);
    assert_eq!(closed[0].detail, "cancelled");
    let closed = history.close_spilled(closing.clone(), 9).await.unwrap();
    assert_eq!(numbers(start, &closed), [4]);
    assert_eq!(history.close_spilled(closing, 9).await.unwrap(), []);
}

/// What a process has spilled is the next one's, and nobody else's.
#[tokio::test]
async fn spilled_deliveries_are_taken_over_like_all_pending_ones() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.db");
    let start = now_ms();
    let first = History::open(&path, &Options::default()).unwrap();
    let spilled = vec![Delivery::pending(delivery(start, 1))];
    first.spill(spilled).await.unwrap();
    drop(first);
    let second = History::open(&path, &Options::default()).unwrap();
    let chat = of("default", "chat");
    assert_eq!(second.take_spilled(&chat, 9).await.unwrap(), []);
    let left = second.recover().await.unwrap();
    assert_eq!(numbers(start, &left.pending), [1]);
    assert!(!left.pending[0].possibly_repeated, "no try had begun");
    assert_eq!(second.take_spilled(&chat, 9).await.unwrap(), []);
}

#[tokio::test]
async fn held_notifications_are_counted_released_marked_and_withdrawn() {
    let history = in_memory();
    let start = now_ms();
    let rows = (0..8).map(|n| held(start, n)).collect();
    history.record_all(rows).await.unwrap();
    let counts = history.held_counts().unwrap();
    let shown: Vec<_> = counts
        .iter()
        .map(|group| {
            let to = &*group.destination.service;
            (
                to,
                group.trigger.as_str(),
                group.count,
                group.oldest_ms - start,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("chat", "on-crash", 4, 1),
            ("chat", "on-ready", 2, 2),
            ("pager", "on-ready", 2, 0)
        ]
    );
    assert_eq!(history.recover().await.unwrap().held.len(), 8);

    let ready = Selection {
        trigger: Some("on-ready".into()),
        service: Some("chat".into()),
        ..Selection::default()
    };
    let released = history.release_held(ready, start + 20).await.unwrap();
    let chat = of("default", "chat");
    assert_eq!(
        released.into_iter().collect::<Vec<_>>(),
        [(chat.clone(), 2)]
    );
    let taken = history.take_spilled(&chat, 9).await.unwrap();
    assert_eq!(numbers(start, &taken), [2, 6]);

    let ids = [1, 2].map(|n| DeliveryId((start + n) * 1024)).to_vec();
    let why = "not true any more".to_owned();
    let gone = history.withdraw(ids, false, why, start + 30).await.unwrap();
    assert_eq!(numbers(start, &gone), [1], "2 is not held any more");

    let all = Selection::default();
    let marked = history
        .baseline_held(all.clone(), start + 40, 3)
        .await
        .unwrap();
    assert_eq!(marked.len(), 3);
    assert!(
        marked
            .iter()
            .all(|row| row.state == DeliveryState::Baseline)
    );
    assert_eq!(
        history
            .baseline_held(all, start + 40, 9)
            .await
            .unwrap()
            .len(),
        2
    );
    assert_eq!(history.held_counts().unwrap(), []);
}

/// What was marked as sent and not written before the process ended is written by the next one.
#[tokio::test]
async fn marked_notifications_are_written_down_after_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.db");
    let start = now_ms();
    let first = History::open(&path, &Options::default()).unwrap();
    first
        .record_all(vec![held(start, 1), held(start, 2)])
        .await
        .unwrap();
    let all = Selection::default();
    let marked = first.baseline_held(all, start + 5, 9).await.unwrap();
    first
        .patched(vec![marked[0].new.id], start + 6)
        .await
        .unwrap();
    drop(first);
    let second = History::open(&path, &Options::default()).unwrap();
    let left = second.recover().await.unwrap();
    assert_eq!(left.unpatched.len(), 1);
    assert_eq!(left.unpatched[0].new.id, marked[1].new.id);
    assert_eq!((left.held.len(), left.pending.len()), (0, 0));
}

/// A request is carried out exactly once: by who takes it, or by who asked.
#[tokio::test]
async fn a_request_is_taken_or_done_by_the_asker() {
    let history = in_memory();
    let start = now_ms();
    let rows = (0..4).map(|n| held(start, n)).collect();
    history.record_all(rows).await.unwrap();
    assert!(!history.is_asked().unwrap());
    let chat = Selection {
        service: Some("chat".into()),
        ..Selection::default()
    };
    let taken = history
        .ask(Verb::Release, &chat, "me", start)
        .await
        .unwrap();
    assert!(history.is_asked().unwrap());
    let request = history.take_request().await.unwrap().expect("is there");
    assert_eq!((request.id, request.verb), (taken, Verb::Release));
    assert_eq!(request.selection, chat);
    assert_eq!(history.take_request().await.unwrap(), None);
    let done = history
        .do_untaken(taken, Verb::Release, chat.clone(), start)
        .await
        .unwrap();
    assert_eq!(done, None, "it was taken");
    assert_eq!(history.answer_to(taken).unwrap(), None);
    history.answer(taken, "3 sent".into()).await.unwrap();
    assert_eq!(history.answer_to(taken).unwrap().as_deref(), Some("3 sent"));

    let mine = history
        .ask(Verb::Baseline, &chat, "me", start)
        .await
        .unwrap();
    let done = history
        .do_untaken(mine, Verb::Baseline, chat, start)
        .await
        .unwrap();
    assert_eq!(done, Some(3));
    assert_eq!(history.take_request().await.unwrap(), None);
    assert_eq!(history.held_counts().unwrap()[0].count, 1, "the pager's");
}

#[tokio::test]
async fn only_what_nothing_followed_counts_as_failed() {
    let history = in_memory();
    let start = now_ms();
    let all: Vec<_> = (0..6).map(|n| delivery(start, n)).collect();
    history.intend(all.clone()).await.unwrap();
    for new in &all {
        let failed = outcome(DeliveryState::Failed, new.created_ms);
        history.outcome(new.id, failed).await.unwrap();
    }
    // The same notification as number 1, later.
    let mut again = delivery(start, 21);
    again.uid.clone_from(&all[1].uid);
    again.state_key.clone_from(&all[1].state_key);
    history.intend(vec![again]).await.unwrap();

    let found = |selection: Selection, after: i64, limit: u32| {
        let after = DeliveryId((start + after) * 1024);
        let rows = history.failed(&selection, after, limit).unwrap();
        numbers(start, &rows)
    };
    assert_eq!(found(Selection::default(), -1, 9), [0, 2, 3, 4, 5]);
    assert_eq!(found(Selection::default(), 2, 2), [3, 4]);
    let crash = Selection {
        trigger: Some("on-crash".into()),
        ..Selection::default()
    };
    assert_eq!(found(crash, -1, 9), [3, 5]);
}
