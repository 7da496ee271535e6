//! What is recorded of a delivery, from the intent to the patch.

use crate::{attempt, delivery, in_memory, now_ms, outcome};
use kubechime::domain::{Delivery, DeliveryId, DeliveryState};
use kubechime::history::{AlreadySent, Filter, HistoryError};

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
