//! What to do about one object: the pure decision that the workers, the inspection and the preview
//! share, so that what is shown is what runs.

use super::ledger::{Ledger, Mark, end_key};
pub use super::plan::{Action, ConditionPlan, Evaluation, Plan, Step, TriggerPlan};
use super::timing::{self, Timing};
use crate::catalog::{Catalog, Condition, Subscription};
use crate::domain::{
    Destination, MAX_ONCE_PER, NotifiedState, open_key, original_state_key, state_key,
};
use crate::expr::Env;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything a decision depends on.
pub struct Look<'l> {
    /// The variables that conditions see; the object is one of them.
    pub env: &'l Env<'l>,
    /// Triggers with their destinations, as the catalog resolved them for this object.
    pub subscriptions: &'l BTreeMap<String, Vec<Subscription>>,
    /// The configuration.
    pub catalog: &'l Catalog,
    /// The annotation's state.
    pub state: &'l NotifiedState,
    /// What the engine knows beyond the annotation.
    pub ledger: &'l Ledger,
    /// Fingerprint of what the conditions read of the object.
    pub fingerprint: u64,
    /// The present, in milliseconds since 1970.
    pub now_ms: i64,
    /// The object was deleted: only the conditions that ask for it are evaluated, and nothing is
    /// waited for.
    pub deleted: bool,
}

/// Decides. Nothing outside of `look` has an influence, and nothing is changed.
pub fn decide(look: &Look<'_>) -> Plan {
    let asked = |condition: &&Condition| !look.deleted || condition.uses_deleted();
    let triggers = look
        .subscriptions
        .iter()
        .map(
            |(name, subscriptions)| match look.catalog.triggers.get(name) {
                None => TriggerPlan {
                    name: name.clone(),
                    configured: false,
                    conditions: Vec::new(),
                },
                Some(trigger) => TriggerPlan {
                    name: name.clone(),
                    configured: true,
                    conditions: trigger
                        .conditions
                        .iter()
                        .filter(asked)
                        .map(|condition| decide_condition(look, name, condition, subscriptions))
                        .collect(),
                },
            },
        )
        .collect();
    Plan { triggers }
}

fn decide_condition(
    look: &Look<'_>,
    trigger: &str,
    condition: &Condition,
    subscriptions: &[Subscription],
) -> ConditionPlan {
    let evaluation = evaluate(condition, look.env);
    let mut once_per = String::new();
    let mut once_per_error = None;
    if evaluation == Evaluation::True
        && let Some((_, program)) = &condition.once_per
    {
        match program.eval(look.env) {
            Ok(value) => once_per = value.go_string(),
            Err(error) => once_per_error = Some(error.original()),
        }
    }
    let namespace = look.catalog.state_key_namespace();
    let holds = evaluation == Evaluation::True;
    let mut timing = Timing::of(look, trigger, condition, holds);
    let mut steps = Vec::with_capacity(subscriptions.len());
    for subscription in subscriptions {
        let destination = &subscription.destination;
        let key = |once_per| state_key(trigger, &condition.key, destination, once_per, namespace);
        let mut state_key = key(&once_per);
        if once_per.len() > MAX_ONCE_PER {
            // What the original has sent counts, too.
            let long =
                original_state_key(trigger, &condition.key, destination, &once_per, namespace);
            if look.ledger.notified_at(&long, look.state).is_some() {
                state_key = long;
            }
        }
        let action = if holds {
            let action = act_on_true(look, condition, destination, &state_key);
            timing.moderate(look, condition, destination, &state_key, action)
        } else {
            act_on_false(look, condition, destination, &state_key)
        };
        if condition.once_per.is_some() && !condition.resolved.is_empty() {
            for open in timing::open_keys(look.ledger, look.state, &key("")) {
                timing.keep.push(open_key(&open));
                if !holds {
                    let action = timing::tell_end(look, condition, destination, &open);
                    steps.push(Step {
                        destination: destination.clone(),
                        state_key: open,
                        action,
                    });
                }
            }
        }
        steps.push(Step {
            destination: destination.clone(),
            state_key,
            action,
        });
    }
    ConditionPlan {
        key: condition.key.clone(),
        evaluation,
        once_per,
        once_per_error,
        templates: condition.send.clone().into(),
        resolved: condition.resolved.clone().into(),
        timing,
        steps,
    }
}

fn evaluate(condition: &Condition, env: &Env<'_>) -> Evaluation {
    match condition.when_program.eval(env) {
        Ok(value) => match value.as_bool() {
            Some(true) => Evaluation::True,
            Some(false) => Evaluation::False,
            None => Evaluation::NotBoolean(value.type_name().to_owned()),
        },
        Err(error) => Evaluation::Error {
            message: error.original(),
            position: Some(error.position()),
        },
    }
}

