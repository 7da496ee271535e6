//! What time has to do with a decision: `for`, `repeat` and `resolved` of a condition.
//!
//! All that must be remembered stands in the annotation of the notified state, beside what was sent:
//! since when a condition has been true, when it was sent last, and which ends are still to be told.
//! There it survives restarts, another replica finds it, it is written together with what it belongs
//! to, and the original keeps it as it keeps every entry that it does not know.

use super::decide::{Action, Look, impossible};
use super::ledger::{Ledger, Mark, end_key};
use crate::catalog::Condition;
use crate::domain::{Destination, NotifiedState, open_key, opened_by, since_key};
use std::collections::BTreeSet;
use std::time::Duration;

/// What time has to do with one condition of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Since when a condition with `for` has been true, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// When the condition is to be looked at again, in milliseconds since 1970.
    pub due_ms: Option<i64>,
    /// An entry of the notified state that is to be set, or (`None`) to go.
    pub note: Option<(String, Option<i64>)>,
    /// Entries of the notified state that belong to it.
    pub keep: Vec<String>,
    /// State keys with `repeat` that the clock says were sent in the future: it was set back since.
    /// They count as sent now, or the next reminder would wait until that time has come again.
    pub ahead: Vec<String>,
    /// Until when nothing is sent.
    until_ms: Option<i64>,
}

impl Timing {
    /// The clock of `for`: it starts when the condition is first seen true, and every time that it
    /// is not true sets it back.
    pub fn of(look: &Look<'_>, trigger: &str, condition: &Condition, holds: bool) -> Self {
        let Some(hold) = condition.hold.filter(|_| !look.deleted) else {
            return Self::default();
        };
        let key = since_key(trigger, &condition.key, look.catalog.state_key_namespace());
        let noted = look.ledger.noted(&key, look.state);
        if !holds {
            return Self {
                note: noted.is_some().then_some((key, None)),
                ..Self::default()
            };
        }
        // Rounded up: never earlier than the time that was asked for.
        let now_s = look.now_ms.saturating_add(999).div_euclid(1000);
        // A clock that was ahead when it was noted, and was set back since, must not hold it until
        // that time has come again: it is noted anew.
        let since = noted.unwrap_or(now_s).min(now_s);
        let since_ms = since.saturating_mul(1000);
        let until_ms = since_ms.saturating_add(millis(hold));
        Self {
            since_ms: Some(since_ms),
            due_ms: None,
            note: (noted != Some(since)).then(|| (key.clone(), Some(since))),
            keep: vec![key],
            ahead: Vec::new(),
            until_ms: (until_ms > look.now_ms).then_some(until_ms),
        }
    }

    /// What becomes of an action under `for` and `repeat`.
    pub fn moderate(
        &mut self,
        look: &Look<'_>,
        condition: &Condition,
        destination: &Destination,
        state_key: &str,
        action: Action,
    ) -> Action {
        match action {
            Action::Send => match self.until_ms {
                Some(until_ms) => {
                    self.look_again(until_ms);
                    Action::Holding { until_ms }
                }
                None => Action::Send,
            },
            Action::AlreadySent { at } => {
                let Some(repeat) = condition.repeat.filter(|_| !look.deleted) else {
                    return Action::AlreadySent { at };
                };
                let mut sent_ms = at.saturating_mul(1000);
                if sent_ms > look.now_ms {
                    self.ahead.push(state_key.to_owned());
                    sent_ms = look.now_ms;
                }
                let next_ms = sent_ms.saturating_add(millis(repeat));
                if next_ms > look.now_ms {
                    self.look_again(next_ms);
                    return Action::AlreadySent { at };
                }
                match impossible(look.catalog, &condition.send, destination) {
                    Some(reason) => Action::Impossible(reason),
                    None => Action::Remind { at },
                }
            }
            action => action,
        }
    }

