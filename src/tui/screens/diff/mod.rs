//! The difference of a draft, or of a version, to another version: what it means, and line by line;
//! side by side where there is room.

mod search;
mod view;

pub use search::Search;
pub use view::draw;

use crate::history::ConfigVersion;
use crate::tui::compare::{Comparison, Version};
use crate::tui::layout;
use crate::tui::model::Model;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Columns from which both versions stand side by side.
pub const SIDE_BY_SIDE: u16 = 160;

/// What one of the two versions is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// What is in the cluster now.
    Live,
    /// What the draft is based on.
    Base,
    /// A recorded version.
    Recorded(Box<ConfigVersion>),
}

/// What is looked at.
#[derive(Clone, Debug)]
pub enum Subject {
    /// Drafts: what would be in the cluster, and what of it they are based on.
    Drafts {
        /// What it is called.
        title: String,
        /// The keys that the drafts change.
        keys: BTreeSet<String>,
        /// Their new texts; a key that is not there is removed.
        mine: Arc<BTreeMap<String, String>>,
        /// Their texts that the drafts are based on.
        base: Arc<BTreeMap<String, String>>,
    },
    /// What is in the cluster, compared with recorded versions.
    Live,
}

/// State of the screen.
#[derive(Clone, Debug)]
pub struct DiffScreen {
    /// Tells late answers apart.
    pub number: u64,
    /// What is looked at.
    pub subject: Subject,
    /// With what it can be compared.
    pub against: Vec<Against>,
    /// With which of them it is compared.
    pub chosen: usize,
    /// The comparison; `None` while it is being made.
    pub result: Option<Result<Box<Comparison>, String>>,
    /// First row that is shown.
    pub top: usize,
    /// Cells that are scrolled over on the left.
    pub left: usize,
    /// What is searched for.
    pub search: Search,
    /// The catalog that it was made with, by its resourceVersion.
    pub live: String,
}

impl DiffScreen {
    /// With what it is compared.
    pub fn compared_with(&self) -> Option<&Against> {
        self.against.get(self.chosen)
    }

    /// What was, what is, and the keys that it is about.
    pub fn versions(
        &self,
        live: &Arc<BTreeMap<String, String>>,
    ) -> (Version, Version, Option<BTreeSet<String>>) {
        let other = match (self.compared_with(), &self.subject) {
            (Some(Against::Recorded(version)), _) => Version::Recorded(version.number),
            (Some(Against::Base), Subject::Drafts { base, .. }) => Version::Known(Arc::clone(base)),
            _ => Version::Known(Arc::clone(live)),
        };
        match &self.subject {
            Subject::Drafts { keys, mine, .. } => {
                (other, Version::Known(Arc::clone(mine)), Some(keys.clone()))
            }
            Subject::Live => (other, Version::Known(Arc::clone(live)), None),
        }
    }

    /// The comparison.
    pub fn comparison(&self) -> Option<&Comparison> {
        self.result.as_ref()?.as_ref().ok().map(AsRef::as_ref)
    }

    /// Rows of the list at this width.
    pub fn len(&self, width: u16) -> usize {
        let Some(comparison) = self.comparison() else {
            return 0;
        };
        let lines = if width >= SIDE_BY_SIDE {
            comparison.pairs.len()
        } else {
            comparison.rows.len()
        };
        head(comparison) + lines
    }

    /// Scrolls down (or up).
    pub fn scroll(&mut self, rows: i64, width: u16, height: usize) {
        let step = usize::try_from(rows.unsigned_abs()).unwrap_or(usize::MAX);
        let most = self.len(width).saturating_sub(height);
        self.top = if rows < 0 {
            self.top.saturating_sub(step)
        } else {
            self.top.saturating_add(step).min(most)
        };
    }

    /// Scrolls right (or left).
    pub fn sideways(&mut self, cells: i64) {
        let step = usize::try_from(cells.unsigned_abs()).unwrap_or(usize::MAX);
        self.left = if cells < 0 {
            self.left.saturating_sub(step)
        } else {
            self.left.saturating_add(step).min(100_000)
        };
    }

    /// As text, to copy: a unified difference.
    pub fn report(&self) -> String {
        use crate::tui::compare::RowKind;
        let Some(comparison) = self.comparison() else {
            return String::new();
        };
        let mut text = String::new();
        for row in &comparison.rows {
            let sign = match row.kind {
                RowKind::Key => "@@ ",
                RowKind::Gap | RowKind::Same => " ",
                RowKind::Removed => "-",
                RowKind::Added => "+",
            };
            text.push_str(sign);
            text.push_str(&row.text());
            text.push('\n');
        }
        text
    }
}

/// Rows above the lines: the statements with their heading and an empty row.
fn head(comparison: &Comparison) -> usize {
    match comparison.statements.len() {
        0 => 0,
        statements => statements + 2,
    }
}

/// Rows of the list.
pub fn rows(model: &Model) -> usize {
    layout::text_rows(model.width, model.height)
}
