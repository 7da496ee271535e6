//! The service types, and how a service is made from its configuration.

use super::template::{Compiler, Section};
use super::texts::section;
use super::{
    GoogleChatNotification, MattermostNotification, RocketChatNotification, SlackNotification,
    TeamsNotification, TeamsWorkflowsNotification,
};
use super::{Notification, Service, ServiceContext};
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
}

/// All types, in the order in which their sections are rendered.
#[rustfmt::skip]
pub(super) const TYPES: &[ServiceType] = &[
    row(slack::TYPE, slack::build, Some(section::<SlackNotification>)),
    row(mattermost::TYPE, mattermost::build, Some(section::<MattermostNotification>)),
    row(rocketchat::TYPE, rocketchat::build, Some(section::<RocketChatNotification>)),
    row(webhook::TYPE, webhook::build, Some(webhook::section)),
    row(teams::TYPE, teams::build, Some(section::<TeamsNotification>)),
    row(teams_workflows::TYPE, teams_workflows::build, Some(section::<TeamsWorkflowsNotification>)),
    row(googlechat::TYPE, googlechat::build, Some(section::<GoogleChatNotification>)),
    row(pushover::TYPE, pushover::build, None),
    row(telegram::TYPE, telegram::build, None),
    row(webex::TYPE, webex::build, None),
];

const fn row(name: &'static str, build: Build, section: Option<CompileSection>) -> ServiceType {
    ServiceType {
        name,
        build,
        section,
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
        None => Err(BuildError {
            message: format!("service type '{service_type}' is not supported"),
            position: None,
            help: Some(format!(
                "supported types: {}",
                known_types().collect::<Vec<_>>().join(", ")
            )),
        }),
    }
}
