//! The difference of two catalogs in words, one statement per changed part: for the diff screen, the
//! list of versions and the command line. Settings of services are named, never shown: they may hold
//! credentials in the clear.

use super::contents::Catalog;
use super::diff::{Change, ConditionChange, Difference, diff};
use super::key::KeyKind;
use super::trigger::{Condition, Trigger};
use crate::yaml;
use serde_json::Value;
use std::collections::BTreeSet;

/// Longest part of a text that is quoted, in characters.
const QUOTED: usize = 60;

/// Fields of one part that are named.
const NAMED: usize = 8;

/// What a change means for what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Something is new.
    Added,
    /// Something is gone.
    Removed,
    /// Something is different, and what was sent counts as sent.
    Changed,
    /// The state key changes: what is true is sent once more.
    Resends,
}

/// One changed part in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it means.
    pub effect: Effect,
    /// The part, as an operator addresses it: `trigger.on-oom[0].when`.
    pub part: String,
    /// What became of it; may be empty.
    pub text: String,
}

impl Statement {
    /// The sign that stands before it: `+`, `-`, `~`, or `!` where the state key changes.
    pub fn sign(&self) -> &'static str {
        match self.effect {
            Effect::Added => "+",
            Effect::Removed => "-",
            Effect::Changed => "~",
            Effect::Resends => "!",
        }
    }
}

impl std::fmt::Display for Statement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.sign(), self.part)?;
        if !self.text.is_empty() {
            write!(f, " {}", self.text)?;
        }
        Ok(())
    }
}

/// What leads from `before` to `after`, in the order of [`diff`].
pub fn describe(before: &Catalog, after: &Catalog) -> Vec<Statement> {
    let mut statements = Vec::new();
    for difference in diff(before, after) {
        about(&difference, before, after, &mut statements);
    }
    statements
}

fn about(
    difference: &Difference,
    before: &Catalog,
    after: &Catalog,
    statements: &mut Vec<Statement>,
) {
    let part = part(difference);
    let mut tell = |effect, text: String| {
        statements.push(Statement {
            effect,
            part: part.clone(),
            text,
        });
    };
    match &difference.change {
        Change::Added => tell(Effect::Added, added(difference, after)),
        Change::Removed => tell(Effect::Removed, removed(difference)),
        Change::Changed => {
            let text = match difference.kind {
                KeyKind::Service => service(&difference.name, before, after),
                KeyKind::Template => {
                    let key = format!("template.{}", difference.name);
                    fields(before.texts.get(&key), after.texts.get(&key))
                }
                KeyKind::Subscriptions => subscriptions(before, after),
                KeyKind::DefaultTriggers => default_triggers(&difference.name, before, after),
                KeyKind::Trigger | KeyKind::Ignored => String::new(),
            };
            tell(Effect::Changed, text);
        }
        Change::Conditions(changes) => {
            let (old, new) = (
                before.triggers.get(&difference.name),
                after.triggers.get(&difference.name),
            );
            for (index, change) in changes {
                condition(
                    &part,
                    *index,
                    *change,
                    old.map(AsRef::as_ref),
                    new.map(AsRef::as_ref),
                    statements,
                );
            }
        }
    }
}

fn part(difference: &Difference) -> String {
    let name = &difference.name;
    match difference.kind {
        KeyKind::DefaultTriggers if name.is_empty() => "defaultTriggers".to_owned(),
        KeyKind::DefaultTriggers => format!("defaultTriggers.{name}"),
        kind if name.is_empty() => kind.to_string(),
        kind => format!("{kind}.{name}"),
    }
}

fn added(difference: &Difference, after: &Catalog) -> String {
    match difference.kind {
        KeyKind::Trigger => {
            let trigger = after.triggers.get(&difference.name);
            let count = trigger.map_or(0, |trigger| trigger.conditions.len());
            format!("added, {}", counted(count, "condition", "conditions"))
        }
        KeyKind::Service => {
            let entry = after.services.get(&difference.name);
            let what = entry.map_or("", |entry| entry.service.service_type());
            format!("added, of type {what}")
        }
        KeyKind::Subscriptions => {
            format!(
                "added, {}",
                counted(after.subscriptions.len(), "entry", "entries")
            )
        }
        _ => "added".to_owned(),
    }
}

