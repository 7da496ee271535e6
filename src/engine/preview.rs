//! What another configuration would do to the objects there are: the blast radius of a draft.
//!
//! Both configurations decide about each object, with the same pure decision that the engine makes,
//! and what only one of them would do is an effect. Nothing is sent or written. The command line
//! asks for objects that it has listed, a running engine for those that it keeps.

use super::decide::{Action, ConditionPlan, Evaluation, Look, Plan, TriggerPlan, decide};
use super::ledger::Ledger;
use super::look::environment;
use super::store::{Interest, Observed, Tracked};
use crate::catalog::{Catalog, Subscription};
use crate::cluster::{LeanObject, ProjectError};
use crate::domain::{
    ConditionKey, Destination, NotifiedState, PathTrie, Position, ResourceKey, notified_annotation,
};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Effects that are kept one by one; beyond it they are only counted.
const KEPT: usize = 100_000;

/// What a draft would change, over all objects that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BlastRadius {
    /// Objects that were looked at.
    pub objects: u64,
    /// Of those, the ones that the live or the new configuration has a trigger for.
    pub subscribed: u64,
    /// Objects with at least one effect.
    pub affected: u64,
    /// How many effects of each kind.
    pub totals: Totals,
    /// The same by destination.
    pub by_destination: BTreeMap<Destination, Totals>,
    /// The same by trigger.
    pub by_trigger: BTreeMap<String, Totals>,
    /// The effects, in the order of the objects; the first hundred thousand.
    pub effects: Vec<Effect>,
}

/// Effects by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Would be sent, and were not sent before.
    pub sent: u64,
    /// Would be sent once more, because the state key changes.
    pub sent_again: u64,
    /// Conditions that count as told now and would not be true any more.
    pub stopped: u64,
    /// Conditions that could not be evaluated any more.
    pub errors: u64,
    /// Notifications that could not be sent any more.
    pub impossible: u64,
}

impl Totals {
    fn count(&mut self, change: &EffectKind) {
        let counter = match change {
            EffectKind::Sent => &mut self.sent,
            EffectKind::SentAgain { .. } => &mut self.sent_again,
            EffectKind::Stopped => &mut self.stopped,
            EffectKind::Error { .. } => &mut self.errors,
            EffectKind::Impossible { .. } => &mut self.impossible,
        };
        *counter = counter.saturating_add(1);
    }

    /// Notifications that would go out.
    pub fn notifications(&self) -> u64 {
        self.sent.saturating_add(self.sent_again)
    }

    /// Whether there is no effect at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One thing that would be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The object.
    pub resource: ResourceKey,
    /// The trigger.
    pub trigger: String,
    /// The condition in the new configuration; for what stops, in the live one.
    pub condition: ConditionKey,
    /// Where to; `None` for a condition that can't be evaluated.
    pub destination: Option<Destination>,
    /// What would be different.
    pub kind: EffectKind,
}

/// What would be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EffectKind {
    /// It would be sent for the first time.
    Sent,
    /// It was sent, at `at` in Unix seconds under the state key `before`, and would be sent again
    /// under another.
    SentAgain {
        /// The entry of the notified state that stands for it now.
        before: String,
        /// The entry that would stand for it.
        after: String,
        /// When it was sent.
        at: i64,
    },
    /// It counts as sent now, and the condition would not be true any more: the entry goes, and the
    /// next rise is sent.
    Stopped,
    /// The condition could not be evaluated.
    Error {
        /// The original's text.
        message: String,
        /// Where in the `when` text.
        position: Option<Position>,
    },
    /// It would be due, but could not be sent.
    Impossible {
        /// Why.
        reason: String,
    },
}

impl EffectKind {
    /// The word for it, in kebab-case.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::SentAgain { .. } => "sent-again",
            Self::Stopped => "stopped",
            Self::Error { .. } => "error",
            Self::Impossible { .. } => "impossible",
        }
    }
}

/// Compares two configurations object by object.
#[derive(Debug)]
pub struct Comparison<'c> {
    live: &'c Catalog,
    draft: &'c Catalog,
    radius: BlastRadius,
}

impl<'c> Comparison<'c> {
    /// Compares the configuration in force with another.
    pub fn new(live: &'c Catalog, draft: &'c Catalog) -> Self {
        Self {
            live,
            draft,
            radius: BlastRadius::default(),
        }
    }

