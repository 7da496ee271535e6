//! Grafana: annotations, which dashboards show as marks on their time axes.

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::one_request::{Asked, OneRequest, one_request};
use super::reference::{Reference, required};
use super::registry::{BuildError, BuildWarning};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::Destination;
use crate::yaml::{self, Node};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use url::Url;

/// The type's name.
pub(super) const TYPE: &str = "grafana";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Grafana",
    summary: "Annotations: dashboards whose annotation query has their tags show them as marks on \
              the time axis. The message is their text.",
    recipient: "The annotation's tags, separated by `|`.",
    recipient_example: "deployments|production",
    options: &[
        required(
            "apiUrl",
            "string",
            "The URL of the API, `/api` included: `https://grafana.example.com/api`.",
        ),
        required(
            "apiKey",
            "string",
            "The token of a service account that may create annotations.",
        ),
    ],
    transport: true,
    fields: &[],
    example: r#"data:
  service.grafana: |
    apiUrl: https://grafana.example.com/api
    apiKey: $grafana-api-key
  template.pod-ready: |
    message: Pod {{.pod.metadata.name}} is ready
"#,
    notes: &["The annotation's time is that of the sending, in whole seconds."],
};

/// The options of `service.grafana.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(default, rename = "services.GrafanaOptions", rename_all = "camelCase")]
struct Options {
    /// The API's URL, with `/api`.
    api_url: String,
    /// Token of a service account.
    api_key: String,
}

struct Grafana {
    key: String,
    /// Its URL is that of the annotations.
    endpoint: Endpoint,
}

/// Makes a Grafana service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let mut warnings = transport_warnings(node)?;
    let (url, key) = (options.api_url.trim(), options.api_key.trim());
    if key.is_empty() {
        let help = "set apiKey to the token of a service account that may create annotations";
        warnings.push(missing(node, "apiKey", help));
    }
    let endpoint = Endpoint::new(&annotations_url(url), node, [key], context)?;
    if url.is_empty() {
        let help = "set apiUrl to the URL of the API, https://…/api";
        warnings.push(missing(node, "apiUrl", help));
    } else if let Err(error) = endpoint.ready(PreparedRequest::new("POST", &endpoint.url)) {
        warnings.push(BuildWarning {
            message: format!("apiUrl: {}", error.message),
            position: node.get("apiUrl").map(|url| url.position),
            help: Some("set it to the URL of the API, https://…/api".into()),
        });
    }
    let service = Grafana {
        key: key.to_owned(),
        endpoint,
    };
    Ok(one_request(name, warnings, service))
}

/// Where annotations are: below the API's path, without empty parts, and with its query. What is no
/// URL stays, and the check of the requests tells of it.
fn annotations_url(api: &str) -> String {
    let Ok(mut url) = Url::parse(api) else {
        return api.to_owned();
    };
    let parts = url.path().split('/').filter(|part| !part.is_empty());
    let path: Vec<&str> = parts.chain(["annotations"]).collect();
    let path = path.join("/");
    url.set_path(&path);
    url.into()
}

impl OneRequest for Grafana {
    const TYPE: &'static str = TYPE;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<PreparedRequest, SendError> {
        if notification.message.is_empty() {
            tracing::warn!("the annotation for grafana has no text: the template has no message");
        }
        let tags: Vec<&str> = to.recipient.split('|').collect();
        let body = json!({
            "time": Timestamp::now().as_second().saturating_mul(1000),
            "isRegion": false,
            "tags": tags,
            "text": notification.message,
        });
        let mut request = PreparedRequest::post_json(&self.endpoint.url, &body);
        request.set_header("Authorization", format!("Bearer {}", self.key));
        self.endpoint.ready(request)
    }

    fn understand(&self, answer: Answer, asked: &Asked<'_>) -> Result<Sent, SendError> {
        if answer.status != 200 {
            let advice = advice(answer.status);
            let error = answer.into_error(asked.request, &self.endpoint.masker);
            return Err(error.advised(advice));
        }
        let id = answer.json().and_then(|reply| reply["id"].as_i64());
        let detail = id.map(|id| format!("annotation {id}"));
        Ok(self.endpoint.sent(answer, detail))
    }
}

/// What to do about an answer with this status.
fn advice(status: u16) -> Option<&'static str> {
    match status {
        401 | 403 => {
            Some("put the token of a service account that may create annotations under apiKey")
        }
        404 => Some("apiUrl must be the URL of the API, https://…/api"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_below_the_api() {
        for (api, url) in [
            ("https://g/api", "https://g/api/annotations"),
            ("https://g/api/", "https://g/api/annotations"),
            ("https://g//x//api//", "https://g/x/api/annotations"),
            ("https://g", "https://g/annotations"),
            (
                "http://g:3000/api?orgId=2",
                "http://g:3000/api/annotations?orgId=2",
            ),
            ("g/api", "g/api"),
        ] {
            assert_eq!(annotations_url(api), url);
        }
    }
}
