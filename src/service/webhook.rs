//! Webhooks: any HTTP request, as the template says.

use super::endpoint::missing;
use super::http::{HttpClient, TransportOptions};
use super::reference::{Reference, optional, required};
use super::registry::{BuildError, BuildWarning};
use super::request::{is_sensitive, url_secrets};
use super::retry::RetryPolicy;
use super::setting::Span;
use super::template::{self, Compiler, Rendering, Section};
use super::{Notification, PreparedRequest, RenderError, SendError, Sent, Service, ServiceContext};
use crate::domain::{Destination, Masker};
use crate::template::Template;
use crate::yaml::{self, Node};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The type's name.
pub(super) const TYPE: &str = "webhook";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Webhook",
    summary: "Any HTTP request, as the template says: for receivers of one's own, and for services \
              that have no type here.",
    recipient: "Not used; leave it empty.",
    recipient_example: "",
    options: &[
        required(
            "url",
            "string",
            "Where to; the path of the template is appended.",
        ),
        optional(
            "headers",
            "list",
            "Headers, in order; of the same name the last one counts.",
        ),
        optional("headers[].name", "string", "The header's name."),
        optional(
            "headers[].value",
            "string",
            "Its value; a secret when the name tells so, such as `Authorization` or `X-Api-Key`.",
        ),
        optional(
            "basicAuth",
            "map",
            "Basic authentication; overrides a header `Authorization`.",
        ),
        optional("basicAuth.username", "string", "The user's name."),
        optional("basicAuth.password", "string", "The user's password."),
        optional(
            "retryMax",
            "integer",
            "Quick repetitions after no connection, 429 and 5xx; negative for none. Default: `3`.",
        ),
        optional(
            "retryWaitMin",
            "duration",
            "The wait before the first repetition; it doubles with every further one. Default: \
             `1s`.",
        ),
        optional(
            "retryWaitMax",
            "duration",
            "The longest wait before a repetition. Default: `5s`.",
        ),
    ],
    transport: true,
    fields: &[
        optional(
            "<name>",
            "map",
            "What is sent to the webhook service of this name. Without it the message is the body \
             of a GET.",
        ),
        optional(
            "<name>.method",
            "string",
            "HTTP method; no template. Default: `GET`.",
        ),
        optional(
            "<name>.path",
            "template",
            "Appended to the service's URL; may have a query.",
        ),
        optional(
            "<name>.body",
            "template",
            "The body, also when it is empty.",
        ),
    ],
    example: r#"data:
  service.webhook.ci: |
    url: https://ci.example.com/hooks
    headers:
    - name: Content-Type
      value: application/json
    - name: Authorization
      value: Bearer $ci-token
  template.pod-ready: |
    webhook:
      ci:
        method: POST
        path: /pods/{{.pod.metadata.name}}
        body: |
          {"event": "ready", "pod": {{.pod.metadata.name | toJson}}}
"#,
    notes: &[
        "No `Content-Type` is set unless a header says so.",
        "Subscriptions name the service, not the type: \
         `subscribe.on-pod-ready.ci: \"\"`.",
    ],
};

/// The options of `service.webhook.<name>`, beside the [`TransportOptions`].
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename = "services.WebhookOptions", rename_all = "camelCase")]
struct Options {
    /// Where to; the template's path is appended.
    url: String,
    /// Set in order; of the same name the last one counts.
    headers: Vec<Header>,
    /// Overrides a header `Authorization`.
    basic_auth: Option<BasicAuth>,
    /// Wait before the first repetition; default 1 s, also for 0.
    retry_wait_min: Span,
    /// Longest wait before a repetition; default 5 s, also for 0.
    retry_wait_max: Span,
    /// Repetitions; default 3, also for 0; negative for none.
    retry_max: i64,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename = "services.Header")]
struct Header {
    name: String,
    value: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default, rename = "services.BasicAuth")]
struct BasicAuth {
    username: String,
    password: String,
}

/// What a template says for one webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename = "services.WebhookNotification")]
pub struct WebhookNotification {
    /// HTTP method, not a template; empty for GET.
    pub method: String,
    /// The body, also when it is empty.
    pub body: String,
    /// Appended to the service's URL, unless empty; may have a query.
    pub path: String,
}

/// A configured webhook.
struct Webhook {
    name: String,
    options: Options,
    client: Arc<HttpClient>,
    masker: Masker,
    user_agent: String,
    warnings: Vec<BuildWarning>,
}

