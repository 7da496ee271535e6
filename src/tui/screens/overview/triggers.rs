//! Pane 2: the triggers and destinations of the selected resource, with their evaluation.
//!
//! One inspection is under way at a time; while the selection runs through the list, only the
//! newest one is asked for, and a resource that keeps changing is looked at twice a second at most.

use super::trigger_lines::{self, LineId, TriggerLine};
use crate::domain::ResourceKey;
use crate::engine::Inspection;
use crate::query::{Filter, FilterColumn};
use crate::tui::action::ActionId;
use crate::tui::clock::Due;
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

/// Between two looks at a resource that can't be evaluated.
const AGAIN_MS: i64 = 1_000;

/// State of pane 2.
#[derive(Default)]
pub struct TriggersPane {
    /// The resource that is to be shown.
    target: Option<ResourceKey>,
    /// The resource that was asked about.
    asked: Option<ResourceKey>,
    /// Ask at this time.
    due: Option<Due>,
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
        self.due = self.target.is_some().then(|| Due::now(now_ms));
        self.all.clear();
        self.lines.clear();
    }

    /// The target, or what it is judged by, has changed.
    pub fn renew(&mut self, now_ms: i64) {
        if self.target.is_some() {
            let due = Due::after(self.answered_ms, PAUSE_MS);
            self.due = Some(self.due.unwrap_or(due).earlier(due, now_ms));
        }
    }

    /// When the next inspection is due; `None` while none is, or one is under way.
    pub fn due(&self) -> Option<Due> {
        if self.asked.is_some() {
            return None;
        }
        self.due
    }

    /// The resource to ask about now.
    pub fn ask(&mut self, now_ms: i64) -> Option<ResourceKey> {
        if !self.due()?.has_come(now_ms) {
            return None;
        }
        self.due = None;
        self.asked = self.target.clone();
        self.asked.clone()
    }

    /// The engine had no room for the question: asked again a little later.
    pub fn refused(&mut self, now_ms: i64) {
        self.asked = None;
        self.due = Some(Due::after(now_ms, PAUSE_MS));
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
                // It is in the list all the same: perhaps only being read anew, for a configuration
                // that reads more of it, which nothing else would tell of.
                self.due = Some(Due::after(now_ms, AGAIN_MS));
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Kind;

    #[test]
    fn what_cant_be_evaluated_is_asked_about_again() {
        let key = ResourceKey::new(Arc::new(Kind::pod()), "default", "web-1");
        let mut pane = TriggersPane::default();
        pane.aim(Some(&key), 10_000);
        assert_eq!(pane.ask(10_000).as_ref(), Some(&key));
        pane.answered(&key, Err("not there".into()), 10_020, &TimeZone::UTC);
        assert_eq!(pane.problem.as_deref(), Some("not there"));
        assert_eq!(pane.ask(10_020 + AGAIN_MS - 1), None);
        assert_eq!(pane.ask(10_020 + AGAIN_MS).as_ref(), Some(&key));
        // Not when it is not shown any more.
        pane.answered(&key, Err("not there".into()), 12_000, &TimeZone::UTC);
        pane.aim(None, 12_010);
        assert_eq!(pane.ask(20_000), None);
    }
}