fn removed(difference: &Difference) -> String {
    match difference.kind {
        KeyKind::Trigger => "removed: it sends nothing any more".to_owned(),
        KeyKind::Service => "removed: what leads to it fails".to_owned(),
        _ => "removed".to_owned(),
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A text on one line, cut, in quotes.
fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= QUOTED {
        return format!("'{line}'");
    }
    let cut: String = line.chars().take(QUOTED).collect();
    format!("'{cut}…'")
}

fn condition(
    part: &str,
    index: usize,
    change: ConditionChange,
    before: Option<&Trigger>,
    after: Option<&Trigger>,
    statements: &mut Vec<Statement>,
) {
    let of = |trigger: Option<&Trigger>| {
        let conditions = trigger.map(|trigger| trigger.conditions.clone());
        conditions.and_then(|conditions| conditions.into_iter().nth(index))
    };
    let (old, new): (Option<Condition>, Option<Condition>) = (of(before), of(after));
    let mut tell = |effect, field: &str, text: String| {
        statements.push(Statement {
            effect,
            part: format!("{part}[{index}]{field}"),
            text,
        });
    };
    match change {
        ConditionChange::Added => {
            let when = new
                .as_ref()
                .map_or_else(String::new, |new| quoted(&new.when));
            tell(Effect::Added, "", format!("condition added: {when}"));
        }
        ConditionChange::Removed => {
            let when = old
                .as_ref()
                .map_or_else(String::new, |old| quoted(&old.when));
            tell(Effect::Removed, "", format!("condition removed: {when}"));
        }
        ConditionChange::Moved { from } => tell(
            Effect::Resends,
            "",
            format!("moved from [{from}]: its state key changes"),
        ),
        ConditionChange::When => {
            let words = match (&old, &new) {
                (Some(old), Some(new)) => {
                    format!("{} -> {}", quoted(&old.when), quoted(&new.when))
                }
                _ => "another condition".to_owned(),
            };
            tell(
                Effect::Resends,
                ".when",
                format!("{words}: its state key changes"),
            );
        }
        ConditionChange::OncePer | ConditionChange::Content => {}
    }
    let (Some(old), Some(new)) = (old, new) else {
        return;
    };
    if !matches!(
        change,
        ConditionChange::When | ConditionChange::OncePer | ConditionChange::Content
    ) {
        return;
    }
    let once_per = |condition: &Condition| {
        let text = condition.once_per.as_ref().map(|(text, _)| text.as_str());
        text.map_or_else(|| "none".to_owned(), quoted)
    };
    if once_per(&old) != once_per(&new) {
        let text = format!(
            "{} -> {}: its state key changes",
            once_per(&old),
            once_per(&new)
        );
        tell(Effect::Resends, ".oncePer", text);
    }
    let list = |names: &[String]| {
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    let span = |span: Option<std::time::Duration>| {
        span.map_or_else(|| "none".to_owned(), |span| format!("{span:?}"))
    };
    for (field, before, after) in [
        (".send", list(&old.send), list(&new.send)),
        (".resolved", list(&old.resolved), list(&new.resolved)),
        (".for", span(old.hold), span(new.hold)),
        (".repeat", span(old.repeat), span(new.repeat)),
        (
            ".description",
            quoted(&old.description),
            quoted(&new.description),
        ),
    ] {
        if before != after {
            tell(Effect::Changed, field, format!("{before} -> {after}"));
        }
    }
}

/// The settings of a service that changed, by name; of addresses the host, which is no secret.
fn service(name: &str, before: &Catalog, after: &Catalog) -> String {
    let of = |catalog: &Catalog| {
        let entry = catalog.services.get(name)?;
        let text = catalog.texts.get(&entry.key)?;
        Some((entry.key.clone(), json(text)))
    };
    let (Some((old_key, old)), Some((new_key, new))) = (of(before), of(after)) else {
        return "changed".to_owned();
    };
    if old_key != new_key {
        return format!("is {new_key} now, it was {old_key}");
    }
    let mut changed = Vec::new();
    for field in names_of(&old, &new) {
        let (was, is) = (old.get(&field), new.get(&field));
        if was == is {
            continue;
        }
        match (host(was), host(is)) {
            (Some(was), Some(is)) if was != is => changed.push(format!("{field} {was} -> {is}")),
            (Some(was), Some(_)) => changed.push(format!("{field} at {was}")),
            _ if was.is_none() => changed.push(format!("{field} added")),
            _ if is.is_none() => changed.push(format!("{field} removed")),
            _ => changed.push(field),
        }
    }
    if changed.is_empty() {
        // Only a value of the Secret, or the layout.
        return "other secret values or layout".to_owned();
    }
    listed("changed: ", changed)
}

fn host(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    (!host.is_empty()).then(|| format!("{scheme}://{host}/***"))
}

fn json(text: &str) -> Value {
    yaml::parse(text).map_or(Value::Null, |node| node.to_json())
}

fn names_of(old: &Value, new: &Value) -> BTreeSet<String> {
    let names = |value: &Value| -> Vec<String> {
        let object = value.as_object();
        object.map_or_else(Vec::new, |object| object.keys().cloned().collect())
    };
    names(old).into_iter().chain(names(new)).collect()
}

/// The sections of a template that changed.
fn fields(old: Option<&std::sync::Arc<str>>, new: Option<&std::sync::Arc<str>>) -> String {
    let (Some(old), Some(new)) = (old, new) else {
        return "changed".to_owned();
    };
    let lines = |text: &str| text.lines().count();
    let (before, after) = (lines(old), lines(new));
    let (old, new) = (json(old), json(new));
    let mut changed = Vec::new();
    for name in names_of(&old, &new) {
        let (was, is) = (old.get(&name), new.get(&name));
        match (was, is) {
            _ if was == is => {}
            (None, _) => changed.push(format!("{name} added")),
            (_, None) => changed.push(format!("{name} removed")),
            (Some(was), Some(is)) => {
                let inner = names_of(was, is).into_iter();
                let inner: Vec<String> = inner
                    .filter(|inner| was.get(inner) != is.get(inner))
                    .map(|inner| format!("{name}.{inner}"))
                    .collect();
                if inner.is_empty() {
                    changed.push(name);
                } else {
                    changed.extend(inner);
                }
            }
        }
    }
    if changed.is_empty() {
        return "only its layout changed".to_owned();
    }
    let lines = format!(" ({before} -> {after} lines)");
    listed("changed: ", changed) + &lines
}

fn listed(prefix: &str, names: Vec<String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let mut text = prefix.to_owned();
    text.push_str(&names.into_iter().take(NAMED).collect::<Vec<_>>().join(", "));
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

fn subscriptions(before: &Catalog, after: &Catalog) -> String {
    // Their numbers are only places in the list.
    let parts = |catalog: &Catalog| -> Vec<String> {
        let entries = catalog.subscriptions.iter();
        let words = entries.map(|entry| {
            let to: Vec<String> = entry.recipients.iter().map(|to| to.label()).collect();
            let triggers = match entry.triggers.as_slice() {
                [] => "the default triggers".to_owned(),
                triggers => triggers.join(", "),
            };
            format!("{} of {triggers} ({:?})", to.join(", "), entry.selector)
        });
        words.collect()
    };
    let (old, new) = (parts(before), parts(after));
    let gone = old.iter().filter(|entry| !new.contains(entry)).count();
    let come = new.iter().filter(|entry| !old.contains(entry)).count();
    if gone + come == 0 {
        return "entries in another order".to_owned();
    }
    format!("{come} added or changed, {gone} removed or replaced")
}

fn default_triggers(service: &str, before: &Catalog, after: &Catalog) -> String {
    let of = |catalog: &Catalog| {
        let list = if service.is_empty() {
            Some(&catalog.default_triggers)
        } else {
            catalog.service_default_triggers.get(service)
        };
        list.map_or_else(String::new, |list| list.join(", "))
    };
    format!("[{}] -> [{}]", of(before), of(after))
}