/// Makes a webhook from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let transport: TransportOptions = yaml::decode(node)?;
    let mut warnings = transport.warnings(node);
    let client = HttpClient::shared(&transport, &options.url, context)?;
    let mut secrets = url_secrets(&options.url);
    if let Some(BasicAuth { username, password }) = &options.basic_auth {
        // A server may send the header back, which is the base64 form of both together.
        secrets.extend([password.clone(), format!("{username}:{password}")]);
    }
    let telling = options
        .headers
        .iter()
        .filter(|header| is_sensitive(&header.name));
    secrets.extend(telling.flat_map(|header| {
        let value = header.value.trim();
        // The scheme is no secret, what follows it is.
        let credentials = value.split_once(' ').map_or(value, |(_, rest)| rest);
        [value.to_owned(), credentials.to_owned()]
    }));
    let masker = context.masker.and(secrets.iter().map(String::as_str));
    if options.url.trim().is_empty() {
        warnings.push(missing(node, "url", "set url to http://… or https://…"));
    } else if let Err(error) = PreparedRequest::new("GET", &options.url).check(&masker) {
        warnings.push(BuildWarning {
            message: error.message,
            position: node
                .get("url")
                .map_or(Some(node.position), |url| Some(url.position)),
            help: Some("set url to http://… or https://…".into()),
        });
    }
    Ok(Arc::new(Webhook {
        name: name.to_owned(),
        options,
        client,
        masker,
        user_agent: context.user_agent.clone(),
        warnings,
    }))
}

impl Webhook {
    fn request(&self, notification: &Notification) -> PreparedRequest {
        let entry = notification.webhook.get(&self.name);
        let (method, path, body) = match entry {
            Some(entry) => (entry.method.as_str(), entry.path.as_str(), &entry.body),
            None => ("", "", &notification.message),
        };
        let method = if method.is_empty() { "GET" } else { method };
        let url = if path.is_empty() {
            self.options.url.clone()
        } else {
            let url = self.options.url.trim_end_matches('/');
            format!("{url}/{}", path.trim_start_matches('/'))
        };
        let mut request = PreparedRequest::new(method, url);
        request.insecure = self.client.is_insecure();
        request.set_header("User-Agent", self.user_agent.as_str());
        for header in &self.options.headers {
            request.set_header(&header.name, header.value.trim_matches([' ', '\t']));
        }
        if let Some(auth) = &self.options.basic_auth {
            request.set_basic_auth(&auth.username, &auth.password);
        }
        request.body = body.clone().into_bytes();
        request
    }
}

impl Service for Webhook {
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

    fn prepare(
        &self,
        notification: &Notification,
        _: &Destination,
    ) -> Result<Vec<PreparedRequest>, SendError> {
        let request = self.request(notification);
        request.check(&self.masker)?;
        Ok(vec![request])
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        _: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async {
            let request = self.request(notification);
            let answer = self.client.execute(&request, &self.masker).await?;
            if (200..300).contains(&answer.status) {
                Ok(answer.into_sent(&self.masker))
            } else {
                Err(answer.into_error(&request, &self.masker))
            }
        })
    }

    fn retry(&self) -> RetryPolicy {
        let repetitions = match self.options.retry_max {
            0 => 3,
            number => u32::try_from(number.max(0)).unwrap_or(u32::MAX),
        };
        RetryPolicy {
            attempts: repetitions.saturating_add(1),
            wait_min: self.options.retry_wait_min.or(Duration::from_secs(1)),
            wait_max: self.options.retry_wait_max.or(Duration::from_secs(5)),
            jitter: 0.0,
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// `webhook:` of a template, by service name.
#[derive(Debug)]
struct WebhookSection {
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug)]
struct Entry {
    method: String,
    body: Template,
    path: Template,
}

/// Compiles the section.
pub(super) fn section(
    node: &Node,
    compiler: &mut Compiler<'_>,
    unrendered: &mut Notification,
) -> Option<Box<dyn Section>> {
    let texts: BTreeMap<String, WebhookNotification> = compiler.decode(TYPE, node)?;
    let mut entries = BTreeMap::new();
    let places = template::entries(node);
    for (name, text) in &texts {
        let place = places.get(name.as_str());
        let mut compile = |field: &str, text: &str| {
            let node = place.and_then(|place| place.get(field));
            compiler.text(&format!("{TYPE}.{name}.{field}"), text, node)
        };
        let (body, path) = (compile("body", &text.body), compile("path", &text.path));
        if let (Some(body), Some(path)) = (body, path) {
            let method = text.method.clone();
            entries.insert(name.clone(), Entry { method, body, path });
        }
    }
    unrendered.webhook = texts;
    Some(Box::new(WebhookSection { entries }))
}

impl Section for WebhookSection {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    /// An entry replaces the one of an earlier template as a whole.
    fn render(
        &self,
        rendering: &Rendering<'_>,
        into: &mut Notification,
    ) -> Result<(), RenderError> {
        let wanted = |name: &str| rendering.service_name.is_none_or(|service| service == name);
        for (name, entry) in self.entries.iter().filter(|(name, _)| wanted(name)) {
            let text = |field: &str, template: &Template| {
                rendering.text(&format!("{TYPE}.{name}.{field}"), template)
            };
            let rendered = WebhookNotification {
                method: entry.method.clone(),
                body: text("body", &entry.body)?,
                path: text("path", &entry.path)?,
            };
            into.webhook.insert(name.clone(), rendered);
        }
        Ok(())
    }
}
