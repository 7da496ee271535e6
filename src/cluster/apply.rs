//! Writing keys of a ConfigMap, only those that were changed and only if nobody else was faster.

use super::client::{Cluster, FIELD_MANAGER};
use super::lean::LeanObject;
use super::list::{get_object, text_of};
use super::paths::{collection_path, object_path, with_query};
use super::permission::Permission;
use super::request::Call;
use super::request_error::{FailureClass, RequestCause, RequestError};
use crate::domain::{Kind, ResourceKey};
use crate::golang::json::write_string;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The ConfigMap is as wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The ConfigMap's version now; after a dry run, the one it still has (empty for one that would
    /// be created).
    pub resource_version: String,
}

/// The ConfigMap was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// It was changed, created or deleted since the draft was begun.
    #[error("ConfigMap {namespace}/{name} was changed by somebody else since the draft was begun")]
    Conflict {
        /// The ConfigMap's namespace.
        namespace: String,
        /// The ConfigMap's name.
        name: String,
        /// Its version now; `None` when it does not exist (any more), or cannot be read.
        live_resource_version: Option<String>,
    },
    /// A right is missing.
    #[error("{error}; {hint}")]
    Forbidden {
        /// What failed.
        error: RequestError,
        /// The RBAC rule that is missing.
        hint: String,
    },
    /// The server refuses the content, for example because it is too large.
    #[error("the API server refuses the ConfigMap: {message}")]
    Invalid {
        /// The server's words.
        message: String,
    },
    /// Anything else; it may work later.
    #[error("{0}")]
    Failed(RequestError),
}

/// The kind `ConfigMap`.
pub(super) fn config_map_kind() -> Arc<Kind> {
    Arc::new(Kind {
        group: String::new(),
        version: "v1".into(),
        kind: "ConfigMap".into(),
        plural: "configmaps".into(),
        namespaced: true,
    })
}

/// Sets (`Some`) and removes (`None`) these keys of a ConfigMap's `data`; all others stay.
///
/// `base` is the `resourceVersion` that the changes were made against: when the ConfigMap has
/// another one by now, it is a [`ApplyError::Conflict`]. Without a base the ConfigMap is created,
/// and must not exist. With `dry_run` the server checks everything and writes nothing.
pub async fn apply_config_map(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    base: Option<&str>,
    changes: &BTreeMap<String, Option<String>>,
    dry_run: bool,
) -> Result<Applied, ApplyError> {
    let key = ResourceKey::new(config_map_kind(), namespace, name);
    let mut query = vec![("fieldManager", FIELD_MANAGER)];
    if dry_run {
        query.push(("dryRun", "All"));
    }
    let call = match base {
        Some(version) => Call::merge_patch(
            Permission::on_object("patch", &key),
            with_query(&object_path(&key), &query),
            patch_body(version, changes),
        ),
        None => Call::send(
            Permission::on_kind("create", &key.kind, Some(namespace)),
            http::Method::POST,
            with_query(&collection_path(&key.kind, Some(namespace)), &query),
            create_body(name, changes),
        ),
    };
    let answer = match cluster.call(&call, cluster.request_timeout()).await {
        Ok(answer) => answer,
        Err(error) => return Err(classify(cluster, &key, error, base.is_some()).await),
    };
    let object = text_of(&answer)
        .and_then(|text| LeanObject::parse(&key.kind, text).map_err(|error| error.to_string()));
    let object = object.map_err(|problem| {
        ApplyError::Failed(RequestError::unreadable(&call.permission, problem))
    })?;
    Ok(Applied {
        resource_version: object.resource_version,
    })
}

async fn classify(
    cluster: &Cluster,
    key: &ResourceKey,
    error: RequestError,
    existed: bool,
) -> ApplyError {
    match error.class() {
        FailureClass::Forbidden => ApplyError::Forbidden {
            hint: error.permission.hint(),
            error,
        },
        FailureClass::Rejected => ApplyError::Invalid {
            message: match error.cause {
                RequestCause::Status { message, .. } => message,
                other => other.to_string(),
            },
        },
        // Without a base, "not found" is about the namespace.
        FailureClass::NotFound if !existed => ApplyError::Failed(error),
        FailureClass::Conflict | FailureClass::NotFound => {
            let live = get_object(cluster, key).await.ok();
            ApplyError::Conflict {
                namespace: key.namespace.to_string(),
                name: key.name.to_string(),
                live_resource_version: live.map(|object| object.resource_version),
            }
        }
        _ => ApplyError::Failed(error),
    }
}

fn patch_body(version: &str, changes: &BTreeMap<String, Option<String>>) -> String {
    let mut body = String::from("{\"metadata\":{\"resourceVersion\":");
    write_string(&mut body, version);
    body.push_str("},\"data\":");
    write_data(&mut body, changes, true);
    body.push('}');
    body
}

fn create_body(name: &str, changes: &BTreeMap<String, Option<String>>) -> String {
    let mut body =
        String::from("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":");
    write_string(&mut body, name);
    body.push_str("},\"data\":");
    write_data(&mut body, changes, false);
    body.push('}');
    body
}

fn write_data(body: &mut String, changes: &BTreeMap<String, Option<String>>, removals: bool) {
    body.push('{');
    let told = changes
        .iter()
        .filter(|(_, value)| removals || value.is_some());
    for (position, (key, value)) in told.enumerate() {
        if position > 0 {
            body.push(',');
        }
        write_string(body, key);
        body.push(':');
        match value {
            Some(text) => write_string(body, text),
            None => body.push_str("null"),
        }
    }
    body.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_is_sent() {
        let changes = BTreeMap::from([
            ("trigger.a".to_owned(), Some("- when: \"x\"\n".to_owned())),
            ("trigger.b".to_owned(), None),
        ]);
        assert_eq!(
            patch_body("7", &changes),
            r#"{"metadata":{"resourceVersion":"7"},"data":{"trigger.a":"- when: \"x\"\n","trigger.b":null}}"#
        );
        assert_eq!(
            create_body("cm", &changes),
            r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"cm"},"data":{"trigger.a":"- when: \"x\"\n"}}"#
        );
    }
}
