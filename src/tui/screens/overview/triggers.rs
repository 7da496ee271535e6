//! Pane 2: the triggers and destinations of the selected resource, with their evaluation.
//!
//! One inspection is under way at a time; while the selection runs through the list, only the
//! newest one is asked for, and a resource that keeps changing is looked at twice a second at most.

use super::trigger_lines::{self, LineId, TriggerLine};
use crate::domain::{Destination, ResourceKey};
use crate::engine::{ConditionResult, Decision, Inspection};
use crate::tui::action::ActionId;
use crate::tui::table::filter::{Filter, FilterColumn};
use crate::tui::theme::Mark;
use crate::tui::window::Window;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// Columns that a filter may name.
pub const FILTER: &[FilterColumn] = &[
    FilterColumn { names: &["state"] },
    FilterColumn {
        names: &["trigger", "to", "name"],
    },
    FilterColumn { names: &["result"] },
    FilterColumn { names: &["text"] },
];

/// Between two looks at a resource that changes.
const PAUSE_MS: i64 = 500;

/// State of pane 2.
#[derive(Default)]
pub struct TriggersPane {
    /// The resource that is to be shown.
    target: Option<ResourceKey>,
    /// The resource that was asked about.
    asked: Option<ResourceKey>,
    /// Ask at this time.
    due_ms: Option<i64>,
    /// When the last answer came.
    answered_ms: i64,
    inspection: Option<Arc<Inspection>>,
    /// Why there is none.
    pub problem: Option<String>,
    /// What goes on when the inspection has come.
    pub then: Option<ActionId>,
    all: Vec<TriggerLine>,
    lines: Vec<TriggerLine>,
    filter: Filter,
    /// What was typed as filter.
    pub filter_text: String,
    /// The selected line.
    pub selected: Option<LineId>,
    /// What is visible.
    pub window: Window,
}

impl TriggersPane {
    /// The resource that is shown, or will be.
    pub fn target(&self) -> Option<&ResourceKey> {
        self.target.as_ref()
    }

    /// The inspection of the target; `None` while it is awaited.
    pub fn inspection(&self) -> Option<&Arc<Inspection>> {
        let inspection = self.inspection.as_ref()?;
        (Some(&inspection.key) == self.target.as_ref()).then_some(inspection)
    }

    /// The lines to show.
    pub fn lines(&self) -> &[TriggerLine] {
        &self.lines
    }

    /// Shows another resource.
    pub fn aim(&mut self, target: Option<&ResourceKey>, now_ms: i64) {
        if self.target.as_ref() == target {
            return;
        }
        self.target = target.cloned();
        self.problem = None;
        self.then = None;
        self.window = Window::default();
        self.selected = None;
        self.due_ms = self.target.is_some().then_some(now_ms);
        self.all.clear();
        self.lines.clear();
    }

    /// The target, or what it is judged by, has changed.
    pub fn renew(&mut self, now_ms: i64) {
        if self.target.is_some() {
            let due = self.answered_ms.saturating_add(PAUSE_MS).max(now_ms);
            // The clock may have gone backwards.
            let due = due.min(now_ms.saturating_add(PAUSE_MS));
            self.due_ms = Some(self.due_ms.unwrap_or(due).min(due));
        }
    }

    /// When the next inspection is due; `None` while none is, or one is under way.
    pub fn due_ms(&self) -> Option<i64> {
        if self.asked.is_some() {
            return None;
        }
        self.due_ms
    }

    /// The resource to ask about now.
    pub fn ask(&mut self, now_ms: i64) -> Option<ResourceKey> {
        if self.due_ms()? > now_ms {
            return None;
        }
        self.due_ms = None;
        self.asked = self.target.clone();
        self.asked.clone()
    }

    /// The engine had no room for the question: asked again a little later.
    pub fn refused(&mut self, now_ms: i64) {
        self.asked = None;
        self.due_ms = Some(now_ms.saturating_add(PAUSE_MS));
    }

    /// An answer has come.
    pub fn answered(
        &mut self,
        key: &ResourceKey,
        result: Result<Arc<Inspection>, String>,
        now_ms: i64,
        zone: &TimeZone,
    ) {
        if self.asked.as_ref() == Some(key) {
            self.asked = None;
        }
        self.answered_ms = now_ms;
        if self.target.as_ref() != Some(key) {
            return;
        }
        match result {
            Ok(inspection) => {
                self.all = trigger_lines::lines(&inspection, now_ms, zone);
                self.inspection = Some(inspection);
                self.problem = None;
            }
            Err(problem) => {
                self.all.clear();
                self.inspection = None;
                self.problem = Some(problem);
            }
        }
        self.refilter();
    }

