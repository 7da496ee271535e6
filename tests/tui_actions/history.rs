//! The history pane reads the store in pages.

use crate::fixture::{NOW, batch, deliveries, delivery, launched, options, send_with};
use crate::started;
use kubechime::domain::DeliveryState;
use kubechime::engine::Batch;
use kubechime::history::{History, MEMORY};
use kubechime::tui::key::Key;
use kubechime::tui::message::Msg;
use kubechime::tui::model::Model;
use std::path::Path;

/// The history of a store with 3,000 rows, of which the pane holds a part.
pub async fn with_history() -> (Model, History) {
    let history = History::open(Path::new(MEMORY), &Default::default()).unwrap();
    for number in 0..3_000 {
        let state = if number % 10 == 0 {
            DeliveryState::Failed
        } else {
            DeliveryState::Sent
        };
        let row = delivery(number - 4_000, state, &format!("pod-{number}"), "webhook");
        history.record(row, String::new()).await.unwrap();
    }
    let mut model = launched(&options(), 120, 36);
    let session = model.session.id;
    let message = Msg::Launched(session, Ok(started("prod-eu", true)));
    send_with(&mut model, message, Some(&history), None);
    (model, history)
}

fn shown_names(model: &Model) -> Vec<String> {
    let history = &model.overview.history;
    let rows = history.window.visible(history.len(), 14);
    rows.filter_map(|position| Some(history.row(position)?.new.name.clone()))
        .collect()
}

pub fn press(model: &mut Model, history: &History, script: &str) {
    for key in script.split(' ') {
        let message = Msg::Key(Key::parse(key).unwrap());
        send_with(model, message, Some(history), None);
    }
}

#[tokio::test]
async fn the_history_is_paged_both_ways() {
    let (mut model, history) = with_history().await;
    assert_eq!(model.overview.history.count, Some(3_000));
    assert_eq!(shown_names(&model)[0], "pod-2999");
    assert!(model.overview.history.len() < 1_000);
    press(&mut model, &history, "3 G");
    assert_eq!(
        shown_names(&model).last().map(String::as_str),
        Some("pod-0")
    );
    let selected = model.overview.history.selected_row().unwrap();
    assert_eq!(selected.new.name, "pod-0");
    // Back up through all pages, without a gap.
    let mut before: Option<u32> = None;
    for _ in 0..300 {
        let selected = model.overview.history.selected_row().unwrap();
        let number: u32 = selected.new.name[4..].parse().unwrap();
        if let Some(before) = before {
            assert!(number <= before + 20, "from {before} to {number}");
        }
        before = Some(number);
        press(&mut model, &history, "PgUp");
    }
    assert_eq!(before, Some(2_999));
    press(&mut model, &history, "g");
    assert!(model.overview.history.follow);
}

#[tokio::test]
async fn live_rows_do_not_move_what_is_read() {
    let (mut model, history) = with_history().await;
    press(&mut model, &history, "3 j j j j j");
    let before = shown_names(&model);
    let told = Batch {
        deliveries: deliveries(),
        ..Batch::default()
    };
    batch(&mut model, told);
    let selected = model.overview.history.selected_row().unwrap();
    assert_eq!(selected.new.name, before[5]);
    press(&mut model, &history, "f");
    assert_eq!(shown_names(&model)[0], "web-7d9f8b6c5d-abcde");
    assert!(model.overview.history.follow);
}

#[tokio::test]
async fn the_history_filter_reads_on_until_a_page_is_full() {
    let (mut model, history) = with_history().await;
    press(&mut model, &history, "3 /");
    for c in "state:failed !name:pod-2990".chars() {
        let message = Msg::Key(Key::char(c));
        send_with(&mut model, message, Some(&history), None);
    }
    press(&mut model, &history, "Enter");
    assert_eq!(shown_names(&model)[0], "pod-2980");
    assert!(model.overview.history.len() >= 250);
    press(&mut model, &history, "G");
    assert_eq!(
        shown_names(&model).last().map(String::as_str),
        Some("pod-0")
    );
}

#[tokio::test]
async fn the_services_of_the_last_hour_are_counted() {
    let (_, history) = with_history().await;
    let services = history.services(NOW - 3_600_000, NOW).unwrap();
    let [webhook] = services.as_slice() else {
        panic!("{services:?}");
    };
    assert_eq!(
        (webhook.sent, webhook.failed, webhook.pending),
        (2_286, 254, 0)
    );
    assert_eq!(webhook.over_time.iter().sum::<u64>(), webhook.sent);
    assert_eq!(
        (webhook.median_ms, webhook.p95_ms),
        (Some(212), Some(1_430))
    );
    let error = webhook.last_error.as_ref().map(|(_, error)| error.as_str());
    assert_eq!(error, Some("429 Too Many Requests: rate limited"));
}
