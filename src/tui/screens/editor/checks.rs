//! What the look at the text has found, kept at its places while the text changes.

use crate::check::Verdict;
use crate::domain::{Diagnostic, Severity};
use crate::tui::clock::Due;

/// Longest time between a change and the look at it.
const PAUSE_MS: i64 = 250;

/// The findings that are shown.
#[derive(Debug, Default)]
pub struct Checks {
    /// What is shown: the newest look, with its places moved along with later changes.
    pub shown: Verdict,
    /// The revision of the text that it is about.
    pub of: Option<u64>,
    /// When the text is to be looked at next.
    pub due: Option<Due>,
    /// The revision that is being looked at.
    pub running: Option<u64>,
    /// The finding that is selected.
    pub selected: usize,
}

impl Checks {
    /// The text has changed: it is looked at when nothing more is typed for a moment.
    pub fn changed(&mut self, now_ms: i64) {
        self.due = Some(Due::after(now_ms, PAUSE_MS));
    }

    /// Lines were put in (or taken out) behind a line, from 0: findings further down move along.
    pub fn shift(&mut self, line: usize, before: usize, after: usize) {
        if before == after {
            return;
        }
        for finding in &mut self.shown.findings {
            if let Some(position) = &mut finding.position
                && position.line as usize > line + 1
            {
                let moved = (position.line as usize + after).saturating_sub(before);
                position.line = u32::try_from(moved.max(line + 1)).unwrap_or(u32::MAX);
            }
        }
    }

    /// Whether a look is to be begun now.
    pub fn is_due(&self, now_ms: i64) -> bool {
        self.due.is_some_and(|due| due.has_come(now_ms))
    }

    /// A look at this revision has ended.
    pub fn arrived(&mut self, revision: u64, verdict: Verdict) {
        self.shown = verdict;
        self.of = Some(revision);
        self.running = None;
        self.selected = self
            .selected
            .min(self.shown.findings.len().saturating_sub(1));
    }

    /// How many findings there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        let findings = self.shown.findings.iter();
        findings
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// The findings of a line, from 0, that are worth a mark.
    pub fn of_line(&self, line: usize) -> impl Iterator<Item = &Diagnostic> {
        let here = move |finding: &&Diagnostic| {
            finding.severity > Severity::Info
                && finding
                    .position
                    .is_some_and(|at| at.line as usize == line + 1)
        };
        self.shown.findings.iter().filter(here)
    }

    /// The next (or previous) finding after a line, round the end.
    pub fn next(&mut self, line: usize, forward: bool) -> Option<&Diagnostic> {
        let place = |finding: &Diagnostic| finding.position.map(|at| at.line as usize);
        let mut lines: Vec<(usize, usize)> = self
            .shown
            .findings
            .iter()
            .enumerate()
            .filter_map(|(index, finding)| Some((place(finding)?, index)))
            .collect();
        lines.sort_unstable();
        let found = if forward {
            lines
                .iter()
                .find(|(at, _)| *at > line + 1)
                .or(lines.first())
        } else {
            lines
                .iter()
                .rev()
                .find(|(at, _)| *at < line + 1)
                .or(lines.last())
        };
        self.selected = found?.1;
        self.shown.findings.get(self.selected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Position;

    fn checks(lines: &[u32]) -> Checks {
        let mut checks = Checks::default();
        let finding = |line: &u32| {
            Diagnostic::error("x", "k", "m").at(Position {
                line: *line,
                column: 1,
            })
        };
        checks.shown.findings = lines.iter().map(finding).collect();
        checks
    }

    fn lines(checks: &Checks) -> Vec<u32> {
        let lines = checks.shown.findings.iter();
        lines
            .filter_map(|finding| Some(finding.position?.line))
            .collect()
    }

    #[test]
    fn findings_stay_on_their_lines() {
        let mut moved = checks(&[2, 5, 9]);
        moved.shift(3, 10, 12);
        assert_eq!(lines(&moved), [2, 7, 11]);
        moved.shift(3, 12, 6);
        assert_eq!(lines(&moved), [2, 4, 5]);
    }

    #[test]
    fn going_from_finding_to_finding_goes_round() {
        let mut checks = checks(&[2, 5]);
        let mut at = 0;
        let mut stops = Vec::new();
        for forward in [true, true, true, false, false] {
            let line = checks
                .next(at, forward)
                .and_then(|f| f.position)
                .map(|p| p.line);
            at = line.unwrap_or(1) as usize - 1;
            stops.push(at);
        }
        assert_eq!(stops, [1, 4, 1, 4, 1]);
        assert!(Checks::default().next(0, true).is_none());
    }

    #[test]
    fn a_clock_that_goes_back_does_not_stop_the_checks() {
        let mut checks = Checks::default();
        checks.changed(1_000_000);
        assert!(!checks.is_due(1_000_100));
        assert!(checks.is_due(1_000_250));
        assert!(checks.is_due(0));
    }
}
