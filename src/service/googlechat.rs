//! Google Chat by incoming webhooks: texts, cards of both generations, threads.

use super::endpoint::Endpoint;
use super::http::Answer;
use super::per_recipient::{Channel, Outgoing, per_recipient};
use super::reference::{Reference, optional, required};
use super::registry::BuildError;
use super::texts::{Field, Merge, Texts};
use super::{Notification, PreparedRequest, SendError, Sent, Service, ServiceContext};
use crate::yaml::{self, Node};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::Url;

/// The type's name.
pub(super) const TYPE: &str = "googlechat";

/// What it takes.
pub(super) const REFERENCE: Reference = Reference {
    title: "Google Chat",
    summary: "Texts and cards to incoming webhooks of spaces, with threads.",
    recipient: "A key of `webhooks`.",
    recipient_example: "my-space",
    options: &[required(
        "webhooks",
        "map of strings",
        "The URL of the incoming webhook for each recipient. The URLs are secrets.",
    )],
    transport: true,
    fields: &[
        optional(
            "cardsV2",
            "template",
            "YAML or JSON list of cards, each without the wrapper that has `cardId`; an id is made.",
        ),
        optional(
            "cards",
            "template",
            "YAML or JSON list of cards of the first generation.",
        ),
        optional(
            "threadKey",
            "template",
            "Messages to one space with the same key make a thread.",
        ),
    ],
    example: r#"data:
  service.googlechat: |
    webhooks:
      my-space: $google-chat-url
  template.pod-ready: |
    message: Pod {{.pod.metadata.name}} is ready
    googlechat:
      threadKey: "{{.pod.metadata.uid}}"
      cardsV2: |
        - header:
            title: Pod {{.pod.metadata.name}}
          sections:
          - widgets:
            - decoratedText:
                topLabel: Node
                text: "{{.pod.spec.nodeName}}"
"#,
    notes: &["A notification with cards is sent without the message."],
};

/// The options of `service.googlechat.<name>`, beside the transport options.
#[derive(Default, Deserialize)]
#[serde(default, rename = "services.GoogleChatOptions")]
struct Options {
    /// The URL of the incoming webhook for each recipient.
    webhooks: BTreeMap<String, String>,
}

/// The section `googlechat` of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    default,
    rename = "services.GoogleChatNotification",
    rename_all = "camelCase"
)]
pub struct GoogleChatNotification {
    /// YAML or JSON list of cards of the first generation.
    pub cards: String,
    /// YAML or JSON list of cards of the second generation, without the wrapper that has the id.
    #[serde(rename = "cardsV2")]
    pub cards_v2: String,
    /// Messages with the same key make a thread.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub thread_key: String,
}

impl Texts for GoogleChatNotification {
    const TYPE: &'static str = TYPE;
    const MERGE: Merge = Merge::NonEmpty;
    const FIELDS: &'static [Field<Self>] = &[
        ("cards", |section| &mut section.cards),
        ("cardsV2", |section| &mut section.cards_v2),
        ("threadKey", |section| &mut section.thread_key),
    ];

    fn of(notification: &mut Notification) -> &mut Option<Self> {
        &mut notification.googlechat
    }
}

/// Makes a Google Chat service from its options.
pub(super) fn build(
    name: &str,
    node: &Node,
    context: &ServiceContext,
) -> Result<Arc<dyn Service>, BuildError> {
    let options: Options = yaml::decode(node)?;
    per_recipient::<GoogleChat>(name, &options.webhooks, node, context)
}

struct GoogleChat;

impl Channel for GoogleChat {
    const TYPE: &'static str = TYPE;
    const KEY: &'static str = "webhooks";
    const UNKNOWN: &'static str =
        "error creating client to webhook: no Google chat webhook configured for recipient";

    fn message(notification: &Notification, url: &str) -> Result<Outgoing, String> {
        let section = notification.googlechat.clone().unwrap_or_default();
        let body = body(&section, &notification.message)
            .map_err(|why| format!("cannot create message: {why}"))?;
        Ok(Outgoing {
            url: threaded(url, &section.thread_key),
            body: body.to_string().into_bytes(),
        })
    }

    fn understand(
        endpoint: &Endpoint,
        answer: Answer,
        request: &PreparedRequest,
    ) -> Result<Sent, SendError> {
        let (answer, reply) = endpoint.reply(answer, request).map_err(|mut error| {
            error.message = format!("cannot send message: {}", error.message);
            error
        })?;
        let error = &reply["error"];
        if !error.is_null() {
            let text = |name: &str| error[name].as_str().unwrap_or_default();
            let message = format!(
                "error with message: code={} status={} message={}",
                error["code"].as_i64().unwrap_or_default(),
                text("status"),
                text("message")
            );
            let advice = match error["code"].as_i64().unwrap_or_default() {
                400 => Some("correct cards or cardsV2 of the template, or shorten the message"),
                401 | 403 | 404 => {
                    Some("the webhook is gone or its key is wrong; copy its URL again")
                }
                _ => None,
            };
            let error = answer.refused(&message, request, &endpoint.masker);
            return Err(error.advised(advice));
        }
        if !(200..300).contains(&answer.status) {
            return Err(answer.into_error(request, &endpoint.masker));
        }
        Ok(endpoint.sent(answer, reply["name"].as_str().map(str::to_owned)))
    }
}

