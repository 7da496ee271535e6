//! From ConfigMap and Secret to a catalog, key by key.

use super::contents::Catalog;
use super::key::{Key, meant};
use super::service::{Secrets, ServiceEntry};
use super::source::{BuildOptions, ConfigSource};
use super::status::{Findings, KeyState, KeyStatus};
use super::text::Reference;
use super::{defaults, lint, service, template, trigger};
use crate::domain::{Diagnostic, Masker, SecretText, Severity};
use crate::expr::Program;
use crate::service::ServiceContext;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Catalog {
    /// Reads a ConfigMap and its Secret. Never fails: a key that can't be read is reported in
    /// [`Catalog::keys`] and is left out, or, when `previous` has a version of it that could be
    /// read, that one stays in force. Keys that are gone from the ConfigMap are gone from the
    /// catalog.
    pub fn build(
        source: &ConfigSource,
        previous: Option<&Catalog>,
        options: &BuildOptions,
    ) -> Catalog {
        let mut builder = Builder::new(source, previous, options);
        for (key, text) in &source.data {
            builder.read(key, text);
        }
        builder.finish()
    }
}

struct Builder<'b> {
    source: &'b ConfigSource,
    previous: Option<&'b Catalog>,
    options: &'b BuildOptions,
    context: ServiceContext,
    catalog: Catalog,
    findings: BTreeMap<String, Findings>,
    /// Keys that can't be read, with the revision of the version that stays in force, if any.
    unreadable: BTreeMap<String, Option<String>>,
    references: Vec<Reference>,
}

impl<'b> Builder<'b> {
    fn new(
        source: &'b ConfigSource,
        previous: Option<&'b Catalog>,
        options: &'b BuildOptions,
    ) -> Self {
        let masker = masker(source, previous);
        let own = source.namespace == options.default_namespace;
        let self_service = options.self_service && source.found && !own;
        Self {
            source,
            previous,
            options,
            context: ServiceContext {
                masker: masker.clone(),
                ..options.services.clone()
            },
            catalog: Catalog {
                revision: source.resource_version.clone(),
                namespace: source.namespace.clone(),
                name: source.name.clone(),
                masker,
                expr: options.expr.clone(),
                prefix: options.prefix.clone(),
                state_key_namespace: self_service.then(|| source.namespace.clone()),
                ..Catalog::default()
            },
            findings: BTreeMap::new(),
            unreadable: BTreeMap::new(),
            references: Vec::new(),
        }
    }

    fn read(&mut self, key: &str, text: &str) {
        let mut findings = Findings::about(key);
        let parsed = Key::parse(key);
        let readable = self.read_part(parsed, text, &mut findings);
        let text = if readable {
            Some(Arc::from(text))
        } else {
            let since = self.keep_last_good(key, parsed);
            let kept = since.as_ref().and(self.previous);
            let text = kept.and_then(|previous| previous.texts.get(key).cloned());
            self.unreadable.insert(key.to_owned(), since);
            text
        };
        if let Some(text) = text {
            self.catalog.texts.insert(key.to_owned(), text);
        }
        self.findings.insert(key.to_owned(), findings);
    }

    /// Reads one key into the catalog; false when it can't be read.
    fn read_part(&mut self, key: Key<'_>, text: &str, findings: &mut Findings) -> bool {
        match key {
            Key::Service { service_type, name } => {
                self.read_service(service_type, name, text, findings)
            }
            Key::BadService => {
                let message = format!(
                    "invalid service key; expected 'service.<type>(.<name>)' but got '{}'",
                    findings.key()
                );
                let finding = Diagnostic::error("bad-service-key", findings.key(), message)
                    .help("a service name has no dots");
                findings.push(finding);
                false
            }
            Key::Trigger(name) => {
                let options = &self.options.expr;
                let read = trigger::read(name, text, options, findings, &mut self.references);
                read.map(|trigger| self.catalog.triggers.insert(name.into(), Arc::new(trigger)))
                    .is_some()
            }
            Key::Template(name) => template::read(name, text, findings)
                .map(|template| self.catalog.templates.insert(name.into(), template))
                .is_some(),
            Key::Subscriptions => {
                let read = defaults::read_subscriptions(text, findings, &mut self.references);
                read.map(|subscriptions| self.catalog.subscriptions = subscriptions)
                    .is_some()
            }
            Key::DefaultTriggers => {
                let read = defaults::read_trigger_names(text, "", findings, &mut self.references);
                read.map(|names| self.catalog.default_triggers = names)
                    .is_some()
            }
            Key::ServiceDefaultTriggers(service) => {
                let prefix = format!("failed to unmarshal default trigger {service}: ");
                let references = &mut self.references;
                let read = defaults::read_trigger_names(text, &prefix, findings, references);
                let lists = &mut self.catalog.service_default_triggers;
                read.map(|names| lists.insert(service.to_owned(), names))
                    .is_some()
            }
            Key::Ignored => {
                if let Some(meant) = meant(findings.key()) {
                    let message = "this key is not known and is ignored";
                    let finding = Diagnostic::warning("unknown-key", findings.key(), message)
                        .help(format!("did you mean '{meant}'?"));
                    findings.push(finding);
                }
                true
            }
        }
    }

