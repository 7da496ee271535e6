//! Notification services: what they are made from, what they send, and how it ends.
//!
//! One file per service type, with its options, its section of the notification template, and its
//! requests; `registry` lists them. Common to all are the rendering of templates into a
//! [`Notification`], the [`PreparedRequest`] that dry runs and screens show, the HTTP client, and
//! the classes of errors. *When* something is sent, and again, is the engine's business; only the
//! short series that some services of the original have of their own is here (`retry`). The catalog
//! makes services and templates from the ConfigMap, the engine renders and sends.

mod alertmanager;
#[cfg(feature = "awssqs")]
mod awssqs;
mod console;
mod context;
#[cfg(feature = "email")]
mod email;
mod endpoint;
mod error;
#[cfg(feature = "gcppubsub")]
mod gcppubsub;
mod github;
mod googlechat;
mod grafana;
mod http;
mod mattermost;
#[cfg(feature = "nats")]
mod nats;
mod newrelic;
mod notification;
mod one_request;
mod opsgenie;
mod pagerduty;
mod pagerdutyv2;
mod parts;
mod per_recipient;
mod pushover;
mod reference;
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
mod trial;
mod webex;
mod webhook;

pub use self::http::ClientPool;
pub use alertmanager::AlertmanagerNotification;
#[cfg(feature = "awssqs")]
pub use awssqs::AwsSqsNotification;
pub use console::Console;
pub use context::{CertificateResolver, Environment, ServiceContext, Timeouts};
#[cfg(feature = "email")]
pub use email::EmailNotification;
pub use error::{Class, SendError, Sent};
#[cfg(feature = "gcppubsub")]
pub use gcppubsub::GcpPubSubNotification;
pub use github::{
    GitHubCheckRun, GitHubCheckRunOutput, GitHubDeployment, GitHubNotification,
    GitHubPullRequestComment, GitHubRepositoryDispatch, GitHubStatus,
};
pub use googlechat::GoogleChatNotification;
pub use mattermost::MattermostNotification;
pub use newrelic::NewRelicNotification;
pub use notification::Notification;
pub use opsgenie::{OpsgenieNotification, OpsgenieResponder};
pub use pagerduty::PagerDutyNotification;
pub use pagerdutyv2::PagerDutyV2Notification;
pub use reference::{Field, Reference, TRANSPORT, UnknownKey, reference};
pub use registry::{BuildError, BuildWarning, build, known_types};
pub use request::{PreparedRequest, shown_url};
pub use retry::{MAX_RETRY_AFTER, Progress, RetryPolicy, send_series};
pub use rocketchat::RocketChatNotification;
pub use slack::{DeliveryPolicy, SlackNotification, ThreadMemory};
pub use teams::TeamsNotification;
pub use teams_workflows::TeamsWorkflowsNotification;
pub use template::{NotificationTemplate, RenderError, SectionError, add_destination, render};
pub use trial::trial;
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