fn act_on_true(
    look: &Look<'_>,
    condition: &Condition,
    destination: &Destination,
    state_key: &str,
) -> Action {
    if !condition.resolved.is_empty()
        && let Some(Mark::Sending { .. } | Mark::Held { .. }) = look.ledger.get(&end_key(state_key))
    {
        // First the end of the last time, then the beginning of this one.
        return Action::Sending;
    }
    if let Some(at) = look.ledger.notified_at(state_key, look.state) {
        return match look.ledger.get(state_key) {
            // A reminder.
            Some(Mark::Sending { .. }) if condition.repeat.is_some() => Action::Sending,
            Some(Mark::Held { .. }) => Action::Held,
            Some(Mark::DryRun) => Action::WouldSend,
            _ => Action::AlreadySent { at },
        };
    }
    match look.ledger.get(state_key) {
        Some(Mark::Sending { .. }) => return Action::Sending,
        Some(Mark::Held { .. }) => return Action::Held,
        Some(Mark::DryRun) => return Action::WouldSend,
        Some(Mark::GivenUp { fingerprint, error }) if *fingerprint == look.fingerprint => {
            return Action::GivenUp {
                error: Arc::clone(error),
            };
        }
        _ => {}
    }
    match impossible(look.catalog, &condition.send, destination) {
        Some(reason) => Action::Impossible(reason),
        None => Action::Send,
    }
}

fn act_on_false(
    look: &Look<'_>,
    condition: &Condition,
    destination: &Destination,
    state_key: &str,
) -> Action {
    if look.ledger.notified_at(state_key, look.state).is_none() {
        return Action::Nothing;
    }
    if condition.resolved.is_empty() {
        return Action::Clear;
    }
    match timing::tell_end(look, condition, destination, state_key) {
        // Its end can't be told; it must be forgotten all the same.
        Action::Impossible(_) => Action::Clear,
        action => action,
    }
}

/// Why a notification of these templates cannot reach this destination, with the original's texts.
pub(super) fn impossible(
    catalog: &Catalog,
    templates: &[String],
    destination: &Destination,
) -> Option<String> {
    if let Some(reason) = unreachable_service(catalog, &destination.service) {
        return Some(reason);
    }
    let missing = |name: &&String| !catalog.templates.contains_key(name.as_str());
    let name = templates.iter().find(missing)?;
    Some(format!("template '{name}' is not supported"))
}

