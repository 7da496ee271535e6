//! Any text as the subscription annotations and labels of an object, and as a label selector. One
//! annotation or label per line that has a NUL in the place of the line end: `subscribe.t.web`, a
//! `=`, the value.
#![no_main]

use kubechime::catalog::{
    BuildOptions, Catalog, ConfigSource, Selector, has, subscribe, unsubscribe,
};
use kubechime::service::ServiceContext;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const PREFIX: &str = "notifications.argoproj.io";

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let data = [
        ("service.webhook.web", "url: http://127.0.0.1:1/"),
        (
            "trigger.t",
            "- when: pod.status.phase == 'Failed'\n  send: [m]",
        ),
        ("template.m", "message: hi"),
        ("defaultTriggers", "[t]"),
        ("defaultTriggers.web", "[t, u]"),
        (
            "subscriptions",
            "- recipients: ['web:a', 'web']\n  selector: app in (x, y), !z",
        ),
    ];
    let source = ConfigSource {
        data: data
            .map(|(key, text)| (key.to_owned(), text.to_owned()))
            .into(),
        found: true,
        ..ConfigSource::default()
    };
    Catalog::build(
        &source,
        None,
        &BuildOptions::new(ServiceContext::default(), ""),
    )
});

fuzz_target!(|text: &str| {
    let mut annotations = BTreeMap::new();
    let mut labels = BTreeMap::new();
    for line in text.split('\0') {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        labels.insert(key.to_owned(), value.to_owned());
        annotations.insert(format!("{PREFIX}/{key}"), value.to_owned());
    }
    let mut notes = Vec::new();
    let found = CATALOG.destinations(&labels, &annotations, &mut notes);
    assert!(found.is_empty() || CATALOG.can_reach(&labels, &annotations));
    for (trigger, subscriptions) in &found {
        for (index, subscription) in subscriptions.iter().enumerate() {
            let to = &subscription.destination;
            assert!(
                has(PREFIX, &annotations, to)
                    || subscription.origin.to_string().starts_with("default")
            );
            let before = subscriptions.iter().take(index);
            assert!(
                before.clone().all(|other| other.destination != *to),
                "{trigger} {to}"
            );
        }
    }
    for note in &notes {
        assert!(!note.message.is_empty());
    }

    // What is added is there, and what is taken out is not.
    let recipient = text.get(..20).unwrap_or(text).trim();
    if !recipient.is_empty() && !recipient.contains([';', '\0']) {
        let mut own = BTreeMap::new();
        subscribe(PREFIX, &mut own, "t", "web", &[recipient, "b"]);
        let to = kubechime::domain::Destination::new("web", recipient);
        assert!(has(PREFIX, &own, &to));
        assert!(unsubscribe(PREFIX, &mut own, "t", "web", recipient));
        assert!(!has(PREFIX, &own, &to));
    }

    if let Ok(selector) = text.parse::<Selector>() {
        let matched = selector.matches(&labels);
        assert!(matched || !selector.is_empty());
        let again: Selector = selector.as_str().parse().expect("it was read before");
        assert_eq!(again.matches(&labels), matched);
    }
});
