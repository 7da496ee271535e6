//! Subscriptions that apply to every object, and the triggers that subscriptions fall back on.

use super::selector::Selector;
use super::status::Findings;
use super::text::{self, Reference, Target};
use crate::domain::{Destination, Diagnostic, Position};
use crate::yaml::{self, Node};

/// One entry of the ConfigMap key `subscriptions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultSubscription {
    /// Position in the list, from 1.
    pub number: usize,
    /// Who is told.
    pub recipients: Vec<Destination>,
    /// About what; none means the default triggers.
    pub triggers: Vec<String>,
    /// Which objects; empty selects all.
    pub selector: Selector,
}

const FIELDS: [&str; 3] = ["recipients", "triggers", "selector"];

/// Reads the key `subscriptions`. `None` when anything in it is wrong.
pub(super) fn read_subscriptions(
    source: &str,
    findings: &mut Findings,
    references: &mut Vec<Reference>,
) -> Option<Vec<DefaultSubscription>> {
    let root = match text::read(source, findings) {
        Ok(root) => root,
        Err(error) => {
            text::unreadable("", &error, findings);
            return None;
        }
    };
    let entries = match root.as_sequence() {
        Some(entries) => entries,
        None if root.is_null() => &[],
        None => {
            let found = root.json_type();
            let message = format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into \
                 Go value of type []DefaultSubscription"
            );
            let finding = Diagnostic::error("bad-yaml", findings.key(), message)
                .at(root.position)
                .help("it is a list of entries with recipients, triggers and selector");
            findings.push(finding);
            return None;
        }
    };
    let mut subscriptions = Vec::with_capacity(entries.len());
    let mut whole = true;
    for (index, node) in entries.iter().enumerate() {
        match read_entry(index, node, findings, references) {
            Some(subscription) => subscriptions.push(subscription),
            None => whole = false,
        }
    }
    whole.then_some(subscriptions)
}

fn read_entry(
    index: usize,
    node: &Node,
    findings: &mut Findings,
    references: &mut Vec<Reference>,
) -> Option<DefaultSubscription> {
    if node.as_mapping().is_none() && !node.is_null() {
        refuse(index, "", node, "DefaultSubscription", findings);
        return None;
    }
    text::unknown_fields(node, &FIELDS, findings);
    let recipients = strict_list(index, "recipients", node, findings);
    let triggers = strict_list(index, "triggers", node, findings);
    let selector = match node.get("selector") {
        None => Some(Selector::default()),
        Some(node) => read_selector(index, node, findings),
    };
    let (recipients, triggers) = (recipients?, triggers?);
    let key = findings.key().to_owned();
    let mut refer = |target, name: &str, position: Position| {
        references.push(Reference {
            key: key.clone(),
            position: Some(position),
            target,
            name: name.to_owned(),
        });
    };
    for (name, position) in &triggers {
        refer(Target::Trigger, name, *position);
    }
    let recipients: Vec<Destination> = recipients
        .iter()
        .map(|(text, position)| {
            let destination = Destination::parse(text);
            refer(Target::Service, &destination.service, *position);
            destination
        })
        .collect();
    if recipients.is_empty() {
        let message = format!("entry {} has no recipients, so it tells nobody", index + 1);
        let finding = Diagnostic::warning("no-recipients", findings.key(), message);
        findings.push(finding.at(node.position));
    }
    Some(DefaultSubscription {
        number: index + 1,
        recipients,
        triggers: triggers.into_iter().map(|(name, _)| name).collect(),
        selector: selector?,
    })
}

fn read_selector(index: usize, node: &Node, findings: &mut Findings) -> Option<Selector> {
    let Some(text) = node.as_text() else {
        refuse(index, "selector", node, "string", findings);
        return None;
    };
    match text.parse() {
        Ok(selector) => Some(selector),
        Err(error) => {
            let message = format!("selector of entry {}: {error}", index + 1);
            let finding = Diagnostic::error("bad-selector", findings.key(), message)
                .at(node.position)
                .help("for example app=web, app in (web,api), !legacy, replicas>2");
            findings.push(finding);
            None
        }
    }
}

/// A list of texts. Unlike elsewhere numbers and booleans don't become text: the original decodes
/// these entries on its own.
fn strict_list(
    index: usize,
    field: &str,
    entry: &Node,
    findings: &mut Findings,
) -> Option<Vec<(String, Position)>> {
    let Some(node) = entry.get(field) else {
        return Some(Vec::new());
    };
    let Some(items) = node.as_sequence() else {
        refuse(index, field, node, "[]string", findings);
        return None;
    };
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        match item.as_text() {
            Some(text) => texts.push((text.to_owned(), item.position)),
            None if item.is_null() => texts.push((String::new(), item.position)),
            None => {
                refuse(index, field, item, "string", findings);
                return None;
            }
        }
    }
    Some(texts)
}

fn refuse(index: usize, field: &str, node: &Node, wanted: &str, findings: &mut Findings) {
    let found = node.json_type();
    let target = if field.is_empty() {
        format!("Go value of type {wanted}")
    } else {
        format!("Go struct field DefaultSubscription.{field} of type {wanted}")
    };
    let message = format!(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into {target}"
    );
    let advice = match (wanted, found) {
        ("[]string", "string") => format!("{field} of entry {} is a list: write [a]", index + 1),
        ("string", _) => format!("put the text in {field} of entry {} in quotes", index + 1),
        _ => format!("entry {} has recipients, triggers and selector", index + 1),
    };
    let finding = Diagnostic::error("bad-yaml", findings.key(), message)
        .at(node.position)
        .help(advice);
    findings.push(finding);
}

/// Reads a list of trigger names. `prefix` is the original's, with its colon.
pub(super) fn read_trigger_names(
    source: &str,
    prefix: &str,
    findings: &mut Findings,
    references: &mut Vec<Reference>,
) -> Option<Vec<String>> {
    let read = text::read(source, findings)
        .and_then(|root| Ok((yaml::decode::<Vec<String>>(&root)?, root)));
    let (names, root) = match read {
        Ok(read) => read,
        Err(error) => {
            text::unreadable(prefix, &error, findings);
            return None;
        }
    };
    let items = root.as_sequence().unwrap_or_default();
    for (index, name) in names.iter().enumerate() {
        references.push(Reference {
            key: findings.key().to_owned(),
            position: items.get(index).map(|item| item.position),
            target: Target::Trigger,
            name: name.clone(),
        });
    }
    Some(names)
}
