//! Adding and removing subscriptions of resources.

use crate::fixture::{answer, key, keys, type_text};
use crate::{flash, standard};
use kubechime::domain::ResourceKey;
use kubechime::engine::{
    AnnotationEdit, Command, CommandError, OwnerTemplate, Reply, Subscribable,
};
use kubechime::tui::message::{Effect, RequestId};
use kubechime::tui::model::{Model, Overlay, Screen};
use std::collections::BTreeMap;
use std::sync::Arc;

const PREFIX: &str = "notifications.argoproj.io";

fn web() -> ResourceKey {
    key("Pod", "team-a", "web-7d9f8b6c5d-abcde")
}

fn name(trigger: &str) -> String {
    format!("{PREFIX}/subscribe.{trigger}.webhook")
}

fn subscribable() -> Subscribable {
    Subscribable {
        key: web(),
        uid: "u-1".into(),
        resource_version: "7".into(),
        prefix: PREFIX.into(),
        annotations: BTreeMap::from([(name("on-broken"), "a;b".into())]),
        refused: None,
        owned_by: Some("Deployment team-a/web".into()),
        owner: Some(OwnerTemplate {
            key: key("Deployment", "team-a", "web"),
            uid: "u-2".into(),
            resource_version: "9".into(),
            path: vec!["spec".into(), "template".into()],
            annotations: BTreeMap::new(),
            refused: None,
        }),
    }
}

fn writes(effects: Vec<Effect>) -> Vec<(RequestId, Command)> {
    let submitted = effects.into_iter().filter_map(|effect| match effect {
        Effect::Submit(
            request,
            command
            @ (Command::Annotate(_) | Command::Subscribe { .. } | Command::Subscriptions(_)),
        ) => Some((request, command)),
        _ => None,
    });
    submitted.collect()
}

