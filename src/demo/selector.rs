//! Label and field selectors of lists, watches and deletecollection.

use super::object::Header;
use super::resource::Resource;
use super::status::ApiError;
use super::store::Stored;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a list or watch is narrowed to. The default selects everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Selector {
    labels: Vec<Requirement>,
    fields: Vec<FieldTerm>,
}

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
    Above(i64),
    Below(i64),
}

#[derive(Clone, Debug, PartialEq)]
struct FieldTerm {
    path: String,
    value: String,
    equal: bool,
}

type Labels<'a> = BTreeMap<Cow<'a, str>, Cow<'a, str>>;

impl Requirement {
    fn holds(&self, labels: &Labels<'_>) -> bool {
        let value = labels.get(self.key.as_str()).map(AsRef::as_ref);
        let number = || value.and_then(|v| v.parse::<i64>().ok());
        match &self.test {
            Test::Exists => value.is_some(),
            Test::Missing => value.is_none(),
            Test::In(allowed) => value.is_some_and(|v| allowed.iter().any(|a| a == v)),
            Test::NotIn(refused) => value.is_none_or(|v| !refused.iter().any(|r| r == v)),
            Test::Above(bound) => number().is_some_and(|n| n > *bound),
            Test::Below(bound) => number().is_some_and(|n| n < *bound),
        }
    }
}

impl Selector {
    /// Reads the two request parameters.
    pub fn parse(resource: &Resource, labels: &str, fields: &str) -> Result<Self, ApiError> {
        let bad_labels = |what: String| {
            let message = format!("unable to parse requirement: {what}: {labels:?}");
            ApiError::bad_request(message)
        };
        Ok(Self {
            labels: parse_labels(labels).map_err(bad_labels)?,
            fields: parse_fields(resource, fields)?,
        })
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether a stored object is selected. Labels alone are read without building a tree.
    pub fn selects(&self, key: &str, stored: &Stored) -> bool {
        if self.is_empty() {
            return true;
        }
        let json = stored.json();
        let by_key = |term: &FieldTerm| {
            let (namespace, name) = key.split_once('/').unwrap_or_default();
            match term.path.as_str() {
                "metadata.name" => Some((name == term.value) == term.equal),
                "metadata.namespace" => Some((namespace == term.value) == term.equal),
                _ => None,
            }
        };
        let mut rest = Vec::new();
        for term in &self.fields {
            match by_key(term) {
                Some(false) => return false,
                Some(true) => {}
                None => rest.push(term),
            }
        }
        if !self.labels.is_empty() {
            let header: Header<'_> = serde_json::from_slice(&json).unwrap_or_default();
            let labels = header.metadata.labels.unwrap_or_default();
            if !self
                .labels
                .iter()
                .all(|requirement| requirement.holds(&labels))
            {
                return false;
            }
        }
        if rest.is_empty() {
            return true;
        }
        let object: Value = serde_json::from_slice(&json).unwrap_or_default();
        rest.iter()
            .all(|term| (field_text(&object, &term.path) == term.value) == term.equal)
    }
}

/// The value of a selectable field as text; absent is empty (and `false` for switches).
fn field_text<'o>(object: &'o Value, path: &str) -> Cow<'o, str> {
    let mut at = object;
    for part in path.split('.') {
        at = &at[part];
    }
    match at {
        Value::String(text) => Cow::Borrowed(text),
        Value::Null if path == "spec.unschedulable" => Cow::Borrowed("false"),
        Value::Null => Cow::Borrowed(""),
        other => Cow::Owned(other.to_string()),
    }
}

/// The fields by which a kind can be selected, besides name and namespace.
fn selectable(resource: &Resource, path: &str) -> bool {
    let fields: &[&str] = match (resource.group.as_str(), resource.kind.as_str()) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "Event") | ("events.k8s.io", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "Node") => &["spec.unschedulable"],
        ("", "Namespace") => &["status.phase"],
        ("", "Secret") => &["type"],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("apps", "ReplicaSet") | ("", "ReplicationController") => &["status.replicas"],
        ("batch", "Job") => &["status.successful"],
        _ => &[],
    };
    if fields.contains(&path) {
        return true;
    }
    let declared = resource
        .custom_version(&resource.version)
        .map(|v| &v["selectableFields"]);
    declared.and_then(Value::as_array).is_some_and(|list| {
        list.iter()
            .any(|f| f["jsonPath"].as_str() == Some(&format!(".{path}")))
    })
}

