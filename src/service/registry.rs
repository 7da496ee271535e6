//! The service types, and how a service is made from its configuration.

#[cfg(feature = "email")]
use super::EmailNotification;
#[cfg(feature = "awssqs")]
use super::awssqs;
#[cfg(feature = "email")]
use super::email;
#[cfg(feature = "gcppubsub")]
use super::gcppubsub;
#[cfg(feature = "nats")]
use super::nats;
use super::reference::Reference;
use super::template::{Compiler, Section};
use super::texts::section;
use super::{
    GoogleChatNotification, MattermostNotification, RocketChatNotification, SlackNotification,
    TeamsNotification, TeamsWorkflowsNotification,
};
use super::{NewRelicNotification, PagerDutyNotification, PagerDutyV2Notification};
use super::{Notification, Service, ServiceContext};
use super::{alertmanager, github, grafana, newrelic, opsgenie, pagerduty, pagerdutyv2};
use super::{
    googlechat, mattermost, pushover, rocketchat, slack, teams, teams_workflows, telegram, webex,
    webhook,
};
use crate::domain::Position;
use crate::yaml::{self, Node};
use std::sync::Arc;

/// Makes the service of this name from its options.
type Build = fn(&str, &Node, &ServiceContext) -> Result<Arc<dyn Service>, BuildError>;

/// Compiles a section; mistakes are left with the compiler, and the texts in the notification.
type CompileSection = fn(&Node, &mut Compiler<'_>, &mut Notification) -> Option<Box<dyn Section>>;

/// A service type: its options, and its section of the template.
pub(super) struct ServiceType {
    /// The word after `service.`, and the key of the section.
    pub(super) name: &'static str,
    /// Makes a service from its options.
    pub(super) build: Build,
    /// Compiles the template's section, and shows its texts unrendered; `None` for types that
    /// only send the message.
    pub(super) section: Option<CompileSection>,
    /// What it takes, in words.
    pub(super) reference: &'static Reference,
}

/// All types, in the order in which their sections are rendered.
#[rustfmt::skip]
pub(super) const TYPES: &[ServiceType] = &[
    #[cfg(feature = "awssqs")]
    row(awssqs::TYPE, awssqs::build, Some(awssqs::section), &awssqs::REFERENCE),
    #[cfg(feature = "gcppubsub")]
    row(gcppubsub::TYPE, gcppubsub::build, Some(gcppubsub::section), &gcppubsub::REFERENCE),
    row(slack::TYPE, slack::build, Some(section::<SlackNotification>), &slack::REFERENCE),
    row(mattermost::TYPE, mattermost::build, Some(section::<MattermostNotification>), &mattermost::REFERENCE),
    row(rocketchat::TYPE, rocketchat::build, Some(section::<RocketChatNotification>), &rocketchat::REFERENCE),
    #[cfg(feature = "email")]
    row(email::TYPE, email::build, Some(section::<EmailNotification>), &email::REFERENCE),
    row(webhook::TYPE, webhook::build, Some(webhook::section), &webhook::REFERENCE),
    row(opsgenie::TYPE, opsgenie::build, Some(opsgenie::section), &opsgenie::REFERENCE),
    row(github::TYPE, github::build, Some(github::section), &github::REFERENCE),
    row(teams::TYPE, teams::build, Some(section::<TeamsNotification>), &teams::REFERENCE),
    row(teams_workflows::TYPE, teams_workflows::build, Some(section::<TeamsWorkflowsNotification>), &teams_workflows::REFERENCE),
    row(alertmanager::TYPE, alertmanager::build, Some(alertmanager::section), &alertmanager::REFERENCE),
    row(googlechat::TYPE, googlechat::build, Some(section::<GoogleChatNotification>), &googlechat::REFERENCE),
    row(pagerduty::TYPE, pagerduty::build, Some(section::<PagerDutyNotification>), &pagerduty::REFERENCE),
    row(pagerdutyv2::TYPE, pagerdutyv2::build, Some(section::<PagerDutyV2Notification>), &pagerdutyv2::REFERENCE),
    row(newrelic::TYPE, newrelic::build, Some(section::<NewRelicNotification>), &newrelic::REFERENCE),
    #[cfg(feature = "nats")]
    row(nats::TYPE, nats::build, None, &nats::REFERENCE),
    row(grafana::TYPE, grafana::build, None, &grafana::REFERENCE),
    row(pushover::TYPE, pushover::build, None, &pushover::REFERENCE),
    row(telegram::TYPE, telegram::build, None, &telegram::REFERENCE),
    row(webex::TYPE, webex::build, None, &webex::REFERENCE),
];

/// The types whose libraries were left out of this build: type and cargo feature have one name.
pub(super) const LEFT_OUT: &[&str] = &[
    #[cfg(not(feature = "awssqs"))]
    "awssqs",
    #[cfg(not(feature = "email"))]
    "email",
    #[cfg(not(feature = "gcppubsub"))]
    "gcppubsub",
    #[cfg(not(feature = "nats"))]
    "nats",
];

const fn row(
    name: &'static str,
    build: Build,
    section: Option<CompileSection>,
    reference: &'static Reference,
) -> ServiceType {
    ServiceType {
        name,
        build,
        section,
        reference,
    }
}

/// Why a service cannot be made from its configuration. No secrets in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BuildError {
    /// What is wrong, in the original's words where it has some.
    pub message: String,
    /// Where in the YAML text.
    pub position: Option<Position>,
    /// What to do, where there is something to say.
    pub help: Option<String>,
}

