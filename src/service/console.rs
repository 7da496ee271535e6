//! The service that prints: `template notify` on the command line, not creatable by configuration.

use super::reference::Reference;
use super::{Notification, PreparedRequest, SendError, Sent, Service};
use crate::domain::Destination;
use futures::future::BoxFuture;
use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// The type's name.
pub const TYPE: &str = "console";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Console",
    summary: "Prints the notification as YAML, the sections for all services in it. It cannot be \
              configured: `kubechime template notify` uses it unless told otherwise.",
    recipient: "Not looked at; `stdout` by custom.",
    recipient_example: "stdout",
    options: &[],
    transport: false,
    fields: &[],
    example: "",
    notes: &[],
};

/// Prints every notification as YAML, all sections of it. The recipient means nothing.
pub struct Console {
    name: String,
    out: Mutex<Box<dyn Write + Send>>,
}

impl Console {
    /// A console service of this name that prints to `out`.
    pub fn new(name: impl Into<String>, out: Box<dyn Write + Send>) -> Self {
        Self {
            name: name.into(),
            out: Mutex::new(out),
        }
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Service for Console {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn prepare(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<Vec<PreparedRequest>, SendError> {
        let mut request = PreparedRequest::new("PRINT", &*to.recipient);
        request.body = notification.to_yaml().into_bytes();
        Ok(vec![request])
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        _: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async {
            let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
            let text = notification.to_yaml();
            out.write_all(text.as_bytes())
                .and_then(|()| out.flush())
                .map_err(|error| SendError::permanent(format!("cannot print: {error}")))?;
            Ok(Sent::default())
        })
    }
}
