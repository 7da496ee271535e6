//! From one version of the ConfigMap to the next.

use crate::support::{WEB, catalog, options, source, troubled};
use kubechime::catalog::{Catalog, Change, ConditionChange, KeyState, diff};

/// Quirk Q2, case C27: a broken key keeps what it said before; the rest changes.
#[test]
fn the_last_good_version_stays_in_force() {
    let good = [
        WEB,
        ("trigger.t", "- when: 'true'\n  send: [t]"),
        ("template.t", "message: x"),
        ("subscriptions", "- recipients: [web]\n  triggers: [t]"),
        ("defaultTriggers", "[t]"),
        ("defaultTriggers.web", "[t]"),
        ("trigger.gone", ""),
    ];
    let first = Catalog::build(&source(&good, &[]), None, &options());
    assert_eq!(troubled(&first), []);
    let broken = [
        (WEB.0, "url: [1]"),
        ("trigger.t", "- when: 'true'\n  send: [t]\n- when: a b"),
        ("template.t", "message: '{{'"),
        ("subscriptions", "- selector: '='"),
        ("defaultTriggers", "{}: x"),
        ("defaultTriggers.web", "t"),
        ("trigger.new", "- x"),
    ];
    let mut changed = source(&broken, &[]);
    changed.resource_version = "2".into();
    let second = Catalog::build(&changed, Some(&first), &options());
    let last_good = KeyState::LastGood { since: "1".into() };
    for key in broken[..6].iter().map(|(key, _)| *key) {
        assert_eq!(second.keys[key].state, last_good, "{key}");
        assert_eq!(second.texts[key], first.texts[key], "{key}");
    }
    assert_eq!(second.keys["trigger.new"].state, KeyState::Broken);
    assert_eq!(second.triggers["t"].conditions.len(), 1);
    assert!(second.templates.contains_key("t") && second.services.contains_key("web"));
    assert_eq!(second.subscriptions, first.subscriptions);
    assert_eq!(second.default_triggers, ["t"]);
    assert_eq!(second.service_default_triggers["web"], ["t"]);
    assert!(!second.triggers.contains_key("gone"));
    assert_eq!(diff(&first, &second).len(), 1);

    changed.resource_version = "3".into();
    let third = Catalog::build(&changed, Some(&second), &options());
    assert_eq!(third.keys["trigger.t"].state, last_good);
    assert!(third.triggers.contains_key("t"));

    let mut repaired = source(&good, &[]);
    repaired.resource_version = "4".into();
    let fourth = Catalog::build(&repaired, Some(&third), &options());
    assert_eq!(troubled(&fourth), []);
}

/// Case A3: nothing of the old ConfigMap remains.
#[test]
fn what_is_removed_is_gone() {
    let first = catalog(&[("service.webhook.slack", "url: http://127.0.0.1:1/")]);
    let source = source(
        &[("service.webhook.email", "url: http://127.0.0.1:1/")],
        &[],
    );
    let second = Catalog::build(&source, Some(&first), &options());
    assert_eq!(second.services.keys().collect::<Vec<_>>(), ["email"]);
    let mut gone = source.clone();
    gone.data.clear();
    gone.found = false;
    let third = Catalog::build(&gone, Some(&second), &options());
    assert!(third.services.is_empty() && third.keys.is_empty());
}

#[test]
fn tells_what_changes() {
    let before = catalog(&[
        WEB,
        (
            "trigger.a",
            "- when: 'true'\n  send: [x]\n- when: 'false'\n- when: '1 == 1'",
        ),
        ("trigger.same", "- when: 'true' # a comment\n  send: [x]"),
        ("trigger.gone", ""),
        ("template.x", "message: a"),
        ("defaultTriggers", "[a]"),
    ]);
    let after = catalog(&[
        (WEB.0, "url: http://127.0.0.1:2/"),
        (
            "trigger.a",
            "- when: 'true'\n  send: [y]\n- when: '1 == 1'\n- when: '2 == 2'\n- when: 'true'\n  oncePer: '1'",
        ),
        ("trigger.same", "- send:\n  - x\n  when: true"),
        ("template.x", "message: b"),
        ("template.new", ""),
        ("subscriptions", "- recipients: [web]"),
        ("defaultTriggers.web", "[a]"),
    ]);
    let differences = diff(&before, &after);
    let told: Vec<_> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "service web changed",
            "trigger a: [0] other templates, timing or description, [1] moved from [2], [2] other condition, [3] added",
            "trigger gone removed",
            "template new added",
            "template x changed",
            "subscriptions added",
            "default triggers removed",
            "default triggers web added",
        ]
    );
    let Change::Conditions(conditions) = &differences[1].change else {
        panic!("{:?}", differences[1]);
    };
    let resent: Vec<usize> = conditions
        .iter()
        .filter(|(_, change)| change.changes_state_keys())
        .map(|(index, _)| *index)
        .collect();
    assert_eq!(resent, [1, 2]);
    let back = diff(&after, &before);
    assert!(back.iter().any(|difference| matches!(
        &difference.change,
        Change::Conditions(conditions) if conditions.contains(&(3, ConditionChange::Removed))
    )));
    assert_eq!(diff(&after, &after), []);
}
