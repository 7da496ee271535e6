//! Which condition of one configuration takes the place of which of another, and what that means
//! for the entries of a notified state. Pure: used by `preview` to tell what is sent again from
//! what is new, and by the migration of keys.

use super::decide::{Evaluation, Plan};
use super::ledger::Ledger;
use crate::catalog::{Catalog, Trigger};
use crate::domain::{ConditionKey, Destination, NotifiedState, is_timing};
use std::collections::{BTreeMap, BTreeSet};

/// An entry of the notified state that another one is to stand beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The entry that there is.
    pub before: String,
    /// The entry that stands for the same notification under the other configuration.
    pub after: String,
    /// When it was sent, in Unix seconds.
    pub at: i64,
}

/// A condition whose state key changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succession {
    /// The trigger.
    pub trigger: String,
    /// The condition as it is.
    pub before: ConditionKey,
    /// The condition that takes its place.
    pub after: ConditionKey,
    /// It also has another oncePer: then only what is true now can be carried over.
    pub once_per: bool,
}

/// Who succeeds whom, between two configurations.
#[derive(Clone, Debug, Default)]
pub(super) struct Successions {
    /// Per trigger: the key in the second configuration, with that in the first.
    pairs: BTreeMap<String, Vec<(ConditionKey, ConditionKey)>>,
    changed: Vec<Succession>,
    /// The middle parts of state keys: that of the first configuration, that of the second.
    infixes: Vec<(String, String)>,
}

impl Successions {
    /// Between the configuration in force and another.
    pub(super) fn between(live: &Catalog, draft: &Catalog) -> Self {
        let mut found = Self::default();
        let namespace = draft.state_key_namespace();
        let infix = |trigger: &str, key: &ConditionKey| match namespace {
            Some(namespace) => format!("{namespace}:{trigger}:{key}:"),
            None => format!("{trigger}:{key}:"),
        };
        for (name, after) in &draft.triggers {
            let Some(before) = live.triggers.get(name) else {
                continue;
            };
            let mut pairs = Vec::new();
            for (place, from) in matched(before, after).into_iter().enumerate() {
                let (Some(new), Some(old)) = (
                    after.conditions.get(place),
                    from.and_then(|from| before.conditions.get(from)),
                ) else {
                    continue;
                };
                pairs.push((new.key.clone(), old.key.clone()));
                let text = |condition: &crate::catalog::Condition| {
                    let once_per = condition.once_per.as_ref();
                    once_per.map(|(text, _)| text.clone())
                };
                let once_per = text(old) != text(new);
                if old.key == new.key && !once_per {
                    continue;
                }
                if !once_per {
                    let infixes = (infix(name, &old.key), infix(name, &new.key));
                    found.infixes.push(infixes);
                }
                found.changed.push(Succession {
                    trigger: name.clone(),
                    before: old.key.clone(),
                    after: new.key.clone(),
                    once_per,
                });
            }
            found.pairs.insert(name.clone(), pairs);
        }
        found
    }

    /// The conditions whose state keys change.
    pub(super) fn changed(&self) -> &[Succession] {
        &self.changed
    }

    /// The condition of the first configuration whose place this one of the second takes.
    pub(super) fn before(&self, trigger: &str, after: &ConditionKey) -> Option<&ConditionKey> {
        let pairs = self.pairs.get(trigger)?;
        let pair = pairs.iter().find(|(new, _)| new == after);
        pair.map(|(_, old)| old)
    }

    /// Whether some condition of the second configuration takes the place of this one.
    pub(super) fn after(&self, trigger: &str, before: &ConditionKey) -> Option<&ConditionKey> {
        let pairs = self.pairs.get(trigger)?;
        let pair = pairs.iter().find(|(_, old)| old == before);
        pair.map(|(new, _)| new)
    }

    /// The entries that are to be there before the second configuration is in force, so that it
    /// sends nothing again. None of them means anything under the first one.
    pub(super) fn carried(
        &self,
        live: &Plan,
        draft: &Plan,
        state: &NotifiedState,
        ledger: &Ledger,
    ) -> Vec<Carried> {
        let mut found = self.renamed(state, ledger);
        let mut known: BTreeSet<String> =
            found.iter().map(|carried| carried.after.clone()).collect();
        for (before, after) in self.steps(live, draft) {
            let Some(at) = ledger.notified_at(&before, state) else {
                continue;
            };
            if ledger.notified_at(&after, state).is_none() && known.insert(after.clone()) {
                found.push(Carried { before, after, at });
            }
        }
        found
    }

    /// The same, as far as the entries themselves tell: whatever their conditions are worth now.
    pub(super) fn renamed(&self, state: &NotifiedState, ledger: &Ledger) -> Vec<Carried> {
        let mut found = Vec::new();
        if self.infixes.is_empty() {
            return found;
        }
        let written = state.sent().map(|(key, _)| key.to_owned());
        for before in written.chain(ledger.sent_keys()) {
            let Some(at) = ledger.notified_at(&before, state) else {
                continue;
            };
            for (old, new) in &self.infixes {
                let Some(after) = exchanged(&before, old, new) else {
                    continue;
                };
                if ledger.notified_at(&after, state).is_none() {
                    let before = before.clone();
                    found.push(Carried { before, after, at });
                }
            }
        }
        found
    }

