//! An inspection as lines of pane 2.

use crate::domain::Destination;
use crate::engine::{
    ConditionResult, ConditionView, Decision, DecisionView, Inspection, TriggerView,
};
use crate::tui::clock;
use crate::tui::text;
use crate::tui::theme::Mark;
use jiff::tz::TimeZone;

/// What a line is about: its identity while the inspection is renewed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LineId {
    /// A trigger as a whole (one that is not configured, or has no conditions).
    Trigger(String),
    /// A condition.
    Condition {
        /// Trigger name.
        trigger: String,
        /// Its place.
        index: usize,
    },
    /// A destination of a condition.
    Target {
        /// Trigger name.
        trigger: String,
        /// The condition's place.
        index: usize,
        /// Where to.
        destination: Destination,
    },
    /// An entry of the notified state, by its key.
    Entry(String),
    /// A remark about the resource.
    Note(usize),
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerLine {
    /// What it is about.
    pub id: LineId,
    /// State.
    pub mark: Option<Mark>,
    /// Cells before the text.
    pub indent: u16,
    /// Name: trigger and place, destination, or the remark's subject.
    pub head: String,
    /// The result in a word.
    pub word: &'static str,
    /// Everything else.
    pub text: String,
}

/// The state of a condition: its own result, or the most urgent of its destinations'.
pub fn condition_mark(condition: &ConditionView) -> Mark {
    match &condition.result {
        ConditionResult::Error { .. } | ConditionResult::NotBoolean { .. } => Mark::Error,
        ConditionResult::False { .. } => Mark::Idle,
        ConditionResult::True => condition
            .decisions
            .iter()
            .map(|decision| decision_mark(&decision.decision))
            .max()
            .unwrap_or(Mark::Idle),
    }
}

/// The state of a destination.
pub fn decision_mark(decision: &Decision) -> Mark {
    match decision {
        Decision::Send
        | Decision::Sending { .. }
        | Decision::Held
        | Decision::Holding { .. }
        | Decision::Remind
        | Decision::Resolve => Mark::Waiting,
        Decision::AlreadySent => Mark::Already,
        Decision::GivenUp { .. } => Mark::Failed,
        Decision::NotTrue => Mark::Idle,
        Decision::Impossible { .. } => Mark::Error,
    }
}

fn result_word(result: &ConditionResult) -> &'static str {
    match result {
        ConditionResult::True => "true",
        ConditionResult::False { .. } => "false",
        ConditionResult::NotBoolean { .. } => "no bool",
        ConditionResult::Error { .. } => "error",
    }
}

fn result_text(condition: &ConditionView) -> String {
    let or_when = |text: &str| {
        if !text.is_empty() {
            text.to_owned()
        } else if condition.description.is_empty() {
            condition
                .when
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        } else {
            condition.description.clone()
        }
    };
    match &condition.result {
        ConditionResult::True => or_when(""),
        ConditionResult::False { because } => or_when(because),
        ConditionResult::NotBoolean { type_name } => {
            format!("gives {type_name}, not true or false: counts as false")
        }
        ConditionResult::Error { message, position } => match position {
            Some(position) => format!("{position} {message}"),
            None => message.clone(),
        },
    }
}

