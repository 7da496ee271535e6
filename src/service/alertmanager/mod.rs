//! Alertmanager: alerts to one or several instances of Prometheus' Alertmanager, by its API v2.

mod section;

pub use section::AlertmanagerNotification;
pub(super) use section::section;

use super::endpoint::{Endpoint, transport_warnings};
use super::reference::{Reference, optional, required};
use super::registry::{BuildError, BuildWarning};
use super::request::{shown_url, url_secrets};
use super::{Class, Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::{Destination, Masker};
use crate::yaml::{self, Node};
use futures::future::{BoxFuture, join_all};
use serde::Deserialize;
use serde_json::json;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The type's name.
pub(super) const TYPE: &str = "alertmanager";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Alertmanager",
    summary: "Alerts to Prometheus' Alertmanager, which groups, silences and routes them. Each \
              notification is one alert, sent to every target; one that takes it is enough.",
    recipient: "Not used for sending; a template may put `.recipient` into a label, for the \
                routing.",
    recipient_example: "team-a",
    options: &[
        optional(
            "targets",
            "list of strings",
            "The instances, each as `host:port`. Default: `127.0.0.1:9093`.",
        ),
        optional("scheme", "string", "`http` or `https`. Default: `http`."),
        optional(
            "apiPath",
            "string",
            "The path of the API. Default: `/api/v2/alerts`.",
        ),
        optional(
            "basicAuth",
            "map",
            "Basic authentication; wins over `bearerToken`.",
        ),
        optional("basicAuth.username", "string", "The user's name."),
        optional("basicAuth.password", "string", "The user's password."),
        optional(
            "bearerToken",
            "string",
            "Sent as `Authorization: Bearer …`.",
        ),
        optional(
            "timeout",
            "integer",
            "Seconds until a target must have answered. Default: `3`.",
        ),
    ],
    transport: true,
    fields: &[
        required(
            "labels",
            "map of templates",
            "The alert's labels, at least one; alerts with the same labels are the same alert. \
             `alertname` is the template's name unless it is given.",
        ),
        optional(
            "annotations",
            "map of templates",
            "What else is shown of the alert, such as `summary`.",
        ),
        optional(
            "generatorURL",
            "template",
            "The link to what caused the alert. Default: the repository of an Argo CD application, \
             `{{.app.spec.source.repoURL}}`; for other objects none.",
        ),
    ],
    example: r#"data:
  service.alertmanager: |
    targets:
    - alertmanager-0.monitoring:9093
    - alertmanager-1.monitoring:9093
    bearerToken: $alertmanager-token
  template.pod-failed: |
    alertmanager:
      labels:
        severity: critical
        namespace: '{{.pod.metadata.namespace}}'
        pod: '{{.pod.metadata.name}}'
      annotations:
        summary: Pod {{.pod.metadata.name}} has failed
"#,
    notes: &[
        "The message is not sent; put it into an annotation.",
        "No end is sent: an alert is resolved when Alertmanager's `resolve_timeout` is over, so \
         that `send_resolved` of its receivers is better off.",
    ],
};

/// Where alerts go when the options do not say.
const TARGET: &str = "127.0.0.1:9093";

/// How long one target may take when the options do not say.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The options of `service.alertmanager.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(
    default,
    rename = "services.AlertmanagerOptions",
    rename_all = "camelCase"
)]
struct Options {
    /// Instances, each `host:port`.
    targets: Vec<String>,
    /// Before `://`; `http` when empty.
    scheme: String,
    /// After the target; `/api/v2/alerts` when empty.
    api_path: String,
    /// Wins over the token.
    basic_auth: Option<BasicAuth>,
    /// For the header `Authorization`.
    bearer_token: String,
    /// Seconds that one target may take; 0 and less for the default.
    timeout: i64,
}

#[derive(Default, Deserialize)]
#[serde(default, rename = "services.BasicAuth")]
struct BasicAuth {
    username: String,
    password: String,
}

struct Alertmanager {
    name: String,
    /// One for each target, as certificates go by host.
    targets: Vec<Endpoint>,
    basic_auth: Option<BasicAuth>,
    bearer_token: String,
    timeout: Duration,
    masker: Masker,
    warnings: Vec<BuildWarning>,
}

