//! Pane 1: the subscribed resources.

use crate::domain::ResourceKey;
use crate::engine::{ResourceRow, RowState};
use crate::query::{Filter, FilterColumn, Pattern, Term};
use crate::tui::table::{Arrange, Arrangement, Row, Table};
use crate::tui::theme::Mark;
use crate::tui::window::Window;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Columns that a filter may name; a free word is looked for in all of them.
pub const FILTER: &[FilterColumn] = &[
    FilterColumn { names: &["state"] },
    FilterColumn { names: &["kind"] },
    FilterColumn {
        names: &["ns", "namespace"],
    },
    FilterColumn { names: &["name"] },
    FilterColumn {
        names: &["trigger", "last"],
    },
];

const NAMESPACE: usize = 2;

/// Columns to sort by, in the order that the key goes through them; the word is shown.
pub const SORTS: [&str; 7] = ["last", "state", "kind", "namespace", "name", "true", "age"];

impl Row for ResourceRow {
    type Id = ResourceKey;

    fn id(&self) -> &ResourceKey {
        &self.key
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        let by_column = match column {
            0 => self.last_ms.cmp(&other.last_ms),
            1 => self.state.cmp(&other.state),
            2 => self.key.kind.kind.cmp(&other.key.kind.kind),
            3 => self.key.namespace.cmp(&other.key.namespace),
            4 => self.key.name.cmp(&other.key.name),
            5 => self.conditions_true.cmp(&other.conditions_true),
            // The older, the larger the age.
            _ => other.created_ms.cmp(&self.created_ms),
        };
        by_column
            .then_with(|| self.key.namespace.cmp(&other.key.namespace))
            .then_with(|| self.key.name.cmp(&other.key.name))
            .then_with(|| self.key.kind.cmp(&other.key.kind))
    }

    fn passes(&self, filter: &Filter) -> bool {
        filter.passes(FILTER.len(), |column, pattern| {
            pattern.matches(match column {
                0 => Mark::from(self.state).word(),
                1 => &self.key.kind.kind,
                2 => &self.key.namespace,
                3 => &self.key.name,
                _ => &self.last_trigger,
            })
        })
    }
}

/// Sums over all resources, shown or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Resources with a condition that is true.
    pub firing: u64,
    /// Resources with an evaluation error.
    pub errors: u64,
    /// Resources with a failed delivery.
    pub failed: u64,
}

impl Sums {
    fn count(&mut self, row: &ResourceRow, add: bool) {
        let counts = [
            (&mut self.firing, row.conditions_true > 0),
            (
                &mut self.errors,
                row.errors > 0 || row.state == RowState::Error,
            ),
            (&mut self.failed, row.state == RowState::Failed),
        ];
        for (sum, counted) in counts {
            if counted && add {
                *sum += 1;
            } else if counted {
                *sum = sum.saturating_sub(1);
            }
        }
    }
}

/// State of pane 1.
pub struct ResourcesPane {
    /// The rows.
    pub table: Table<ResourceRow>,
    /// The selected resource.
    pub selected: Option<ResourceKey>,
    /// What is visible.
    pub window: Window,
    /// The first row stays selected while the first rows come in.
    pinned: bool,
    /// What was typed as filter.
    pub filter_text: String,
    /// Sums.
    pub sums: Sums,
    /// Marked resources.
    pub marks: HashSet<ResourceKey>,
    /// How many resources each namespace has, shown or not; without those of the whole cluster.
    pub namespaces: BTreeMap<Arc<str>, u64>,
}

impl ResourcesPane {
    /// No rows, sorted by the last thing that happened.
    pub fn new() -> Self {
        Self {
            table: Table::new(Arrangement {
                column: 0,
                descending: true,
                ..Arrangement::default()
            }),
            selected: None,
            window: Window::default(),
            pinned: true,
            filter_text: String::new(),
            sums: Sums::default(),
            marks: HashSet::new(),
            namespaces: BTreeMap::new(),
        }
    }

    /// The selected row, when it is still there.
    pub fn selected_row(&self) -> Option<&Arc<ResourceRow>> {
        self.table.get(self.selected.as_ref()?)
    }

