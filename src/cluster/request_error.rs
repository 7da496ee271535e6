//! What can go wrong with a request, in words that name no credentials.

use super::permission::Permission;
use http::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Longer messages of servers and proxies (whole HTML pages) are cut.
const LONGEST_MESSAGE: usize = 600;

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

/// The cause in an answer with an error.
pub(super) fn status_cause(
    status: http::StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> RequestCause {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Kind, ResourceKey};

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
