//! How each key of the ConfigMap fares.

use super::key::KeyKind;
use crate::domain::{Diagnostic, Severity};
use serde::{Deserialize, Serialize};

/// One key of the ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyStatus {
    /// The key, for example `trigger.on-oom`.
    pub key: String,
    /// What it configures.
    pub kind: KeyKind,
    /// Whether it is in force.
    pub state: KeyState,
    /// What was found, errors first.
    pub diagnostics: Vec<Diagnostic>,
}

/// Whether a key is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// As written.
    Ok,
    /// As written, with something to look at.
    Warning,
    /// Not at all: it can't be read and never could.
    Broken,
    /// It can't be read any more; what it said before stays in force.
    LastGood {
        /// Revision of the catalog in which it was good for the last time.
        since: String,
    },
}

/// The findings about one key while the catalog is being built.
#[derive(Debug)]
pub(super) struct Findings {
    key: String,
    diagnostics: Vec<Diagnostic>,
    incomplete: bool,
}

/// More findings of one severity about one key help nobody, and a large broken list must not fill
/// the memory.
const MOST: usize = 100;

impl Findings {
    pub(super) fn about(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            diagnostics: Vec::new(),
            incomplete: false,
        }
    }

    /// The key that they are about.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        if !self.is_full(diagnostic.severity) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether no more of this severity are kept: finding out more is in vain then.
    pub(super) fn is_full(&mut self, severity: Severity) -> bool {
        let same = |known: &&Diagnostic| known.severity == severity;
        let full =
            self.diagnostics.len() >= MOST && self.diagnostics.iter().filter(same).count() >= MOST;
        self.incomplete |= full;
        full
    }

    /// The findings, errors first, each kind in the order of the text.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.diagnostics
            .sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.position));
        if self.incomplete {
            let more = format!("only the first {MOST} findings of a kind are listed");
            self.diagnostics
                .push(Diagnostic::warning("more-findings", &self.key, more));
        }
        self.diagnostics
    }
}
