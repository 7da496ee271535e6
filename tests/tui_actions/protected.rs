//! Protected contexts: whatever writes or sends is answered by the name of the context.

use crate::applying::{asked_to_apply, editing, reply};
use crate::fixture::{
    answer, batch, delivery, key, keys, launched, options, send, status, type_text,
};
use crate::{blast, commands, flash, only, standard, started, subscribing};
use kubechime::domain::{DeliveryState, Destination, Mode};
use kubechime::engine::{Batch, Command, HeldStatus, LeaseStatus, Migration, Reply, WorkPhase};
use kubechime::history::HeldCount;
use kubechime::tui::action;
use kubechime::tui::key::Key;
use kubechime::tui::message::{Effect, JobDone, Msg, Started};
use kubechime::tui::model::{Model, Overlay};
use kubechime::tui::sweep::{Found, Sweep};
use kubechime::tui::update::update;
use kubechime::tui::widgets::confirm::Confirm;
use std::sync::Arc;

fn protected() -> Model {
    let mut model = standard();
    model.session.protected = true;
    model
}

fn protect(mut model: Model) -> Model {
    model.session.protected = true;
    model
}

/// Answers the question as it wants to be answered.
fn agree(model: &mut Model) -> Vec<Effect> {
    type_text(model, "prod-eu");
    keys(model, "Enter")
}

fn question(model: &Model) -> &Confirm {
    match model.overlays.last() {
        Some(Overlay::Confirm(question)) => question,
        _ => panic!("no question: {}", flash(model)),
    }
}

fn writes(effects: Vec<Effect>) -> Vec<Command> {
    let commands = commands(effects).into_iter().map(|(_, command)| command);
    commands.filter(Command::writes).collect()
}

/// A key, and what was looked for in the history with it.
fn swept(script: &str, sweep: Sweep, state: DeliveryState) -> Model {
    let mut model = protected();
    keys(&mut model, "3");
    model.session.history = true;
    update(&mut model, Msg::Key(Key::parse(script).unwrap()));
    let found = Found {
        rows: vec![Arc::new(delivery(5, state, "web", "webhook"))],
        total: 1,
        ..Found::default()
    };
    let session = model.session.id;
    send(
        &mut model,
        Msg::Job(session, JobDone::Swept(sweep, Ok(found))),
    );
    model
}

fn held() -> Model {
    let mut model = protected();
    let held = HeldStatus {
        total: 7,
        groups: vec![HeldCount {
            destination: Destination::parse("slack:ops"),
            trigger: "on-oom".into(),
            count: 7,
            oldest_ms: 0,
        }],
    };
    let told = Batch {
        held: Some(Arc::new(held)),
        ..Batch::default()
    };
    batch(&mut model, told);
    model
}

fn cleared() -> Model {
    let mut model = protected();
    keys(&mut model, "D");
    let (request, _) = only(agree(&mut model));
    answer(&mut model, request, Ok(Reply::Cleared { entries: 1 }));
    model
}

fn weighed() -> Model {
    let (model, _, number) = blast::asked();
    let mut model = protect(model);
    blast::over(&mut model, number);
    model
}

fn migrated() -> Model {
    let mut model = weighed();
    keys(&mut model, "m");
    let (request, command) = only(agree(&mut model));
    let Command::Migrate { number, .. } = command else {
        panic!("{command:?}");
    };
    let migration = Migration {
        number,
        phase: WorkPhase::Over,
        written: 2,
        entries: 2,
        ..Migration::default()
    };
    answer(
        &mut model,
        request,
        Ok(Reply::Migrated(Box::new(migration))),
    );
    model
}

fn applied() -> Model {
    let mut model = protect(editing("# new\n"));
    asked_to_apply(&mut model);
    let (request, _) = only(agree(&mut model));
    answer(&mut model, request, reply("88214", false));
    model
}

fn elsewhere_active() -> Model {
    let mut model = protected();
    let mut observing = status(Mode::Observe);
    observing.lease = LeaseStatus::Other {
        holder: "kubechime-7f9c".into(),
    };
    let told = Batch {
        status: Some(Arc::new(observing)),
        ..Batch::default()
    };
    batch(&mut model, told);
    model
}

fn pressed(mut model: Model, script: &str) -> Model {
    keys(&mut model, script);
    model
}

/// The dashboard with the question of an action in front.
fn asked_by(name: &str) -> Option<Model> {
    Some(match name {
        "evaluate-and-send" => pressed(protected(), "3 R"),
        "cancel-delivery" => pressed(protected(), "3 j K"),
        "send-to" => pressed(protected(), "3 a Enter"),
        "resend" => pressed(protected(), "r"),
        "clear" => pressed(protected(), "D"),
        "baseline" => pressed(protected(), "b"),
        "undo-clear" => pressed(cleared(), "u"),
        "resend-failed" => swept("F", Sweep::Failed, DeliveryState::Failed),
        "cancel-waiting" => swept("W", Sweep::Waiting, DeliveryState::Pending),
        "release-held" => pressed(held(), "H"),
        "baseline-held" => pressed(held(), "B"),
        "migrate-keys" => pressed(weighed(), "m"),
        "undo-migration" => pressed(migrated(), "U"),
        "apply" => {
            let mut model = protect(editing("# new\n"));
            asked_to_apply(&mut model);
            model
        }
        "rollback" => pressed(applied(), "U"),
        "send-subscription" => {
            let mut model = protect(subscribing::form());
            type_text(&mut model, "on-oom");
            keys(&mut model, "Enter");
            type_text(&mut model, "webhook");
            pressed(model, "C-s")
        }
        "remove-subscription" => pressed(protect(subscribing::form()), "Shift-Tab C-d"),
        "take-lease" => pressed(elsewhere_active(), "T"),
        _ => return None,
    })
}

