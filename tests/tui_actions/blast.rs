//! What a draft would do, rendered templates, and the migration of keys: what is asked of the
//! engine, and what is made of its answers.

use crate::fixture::{answer, batch, catalog, key, keys, send, status, type_text};
use crate::{commands, flash, only, standard};
use kubechime::domain::{ConditionKey, Destination, Mode};
use kubechime::engine::{
    Batch, BlastRadius, CatalogView, Command, Effect as Change, EffectKind, Migration, PreviewNews,
    RenderOrder, Reply, Succession, Totals, WorkPhase,
};
use kubechime::tui::message::{Effect, Msg, RequestId};
use kubechime::tui::model::{Model, Overlay, Screen};
use kubechime::tui::screens::blast::Sort;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The editor on a draft of a trigger.
fn drafted() -> Model {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# new\n");
    model
}

/// The same with its blast radius asked for.
pub fn asked() -> (Model, RequestId, u64) {
    let mut model = drafted();
    let (request, command) = asks(keys(&mut model, "F6"));
    let Command::Preview { number, changes } = command else {
        panic!("{command:?}");
    };
    let text = changes["trigger.on-oom"].as_deref().unwrap();
    assert!(text.starts_with("# new\n"), "{text}");
    (model, request, number)
}

/// The only command that is no inspection.
fn asks(effects: Vec<Effect>) -> (RequestId, Command) {
    only(effects)
}

pub fn effect(name: &str, to: &str, kind: EffectKind) -> Change {
    Change {
        resource: key("Pod", "team-a", name),
        trigger: "on-oom".into(),
        condition: ConditionKey::of(0, "x"),
        destination: Some(Destination::parse(to)),
        kind,
    }
}

fn again() -> EffectKind {
    EffectKind::SentAgain {
        before: "old".into(),
        after: "new".into(),
        at: 7,
    }
}

pub fn news(number: u64, phase: WorkPhase, effects: Vec<Change>) -> PreviewNews {
    let totals = Totals {
        sent: 1,
        sent_again: 2,
        ..Totals::default()
    };
    let to = |text: &str, sent, sent_again| {
        let totals = Totals {
            sent,
            sent_again,
            ..Totals::default()
        };
        (Destination::parse(text), totals)
    };
    PreviewNews {
        number,
        phase,
        revision: "88213".into(),
        done: 3,
        all: 3,
        radius: BlastRadius {
            totals,
            by_destination: BTreeMap::from([to("slack:a", 0, 1), to("webhook:b", 1, 1)]),
            effects,
            ..BlastRadius::default()
        },
        changed_keys: vec![Succession {
            trigger: "on-oom".into(),
            before: ConditionKey::of(0, "a"),
            after: ConditionKey::of(0, "b"),
            once_per: false,
        }],
        entries: 2,
        ..PreviewNews::default()
    }
}

pub fn tell(model: &mut Model, news: PreviewNews) {
    let told = Batch {
        preview: Some(Box::new(news)),
        ..Batch::default()
    };
    batch(model, told);
}

pub fn over(model: &mut Model, number: u64) {
    let effects = vec![
        effect("web-1", "slack:a", again()),
        effect("web-2", "webhook:b", again()),
    ];
    tell(model, news(number, WorkPhase::Looking, effects));
    let more = vec![effect("web-3", "webhook:b", EffectKind::Sent)];
    tell(model, news(number, WorkPhase::Over, more));
}

pub fn listed(model: &Model) -> Vec<&str> {
    let blast = model.blast.as_ref().unwrap();
    let effects = blast.listed.iter().map(|place| &blast.effects[*place]);
    effects.map(|effect| &*effect.resource.name).collect()
}

