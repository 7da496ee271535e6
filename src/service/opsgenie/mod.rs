//! Opsgenie: alerts for teams, by the Alert API.

mod section;

pub(super) use section::section;
pub use section::{OpsgenieNotification, OpsgenieResponder};

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::one_request::{Asked, OneRequest, one_request};
use super::reference::{Reference, optional, required};
use super::registry::{BuildError, BuildWarning};
use super::retry::RetryPolicy;
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::Destination;
use crate::yaml::{self, Node};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The type's name.
pub(super) const TYPE: &str = "opsgenie";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Opsgenie",
    summary: "Alerts for a team. Opsgenie takes them in and works on them later; what becomes of \
              them is not asked for.",
    recipient: "A key of `apiKeys`, which is also the id of the team that is to respond.",
    recipient_example: "0d1c9a5e-3c4b-4f6c-9d0e-5b7a1c2d3e4f",
    options: &[
        required(
            "apiKeys",
            "map of strings",
            "The key of an API integration for each recipient. The keys are secrets.",
        ),
        optional(
            "apiUrl",
            "string",
            "Host or URL of the API; `api.eu.opsgenie.com` for accounts in the EU. Default: \
             `api.opsgenie.com`.",
        ),
    ],
    transport: true,
    fields: &[
        required(
            "description",
            "template",
            "The alert's long text. The message is its title.",
        ),
        optional(
            "priority",
            "template",
            "`P1` to `P5`. Default: `P3`, by Opsgenie.",
        ),
        optional(
            "alias",
            "template",
            "Alerts with the same alias are one. Default: each is one of its own.",
        ),
        optional("note", "template", "A note that is added to the alert."),
        optional(
            "actions",
            "list of templates",
            "Names of actions that can be run from the alert.",
        ),
        optional("tags", "list of templates", "Tags of the alert."),
        optional(
            "details",
            "map of templates",
            "Further properties of the alert.",
        ),
        optional("entity", "template", "What the alert is about."),
        optional(
            "visibleTo",
            "list",
            "Teams and users that see the alert beside the one that responds.",
        ),
        optional("visibleTo[].type", "template", "`team` or `user`."),
        optional("visibleTo[].id", "template", "The team's or user's id."),
        optional("visibleTo[].name", "template", "The team's name."),
        optional(
            "visibleTo[].username",
            "template",
            "The user's e-mail address.",
        ),
        optional("user", "template", "In whose name the alert is made."),
    ],
    example: r#"data:
  service.opsgenie: |
    apiKeys:
      0d1c9a5e-3c4b-4f6c-9d0e-5b7a1c2d3e4f: $opsgenie-key-ops
  template.pod-failed: |
    message: Pod {{.pod.metadata.name}} has failed
    opsgenie:
      description: '{{.pod.status.message}}'
      alias: '{{.pod.metadata.uid}}'
      priority: P2
      tags: [kubernetes, '{{.pod.metadata.namespace}}']
"#,
    notes: &[
        "Opsgenie takes 130 characters of the message.",
        "Without the section `opsgenie` the alert has only the message.",
        "What fails without an answer, with 429 or 5xx is repeated four times, after 1, 2, 4 and \
         8 seconds or as Opsgenie says.",
    ],
};

/// Characters of a message that Opsgenie takes.
const LONGEST: usize = 130;

/// The options of `service.opsgenie.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(default, rename = "services.OpsgenieOptions", rename_all = "camelCase")]
struct Options {
    /// Host or URL; `api.opsgenie.com` when empty.
    api_url: String,
    /// Keys of API integrations by recipient.
    api_keys: BTreeMap<String, String>,
}

struct Opsgenie {
    keys: BTreeMap<String, String>,
    endpoint: Endpoint,
}

/// Makes an Opsgenie service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let mut warnings = transport_warnings(node)?;
    if options.api_keys.is_empty() {
        let help = "map the id of each team to the key of its API integration";
        warnings.push(missing(node, "apiKeys", help));
    }
    let trimmed = options.api_keys.into_iter();
    let keys: BTreeMap<String, String> = trimmed
        .map(|(recipient, key)| (recipient, key.trim().to_owned()))
        .collect();
    let url = base_url(options.api_url.trim());
    if is_plain_abroad(&url) {
        warnings.push(BuildWarning {
            message: format!("apiUrl: the keys go unencrypted to {url}"),
            position: node.get("apiUrl").map(|url| url.position),
            help: Some("write the URL with its scheme, https://…".into()),
        });
    }
    let secrets = keys.values().map(String::as_str);
    let service = Opsgenie {
        endpoint: Endpoint::new(&url, node, secrets, context)?,
        keys,
    };
    Ok(one_request(name, warnings, service))
}

/// The API's URL. A host alone is asked over https, or over http when its name has no `api` in it,
/// as in the original.
fn base_url(text: &str) -> String {
    let text = text.trim_end_matches('/');
    if text.is_empty() {
        return "https://api.opsgenie.com".to_owned();
    }
    if text.contains("://") {
        return text.to_owned();
    }
    let scheme = if text.contains("api") {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{text}")
}

/// Whether requests leave the machine without encryption.
fn is_plain_abroad(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| {
        let host = url.host_str().unwrap_or_default();
        let is_here = matches!(host, "localhost" | "[::1]") || host.starts_with("127.");
        url.scheme() == "http" && !is_here
    })
}

