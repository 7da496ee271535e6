//! Rocket.Chat: messages by a user who logs in over the REST API.

use super::endpoint::{Endpoint, missing, no_json, transport_warnings};
use super::http::Answer;
use super::mattermost::attachments;
use super::reference::{Reference, optional, required};
use super::registry::{BuildError, BuildWarning};
use super::slack::{is_emoji, is_image_url};
use super::texts::{Field, Merge, Texts};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::{Destination, Masker};
use crate::yaml::{self, Node};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use tokio::sync::Mutex;
use url::Url;

/// The type's name.
pub(super) const TYPE: &str = "rocketchat";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Rocket.Chat",
    summary: "Messages by a user who logs in over the REST API, with attachments.",
    recipient: "`#channel`, `@user`, or the id of a room.",
    recipient_example: "#my-channel",
    options: &[
        required(
            "serverUrl",
            "string",
            "The server's URL: `https://chat.example.com`; it may have a port and a path.",
        ),
        required("email", "string", "Name or e-mail address of the user."),
        required("password", "string", "The user's password."),
        optional(
            "alias",
            "string",
            "Shown as the sender; the user needs the right `message-impersonate`.",
        ),
        optional(
            "icon",
            "string",
            "`:emoji:`, shown as the sender's picture.",
        ),
        optional(
            "avatar",
            "string",
            "URL of an image, shown as the sender's picture.",
        ),
    ],
    transport: true,
    fields: &[optional(
        "attachments",
        "template",
        "JSON list of attachments.",
    )],
    example: r##"data:
  service.rocketchat: |
    serverUrl: https://chat.example.com
    email: $rocketchat-email
    password: $rocketchat-password
  template.pod-ready: |
    message: Pod {{.pod.metadata.name}} is ready
    rocketchat:
      attachments: |
        [{"title": {{.pod.metadata.name | toJson}}, "color": "#18be52"}]
"##,
    notes: &[
        "The login is kept and repeated when the server no longer takes it.",
        "The user needs the role `bot`, or must be a member of the room.",
    ],
};

/// What a prepared request shows where the answer to the login will stand.
const FROM_LOGIN: &str = "(from the login)";

/// The options of `service.rocketchat.<name>`, beside the transport options.
#[derive(Clone, Default, Deserialize)]
#[serde(
    default,
    rename = "services.RocketChatOptions",
    rename_all = "camelCase"
)]
struct Options {
    /// Shown as the sender.
    alias: String,
    /// `:emoji:`, shown as the sender's picture.
    icon: String,
    /// URL of an image, shown as the sender's picture.
    avatar: String,
    /// The server's URL; may have a path.
    server_url: String,
    /// Name or e-mail address of the user.
    email: String,
    /// The user's password.
    password: String,
}

/// The section `rocketchat` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename = "services.RocketChatNotification")]
pub struct RocketChatNotification {
    /// JSON list of attachments.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub attachments: String,
}

impl Texts for RocketChatNotification {
    const TYPE: &'static str = TYPE;
    const MERGE: Merge = Merge::Always;
    const FIELDS: &'static [Field<Self>] = &[("attachments", |section| &mut section.attachments)];

    fn of(notification: &mut Notification) -> &mut Option<Self> {
        &mut notification.rocketchat
    }
}

/// What a login gives: it is sent with every message.
#[derive(Clone)]
struct Session {
    token: String,
    user: String,
}

struct RocketChat {
    name: String,
    options: Options,
    endpoint: Endpoint,
    /// Locked during a login, so that several deliveries do not all log in.
    session: Mutex<Option<Session>>,
    warnings: Vec<BuildWarning>,
}

