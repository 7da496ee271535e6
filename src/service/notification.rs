//! A rendered notification: the message, and what the templates said for each service type.

#[cfg(feature = "awssqs")]
use super::AwsSqsNotification;
#[cfg(feature = "email")]
use super::EmailNotification;
#[cfg(feature = "gcppubsub")]
use super::GcpPubSubNotification;
use super::webhook::WebhookNotification;
use super::{
    AlertmanagerNotification, GitHubNotification, NewRelicNotification, OpsgenieNotification,
    PagerDutyNotification, PagerDutyV2Notification,
};
use super::{
    GoogleChatNotification, MattermostNotification, RocketChatNotification, SlackNotification,
    TeamsNotification, TeamsWorkflowsNotification,
};
use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// What is sent: the text that every service can send, and one part per service type.
///
/// Serialised as the original prints it: by the console, and by the listings of templates, whose
/// unrendered texts have the same shape.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Notification {
    /// The text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// For Amazon SQS.
    #[cfg(feature = "awssqs")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awssqs: Option<AwsSqsNotification>,
    /// For Google Cloud Pub/Sub.
    #[cfg(feature = "gcppubsub")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcppubsub: Option<GcpPubSubNotification>,
    /// For e-mail.
    #[cfg(feature = "email")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailNotification>,
    /// For Slack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slack: Option<SlackNotification>,
    /// For Mattermost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mattermost: Option<MattermostNotification>,
    /// For Rocket.Chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rocketchat: Option<RocketChatNotification>,
    /// For Teams, by connectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teams: Option<TeamsNotification>,
    /// For Teams, by workflows.
    #[serde(rename = "teams-workflows", skip_serializing_if = "Option::is_none")]
    pub teams_workflows: Option<TeamsWorkflowsNotification>,
    /// For webhooks, by service name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub webhook: BTreeMap<String, WebhookNotification>,
    /// For Opsgenie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opsgenie: Option<OpsgenieNotification>,
    /// For GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<GitHubNotification>,
    /// For Alertmanager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alertmanager: Option<AlertmanagerNotification>,
    /// For Google Chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub googlechat: Option<GoogleChatNotification>,
    /// For PagerDuty, incidents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagerduty: Option<PagerDutyNotification>,
    /// For PagerDuty, events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagerdutyv2: Option<PagerDutyV2Notification>,
    /// For New Relic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newrelic: Option<NewRelicNotification>,
}

impl Notification {
    /// As JSON on one line, fields in the original's order, `<`, `>` and `&` escaped as Go does.
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, GoFormatter);
        // Strings and maps of strings: nothing in it can fail.
        if self.serialize(&mut serializer).is_err() {
            return String::new();
        }
        String::from_utf8(out).unwrap_or_default()
    }

    /// As YAML, as the console prints it; `{}` when there is nothing.
    pub fn to_yaml(&self) -> String {
        crate::yaml::emit(&serde_json::to_value(self).unwrap_or_default())
    }

    /// One line for listings: the first line of the message, or of the JSON when there is no
    /// message; of more than 100 bytes the first 99 and `...`.
    pub fn preview(&self) -> String {
        let text = if self.message.is_empty() {
            self.to_json()
        } else {
            self.message.clone()
        };
        let line = text.split('\n').next().unwrap_or_default();
        if line.len() <= 100 {
            return line.to_owned();
        }
        let mut kept = 99;
        while !line.is_char_boundary(kept) {
            kept -= 1;
        }
        format!("{}...", &line[..kept])
    }
}

/// serde_json's compact form with Go's escapes.
struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        let special = ['<', '>', '&', '\u{2028}', '\u{2029}'];
        while let Some(at) = rest.find(special) {
            writer.write_all(&rest.as_bytes()[..at])?;
            let mut chars = rest[at..].chars();
            if let Some(c) = chars.next() {
                write!(writer, "\\u{:04x}", c as u32)?;
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        let text: &[u8] = match escape {
            CharEscape::Quote => b"\\\"",
            CharEscape::ReverseSolidus => b"\\\\",
            CharEscape::Solidus => b"/",
            CharEscape::Backspace => b"\\b",
            CharEscape::FormFeed => b"\\f",
            CharEscape::LineFeed => b"\\n",
            CharEscape::CarriageReturn => b"\\r",
            CharEscape::Tab => b"\\t",
            CharEscape::AsciiControl(byte) => return write!(writer, "\\u{byte:04x}"),
        };
        writer.write_all(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Notification {
        Notification {
            message: text.to_owned(),
            ..Notification::default()
        }
    }

    /// Case L6.
    #[test]
    fn yaml_is_what_the_console_prints() {
        assert_eq!(message("hi").to_yaml(), "message: hi\n");
        assert_eq!(message("").to_yaml(), "{}\n");
        assert_eq!(message("yes").to_yaml(), "message: \"yes\"\n");
        let mut webhook = message("");
        let entry = WebhookNotification {
            body: "a\nb\n".into(),
            ..WebhookNotification::default()
        };
        webhook.webhook.insert("ci".into(), entry);
        assert_eq!(
            webhook.to_yaml(),
            "webhook:\n  ci:\n    body: |\n      a\n      b\n    method: \"\"\n    path: \"\"\n"
        );
    }

    #[test]
    fn preview_is_one_short_line() {
        assert_eq!(message("a\nb").preview(), "a");
        assert_eq!(message(&"x".repeat(100)).preview(), "x".repeat(100));
        assert_eq!(
            message(&"x".repeat(101)).preview(),
            format!("{}...", "x".repeat(99))
        );
        let mut webhook = message("");
        let entry = WebhookNotification {
            method: "POST".into(),
            body: "<&\"\u{1}é\u{2028}".into(),
            path: String::new(),
        };
        webhook.webhook.insert("ci".into(), entry);
        assert_eq!(
            webhook.preview(),
            "{\"webhook\":{\"ci\":{\"method\":\"POST\",\"body\":\"\\u003c\\u0026\\\"\\u0001é\\u2028\",\
             \"path\":\"\"}}}"
        );
    }
}
