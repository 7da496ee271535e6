//! Which deliveries are wanted: as conditions of a query, and as a test of one row in memory.

use crate::domain::{Delivery, DeliveryId, DeliveryState};
use rusqlite::types::Value;

/// Which deliveries are wanted; the default wants all. What is set must all hold.
///
/// Patterns match the whole text, upper and lower case told apart; `*` stands for any text and `?`
/// for one character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// One of these states; empty for any.
    pub states: Vec<DeliveryState>,
    /// Patterns of which one matches the service name; empty for any.
    pub services: Vec<String>,
    /// Pattern of the trigger.
    pub trigger: Option<String>,
    /// Pattern of the object's namespace.
    pub namespace: Option<String>,
    /// Pattern of the object's name.
    pub name: Option<String>,
    /// Pattern of the object's kind, as in `Pod`.
    pub kind: Option<String>,
    /// Pattern of the recipient.
    pub recipient: Option<String>,
    /// UID of the object.
    pub uid: Option<String>,
    /// Words that all occur, whatever the case, each anywhere in state, namespace, name, trigger,
    /// service, recipient, error or detail.
    pub text: Option<String>,
    /// Decided at this time or later, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// Decided before this time, in milliseconds since 1970.
    pub until_ms: Option<i64>,
    /// Those that this filter lets through are left out.
    pub except: Option<Box<Filter>>,
}

/// Columns that a free-text word is looked for in; [`Filter::matches`] has the same list.
const TEXT: &str = "(state || '\n' || namespace || '\n' || name || '\n' || trigger || '\n' || \
    service || '\n' || recipient || '\n' || error || '\n' || detail)";

/// Conditions joined by AND, with their parameters in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Conditions {
    pub(super) sql: Vec<String>,
    pub(super) values: Vec<Value>,
}

/// A column with an index whose wanted values are all known.
#[derive(Clone, Debug)]
pub(super) struct Driver {
    pub(super) index: &'static str,
    pub(super) column: &'static str,
    pub(super) values: Vec<String>,
}

impl Filter {
    /// Whether a delivery passes, as the query would say: for rows that arrive while a list is
    /// shown.
    pub fn matches(&self, delivery: &Delivery) -> bool {
        let new = &delivery.new;
        let like = |pattern: &Option<String>, text: &str| {
            pattern.as_deref().is_none_or(|pattern| glob(pattern, text))
        };
        let service = &*new.destination.service;
        (self.states.is_empty() || self.states.contains(&delivery.state))
            && (self.services.is_empty() || self.services.iter().any(|s| glob(s, service)))
            && like(&self.trigger, &new.trigger)
            && like(&self.namespace, &new.namespace)
            && like(&self.name, &new.name)
            && like(&self.kind, &new.kind)
            && like(&self.recipient, &new.destination.recipient)
            && self.uid.as_deref().is_none_or(|uid| uid == new.uid)
            && self.matches_text(delivery)
            && self.since_ms.is_none_or(|at| new.id >= first_id(at))
            && self.until_ms.is_none_or(|at| new.id < first_id(at))
            && !self.except.as_deref().is_some_and(|e| e.matches(delivery))
    }

    fn matches_text(&self, delivery: &Delivery) -> bool {
        let Some(text) = &self.text else { return true };
        let new = &delivery.new;
        let fields = [
            delivery.state.word(),
            &new.namespace,
            &new.name,
            &new.trigger,
            &new.destination.service,
            &new.destination.recipient,
            &delivery.error,
            &delivery.detail,
        ];
        let hay = fields.join("\n").to_ascii_lowercase();
        text.split_whitespace()
            .all(|word| hay.contains(&word.to_ascii_lowercase()))
    }

