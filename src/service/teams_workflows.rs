//! Microsoft Teams by workflows of Power Automate, which take an Adaptive Card.

use super::endpoint::Endpoint;
use super::http::Answer;
use super::per_recipient::{Channel, Outgoing, per_recipient};
use super::reference::{Reference, optional, required};
use super::registry::BuildError;
use super::teams::records;
use super::texts::{Field, Merge, Texts};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::yaml::{self, Node};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::{Host, Url};

/// The type's name.
pub(super) const TYPE: &str = "teams-workflows";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Microsoft Teams (workflows)",
    summary: "Adaptive Cards to workflows of Power Automate that begin with the trigger \"When a \
              Teams webhook request is received\".",
    recipient: "A key of `recipientUrls`.",
    recipient_example: "my-channel",
    options: &[required(
        "recipientUrls",
        "map of strings",
        "The workflow's URL for each recipient. The URLs are secrets. Accepted are https URLs \
             of `api.powerautomate.com`, `api.powerplatform.com`, `flow.microsoft.com`, \
             `webhook.office.com/workflows` and `logic.azure.com`.",
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
            "themeColor",
            "template",
            "Colour of the title: `Default`, `Dark`, `Light`, `Accent`, `Good`, `Warning` or \
             `Attention`.",
        ),
        optional(
            "facts",
            "template",
            "JSON list of facts: objects with `name` and `value`.",
        ),
        optional(
            "sections",
            "template",
            "JSON list of sections, of which the facts are shown.",
        ),
        optional(
            "potentialAction",
            "template",
            "JSON list of actions, of which those of the type `OpenUri` are shown.",
        ),
        optional(
            "adaptiveCard",
            "template",
            "JSON of a whole Adaptive Card; the other fields are not used then.",
        ),
        optional(
            "summary",
            "template",
            "Accepted for compatibility with `teams`; not shown.",
        ),
        optional(
            "template",
            "template",
            "Accepted for compatibility with `teams`; not used: give `adaptiveCard`.",
        ),
    ],
    example: r#"data:
  service.teams-workflows: |
    recipientUrls:
      my-channel: $teams-workflow-url
  template.pod-ready: |
    message: Pod {{.pod.metadata.name}} is ready
    teams-workflows:
      title: Pod {{.pod.metadata.name}}
      themeColor: Good
      facts: |
        [{"name": "Node", "value": {{.pod.spec.nodeName | toJson}}}]
"#,
    notes: &[
        "The workflow answers 202 when it has begun; whether the card arrived shows in its run \
         history.",
    ],
};

/// The options of `service.teams-workflows.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(
    default,
    rename = "services.TeamsWorkflowsOptions",
    rename_all = "camelCase"
)]
struct Options {
    /// The workflow's URL for each recipient.
    recipient_urls: BTreeMap<String, String>,
}

/// The section `teams-workflows` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    rename = "services.TeamsWorkflowsNotification",
    rename_all = "camelCase"
)]
pub struct TeamsWorkflowsNotification {
    /// Rendered, but not used: whole cards are given as `adaptiveCard`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub template: String,
    /// Title, large and bold.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Rendered, but not used.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Text of the card; the message when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Colour of the title: Default, Dark, Light, Accent, Good, Warning, Attention.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub theme_color: String,
    /// JSON list of facts: objects with `name` and `value`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub facts: String,
    /// JSON list of sections, of which the facts are shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sections: String,
    /// JSON list of actions, of which those of the type OpenUri are shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub potential_action: String,
    /// JSON of a whole Adaptive Card; the other fields are not used then.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub adaptive_card: String,
}

impl Texts for TeamsWorkflowsNotification {
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
        ("adaptiveCard", |section| &mut section.adaptive_card),
    ];

    fn of(notification: &mut Notification) -> &mut Option<Self> {
        &mut notification.teams_workflows
    }
}

/// Makes a Teams workflows service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    per_recipient::<TeamsWorkflows>(name, &options.recipient_urls, node, context)
}

struct TeamsWorkflows;

impl Channel for TeamsWorkflows {
    const TYPE: &'static str = TYPE;
    const KEY: &'static str = "recipientUrls";
    const UNKNOWN: &'static str = "no teams-workflows webhook configured for recipient";

    fn check_url(url: &str) -> Result<(), String> {
        check_url(url)
    }

    fn message(notification: &Notification, url: &str) -> Result<Outgoing, String> {
        let section = notification.teams_workflows.clone().unwrap_or_default();
        let card = card(&section, &notification.message).map_err(|why| {
            format!("failed to generate message payload for teams-workflows: teams-workflows {why}")
        })?;
        let body = json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": card,
            }],
        });
        Ok(Outgoing {
            url: url.to_owned(),
            body: body.to_string().into_bytes(),
        })
    }

    fn understand(
        endpoint: &Endpoint,
        answer: Answer,
        request: &PreparedRequest,
    ) -> Result<Sent, SendError> {
        if (200..300).contains(&answer.status) {
            return Ok(answer.into_sent(&endpoint.masker));
        }
        let quoted = answer.quoted(&endpoint.masker);
        let message = format!(
            "teams workflows webhook post error (status {}): {}",
            answer.status,
            match quoted.trim() {
                "" => "no error details provided",
                _ => &quoted,
            }
        );
        let advice = match answer.status {
            401 | 403 | 404 | 410 => {
                Some("the workflow is gone, switched off or has a new URL; copy its URL again")
            }
            400 => Some("the workflow does not take the card; look at its run history"),
            413 => Some("shorten the message; Teams takes 28 KB"),
            _ => None,
        };
        let error = answer.refused(&message, request, &endpoint.masker);
        Err(error.advised(advice))
    }
}

