//! Changing the subscriptions of an object, in its annotations.

use super::annotation;
use crate::domain::Destination;
use std::collections::BTreeMap;

fn key(prefix: &str, trigger: &str, service: &str) -> String {
    format!("{prefix}/subscribe.{trigger}.{service}")
}

/// The recipients as they stand in the annotation.
fn listed(value: &str) -> Vec<String> {
    let trimmed = value.split(';').map(str::trim);
    let named = trimmed.filter(|recipient| !recipient.is_empty());
    named.map(str::to_owned).collect()
}

/// Adds recipients to the annotation `<prefix>/subscribe.<trigger>.<service>`, those that are not
/// there yet. No recipients at all, or an empty one, leave the empty value when there is nothing
/// else: it means one recipient without a name.
pub fn subscribe(
    prefix: &str,
    annotations: &mut BTreeMap<String, String>,
    trigger: &str,
    service: &str,
    recipients: &[&str],
) {
    let value = annotations
        .entry(key(prefix, trigger, service))
        .or_default();
    let mut all = listed(value);
    for recipient in recipients.iter().map(|recipient| recipient.trim()) {
        if !recipient.is_empty() && !all.iter().any(|known| known == recipient) {
            all.push(recipient.to_owned());
        }
    }
    *value = all.join(";");
}

/// Takes a recipient out of the annotation `<prefix>/subscribe.<trigger>.<service>`; with the last
/// one the annotation goes. (The original glues the remaining recipients together.) True when it
/// was there.
pub fn unsubscribe(
    prefix: &str,
    annotations: &mut BTreeMap<String, String>,
    trigger: &str,
    service: &str,
    recipient: &str,
) -> bool {
    let key = key(prefix, trigger, service);
    let Some(value) = annotations.get(&key) else {
        return false;
    };
    let mut all = listed(value);
    let before = all.len();
    if recipient.is_empty() {
        if !value.is_empty() {
            return false;
        }
    } else {
        all.retain(|known| known != recipient);
        if all.len() == before {
            return false;
        }
    }
    if all.is_empty() {
        annotations.remove(&key);
    } else {
        annotations.insert(key, all.join(";"));
    }
    true
}

/// Whether the object's annotations subscribe this destination to any trigger.
pub fn has(
    prefix: &str,
    annotations: &BTreeMap<String, String>,
    destination: &Destination,
) -> bool {
    annotation::read(annotations, prefix, &mut Vec::new())
        .iter()
        .any(|wish| wish.destination == *destination)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "notifications.argoproj.io";
    const KEY: &str = "notifications.argoproj.io/subscribe.my-trigger.slack";

    /// Case S16, and the improvement on Q10.
    #[test]
    fn adds_and_removes_recipients() {
        let mut annotations = BTreeMap::new();
        let add = |annotations: &mut _, recipients: &[&str]| {
            subscribe(PREFIX, annotations, "my-trigger", "slack", recipients);
        };
        add(&mut annotations, &["my-channel1"]);
        assert_eq!(annotations[KEY], "my-channel1");
        add(&mut annotations, &["my-channel2", "my-channel1", "c", "c"]);
        assert_eq!(annotations[KEY], "my-channel1;my-channel2;c");
        let remove = |annotations: &mut _, recipient| {
            unsubscribe(PREFIX, annotations, "my-trigger", "slack", recipient)
        };
        assert!(remove(&mut annotations, "my-channel1"));
        assert_eq!(annotations[KEY], "my-channel2;c");
        assert!(!remove(&mut annotations, "other"));
        assert!(remove(&mut annotations, "c"));
        assert!(remove(&mut annotations, "my-channel2"));
        assert!(!annotations.contains_key(KEY));
        assert!(!remove(&mut annotations, "c"));
    }

    #[test]
    fn services_without_recipients() {
        let mut annotations = BTreeMap::new();
        subscribe(PREFIX, &mut annotations, "my-trigger", "slack", &[""]);
        assert_eq!(annotations[KEY], "");
        assert!(has(PREFIX, &annotations, &Destination::new("slack", "")));
        assert!(unsubscribe(
            PREFIX,
            &mut annotations,
            "my-trigger",
            "slack",
            ""
        ));
        assert!(annotations.is_empty());
    }

    #[test]
    fn finds_subscriptions_of_any_form() {
        let annotations = BTreeMap::from([
            (format!("{PREFIX}/subscribe.slack"), "a;b".to_owned()),
            (
                format!("{PREFIX}/subscriptions"),
                "[{trigger: [t], destinations: [{service: s, recipients: [c]}]}]".to_owned(),
            ),
        ]);
        assert!(has(PREFIX, &annotations, &Destination::new("slack", "b")));
        assert!(has(PREFIX, &annotations, &Destination::new("s", "c")));
        assert!(!has(PREFIX, &annotations, &Destination::new("slack", "c")));
        assert!(!has("other", &annotations, &Destination::new("s", "c")));
    }
}
