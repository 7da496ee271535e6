//! When the explanation of the resource is asked for, and what becomes of the answer.

use super::{PAUSE_MS, ResourceScreen};
use crate::engine::Explained;
use crate::tui::widgets::text_view::TextView;
use std::sync::Arc;

impl ResourceScreen {
    /// The resource, or what it is judged by, has changed.
    pub fn renew(&mut self, now_ms: i64) {
        let due = self.answered_ms.saturating_add(PAUSE_MS).max(now_ms);
        // The clock may have gone backwards.
        let due = due.min(now_ms.saturating_add(PAUSE_MS));
        self.due_ms = Some(self.due_ms.unwrap_or(due).min(due));
    }

    /// When the next explanation is due; `None` while none is, or one is on its way.
    pub fn due_ms(&self) -> Option<i64> {
        if self.asked {
            return None;
        }
        self.due_ms
    }

    /// Whether to ask now; then the question counts as asked.
    pub fn ask(&mut self, now_ms: i64) -> bool {
        if self.due_ms().is_none_or(|due| due > now_ms) {
            return false;
        }
        self.due_ms = None;
        self.asked = true;
        true
    }

    /// The engine had no room for the question: asked again a little later.
    pub fn refused(&mut self, now_ms: i64) {
        self.asked = false;
        self.due_ms = Some(now_ms.saturating_add(PAUSE_MS));
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
