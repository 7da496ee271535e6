//! The annotation `subscriptions`: a list of triggers with their destinations.

use crate::domain::{Destination, Diagnostic, Position, nearest};
use crate::yaml::{self, Node};

/// Where notes about one annotation go.
struct Notes<'n> {
    annotation: &'n str,
    notes: &'n mut Vec<Diagnostic>,
}

impl Notes<'_> {
    fn add(&mut self, message: String, at: Option<Position>, help: Option<String>) {
        let note = Diagnostic::warning("bad-subscription", self.annotation, message).at(at);
        self.notes.push(match help {
            Some(help) => note.help(help),
            None => note,
        });
    }
}

const ENTRY_FIELDS: [&str; 3] = ["trigger", "triggers", "destinations"];
const DESTINATION_FIELDS: [&str; 2] = ["service", "recipients"];

/// A trigger, `None` for the default ones, with a destination.
type Pair = (Option<String>, Destination);

/// Reads the annotation `annotation`: a list of `{trigger, destinations}` in YAML or JSON. Beyond
/// the original, `triggers` is read as well, and a plain text where a list of one is meant. An
/// entry is used as a whole or not at all: what is left of a bad one would subscribe to other
/// things than meant.
pub(super) fn read(annotation: &str, value: &str, notes: &mut Vec<Diagnostic>) -> Vec<Pair> {
    let mut notes = Notes { annotation, notes };
    if value.is_empty() {
        notes.add("Subscription is not defined".into(), None, None);
        return Vec::new();
    }
    let root = match yaml::parse(value) {
        Ok(root) => root,
        Err(error) => {
            let message = format!(
                "Notification subscription unmarshal error: {}",
                error.original()
            );
            notes.add(message, error.position, None);
            return Vec::new();
        }
    };
    let Some(entries) = root.as_sequence() else {
        if !root.is_null() {
            let message = format!(
                "Notification subscription unmarshal error: error unmarshaling JSON: while \
                 decoding JSON: json: cannot unmarshal {} into Go value of type []Subscription",
                root.json_type()
            );
            let help = "it is a list of entries with trigger and destinations";
            notes.add(message, Some(root.position), Some(help.into()));
        }
        return Vec::new();
    };
    let entries = entries.iter().enumerate();
    entries
        .filter_map(|(index, entry)| read_entry(index, entry, &mut notes))
        .flatten()
        .collect()
}

fn read_entry(index: usize, entry: &Node, notes: &mut Notes<'_>) -> Option<Vec<Pair>> {
    if entry.as_mapping().is_none() && !entry.is_null() {
        let found = entry.json_type();
        let message = format!("entry [{index}] is ignored: it is of type {found}, not a map");
        notes.add(message, Some(entry.position), None);
        return None;
    }
    tell_unknown(&format!("entry [{index}]"), entry, &ENTRY_FIELDS, notes);
    let mut triggers = texts(&format!("[{index}].trigger"), entry.get("trigger"), notes)?;
    triggers.extend(texts(
        &format!("[{index}].triggers"),
        entry.get("triggers"),
        notes,
    )?);
    let destinations = read_destinations(index, entry.get("destinations"), notes)?;
    if destinations.is_empty() {
        let message = if triggers.is_empty() {
            "Notification triggers and destinations are not configured"
        } else {
            "Notification destinations are not configured"
        };
        let message = format!("{message} in entry [{index}]");
        notes.add(message, Some(entry.position), None);
        return None;
    }
    let mut triggers: Vec<Option<String>> = triggers
        .into_iter()
        .map(|name| (!name.is_empty()).then_some(name))
        .collect();
    if triggers.is_empty() {
        triggers.push(None);
    }
    let pairs = triggers.iter().flat_map(|trigger| {
        let pair = |destination: &Destination| (trigger.clone(), destination.clone());
        destinations.iter().map(pair)
    });
    Some(pairs.collect())
}

