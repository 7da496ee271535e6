//! Another condition, tried on an object that is at hand: nothing is saved.

use super::ResourceScreen;
use crate::engine::Tried;
use crate::tui::window::Window;
use std::sync::Arc;

/// A condition that is being tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its text.
    pub source: String,
    /// Tells late results apart.
    pub number: u64,
    /// What came of it: `None` while it is evaluated; the error is that of the compiler.
    pub result: Option<Result<Arc<Tried>, String>>,
}

impl ResourceScreen {
    /// Begins to try a condition, or goes on with another text; returns its number.
    pub fn attempt(&mut self, source: &str) -> u64 {
        self.trials += 1;
        if self.trial.is_none() {
            self.window = Window::default();
            self.selected = None;
        }
        // The last result stays until there is a newer one: the lines would flicker.
        let result = self.trial.take().and_then(|trial| trial.result);
        self.trial = Some(Trial {
            source: source.to_owned(),
            number: self.trials,
            result,
        });
        self.trials
    }

    /// What was tried has been evaluated.
    pub fn tried(&mut self, number: u64, result: Result<Tried, String>) {
        if let Some(trial) = self.trial.as_mut().filter(|trial| trial.number == number) {
            trial.result = Some(result.map(Arc::new));
            self.stale = true;
            self.marked = None;
            self.mark_reads();
        }
    }

    /// Back from what is tried to what is configured.
    pub fn end_trial(&mut self) {
        if self.trial.take().is_some() {
            self.window = Window::default();
            self.selected = None;
            self.stale = true;
            self.marked = None;
            self.mark_reads();
        }
    }
}