    /// Looks at an object as the server has it. `variable` is its name in conditions, `prefix` that
    /// of the annotations, without the slash.
    ///
    /// # Errors
    /// The object's JSON is damaged.
    pub fn object(
        &mut self,
        object: &LeanObject,
        variable: &str,
        prefix: &str,
    ) -> Result<(), ProjectError> {
        self.radius.objects = self.radius.objects.saturating_add(1);
        if !self.reaches(object, prefix) {
            return Ok(());
        }
        let interest = Interest {
            annotations: format!("{prefix}/"),
            notified: notified_annotation(prefix),
            paths: self.paths_read(variable),
            stamp: 0,
        };
        let tracked = Tracked::new(Observed::of(object, &interest)?, 0);
        self.tracked(&object.key, &tracked, variable);
        Ok(())
    }

    /// Whether either configuration has a trigger for it.
    fn reaches(&self, object: &LeanObject, prefix: &str) -> bool {
        let start = format!("{prefix}/");
        object.annotations.keys().any(|key| key.starts_with(&start))
            || !self.live.subscriptions.is_empty()
            || !self.draft.subscriptions.is_empty()
    }

    /// Looks at an object of which enough is kept for both configurations.
    pub(super) fn tracked(&mut self, key: &ResourceKey, tracked: &Tracked, variable: &str) {
        let before = self.subscriptions(self.live, &tracked.observed);
        let after = self.subscriptions(self.draft, &tracked.observed);
        if before.is_empty() && after.is_empty() {
            return;
        }
        self.radius.subscribed = self.radius.subscribed.saturating_add(1);
        let Ok(object) = serde_json::from_slice(&tracked.observed.bytes) else {
            // Cut from valid JSON by ourselves.
            return;
        };
        let env = environment(variable, &object);
        let plan = |catalog: &Catalog, subscriptions: &Subscriptions| {
            decide(&Look {
                env: &env,
                subscriptions,
                catalog,
                state: &tracked.state,
                ledger: &tracked.ledger,
                fingerprint: tracked.observed.fingerprint,
                now_ms: super::clock::now_ms(),
                deleted: false,
            })
        };
        let (live, draft) = (plan(self.live, &before), plan(self.draft, &after));
        let found = effects(key, &live, &draft, &tracked.state, &tracked.ledger);
        self.add(found);
    }

    /// The paths that either configuration reads.
    fn paths_read(&self, variable: &str) -> PathTrie {
        let mut paths = self.live.reads(variable);
        paths.merge(&self.draft.reads(variable));
        paths
    }

    fn subscriptions(&self, catalog: &Catalog, observed: &Observed) -> Subscriptions {
        catalog.destinations(&observed.labels, &observed.annotations, &mut Vec::new())
    }

    fn add(&mut self, found: Vec<Effect>) {
        if found.is_empty() {
            return;
        }
        let radius = &mut self.radius;
        radius.affected = radius.affected.saturating_add(1);
        for effect in found {
            radius.totals.count(&effect.kind);
            let trigger = radius.by_trigger.entry(effect.trigger.clone()).or_default();
            trigger.count(&effect.kind);
            if let Some(destination) = &effect.destination {
                let totals = radius.by_destination.entry(destination.clone());
                totals.or_default().count(&effect.kind);
            }
            if radius.effects.len() < KEPT {
                radius.effects.push(effect);
            }
        }
    }

    /// What was found so far.
    pub fn radius(&self) -> &BlastRadius {
        &self.radius
    }

    /// What was found.
    pub fn finish(self) -> BlastRadius {
        self.radius
    }
}

type Subscriptions = BTreeMap<String, Vec<Subscription>>;