fn read_destinations(
    index: usize,
    node: Option<&Node>,
    notes: &mut Notes<'_>,
) -> Option<Vec<Destination>> {
    let Some(node) = node else {
        return Some(Vec::new());
    };
    let Some(items) = node.as_sequence() else {
        let found = node.json_type();
        let message =
            format!("entry [{index}] is ignored: its destinations are of type {found}, not a list");
        let help = "write destinations: [{service: slack, recipients: [ops]}]";
        notes.add(message, Some(node.position), Some(help.into()));
        return None;
    };
    let mut destinations = Vec::new();
    for (position, item) in items.iter().enumerate() {
        let place = format!("[{index}].destinations[{position}]");
        if item.as_mapping().is_none() && !item.is_null() {
            let found = item.json_type();
            let message = format!("{place} is of type {found}, not a map; the entry is ignored");
            let help = "write {service: slack, recipients: [ops]}";
            notes.add(message, Some(item.position), Some(help.into()));
            return None;
        }
        tell_unknown(&place, item, &DESTINATION_FIELDS, notes);
        let service = match item.get("service") {
            None => String::new(),
            Some(node) => match node.to_text() {
                Some(text) => text.into_owned(),
                None => {
                    refuse_text(&format!("{place}.service"), node, notes);
                    return None;
                }
            },
        };
        let recipients = texts(
            &format!("{place}.recipients"),
            item.get("recipients"),
            notes,
        )?;
        if recipients.is_empty() {
            let message = format!("{place} has no recipients, so it subscribes nobody");
            let help = "for a service that needs none write recipients: ['']";
            notes.add(message, Some(item.position), Some(help.into()));
        }
        let service: std::sync::Arc<str> = service.into();
        destinations.extend(
            recipients
                .into_iter()
                .map(|recipient| Destination::new(service.clone(), recipient)),
        );
    }
    Some(destinations)
}

/// A list of texts, or a single one. `None` when it holds something else.
fn texts(place: &str, node: Option<&Node>, notes: &mut Notes<'_>) -> Option<Vec<String>> {
    let Some(node) = node else {
        return Some(Vec::new());
    };
    let items = match node.as_sequence() {
        Some(items) => items,
        None => std::slice::from_ref(node),
    };
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        match item.to_text() {
            Some(text) => texts.push(text.into_owned()),
            None => {
                refuse_text(place, item, notes);
                return None;
            }
        }
    }
    Some(texts)
}

fn refuse_text(place: &str, node: &Node, notes: &mut Notes<'_>) {
    let found = node.json_type();
    let message = format!("{place} is of type {found}, not text; the entry is ignored");
    notes.add(message, Some(node.position), None);
}