    /// Takes over changes; `true` when the selected row is among them.
    pub fn apply(&mut self, rows: Vec<Arc<ResourceRow>>, gone: Vec<ResourceKey>) -> bool {
        let selected = self.selected.as_ref();
        let touched = rows.iter().any(|row| Some(&row.key) == selected)
            || gone.iter().any(|key| Some(key) == selected);
        if !self.marks.is_empty() {
            for key in &gone {
                self.marks.remove(key);
            }
        }
        let (sums, namespaces) = (&mut self.sums, &mut self.namespaces);
        self.table.apply(rows, gone, |old, new| {
            if let Some(old) = old {
                sums.count(old, false);
                if let Some(count) = namespaces.get_mut(&*old.key.namespace) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        namespaces.remove(&*old.key.namespace);
                    }
                }
            }
            if let Some(new) = new {
                sums.count(new, true);
                match namespaces.get_mut(&*new.key.namespace) {
                    Some(count) => *count += 1,
                    None if new.key.namespace.is_empty() => {}
                    None => {
                        namespaces.insert(Arc::clone(&new.key.namespace), 1);
                    }
                }
            }
        });
        touched
    }

    /// After changes: keeps the selection on its row, or, when that is gone, on its neighbour.
    /// While the cluster is still being read (`loading`) nobody has chosen a row yet.
    pub fn settle(&mut self, height: usize, loading: bool) {
        let len = self.table.len();
        if self.pinned {
            self.window.select(0, len, height);
            self.selected = self.key_at(0);
            self.pinned = loading;
            return;
        }
        let position = self
            .selected
            .as_ref()
            .and_then(|key| self.table.position(key));
        match position {
            Some(position) => self.window.moved(position, len, height),
            None => {
                self.window.select(self.window.position, len, height);
                self.selected = self.key_at(self.window.position);
            }
        }
    }

    /// Moves the selection.
    pub fn step(&mut self, rows: i64, height: usize) {
        self.pinned = false;
        self.window.step(rows, self.table.len(), height);
        self.selected = self.key_at(self.window.position);
    }

    /// The selected resource, else the first one.
    pub fn selected_or_first(&self) -> Option<ResourceKey> {
        let first = || self.table.rows().next().map(|row| row.key.clone());
        self.selected.clone().or_else(first)
    }

    /// Selects what stands at a position.
    pub fn select_at(&mut self, position: usize, height: usize) {
        self.pinned = false;
        self.window.select(position, self.table.len(), height);
        self.selected = self.key_at(self.window.position);
    }

    /// Selects a resource; it comes into view at the next change.
    pub fn select(&mut self, key: ResourceKey) {
        self.pinned = false;
        self.selected = Some(key);
    }

    /// Scrolls; the selection follows only when it would leave the screen.
    pub fn scroll(&mut self, rows: i64, height: usize) {
        self.pinned = false;
        self.window.scroll(rows, self.table.len(), height);
        self.selected = self.key_at(self.window.position);
    }

    fn key_at(&self, position: usize) -> Option<ResourceKey> {
        Some(self.table.row(position)?.key.clone())
    }

    /// Work for another filter.
    ///
    /// # Errors
    /// What is wrong with the filter, one sentence.
    pub fn filter(
        &mut self,
        text: &str,
        namespaces: &[String],
    ) -> Result<Arrange<ResourceRow>, String> {
        let filter = Filter::parse(text, FILTER)?;
        text.clone_into(&mut self.filter_text);
        let any_of = namespaces.iter().map(|name| in_namespace(name)).collect();
        Ok(self.table.arrange(Arrangement {
            filter,
            any_of,
            ..self.table.arrangement().clone()
        }))
    }

    /// Work for sorting by the next column; times and states begin with the largest.
    pub fn sort_next(&mut self) -> Arrange<ResourceRow> {
        let column = (self.table.arrangement().column + 1) % SORTS.len();
        self.table.arrange(Arrangement {
            column,
            descending: matches!(column, 0 | 1 | 5),
            ..self.table.arrangement().clone()
        })
    }

    /// Work for sorting by a column; the other direction when it is sorted by it already.
    pub fn sort_by(&mut self, column: usize) -> Arrange<ResourceRow> {
        if self.table.arrangement().column == column {
            return self.reverse();
        }
        self.table.arrange(Arrangement {
            column,
            descending: matches!(column, 0 | 1 | 5),
            ..self.table.arrangement().clone()
        })
    }

    /// Work for the other direction.
    pub fn reverse(&mut self) -> Arrange<ResourceRow> {
        let arrangement = self.table.arrangement().clone();
        self.table.arrange(Arrangement {
            descending: !arrangement.descending,
            ..arrangement
        })
    }
}

impl Default for ResourcesPane {
    fn default() -> Self {
        Self::new()
    }
}

fn in_namespace(name: &str) -> Filter {
    let pattern = Pattern::whole(name);
    Filter {
        terms: vec![Term {
            negated: false,
            column: Some(NAMESPACE),
            pattern,
        }],
    }
}
