//! Parts that nothing uses.

use crate::catalog::{Catalog, Condition, KeyKind, KeyState};
use crate::domain::{Diagnostic, Severity, nearest};
use crate::yaml;
use std::collections::BTreeSet;

/// Tells templates that no condition sends, triggers that never do anything, and sections for
/// webhooks that are not there.
pub(super) fn check(catalog: &Catalog, found: &mut Vec<Diagnostic>) {
    let sent: BTreeSet<&str> = catalog
        .triggers
        .values()
        .flat_map(|trigger| &trigger.conditions)
        .flat_map(Condition::templates)
        .collect();
    // A trigger that can't be read may send anything.
    let unread = catalog
        .keys
        .values()
        .any(|key| key.kind == KeyKind::Trigger && key.state == KeyState::Broken);
    for trigger in catalog.triggers.values() {
        if trigger.conditions.is_empty() {
            let key = format!("trigger.{}", trigger.name);
            let message = "it has no conditions, so it never does anything";
            found.push(Diagnostic::warning("no-conditions", &key, message));
        }
    }
    for (name, template) in &catalog.templates {
        let key = format!("template.{name}");
        if !unread && !sent.contains(name.as_str()) {
            let message = "no condition sends this template";
            found.push(Diagnostic {
                severity: Severity::Info,
                ..Diagnostic::warning("unused-template", &key, message)
            });
        }
        let webhooks = || {
            let services = catalog.services.iter();
            services
                .filter(|(_, entry)| entry.service.service_type() == "webhook")
                .map(|(name, _)| name.as_str())
        };
        let root = catalog
            .texts
            .get(&key)
            .and_then(|text| yaml::parse(text).ok());
        for service in template.unrendered().webhook.keys() {
            if webhooks().any(|known| known == service) {
                continue;
            }
            // A file of templates alone, to be put together with services elsewhere.
            if catalog.services.is_empty() {
                continue;
            }
            let near = nearest(service, webhooks());
            let message = format!("it has a part for the webhook '{service}', which is not there");
            let entries = root
                .as_ref()
                .and_then(|root| root.get("webhook")?.as_mapping())
                .unwrap_or_default();
            let entry = entries
                .iter()
                .find(|entry| entry.key.to_text().as_deref() == Some(service));
            let finding = Diagnostic::warning("unused-part", &key, message)
                .at(entry.map(|entry| entry.key.position));
            found.push(match near {
                Some(near) => finding.help(format!("did you mean '{near}'?")),
                // One template for several configurations is usual.
                None => Diagnostic {
                    severity: Severity::Info,
                    ..finding
                },
            });
        }
    }
}
