//! Who is sent what: whether the templates of a condition have something for the services that
//! they are sent to.

use super::lint::LintOptions;
use crate::catalog::Catalog;
use crate::domain::{Diagnostic, Position, Severity};
use crate::service::NotificationTemplate;
use crate::yaml;
use std::collections::BTreeMap;

/// Service types that can't send a notification without their own section.
const NEED_SECTION: [&str; 5] = [
    "alertmanager",
    "github",
    "newrelic",
    "pagerduty",
    "pagerdutyv2",
];

/// Pairs of trigger and service that are looked at. A ConfigMap with more of them is none that
/// somebody wrote.
const MOST_ROUTES: usize = 20_000;

/// A trigger that is sent through a service, with who asked for it.
type Routes<'c> = BTreeMap<(&'c str, &'c str), String>;

/// Tells conditions whose templates have nothing for a service, and subscriptions that reach
/// nobody.
pub(super) fn check(catalog: &Catalog, options: &LintOptions<'_>, found: &mut Vec<Diagnostic>) {
    let mut routes = Routes::new();
    default_subscriptions(catalog, &mut routes, found);
    for (service, triggers) in &catalog.service_default_triggers {
        let why = format!("defaultTriggers.{service}");
        add(
            &mut routes,
            triggers,
            std::iter::once(service.as_str()),
            &why,
        );
    }
    let annotated = subject(catalog, options, found);
    for (trigger, service, why) in &annotated {
        if routes.len() < MOST_ROUTES {
            let why = || why.clone();
            routes.entry((trigger, service)).or_insert_with(why);
        }
    }
    for ((trigger, service), why) in &routes {
        check_route(catalog, trigger, service, why, found);
    }
}

fn add<'c>(
    routes: &mut Routes<'c>,
    triggers: &'c [String],
    services: impl Iterator<Item = &'c str> + Clone,
    why: &str,
) {
    for trigger in triggers {
        for service in services.clone() {
            if routes.len() >= MOST_ROUTES {
                return;
            }
            let why = || why.to_owned();
            routes.entry((trigger, service)).or_insert_with(why);
        }
    }
}

fn default_subscriptions<'c>(
    catalog: &'c Catalog,
    routes: &mut Routes<'c>,
    found: &mut Vec<Diagnostic>,
) {
    let nodes = catalog
        .texts
        .get("subscriptions")
        .and_then(|text| yaml::parse(text).ok());
    let nodes = nodes.as_ref().and_then(|root| root.as_sequence());
    for entry in &catalog.subscriptions {
        let triggers = if entry.triggers.is_empty() {
            &catalog.default_triggers
        } else {
            &entry.triggers
        };
        if triggers.is_empty() && !entry.recipients.is_empty() {
            let message = format!(
                "entry {} names no trigger, and there are no default triggers: it tells nobody",
                entry.number
            );
            let node = nodes.and_then(|nodes| nodes.get(entry.number - 1));
            let finding = Diagnostic::warning("no-default-triggers", "subscriptions", message)
                .at(node.map(|node| node.position))
                .help("add triggers to it, or a key 'defaultTriggers'");
            found.push(finding);
        }
        let services = entry.recipients.iter().map(|to| &*to.service);
        let why = format!("default subscription #{}", entry.number);
        add(routes, triggers, services, &why);
    }
}

/// Triggers and services that the given object subscribes to; what is wrong with its annotations is
/// told.
fn subject(
    catalog: &Catalog,
    options: &LintOptions<'_>,
    found: &mut Vec<Diagnostic>,
) -> Vec<(String, String, String)> {
    let Some(subject) = &options.subject else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    let reached = subject.subscriptions(catalog, &mut notes);
    let label = subject.label();
    for mut note in notes {
        note.message = format!("annotation '{}' of {label}: {}", note.key, note.message);
        // Its place is one in the annotation, not in a ConfigMap key.
        note.key.clear();
        note.position = None;
        found.push(note);
    }
    let mut routes = Vec::new();
    for (trigger, subscriptions) in reached {
        if !catalog.triggers.contains_key(&trigger) {
            let message = format!("{label} subscribes to trigger '{trigger}', which is not there");
            let near =
                crate::domain::nearest(&trigger, catalog.triggers.keys().map(String::as_str));
            found.push(suggest(
                Diagnostic::error("unknown-trigger", "", message),
                near,
            ));
        }
        for subscription in subscriptions {
            let service = subscription.destination.service.to_string();
            if !catalog.services.contains_key(&service) {
                let message = format!(
                    "{label} is to be told through service '{service}', which is not there ({})",
                    subscription.origin
                );
                let near =
                    crate::domain::nearest(&service, catalog.services.keys().map(String::as_str));
                found.push(suggest(
                    Diagnostic::error("unknown-service", "", message),
                    near,
                ));
            }
            let why = format!("{} of {label}", subscription.origin);
            routes.push((trigger.clone(), service, why));
        }
    }
    routes
}

