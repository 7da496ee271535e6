//! Objects against the shape of their kind: fields that it does not have, and values of the wrong
//! type.

use super::resource::Resource;
use super::schema::{self, Node, Shape};
use super::status::{ApiError, Cause};
use serde_json::Value;

/// What does not fit.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Messages about fields that the kind does not have.
    pub unknown: Vec<String>,
    mistyped: Vec<Mistyped>,
}

/// A value of the wrong type.
#[derive(Debug)]
struct Mistyped {
    path: String,
    expected: &'static str,
    found: Value,
}

impl Findings {
    /// The refusal, when a value has the wrong type.
    pub fn refusal(&self, resource: &Resource, version: &str, name: &str) -> Option<ApiError> {
        let first = self.mistyped.first()?;
        if resource.custom.is_some() {
            let causes: Vec<Cause> = self.mistyped.iter().map(Mistyped::cause).collect();
            return Some(ApiError::invalid(resource, name, &causes));
        }
        let kind = &resource.kind;
        Some(ApiError::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {kind}: {} must be of type {}, \
             not {}",
            first.path,
            first.expected,
            type_of(&first.found)
        )))
    }
}

impl Mistyped {
    fn cause(&self) -> Cause {
        let message = format!("{} in body must be of type {}", self.path, self.expected);
        Cause::invalid(&self.path, &type_of(&self.found).into(), &message)
    }
}

/// Looks through an object, or through a patch of one.
pub(super) fn object(resource: &Resource, version: &str, object: &Value) -> Findings {
    let mut findings = Findings::default();
    if let Some(root) = schema::of(resource, version) {
        walk(root, object, &mut String::new(), &mut findings);
    }
    findings
}

fn walk(node: Node<'_>, value: &Value, path: &mut String, findings: &mut Findings) {
    if let Some(expected) = expected(node)
        && !fits(expected, value)
    {
        let found = value.clone();
        findings.mistyped.push(Mistyped {
            path: path.clone(),
            expected,
            found,
        });
        return;
    }
    let length = path.len();
    match value {
        Value::Object(members) => {
            // Directives of strategic merges are no fields.
            for (name, value) in members.iter().filter(|(name, _)| !name.starts_with('$')) {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                match node.member(name) {
                    Some(member) => walk(member, value, path, findings),
                    None => findings.unknown.push(format!("unknown field {path:?}")),
                }
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                walk(node.item(), value, path, findings);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

/// The type that a value must have; `None` when it may have any.
fn expected(node: Node<'_>) -> Option<&'static str> {
    Some(match node {
        Node::Root(_) | Node::CustomRoot(_) => "object",
        Node::Unknown => return None,
        Node::Shape(shape) => match shape {
            Shape::Any => return None,
            Shape::Type(_) | Shape::Map(_) => "object",
            Shape::List(..) => "array",
            Shape::String | Shape::Time | Shape::MicroTime | Shape::Bytes => "string",
            Shape::Quantity => "quantity",
            Shape::IntOrString => "integer or string",
            Shape::Integer => "integer",
            Shape::Number => "number",
            Shape::Boolean => "boolean",
        },
        Node::Custom(schema) => {
            if schema["x-kubernetes-int-or-string"] == true {
                return Some("integer or string");
            }
            match schema["type"].as_str()? {
                "object" => "object",
                "array" => "array",
                "string" => "string",
                "integer" => "integer",
                "number" => "number",
                "boolean" => "boolean",
                _ => return None,
            }
        }
    })
}

/// Null stands for an absent value everywhere.
fn fits(expected: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) => expected == "boolean",
        Value::String(_) => matches!(expected, "string" | "quantity" | "integer or string"),
        Value::Array(_) => expected == "array",
        Value::Object(_) => expected == "object",
        Value::Number(number) => match expected {
            "number" | "quantity" => true,
            // 3.0 is written for 3 by some.
            "integer" | "integer or string" => {
                number.is_i64()
                    || number.is_u64()
                    || number.as_f64().is_some_and(|n| n.fract() == 0.0)
            }
            _ => false,
        },
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::resource::Registry;
    use serde_json::json;

    fn findings(pod: Value) -> Findings {
        let registry = Registry::new(Default::default(), 1);
        let pods = registry.find("", "pods").expect("pods").resource();
        object(&pods, "v1", &pod)
    }

    #[test]
    fn unknown_fields_are_named_with_their_path() {
        let found = findings(json!({
            "metadata": {"labels": {"any": "thing"}},
            "spec": {"bogus": 1, "containers": [{"name": "c", "imag": "x", "$patch": "delete"}]},
        }));
        let expected = [
            "unknown field \"spec.bogus\"",
            "unknown field \"spec.containers[0].imag\"",
        ];
        assert_eq!(found.unknown, expected);
        assert!(found.mistyped.is_empty());
    }

    #[test]
    fn types() {
        for (pod, path) in [
            (json!({"metadata": "x"}), "metadata"),
            (
                json!({"metadata": {"labels": {"a": 1}}}),
                "metadata.labels.a",
            ),
            (json!({"spec": {"containers": {}}}), "spec.containers"),
            (json!({"spec": {"priority": 1.5}}), "spec.priority"),
            (json!({"spec": {"hostPID": "yes"}}), "spec.hostPID"),
            (
                json!({"status": {"containerStatuses": ["x"]}}),
                "status.containerStatuses[0]",
            ),
        ] {
            let found = findings(pod);
            assert_eq!(found.mistyped.len(), 1, "{path}");
            assert_eq!(found.mistyped[0].path, path);
        }
        let fine = json!({
            "metadata": {"labels": null},
            "spec": {
                "priority": 7, "overhead": {"cpu": 1, "memory": "1Gi"},
                "containers": [{"livenessProbe": {"httpGet": {"port": "http"}}}],
            },
        });
        assert!(findings(fine).mistyped.is_empty());
    }
}