#[test]
fn every_action_that_writes_asks_for_the_name() {
    for action in action::all().filter(|action| action.writes) {
        let name = action.name;
        let reached = asked_by(name);
        let mut model = reached.unwrap_or_else(|| panic!("say above how {name} comes to ask"));
        let asked = format!("{name}: {}", question(&model).title);
        assert!(question(&model).then.is_dangerous(), "{asked}");
        // What answers another question is text here.
        let effects = keys(&mut model, "y Tab Enter");
        assert!(writes(effects).is_empty(), "{asked}");
        assert!(question(&model).mistyped, "{asked}");
        assert_eq!(question(&model).typed.text(), "y", "{asked}");
        keys(&mut model, "Backspace");
        assert!(!question(&model).mistyped, "{asked}");
        let written = writes(agree(&mut model));
        assert!(!written.is_empty(), "{asked}");
        assert!(!matches!(model.overlays.last(), Some(Overlay::Confirm(_))));
    }
}

#[test]
fn another_name_does_nothing_and_esc_leaves() {
    for wrong in ["prod", "PROD-EU", "prod-eu-1", "yes", "-"] {
        let mut model = protected();
        keys(&mut model, "r");
        type_text(&mut model, wrong);
        assert!(writes(keys(&mut model, "Enter")).is_empty(), "{wrong}");
        assert!(question(&model).mistyped, "{wrong}");
        keys(&mut model, "Esc");
        assert!(model.overlays.is_empty());
    }
    // Nothing typed is another name, too; what is pasted counts as typed.
    let mut model = protected();
    assert!(writes(keys(&mut model, "r Enter Enter")).is_empty());
    send(&mut model, Msg::Paste(" prod-eu\n".into()));
    assert_eq!(writes(keys(&mut model, "Enter")).len(), 1);
}

#[test]
fn many_are_confirmed_by_the_name_too() {
    let mut model = protected();
    keys(&mut model, "3 Space Space r");
    assert!(writes(keys(&mut model, "y Enter")).is_empty());
    keys(&mut model, "Backspace");
    assert_eq!(writes(agree(&mut model)).len(), 2);
}

#[test]
fn only_the_mode_that_sends_asks_for_the_name() {
    let mut model = protected();
    keys(&mut model, "m");
    type_text(&mut model, "observe");
    keys(&mut model, "Enter");
    let command = Command::SetMode(Mode::Observe);
    assert_eq!(only(keys(&mut model, "y")).1, command);
    let mut model = elsewhere_active();
    if let Some(status) = model.session.status.as_mut() {
        Arc::make_mut(status).wanted = Mode::Observe;
    }
    keys(&mut model, "m");
    type_text(&mut model, "active");
    keys(&mut model, "Enter");
    assert!(commands(keys(&mut model, "y Enter")).is_empty());
    keys(&mut model, "Backspace");
    let (_, command) = only(agree(&mut model));
    assert_eq!(command, Command::SetMode(Mode::Active));
}

#[test]
fn what_is_lost_only_here_is_confirmed_by_a_key() {
    let mut model = protect(editing("# new\n"));
    keys(&mut model, "F8");
    assert!(!question(&model).then.is_dangerous());
    keys(&mut model, "y");
    assert!(model.screens.is_empty() && model.overlays.is_empty());
    let mut model = protect(editing("# new\n"));
    keys(&mut model, "Esc q");
    let left = keys(&mut model, "y");
    assert!(left.iter().any(|effect| matches!(effect, Effect::Quit)));
}

#[test]
fn each_context_has_its_own_setting() {
    let mut model = launched(&options(), 120, 36);
    for (context, protected) in [("prod-eu", true), ("staging", false), ("prod-us", true)] {
        keys(&mut model, ":");
        type_text(&mut model, &format!("ctx {context}"));
        keys(&mut model, "Enter");
        let session = model.session.id;
        let started = Started {
            protected,
            ..started(context, false)
        };
        send(&mut model, Msg::Launched(session, Ok(started)));
        assert_eq!(model.session.protected, protected, "{context}");
        assert_eq!(model.context_name(), context);
    }
}

#[test]
fn a_name_that_can_not_be_seen_is_typed_as_it_is_shown() {
    let mut model = protected();
    model.session.context = "prod\u{202e}\n".into();
    assert_eq!(model.context_name(), "prod\\u{202e}");
    keys(&mut model, "r");
    type_text(&mut model, "prod\\u{202e}");
    let sent = writes(keys(&mut model, "Enter"));
    let Some(Command::Resend(kubechime::engine::Resend::Resource { key: about, .. })) =
        sent.first()
    else {
        panic!("{sent:?}");
    };
    assert_eq!(*about, key("Pod", "team-a", "web-7d9f8b6c5d-abcde"));
}
