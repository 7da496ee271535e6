//! Request bodies in the protobuf form of Kubernetes, which newer clients prefer for built-in
//! kinds. They are read into JSON by the field numbers of the schema; answers are always JSON.

use super::schema::{Field, Shape, types};
use super::status::ApiError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The media type of such bodies.
pub(super) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

const MAGIC: &[u8] = b"k8s\0";

/// Objects nest far less deep than this.
const DEEPEST: usize = 64;

/// Reads a body: an object of a built-in kind, or the options of a deletion.
pub(super) fn decode(body: &[u8]) -> Result<Value, ApiError> {
    let bad = || ApiError::bad_request("the body of the request is not in the protobuf form");
    let envelope = body.strip_prefix(MAGIC).ok_or_else(bad)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for part in fields(envelope).ok_or_else(bad)? {
        match part {
            (1, Wire::Bytes(type_meta)) => {
                for part in fields(type_meta).ok_or_else(bad)? {
                    match part {
                        (1, Wire::Bytes(text)) => api_version = utf8(text).ok_or_else(bad)?,
                        (2, Wire::Bytes(text)) => kind = utf8(text).ok_or_else(bad)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let name = type_name(&api_version, &kind);
    let found = types().get(name.as_str()).ok_or_else(|| {
        let what = format!("{kind} of {api_version} can't be read in the protobuf form");
        ApiError::unsupported_media_type(&what, "application/json, application/yaml")
    })?;
    let mut object = Map::new();
    message(&found.fields, &mut Vec::new(), raw, &mut object, 0).ok_or_else(bad)?;
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    Ok(Value::Object(object))
}

fn type_name(api_version: &str, kind: &str) -> String {
    // Options of deletions are written under the version of what is deleted.
    if kind == "DeleteOptions" {
        return "meta.DeleteOptions".to_owned();
    }
    match api_version.split_once('/') {
        None => format!("core.{api_version}.{kind}"),
        Some((group, version)) => {
            format!(
                "{}.{version}.{kind}",
                group.split('.').next().unwrap_or_default()
            )
        }
    }
}

/// A field as it stands in the bytes.
enum Wire<'b> {
    Number(u64),
    Bytes(&'b [u8]),
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take<'b>(bytes: &mut &'b [u8], length: u64) -> Option<&'b [u8]> {
    let (taken, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(taken)
}

/// All fields of a message with their numbers; `None` when the bytes are no message.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u32, Wire<'_>)>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let number = u32::try_from(tag >> 3).ok()?;
        let little = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b));
        let wire = match tag & 7 {
            0 => Wire::Number(varint(&mut bytes)?),
            1 => Wire::Number(little(take(&mut bytes, 8)?)),
            2 => {
                let length = varint(&mut bytes)?;
                Wire::Bytes(take(&mut bytes, length)?)
            }
            5 => Wire::Number(little(take(&mut bytes, 4)?)),
            _ => return None,
        };
        found.push((number, wire));
    }
    Some(found)
}

fn utf8(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

/// Reads a message into `object`. `at` is where in embedded messages we are.
fn message(
    known: &BTreeMap<&'static str, Field>,
    at: &mut Vec<u32>,
    bytes: &[u8],
    object: &mut Map<String, Value>,
    depth: usize,
) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    for (number, wire) in fields(bytes)? {
        at.push(number);
        if let Some((name, field)) = known.iter().find(|(_, field)| field.numbers == *at) {
            insert(object, name, &field.shape, &wire, depth)?;
        } else if let Wire::Bytes(inner) = wire
            && known.values().any(|field| field.numbers.starts_with(at))
        {
            message(known, at, inner, object, depth + 1)?;
        }
        at.pop();
    }
    Some(())
}

fn insert(
    object: &mut Map<String, Value>,
    name: &str,
    shape: &Shape,
    wire: &Wire<'_>,
    depth: usize,
) -> Option<()> {
    match shape {
        Shape::List(_, item) => {
            let list = object
                .entry(name)
                .or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut()?.push(value(item, wire, depth)?);
        }
        Shape::Map(item) => {
            let Wire::Bytes(entry) = wire else {
                return None;
            };
            let (mut key, mut held) = (String::new(), Value::String(String::new()));
            for part in fields(entry)? {
                match part {
                    (1, Wire::Bytes(text)) => key = utf8(text)?,
                    (2, wire) => held = value(item, &wire, depth)?,
                    _ => {}
                }
            }
            let map = object
                .entry(name)
                .or_insert_with(|| Value::Object(Map::new()));
            map.as_object_mut()?.insert(key, held);
        }
        _ => {
            let value = value(shape, wire, depth)?;
            // Go writes unset texts as empty ones.
            if !value.is_null() && value != "" {
                object.insert(name.to_owned(), value);
            }
        }
    }
    Some(())
}

fn value(shape: &Shape, wire: &Wire<'_>, depth: usize) -> Option<Value> {
    Some(match (shape, wire) {
        (Shape::Boolean, Wire::Number(number)) => (*number != 0).into(),
        (Shape::Integer, Wire::Number(number)) => number.cast_signed().into(),
        (Shape::Number, Wire::Number(number)) => f64::from_bits(*number).into(),
        (Shape::String, Wire::Bytes(bytes)) => utf8(bytes)?.into(),
        (Shape::Bytes, Wire::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        (Shape::Quantity, Wire::Bytes(bytes)) => utf8(first_bytes(bytes, 1)?)?.into(),
        (Shape::Any, Wire::Bytes(bytes)) => {
            serde_json::from_slice(first_bytes(bytes, 1)?).unwrap_or_default()
        }
        (Shape::IntOrString, Wire::Bytes(bytes)) => {
            let is_text = first_number(bytes, 1)? == 1;
            if is_text {
                utf8(first_bytes(bytes, 3)?)?.into()
            } else {
                first_number(bytes, 2)?.cast_signed().into()
            }
        }
        (Shape::Time | Shape::MicroTime, Wire::Bytes(bytes)) => time(shape, bytes)?,
        (Shape::Type(name), Wire::Bytes(bytes)) => {
            let mut object = Map::new();
            message(
                &types().get(name)?.fields,
                &mut Vec::new(),
                bytes,
                &mut object,
                depth + 1,
            )?;
            Value::Object(object)
        }
        _ => return None,
    })
}

fn first_bytes(bytes: &[u8], number: u32) -> Option<&[u8]> {
    let found = fields(bytes)?.into_iter().find_map(|part| match part {
        (n, Wire::Bytes(bytes)) if n == number => Some(bytes),
        _ => None,
    });
    Some(found.unwrap_or_default())
}

fn first_number(bytes: &[u8], number: u32) -> Option<u64> {
    let found = fields(bytes)?.into_iter().find_map(|part| match part {
        (n, Wire::Number(value)) if n == number => Some(value),
        _ => None,
    });
    Some(found.unwrap_or_default())
}

/// A time, or null for one that was not set.
fn time(shape: &Shape, bytes: &[u8]) -> Option<Value> {
    if bytes.is_empty() {
        return Some(Value::Null);
    }
    let seconds = first_number(bytes, 1)?.cast_signed();
    let nanos = i32::try_from(first_number(bytes, 2)?).ok()?;
    let at = Timestamp::new(seconds, nanos).ok()?;
    Some(match shape {
        Shape::MicroTime => at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string().into(),
        _ => super::object::stamp(at).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn field(number: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2, u8::try_from(payload.len()).expect("short")];
        bytes.extend_from_slice(payload);
        bytes
    }

    fn body(kind: &str, object: &[u8]) -> Vec<u8> {
        let meta = [field(1, b"v1"), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &meta), field(2, object)].concat()
    }

    #[test]
    fn a_config_map() {
        let entry = [field(1, b"k"), field(2, b"v")].concat();
        let metadata = [field(1, b"cfg"), field(8, b""), field(2, b"")].concat();
        let object = [field(1, &metadata), field(2, &entry)].concat();
        assert_eq!(
            decode(&body("ConfigMap", &object)),
            Ok(json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cfg"},
                "data": {"k": "v"},
            }))
        );
    }

    #[test]
    fn embedded_messages_come_out_flat() {
        let source = field(2, &[]);
        let volume = [field(1, b"tmp"), field(2, &source)].concat();
        let object = field(2, &field(1, &volume));
        let pod = decode(&body("Pod", &object)).expect("a Pod");
        assert_eq!(
            pod["spec"],
            json!({"volumes": [{"name": "tmp", "emptyDir": {}}]})
        );
    }

    #[test]
    fn garbage_is_refused() {
        for bytes in [
            &b""[..],
            b"k8s",
            b"k8s\0\xff",
            b"k8s\0\x12\xff\xff\xff\xff\x0f",
            b"{}",
        ] {
            assert!(decode(bytes).is_err(), "{bytes:?}");
        }
        let mut deep = Vec::new();
        for _ in 0..30 {
            deep = field(1, &deep);
        }
        assert!(decode(&body("Pod", &deep)).is_ok_and(|pod| pod["kind"] == "Pod"));
    }
}
