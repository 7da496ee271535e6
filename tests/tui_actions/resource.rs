//! The screens of one resource and of one delivery.

use super::{commands, flash, only, standard};
use crate::fixture::*;
use kubechime::domain::{DeliveryState, Destination};
use kubechime::engine::{Batch, Cancel, Command, CommandError, Reply, Resend, RowState};
use kubechime::tui::message::{Effect, MouseInput, Msg};
use kubechime::tui::model::{Model, Overlay, Screen};
use kubechime::tui::screens::overview::Pane;
use std::sync::Arc;

fn explained_screen(script: &str) -> Model {
    let mut model = standard();
    let effects = keys(&mut model, script);
    answer_inspections(&mut model, effects);
    model
}

fn resource_screen(model: &Model) -> &kubechime::tui::screens::resource::ResourceScreen {
    match model.screens.last() {
        Some(Screen::Resource(screen)) => screen,
        _ => panic!("no resource is open"),
    }
}

#[test]
fn a_resource_opens_explained_and_its_writes_are_about_the_selected_line() {
    let mut model = explained_screen("Enter");
    assert!(resource_screen(&model).explained().is_some());
    // On the first line, the condition: everything of the trigger.
    let (_, command) = only(keys(&mut model, "r y"));
    let resource = key("Pod", "team-a", "web-7d9f8b6c5d-abcde");
    let expected = Command::Resend(Resend::Resource {
        key: resource.clone(),
        trigger: Some("on-oom".into()),
        destination: None,
    });
    assert_eq!(command, expected);
    // The next condition is false.
    assert!(commands(keys(&mut model, "] r")).is_empty());
    assert!(flash(&model).contains("no condition is true"));
    // The entry of the notified state.
    let (_, command) = only(keys(&mut model, "Tab Tab D y"));
    let state_key = "on-oom:[0].y7b5sbwa2Q329JYH755peeq-fBs:slack:team-a-alerts";
    let expected = Command::Clear {
        resource,
        keys: Some(vec![state_key.into()]),
    };
    assert_eq!(command, expected);
}

#[test]
fn folding_and_the_place_survive_a_new_explanation() {
    let mut model = explained_screen("Enter");
    let all = resource_screen(&model).lines().len();
    keys(&mut model, "Enter");
    let folded = resource_screen(&model).lines().len();
    assert!(folded < all, "{folded} of {all}");
    let selected = resource_screen(&model).selected.clone();
    let changed = row("Pod", "team-a", "web-7d9f8b6c5d-abcde", RowState::Failed, 1);
    let told = Batch {
        rows: vec![Arc::new(changed)],
        ..Batch::default()
    };
    let effects = batch(&mut model, told.clone());
    let explains = |effects: &[Effect]| {
        let explain = |e: &&Effect| matches!(e, Effect::Submit(_, Command::Explain(_)));
        effects.iter().filter(explain).count()
    };
    // Not at once: it keeps changing.
    assert_eq!(explains(&effects), 0);
    model.now_ms = NOW + 2_000;
    let effects = send(&mut model, Msg::Wake);
    assert_eq!(explains(&effects), 1);
    // One at a time.
    assert_eq!(explains(&batch(&mut model, told)), 0);
    answer_inspections(&mut model, effects);
    assert_eq!(resource_screen(&model).lines().len(), folded);
    assert_eq!(resource_screen(&model).selected, selected);
    keys(&mut model, "+");
    assert_eq!(resource_screen(&model).lines().len(), all);
}

#[test]
fn pane_two_opens_the_explanation_at_its_line_and_esc_goes_back() {
    let mut model = explained_screen("2 j j j j Enter");
    let selected = resource_screen(&model).selected.as_ref();
    let condition = selected.and_then(|line| line.condition());
    assert_eq!(condition, Some(("on-crashloop", 0)));
    keys(&mut model, "t");
    assert!(resource_screen(&model).trial.is_some());
    keys(&mut model, "Enter");
    assert!(model.overlays.is_empty());
    // Esc ends the trial, then the screen.
    keys(&mut model, "Esc");
    assert!(resource_screen(&model).trial.is_none());
    keys(&mut model, "Esc");
    assert!(model.screens.is_empty());
    assert_eq!(model.overview.pane, Pane::Triggers);
}

#[test]
fn an_explanation_that_fails_says_why() {
    let mut model = standard();
    let (request, _) = only(keys(&mut model, "Enter"));
    let error = CommandError::NotFound("a subscribed resource".into());
    answer(&mut model, request, Err(error));
    let problem = resource_screen(&model).problem.clone();
    assert!(problem.is_some_and(|text| text.contains("does not exist")));
    assert!(commands(keys(&mut model, "t")).is_empty());
    assert!(flash(&model).contains("not here yet"), "{}", flash(&model));
}

