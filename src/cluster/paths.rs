//! Where things are on the API server.

use crate::domain::{Kind, ResourceKey};

/// Path of a kind's collection: in one namespace, or (`None`) over all.
pub(super) fn collection_path(kind: &Kind, namespace: Option<&str>) -> String {
    let mut path = if kind.group.is_empty() {
        format!("/api/{}", segment(&kind.version))
    } else {
        format!("/apis/{}/{}", segment(&kind.group), segment(&kind.version))
    };
    if let Some(namespace) = namespace.filter(|name| kind.namespaced && !name.is_empty()) {
        path.push_str("/namespaces/");
        path.push_str(&segment(namespace));
    }
    path.push('/');
    path.push_str(&segment(&kind.plural));
    path
}

/// Path of one object.
pub(super) fn object_path(key: &ResourceKey) -> String {
    let collection = collection_path(&key.kind, Some(&key.namespace));
    format!("{collection}/{}", segment(&key.name))
}

/// Percent-encodes what may not stand in one segment of a path.
fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// A path with a query.
pub(super) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(format!("{path}?"));
    query.extend_pairs(pairs);
    query.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn deployment() -> Arc<Kind> {
        Arc::new(Kind {
            group: "apps".into(),
            version: "v1".into(),
            kind: "Deployment".into(),
            plural: "deployments".into(),
            namespaced: true,
        })
    }

    #[test]
    fn addresses_objects_and_collections() {
        let key = ResourceKey::new(deployment(), "shop", "a/../b?c");
        assert_eq!(
            object_path(&key),
            "/apis/apps/v1/namespaces/shop/deployments/a%2F..%2Fb%3Fc"
        );
        assert_eq!(collection_path(&Kind::pod(), None), "/api/v1/pods");
        let node = Kind {
            kind: "Node".into(),
            plural: "nodes".into(),
            namespaced: false,
            ..Kind::pod()
        };
        assert_eq!(collection_path(&node, Some("x")), "/api/v1/nodes");
    }
}
