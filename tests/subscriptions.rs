//! Who is told about an object: the ConfigMap's subscriptions and the object's annotations together.

#[path = "support/catalog.rs"]
mod support;

use kubechime::catalog::Catalog;
use std::collections::BTreeMap;
use support::{WEB, map, options, source};

const PREFIX: &str = "notifications.argoproj.io";

/// Triggers and destinations, as `trigger>service:recipient`, for an object without labels.
fn subscribed(catalog: &Catalog, annotations: &[(&str, &str)]) -> Vec<String> {
    let (found, notes) = destinations(catalog, &[], annotations);
    assert_eq!(notes, [""; 0]);
    found
}

fn destinations(
    catalog: &Catalog,
    labels: &[(&str, &str)],
    annotations: &[(&str, &str)],
) -> (Vec<String>, Vec<String>) {
    let annotations: BTreeMap<String, String> = annotations
        .iter()
        .map(|(key, value)| (format!("{PREFIX}/{key}"), (*value).to_owned()))
        .collect();
    let mut notes = Vec::new();
    let found = catalog.destinations(&map(labels), &annotations, &mut notes);
    if !found.is_empty() {
        assert!(catalog.can_reach(&map(labels), &annotations));
    }
    let found = found.iter().flat_map(|(trigger, subscriptions)| {
        let labels = subscriptions.iter().map(|s| s.destination.label());
        labels.map(move |to| format!("{trigger}>{to}"))
    });
    (
        found.collect(),
        notes.iter().map(ToString::to_string).collect(),
    )
}

/// Cases S1 to S4, S19.
#[test]
fn default_triggers() {
    let none = support::catalog(&[WEB]);
    let plain = support::catalog(&[WEB, ("defaultTriggers", "[a, b, c]")]);
    let by_service = support::catalog(&[
        WEB,
        ("defaultTriggers", "[a, b, c]"),
        ("defaultTriggers.slack", "[d, e]"),
        ("defaultTriggers.mute", "[]"),
        ("subscriptions", "- recipients: [slack:all]"),
    ]);
    assert_eq!(subscribed(&none, &[]), [""; 0]);
    for catalog in [&none, &plain] {
        assert_eq!(
            subscribed(catalog, &[("subscribe.my-trigger.slack", "my-channel")]),
            ["my-trigger>slack:my-channel"]
        );
    }
    assert_eq!(
        subscribed(&plain, &[("subscribe.slack", "x")]),
        ["a>slack:x", "b>slack:x", "c>slack:x"]
    );
    // The ConfigMap's own subscriptions do not look at the per-service list.
    assert_eq!(
        subscribed(&by_service, &[("subscribe.slack", "x")]),
        [
            "a>slack:all",
            "b>slack:all",
            "c>slack:all",
            "d>slack:x",
            "e>slack:x"
        ]
    );
    assert_eq!(
        destinations(&by_service, &[], &[("subscribe.mute", "x")])
            .0
            .len(),
        3
    );
    assert_eq!(
        destinations(&none, &[], &[("subscribe.slack", "x;y")]),
        (
            vec![],
            vec![format!(
                "warning in {PREFIX}/subscribe.slack: no trigger is named, and no default triggers are configured for 'slack': it subscribes to nothing"
            )]
        )
    );
}

/// Cases S14, S15: other annotations never subscribe anything.
#[test]
fn unrelated_annotations() {
    let catalog = support::catalog(&[WEB, ("defaultTriggers", "[a]")]);
    let annotations = [
        ("subscribe.t.slack", "x"),
        ("random", "my-channel"),
        ("notified", "{}"),
        ("subscribed", "y"),
    ];
    assert_eq!(subscribed(&catalog, &annotations), ["t>slack:x"]);
    let notified = map(&[("notified.notifications.argoproj.io", "{}"), ("app", "x")]);
    assert!(!catalog.can_reach(&map(&[]), &notified));
}

