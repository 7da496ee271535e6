//! How a sending ends, and how it fails.

use std::time::Duration;

/// A notification that the service accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The service's status code, where it has one.
    pub status: Option<u16>,
    /// The service's own id or link of the message, or its status in words.
    pub detail: String,
    /// The answer's text, cut, masked.
    pub response: String,
}

/// What a failure means for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// May go well later: no connection, a time-out, an overloaded or broken server.
    Transient {
        /// How long the service asked to wait.
        retry_after: Option<Duration>,
    },
    /// Will not go well until somebody changes something.
    Permanent,
    /// Nothing was delivered, and nothing is to be repeated: the notification counts as sent.
    Handled,
}

/// A notification that was not accepted. No secrets in any of its texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    /// What it means for what comes next.
    pub class: Class,
    /// What failed, why, and what to do.
    pub message: String,
    /// The service's status code; `None` when there was no answer.
    pub status: Option<u16>,
    /// The answer's text, cut, masked.
    pub response: String,
    /// Method and URL of the request, masked; empty when it did not come to a request.
    pub subject: String,
}

impl SendError {
    /// A failure that repeating does not mend.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(Class::Permanent, message)
    }

    /// A failure that may pass.
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(Class::Transient { retry_after: None }, message)
    }

    fn new(class: Class, message: impl Into<String>) -> Self {
        Self {
            class,
            message: message.into(),
            status: None,
            response: String::new(),
            subject: String::new(),
        }
    }

    /// The same, about this request.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// The same, with what to do about it, where there is something to say.
    #[must_use]
    pub(super) fn advised(mut self, advice: Option<&str>) -> Self {
        if let Some(advice) = advice {
            self.message.push_str("; ");
            self.message.push_str(advice);
        }
        self
    }

    /// Whether a later try may go well.
    pub fn is_transient(&self) -> bool {
        matches!(self.class, Class::Transient { .. })
    }

    /// How long the service asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.class {
            Class::Transient { retry_after } => retry_after,
            Class::Permanent | Class::Handled => None,
        }
    }
}
