//! The shape of the served kinds: which fields there are, which lists are merged by which key.
//!
//! Built-in kinds are described by `schema.txt`, one type per line; custom resources by the
//! schema in their definition. Strategic merge, server-side apply, the check for unknown fields
//! and the OpenAPI documents all read it from here.

use super::resource::Resource;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// One line per type: `name field=1:shape; field!=2.1:shape; …`. A star after the name: the
/// object is replaced as a whole by server-side apply. `!`: required. The numbers are those of
/// the protobuf form. Shapes: `s` string, `i` integer, `b`
/// boolean, `n` number, `q` quantity, `x` integer or string, `t` time, `u` time with
/// microseconds, `y` bytes, `o` anything, `{shape}` map, `[shape]` list, `[=shape]` set,
/// `[key,key shape]` list merged by keys (the first one alone for strategic merges), else a type.
const TYPES: &str = include_str!("schema.txt");

/// How a list is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// Replaced as a whole.
    Atomic,
    /// Values without order, each at most once.
    Set,
    /// Objects that are told apart by these fields.
    Keys(Vec<String>),
}

/// The shape of a value of a built-in kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    String,
    Integer,
    Boolean,
    Number,
    Quantity,
    IntOrString,
    Time,
    MicroTime,
    Bytes,
    Any,
    Type(&'static str),
    Map(Box<Shape>),
    List(Merge, Box<Shape>),
}

/// A field of a type.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub required: bool,
    /// Field number in the protobuf form; two, when the field sits in an embedded message there.
    pub numbers: Vec<u32>,
    pub shape: Shape,
}

/// An object type of a built-in kind.
#[derive(Clone, Debug)]
pub(super) struct Type {
    /// Replaced as a whole by server-side apply.
    pub atomic: bool,
    pub fields: BTreeMap<&'static str, Field>,
}

/// All types by name.
pub(super) fn types() -> &'static BTreeMap<&'static str, Type> {
    static PARSED: OnceLock<BTreeMap<&'static str, Type>> = OnceLock::new();
    PARSED.get_or_init(|| TYPES.lines().filter_map(parse_type).collect())
}

fn parse_type(line: &'static str) -> Option<(&'static str, Type)> {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (name, atomic) = match name.strip_suffix('*') {
        Some(name) => (name, true),
        None => (name, false),
    };
    let mut fields = BTreeMap::new();
    for field in rest.split("; ").filter(|field| !field.is_empty()) {
        let (name, shape) = field.split_once(':')?;
        let (name, numbers) = name.split_once('=').unwrap_or((name, ""));
        let (name, required) = match name.strip_suffix('!') {
            Some(name) => (name, true),
            None => (name, false),
        };
        let numbers = numbers
            .split('.')
            .filter_map(|number| number.parse().ok())
            .collect();
        fields.insert(
            name,
            Field {
                required,
                numbers,
                shape: parse_shape(shape),
            },
        );
    }
    Some((name, Type { atomic, fields }))
}

fn parse_shape(text: &'static str) -> Shape {
    if let Some(inner) = text.strip_prefix('{') {
        return Shape::Map(Box::new(parse_shape(
            inner.strip_suffix('}').unwrap_or(inner),
        )));
    }
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']').unwrap_or(inner);
        if let Some(item) = inner.strip_prefix('=') {
            return Shape::List(Merge::Set, Box::new(parse_shape(item)));
        }
        return match inner.split_once(' ') {
            Some((keys, item)) => {
                let keys = keys.split(',').map(str::to_owned).collect();
                Shape::List(Merge::Keys(keys), Box::new(parse_shape(item)))
            }
            None => Shape::List(Merge::Atomic, Box::new(parse_shape(inner))),
        };
    }
    match text {
        "s" => Shape::String,
        "i" => Shape::Integer,
        "b" => Shape::Boolean,
        "n" => Shape::Number,
        "q" => Shape::Quantity,
        "x" => Shape::IntOrString,
        "t" => Shape::Time,
        "u" => Shape::MicroTime,
        "y" => Shape::Bytes,
        "o" => Shape::Any,
        name => Shape::Type(name),
    }
}

/// The name of the type of a built-in kind.
pub(super) fn type_name(resource: &Resource, version: &str) -> String {
    let kind = &resource.kind;
    match resource.group.as_str() {
        "" => format!("core.{version}.{kind}"),
        "apiextensions.k8s.io" => format!("ext.{kind}"),
        "apiregistration.k8s.io" => format!("reg.{kind}"),
        group => format!(
            "{}.{version}.{kind}",
            group.split('.').next().unwrap_or_default()
        ),
    }
}

/// What may stand at one place of an object.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node<'s> {
    /// The object itself, of a built-in kind.
    Root(&'static Type),
    /// The object itself, of a custom kind with this schema.
    CustomRoot(&'s Value),
    Shape(&'static Shape),
    /// A place that a custom schema describes.
    Custom(&'s Value),
    /// A place of which nothing is known.
    Unknown,
}

/// How a place is merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Structure {
    /// An object with named fields.
    Struct,
    /// An object with free keys.
    Map,
    List(Merge),
    /// Replaced as a whole.
    Leaf,
}

const METADATA: Shape = Shape::Type("meta.ObjectMeta");
const TEXT: Shape = Shape::String;

/// The node of a whole object; `None` when nothing is known about the kind.
pub(super) fn of<'s>(resource: &'s Resource, version: &str) -> Option<Node<'s>> {
    if resource.custom.is_some() {
        let schema = &resource.custom_version(version)?["schema"]["openAPIV3Schema"];
        return Some(Node::CustomRoot(schema));
    }
    types()
        .get(type_name(resource, version).as_str())
        .map(Node::Root)
}

