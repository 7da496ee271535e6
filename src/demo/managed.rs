//! Who wrote which field: `metadata.managedFields` for every write that is not an apply.

use super::fieldset::{self, FieldSet};
use super::object::{meta_mut, now};
use super::resource::Resource;
use super::schema::{self, Node};
use serde_json::{Map, Value, json};

/// Who writes, and through which door.
pub(super) struct Writer<'w> {
    pub manager: &'w str,
    /// The version in which the client writes.
    pub api_version: String,
    pub subresource: &'w str,
}

impl Writer<'_> {
    fn is(&self, entry: &Value, operation: &str) -> bool {
        entry["manager"] == self.manager
            && entry["operation"] == operation
            && entry["subresource"].as_str().unwrap_or_default() == self.subresource
            && (operation == "Apply" || entry["apiVersion"] == self.api_version.as_str())
    }

    /// A new entry with these fields.
    pub fn entry(&self, operation: &str, fields: Map<String, Value>) -> Value {
        let mut entry = json!({
            "manager": self.manager, "operation": operation, "apiVersion": self.api_version,
            "time": now(), "fieldsType": "FieldsV1", "fieldsV1": fields,
        });
        if !self.subresource.is_empty() {
            entry["subresource"] = self.subresource.into();
        }
        entry
    }

    /// Whether this is the entry of the writer's own applies.
    pub fn applied(&self, entry: &Value) -> bool {
        self.is(entry, "Apply")
    }
}

/// The root of a kind; where nothing is known, objects are maps and lists are whole.
pub(super) fn root(resource: &Resource) -> Node<'_> {
    schema::of(resource, &resource.version).unwrap_or(Node::Unknown)
}

/// The entries of an object.
pub(super) fn entries(object: &Value) -> Vec<Value> {
    object["metadata"]["managedFields"]
        .as_array()
        .cloned()
        .unwrap_or_default()
}

/// Puts entries into an object, without those that own nothing.
pub(super) fn set_entries(object: &mut Value, mut entries: Vec<Value>) {
    entries.retain(|e| {
        e["fieldsV1"]
            .as_object()
            .is_some_and(|fields| !fields.is_empty())
    });
    let metadata = meta_mut(object);
    if entries.is_empty() {
        metadata.remove("managedFields");
    } else {
        metadata.insert("managedFields".to_owned(), Value::Array(entries));
    }
}

/// Takes fields out of an entry.
pub(super) fn disown(entry: &mut Value, set: &FieldSet) {
    if let Some(fields) = entry.get_mut("fieldsV1").and_then(Value::as_object_mut) {
        fieldset::subtract(fields, set);
    }
}

/// Whether two versions of an object differ in nothing but their owners.
pub(super) fn same_but_owners(before: &Value, after: &Value) -> bool {
    let (Some(old), Some(new)) = (before.as_object(), after.as_object()) else {
        return before == after;
    };
    let same = |old: &Map<String, Value>, new: &Map<String, Value>, except: &str| {
        old.len() == new.len()
            && old
                .iter()
                .all(|(key, value)| key == except || new.get(key) == Some(value))
    };
    let metadata = |object| Map::get(object, "metadata").and_then(Value::as_object);
    match (metadata(old), metadata(new)) {
        (Some(before), Some(after)) => {
            // Whether there are owners at all is no difference either.
            let owned = |map: &Map<String, Value>| usize::from(map.contains_key("managedFields"));
            before.len() - owned(before) == after.len() - owned(after)
                && before
                    .iter()
                    .all(|(k, v)| k == "managedFields" || after.get(k) == Some(v))
                && same(old, new, "metadata")
        }
        (before, after) => before == after && same(old, new, "metadata"),
    }
}

/// Records that the writer made `after` out of `before` (or of nothing).
pub(super) fn record(
    resource: &Resource,
    writer: &Writer<'_>,
    before: Option<&Value>,
    after: &mut Value,
) {
    let root = root(resource);
    let Some(before) = before else {
        let fields = fieldset::of_object(root, after).to_json();
        set_entries(after, vec![writer.entry("Update", fields)]);
        return;
    };
    let (changed, removed) = fieldset::difference(root, before, after);
    if changed.is_empty() && removed.is_empty() {
        return;
    }
    let mut entries = match meta_mut(after).remove("managedFields") {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    let mut own = Map::new();
    entries.retain_mut(|entry| {
        disown(entry, &removed);
        if writer.is(entry, "Update") {
            if let Some(Value::Object(fields)) = entry.get_mut("fieldsV1").map(Value::take) {
                own = fields;
            }
            return false;
        }
        disown(entry, &changed);
        true
    });
    fieldset::unite(&mut own, &changed);
    entries.push(writer.entry("Update", own));
    set_entries(after, entries);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::resource::Registry;

    fn writer(manager: &str) -> Writer<'_> {
        Writer {
            manager,
            api_version: "v1".into(),
            subresource: "",
        }
    }

    #[test]
    fn a_change_moves_the_field_to_its_writer() {
        let registry = Registry::new(Default::default(), 1);
        let pods = registry.find("", "pods").expect("pods").resource();
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "a", "annotations": {"x": "1"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        });
        record(&pods, &writer("one"), None, &mut pod);
        let fields = &pod["metadata"]["managedFields"][0]["fieldsV1"];
        assert_eq!(
            *fields,
            json!({
                "f:metadata": {"f:annotations": {".": {}, "f:x": {}}},
                "f:spec": {"f:containers": {"k:{\"name\":\"c\"}": {
                    ".": {}, "f:image": {}, "f:name": {},
                }}},
            })
        );
        let before = pod.clone();
        pod["metadata"]["annotations"]["x"] = "2".into();
        pod["metadata"]["annotations"]["y"] = "3".into();
        record(&pods, &writer("two"), Some(&before), &mut pod);
        let entries = entries(&pod);
        assert_eq!(entries.len(), 2);
        assert_eq!(
            entries[0]["fieldsV1"]["f:metadata"],
            json!({"f:annotations": {}})
        );
        assert_eq!(
            entries[1]["fieldsV1"],
            json!({"f:metadata": {"f:annotations": {"f:x": {}, "f:y": {}}}})
        );
    }
}