/// Makes an Alertmanager service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let mut options: Options = yaml::decode(node)?;
    let mut warnings = transport_warnings(node)?;
    if options.targets.is_empty() {
        options.targets.push(TARGET.to_owned());
    }
    let or = |text: &str, default: &str| match text.trim() {
        "" => default.to_owned(),
        text => text.to_owned(),
    };
    let scheme = or(&options.scheme, "http");
    let path = or(&options.api_path, "/api/v2/alerts");
    let token = options.bearer_token.trim().to_owned();
    let mut secrets = vec![token.clone()];
    if let Some(BasicAuth { username, password }) = &options.basic_auth {
        // A server may send the header back, which is the base64 form of both together.
        secrets.extend([password.clone(), format!("{username}:{password}")]);
    }
    let urls = options.targets.iter();
    let urls: Vec<String> = urls
        .map(|target| format!("{scheme}://{}{path}", target.trim()))
        .collect();
    secrets.extend(urls.iter().flat_map(|url| url_secrets(url)));
    let masker = context.masker.and(secrets.iter().map(String::as_str));
    let mut targets = Vec::with_capacity(urls.len());
    for (url, target) in urls.into_iter().zip(&options.targets) {
        let mut endpoint = Endpoint::new(&url, node, [], context)?;
        endpoint.masker = masker.clone();
        let flaw = match endpoint.ready(PreparedRequest::new("POST", &url)) {
            Err(error) => Some(error.message),
            Ok(_) => target.contains('/').then(|| {
                let shown = shown_url(target, &masker);
                format!("the target {shown} is not of the form host:port")
            }),
        };
        if let Some(message) = flaw {
            warnings.push(BuildWarning {
                message,
                position: node
                    .get("targets")
                    .or(node.get("apiPath"))
                    .map(|n| n.position),
                help: Some(
                    "write each target as host:port, without http://; scheme and apiPath have \
                     the rest"
                        .into(),
                ),
            });
        }
        targets.push(endpoint);
    }
    Ok(Arc::new(Alertmanager {
        name: name.to_owned(),
        targets,
        basic_auth: options.basic_auth,
        bearer_token: token,
        timeout: match u64::try_from(options.timeout) {
            Ok(seconds @ 1..) => Duration::from_secs(seconds),
            _ => TIMEOUT,
        },
        masker,
        warnings,
    }))
}

impl Alertmanager {
    /// The alert that is sent to each target.
    fn alert<'n>(
        &self,
        notification: &'n Notification,
    ) -> Result<&'n AlertmanagerNotification, SendError> {
        let Some(alert) = &notification.alertmanager else {
            return Err(SendError::permanent(
                "notification alertmanager no config; give the template a section alertmanager \
                 with labels",
            ));
        };
        if alert.labels.is_empty() {
            return Err(SendError::permanent(
                "alertmanager at least one label pair required; set alertmanager.labels of the \
                 template",
            ));
        }
        Ok(alert)
    }

    fn request(
        &self,
        alert: &AlertmanagerNotification,
        target: &Endpoint,
    ) -> Result<PreparedRequest, SendError> {
        let mut request = PreparedRequest::post_json(&target.url, &json!([alert]));
        if let Some(BasicAuth { username, password }) = &self.basic_auth {
            request.set_basic_auth(username, password);
        } else if !self.bearer_token.is_empty() {
            request.set_header("Authorization", format!("Bearer {}", self.bearer_token));
        }
        target.ready(request)
    }

    async fn send_to(
        &self,
        alert: &AlertmanagerNotification,
        target: &Endpoint,
    ) -> Result<Sent, SendError> {
        let request = self.request(alert, target)?;
        let answer = match tokio::time::timeout(self.timeout, target.execute(&request)).await {
            Ok(answer) => answer?,
            Err(_) => {
                let text = format!("no answer within {:?}", self.timeout);
                return Err(SendError::transient(text).about(request.subject(&target.masker)));
            }
        };
        if answer.status == 200 {
            Ok(answer.into_sent(&target.masker))
        } else {
            Err(answer.into_error(&request, &target.masker))
        }
    }

    /// Sends to all targets at the same time; one that takes the alert is enough.
    async fn deliver(&self, notification: &Notification) -> Result<Sent, SendError> {
        let alert = self.alert(notification)?;
        let results = join_all(self.targets.iter().map(|t| self.send_to(alert, t))).await;
        let mut accepted = None;
        let mut errors = Vec::new();
        for result in results {
            match result {
                Ok(sent) => accepted = accepted.or(Some(sent)),
                Err(error) => errors.push(error),
            }
        }
        let Some(mut sent) = accepted else {
            return Err(none_took_it(errors));
        };
        for error in &errors {
            tracing::warn!("alertmanager: {}", told(error));
        }
        let all = self.targets.len();
        sent.detail = format!("{} of {all} targets", all - errors.len());
        Ok(sent)
    }
}

/// What one target's error says, with the target's URL.
fn told(error: &SendError) -> String {
    if error.subject.is_empty() || error.message.contains(&error.subject) {
        return error.message.clone();
    }
    format!("{}: {}", error.subject, error.message)
}

/// The error when no target took the alert: one that may pass, if that is so of any target.
fn none_took_it(errors: Vec<SendError>) -> SendError {
    let texts: Vec<String> = errors.iter().map(told).collect();
    let message = format!(
        "no events were successfully received by alertmanager: {}",
        texts.join("; ")
    );
    let telling = errors.iter().find(|error| error.is_transient());
    let Some(telling) = telling.or(errors.first()) else {
        return SendError::permanent(message);
    };
    let mut error = telling.clone();
    error.message = message;
    let waits = errors.iter().filter(|error| error.is_transient());
    if let Class::Transient { retry_after } = &mut error.class {
        *retry_after = waits.filter_map(SendError::retry_after).min();
    }
    error
}

impl Service for Alertmanager {
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
        let alert = self.alert(notification)?;
        let mut requests = Vec::new();
        let mut errors = Vec::new();
        for target in &self.targets {
            match self.request(alert, target) {
                Ok(request) => requests.push(request),
                Err(error) => errors.push(error),
            }
        }
        // A target that cannot be asked does not keep the others from it.
        if requests.is_empty() {
            return Err(none_took_it(errors));
        }
        Ok(requests)
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        _: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(self.deliver(notification))
    }
}

impl fmt::Debug for Alertmanager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alertmanager")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