impl<'s> Node<'s> {
    fn of_type(self) -> Option<&'static Type> {
        match self {
            Self::Root(found) => Some(found),
            Self::Shape(Shape::Type(name)) => types().get(name),
            _ => None,
        }
    }

    /// How a value at this place is merged; `value` decides where nothing is known.
    pub fn structure(self, value: &Value) -> Structure {
        match self {
            Self::Root(_) | Self::CustomRoot(_) => Structure::Struct,
            Self::Shape(Shape::Map(_)) => Structure::Map,
            Self::Shape(Shape::List(merge, _)) => Structure::List(merge.clone()),
            Self::Shape(Shape::Type(_)) => match self.of_type() {
                Some(found) if found.atomic => Structure::Leaf,
                _ => Structure::Struct,
            },
            Self::Shape(Shape::Any) | Self::Unknown => match value {
                Value::Object(_) => Structure::Map,
                _ => Structure::Leaf,
            },
            Self::Shape(_) => Structure::Leaf,
            Self::Custom(schema) => custom_structure(schema, value),
        }
    }

    /// The place of a member of an object here; `None` when there is no such field.
    pub fn member(self, name: &str) -> Option<Node<'s>> {
        match self {
            Self::Root(found) => match name {
                "apiVersion" | "kind" => Some(Self::Shape(&TEXT)),
                "metadata" => Some(Self::Shape(&METADATA)),
                _ => found
                    .fields
                    .get(name)
                    .map(|field| Self::Shape(&field.shape)),
            },
            Self::CustomRoot(schema) => match name {
                "apiVersion" | "kind" => Some(Self::Shape(&TEXT)),
                "metadata" => Some(Self::Shape(&METADATA)),
                _ => custom_member(schema, name),
            },
            Self::Shape(Shape::Map(item)) => Some(Self::Shape(item)),
            Self::Shape(Shape::Type(_)) => {
                let field = self.of_type()?.fields.get(name)?;
                Some(Self::Shape(&field.shape))
            }
            Self::Shape(Shape::Any) | Self::Unknown => Some(Self::Unknown),
            Self::Shape(_) => None,
            Self::Custom(schema) => custom_member(schema, name),
        }
    }

    /// The place of an item of a list here.
    pub fn item(self) -> Node<'s> {
        match self {
            Self::Shape(Shape::List(_, item)) => Self::Shape(item),
            Self::Custom(schema) if schema["items"].is_object() => Self::Custom(&schema["items"]),
            _ => Self::Unknown,
        }
    }
}

fn custom_structure(schema: &Value, value: &Value) -> Structure {
    match value {
        Value::Array(_) => match schema["x-kubernetes-list-type"].as_str() {
            Some("set") => Structure::List(Merge::Set),
            Some("map") => {
                let keys = schema["x-kubernetes-list-map-keys"].as_array();
                let keys = keys.into_iter().flatten();
                let keys = keys
                    .filter_map(|key| key.as_str().map(str::to_owned))
                    .collect();
                Structure::List(Merge::Keys(keys))
            }
            _ => Structure::List(Merge::Atomic),
        },
        Value::Object(_) if schema["x-kubernetes-map-type"] == "atomic" => Structure::Leaf,
        Value::Object(_) if schema["properties"].is_object() => Structure::Struct,
        Value::Object(_) => Structure::Map,
        _ => Structure::Leaf,
    }
}

fn custom_member<'s>(schema: &'s Value, name: &str) -> Option<Node<'s>> {
    let declared = &schema["properties"][name];
    let free = &schema["additionalProperties"];
    if declared.is_object() {
        Some(Node::Custom(declared))
    } else if free.is_object() {
        Some(Node::Custom(free))
    } else if schema["x-kubernetes-preserve-unknown-fields"] == true
        || schema["x-kubernetes-embedded-resource"] == true
        || *free == true
        || schema["type"] != "object"
    {
        Some(Node::Unknown)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shape: &Shape) {
        match shape {
            Shape::Type(name) => assert!(types().contains_key(name), "no type {name}"),
            Shape::Map(item) | Shape::List(_, item) => check(item),
            _ => {}
        }
    }

    #[test]
    fn every_named_type_is_described() {
        for found in types().values() {
            found.fields.values().for_each(|field| check(&field.shape));
        }
    }

    #[test]
    fn merge_keys() {
        let spec = &types()["core.v1.PodSpec"];
        let Shape::List(Merge::Keys(keys), _) = &spec.fields["containers"].shape else {
            panic!("containers are merged by key");
        };
        assert_eq!(keys, &["name"]);
        let container = &types()["core.v1.Container"];
        let Shape::List(Merge::Keys(keys), _) = &container.fields["ports"].shape else {
            panic!("ports are merged by key");
        };
        assert_eq!(keys, &["containerPort", "protocol"]);
    }
}
