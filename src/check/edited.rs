//! The text in an editor, looked at while it is typed: what is wrong in it, by places of that text,
//! and how each part of the look went.

use super::draft::{Draft, Verdict};
use super::whole::{self, Data};
use crate::catalog::{Catalog, KeyKind};
use crate::domain::{Diagnostic, Position, Severity};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A text that is being edited, with what it is to be judged by.
#[derive(Clone)]
pub struct Edited {
    /// What is in force.
    pub catalog: Arc<Catalog>,
    /// All keys of the ConfigMap with their texts, as they are in the cluster.
    pub data: Arc<BTreeMap<String, String>>,
    /// Names of the Secret's keys.
    pub secret_keys: Vec<String>,
    /// The variables of the watched kinds, such as `pod`.
    pub variables: Vec<String>,
    /// An object to try conditions and templates on, with its variable.
    pub object: Option<(String, Arc<Value>)>,
    /// The text.
    pub text: EditedText,
}

/// Shows neither the texts nor the object.
impl fmt::Debug for Edited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match &self.text {
            EditedText::Key { key, .. } => key.as_str(),
            EditedText::ConfigMap { .. } => "the whole ConfigMap",
        };
        f.debug_struct("Edited")
            .field("key", &key)
            .finish_non_exhaustive()
    }
}

/// What a text is of.
#[derive(Clone, PartialEq, Eq)]
pub enum EditedText {
    /// Of one key.
    Key {
        /// The key.
        key: String,
        /// Its text.
        text: String,
    },
    /// Of a whole ConfigMap.
    ConfigMap {
        /// The YAML that it began as; `None` when the ConfigMap does not exist.
        base: Option<String>,
        /// The YAML.
        text: String,
    },
}

/// How a part of the look went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartState {
    /// Nothing is wrong.
    Good,
    /// Something is probably not meant.
    Doubtful,
    /// Something is wrong.
    Bad,
    /// It could not be looked at, because of what is wrong elsewhere.
    Unknown,
}

/// A part of the look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What was looked at, in a word.
    pub name: &'static str,
    /// How it went.
    pub state: PartState,
    /// In a few words.
    pub text: String,
}

impl Edited {
    /// Looks at the text. The places of the findings are places in it.
    pub fn judge(self) -> Verdict {
        let label = self.object.as_ref().map(|(variable, object)| {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            format!("{variable} {name}")
        });
        let draft = |changes| Draft {
            catalog: Arc::clone(&self.catalog),
            data: Arc::clone(&self.data),
            changes,
            secret_keys: self.secret_keys.clone(),
            variables: self.variables.clone(),
        };
        let object = self.object.as_ref();
        let object = object.map(|(variable, object)| (variable.as_str(), &**object));
        match &self.text {
            EditedText::Key { key, text } => {
                let changes = BTreeMap::from([(key.clone(), Some(text.clone()))]);
                let mut verdict = draft(changes).judge_on(object);
                let kinds = [self.kind(key)];
                verdict.parts = parts(&verdict.findings, &kinds, label.as_deref());
                verdict
            }
            EditedText::ConfigMap { base, text } => match whole::read(text) {
                Err(error) => {
                    let mut verdict = Verdict::default();
                    verdict.findings.push(error);
                    verdict.parts = parts(&verdict.findings, &[], None);
                    verdict
                }
                Ok(read) => {
                    let old = base.as_deref().and_then(|base| whole::read(base).ok());
                    let old = old.map(|old| old.entries).unwrap_or_default();
                    let old = old
                        .into_iter()
                        .map(|entry| (entry.key, entry.text))
                        .collect();
                    let changes = whole::changed(&read, &old);
                    let kinds: Vec<KeyKind> = changes.keys().map(|key| self.kind(key)).collect();
                    let mut verdict = draft(changes).judge_on(object);
                    for finding in &mut verdict.findings {
                        relocate(finding, &read, text);
                    }
                    self.other_name(&read, &mut verdict);
                    verdict.findings.sort_by_key(|finding| finding.position);
                    verdict.parts = parts(&verdict.findings, &kinds, label.as_deref());
                    verdict
                }
            },
        }
    }

    fn kind(&self, key: &str) -> KeyKind {
        match self.catalog.keys.get(key) {
            Some(status) => status.kind,
            None => KeyKind::of(key),
        }
    }

