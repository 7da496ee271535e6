//! The simple JSON paths of printer columns.

use serde_json::Value;

/// The value at a simple JSON path: `.status.phase`, `.metadata.labels.a\.b`,
/// `.status.conditions[?(@.type=="Ready")].status`, `.spec.hosts[0]`.
pub(super) fn at_path(object: &Value, path: &str) -> Value {
    let mut at = object;
    for part in split_path(path) {
        let (field, index) = match part.split_once('[') {
            Some((field, index)) => (field, Some(index.trim_end_matches(']'))),
            None => (part.as_str(), None),
        };
        if !field.is_empty() {
            at = &at[field];
        }
        let Some(index) = index else { continue };
        at = if let Ok(number) = index.parse::<usize>() {
            &at[number]
        } else {
            let test = index.trim_start_matches("?(@.").trim_end_matches(')');
            let (key, wanted) = test.split_once("==").unwrap_or((test, ""));
            let wanted = wanted.trim().trim_matches(['"', '\'']);
            let items = at.as_array().map(Vec::as_slice).unwrap_or_default();
            items
                .iter()
                .find(|item| item[key.trim()] == wanted)
                .unwrap_or(&Value::Null)
        };
    }
    match at {
        Value::Array(_) | Value::Object(_) => at.to_string().into(),
        other => other.clone(),
    }
}

/// Splits at dots outside brackets that are not escaped.
fn split_path(path: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut escaped) = (Vec::new(), String::new(), 0_u32, false);
    for letter in path.trim_start_matches('.').chars() {
        match letter {
            _ if escaped => {
                part.push(letter);
                escaped = false;
            }
            '\\' => escaped = true,
            '.' if depth == 0 => parts.push(std::mem::take(&mut part)),
            _ => {
                match letter {
                    '[' => depth = depth.saturating_add(1),
                    ']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                part.push(letter);
            }
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_of_printer_columns() {
        let object = json!({
            "metadata": {"labels": {"a.b/c": "x"}}, "spec": {"hosts": ["h"]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        });
        for (path, expected) in [
            (".metadata.labels.a\\.b/c", json!("x")),
            (".spec.hosts[0]", json!("h")),
            (
                ".status.conditions[?(@.type==\"Ready\")].status",
                json!("True"),
            ),
            (".spec.none", Value::Null),
        ] {
            assert_eq!(at_path(&object, path), expected, "{path}");
        }
    }
}
