//! The status line, and what the engine reported.

use crate::domain::Severity;
use crate::engine::Notice;
use crate::tui::clock::Due;
use std::collections::VecDeque;

/// Notices that are kept.
const KEPT: usize = 1_000;

/// How long a message that is no error stays.
const SHOWN_MS: i64 = 8_000;

/// The message of the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// How bad.
    pub severity: Severity,
    /// One sentence.
    pub text: String,
    /// When it goes away by itself; errors stay until something is pressed to close them.
    pub until: Option<Due>,
    /// A key was pressed since it is shown: another message may take its place.
    pub read: bool,
}

impl Flash {
    /// A message of now.
    pub fn new(severity: Severity, text: impl Into<String>, now_ms: i64) -> Self {
        Self {
            severity,
            text: text.into(),
            read: false,
            until: (severity != Severity::Error).then(|| Due::after(now_ms, SHOWN_MS)),
        }
    }
}

/// The newest notices, oldest first, and how many of them were not looked at.
#[derive(Debug, Default)]
pub struct Notices {
    kept: VecDeque<Notice>,
    first: u64,
    unseen: usize,
}

impl Notices {
    /// Adds one.
    pub fn push(&mut self, notice: Notice) {
        self.kept.push_back(notice);
        self.unseen = self.unseen.saturating_add(1);
        if self.kept.len() > KEPT {
            self.kept.pop_front();
            self.first += 1;
        }
        self.unseen = self.unseen.min(self.kept.len());
    }

    /// All with their numbers, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = (u64, &Notice)> {
        let numbers = (self.first..self.first + self.kept.len() as u64).rev();
        numbers.zip(self.kept.iter().rev())
    }

    /// How many were not looked at.
    pub fn unseen(&self) -> usize {
        self.unseen
    }

    /// Everything was looked at.
    pub fn seen(&mut self) {
        self.unseen = 0;
    }
}