    /// Another filter.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn filter(&mut self, text: &str) -> Result<(), String> {
        self.filter = Filter::parse(text, FILTER)?;
        text.clone_into(&mut self.filter_text);
        self.refilter();
        Ok(())
    }

    fn refilter(&mut self) {
        let filter = &self.filter;
        let passes = |line: &&TriggerLine| {
            filter.passes(FILTER.len(), |column, pattern| {
                pattern.matches(match column {
                    0 => line.mark.map_or("", Mark::word),
                    1 => &line.head,
                    2 => line.word,
                    _ => &line.text,
                })
            })
        };
        self.lines = self.all.iter().filter(passes).cloned().collect();
    }

    /// After changes: keeps the selection on its line.
    pub fn settle(&mut self, height: usize) {
        let len = self.lines.len();
        let selected = self.selected.as_ref();
        let place = self
            .lines
            .iter()
            .position(|line| Some(&line.id) == selected);
        match place {
            Some(place) => self.window.moved(place, len, height),
            None => self.select_at(self.window.position, height),
        }
    }

    /// Moves the selection.
    pub fn step(&mut self, rows: i64, height: usize) {
        self.window.step(rows, self.lines.len(), height);
        self.select_at(self.window.position, height);
    }

    /// Scrolls.
    pub fn scroll(&mut self, rows: i64, height: usize) {
        self.window.scroll(rows, self.lines.len(), height);
        self.select_at(self.window.position, height);
    }

    /// Selects the line at a place.
    pub fn select_at(&mut self, place: usize, height: usize) {
        self.window.select(place, self.lines.len(), height);
        self.selected = self
            .lines
            .get(self.window.position)
            .map(|line| line.id.clone());
    }

    /// What a resend of the selected line, or of everything, would send: trigger, place, where to.
    pub fn sendable(&self, line: Option<&LineId>) -> Vec<(String, usize, Destination)> {
        let mut found = Vec::new();
        let Some(inspection) = self.inspection() else {
            return found;
        };
        for trigger in &inspection.triggers {
            for condition in &trigger.conditions {
                if condition.result != ConditionResult::True {
                    continue;
                }
                for decision in &condition.decisions {
                    if matches!(decision.decision, Decision::Impossible { .. }) {
                        continue;
                    }
                    if resends(line, &trigger.name, &decision.destination) {
                        let to = decision.destination.clone();
                        found.push((trigger.name.clone(), condition.key.index, to));
                    }
                }
            }
        }
        found
    }

    /// The entries of the notified state that stand for the selected line, or all.
    pub fn state_keys(&self, line: Option<&LineId>) -> Vec<String> {
        let Some(inspection) = self.inspection() else {
            return Vec::new();
        };
        let noted = |key: &String| inspection.notified.iter().any(|(noted, _)| noted == key);
        if matches!(line, None | Some(LineId::Note(_))) {
            return inspection
                .notified
                .iter()
                .map(|(key, _)| key.clone())
                .collect();
        }
        let mut keys = Vec::new();
        for trigger in &inspection.triggers {
            for condition in &trigger.conditions {
                for decision in &condition.decisions {
                    if clears(
                        line,
                        &trigger.name,
                        condition.key.index,
                        &decision.destination,
                    ) && noted(&decision.state_key)
                    {
                        keys.push(decision.state_key.clone());
                    }
                }
            }
        }
        keys
    }
}

/// Whether a resend of the line includes this: the engine resends whole triggers, or one
/// destination of a trigger.
fn resends(line: Option<&LineId>, name: &str, to: &Destination) -> bool {
    match line {
        None | Some(LineId::Note(_)) => true,
        Some(LineId::Trigger(trigger) | LineId::Condition { trigger, .. }) => trigger == name,
        Some(LineId::Target {
            trigger,
            destination,
            ..
        }) => trigger == name && destination == to,
    }
}

/// Whether clearing the line includes this entry.
fn clears(line: Option<&LineId>, name: &str, place: usize, to: &Destination) -> bool {
    match line {
        None | Some(LineId::Note(_)) => true,
        Some(LineId::Trigger(trigger)) => trigger == name,
        Some(LineId::Condition { trigger, index }) => trigger == name && *index == place,
        Some(LineId::Target {
            trigger,
            index,
            destination,
        }) => trigger == name && *index == place && destination == to,
    }
}
