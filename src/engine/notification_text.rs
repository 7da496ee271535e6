//! A notification laid out for people: as the reader of a chat, a mailbox or a pager would see its
//! parts, in plain text. What is sent is shown by the request, not by this.

use crate::domain::Destination;
use crate::service::Notification;
use serde_json::Value;

/// Lists within lists that are followed.
const DEEPEST: usize = 8;

/// The notification for a service of this type.
pub(super) fn readable(
    notification: &Notification,
    service_type: &str,
    to: &Destination,
) -> String {
    let mut whole = serde_json::to_value(notification).unwrap_or_default();
    let section = whole[service_type].take();
    let section = if service_type == "webhook" {
        section.get(&*to.service).cloned().unwrap_or_default()
    } else {
        section
    };
    let message = notification.message.as_str();
    let field = |name: &str| section[name].as_str().unwrap_or_default();
    let mut lines: Vec<String> = Vec::new();
    match service_type {
        "email" => {
            lines.push(format!("To:      {}", to.recipient));
            lines.push(format!("Subject: {}", field("subject")));
            lines.push(String::new());
            let body = field("body");
            lines.push(if body.is_empty() { message } else { body }.to_owned());
        }
        "slack" | "mattermost" | "rocketchat" => {
            lines.push(format!("to {}", to.recipient));
            for name in ["username", "icon", "groupingKey", "deliveryPolicy"] {
                if let Some(value) = section[name].as_str().filter(|value| !value.is_empty()) {
                    lines.push(format!("{name} {value}"));
                }
            }
            lines.push(String::new());
            lines.push(message.to_owned());
            for name in ["blocks", "attachments"] {
                let text = field(name);
                if text.is_empty() {
                    continue;
                }
                lines.push(String::new());
                match serde_json::from_str(text) {
                    Ok(Value::Array(items)) => laid_out(&items, name, &mut lines, 0),
                    // It is sent as it is: the service will say what is wrong.
                    Ok(_) | Err(_) => lines.push(format!("{name} (no JSON list): {text}")),
                }
            }
        }
        _ => {
            if !message.is_empty() {
                lines.push(message.to_owned());
            }
            if !section.is_null() {
                lines.push(String::new());
                lines.push(format!("{service_type}:"));
                let text = crate::yaml::emit(&opened(section, 0));
                lines.extend(text.lines().map(|line| format!("  {line}")));
            }
        }
    }
    lines.join("\n")
}

/// Texts that are JSON themselves are shown as what they stand for.
fn opened(value: Value, depth: usize) -> Value {
    match value {
        _ if depth > DEEPEST => value,
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        Value::Object(members) => {
            let members = members.into_iter();
            Value::Object(
                members
                    .map(|(name, value)| (name, opened(value, depth + 1)))
                    .collect(),
            )
        }
        other => other,
    }
}

fn laid_out(items: &[Value], name: &str, lines: &mut Vec<String>, depth: usize) {
    for item in items {
        if name == "blocks" {
            block(item, lines);
        } else {
            attachment(item, lines, depth);
        }
    }
}

/// One of Slack's blocks.
fn block(block: &Value, lines: &mut Vec<String>) {
    match block["type"].as_str().unwrap_or_default() {
        "header" => lines.push(format!("# {}", text_of(&block["text"]))),
        "divider" => lines.push("-".repeat(24)),
        "section" => {
            push_text(lines, "", &text_of(&block["text"]));
            for field in list(&block["fields"]) {
                push_text(lines, "  ", &text_of(field));
            }
            if !block["accessory"].is_null() {
                lines.push(format!("  {}", element(&block["accessory"])));
            }
        }
        "context" | "actions" => {
            let parts: Vec<String> = list(&block["elements"]).iter().map(element).collect();
            lines.push(parts.join("  "));
        }
        "image" => lines.push(element(block)),
        "rich_text" => push_text(lines, "", &rich(block, 0)),
        other => lines.push(format!("({other})")),
    }
}

