//! Where a notification goes.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A service, by the name it is configured under, and a recipient within it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Destination {
    /// Service *name* (the last part of `service.<type>.<name>`), not its type.
    pub service: Arc<str>,
    /// Recipient; empty is a valid value, usual for webhooks.
    pub recipient: Arc<str>,
}

impl Destination {
    /// A destination from its two parts.
    pub fn new(service: impl Into<Arc<str>>, recipient: impl Into<Arc<str>>) -> Self {
        Self {
            service: service.into(),
            recipient: recipient.into(),
        }
    }

    /// Reads `service:recipient`, split at the first colon only; without a colon the recipient is
    /// empty. (The original drops everything after a second colon, so that URLs were cut.)
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some((service, recipient)) => Self::new(service, recipient),
            None => Self::new(text, ""),
        }
    }

    /// `service:recipient`, as it is typed and shown; just the service when there is no recipient.
    pub fn label(&self) -> String {
        if self.recipient.is_empty() {
            self.service.to_string()
        } else {
            format!("{}:{}", self.service, self.recipient)
        }
    }
}

/// The form of the original's log lines: `{service recipient}`.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{} {}}}", self.service, self.recipient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_first_colon_only() {
        let cases = [
            ("slack:a:b", "slack", "a:b"),
            ("webhook:https://x/y", "webhook", "https://x/y"),
            ("gh", "gh", ""),
            (":x", "", "x"),
        ];
        for (text, service, recipient) in cases {
            assert_eq!(
                Destination::parse(text),
                Destination::new(service, recipient),
                "{text}"
            );
        }
    }

    #[test]
    fn prints_as_the_original_logs_it() {
        assert_eq!(Destination::new("gh", "").to_string(), "{gh }");
        assert_eq!(Destination::new("slack", "ops").to_string(), "{slack ops}");
    }
}
