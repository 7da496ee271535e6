//! ConfigMaps and Secrets in files, and the way back from a place in a ConfigMap's value to the
//! place in its file.

use super::manifest::{is_core, secret_values, texts};
use super::place::Finding;
use crate::catalog::ConfigSource;
use crate::domain::{Diagnostic, Position};
use crate::yaml::{self, Node};
use serde_json::Value;
use std::collections::BTreeMap;

/// What the API server takes of one object.
const LARGEST: usize = 1 << 20;

/// Longest key of a ConfigMap.
const LONGEST_KEY: usize = 253;

/// What was found in some files.
#[derive(Default)]
pub(super) struct Manifests {
    /// The ConfigMaps, in the order of the files.
    pub(super) maps: Vec<ManifestMap>,
    /// The values of the Secrets by name.
    pub(super) secrets: Vec<(String, BTreeMap<String, Vec<u8>>)>,
    /// What is wrong with the files themselves.
    pub(super) findings: Vec<Finding>,
}

/// A ConfigMap in a file.
pub(super) struct ManifestMap {
    /// Its name.
    pub(super) name: String,
    /// Its namespace, if it is written.
    pub(super) namespace: String,
    /// Its `data`.
    pub(super) data: BTreeMap<String, String>,
    file: String,
    text: std::rc::Rc<str>,
    position: Position,
    /// Where keys and values stand.
    nodes: BTreeMap<String, (Node, Node)>,
    in_file: bool,
}

impl Manifests {
    /// Takes in a file.
    pub(super) fn add(&mut self, file: &str, text: &str) {
        let documents = match yaml::parse_all(text) {
            Ok(documents) => documents,
            Err(error) => {
                let diagnostic = Diagnostic::error("bad-file", "", error.message.clone())
                    .help("it is neither YAML nor JSON");
                let finding = Finding::at(diagnostic, file, error.position, text);
                self.findings.push(finding);
                return;
            }
        };
        let text: std::rc::Rc<str> = text.into();
        for document in &documents {
            self.add_object(file, &text, document);
        }
    }

    fn add_object(&mut self, file: &str, text: &std::rc::Rc<str>, node: &Node) {
        let is_list = node.get("kind").and_then(Node::as_text) == Some("List");
        if is_list && let Some(items) = node.get("items").and_then(Node::as_sequence) {
            for item in items {
                self.add_object(file, text, item);
            }
            return;
        }
        let object = node.to_json();
        if is_core(&object, "ConfigMap") {
            self.add_map(file, text, node, &object);
        } else if is_core(&object, "Secret") {
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            match secret_values(&object) {
                Ok(values) => self.secrets.push((name.to_owned(), values)),
                Err(error) => {
                    let diagnostic = Diagnostic::error("bad-secret", "", error.to_string());
                    let finding = Finding::at(diagnostic, file, Some(node.position), text);
                    self.findings.push(finding);
                }
            }
        }
    }

    fn add_map(&mut self, file: &str, text: &std::rc::Rc<str>, node: &Node, object: &Value) {
        let metadata = |field: &str| {
            let value = object["metadata"][field].as_str();
            value.unwrap_or_default().to_owned()
        };
        let mut map = ManifestMap {
            name: metadata("name"),
            namespace: metadata("namespace"),
            data: texts(&object["data"]),
            file: file.to_owned(),
            text: std::rc::Rc::clone(text),
            position: node.position,
            nodes: BTreeMap::new(),
            in_file: true,
        };
        let mut wrong = Vec::new();
        let data = node.get("data").and_then(Node::as_mapping);
        for entry in data.unwrap_or_default() {
            let key = entry.key.to_text().unwrap_or_default().into_owned();
            if entry.value.as_text().is_none() {
                let message = format!(
                    "the value of '{key}' is of type {}, not a string: the API server refuses it",
                    entry.value.json_type()
                );
                let diagnostic = Diagnostic::error("not-a-string", &key, message)
                    .at(entry.value.position)
                    .help("put it in quotes, or write it as a block with '|'");
                wrong.push(diagnostic);
            }
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if key.is_empty() || key.len() > LONGEST_KEY || !key.chars().all(allowed) {
                let message = format!("'{key}' can't be a key of a ConfigMap");
                let diagnostic = Diagnostic::error("bad-key", &key, message)
                    .at(entry.key.position)
                    .help("keys are of letters, digits, '-', '_' and '.', at most 253");
                wrong.push(diagnostic);
            }
            let nodes = (entry.key.clone(), entry.value.clone());
            if map.nodes.insert(key.clone(), nodes).is_some() {
                let message = format!("'{key}' is written more than once; the last one counts");
                wrong
                    .push(Diagnostic::error("duplicate-key", &key, message).at(entry.key.position));
            }
        }
        let pairs = map.data.iter();
        let size: usize = pairs.map(|(key, value)| key.len() + value.len()).sum();
        if size > LARGEST {
            let message = format!("its data have {size} bytes, more than the API server takes");
            let diagnostic = Diagnostic::error("too-large", "", message);
            wrong.push(diagnostic.at(node.position));
        }
        for diagnostic in wrong {
            let position = diagnostic.position;
            let finding = Finding::at(diagnostic, file, position, text);
            self.findings.push(map.owned(finding));
        }
        self.maps.push(map);
    }

