//! ConfigMaps and Secrets as they are written in manifests: finding them, and their texts.

use crate::yaml::Node;
use base64::Engine as _;
use serde_json::Value;
use std::collections::BTreeMap;

/// The object of this core kind and name among documents.
pub(super) fn named(documents: &[Node], kind: &str, name: &str) -> Option<Value> {
    documents
        .iter()
        .map(Node::to_json)
        .find(|object| is_core(object, kind) && object["metadata"]["name"] == name)
}

/// Whether an object is of this kind of the core group.
pub(super) fn is_core(object: &Value, kind: &str) -> bool {
    object["kind"] == kind && object["apiVersion"] == "v1"
}

/// That a file does not have an object, in the original's words, and what it has instead.
pub(super) fn absent(path: &str, kind: &str, name: &str, documents: &[Node], flag: &str) -> String {
    let objects = documents.iter().map(Node::to_json);
    let others: Vec<String> = objects
        .filter(|object| is_core(object, kind))
        .filter_map(|object| Some(object["metadata"]["name"].as_str()?.to_owned()))
        .collect();
    let mut text = format!("file '{path}' does not have '/{kind}/{name}'");
    if !others.is_empty() {
        text.push_str(&format!(
            "; it has '{}': name it with --{flag}",
            others.join("', '")
        ));
    }
    text
}

/// The texts of `data`.
pub(super) fn texts(data: &Value) -> BTreeMap<String, String> {
    let members = data.as_object().into_iter().flatten();
    members
        .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// The values of a Secret: `data`, decoded, with `stringData` on top. No value is ever named.
pub(super) fn secret_values(secret: &Value) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut values = BTreeMap::new();
    for (key, text) in texts(&secret["data"]) {
        let text: String = text.split_whitespace().collect();
        let value = base64::engine::general_purpose::STANDARD
            .decode(text)
            .map_err(|_| anyhow::anyhow!("data '{key}' of the Secret is not base64"))?;
        values.insert(key, value);
    }
    for (key, text) in texts(&secret["stringData"]) {
        values.insert(key, text.into_bytes());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Case L1, and what goes on top of what.
    #[test]
    fn secrets() {
        assert!(
            secret_values(&json!({"type": "Opaque"}))
                .unwrap()
                .is_empty()
        );
        let secret = json!({"data": {"a": "YQ==", "b": "Yg=="}, "stringData": {"b": "c"}});
        let values = secret_values(&secret).unwrap();
        assert_eq!(values["a"], b"a");
        assert_eq!(values["b"], b"c");
        let error = secret_values(&json!({"data": {"a": "hunter2!"}})).unwrap_err();
        assert_eq!(error.to_string(), "data 'a' of the Secret is not base64");
    }
}
