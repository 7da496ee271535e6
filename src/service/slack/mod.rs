//! Slack: messages by a bot token over the Web API, with threads and updates. Incoming webhooks go
//! through the type `webhook`.

mod message;
mod threads;

pub use message::{DeliveryPolicy, SlackNotification};
pub(super) use message::{is_emoji, is_image_url};
pub use threads::ThreadMemory;

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::reference::{Reference, optional, required};
use super::registry::{BuildError, BuildWarning};
use super::{Class, Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::{Destination, Masker};
use crate::yaml::{self, Node};
use futures::future::BoxFuture;
use message::Fields;
use serde::Deserialize;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;
use threads::{Root, ThreadKey};

/// The type's name.
pub(super) const TYPE: &str = "slack";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Slack",
    summary: "Messages by an app's bot token over the Web API, with attachments, blocks, threads \
              and updates. An incoming webhook of Slack is a service of the type `webhook`.",
    recipient: "Name or id of a channel, or the id of a user; the app must be a member of a \
                private channel.",
    recipient_example: "my-channel",
    options: &[
        required(
            "token",
            "string",
            "The app's bot token, `xoxb-…`, with the scope `chat:write` (and \
             `chat:write.customize` for `username` and `icon`).",
        ),
        optional(
            "username",
            "string",
            "Shown as the sender. Default: the app's name.",
        ),
        optional(
            "icon",
            "string",
            "Shown as the sender's picture: `:emoji:` or the URL of an image.",
        ),
        optional(
            "disableUnfurl",
            "bool",
            "Show no previews of links. Default: `false`.",
        ),
        optional(
            "apiURL",
            "string",
            "The URL before the methods' names. Default: `https://slack.com/api/`.",
        ),
        optional(
            "signingSecret",
            "string",
            "For events that Slack sends; not needed for sending.",
        ),
    ],
    transport: true,
    fields: &[
        optional(
            "attachments",
            "template",
            "JSON list of attachments; Slack takes 100 of them.",
        ),
        optional(
            "blocks",
            "template",
            "JSON list of blocks; Slack takes 50 of them, of 3,000 characters each.",
        ),
        optional(
            "groupingKey",
            "template",
            "Messages to one recipient with the same key make a thread.",
        ),
        optional(
            "deliveryPolicy",
            "`Post`, `PostAndUpdate` or `Update`",
            "What happens once the thread has begun: a reply; a reply and the first message is \
             changed to the same; only the first message is changed. Default: `Post`.",
        ),
        optional(
            "notifyBroadcast",
            "bool",
            "Show replies in the channel, too. Default: `false`.",
        ),
        optional(
            "username",
            "template",
            "Shown as the sender, instead of the service's.",
        ),
        optional(
            "icon",
            "template",
            "Shown as the sender's picture, instead of the service's.",
        ),
    ],
    example: r#"data:
  service.slack: |
    token: $slack-token
    username: kubechime
    icon: ":bell:"
  template.pod-ready: |
    message: Pod {{.pod.metadata.name}} is ready
    slack:
      attachments: |
        [{
          "title": {{.pod.metadata.name | toJson}},
          "color": "good",
          "fields": [{"title": "Node", "value": {{.pod.spec.nodeName | toJson}}, "short": true}]
        }]
      groupingKey: "{{.pod.metadata.uid}}"
      deliveryPolicy: Update
"#,
    notes: &[
        "Threads are remembered as long as the program runs; after a restart a grouping key begins \
         a new thread.",
        "An answer 429 is waited for, up to 30 seconds and three times; longer waits are left to \
         the general retry.",
    ],
};

const POST: &str = "chat.postMessage";
const UPDATE: &str = "chat.update";

/// Repetitions of a call that was answered with 429; the original repeats for ever.
const REPETITIONS: u32 = 3;

/// Longer waits are left to the engine, which does not keep a place busy meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The options of `service.slack.<name>`, beside the transport options.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename = "services.SlackOptions", rename_all = "camelCase")]
struct Options {
    /// Shown as the sender; the app's name when empty.
    username: String,
    /// `:emoji:` or the URL of an image.
    icon: String,
    /// Bot token, `xoxb-…`.
    token: String,
    /// For events that Slack sends; not needed for sending, but as secret.
    signing_secret: String,
    /// The URL before the methods' names.
    #[serde(rename = "apiURL")]
    api_url: String,
    /// Show no previews of links.
    disable_unfurl: bool,
}

struct Slack {
    name: String,
    options: Options,
    workspace: u64,
    endpoint: Endpoint,
    threads: ThreadMemory,
    warnings: Vec<BuildWarning>,
}