    /// Columns with an index that this filter pins to known values.
    pub(super) fn drivers(&self) -> Vec<Driver> {
        let mut drivers = Vec::new();
        let mut add = |index, column, values: Vec<String>| {
            let exact = values.iter().all(|value| !has_wildcard(value));
            if exact && !values.is_empty() && values.len() <= 32 {
                drivers.push(Driver {
                    index,
                    column,
                    values,
                });
            }
        };
        let one = |value: &Option<String>| value.iter().cloned().collect::<Vec<_>>();
        let states = self.states.iter().map(|state| state.word().to_owned());
        add("by_state", "state", states.collect());
        add("by_service", "service", self.services.clone());
        add("by_trigger", "trigger", one(&self.trigger));
        add("by_namespace", "namespace", one(&self.namespace));
        if let Some(uid) = &self.uid {
            drivers.push(Driver {
                index: "by_uid",
                column: "uid",
                values: vec![uid.clone()],
            });
        }
        for driver in &mut drivers {
            driver.values.sort();
            driver.values.dedup();
        }
        drivers
    }

    /// The whole filter as conditions on the columns.
    pub(super) fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if !self.states.is_empty() {
            let words = self.states.iter().map(|state| state.word());
            conditions.any("state = ?", words.map(str::to_owned));
        }
        conditions.any_pattern("service", &self.services);
        for (column, pattern) in [
            ("trigger", &self.trigger),
            ("namespace", &self.namespace),
            ("name", &self.name),
            ("kind", &self.kind),
            ("recipient", &self.recipient),
        ] {
            conditions.any_pattern(column, pattern.as_slice());
        }
        if let Some(uid) = &self.uid {
            conditions.push("uid = ?", Value::Text(uid.clone()));
        }
        for word in self.text.iter().flat_map(|text| text.split_whitespace()) {
            let pattern = format!("%{}%", escape_like(word));
            conditions.push(&format!("{TEXT} LIKE ? ESCAPE '\\'"), Value::Text(pattern));
        }
        if let Some(at) = self.since_ms {
            conditions.push("id >= ?", Value::Integer(first_id(at).0));
        }
        if let Some(at) = self.until_ms {
            conditions.push("id < ?", Value::Integer(first_id(at).0));
        }
        if let Some(except) = &self.except {
            let inner = except.conditions();
            conditions.sql.push(format!("NOT ({})", inner.joined()));
            conditions.values.extend(inner.values);
        }
        conditions
    }
}

impl Conditions {
    pub(super) fn push(&mut self, sql: &str, value: Value) {
        self.sql.push(sql.to_owned());
        self.values.push(value);
    }

    /// The conditions as one expression; `1` when there are none.
    pub(super) fn joined(&self) -> String {
        if self.sql.is_empty() {
            return "1".to_owned();
        }
        self.sql.join(" AND ")
    }

    fn any(&mut self, sql: &str, values: impl Iterator<Item = String>) {
        let mut alternatives = Vec::new();
        for value in values {
            alternatives.push(sql.to_owned());
            self.values.push(Value::Text(value));
        }
        self.sql.push(format!("({})", alternatives.join(" OR ")));
    }

    fn any_pattern(&mut self, column: &str, patterns: &[String]) {
        if patterns.is_empty() {
            return;
        }
        let mut alternatives = Vec::new();
        for pattern in patterns {
            if has_wildcard(pattern) {
                alternatives.push(format!("{column} GLOB ?"));
                self.values.push(Value::Text(pattern.replace('[', "[[]")));
            } else {
                alternatives.push(format!("{column} = ?"));
                self.values.push(Value::Text(pattern.clone()));
            }
        }
        self.sql.push(format!("({})", alternatives.join(" OR ")));
    }
}

/// The first id that a delivery decided at this time can have: ids are made of the time.
fn first_id(at_ms: i64) -> DeliveryId {
    DeliveryId(at_ms.saturating_mul(1024))
}

fn has_wildcard(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

fn escape_like(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Whether the pattern (`*`, `?`) matches the whole text. Goes back to the last star only, so the
/// time is at most the product of the lengths.
fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_the_whole_text() {
        for (pattern, text, expected) in [
            ("a*c", "abbbc", true),
            ("a*c", "abbbcd", false),
            ("*", "", true),
            ("?", "", false),
            ("?é*", "xé", true),
            ("*a*a*b", "aaaaaaaaaaaa", false),
            ("[a]*", "[a]b", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }
}
