//! JSON patch (RFC 6902).

use crate::demo::status::ApiError;
use serde_json::Value;

/// More operations than this are refused, as by the real server.
const OPERATIONS: usize = 10_000;

/// Carries out the operations in their order; the first that fails decides.
pub(super) fn apply(patch: &Value, object: &mut Value) -> Result<(), ApiError> {
    let operations = patch
        .as_array()
        .ok_or_else(|| ApiError::bad_request("a JSON patch must be a list of operations"))?;
    if operations.len() > OPERATIONS {
        let message = format!("a JSON patch may hold at most {OPERATIONS} operations");
        return Err(ApiError::new(413, "RequestEntityTooLarge", message));
    }
    for (index, operation) in operations.iter().enumerate() {
        step(operation, object).map_err(|what| {
            let message =
                format!("the server rejected our request: JSON patch operation {index}: {what}");
            ApiError::new(422, "Invalid", message)
        })?;
    }
    Ok(())
}

fn step(operation: &Value, object: &mut Value) -> Result<(), String> {
    let path = |field: &str| {
        let text = operation[field]
            .as_str()
            .ok_or(format!("{field} is missing"))?;
        if text.is_empty() || text.starts_with('/') {
            Ok(text.to_owned())
        } else {
            Err(format!("{field} {text:?} does not start with a slash"))
        }
    };
    let given = || {
        operation
            .get("value")
            .cloned()
            .ok_or("value is missing".to_owned())
    };
    let read = |object: &Value, path: &str| {
        object
            .pointer(path)
            .cloned()
            .ok_or(format!("nothing at {path:?}"))
    };
    let at = path("path")?;
    match operation["op"].as_str().unwrap_or_default() {
        "add" => add(object, &at, given()?),
        "remove" => remove(object, &at).map(drop),
        "replace" => {
            let value = given()?;
            let slot = object
                .pointer_mut(&at)
                .ok_or(format!("nothing at {at:?}"))?;
            *slot = value;
            Ok(())
        }
        "move" => {
            let value = remove(object, &path("from")?)?;
            add(object, &at, value)
        }
        "copy" => {
            let value = read(object, &path("from")?)?;
            add(object, &at, value)
        }
        "test" => {
            let (found, wanted) = (read(object, &at)?, given()?);
            if found == wanted {
                Ok(())
            } else {
                Err(format!("testing value {at} failed"))
            }
        }
        other => Err(format!("unknown operation {other:?}")),
    }
}

/// The container of the last path segment, and that segment decoded.
fn parent<'o>(object: &'o mut Value, path: &str) -> Result<(&'o mut Value, String), String> {
    let (parent, last) = path
        .rsplit_once('/')
        .ok_or("the whole document can't be meant here")?;
    let container = object
        .pointer_mut(parent)
        .ok_or(format!("nothing at {parent:?}"))?;
    Ok((container, last.replace("~1", "/").replace("~0", "~")))
}

fn add(object: &mut Value, path: &str, value: Value) -> Result<(), String> {
    if path.is_empty() {
        *object = value;
        return Ok(());
    }
    let (container, last) = parent(object, path)?;
    match container {
        Value::Object(map) => {
            map.insert(last, value);
        }
        Value::Array(list) if last == "-" => list.push(value),
        Value::Array(list) => {
            let index = index(&last)?;
            if index > list.len() {
                return Err(format!("index {index} is beyond the end of the list"));
            }
            list.insert(index, value);
        }
        _ => return Err(format!("{path:?} is inside neither an object nor a list")),
    }
    Ok(())
}

fn remove(object: &mut Value, path: &str) -> Result<Value, String> {
    let (container, last) = parent(object, path)?;
    let gone = match container {
        Value::Object(map) => map.remove(&last),
        Value::Array(list) => {
            let index = index(&last)?;
            (index < list.len()).then(|| list.remove(index))
        }
        _ => None,
    };
    gone.ok_or(format!("nothing at {path:?}"))
}

fn index(text: &str) -> Result<usize, String> {
    let plain = text == "0" || !text.starts_with(['0', '+']);
    text.parse()
        .ok()
        .filter(|_| plain)
        .ok_or(format!("{text:?} is not a list index"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn operations() {
        let document = || json!({"a": [1, 2], "b": {"c/d": "x", "~": "y"}});
        for (patch, expected) in [
            (
                json!([{"op": "add", "path": "/a/-", "value": 3}]),
                Some(("/a", json!([1, 2, 3]))),
            ),
            (
                json!([{"op": "add", "path": "/a/0", "value": 0}]),
                Some(("/a", json!([0, 1, 2]))),
            ),
            (json!([{"op": "add", "path": "/a/3", "value": 0}]), None),
            (json!([{"op": "add", "path": "/x/y", "value": 0}]), None),
            (
                json!([{"op": "remove", "path": "/a/1"}]),
                Some(("/a", json!([1]))),
            ),
            (json!([{"op": "remove", "path": "/none"}]), None),
            (
                json!([{"op": "replace", "path": "/b/c~1d", "value": 1}]),
                Some(("/b/c~1d", json!(1))),
            ),
            (
                json!([{"op": "replace", "path": "/none", "value": 1}]),
                None,
            ),
            (
                json!([{"op": "move", "from": "/b/~0", "path": "/n"}]),
                Some(("/n", json!("y"))),
            ),
            (
                json!([{"op": "copy", "from": "/a", "path": "/n"}]),
                Some(("/n", json!([1, 2]))),
            ),
            (json!([{"op": "test", "path": "/a/0", "value": 2}]), None),
            (json!([{"op": "remove", "path": ""}]), None),
            (json!([{"op": "add", "path": "/a/01", "value": 2}]), None),
            (json!({"op": "add"}), None),
        ] {
            let mut object = document();
            let done = apply(&patch, &mut object);
            match expected {
                Some((path, value)) => {
                    done.expect("accepted");
                    assert_eq!(object.pointer(path), Some(&value), "{patch}");
                }
                None => assert!(done.is_err(), "{patch}"),
            }
        }
    }
}
