//! An explanation as lines of a tree: triggers' conditions, the parts of each evaluation with their
//! values, destinations with what comes next. Parts that say nothing are left out; the part that
//! decided is marked and always in view when its condition is unfolded.

use super::parts::{because, deciding, is_plain, outcome_text, ways_to};
use super::trial::Trial;
use crate::domain::{Destination, ResourceKey};
use crate::engine::{
    ConditionResult, ConditionTrace, ConditionView, Decision, DecisionView, Explained, Tried,
    TriggerView,
};
use crate::expr::{Trace, TraceNode};
use crate::tui::clock;
use crate::tui::screens::overview::{condition_mark, decision_mark};
use crate::tui::text;
use crate::tui::theme::Mark;
use crate::tui::widgets::text_view::Tone;
use jiff::tz::TimeZone;
use std::collections::HashSet;

/// Conditions that are unfolded at first when there are no more of them.
const FEW: usize = 4;

/// Elements of a list that are unfolded at first when there are no more of them.
const FEW_ELEMENTS: usize = 5;

/// Parts deeper than this are folded at first.
const DEEP: usize = 12;

/// Lines of an outline; beyond it the rest is left out and said to be.
const LIMIT: usize = 20_000;

/// Which expression of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clause {
    /// `when`.
    When,
    /// `oncePer`.
    OncePer,
}

/// What a line is about: its identity while the explanation is renewed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LineKey {
    /// A trigger that has no conditions.
    Trigger(String),
    /// A condition.
    Condition {
        /// Trigger name.
        trigger: String,
        /// Its place.
        index: usize,
    },
    /// A line of text about a condition.
    Fact {
        /// Trigger name.
        trigger: String,
        /// The condition's place.
        index: usize,
        /// Place of the line.
        number: usize,
    },
    /// A part of an evaluation.
    Part {
        /// Trigger name; empty for what is tried.
        trigger: String,
        /// The condition's place.
        index: usize,
        /// Which expression.
        clause: Clause,
        /// The place of each part among its siblings, from the whole downwards.
        path: Vec<usize>,
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
    /// A remark about the resource.
    Note(usize),
}

impl LineKey {
    /// The condition that the line belongs to.
    pub fn condition(&self) -> Option<(&str, usize)> {
        match self {
            Self::Condition { trigger, index }
            | Self::Fact { trigger, index, .. }
            | Self::Part { trigger, index, .. }
            | Self::Target { trigger, index, .. } => Some((trigger, *index)),
            Self::Trigger(_) | Self::Note(_) => None,
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineLine {
    /// What it is about.
    pub key: LineKey,
    /// Levels it stands below the left edge.
    pub depth: usize,
    /// Whether what is below it is shown; `None` when nothing is below it.
    pub open: Option<bool>,
    /// State, where it has one.
    pub mark: Option<Mark>,
    /// The part itself.
    pub head: String,
    /// Its value, or what comes of it.
    pub value: String,
    /// How the value is emphasised.
    pub tone: Tone,
    /// It is the part that decided.
    pub cause: bool,
}

/// What the outline is made with.
pub struct Setting<'s> {
    /// Lines that were folded, or unfolded, against what they are at first.
    pub toggled: &'s HashSet<LineKey>,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
    /// Time zone of times.
    pub zone: &'s TimeZone,
    /// Cells of a line.
    pub width: usize,
    /// Why nothing would be sent in the present mode; empty when it would.
    pub idle: &'s str,
}

struct Outline<'s> {
    lines: Vec<OutlineLine>,
    setting: &'s Setting<'s>,
}

/// The outline of an explanation.
pub fn lines(explained: &Explained, setting: &Setting<'_>) -> Vec<OutlineLine> {
    let mut outline = Outline {
        lines: Vec::new(),
        setting,
    };
    let inspection = &explained.explanation.inspection;
    let mut notes = Vec::new();
    if !setting.idle.is_empty() {
        notes.push((Tone::Warn, "note", setting.idle.to_owned()));
    }
    if inspection.resource_version != explained.resource_version {
        let text = format!(
            "the object is newer (rv {}) than the decision (rv {})",
            explained.resource_version, inspection.resource_version
        );
        notes.push((Tone::Dim, "note", text));
    }
    for problem in &inspection.problems {
        notes.push((Tone::Bad, "problem", problem.clone()));
    }
    if inspection.triggers.is_empty() {
        let text = "not subscribed to anything".to_owned();
        notes.push((Tone::Plain, "note", text));
    }
    for (number, (tone, head, text)) in notes.into_iter().enumerate() {
        outline.note(number, tone, head, text);
    }
    let conditions: usize = inspection.triggers.iter().map(|t| t.conditions.len()).sum();
    let mut first = true;
    for (place, trigger) in inspection.triggers.iter().enumerate() {
        if trigger.conditions.is_empty() {
            outline.without_conditions(trigger);
        }
        let traces = explained.explanation.traces.get(place);
        for (at, condition) in trigger.conditions.iter().enumerate() {
            let trace = traces.and_then(|traces| traces.get(at));
            let open = conditions <= FEW
                || first
                || !matches!(condition.result, ConditionResult::False { .. });
            first = false;
            outline.condition(trigger, condition, trace, open);
        }
    }
    outline.lines
}

/// The outline of a condition that is being tried.
pub fn trial_lines(trial: &Trial, key: &ResourceKey, setting: &Setting<'_>) -> Vec<OutlineLine> {
    let mut outline = Outline {
        lines: Vec::new(),
        setting,
    };
    let about = format!("tried on {key}, nothing is saved");
    match &trial.result {
        None => outline.note(0, Tone::Dim, "try", "evaluating ...".to_owned()),
        Some(Err(problem)) => {
            outline.note(0, Tone::Bad, "try", about);
            for (number, line) in problem.lines().enumerate() {
                outline.note(number + 1, Tone::Bad, "", line.to_owned());
            }
        }
        Some(Ok(tried)) => outline.tried(tried, about),
    }
    outline.lines
}

impl Outline<'_> {
    fn push(&mut self, line: OutlineLine) {
        if self.lines.len() < LIMIT {
            self.lines.push(line);
        }
    }

