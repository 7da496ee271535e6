//! What a template says for Slack, and the form fields that become of it.

use super::Options;
use crate::service::texts::{Field, Merge, Texts};
use crate::service::{Notification, SendError};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use url::Url;

/// The section `slack` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    rename = "services.SlackNotification",
    rename_all = "camelCase"
)]
pub struct SlackNotification {
    /// Shown as the sender, instead of the service's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// `:emoji:` or the URL of an image, instead of the service's.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub icon: String,
    /// JSON list of attachments.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub attachments: String,
    /// JSON list of blocks.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub blocks: String,
    /// Messages of one recipient with the same key make a thread.
    pub grouping_key: String,
    /// Show replies in the channel, too.
    pub notify_broadcast: bool,
    /// What happens when the thread exists.
    pub delivery_policy: DeliveryPolicy,
}

/// What is done when the thread of the grouping key has begun already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum DeliveryPolicy {
    /// A reply. Any other word means the same.
    #[default]
    Post,
    /// A reply, and the first message is changed to the same text.
    PostAndUpdate,
    /// Only the first message is changed.
    Update,
}

impl<'de> Deserialize<'de> for DeliveryPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PolicyVisitor)
    }
}

struct PolicyVisitor;

impl Visitor<'_> for PolicyVisitor {
    type Value = DeliveryPolicy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Post, PostAndUpdate or Update")
    }

    fn visit_unit<E: Error>(self) -> Result<DeliveryPolicy, E> {
        Ok(DeliveryPolicy::Post)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<DeliveryPolicy, E> {
        Ok(match text {
            "PostAndUpdate" => DeliveryPolicy::PostAndUpdate,
            "Update" => DeliveryPolicy::Update,
            _ => DeliveryPolicy::Post,
        })
    }
}

impl Texts for SlackNotification {
    const TYPE: &'static str = super::TYPE;
    const MERGE: Merge = Merge::Always;
    const FIELDS: &'static [Field<Self>] = &[
        ("username", |section| &mut section.username),
        ("icon", |section| &mut section.icon),
        ("attachments", |section| &mut section.attachments),
        ("blocks", |section| &mut section.blocks),
        ("groupingKey", |section| &mut section.grouping_key),
    ];

    fn of(notification: &mut Notification) -> &mut Option<Self> {
        &mut notification.slack
    }

    fn copy_fixed(&self, into: &mut Self) {
        into.notify_broadcast = self.notify_broadcast;
        into.delivery_policy = self.delivery_policy;
    }
}

/// Form fields of a call.
pub(super) type Fields = Vec<(&'static str, String)>;

/// The fields that a message has in a post as well as in an update.
pub(super) fn fields(notification: &Notification, options: &Options) -> Result<Fields, SendError> {
    let mut fields = vec![
        ("token", options.token.trim().to_owned()),
        ("text", notification.message.clone()),
    ];
    let section = notification.slack.as_ref();
    let chosen = |of_section: Option<&String>, of_service: &String| {
        let text = of_section.filter(|text| !text.is_empty());
        text.unwrap_or(of_service).clone()
    };
    let username = chosen(section.map(|s| &s.username), &options.username);
    if !username.is_empty() {
        fields.push(("username", username));
    }
    let icon = chosen(section.map(|s| &s.icon), &options.icon);
    if is_emoji(&icon) {
        fields.push(("icon_emoji", icon));
    } else if is_image_url(&icon) {
        fields.push(("icon_url", icon));
    } else if !icon.is_empty() {
        tracing::warn!("the icon '{icon}' is neither :emoji: nor an http URL; it is left out");
    }
    if let Some(section) = section {
        fields.push(("attachments", attachments(&section.attachments)?));
        if let Some(blocks) = blocks(&section.blocks)? {
            fields.push(("blocks", blocks));
        }
    }
    if options.disable_unfurl {
        fields.push(("unfurl_links", "false".into()));
        fields.push(("unfurl_media", "false".into()));
    }
    Ok(fields)
}

/// The attachments as they stand, after a look at their shape.
fn attachments(text: &str) -> Result<String, SendError> {
    if text.is_empty() {
        return Ok("[]".into());
    }
    match list(text, "attachments", "attachment")? {
        Some(_) => Ok(text.trim().to_owned()),
        None => Ok("[]".into()),
    }
}

/// The blocks as they stand; `None` when there are none.
fn blocks(text: &str) -> Result<Option<String>, SendError> {
    if text.is_empty() || text.trim() == "{}" {
        return Ok(None);
    }
    let count = list(text, "blocks", "block")?.unwrap_or_default();
    Ok((count > 0).then(|| text.trim().to_owned()))
}

/// The number of items of a JSON list of objects; `None` for null.
fn list(text: &str, what: &str, item: &str) -> Result<Option<usize>, SendError> {
    let bad =
        |why: String| SendError::permanent(format!("failed to unmarshal {what} '{text}' : {why}"));
    let value: Value = serde_json::from_str(text).map_err(|error| bad(error.to_string()))?;
    let items = match value {
        Value::Null => return Ok(None),
        Value::Array(items) => items,
        _ => return Err(bad(format!("a JSON list is needed: [{{…}}, …] of {what}"))),
    };
    let is_record = |value: &Value| value.is_object() || value.is_null();
    match items.iter().position(|value| !is_record(value)) {
        Some(at) => Err(bad(format!("{item} {} is not a JSON object", at + 1))),
        None => Ok(Some(items.len())),
    }
}

/// Whether it is the name of an emoji, `:slack:`.
pub(in crate::service) fn is_emoji(icon: &str) -> bool {
    icon.len() > 2 && icon.starts_with(':') && icon.ends_with(':') && !icon.contains('\n')
}

/// Whether it is the absolute URL of an image on the web.
pub(in crate::service) fn is_image_url(icon: &str) -> bool {
    Url::parse(icon).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icons_are_emoji_or_image_urls() {
        for (icon, emoji, url) in [
            (":slack:", true, false),
            (":chart_with_upwards_trend:", true, false),
            ("::", false, false),
            (":a\nb:", false, false),
            ("http://lorempixel.com/200/200", false, true),
            ("https://example.com/i.png", false, true),
            ("favicon.ico", false, false),
            ("ftp://example.com/i.png", false, false),
            ("http://", false, false),
        ] {
            assert_eq!((is_emoji(icon), is_image_url(icon)), (emoji, url), "{icon}");
        }
    }

    #[test]
    fn shapes_are_checked_and_texts_kept() {
        let none = Ok("[]".to_owned());
        assert_eq!(attachments(""), none);
        assert_eq!(attachments("null"), none);
        assert_eq!(
            attachments(" [ {\"a\": 1.50} ] "),
            Ok("[ {\"a\": 1.50} ]".into())
        );
        assert_eq!(blocks("{}"), Ok(None));
        assert_eq!(blocks("[]"), Ok(None));
        assert_eq!(blocks("[{}]"), Ok(Some("[{}]".into())));
        for (text, why) in [
            ("[{", "EOF while parsing"),
            ("{\"a\":1}", "a JSON list is needed"),
            ("[{}, 1]", "attachment 2 is not a JSON object"),
        ] {
            let error = attachments(text).expect_err("is wrong");
            let begin = format!("failed to unmarshal attachments '{text}' : ");
            assert!(error.message.starts_with(&begin), "{error}");
            assert!(error.message.contains(why), "{error}");
            assert!(!error.is_transient());
        }
    }
}