#[test]
fn effects_come_as_they_are_found_and_lead_to_their_resources() {
    let (mut model, _, number) = asked();
    // News of another one are late.
    tell(&mut model, news(number + 7, WorkPhase::Over, vec![]));
    assert_eq!(model.blast.as_ref().unwrap().news.done, 0);
    over(&mut model, number);
    assert_eq!(listed(&model), ["web-1", "web-2", "web-3"]);
    // The destination with most comes first; the first row stands for all.
    keys(&mut model, "j");
    let blast = model.blast.as_ref().unwrap();
    assert_eq!(blast.destination, Some(Destination::parse("webhook:b")));
    assert_eq!(listed(&model), ["web-2", "web-3"]);
    keys(&mut model, "]");
    assert_eq!(model.blast.as_ref().unwrap().sort, Sort::New);
    assert_eq!(listed(&model), ["web-3"]);
    // News keep what is chosen.
    let number_of_more = vec![effect("web-9", "webhook:b", EffectKind::Sent)];
    tell(&mut model, news(number, WorkPhase::Over, number_of_more));
    assert_eq!(listed(&model), ["web-3", "web-9"]);
    // Sorts of which there is nothing are left out.
    keys(&mut model, "] ]");
    assert_eq!(model.blast.as_ref().unwrap().sort, Sort::All);
    keys(&mut model, "Enter Enter");
    let Some(Screen::Resource(screen)) = model.screens.last() else {
        panic!("no resource is open");
    };
    assert_eq!(&*screen.key.name, "web-2");
    keys(&mut model, "Esc");
    assert!(matches!(model.screens.last(), Some(Screen::Blast)));
    let copied = keys(&mut model, "c");
    assert!(
        copied
            .iter()
            .any(|effect| matches!(effect, Effect::Copy(text)
            if text.contains("sent-again\tpod/team-a/web-2\ton-oom[0]\twebhook:b"))),
        "{copied:?}"
    );
}

#[test]
fn what_is_known_is_shown_again_until_something_changes() {
    let (mut model, request, number) = asked();
    assert_eq!(flash(&model), "");
    over(&mut model, number);
    answer(&mut model, request, Ok(Reply::Previewed));
    keys(&mut model, "Esc");
    assert!(commands(keys(&mut model, "F6")).is_empty());
    assert!(matches!(model.screens.last(), Some(Screen::Blast)));
    // Asked for on the screen itself it is found out anew.
    let (_, command) = only(keys(&mut model, "F6"));
    assert!(matches!(command, Command::Preview { number: newer, .. } if newer > number));
    // Another text is another draft.
    keys(&mut model, "Esc");
    type_text(&mut model, "# more\n");
    let (_, command) = only(keys(&mut model, "F6"));
    let Command::Preview { number, changes } = command else {
        panic!("{command:?}");
    };
    assert!(
        changes["trigger.on-oom"]
            .as_deref()
            .unwrap()
            .contains("# more")
    );
    over(&mut model, number);
    keys(&mut model, "Esc");
    // And another version in force makes it stale.
    let view = CatalogView {
        resource_version: "88300".into(),
        ..catalog()
    };
    let told = Batch {
        catalog: Some(Arc::new(view)),
        ..Batch::default()
    };
    batch(&mut model, told);
    let (_, command) = only(keys(&mut model, "F6"));
    assert!(matches!(command, Command::Preview { .. }));
}

#[test]
fn it_is_stopped_and_a_refusal_is_shown() {
    let (mut model, request, number) = asked();
    let (_, command) = only(keys(&mut model, "C-x"));
    assert_eq!(command, Command::StopWork(number));
    tell(&mut model, news(number, WorkPhase::Stopped, vec![]));
    assert!(commands(keys(&mut model, "C-x")).is_empty());
    assert!(flash(&model).contains("nothing is under way"));
    // Counts that are not whole allow no migration of what was not counted.
    keys(&mut model, "Esc");
    let (next, _) = only(keys(&mut model, "F6"));
    assert_ne!(next, request);
    let refusal = kubechime::engine::CommandError::Busy;
    answer(&mut model, next, Err(refusal));
    let blast = model.blast.as_ref().unwrap();
    assert!(matches!(&blast.news.phase, WorkPhase::Failed(why) if why.contains("busy")));
}

#[test]
fn the_draft_of_the_selected_key_is_looked_at_from_pane_4() {
    let mut model = drafted();
    keys(&mut model, "Esc");
    let (_, command) = only(keys(&mut model, "F6"));
    assert!(matches!(command, Command::Preview { .. }));
    keys(&mut model, "Esc g");
    assert!(commands(keys(&mut model, "F6")).is_empty());
    assert!(flash(&model).contains("no draft"), "{}", flash(&model));
}