    fn read_service(
        &mut self,
        service_type: &str,
        name: &str,
        text: &str,
        findings: &mut Findings,
    ) -> bool {
        // Two keys can give the same name; the original lets chance decide between them.
        if let Some(first) = self.catalog.services.get(name) {
            let first = first.key.clone();
            self.tell_namesake(name, &first, findings);
            return true;
        }
        let secrets = Secrets {
            values: &self.source.secret,
            found: self.source.secret_found,
        };
        let entry = service::read(service_type, name, text, &secrets, &self.context, findings);
        entry
            .map(|entry| self.catalog.services.insert(name.to_owned(), entry))
            .is_some()
    }

    fn tell_namesake(&mut self, name: &str, first: &str, findings: &mut Findings) {
        let key = findings.key().to_owned();
        let message = format!("'{first}' configures a service named '{name}' too, and is used");
        let finding = Diagnostic::warning("duplicate-service", &key, message)
            .help("give one of them another name: service.<type>.<name>");
        findings.push(finding);
        if let Some(findings) = self.findings.get_mut(first) {
            let message = format!(
                "'{key}' configures a service named '{name}' too; it is ignored, because this key \
                 sorts first"
            );
            findings.push(Diagnostic::warning("duplicate-service", first, message));
        }
    }

    /// Puts the version of the previous catalog in the place of a key that can't be read. Gives
    /// the revision at which it was good.
    fn keep_last_good(&mut self, key: &str, parsed: Key<'_>) -> Option<String> {
        let previous = self.previous?;
        let since = match &previous.keys.get(key)?.state {
            KeyState::Ok | KeyState::Warning => previous.revision.clone(),
            KeyState::LastGood { since } => since.clone(),
            KeyState::Broken => return None,
        };
        match parsed {
            Key::Service { name, .. } => {
                let entry = previous
                    .services
                    .get(name)
                    .filter(|entry| entry.key == key)?;
                self.catalog.services.insert(name.to_owned(), entry.clone());
            }
            Key::Trigger(name) => {
                let trigger = Arc::clone(previous.triggers.get(name)?);
                self.catalog.triggers.insert(name.to_owned(), trigger);
            }
            Key::Template(name) => {
                let template = Arc::clone(previous.templates.get(name)?);
                self.catalog.templates.insert(name.to_owned(), template);
            }
            Key::Subscriptions => self.catalog.subscriptions = previous.subscriptions.clone(),
            Key::DefaultTriggers => {
                self.catalog.default_triggers = previous.default_triggers.clone();
            }
            Key::ServiceDefaultTriggers(service) => {
                let names = previous.service_default_triggers.get(service)?.clone();
                let lists = &mut self.catalog.service_default_triggers;
                lists.insert(service.to_owned(), names);
            }
            Key::BadService | Key::Ignored => return None,
        }
        Some(since)
    }

    fn finish(mut self) -> Catalog {
        lint::check(
            &self.catalog,
            &self.references,
            &self.unreadable,
            &mut self.findings,
        );
        for (key, findings) in self.findings {
            let diagnostics = findings.finish();
            let state = match self.unreadable.remove(&key) {
                Some(Some(since)) => KeyState::LastGood { since },
                Some(None) => KeyState::Broken,
                None if diagnostics.iter().any(|d| d.severity >= Severity::Warning) => {
                    KeyState::Warning
                }
                None => KeyState::Ok,
            };
            let status = KeyStatus {
                kind: Key::parse(&key).kind(),
                key: key.clone(),
                state,
                diagnostics,
            };
            self.catalog.keys.insert(key, status);
        }
        let uses_clock = self.catalog.programs().any(Program::uses_clock);
        Catalog {
            uses_clock,
            ..self.catalog
        }
    }
}

/// Knows what is in the Secret, and what services of the previous catalog got out of the one
/// before: they may stay in force.
fn masker(source: &ConfigSource, previous: Option<&Catalog>) -> Masker {
    let present = source.secret.values().map(Vec::as_slice);
    let present = present.filter_map(|value| std::str::from_utf8(value).ok());
    let entries = previous
        .into_iter()
        .flat_map(|catalog| catalog.services.values());
    let secrets = |entry: &'_ ServiceEntry| entry.secrets.clone();
    let before: Vec<SecretText> = entries.flat_map(secrets).collect();
    Masker::new(present.chain(before.iter().map(SecretText::expose)))
}
