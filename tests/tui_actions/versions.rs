//! Differences, the list of versions, and bringing one back.

use crate::fixture::{NOW, catalog, catalog_with, configure, keys, options, send_with, type_text};
use crate::{editor, flash, standard, started};
use kubechime::history::{ConfigPlace, History, MEMORY, NewVersion, VersionOrigin};
use kubechime::tui::compare::RowKind;
use kubechime::tui::key::Key;
use kubechime::tui::message::Msg;
use kubechime::tui::model::{Model, Screen};
use kubechime::tui::screens::diff::{Against, DiffScreen};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const KEY: &str = "trigger.on-oom";

fn diff(model: &Model) -> &DiffScreen {
    match model.screens.last() {
        Some(Screen::Diff(screen)) => screen,
        _ => panic!("no difference: {}", flash(model)),
    }
}

fn statements(model: &Model) -> Vec<String> {
    let comparison = diff(model).comparison().expect("a comparison");
    comparison
        .statements
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_draft_is_compared_with_the_cluster_and_with_its_base() {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    type_text(
        &mut model,
        "- when: pod.status.phase == 'Failed'\n  send: [pod-oom]\n",
    );
    configure(
        &mut model,
        catalog_with(
            "88300",
            &[(KEY, Some("- when: 'true'\n  send: [pod-oom]\n"))],
        ),
    );
    keys(&mut model, "F7");
    let found = statements(&model);
    assert!(
        found
            .iter()
            .any(|line| line.starts_with("! trigger.on-oom[0].when")),
        "{found:?}"
    );
    assert!(found.iter().any(|line| line.contains("[1]")), "{found:?}");
    // Against the base only a condition was put before.
    keys(&mut model, "]");
    assert_eq!(diff(&model).compared_with(), Some(&Against::Base));
    let removed = diff(&model).comparison().unwrap().removed;
    assert_eq!(removed, 0);
    // The text of the draft stays as it is.
    keys(&mut model, "Esc");
    assert!(editor(&model).text().starts_with("- when: pod.status"));
}

#[test]
fn without_a_draft_there_is_nothing_to_compare() {
    let mut model = standard();
    keys(&mut model, "4 G k d");
    assert!(model.screens.is_empty());
    assert!(flash(&model).contains("no draft"), "{}", flash(&model));
}

#[test]
fn all_drafts_are_compared_together() {
    let mut model = standard();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# one\n");
    keys(&mut model, "Esc g e");
    type_text(&mut model, "# two\n");
    keys(&mut model, "Esc j d");
    let rows = &diff(&model).comparison().expect("a comparison").rows;
    let heads = rows.iter().filter(|row| row.kind == RowKind::Key);
    let heads: Vec<String> = heads.map(|row| row.text()).collect();
    assert_eq!(heads, ["service.webhook.webhook", KEY]);
}

/// A dashboard with a history that has two versions: the present one, and one before it.
fn with_versions() -> (Model, History) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let history =
        History::open(Path::new(MEMORY), &kubechime::history::Options::default()).unwrap();
    let version = |version: &str, at_ms, data: Arc<BTreeMap<String, String>>, origin| NewVersion {
        place: ConfigPlace {
            server: "https://10.0.0.1:6443".into(),
            namespace: "default".into(),
            name: "pod-notifications-cm".into(),
        },
        at_ms,
        resource_version: version.into(),
        origin,
        actor: "alice".into(),
        manager: "argocd-controller".into(),
        summary: "! trigger.on-oom[0].when 'true' -> 'len(…)': its state key changes".into(),
        effect: String::new(),
        data,
    };
    let old = catalog_with(
        "88000",
        &[(KEY, Some("- when: 'true'\n  send: [pod-oom]\n"))],
    );
    runtime.block_on(async {
        let first = version("88000", NOW - 90_000_000, old.data, VersionOrigin::Foreign);
        assert!(history.record_version(first).await.unwrap());
        let second = version(
            "88213",
            NOW - 60_000,
            catalog().data,
            VersionOrigin::Applied,
        );
        assert!(history.record_version(second.clone()).await.unwrap());
        // The same texts again are no new version.
        assert!(!history.record_version(second).await.unwrap());
    });
    let mut model = crate::fixture::full(&options(), 120, 36);
    let session = model.session.id;
    let launched = Msg::Launched(session, Ok(started("prod-eu", true)));
    send_with(&mut model, launched, Some(&history), None);
    (model, history)
}

fn press(model: &mut Model, history: &History, script: &str) {
    for key in script.split(' ') {
        let key = Key::parse(key).unwrap();
        send_with(model, Msg::Key(key), Some(history), None);
    }
}

#[test]
fn versions_are_listed_compared_and_restored_as_drafts() {
    let (mut model, history) = with_versions();
    press(&mut model, &history, "F9");
    let Some(Screen::Versions(screen)) = model.screens.last() else {
        panic!("no versions");
    };
    let versions = screen.versions();
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0].changed, ["~trigger.on-oom"]);
    assert_eq!(versions[1].changed.len(), catalog().data.len());
    press(&mut model, &history, "j Enter");
    let found = statements(&model);
    assert!(
        found
            .iter()
            .any(|line| line.contains("trigger.on-oom[0].when")),
        "{found:?}"
    );
    // The newer one is what is in the cluster.
    press(&mut model, &history, "[");
    assert!(diff(&model).comparison().unwrap().is_empty());
    press(&mut model, &history, "] r");
    let editor = editor(&model);
    assert_eq!(editor.id.key.as_deref(), Some(KEY));
    assert_eq!(editor.text(), "- when: 'true'\n  send: [pod-oom]\n");
    assert_eq!(editor.base.as_deref(), Some("88213"));
    assert!(editor.is_changed());
}

#[test]
fn a_draft_that_is_lost_by_restoring_is_asked_about() {
    let (mut model, history) = with_versions();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# mine\n");
    keys(&mut model, "Esc");
    press(&mut model, &history, "F9 j r");
    assert!(model.overlays.last().is_some());
    press(&mut model, &history, "n");
    assert!(matches!(model.screens.last(), Some(Screen::Versions(_))));
    press(&mut model, &history, "r y");
    assert!(editor(&model).text().starts_with("- when: 'true'"));
}

#[test]
fn drafts_are_compared_with_recorded_versions() {
    let (mut model, history) = with_versions();
    keys(&mut model, "4 G k e");
    type_text(&mut model, "# mine\n");
    press(&mut model, &history, "F7");
    assert_eq!(diff(&model).against.len(), 4);
    press(&mut model, &history, "] ] ]");
    assert!(matches!(
        diff(&model).compared_with(),
        Some(Against::Recorded(_))
    ));
    let removed = diff(&model).comparison().unwrap().removed;
    assert!(removed > 0, "the old version has other lines");
    press(&mut model, &history, "]");
    assert!(
        flash(&model).contains("no older version"),
        "{}",
        flash(&model)
    );
}