/// What only one of two decisions about the same object does.
fn effects(
    resource: &ResourceKey,
    live: &Plan,
    draft: &Plan,
    state: &NotifiedState,
    ledger: &Ledger,
) -> Vec<Effect> {
    let mut found = Vec::new();
    let effect = |trigger: &str, condition: &ConditionPlan, destination, kind| Effect {
        resource: resource.clone(),
        trigger: trigger.to_owned(),
        condition: condition.key.clone(),
        destination,
        kind,
    };
    for trigger in &draft.triggers {
        let before = live.triggers.iter().find(|old| old.name == trigger.name);
        for condition in &trigger.conditions {
            let same = before.and_then(|old| same_condition(old, condition));
            if let Evaluation::Error { message, position } = &condition.evaluation {
                let known = same.is_some_and(|old| old.evaluation == condition.evaluation);
                if !known {
                    let kind = EffectKind::Error {
                        message: message.clone(),
                        position: *position,
                    };
                    found.push(effect(&trigger.name, condition, None, kind));
                }
            }
            for step in &condition.steps {
                let old = live.steps().find(|(_, _, old)| {
                    old.state_key == step.state_key && old.destination == step.destination
                });
                let known = old.is_some_and(|(_, _, old)| old.action == step.action);
                let kind = match &step.action {
                    Action::Send | Action::WouldSend if !known => {
                        match told_before(before, condition, &step.destination, state, ledger) {
                            Some((key, at)) => EffectKind::SentAgain {
                                before: key,
                                after: step.state_key.clone(),
                                at,
                            },
                            None => EffectKind::Sent,
                        }
                    }
                    Action::Impossible(reason) if !known => EffectKind::Impossible {
                        reason: reason.clone(),
                    },
                    _ => continue,
                };
                let to = Some(step.destination.clone());
                found.push(effect(&trigger.name, condition, to, kind));
            }
        }
    }
    // What was told under a key that no true condition of the draft has, and is not told again
    // under another one either.
    let told_again: BTreeSet<&str> = found
        .iter()
        .filter_map(|effect| match &effect.kind {
            EffectKind::SentAgain { before, .. } => Some(before.as_str()),
            _ => None,
        })
        .collect();
    let still_true: BTreeSet<&str> = draft
        .steps()
        .filter(|(_, condition, _)| condition.evaluation == Evaluation::True)
        .map(|(_, _, step)| step.state_key.as_str())
        .collect();
    let mut stopped = Vec::new();
    for (trigger, condition, step) in live.steps() {
        let told = matches!(step.action, Action::AlreadySent { .. } | Action::Sending);
        let goes_on = still_true.contains(step.state_key.as_str())
            || told_again.contains(step.state_key.as_str());
        if told && !goes_on {
            let to = Some(step.destination.clone());
            stopped.push(effect(&trigger.name, condition, to, EffectKind::Stopped));
        }
    }
    found.extend(stopped);
    found
}

impl Plan {
    /// Every step with what it is part of.
    fn steps(&self) -> impl Iterator<Item = (&TriggerPlan, &ConditionPlan, &super::decide::Step)> {
        self.triggers.iter().flat_map(|trigger| {
            trigger.conditions.iter().flat_map(move |condition| {
                let steps = condition.steps.iter();
                steps.map(move |step| (trigger, condition, step))
            })
        })
    }
}

/// The condition of the live trigger that a condition of the draft takes the place of: the one with
/// the same `when` and templates wherever it stands, else the one at its index.
fn same_condition<'p>(
    before: &'p TriggerPlan,
    condition: &ConditionPlan,
) -> Option<&'p ConditionPlan> {
    let same_when = |old: &&ConditionPlan| old.key.hash == condition.key.hash;
    let same_place = |old: &&ConditionPlan| old.key.index == condition.key.index;
    before
        .conditions
        .iter()
        .find(same_when)
        .or_else(|| before.conditions.iter().find(same_place))
}

