//! Sets of field paths, as `managedFields` writes them: `f:name`, `k:{"name":"x"}`, `v:"x"`.
//!
//! The JSON form is a tree. An empty tree means the place itself; `.` says that a place with
//! children is meant itself, too.

use super::schema::{Merge, Node, Structure};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A set of paths below one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldSet {
    /// The place itself is in the set.
    pub member: bool,
    /// The place and everything below it is in the set.
    pub whole: bool,
    pub children: BTreeMap<String, FieldSet>,
}

impl FieldSet {
    fn leaf() -> Self {
        Self {
            member: true,
            ..Self::default()
        }
    }

    fn everything() -> Self {
        Self {
            member: true,
            whole: true,
            ..Self::default()
        }
    }

    pub fn is_empty(&self) -> bool {
        !self.member && !self.whole && self.children.is_empty()
    }

    /// Adds a child unless it is empty.
    fn add(&mut self, step: String, child: FieldSet) {
        if !child.is_empty() {
            self.children.insert(step, child);
        }
    }

    /// The JSON form of what is below this place.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut map = Map::new();
        unite(&mut map, self);
        map
    }
}

/// What `metadata` holds for the server, not for field managers.
const SERVER_FIELDS: [&str; 11] = [
    "name",
    "namespace",
    "generateName",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "uid",
    "generation",
    "managedFields",
    "resourceVersion",
];

/// All fields of an object that managers can own.
pub(super) fn of_object(root: Node<'_>, object: &Value) -> FieldSet {
    without_server_fields(of(root, object))
}

/// The fields of an object that differ: set or changed, and removed.
pub(super) fn difference(root: Node<'_>, before: &Value, after: &Value) -> (FieldSet, FieldSet) {
    let (mut changed, mut removed) = (FieldSet::default(), FieldSet::default());
    compare(root, before, after, &mut changed, &mut removed);
    (
        without_server_fields(changed),
        without_server_fields(removed),
    )
}

fn without_server_fields(mut set: FieldSet) -> FieldSet {
    set.member = false;
    set.children.remove("f:apiVersion");
    set.children.remove("f:kind");
    if let Some(metadata) = set.children.get_mut("f:metadata") {
        for field in SERVER_FIELDS {
            metadata.children.remove(&format!("f:{field}"));
        }
        metadata.member = false;
        if metadata.is_empty() {
            set.children.remove("f:metadata");
        }
    }
    set
}

fn of(node: Node<'_>, value: &Value) -> FieldSet {
    let mut set = FieldSet::default();
    match (node.structure(value), value) {
        (Structure::Struct, Value::Object(members)) => {
            for (name, value) in members {
                set.add(
                    format!("f:{name}"),
                    of(node.member(name).unwrap_or(Node::Unknown), value),
                );
            }
        }
        (Structure::Map, Value::Object(members)) => {
            set.member = true;
            for (name, value) in members {
                set.add(
                    format!("f:{name}"),
                    of(node.member(name).unwrap_or(Node::Unknown), value),
                );
            }
        }
        (Structure::List(Merge::Keys(keys)), Value::Array(items)) => {
            for item in items {
                let Some(step) = item_step(&keys, item) else {
                    return FieldSet::leaf();
                };
                let mut below = of(node.item(), item);
                below.member = true;
                set.add(step, below);
            }
        }
        (Structure::List(Merge::Set), Value::Array(items)) => {
            for item in items {
                set.add(format!("v:{item}"), FieldSet::leaf());
            }
        }
        _ => {}
    }
    if set.is_empty() {
        FieldSet::leaf()
    } else {
        set
    }
}

/// `k:{…}` of an item of a list with keys; `None` when the item has none of them.
pub(super) fn item_step(keys: &[String], item: &Value) -> Option<String> {
    let mut named = Map::new();
    for key in keys {
        match &item[key] {
            // Ports are told apart by protocol as well, and the default is seldom written.
            Value::Null if key == "protocol" => {
                named.insert(key.clone(), "TCP".into());
            }
            Value::Null => {}
            value => {
                named.insert(key.clone(), value.clone());
            }
        }
    }
    if named.is_empty() {
        None
    } else {
        Some(format!("k:{}", Value::Object(named)))
    }
}

