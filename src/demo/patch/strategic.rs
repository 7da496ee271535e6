//! Strategic merge patch: lists with a merge key are merged item by item, and directives
//! (`$patch`, `$retainKeys`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`) are obeyed.

use crate::demo::object::as_map;
use crate::demo::schema::{Merge, Node, Shape, Structure};
use crate::demo::status::ApiError;
use serde_json::{Map, Value};

const PATCH: &str = "$patch";
const RETAIN: &str = "$retainKeys";
const ORDER: &str = "$setElementOrder/";
const DELETE: &str = "$deleteFromPrimitiveList/";

/// Merges `patch` into `object`, which `node` describes.
pub(super) fn apply(
    node: Option<Node<'_>>,
    patch: &Value,
    object: &mut Value,
) -> Result<(), ApiError> {
    let Value::Object(members) = patch else {
        return Err(ApiError::bad_request(
            "a strategic merge patch must be an object",
        ));
    };
    merge_object(node.unwrap_or(Node::Unknown), members, object)
}

fn merge_object(
    node: Node<'_>,
    patch: &Map<String, Value>,
    object: &mut Value,
) -> Result<(), ApiError> {
    match patch.get(PATCH).and_then(Value::as_str) {
        None | Some("merge") => {}
        Some("replace") => {
            let mut rest = patch.clone();
            rest.remove(PATCH);
            *object = clean(&Value::Object(rest));
            return Ok(());
        }
        Some("delete") => {
            *object = Value::Object(Map::new());
            return Ok(());
        }
        Some(other) => {
            let message = format!("unknown patch type {other:?} in a strategic merge patch");
            return Err(ApiError::bad_request(message));
        }
    }
    let map = as_map(object);
    if let Some(Value::Array(kept)) = patch.get(RETAIN) {
        map.retain(|key, _| kept.iter().any(|k| k == key.as_str()));
    }
    for (key, value) in patch {
        if let Some(list) = key.strip_prefix(DELETE)
            && let (Some(Value::Array(list)), Value::Array(gone)) = (map.get_mut(list), value)
        {
            list.retain(|item| !gone.contains(item));
        }
    }
    for (key, value) in patch.iter().filter(|(key, _)| !key.starts_with('$')) {
        let place = node.member(key).unwrap_or(Node::Unknown);
        match value {
            Value::Null => {
                map.remove(key);
            }
            Value::Object(members) => {
                merge_object(
                    place,
                    members,
                    map.entry(key.as_str()).or_insert(Value::Null),
                )?;
            }
            Value::Array(items) => {
                let slot = map.entry(key.as_str()).or_insert(Value::Null);
                merge_list(place, items, slot)?;
            }
            scalar => {
                map.insert(key.clone(), scalar.clone());
            }
        }
    }
    for (key, value) in patch {
        if let (Some(name), Value::Array(order)) = (key.strip_prefix(ORDER), value)
            && let Some(Value::Array(list)) = map.get_mut(name)
        {
            let place = node.member(name).unwrap_or(Node::Unknown);
            reorder(merge_key(place), order, list);
        }
    }
    Ok(())
}

/// The field by which items of the list here are told apart.
fn merge_key(node: Node<'_>) -> Option<String> {
    match node.structure(&Value::Array(Vec::new())) {
        Structure::List(Merge::Keys(keys)) => keys.into_iter().next(),
        _ => None,
    }
}

fn merge_list(node: Node<'_>, patch: &[Value], slot: &mut Value) -> Result<(), ApiError> {
    let is_set = matches!(node, Node::Shape(Shape::List(Merge::Set, _)));
    if is_set {
        let list = as_list(slot);
        for item in patch {
            if !list.contains(item) {
                list.push(item.clone());
            }
        }
        return Ok(());
    }
    let Some(key) = merge_key(node) else {
        *slot = clean(&Value::Array(patch.to_vec()));
        return Ok(());
    };
    let list = as_list(slot);
    if patch.iter().any(|item| item[PATCH] == "replace") {
        let plain = patch.iter().filter(|item| item[PATCH].is_null());
        *list = plain.map(clean).collect();
        return Ok(());
    }
    for item in patch {
        let Value::Object(members) = item else {
            return Err(ApiError::bad_request(
                "an item of a merged list is not an object",
            ));
        };
        let Some(value) = members.get(&key) else {
            let message = format!("an item of a merged list does not contain the merge key {key}");
            return Err(ApiError::bad_request(message));
        };
        if item[PATCH] == "delete" {
            list.retain(|known| known[&key] != *value);
            continue;
        }
        match list.iter_mut().find(|known| known[&key] == *value) {
            Some(known) => merge_object(node.item(), members, known)?,
            None => list.push(clean(item)),
        }
    }
    Ok(())
}