    /// The text can't become another ConfigMap.
    fn other_name(&self, read: &Data, verdict: &mut Verdict) {
        if let Some((name, at)) = &read.name
            && !self.catalog.name.is_empty()
            && *name != self.catalog.name
        {
            let own = &self.catalog.name;
            let message = format!("the name '{name}' is not written: this is the ConfigMap {own}");
            let finding = Diagnostic::warning("other-name", "", message).at(*at);
            verdict.findings.push(finding);
        }
    }
}

/// From a place in the text of a key to the place in the whole.
fn relocate(finding: &mut Diagnostic, read: &Data, text: &str) {
    let Some(entry) = read.entries.iter().find(|entry| entry.key == finding.key) else {
        finding.position = None;
        return;
    };
    finding.position = Some(match finding.position {
        None => entry.at,
        Some(at) => entry.value.position_at(text, offset(&entry.text, at)),
    });
}

fn offset(text: &str, at: Position) -> usize {
    let lines = text
        .split_inclusive('\n')
        .take(at.line.saturating_sub(1) as usize);
    let start: usize = lines.map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let column = at.column.saturating_sub(1) as usize;
    start
        + rest
            .char_indices()
            .nth(column)
            .map_or(rest.len(), |(at, _)| at)
}

const YAML: [&str; 4] = [
    "bad-config-map",
    "bad-yaml",
    "duplicate-field",
    "second-document",
];
const NAMES: [&str; 4] = [
    "unknown-template",
    "unknown-trigger",
    "unknown-service",
    "unused-part",
];
const SECRETS: [&str; 2] = ["missing-secret", "secret-not-text"];
const RENDERING: [&str; 5] = [
    "bad-template",
    "template-field",
    "render-fails",
    "not-json",
    "not-rendered",
];
const CONDITIONS: [&str; 5] = [
    "bad-expression",
    "bad-duration",
    "unknown-variable",
    "never-true",
    "condition-fails",
];
const SERVICES: [&str; 6] = [
    "bad-service",
    "bad-service-key",
    "doubtful-service",
    "duplicate-service",
    "unknown-option",
    "missing-option",
];

/// The parts of a look at keys of these kinds, with their findings.
fn parts(findings: &[Diagnostic], kinds: &[KeyKind], label: Option<&str>) -> Vec<Part> {
    let unreadable = findings.iter().any(|finding| {
        finding.severity == Severity::Error && YAML.contains(&finding.code.as_str())
    });
    let mut parts = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    let mut part = |name: &'static str, codes: &[&'static str], good: &str| {
        told.extend(codes);
        let mine = findings
            .iter()
            .filter(|finding| codes.contains(&finding.code.as_str()));
        parts.push(one(name, mine, good, unreadable && name != "yaml"));
    };
    let has = |kind: KeyKind| kinds.contains(&kind);
    part("yaml", &YAML, "can be read");
    if has(KeyKind::Trigger) {
        let good = match label {
            Some(label) => format!("conditions compile, tried on {label}"),
            None => "conditions compile".to_owned(),
        };
        part("trigger", &CONDITIONS, &good);
    }
    if has(KeyKind::Template) {
        part("template", &RENDERING, "renders");
    }
    if has(KeyKind::Service) {
        part("service", &SERVICES, "options fit its type");
        part("secrets", &SECRETS, "all are there");
    }
    if has(KeyKind::Trigger) || has(KeyKind::Subscriptions) || has(KeyKind::DefaultTriggers) {
        part("names", &NAMES, "all are there");
    }
    let rest: Vec<&Diagnostic> = findings
        .iter()
        .filter(|finding| !told.contains(&finding.code.as_str()))
        .collect();
    if !rest.is_empty() {
        parts.push(one("other", rest.into_iter(), "", false));
    }
    parts
}