/// Whether this can be a workflow's URL; the sentence says why not.
fn check_url(url: &str) -> Result<(), String> {
    if url.is_empty() {
        return Err("webhook URL cannot be empty".into());
    }
    let no_host = || Err("webhook URL must have a valid host".to_owned());
    // The parser would take the path for a host here.
    if url.contains(":///") {
        return no_host();
    }
    let parsed = match Url::parse(url) {
        Ok(parsed) => parsed,
        Err(url::ParseError::EmptyHost) => return no_host(),
        Err(error) => return Err(format!("invalid webhook URL format: {error}")),
    };
    let local = match parsed.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.starts_with("127."),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        _ => false,
    };
    match parsed.scheme() {
        "https" => {}
        _ if !local => return Err("webhook URL must use HTTPS scheme".into()),
        "http" => {}
        _ => return Err("webhook URL must use HTTP or HTTPS scheme".into()),
    }
    if !parsed.has_host() {
        return no_host();
    }
    let lower = url.to_ascii_lowercase();
    let known = [
        "api.powerautomate.com",
        "api.powerplatform.com",
        "flow.microsoft.com",
        "webhook.office.com/workflows",
        "/powerautomate/",
    ];
    // The form that many existing flows have.
    let logic_app = parsed
        .host_str()
        .is_some_and(|host| host.to_ascii_lowercase().ends_with(".logic.azure.com"))
        && parsed.path().contains("/workflows/");
    if logic_app || known.iter().any(|part| lower.contains(part)) {
        return Ok(());
    }
    Err(
        "webhook URL does not appear to be a valid Microsoft Teams Workflows URL (Power \
         Automate). Expected patterns: api.powerautomate.com, api.powerplatform.com, \
         flow.microsoft.com, webhook.office.com/workflows, or logic.azure.com with /workflows/"
            .into(),
    )
}

fn card(section: &TeamsWorkflowsNotification, message: &str) -> Result<Value, String> {
    if !section.adaptive_card.is_empty() {
        return serde_json::from_str(section.adaptive_card.trim())
            .map_err(|error| format!("adaptiveCard unmarshalling error {error}"));
    }
    let mut body = Vec::new();
    if !section.title.is_empty() {
        let mut title = json!({
            "type": "TextBlock",
            "text": section.title,
            "size": "Large",
            "weight": "Bolder",
            "wrap": true,
        });
        if !section.theme_color.is_empty() {
            title["color"] = section.theme_color.as_str().into();
        }
        body.push(title);
    }
    let text = if section.text.is_empty() {
        message
    } else {
        &section.text
    };
    if !text.is_empty() {
        body.push(json!({"type": "TextBlock", "text": text, "wrap": true}));
    }
    body.extend(fact_set(&records(&section.facts, "facts")?));
    for part in records(&section.sections, "sections")? {
        body.extend(part["facts"].as_array().and_then(|facts| fact_set(facts)));
    }
    let mut card = json!({"type": "AdaptiveCard", "version": "1.4", "body": body});
    let actions: Vec<Value> = records(&section.potential_action, "potential action")?
        .iter()
        .filter_map(open_url)
        .collect();
    if !actions.is_empty() {
        card["actions"] = actions.into();
    }
    Ok(card)
}

/// The facts that have a name, as a set; `None` when there are none.
fn fact_set(facts: &[Value]) -> Option<Value> {
    let shown: Vec<Value> = facts
        .iter()
        .filter_map(|fact| {
            let title = fact["name"].as_str()?;
            let value = match fact.get("value") {
                None => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            Some(json!({"title": title, "value": value}))
        })
        .collect();
    (!shown.is_empty()).then(|| json!({"type": "FactSet", "facts": shown}))
}

/// The action that opens the first target; other kinds have no counterpart.
fn open_url(action: &Value) -> Option<Value> {
    if action["@type"] != "OpenUri" {
        return None;
    }
    let url = action["targets"].get(0)?["uri"].as_str()?;
    let title = action["name"].as_str().unwrap_or_default();
    Some(json!({"type": "Action.OpenUrl", "title": title, "url": url}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_workflows_are_known() {
        for url in [
            "https://api.powerautomate.com/webhook/x",
            "https://api.powerplatform.com/webhook/x",
            "https://eu.flow.microsoft.com/x",
            "https://acme.webhook.office.com/workflows/x",
            "https://any.example/PowerAutomate/x",
            "http://localhost:8080/powerautomate/x",
            "http://127.0.0.1:1/powerautomate/x",
            "https://prod-1.westeurope.logic.azure.com:443/workflows/a/triggers/manual?sig=x",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for (url, why) in [
            ("", "cannot be empty"),
            ("://invalid", "invalid webhook URL format"),
            ("/webhook", "invalid webhook URL format"),
            (
                "http://example.com/powerautomate/x",
                "must use HTTPS scheme",
            ),
            ("ftp://example.com/powerautomate/x", "must use HTTPS scheme"),
            ("ftp://127.0.0.1/powerautomate/x", "must use HTTP or HTTPS"),
            ("https:///webhook", "must have a valid host"),
            ("https://example.com/webhook", "does not appear to be"),
            (
                "https://logic.azure.com.evil.example/workflows/",
                "does not appear",
            ),
        ] {
            let error = check_url(url).expect_err(url);
            assert!(error.contains(why), "{url}: {error}");
        }
    }
}
