//! The notification of a trial: what is sent to find out whether a service works, without an object
//! or a template of the user's. Who asks for it sends it like any other.

use super::template::{NotificationTemplate, add_destination, render};
use super::{Notification, Service};
use crate::domain::Destination;
use crate::template::Vars;
use crate::yaml;
use std::sync::Arc;

/// What every service says that sends the message.
const MESSAGE: &str = "This is a test of the service {{.serviceType}}, sent by kubechime.";

/// A notification for a trial of this service, with all that its type needs.
///
/// # Errors
/// The type changes something that must be named: a test could not be undone, or would not be
/// recognised as one.
pub fn trial(service: &dyn Service, to: &Destination) -> Result<Notification, String> {
    let service_type = service.service_type();
    if service_type == "github" {
        return Err(
            "a service of the type github writes to a repository, which only a template can \
             name: use 'kubechime template notify'"
                .into(),
        );
    }
    let text = template(service_type, service.name());
    let node = yaml::parse(&text).map_err(|error| error.to_string())?;
    let (template, _) = NotificationTemplate::compile("test", &node).map_err(|errors| {
        let errors: Vec<String> = errors.into_iter().map(|error| error.message).collect();
        errors.join("; ")
    })?;
    let mut vars = Vars::new();
    add_destination(&mut vars, to);
    render(&[Arc::new(template)], &vars, service_type, service.name())
        .map_err(|error| error.to_string())
}

/// The template, with a section where the type does not do with a message.
fn template(service_type: &str, name: &str) -> String {
    let section = match service_type {
        "webhook" => format!(
            "webhook:\n  \"{name}\":\n    method: POST\n    body: '{{\"text\": \"{MESSAGE}\"}}'\n"
        ),
        "email" => format!("email:\n  subject: Test of kubechime\n  body: '{MESSAGE}'\n"),
        "alertmanager" => format!(
            "alertmanager:\n  labels: {{alertname: KubechimeTest, severity: none}}\n  \
             annotations: {{summary: '{MESSAGE}'}}\n  generatorURL: ''\n"
        ),
        "newrelic" => {
            format!("newrelic:\n  revision: test\n  changelog: '{MESSAGE}'\n  user: kubechime\n")
        }
        "opsgenie" => {
            format!(
                "opsgenie:\n  description: '{MESSAGE}'\n  priority: P5\n  alias: kubechime-test\n"
            )
        }
        "pagerduty" => {
            format!("pagerduty:\n  title: Test of kubechime\n  body: '{MESSAGE}'\n  urgency: low\n")
        }
        "pagerdutyv2" => format!(
            "pagerdutyv2:\n  summary: '{MESSAGE}'\n  severity: info\n  source: kubechime\n  \
             dedupKey: kubechime-test\n"
        ),
        _ => String::new(),
    };
    format!("message: '{MESSAGE}'\n{section}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::known_types;

    #[test]
    fn every_type_has_a_template_without_unknown_parts() {
        for service_type in known_types() {
            let node = yaml::parse(&template(service_type, "a")).expect("is YAML");
            let (_, warnings) = NotificationTemplate::compile("t", &node).expect("compiles");
            assert!(warnings.is_empty(), "{service_type}: {warnings:?}");
            if let Some(section) = node.get(service_type) {
                let reference = super::super::reference(service_type).expect("is known");
                assert_eq!(reference.unknown_fields(section), [], "{service_type}");
                let missing: Vec<_> = reference.missing_fields(section).collect();
                assert!(missing.is_empty(), "{service_type}: {missing:?}");
            }
        }
    }
}
