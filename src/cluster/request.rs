//! One request to the API server: addresses, time-outs, and what can go wrong.
//!
//! Everything else here speaks to the server through [`Cluster::call`] and [`Cluster::open`].

use super::client::Cluster;
use crate::domain::{Kind, ResourceKey};
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http_body_util::{BodyExt as _, Limited};
use kube::client::Body;
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Answers with an error carry a `Status` object; more than this of it is not read.
const LARGEST_STATUS: usize = 256 * 1024;

/// Longer messages of servers and proxies (whole HTML pages) are cut.
const LONGEST_MESSAGE: usize = 600;

/// A right as RBAC knows it. Displayed as `verb "patch" on pods in namespace shop`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission {
    /// The verb: `get`, `list`, `watch`, `create`, `update`, `patch`.
    pub verb: &'static str,
    /// API group; empty for the core group.
    pub group: String,
    /// Plural resource name.
    pub resource: String,
    /// The namespace; `None` for all namespaces and for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// The object, when it is about one.
    pub name: Option<String>,
    /// Whether the kind lives in namespaces at all.
    pub namespaced: bool,
}

impl Permission {
    /// The right to do this with objects of a kind; in all namespaces, or in one.
    pub fn on_kind(verb: &'static str, kind: &Kind, namespace: Option<&str>) -> Self {
        Self {
            verb,
            group: kind.group.clone(),
            resource: kind.plural.clone(),
            namespace: namespace.filter(|_| kind.namespaced).map(str::to_owned),
            name: None,
            namespaced: kind.namespaced,
        }
    }

    /// The right to do this with one object.
    pub fn on_object(verb: &'static str, key: &ResourceKey) -> Self {
        Self {
            name: Some(key.name.to_string()),
            ..Self::on_kind(verb, &key.kind, Some(&key.namespace))
        }
    }

    /// The right to read a path that is no object, such as `/version`.
    pub(super) fn on_path(path: &str) -> Self {
        Self {
            verb: "get",
            group: String::new(),
            resource: path.to_owned(),
            namespace: None,
            name: None,
            namespaced: false,
        }
    }

    /// `pods` or `deployments.apps`.
    fn resource_name(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }

    /// What the operator has to grant: `needs verb "patch" on pods in namespace shop`.
    pub fn hint(&self) -> String {
        format!("needs {self}")
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "verb {:?} on {}", self.verb, self.resource_name())?;
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None if self.namespaced => write!(f, " in all namespaces"),
            None => Ok(()),
        }
    }
}

/// What kind of trouble it is, for those who decide what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// 403: a right is missing.
    Forbidden,
    /// 401, or the credentials could not be obtained.
    Unauthorized,
    /// 404: the object, the kind or the namespace does not exist.
    NotFound,
    /// 409: somebody else was faster.
    Conflict,
    /// 410: the version that was asked for is forgotten.
    Expired,
    /// The request itself was refused (400, 413, 422, …): repeating it changes nothing.
    Rejected,
    /// No answer: refused, reset, timed out, name not resolved.
    Unreachable,
    /// Everything else: 429, 5xx, an answer that cannot be read.
    Other,
}

impl FailureClass {
    fn of_status(code: u16) -> Self {
        match code {
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            409 => Self::Conflict,
            410 => Self::Expired,
            429 => Self::Other,
            400..=499 => Self::Rejected,
            _ => Self::Other,
        }
    }

