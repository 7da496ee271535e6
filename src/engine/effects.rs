//! What only one of two decisions about the same object does. Pure; called by `preview`.

use super::decide::{Action, ConditionPlan, Evaluation, Plan, Step, TriggerPlan};
use super::preview::{Decided, Known};
use super::radius::{Effect, EffectKind};
use super::succession::Successions;
use crate::domain::{ConditionKey, Destination, Position, ResourceKey};
use std::collections::BTreeSet;

/// What only one of two decisions about the same object does.
pub(super) fn effects(
    resource: &ResourceKey,
    decided: &Decided,
    successions: &Successions,
    known: Known<'_>,
) -> Vec<Effect> {
    let Decided { live, draft } = decided;
    let mut found = Vec::new();
    let effect = |trigger: &str, condition: &ConditionPlan, destination, kind| Effect {
        resource: resource.clone(),
        trigger: trigger.to_owned(),
        condition: condition.key.clone(),
        destination,
        kind,
    };
    for trigger in &draft.triggers {
        for condition in &trigger.conditions {
            if let Some((message, position)) = problem(&condition.evaluation) {
                let same = successions.before(&trigger.name, &condition.key);
                let same = same.and_then(|key| condition_of(live, &trigger.name, key));
                let known = same.is_some_and(|old| {
                    problem(&old.evaluation).is_some_and(|(text, _)| text == message)
                });
                if !known {
                    let kind = EffectKind::Error { message, position };
                    found.push(effect(&trigger.name, condition, None, kind));
                }
            }
            for step in &condition.steps {
                let old = steps(live).find(|(_, _, old)| {
                    old.state_key == step.state_key && old.destination == step.destination
                });
                let is_known = old.is_some_and(|(_, _, old)| old.action == step.action);
                let told = || {
                    let (name, key) = (&trigger.name, &condition.key);
                    let to = &step.destination;
                    successions.told_before(live, name, key, to, known.state, known.ledger)
                };
                let kind = match &step.action {
                    Action::Send | Action::WouldSend if !is_known => match told() {
                        Some((key, at)) => EffectKind::SentAgain {
                            before: key,
                            after: step.state_key.clone(),
                            at,
                        },
                        None => EffectKind::Sent,
                    },
                    Action::Impossible(reason) if !is_known => EffectKind::Impossible {
                        reason: reason.clone(),
                    },
                    _ => continue,
                };
                let to = Some(step.destination.clone());
                found.push(effect(&trigger.name, condition, to, kind));
            }
        }
    }
    found.extend(errors_gone(live, draft, successions, &effect));
    found.extend(stopped(live, draft, successions, &found, &effect));
    found
}

/// The conditions that can't be evaluated now, and could be.
fn errors_gone(
    live: &Plan,
    draft: &Plan,
    successions: &Successions,
    effect: &impl Fn(&str, &ConditionPlan, Option<Destination>, EffectKind) -> Effect,
) -> Vec<Effect> {
    let mut gone = Vec::new();
    for trigger in &live.triggers {
        for condition in &trigger.conditions {
            let Some((message, _)) = problem(&condition.evaluation) else {
                continue;
            };
            let heir = successions.after(&trigger.name, &condition.key);
            let heir = heir.and_then(|key| condition_of(draft, &trigger.name, key));
            if heir.is_none_or(|heir| problem(&heir.evaluation).is_none()) {
                let kind = EffectKind::ErrorGone { message };
                gone.push(effect(&trigger.name, condition, None, kind));
            }
        }
    }
    gone
}

/// What was told under a key that no true condition of the draft has, and is not told again under
/// another one either.
fn stopped(
    live: &Plan,
    draft: &Plan,
    successions: &Successions,
    found: &[Effect],
    effect: &impl Fn(&str, &ConditionPlan, Option<Destination>, EffectKind) -> Effect,
) -> Vec<Effect> {
    let told_again: BTreeSet<&str> = found
        .iter()
        .filter_map(|effect| match &effect.kind {
            EffectKind::SentAgain { before, .. } => Some(before.as_str()),
            _ => None,
        })
        .collect();
    let still_true: BTreeSet<&str> = steps(draft)
        .filter(|(_, condition, _)| condition.evaluation == Evaluation::True)
        .map(|(_, _, step)| step.state_key.as_str())
        .collect();
    let mut stopped = Vec::new();
    for (trigger, condition, step) in steps(live) {
        let told = matches!(step.action, Action::AlreadySent { .. } | Action::Sending);
        let goes_on = still_true.contains(step.state_key.as_str())
            || told_again.contains(step.state_key.as_str())
            || goes_on_elsewhere(draft, successions, trigger, condition, step);
        if told && !goes_on {
            let to = Some(step.destination.clone());
            stopped.push(effect(&trigger.name, condition, to, EffectKind::Stopped));
        }
    }
    stopped
}

/// Whether the condition that takes its place counts as told, because its key was migrated.
fn goes_on_elsewhere(
    draft: &Plan,
    successions: &Successions,
    trigger: &TriggerPlan,
    condition: &ConditionPlan,
    step: &Step,
) -> bool {
    let heir = successions.after(&trigger.name, &condition.key);
    let heir = heir.and_then(|key| condition_of(draft, &trigger.name, key));
    heir.is_some_and(|heir| {
        let mut steps = heir.steps.iter();
        heir.evaluation == Evaluation::True
            && steps.any(|new| {
                let told = matches!(new.action, Action::AlreadySent { .. } | Action::Sending);
                told && new.destination == step.destination
            })
    })
}

/// Why a condition has no value that can be used.
fn problem(evaluation: &Evaluation) -> Option<(String, Option<Position>)> {
    match evaluation {
        Evaluation::True | Evaluation::False => None,
        Evaluation::NotBoolean(name) => Some((format!("gives {name}, not true or false"), None)),
        Evaluation::Error { message, position } => Some((message.clone(), *position)),
    }
}

fn condition_of<'p>(
    plan: &'p Plan,
    trigger: &str,
    key: &ConditionKey,
) -> Option<&'p ConditionPlan> {
    let trigger = plan.triggers.iter().find(|plan| plan.name == trigger)?;
    trigger.conditions.iter().find(|plan| plan.key == *key)
}

/// Every step with what it is part of.
fn steps(plan: &Plan) -> impl Iterator<Item = (&TriggerPlan, &ConditionPlan, &Step)> {
    plan.triggers.iter().flat_map(|trigger| {
        trigger.conditions.iter().flat_map(move |condition| {
            let steps = condition.steps.iter();
            steps.map(move |step| (trigger, condition, step))
        })
    })
}