/// Why nothing can be sent through a service of this name; `None` when it is configured.
pub fn unreachable_service(catalog: &Catalog, service: &str) -> Option<String> {
    if catalog.services.contains_key(service) {
        return None;
    }
    Some(format!("notification service '{service}' is not supported"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{BuildOptions, ConfigSource};
    use crate::domain::{ConditionKey, DeliveryId};
    use crate::service::ServiceContext;
    use serde_json::json;

    const WHEN: &str = "pod.status.phase in ['Running']";
    const KEY: &str = "on-pod-ready:[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go:webhook:";

    fn catalog(trigger: &str) -> Catalog {
        let source = ConfigSource {
            namespace: "default".into(),
            found: true,
            data: BTreeMap::from(
                [
                    ("trigger.on-pod-ready", trigger),
                    ("template.pod-ready", "message: hi"),
                    ("service.webhook.webhook", "url: http://127.0.0.1:9/"),
                ]
                .map(|(key, text)| (key.to_owned(), text.to_owned())),
            ),
            ..ConfigSource::default()
        };
        let options = BuildOptions::new(ServiceContext::default(), "default");
        let catalog = Catalog::build(&source, None, &options);
        let broken: Vec<_> = catalog
            .keys
            .values()
            .flat_map(|key| &key.diagnostics)
            .collect();
        assert!(broken.is_empty(), "{broken:?}");
        catalog
    }

    /// What is decided for the destination of `subscribe.on-pod-ready.<service>`.
    fn step_of(
        trigger: &str,
        service: &str,
        pod: &serde_json::Value,
        state: &[(&str, i64)],
        ledger: &Ledger,
    ) -> Step {
        let catalog = catalog(trigger);
        let key = format!("notifications.argoproj.io/subscribe.on-pod-ready.{service}");
        let annotations = BTreeMap::from([(key, String::new())]);
        let subscriptions = catalog.destinations(&BTreeMap::new(), &annotations, &mut Vec::new());
        let mut env = Env::new();
        env.json("pod", pod);
        let state = state
            .iter()
            .map(|(key, at)| ((*key).to_owned(), *at))
            .collect();
        let plan = decide(&Look {
            env: &env,
            subscriptions: &subscriptions,
            catalog: &catalog,
            state: &state,
            ledger,
            fingerprint: 7,
            now_ms: 0,
            deleted: false,
        });
        plan.triggers[0].conditions[0].steps[0].clone()
    }

    fn simple(phase: &str, state: &[(&str, i64)], ledger: &Ledger) -> Action {
        let trigger = format!("- when: {WHEN}\n  send: [pod-ready]\n");
        let pod = json!({"status": {"phase": phase}});
        step_of(&trigger, "webhook", &pod, state, ledger).action
    }

    fn marked(mark: Mark) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.set(KEY, mark);
        ledger
    }

    /// Cases K1, K2 and K6, and what the ledger adds to them.
    #[test]
    fn what_is_done_follows_from_condition_state_and_ledger() {
        let nothing = Ledger::default();
        let sent = [(KEY, 5)];
        assert_eq!(simple("Running", &[], &nothing), Action::Send);
        assert_eq!(
            simple("Running", &sent, &nothing),
            Action::AlreadySent { at: 5 }
        );
        assert_eq!(simple("Pending", &[], &nothing), Action::Nothing);
        assert_eq!(simple("Pending", &sent, &nothing), Action::Clear);

        let unwritten = marked(Mark::Sent { id: None, at: 9 });
        assert_eq!(
            simple("Running", &[], &unwritten),
            Action::AlreadySent { at: 9 }
        );
        assert_eq!(simple("Pending", &[], &unwritten), Action::Clear);

        let sending = marked(Mark::Sending {
            id: DeliveryId(1),
            attempts: 2,
            next_ms: None,
        });
        assert_eq!(simple("Running", &[], &sending), Action::Sending);
        assert_eq!(simple("Pending", &[], &sending), Action::Nothing);

        let error: Arc<str> = "404".into();
        let same = marked(Mark::GivenUp {
            fingerprint: 7,
            error: Arc::clone(&error),
        });
        assert_eq!(
            simple("Running", &[], &same),
            Action::GivenUp {
                error: Arc::clone(&error)
            }
        );
        let changed = marked(Mark::GivenUp {
            fingerprint: 6,
            error,
        });
        assert_eq!(
            simple("Running", &[], &changed),
            Action::Send,
            "the object has changed"
        );

        let mut cleared = Ledger::default();
        cleared.clear(KEY);
        assert_eq!(simple("Running", &sent, &cleared), Action::Send);
    }

    /// Cases T2, T8, T9 and N8: oncePer is part of the key only while the condition holds, so its
    /// entries outlive the condition.
    #[test]
    fn once_per_makes_the_key() {
        let trigger = format!("- when: {WHEN}\n  send: [pod-ready]\n  oncePer: pod.metadata.uid\n");
        let running = json!({"status": {"phase": "Running"}, "metadata": {"uid": "u1"}});
        let key = format!("u1:{KEY}");
        let step = step_of(&trigger, "webhook", &running, &[], &Ledger::default());
        assert_eq!((step.action, step.state_key), (Action::Send, key.clone()));
        let step = step_of(
            &trigger,
            "webhook",
            &running,
            &[(&key, 3)],
            &Ledger::default(),
        );
        assert_eq!(step.action, Action::AlreadySent { at: 3 });

        let pending = json!({"status": {"phase": "Pending"}, "metadata": {"uid": "u1"}});
        let step = step_of(
            &trigger,
            "webhook",
            &pending,
            &[(&key, 3)],
            &Ledger::default(),
        );
        assert_eq!(
            (step.action, step.state_key.as_str()),
            (Action::Nothing, KEY)
        );

        let absent = json!({"status": {"phase": "Running"}, "metadata": {}});
        let step = step_of(&trigger, "webhook", &absent, &[], &Ledger::default());
        assert_eq!(step.state_key, format!("<nil>:{KEY}"));
        let failing = json!({"status": {"phase": "Running"}, "metadata": null});
        let step = step_of(&trigger, "webhook", &failing, &[], &Ledger::default());
        assert_eq!((step.action, step.state_key.as_str()), (Action::Send, KEY));
    }

    #[test]
    fn an_error_never_sends_and_rearms_as_the_original_does() {
        let trigger = "- when: pod.status.nothing.phase == 'x'\n  send: [pod-ready]\n";
        let pod = json!({"status": {}});
        let key = state_key(
            "on-pod-ready",
            &ConditionKey::of(0, "pod.status.nothing.phase == 'x'"),
            &Destination::new("webhook", ""),
            "",
            None,
        );
        let ledger = Ledger::default();
        assert_eq!(
            step_of(trigger, "webhook", &pod, &[], &ledger).action,
            Action::Nothing
        );
        let step = step_of(trigger, "webhook", &pod, &[(&key, 1)], &ledger);
        assert_eq!(step.action, Action::Clear);
    }

    #[test]
    fn what_cannot_be_sent_says_why() {
        let trigger = format!("- when: {WHEN}\n  send: [pod-ready]\n");
        let pod = json!({"status": {"phase": "Running"}});
        let step = step_of(&trigger, "pager", &pod, &[], &Ledger::default());
        let reason = "notification service 'pager' is not supported";
        assert_eq!(step.action, Action::Impossible(reason.into()));
    }
}