fn suggest(finding: Diagnostic, near: Option<&str>) -> Diagnostic {
    match near {
        Some(near) => finding.help(format!("did you mean '{near}'?")),
        None => finding,
    }
}

fn check_route(
    catalog: &Catalog,
    trigger: &str,
    service: &str,
    why: &str,
    found: &mut Vec<Diagnostic>,
) {
    let (Some(trigger), Some(entry)) =
        (catalog.triggers.get(trigger), catalog.services.get(service))
    else {
        return;
    };
    let service_type = entry.service.service_type();
    let conditions = trigger.conditions.iter().enumerate();
    let lists = conditions.flat_map(|(index, condition)| {
        let lists = [("send", &condition.send), ("resolved", &condition.resolved)];
        lists.map(|(field, names)| (index, field, names))
    });
    for (index, field, names) in lists {
        let templates: Option<Vec<&NotificationTemplate>> = names
            .iter()
            .map(|name| catalog.templates.get(name).map(|template| &**template))
            .collect();
        // A name that nothing has is told already, and so is an empty list.
        let Some(templates) = templates.filter(|templates| !templates.is_empty()) else {
            continue;
        };
        let Some((severity, lack, help)) = lack(&templates, service_type, service) else {
            continue;
        };
        let key = format!("trigger.{}", trigger.name);
        let message = format!(
            "condition [{index}] sends {} to service '{service}' ({why}), {lack}",
            quoted(names)
        );
        let finding = Diagnostic::warning("missing-part", &key, message)
            .at(position(catalog, &key, index, field))
            .help(help);
        found.push(Diagnostic {
            severity,
            ..finding
        });
    }
}

/// What these templates together don't have for a service.
fn lack(
    templates: &[&NotificationTemplate],
    service_type: &str,
    service: &str,
) -> Option<(Severity, String, String)> {
    let message = templates.iter().any(|template| template.message.is_some());
    if service_type == "webhook" {
        let named =
            |template: &&NotificationTemplate| template.unrendered().webhook.contains_key(service);
        if templates.iter().any(named) {
            return None;
        }
        let sent = if message {
            "GET with the message as its body"
        } else {
            "GET without a body"
        };
        let lack = format!("but no part of it is for this webhook: it is sent as {sent}");
        let help = format!("add webhook.{service} with method and body to the template");
        return Some((Severity::Warning, lack, help));
    }
    let section = templates
        .iter()
        .any(|template| template.sections().any(|section| section == service_type));
    let help = format!("add a section '{service_type}' to the template");
    if NEED_SECTION.contains(&service_type) && !section {
        let lack =
            format!("but has no section '{service_type}', without which nothing can be sent");
        return Some((Severity::Error, lack, help));
    }
    if !section && !message {
        let lack = "but has nothing for it: the notification is empty".to_owned();
        return Some((
            Severity::Warning,
            lack,
            "add a message to the template".into(),
        ));
    }
    None
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    names.join(", ")
}

/// Where the list of templates stands.
fn position(catalog: &Catalog, key: &str, index: usize, field: &str) -> Option<Position> {
    let root = yaml::parse(catalog.texts.get(key)?).ok()?;
    let node = root.as_sequence()?.get(index)?;
    let first = node
        .get(field)
        .and_then(|names| names.as_sequence()?.first());
    Some(first.map_or(node.position, |first| first.position))
}