impl From<yaml::Error> for BuildError {
    fn from(error: yaml::Error) -> Self {
        Self {
            message: error.original(),
            position: error.position,
            help: None,
        }
    }
}

/// Something that will make sendings fail or is not as it seems, found when the service was made.
/// The original says nothing then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildWarning {
    /// What is doubtful.
    pub message: String,
    /// Where in the YAML text.
    pub position: Option<Position>,
    /// What to do, where there is something to say.
    pub help: Option<String>,
}

/// The names of all types that can be configured.
pub fn known_types() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|service_type| service_type.name)
}

/// Makes the service `name` of this type. `options` are the YAML of its key, with the `$secret`s
/// put in.
///
/// # Errors
/// An unknown type, or options that do not fit it.
pub fn build(
    service_type: &str,
    name: &str,
    options: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    match TYPES.iter().find(|known| known.name == service_type) {
        Some(known) => (known.build)(name, options, context).map_err(|mut error| {
            error.message = context.masker.mask(&error.message).into_owned();
            error
        }),
        None => Err(unknown(service_type, LEFT_OUT)),
    }
}

/// The error of a type that this build does not have.
fn unknown(service_type: &str, left_out: &[&str]) -> BuildError {
    let (message, help) = if left_out.contains(&service_type) {
        (
            format!(
                "service type '{service_type}' was left out of this build (cargo feature \
                 '{service_type}')"
            ),
            "use a build that has it".to_owned(),
        )
    } else {
        let types: Vec<&str> = known_types().collect();
        (
            format!("service type '{service_type}' is not supported"),
            format!("supported types: {}", types.join(", ")),
        )
    };
    BuildError {
        message,
        position: None,
        help: Some(help),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_were_left_out_are_told_from_those_that_do_not_exist() {
        let error = unknown("email", &["email"]);
        assert_eq!(
            error.message,
            "service type 'email' was left out of this build (cargo feature 'email')"
        );
        let error = unknown("pigeon", &["email"]);
        assert_eq!(error.message, "service type 'pigeon' is not supported");
        assert!(error.help.is_some_and(|help| help.contains("webhook")));
    }

    #[test]
    fn every_type_is_either_there_or_left_out() {
        for name in ["awssqs", "email", "gcppubsub", "nats"] {
            let known = known_types().any(|known| known == name);
            assert_ne!(known, LEFT_OUT.contains(&name), "{name}");
        }
    }
}
