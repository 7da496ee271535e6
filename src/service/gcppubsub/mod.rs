//! Google Cloud Pub/Sub: one message a delivery, to a topic. Published over the REST API; the
//! tokens are those of `credentials`.

mod credentials;

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::parts::TextMap;
use super::reference::{Reference, optional, required};
use super::registry::{BuildError, BuildWarning};
use super::request::path_segment;
use super::template::{Compiler, Rendering, Section};
use super::{Notification, PreparedRequest, RenderError, SendError, Sent, Service, ServiceContext};
use crate::domain::{Destination, Masker};
use crate::yaml::{self, Node};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use credentials::KeySource;
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The type's name.
pub(super) const TYPE: &str = "gcppubsub";

/// Where the API is.
const API: &str = "https://pubsub.googleapis.com";

/// What the prepared request has in the place of the token.
const TOKEN_LATER: &str = "Bearer (from the credentials)";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Google Cloud Pub/Sub",
    summary: "A message to a topic of Google Cloud Pub/Sub, with attributes if there are any.",
    recipient: "The id of the topic; empty for the one of the options.",
    recipient_example: "pod-events",
    options: &[
        required("project", "string", "The project that the topic is in."),
        optional(
            "topic",
            "string",
            "The id of the topic, for deliveries without a recipient.",
        ),
        optional(
            "keyFile",
            "string",
            "The path of a key file of a service account, in the program's own file system. \
             Default: `GOOGLE_APPLICATION_CREDENTIALS`, then what Google's own tools find, such as \
             the identity of the workload.",
        ),
        optional(
            "apiUrl",
            "string",
            "Where the API is. Default: `https://pubsub.googleapis.com`, or the emulator that \
             `PUBSUB_EMULATOR_HOST` names.",
        ),
    ],
    transport: true,
    fields: &[optional(
        "attributes",
        "map of templates",
        "Attributes of the message.",
    )],
    example: r"data:
  service.gcppubsub: |
    project: my-project
    topic: pod-events
  template.pod-ready: |
    message: Pod {{.pod.metadata.name}} is ready
    gcppubsub:
      attributes:
        namespace: '{{.pod.metadata.namespace}}'
",
    notes: &[
        "The account needs the role Pub/Sub Publisher on the topic.",
        "A key file that was replaced is used from the next message on.",
    ],
};

/// The options of `service.gcppubsub.<name>`, beside the transport options.
#[derive(Clone, Default, Deserialize)]
#[serde(
    default,
    rename = "services.GcpPubsubOptions",
    rename_all = "camelCase"
)]
struct Options {
    /// The project that the topic is in.
    project: String,
    /// The id of the topic of deliveries without a recipient.
    topic: String,
    /// The path of a key file.
    key_file: String,
    /// Where the API is.
    api_url: String,
}

/// The section `gcppubsub` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename = "services.GcpPubsubNotification")]
pub struct GcpPubSubNotification {
    /// Attributes of the message.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

struct GcpPubSub {
    name: String,
    project: String,
    topic: String,
    endpoint: Endpoint,
    /// `None` for an emulator, which does not ask who publishes.
    credentials: Option<KeySource>,
    timeout: Duration,
    warnings: Vec<BuildWarning>,
}

/// Makes a Pub/Sub service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let mut warnings = transport_warnings(node)?;
    let project = options.project.trim();
    if project.is_empty() {
        let help = "set project to the project that the topic is in";
        warnings.push(missing(node, "project", help));
    }
    let configured = options.api_url.trim().trim_end_matches('/');
    let emulator = context.environment.get("PUBSUB_EMULATOR_HOST");
    let (url, emulated) = match (configured, emulator) {
        ("", Some(host)) if host.contains("://") => (host, true),
        ("", Some(host)) => (format!("http://{host}"), true),
        ("", None) => (API.to_owned(), false),
        (url, _) => (url.to_owned(), false),
    };
    let key_file = match options.key_file.trim() {
        "" => context.environment.get("GOOGLE_APPLICATION_CREDENTIALS"),
        path => Some(path.to_owned()),
    };
    Ok(Arc::new(GcpPubSub {
        name: name.to_owned(),
        project: project.to_owned(),
        topic: options.topic.trim().to_owned(),
        endpoint: Endpoint::new(url.trim_end_matches('/'), node, [], context)?,
        credentials: (!emulated).then(|| KeySource::new(key_file, context.environment.clone())),
        timeout: context.timeouts.attempt,
        warnings,
    }))
}

