//! Writing one annotation of an object, and nothing else of it.
//!
//! Each write carries the version that it was computed from. When somebody else was faster, the
//! newest value is read and the change is computed again, so that no writer undoes another.

use super::backoff::Backoff;
use super::client::{Cluster, FIELD_MANAGER};
use super::lean::LeanObject;
use super::list::text_of;
use super::paths::{object_path, with_query};
use super::permission::Permission;
use super::request::{Call, METADATA};
use super::request_error::{FailureClass, RequestError};
use crate::domain::ResourceKey;
use crate::golang::json::write_string;
use std::time::Duration;

/// Tries for one change when other writers keep being faster.
const ATTEMPTS: u32 = 5;

/// What is to become of the annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnnotationChange {
    /// It is right as it is.
    Keep,
    /// It gets this value.
    Set(String),
    /// It goes away.
    Remove,
}

/// What the caller believes the annotation to be; saves reading it first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAnnotation {
    /// `metadata.resourceVersion` of the object that was looked at.
    pub resource_version: String,
    /// The annotation's value there; `None` when it was absent.
    pub value: Option<String>,
}

/// The annotation is as wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patched {
    /// The object's version now.
    pub resource_version: String,
    /// The annotation's value now.
    pub value: Option<String>,
    /// Requests that tried to write; 0 when nothing had to be changed.
    pub attempts: u32,
}

/// The annotation could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The object was deleted, or another one has taken its name.
    #[error("{key} is gone")]
    Gone {
        /// Which object.
        key: ResourceKey,
    },
    /// A right is missing.
    #[error("{error}; {hint}")]
    Forbidden {
        /// What failed.
        error: RequestError,
        /// The RBAC rule that is missing.
        hint: String,
    },
    /// Other writers were faster each time.
    #[error("{key} was changed by others during each of {attempts} attempts to patch it")]
    Conflict {
        /// Which object.
        key: ResourceKey,
        /// How often it was tried.
        attempts: u32,
    },
    /// It may work later.
    #[error("{0}")]
    Transient(RequestError),
    /// The server refuses the change itself, for example because the annotations are too large.
    #[error("{0}")]
    Rejected(RequestError),
}

impl PatchError {
    fn new(key: &ResourceKey, error: RequestError) -> Self {
        match error.class() {
            FailureClass::NotFound => Self::Gone { key: key.clone() },
            FailureClass::Forbidden => Self::Forbidden {
                hint: error.permission.hint(),
                error,
            },
            FailureClass::Rejected => Self::Rejected(error),
            FailureClass::Unauthorized
            | FailureClass::Conflict
            | FailureClass::Expired
            | FailureClass::Unreachable
            | FailureClass::Other => Self::Transient(error),
        }
    }
}

/// Changes one annotation of the object `key` that has this `uid`.
///
/// `update` gets the current text of the annotation and says what to make of it; it is called again
/// with the newest text each time somebody else was faster. The first call uses `known`, if given.
pub async fn patch_annotation(
    cluster: &Cluster,
    key: &ResourceKey,
    uid: &str,
    annotation: &str,
    known: Option<KnownAnnotation>,
    mut update: impl FnMut(Option<&str>) -> AnnotationChange,
) -> Result<Patched, PatchError> {
    let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(500));
    let mut current = match known {
        Some(known) => known,
        None => read(cluster, key, uid, annotation).await?,
    };
    for attempts in 0..ATTEMPTS {
        let wanted = match update(current.value.as_deref()) {
            AnnotationChange::Keep => current.value.clone(),
            AnnotationChange::Set(value) => Some(value),
            AnnotationChange::Remove => None,
        };
        if wanted == current.value {
            return Ok(Patched {
                resource_version: current.resource_version,
                value: current.value,
                attempts,
            });
        }
        let body = patch_body(
            annotation,
            wanted.as_deref(),
            &current.resource_version,
            uid,
        );
        match send(cluster, key, body).await {
            Ok(object) => {
                return Ok(Patched {
                    value: object.annotations.get(annotation).cloned(),
                    resource_version: object.resource_version,
                    attempts: attempts + 1,
                });
            }
            Err(error) if error.class() == FailureClass::Conflict => {
                tokio::time::sleep(backoff.pause()).await;
                current = read(cluster, key, uid, annotation).await?;
            }
            Err(error) if error.class() == FailureClass::Rejected => {
                // Some servers refuse a wrong UID as invalid, not as a conflict.
                read(cluster, key, uid, annotation).await?;
                return Err(PatchError::new(key, error));
            }
            Err(error) => return Err(PatchError::new(key, error)),
        }
    }
    Err(PatchError::Conflict {
        key: key.clone(),
        attempts: ATTEMPTS,
    })
}