    /// Whether the same request may succeed later with nobody doing anything.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Unreachable | Self::Other)
    }
}

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestCause {
    /// The server answered with an error.
    #[error("the API server answered {code} {reason}: {message}")]
    Status {
        /// HTTP status code.
        code: u16,
        /// Machine-readable reason, for example `Forbidden`; empty when none was given.
        reason: String,
        /// The server's own words, cut to a readable length.
        message: String,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// No answer within this time.
    #[error("no answer within {}", seconds(.0))]
    TimedOut(Duration),
    /// No connection, or it broke.
    #[error("the API server cannot be reached: {0}")]
    Unreachable(String),
    /// Token, certificate or plugin: there are no credentials to send.
    #[error("no credentials: {0}")]
    Credentials(String),
    /// The answer is not what was asked for.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

fn seconds(duration: &Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

/// A failed request: what was tried, and why it failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RequestError {
    /// What was asked for.
    pub permission: Arc<Permission>,
    /// What went wrong.
    pub cause: RequestCause,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Permission {
            verb,
            namespace,
            name,
            ..
        } = &*self.permission;
        write!(f, "could not {verb} {}", self.permission.resource_name())?;
        match (namespace, name) {
            (Some(namespace), Some(name)) => write!(f, " {namespace}/{name}")?,
            (Some(namespace), None) => write!(f, " in namespace {namespace}")?,
            (None, Some(name)) => write!(f, " {name}")?,
            (None, None) => {}
        }
        write!(f, ": {}", self.cause)
    }
}

impl RequestError {
    /// What kind of trouble it is.
    pub fn class(&self) -> FailureClass {
        match &self.cause {
            RequestCause::Status { code, .. } => FailureClass::of_status(*code),
            RequestCause::TimedOut(_) | RequestCause::Unreachable(_) => FailureClass::Unreachable,
            RequestCause::Credentials(_) => FailureClass::Unauthorized,
            RequestCause::Unreadable(_) => FailureClass::Other,
        }
    }

    /// The RBAC rule that is missing, when that is the trouble.
    pub fn hint(&self) -> Option<String> {
        (self.class() == FailureClass::Forbidden).then(|| self.permission.hint())
    }

    /// How long the server asks to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.cause {
            RequestCause::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(super) fn unreadable(permission: &Arc<Permission>, problem: impl fmt::Display) -> Self {
        Self {
            permission: permission.clone(),
            cause: RequestCause::Unreadable(problem.to_string()),
        }
    }
}

/// A request before it is sent.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) permission: Arc<Permission>,
    pub(super) method: http::Method,
    /// Path and query, relative to the server's URL.
    pub(super) target: String,
    pub(super) body: Bytes,
    pub(super) content_type: Option<&'static str>,
    pub(super) accept: &'static str,
}

/// Plain objects.
pub(super) const JSON: &str = "application/json";
/// Only the metadata of an object; servers that cannot do it send the whole.
pub(super) const METADATA: &str =
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
/// The body is a JSON merge patch.
pub(super) const MERGE_PATCH: &str = "application/merge-patch+json";

impl Call {
    pub(super) fn get(permission: Permission, target: String) -> Self {
        Self {
            permission: Arc::new(permission),
            method: http::Method::GET,
            target,
            body: Bytes::new(),
            content_type: None,
            accept: JSON,
        }
    }

    pub(super) fn send(
        permission: Permission,
        method: http::Method,
        target: String,
        body: String,
    ) -> Self {
        Self {
            permission: Arc::new(permission),
            method,
            target,
            body: body.into(),
            content_type: Some(JSON),
            accept: JSON,
        }
    }

    pub(super) fn merge_patch(permission: Permission, target: String, body: String) -> Self {
        Self {
            content_type: Some(MERGE_PATCH),
            ..Self::send(permission, http::Method::PATCH, target, body)
        }
    }

    fn request(&self, streamed: bool) -> Result<http::Request<Body>, RequestError> {
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(&self.target)
            .header(ACCEPT, self.accept);
        if let Some(content_type) = self.content_type {
            request = request.header(CONTENT_TYPE, content_type);
        }
        if streamed {
            // Servers from 1.37 compress each event of a watch as a gzip member of its own, of
            // which the client's decoder reads only the first.
            request = request.header(ACCEPT_ENCODING, "identity");
        }
        request
            .body(Body::from(self.body.clone()))
            .map_err(|error| self.failed(RequestCause::Unreachable(error.to_string())))
    }

    pub(super) fn failed(&self, cause: RequestCause) -> RequestError {
        RequestError {
            permission: self.permission.clone(),
            cause,
        }
    }
}

