//! A condition of an explanation: its result, the texts of its configuration, and each destination
//! with what comes next.

use super::super::parts::because;
use super::{Clause, LineKey, Outline, OutlineLine};
use crate::engine::{
    ConditionResult, ConditionTrace, ConditionView, Decision, DecisionView, TriggerView,
};
use crate::tui::clock;
use crate::tui::screens::overview::{condition_mark, decision_mark};
use crate::tui::text;
use crate::tui::theme::Mark;
use crate::tui::widgets::text_view::Tone;

impl Outline<'_> {
    pub(super) fn condition(
        &mut self,
        trigger: &TriggerView,
        condition: &ConditionView,
        trace: Option<&ConditionTrace>,
        at_first: bool,
    ) {
        let (name, index) = (&trigger.name, condition.key.index);
        let key = LineKey::Condition {
            trigger: name.clone(),
            index,
        };
        let open = self.is_open(&key, at_first);
        let (value, tone) = result_text(&condition.result);
        self.push(OutlineLine {
            key,
            depth: 0,
            open: Some(open),
            mark: Some(condition_mark(condition)),
            head: format!("{name} [{index}]"),
            value,
            tone,
            cause: false,
        });
        if !open {
            return;
        }
        let mut number = 0;
        let mut fact = |outline: &mut Self, tone: Tone, head: &str, text: &str| {
            let room = outline.setting.width.saturating_sub(8).max(20);
            for (at, part) in text::wrap(&format!("{head}{text}"), room)
                .into_iter()
                .enumerate()
            {
                let key = LineKey::Fact {
                    trigger: name.clone(),
                    index,
                    number,
                };
                number += 1;
                let depth = if at == 0 { 1 } else { 2 };
                outline.put(key, depth, tone, part, String::new());
            }
        };
        if !condition.description.is_empty() {
            fact(self, Tone::Dim, "", &condition.description);
        }
        fact(self, Tone::Plain, "when: ", condition.when.trim_end());
        match trace {
            Some(trace) => {
                if let Some(because) = because(&trace.when) {
                    fact(self, Tone::Warn, "because ", &because);
                }
                self.parts(&trace.when, name, index, Clause::When, 1);
                match &condition.once_per {
                    Some(text) => fact(self, Tone::Plain, "oncePer: ", text),
                    None => fact(self, Tone::Dim, "oncePer: ", "(none)"),
                }
                if let Some(once_per) = &trace.once_per {
                    self.parts(once_per, name, index, Clause::OncePer, 1);
                }
            }
            None => fact(
                self,
                Tone::Dim,
                "",
                "the configuration has changed since: evaluated anew in a moment",
            ),
        }
        let templates = match condition.templates.as_slice() {
            [] => "(none: the notification is empty)".to_owned(),
            names => names.join(", "),
        };
        let facts = format!("{templates}   key {}", condition.key);
        fact(self, Tone::Dim, "send: ", &facts);
        if !condition.decisions.is_empty() {
            fact(self, Tone::Dim, "", "on the next event:");
        }
        for decision in &condition.decisions {
            self.target(trigger, condition, decision);
        }
        if condition.result == ConditionResult::True && !condition.decisions.is_empty() {
            let then = match condition.once_per {
                None => "its entries are removed, and the next true is sent again",
                Some(_) => "its entries stay: sent again only when the oncePer value changes",
            };
            fact(self, Tone::Dim, "if it turns false: ", then);
        }
    }

    fn target(&mut self, trigger: &TriggerView, of: &ConditionView, decision: &DecisionView) {
        let mark = decision_mark(&decision.decision);
        let origin = trigger
            .subscriptions
            .iter()
            .find(|subscription| subscription.destination == decision.destination)
            .map_or("", |subscription| subscription.origin.as_str());
        let dedup = match decision.notified_at {
            Some(_) => "hit",
            None => "miss",
        };
        let mut value = format!("{}  [dedup {dedup}]", self.next_text(decision));
        if !origin.is_empty() {
            value.push_str(&format!("  ({origin})"));
        }
        self.push(OutlineLine {
            key: LineKey::Target {
                trigger: trigger.name.clone(),
                index: of.key.index,
                destination: decision.destination.clone(),
            },
            depth: 1,
            open: None,
            mark: Some(mark),
            head: decision.destination.label(),
            value,
            tone: match mark {
                Mark::Failed | Mark::Error => Tone::Bad,
                Mark::Waiting => Tone::Warn,
                _ => Tone::Plain,
            },
            cause: false,
        });
    }

    /// What the next event of the object brings.
    fn next_text(&self, decision: &DecisionView) -> String {
        let (now, zone) = (self.setting.now_ms, self.setting.zone);
        let since = || match decision.notified_at {
            Some(at) => {
                let at_ms = at.saturating_mul(1_000);
                let age = clock::age(at_ms, now);
                format!("{} ({age} ago)", clock::time(at_ms, now, zone))
            }
            None => "before".to_owned(),
        };
        match &decision.decision {
            Decision::Send => "send, because it is true and was not sent yet".to_owned(),
            Decision::Sending { attempts, next_ms } => {
                let tries = text::plural(u64::from(*attempts), "try", "tries");
                let next = next_ms.map_or_else(String::new, |at| {
                    format!(", next {}", clock::time(at, now, zone))
                });
                format!("wait, because it is on its way: {tries}{next}")
            }
            Decision::Held => {
                "wait, because the flood guard holds it until somebody decides".to_owned()
            }
            Decision::Holding { since_ms, until_ms } => format!(
                "wait, because it has been true only since {}; due {}",
                clock::time(*since_ms, now, zone),
                clock::time(*until_ms, now, zone)
            ),
            Decision::Remind => format!("send again, because it is still true; sent {}", since()),
            Decision::Resolve => {
                format!("send that it is resolved, because it was sent {}", since())
            }
            Decision::AlreadySent => format!("skip, because it was sent {}", since()),
            Decision::GivenUp { error } => {
                format!("skip, because it was given up ({error}); a change begins anew")
            }
            Decision::NotTrue if decision.notified_at.is_some() => {
                format!("skip, because it is not true; last sent {}", since())
            }
            Decision::NotTrue => "skip, because it is not true".to_owned(),
            Decision::Impossible { reason } => format!("FAIL, because {reason}"),
        }
    }
}

fn result_text(result: &ConditionResult) -> (String, Tone) {
    match result {
        ConditionResult::True => ("TRUE".to_owned(), Tone::Good),
        ConditionResult::False { because } if because.is_empty() => {
            ("FALSE".to_owned(), Tone::Plain)
        }
        ConditionResult::False { because } => (format!("FALSE  {because}"), Tone::Plain),
        ConditionResult::NotBoolean { type_name } => (
            format!("gives {type_name}, which counts as false"),
            Tone::Bad,
        ),
        ConditionResult::Error { message, position } => {
            let at = position.map_or_else(String::new, |at| format!("{at} "));
            (format!("ERROR  {at}{message}"), Tone::Bad)
        }
    }
}
