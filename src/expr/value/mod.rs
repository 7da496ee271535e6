//! Values of the language: what an expression evaluates to.
//!
//! The Go types matter (`int` and `int64` are equal as numbers but not inside maps), so each has its
//! variant. JSON of the object under evaluation is borrowed and looked at only where the expression
//! goes; lists and maps that an expression builds are shared, so cloning a value is cheap.

mod containers;

use super::host::Function;
use super::text::Text;
use crate::golang::duration::Duration;
use crate::golang::time::{Time, Zone};
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;

pub use containers::{Key, List, ListKind, MAX_DEPTH, Map, MapKind, TooDeep};

/// JSON of the object nests at most this deep: the parser's own limit.
const JSON_DEPTH: u32 = 128;

/// What an expression, or a part of it, evaluates to.
#[derive(Clone, Debug, Default)]
pub enum Value<'v> {
    /// Go's nil: JSON null, or a member that is not there.
    #[default]
    Nil,
    /// A boolean.
    Bool(bool),
    /// Go's `int`: literals, and results of integer arithmetic.
    Int(i64),
    /// Go's `int64`: integers of the object.
    Int64(i64),
    /// Go's `uint8`: an element of a string.
    Uint8(u8),
    /// Go's `float64`.
    Float(f64),
    /// A string.
    Text(Text<'v>),
    /// Go's `[]uint8`.
    Bytes(Arc<[u8]>),
    /// A JSON array of the object.
    Array(&'v [Json]),
    /// A JSON object.
    Object(&'v serde_json::Map<String, Json>),
    /// A list that the expression built.
    List(Arc<List<'v>>),
    /// A map that the expression built.
    Map(Arc<Map<'v>>),
    /// Go's `time.Time`.
    Time(Arc<Time>),
    /// Go's `time.Duration`.
    Duration(Duration),
    /// Go's `time.Month`, January is 1.
    Month(i64),
    /// Go's `time.Weekday`, Sunday is 0.
    Weekday(i64),
    /// Go's `*time.Location`.
    Zone(Arc<Zone>),
    /// Something that can be called.
    Function(Function<'v>),
}

impl<'v> Value<'v> {
    /// A JSON value as the engine sees it: numbers without point or exponent that fit are `int64`,
    /// all others `float64`.
    #[inline]
    pub fn from_json(json: &'v Json) -> Self {
        match json {
            Json::Null => Self::Nil,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => match number.as_i64() {
                Some(int) => Self::Int64(int),
                None => Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::Text(Text::borrowed(text)),
            Json::Array(items) => Self::Array(items),
            Json::Object(members) => Self::Object(members),
        }
    }

    /// A string that lives as long as the value.
    pub fn text(text: &'v str) -> Self {
        Self::Text(Text::borrowed(text))
    }

    /// A string of its own.
    pub fn string(text: String) -> Self {
        Self::Text(Text::from(text))
    }

    /// A `time.Time`.
    pub fn time(time: Time) -> Self {
        Self::Time(Arc::new(time))
    }

    /// The boolean, if it is one. A trigger fires only for `Some(true)`.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// Whether Go takes it for nil: nil itself, and slices never made.
    #[inline]
    pub fn is_nil(&self) -> bool {
        match self {
            Self::Nil => true,
            Self::List(list) => list.is_nil,
            _ => false,
        }
    }

    pub(super) fn depth(&self) -> u32 {
        match self {
            Self::Array(_) | Self::Object(_) => JSON_DEPTH,
            Self::List(list) => list.depth,
            Self::Map(map) => map.depth,
            Self::Function(function) => function.depth(),
            _ => 0,
        }
    }

    /// Number of elements of a list of any kind (not of strings and maps).
    pub(super) fn list_len(&self) -> Option<usize> {
        match self {
            Self::Array(items) => Some(items.len()),
            Self::List(list) => Some(list.len()),
            Self::Bytes(bytes) => Some(bytes.len()),
            _ => None,
        }
    }

    /// One element of a list or a string.
    #[inline]
    pub(super) fn element(&self, index: usize) -> Option<Value<'v>> {
        match self {
            Self::Array(items) => items.get(index).map(Self::from_json),
            Self::List(list) => list.get(index),
            Self::Bytes(bytes) => bytes.get(index).copied().map(Self::Uint8),
            Self::Text(text) => text.as_bytes().get(index).copied().map(Self::Uint8),
            _ => None,
        }
    }

    /// Number of members of a map of any kind.
    pub(super) fn map_len(&self) -> Option<usize> {
        match self {
            Self::Object(members) => Some(members.len()),
            Self::Map(map) => Some(map.members.len()),
            _ => None,
        }
    }

    /// All members of a map of any kind, in the order of their keys.
    pub(super) fn entries(&self) -> Vec<(Value<'v>, Value<'v>)> {
        match self {
            Self::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_by(|a, b| a.0.cmp(b.0));
                sorted
                    .into_iter()
                    .map(|(name, member)| (Self::text(name), Self::from_json(member)))
                    .collect()
            }
            Self::Map(map) => map
                .members
                .iter()
                .map(|(key, member)| (key.to_value(), member.clone()))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The Go type as `%T` prints it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Uint8(_) => "uint8",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Bytes(_) => "[]uint8",
            Self::Array(_) => "[]interface {}",
            Self::Object(_) => "map[string]interface {}",
            Self::List(list) => match list.kind {
                ListKind::Any => "[]interface {}",
                ListKind::Int => "[]int",
                ListKind::Text => "[]string",
                ListKind::Pairs => "[][2]interface {}",
                ListKind::Pair => "[2]interface {}",
            },
            Self::Map(map) => match map.kind {
                MapKind::Text => "map[string]interface {}",
                MapKind::Any => "map[interface {}]interface {}",
                MapKind::Groups => "map[interface {}][]interface {}",
            },
            Self::Time(_) => "time.Time",
            Self::Duration(_) => "time.Duration",
            Self::Month(_) => "time.Month",
            Self::Weekday(_) => "time.Weekday",
            Self::Zone(_) => "*time.Location",
            Self::Function(_) => "func(...interface {}) (interface {}, error)",
        }
    }

    /// The Go kind as `reflect` names it in messages.
    pub(super) fn kind_name(&self) -> &'static str {
        match self {
            Self::Nil => "invalid",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::Month(_) | Self::Weekday(_) => "int",
            Self::Int64(_) | Self::Duration(_) => "int64",
            Self::Uint8(_) => "uint8",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Bytes(_) | Self::Array(_) => "slice",
            Self::List(list) if list.kind == ListKind::Pair => "array",
            Self::List(_) => "slice",
            Self::Object(_) | Self::Map(_) => "map",
            Self::Time(_) => "struct",
            Self::Zone(_) => "ptr",
            Self::Function(_) => "func",
        }
    }

    /// As Go's `%v` prints it: the text of `oncePer` and of `string()`.
    pub fn go_string(&self) -> String {
        let mut out = String::new();
        super::print::write_go(&mut out, self);
        out
    }

    /// A text of at most `max` characters for people: JSON-like, strings quoted, an ellipsis where
    /// it was cut.
    pub fn short(&self, max: usize) -> String {
        super::print::short(self, max)
    }
}

impl PartialEq for Value<'_> {
    /// Go's deep equality, as `==` of the language: numbers of different types compare by value at
    /// the top and in lists.
    fn eq(&self, other: &Self) -> bool {
        super::operators::equal(self, other)
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.go_string())
    }
}
