//! Snapshots of the screens of one resource, of one delivery, and of many at once.

use super::fixture::*;
use super::{buffer, screen, snapshot};
use kubechime::domain::{Attempt, DeliveryState};
use kubechime::engine::Reply;
use kubechime::history::DeliveryDetail;
use kubechime::tui::message::{JobDone, Msg};
use kubechime::tui::model::Model;
use kubechime::tui::{Options, ThemeName};
use ratatui::style::Color;

/// The resource that is selected at first, explained.
fn explained_model(options: &Options, width: u16, height: u16) -> Model {
    let mut model = full(options, width, height);
    let effects = keys(&mut model, "Enter");
    answer_inspections(&mut model, effects);
    model
}

#[test]
fn a_resource_is_explained_at_every_size() {
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let model = explained_model(&options(), width, height);
        snapshot(&format!("resource_{width}x{height}"), &model);
    }
}

#[test]
fn mono_shows_the_same_explanation() {
    let options = Options {
        theme: ThemeName::Mono,
        ascii: true,
        ..options()
    };
    let mono = explained_model(&options, 120, 36);
    for cell in &buffer(&mono).content {
        assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
    }
    let text = screen(&mono);
    assert!(text.contains("<- decides"), "{text}");
}

#[test]
fn the_object_marks_what_the_condition_reads_and_nothing_in_it_acts() {
    let mut model = explained_model(&options(), 80, 24);
    keys(&mut model, "] Tab");
    snapshot("resource_object_80x24", &model);
    let text = screen(&model);
    assert!(!text.contains('\u{202e}'), "{text}");
    keys(&mut model, "/");
    type_text(&mut model, "restartcount");
    keys(&mut model, "Enter");
    assert!(screen(&model).contains("/restartcount 1 of 1"));
    keys(&mut model, "Tab");
    snapshot("resource_dedup_80x24", &model);
    keys(&mut model, "Tab");
    snapshot("resource_deliveries_80x24", &model);
}

#[test]
fn a_condition_is_tried_as_it_is_typed() {
    let mut model = explained_model(&options(), 120, 36);
    keys(&mut model, "t C-u");
    type_text(&mut model, "pod.status.phase == 'Pending'");
    snapshot("resource_try_120x36", &model);
    keys(&mut model, "C-u");
    type_text(&mut model, "pod.status.(");
    let text = screen(&model);
    assert!(text.contains("expected name"), "{text}");
    let mut model = explained_model(&options(), 40, 10);
    keys(&mut model, "t C-u");
    type_text(&mut model, "true");
    snapshot("resource_try_40x10", &model);
}

#[test]
fn a_delivery_with_request_response_and_waits() {
    let row = delivery(
        30,
        DeliveryState::Pending,
        "worker-5c7b9d-qq2lm",
        "slack:team-a",
    );
    let attempt = |number: u32, after_ms: i64| Attempt {
        number,
        started_ms: row.new.created_ms + after_ms,
        took_ms: 1_100,
        status: Some(429),
        error: "429 Too Many Requests".into(),
        next_ms: Some(row.new.created_ms + after_ms + 5_000),
    };
    let detail = DeliveryDetail {
        attempts: vec![attempt(1, 0), attempt(2, 5_000), attempt(3, 12_000)],
        request: "POST https://hooks.slack.example/x\nAuthorization: Bearer ******\n\
                  Content-Type: application/json\n\n\
                  {\"channel\":\"team-a\",\"text\":\"日本 it's \\u001b down\",\"n\":[1,2.50]}"
            .into(),
        response: "{\"ok\":false,\"error\":\"ratelimited\"}".into(),
        delivery: row.clone(),
    };
    for (width, height) in [(120, 36), (80, 24), (40, 10)] {
        let mut model = full(&options(), width, height);
        keys(&mut model, "3 j Enter");
        let detail = Box::new(Ok(Some(detail.clone())));
        let session = model.session.id;
        send(
            &mut model,
            Msg::Job(session, JobDone::Detail(row.new.id, detail)),
        );
        snapshot(&format!("delivery_stored_{width}x{height}"), &model);
        if width == 80 {
            keys(&mut model, "t t");
            snapshot("delivery_curl_80x24", &model);
            keys(&mut model, "Tab");
            snapshot("delivery_outcome_80x24", &model);
        }
    }
}

#[test]
fn many_at_once_are_asked_for_with_every_destination_and_reported() {
    let mut model = full(&options(), 120, 36);
    let effects = keys(&mut model, "Space Space Space r");
    answer_inspections(&mut model, effects);
    snapshot("bulk_question_120x36", &model);
    let effects = keys(&mut model, "y");
    for (place, effect) in effects.into_iter().enumerate() {
        if let kubechime::tui::message::Effect::Submit(request, _) = effect {
            let result = if place == 1 {
                Err(kubechime::engine::CommandError::NotFound("it".into()))
            } else {
                Ok(Reply::Resending { deliveries: 2 })
            };
            answer(&mut model, request, result);
        }
    }
    snapshot("bulk_result_120x36", &model);
}