/// One of the attachments that Slack and its relatives have.
fn attachment(attachment: &Value, lines: &mut Vec<String>, depth: usize) {
    let mut inner = Vec::new();
    let text = |name: &str| attachment[name].as_str().unwrap_or_default();
    push_text(&mut inner, "", text("pretext"));
    push_text(&mut inner, "", text("author_name"));
    match (text("title"), text("title_link")) {
        ("", _) => {}
        (title, "") => inner.push(title.to_owned()),
        (title, link) => inner.push(format!("{title} <{link}>")),
    }
    push_text(&mut inner, "", text("text"));
    for field in list(&attachment["fields"]) {
        let title = field["title"].as_str().unwrap_or_default();
        let value = match &field["value"] {
            Value::String(value) => value.clone(),
            other => other.to_string(),
        };
        push_text(&mut inner, "", &format!("{title}: {value}"));
    }
    if depth < DEEPEST {
        laid_out(list(&attachment["blocks"]), "blocks", &mut inner, depth + 1);
    }
    push_text(&mut inner, "", text("footer"));
    let color = text("color");
    if !color.is_empty() {
        lines.push(format!("| ({color})"));
    }
    lines.extend(inner.into_iter().map(|line| format!("| {line}")));
}

fn push_text(lines: &mut Vec<String>, indent: &str, text: &str) {
    if !text.is_empty() {
        lines.extend(text.lines().map(|line| format!("{indent}{line}")));
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A text object of Slack, or a bare text.
fn text_of(value: &Value) -> String {
    let text = value.as_str().or_else(|| value["text"].as_str());
    text.unwrap_or_default().to_owned()
}

/// Something within a block.
fn element(element: &Value) -> String {
    match element["type"].as_str().unwrap_or_default() {
        "button" => format!("[ {} ]", text_of(&element["text"])),
        "image" => {
            let alt = element["alt_text"].as_str().unwrap_or("image");
            let url = element["image_url"].as_str().unwrap_or_default();
            format!("({alt} <{url}>)")
        }
        "mrkdwn" | "plain_text" => text_of(element),
        other => format!("({other})"),
    }
}

/// The texts within rich text, one after another.
fn rich(value: &Value, depth: usize) -> String {
    if let Some(text) = value["text"].as_str() {
        return text.to_owned();
    }
    if depth > DEEPEST {
        return String::new();
    }
    let parts = list(&value["elements"]).iter();
    parts.map(|part| rich(part, depth + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{EmailNotification, SlackNotification};

    #[test]
    fn slack_is_laid_out_part_by_part() {
        let blocks = r#"[{"type":"header","text":{"type":"plain_text","text":"Down"}},
            {"type":"section","text":{"type":"mrkdwn","text":"*web*\nis gone"},
             "fields":[{"type":"mrkdwn","text":"ns: shop"}]},
            {"type":"divider"},
            {"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Open"}}]}]"#;
        let attachments = r##"[{"color":"#E96D76","title":"web","title_link":"http://x/",
            "fields":[{"title":"Restarts","value":7}]}]"##;
        let notification = Notification {
            message: "hello".into(),
            slack: Some(SlackNotification {
                blocks: blocks.into(),
                attachments: attachments.into(),
                ..SlackNotification::default()
            }),
            ..Notification::default()
        };
        let text = readable(&notification, "slack", &Destination::new("slack", "#ops"));
        let parts = [
            "to #ops",
            "hello",
            "# Down",
            "*web*\nis gone\n  ns: shop",
            "------------------------",
            "[ Open ]",
            "| (#E96D76)\n| web <http://x/>\n| Restarts: 7",
        ];
        let mut rest = text.as_str();
        for part in parts {
            let place = rest
                .find(part)
                .unwrap_or_else(|| panic!("no {part:?}:\n{text}"));
            rest = &rest[place + part.len()..];
        }
    }

    #[test]
    fn damaged_blocks_are_shown_as_they_are() {
        let notification = Notification {
            slack: Some(SlackNotification {
                blocks: "[{".into(),
                ..SlackNotification::default()
            }),
            ..Notification::default()
        };
        let text = readable(&notification, "slack", &Destination::new("slack", "#ops"));
        assert!(text.contains("blocks (no JSON list): [{"), "{text}");
    }

    #[test]
    fn mail_has_headers_and_a_body() {
        let notification = Notification {
            message: "the message".into(),
            email: Some(EmailNotification {
                subject: "Pod down".into(),
                body: String::new(),
            }),
            ..Notification::default()
        };
        let text = readable(
            &notification,
            "email",
            &Destination::new("email", "a@b.example"),
        );
        let expected = "To:      a@b.example\nSubject: Pod down\n\nthe message";
        assert_eq!(text, expected);
    }
}