fn as_list(slot: &mut Value) -> &mut Vec<Value> {
    match slot {
        Value::Array(list) => list,
        other => {
            *other = Value::Array(Vec::new());
            as_list(other)
        }
    }
}

/// Items named by `order` change places among themselves until they stand in that order.
fn reorder(key: Option<String>, order: &[Value], list: &mut [Value]) {
    let rank = |item: &Value| {
        order.iter().position(|wanted| match &key {
            Some(key) => wanted[key] == item[key],
            None => wanted == item,
        })
    };
    let places: Vec<usize> = (0..list.len())
        .filter(|&i| rank(&list[i]).is_some())
        .collect();
    let mut items: Vec<Value> = places.iter().map(|&i| list[i].take()).collect();
    items.sort_by_key(|item| rank(item));
    for (place, item) in places.into_iter().zip(items) {
        if let Some(slot) = list.get_mut(place) {
            *slot = item;
        }
    }
}

/// A new value without nulls and directives.
fn clean(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map
                .iter()
                .filter(|(key, value)| !key.starts_with('$') && !value.is_null());
            Value::Object(
                kept.map(|(key, value)| (key.clone(), clean(value)))
                    .collect(),
            )
        }
        Value::Array(list) => Value::Array(list.iter().map(clean).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::resource::Registry;
    use crate::demo::schema;
    use serde_json::json;

    fn patched(object: Value, patch: Value) -> Value {
        let registry = Registry::new(Default::default(), 1);
        let pods = registry.find("", "pods").expect("pods").resource();
        let mut object = object;
        apply(schema::of(&pods, "v1"), &patch, &mut object).expect("a good patch");
        object
    }

    fn containers(list: Value) -> Value {
        json!({"spec": {"containers": list}})
    }

    #[test]
    fn lists_merge_by_key() {
        let two = || containers(json!([{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]));
        for (patch, expected) in [
            (
                containers(json!([{"name": "b", "image": "2"}])),
                json!([{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]),
            ),
            (
                containers(json!([{"name": "c", "tty": null}])),
                json!([{"name": "a", "image": "1"}, {"name": "b", "image": "1"}, {"name": "c"}]),
            ),
            (
                containers(json!([{"name": "a", "$patch": "delete"}])),
                json!([{"name": "b", "image": "1"}]),
            ),
            (
                containers(json!([{"$patch": "replace"}, {"name": "z"}])),
                json!([{"name": "z"}]),
            ),
            (
                json!({"spec": {
                    "$setElementOrder/containers": [{"name": "c"}, {"name": "b"}, {"name": "a"}],
                    "containers": [{"name": "c"}],
                }}),
                json!([{"name": "c"}, {"name": "b", "image": "1"}, {"name": "a", "image": "1"}]),
            ),
        ] {
            assert_eq!(
                patched(two(), patch.clone())["spec"]["containers"],
                expected,
                "{patch}"
            );
        }
    }

    #[test]
    fn other_lists_are_replaced_and_sets_united() {
        let object = json!({
            "metadata": {"finalizers": ["a", "b"], "labels": {"x": "1"}},
            "spec": {"tolerations": [{"key": "a"}]},
        });
        let patch = json!({
            "metadata": {
                "$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"],
                "labels": {"x": null, "y": "2"},
            },
            "spec": {"tolerations": [{"key": "b"}], "$retainKeys": ["tolerations"]},
        });
        let expected = json!({
            "metadata": {"finalizers": ["b", "c"], "labels": {"y": "2"}},
            "spec": {"tolerations": [{"key": "b"}]},
        });
        assert_eq!(patched(object, patch), expected);
    }
}
