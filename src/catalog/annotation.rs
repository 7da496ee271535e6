//! Subscriptions in an object's annotations.

use super::subscription_list;
use crate::domain::{Destination, Diagnostic};
use std::collections::BTreeMap;

/// What one annotation asks for: this destination, for this trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish<'a> {
    /// The annotation without prefix and slash.
    pub(super) key: &'a str,
    /// `None` means the default triggers.
    pub(super) trigger: Option<String>,
    pub(super) destination: Destination,
}

/// The part of an annotation key behind `<prefix>/`.
fn local_part<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    key.strip_prefix(prefix)?.strip_prefix('/')
}

/// Whether the annotation subscribes to something; looks at the key alone.
pub(super) fn is_subscription(key: &str, prefix: &str) -> bool {
    local_part(key, prefix)
        .is_some_and(|key| key.starts_with("subscribe.") || key.starts_with("subscriptions"))
}

/// Reads all subscription annotations, in the order of their keys. What can't be read is told in
/// `notes` and left out: it is never guessed.
pub(super) fn read<'a>(
    annotations: &'a BTreeMap<String, String>,
    prefix: &str,
    notes: &mut Vec<Diagnostic>,
) -> Vec<Wish<'a>> {
    let mut wishes = Vec::new();
    for (full, value) in annotations {
        let Some(key) = local_part(full, prefix) else {
            continue;
        };
        if let Some(rest) = key.strip_prefix("subscribe.") {
            read_subscribe(key, rest, value, &mut wishes);
        } else if key.starts_with("subscriptions") {
            let pairs = subscription_list::read(full, value, notes);
            wishes.extend(pairs.into_iter().map(|(trigger, destination)| Wish {
                key,
                trigger,
                destination,
            }));
        }
    }
    wishes
}

/// Trigger and service that `subscribe.<rest>` names. A third dot and what follows is ignored.
fn read_key(rest: &str) -> (Option<&str>, &str) {
    let mut parts = rest.split('.');
    let first = parts.next().unwrap_or_default();
    match parts.next() {
        None => (None, first),
        Some(service) => ((!first.is_empty()).then_some(first), service),
    }
}

/// Recipients are separated by `;`. The empty value is one recipient without a name.
fn recipients(value: &str) -> Vec<&str> {
    if value.is_empty() {
        return vec![""];
    }
    let trimmed = value.split(';').map(str::trim);
    trimmed.filter(|recipient| !recipient.is_empty()).collect()
}

fn read_subscribe<'a>(key: &'a str, rest: &str, value: &str, wishes: &mut Vec<Wish<'a>>) {
    let (trigger, service) = read_key(rest);
    for recipient in recipients(value) {
        wishes.push(Wish {
            key,
            trigger: trigger.map(str::to_owned),
            destination: Destination::new(service, recipient),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "notifications.argoproj.io";

    fn wishes(key: &str, value: &str) -> (Vec<String>, Vec<String>) {
        let annotations = BTreeMap::from([(format!("{PREFIX}/{key}"), value.to_owned())]);
        let mut notes = Vec::new();
        let wishes = read(&annotations, PREFIX, &mut notes)
            .into_iter()
            .map(|wish| format!("{}>{}", wish.trigger.unwrap_or_default(), wish.destination))
            .collect();
        let notes = notes.into_iter().map(|note| note.message).collect();
        (wishes, notes)
    }

    /// Cases S5 and S6.
    #[test]
    fn subscribe_annotations() {
        let cases: [(&str, &str, &[&str]); 17] = [
            ("subscribe.t.slack", "a", &["t>{slack a}"]),
            (
                "subscribe.t.slack",
                " a ; ;b; ",
                &["t>{slack a}", "t>{slack b}"],
            ),
            ("subscribe.t.slack", "a,b", &["t>{slack a,b}"]),
            ("subscribe.t.slack", "a;a", &["t>{slack a}", "t>{slack a}"]),
            ("subscribe.t.slack", "", &["t>{slack }"]),
            ("subscribe.t.slack", " ", &[]),
            ("subscribe.t.slack", ";", &[]),
            ("subscribe.slack", "a", &[">{slack a}"]),
            ("subscribe..slack", "a", &[">{slack a}"]),
            ("subscribe.t.s.x.y", "a", &["t>{s a}"]),
            ("subscribe.t.", "a", &["t>{ a}"]),
            ("subscribe.", "a", &[">{ a}"]),
            ("subscribe", "a", &[]),
            ("subscribeX.t.s", "a", &[]),
            ("Subscribe.t.s", "a", &[]),
            ("random", "my-channel", &[]),
            ("notified", "{}", &[]),
        ];
        for (key, value, expected) in cases {
            let (found, notes) = wishes(key, value);
            assert_eq!(found, expected, "{key}: {value}");
            assert_eq!(notes, [""; 0], "{key}: {value}");
        }
        let foreign = BTreeMap::from([("x/subscribe.t.s".to_owned(), "a".to_owned())]);
        assert_eq!(read(&foreign, PREFIX, &mut Vec::new()), []);
    }

    /// Case S11: any key that begins so counts.
    #[test]
    fn subscription_lists() {
        let list = "[{trigger: [t], destinations: [{service: s, recipients: [a]}]}]";
        for key in ["subscriptions", "subscriptions.team-a", "subscriptionsX"] {
            assert_eq!(wishes(key, list).0, ["t>{s a}"], "{key}");
        }
        assert_eq!(
            wishes("subscriptions", "").1,
            ["Subscription is not defined"]
        );
    }

    #[test]
    fn recognises_keys() {
        for key in [
            "subscribe.a",
            "subscriptions",
            "subscriptions.x",
            "subscribe.",
        ] {
            assert!(is_subscription(&format!("{PREFIX}/{key}"), PREFIX), "{key}");
        }
        for key in ["subscribe", "notified", "Subscriptions"] {
            assert!(
                !is_subscription(&format!("{PREFIX}/{key}"), PREFIX),
                "{key}"
            );
        }
        assert!(!is_subscription("other/subscribe.a", PREFIX));
        assert!(!is_subscription(&format!("{PREFIX}subscribe.a"), PREFIX));
    }
}
