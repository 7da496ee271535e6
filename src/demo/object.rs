//! Reading and writing the metadata of an object that is held as JSON.

use jiff::{Timestamp, Unit};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A member of `metadata` as text; empty when it is missing.
pub(super) fn meta<'v>(object: &'v Value, field: &str) -> &'v str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// `metadata` for writing; made when the object has none.
pub(super) fn meta_mut(object: &mut Value) -> &mut Map<String, Value> {
    member_mut(as_map(object), "metadata")
}

/// A member object for writing; made (or made anew) when it is no object.
pub(super) fn member_mut<'m>(
    map: &'m mut Map<String, Value>,
    name: &str,
) -> &'m mut Map<String, Value> {
    as_map(map.entry(name).or_insert(Value::Null))
}

/// The value as an object; anything else is replaced by an empty one.
pub(super) fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => {
            *other = Value::Object(Map::new());
            as_map(other)
        }
    }
}

/// Now, as objects carry it: seconds, UTC.
pub(super) fn now() -> String {
    stamp(Timestamp::now())
}

/// A point in time as objects carry it: seconds, UTC.
pub(super) fn stamp(at: Timestamp) -> String {
    at.round(Unit::Second)
        .unwrap_or(at)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// The members of a stored object that selectors ask for, read without building the rest.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Header<'a> {
    #[serde(borrow)]
    pub metadata: HeaderMeta<'a>,
}

/// `metadata` of a [`Header`].
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct HeaderMeta<'a> {
    #[serde(borrow)]
    pub labels: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
}

/// Metadata (with kind and version) of a stored object as a tree, and all else as it is.
pub(super) fn split(json: &[u8]) -> Option<(Value, BTreeMap<&str, &RawValue>)> {
    let mut rest: BTreeMap<&str, &RawValue> = serde_json::from_slice(json).ok()?;
    let mut head = Map::new();
    for name in ["apiVersion", "kind", "metadata"] {
        let value = serde_json::from_str(rest.remove(name)?.get()).ok()?;
        head.insert(name.to_owned(), value);
    }
    Some((Value::Object(head), rest))
}

/// A name suffix as `generateName` appends it.
pub(super) fn name_suffix(mut random: u64) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut suffix = String::with_capacity(5);
    for _ in 0..5 {
        let index = usize::try_from(random % LETTERS.len() as u64).unwrap_or_default();
        suffix.push(char::from(LETTERS.get(index).copied().unwrap_or(b'x')));
        random /= LETTERS.len() as u64;
    }
    suffix
}

/// A version 4 UUID from 128 random bits.
pub(super) fn uuid(high: u64, low: u64) -> String {
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}
