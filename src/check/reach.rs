//! Destinations that a service can't send to, whatever the notification: an unknown recipient, a
//! URL or a token that is missing.

use super::lint::LintOptions;
use crate::catalog::Catalog;
use crate::domain::{Destination, Diagnostic};
use crate::service::{Class, trial};
use crate::yaml::{self, Node};
use std::collections::BTreeSet;

/// Destinations that are tried. A ConfigMap with more of them is none that somebody wrote.
const MOST: usize = 2_000;

/// Makes, for every destination of the ConfigMap's subscriptions and of the given object, the
/// request of a test message, and tells where none can be made. Nothing is sent.
pub(super) fn check(catalog: &Catalog, options: &LintOptions<'_>, found: &mut Vec<Diagnostic>) {
    let mut tried = BTreeSet::new();
    let root = catalog
        .texts
        .get("subscriptions")
        .and_then(|text| yaml::parse(text).ok());
    let nodes = root.as_ref().and_then(Node::as_sequence);
    for entry in &catalog.subscriptions {
        let node = nodes.and_then(|nodes| nodes.get(entry.number.checked_sub(1)?));
        let recipients = node.and_then(|node| node.get("recipients")?.as_sequence());
        for (index, to) in entry.recipients.iter().enumerate() {
            if tried.len() >= MOST || !tried.insert(to.clone()) {
                continue;
            }
            let Some(why) = obstacle(catalog, options, to) else {
                continue;
            };
            let message = format!("nothing can be sent to '{}': {why}", to.label());
            let place = recipients
                .and_then(|recipients| recipients.get(index))
                .or(node);
            let finding = Diagnostic::error("unreachable-destination", "subscriptions", message);
            found.push(finding.at(place.map(|place| place.position)));
        }
    }
    let Some(subject) = &options.subject else {
        return;
    };
    let reached = subject.subscriptions(catalog, &mut Vec::new());
    for subscription in reached.values().flatten() {
        let to = &subscription.destination;
        if tried.len() >= MOST || !tried.insert(to.clone()) {
            continue;
        }
        if let Some(why) = obstacle(catalog, options, to) {
            let message = format!(
                "{} is to be told through '{}' ({}), but nothing can be sent there: {why}",
                subject.label(),
                to.label(),
                subscription.origin
            );
            found.push(Diagnostic::error("unreachable-destination", "", message));
        }
    }
}

/// Why nothing can be sent there, as far as that shows without sending.
fn obstacle(catalog: &Catalog, options: &LintOptions<'_>, to: &Destination) -> Option<String> {
    let entry = catalog.services.get(&*to.service)?;
    // What the Secret would put in is not there.
    if !options.secret_known && !entry.secret_names.is_empty() {
        return None;
    }
    // A type that can't be tried can't be judged.
    let notification = trial(&*entry.service, to).ok()?;
    let error = entry.service.prepare(&notification, to).err()?;
    (error.class == Class::Permanent).then_some(error.message)
}