fn one<'f>(
    name: &'static str,
    findings: impl Iterator<Item = &'f Diagnostic>,
    good: &str,
    unknown: bool,
) -> Part {
    let (mut errors, mut warnings, mut infos) = (0, 0, 0);
    for finding in findings {
        match finding.severity {
            Severity::Error => errors += 1,
            Severity::Warning => warnings += 1,
            Severity::Info => infos += 1,
        }
    }
    let count = |number: usize, what: &str| {
        format!("{number} {what}{}", if number == 1 { "" } else { "s" })
    };
    let (state, text) = match (errors, warnings, infos) {
        (0, 0, _) if unknown => (PartState::Unknown, "waits for the YAML".to_owned()),
        (0, 0, 0) => (PartState::Good, good.to_owned()),
        (0, 0, infos) => (PartState::Good, count(infos, "remark")),
        (0, warnings, _) => (PartState::Doubtful, count(warnings, "warning")),
        (errors, 0, _) => (PartState::Bad, count(errors, "error")),
        (errors, warnings, _) => {
            let text = format!("{}, {}", count(errors, "error"), count(warnings, "warning"));
            (PartState::Bad, text)
        }
    };
    Part { name, state, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{BuildOptions, ConfigSource};
    use crate::check::config_map_text;
    use crate::service::ServiceContext;
    use serde_json::json;

    fn edited(text: EditedText) -> Edited {
        let texts = [
            (
                "trigger.on-ready",
                "- when: pod.status.phase == 'Running'\n  send: [ready]\n",
            ),
            ("template.ready", "message: hello\n"),
        ];
        let data: BTreeMap<String, String> = texts
            .map(|(key, text)| (key.to_owned(), text.to_owned()))
            .into();
        let source = ConfigSource {
            name: "cm".into(),
            data: data.clone(),
            found: true,
            ..ConfigSource::default()
        };
        let options = BuildOptions::new(ServiceContext::default(), "default");
        Edited {
            catalog: Arc::new(Catalog::build(&source, None, &options)),
            data: Arc::new(data),
            secret_keys: vec![],
            variables: vec!["pod".into()],
            object: Some((
                "pod".into(),
                Arc::new(json!({"metadata": {"name": "web-1"}})),
            )),
            text,
        }
    }

    fn whole(data: &[(&str, &str)]) -> EditedText {
        let base = edited(EditedText::Key {
            key: String::new(),
            text: String::new(),
        })
        .data;
        let mut data: BTreeMap<String, String> = data
            .iter()
            .map(|(key, text)| ((*key).into(), (*text).into()))
            .collect();
        data.extend(
            base.iter()
                .filter(|(key, _)| key.starts_with("template"))
                .map(|(k, v)| (k.clone(), v.clone())),
        );
        EditedText::ConfigMap {
            base: Some(config_map_text("default", "cm", &base)),
            text: config_map_text("default", "cm", &data),
        }
    }

    fn part<'v>(verdict: &'v Verdict, name: &str) -> &'v Part {
        verdict
            .parts
            .iter()
            .find(|part| part.name == name)
            .unwrap_or_else(|| panic!("{verdict:?}"))
    }

    #[test]
    fn findings_in_a_whole_config_map_have_places_of_the_whole() {
        let text = whole(&[(
            "trigger.on-ready",
            "- when: |-\n    pod.(\n  send: [raedy]\n",
        )]);
        let verdict = edited(text.clone()).judge();
        let places: Vec<String> = verdict
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .filter_map(|finding| Some(finding.position?.to_string()))
            .collect();
        let EditedText::ConfigMap { text, .. } = text else {
            unreachable!()
        };
        let line = |part: &str| {
            text.lines()
                .position(|line| line.contains(part))
                .expect(part)
                + 1
        };
        assert_eq!(
            places,
            [
                format!("{}:13", line("pod.(")),
                format!("{}:14", line("raedy"))
            ],
            "{text}"
        );
        assert_eq!(part(&verdict, "trigger").state, PartState::Bad);
        assert_eq!(part(&verdict, "names").state, PartState::Bad);
    }

    #[test]
    fn what_can_not_be_read_leaves_the_rest_open() {
        let text = "- when: [\n".to_owned();
        let verdict = edited(EditedText::Key {
            key: "trigger.on-ready".into(),
            text,
        })
        .judge();
        assert_eq!(part(&verdict, "yaml").state, PartState::Bad);
        assert_eq!(part(&verdict, "trigger").state, PartState::Unknown);
        let text = EditedText::ConfigMap {
            base: None,
            text: "kind: [".into(),
        };
        let verdict = edited(text).judge();
        assert!(verdict.findings[0].position.is_some(), "{verdict:?}");
    }

    /// The object at hand is tried: what fails on it is told.
    #[test]
    fn conditions_are_tried_on_the_object() {
        let text = "- when: pod.status.phase.x == 'a'\n  send: [ready]\n".to_owned();
        let verdict = edited(EditedText::Key {
            key: "trigger.on-ready".into(),
            text,
        })
        .judge();
        assert_eq!(part(&verdict, "trigger").state, PartState::Doubtful);
        let text = "- when: pod.metadata.name == 'a'\n  send: [ready]\n".to_owned();
        let verdict = edited(EditedText::Key {
            key: "trigger.on-ready".into(),
            text,
        })
        .judge();
        assert_eq!(
            part(&verdict, "trigger").text,
            "conditions compile, tried on pod web-1"
        );
    }
}
