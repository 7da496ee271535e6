//! Mattermost: posts by a bot over the REST API.

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::one_request::{Asked, OneRequest, one_request};
use super::reference::{Reference, optional, required};
use super::registry::BuildError;
use super::texts::{Field, Merge, Texts};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::Destination;
use crate::yaml::{self, Node};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The type's name.
pub(super) const TYPE: &str = "mattermost";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Mattermost",
    summary: "Posts by a bot account over the REST API, with attachments.",
    recipient: "The id of a channel, as the channel's menu shows it; not its name.",
    recipient_example: "4xp9fdt77pncbef59f4k1qe83o",
    options: &[
        required(
            "apiURL",
            "string",
            "The server's URL, without `/api/v4`: `https://mattermost.example.com`.",
        ),
        required("token", "string", "The bot's access token."),
    ],
    transport: true,
    fields: &[optional(
        "attachments",
        "template",
        "JSON list of attachments, in Slack's format.",
    )],
    example: r##"data:
  service.mattermost: |
    apiURL: https://mattermost.example.com
    token: $mattermost-token
  template.pod-ready: |
    message: Pod {{.pod.metadata.name}} is ready
    mattermost:
      attachments: |
        [{
          "title": {{.pod.metadata.name | toJson}},
          "color": "#18be52",
          "fields": [{"title": "Node", "value": {{.pod.spec.nodeName | toJson}}, "short": true}]
        }]
"##,
    notes: &["The bot must be a member of the channel's team."],
};

/// The options of `service.mattermost.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(default, rename = "services.MattermostOptions")]
struct Options {
    /// The server's URL, without `/api/v4`.
    #[serde(rename = "apiURL")]
    api_url: String,
    /// The bot's token.
    token: String,
}

/// The section `mattermost` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename = "services.MattermostNotification")]
pub struct MattermostNotification {
    /// JSON list of attachments, in Slack's format.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub attachments: String,
}

impl Texts for MattermostNotification {
    const TYPE: &'static str = TYPE;
    const MERGE: Merge = Merge::Always;
    const FIELDS: &'static [Field<Self>] = &[("attachments", |section| &mut section.attachments)];

    fn of(notification: &mut Notification) -> &mut Option<Self> {
        &mut notification.mattermost
    }
}

struct Mattermost {
    token: String,
    endpoint: Endpoint,
}

/// Makes a Mattermost service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let token = options.token.trim();
    let url = options.api_url.trim().trim_end_matches('/');
    let mut warnings = transport_warnings(node)?;
    if token.is_empty() {
        warnings.push(missing(
            node,
            "token",
            "set token to the bot's access token",
        ));
    }
    if url.is_empty() {
        warnings.push(missing(
            node,
            "apiURL",
            "set apiURL to the server's URL, https://…",
        ));
    }
    let service = Mattermost {
        endpoint: Endpoint::new(url, node, [token], context)?,
        token: token.to_owned(),
    };
    Ok(one_request(name, warnings, service))
}

/// A JSON list as it stands; an empty text is an empty list.
pub(super) fn attachments(text: &str) -> Result<Value, String> {
    if text.is_empty() {
        return Ok(json!([]));
    }
    let bad = |why: String| format!("failed to unmarshal attachments '{text}' : {why}");
    match serde_json::from_str(text) {
        Ok(value @ (Value::Array(_) | Value::Null)) => Ok(value),
        Ok(_) => Err(bad("a JSON list is needed: [{…}, …]".into())),
        Err(error) => Err(bad(error.to_string())),
    }
}

impl OneRequest for Mattermost {
    const TYPE: &'static str = TYPE;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<PreparedRequest, SendError> {
        let section = notification.mattermost.as_ref();
        let text = section.map_or("", |section| section.attachments.as_str());
        let attachments = attachments(text)
            .map_err(|why| SendError::permanent(self.endpoint.masker.mask(&why)))?;
        let body = json!({
            "channel_id": &*to.recipient,
            "message": notification.message,
            "props": {"attachments": attachments},
        });
        let url = format!("{}/api/v4/posts", self.endpoint.url);
        let mut request = PreparedRequest::post_json(url, &body);
        request.set_header("Authorization", format!("Bearer {}", self.token));
        self.endpoint.ready(request)
    }

    fn understand(&self, answer: Answer, asked: &Asked<'_>) -> Result<Sent, SendError> {
        if !(200..300).contains(&answer.status) {
            let advice = advice(answer.status, &answer.quoted(&self.endpoint.masker));
            let error = answer.into_error(asked.request, &self.endpoint.masker);
            return Err(error.advised(advice));
        }
        let reply = answer.json().unwrap_or_default();
        let id = reply["id"].as_str().map(|id| format!("post {id}"));
        Ok(self.endpoint.sent(answer, id))
    }
}

/// What to do about an answer with this status and text.
fn advice(status: u16, text: &str) -> Option<&'static str> {
    Some(match status {
        401 => "put the bot's access token under token of the service",
        403 | 404 if text.contains("<html") || text.contains("an HTML page") => {
            "apiURL must be the URL of the server, without /api/v4"
        }
        403 => {
            "the recipient must be the id of a channel, not its name, and the bot a member of it"
        }
        404 => "apiURL must be the URL of the server, without /api/v4",
        400 if text.contains("channel_id") => {
            "the recipient must be the id of a channel, as the channel's menu shows it"
        }
        400 | 413 if text.contains("length") || text.contains("too long") || status == 413 => {
            "shorten the message; Mattermost takes 16,383 characters"
        }
        _ => return None,
    })
}
