//! Server-side apply: merging a configuration, owning its fields, conflicts with other managers.

use super::fieldset::{self, FieldSet, item_step};
use super::managed::{self, Writer, entries, set_entries};
use super::object::as_map;
use super::resource::Resource;
use super::schema::{Merge, Node, Structure};
use super::status::ApiError;
use serde_json::{Map, Value};

/// Makes the applier the owner of the fields of `config` in the object created from it.
pub(super) fn own_new(
    resource: &Resource,
    writer: &Writer<'_>,
    config: &Value,
    object: &mut Value,
) {
    let fields = owned(resource, writer, config).to_json();
    set_entries(object, vec![writer.entry("Apply", fields)]);
}

/// The fields of the configuration that its applier will own.
fn owned(resource: &Resource, writer: &Writer<'_>, config: &Value) -> FieldSet {
    let mut set = fieldset::of_object(managed::root(resource), config);
    if resource.status {
        if writer.subresource == "status" {
            set.children.retain(|step, _| step == "f:status");
        } else {
            set.children.remove("f:status");
        }
    }
    set
}

/// The object after the configuration is applied to it, with its owners.
pub(super) fn merge(
    resource: &Resource,
    writer: &Writer<'_>,
    before: &Value,
    config: &Value,
    force: bool,
) -> Result<Value, ApiError> {
    let given = &config["metadata"]["managedFields"];
    if given.as_array().is_some_and(|list| !list.is_empty()) {
        return Err(ApiError::bad_request("metadata.managedFields must be nil"));
    }
    let root = managed::root(resource);
    let set = owned(resource, writer, config);
    let mut config = config.clone();
    if resource.status && writer.subresource != "status" {
        as_map(&mut config).remove("status");
    }
    let mut object = before.clone();
    merge_value(root, &mut object, &config);

    let mut entries = entries(before);
    let place = entries.iter().position(|entry| writer.applied(entry));
    let own = place.map(|place| entries.remove(place));
    let (changed, _) = fieldset::difference(root, before, &object);
    let mut conflicts = Vec::new();
    for entry in &mut entries {
        let Some(fields) = entry["fieldsV1"].as_object() else {
            continue;
        };
        let paths = fieldset::common_paths(fields, &changed);
        if force {
            managed::disown(entry, &changed);
        } else {
            let who = describe(entry);
            conflicts.extend(paths.into_iter().map(|path| (path, who.clone())));
        }
    }
    if !conflicts.is_empty() {
        return Err(ApiError::apply_conflict(&conflicts));
    }
    if let Some(Value::Object(previous)) = own.as_ref().map(|entry| &entry["fieldsV1"]) {
        let others: Vec<&Map<String, Value>> = entries
            .iter()
            .filter_map(|entry| entry["fieldsV1"].as_object())
            .collect();
        prune(root, &mut object, previous, Some(&set), &others, &[]);
    }
    let fields = Value::Object(set.to_json());
    let mut entry = writer.entry("Apply", Map::new());
    match own {
        Some(old) if old["fieldsV1"] == fields && managed::same_but_owners(before, &object) => {
            entry = old;
        }
        _ => entry["fieldsV1"] = fields,
    }
    // The place of an entry tells nothing, but moving it would be a change.
    entries.insert(place.unwrap_or_default(), entry);
    entries.sort_by_key(|entry| entry["operation"] != "Apply");
    set_entries(&mut object, entries);
    Ok(object)
}

/// An owner in the words of conflict messages.
fn describe(entry: &Value) -> String {
    let text = |field: &str| entry[field].as_str().unwrap_or_default();
    let mut who = format!("{:?}", text("manager"));
    if !text("subresource").is_empty() {
        who.push_str(&format!(" with subresource {:?}", text("subresource")));
    }
    if text("operation") == "Update" {
        who.push_str(&format!(" using {}", text("apiVersion")));
        if !text("time").is_empty() {
            who.push_str(&format!(" at {}", text("time")));
        }
    }
    who
}

fn merge_value(node: Node<'_>, object: &mut Value, config: &Value) {
    match (node.structure(config), config) {
        (Structure::Struct | Structure::Map, Value::Object(members)) => {
            let map = as_map(object);
            for (name, value) in members {
                let place = node.member(name).unwrap_or(Node::Unknown);
                if value.is_null() {
                    map.remove(name);
                } else {
                    merge_value(
                        place,
                        map.entry(name.as_str()).or_insert(Value::Null),
                        value,
                    );
                }
            }
        }
        (Structure::List(Merge::Keys(keys)), Value::Array(items)) if object.is_array() => {
            let Value::Array(list) = object else { return };
            for item in items {
                let step = item_step(&keys, item);
                let found = list
                    .iter_mut()
                    .find(|known| item_step(&keys, known) == step);
                match found {
                    Some(known) if step.is_some() => merge_value(node.item(), known, item),
                    _ => list.push(item.clone()),
                }
            }
        }
        (Structure::List(Merge::Set), Value::Array(items)) if object.is_array() => {
            let Value::Array(list) = object else { return };
            for item in items {
                if !list.contains(item) {
                    list.push(item.clone());
                }
            }
        }
        _ => object.clone_from(config),
    }
}

