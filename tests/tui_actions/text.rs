//! Writing in the editor: checks while it is typed, candidates, search and replace, whole
//! ConfigMaps, other names, vim's modes, rights.

use crate::fixture::{
    NOW, answer, answer_inspections, batch, catalog, full, keys, options, send, type_text,
};
use crate::{commands, editor, flash, only, standard};
use kubechime::check::{PartState, Verdict};
use kubechime::engine::{Batch, CatalogView, Command, CommandError, Reply};
use kubechime::tui::Options;
use kubechime::tui::message::{Effect, Job, Msg};
use kubechime::tui::model::{Model, Overlay, Screen};
use kubechime::tui::screens::editor::Focus;
use kubechime::tui::update::{next_wake, update};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Opens `trigger.on-oom`, with the object that pane 1 has selected.
fn opened(model: &mut Model) {
    let effects = keys(model, "4 G k e");
    answer_inspections(model, effects);
}

/// Nothing is typed for a moment.
fn pause(model: &mut Model) {
    model.now_ms += 250;
    send(model, Msg::Wake);
}

fn part(model: &Model, name: &str) -> PartState {
    let parts = &editor(model).checks.shown.parts;
    parts
        .iter()
        .find(|part| part.name == name)
        .unwrap_or_else(|| panic!("{parts:?}"))
        .state
}