fn compare(
    node: Node<'_>,
    before: &Value,
    after: &Value,
    changed: &mut FieldSet,
    removed: &mut FieldSet,
) {
    if before == after {
        return;
    }
    let place = |name: &str| node.member(name).unwrap_or(Node::Unknown);
    match (node.structure(after), before, after) {
        (Structure::Struct | Structure::Map, Value::Object(old), Value::Object(new)) => {
            for (name, value) in new {
                let step = format!("f:{name}");
                match old.get(name) {
                    None => changed.add(step, of(place(name), value)),
                    Some(was) if was == value => {}
                    Some(was) => {
                        let (mut c, mut r) = (FieldSet::default(), FieldSet::default());
                        compare(place(name), was, value, &mut c, &mut r);
                        changed.add(step.clone(), c);
                        removed.add(step, r);
                    }
                }
            }
            for name in old.keys().filter(|name| !new.contains_key(*name)) {
                removed.add(format!("f:{name}"), FieldSet::everything());
            }
        }
        (Structure::List(Merge::Keys(keys)), Value::Array(old), Value::Array(new)) => {
            let index = |list: &[Value]| -> Option<BTreeMap<String, Value>> {
                let named = |item: &Value| Some((item_step(&keys, item)?, item.clone()));
                let indexed = list.iter().map(named).collect::<Option<BTreeMap<_, _>>>()?;
                (indexed.len() == list.len()).then_some(indexed)
            };
            let (Some(old), Some(new)) = (index(old), index(new)) else {
                changed.member = true;
                return;
            };
            for (step, value) in &new {
                match old.get(step) {
                    None => {
                        let mut below = of(node.item(), value);
                        below.member = true;
                        changed.add(step.clone(), below);
                    }
                    Some(was) => {
                        let (mut c, mut r) = (FieldSet::default(), FieldSet::default());
                        compare(node.item(), was, value, &mut c, &mut r);
                        changed.add(step.clone(), c);
                        removed.add(step.clone(), r);
                    }
                }
            }
            for step in old.into_keys().filter(|step| !new.contains_key(step)) {
                removed.add(step, FieldSet::everything());
            }
        }
        (Structure::List(Merge::Set), Value::Array(old), Value::Array(new)) => {
            for item in new.iter().filter(|item| !old.contains(item)) {
                changed.add(format!("v:{item}"), FieldSet::leaf());
            }
            for item in old.iter().filter(|item| !new.contains(item)) {
                removed.add(format!("v:{item}"), FieldSet::everything());
            }
        }
        _ => {
            // A list that comes into being shows its items; anything else is the place itself.
            *changed = of(node, after);
        }
    }
}

/// Takes the paths of `set` out of a tree in JSON form.
pub(super) fn subtract(tree: &mut Map<String, Value>, set: &FieldSet) {
    for (step, below) in &set.children {
        let Some(Value::Object(child)) = tree.get_mut(step) else {
            continue;
        };
        if below.whole {
            tree.remove(step);
            continue;
        }
        let was_member = child.is_empty() || child.contains_key(".");
        let member = was_member && !below.member;
        child.remove(".");
        subtract(child, below);
        if !child.is_empty() && member {
            child.insert(".".to_owned(), Value::Object(Map::new()));
        } else if child.is_empty() && !member {
            tree.remove(step);
        }
    }
}

/// Adds the paths of `set` to a tree in JSON form.
pub(super) fn unite(tree: &mut Map<String, Value>, set: &FieldSet) {
    for (step, below) in &set.children {
        let known = tree.contains_key(step);
        let child = super::object::member_mut(tree, step);
        let was_member = known && (child.is_empty() || child.contains_key("."));
        child.remove(".");
        unite(child, below);
        if !child.is_empty() && (was_member || below.member) {
            child.insert(".".to_owned(), Value::Object(Map::new()));
        }
    }
}

/// The paths that are in both, in the way people read them: `.spec.containers[name="x"].image`.
pub(super) fn common_paths(tree: &Map<String, Value>, set: &FieldSet) -> Vec<String> {
    let mut found = Vec::new();
    collect_common(tree, set, &mut String::new(), &mut found);
    found
}

fn collect_common(
    tree: &Map<String, Value>,
    set: &FieldSet,
    path: &mut String,
    found: &mut Vec<String>,
) {
    for (step, below) in &set.children {
        let Some(Value::Object(child)) = tree.get(step) else {
            continue;
        };
        let length = path.len();
        path.push_str(&readable(step));
        let owned = child.is_empty() || child.contains_key(".");
        // A place with children is common through them; on its own only as a leaf.
        if owned && below.member && below.children.is_empty() {
            found.push(path.clone());
        }
        collect_common(child, below, path, found);
        path.truncate(length);
    }
}

fn readable(step: &str) -> String {
    match step.split_once(':') {
        Some(("f", name)) => format!(".{name}"),
        Some(("k", keys)) => {
            let keys: Map<String, Value> = serde_json::from_str(keys).unwrap_or_default();
            let named: Vec<String> = keys.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("[{}]", named.join(","))
        }
        Some(("v", value)) => format!("[={value}]"),
        _ => step.to_owned(),
    }
}