fn parse_fields(resource: &Resource, text: &str) -> Result<Vec<FieldTerm>, ApiError> {
    let mut terms = Vec::new();
    for part in text.split(',').filter(|part| !part.is_empty()) {
        let (path, value, equal) = if let Some((path, value)) = part.split_once("!=") {
            (path, value, false)
        } else if let Some((path, value)) = part.split_once("==") {
            (path, value, true)
        } else if let Some((path, value)) = part.split_once('=') {
            (path, value, true)
        } else {
            let message = format!("invalid selector: '{text}'; can't understand '{part}'");
            return Err(ApiError::bad_request(message));
        };
        let path = path.trim();
        let always = ["metadata.name", "metadata.namespace"];
        if !always.contains(&path) && !selectable(resource, path) {
            let kind = &resource.kind;
            let message = format!("field label not supported: {path} (kind {kind})");
            return Err(ApiError::bad_request(message));
        }
        let path = match path.strip_prefix("regarding.") {
            Some(rest) => format!("involvedObject.{rest}"),
            None => path.to_owned(),
        };
        terms.push(FieldTerm {
            path,
            value: value.trim().to_owned(),
            equal,
        });
    }
    Ok(terms)
}

/// Splits at commas that are not inside parentheses.
fn split_requirements(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (index, letter) in text.char_indices() {
        match letter {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            ',' if depth <= 0 => {
                parts.push(text.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn parse_labels(text: &str) -> Result<Vec<Requirement>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    split_requirements(text)
        .into_iter()
        .map(parse_requirement)
        .collect()
}

fn parse_requirement(text: &str) -> Result<Requirement, String> {
    let text = text.trim();
    let made = |key: &str, test| {
        let key = key.trim();
        if key.is_empty() || key.contains(|c: char| c.is_whitespace() || "(),=!<>".contains(c)) {
            return Err(format!("invalid label key {key:?}"));
        }
        Ok(Requirement {
            key: key.to_owned(),
            test,
        })
    };
    let value = |text: &str| -> Result<String, String> {
        let text = text.trim();
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if text.len() > 63 || !text.chars().all(allowed) {
            return Err(format!("invalid label value {text:?}"));
        }
        Ok(text.to_owned())
    };
    let number = |text: &str| {
        text.trim()
            .parse::<i64>()
            .map_err(|_| format!("{:?} is not an integer", text.trim()))
    };
    if let Some(key) = text.strip_prefix('!') {
        return made(key, Test::Missing);
    }
    if let Some((head, list)) = text.split_once('(') {
        let list = list.strip_suffix(')').ok_or("found no ')'")?;
        let values = list.split(',').map(value).collect::<Result<Vec<_>, _>>()?;
        return match head.split_whitespace().collect::<Vec<_>>().as_slice() {
            [key, "in"] => made(key, Test::In(values)),
            [key, "notin"] => made(key, Test::NotIn(values)),
            _ => Err(format!("expected 'in' or 'notin' in {text:?}")),
        };
    }
    for (operator, equal) in [("!=", false), ("==", true), ("=", true)] {
        if let Some((key, text)) = text.split_once(operator) {
            let values = vec![value(text)?];
            return made(
                key,
                if equal {
                    Test::In(values)
                } else {
                    Test::NotIn(values)
                },
            );
        }
    }
    if let Some((key, bound)) = text.split_once('>') {
        return made(key, Test::Above(number(bound)?));
    }
    if let Some((key, bound)) = text.split_once('<') {
        return made(key, Test::Below(number(bound)?));
    }
    made(text, Test::Exists)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(selector: &str, labels: &[(&'static str, &'static str)]) -> bool {
        let labels: Labels<'_> = labels.iter().map(|&(k, v)| (k.into(), v.into())).collect();
        parse_labels(selector)
            .expect(selector)
            .iter()
            .all(|r| r.holds(&labels))
    }

    #[test]
    fn label_requirements() {
        let web = [("app", "web"), ("tier", "2")];
        for yes in [
            "app=web",
            "app==web, tier = 2",
            "app!=db",
            "none!=x",
            "app in (db, web)",
            "app notin (db)",
            "none notin (a,b)",
            "app",
            "!none",
            "tier>1",
            "tier<3",
            "",
        ] {
            assert!(holds(yes, &web), "{yes}");
        }
        for no in [
            "app=db",
            "app!=web",
            "app in (db)",
            "!app",
            "none",
            "tier>2",
            "app>1",
        ] {
            assert!(!holds(no, &web), "{no}");
        }
    }

    #[test]
    fn broken_requirements_are_refused() {
        for bad in ["a=1,", ",", "a in 1", "a in (1", "a>x", "=x", "a b", "a=?"] {
            assert!(parse_labels(bad).is_err(), "{bad}");
        }
    }
}