    /// The Secret that belongs to a ConfigMap: the one of the configured name, of the name that
    /// goes with the ConfigMap's (`x-secret` with `x-cm`), or the only one.
    pub(super) fn secret_of(
        &self,
        map: &ManifestMap,
        configured: &str,
    ) -> Option<&BTreeMap<String, Vec<u8>>> {
        let stem = map.name.strip_suffix("-cm").unwrap_or(&map.name);
        let usual = format!("{stem}-secret");
        let by_name = |wanted: &str| self.secrets.iter().find(|(name, _)| name == wanted);
        let only = match self.secrets.as_slice() {
            [only] => Some(only),
            _ => None,
        };
        let found = by_name(&usual).or_else(|| by_name(configured)).or(only);
        found.map(|(_, values)| values)
    }
}

impl ManifestMap {
    /// The ConfigMap of a cluster, which has no file.
    pub(super) fn live(source: &ConfigSource) -> Self {
        Self {
            name: source.name.clone(),
            namespace: source.namespace.clone(),
            data: source.data.clone(),
            file: format!("configmap/{}", source.name),
            text: "".into(),
            position: Position { line: 1, column: 1 },
            nodes: BTreeMap::new(),
            in_file: false,
        }
    }

    /// What a catalog is built from.
    pub(super) fn source(&self, secret: Option<&BTreeMap<String, Vec<u8>>>) -> ConfigSource {
        ConfigSource {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            resource_version: String::new(),
            data: self.data.clone(),
            found: true,
            secret: secret.cloned().unwrap_or_default(),
            secret_found: secret.is_some(),
        }
    }

    /// A diagnostic about this ConfigMap, at its place in the file.
    pub(super) fn finding(&self, diagnostic: Diagnostic) -> Finding {
        if !self.in_file {
            let value = self.data.get(&diagnostic.key);
            let value = value.map(String::as_str).unwrap_or_default();
            let file = match diagnostic.key.as_str() {
                "" => self.file.clone(),
                key => format!("{}/{key}", self.file),
            };
            let position = diagnostic.position;
            return self.owned(Finding::at(diagnostic, &file, position, value));
        }
        let position = match self.nodes.get(&diagnostic.key) {
            None => self.position,
            Some((key, value)) => match diagnostic.position {
                None => key.position,
                Some(within) => {
                    let text = value.as_text().unwrap_or_default();
                    value.position_at(&self.text, offset(text, within))
                }
            },
        };
        self.owned(Finding::at(
            diagnostic,
            &self.file,
            Some(position),
            &self.text,
        ))
    }

    fn owned(&self, finding: Finding) -> Finding {
        Finding {
            config_map: self.name.clone(),
            namespace: self.namespace.clone(),
            in_file: self.in_file && finding.in_file,
            ..finding
        }
    }
}

/// The byte at a place in a text.
fn offset(text: &str, at: Position) -> usize {
    let lines = usize::try_from(at.line)
        .unwrap_or(usize::MAX)
        .saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(lines).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let column = usize::try_from(at.column)
        .unwrap_or(usize::MAX)
        .saturating_sub(1);
    let within = rest
        .char_indices()
        .nth(column)
        .map_or(rest.len(), |(at, _)| at);
    start + within
}
