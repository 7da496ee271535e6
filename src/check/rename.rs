//! Another name for a key, also in the keys that refer to it.

use crate::catalog::KeyKind;
use crate::domain::Position;
use crate::yaml::{self, Node};
use std::collections::BTreeMap;

/// What renaming a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// All keys with their texts, afterwards.
    pub data: BTreeMap<String, String>,
    /// The keys whose texts now say the new name.
    pub referring: Vec<String>,
}

/// Gives a key another name: templates also in the conditions that send them, triggers in
/// subscriptions, services in subscriptions, default triggers and sections of webhooks. Nothing
/// else of the texts changes. What stands in annotations of objects is not touched.
///
/// # Errors
/// One sentence: there is no such key, the new name is taken, or it is a key of another kind.
pub fn rename_key(
    data: &BTreeMap<String, String>,
    old: &str,
    new: &str,
) -> Result<Renamed, String> {
    let Some(text) = data.get(old) else {
        return Err(format!("there is no key {old}"));
    };
    if data.contains_key(new) {
        return Err(format!("there is a key {new} already"));
    }
    let kind = KeyKind::of(old);
    if KeyKind::of(new) != kind {
        return Err(format!(
            "{new} would be no {kind}: keep what the key begins with"
        ));
    }
    let mut changed = data.clone();
    changed.remove(old);
    changed.insert(new.to_owned(), text.clone());
    let names = name_of(old, kind).zip(name_of(new, kind));
    let mut referring = Vec::new();
    if let Some((old, new)) = names.filter(|(old, new)| old != new) {
        let renamed = |key: &str| {
            let service = key.strip_prefix("defaultTriggers.");
            (kind == KeyKind::Service && service == Some(old))
                .then(|| format!("defaultTriggers.{new}"))
        };
        let keys: Vec<String> = changed.keys().cloned().collect();
        for key in keys {
            let Some(text) = changed.get(&key) else {
                continue;
            };
            if let Some(replaced) = in_text(&key, text, kind, old, new) {
                changed.insert(key.clone(), replaced);
                referring.push(key.clone());
            }
            if let Some(other) = renamed(&key)
                && !changed.contains_key(&other)
                && let Some(text) = changed.remove(&key)
            {
                changed.insert(other.clone(), text);
                referring.push(other);
            }
        }
    }
    Ok(Renamed {
        data: changed,
        referring,
    })
}

/// The name that others use for what a key configures.
fn name_of(key: &str, kind: KeyKind) -> Option<&str> {
    match kind {
        KeyKind::Template => key.strip_prefix("template."),
        KeyKind::Trigger => key.strip_prefix("trigger."),
        KeyKind::Service => {
            let rest = key.strip_prefix("service.")?;
            Some(rest.split_once('.').map_or(rest, |(_, name)| name))
        }
        _ => None,
    }
}

/// The text of a key with the new name in the places that mean the old one.
fn in_text(key: &str, text: &str, kind: KeyKind, old: &str, new: &str) -> Option<String> {
    let root = yaml::parse(text).ok()?;
    let mut places = Vec::new();
    match (kind, KeyKind::of(key)) {
        (KeyKind::Template, KeyKind::Trigger) => {
            for condition in root.as_sequence()? {
                names(condition.get("send"), old, &mut places);
                names(condition.get("resolved"), old, &mut places);
            }
        }
        (KeyKind::Trigger, KeyKind::DefaultTriggers) => names(Some(&root), old, &mut places),
        (KeyKind::Trigger, KeyKind::Subscriptions) => {
            for entry in root.as_sequence()? {
                names(entry.get("triggers"), old, &mut places);
            }
        }
        (KeyKind::Service, KeyKind::Subscriptions) => {
            for entry in root.as_sequence()? {
                let recipients = entry.get("recipients").and_then(Node::as_sequence);
                for recipient in recipients.unwrap_or_default() {
                    let text = recipient.to_text().unwrap_or_default();
                    if text.split(':').next() == Some(old) {
                        places.push(recipient.position);
                    }
                }
            }
        }
        (KeyKind::Service, KeyKind::Template) => {
            let webhooks = root.get("webhook").and_then(Node::as_mapping);
            for entry in webhooks.unwrap_or_default() {
                if entry.key.to_text().as_deref() == Some(old) {
                    places.push(entry.key.position);
                }
            }
        }
        _ => return None,
    }
    replace(text, places, old, new)
}