fn changes(model: &mut Model) -> BTreeMap<String, Option<String>> {
    let (_, command) = only(keys(model, "C-s"));
    match command {
        Command::Apply {
            changes,
            dry_run: true,
            ..
        } => changes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mistake_is_told_after_a_pause_with_its_place() {
    let mut model = standard();
    opened(&mut model);
    assert_eq!(part(&model, "names"), PartState::Good);
    keys(&mut model, "Down Down C-e");
    keys(&mut model, "Backspace");
    type_text(&mut model, ", raedy]");
    // Nothing was looked at yet, and the old verdict counts for nothing.
    assert_eq!(editor(&model).verdict, Verdict::default());
    assert!(next_wake(&model) <= NOW + 250);
    pause(&mut model);
    assert_eq!(part(&model, "names"), PartState::Bad);
    let found = editor(&model)
        .verdict
        .findings
        .iter()
        .find(|f| f.code == "unknown-template");
    let at = found.and_then(|finding| finding.position).expect("a place");
    assert_eq!(at.line, 3, "{found:?}");
    keys(&mut model, "C-Home F2");
    assert_eq!(editor(&model).buffer.position(), at);
    // From the list.
    keys(&mut model, "C-Home C-t");
    assert_eq!(editor(&model).focus, Focus::Checks);
    type_text(&mut model, "x");
    assert!(
        !editor(&model).text().starts_with('x'),
        "characters are no text there"
    );
    keys(&mut model, "Enter");
    assert_eq!(
        (editor(&model).buffer.position(), editor(&model).focus),
        (at, Focus::Text)
    );
}

/// A look that ends after the text has changed counts for nothing.
#[test]
fn a_late_look_is_dropped() {
    let mut model = standard();
    opened(&mut model);
    type_text(&mut model, "#");
    model.now_ms += 250;
    let jobs = update(&mut model, Msg::Wake);
    let job = jobs.into_iter().find_map(|effect| match effect {
        Effect::Job(session, job @ Job::Judge(_)) => Some((session, job)),
        _ => None,
    });
    let (session, job) = job.expect("a look was begun");
    type_text(&mut model, "x");
    let cancel = tokio_util::sync::CancellationToken::new();
    let done = kubechime::tui::work(job, None, None, &cancel).expect("is done");
    send(&mut model, Msg::Job(session, done));
    assert_eq!(editor(&model).verdict, Verdict::default());
    pause(&mut model);
    assert_ne!(editor(&model).verdict, Verdict::default());
}

#[test]
fn candidates_are_chosen_and_written() {
    let mut model = standard();
    opened(&mut model);
    keys(&mut model, "Down Down C-e Backspace");
    type_text(&mut model, ", po");
    keys(&mut model, "C-Space");
    let popup = editor(&model).popup.as_ref().expect("a list");
    assert_eq!(
        popup.chosen().map(|chosen| chosen.label.as_str()),
        Some("pod-oom")
    );
    keys(&mut model, "Tab");
    type_text(&mut model, "]");
    assert!(
        editor(&model).text().contains("send: [pod-oom, pod-oom]"),
        "{}",
        editor(&model).text()
    );
    // Fields of the selected resource's object.
    keys(&mut model, "Up C-e");
    type_text(&mut model, " and pod.status.ph");
    keys(&mut model, "C-Space Enter");
    assert!(
        editor(&model).text().contains("and pod.status.phase\n"),
        "{}",
        editor(&model).text()
    );
    // Esc closes the list, not the editor.
    type_text(&mut model, " == pod.");
    keys(&mut model, "C-Space Down Esc");
    assert!(editor(&model).popup.is_none());
}

#[test]
fn searching_and_replacing() {
    let mut model = standard();
    opened(&mut model);
    keys(&mut model, "C-a");
    type_text(&mut model, "a b a");
    keys(&mut model, "Enter");
    type_text(&mut model, "A a");
    keys(&mut model, "C-Home C-f");
    type_text(&mut model, "a");
    keys(&mut model, "Enter A-n");
    assert_eq!(editor(&model).buffer.cursor().column, 4);
    keys(&mut model, "A-p");
    assert_eq!(editor(&model).buffer.cursor().column, 0);
    keys(&mut model, "Esc C-Home C-r");
    type_text(&mut model, "a");
    keys(&mut model, "Enter");
    type_text(&mut model, "xy");
    keys(&mut model, "Enter n y a");
    assert_eq!(editor(&model).text(), "a b xy\nxy xy");
    assert!(editor(&model).replacing.is_none());
    keys(&mut model, "C-u C-u");
    assert_eq!(editor(&model).text(), "a b a\nA a");
    keys(&mut model, "C-y C-g");
    type_text(&mut model, "2:3");
    keys(&mut model, "Enter");
    assert_eq!(editor(&model).buffer.position().to_string(), "2:3");
}

#[test]
fn lines_are_cut_copied_and_commented() {
    let mut model = standard();
    opened(&mut model);
    keys(&mut model, "C-a");
    type_text(&mut model, "one");
    keys(&mut model, "Enter");
    type_text(&mut model, "two");
    let effects = keys(&mut model, "C-Home C-x");
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Copy(text) if text == "one\n"))
    );
    keys(&mut model, "C-v C-Home C-d A-/");
    assert_eq!(editor(&model).text(), "one\n# one\ntwo");
    keys(&mut model, "C-a Tab");
    assert_eq!(editor(&model).text(), "  one\n  # one\n  two");
}

#[test]
fn of_a_whole_config_map_only_what_changed_is_written() {
    let mut model = standard();
    keys(&mut model, "4 E");
    assert_eq!(editor(&model).id.key, None);
    assert!(
        editor(&model)
            .text()
            .contains("\n  trigger.on-oom: |\n    - description:")
    );
    assert!(
        commands(keys(&mut model, "C-s")).is_empty(),
        "{}",
        flash(&model)
    );
    keys(&mut model, "C-f");
    type_text(&mut model, "metadata.name");
    keys(&mut model, "Enter Esc Delete Delete Delete");
    let text = editor(&model).text();
    assert!(text.contains("{{.pod.adata.name"), "{text}");
    keys(&mut model, "C-u C-u C-u");
    keys(&mut model, "C-f");
    type_text(&mut model, "message: |");
    keys(&mut model, "Enter Esc End Enter");
    type_text(&mut model, "Hello");
    let changes = changes(&mut model);
    let expected = "message: |\n  Hello\n  {{.pod.metadata.name}}\n";
    let expected = BTreeMap::from([("template.pod-oom".to_owned(), Some(expected.to_owned()))]);
    assert_eq!(changes, expected);
    // A mistake in the YAML has a place, and nothing is asked of the server.
    let mut model = standard();
    keys(&mut model, "4 E C-Home");
    type_text(&mut model, "[");
    assert!(commands(keys(&mut model, "C-s")).is_empty());
    let (_, message) = editor(&model).message.clone().expect("is told");
    assert!(
        message.starts_with(|c: char| c.is_ascii_digit()),
        "{message}"
    );
}

