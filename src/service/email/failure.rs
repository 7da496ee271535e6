//! What it means when a mail server says no, or nothing.

use crate::domain::Masker;
use crate::service::http::{broken_connection, cause, innermost};
use crate::service::{Class, SendError};
use lettre::transport::smtp::Error;
use std::io;

/// How far the conversation had come.
pub(super) enum Step {
    /// Connection, greeting, EHLO.
    Connect,
    /// The upgrade to TLS.
    StartTls,
    /// The login.
    Auth,
    /// The sender's address.
    Sender(String),
    /// The address of a recipient.
    Recipient(String),
    /// The mail itself.
    Data,
}

/// Why a mail was not sent.
pub(super) enum Failure {
    /// The server's answer, or that there was none.
    Smtp(Step, Error),
    /// It was not tried; the text says what to change.
    Unwilling(String),
}

impl Failure {
    pub(super) fn smtp(step: Step, error: Error) -> Self {
        Self::Smtp(step, error)
    }

    /// The error in one sentence, masked.
    pub(super) fn to_error(&self, host: &str, target: &str, masker: &Masker) -> SendError {
        let (step, error) = match self {
            Self::Smtp(step, error) => (step, error),
            Self::Unwilling(text) => return SendError::permanent(masker.mask(text)),
        };
        if let Some(code) = error.status() {
            return refused(step, u16::from(code), &innermost(error), target, masker);
        }
        if cause::<rustls::Error>(error).is_some_and(no_tls) {
            return SendError::permanent(format!(
                "{target} does not speak TLS from the start; use another port than 465, or one on \
                 which it does"
            ));
        }
        let connection_lost = cause::<io::Error>(error).is_some() || error.is_tls();
        if !connection_lost && innermost(error).contains("incomplete") {
            let text = format!("{target} closed the connection early");
            return SendError::transient(text);
        }
        if !connection_lost && error.is_response() {
            let text = innermost(error);
            return SendError::permanent(masker.mask(&format!(
                "{target} does not answer as a mail server ({text}); check host and port"
            )));
        }
        broken_connection(error, host, target, masker)
    }
}

fn no_tls(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidMessage(_))
}

/// The server's refusal. Codes from 500 on are for good, those from 400 on are not; but a login
/// that was refused is not right after some time.
fn refused(step: &Step, code: u16, text: &str, target: &str, masker: &Masker) -> SendError {
    let what = match step {
        Step::Connect => format!("{target} did not want the connection"),
        Step::StartTls => format!("{target} refused STARTTLS"),
        Step::Auth => format!("{target} refused the credentials"),
        Step::Sender(address) => format!("{target} refused the sender {address}"),
        Step::Recipient(address) => format!("{target} refused the recipient {address}"),
        Step::Data => format!("{target} refused the mail"),
    };
    let text = text.replace(['\r', '\n'], " ");
    let mut message = format!("{what}: {code} {}", text.trim());
    if let Some(advice) = advice(step, code) {
        message.push_str("; ");
        message.push_str(advice);
    }
    let message = masker.mask(&message).into_owned();
    let mut error = if code >= 500 {
        SendError::permanent(message)
    } else {
        SendError::transient(message)
    };
    if matches!((step, code), (Step::Auth, 432)) {
        error.class = Class::Permanent;
    }
    error.status = Some(code);
    error.response = masker.mask(&text).into_owned();
    error
}

fn advice(step: &Step, code: u16) -> Option<&'static str> {
    Some(match (step, code) {
        (Step::Auth, 500..) => "check username and password of the service",
        (_, 530) => "set username and password of the service, on a port with TLS",
        (Step::Sender(_), 500..) => "set from of the service to an address that may send here",
        (Step::Recipient(_), 500..) => "correct the address in the subscription",
        (Step::Data, 552) => "shorten the body of the template",
        _ => return None,
    })
}