    fn look_again(&mut self, at_ms: i64) {
        self.due_ms = Some(self.due_ms.map_or(at_ms, |due| due.min(at_ms)));
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// What is to be done about the end of what a state key stands for.
pub fn tell_end(
    look: &Look<'_>,
    condition: &Condition,
    destination: &Destination,
    state_key: &str,
) -> Action {
    if let Some(Mark::Sending { .. } | Mark::Held { .. }) = look.ledger.get(state_key) {
        // Nobody is told of an end before the beginning.
        return Action::Nothing;
    }
    match look.ledger.get(&end_key(state_key)) {
        Some(Mark::Sending { .. }) => Action::Sending,
        Some(Mark::Held { .. }) => Action::Held,
        Some(Mark::DryRun) => Action::WouldSend,
        _ => match impossible(look.catalog, &condition.resolved, destination) {
            Some(reason) => Action::Impossible(reason),
            None => Action::Resolve,
        },
    }
}

/// The state keys of earlier oncePer texts whose end is still to be told, of the condition and
/// destination whose state key without oncePer is `base`.
pub fn open_keys(ledger: &Ledger, state: &NotifiedState, base: &str) -> BTreeSet<String> {
    let noted = state.timing().chain(ledger.new_notes());
    noted
        .map(|(key, _)| key)
        .filter(|key| ledger.noted(key, state).is_some())
        .filter_map(opened_by)
        .filter(|key| once_per_in(key, base).is_some())
        .map(str::to_owned)
        .collect()
}

/// The oncePer text of a state key, given the same key without it.
pub fn once_per_in<'k>(key: &'k str, base: &str) -> Option<&'k str> {
    key.strip_suffix(base)?.strip_suffix(':')
}

/// Notes that the end of what `state_key` stands for is to be told one day, and of no earlier
/// oncePer text of the same condition and destination: one end is enough.
pub fn open(ledger: &mut Ledger, state: &NotifiedState, state_key: &str, base: &str, at: i64) {
    for earlier in open_keys(ledger, state, base) {
        if earlier != state_key {
            ledger.note(&open_key(&earlier), None, state);
        }
    }
    ledger.note(&open_key(state_key), Some(at), state);
}

#[cfg(test)]
mod tests {
    use super::super::decide::{ConditionPlan, Plan, decide};
    use super::*;
    use crate::catalog::{BuildOptions, Catalog, ConfigSource};
    use crate::domain::DeliveryId;
    use crate::expr::{DELETED, Env, Value};
    use crate::service::ServiceContext;
    use serde_json::json;
    use std::collections::BTreeMap;

    const RUNNING: &str = "pod.status.phase == 'Running'";

    /// A Pod subscribed to one condition, seen again and again.
    struct Story {
        catalog: Catalog,
        state: NotifiedState,
        ledger: Ledger,
    }

    impl Story {
        fn new(condition: &str) -> Self {
            let trigger = format!("- {}\n", condition.replace('\n', "\n  "));
            let texts = [
                ("trigger.t", trigger.as_str()),
                ("template.a", "message: hi"),
                ("template.b", "message: over"),
                ("service.webhook.hook", "url: http://127.0.0.1:9/"),
            ];
            let source = ConfigSource {
                namespace: "default".into(),
                found: true,
                data: texts.map(|(key, text)| (key.into(), text.into())).into(),
                ..ConfigSource::default()
            };
            let options = BuildOptions::new(ServiceContext::default(), "default");
            let catalog = Catalog::build(&source, None, &options);
            let found: Vec<_> = catalog.keys.values().flat_map(|k| &k.diagnostics).collect();
            assert!(found.is_empty(), "{found:?}");
            Self {
                catalog,
                state: NotifiedState::default(),
                ledger: Ledger::default(),
            }
        }

        fn see(&self, phase: &str, now_s: i64, deleted: bool) -> Plan {
            let annotations = [(
                "notifications.argoproj.io/subscribe.t.hook".to_owned(),
                String::new(),
            )];
            let subscriptions =
                self.catalog
                    .destinations(&BTreeMap::new(), &annotations.into(), &mut Vec::new());
            let pod = json!({"status": {"phase": phase}});
            let mut env = Env::of_object("pod", &pod);
            env.host(DELETED, Value::Bool(deleted));
            decide(&Look {
                env: &env,
                subscriptions: &subscriptions,
                catalog: &self.catalog,
                state: &self.state,
                ledger: &self.ledger,
                fingerprint: 0,
                now_ms: now_s * 1000,
                deleted,
            })
        }

