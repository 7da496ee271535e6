//! Services: `$secret` replacement, and building one from its settings.

use super::status::Findings;
use super::text;
use crate::domain::{Diagnostic, SecretText, Severity, nearest};
use crate::service::{self, Service, ServiceContext};
use crate::yaml::{Node, secret_names};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// A configured service.
#[derive(Clone, Debug)]
pub struct ServiceEntry {
    /// What sends.
    pub service: Arc<dyn Service>,
    /// The ConfigMap key that configures it.
    pub key: String,
    /// Names of the Secret's keys that its settings refer to, sorted; missing ones too.
    pub secret_names: Vec<String>,
    /// The texts that came out of the Secret, for the masker: they outlive the Secret when this is
    /// a last good version.
    pub(super) secrets: Vec<SecretText>,
}

/// The Secret, as far as services can use it.
pub(super) struct Secrets<'s> {
    pub(super) values: &'s BTreeMap<String, Vec<u8>>,
    pub(super) found: bool,
}

/// Builds the service of `service.<service_type>[.<name>]`. `None` when its settings are wrong.
pub(super) fn read(
    service_type: &str,
    name: &str,
    source: &str,
    secrets: &Secrets<'_>,
    context: &ServiceContext,
    findings: &mut Findings,
) -> Option<ServiceEntry> {
    let prefix = format!("failed to render service configuration {service_type}: ");
    let root = match text::read(source, findings) {
        Ok(root) => root,
        Err(error) => {
            text::unreadable(&prefix, &error, findings);
            return None;
        }
    };
    if !check_secrets(&root, source, &prefix, secrets, findings) {
        return None;
    }
    let mut names = BTreeSet::new();
    let mut used = Vec::new();
    let options = root.substitute(&mut |name| {
        names.insert(name.to_owned());
        let value = secrets.values.get(name)?;
        let value = std::str::from_utf8(value).ok()?;
        used.push(SecretText::new(value));
        Some(value.to_owned())
    });
    match service::build(service_type, name, &options, context) {
        Ok(service) => {
            for warning in service.warnings() {
                let message = context.masker.mask(&warning.message).into_owned();
                let mut finding = Diagnostic::warning("doubtful-service", findings.key(), message);
                finding.position = warning.position;
                finding.help = warning.help.clone();
                findings.push(finding);
            }
            Some(ServiceEntry {
                service,
                key: findings.key().to_owned(),
                secret_names: names.into_iter().collect(),
                secrets: used,
            })
        }
        Err(error) => {
            let message = context.masker.mask(&error.message).into_owned();
            let mut finding = Diagnostic::error("bad-service", findings.key(), message);
            finding.position = error.position;
            finding.help = error.help;
            findings.push(finding);
            None
        }
    }
}

/// Tells missing names, each once, and refuses values that are not text. False when there is one.
fn check_secrets(
    root: &Node,
    source: &str,
    prefix: &str,
    secrets: &Secrets<'_>,
    findings: &mut Findings,
) -> bool {
    let mut usable = true;
    let mut seen = HashSet::new();
    for node in root.texts() {
        let Some(text) = node.as_text() else { continue };
        for name in secret_names(text) {
            if !seen.insert(name) {
                continue;
            }
            let value = secrets.values.get(name);
            if value.is_some_and(|value| std::str::from_utf8(value).is_ok()) {
                continue;
            }
            usable &= value.is_none();
            let severity = match value {
                Some(_) => Severity::Error,
                None => Severity::Warning,
            };
            if findings.is_full(severity) {
                continue;
            }
            let finding = if value.is_some() {
                let message = format!("{prefix}yaml: cannot marshal invalid UTF-8 data as !!str");
                let help = format!("the value of '{name}' in the Secret is not UTF-8 text");
                Diagnostic::error("secret-not-text", findings.key(), message).help(help)
            } else {
                let message =
                    format!("config referenced '${name}', but key does not exist in secret");
                Diagnostic::warning("missing-secret", findings.key(), message)
                    .help(absent(name, secrets))
            };
            // The name is a part of the text, one byte behind its `$`.
            let offset = name.as_ptr().addr() - text.as_ptr().addr() - 1;
            findings.push(finding.at(node.position_at(source, offset)));
        }
    }
    usable
}

fn absent(name: &str, secrets: &Secrets<'_>) -> String {
    if !secrets.found {
        return "the Secret does not exist, or may not be read".into();
    }
    match nearest(name, secrets.values.keys().map(String::as_str)) {
        Some(near) => format!("did you mean '${near}'?"),
        None => format!("add '{name}' to the Secret; the text stays as it is until then"),
    }
}