    fn note(&mut self, number: usize, tone: Tone, head: &str, text: String) {
        let key = LineKey::Note(number);
        self.put(key, 0, tone, head.to_owned(), text);
    }

    fn put(&mut self, key: LineKey, depth: usize, tone: Tone, head: String, value: String) {
        self.push(OutlineLine {
            key,
            depth,
            open: None,
            mark: None,
            head,
            value,
            tone,
            cause: false,
        });
    }

    /// Whether the line is unfolded, given what it is at first.
    fn is_open(&self, key: &LineKey, at_first: bool) -> bool {
        at_first != self.setting.toggled.contains(key)
    }

    fn without_conditions(&mut self, trigger: &TriggerView) {
        let text = if trigger.configured {
            "has no conditions that are in force".to_owned()
        } else {
            format!("the ConfigMap has no key trigger.{}", trigger.name)
        };
        self.push(OutlineLine {
            key: LineKey::Trigger(trigger.name.clone()),
            depth: 0,
            open: None,
            mark: Some(Mark::Error),
            head: trigger.name.clone(),
            value: text,
            tone: Tone::Bad,
            cause: false,
        });
    }

    fn condition(
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

    fn tried(&mut self, tried: &Tried, about: String) {
        let trace = &tried.trace;
        let (value, tone) = match (trace.truth, &trace.error) {
            (Some(true), _) => ("TRUE".to_owned(), Tone::Good),
            (Some(false), _) => ("FALSE".to_owned(), Tone::Warn),
            (None, Some(error)) => (format!("ERROR {}", error.message()), Tone::Bad),
            (None, None) => (
                "neither true nor false: counts as false".to_owned(),
                Tone::Bad,
            ),
        };
        self.put(LineKey::Note(0), 0, Tone::Dim, "try".to_owned(), about);
        let took = format!("{value}  {}", took_text(tried.took_us));
        self.put(LineKey::Note(1), 0, tone, "result".to_owned(), took);
        if let Some(because) = because(trace) {
            let head = "because".to_owned();
            self.put(LineKey::Note(2), 0, Tone::Warn, head, because);
        }
        self.parts(trace, "", 0, Clause::When, 0);
    }

    /// The parts of an evaluation, each below what it is a part of.
    fn parts(&mut self, trace: &Trace, trigger: &str, index: usize, clause: Clause, depth: usize) {
        let Some(root) = trace.root() else { return };
        let cause = deciding(trace);
        let ways = ways_to(trace, cause);
        // Expressions nest deeper than a stack of calls should.
        let mut waiting: Vec<(usize, &TraceNode, Vec<usize>)> = vec![(0, root, Vec::new())];
        while let Some((place, node, path)) = waiting.pop() {
            if self.lines.len() >= LIMIT {
                break;
            }
            let children: Vec<(usize, usize)> = node
                .children
                .iter()
                .copied()
                .enumerate()
                .filter(|(_, child)| {
                    let part = trace.nodes.get(*child);
                    part.is_some_and(|part| ways.contains(child) || !is_plain(part, node))
                })
                .collect();
            let key = LineKey::Part {
                trigger: trigger.to_owned(),
                index,
                clause,
                path: path.clone(),
            };
            let elements = children
                .iter()
                .filter(|(_, child)| trace.nodes.get(*child).is_some_and(|n| n.element.is_some()))
                .count();
            let at_first = ways.contains(&place) || (path.len() < DEEP && elements <= FEW_ELEMENTS);
            let open = (!children.is_empty()).then(|| self.is_open(&key, at_first));
            let (value, tone) = outcome_text(&node.outcome);
            let element = node
                .element
                .map_or_else(String::new, |element| format!("[{element}] "));
            self.push(OutlineLine {
                key,
                depth: depth + path.len(),
                open,
                mark: None,
                head: format!("{element}{}", node.text),
                value,
                tone: if cause == Some(place) {
                    Tone::Bad
                } else {
                    tone
                },
                cause: cause == Some(place),
            });
            if open == Some(true) {
                for (at, child) in children.into_iter().rev() {
                    if let Some(part) = trace.nodes.get(child) {
                        let mut below = path.clone();
                        below.push(at);
                        waiting.push((child, part, below));
                    }
                }
            }
        }
        if trace.truncated {
            let key = LineKey::Part {
                trigger: trigger.to_owned(),
                index,
                clause,
                path: vec![usize::MAX],
            };
            let text = "more parts than can be shown".to_owned();
            self.put(key, depth + 1, Tone::Dim, text, String::new());
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

/// Microseconds, short.
fn took_text(us: u64) -> String {
    format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Env, Options, Program};

    fn outline(when: &str, toggled: &HashSet<LineKey>) -> Vec<String> {
        let pod = serde_json::json!({"status": {"phase": "Pending", "containers": [
            {"name": "app", "restarts": 3}, {"name": "side"}]}});
        let program = Program::compile(when, &Options::default()).unwrap();
        let mut env = Env::new();
        env.json("pod", &pod);
        let setting = Setting {
            toggled,
            now_ms: 0,
            zone: &TimeZone::UTC,
            width: 80,
            idle: "",
        };
        let mut outline = Outline {
            lines: Vec::new(),
            setting: &setting,
        };
        outline.parts(&program.trace(&env), "t", 0, Clause::When, 0);
        let shown = |line: &OutlineLine| {
            let fold = match line.open {
                Some(true) => "v",
                Some(false) => ">",
                None => " ",
            };
            let cause = if line.cause { " <" } else { "" };
            let indent = "  ".repeat(line.depth);
            format!("{indent}{fold} {} = {}{cause}", line.head, line.value)
        };
        outline.lines.iter().map(shown).collect()
    }

    #[test]
    fn the_part_that_decided_is_marked_and_plain_parts_are_left_out() {
        let when = "pod.status.phase == 'Pending' and pod.status.phase == 'Running'";
        assert_eq!(
            outline(when, &HashSet::new()),
            [
                format!("v {when} = false"),
                "  v pod.status.phase == 'Pending' = true".to_owned(),
                "      pod.status.phase = \"Pending\"".to_owned(),
                "  v pod.status.phase == 'Running' = false <".to_owned(),
                "      pod.status.phase = \"Pending\"".to_owned(),
            ]
        );
    }

    #[test]
    fn the_way_to_what_is_missing_is_unfolded() {
        let lines = outline("pod.status.state?.reason == 'x'", &HashSet::new());
        let cause: Vec<&String> = lines.iter().filter(|line| line.ends_with(" <")).collect();
        assert_eq!(cause.len(), 1, "{lines:?}");
        assert!(cause[0].contains("pod.status.state = nil"), "{lines:?}");
    }

    #[test]
    fn a_literal_is_never_what_decided() {
        let when = "any(pod.status.containers, {.name == 'x'}) == false == false";
        let lines = outline(when, &HashSet::new());
        let cause: Vec<&String> = lines.iter().filter(|line| line.ends_with(" <")).collect();
        assert_eq!(cause.len(), 1, "{lines:?}");
        assert!(cause[0].contains("any("), "{lines:?}");
        assert!(
            !lines.iter().any(|line| line.contains(" # = ")),
            "{lines:?}"
        );
    }

    #[test]
    fn folding_hides_what_is_below() {
        let root = LineKey::Part {
            trigger: "t".to_owned(),
            index: 0,
            clause: Clause::When,
            path: vec![],
        };
        let lines = outline("pod.status.phase == 'Pending'", &HashSet::from([root]));
        assert_eq!(lines, ["> pod.status.phase == 'Pending' = true"]);
    }
}