#[test]
fn a_key_gets_another_name_where_it_is_referred_to() {
    let mut model = standard();
    keys(&mut model, "4 g j R C-u");
    type_text(&mut model, "template.memory");
    keys(&mut model, "Enter");
    assert_eq!(editor(&model).id.key, None, "{}", flash(&model));
    let (_, message) = editor(&model).message.clone().expect("is told");
    assert!(message.contains("trigger.on-oom"), "{message}");
    pause(&mut model);
    let changes = editor(&model).changes().expect("is YAML");
    assert_eq!(changes["template.pod-oom"], None);
    assert_eq!(
        changes["template.memory"].as_deref(),
        Some("message: |\n  {{.pod.metadata.name}}\n")
    );
    let trigger = changes["trigger.on-oom"].as_deref().expect("stays");
    assert!(trigger.contains("send: [memory]"), "{trigger}");
    assert_eq!(changes.len(), 3);
    // It is a draft from the beginning.
    assert_eq!(model.drafts.len(), 0);
    model.now_ms += 1_000;
    send(&mut model, Msg::Wake);
    assert_eq!(model.drafts.len(), 1);
}

#[test]
fn keys_are_taken_away_copied_and_added_from_examples() {
    let mut model = standard();
    keys(&mut model, "4 g j X");
    let changes = editor(&model).changes().expect("is YAML");
    assert_eq!(
        changes,
        BTreeMap::from([("template.pod-oom".to_owned(), None)])
    );
    keys(&mut model, "F8 y");
    assert!(model.screens.is_empty());
    keys(&mut model, "4 g j C C-u");
    type_text(&mut model, "template.copy");
    keys(&mut model, "Enter");
    assert_eq!(editor(&model).id.key.as_deref(), Some("template.copy"));
    assert!(editor(&model).text().contains("{{.pod.metadata.name}}"));
    keys(&mut model, "Esc 4 A");
    type_text(&mut model, "crashloop");
    keys(&mut model, "Enter");
    let changes = editor(&model).changes().expect("is YAML");
    let names: Vec<&str> = changes.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "service.slack",
            "template.pod-crashloop",
            "trigger.on-pod-crashloop"
        ]
    );
}

#[test]
fn the_list_of_drafts_says_how_they_stand() {
    let mut model = standard();
    opened(&mut model);
    type_text(&mut model, "# mine");
    keys(&mut model, "Esc");
    let moved = CatalogView {
        resource_version: "88300".into(),
        ..catalog()
    };
    batch(
        &mut model,
        Batch {
            catalog: Some(Arc::new(moved)),
            ..Batch::default()
        },
    );
    keys(&mut model, "1 9");
    assert!(matches!(model.screens.last(), Some(Screen::Drafts(_))));
    let draft = model.drafts.iter().next().expect("a draft");
    let (standing, care) = kubechime::tui::screens::drafts::standing(&model, draft);
    assert!(!care && standing.contains("other keys"), "{standing}");
    keys(&mut model, "Enter");
    assert!(editor(&model).text().starts_with("# mine"));
    keys(&mut model, "Esc X");
    assert!(
        matches!(model.overlays.last(), Some(Overlay::Confirm(_))),
        "discarding asks"
    );
    keys(&mut model, "y");
    assert!(model.drafts.is_empty());
}

