//! Services whose delivery is one HTTP request to one endpoint: naming, masking and sending. Their
//! files have the options, the section of the template, the request, and what the answer means.

use super::endpoint::Endpoint;
use super::http::Answer;
use super::registry::BuildWarning;
use super::retry::RetryPolicy;
use super::{Notification, PreparedRequest, SendError, Sent, Service};
use crate::domain::{Destination, Masker};
use futures::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// What tells one of these types from another.
pub(super) trait OneRequest: Send + Sync + 'static {
    /// The type's name.
    const TYPE: &'static str;

    /// Where requests go.
    fn endpoint(&self) -> &Endpoint;

    /// The request of a notification, ready to be sent.
    ///
    /// # Errors
    /// No request can be made from this notification and destination.
    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<PreparedRequest, SendError>;

    /// What the answer means.
    fn understand(&self, answer: Answer, asked: &Asked<'_>) -> Result<Sent, SendError>;

    /// The service's own quick repetitions.
    fn retry(&self) -> RetryPolicy {
        RetryPolicy::ONCE
    }
}

/// What an answer is the answer to.
pub(super) struct Asked<'a> {
    pub(super) request: &'a PreparedRequest,
    pub(super) notification: &'a Notification,
    pub(super) to: &'a Destination,
}

struct Single<S> {
    name: String,
    warnings: Vec<BuildWarning>,
    service: S,
}

/// Makes a service of such a type.
pub(super) fn one_request<S: OneRequest>(
    name: &str,
    warnings: Vec<BuildWarning>,
    service: S,
) -> Arc<dyn Service> {
    Arc::new(Single {
        name: name.to_owned(),
        warnings,
        service,
    })
}

impl<S: OneRequest> Service for Single<S> {
    fn service_type(&self) -> &'static str {
        S::TYPE
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn masker(&self) -> &Masker {
        &self.service.endpoint().masker
    }

    fn warnings(&self) -> &[BuildWarning] {
        &self.warnings
    }

    fn prepare(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<Vec<PreparedRequest>, SendError> {
        Ok(vec![self.service.request(notification, to)?])
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async {
            let request = &self.service.request(notification, to)?;
            let answer = self.service.endpoint().execute(request).await?;
            let asked = Asked {
                request,
                notification,
                to,
            };
            self.service.understand(answer, &asked)
        })
    }

    fn retry(&self) -> RetryPolicy {
        self.service.retry()
    }
}

impl<S: OneRequest> fmt::Debug for Single<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(S::TYPE)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
