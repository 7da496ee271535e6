//! Amazon SQS: one message a delivery, to a queue.
//!
//! Here are the options, the section of the template and the service; `client` talks to AWS by its
//! SDK, `md5` checks what arrived there.

mod client;
mod md5;

use super::parts::TextMap;
use super::reference::{Reference, optional};
use super::registry::{BuildError, BuildWarning};
use super::request::url_secrets;
use super::setting::Span;
use super::template::{Compiler, Rendering, Section};
use super::{
    Environment, Notification, PreparedRequest, RenderError, SendError, Sent, Service,
    ServiceContext,
};
use crate::domain::{Destination, Masker, SecretText};
use crate::template::Template;
use crate::yaml::{self, Node};
use client::{Message, Settings, Sqs};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The type's name.
pub(super) const TYPE: &str = "awssqs";

/// Seconds that a message stays hidden after it was sent; FIFO queues do not take any.
const DELAY_SECONDS: i32 = 10;

/// What the prepared requests have in the place of what is only known when they are sent.
const FROM_QUEUE_URL: &str = "(from GetQueueUrl)";
const SIGNED_LATER: &str = "(signed when sent)";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Amazon SQS",
    summary: "A message to a queue of Amazon's Simple Queue Service. Other consumers see it after \
              10 seconds, or at once in a FIFO queue.",
    recipient: "The name of the queue; empty for the one of the options.",
    recipient_example: "pod-events",
    options: &[
        optional(
            "queue",
            "string",
            "The name of the queue, for deliveries without a recipient.",
        ),
        optional(
            "account",
            "string",
            "The number of the account that owns the queue. Default: the one of the credentials.",
        ),
        optional(
            "region",
            "string",
            "The queue's region. Default: `AWS_DEFAULT_REGION`, then what AWS's own tools find.",
        ),
        optional(
            "key",
            "string",
            "The id of an access key; `secret` is needed, too. Default: the credentials that AWS's \
             own tools find: environment, web identity (IRSA), profile, container, instance.",
        ),
        optional("secret", "string", "The access key's secret."),
        optional(
            "endpointUrl",
            "string",
            "Another endpoint than Amazon's, for servers that are compatible.",
        ),
        optional(
            "connectTimeout",
            "duration",
            "Until the connection stands. Default: `10s`.",
        ),
        optional(
            "requestTimeout",
            "duration",
            "Until both calls have been answered, repetitions included. Default: `30s`.",
        ),
    ],
    transport: false,
    fields: &[
        optional(
            "messageAttributes",
            "map of templates",
            "Attributes of the message, of the type String; those that render to nothing are left \
             out.",
        ),
        optional(
            "messageGroupId",
            "template",
            "The message's group; FIFO queues need it.",
        ),
    ],
    example: r"data:
  service.awssqs: |
    queue: pod-events
    region: eu-central-1
    key: $sqs-key
    secret: $sqs-secret
  template.pod-ready: |
    message: Pod {{.pod.metadata.name}} is ready
    awssqs:
      messageAttributes:
        namespace: '{{.pod.metadata.namespace}}'
",
    notes: &[
        "FIFO queues (`….fifo`) must have content-based deduplication.",
        "Calls that fail by 5xx or throttling are tried three times.",
    ],
};

/// The options of `service.awssqs.<name>`.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename = "services.AwsSqsOptions", rename_all = "camelCase")]
struct Options {
    /// The name of the queue of deliveries without a recipient.
    queue: String,
    /// The number of the account that owns the queue.
    account: String,
    /// The queue's region.
    region: String,
    /// Another endpoint than Amazon's.
    endpoint_url: String,
    /// The id of an access key, with the secret: both or neither.
    key: String,
    /// The access key's secret.
    secret: String,
    /// Until the connection stands; default 10 s.
    connect_timeout: Span,
    /// Until both calls have been answered; default 30 s.
    request_timeout: Span,
}

