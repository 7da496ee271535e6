//! Changing the subscriptions of an object, in its annotations.

use super::annotation;
use crate::domain::Destination;
use std::collections::BTreeMap;

fn key(prefix: &str, trigger: &str, service: &str) -> String {
    // Without a trigger it is about the default triggers.
    let dot = if trigger.is_empty() { "" } else { "." };
    format!("{prefix}/subscribe.{trigger}{dot}{service}")
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

/// One subscription as it stands in the annotations of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnotatedSubscription {
    /// The annotation, without prefix and slash.
    pub annotation: String,
    /// The trigger; `None` for the default triggers.
    pub trigger: Option<String>,
    /// Who is told.
    pub destination: Destination,
    /// It can be removed by itself: it stands in an annotation `subscribe.<trigger>.<service>`, not
    /// in a list written as YAML.
    pub removable: bool,
}

/// The subscriptions in an object's annotations, in the order of the annotations. What can't be read
/// is left out.
pub fn subscriptions_of(
    prefix: &str,
    annotations: &BTreeMap<String, String>,
) -> Vec<AnnotatedSubscription> {
    let wishes = annotation::read(annotations, prefix, &mut Vec::new());
    wishes
        .into_iter()
        .map(|wish| AnnotatedSubscription {
            annotation: wish.key.to_owned(),
            removable: wish.key.starts_with("subscribe."),
            trigger: wish.trigger,
            destination: wish.destination,
        })
        .collect()
}

/// What to do about one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionChange {
    /// Adds it; else it is removed.
    pub add: bool,
    /// The trigger; empty for the default triggers.
    pub trigger: String,
    /// The service.
    pub service: String,
    /// Who is told; empty for services that need nobody.
    pub recipients: Vec<String>,
}

impl SubscriptionChange {
    /// The annotations that change with their new values (`None`: it goes), for an object that has
    /// these annotations; nothing when it is as wanted already.
    pub fn apply(
        &self,
        prefix: &str,
        annotations: &BTreeMap<String, String>,
    ) -> BTreeMap<String, Option<String>> {
        let mut after = annotations.clone();
        let recipients: Vec<&str> = self.recipients.iter().map(String::as_str).collect();
        if self.add {
            subscribe(
                prefix,
                &mut after,
                &self.trigger,
                &self.service,
                &recipients,
            );
        } else {
            let nobody = [""];
            let all = if recipients.is_empty() {
                &nobody[..]
            } else {
                &recipients
            };
            for recipient in all {
                unsubscribe(prefix, &mut after, &self.trigger, &self.service, recipient);
            }
        }
        let names = annotations.keys().chain(after.keys());
        names
            .filter(|name| annotations.get(*name) != after.get(*name))
            .map(|name| (name.clone(), after.get(name).cloned()))
            .collect()
    }
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
    fn a_change_is_only_what_differs() {
        let there = BTreeMap::from([
            (KEY.to_owned(), "a;b".to_owned()),
            ("other".to_owned(), "stays".to_owned()),
        ]);
        let change = |add, recipients: &[&str]| SubscriptionChange {
            add,
            trigger: "my-trigger".into(),
            service: "slack".into(),
            recipients: recipients.iter().map(|name| (*name).to_owned()).collect(),
        };
        let expected = BTreeMap::from([(KEY.to_owned(), Some("a;b;c".to_owned()))]);
        assert_eq!(change(true, &["b", "c"]).apply(PREFIX, &there), expected);
        assert!(change(true, &["a"]).apply(PREFIX, &there).is_empty());
        assert!(change(false, &["x"]).apply(PREFIX, &there).is_empty());
        let gone = BTreeMap::from([(KEY.to_owned(), None)]);
        assert_eq!(change(false, &["a", "b"]).apply(PREFIX, &there), gone);
        let default = SubscriptionChange {
            trigger: String::new(),
            ..change(true, &["x"])
        };
        let name = format!("{PREFIX}/subscribe.slack");
        let expected = BTreeMap::from([(name, Some("x".to_owned()))]);
        assert_eq!(default.apply(PREFIX, &BTreeMap::new()), expected);
    }

    #[test]
    fn subscriptions_are_listed_with_their_place() {
        let annotations = BTreeMap::from([
            (format!("{PREFIX}/subscribe.on-a.slack"), "x;y".to_owned()),
            (
                format!("{PREFIX}/subscriptions"),
                "[{trigger: [t], destinations: [{service: s, recipients: [c]}]}]".to_owned(),
            ),
        ]);
        let found = subscriptions_of(PREFIX, &annotations);
        let words: Vec<_> = found
            .iter()
            .map(|entry| {
                let trigger = entry.trigger.as_deref().unwrap_or("-");
                format!(
                    "{trigger} {} {}",
                    entry.destination.label(),
                    entry.removable
                )
            })
            .collect();
        assert_eq!(
            words,
            ["on-a slack:x true", "on-a slack:y true", "t s:c false"]
        );
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