#[test]
fn a_delivery_goes_to_another_destination_that_is_configured() {
    let mut model = standard();
    keys(&mut model, "3 j a C-u");
    type_text(&mut model, "nowhere:x");
    keys(&mut model, "Enter");
    let Some(Overlay::Prompt(prompt)) = model.overlays.last() else {
        panic!("the prompt stays open");
    };
    let problem = prompt.problem.clone().unwrap_or_default();
    assert!(
        problem.contains("no service 'nowhere': webhook"),
        "{problem}"
    );
    keys(&mut model, "C-u");
    type_text(&mut model, "webhook:ops");
    assert!(commands(keys(&mut model, "Enter")).is_empty());
    let (_, command) = only(keys(&mut model, "y"));
    let expected = Command::Resend(Resend::DeliveryTo {
        id: delivery(30, DeliveryState::Pending, "x", "y").new.id,
        destination: Destination::parse("webhook:ops"),
    });
    assert_eq!(command, expected);
    let (_, command) = only(keys(&mut model, "R y"));
    let expected = Command::Resend(Resend::Resource {
        key: key("Pod", "team-a", "worker-5c7b9d-qq2lm"),
        trigger: Some("on-oom".into()),
        destination: Some(Destination::parse("slack:team-a-alerts")),
    });
    assert_eq!(command, expected);
}

#[test]
fn deliveries_are_paged_through_in_their_form() {
    let mut model = standard();
    keys(&mut model, "3 Enter t ]");
    let Some(Screen::Delivery(screen)) = model.screens.last() else {
        panic!("a delivery is open");
    };
    assert_eq!(screen.row.state, DeliveryState::Pending);
    assert_eq!(screen.form.word(), "raw");
    keys(&mut model, "[ [ [");
    let Some(Screen::Delivery(screen)) = model.screens.last() else {
        panic!("a delivery is open");
    };
    assert_eq!(screen.row.new.name, "web-7d9f8b6c5d-abcde");
}

#[test]
fn a_click_on_a_head_sorts_and_one_on_a_line_of_a_screen_selects_and_opens() {
    let mut model = standard();
    let click = |model: &mut Model, x: u16, y: u16| {
        send(model, Msg::Mouse(MouseInput::Click { x, y }));
    };
    // The head NAME of pane 1, which is below two lines and a border.
    let before = model.overview.resources.table.arrangement().clone();
    click(&mut model, 24, 3);
    let by_name = model.overview.resources.table.arrangement().clone();
    assert_ne!(by_name.column, before.column);
    click(&mut model, 24, 3);
    let reversed = model.overview.resources.table.arrangement().clone();
    assert_eq!(reversed.column, by_name.column);
    assert_ne!(reversed.descending, by_name.descending);
    let mut model = explained_screen("Enter");
    let lines = resource_screen(&model).lines().len();
    click(&mut model, 10, 6);
    assert_eq!(resource_screen(&model).window.position, 3);
    click(&mut model, 10, 6);
    assert!(resource_screen(&model).lines().len() < lines, "folded");
    // Everywhere else nothing happens that should not.
    for (x, y) in [(0, 0), (119, 35), (500, 500), (60, 20), (5, 30)] {
        click(&mut model, x, y);
    }
}

#[test]
fn only_what_is_under_way_is_given_up_and_only_after_a_question() {
    let mut model = standard();
    // The newest delivery was sent.
    assert!(commands(keys(&mut model, "3 K")).is_empty());
    assert!(
        flash(&model).contains("nothing is under way"),
        "{}",
        flash(&model)
    );
    let id = delivery(30, DeliveryState::Pending, "x", "y").new.id;
    let (request, command) = only(keys(&mut model, "j K y"));
    assert_eq!(command, Command::Cancel(Cancel::Delivery(id)));
    answer(&mut model, request, Ok(Reply::Cancelled { deliveries: 1 }));
    assert!(flash(&model).starts_with("given up"), "{}", flash(&model));
    // Of many marked ones only those that wait.
    keys(&mut model, "* K");
    let (_, command) = only(keys(&mut model, "y"));
    assert_eq!(command, Command::Cancel(Cancel::Delivery(id)));
}

#[test]
fn a_condition_that_is_being_written_is_explained_on_the_selected_resource() {
    let mut model = standard();
    keys(&mut model, "4 G k e Down C-e");
    type_text(&mut model, " and true");
    let effects = keys(&mut model, "F3");
    let trial = resource_screen(&model).trial.clone().expect("is tried");
    assert!(trial.source.ends_with(" and true"), "{}", trial.source);
    let selected = model.overview.resources.selected.clone();
    let explains = |effect: &Effect| match effect {
        Effect::Submit(_, Command::Explain(on)) => Some(on) == selected.as_ref(),
        _ => false,
    };
    assert!(effects.iter().any(explains), "{effects:?}");
    // Evaluated when the object is here, and as it is typed on.
    answer_inspections(&mut model, effects);
    let trial = resource_screen(&model).trial.clone().expect("is tried");
    assert!(matches!(trial.result, Some(Ok(_))), "{trial:?}");
    keys(&mut model, "(");
    let trial = resource_screen(&model).trial.clone().expect("is tried");
    assert!(trial.source.ends_with(" and true("), "{}", trial.source);
    assert!(matches!(trial.result, Some(Err(_))), "{trial:?}");
    // Back in steps: what is tried, then the resource.
    keys(&mut model, "Esc Esc");
    assert!(matches!(model.screens.last(), Some(Screen::Editor(_))));
}

#[test]
fn a_trigger_that_cant_be_read_is_not_explained() {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "[");
    assert!(commands(keys(&mut model, "F3")).is_empty());
    assert!(flash(&model).contains("the trigger can't be read"));
}
