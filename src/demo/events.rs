//! Events are one collection with two faces: `v1` and `events.k8s.io/v1` name the same fields
//! differently. They are stored in the first form.

use super::object::as_map;
use serde_json::Value;

/// The newer group of the two.
pub(super) const GROUP: &str = "events.k8s.io";

/// Field in `v1`, field in `events.k8s.io/v1`.
const RENAMED: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// The newer form of a stored event.
pub(super) fn from_core(mut event: Value) -> Value {
    let map = as_map(&mut event);
    for (old, new) in RENAMED {
        if let Some(value) = map.remove(old) {
            map.insert(new.to_owned(), value);
        }
    }
    if let Some(series) = map.get_mut("series").and_then(Value::as_object_mut) {
        series.retain(|_, value| !value.is_null());
    }
    map.insert("apiVersion".to_owned(), format!("{GROUP}/v1").into());
    event
}

/// The stored form of an event of the newer group.
pub(super) fn to_core(mut event: Value) -> Value {
    let map = as_map(&mut event);
    for (old, new) in RENAMED {
        if let Some(value) = map.remove(new) {
            map.insert(old.to_owned(), value);
        }
    }
    map.insert("apiVersion".to_owned(), "v1".into());
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_faces_show_the_same_event() {
        let new = json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "note": "Sent", "type": "Normal",
            "regarding": {"kind": "Pod"}, "reportingController": "kubechime", "eventTime": null,
        });
        let old = to_core(new.clone());
        assert_eq!(old["message"], "Sent");
        assert_eq!(old["involvedObject"]["kind"], "Pod");
        assert_eq!(old["reportingComponent"], "kubechime");
        assert_eq!(from_core(old), new);
    }
}
