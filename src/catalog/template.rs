//! Templates: reading the YAML of one, and telling what is wrong with it.

use super::status::Findings;
use super::text;
use crate::domain::{Diagnostic, Severity};
use crate::service::{NotificationTemplate, SectionError};
use std::sync::Arc;

/// Reads and compiles a template. `None` when anything in it is wrong: a notification without the
/// part that is wrong would not be what is written.
pub(super) fn read(
    name: &str,
    source: &str,
    findings: &mut Findings,
) -> Option<Arc<NotificationTemplate>> {
    let prefix = format!("failed to unmarshal template {name}: ");
    let root = match text::read(source, findings) {
        Ok(root) => root,
        Err(error) => {
            text::unreadable(&prefix, &error, findings);
            return None;
        }
    };
    match NotificationTemplate::compile(name, &root) {
        Ok((template, warnings)) => {
            for warning in warnings {
                if findings.is_full(Severity::Warning) {
                    break;
                }
                let finding =
                    Diagnostic::warning("template-field", findings.key(), &warning.message);
                findings.push(placed(finding, &warning, source));
            }
            Some(Arc::new(template))
        }
        Err(errors) => {
            for error in errors {
                if findings.is_full(Severity::Error) {
                    break;
                }
                let message = if error.message.starts_with("template: ") {
                    error.message.clone()
                } else {
                    format!("{prefix}{}", error.message)
                };
                let finding = Diagnostic::error("bad-template", findings.key(), message);
                findings.push(placed(finding, &error, source));
            }
            None
        }
    }
}

fn placed(finding: Diagnostic, error: &SectionError, source: &str) -> Diagnostic {
    let finding = finding.at(error.locate(source));
    match &error.help {
        Some(help) => finding.help(help),
        None => finding,
    }
}
