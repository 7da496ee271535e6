//! Microsoft Teams by Office 365 connectors, which take a MessageCard. Microsoft retires them; their
//! successor is the type `teams-workflows`.

use super::endpoint::Endpoint;
use super::http::Answer;
use super::per_recipient::{Channel, Outgoing, per_recipient};
use super::reference::{Reference, optional, required};
use super::registry::BuildError;
use super::texts::{Field, Merge, Texts};
use super::{Class, Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::yaml::{self, Node};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The type's name.
pub(super) const TYPE: &str = "teams";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Microsoft Teams (connectors)",
    summary: "MessageCards to Office 365 connectors. Microsoft retires them: new channels use the \
              type `teams-workflows`.",
    recipient: "A key of `recipientUrls`.",
    recipient_example: "my-channel",
    options: &[required(
        "recipientUrls",
        "map of strings",
        "The connector's URL for each recipient. The URLs are secrets.",
    )],
    transport: true,
    fields: &[
        optional("title", "template", "Title of the card."),
        optional(
            "text",
            "template",
            "Text of the card. Default: the message.",
        ),
        optional(
            "summary",
            "template",
            "What is shown where the card is not, such as in lists of notifications.",
        ),
        optional(
            "themeColor",
            "template",
            "Colour of the card's edge: `#18be52`.",
        ),
        optional(
            "facts",
            "template",
            "JSON list of facts, objects with `name` and `value`; they become one more section.",
        ),
        optional("sections", "template", "JSON list of sections."),
        optional("potentialAction", "template", "JSON list of actions."),
        optional(
            "template",
            "template",
            "The whole body, sent as it is; the other fields are not used then.",
        ),
    ],
    example: r##"data:
  service.teams: |
    recipientUrls:
      my-channel: $teams-url
  template.pod-ready: |
    message: Pod {{.pod.metadata.name}} is ready
    teams:
      title: Pod {{.pod.metadata.name}}
      themeColor: "#18be52"
      facts: |
        [{"name": "Node", "value": {{.pod.spec.nodeName | toJson}}}]
"##,
    notes: &[
        "A connector tells success by the body `1` of its answer; the status is not looked at.",
    ],
};

/// The options of `service.teams.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(default, rename = "services.TeamsOptions", rename_all = "camelCase")]
struct Options {
    /// The connector's URL for each recipient.
    recipient_urls: BTreeMap<String, String>,
}

/// The section `teams` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    rename = "services.TeamsNotification",
    rename_all = "camelCase"
)]
pub struct TeamsNotification {
    /// The whole body, sent as it is; the other fields are not used then.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub template: String,
    /// Title of the card.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What is shown where the card is not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Text of the card; the message when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Colour of the card's edge, hexadecimal.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub theme_color: String,
    /// JSON list of facts, which become one more section.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub facts: String,
    /// JSON list of sections.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sections: String,
    /// JSON list of actions.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub potential_action: String,
}

impl Texts for TeamsNotification {
    const TYPE: &'static str = TYPE;
    const MERGE: Merge = Merge::NonEmpty;
    const FIELDS: &'static [Field<Self>] = &[
        ("template", |section| &mut section.template),
        ("title", |section| &mut section.title),
        ("summary", |section| &mut section.summary),
        ("text", |section| &mut section.text),
        ("themeColor", |section| &mut section.theme_color),
        ("facts", |section| &mut section.facts),
        ("sections", |section| &mut section.sections),
        ("potentialAction", |section| &mut section.potential_action),
    ];

    fn of(notification: &mut Notification) -> &mut Option<Self> {
        &mut notification.teams
    }
}

/// Makes a Teams service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    per_recipient::<Teams>(name, &options.recipient_urls, node, context)
}

struct Teams;

impl Channel for Teams {
    const TYPE: &'static str = TYPE;
    const KEY: &'static str = "recipientUrls";
    const UNKNOWN: &'static str = "no teams webhook configured for recipient";

    fn message(notification: &Notification, url: &str) -> Result<Outgoing, String> {
        let section = notification.teams.clone().unwrap_or_default();
        let body = if section.template.is_empty() {
            card(&section, &notification.message)?.to_string()
        } else {
            section.template
        };
        Ok(Outgoing {
            url: url.to_owned(),
            body: body.into_bytes(),
        })
    }

    /// The connector tells success by its body alone: `1`, whatever the status.
    fn understand(
        endpoint: &Endpoint,
        answer: Answer,
        request: &PreparedRequest,
    ) -> Result<Sent, SendError> {
        if answer.body() == b"1" {
            return Ok(answer.into_sent(&endpoint.masker));
        }
        let quoted = answer.quoted(&endpoint.masker);
        // Refusals of the service behind the connector come with status 200 and this text.
        let passing = ["HTTP error 429", "HTTP error 5"]
            .iter()
            .any(|text| quoted.contains(text));
        let mut message = format!("teams webhook post error: {quoted}");
        if quoted.trim().is_empty() {
            message.push_str(&format!(
                "(status {}, empty body; is it the URL of a workflow? its type is teams-workflows)",
                answer.status_text()
            ));
        }
        let mut error = answer.refused(&message, request, &endpoint.masker);
        if passing && !error.is_transient() {
            error.class = Class::Transient { retry_after: None };
        }
        let has = |part: &str| quoted.contains(part);
        let advice = if has("HTTP error 413") || has("too large") || error.status == Some(413) {
            Some("shorten the message; Teams takes 28 KB")
        } else if has("HTTP error 404") || has("not found") || error.status == Some(404) {
            Some(
                "the connector is gone: make a workflow, and a service of the type teams-workflows",
            )
        } else if has("Bad payload") {
            Some("correct template, sections, facts or potentialAction of the template")
        } else {
            None
        };
        Err(error.advised(advice))
    }
}

fn card(section: &TeamsNotification, message: &str) -> Result<Value, String> {
    let text = if section.text.is_empty() {
        message
    } else {
        &section.text
    };
    let mut card = json!({
        "@type": "MessageCard",
        // Without the at sign, as in the original; Teams does not look at it.
        "context": "https://schema.org/extensions",
        "title": section.title,
        "summary": section.summary,
        "text": text,
    });
    if !section.theme_color.is_empty() {
        card["themeColor"] = section.theme_color.as_str().into();
    }
    let mut sections = records(&section.sections, "teams sections")?;
    if !section.facts.is_empty() {
        sections.push(json!({"facts": records(&section.facts, "teams facts")?}));
    }
    if !sections.is_empty() {
        card["sections"] = sections.into();
    }
    let actions = records(&section.potential_action, "teams potential action")?;
    if !actions.is_empty() {
        card["potentialAction"] = actions.into();
    }
    Ok(card)
}

/// A JSON list of objects; an empty text is an empty list.
pub(super) fn records(text: &str, what: &str) -> Result<Vec<Value>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let bad = |why: String| format!("{what} unmarshalling error {why}");
    let value: Value = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
    let items = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        _ => return Err(bad("a JSON list of objects is needed: [{…}, …]".into())),
    };
    match items
        .iter()
        .position(|item| !item.is_object() && !item.is_null())
    {
        Some(at) => Err(bad(format!("item {} is not a JSON object", at + 1))),
        None => Ok(items),
    }
}