/// `{"metadata":{"annotations":{…},"resourceVersion":…,"uid":…}}`, escaped as the original does.
fn patch_body(annotation: &str, value: Option<&str>, version: &str, uid: &str) -> String {
    let mut body = String::from("{\"metadata\":{\"annotations\":{");
    write_string(&mut body, annotation);
    body.push(':');
    match value {
        Some(value) => write_string(&mut body, value),
        None => body.push_str("null"),
    }
    body.push_str("},\"resourceVersion\":");
    write_string(&mut body, version);
    body.push_str(",\"uid\":");
    write_string(&mut body, uid);
    body.push_str("}}");
    body
}

/// Sends a JSON merge patch as it is, under our field manager, and gives the metadata of the object
/// as it is then. What the patch must not undo it has to name itself, by `resourceVersion` and `uid`.
pub async fn merge_patch(
    cluster: &Cluster,
    key: &ResourceKey,
    body: String,
) -> Result<LeanObject, RequestError> {
    send(cluster, key, body).await
}

async fn send(
    cluster: &Cluster,
    key: &ResourceKey,
    body: String,
) -> Result<LeanObject, RequestError> {
    let target = with_query(&object_path(key), &[("fieldManager", FIELD_MANAGER)]);
    let call = Call {
        accept: METADATA,
        ..Call::merge_patch(Permission::on_object("patch", key), target, body)
    };
    metadata(cluster, key, &call).await
}

/// Reads the annotation's newest value; an error when the object is another one by now.
async fn read(
    cluster: &Cluster,
    key: &ResourceKey,
    uid: &str,
    annotation: &str,
) -> Result<KnownAnnotation, PatchError> {
    let call = Call {
        accept: METADATA,
        ..Call::get(Permission::on_object("get", key), object_path(key))
    };
    let object = metadata(cluster, key, &call).await;
    let mut object = object.map_err(|error| PatchError::new(key, error))?;
    if object.uid != uid {
        return Err(PatchError::Gone { key: key.clone() });
    }
    Ok(KnownAnnotation {
        resource_version: object.resource_version,
        value: object.annotations.remove(annotation),
    })
}

async fn metadata(
    cluster: &Cluster,
    key: &ResourceKey,
    call: &Call,
) -> Result<LeanObject, RequestError> {
    let answer = cluster.call(call, cluster.request_timeout()).await?;
    text_of(&answer)
        .and_then(|text| LeanObject::parse(&key.kind, text).map_err(|error| error.to_string()))
        .map_err(|problem| RequestError::unreadable(&call.permission, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_only_this_annotation_and_the_preconditions() {
        assert_eq!(
            patch_body("notified.x", Some("{\"a&<b>\":1}"), "7", "u-1"),
            r#"{"metadata":{"annotations":{"notified.x":"{\"a\u0026\u003cb\u003e\":1}"},"resourceVersion":"7","uid":"u-1"}}"#
        );
        assert_eq!(
            patch_body("n", None, "7", "u"),
            r#"{"metadata":{"annotations":{"n":null},"resourceVersion":"7","uid":"u"}}"#
        );
    }
}
