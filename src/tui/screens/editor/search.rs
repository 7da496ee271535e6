//! What is searched for in the text, and what it is replaced by.

use crate::tui::editor::{Hit, Place, TextBuffer, find_all};

/// A search.
#[derive(Debug, Default)]
pub struct Search {
    /// What is searched for; empty for nothing.
    pub wanted: String,
    hits: Vec<Hit>,
    /// The revision of the text that the hits are of.
    of: Option<u64>,
}

impl Search {
    /// Searches for something else.
    pub fn set(&mut self, wanted: &str) {
        wanted.clone_into(&mut self.wanted);
        self.of = None;
    }

    /// The hits, as the text is now.
    pub fn hits(&mut self, buffer: &TextBuffer) -> &[Hit] {
        if self.of != Some(buffer.revision()) {
            self.hits = find_all(buffer, &self.wanted);
            self.of = Some(buffer.revision());
        }
        &self.hits
    }

    /// The hits as they were last asked for.
    pub fn known(&self) -> &[Hit] {
        &self.hits
    }

    /// The next (or previous) hit from a place, round the end. A hit at the place itself counts
    /// when `here` says so.
    pub fn next(
        &mut self,
        buffer: &TextBuffer,
        from: Place,
        forward: bool,
        here: bool,
    ) -> Option<Hit> {
        let hits = self.hits(buffer);
        let found = if forward {
            let behind = |hit: &&Hit| hit.from > from || (here && hit.from == from);
            hits.iter().find(behind).or(hits.first())
        } else {
            hits.iter()
                .rev()
                .find(|hit| hit.from < from)
                .or(hits.last())
        };
        found.copied()
    }

    /// The number of the hit at a place (from 1; 0 for none), and of all.
    pub fn place(&self, at: Place) -> (usize, usize) {
        let number = self.hits.iter().position(|hit| hit.from == at);
        (number.map_or(0, |number| number + 1), self.hits.len())
    }
}

/// A replacement that asks hit by hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacing {
    /// What is put in place of the hits.
    pub with: String,
    /// The hit that is asked about.
    pub at: Hit,
    /// How many were replaced.
    pub done: usize,
    /// How many are left to ask about, this one included.
    pub left: usize,
}
