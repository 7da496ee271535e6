//! Pushover: push messages to the devices of a user or group.

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::one_request::{Asked, OneRequest, one_request};
use super::reference::{Reference, optional, required};
use super::registry::{BuildError, BuildWarning};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::Destination;
use crate::yaml::{self, Node};
use serde::Deserialize;
use std::sync::Arc;

/// The type's name.
pub(super) const TYPE: &str = "pushover";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Pushover",
    summary: "Push messages to the devices of a user or group.",
    recipient: "The key of a user or group: 30 letters and digits.",
    recipient_example: "uQiRzpo4DXghDmr9QzzfQu27cmVRsG",
    options: &[
        required(
            "token",
            "string",
            "The application's API token: 30 letters and digits.",
        ),
        optional(
            "apiUrl",
            "string",
            "Where the API is. Default: `https://api.pushover.net`.",
        ),
    ],
    transport: true,
    fields: &[],
    example: r#"data:
  service.pushover: |
    token: $pushover-token
  template.pod-ready: |
    message: Pod {{.pod.metadata.name}} is ready
"#,
    notes: &["A message of more than 1,024 characters is refused, not cut."],
};

/// Characters of a message that Pushover takes.
const LONGEST: usize = 1024;

/// The options of `service.pushover.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(default, rename = "services.PushoverOptions", rename_all = "camelCase")]
struct Options {
    /// The application's token: 30 letters and digits.
    token: String,
    /// `https://api.pushover.net` when empty.
    api_url: String,
}

struct Pushover {
    token: String,
    endpoint: Endpoint,
}

/// Makes a Pushover service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let token = options.token.trim();
    let mut warnings = transport_warnings(node)?;
    let help = "set token to the application's API token";
    if token.is_empty() {
        warnings.push(missing(node, "token", help));
    } else if !is_key(token) {
        warnings.push(BuildWarning {
            message: "token is not valid: it has 30 letters and digits".into(),
            position: node.get("token").map(|token| token.position),
            help: Some(help.into()),
        });
    }
    let url = match options.api_url.trim().trim_end_matches('/') {
        "" => "https://api.pushover.net",
        url => url,
    };
    let service = Pushover {
        endpoint: Endpoint::new(url, node, [token], context)?,
        token: token.to_owned(),
    };
    Ok(one_request(name, warnings, service))
}

/// The form of all keys: 30 letters and digits.
fn is_key(text: &str) -> bool {
    text.len() == 30 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl OneRequest for Pushover {
    const TYPE: &'static str = TYPE;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The request, after the checks that the original makes before it.
    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<PreparedRequest, SendError> {
        let message = notification.message.as_str();
        let problem = if self.token.is_empty() {
            "empty API token; set token of the service".to_owned()
        } else if !is_key(&self.token) {
            "invalid API token; it has 30 letters and digits".to_owned()
        } else if to.recipient.is_empty() {
            "empty recipient token; the recipient is a user or group key".to_owned()
        } else if !is_key(&to.recipient) {
            "invalid recipient token; user and group keys have 30 letters and digits".to_owned()
        } else if message.is_empty() {
            "message empty; set message of the template".to_owned()
        } else if message.chars().count() > LONGEST {
            format!(
                "message too long; it has {} characters, {LONGEST} are allowed",
                message.chars().count()
            )
        } else {
            let fields = [
                ("message", message),
                ("priority", "0"),
                ("token", self.token.as_str()),
                ("user", &to.recipient),
            ];
            let url = format!("{}/1/messages.json", self.endpoint.url);
            return self.endpoint.ready(PreparedRequest::post_form(url, fields));
        };
        Err(SendError::permanent(format!("pushover: {problem}")))
    }

    /// `status` of the answer tells; the HTTP status only from 500 on.
    fn understand(&self, answer: Answer, asked: &Asked<'_>) -> Result<Sent, SendError> {
        let request = asked.request;
        let masker = &self.endpoint.masker;
        if answer.status >= 500 {
            let message = format!(
                "pushover: http error {} {}",
                answer.status_text(),
                answer.quoted(masker)
            );
            return Err(answer.refused(message.trim_end(), request, masker));
        }
        let (answer, reply) = self.endpoint.reply(answer, request)?;
        if reply["status"].as_i64() == Some(1) {
            let id = reply["request"].as_str().map(|id| format!("request {id}"));
            return Ok(self.endpoint.sent(answer, id));
        }
        let mut message = "Errors:".to_owned();
        for error in reply["errors"].as_array().into_iter().flatten() {
            message.push('\n');
            message.push_str(error.as_str().unwrap_or_default());
        }
        Err(answer.refused(&message, request, masker))
    }
}