#[test]
fn vims_modes() {
    let vim = Options {
        vim: true,
        ..options()
    };
    let mut model = full(&vim, 120, 36);
    opened(&mut model);
    let before = editor(&model).text();
    type_text(&mut model, "ddp");
    assert_ne!(editor(&model).text(), before);
    type_text(&mut model, "u");
    type_text(&mut model, "u");
    assert_eq!(editor(&model).text(), before);
    type_text(&mut model, "O# first");
    // Esc ends the mode, and only then the editor.
    keys(&mut model, "Esc");
    assert!(editor(&model).text().starts_with("# first\n"));
    type_text(&mut model, "/send");
    keys(&mut model, "Enter");
    assert_eq!(editor(&model).buffer.position().line, 4);
    type_text(&mut model, ":w");
    let (_, command) = only(keys(&mut model, "Enter"));
    assert!(matches!(command, Command::Apply { dry_run: true, .. }));
    type_text(&mut model, ":%s/oom/kill/g");
    keys(&mut model, "Enter");
    assert!(editor(&model).text().contains("pod-kill"));
    type_text(&mut model, ":q");
    keys(&mut model, "Enter");
    assert!(model.screens.is_empty());
    assert_eq!(model.drafts.len(), 1);
}

/// Without the right to write, everything works but applying, which says why.
#[test]
fn without_the_right_the_editor_is_a_sandbox() {
    let mut model = standard();
    let effects = keys(&mut model, "4 G k e");
    let asked = commands(effects)
        .into_iter()
        .find(|(_, command)| *command == Command::MayWriteConfig);
    let (request, _) = asked.expect("the right is asked for");
    let reason = "you may not write the ConfigMap default/cm: needs verb \"patch\" on configmaps";
    answer(
        &mut model,
        request,
        Ok(Reply::MayWriteConfig(Some(reason.into()))),
    );
    type_text(&mut model, "- when: pod.(\n");
    pause(&mut model);
    assert_eq!(part(&model, "trigger"), PartState::Bad);
    assert!(commands(keys(&mut model, "C-s")).is_empty());
    assert!(flash(&model).contains(reason), "{}", flash(&model));
    // That nobody could be asked is no reason.
    let mut model = standard();
    let effects = keys(&mut model, "4 G k e");
    for (request, command) in commands(effects) {
        if command == Command::MayWriteConfig {
            answer(&mut model, request, Err(CommandError::Stopped));
        }
    }
    type_text(&mut model, "# x\n");
    assert_eq!(changes(&mut model).len(), 1);
}

#[test]
fn read_only_edits_and_checks_but_does_not_apply() {
    let read_only = Options {
        read_only: true,
        ..options()
    };
    let mut model = full(&read_only, 120, 36);
    opened(&mut model);
    type_text(&mut model, "# x\n");
    pause(&mut model);
    assert_eq!(part(&model, "yaml"), PartState::Good);
    assert!(commands(keys(&mut model, "C-s")).is_empty());
    assert!(flash(&model).contains("read-only"), "{}", flash(&model));
}

#[test]
fn the_users_own_editor_takes_the_text_and_gives_it_back() {
    let mut model = standard();
    opened(&mut model);
    let before = editor(&model).text();
    let handed = keys(&mut model, "F4")
        .into_iter()
        .find_map(|effect| match effect {
            Effect::External(id, text) => Some((id, text)),
            _ => None,
        });
    let (id, text) = handed.expect("is handed over");
    assert_eq!(text, before);
    send(
        &mut model,
        Msg::Edited(id.clone(), Ok(format!("# new\n{text}"))),
    );
    assert!(editor(&model).text().starts_with("# new\n"));
    send(
        &mut model,
        Msg::Edited(id, Err("the editor 'vi' ended with 1".into())),
    );
    assert!(flash(&model).contains("'vi'"));
    keys(&mut model, "C-u");
    assert_eq!(editor(&model).text(), before);
}