fn decision_text(decision: &DecisionView, now_ms: i64, zone: &TimeZone) -> String {
    let since = |text: &str| match decision.notified_at {
        Some(at) => {
            let at = clock::time(at.saturating_mul(1_000), now_ms, zone);
            format!("{text} {at}")
        }
        None => text.to_owned(),
    };
    match &decision.decision {
        Decision::Send => "will be sent".to_owned(),
        Decision::Sending { attempts: 0, .. } => "is being sent".to_owned(),
        Decision::Sending { attempts, next_ms } => {
            let tries = text::plural(u64::from(*attempts), "try", "tries");
            match next_ms {
                Some(at) => format!("{tries}, next {}", clock::time(*at, now_ms, zone)),
                None => format!("{tries}, under way"),
            }
        }
        Decision::Held => "held until somebody decides".to_owned(),
        Decision::Holding { since_ms, until_ms } => format!(
            "true since {}, fires {}",
            clock::time(*since_ms, now_ms, zone),
            clock::time(*until_ms, now_ms, zone)
        ),
        Decision::Remind => "will be sent again, as a reminder".to_owned(),
        Decision::Resolve => "the end of it will be sent".to_owned(),
        Decision::AlreadySent => since("already sent"),
        Decision::GivenUp { error } => format!("given up: {error}"),
        Decision::NotTrue => match decision.notified_at {
            Some(_) => since("nothing to send, last"),
            None => "nothing to send".to_owned(),
        },
        Decision::Impossible { reason } => reason.clone(),
    }
}

fn conditions(trigger: &TriggerView, now_ms: i64, zone: &TimeZone, lines: &mut Vec<TriggerLine>) {
    for condition in &trigger.conditions {
        let index = condition.key.index;
        lines.push(TriggerLine {
            id: LineId::Condition {
                trigger: trigger.name.clone(),
                index,
            },
            mark: Some(condition_mark(condition)),
            indent: 0,
            head: format!("{} [{index}]", trigger.name),
            word: result_word(&condition.result),
            text: result_text(condition),
        });
        for decision in &condition.decisions {
            lines.push(TriggerLine {
                id: LineId::Target {
                    trigger: trigger.name.clone(),
                    index,
                    destination: decision.destination.clone(),
                },
                mark: Some(decision_mark(&decision.decision)),
                indent: 4,
                head: decision.destination.label(),
                word: "",
                text: decision_text(decision, now_ms, zone),
            });
        }
    }
}

/// The lines of an inspection.
pub fn lines(inspection: &Inspection, now_ms: i64, zone: &TimeZone) -> Vec<TriggerLine> {
    let mut lines = Vec::new();
    for trigger in &inspection.triggers {
        if trigger.conditions.is_empty() {
            let text = if trigger.configured {
                "has no conditions that are in force".to_owned()
            } else {
                format!("the ConfigMap has no key trigger.{}", trigger.name)
            };
            lines.push(TriggerLine {
                id: LineId::Trigger(trigger.name.clone()),
                mark: Some(Mark::Error),
                indent: 0,
                head: trigger.name.clone(),
                word: "",
                text,
            });
        }
        conditions(trigger, now_ms, zone, &mut lines);
    }
    notes(inspection, now_ms, zone, &mut lines);
    lines
}

fn notes(inspection: &Inspection, now_ms: i64, zone: &TimeZone, lines: &mut Vec<TriggerLine>) {
    let mut number = 0;
    let mut note = |mark: Option<Mark>, head: &str, text: String| {
        lines.push(TriggerLine {
            id: LineId::Note(number),
            mark,
            indent: 0,
            head: head.to_owned(),
            word: "",
            text,
        });
        number += 1;
    };
    for problem in &inspection.problems {
        note(Some(Mark::Error), "problem", problem.clone());
    }
    for trigger in &inspection.triggers {
        for subscription in &trigger.subscriptions {
            let to = subscription.destination.label();
            let text = format!("{} to {to}: {}", trigger.name, subscription.origin);
            match &subscription.problem {
                Some(problem) => note(
                    Some(Mark::Error),
                    "subscribed",
                    format!("{text}; {problem}"),
                ),
                None => note(None, "subscribed", text),
            }
        }
    }
    let oldest = inspection.notified.iter().map(|(_, at)| *at).min();
    let text = match oldest {
        Some(at) => format!(
            "{} of 100, oldest {}",
            inspection.notified.len(),
            clock::time(at.saturating_mul(1_000), now_ms, zone)
        ),
        None => "none".to_owned(),
    };
    note(None, "dedup keys", text);
}