/// Makes a Slack service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let mut warnings = transport_warnings(node)?;
    if options.token.trim().is_empty() {
        warnings.push(missing(
            node,
            "token",
            "set token to the app's bot token, xoxb-…",
        ));
    }
    if !options.icon.is_empty() && !is_emoji(&options.icon) && !is_image_url(&options.icon) {
        warnings.push(BuildWarning {
            message: "icon is not used: it is neither :emoji: nor an http URL".into(),
            position: node.get("icon").map(|icon| icon.position),
            help: Some("write :name: or https://…".into()),
        });
    }
    let url = match options.api_url.trim() {
        "" => "https://slack.com/api/".to_owned(),
        url if url.ends_with('/') => url.to_owned(),
        url => format!("{url}/"),
    };
    let secrets = [options.token.trim(), options.signing_secret.as_str()];
    let endpoint = Endpoint::new(&url, node, secrets, context)?;
    let mut workspace = DefaultHasher::new();
    (name, &url, &options.token).hash(&mut workspace);
    Ok(Arc::new(Slack {
        name: name.to_owned(),
        workspace: workspace.finish(),
        options,
        endpoint,
        threads: context.threads.clone(),
        warnings,
    }))
}

/// A message on its way: what all calls of it have in common.
struct Message {
    fields: Fields,
    recipient: String,
    broadcast: bool,
    policy: DeliveryPolicy,
    /// `None` without a grouping key.
    thread: Option<ThreadKey>,
}

impl Message {
    /// The fields of a post, in the thread if there is one.
    fn post(&self, root: Option<&Root>) -> Fields {
        let mut fields = self.fields.clone();
        fields.push(("channel", self.recipient.clone()));
        fields.extend(root.map(|root| ("thread_ts", root.ts.clone())));
        if self.broadcast {
            fields.push(("reply_broadcast", "true".into()));
        }
        fields
    }

    /// The fields of an update of the first message.
    fn update(&self, root: &Root) -> Fields {
        let mut fields = self.fields.clone();
        fields.extend([
            ("channel", root.channel.clone()),
            ("ts", root.ts.clone()),
            ("thread_ts", root.ts.clone()),
            ("as_user", "true".into()),
        ]);
        fields
    }
}

/// What Slack answered to a call that went well.
struct Reply {
    sent: Sent,
    channel: String,
    ts: String,
}

impl Slack {
    fn message(&self, notification: &Notification, to: &Destination) -> Result<Message, SendError> {
        let section = notification.slack.clone().unwrap_or_default();
        let fields = message::fields(notification, &self.options).map_err(|mut error| {
            error.message = self.endpoint.masker.mask(&error.message).into_owned();
            error
        })?;
        Ok(Message {
            fields,
            recipient: to.recipient.to_string(),
            broadcast: section.notify_broadcast,
            policy: section.delivery_policy,
            thread: (!section.grouping_key.is_empty()).then(|| ThreadKey {
                workspace: self.workspace,
                recipient: to.recipient.to_string(),
                grouping_key: section.grouping_key.clone(),
            }),
        })
    }

    fn request(&self, method: &str, mut fields: Fields) -> Result<PreparedRequest, SendError> {
        fields.sort();
        let url = format!("{}{method}", self.endpoint.url);
        let fields = fields.iter().map(|(name, value)| (*name, value.as_str()));
        self.endpoint.ready(PreparedRequest::post_form(url, fields))
    }

    async fn deliver(&self, message: &Message) -> Result<Sent, SendError> {
        let Some(thread) = &message.thread else {
            return Ok(self.call(POST, message.post(None)).await?.sent);
        };
        let slot = self.threads.slot(thread.clone());
        let mut known = slot.lock().await;
        let Some(root) = known.clone() else {
            return self.begin(message, &mut known).await;
        };
        if message.policy == DeliveryPolicy::Update {
            return match self.call(UPDATE, message.update(&root)).await {
                Err(error) if is_gone(&error) => self.begin(message, &mut known).await,
                result => result.map(|reply| reply.sent),
            };
        }
        let posted = match self.call(POST, message.post(Some(&root))).await {
            Err(error) if is_gone(&error) => return self.begin(message, &mut known).await,
            result => result?,
        };
        if message.policy == DeliveryPolicy::Post {
            return Ok(posted.sent);
        }
        let root = Root {
            channel: posted.channel,
            ..root
        };
        *known = Some(root.clone());
        match self.call(UPDATE, message.update(&root)).await {
            Err(error) if is_gone(&error) => {
                // The reply is there; the next message begins a new thread.
                *known = None;
                Ok(posted.sent)
            }
            result => result.map(|_| posted.sent),
        }
    }

