//! The grammar of ConfigMap keys.

use crate::domain::nearest;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a ConfigMap key configures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// `service.<type>` or `service.<type>.<name>`.
    Service,
    /// `trigger.<name>`.
    Trigger,
    /// `template.<name>`.
    Template,
    /// `subscriptions`.
    Subscriptions,
    /// `defaultTriggers` or `defaultTriggers.<service>`.
    DefaultTriggers,
    /// Anything else.
    Ignored,
}

impl KeyKind {
    /// What a ConfigMap key of this name configures.
    pub fn of(key: &str) -> Self {
        Key::parse(key).kind()
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Service => "service",
            Self::Trigger => "trigger",
            Self::Template => "template",
            Self::Subscriptions => "subscriptions",
            Self::DefaultTriggers => "default triggers",
            Self::Ignored => "ignored",
        })
    }
}

/// A ConfigMap key, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key<'k> {
    Service {
        service_type: &'k str,
        name: &'k str,
    },
    /// `service.` with too many parts.
    BadService,
    Trigger(&'k str),
    Template(&'k str),
    Subscriptions,
    DefaultTriggers,
    ServiceDefaultTriggers(&'k str),
    Ignored,
}

impl<'k> Key<'k> {
    /// Reads a key. Case matters, and so does the dot: `trigger` and `triggers.a` are ignored.
    pub(super) fn parse(key: &'k str) -> Self {
        if let Some(rest) = key.strip_prefix("service.") {
            let mut parts = rest.split('.');
            let service_type = parts.next().unwrap_or_default();
            let name = parts.next().unwrap_or(service_type);
            return match parts.next() {
                None => Self::Service { service_type, name },
                Some(_) => Self::BadService,
            };
        }
        if let Some(name) = key.strip_prefix("trigger.") {
            return Self::Trigger(name);
        }
        if let Some(name) = key.strip_prefix("template.") {
            return Self::Template(name);
        }
        if let Some(service) = key.strip_prefix("defaultTriggers.") {
            return Self::ServiceDefaultTriggers(service);
        }
        match key {
            "subscriptions" => Self::Subscriptions,
            "defaultTriggers" => Self::DefaultTriggers,
            _ => Self::Ignored,
        }
    }

    pub(super) fn kind(self) -> KeyKind {
        match self {
            Self::Service { .. } | Self::BadService => KeyKind::Service,
            Self::Trigger(_) => KeyKind::Trigger,
            Self::Template(_) => KeyKind::Template,
            Self::Subscriptions => KeyKind::Subscriptions,
            Self::DefaultTriggers | Self::ServiceDefaultTriggers(_) => KeyKind::DefaultTriggers,
            Self::Ignored => KeyKind::Ignored,
        }
    }
}

/// The key that somebody who wrote this one probably meant, for keys that are ignored.
pub(super) fn meant(key: &str) -> Option<String> {
    const STARTS: [&str; 4] = ["service", "trigger", "template", "defaultTriggers"];
    let (start, rest) = match key.split_once(['.', '-', '_', '/']) {
        Some((start, rest)) => (start, Some(rest)),
        None => (key, None),
    };
    // Only what follows it can be wrong where the start itself is right.
    let begin = || match STARTS.iter().find(|known| **known == start) {
        Some(known) => Some(*known),
        None => nearest(start, STARTS),
    };
    match rest {
        Some(rest) => Some(format!("{}.{rest}", begin()?)),
        None => match nearest(start, ["subscriptions", "defaultTriggers"]) {
            Some(key) => Some(key.to_owned()),
            None => Some(format!("{}.<name>", begin()?)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases C16 and C17, and the table of the reference.
    #[test]
    fn grammar() {
        let service = |service_type, name| Key::Service { service_type, name };
        let cases = [
            ("subscriptions", Key::Subscriptions),
            ("subscriptions.a", Key::Ignored),
            ("defaultTriggers", Key::DefaultTriggers),
            (
                "defaultTriggers.slack",
                Key::ServiceDefaultTriggers("slack"),
            ),
            ("defaultTriggers.a.b", Key::ServiceDefaultTriggers("a.b")),
            ("trigger.a", Key::Trigger("a")),
            ("trigger.a.b", Key::Trigger("a.b")),
            ("trigger.", Key::Trigger("")),
            ("trigger", Key::Ignored),
            ("triggerx", Key::Ignored),
            ("Trigger.a", Key::Ignored),
            ("template.a.b", Key::Template("a.b")),
            ("service.slack", service("slack", "slack")),
            ("service.webhook.pager", service("webhook", "pager")),
            ("service.webhook.", service("webhook", "")),
            ("service.", service("", "")),
            ("service.a.b.c", Key::BadService),
            ("context", Key::Ignored),
        ];
        for (text, key) in cases {
            assert_eq!(Key::parse(text), key, "{text}");
        }
    }

    #[test]
    fn guesses() {
        let cases = [
            ("triggers.on-oom", Some("trigger.on-oom")),
            ("Service.slack", Some("service.slack")),
            ("templates.a", Some("template.a")),
            ("subscription", Some("subscriptions")),
            ("trigger", Some("trigger.<name>")),
            ("context", None),
            ("config.yaml", None),
        ];
        for (key, guess) in cases {
            assert_eq!(meant(key).as_deref(), guess, "{key}");
        }
    }
}