fn names(list: Option<&Node>, old: &str, places: &mut Vec<Position>) {
    for item in list.and_then(Node::as_sequence).unwrap_or_default() {
        if item.to_text().as_deref() == Some(old) {
            places.push(item.position);
        }
    }
}

/// Replaces the name where it stands, whatever quotes are around it.
fn replace(text: &str, mut places: Vec<Position>, old: &str, new: &str) -> Option<String> {
    places.sort_unstable();
    places.dedup();
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let mut replaced = false;
    for place in places.into_iter().rev() {
        let Some(line) = lines.get_mut(place.line.saturating_sub(1) as usize) else {
            continue;
        };
        let column = place.column.saturating_sub(1) as usize;
        let at = line
            .char_indices()
            .nth(column)
            .map_or(line.len(), |(at, _)| at);
        let quoted = line
            .get(at..)
            .is_some_and(|rest| rest.starts_with(['"', '\'']));
        let at = at + usize::from(quoted);
        if line.get(at..).is_some_and(|rest| rest.starts_with(old)) {
            line.replace_range(at..at + old.len(), new);
            replaced = true;
        }
    }
    replaced.then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> BTreeMap<String, String> {
        [
            (
                "trigger.on-oom",
                "- when: a # oom\n  send: [oom, 'oom', oom-2]\n- resolved:\n  - oom\n",
            ),
            ("template.oom", "message: oom\n"),
            ("template.hooks", "webhook:\n  hook: {body: hook}\n"),
            ("service.webhook.hook", "url: http://127.0.0.1/hook\n"),
            ("defaultTriggers.hook", "[on-oom]"),
            (
                "subscriptions",
                "- recipients: [hook, hook:x, hooks]\n  triggers:\n  - on-oom\n",
            ),
        ]
        .map(|(key, text)| (key.to_owned(), text.to_owned()))
        .into()
    }

    fn renamed(old: &str, new: &str) -> Renamed {
        rename_key(&data(), old, new).expect("can be renamed")
    }

    #[test]
    fn templates_are_renamed_where_they_are_sent() {
        let renamed = renamed("template.oom", "template.memory");
        assert_eq!(renamed.referring, ["trigger.on-oom"]);
        let expected =
            "- when: a # oom\n  send: [memory, 'memory', oom-2]\n- resolved:\n  - memory\n";
        assert_eq!(renamed.data["trigger.on-oom"], expected);
        assert_eq!(renamed.data["template.memory"], "message: oom\n");
        assert!(!renamed.data.contains_key("template.oom"));
    }

    #[test]
    fn triggers_and_services_are_renamed_where_they_are_meant() {
        let trigger = renamed("trigger.on-oom", "trigger.on-kill");
        assert_eq!(trigger.referring, ["defaultTriggers.hook", "subscriptions"]);
        assert_eq!(trigger.data["defaultTriggers.hook"], "[on-kill]");
        let service = renamed("service.webhook.hook", "service.webhook.pager");
        let subscriptions = "- recipients: [pager, pager:x, hooks]\n  triggers:\n  - on-oom\n";
        assert_eq!(service.data["subscriptions"], subscriptions);
        assert_eq!(
            service.data["template.hooks"],
            "webhook:\n  pager: {body: hook}\n"
        );
        assert_eq!(service.data["defaultTriggers.pager"], "[on-oom]");
    }

    #[test]
    fn a_key_of_another_kind_is_refused() {
        for (old, new) in [
            ("template.oom", "trigger.oom"),
            ("template.oom", "template.hooks"),
            ("template.x", "template.y"),
        ] {
            assert!(rename_key(&data(), old, new).is_err(), "{old} {new}");
        }
    }
}
