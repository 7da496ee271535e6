//! JSON merge patch (RFC 7396).

use crate::demo::object::as_map;
use serde_json::Value;

/// Merges `patch` into `object`: null removes, objects merge, all else replaces.
pub(super) fn apply(patch: &Value, object: &mut Value) {
    let Value::Object(members) = patch else {
        object.clone_from(patch);
        return;
    };
    let map = as_map(object);
    for (key, value) in members {
        match value {
            Value::Null => {
                map.remove(key);
            }
            Value::Object(_) => apply(value, map.entry(key.as_str()).or_insert(Value::Null)),
            other => {
                map.insert(key.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cases_of_the_standard() {
        for (object, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (json!(["a"]), json!({"a": "b"}), json!({"a": "b"})),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
        ] {
            let mut changed = object.clone();
            apply(&patch, &mut changed);
            assert_eq!(changed, expected, "{object} + {patch}");
        }
    }
}
