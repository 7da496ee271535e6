//! The patch formats: each turns an object into a changed one.

mod json;
mod merge;
mod strategic;

use super::schema::Node;
use super::status::ApiError;
use serde_json::Value;

/// How the body of a PATCH request is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PatchKind {
    /// RFC 7396.
    Merge,
    /// RFC 6902.
    Json,
    /// Merge with lists merged by their key.
    Strategic,
    /// Server-side apply; not done here, but in `apply`.
    Apply,
}

impl PatchKind {
    /// Reads the media type of the body.
    pub fn of(content_type: &str) -> Result<Self, ApiError> {
        let media = content_type.split(';').next().unwrap_or_default().trim();
        Ok(match media {
            "application/merge-patch+json" => Self::Merge,
            "application/json-patch+json" => Self::Json,
            "application/strategic-merge-patch+json" => Self::Strategic,
            "application/apply-patch+yaml" => Self::Apply,
            other => {
                let accepted = "application/json-patch+json, application/merge-patch+json, \
                                application/strategic-merge-patch+json, \
                                application/apply-patch+yaml";
                return Err(ApiError::unsupported_media_type(other, accepted));
            }
        })
    }
}

/// Changes `object` as the patch says. `node` describes the object, for strategic merges.
pub(super) fn apply(
    kind: PatchKind,
    node: Option<Node<'_>>,
    patch: &Value,
    object: &mut Value,
) -> Result<(), ApiError> {
    match kind {
        PatchKind::Merge | PatchKind::Apply => {
            if !patch.is_object() {
                return Err(ApiError::bad_request("a merge patch must be an object"));
            }
            merge::apply(patch, object);
            Ok(())
        }
        PatchKind::Json => json::apply(patch, object),
        PatchKind::Strategic => strategic::apply(node, patch, object),
    }
}