impl Cluster {
    /// Sends a request and reads the whole answer, all within `limit`.
    pub(super) async fn call(&self, call: &Call, limit: Duration) -> Result<Bytes, RequestError> {
        let exchange = async {
            let body = self.send(call, false).await?;
            let body = body.collect().await;
            body.map(|body| body.to_bytes())
                .map_err(|error| call.failed(transport_cause(&error)))
        };
        tokio::time::timeout(limit, exchange)
            .await
            .unwrap_or_else(|_| Err(call.failed(RequestCause::TimedOut(limit))))
    }

    /// Sends a request and gives the body to read as it comes; `limit` is for its beginning.
    pub(super) async fn open(&self, call: &Call, limit: Duration) -> Result<Body, RequestError> {
        tokio::time::timeout(limit, self.send(call, true))
            .await
            .unwrap_or_else(|_| Err(call.failed(RequestCause::TimedOut(limit))))
    }

    /// Sends a request; with new credentials once more when the server does not accept the old.
    async fn send(&self, call: &Call, streamed: bool) -> Result<Body, RequestError> {
        let session = self.session().await.map_err(|cause| call.failed(cause))?;
        let answer = exchange(&session.client, call, streamed).await;
        match &answer {
            Err(error) if error.class() == FailureClass::Unauthorized => {}
            _ => return answer,
        }
        match self.renew(&session).await {
            Ok(Some(session)) => exchange(&session.client, call, streamed).await,
            Ok(None) => answer,
            Err(cause) => Err(call.failed(cause)),
        }
    }
}

async fn exchange(
    client: &kube::Client,
    call: &Call,
    streamed: bool,
) -> Result<Body, RequestError> {
    let request = call.request(streamed)?;
    let response = client
        .send(request)
        .await
        .map_err(|error| call.failed(transport_cause(&error)))?;
    let (head, body) = response.into_parts();
    if head.status.is_success() {
        return Ok(body);
    }
    let text = Limited::new(body, LARGEST_STATUS).collect().await;
    let text = text.map(|body| body.to_bytes()).unwrap_or_default();
    Err(call.failed(status_cause(head.status, &head.headers, &text)))
}

/// The parts of a `Status` object that say what is wrong.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StatusBody {
    code: u16,
    reason: String,
    message: String,
    details: Option<StatusDetails>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StatusDetails {
    retry_after_seconds: u64,
}

fn status_cause(status: http::StatusCode, headers: &HeaderMap, body: &[u8]) -> RequestCause {
    let retry_after = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let text = String::from_utf8_lossy(body);
    let cause = status_from_json(&text).unwrap_or_else(|| RequestCause::Status {
        code: status.as_u16(),
        reason: status.canonical_reason().unwrap_or_default().to_owned(),
        message: shorten(&text),
        retry_after: None,
    });
    match cause {
        RequestCause::Status {
            reason,
            message,
            retry_after: told,
            ..
        } => RequestCause::Status {
            code: status.as_u16(),
            reason,
            message,
            retry_after: retry_after.or(told),
        },
        other => other,
    }
}

/// The cause in the text of a `Status` object; `None` when the text is something else.
pub(super) fn status_from_json(text: &str) -> Option<RequestCause> {
    let body: StatusBody = serde_json::from_str(text).ok()?;
    let retry_after = body
        .details
        .map(|details| details.retry_after_seconds)
        .filter(|seconds| *seconds > 0)
        .map(Duration::from_secs);
    Some(RequestCause::Status {
        code: body.code,
        reason: body.reason,
        message: shorten(&body.message),
        retry_after,
    })
}

/// On one line, without control characters, not too long.
fn shorten(text: &str) -> String {
    let clean = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c });
    let mut short: String = clean.take(LONGEST_MESSAGE + 1).collect();
    if short.chars().count() > LONGEST_MESSAGE {
        short.pop();
        short.push('…');
    }
    short
}