/// Cases S18, S20, S22.
#[test]
fn subscriptions_of_the_config_map() {
    let catalog = support::catalog(&[
        WEB,
        (
            "subscriptions",
            "
- recipients: [slack:a:b, webhook:https://x/y, gh]
  triggers: [t]
- recipients: [slack:x]
  triggers: [t, u]
  selector: app in (x, y), !z
",
        ),
    ]);
    let everyone = ["t>slack:a:b", "t>webhook:https://x/y", "t>gh"];
    assert_eq!(destinations(&catalog, &[], &[]).0, everyone);
    let (found, _) = destinations(
        &catalog,
        &[("app", "x")],
        &[("subscribe.t.slack", "x;new"), ("subscribe.t.gh", "")],
    );
    assert_eq!(
        found,
        [
            "t>slack:a:b",
            "t>webhook:https://x/y",
            "t>gh",
            "t>slack:x",
            "t>slack:new",
            "u>slack:x"
        ]
    );
    assert_eq!(
        destinations(&catalog, &[("app", "x"), ("z", "")], &[]).0,
        everyone
    );
}

#[test]
fn every_subscription_says_where_it_comes_from() {
    let catalog = support::catalog(&[
        WEB,
        ("defaultTriggers", "[t]"),
        (
            "subscriptions",
            "[{recipients: [a]}, {recipients: [a, b], triggers: [t], selector: app=web}]",
        ),
    ]);
    let labels = map(&[("app", "web")]);
    let annotations = map(&[
        ("notifications.argoproj.io/subscribe.t.c", ""),
        ("notifications.argoproj.io/subscribe.d", ""),
        (
            "notifications.argoproj.io/subscriptions",
            "[{trigger: t, destinations: [{service: e, recipients: ['']}]}]",
        ),
    ]);
    let found = catalog.destinations(&labels, &annotations, &mut Vec::new());
    let told: Vec<_> = found["t"]
        .iter()
        .map(|s| format!("{}: {}", s.destination.label(), s.origin))
        .collect();
    assert_eq!(
        told,
        [
            "a: default subscription #1, default triggers",
            "b: default subscription #2 (app=web)",
            "d: annotation subscribe.d, default triggers",
            "c: annotation subscribe.t.c",
            "e: annotation subscriptions",
        ]
    );
}

#[test]
fn reach_is_never_denied_wrongly() {
    let catalog = support::catalog(&[
        WEB,
        (
            "subscriptions",
            "[{recipients: [a], triggers: [t], selector: app}, {triggers: [t]}]",
        ),
    ]);
    assert!(catalog.can_reach(&map(&[("app", "")]), &map(&[])));
    assert!(!catalog.can_reach(&map(&[("b", "")]), &map(&[])));
    let annotated = map(&[("notifications.argoproj.io/subscribe.x", "")]);
    assert!(catalog.can_reach(&map(&[]), &annotated));
}

/// Case A7: without ConfigMap and Secret subscriptions lead to triggers that are not there.
#[test]
fn nothing_is_configured() {
    let catalog = Catalog::build(&Default::default(), None, &options());
    assert!(catalog.triggers.is_empty() && catalog.services.is_empty());
    assert_eq!(
        subscribed(&catalog, &[("subscribe.my-trigger.slack", "x")]),
        ["my-trigger>slack:x"]
    );
    assert_eq!(catalog.state_key_namespace(), None);
}

/// Case S17.
#[test]
fn another_prefix() {
    let mut options = options();
    options.prefix = "test.prefix".into();
    let catalog = Catalog::build(&source(&[WEB], &[]), None, &options);
    let annotations = map(&[
        ("test.prefix/subscribe.t.s", "a"),
        ("notifications.argoproj.io/subscribe.t.s", "b"),
    ]);
    let found = catalog.destinations(&map(&[]), &annotations, &mut Vec::new());
    assert_eq!(found["t"].len(), 1);
    assert_eq!(&*found["t"][0].destination.recipient, "a");
}
