//! The rules that people run into: names, labels, annotation and ConfigMap size, what may not be
//! changed. Not the complete validation of a real server.

use super::object::meta;
use super::resource::Resource;
use super::status::{ApiError, Cause};
use serde_json::{Value, json};

/// All annotations of an object together, keys and values.
const ANNOTATIONS: usize = 256 * 1024;

/// The data of a ConfigMap or Secret.
const DATA: usize = 1024 * 1024;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
    or '-', and must start and end with an alphanumeric character";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric \
    characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and \
    must start and end with an alphanumeric character";

/// Checks an object before it is created.
pub(super) fn new_object(resource: &Resource, object: &Value) -> Result<(), ApiError> {
    let mut causes = Vec::new();
    name(resource, object, &mut causes);
    common(resource, object, &mut causes);
    finish(resource, object, &causes)
}

/// Checks an object before it replaces another version of itself.
pub(super) fn changed_object(
    resource: &Resource,
    before: &Value,
    object: &Value,
) -> Result<(), ApiError> {
    let mut causes = Vec::new();
    common(resource, object, &mut causes);
    immutable(resource, before, object, &mut causes);
    finish(resource, object, &causes)
}

/// Checks an object of which nothing but the metadata has changed.
pub(super) fn changed_metadata(resource: &Resource, object: &Value) -> Result<(), ApiError> {
    let mut causes = Vec::new();
    metadata(object, &mut causes);
    finish(resource, object, &causes)
}

fn finish(resource: &Resource, object: &Value, causes: &[Cause]) -> Result<(), ApiError> {
    if causes.is_empty() {
        return Ok(());
    }
    Err(ApiError::invalid(resource, meta(object, "name"), causes))
}

/// Kinds that are not replaced without saying which version is meant.
pub(super) fn update_needs_version(resource: &Resource) -> bool {
    resource.custom.is_some()
        || matches!(resource.kind.as_str(), "Lease" | "CustomResourceDefinition")
}

/// The refusal of such a replacement.
pub(super) fn version_required(resource: &Resource, name: &str) -> ApiError {
    let value = json!(0);
    let cause = Cause::invalid(
        "metadata.resourceVersion",
        &value,
        "must be specified for an update",
    );
    ApiError::invalid(resource, name, &[cause])
}

fn name(resource: &Resource, object: &Value, causes: &mut Vec<Cause>) {
    let field = "metadata.name";
    let name = meta(object, "name");
    if name.is_empty() {
        causes.push(Cause::required(field, "name or generateName is required"));
        return;
    }
    // Roles are named freely, as paths allow.
    if resource.group == "rbac.authorization.k8s.io" {
        if name.contains(['/', '%']) || name == "." || name == ".." {
            causes.push(Cause::invalid(
                field,
                &name.into(),
                "may not contain '/' or '%'",
            ));
        }
        return;
    }
    let label = matches!(resource.kind.as_str(), "Namespace" | "Service");
    let longest = if label { 63 } else { 253 };
    let parts_fit = |name: &str| name.split('.').all(is_label);
    if name.len() > longest {
        let message = format!("must be no more than {longest} characters");
        causes.push(Cause::invalid(field, &name.into(), &message));
    } else if label && !is_label(name) {
        causes.push(Cause::invalid(field, &name.into(), LABEL));
    } else if !parts_fit(name) {
        causes.push(Cause::invalid(field, &name.into(), SUBDOMAIN));
    }
}

fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// Letters, digits and `-_.`, with a letter or digit at both ends.
fn is_name(text: &str, longest: usize) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    text.len() <= longest
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && ends
            .iter()
            .all(|end| end.is_some_and(u8::is_ascii_alphanumeric))
}

fn is_qualified(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, name)) => {
            prefix.len() <= 253
                && prefix.to_ascii_lowercase().split('.').all(is_label)
                && is_name(name, 63)
        }
        None => is_name(key, 63),
    }
}

fn metadata(object: &Value, causes: &mut Vec<Cause>) {
    let metadata = &object["metadata"];
    if let Some(labels) = metadata["labels"].as_object() {
        for (key, value) in labels {
            if !is_qualified(key) {
                causes.push(Cause::invalid("metadata.labels", &json!(key), QUALIFIED));
            }
            if !value
                .as_str()
                .is_some_and(|v| v.is_empty() || is_name(v, 63))
            {
                causes.push(Cause::invalid("metadata.labels", value, LABEL_VALUE));
            }
        }
    }
    if let Some(annotations) = metadata["annotations"].as_object() {
        let mut size = 0_usize;
        for (key, value) in annotations {
            if !is_qualified(key) {
                causes.push(Cause::invalid(
                    "metadata.annotations",
                    &json!(key),
                    QUALIFIED,
                ));
            }
            match value.as_str() {
                Some(text) => size = size.saturating_add(key.len()).saturating_add(text.len()),
                None => causes.push(Cause::invalid(
                    "metadata.annotations",
                    value,
                    "an annotation must be a string",
                )),
            }
        }
        if size > ANNOTATIONS {
            causes.push(Cause::too_long("metadata.annotations", ANNOTATIONS));
        }
    }
}

