//! What sends and writes: it asks first, and says why it can not.

use crate::fixture::{
    answer, answer_inspections, batch, delivery, full, inspection, key, keys, options, status,
    type_text,
};
use crate::{commands, flash, only, standard};
use kubechime::domain::{DeliveryState, Destination, Mode, Selection, Severity};
use kubechime::engine::{Batch, Command, CommandError, HeldStatus, LeaseStatus, Reply, Resend};
use kubechime::history::HeldCount;
use kubechime::tui::Options;
use kubechime::tui::model::Overlay;
use std::sync::Arc;

#[test]
fn resend_asks_first_and_no_has_the_focus() {
    let mut model = standard();
    assert!(commands(keys(&mut model, "r Enter")).is_empty());
    assert!(model.overlays.is_empty());
    assert!(commands(keys(&mut model, "r Esc")).is_empty());
    let (request, command) = only(keys(&mut model, "r Tab Enter"));
    let expected = Command::Resend(Resend::Resource {
        key: key("Pod", "team-a", "web-7d9f8b6c5d-abcde"),
        trigger: None,
        destination: None,
    });
    assert_eq!(command, expected);
    answer(&mut model, request, Ok(Reply::Resending { deliveries: 2 }));
    assert!(flash(&model).contains("2 deliveries"), "{}", flash(&model));
    assert_eq!(only(keys(&mut model, "r y")).1, expected);
}

#[test]
fn resend_of_one_destination_and_of_one_delivery() {
    let mut model = standard();
    let (_, command) = only(keys(&mut model, "2 j r y"));
    let expected = Command::Resend(Resend::Resource {
        key: key("Pod", "team-a", "web-7d9f8b6c5d-abcde"),
        trigger: Some("on-oom".into()),
        destination: Some(Destination::parse("slack:team-a-alerts")),
    });
    assert_eq!(command, expected);
    let (_, command) = only(keys(&mut model, "3 j r y"));
    let id = delivery(30, DeliveryState::Pending, "x", "y").new.id;
    assert_eq!(command, Command::Resend(Resend::Delivery(id)));
    let (_, command) = only(keys(&mut model, "Enter r y"));
    assert_eq!(command, Command::Resend(Resend::Delivery(id)));
}

#[test]
fn what_the_flood_guard_holds_is_sent_or_marked_after_a_question() {
    let mut model = standard();
    assert!(commands(keys(&mut model, "H")).is_empty());
    assert!(
        flash(&model).contains("the flood guard holds nothing"),
        "{}",
        flash(&model)
    );
    let held = HeldStatus {
        total: 70,
        groups: vec![HeldCount {
            destination: Destination::parse("slack:ops"),
            trigger: "on-oom".into(),
            count: 70,
            oldest_ms: 0,
        }],
    };
    let told = Batch {
        held: Some(Arc::new(held)),
        ..Batch::default()
    };
    batch(&mut model, told);
    assert!(commands(keys(&mut model, "H Esc")).is_empty());
    let (request, command) = only(keys(&mut model, "H y"));
    assert_eq!(command, Command::ReleaseHeld(Selection::default()));
    answer(&mut model, request, Ok(Reply::Released { deliveries: 70 }));
    assert!(flash(&model).contains("released: 70"), "{}", flash(&model));
    let (request, command) = only(keys(&mut model, "B y"));
    assert_eq!(command, Command::BaselineHeld(Selection::default()));
    answer(&mut model, request, Ok(Reply::Baselined { deliveries: 70 }));
    assert!(
        flash(&model).contains("marked as sent: 70"),
        "{}",
        flash(&model)
    );
}

#[test]
fn resend_of_what_is_not_true_is_refused_with_a_reason() {
    let mut model = standard();
    assert!(commands(keys(&mut model, "2 j j j j r")).is_empty());
    assert!(
        flash(&model).contains("no condition is true"),
        "{}",
        flash(&model)
    );
}

#[test]
fn clear_names_the_entries() {
    let mut model = standard();
    let resource = key("Pod", "team-a", "web-7d9f8b6c5d-abcde");
    let (_, command) = only(keys(&mut model, "D y"));
    let everything = Command::Clear {
        resource: resource.clone(),
        keys: None,
    };
    assert_eq!(command, everything);
    let (_, command) = only(keys(&mut model, "2 j D y"));
    let state_key = "on-oom:[0].y7b5sbwa2Q329JYH755peeq-fBs:slack:team-a-alerts";
    let one = Command::Clear {
        resource,
        keys: Some(vec![state_key.into()]),
    };
    assert_eq!(command, one);
}

#[test]
fn a_write_waits_for_the_evaluation() {
    let mut model = standard();
    let (request, command) = only(keys(&mut model, "j r"));
    assert!(model.overlays.is_empty());
    let Command::Inspect(key) = command else {
        panic!("{command:?}");
    };
    let reply = Reply::Inspection(Arc::new(inspection(key)));
    answer(&mut model, request, Ok(reply));
    assert!(matches!(model.overlays.last(), Some(Overlay::Confirm(_))));
    // Whoever moves on means something else.
    let mut model = standard();
    let (request, command) = only(keys(&mut model, "j r j"));
    let Command::Inspect(key) = command else {
        panic!("{command:?}");
    };
    let reply = Reply::Inspection(Arc::new(inspection(key)));
    let effects = answer(&mut model, request, Ok(reply));
    answer_inspections(&mut model, effects);
    assert!(model.overlays.is_empty());
}

#[test]
fn read_only_refuses_every_write_with_the_reason() {
    let options = Options {
        read_only: true,
        ..options()
    };
    let mut model = full(&options, 120, 36);
    for script in ["r", "D", "3 r", "T"] {
        assert!(commands(keys(&mut model, script)).is_empty());
        assert!(
            flash(&model).contains("read-only"),
            "{script}: {}",
            flash(&model)
        );
        assert!(model.overlays.is_empty());
    }
    keys(&mut model, "4 G k e");
    type_text(&mut model, "x");
    assert!(commands(keys(&mut model, "C-s")).is_empty());
    assert!(flash(&model).contains("read-only"));
}

#[test]
fn another_mode_is_needed_to_send_and_is_asked_for() {
    let mut model = standard();
    let mut observing = status(Mode::Observe);
    observing.reason = "kubechime-7f9c holds the Lease".into();
    observing.lease = LeaseStatus::Other {
        holder: "kubechime-7f9c".into(),
    };
    batch(
        &mut model,
        Batch {
            status: Some(Arc::new(observing)),
            ..Batch::default()
        },
    );
    assert!(commands(keys(&mut model, "r")).is_empty());
    assert!(
        flash(&model).contains("kubechime-7f9c holds the Lease"),
        "{}",
        flash(&model)
    );
    keys(&mut model, "m");
    let effects = type_text(&mut model, "dry");
    assert!(commands(effects).is_empty());
    assert!(commands(keys(&mut model, "Enter")).is_empty());
    let (request, command) = only(keys(&mut model, "y"));
    assert_eq!(command, Command::SetMode(Mode::DryRun));
    answer(
        &mut model,
        request,
        Err(CommandError::Forbidden("no".into())),
    );
    assert_eq!(
        model.flash.as_ref().map(|flash| flash.severity),
        Some(Severity::Error)
    );
    assert_eq!(only(keys(&mut model, "T y")).1, Command::TakeLease);
}
