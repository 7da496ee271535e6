//! New Relic: deployment markers of APM applications, by the REST API v2.

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::one_request::{Asked, OneRequest, one_request};
use super::reference::{Reference, optional, required};
use super::registry::BuildError;
use super::request::path_segment;
use super::texts::{Field, Merge, Preset, Texts};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::Destination;
use crate::yaml::{self, Node};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;

/// The type's name.
pub(super) const TYPE: &str = "newrelic";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "New Relic",
    summary: "Deployment markers of APM applications: their charts show when which revision was \
              deployed.",
    recipient: "The id of the application, a number.",
    recipient_example: "123456789",
    options: &[
        required("apiKey", "string", "A user key, `NRAK-…`."),
        optional(
            "apiURL",
            "string",
            "Where the API is; `https://api.eu.newrelic.com` for accounts in the EU. Default: \
             `https://api.newrelic.com`.",
        ),
    ],
    transport: true,
    fields: &[
        optional(
            "revision",
            "template",
            "What was deployed. Default: the revision that an Argo CD application was synced to, \
             `{{.app.status.operationState.syncResult.revision}}`.",
        ),
        optional(
            "changelog",
            "template",
            "What has changed. Default: the commit's message, which only Argo CD can tell; \
             elsewhere the field must be set.",
        ),
        optional(
            "user",
            "template",
            "Who deployed it. Default: the commit's author, which only Argo CD can tell; \
             elsewhere the field must be set.",
        ),
        optional(
            "description",
            "template",
            "Shown with the marker. Default: the message.",
        ),
    ],
    example: r#"data:
  service.newrelic: |
    apiKey: $newrelic-api-key
  template.deployment-available: |
    message: Deployment {{.deployment.metadata.name}} is available
    newrelic:
      revision: '{{(index .deployment.spec.template.spec.containers 0).image}}'
      changelog: Generation {{.deployment.metadata.generation}}
      user: kubechime
"#,
    notes: &["The template needs the section `newrelic`; a message alone is not sent."],
};

/// The options of `service.newrelic.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(default, rename = "services.NewrelicOptions", rename_all = "camelCase")]
struct Options {
    /// A user key.
    api_key: String,
    /// `https://api.newrelic.com` when empty.
    #[serde(rename = "apiURL")]
    api_url: String,
}

/// The section `newrelic` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename = "services.NewrelicNotification")]
pub struct NewRelicNotification {
    /// What was deployed.
    pub revision: String,
    /// What has changed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub changelog: String,
    /// Shown with the marker, instead of the message.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Who deployed it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
}

impl Texts for NewRelicNotification {
    const TYPE: &'static str = TYPE;
    const MERGE: Merge = Merge::Always;
    const FIELDS: &'static [Field<Self>] = &[
        ("revision", |section| &mut section.revision),
        ("changelog", |section| &mut section.changelog),
        ("user", |section| &mut section.user),
        ("description", |section| &mut section.description),
    ];
    const PRESETS: &'static [Preset] = &[
        (
            "revision",
            "{{.app.status.operationState.syncResult.revision}}",
            "set newrelic.revision of the template",
        ),
        (
            "changelog",
            "{{(call .repo.GetCommitMetadata .app.status.sync.revision).Message}}",
            "set newrelic.changelog of the template: only Argo CD knows the commit's message",
        ),
        (
            "user",
            "{{(call .repo.GetCommitMetadata .app.status.sync.revision).Author}}",
            "set newrelic.user of the template: only Argo CD knows the commit's author",
        ),
    ];

    fn of(notification: &mut Notification) -> &mut Option<Self> {
        &mut notification.newrelic
    }
}

struct NewRelic {
    key: String,
    endpoint: Endpoint,
}

/// Makes a New Relic service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let key = options.api_key.trim();
    let mut warnings = transport_warnings(node)?;
    if key.is_empty() {
        warnings.push(missing(node, "apiKey", "set apiKey to a user key, NRAK-…"));
    }
    let url = match options.api_url.trim() {
        "" => "https://api.newrelic.com",
        url => url.strip_suffix('/').unwrap_or(url),
    };
    let service = NewRelic {
        endpoint: Endpoint::new(url, node, [key], context)?,
        key: key.to_owned(),
    };
    Ok(one_request(name, warnings, service))
}

impl OneRequest for NewRelic {
    const TYPE: &'static str = TYPE;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<PreparedRequest, SendError> {
        if self.key.is_empty() {
            return Err(SendError::permanent(
                "apiKey is missing; set apiKey of the service to a user key, NRAK-…",
            ));
        }
        let Some(section) = &notification.newrelic else {
            return Err(SendError::permanent(
                "config is missing; give the template a section newrelic",
            ));
        };
        let description = match section.description.as_str() {
            "" => &notification.message,
            _ => &section.description,
        };
        let mut deployment = json!({"revision": section.revision});
        for (name, text) in [
            ("changelog", &section.changelog),
            ("description", description),
            ("user", &section.user),
        ] {
            if !text.is_empty() {
                deployment[name] = text.as_str().into();
            }
        }
        let url = format!(
            "{}/v2/applications/{}/deployments.json",
            self.endpoint.url,
            path_segment(&to.recipient)
        );
        let mut request = PreparedRequest::post_json(url, &json!({"deployment": deployment}));
        request.set_header("X-Api-Key", self.key.as_str());
        self.endpoint.ready(request)
    }

    fn understand(&self, answer: Answer, asked: &Asked<'_>) -> Result<Sent, SendError> {
        if !(200..300).contains(&answer.status) {
            let advice = advice(answer.status);
            let error = answer.into_error(asked.request, &self.endpoint.masker);
            return Err(error.advised(advice));
        }
        let id = answer
            .json()
            .and_then(|reply| reply["deployment"]["id"].as_i64());
        let detail = id.map(|id| format!("deployment {id}"));
        Ok(self.endpoint.sent(answer, detail))
    }
}

/// What to do about an answer with this status.
fn advice(status: u16) -> Option<&'static str> {
    match status {
        401 | 403 => Some(
            "put a valid user key under apiKey, and set apiURL to https://api.eu.newrelic.com if \
             the account is in the EU",
        ),
        404 => Some("correct the recipient: it must be the id of an application"),
        _ => None,
    }
}
