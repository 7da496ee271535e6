//! From a decision to its explanation for people.

use super::clock::now_ms;
use super::decide::{Action, ConditionPlan, Evaluation, Step, unreachable_service};
use super::inspection::{
    ConditionResult, ConditionView, Decision, DecisionView, Inspection, SubscriptionView,
    TriggerView,
};
use super::ledger::Mark;
use super::look::{Looked, environment};
use super::store::Tracked;
use crate::catalog::{Catalog, Condition};
use crate::domain::{NotifiedState, ResourceKey};
use crate::expr::{Outcome, Trace, TraceNode};

/// Explains what was decided about a tracked object.
pub(super) fn inspect(
    key: &ResourceKey,
    tracked: &Tracked,
    catalog: &Catalog,
    variable: &str,
    looked: Looked,
) -> Inspection {
    let object = serde_json::from_slice(&tracked.observed.bytes).unwrap_or_default();
    let env = environment(variable, &object);
    let mut triggers = Vec::new();
    for plan in &looked.plan.triggers {
        let subscriptions = looked.subscriptions.get(&plan.name).map(Vec::as_slice);
        let conditions = catalog
            .triggers
            .get(&plan.name)
            .map(|trigger| &trigger.conditions);
        triggers.push(TriggerView {
            name: plan.name.clone(),
            configured: plan.configured,
            subscriptions: subscriptions
                .unwrap_or_default()
                .iter()
                .map(|subscription| SubscriptionView {
                    destination: subscription.destination.clone(),
                    origin: subscription.origin.to_string(),
                    problem: unreachable_service(catalog, &subscription.destination.service),
                })
                .collect(),
            conditions: plan
                .conditions
                .iter()
                .zip(conditions.into_iter().flatten())
                .map(|(plan, condition)| view(plan, condition, tracked, &env))
                .collect(),
        });
    }
    let mut problems = looked.notes;
    let (_, problem) = NotifiedState::parse(&tracked.observed.notified);
    problems.extend(problem.map(|problem| problem.to_string()));
    Inspection {
        key: key.clone(),
        uid: tracked.observed.uid.to_string(),
        resource_version: tracked.observed.resource_version.to_string(),
        at_ms: now_ms(),
        triggers,
        notified: tracked
            .state
            .sent()
            .map(|(key, at)| (key.to_owned(), at))
            .collect(),
        problems,
    }
}

fn view(
    plan: &ConditionPlan,
    condition: &Condition,
    tracked: &Tracked,
    env: &crate::expr::Env<'_>,
) -> ConditionView {
    let result = match &plan.evaluation {
        Evaluation::True => ConditionResult::True,
        Evaluation::False => ConditionResult::False {
            because: because(&condition.when_program.trace(env)),
        },
        Evaluation::NotBoolean(type_name) => ConditionResult::NotBoolean {
            type_name: type_name.clone(),
        },
        Evaluation::Error { message, position } => ConditionResult::Error {
            message: message.clone(),
            position: *position,
        },
    };
    ConditionView {
        key: plan.key.clone(),
        when: condition.when.clone(),
        description: condition.description.clone(),
        result,
        once_per: (!plan.once_per.is_empty()).then(|| plan.once_per.clone()),
        templates: plan.templates.to_vec(),
        decisions: plan
            .steps
            .iter()
            .map(|step| decision(step, plan, tracked))
            .collect(),
    }
}

/// The part that made a condition false, with its values: `pod.status.phase is "Pending"`.
fn because(trace: &Trace) -> String {
    if let Some(cause) = &trace.cause {
        return cause.text.clone();
    }
    let Some(mut node) = trace.root() else {
        return String::new();
    };
    // Down through what is false, to the part that compares.
    while let Some(below) = trace.children(node).find(|child| is_false(child)) {
        node = below;
    }
    let values: Vec<String> = trace
        .children(node)
        .filter(|child| !child.literal)
        .filter_map(|child| match &child.outcome {
            Outcome::Value { text, .. } => Some(format!("{} is {text}", child.text)),
            _ => None,
        })
        .take(2)
        .collect();
    values.join(", ")
}

fn is_false(node: &TraceNode) -> bool {
    node.element.is_none()
        && matches!(&node.outcome, Outcome::Value { text, type_name } if *type_name == "bool" && text == "false")
}

fn decision(step: &Step, plan: &ConditionPlan, tracked: &Tracked) -> DecisionView {
    let decision = match &step.action {
        Action::Send => Decision::Send,
        Action::AlreadySent { .. } => Decision::AlreadySent,
        Action::Sending => match tracked.ledger.get(&step.state_key) {
            Some(Mark::Sending {
                attempts, next_ms, ..
            }) => Decision::Sending {
                attempts: *attempts,
                next_ms: *next_ms,
            },
            _ => Decision::Sending {
                attempts: 0,
                next_ms: None,
            },
        },
        Action::Held => Decision::Held,
        Action::GivenUp { error } => Decision::GivenUp {
            error: error.to_string(),
        },
        Action::WouldSend => Decision::Send,
        Action::Holding { until_ms } => Decision::Holding {
            since_ms: plan.timing.since_ms.unwrap_or_default(),
            until_ms: *until_ms,
        },
        Action::Remind { .. } => Decision::Remind,
        Action::Resolve => Decision::Resolve,
        Action::Impossible(reason) => Decision::Impossible {
            reason: reason.clone(),
        },
        Action::Clear | Action::Nothing => Decision::NotTrue,
    };
    DecisionView {
        destination: step.destination.clone(),
        state_key: step.state_key.clone(),
        decision,
        notified_at: tracked.ledger.notified_at(&step.state_key, &tracked.state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Env, Options, Program};

    #[test]
    fn the_part_that_decided_is_named_with_its_value() {
        let pod = serde_json::json!({"status": {"phase": "Pending", "restarts": 3}});
        let cases = [
            (
                "pod.status.phase == 'Running'",
                "pod.status.phase is \"Pending\"",
            ),
            (
                "pod.status.phase == 'Pending' and pod.status.restarts > 5",
                "pod.status.restarts is 3",
            ),
        ];
        for (when, expected) in cases {
            let program = Program::compile(when, &Options::default()).unwrap();
            let mut env = Env::new();
            env.json("pod", &pod);
            assert_eq!(because(&program.trace(&env)), expected, "{when}");
        }
    }
}