fn common(resource: &Resource, object: &Value, causes: &mut Vec<Cause>) {
    metadata(object, causes);
    if resource.group.is_empty() && matches!(resource.kind.as_str(), "ConfigMap" | "Secret") {
        data(object, causes);
    }
    if resource.group.is_empty() && resource.kind == "Pod" {
        containers(&object["spec"], "spec", causes);
    }
    if resource.group == "apps" {
        containers(
            &object["spec"]["template"]["spec"],
            "spec.template.spec",
            causes,
        );
    }
}

fn data(object: &Value, causes: &mut Vec<Cause>) {
    let mut size = 0_usize;
    for field in ["data", "binaryData"] {
        for (key, value) in object[field].as_object().into_iter().flatten() {
            let valid = !key.is_empty()
                && key.len() <= 253
                && key
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
                && !matches!(key.as_str(), "." | "..");
            if !valid {
                let message = "a valid config key must consist of alphanumeric characters, '-', \
                               '_' or '.'";
                causes.push(Cause::invalid(
                    &format!("{field}[{key}]"),
                    &json!(key),
                    message,
                ));
            }
            match value.as_str() {
                Some(text) => size = size.saturating_add(text.len()),
                None => causes.push(Cause::invalid(
                    &format!("{field}[{key}]"),
                    value,
                    "must be a string",
                )),
            }
        }
    }
    if size > DATA {
        causes.push(Cause::too_long("", DATA));
    }
}

fn containers(spec: &Value, path: &str, causes: &mut Vec<Cause>) {
    let Some(list) = spec["containers"]
        .as_array()
        .filter(|list| !list.is_empty())
    else {
        causes.push(Cause::required(&format!("{path}.containers"), ""));
        return;
    };
    for (index, container) in list.iter().enumerate() {
        for field in ["name", "image"] {
            if container[field].as_str().unwrap_or_default().is_empty() {
                causes.push(Cause::required(
                    &format!("{path}.containers[{index}].{field}"),
                    "",
                ));
            }
        }
    }
}

fn immutable(resource: &Resource, before: &Value, object: &Value, causes: &mut Vec<Cause>) {
    let mut fixed = |path: &str, old: &Value, new: &Value| {
        if old != new && !old.is_null() {
            causes.push(Cause::invalid(path, new, "field is immutable"));
        }
    };
    match (resource.group.as_str(), resource.kind.as_str()) {
        ("apps", _) => {
            fixed(
                "spec.selector",
                &before["spec"]["selector"],
                &object["spec"]["selector"],
            );
        }
        ("batch", "Job") => {
            fixed(
                "spec.selector",
                &before["spec"]["selector"],
                &object["spec"]["selector"],
            );
            fixed(
                "spec.template",
                &before["spec"]["template"],
                &object["spec"]["template"],
            );
        }
        ("", "Secret") => fixed("type", &before["type"], &object["type"]),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            fixed("roleRef", &before["roleRef"], &object["roleRef"]);
        }
        ("", "Pod") if !before["spec"]["nodeName"].is_null() => {
            fixed(
                "spec.nodeName",
                &before["spec"]["nodeName"],
                &object["spec"]["nodeName"],
            );
        }
        _ => {}
    }
    if resource.group.is_empty()
        && matches!(resource.kind.as_str(), "ConfigMap" | "Secret")
        && before["immutable"] == true
        && (before["data"] != object["data"] || object["immutable"] != true)
    {
        causes.push(Cause::forbidden(
            "data",
            "field is immutable when `immutable` is set",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualified_names() {
        for good in [
            "a",
            "a.b/c",
            "notifications.argoproj.io/subscribe.on-x.webhook",
            "A_b.c",
        ] {
            assert!(is_qualified(good), "{good}");
        }
        for bad in ["", "/a", "a/", "-a", "a/b/c", "a b", "x/", &"a".repeat(64)] {
            assert!(!is_qualified(bad), "{bad}");
        }
    }
}