impl OneRequest for Opsgenie {
    const TYPE: &'static str = TYPE;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<PreparedRequest, SendError> {
        let recipient = &*to.recipient;
        let key = match self.keys.get(recipient).map(String::as_str) {
            Some("") => {
                return Err(SendError::permanent(format!(
                    "the API key of recipient {recipient} is empty; set apiKeys.{recipient}"
                )));
            }
            Some(key) => key,
            None => {
                let known: Vec<&str> = self.keys.keys().map(String::as_str).collect();
                return Err(SendError::permanent(format!(
                    "no API key configured for recipient {recipient}; apiKeys has: {}",
                    known.join(", ")
                )));
            }
        };
        let mut alert = match &notification.opsgenie {
            Some(section) if section.description.is_empty() => {
                return Err(SendError::permanent(
                    "opsgenie notification description is missing; set opsgenie.description of \
                     the template",
                ));
            }
            Some(section) => serde_json::to_value(section).unwrap_or_default(),
            None => json!({}),
        };
        if notification.message.is_empty() {
            return Err(SendError::permanent(
                "message can not be empty; set message of the template",
            ));
        }
        alert["message"] = notification.message.as_str().into();
        alert["responders"] = json!([{"type": "team", "id": recipient}]);
        alert["source"] = "Argo CD".into();
        let url = format!("{}/v2/alerts", self.endpoint.url);
        let mut request = PreparedRequest::post_json(url, &alert);
        request.set_header("Content-Type", "application/json; charset=utf-8");
        request.set_header("Accept", "application/json");
        request.set_header("Authorization", format!("GenieKey {key}"));
        self.endpoint.ready(request)
    }

    /// Everything below 400 with JSON is a success: the alert was taken in.
    fn understand(&self, answer: Answer, asked: &Asked<'_>) -> Result<Sent, SendError> {
        let (request, notification, to) = (asked.request, asked.notification, asked.to);
        let masker = &self.endpoint.masker;
        let reply = answer.json().filter(Value::is_object);
        if answer.status < 400 {
            let Some(reply) = reply else {
                let mut error = self.endpoint.no_json(answer, request);
                error.message = format!("Response could not be parsed, {}", error.message);
                return Err(error);
            };
            let id = reply["requestId"].as_str();
            let detail = id.map(|id| format!("request {id}"));
            return Ok(self.endpoint.sent(answer, detail));
        }
        let field = |name: &str| match &reply {
            Some(reply) => reply[name].as_str().unwrap_or_default().to_owned(),
            None => String::new(),
        };
        let said = match &reply {
            Some(_) => field("message"),
            None => answer.quoted(masker),
        };
        let took = reply.as_ref().and_then(|reply| reply["took"].as_f64());
        let mut message = format!(
            "Error occurred with Status code: {}, Message: {said}, Took: {:.6}, RequestId: {}",
            answer.status,
            took.unwrap_or_default(),
            field("requestId")
        );
        if let Some(kind) = answer.header("X-Opsgenie-Errortype") {
            message.push_str(&format!(", Error Header: {kind}"));
        }
        if let Some(errors) = reply.as_ref().and_then(|reply| reply.get("errors")) {
            message.push_str(&format!(", Error Detail: {errors}"));
        }
        let length = notification.message.chars().count();
        match answer.status {
            400 | 422 if length > LONGEST => message.push_str(&format!(
                "; shorten the message: it has {length} characters, {LONGEST} are allowed"
            )),
            401 | 403 => message.push_str(&format!(
                "; put the key of an API integration under apiKeys.{}, and set apiUrl to \
                 api.eu.opsgenie.com if the account is in the EU",
                to.recipient
            )),
            422 => message.push_str(&format!(
                "; correct the recipient '{}', which must be the id of a team, or the section \
                 opsgenie of the template",
                to.recipient
            )),
            _ => {}
        }
        Err(answer.refused(&message, request, masker))
    }

    fn retry(&self) -> RetryPolicy {
        RetryPolicy {
            attempts: 5,
            wait_min: Duration::from_secs(1),
            wait_max: Duration::from_secs(30),
            jitter: 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_a_host_or_a_url() {
        for (text, url, plain) in [
            ("", "https://api.opsgenie.com", false),
            ("api.eu.opsgenie.com", "https://api.eu.opsgenie.com", false),
            (
                "https://api.eu.opsgenie.com/",
                "https://api.eu.opsgenie.com",
                false,
            ),
            ("127.0.0.1:8080", "http://127.0.0.1:8080", false),
            ("alerts.example.com", "http://alerts.example.com", true),
            ("http://localhost/x/", "http://localhost/x", false),
        ] {
            assert_eq!(base_url(text), url);
            assert_eq!(is_plain_abroad(url), plain, "{url}");
        }
    }
}
