//! Lists and maps that a program makes, and the keys of the latter.

use super::Value;
use crate::expr::text::Text;
use crate::golang::duration::Duration;
use crate::golang::time::{Time, Zone};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Deepest nesting of lists and maps that an expression may build: printing, comparing and freeing
/// them is recursive.
pub const MAX_DEPTH: u32 = 1000;

/// The Go type of a [`List`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// `[]interface {}`
    Any,
    /// `[]int`
    Int,
    /// `[]string`
    Text,
    /// `[][2]interface {}`, what `toPairs` gives.
    Pairs,
    /// `[2]interface {}`, one of those pairs.
    Pair,
}

/// A list that an expression built.
#[derive(Debug)]
pub struct List<'v> {
    /// Its Go type.
    pub kind: ListKind,
    /// A Go slice that was never made: equal to nil, and `null` in JSON.
    pub is_nil: bool,
    items: Items<'v>,
    pub(super) depth: u32,
}

#[derive(Debug)]
enum Items<'v> {
    Values(Vec<Value<'v>>),
    /// Integers from the first on.
    Range {
        first: i64,
        len: usize,
    },
}

impl<'v> List<'v> {
    /// A list of values; `Err` when it would nest too deeply.
    pub fn new(kind: ListKind, items: Vec<Value<'v>>) -> Result<Self, TooDeep> {
        let depth = depth_of(items.iter())?;
        Ok(Self {
            kind,
            is_nil: false,
            items: Items::Values(items),
            depth,
        })
    }

    /// A Go slice that was never made.
    pub fn nil(kind: ListKind) -> Self {
        Self {
            kind,
            is_nil: true,
            items: Items::Values(Vec::new()),
            depth: 1,
        }
    }

    /// Consecutive integers, as `[]int`, without storing them.
    pub fn range(first: i64, len: usize) -> Self {
        Self {
            kind: ListKind::Int,
            is_nil: false,
            items: Items::Range { first, len },
            depth: 1,
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        match &self.items {
            Items::Values(values) => values.len(),
            Items::Range { len, .. } => *len,
        }
    }

    /// Whether it has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One element.
    pub fn get(&self, index: usize) -> Option<Value<'v>> {
        match &self.items {
            Items::Values(values) => values.get(index).cloned(),
            Items::Range { first, len } => {
                (index < *len).then(|| Value::Int(first.wrapping_add(index as i64)))
            }
        }
    }

    /// All elements.
    pub fn iter(&self) -> impl Iterator<Item = Value<'v>> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// A part of it, which must be in range and in order; a pair becomes a list.
    pub fn slice(&self, from: usize, to: usize) -> Self {
        let kind = match self.kind {
            ListKind::Pair => ListKind::Any,
            kind => kind,
        };
        Self {
            kind,
            is_nil: self.is_nil,
            items: match &self.items {
                Items::Values(values) => {
                    Items::Values(values.get(from..to).unwrap_or_default().to_vec())
                }
                Items::Range { first, .. } => Items::Range {
                    first: first.wrapping_add(from as i64),
                    len: to - from,
                },
            },
            depth: self.depth,
        }
    }
}

/// The Go type of a [`Map`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// `map[string]interface {}`
    Text,
    /// `map[interface {}]interface {}`, what `fromPairs` gives.
    Any,
    /// `map[interface {}][]interface {}`, what `groupBy` gives.
    Groups,
}

/// A map that an expression built, in the order of its keys.
#[derive(Debug)]
pub struct Map<'v> {
    /// Its Go type.
    pub kind: MapKind,
    /// Members by key.
    pub members: BTreeMap<Key<'v>, Value<'v>>,
    pub(super) depth: u32,
}

impl<'v> Map<'v> {
    /// A map of values; `Err` when it would nest too deeply.
    pub fn new(kind: MapKind, members: BTreeMap<Key<'v>, Value<'v>>) -> Result<Self, TooDeep> {
        let depth = depth_of(members.values())?;
        Ok(Self {
            kind,
            members,
            depth,
        })
    }
}

/// A value would nest deeper than [`MAX_DEPTH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooDeep;

fn depth_of<'a, 'v: 'a>(values: impl Iterator<Item = &'a Value<'v>>) -> Result<u32, TooDeep> {
    let inner = values.map(Value::depth).max().unwrap_or(0);
    if inner >= MAX_DEPTH {
        return Err(TooDeep);
    }
    Ok(inner + 1)
}

/// A key of a map, or of a group: a value that Go can hash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Key<'v> {
    Nil,
    Bool(bool),
    Int(i64),
    Int64(i64),
    Uint8(u8),
    /// The bits of the number, zero without sign.
    Float(u64),
    /// Not a number: each is a key of its own.
    Nan(u64),
    Text(Text<'v>),
    Time(i64, u32, String),
    Duration(i64),
    Month(i64),
    Weekday(i64),
    Zone(String),
    Pair(Vec<Key<'v>>),
}

impl<'v> Key<'v> {
    /// The value as a key; `nan` numbers the keys that are not numbers. `None` when Go cannot hash
    /// it.
    pub fn new(value: &Value<'v>, nan: u64) -> Option<Self> {
        Some(match value {
            Value::Nil => Self::Nil,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Int(int) => Self::Int(*int),
            Value::Int64(int) => Self::Int64(*int),
            Value::Uint8(byte) => Self::Uint8(*byte),
            Value::Float(float) if float.is_nan() => Self::Nan(nan),
            Value::Float(float) => Self::Float((float + 0.0).to_bits()),
            Value::Text(text) => Self::Text(text.clone()),
            Value::Time(time) => Self::Time(
                time.unix(),
                time.nanosecond(),
                time.zone().name().to_owned(),
            ),
            Value::Duration(duration) => Self::Duration(duration.0),
            Value::Month(month) => Self::Month(*month),
            Value::Weekday(weekday) => Self::Weekday(*weekday),
            Value::Zone(zone) => Self::Zone(zone.name().to_owned()),
            Value::List(list) if list.kind == ListKind::Pair => Self::Pair(
                list.iter()
                    .map(|item| Self::new(&item, nan))
                    .collect::<Option<_>>()?,
            ),
            _ => return None,
        })
    }

    /// The key as a value again. Times lose nothing but their zone's rules.
    pub fn to_value(&self) -> Value<'v> {
        match self {
            Self::Nil => Value::Nil,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Int(int) => Value::Int(*int),
            Self::Int64(int) => Value::Int64(*int),
            Self::Uint8(byte) => Value::Uint8(*byte),
            Self::Float(bits) => Value::Float(f64::from_bits(*bits)),
            Self::Nan(_) => Value::Float(f64::NAN),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Time(seconds, nanos, zone) => {
                let zone = Zone::load(zone).unwrap_or(Zone::Utc);
                Value::Time(Arc::new(Time::from_unix(*seconds, *nanos).in_zone(zone)))
            }
            Self::Duration(nanos) => Value::Duration(Duration(*nanos)),
            Self::Month(month) => Value::Month(*month),
            Self::Weekday(weekday) => Value::Weekday(*weekday),
            Self::Zone(name) => Value::Zone(Arc::new(Zone::load(name).unwrap_or(Zone::Utc))),
            Self::Pair(keys) => {
                let items = keys.iter().map(Self::to_value).collect();
                match List::new(ListKind::Pair, items) {
                    Ok(list) => Value::List(Arc::new(list)),
                    Err(TooDeep) => Value::Nil,
                }
            }
        }
    }
}
