//! Notification services: what they are made from, what they send, and how it ends.
//!
//! One file per service type, with its options, its section of the notification template, and its
//! requests; `registry` lists them. Common to all are the rendering of templates into a
//! [`Notification`], the [`PreparedRequest`] that dry runs and screens show, the HTTP client, and
//! the classes of errors. *When* something is sent, and again, is the engine's business; only the
//! short series that some services of the original have of their own is here (`retry`). The catalog
//! makes services and templates from the ConfigMap, the engine renders and sends.

mod console;
mod context;
mod endpoint;
mod error;
mod googlechat;
mod http;
mod mattermost;
mod notification;
mod pushover;
mod registry;
mod request;
pub mod retry;
mod rocketchat;
mod setting;
mod slack;
mod teams;
mod teams_workflows;
mod telegram;
mod template;
mod texts;
mod webex;
mod webhook;

pub use self::http::ClientPool;
pub use console::Console;
pub use context::{CertificateResolver, ServiceContext, Timeouts};
pub use error::{Class, SendError, Sent};
pub use googlechat::GoogleChatNotification;
pub use mattermost::MattermostNotification;
pub use notification::Notification;
pub use registry::{BuildError, BuildWarning, build, known_types};
pub use request::{PreparedRequest, shown_url};
pub use retry::{MAX_RETRY_AFTER, Progress, RetryPolicy, send_series};
pub use rocketchat::RocketChatNotification;
pub use slack::{DeliveryPolicy, SlackNotification, ThreadMemory};
pub use teams::TeamsNotification;
pub use teams_workflows::TeamsWorkflowsNotification;
pub use template::{NotificationTemplate, RenderError, SectionError, add_destination, render};
pub use webhook::WebhookNotification;

use crate::domain::{Destination, Masker};
use futures::future::BoxFuture;
use std::fmt::Debug;

/// A configured way to send. Its `Debug` form shows no secrets.
pub trait Service: Send + Sync + Debug {
    /// The type, as in `service.<type>.<name>`.
    fn service_type(&self) -> &'static str;

    /// The name that destinations use.
    fn name(&self) -> &str;

    /// Masks all secrets that this service knows: those of the Secret and those that stand in its
    /// options.
    fn masker(&self) -> &Masker {
        static NONE: std::sync::LazyLock<Masker> = std::sync::LazyLock::new(Masker::default);
        &NONE
    }

    /// What was doubtful when it was made.
    fn warnings(&self) -> &[BuildWarning] {
        &[]
    }

    /// The exact requests that [`Service::send`] makes, without making them.
    ///
    /// # Errors
    /// No request can be made from this notification and destination.
    fn prepare(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<Vec<PreparedRequest>, SendError>;

    /// Sends, once, within the time limits of its options.
    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>>;

    /// The service's own quick repetitions: see [`retry`].
    fn retry(&self) -> RetryPolicy {
        RetryPolicy::ONCE
    }
}