/// Removes what the applier owned, does not name any more, and nobody else owns. `keys` are the
/// fields that tell this object apart from the other items of its list: they stay.
fn prune(
    node: Node<'_>,
    value: &mut Value,
    previous: &Map<String, Value>,
    now: Option<&FieldSet>,
    others: &[&Map<String, Value>],
    keys: &[String],
) {
    for (step, below) in previous {
        let Some((kind, text)) = step.split_once(':') else {
            continue;
        };
        if kind == "f" && keys.iter().any(|key| key == text) {
            continue;
        }
        let still = now.and_then(|now| now.children.get(step));
        let theirs: Vec<&Map<String, Value>> = others
            .iter()
            .filter_map(|tree| tree.get(step)?.as_object())
            .collect();
        let Value::Object(below) = below else {
            continue;
        };
        if still.is_none() && theirs.is_empty() {
            remove(node, value, step, kind, text);
            continue;
        }
        if below.is_empty() {
            continue;
        }
        let structure = node.structure(value);
        match (kind, &mut *value) {
            ("f", Value::Object(map)) => {
                if let Some(member) = map.get_mut(text) {
                    let place = node.member(text).unwrap_or(Node::Unknown);
                    prune(place, member, below, still, &theirs, &[]);
                }
            }
            ("k", Value::Array(list)) => {
                let Structure::List(Merge::Keys(keys)) = structure else {
                    continue;
                };
                let found = list
                    .iter_mut()
                    .find(|item| item_step(&keys, item).as_ref() == Some(step));
                if let Some(item) = found {
                    prune(node.item(), item, below, still, &theirs, &keys);
                }
            }
            _ => {}
        }
    }
}

fn remove(node: Node<'_>, value: &mut Value, step: &str, kind: &str, text: &str) {
    let structure = node.structure(value);
    match value {
        Value::Object(map) => {
            map.remove(text);
        }
        Value::Array(list) if kind == "v" => {
            let gone = serde_json::from_str::<Value>(text).ok();
            list.retain(|item| Some(item) != gone.as_ref());
        }
        Value::Array(list) => {
            if let Structure::List(Merge::Keys(keys)) = structure {
                list.retain(|item| item_step(&keys, item).as_deref() != Some(step));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::resource::Registry;
    use serde_json::json;

    fn writer(manager: &str) -> Writer<'_> {
        Writer {
            manager,
            api_version: "apps/v1".into(),
            subresource: "",
        }
    }

    fn config(containers: Value, labels: Value) -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "labels": labels},
            "spec": {"template": {"spec": {"containers": containers}}},
        })
    }

    #[test]
    fn two_appliers_share_a_list_and_each_removes_only_its_own() {
        let registry = Registry::new(Default::default(), 1);
        let kind = registry
            .find("apps", "deployments")
            .expect("deployments")
            .resource();
        let ours = config(
            json!([{"name": "a", "image": "a:1"}]),
            json!({"x": "1", "y": "1"}),
        );
        let mut object = ours.clone();
        own_new(&kind, &writer("one"), &ours, &mut object);
        let theirs = config(json!([{"name": "b", "image": "b:1"}]), json!({"z": "1"}));
        let object = merge(&kind, &writer("two"), &object, &theirs, false).expect("no conflict");
        let spec = &object["spec"]["template"]["spec"];
        assert_eq!(spec["containers"].as_array().map(Vec::len), Some(2));

        let less = config(json!([{"name": "a", "image": "a:1"}]), json!({"x": "1"}));
        let object = merge(&kind, &writer("one"), &object, &less, false).expect("no conflict");
        assert_eq!(object["metadata"]["labels"], json!({"x": "1", "z": "1"}));

        let clash = config(json!([{"name": "b", "image": "b:2"}]), json!({}));
        let error = merge(&kind, &writer("one"), &object, &clash, false).expect_err("conflict");
        assert_eq!(error.code(), 409);
        let path = ".spec.template.spec.containers[name=\"b\"].image";
        assert!(error.message().contains(path), "{error}");
        assert!(error.message().contains("\"two\""), "{error}");

        let object = merge(&kind, &writer("one"), &object, &clash, true).expect("forced");
        let containers = &object["spec"]["template"]["spec"]["containers"];
        assert_eq!(*containers, json!([{"name": "b", "image": "b:2"}]));
    }
}