impl GcpPubSub {
    /// The request, without a token.
    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<PreparedRequest, SendError> {
        let topic = match &*to.recipient {
            "" => self.topic.as_str(),
            recipient => recipient,
        };
        let attributes = notification
            .gcppubsub
            .as_ref()
            .map(|section| &section.attributes)
            .filter(|attributes| !attributes.is_empty());
        let problem = if self.project.is_empty() {
            "project is not set; set project of the service to the project that the topic is in"
        } else if topic.is_empty() {
            "there is no topic; set topic of the service, or name one as the recipient"
        } else if notification.message.is_empty() && attributes.is_none() {
            "the message is empty; set message of the template"
        } else {
            let mut message = json!({"data": STANDARD.encode(&notification.message)});
            if let Some(attributes) = attributes {
                message["attributes"] = json!(attributes);
            }
            let url = format!(
                "{}/v1/projects/{}/topics/{}:publish",
                self.endpoint.url,
                path_segment(&self.project),
                path_segment(topic)
            );
            let body = json!({"messages": [message]});
            return Ok(PreparedRequest::post_json(url, &body));
        };
        Err(SendError::permanent(problem))
    }

    /// The answer has the ids of the messages.
    fn understand(&self, answer: Answer, request: &PreparedRequest) -> Result<Sent, SendError> {
        let masker = &self.endpoint.masker;
        let reply = answer.json().filter(Value::is_object);
        if (200..300).contains(&answer.status) {
            let Some(id) = reply
                .as_ref()
                .and_then(|reply| reply["messageIds"][0].as_str())
            else {
                return Err(self.endpoint.no_json(answer, request));
            };
            let detail = format!("message {id}");
            let mut sent = answer.into_sent(masker);
            sent.detail = detail;
            return Ok(sent);
        }
        let said = reply
            .as_ref()
            .and_then(|reply| reply["error"]["message"].as_str());
        let Some(said) = said else {
            return Err(answer.into_error(request, masker));
        };
        let mut message = format!("Pub/Sub answered {}: {said}", answer.status_text());
        if let Some(advice) = advice(answer.status) {
            message.push_str("; ");
            message.push_str(advice);
        }
        Err(answer.refused(&message, request, masker))
    }
}

fn advice(status: u16) -> Option<&'static str> {
    Some(match status {
        401 => "renew the credentials",
        403 => "give the account the role Pub/Sub Publisher on the topic",
        404 => "correct project and topic",
        413 => "shorten message of the template",
        _ => return None,
    })
}

impl Service for GcpPubSub {
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
        let mut request = self.request(notification, to)?;
        if self.credentials.is_some() {
            request.set_header("Authorization", TOKEN_LATER);
        }
        Ok(vec![self.endpoint.ready(request)?])
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async {
            let mut request = self.request(notification, to)?;
            if let Some(credentials) = &self.credentials {
                let token = credentials
                    .token(self.timeout, &self.endpoint.masker)
                    .await?;
                request.set_header("Authorization", format!("Bearer {token}"));
            }
            let request = self.endpoint.ready(request)?;
            let answer = self.endpoint.execute(&request).await?;
            self.understand(answer, &request)
        })
    }
}

impl fmt::Debug for GcpPubSub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GcpPubSub")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct GcpPubSubSection {
    attributes: TextMap,
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
    let texts: GcpPubSubNotification = compiler.decode(TYPE, node)?;
    let attributes = TextMap::compile(
        format!("{TYPE}.attributes"),
        &texts.attributes,
        node.get("attributes"),
        compiler,
    );
    unrendered.gcppubsub = Some(texts);
    Some(Box::new(GcpPubSubSection { attributes }))
}

impl Section for GcpPubSubSection {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    /// Attributes replace those of an earlier template all together, if there are any.
    fn render(
        &self,
        rendering: &Rendering<'_>,
        into: &mut Notification,
    ) -> Result<(), RenderError> {
        let target = into.gcppubsub.get_or_insert_default();
        if !self.attributes.is_empty() {
            target.attributes = self.attributes.render(rendering)?;
        }
        Ok(())
    }
}