/// The entry that stands for the same notification now, when it was sent.
fn told_before(
    before: Option<&TriggerPlan>,
    condition: &ConditionPlan,
    destination: &Destination,
    state: &NotifiedState,
    ledger: &Ledger,
) -> Option<(String, i64)> {
    let old = same_condition(before?, condition)?;
    let step = old
        .steps
        .iter()
        .find(|step| step.destination == *destination)?;
    let at = ledger.notified_at(&step.state_key, state)?;
    Some((step.state_key.clone(), at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{BuildOptions, ConfigSource};
    use crate::domain::Kind;
    use crate::service::ServiceContext;
    use serde_json::{Value, json};
    use std::sync::Arc;

    const PREFIX: &str = "notifications.argoproj.io";

    fn catalog(trigger: &str) -> Catalog {
        let source = ConfigSource {
            namespace: "default".into(),
            found: true,
            data: BTreeMap::from(
                [
                    ("trigger.ready", trigger),
                    ("template.ready", "message: hi"),
                    ("service.webhook.hook", "url: http://127.0.0.1:9/"),
                ]
                .map(|(key, text)| (key.to_owned(), text.to_owned())),
            ),
            ..ConfigSource::default()
        };
        let options = BuildOptions::new(ServiceContext::default(), "default");
        Catalog::build(&source, None, &options)
    }

    fn pod(phase: &str, notified: &str) -> LeanObject {
        let mut annotations = json!({format!("{PREFIX}/subscribe.ready.hook"): ""});
        if !notified.is_empty() {
            annotations[format!("notified.{PREFIX}")] = Value::from(notified);
        }
        let object = json!({
            "metadata": {"name": "web", "namespace": "default", "uid": "u", "annotations": annotations},
            "status": {"phase": phase},
        });
        LeanObject::parse(&Arc::new(Kind::pod()), &object.to_string()).unwrap()
    }

    fn compare(live: &str, draft: &str, object: &LeanObject) -> Vec<EffectKind> {
        let (live, draft) = (catalog(live), catalog(draft));
        let mut comparison = Comparison::new(&live, &draft);
        comparison.object(object, "pod", PREFIX).unwrap();
        let radius = comparison.finish();
        assert_eq!(radius.objects, 1);
        assert_eq!(radius.affected, u64::from(!radius.effects.is_empty()));
        radius
            .effects
            .into_iter()
            .map(|effect| effect.kind)
            .collect()
    }

    const RUNNING: &str = "- when: pod.status.phase == 'Running'\n  send: [ready]\n";
    const KEY_OF_RUNNING: &str = "ready:[0].";

    /// The entry that the engine writes for the condition of a one-condition trigger.
    fn state_of(trigger: &str) -> String {
        let catalog = catalog(trigger);
        let key = &catalog.triggers["ready"].conditions[0].key;
        json!({format!("ready:{key}:hook:"): 1_700_000_000}).to_string()
    }

    #[test]
    fn the_same_configuration_has_no_effect() {
        assert_eq!(compare(RUNNING, RUNNING, &pod("Running", "")), []);
        let told = pod("Running", &state_of(RUNNING));
        assert_eq!(compare(RUNNING, RUNNING, &told), []);
    }

    #[test]
    fn what_becomes_true_is_sent() {
        let wider = "- when: pod.status.phase != ''\n  send: [ready]\n";
        assert_eq!(
            compare(RUNNING, wider, &pod("Pending", "")),
            [EffectKind::Sent]
        );
    }

    #[test]
    fn another_text_of_the_same_condition_sends_again() {
        let reworded = "- when: pod.status.phase in ['Running']\n  send: [ready]\n";
        let told = pod("Running", &state_of(RUNNING));
        let effects = compare(RUNNING, reworded, &told);
        let [EffectKind::SentAgain { before, after, at }] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        assert!(before.starts_with(KEY_OF_RUNNING) && before != after);
        assert_eq!(*at, 1_700_000_000);
    }

    #[test]
    fn a_condition_that_moves_sends_again_under_its_new_index() {
        let moved = format!("- when: pod.status.phase == 'Failed'\n  send: [ready]\n{RUNNING}");
        let told = pod("Running", &state_of(RUNNING));
        let effects = compare(RUNNING, &moved, &told);
        assert!(
            matches!(effects.as_slice(), [EffectKind::SentAgain { after, .. }] if after.starts_with("ready:[1].")),
            "{effects:?}"
        );
    }

    #[test]
    fn a_narrower_condition_stops() {
        let narrower = "- when: pod.status.phase == 'Failed'\n  send: [ready]\n";
        let told = pod("Running", &state_of(RUNNING));
        assert_eq!(compare(RUNNING, narrower, &told), [EffectKind::Stopped]);
    }

    #[test]
    fn new_errors_and_missing_parts_are_told() {
        let failing = "- when: pod.status.missing.deeper == 1\n  send: [ready]\n";
        let effects = compare(RUNNING, failing, &pod("Running", ""));
        assert!(
            matches!(effects.as_slice(), [EffectKind::Error { .. }]),
            "{effects:?}"
        );
        let unknown = "- when: pod.status.phase == 'Running'\n  send: [other]\n";
        let effects = compare(RUNNING, unknown, &pod("Running", ""));
        assert!(
            matches!(effects.as_slice(), [EffectKind::Impossible { .. }]),
            "{effects:?}"
        );
    }
}
