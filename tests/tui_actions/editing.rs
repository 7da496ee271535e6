//! Drafts: kept, checked, applied, found again.

use crate::fixture::{NOW, answer, batch, catalog, full, keys, options, send_with, type_text};
use crate::{commands, editor, flash, keys_with, only, standard, started, weighing};
use kubechime::check::{Fate, Verdict};
use kubechime::domain::{Position, Severity};
use kubechime::engine::{Batch, CatalogView, Command, CommandError, Reply};
use kubechime::tui::Options;
use kubechime::tui::message::{Effect, Msg};
use kubechime::tui::model::Overlay;
use kubechime::tui::update::next_wake;
use std::sync::Arc;

#[test]
fn applying_checks_asks_and_writes_with_the_base() {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# new\n");
    let (request, command) = only(keys(&mut model, "C-s"));
    let Command::Apply {
        base,
        changes,
        dry_run: true,
        ..
    } = command
    else {
        panic!("{command:?}");
    };
    assert_eq!(base.as_deref(), Some("88213"));
    let text = changes["trigger.on-oom"].clone().unwrap();
    assert!(text.starts_with("# new"), "{text}");
    // Not twice while the server is at work.
    assert!(commands(keys(&mut model, "C-s")).is_empty());
    let checked = Reply::Applied {
        resource_version: "88213".into(),
        dry_run: true,
    };
    let effects = answer(&mut model, request, Ok(checked));
    weighing::harmless(&mut model, effects);
    let (request, command) = only(keys(&mut model, "y"));
    let expected = Command::Apply {
        base: Some("88213".into()),
        changes,
        effect: "blast radius: would send 0 = 0 new + 0 again, no new errors".into(),
        dry_run: false,
    };
    assert_eq!(command, expected);
    let written = Reply::Applied {
        resource_version: "88214".into(),
        dry_run: false,
    };
    answer(&mut model, request, Ok(written));
    assert!(model.screens.is_empty());
    assert!(model.drafts.is_empty());
    assert!(flash(&model).contains("88214"));
}

#[test]
fn a_conflict_keeps_the_draft_and_rebasing_goes_on() {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# ...\n");
    let (request, _) = only(keys(&mut model, "C-s"));
    let conflict = CommandError::Conflict {
        base: "88213".into(),
        live: "88300".into(),
    };
    answer(&mut model, request, Err(conflict));
    let (severity, message) = editor(&model).message.clone().unwrap();
    assert_eq!(severity, Severity::Error);
    assert!(
        message.contains("88300") && message.contains("F5"),
        "{message}"
    );
    assert_eq!(model.drafts.len(), 1);
    let view = CatalogView {
        resource_version: "88300".into(),
        ..catalog()
    };
    batch(
        &mut model,
        Batch {
            catalog: Some(Arc::new(view)),
            ..Batch::default()
        },
    );
    let (_, command) = only(keys(&mut model, "F5 C-s"));
    assert!(matches!(command, Command::Apply { base: Some(base), .. } if base == "88300"));
}

#[test]
fn a_draft_with_errors_is_applied_only_when_that_is_said() {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "- when: pod.(\n");
    // Nothing is asked of the server before.
    assert!(commands(keys(&mut model, "C-s")).is_empty());
    let Some(Overlay::Confirm(question)) = model.overlays.last() else {
        panic!("no question");
    };
    assert_eq!(question.yes, "Apply anyway");
    assert!(!question.accept);
    assert!(commands(keys(&mut model, "Enter")).is_empty());
    let verdict = &editor(&model).verdict;
    assert_eq!(
        verdict.broken,
        [("trigger.on-oom".to_owned(), Fate::LastGood)]
    );
    let mut places = verdict.findings.iter().map(|finding| finding.position);
    let place = Position {
        line: 1,
        column: 13,
    };
    assert!(places.any(|at| at == Some(place)), "{verdict:?}");
    let (_, command) = only(keys(&mut model, "C-s y"));
    assert!(matches!(command, Command::Apply { dry_run: true, .. }));
    // Said once, it is asked again for another text.
    type_text(&mut model, "- when: pod.(\n");
    assert_eq!(editor(&model).verdict, Verdict::default());
}

#[test]
fn leaving_the_editor_keeps_the_draft() {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "abc");
    keys(&mut model, "Esc");
    assert!(model.screens.is_empty());
    let marked = model
        .overview
        .keys
        .entries()
        .iter()
        .find(|entry| entry.draft);
    assert_eq!(
        marked.map(|entry| entry.key.as_str()),
        Some("trigger.on-oom")
    );
    keys(&mut model, "e");
    assert!(editor(&model).text().starts_with("abc"));
    keys(&mut model, "Esc");
    // Leaving asks, because the draft would be lost: there is no place for it here.
    assert!(
        !keys(&mut model, "q")
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
    assert!(
        keys(&mut model, "y")
            .iter()
            .any(|effect| matches!(effect, Effect::Quit))
    );
    // A text that is as it was is no draft.
    keys(&mut model, "e");
    keys(&mut model, "Delete Delete Delete Esc");
    assert!(model.drafts.is_empty());
}

#[test]
fn drafts_are_on_disk_after_a_pause_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options {
        state_dir: Some(directory.path().into()),
        ..options()
    };
    let place = Some(directory.path());
    let mut model = full(&options, 120, 36);
    keys(&mut model, "4 G k e");
    type_text(&mut model, "abc");
    assert!(next_wake(&model) <= NOW + 1_000);
    model.now_ms = NOW + 1_000;
    send_with(&mut model, Msg::Wake, None, place);
    let mut later = full(&options, 120, 36);
    let (drafts, problems) = kubechime::tui::draft::load(directory.path(), "prod-eu");
    assert_eq!((drafts.len(), problems.len()), (1, 0));
    let session = later.session.id;
    let started = Msg::Launched(session, Ok(started("prod-eu", false)));
    send_with(&mut later, started, None, place);
    keys(&mut later, "4 G k e");
    assert!(editor(&later).text().starts_with("abc"));
    // Discarding asks, and removes the file.
    let mut effects = keys_with(&mut later, "F8 y", place);
    effects.clear();
    assert!(
        kubechime::tui::draft::load(directory.path(), "prod-eu")
            .0
            .is_empty()
    );
}

#[test]
fn a_new_key_must_be_one_that_is_read() {
    let mut model = standard();
    keys(&mut model, "4 n C-u");
    type_text(&mut model, "foo bar");
    keys(&mut model, "Enter");
    assert!(
        matches!(model.overlays.last(), Some(Overlay::Prompt(prompt)) if prompt.problem.is_some())
    );
    keys(&mut model, "C-u");
    type_text(&mut model, "trigger.on-new");
    keys(&mut model, "Enter");
    assert_eq!(editor(&model).id.key.as_deref(), Some("trigger.on-new"));
    assert!(editor(&model).text().contains("when:"));
}

#[test]
fn without_a_config_map_one_is_made_from_an_example() {
    let mut model = standard();
    let view = CatalogView {
        found: false,
        data: Arc::default(),
        resource_version: String::new(),
        ..catalog()
    };
    batch(
        &mut model,
        Batch {
            catalog: Some(Arc::new(view)),
            ..Batch::default()
        },
    );
    keys(&mut model, "e");
    // The example needs a Secret, which is not there.
    let (_, command) = only(keys(&mut model, "C-s y"));
    let Command::Apply {
        base: None,
        changes,
        dry_run: true,
        ..
    } = command
    else {
        panic!("{command:?}");
    };
    assert!(
        changes.keys().any(|key| key.starts_with("trigger.")),
        "{changes:?}"
    );
}
