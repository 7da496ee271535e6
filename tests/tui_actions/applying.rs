//! From the question to what is in force: success, broken keys, rolling back, merging.

use crate::fixture::{NOW, answer, catalog, catalog_with, configure, keys, send, type_text};
use crate::{editor, flash, standard, weighing};
use kubechime::catalog::{ConfigMeta, ConfigWriter};
use kubechime::domain::Severity;
use kubechime::engine::{CatalogView, Command, CommandError, Reply};
use kubechime::tui::message::{Effect, Msg, RequestId};
use kubechime::tui::model::{Model, Overlay, Screen, Stage};
use kubechime::tui::update::next_wake;
use std::collections::BTreeMap;
use std::sync::Arc;

const KEY: &str = "trigger.on-oom";

/// The `Apply` commands among what is asked for.
fn applies(effects: Vec<Effect>) -> Vec<(RequestId, Command)> {
    let submitted = effects.into_iter().filter_map(|effect| match effect {
        Effect::Submit(request, command @ Command::Apply { .. }) => Some((request, command)),
        _ => None,
    });
    submitted.collect()
}

fn one(effects: Vec<Effect>) -> (RequestId, Command) {
    let mut all = applies(effects);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

pub fn reply(version: &str, dry_run: bool) -> Result<Reply, CommandError> {
    Ok(Reply::Applied {
        resource_version: version.into(),
        dry_run,
    })
}

/// A dashboard with the editor on the trigger, this typed at its start.
pub fn editing(text: &str) -> Model {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    assert_eq!(editor(&model).id.key.as_deref(), Some(KEY));
    type_text(&mut model, text);
    model
}

/// Lets the server check what is in the editor: the question whether to apply it is in front then.
pub fn asked_to_apply(model: &mut Model) {
    let (request, _) = one(keys(model, "C-s"));
    let effects = answer(model, request, reply("88213", true));
    weighing::harmless(model, effects);
}

/// Applies what is in the editor as version 88214; gives its text.
fn applied(model: &mut Model) -> String {
    asked_to_apply(model);
    let (request, command) = one(keys(model, "y"));
    let Command::Apply { changes, .. } = command else {
        panic!("{command:?}");
    };
    answer(model, request, reply("88214", false));
    changes[KEY].clone().unwrap()
}

fn live() -> String {
    catalog().data[KEY].clone()
}

fn question(model: &Model) -> String {
    match model.overlays.last() {
        Some(Overlay::Confirm(question)) => question.view.text().to_string(),
        _ => panic!("no question"),
    }
}

#[test]
fn success_is_told_when_the_engine_goes_by_it() {
    let mut model = editing("# new\n");
    let text = applied(&mut model);
    assert!(flash(&model).contains("waiting"), "{}", flash(&model));
    // Another version that comes first is not the one.
    configure(&mut model, catalog_with("88213", &[]));
    assert!(flash(&model).contains("waiting"), "{}", flash(&model));
    configure(&mut model, catalog_with("88214", &[(KEY, Some(&text))]));
    assert!(
        flash(&model).contains("in force since"),
        "{}",
        flash(&model)
    );
    let stage = model.applied.as_ref().map(|applied| applied.stage.clone());
    assert_eq!(stage, Some(Stage::InForce(NOW)));
}

#[test]
fn a_version_that_breaks_keys_is_rolled_back_with_one_key() {
    let mut model = editing("# new\n");
    applied(&mut model);
    // What the engine then has can't be read.
    let broken = "- when: pod.(\n";
    if let Some(applied) = &mut model.applied {
        applied.changes.insert(KEY.into(), Some(broken.into()));
    }
    configure(&mut model, catalog_with("88214", &[(KEY, Some(broken))]));
    let told = model.flash.clone().unwrap();
    assert_eq!(told.severity, Severity::Error);
    assert!(
        told.text.contains("trigger.on-oom is broken") && told.text.contains("U rolls back"),
        "{}",
        told.text
    );
    assert!(applies(keys(&mut model, "U")).is_empty());
    assert!(
        question(&model).contains("- - when: pod.("),
        "{}",
        question(&model)
    );
    let (request, command) = one(keys(&mut model, "y"));
    let expected = Command::Apply {
        base: Some("88214".into()),
        changes: BTreeMap::from([(KEY.to_owned(), Some(live()))]),
        effect: String::new(),
        dry_run: false,
    };
    assert_eq!(command, expected);
    answer(&mut model, request, reply("88215", false));
    configure(&mut model, catalog_with("88215", &[]));
    assert!(flash(&model).contains("rollback of trigger.on-oom applied, in force"));
}

#[test]
fn what_was_changed_again_is_not_rolled_back() {
    let mut model = standard();
    keys(&mut model, "U");
    assert!(
        flash(&model).contains("nothing was applied"),
        "{}",
        flash(&model)
    );
    let mut model = editing("# new\n");
    let text = applied(&mut model);
    configure(&mut model, catalog_with("88214", &[(KEY, Some(&text))]));
    configure(
        &mut model,
        catalog_with("88220", &[(KEY, Some("- when: 'true'\n"))]),
    );
    assert!(applies(keys(&mut model, "U")).is_empty());
    assert!(flash(&model).contains("changed again"), "{}", flash(&model));
}

#[test]
fn an_engine_that_does_not_take_it_over_is_told() {
    let mut model = editing("# new\n");
    applied(&mut model);
    let due = next_wake(&model);
    assert!(due <= NOW + 15_000, "{due}");
    model.now_ms = NOW + 15_000;
    send(&mut model, Msg::Wake);
    assert!(
        flash(&model).contains("has not taken it over"),
        "{}",
        flash(&model)
    );
    let stage = model.applied.as_ref().map(|applied| applied.stage.clone());
    assert_eq!(stage, Some(Stage::Late));
}

#[test]
fn a_change_of_another_key_merges_by_itself() {
    let mut model = editing("# new\n");
    let mine = editor(&model).text();
    configure(
        &mut model,
        catalog_with("88300", &[("unrelated", Some("y"))]),
    );
    keys(&mut model, "F5");
    assert_eq!(editor(&model).base.as_deref(), Some("88300"));
    assert_eq!(editor(&model).text(), mine);
    let (_, command) = one(keys(&mut model, "C-s"));
    assert!(matches!(command, Command::Apply { base: Some(base), .. } if base == "88300"));
}

#[test]
fn other_lines_of_the_same_key_merge_and_are_shown() {
    let mut model = editing("# mine\n");
    let theirs = live().replace("[pod-oom]", "[pod-oom, other]");
    configure(&mut model, catalog_with("88300", &[(KEY, Some(&theirs))]));
    keys(&mut model, "F5");
    let Some(Screen::Merge(screen)) = model.screens.last() else {
        panic!("no merge");
    };
    assert_eq!(screen.open(), 0);
    keys(&mut model, "Enter");
    let text = editor(&model).text();
    assert_eq!(text, format!("# mine\n{theirs}"));
    assert_eq!(editor(&model).base.as_deref(), Some("88300"));
    assert_eq!(editor(&model).base_text.as_deref(), Some(theirs.as_str()));
}

#[test]
fn the_same_line_asks_and_marks_never_get_into_the_cluster() {
    let conflict = || {
        let mut model = editing("# mine\n");
        let theirs = format!("# theirs\n{}", live());
        configure(&mut model, catalog_with("88300", &[(KEY, Some(&theirs))]));
        keys(&mut model, "F5 Enter");
        assert!(flash(&model).contains("choose"), "{}", flash(&model));
        model
    };
    let mut model = conflict();
    keys(&mut model, "l Enter");
    assert!(editor(&model).text().starts_with("# theirs"));
    assert!(!editor(&model).is_changed());
    let mut model = conflict();
    keys(&mut model, "m Enter");
    assert!(editor(&model).text().starts_with("# mine\n- description"));
    let mut model = conflict();
    keys(&mut model, "e Enter");
    assert!(editor(&model).text().contains("<<<<<<< live"));
    assert!(applies(keys(&mut model, "C-s")).is_empty());
    assert!(applies(keys(&mut model, "y")).is_empty());
    let (_, message) = editor(&model).message.clone().unwrap();
    assert!(message.contains("marks of a conflict"), "{message}");
    // Leaving the merge leaves the draft as it was.
    let mut model = conflict();
    keys(&mut model, "m Esc");
    assert!(editor(&model).text().starts_with("# mine"));
    assert_eq!(editor(&model).base.as_deref(), Some("88213"));
}

fn kept_by_argo() -> CatalogView {
    CatalogView {
        meta: Arc::new(ConfigMeta {
            labels: BTreeMap::from([("argocd.argoproj.io/instance".into(), "shop".into())]),
            writers: vec![ConfigWriter {
                manager: "argocd-controller".into(),
                applies: true,
                at_ms: None,
            }],
            ..ConfigMeta::default()
        }),
        ..catalog()
    }
}

#[test]
fn who_keeps_the_config_map_is_named_before_it_is_written() {
    let mut model = standard();
    configure(&mut model, kept_by_argo());
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# new\n");
    asked_to_apply(&mut model);
    let asked = question(&model);
    for part in ["Argo CD, application shop", "will be undone", ":export"] {
        assert!(asked.contains(part), "{asked}");
    }
}

#[test]
fn the_config_map_is_written_to_a_file_with_the_drafts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cm.yaml");
    let mut model = editing("# new\n");
    keys(&mut model, "Esc :");
    type_text(&mut model, &format!("export {}", path.display()));
    keys(&mut model, "Enter");
    let written = std::fs::read_to_string(&path).unwrap();
    let value = kubechime::yaml::parse(&written).unwrap().to_json();
    assert_eq!(value["kind"], "ConfigMap");
    assert_eq!(value["data"][KEY], format!("# new\n{}", live()));
    assert_eq!(value["data"]["unrelated"], "x");
    assert_eq!(value["metadata"].get("resourceVersion"), None);
    // What is there is replaced only after a question.
    keys(&mut model, ":");
    type_text(&mut model, &format!("export {} patch", path.display()));
    keys(&mut model, "Enter");
    assert!(question(&model).contains("exists"), "{}", question(&model));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
    keys(&mut model, "y");
    let patch = std::fs::read_to_string(&path).unwrap();
    let value = kubechime::yaml::parse(&patch).unwrap().to_json();
    let keys: Vec<&String> = value["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys, [KEY]);
}