/// Makes a Rocket.Chat service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let mut options: Options = yaml::decode(node)?;
    let mut warnings = transport_warnings(node)?;
    for (key, value, help) in [
        (
            "serverUrl",
            &options.server_url,
            "set serverUrl to https://…",
        ),
        (
            "email",
            &options.email,
            "set email to the user's name or address",
        ),
        ("password", &options.password, "set password to the user's"),
    ] {
        if value.is_empty() {
            warnings.push(missing(node, key, help));
        }
    }
    // Others are left out, as in the original, which only logs it.
    for (key, value, fits, help) in [
        (
            "icon",
            &mut options.icon,
            is_emoji as fn(&str) -> bool,
            "write :name:",
        ),
        (
            "avatar",
            &mut options.avatar,
            is_image_url,
            "write https://…",
        ),
    ] {
        if !value.is_empty() && !fits(value) {
            value.clear();
            warnings.push(BuildWarning {
                message: format!("{key} is not used: it has not the form that it needs"),
                position: node.get(key).map(|value| value.position),
                help: Some(help.into()),
            });
        }
    }
    let url = api_url(options.server_url.trim());
    let endpoint = Endpoint::new(&url, node, [options.password.as_str()], context)?;
    Ok(Arc::new(RocketChat {
        name: name.to_owned(),
        options,
        endpoint,
        session: Mutex::default(),
        warnings,
    }))
}

/// Where the methods are. Everything that is not https is http, as in the original; what is no URL
/// stays, and the check of the requests tells of it.
fn api_url(server: &str) -> String {
    let Ok(url) = Url::parse(server) else {
        return server.to_owned();
    };
    let secure = url.scheme() == "https";
    let (scheme, default) = if secure { ("https", 443) } else { ("http", 80) };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().unwrap_or(default);
    let path = url.path().trim_end_matches('/');
    format!("{scheme}://{host}:{port}{path}/api/v1")
}

impl RocketChat {
    fn login(&self) -> Result<PreparedRequest, SendError> {
        let fields = [
            ("user", self.options.email.as_str()),
            ("password", &self.options.password),
        ];
        let url = format!("{}/login", self.endpoint.url);
        self.endpoint.ready(PreparedRequest::post_form(url, fields))
    }

    fn post(&self, body: &Value, session: &Session) -> Result<PreparedRequest, SendError> {
        let url = format!("{}/chat.postMessage", self.endpoint.url);
        let mut request = PreparedRequest::post_json(url, body);
        request.set_header("X-Auth-Token", session.token.as_str());
        request.set_header("X-User-Id", session.user.as_str());
        self.endpoint.ready(request)
    }

    fn body(&self, notification: &Notification, to: &Destination) -> Result<Value, SendError> {
        let section = notification.rocketchat.as_ref();
        let text = section.map_or("", |section| section.attachments.as_str());
        let attachments = attachments(text)
            .map_err(|why| SendError::permanent(self.endpoint.masker.mask(&why)))?;
        let place = if to.recipient.starts_with(['#', '@']) {
            "channel"
        } else {
            "roomId"
        };
        let mut body = json!({});
        let options = &self.options;
        for (key, text) in [
            (place, &*to.recipient),
            ("text", &notification.message),
            ("alias", &options.alias),
            ("emoji", &options.icon),
            ("avatar", &options.avatar),
        ] {
            if !text.is_empty() {
                body[key] = text.into();
            }
        }
        if attachments.as_array().is_some_and(|list| !list.is_empty()) {
            body["attachments"] = attachments;
        }
        Ok(body)
    }

    /// The session that there is, or a new one; `true` when it is new.
    async fn session(&self) -> Result<(Session, bool), SendError> {
        let mut known = self.session.lock().await;
        if let Some(session) = &*known {
            return Ok((session.clone(), false));
        }
        let request = self.login()?;
        let answer = self.endpoint.execute(&request).await?;
        let Some(reply) = answer.json().filter(Value::is_object) else {
            return Err(Self::failure(answer, &request, &self.endpoint.masker));
        };
        if let Some(why) = refusal(&reply) {
            let message = format!("{why}: the login failed; correct email and password");
            return Err(answer.refused(&message, &request, &self.endpoint.masker));
        }
        let text = |name: &str| reply["data"][name].as_str().unwrap_or_default().to_owned();
        let session = Session {
            token: text("authToken"),
            user: text("userId"),
        };
        *known = Some(session.clone());
        Ok((session, true))
    }

