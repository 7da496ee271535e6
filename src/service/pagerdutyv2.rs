//! PagerDuty by the Events API v2: alerts to the integrations of services.

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::one_request::{Asked, OneRequest, one_request};
use super::reference::{Reference, optional, required};
use super::registry::BuildError;
use super::texts::{Field, Merge, Texts};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::Destination;
use crate::yaml::{self, Node};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The type's name.
pub(super) const TYPE: &str = "pagerdutyv2";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "PagerDuty (events)",
    summary: "Alerts by PagerDuty's Events API v2, each to the integration of a service. Alerts \
              with the same `dedupKey` are one.",
    recipient: "A key of `serviceKeys`.",
    recipient_example: "my-service",
    options: &[
        required(
            "serviceKeys",
            "map of strings",
            "The integration key (routing key) of an Events API v2 integration for each \
             recipient. The keys are secrets.",
        ),
        optional(
            "apiUrl",
            "string",
            "Where the Events API is; `https://events.eu.pagerduty.com` for accounts in the EU. \
             Default: `https://events.pagerduty.com`.",
        ),
    ],
    transport: true,
    fields: &[
        required(
            "summary",
            "template",
            "What has happened, in one line of at most 1,024 characters.",
        ),
        required(
            "severity",
            "template",
            "`critical`, `error`, `warning` or `info`.",
        ),
        required(
            "source",
            "template",
            "Where it happened: the cluster, the object.",
        ),
        optional("component", "template", "The part that has the problem."),
        optional(
            "group",
            "template",
            "A group of parts, such as a namespace.",
        ),
        optional("class", "template", "The kind of event."),
        optional("url", "template", "A link that is shown with the alert."),
        optional(
            "dedupKey",
            "template",
            "Events with the same key belong to one alert. Default: each is one of its own.",
        ),
    ],
    example: r#"data:
  service.pagerdutyv2: |
    serviceKeys:
      my-service: $pagerduty-key-my-service
  template.pod-failed: |
    pagerdutyv2:
      summary: Pod {{.pod.metadata.name}} has failed
      severity: error
      source: '{{.pod.metadata.namespace}}/{{.pod.metadata.name}}'
      dedupKey: '{{.pod.metadata.uid}}'
"#,
    notes: &[
        "Events only trigger; acknowledging and resolving is left to people.",
        "The message is not sent; the summary is.",
    ],
};

/// Characters of a summary that PagerDuty takes.
const LONGEST: usize = 1024;

/// The options of `service.pagerdutyv2.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(
    default,
    rename = "services.PagerdutyV2Options",
    rename_all = "camelCase"
)]
struct Options {
    /// Integration keys by recipient.
    service_keys: BTreeMap<String, String>,
    /// `https://events.pagerduty.com` when empty.
    api_url: String,
}

/// The section `pagerdutyv2` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    rename = "services.PagerDutyV2Notification",
    rename_all = "camelCase"
)]
pub struct PagerDutyV2Notification {
    /// What has happened, in one line.
    pub summary: String,
    /// `critical`, `error`, `warning` or `info`.
    pub severity: String,
    /// Where it happened.
    pub source: String,
    /// The part that has the problem.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub component: String,
    /// A group of parts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The kind of event.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// A link that is shown with the alert.
    pub url: String,
    /// Events with the same key belong to one alert.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dedup_key: String,
}

impl Texts for PagerDutyV2Notification {
    const TYPE: &'static str = TYPE;
    const MERGE: Merge = Merge::Always;
    const FIELDS: &'static [Field<Self>] = &[
        ("summary", |section| &mut section.summary),
        ("severity", |section| &mut section.severity),
        ("source", |section| &mut section.source),
        ("component", |section| &mut section.component),
        ("group", |section| &mut section.group),
        ("class", |section| &mut section.class),
        ("url", |section| &mut section.url),
        ("dedupKey", |section| &mut section.dedup_key),
    ];

    fn of(notification: &mut Notification) -> &mut Option<Self> {
        &mut notification.pagerdutyv2
    }
}

struct PagerDutyV2 {
    keys: BTreeMap<String, String>,
    endpoint: Endpoint,
}