    /// Posts, and remembers the message as the first of its thread.
    async fn begin(&self, message: &Message, known: &mut Option<Root>) -> Result<Sent, SendError> {
        *known = None;
        let Reply { sent, channel, ts } = self.call(POST, message.post(None)).await?;
        if !ts.is_empty() {
            *known = Some(Root { ts, channel });
        }
        Ok(sent)
    }

    /// One call; repeated a few times when Slack asks to slow down.
    async fn call(&self, method: &str, fields: Fields) -> Result<Reply, SendError> {
        let request = self.request(method, fields)?;
        let mut repetitions = 0;
        loop {
            let answer = self.endpoint.execute(&request).await?;
            if answer.status == 200 {
                return self.understand(answer, &request);
            }
            let message = match answer.status {
                429 => "slack asks to slow down: 429 Too Many Requests".to_owned(),
                _ => format!(
                    "slack server error: {} {}",
                    answer.status_text(),
                    answer.quoted(&self.endpoint.masker)
                ),
            };
            let limited = answer.status == 429;
            let error = answer.refused(message.trim_end(), &request, &self.endpoint.masker);
            match error.retry_after() {
                Some(wait) if limited && wait <= LONGEST_WAIT && repetitions < REPETITIONS => {
                    tokio::time::sleep(wait).await;
                }
                _ => return Err(error),
            }
            repetitions += 1;
        }
    }

    fn understand(&self, answer: Answer, request: &PreparedRequest) -> Result<Reply, SendError> {
        let (answer, reply) = self.endpoint.reply(answer, request)?;
        let text = |name: &str| reply[name].as_str().unwrap_or_default().to_owned();
        let code = text("error");
        // An answer with neither `ok` nor `error` is a success, as in the original.
        if reply["ok"] == true || code.is_empty() {
            let (channel, ts) = (text("channel"), text("ts"));
            let id = (!ts.is_empty()).then(|| format!("{channel} {ts}").trim().to_owned());
            let sent = self.endpoint.sent(answer, id);
            return Ok(Reply { sent, channel, ts });
        }
        let message = match advice(&code) {
            Some(advice) => format!("{code}: {advice}"),
            None => code.clone(),
        };
        let mut error = answer.refused(&message, request, &self.endpoint.masker);
        if is_passing(&code) {
            error.class = Class::Transient { retry_after: None };
        }
        Err(error)
    }
}

/// Whether an error of this name may go away by itself.
fn is_passing(code: &str) -> bool {
    [
        "ratelimited",
        "rate_limited",
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
    ]
    .contains(&code)
}

/// Whether the first message of the thread was deleted.
fn is_gone(error: &SendError) -> bool {
    ["message_not_found", "thread_not_found"]
        .iter()
        .any(|code| error.message.starts_with(code))
}

/// What to do about an error of this name.
fn advice(code: &str) -> Option<&'static str> {
    Some(match code {
        "channel_not_found" => {
            "correct the recipient, or invite the app into the channel if it is private"
        }
        "not_in_channel" => "invite the app into the channel: /invite @app",
        "is_archived" => "the channel is archived; choose another recipient",
        "invalid_auth" | "not_authed" | "token_expired" | "token_revoked" => {
            "put a valid bot token (xoxb-…) under token of the service"
        }
        "account_inactive" => "the app or its owner was removed; install it again",
        "missing_scope" => {
            "give the app the scope chat:write (chat:write.customize for username and icon)"
        }
        "restricted_action" => "an administrator of the workspace does not allow this post",
        "msg_too_long" => "shorten the message; Slack takes 40,000 characters",
        "no_text" => "the template has neither message, attachments nor blocks",
        "invalid_blocks" | "invalid_blocks_format" | "too_many_blocks" => {
            "correct blocks of the template; Slack takes 50 of them, 3,000 characters each"
        }
        "invalid_attachments" | "too_many_attachments" => {
            "correct attachments of the template; Slack takes 100 of them"
        }
        "cant_update_message" | "edit_window_closed" => {
            "the first message can no longer be changed; use deliveryPolicy: Post"
        }
        _ => return None,
    })
}

impl Service for Slack {
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
        let message = self.message(notification, to)?;
        let root = message
            .thread
            .as_ref()
            .and_then(|key| self.threads.peek(key));
        let mut requests = Vec::new();
        if root.is_none() || message.policy != DeliveryPolicy::Update {
            requests.push(self.request(POST, message.post(root.as_ref()))?);
        }
        if let (Some(root), true) = (&root, message.policy != DeliveryPolicy::Post) {
            requests.push(self.request(UPDATE, message.update(root))?);
        }
        Ok(requests)
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async { self.deliver(&self.message(notification, to)?).await })
    }
}

impl fmt::Debug for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slack")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