    async fn deliver(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<Sent, SendError> {
        let (mut session, mut fresh) = self.session().await?;
        let body = self.body(notification, to)?;
        loop {
            let request = self.post(&body, &session)?;
            let answer = self.endpoint.execute(&request).await?;
            if answer.status == 401 {
                *self.session.lock().await = None;
                if !fresh {
                    // Whoever logged in, it was after this session had ended.
                    session = self.session().await?.0;
                    fresh = true;
                    continue;
                }
            }
            return self.understand(answer, &request, &session);
        }
    }

    /// `success` of the answer tells, the HTTP status is not looked at.
    fn understand(
        &self,
        answer: Answer,
        request: &PreparedRequest,
        session: &Session,
    ) -> Result<Sent, SendError> {
        let masker = self.endpoint.masker.and([session.token.as_str()]);
        let Some(reply) = answer.json().filter(Value::is_object) else {
            return Err(Self::failure(answer, request, &masker));
        };
        if reply["success"] == true {
            let mut sent = answer.into_sent(&masker);
            if let Some(id) = reply["message"]["_id"].as_str() {
                sent.detail = masker.mask(&format!("message {id}")).into_owned();
            }
            return Ok(sent);
        }
        let why = refusal(&reply).unwrap_or_else(|| "got an answer without success".into());
        let error = answer.refused(&why, request, &masker);
        Err(error.advised(advice(&why)))
    }

    fn failure(answer: Answer, request: &PreparedRequest, masker: &Masker) -> SendError {
        if answer.status == 200 {
            return no_json(answer, request, masker);
        }
        let message = format!(
            "Request error: {} {}",
            answer.status_text(),
            answer.quoted(masker)
        );
        answer.refused(message.trim_end(), request, masker)
    }
}

/// What to do about a refusal in these words.
fn advice(why: &str) -> Option<&'static str> {
    let has = |part: &str| why.contains(part);
    Some(if has("size-exceeded") || has("too long") {
        "shorten the message, or let the server take longer ones"
    } else if has("channel-not-found") || has("room-not-found") || has("error-invalid-room") {
        "correct the recipient: #channel, @user or the id of a room"
    } else if has("not-allowed") || has("unauthorized") || has("not-in-room") {
        "add the user to the room, or give it the role bot"
    } else {
        return None;
    })
}

/// Why an answer is no success; `None` when it is one.
fn refusal(reply: &Value) -> Option<String> {
    let text = |name: &str| reply[name].as_str().unwrap_or_default();
    if reply["success"] == true {
        return None;
    }
    if !text("error").is_empty() {
        return Some(text("error").to_owned());
    }
    if text("status") == "success" {
        return None;
    }
    if !text("message").is_empty() {
        let (status, message) = (text("status"), text("message"));
        return Some(format!("status: {status}, message: {message}"));
    }
    Some("got false response".into())
}

impl Service for RocketChat {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn masker(&self) -> &Masker {
        &self.endpoint.masker
    }

    fn warnings(&self) -> &[BuildWarning] {
        &self.warnings
    }

    fn prepare(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<Vec<PreparedRequest>, SendError> {
        let unknown = Session {
            token: FROM_LOGIN.into(),
            user: FROM_LOGIN.into(),
        };
        let post = self.post(&self.body(notification, to)?, &unknown)?;
        // During a login the session is locked: there is none yet.
        let known = self.session.try_lock().is_ok_and(|known| known.is_some());
        let mut requests = Vec::new();
        if !known {
            requests.push(self.login()?);
        }
        requests.push(post);
        Ok(requests)
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(self.deliver(notification, to))
    }
}

impl fmt::Debug for RocketChat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RocketChat")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_may_have_port_and_path() {
        for (server, url) in [
            ("https://c.example", "https://c.example:443/api/v1"),
            ("http://c.example", "http://c.example:80/api/v1"),
            ("https://c.example:3000/", "https://c.example:3000/api/v1"),
            ("http://c.example/chat/", "http://c.example:80/chat/api/v1"),
            ("c.example", "c.example"),
        ] {
            assert_eq!(api_url(server), url);
        }
    }
}
