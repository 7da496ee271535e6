//! PagerDuty by the REST API: incidents of services. Alerts go through the type `pagerdutyv2`.

use super::endpoint::{Endpoint, missing, transport_warnings};
use super::http::Answer;
use super::one_request::{Asked, OneRequest, one_request};
use super::pagerdutyv2::first_error;
use super::reference::{Reference, optional, required};
use super::registry::BuildError;
use super::texts::{Field, Merge, Texts};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::Destination;
use crate::yaml::{self, Node};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The type's name.
pub(super) const TYPE: &str = "pagerduty";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "PagerDuty (incidents)",
    summary: "Incidents by PagerDuty's REST API, in the name of a user. New set-ups better use \
              the type `pagerdutyv2`.",
    recipient: "The id of the PagerDuty service; the option `serviceId` when it is empty.",
    recipient_example: "PIJ90N7",
    options: &[
        required("token", "string", "A REST API key of the account."),
        required(
            "from",
            "string",
            "The e-mail address of a user of the account, who opens the incidents.",
        ),
        optional(
            "serviceId",
            "string",
            "The service of recipients that are empty.",
        ),
        optional(
            "apiUrl",
            "string",
            "Where the API is; `https://api.eu.pagerduty.com` for accounts in the EU. Default: \
             `https://api.pagerduty.com`.",
        ),
    ],
    transport: true,
    fields: &[
        required("title", "template", "The incident's title."),
        optional("body", "template", "What else there is to know."),
        optional("urgency", "template", "`high` or `low`."),
        optional(
            "priorityId",
            "template",
            "The id of one of the account's priorities.",
        ),
    ],
    example: r#"data:
  service.pagerduty: |
    token: $pagerduty-token
    from: ops@example.com
  template.pod-failed: |
    pagerduty:
      title: Pod {{.pod.metadata.name}} has failed
      body: '{{.pod.status.message}}'
      urgency: high
"#,
    notes: &[
        "Incidents have no key: when an answer is lost and the delivery is repeated, a second \
         incident is opened. The type `pagerdutyv2` knows its alerts again.",
        "The message is not sent; title and body are.",
    ],
};

/// The options of `service.pagerduty.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(
    default,
    rename = "services.PagerdutyOptions",
    rename_all = "camelCase"
)]
struct Options {
    /// REST API key.
    token: String,
    /// E-mail address of a user of the account.
    from: String,
    /// For recipients that are empty.
    service_id: String,
    /// `https://api.pagerduty.com` when empty.
    api_url: String,
}

/// The section `pagerduty` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    rename = "services.PagerDutyNotification",
    rename_all = "camelCase"
)]
pub struct PagerDutyNotification {
    /// The incident's title.
    pub title: String,
    /// What else there is to know.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// `high` or `low`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub urgency: String,
    /// The id of one of the account's priorities.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub priority_id: String,
}

impl Texts for PagerDutyNotification {
    const TYPE: &'static str = TYPE;
    const MERGE: Merge = Merge::Always;
    const FIELDS: &'static [Field<Self>] = &[
        ("title", |section| &mut section.title),
        ("body", |section| &mut section.body),
        ("urgency", |section| &mut section.urgency),
        ("priorityId", |section| &mut section.priority_id),
    ];

    fn of(notification: &mut Notification) -> &mut Option<Self> {
        &mut notification.pagerduty
    }
}

struct PagerDuty {
    token: String,
    from: String,
    service_id: String,
    endpoint: Endpoint,
}

/// Makes a service for PagerDuty's incidents from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    let (token, from) = (options.token.trim(), options.from.trim());
    let mut warnings = transport_warnings(node)?;
    if token.is_empty() {
        let help = "set token to a REST API key of the account";
        warnings.push(missing(node, "token", help));
    }
    if from.is_empty() {
        let help = "set from to the e-mail address of a user of the account";
        warnings.push(missing(node, "from", help));
    }
    let url = match options.api_url.trim().trim_end_matches('/') {
        "" => "https://api.pagerduty.com",
        url => url,
    };
    let service = PagerDuty {
        endpoint: Endpoint::new(url, node, [token], context)?,
        token: token.to_owned(),
        from: from.to_owned(),
        service_id: options.service_id.trim().to_owned(),
    };
    Ok(one_request(name, warnings, service))
}