/// The section `awssqs` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    rename = "services.AwsSqsNotification",
    rename_all = "camelCase"
)]
pub struct AwsSqsNotification {
    /// Attributes of the message.
    #[serde(serialize_with = "map_or_null")]
    pub message_attributes: BTreeMap<String, String>,
    /// The message's group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message_group_id: String,
}

/// A Go map that was never made is printed as null.
fn map_or_null<S: Serializer>(
    map: &BTreeMap<String, String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if map.is_empty() {
        serializer.serialize_none()
    } else {
        map.serialize(serializer)
    }
}

struct AwsSqs {
    name: String,
    queue: String,
    account: String,
    sqs: Sqs,
    masker: Masker,
    warnings: Vec<BuildWarning>,
}

/// Makes an SQS service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let environment = &context.environment;
    let from_environment = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let mut secrets = url_secrets(&options.endpoint_url);
    secrets.push(options.secret.clone());
    secrets.extend(
        from_environment
            .iter()
            .filter_map(|name| environment.get(name)),
    );
    let masker = context.masker.and(secrets.iter().map(String::as_str));
    let keys = match (options.key.trim(), options.secret.trim()) {
        ("", _) | (_, "") => None,
        (key, secret) => Some((key.to_owned(), SecretText::new(secret))),
    };
    Ok(Arc::new(AwsSqs {
        name: name.to_owned(),
        warnings: warnings(&options, environment, node),
        sqs: Sqs::new(Settings {
            region: region(&options, environment),
            endpoint: options.endpoint_url.trim().to_owned(),
            keys,
            environment: environment.clone(),
            connect_timeout: options.connect_timeout.or(context.timeouts.connect),
            timeout: options.request_timeout.or(context.timeouts.attempt),
            masker: masker.clone(),
        }),
        queue: options.queue,
        account: options.account,
        masker,
    }))
}

/// The region as far as options and environment know it.
fn region(options: &Options, environment: &Environment) -> Option<String> {
    let configured = options.region.trim();
    if !configured.is_empty() {
        return Some(configured.to_owned());
    }
    let named = environment.get("AWS_DEFAULT_REGION");
    named.or_else(|| environment.get("AWS_REGION"))
}

fn warnings(options: &Options, environment: &Environment, node: &Node) -> Vec<BuildWarning> {
    let mut warnings = Vec::new();
    let mut warn = |key: &str, message: String, help: &str| {
        let place = node.get(key).map_or(node.position, |value| value.position);
        warnings.push(BuildWarning {
            message,
            position: Some(place),
            help: Some(help.to_owned()),
        });
    };
    if region(options, environment).is_none() && !environment.is_process() {
        let message = "region is not set: every delivery will fail".to_owned();
        warn("region", message, "set region to that of the queue");
    }
    let alone = match (options.key.is_empty(), options.secret.is_empty()) {
        (false, true) => Some(("key", "secret")),
        (true, false) => Some(("secret", "key")),
        _ => None,
    };
    if let Some((given, missing)) = alone {
        let message = format!("{given} is not used, as {missing} is not set");
        warn(given, message, &format!("set {missing}, too"));
    }
    let endpoint = options.endpoint_url.trim();
    let is_url = |text: &str| {
        url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    };
    if !endpoint.is_empty() && !is_url(endpoint) {
        let message = "endpointUrl is not valid: every delivery will fail".to_owned();
        warn("endpointUrl", message, "write http://… or https://…");
    }
    warnings
}

impl AwsSqs {
    fn message(&self, notification: &Notification, to: &Destination) -> Message {
        let queue = match &*to.recipient {
            "" => self.queue.trim(),
            recipient => recipient,
        };
        let section = notification.awssqs.clone().unwrap_or_default();
        let filled = |(_, value): &(String, String)| !value.is_empty();
        Message {
            queue: queue.to_owned(),
            account: self.account.trim().to_owned(),
            body: notification.message.clone(),
            delay: (!queue.ends_with(".fifo")).then_some(DELAY_SECONDS),
            group: section.message_group_id,
            attributes: section
                .message_attributes
                .into_iter()
                .filter(filled)
                .collect(),
        }
    }