#[test]
fn keys_are_migrated_after_a_question_and_taken_back_after_another() {
    let (mut model, _, number) = asked();
    keys(&mut model, "m");
    assert!(flash(&model).contains("not all known"), "{}", flash(&model));
    over(&mut model, number);
    keys(&mut model, "U");
    assert!(flash(&model).contains("no keys were migrated"));
    keys(&mut model, "m");
    let Some(Overlay::Confirm(question)) = model.overlays.last() else {
        panic!("no question");
    };
    let text = question.view.text().to_string();
    for part in ["2 entries", "sends 1 and not 3", "on-oom [0]."] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    let (request, command) = only(keys(&mut model, "y"));
    let Command::Migrate { number, changes } = command else {
        panic!("{command:?}");
    };
    assert!(changes.contains_key("trigger.on-oom"));
    let migration = Migration {
        number,
        phase: WorkPhase::Over,
        written: 2,
        entries: 2,
        ..Migration::default()
    };
    // When it has ended, the counts are found out anew.
    let effects = answer(
        &mut model,
        request,
        Ok(Reply::Migrated(Box::new(migration))),
    );
    let (_, command) = only(effects);
    let Command::Preview { number, .. } = command else {
        panic!("{command:?}");
    };
    assert!(flash(&model).contains("migrated: 2 entries"));
    let nothing = PreviewNews {
        entries: 0,
        ..news(number, WorkPhase::Over, vec![])
    };
    tell(&mut model, nothing);
    keys(&mut model, "m");
    assert!(flash(&model).contains("no state key changes"));
    let (_, command) = only(keys(&mut model, "U y"));
    assert!(matches!(command, Command::UndoMigration { .. }));

    let observing = Batch {
        status: Some(Arc::new(status(Mode::Observe))),
        ..Batch::default()
    };
    batch(&mut model, observing);
    keys(&mut model, "m");
    assert!(
        flash(&model).contains("needs mode active"),
        "{}",
        flash(&model)
    );
}

/// Goes to a key in pane 4.
pub fn select(model: &mut Model, wanted: &str) {
    keys(model, "4 g");
    let entries = model.overview.keys.entries().iter();
    let place = entries.take_while(|entry| entry.key != wanted).count();
    keys(model, &"j ".repeat(place));
}

#[test]
fn a_template_is_rendered_for_the_chosen_resource() {
    let mut model = standard();
    select(&mut model, "template.pod-oom");
    let (request, command) = only(keys(&mut model, "F3"));
    let Command::Render(order) = command else {
        panic!("{command:?}");
    };
    let selected = model.overview.resources.selected.clone().unwrap();
    let expected = RenderOrder {
        template: "pod-oom".into(),
        resource: selected.clone(),
        changes: BTreeMap::new(),
    };
    assert_eq!(*order, expected);
    // Another resource, by a part of its name; what was asked before is late then.
    keys(&mut model, "o C-u");
    let erase = "Backspace ".repeat(80);
    keys(&mut model, &erase);
    type_text(&mut model, "checkout");
    keys(&mut model, "Tab");
    let Some(Overlay::Prompt(prompt)) = model.overlays.last() else {
        panic!("no line");
    };
    assert!(prompt.line.text().ends_with("checkout"), "{prompt:?}");
    assert!(prompt.line.text().contains('/'), "{prompt:?}");
    let (_, command) = only(keys(&mut model, "Enter"));
    let Command::Render(order) = command else {
        panic!("{command:?}");
    };
    assert_eq!(&*order.resource.name, "checkout");
    let error = kubechime::engine::CommandError::NotFound("it".into());
    answer(&mut model, request, Err(error));
    let Some(Screen::Preview(screen)) = model.screens.last() else {
        panic!("no preview");
    };
    assert_eq!(screen.problem, None);
    // A name that nothing has stays on the line.
    keys(&mut model, "o");
    type_text(&mut model, "!nothing!");
    assert!(commands(keys(&mut model, "Enter")).is_empty());
    assert!(
        matches!(model.overlays.last(), Some(Overlay::Prompt(prompt)) if prompt.problem.is_some())
    );
}

#[test]
fn the_text_of_a_draft_is_rendered() {
    let mut model = standard();
    select(&mut model, "template.pod-oom");
    keys(&mut model, "e");
    type_text(&mut model, "# mine\n");
    let (_, command) = only(keys(&mut model, "F3"));
    let Command::Render(order) = command else {
        panic!("{command:?}");
    };
    let text = order.changes["template.pod-oom"].as_deref().unwrap();
    assert!(text.starts_with("# mine\n"), "{text}");
    send(&mut model, Msg::Resize(40, 10));
    assert!(matches!(model.screens.last(), Some(Screen::Preview(_))));
}
