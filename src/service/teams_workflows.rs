//! Microsoft Teams by workflows of Power Automate, which take an Adaptive Card.

use super::endpoint::{Endpoint, RecipientUrls};
use super::registry::{BuildError, BuildWarning};
use super::teams::records;
use super::texts::{Field, Merge, Texts};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::domain::{Destination, Masker};
use crate::yaml::{self, Node};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use url::{Host, Url};

/// The type's name.
pub(super) const TYPE: &str = "teams-workflows";

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

struct TeamsWorkflows {
    name: String,
    recipients: RecipientUrls,
}

/// Makes a Teams workflows service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    const KEY: &str = "recipientUrls";
    let options: Options = yaml::decode(node)?;
    let mut recipients = RecipientUrls::new(&options.recipient_urls, KEY, node, context)?;
    for (recipient, url) in &options.recipient_urls {
        if let Err(why) = check_url(url.trim()) {
            recipients.warn(node, KEY, recipient, &why);
        }
    }
    Ok(Arc::new(TeamsWorkflows {
        name: name.to_owned(),
        recipients,
    }))
}

impl TeamsWorkflows {
    fn request(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<(&Endpoint, PreparedRequest), SendError> {
        let recipient = &to.recipient;
        let Some(endpoint) = self.recipients.get(recipient) else {
            return Err(SendError::permanent(format!(
                "no teams-workflows webhook configured for recipient {recipient}; recipientUrls \
                 has: {}",
                self.recipients.names()
            )));
        };
        let refused = |why: String| SendError::permanent(endpoint.masker.mask(&why));
        check_url(&endpoint.url).map_err(|why| {
            refused(format!(
                "invalid webhook URL for recipient {recipient}: {why}"
            ))
        })?;
        let section = notification.teams_workflows.clone().unwrap_or_default();
        let card = card(&section, &notification.message).map_err(|why| {
            refused(format!(
                "failed to generate message payload for teams-workflows: teams-workflows {why}"
            ))
        })?;
        let body = json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "content": card,
            }],
        });
        let request = PreparedRequest::post_json(&endpoint.url, &body);
        Ok((endpoint, endpoint.ready(request)?))
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

impl Service for TeamsWorkflows {
    fn service_type(&self) -> &'static str {
        TYPE
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn masker(&self) -> &Masker {
        &self.recipients.masker
    }

    fn warnings(&self) -> &[BuildWarning] {
        &self.recipients.warnings
    }

    fn prepare(
        &self,
        notification: &Notification,
        to: &Destination,
    ) -> Result<Vec<PreparedRequest>, SendError> {
        Ok(vec![self.request(notification, to)?.1])
    }

    fn send<'a>(
        &'a self,
        notification: &'a Notification,
        to: &'a Destination,
    ) -> BoxFuture<'a, Result<Sent, SendError>> {
        Box::pin(async {
            let (endpoint, request) = self.request(notification, to)?;
            let answer = endpoint.execute(&request).await?;
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
            Err(answer.refused(&message, &request, &endpoint.masker))
        })
    }
}

impl fmt::Debug for TeamsWorkflows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TeamsWorkflows")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
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
