//! An explanation as lines of a tree: triggers' conditions, the parts of each evaluation with their
//! values, destinations with what comes next. Parts that say nothing are left out; the part that
//! decided is marked and always in view when its condition is unfolded.

mod condition;
mod evaluation;
mod line;

pub use line::{Clause, LineKey, OutlineLine};

use super::parts::because;
use super::trial::Trial;
use crate::domain::ResourceKey;
use crate::engine::{ConditionResult, Explained, Tried, TriggerView};
use crate::tui::theme::Mark;
use crate::tui::widgets::text_view::Tone;
use jiff::tz::TimeZone;
use std::collections::HashSet;

/// Conditions that are unfolded at first when there are no more of them.
const FEW: usize = 4;

/// Lines of an outline; beyond it the rest is left out and said to be.
const LIMIT: usize = 20_000;

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
}

/// Microseconds, short.
fn took_text(us: u64) -> String {
    format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10)
}
