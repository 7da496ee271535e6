//! Failures as the API server words them: `Status` objects with code, reason, message and details.
//!
//! Every refusal of the simulated cluster is made here, so that clients that branch on `reason`
//! or on the message text of kubectl see what a real server would have said.

use super::resource::Resource;
use serde_json::{Map, Value, json};
use std::fmt;

/// A refused request.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    code: u16,
    reason: &'static str,
    message: String,
    details: Map<String, Value>,
}

/// One violated rule of an invalid object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub reason: &'static str,
    pub field: String,
    pub message: String,
}

impl Cause {
    /// A value that the field does not allow.
    pub fn invalid(field: &str, value: &Value, message: &str) -> Self {
        Self {
            reason: "FieldValueInvalid",
            field: field.to_owned(),
            message: format!("Invalid value: {value}: {message}"),
        }
    }

    /// A field that must not be missing.
    pub fn required(field: &str, message: &str) -> Self {
        let message = match message {
            "" => "Required value".to_owned(),
            _ => format!("Required value: {message}"),
        };
        Self {
            reason: "FieldValueRequired",
            field: field.to_owned(),
            message,
        }
    }

    /// A value that may not be given or changed.
    pub fn forbidden(field: &str, message: &str) -> Self {
        Self {
            reason: "FieldValueForbidden",
            field: field.to_owned(),
            message: format!("Forbidden: {message}"),
        }
    }

    /// Too many bytes.
    pub fn too_long(field: &str, limit: usize) -> Self {
        Self {
            reason: "FieldValueTooLong",
            field: field.to_owned(),
            message: format!("Too long: may not be more than {limit} bytes"),
        }
    }
}

impl ApiError {
    /// The HTTP status code.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The machine-readable reason, for example `NotFound`.
    pub fn reason(&self) -> &str {
        self.reason
    }

    /// The message for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: Map::new(),
        }
    }

    fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    fn about(self, resource: &Resource, name: &str) -> Self {
        let error = self
            .detail("name", name)
            .detail("kind", resource.plural.as_str());
        if resource.group.is_empty() {
            error
        } else {
            error.detail("group", resource.group.as_str())
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    pub(super) fn no_such_path() -> Self {
        Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )
    }

    pub(super) fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self::new(404, "NotFound", message).about(resource, name)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message)
    }

    pub(super) fn not_acceptable() -> Self {
        let message = "only the following media types are accepted: application/json, \
                       application/json;as=Table, application/json;as=PartialObjectMetadata";
        Self::new(406, "NotAcceptable", message)
    }

    pub(super) fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    pub(super) fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            resource.qualified()
        );
        Self::new(409, "Conflict", message).about(resource, name)
    }

    pub(super) fn modified(resource: &Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Self::conflict(resource, name, why)
    }

    /// Fields owned by other managers: `(field path, text of the manager)` per field.
    pub(super) fn apply_conflict(conflicts: &[(String, String)]) -> Self {
        let list: Vec<String> = conflicts
            .iter()
            .map(|(field, who)| format!("conflict with {who}: {field}"))
            .collect();
        let (count, noun) = match conflicts.len() {
            1 => ("1".to_owned(), "conflict"),
            n => (n.to_string(), "conflicts"),
        };
        let causes: Vec<Value> = conflicts
            .iter()
            .map(|(field, who)| {
                let message = format!("conflict with {who}");
                json!({"reason": "FieldManagerConflict", "message": message, "field": field})
            })
            .collect();
        let message = format!("Apply failed with {count} {noun}: {}", list.join("\n"));
        Self::new(409, "Conflict", message).detail("causes", causes)
    }

    pub(super) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, "RequestEntityTooLarge", message)
    }

    pub(super) fn unsupported_media_type(given: &str, accepted: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: \
             {accepted} (got {given:?})"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub(super) fn invalid(resource: &Resource, name: &str, causes: &[Cause]) -> Self {
        let texts: Vec<String> = causes
            .iter()
            .map(|c| format!("{}: {}", c.field, c.message))
            .collect();
        let text = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let list: Vec<Value> = causes
            .iter()
            .map(|c| json!({"reason": c.reason, "message": c.message, "field": c.field}))
            .collect();
        let message = format!(
            "{} \"{name}\" is invalid: {text}",
            resource.qualified_kind()
        );
        let error = Self::new(422, "Invalid", message)
            .detail("name", name)
            .detail("kind", resource.kind.as_str())
            .detail("causes", list);
        if resource.group.is_empty() {
            error
        } else {
            error.detail("group", resource.group.as_str())
        }
    }

    /// A request option that the server refuses.
    pub(super) fn invalid_option(kind: &str, field: &str, message: &str) -> Self {
        let text = format!("{kind}.meta.k8s.io \"\" is invalid: {field}: {message}");
        let causes = json!([{"reason": "FieldValueForbidden", "message": message, "field": field}]);
        Self::new(422, "Invalid", text)
            .detail("group", "meta.k8s.io")
            .detail("kind", kind)
            .detail("causes", causes)
    }

    pub(super) fn forbidden(message: impl Into<String>, resource: &str, group: &str) -> Self {
        Self::new(403, "Forbidden", message)
            .detail("kind", resource)
            .detail("group", group)
    }

    pub(super) fn retry_after(self, seconds: u64) -> Self {
        self.detail("retryAfterSeconds", seconds)
    }

    /// Seconds of the `Retry-After` header, where the failure has one.
    pub(super) fn retry_after_seconds(&self) -> Option<u64> {
        self.details
            .get("retryAfterSeconds")
            .and_then(Value::as_u64)
    }

    /// The failure for an injected HTTP status code.
    pub(super) fn of_code(code: u16, message: impl Into<String>) -> Self {
        let reason = match code {
            400 => "BadRequest",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "NotFound",
            409 => "Conflict",
            410 => "Expired",
            422 => "Invalid",
            429 => "TooManyRequests",
            500 => "InternalError",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            _ => "",
        };
        Self::new(code, reason, message)
    }

    /// The `Status` object.
    pub(super) fn to_status(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if !self.details.is_empty() {
            status["details"] = Value::Object(self.details.clone());
        }
        status
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.message, self.code, self.reason)
    }
}

impl std::error::Error for ApiError {}

/// The answer to a deletion that left nothing behind.
pub(super) fn deleted(resource: &Resource, name: &str, uid: &str) -> Value {
    let mut details = json!({"name": name, "kind": resource.plural, "uid": uid});
    if !resource.group.is_empty() {
        details["group"] = resource.group.as_str().into();
    }
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details,
    })
}
