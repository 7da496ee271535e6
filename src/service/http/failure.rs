//! What it means when there was no answer.

use crate::domain::Masker;
use crate::service::SendError;
use std::error::Error as StdError;
use std::io;
use std::time::Duration;
use url::Url;

/// Classifies a failed exchange and says what happened in one sentence. The URL is not repeated in
/// it: the error's subject has it, masked.
pub(super) fn unanswered(
    error: &reqwest::Error,
    url: &Url,
    timeout: Duration,
    masker: &Masker,
) -> SendError {
    let host = url.host_str().unwrap_or_default();
    let target = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let text = |text: String| masker.mask(&text).into_owned();
    if let Some(tls) = cause::<rustls::Error>(error) {
        return of_tls(tls, &target, masker);
    }
    if error.is_redirect() {
        return SendError::permanent("stopped after 10 redirects");
    }
    if error.is_builder() {
        return SendError::permanent(text(format!(
            "the request is not valid: {}",
            innermost(error)
        )));
    }
    if error.is_timeout() {
        let what = if error.is_connect() {
            "no connection"
        } else {
            "no answer"
        };
        return SendError::transient(text(format!(
            "{what} to {target} in time ({timeout:?} at most)"
        )));
    }
    if cause::<hyper::Error>(error).is_some_and(hyper::Error::is_incomplete_message)
        && cause::<io::Error>(error).is_none()
    {
        return SendError::transient(text(format!("{target} closed the connection early")));
    }
    broken_connection(error, host, &target, masker)
}

/// Classifies a connection that could not be made or that broke, whatever was spoken on it.
/// `target` is what messages call the other side, as a rule `host:port`.
pub(in crate::service) fn broken_connection(
    error: &(dyn StdError + 'static),
    host: &str,
    target: &str,
    masker: &Masker,
) -> SendError {
    let text = |text: String| masker.mask(&text).into_owned();
    if let Some(tls) = cause::<rustls::Error>(error) {
        return of_tls(tls, target, masker);
    }
    if let Some(io) = cause::<io::Error>(error) {
        match io.kind() {
            io::ErrorKind::ConnectionRefused => {
                return SendError::transient(text(format!("{target} refused the connection")));
            }
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => {
                return SendError::transient(text(format!("{target} closed the connection early")));
            }
            _ => {}
        }
    }
    let detail = innermost(error);
    let unresolved = |cause: &(dyn StdError + 'static)| {
        let text = cause.to_string();
        text.contains("dns error") || text.contains("failed to lookup address")
    };
    if chain(error).any(unresolved) {
        return SendError::transient(text(format!(
            "the host name {host} was not found: {detail}"
        )));
    }
    SendError::transient(text(format!("no answer from {target}: {detail}")))
}

fn of_tls(error: &rustls::Error, target: &str, masker: &Masker) -> SendError {
    let text = |text: String| masker.mask(&text).into_owned();
    match error {
        rustls::Error::InvalidCertificate(problem) => {
            let reason = match problem {
                rustls::CertificateError::UnknownIssuer => "its issuer is not known".to_owned(),
                other => other.to_string(),
            };
            SendError::permanent(text(format!(
                "the certificate of {target} is not trusted: {reason}; set caCertificates to \
                 its issuer, or insecureSkipVerify: true"
            )))
        }
        rustls::Error::InvalidMessage(_) => SendError::permanent(text(format!(
            "{target} does not speak TLS; is the URL to begin with http:// ?"
        ))),
        other => SendError::transient(text(format!("TLS with {target} failed: {other}"))),
    }
}

/// The error and its causes, from the outside in. What an `io::Error` wraps is a cause, too, which
/// `source` passes over.
fn chain<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        };
        Some(error)
    })
}

pub(in crate::service) fn cause<'e, T: StdError + 'static>(
    error: &'e (dyn StdError + 'static),
) -> Option<&'e T> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

pub(in crate::service) fn innermost(error: &(dyn StdError + 'static)) -> String {
    chain(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}