        /// Looks, remembers what is to be remembered, and writes it down.
        fn look(&mut self, phase: &str, now_s: i64) -> (Vec<Action>, Option<i64>) {
            let plan = self.see(phase, now_s, false);
            let condition = &plan.triggers[0].conditions[0];
            if let Some((key, at)) = &condition.timing.note {
                self.ledger.note(key, *at, &self.state);
            }
            self.write();
            let due = plan.due_ms().map(|due| due / 1000);
            (actions(condition), due)
        }

        fn write(&mut self) {
            if let Some(unwritten) = self.ledger.unwritten() {
                unwritten.apply(&mut self.state);
                self.ledger.written(&unwritten);
            }
        }

        fn sent(&mut self, phase: &str, now_s: i64) -> String {
            let plan = self.see(phase, now_s, false);
            let key = plan.triggers[0].conditions[0].steps[0].state_key.clone();
            self.ledger.set(
                &key,
                Mark::Sent {
                    id: None,
                    at: now_s,
                },
            );
            self.write();
            key
        }
    }

    fn actions(condition: &ConditionPlan) -> Vec<Action> {
        let steps = condition.steps.iter();
        steps.map(|step| step.action.clone()).collect()
    }

    #[test]
    fn what_must_hold_is_sent_when_it_has_held() {
        let mut story = Story::new(&format!("when: {RUNNING}\nsend: [a]\nfor: 5m"));
        let holding = |until: i64| {
            (
                vec![Action::Holding {
                    until_ms: until * 1000,
                }],
                Some(until),
            )
        };
        assert_eq!(story.look("Running", 1_000), holding(1_300));
        assert_eq!(story.look("Running", 1_200), holding(1_300));
        // A restart: all that is known is what was written.
        story.ledger = Ledger::default();
        assert_eq!(story.look("Running", 1_299), holding(1_300));
        assert_eq!(story.look("Running", 1_300), (vec![Action::Send], None));
        story.sent("Running", 1_300);
        let told = vec![Action::AlreadySent { at: 1_300 }];
        assert_eq!(story.look("Running", 1_301), (told, None));

        // Not true for a moment: the clock starts anew.
        let mut story = Story::new(&format!("when: {RUNNING}\nsend: [a]\nfor: 5m"));
        story.look("Running", 1_000);
        assert_eq!(story.look("Pending", 1_100), (vec![Action::Nothing], None));
        assert!(story.state.is_empty(), "{:?}", story.state);
        assert_eq!(story.look("Running", 1_200), holding(1_500));
    }

    /// It starts anew when the clock is set back, and then runs as ever: it neither waits for the
    /// time to come again nor starts anew at every look.
    #[test]
    fn a_clock_that_is_set_back_holds_nothing_for_longer_than_asked() {
        let mut story = Story::new(&format!("when: {RUNNING}\nsend: [a]\nfor: 5m"));
        let holding = |until: i64| {
            let until_ms = until * 1000;
            (vec![Action::Holding { until_ms }], Some(until))
        };
        assert_eq!(story.look("Running", 90_000), holding(90_300));
        assert_eq!(story.look("Running", 500), holding(800));
        assert_eq!(story.look("Running", 700), holding(800));
        story.ledger = Ledger::default();
        assert_eq!(story.look("Running", 799), holding(800), "it is written");
        assert_eq!(story.look("Running", 800), (vec![Action::Send], None));
    }

    #[test]
    fn a_clock_that_is_set_back_delays_a_reminder_by_no_more_than_its_time() {
        let mut story = Story::new(&format!("when: {RUNNING}\nsend: [a]\nrepeat: 1h"));
        let key = story.sent("Running", 90_000);
        let plan = story.see("Running", 1_000, false);
        let condition = &plan.triggers[0].conditions[0];
        assert_eq!(condition.timing.ahead, std::slice::from_ref(&key));
        assert_eq!(plan.due_ms(), Some(4_600_000));
        for key in &condition.timing.ahead {
            story.ledger.note(key, Some(1_000), &story.state);
        }
        story.write();
        let already = |at, due| (vec![Action::AlreadySent { at }], Some(due));
        assert_eq!(story.look("Running", 2_000), already(1_000, 4_600));
        let reminder = Action::Remind { at: 1_000 };
        assert_eq!(story.look("Running", 4_600).0, [reminder]);
        let plan = story.see("Running", 2_000, false);
        assert!(plan.triggers[0].conditions[0].timing.ahead.is_empty());
    }