fn body(section: &GoogleChatNotification, message: &str) -> Result<Value, String> {
    if section.cards.is_empty() && section.cards_v2.is_empty() {
        return Ok(json!({"text": message}));
    }
    let mut body = json!({"text": ""});
    let second: Vec<Value> = cards(&section.cards_v2, "cardsV2")?
        .into_iter()
        .map(|card| json!({"cardId": random_id(), "card": card}))
        .collect();
    if !second.is_empty() {
        body["cardsV2"] = second.into();
    }
    let first = cards(&section.cards, "cards")?;
    if !first.is_empty() {
        body["cards"] = first.into();
    }
    Ok(body)
}

/// The cards of a YAML list.
fn cards(text: &str, what: &str) -> Result<Vec<Value>, String> {
    let node = yaml::parse(text).map_err(|error| error.original())?;
    if node.is_null() {
        return Ok(Vec::new());
    }
    let Some(items) = node.as_sequence() else {
        let found = node.json_type();
        return Err(format!(
            "{what} must be a list of cards, not of type {found}"
        ));
    };
    items
        .iter()
        .map(|item| {
            // Null is a card without content.
            if item.is_null() {
                return Ok(Value::Object(Map::new()));
            }
            match item.as_mapping() {
                Some(_) => Ok(typed(item.to_json(), "")),
                None => Err(format!("{what} must be a list of cards: one item is none")),
            }
        })
        .collect()
}

/// Makes texts of numbers and truth values, except where the API wants them: people write
/// `title: 123`. The API's own fields are few.
fn typed(value: Value, key: &str) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, member)| {
                let member = typed(member, &name);
                (name, member)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(|item| typed(item, key)).collect(),
        Value::Bool(truth) if !BOOLEANS.contains(&key) => truth.to_string().into(),
        Value::Number(number) if !NUMBERS.contains(&key) => number.to_string().into(),
        other => other,
    }
}

/// Fields of the API that are truth values.
const BOOLEANS: [&str; 7] = [
    "collapsible",
    "disabled",
    "fill",
    "selected",
    "wrapText",
    "allWidgetsAreRequired",
    "persistValues",
];

/// Fields of the API that are numbers.
const NUMBERS: [&str; 15] = [
    "uncollapsibleWidgetsCount",
    "columnCount",
    "cornerRadius",
    "maxLines",
    "weight",
    "grade",
    "characterLimit",
    "timezoneOffsetDate",
    "multiSelectMaxSelectedItems",
    "multiSelectMinQueryLength",
    "red",
    "green",
    "blue",
    "alpha",
    "aspectRatio",
];

/// A random UUID of version 4.
fn random_id() -> String {
    let version = 0x4000_u128 << 64;
    let variant = 0x8000_u128 << 48;
    let cleared = !((0xf000_u128 << 64) | (0xc000_u128 << 48));
    let bits = (rand::random::<u128>() & cleared) | version | variant;
    let hex = format!("{bits:032x}");
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    parts.map(|(from, to)| &hex[from..to]).join("-")
}

/// The URL with the thread in its query. One that cannot be parsed stays; the check tells of it.
fn threaded(url: &str, thread_key: &str) -> String {
    let (false, Ok(mut parsed)) = (thread_key.is_empty(), Url::parse(url)) else {
        return url.to_owned();
    };
    let mut pairs: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
    pairs.push(("threadKey".into(), thread_key.to_owned()));
    pairs.push((
        "messageReplyOption".into(),
        "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD".into(),
    ));
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    parsed.query_pairs_mut().clear().extend_pairs(pairs);
    parsed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_texts_where_texts_are_wanted() {
        let text = "- header: {title: 123, subtitle: true}\n  sections:\n  - collapsible: true\n    \
                    uncollapsibleWidgetsCount: 1\n    widgets: [{grid: {columnCount: 2, title: 1.5}}]";
        let cards = cards(text, "cardsV2").expect("cards");
        assert_eq!(
            cards,
            [json!({
                "header": {"title": "123", "subtitle": "true"},
                "sections": [{
                    "collapsible": true,
                    "uncollapsibleWidgetsCount": 1,
                    "widgets": [{"grid": {"columnCount": 2, "title": "1.5"}}],
                }],
            })]
        );
        for (text, why) in [
            ("a: b", "a list of cards"),
            ("- x", "one item is none"),
            ("- {a: [", "converting YAML"),
        ] {
            let error = super::cards(text, "cards").expect_err(text);
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn ids_are_version_4_and_differ() {
        let pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
        let pattern = regex::Regex::new(pattern).expect("a pattern");
        let (one, two) = (random_id(), random_id());
        assert!(pattern.is_match(&one) && pattern.is_match(&two), "{one}");
        assert_ne!(one, two);
    }
}