/// Makes a service for PagerDuty's events from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let mut warnings = transport_warnings(node)?;
    if options.service_keys.is_empty() {
        let help = "map each recipient to the key of its Events API v2 integration";
        warnings.push(missing(node, "serviceKeys", help));
    }
    let trimmed = options.service_keys.into_iter();
    let keys: BTreeMap<String, String> = trimmed
        .map(|(recipient, key)| (recipient, key.trim().to_owned()))
        .collect();
    let url = match options.api_url.trim().trim_end_matches('/') {
        "" => "https://events.pagerduty.com",
        url => url,
    };
    let secrets = keys.values().map(String::as_str);
    let service = PagerDutyV2 {
        endpoint: Endpoint::new(url, node, secrets, context)?,
        keys,
    };
    Ok(one_request(name, warnings, service))
}

impl OneRequest for PagerDutyV2 {
    const TYPE: &'static str = TYPE;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<PreparedRequest, SendError> {
        let Some(key) = self.keys.get(&*to.recipient) else {
            let known: Vec<&str> = self.keys.keys().map(String::as_str).collect();
            return Err(SendError::permanent(format!(
                "no API key configured for recipient {}; serviceKeys has: {}",
                to.recipient,
                known.join(", ")
            )));
        };
        let Some(section) = &notification.pagerdutyv2 else {
            return Err(SendError::permanent(
                "no config found for pagerdutyv2; give the template a section pagerdutyv2 with \
                 summary, severity and source",
            ));
        };
        let mut payload = json!({
            "summary": section.summary,
            "source": section.source,
            "severity": section.severity,
        });
        let mut event = json!({
            "routing_key": key,
            "event_action": "trigger",
            "client": "ArgoCD",
        });
        let set = |object: &mut Value, name: &str, text: &str| {
            if !text.is_empty() {
                object[name] = text.into();
            }
        };
        set(&mut payload, "component", &section.component);
        set(&mut payload, "group", &section.group);
        set(&mut payload, "class", &section.class);
        set(&mut event, "dedup_key", &section.dedup_key);
        set(&mut event, "client_url", &section.url);
        event["payload"] = payload;
        let url = format!("{}/v2/enqueue", self.endpoint.url);
        self.endpoint.ready(PreparedRequest::post_json(url, &event))
    }

    /// Only 202 with JSON is a success.
    fn understand(&self, answer: Answer, asked: &Asked<'_>) -> Result<Sent, SendError> {
        let (request, notification, to) = (asked.request, asked.notification, asked.to);
        let masker = &self.endpoint.masker;
        let Some(reply) = answer.json().filter(Value::is_object) else {
            if answer.status == 202 {
                return Err(self.endpoint.no_json(answer, request));
            }
            let message = format!(
                "HTTP response failed with status code {}: {}",
                answer.status_text(),
                answer.quoted(masker)
            );
            return Err(answer.refused(message.trim_end_matches([' ', ':']), request, masker));
        };
        let text = |name: &str| reply[name].as_str().unwrap_or_default();
        if answer.status == 202 {
            let key = reply["dedup_key"].as_str();
            let detail = key.map(|key| format!("dedup key {key}"));
            return Ok(self.endpoint.sent(answer, detail));
        }
        let mut message = format!(
            "HTTP response failed with status code {}, status: {}, message: {}",
            answer.status,
            text("status"),
            text("message")
        );
        message.push_str(&first_error(&reply["errors"]));
        let summary = notification.pagerdutyv2.as_ref().map(|s| s.summary.chars());
        let length = summary.map_or(0, Iterator::count);
        match answer.status {
            400 if length > LONGEST => message.push_str(&format!(
                "; shorten the summary: it has {length} characters, {LONGEST} are allowed"
            )),
            400 => message.push_str(&format!(
                "; correct serviceKeys.{}, which must be the key of an Events API v2 integration, \
                 or the section pagerdutyv2 of the template",
                to.recipient
            )),
            _ => {}
        }
        Err(answer.refused(&message, request, masker))
    }
}

/// The first of an answer's errors, and how many more there are.
pub(super) fn first_error(errors: &Value) -> String {
    let errors = errors.as_array().map_or(&[][..], Vec::as_slice);
    let Some(first) = errors.first() else {
        return String::new();
    };
    let first = first
        .as_str()
        .map_or_else(|| first.to_string(), str::to_owned);
    match errors.len() - 1 {
        0 => format!(": {first}"),
        1 => format!(": {first} (and 1 more error...)"),
        more => format!(": {first} (and {more} more errors...)"),
    }
}
