//! Webex: messages by a bot to rooms and people.

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::one_request::{Asked, OneRequest, one_request};
use super::reference::{Reference, optional, required};
use super::registry::BuildError;
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::Destination;
use crate::yaml::{self, Node};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// The type's name.
pub(super) const TYPE: &str = "webex";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Webex",
    summary: "Messages by a bot to rooms and people, in Markdown.",
    recipient: "The e-mail address of a person, or the id of a room.",
    recipient_example: "ops@example.com",
    options: &[
        required("token", "string", "The bot's access token."),
        optional(
            "apiURL",
            "string",
            "Where the API is. Default: `https://webexapis.com`.",
        ),
    ],
    transport: true,
    fields: &[],
    example: r#"data:
  service.webex: |
    token: $webex-token
  template.pod-ready: |
    message: Pod **{{.pod.metadata.name}}** is ready
"#,
    notes: &[],
};

/// The options of `service.webex.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(default, rename = "services.WebexOptions")]
struct Options {
    /// The bot's token.
    token: String,
    /// `https://webexapis.com` when empty.
    #[serde(rename = "apiURL")]
    api_url: String,
}

struct Webex {
    token: String,
    endpoint: Endpoint,
}

/// Makes a Webex service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let token = options.token.trim();
    let mut warnings = transport_warnings(node)?;
    if token.is_empty() {
        warnings.push(missing(
            node,
            "token",
            "set token to the bot's access token",
        ));
    }
    let url = match options.api_url.trim() {
        "" => "https://webexapis.com",
        url => url.strip_suffix('/').unwrap_or(url),
    };
    let service = Webex {
        endpoint: Endpoint::new(url, node, [token], context)?,
        token: token.to_owned(),
    };
    Ok(one_request(name, warnings, service))
}

impl OneRequest for Webex {
    const TYPE: &'static str = TYPE;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<PreparedRequest, SendError> {
        let mut body = json!({});
        if is_email(&to.recipient) {
            body["toPersonEmail"] = (*to.recipient).into();
        } else if !to.recipient.is_empty() {
            body["roomId"] = (*to.recipient).into();
        }
        if !notification.message.is_empty() {
            body["markdown"] = notification.message.as_str().into();
        }
        let url = format!("{}/v1/messages", self.endpoint.url);
        let mut request = PreparedRequest::post_json(url, &body);
        request.set_header("Authorization", format!("Bearer {}", self.token));
        self.endpoint.ready(request)
    }

    fn understand(&self, answer: Answer, asked: &Asked<'_>) -> Result<Sent, SendError> {
        if answer.status != 200 {
            let advice = advice(answer.status, asked.notification.message.len());
            let error = answer.into_error(asked.request, &self.endpoint.masker);
            return Err(error.advised(advice));
        }
        let reply = answer.json().unwrap_or_default();
        let id = reply["id"].as_str().map(|id| format!("message {id}"));
        Ok(self.endpoint.sent(answer, id))
    }
}

/// Whether a person is meant, by the e-mail address, and not a room: something, an at sign, and
/// something with a dot inside.
fn is_email(recipient: &str) -> bool {
    let dot_inside = |domain: &str| {
        let mut dots = domain.match_indices('.');
        dots.any(|(at, _)| at > 0 && at + 1 < domain.len())
    };
    !recipient.contains([' ', '\t', '\n', '\r', '\u{c}'])
        && recipient
            .match_indices('@')
            .any(|(at, _)| at > 0 && dot_inside(&recipient[at + 1..]))
}

/// Bytes of a message that Webex takes.
const LONGEST: usize = 7439;

/// What to do about an answer with this status to a message of this length.
fn advice(status: u16, length: usize) -> Option<&'static str> {
    Some(match status {
        401 => "put the bot's access token under token of the service",
        403 | 404 => {
            "correct the recipient: the e-mail address of a person, or the id of a room that the \
             bot is in"
        }
        400 | 413 if length > LONGEST => "shorten the message; Webex takes 7,439 bytes",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_from_rooms() {
        for (recipient, person) in [
            ("test@test.com", true),
            ("test.test@test.com", true),
            ("a@b@c.d", true),
            ("имя@пример.рф", true),
            ("notAnEmail", false),
            ("notAnEmail@", false),
            ("a@b", false),
            ("a@.com", false),
            ("a@b.", false),
            ("@b.c", false),
            ("a b@c.d", false),
            ("", false),
        ] {
            assert_eq!(is_email(recipient), person, "{recipient}");
        }
    }
}