    #[test]
    fn reminders_come_as_long_as_it_is_true() {
        let mut story = Story::new(&format!("when: {RUNNING}\nsend: [a]\nrepeat: 1h"));
        assert_eq!(story.look("Running", 1_000).0, [Action::Send]);
        let key = story.sent("Running", 1_000);
        let already = |at, due| (vec![Action::AlreadySent { at }], Some(due));
        assert_eq!(story.look("Running", 4_599), already(1_000, 4_600));
        assert_eq!(
            story.look("Running", 4_600).0,
            [Action::Remind { at: 1_000 }]
        );
        let sending = Mark::Sending {
            id: DeliveryId(1),
            attempts: 0,
            next_ms: None,
        };
        story.ledger.set(&key, sending);
        assert_eq!(story.look("Running", 4_601).0, [Action::Sending]);
        story.sent("Running", 4_602);
        assert_eq!(story.look("Running", 4_603), already(4_602, 8_202));
        assert_eq!(story.look("Pending", 5_000), (vec![Action::Clear], None));
    }

    #[test]
    fn the_end_is_told_to_whom_the_beginning_was_told() {
        let mut story = Story::new(&format!("when: {RUNNING}\nsend: [a]\nresolved: [b]"));
        assert_eq!(story.look("Pending", 1_000).0, [Action::Nothing]);
        let key = story.sent("Running", 1_000);
        assert_eq!(story.look("Pending", 1_001).0, [Action::Resolve]);
        let sending = Mark::Sending {
            id: DeliveryId(1),
            attempts: 0,
            next_ms: None,
        };
        story.ledger.set(&end_key(&key), sending);
        assert_eq!(story.look("Pending", 1_002).0, [Action::Sending]);
        assert_eq!(
            story.look("Running", 1_003).0,
            [Action::Sending],
            "the beginning waits for the end of the time before"
        );
        story.ledger.ended(&key, Some(DeliveryId(1)));
        story.write();
        assert_eq!(story.look("Pending", 1_004).0, [Action::Nothing]);
        assert_eq!(story.look("Running", 1_005).0, [Action::Send]);
    }

    #[test]
    fn with_once_per_the_latest_end_is_told_and_the_entries_stay() {
        let condition = "when: pod.status.phase != 'Pending'\noncePer: pod.status.phase\nsend: [a]\nresolved: [b]";
        let mut story = Story::new(condition);
        let base =
            "t:[0].".to_owned() + &story.catalog.triggers["t"].conditions[0].key.hash + ":hook:";
        for (phase, at) in [("Running", 1_000), ("Failed", 1_100)] {
            let key = story.sent(phase, at);
            assert_eq!(key, format!("{phase}:{base}"));
            open(&mut story.ledger, &story.state, &key, &base, at);
            story.write();
        }
        let plan = story.see("Pending", 1_200, false);
        let steps: Vec<_> = plan.triggers[0].conditions[0]
            .steps
            .iter()
            .map(|step| (step.state_key.as_str(), step.action.clone()))
            .collect();
        let failed = format!("Failed:{base}");
        assert_eq!(
            steps,
            [
                (failed.as_str(), Action::Resolve),
                (base.as_str(), Action::Nothing)
            ]
        );
        assert_eq!(story.state.sent().count(), 2);
        assert_eq!(once_per_in(&failed, &base), Some("Failed"));
    }

    /// Only conditions that ask for it are evaluated at a deletion, and nothing is waited for.
    #[test]
    fn a_deletion_is_seen_by_who_asks_for_it() {
        let story = Story::new("when: deleted\nsend: [a]\nfor: 5m");
        let plan = story.see("Running", 1_000, true);
        assert_eq!(actions(&plan.triggers[0].conditions[0]), [Action::Send]);
        let plan = story.see("Running", 1_000, false);
        assert_eq!(actions(&plan.triggers[0].conditions[0]), [Action::Nothing]);
        let story = Story::new(&format!("when: {RUNNING}\nsend: [a]"));
        let plan = story.see("Running", 1_000, true);
        assert!(plan.triggers[0].conditions.is_empty());
    }
}
