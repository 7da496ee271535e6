//! When the explanation of the resource is asked for, and what becomes of the answer.

use super::{PAUSE_MS, ResourceScreen};
use crate::engine::Explained;
use crate::tui::clock::Due;
use crate::tui::widgets::text_view::TextView;
use std::sync::Arc;

impl ResourceScreen {
    /// The resource, or what it is judged by, has changed.
    pub fn renew(&mut self, now_ms: i64) {
        let due = Due::after(self.answered_ms, PAUSE_MS);
        self.due = Some(self.due.unwrap_or(due).earlier(due, now_ms));
    }

    /// When the next explanation is due; `None` while none is, or one is on its way.
    pub fn due(&self) -> Option<Due> {
        if self.asked {
            return None;
        }
        self.due
    }

    /// Whether to ask now; then the question counts as asked.
    pub fn ask(&mut self, now_ms: i64) -> bool {
        if self.due().is_none_or(|due| !due.has_come(now_ms)) {
            return false;
        }
        self.due = None;
        self.asked = true;
        true
    }

    /// The engine had no room for the question: asked again a little later.
    pub fn refused(&mut self, now_ms: i64) {
        self.asked = false;
        self.due = Some(Due::after(now_ms, PAUSE_MS));
    }

    /// An answer has come.
    pub fn answered(&mut self, result: Result<Arc<Explained>, String>, now_ms: i64) {
        self.asked = false;
        self.answered_ms = now_ms;
        match result {
            Ok(explained) => {
                let object = TextView::new(Arc::clone(&explained.yaml));
                self.object = self.object.renewed(object);
                self.explained = Some(explained);
                self.problem = None;
                self.marked = None;
                self.stale = true;
                self.mark_reads();
            }
            Err(problem) => self.problem = Some(problem),
        }
    }
}