/// Why there was no answer, in words that name no credentials.
pub(super) fn transport_cause(error: &kube::Error) -> RequestCause {
    let mut link: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = link {
        if let Some(error) = error.downcast_ref::<kube::client::AuthError>() {
            return RequestCause::Credentials(credentials_problem(error));
        }
        link = error.source();
    }
    RequestCause::Unreachable(innermost(error))
}

/// What the authentication layer has to say, without the command line, the environment and the
/// output of credential plugins, which may hold a token.
pub(super) fn credentials_problem(error: &kube::client::AuthError) -> String {
    use kube::client::AuthError;
    match error {
        AuthError::AuthExecRun { out, .. } => {
            let complaint = String::from_utf8_lossy(&out.stderr);
            match complaint.lines().rfind(|line| !line.trim().is_empty()) {
                Some(line) => format!(
                    "the credential plugin failed ({}): {}",
                    out.status,
                    shorten(line)
                ),
                None => format!("the credential plugin failed ({})", out.status),
            }
        }
        AuthError::AuthExecStart(error) => {
            format!("the credential plugin could not be started: {error}")
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed | AuthError::ParseTokenKey(_) => {
            "the credential plugin's answer cannot be read".to_owned()
        }
        AuthError::ReadTokenFile(error, path) => {
            format!("the token file {} cannot be read: {error}", path.display())
        }
        AuthError::InvalidBearerToken(_) => {
            "the token has characters that cannot be sent".to_owned()
        }
        other => shorten(&other.to_string()),
    }
}

/// The deepest cause: the layers above only repeat that something failed.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    let mut told = error.to_string();
    while let Some(source) = error.source() {
        error = source;
        let text = error.to_string();
        if !text.is_empty() {
            told = text;
        }
    }
    shorten(&told)
}

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

    #[test]
    fn a_missing_right_is_named_with_what_to_grant() {
        let key = ResourceKey::new(deployment(), "shop", "web");
        let error = RequestError {
            permission: Permission::on_object("patch", &key).into(),
            cause: status_from_json(r#"{"code":403,"reason":"Forbidden","message":"no"}"#).unwrap(),
        };
        assert_eq!(
            error.to_string(),
            "could not patch deployments.apps shop/web: the API server answered 403 Forbidden: no"
        );
        assert_eq!(
            error.hint().unwrap(),
            r#"needs verb "patch" on deployments.apps in namespace shop"#
        );
        let everywhere = Permission::on_kind("list", &Kind::pod(), None);
        assert_eq!(
            everywhere.hint(),
            r#"needs verb "list" on pods in all namespaces"#
        );
    }

    #[test]
    fn answers_that_are_not_a_status_are_told_briefly() {
        let page = format!("<html>\n{}", "x".repeat(5000));
        let cause = status_cause(
            http::StatusCode::BAD_GATEWAY,
            &HeaderMap::from_iter([(RETRY_AFTER, "7".parse().unwrap())]),
            page.as_bytes(),
        );
        let RequestCause::Status {
            code,
            message,
            retry_after,
            ..
        } = cause
        else {
            panic!("not a status");
        };
        assert_eq!((code, retry_after), (502, Some(Duration::from_secs(7))));
        assert!(message.starts_with("<html> xxx"));
        assert_eq!(message.chars().count(), LONGEST_MESSAGE + 1);
    }

    #[test]
    fn the_output_of_a_credential_plugin_stays_out_of_errors() {
        use std::os::unix::process::ExitStatusExt as _;
        let error = kube::client::AuthError::AuthExecRun {
            cmd: "/bin/login --secret hunter2".into(),
            out: Box::new(std::process::Output {
                status: std::process::ExitStatus::from_raw(256),
                stdout: b"token-abc".to_vec(),
                stderr: b"trying\nno session, run: login\n\n".to_vec(),
            }),
        };
        let wrapped = kube::Error::Service(Box::new(error));
        let RequestCause::Credentials(text) = transport_cause(&wrapped) else {
            panic!("not about credentials");
        };
        assert_eq!(
            text,
            "the credential plugin failed (exit status: 1): no session, run: login"
        );
    }
}