fn tell_unknown(place: &str, node: &Node, known: &[&str], notes: &mut Notes<'_>) {
    for field in node.as_mapping().unwrap_or_default() {
        let Some(name) = field.key.to_text() else {
            continue;
        };
        if known.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            continue;
        }
        let near = nearest(&name, known.iter().copied());
        let message = format!("{place} has a field '{name}', which is not known and is ignored");
        let help = near.map(|near| format!("did you mean '{near}'?"));
        notes.add(message, Some(field.key.position), help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNOTATION: &str = "notifications.argoproj.io/subscriptions";

    fn pairs(value: &str) -> (Vec<String>, Vec<String>) {
        let mut notes = Vec::new();
        let pairs = read(ANNOTATION, value, &mut notes)
            .into_iter()
            .map(|(trigger, to)| format!("{}>{to}", trigger.unwrap_or_default()))
            .collect();
        let notes = notes.into_iter().map(|note| note.message).collect();
        (pairs, notes)
    }

    /// Cases S7 to S13.
    #[test]
    fn subscriptions_annotation() {
        let cases: [(&str, &[&str], &[&str]); 19] = [
            (
                "[{trigger: [t1, t2], destinations: [{service: s1, recipients: [a, b]}, {service: s2, recipients: [c]}]}, {trigger: [t1], destinations: [{service: s1, recipients: [a]}]}]",
                &[
                    "t1>{s1 a}",
                    "t1>{s1 b}",
                    "t1>{s2 c}",
                    "t2>{s1 a}",
                    "t2>{s1 b}",
                    "t2>{s2 c}",
                    "t1>{s1 a}",
                ],
                &[],
            ),
            (
                r#"[{"trigger": ["t"], "destinations": [{"service": "s", "recipients": ["a"]}]}]"#,
                &["t>{s a}"],
                &[],
            ),
            (
                "- destinations:\n  - service: s\n    recipients: [a]",
                &[">{s a}"],
                &[],
            ),
            (
                "[{trigger: [], destinations: [{service: s, recipients: [a]}]}]",
                &[">{s a}"],
                &[],
            ),
            (
                "[{trigger: [''], destinations: [{service: s, recipients: [a]}]}]",
                &[">{s a}"],
                &[],
            ),
            (
                "[{trigger: t, destinations: [{service: s, recipients: [a]}]}]",
                &["t>{s a}"],
                &[],
            ),
            (
                "[{triggers: [t], destinations: [{service: s, recipients: a}]}]",
                &["t>{s a}"],
                &[],
            ),
            (
                "[{trigger: [true], destinations: [{service: s, recipients: [a, 1, -100123, 1.5, true]}]}]",
                &[
                    "true>{s a}",
                    "true>{s 1}",
                    "true>{s -100123}",
                    "true>{s 1.5}",
                    "true>{s true}",
                ],
                &[],
            ),
            (
                "[{trigger: [t], destinations: [{service: s, recipients: ['a;b', '', ' c ']}]}]",
                &["t>{s a;b}", "t>{s }", "t>{s  c }"],
                &[],
            ),
            (
                "[{trigger: [t]}]",
                &[],
                &["Notification destinations are not configured in entry [0]"],
            ),
            (
                "[{}]",
                &[],
                &["Notification triggers and destinations are not configured in entry [0]"],
            ),
            ("", &[], &["Subscription is not defined"]),
            ("[]", &[], &[]),
            (
                "[{trigger: [t], destinations: [{service: s}]}]",
                &[],
                &[
                    "[0].destinations[0] has no recipients, so it subscribes nobody",
                    "Notification destinations are not configured in entry [0]",
                ],
            ),
            (
                "[{trigger: {a: b}, destinations: [{service: s, recipients: [a]}]}, {trigger: [t], destinations: [{service: s, recipients: [b]}]}]",
                &["t>{s b}"],
                &["[0].trigger is of type object, not text; the entry is ignored"],
            ),
            (
                "[{trigger: [t], destinations: {service: s, recipients: [a]}}]",
                &[],
                &["entry [0] is ignored: its destinations are of type object, not a list"],
            ),
            (
                "[{trigger: [t], destination: [{service: s, recipients: [a]}]}]",
                &[],
                &[
                    "entry [0] has a field 'destination', which is not known and is ignored",
                    "Notification destinations are not configured in entry [0]",
                ],
            ),
            (
                "trigger: [t]",
                &[],
                &[
                    "Notification subscription unmarshal error: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go value of type []Subscription",
                ],
            ),
            (
                "[x]",
                &[],
                &["entry [0] is ignored: it is of type string, not a map"],
            ),
        ];
        for (value, expected, told) in cases {
            let (found, notes) = pairs(value);
            assert_eq!(found, expected, "{value}");
            assert_eq!(notes, told, "{value}");
        }
        assert!(pairs("[").1[0].contains("unmarshal error"));
    }

    #[test]
    fn notes_say_where() {
        let mut notes = Vec::new();
        read(
            ANNOTATION,
            "- trigger: [t]\n  destinatons: []\n",
            &mut notes,
        );
        assert_eq!(
            notes[0].to_string(),
            "warning in notifications.argoproj.io/subscriptions:2:3: entry [0] has a field \
             'destinatons', which is not known and is ignored (did you mean 'destinations'?)"
        );
    }
}
