//! What differs between two catalogs, in terms of what they do.

use super::contents::Catalog;
use super::key::KeyKind;
use super::service::ServiceEntry;
use super::trigger::{Condition, Trigger};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One part that two catalogs do not have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What sort of part.
    pub kind: KeyKind,
    /// Its name; for default triggers the service, or empty; for subscriptions empty.
    pub name: String,
    /// What became of it.
    pub change: Change,
}

/// What became of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only the second catalog has it.
    Added,
    /// Only the first catalog has it.
    Removed,
    /// It is another one.
    Changed,
    /// A trigger whose conditions changed, each with its index in the second catalog (for removed
    /// ones in the first).
    Conditions(Vec<(usize, ConditionChange)>),
}

/// What became of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionChange {
    /// New.
    Added,
    /// Gone, and its state keys are forgotten.
    Removed,
    /// The same `when` stood at this index before. Its state keys change: what is true is sent
    /// once more.
    Moved {
        /// Where it stood.
        from: usize,
    },
    /// Another `when` text. Its state keys change: what is true is sent once more.
    When,
    /// Another oncePer. Its state keys change.
    OncePer,
    /// Other templates, timing, or description; state keys stay.
    Content,
}

impl ConditionChange {
    /// Whether notifications that were sent count as not sent afterwards.
    pub fn changes_state_keys(self) -> bool {
        matches!(self, Self::Moved { .. } | Self::When | Self::OncePer)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if !self.name.is_empty() {
            write!(f, " {}", self.name)?;
        }
        match &self.change {
            Change::Added => f.write_str(" added"),
            Change::Removed => f.write_str(" removed"),
            Change::Changed => f.write_str(" changed"),
            Change::Conditions(changes) => {
                for (position, (index, change)) in changes.iter().enumerate() {
                    let separator = if position == 0 { ":" } else { "," };
                    write!(f, "{separator} [{index}] ")?;
                    match change {
                        ConditionChange::Added => f.write_str("added")?,
                        ConditionChange::Removed => f.write_str("removed")?,
                        ConditionChange::Moved { from } => write!(f, "moved from [{from}]")?,
                        ConditionChange::When => f.write_str("other condition")?,
                        ConditionChange::OncePer => f.write_str("other oncePer")?,
                        ConditionChange::Content => {
                            f.write_str("other templates, timing or description")?
                        }
                    }
                }
                Ok(())
            }
        }
    }
}

/// The differences from `before` to `after`, services first, then triggers, templates,
/// subscriptions and default triggers, each sorted by name. Texts that differ only in comments or
/// layout are no difference for triggers, subscriptions and default triggers.
pub fn diff(before: &Catalog, after: &Catalog) -> Vec<Difference> {
    let mut found = Vec::new();
    let text = |catalog: &Catalog, key: &str| catalog.texts.get(key).cloned();
    let service = |name: &str| {
        let of = |catalog: &Catalog| {
            let entry: &ServiceEntry = catalog.services.get(name)?;
            Some((
                entry.key.clone(),
                text(catalog, &entry.key),
                entry.secrets.clone(),
            ))
        };
        (of(before) != of(after)).then_some(Change::Changed)
    };
    compare(
        KeyKind::Service,
        &before.services,
        &after.services,
        service,
        &mut found,
    );
    let trigger = |name: &str| {
        let changes = conditions(before.triggers.get(name)?, after.triggers.get(name)?);
        (!changes.is_empty()).then_some(Change::Conditions(changes))
    };
    compare(
        KeyKind::Trigger,
        &before.triggers,
        &after.triggers,
        trigger,
        &mut found,
    );
    let template = |name: &str| {
        let key = format!("template.{name}");
        (text(before, &key) != text(after, &key)).then_some(Change::Changed)
    };
    compare(
        KeyKind::Template,
        &before.templates,
        &after.templates,
        template,
        &mut found,
    );
    whole(
        KeyKind::Subscriptions,
        &before.subscriptions,
        &after.subscriptions,
        &mut found,
    );
    whole(
        KeyKind::DefaultTriggers,
        &before.default_triggers,
        &after.default_triggers,
        &mut found,
    );
    let (lists, new_lists) = (
        &before.service_default_triggers,
        &after.service_default_triggers,
    );
    let list = |name: &str| (lists.get(name) != new_lists.get(name)).then_some(Change::Changed);
    compare(KeyKind::DefaultTriggers, lists, new_lists, list, &mut found);
    found
}

fn compare<T>(
    kind: KeyKind,
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
    changed: impl Fn(&str) -> Option<Change>,
    found: &mut Vec<Difference>,
) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let change = match (before.contains_key(name), after.contains_key(name)) {
            (false, _) => Some(Change::Added),
            (_, false) => Some(Change::Removed),
            _ => changed(name),
        };
        found.extend(change.map(|change| Difference {
            kind,
            name: name.clone(),
            change,
        }));
    }
}

fn whole<T: PartialEq>(kind: KeyKind, before: &[T], after: &[T], found: &mut Vec<Difference>) {
    let change = match (before.is_empty(), after.is_empty()) {
        _ if before == after => return,
        (true, _) => Change::Added,
        (_, true) => Change::Removed,
        _ => Change::Changed,
    };
    found.push(Difference {
        kind,
        name: String::new(),
        change,
    });
}

fn conditions(before: &Trigger, after: &Trigger) -> Vec<(usize, ConditionChange)> {
    let mut changes = Vec::new();
    let mut moved = BTreeSet::new();
    for (index, new) in after.conditions.iter().enumerate() {
        let change = match before.conditions.get(index) {
            Some(old) if old.key == new.key => same_place(old, new),
            old => {
                let elsewhere = |old: &&Condition| {
                    old.when == new.when
                        && !moved.contains(&old.key.index)
                        && after
                            .conditions
                            .get(old.key.index)
                            .is_none_or(|other| other.key != old.key)
                };
                match before.conditions.iter().find(elsewhere) {
                    Some(from) => {
                        moved.insert(from.key.index);
                        Some(ConditionChange::Moved {
                            from: from.key.index,
                        })
                    }
                    None if old.is_some() => Some(ConditionChange::When),
                    None => Some(ConditionChange::Added),
                }
            }
        };
        changes.extend(change.map(|change| (index, change)));
    }
    let beyond = before.conditions.iter().skip(after.conditions.len());
    let gone = beyond.filter(|old| !moved.contains(&old.key.index));
    changes.extend(gone.map(|old| (old.key.index, ConditionChange::Removed)));
    changes
}

fn same_place(old: &Condition, new: &Condition) -> Option<ConditionChange> {
    let once_per =
        |condition: &Condition| condition.once_per.as_ref().map(|(text, _)| text.clone());
    if once_per(old) != once_per(new) {
        return Some(ConditionChange::OncePer);
    }
    let timing = |condition: &Condition| (condition.hold, condition.repeat);
    let same = old.send == new.send
        && old.resolved == new.resolved
        && old.description == new.description
        && timing(old) == timing(new);
    (!same).then_some(ConditionChange::Content)
}