    /// The entries that [`carried`](Self::carried) added: those beside which the old one still
    /// stands, with the same time.
    pub(super) fn added(
        &self,
        live: &Plan,
        draft: &Plan,
        state: &NotifiedState,
        ledger: &Ledger,
    ) -> BTreeSet<String> {
        let at = |key: &str| ledger.notified_at(key, state);
        let mut found = BTreeSet::new();
        let written = state.sent().map(|(key, _)| key.to_owned());
        for after in written.chain(ledger.sent_keys()) {
            let added = self.infixes.iter().any(|(old, new)| {
                let before = exchanged(&after, new, old);
                before.is_some_and(|before| at(&before).is_some() && at(&before) == at(&after))
            });
            if added {
                found.insert(after);
            }
        }
        for (before, after) in self.steps(live, draft) {
            if at(&after).is_some() && at(&after) == at(&before) {
                found.insert(after);
            }
        }
        found
    }

    /// The state keys of what is true under the second configuration, each with that under the
    /// first where they differ.
    fn steps(&self, live: &Plan, draft: &Plan) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for trigger in &draft.triggers {
            let before = live.triggers.iter().find(|old| old.name == trigger.name);
            let Some(before) = before else { continue };
            for condition in &trigger.conditions {
                if condition.evaluation != Evaluation::True {
                    continue;
                }
                let key = self.before(&trigger.name, &condition.key);
                let old = key.and_then(|key| before.conditions.iter().find(|old| old.key == *key));
                let Some(old) = old else { continue };
                for step in &condition.steps {
                    let same = |old: &&super::decide::Step| old.destination == step.destination;
                    if let Some(old) = old.steps.iter().find(same)
                        && old.state_key != step.state_key
                        && !is_timing(&step.state_key)
                    {
                        found.push((old.state_key.clone(), step.state_key.clone()));
                    }
                }
            }
        }
        found
    }

    /// The entry that stands for a notification under the first configuration, when it was sent.
    pub(super) fn told_before(
        &self,
        live: &Plan,
        trigger: &str,
        condition: &ConditionKey,
        destination: &Destination,
        state: &NotifiedState,
        ledger: &Ledger,
    ) -> Option<(String, i64)> {
        let key = self.before(trigger, condition)?;
        let before = live.triggers.iter().find(|old| old.name == trigger)?;
        let old = before.conditions.iter().find(|old| old.key == *key)?;
        let mut steps = old.steps.iter();
        let step = steps.find(|step| step.destination == *destination)?;
        let at = ledger.notified_at(&step.state_key, state)?;
        Some((step.state_key.clone(), at))
    }
}

/// A state key with another middle part; `None` when it has not got this one.
fn exchanged(key: &str, from: &str, to: &str) -> Option<String> {
    // Before it stands the oncePer text, which may be anything; behind it a service, which has no
    // colon, and a recipient.
    let place = key.rfind(from)?;
    let (start, rest) = key.split_at(place);
    if !start.is_empty() && !start.ends_with(':') {
        return None;
    }
    Some(format!("{start}{to}{}", rest.strip_prefix(from)?))
}

/// When two conditions are taken to be the same one.
type Alike = fn(&ConditionKey, &ConditionKey) -> bool;

/// For each condition of the second trigger the place of the one in the first that it continues:
/// the very same, else the first one left with the same `when`, else the one left at its place.
fn matched(before: &Trigger, after: &Trigger) -> Vec<Option<usize>> {
    let (old, new) = (&before.conditions, &after.conditions);
    let mut found: Vec<Option<usize>> = vec![None; new.len()];
    let mut taken = BTreeSet::new();
    let rules: [Alike; 3] = [
        |old, new| old == new,
        |old, new| old.hash == new.hash,
        |old, new| old.index == new.index,
    ];
    for rule in rules {
        for (slot, new) in found.iter_mut().zip(new) {
            if slot.is_some() {
                continue;
            }
            let mut places = 0..old.len();
            *slot = places.find(|place| {
                let fits = old.get(*place).is_some_and(|old| rule(&old.key, &new.key));
                fits && !taken.contains(place)
            });
            taken.extend(*slot);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_middle_part_of_a_state_key_is_exchanged() {
        let (old, new) = ("ready:[0].a:", "ready:[1].b:");
        let plain = exchanged("ready:[0].a:slack:#x:y", old, new);
        assert_eq!(plain.as_deref(), Some("ready:[1].b:slack:#x:y"));
        let once = exchanged("rev:1:ready:[0].a:slack:", old, new);
        assert_eq!(once.as_deref(), Some("rev:1:ready:[1].b:slack:"));
        // Another trigger whose name ends in the same way.
        assert_eq!(exchanged("not-ready:[0].a:slack:", old, new), None);
        assert_eq!(exchanged("ready:[0].c:slack:", old, new), None);
    }
}
