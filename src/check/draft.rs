//! A draft of some keys, as an editor has it: what is wrong with them, and what would become of
//! them if they were applied.
//!
//! The values of the Secret are not at hand here, only its names. What can't be said without the
//! values is left to the engine.

use super::edited::Part;
use super::lint::{LintOptions, Subject, lint};
use crate::catalog::{Catalog, ConfigSource, KeyState};
use crate::domain::{Diagnostic, Severity};
use crate::yaml::secret_names;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Stands for every value of the Secret.
const ANY_VALUE: &[u8] = b"value-of-the-secret";

/// Longest time for rendering the templates: somebody waits.
const LONGEST: Duration = Duration::from_millis(500);

/// Some keys of a ConfigMap with new texts.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What is in force.
    pub catalog: Arc<Catalog>,
    /// All keys of the ConfigMap with their texts, as they are in the cluster.
    pub data: Arc<BTreeMap<String, String>>,
    /// The keys that change; `None` for one that goes.
    pub changes: BTreeMap<String, Option<String>>,
    /// Names of the Secret's keys.
    pub secret_keys: Vec<String>,
    /// The variables of the watched kinds, such as `pod`.
    pub variables: Vec<String>,
}

/// What becomes of a key that has an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is in force as it is written, and fails where the error says.
    InForce,
    /// The engine keeps its last good version.
    LastGood,
    /// The engine does without it: there is no good version.
    Without,
}

/// What a look at a draft has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong with the changed keys, or probably not meant.
    pub findings: Vec<Diagnostic>,
    /// Each changed key that has an error, with what becomes of it.
    pub broken: Vec<(String, Fate)>,
    /// How each part of the look went; none for a draft that is not in an editor.
    pub parts: Vec<Part>,
}

impl Draft {
    /// Looks at the changed keys as parts of the whole configuration.
    pub fn judge(self) -> Verdict {
        self.judge_on(None)
    }

    /// The same, with an object (and its variable) that conditions and templates are tried on. What
    /// is wrong with the object's own subscriptions is not told: it is not being edited.
    pub(super) fn judge_on(self, object: Option<(&str, &Value)>) -> Verdict {
        let mut data = (*self.data).clone();
        let mut changed = BTreeSet::new();
        for (key, text) in self.changes {
            match text {
                Some(text) => {
                    changed.insert(key.clone());
                    data.insert(key, text);
                }
                None => drop(data.remove(&key)),
            }
        }
        let secret = self.secret_keys.iter();
        let source = ConfigSource {
            namespace: self.catalog.namespace.clone(),
            name: self.catalog.name.clone(),
            resource_version: self.catalog.revision.clone(),
            found: true,
            secret: secret
                .map(|name| (name.clone(), ANY_VALUE.to_vec()))
                .collect(),
            secret_found: true,
            data,
        };
        let built = Catalog::build(&source, Some(&self.catalog), &self.catalog.options());
        let options = LintOptions {
            variables: &self.variables,
            secret_known: true,
            subject: object.map(|(variable, object)| Subject { variable, object }),
            longest: LONGEST,
        };
        // What a service says of its options may be about a value of the Secret.
        let unknowable = |finding: &Diagnostic| {
            finding.code == "bad-service"
                && source.data.get(&finding.key).is_some_and(|text| {
                    let mut names = secret_names(text).into_iter();
                    names.any(|name| source.secret.contains_key(name))
                })
        };
        let mut findings = lint(&built, &options);
        // Of a key that can't be read, everything but that is about its last good version.
        let outdated = |finding: &Diagnostic| {
            let status = built.keys.get(&finding.key);
            status.is_some_and(|status| {
                let read = matches!(status.state, KeyState::Ok | KeyState::Warning);
                let own = |known: &Diagnostic| {
                    known.code == finding.code && known.message == finding.message
                };
                !read && !status.diagnostics.iter().any(own)
            })
        };
        findings.retain(|finding| {
            changed.contains(&finding.key) && !unknowable(finding) && !outdated(finding)
        });
        let failing: BTreeSet<&str> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.key.as_str())
            .collect();
        let fate = |key: &&str| match built.keys.get(*key).map(|status| &status.state) {
            Some(KeyState::LastGood { .. }) => Fate::LastGood,
            Some(KeyState::Broken) => Fate::Without,
            Some(KeyState::Ok | KeyState::Warning) | None => Fate::InForce,
        };
        let broken = failing.iter().map(|key| ((*key).to_owned(), fate(key)));
        Verdict {
            broken: broken.collect(),
            findings,
            parts: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::BuildOptions;
    use crate::service::ServiceContext;

    const TRIGGER: &str = "- when: pod.status.phase == 'Running'\n  send: [ready]\n";

    fn judge(changes: &[(&str, &str)]) -> Verdict {
        let texts = [
            ("trigger.on-ready", TRIGGER),
            ("template.ready", "message: hello\n"),
            ("service.webhook.hook", "url: $hook-url\n"),
        ];
        let own = |(key, text): &(&str, &str)| ((*key).to_owned(), (*text).to_owned());
        let data: BTreeMap<_, _> = texts.iter().map(own).collect();
        let source = ConfigSource {
            namespace: "default".into(),
            name: "cm".into(),
            resource_version: "7".into(),
            data: data.clone(),
            found: true,
            secret: BTreeMap::from([("hook-url".into(), b"http://127.0.0.1:9/".to_vec())]),
            secret_found: true,
        };
        let options = BuildOptions::new(ServiceContext::default(), "default");
        let draft = Draft {
            catalog: Arc::new(Catalog::build(&source, None, &options)),
            data: Arc::new(data),
            changes: changes
                .iter()
                .map(own)
                .map(|(key, text)| (key, Some(text)))
                .collect(),
            secret_keys: vec!["hook-url".into()],
            variables: vec!["pod".into()],
        };
        draft.judge()
    }

    #[test]
    fn an_error_has_its_place_and_its_consequence() {
        let broken = TRIGGER.replace("'Running'", "");
        let verdict = judge(&[("trigger.on-ready", &broken)]);
        let kept = ("trigger.on-ready".to_owned(), Fate::LastGood);
        assert_eq!(verdict.broken, [kept], "{verdict:?}");
        let position = verdict.findings[0].position.expect("a place");
        assert_eq!(position.line, 1, "{verdict:?}");

        let verdict = judge(&[("trigger.new", &broken)]);
        assert_eq!(verdict.broken, [("trigger.new".to_owned(), Fate::Without)]);

        let nowhere = TRIGGER.replace("[ready]", "[raedy]");
        let verdict = judge(&[("trigger.on-ready", &nowhere)]);
        let in_force = ("trigger.on-ready".to_owned(), Fate::InForce);
        assert_eq!(verdict.broken, [in_force], "{verdict:?}");
    }

    #[test]
    fn keys_that_do_not_change_are_not_looked_at() {
        let verdict = judge(&[("template.ready", "message: good morning\n")]);
        assert_eq!(verdict.broken, []);
        let others = |finding: &&Diagnostic| finding.key != "template.ready";
        assert_eq!(verdict.findings.iter().filter(others).count(), 0);
    }

    /// Nothing is known of the values of the Secret, but its names are known.
    #[test]
    fn secrets_count_by_their_names() {
        let good = judge(&[("service.webhook.hook", "url: $hook-url\nheaders: []\n")]);
        assert_eq!(good.broken, [], "{good:?}");
        let bad = judge(&[("service.webhook.hook", "url: $hok-url\n")]);
        assert_eq!(bad.broken.len(), 1, "{bad:?}");
    }
}
