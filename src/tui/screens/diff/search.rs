//! Searching within a difference: which lines have the text in them, and which of them is in front.

use super::{DiffScreen, SIDE_BY_SIDE, head};
use crate::query::contains_folded;
use crate::tui::compare::Comparison;

/// A line that can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    /// One of the statements above the lines.
    Statement(usize),
    /// A row of the comparison.
    Row(usize),
}

/// What is searched for, and where it is.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// In lower case; empty without a search.
    text: String,
    hits: Vec<Spot>,
    at: usize,
}

impl Search {
    /// What is searched for; empty without a search.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The number of the hit in front, from 1, and of all.
    pub(super) fn counts(&self) -> (usize, usize) {
        match self.hits.len() {
            0 => (0, 0),
            all => (self.at + 1, all),
        }
    }

    /// Whether a line is a hit; `Some(true)` for the one in front.
    pub(super) fn hit(&self, spot: Spot) -> Option<bool> {
        let place = self.hits.binary_search(&spot).ok()?;
        Some(place == self.at)
    }

    fn look(&mut self, comparison: Option<&Comparison>) {
        self.hits.clear();
        let Some(comparison) = comparison.filter(|_| !self.text.is_empty()) else {
            return;
        };
        let found = |line: &str| contains_folded(line, &self.text);
        let statements = comparison.statements.iter().enumerate();
        let statements = statements.filter(|(_, statement)| found(&statement.to_string()));
        let rows = comparison.rows.iter().enumerate();
        let rows = rows.filter(|(_, row)| found(&row.text()));
        let statements = statements.map(|(place, _)| Spot::Statement(place));
        let hits = statements.chain(rows.map(|(place, _)| Spot::Row(place)));
        self.hits = hits.collect();
        self.at = self.at.min(self.hits.len().saturating_sub(1));
    }
}

impl DiffScreen {
    /// The comparison is made, or can't be.
    pub fn arrived(&mut self, result: Result<Box<Comparison>, String>) {
        self.search.look(result.as_ref().ok().map(AsRef::as_ref));
        self.result = Some(result);
    }

    /// Searches, whatever the case; an empty text ends the search.
    pub fn find(&mut self, text: &str) {
        let comparison = self.result.as_ref().and_then(|result| result.as_ref().ok());
        self.search.text = text.to_lowercase();
        self.search.at = 0;
        self.search.look(comparison.map(AsRef::as_ref));
    }

    /// Brings the first hit at or below the top into view.
    pub fn show_hit(&mut self, width: u16, height: usize) {
        let places = self.places(width);
        let first = places.iter().position(|place| *place >= self.top);
        self.search.at = first.unwrap_or(0);
        self.reveal(&places, width, height);
    }

    /// Goes to the next hit, or the one before, round the end.
    pub fn next_hit(&mut self, forward: bool, width: u16, height: usize) {
        let all = self.search.hits.len();
        if all == 0 {
            return;
        }
        let step = if forward { 1 } else { all - 1 };
        self.search.at = (self.search.at + step) % all;
        self.reveal(&self.places(width), width, height);
    }

    fn reveal(&mut self, places: &[usize], width: u16, height: usize) {
        if let Some(&place) = places.get(self.search.at)
            && !(self.top..self.top.saturating_add(height)).contains(&place)
        {
            let most = self.len(width).saturating_sub(height);
            self.top = place.saturating_sub(height / 3).min(most);
        }
    }

    /// Where the hits stand in the list at this width.
    fn places(&self, width: u16) -> Vec<usize> {
        let Some(comparison) = self.comparison() else {
            return Vec::new();
        };
        let mut of_row: Vec<usize> = (0..comparison.rows.len()).collect();
        if width >= SIDE_BY_SIDE {
            for (place, (old, new)) in comparison.pairs.iter().enumerate() {
                for row in [old, new].into_iter().flatten() {
                    if let Some(of_row) = of_row.get_mut(*row) {
                        *of_row = place;
                    }
                }
            }
        }
        let head = head(comparison);
        let place = |spot: &Spot| match spot {
            // The heading stands above the statements.
            Spot::Statement(place) => place + 1,
            Spot::Row(row) => head + of_row.get(*row).copied().unwrap_or_default(),
        };
        self.search.hits.iter().map(place).collect()
    }
}