impl PagerDuty {
    /// The service that gets the incident.
    fn service_id<'a>(&'a self, to: &'a Destination) -> &'a str {
        match &*to.recipient {
            "" => &self.service_id,
            recipient => recipient,
        }
    }
}

impl OneRequest for PagerDuty {
    const TYPE: &'static str = TYPE;

    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<PreparedRequest, SendError> {
        let Some(section) = &notification.pagerduty else {
            return Err(SendError::permanent(
                "no config found for pagerduty; give the template a section pagerduty with a title",
            ));
        };
        let service = self.service_id(to);
        if service.is_empty() {
            return Err(SendError::permanent(
                "the recipient is empty: it must be the id of a PagerDuty service; or set \
                 serviceId of the service",
            ));
        }
        let mut incident = json!({
            "type": "incident",
            "title": section.title,
            "service": {"id": service, "type": "service_reference"},
            "body": {"type": "incident_details"},
        });
        if !section.body.is_empty() {
            incident["body"]["details"] = section.body.as_str().into();
        }
        if !section.urgency.is_empty() {
            incident["urgency"] = section.urgency.as_str().into();
        }
        if !section.priority_id.is_empty() {
            incident["priority"] = json!({"id": section.priority_id, "type": "priority_reference"});
        }
        let url = format!("{}/incidents", self.endpoint.url);
        let mut request = PreparedRequest::post_json(url, &json!({"incident": incident}));
        request.set_header("Accept", "application/vnd.pagerduty+json;version=2");
        request.set_header("Authorization", format!("Token token={}", self.token));
        request.set_header("From", self.from.as_str());
        self.endpoint.ready(request)
    }

    fn understand(&self, answer: Answer, asked: &Asked<'_>) -> Result<Sent, SendError> {
        let (request, to) = (asked.request, asked.to);
        let masker = &self.endpoint.masker;
        let ok = (200..300).contains(&answer.status);
        let Some(reply) = answer.json().filter(Value::is_object) else {
            if ok {
                return Err(self.endpoint.no_json(answer, request));
            }
            let message = format!(
                "HTTP response with status code {} does not contain Content-Type: \
                 application/json, but {}",
                answer.status,
                match answer.quoted(masker) {
                    text if text.is_empty() => "nothing".to_owned(),
                    text => text,
                }
            );
            return Err(answer.refused(&message, request, masker));
        };
        if ok {
            let incident = &reply["incident"];
            let link = incident["html_url"].as_str().map(str::to_owned);
            let id = incident["id"].as_str();
            let detail = link.or_else(|| id.map(|id| format!("incident {id}")));
            return Ok(self.endpoint.sent(answer, detail));
        }
        let error = &reply["error"];
        let mut message = format!(
            "HTTP response failed with status code {}, message: {}",
            answer.status,
            error["message"].as_str().unwrap_or_default()
        );
        if let Some(code) = error["code"].as_i64() {
            message.push_str(&format!(" (code: {code})"));
        }
        message.push_str(&first_error(&error["errors"]));
        match answer.status {
            400 => message.push_str(&format!(
                "; correct from ('{}'), the recipient '{}' or the section pagerduty of the \
                 template",
                self.from,
                self.service_id(to)
            )),
            401 | 403 => {
                message.push_str("; put a valid REST API key that may write under token");
            }
            404 => message.push_str(&format!(
                "; correct the recipient '{}': it must be the id of a service of the account",
                self.service_id(to)
            )),
            _ => {}
        }
        Err(answer.refused(&message, request, masker))
    }
}
