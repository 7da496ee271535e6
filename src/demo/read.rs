//! Request bodies: JSON, YAML, protobuf.

use super::patch::PatchKind;
use super::protobuf;
use super::status::ApiError;
use bytes::Bytes;
use serde_json::Value;

/// Reads a JSON or YAML body.
pub(super) fn read_body(content_type: &str, body: &Bytes) -> Result<Value, ApiError> {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    match media {
        "" | "application/json" => parse_json(body),
        "application/yaml" | "application/x-yaml" => parse_yaml(body),
        protobuf::MEDIA_TYPE => protobuf::decode(body),
        other => Err(ApiError::unsupported_media_type(
            other,
            "application/json, application/yaml",
        )),
    }
}

/// Reads the body of a PATCH request.
pub(super) fn read_patch(kind: PatchKind, body: &Bytes) -> Result<Value, ApiError> {
    match kind {
        PatchKind::Apply => parse_yaml(body),
        _ => parse_json(body),
    }
}

fn parse_json(body: &Bytes) -> Result<Value, ApiError> {
    serde_json::from_slice(body)
        .map_err(|e| ApiError::bad_request(format!("the body of the request is not JSON: {e}")))
}

fn parse_yaml(body: &Bytes) -> Result<Value, ApiError> {
    // JSON is YAML, but the JSON reader is faster and knows no surprises.
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    serde_yaml::from_slice(body)
        .map_err(|e| ApiError::bad_request(format!("the body of the request is not YAML: {e}")))
}