fn one(effects: Vec<Effect>) -> (RequestId, Command) {
    let mut all = writes(effects);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

/// The form of the first resource, with what is known of it.
pub fn form() -> Model {
    let mut model = standard();
    let (request, command) = one(keys(&mut model, "A"));
    assert_eq!(command, Command::Subscriptions(web()));
    answer(
        &mut model,
        request,
        Ok(Reply::Subscribable(Arc::new(subscribable()))),
    );
    model
}

fn question(model: &Model) -> String {
    match model.overlays.last() {
        Some(Overlay::Confirm(question)) => question.view.text().to_string(),
        _ => panic!("no question: {}", flash(model)),
    }
}

fn edit(changes: &[(String, Option<&str>)], expected: &[(String, Option<&str>)]) -> AnnotationEdit {
    let own = |texts: &[(String, Option<&str>)]| {
        let texts = texts.iter();
        texts
            .map(|(name, text)| (name.clone(), text.map(str::to_owned)))
            .collect()
    };
    AnnotationEdit {
        key: web(),
        uid: "u-1".into(),
        resource_version: "7".into(),
        path: vec![],
        expected: own(expected),
        changes: own(changes),
    }
}

#[test]
fn a_subscription_is_written_with_the_patch_that_was_shown_and_taken_back() {
    let mut model = form();
    type_text(&mut model, "oom");
    // The name that fits is taken.
    keys(&mut model, "Down Enter");
    type_text(&mut model, "web");
    keys(&mut model, "Down Enter");
    type_text(&mut model, "x; y");
    assert!(writes(keys(&mut model, "Enter")).is_empty());
    let asked = question(&model);
    for part in [
        "on-oom -> webhook:x;y",
        "\"notifications.argoproj.io/subscribe.on-oom.webhook\": \"x;y\"",
        "\"resourceVersion\": \"7\"",
        "\"uid\": \"u-1\"",
        "lost when it is made anew",
        "context prod-eu",
    ] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let (request, command) = one(keys(&mut model, "y"));
    let expected = edit(&[(name("on-oom"), Some("x;y"))], &[(name("on-oom"), None)]);
    assert_eq!(command, Command::Annotate(vec![expected]));
    let undo = AnnotationEdit {
        resource_version: "8".into(),
        ..edit(&[(name("on-oom"), None)], &[(name("on-oom"), Some("x;y"))])
    };
    let written = Reply::Annotated {
        undo: vec![undo.clone()],
        unchanged: 0,
        failed: vec![],
    };
    // The list is read anew.
    let (_, command) = one(answer(&mut model, request, Ok(written)));
    assert_eq!(command, Command::Subscriptions(web()));
    assert!(flash(&model).contains("U takes back"), "{}", flash(&model));
    keys(&mut model, "Esc");
    let (_, command) = one(keys(&mut model, "U y"));
    assert_eq!(command, Command::Annotate(vec![undo]));
}

#[test]
fn the_template_of_the_owner_can_be_written_instead() {
    let mut model = form();
    type_text(&mut model, "on-oom");
    keys(&mut model, "Enter");
    type_text(&mut model, "webhook");
    keys(&mut model, "C-t C-s");
    let asked = question(&model);
    assert!(asked.contains("makes its objects anew"), "{asked}");
    let (_, command) = one(keys(&mut model, "y"));
    let Command::Annotate(edits) = command else {
        panic!("{command:?}");
    };
    assert_eq!(edits[0].key, key("Deployment", "team-a", "web"));
    assert_eq!(edits[0].path, ["spec", "template"]);
    assert_eq!(edits[0].resource_version, "9");
    assert_eq!(edits[0].changes[&name("on-oom")].as_deref(), Some(""));
}

#[test]
fn one_recipient_is_removed_from_the_list() {
    let mut model = form();
    keys(&mut model, "C-d");
    assert!(
        flash(&model).contains("select a subscription"),
        "{}",
        flash(&model)
    );
    keys(&mut model, "Shift-Tab Down");
    assert!(writes(keys(&mut model, "C-d")).is_empty());
    let (_, command) = one(keys(&mut model, "y"));
    let expected = edit(
        &[(name("on-broken"), Some("a"))],
        &[(name("on-broken"), Some("a;b"))],
    );
    assert_eq!(command, Command::Annotate(vec![expected]));
}

#[test]
fn what_can_not_work_is_refused_with_its_reason() {
    let mut model = form();
    keys(&mut model, "C-s");
    assert!(
        flash(&model).contains("choose a service"),
        "{}",
        flash(&model)
    );
    type_text(&mut model, "on-oom");
    keys(&mut model, "Enter");
    type_text(&mut model, "pigeon");
    keys(&mut model, "C-s");
    assert!(
        flash(&model).contains("no service 'pigeon'"),
        "{}",
        flash(&model)
    );
    // Without the right nothing is asked.
    let mut model = standard();
    let (request, _) = one(keys(&mut model, "A"));
    let refused = Subscribable {
        refused: Some("needs verb \"patch\" on pods".into()),
        ..subscribable()
    };
    answer(
        &mut model,
        request,
        Ok(Reply::Subscribable(Arc::new(refused))),
    );
    type_text(&mut model, "on-oom");
    keys(&mut model, "Enter");
    type_text(&mut model, "webhook");
    keys(&mut model, "C-s");
    assert!(model.overlays.is_empty());
    assert!(flash(&model).contains("needs verb"), "{}", flash(&model));
}

#[test]
fn marked_resources_are_subscribed_together() {
    let mut model = standard();
    assert!(writes(keys(&mut model, "Space Space A")).is_empty());
    type_text(&mut model, "on-oom");
    keys(&mut model, "Enter");
    type_text(&mut model, "webhook");
    keys(&mut model, "C-s");
    assert!(
        question(&model).contains("2 resources"),
        "{}",
        question(&model)
    );
    let (request, command) = one(keys(&mut model, "y"));
    let Command::Subscribe { resources, change } = command else {
        panic!("{command:?}");
    };
    assert_eq!(resources.len(), 2);
    assert!(change.add && change.recipients.is_empty());
    let written = Reply::Annotated {
        undo: vec![edit(&[], &[])],
        unchanged: 0,
        failed: vec![(web(), "it is gone".into())],
    };
    answer(&mut model, request, Ok(written));
    assert!(
        flash(&model).contains("1 failed, first"),
        "{}",
        flash(&model)
    );
    assert!(!matches!(model.screens.last(), Some(Screen::Subscribe(_))));
}

#[test]
fn a_write_that_failed_leaves_the_form() {
    let mut model = form();
    type_text(&mut model, "on-oom");
    keys(&mut model, "Enter");
    type_text(&mut model, "webhook");
    let (request, _) = one(keys(&mut model, "C-s y"));
    let error = CommandError::Forbidden("no right".into());
    answer(&mut model, request, Err(error));
    assert!(flash(&model).contains("no right"), "{}", flash(&model));
    assert!(matches!(model.screens.last(), Some(Screen::Subscribe(_))));
}