    fn call(&self, action: &str, body: &Value) -> Result<PreparedRequest, SendError> {
        let url = self.sqs.url()?;
        let mut request = PreparedRequest::new("POST", url);
        request.set_header("Content-Type", "application/x-amz-json-1.0");
        request.set_header("X-Amz-Target", format!("AmazonSQS.{action}"));
        request.set_header("Authorization", SIGNED_LATER);
        request.body = body.to_string().into_bytes();
        Ok(request)
    }
}

impl Message {
    fn queue_json(&self) -> Value {
        let mut body = json!({"QueueName": self.queue});
        if !self.account.is_empty() {
            body["QueueOwnerAWSAccountId"] = self.account.as_str().into();
        }
        body
    }

    fn send_json(&self) -> Value {
        let mut body = json!({"QueueUrl": FROM_QUEUE_URL, "MessageBody": self.body});
        if let Some(seconds) = self.delay {
            body["DelaySeconds"] = seconds.into();
        }
        if !self.group.is_empty() {
            body["MessageGroupId"] = self.group.as_str().into();
        }
        let attributes: serde_json::Map<String, Value> = self
            .attributes
            .iter()
            .map(|(name, value)| {
                let attribute = json!({"DataType": "String", "StringValue": value});
                (name.clone(), attribute)
            })
            .collect();
        if !attributes.is_empty() {
            body["MessageAttributes"] = attributes.into();
        }
        body
    }
}

impl Service for AwsSqs {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn masker(&self) -> &Masker {
        &self.masker
    }

    fn warnings(&self) -> &[BuildWarning] {
        &self.warnings
    }

    /// Both calls; the second has the queue's URL, which the first one is answered with.
    fn prepare(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<Vec<PreparedRequest>, SendError> {
        let message = self.message(notification, to);
        Ok(vec![
            self.call("GetQueueUrl", &message.queue_json())?,
            self.call("SendMessage", &message.send_json())?,
        ])
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        let message = self.message(notification, to);
        Box::pin(async move { self.sqs.send(&message).await })
    }
}

impl fmt::Debug for AwsSqs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsSqs")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct AwsSqsSection {
    attributes: TextMap,
    group: Option<Template>,
}

/// Compiles the section.
pub(super) fn section(
    node: &Node,
    compiler: &mut Compiler<'_>,
    unrendered: &mut Notification,
) -> Option<Box<dyn Section>> {
    if node.is_null() {
        return None;
    }
    let texts: AwsSqsNotification = compiler.decode(TYPE, node)?;
    let attributes = TextMap::compile(
        format!("{TYPE}.messageAttributes"),
        &texts.message_attributes,
        node.get("messageAttributes"),
        compiler,
    );
    let group = compiler.text(
        &format!("{TYPE}.messageGroupId"),
        &texts.message_group_id,
        node.get("messageGroupId"),
    );
    unrendered.awssqs = Some(texts);
    Some(Box::new(AwsSqsSection { attributes, group }))
}

impl Section for AwsSqsSection {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    /// Attributes replace those of an earlier template all together, if there are any; a group that
    /// is empty leaves the earlier one.
    fn render(
        &self,
        rendering: &Rendering<'_>,
        into: &mut Notification,
    ) -> Result<(), RenderError> {
        let target = into.awssqs.get_or_insert_default();
        if !self.attributes.is_empty() {
            target.message_attributes = self.attributes.render(rendering)?;
        }
        if let Some(group) = &self.group {
            let text = rendering.text(&format!("{TYPE}.messageGroupId"), group)?;
            if !text.is_empty() {
                target.message_group_id = text;
            }
        }
        Ok(())
    }
}
