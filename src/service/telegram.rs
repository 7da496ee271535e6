//! Telegram: messages by a bot to groups, topics of groups, and public channels.

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::one_request::{Asked, OneRequest, one_request};
use super::reference::{Reference, optional, required};
use super::registry::BuildError;
use super::{Class, Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::Destination;
use crate::yaml::{self, Node};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// The type's name.
pub(super) const TYPE: &str = "telegram";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Telegram",
    summary: "Messages by a bot to groups, topics of groups, and public channels, in Telegram's \
              Markdown.",
    recipient: "The name of a public channel, with or without `@`; `-<chat id>` for a group or a \
                private channel; `-<chat id>|<topic id>` for a topic of a group.",
    recipient_example: "-1001234567890",
    options: &[
        required("token", "string", "The bot's token, as BotFather gave it."),
        optional(
            "apiUrl",
            "string",
            "Where the Bot API is. Default: `https://api.telegram.org`.",
        ),
    ],
    transport: true,
    fields: &[],
    example: r#"data:
  service.telegram: |
    token: $telegram-token
  template.pod-ready: |
    message: Pod *{{.pod.metadata.name}}* is ready
"#,
    notes: &[
        "The message is Markdown: `_`, `*`, `` ` `` and `[` that are meant as such need a \
         backslash. Telegram takes 4,096 characters.",
    ],
};

/// The options of `service.telegram.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(default, rename = "services.TelegramOptions", rename_all = "camelCase")]
struct Options {
    /// The bot's token.
    token: String,
    /// Of an own Bot API server; `https://api.telegram.org` when empty.
    api_url: String,
}

struct Telegram {
    token: String,
    endpoint: Endpoint,
}

/// Makes a Telegram service from its options.
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
            "set token to the one that BotFather gave",
        ));
    }
    let url = match options.api_url.trim().trim_end_matches('/') {
        "" => "https://api.telegram.org",
        url => url,
    };
    let service = Telegram {
        endpoint: Endpoint::new(url, node, [token], context)?,
        token: token.to_owned(),
    };
    Ok(one_request(name, warnings, service))
}

/// Where to: chat and topic.
#[derive(Debug, PartialEq, Eq)]
struct Chat {
    id: String,
    /// 0 for none.
    thread: i64,
}

impl Chat {
    /// Reads a recipient: `-<id>` and `-<id>|<topic>` for groups, else the name of a channel, also
    /// when it is a number.
    fn parse(recipient: &str) -> Result<Self, SendError> {
        if !recipient.starts_with('-') {
            let name = recipient.strip_prefix('@').unwrap_or(recipient);
            return Ok(Self {
                id: format!("@{name}"),
                thread: 0,
            });
        }
        let number = |text: &str, what: &str| {
            text.parse::<i64>().map_err(|_| {
                SendError::permanent(format!(
                    "recipient {recipient}: '{text}' is no {what}; write -<chat id> or \
                     -<chat id>|<topic id>"
                ))
            })
        };
        let mut parts = recipient.split('|');
        let id = number(parts.next().unwrap_or_default(), "chat id")?.to_string();
        let thread = match parts.next() {
            Some(text) => number(text, "topic id")?,
            None => 0,
        };
        Ok(Self { id, thread })
    }
}

impl OneRequest for Telegram {
    const TYPE: &'static str = TYPE;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<PreparedRequest, SendError> {
        if self.token.is_empty() {
            return Err(SendError::permanent(
                "the token is empty; set token of the service to the one that BotFather gave",
            ));
        }
        let chat = Chat::parse(&to.recipient)?;
        let thread = chat.thread.to_string();
        let mut fields = vec![("chat_id", chat.id.as_str())];
        if chat.thread != 0 {
            fields.push(("message_thread_id", &thread));
        }
        fields.push(("parse_mode", "Markdown"));
        if !notification.message.is_empty() {
            fields.push(("text", &notification.message));
        }
        let url = format!("{}/bot{}/sendMessage", self.endpoint.url, self.token);
        self.endpoint.ready(PreparedRequest::post_form(url, fields))
    }

    /// `ok` of the answer tells, the status is not looked at.
    fn understand(&self, answer: Answer, asked: &Asked<'_>) -> Result<Sent, SendError> {
        let request = asked.request;
        let (answer, reply) = self.endpoint.reply(answer, request)?;
        if reply["ok"] == true {
            let id = reply["result"]["message_id"].as_i64();
            return Ok(self
                .endpoint
                .sent(answer, id.map(|id| format!("message {id}"))));
        }
        let description = reply["description"].as_str().unwrap_or("answer without ok");
        let mut message = description.to_owned();
        if let Some(chat) = reply["parameters"]["migrate_to_chat_id"].as_i64() {
            message.push_str(&format!("; the group's new recipient is {chat}"));
        } else if let Some(advice) = advice(description) {
            message.push_str(&format!("; {advice}"));
        }
        let mut error = answer.refused(&message, request, &self.endpoint.masker);
        let code = reply["error_code"].as_u64();
        if let Some(seconds) = reply["parameters"]["retry_after"].as_u64() {
            error.class = Class::Transient {
                retry_after: Some(Duration::from_secs(seconds)),
            };
        } else if code.is_some_and(|code| code == 429 || code >= 500) && !error.is_transient() {
            error.class = Class::Transient { retry_after: None };
        }
        Err(error)
    }
}

/// What to do about an error with this description.
fn advice(description: &str) -> Option<&'static str> {
    let has = |part: &str| description.contains(part);
    Some(if has("chat not found") {
        "correct the recipient, and add the bot to the group or channel"
    } else if has("Unauthorized") || has("Not Found") {
        "put the bot's token under token of the service"
    } else if has("can't parse entities") {
        "escape _ * ` [ in the message with a backslash: it is Markdown"
    } else if has("too long") {
        "shorten the message; Telegram takes 4,096 characters"
    } else if has("text is empty") {
        "the template has no message"
    } else if has("bot was kicked") || has("not enough rights") || has("not a member") {
        "add the bot to the group or channel, with the right to post"
    } else if has("thread not found") {
        "correct the topic after | in the recipient"
    } else {
        return None;
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_chats_topics_or_channels() {
        for (recipient, id, thread) in [
            ("-123456", "-123456", 0),
            ("-123456|1", "-123456", 1),
            ("-123456|0", "-123456", 0),
            ("-1|2|x", "-1", 2),
            ("123456", "@123456", 0),
            ("channel", "@channel", 0),
            ("@channel", "@channel", 0),
            ("", "@", 0),
        ] {
            let id = id.to_owned();
            assert_eq!(Chat::parse(recipient), Ok(Chat { id, thread }));
        }
        for recipient in ["-", "-x", "-1|", "-1|x", "-99999999999999999999"] {
            let error = Chat::parse(recipient).expect_err(recipient);
            assert!(!error.is_transient());
            assert!(error.message.contains("-<chat id>|<topic id>"), "{error}");
        }
    }
}
