//! Tables of live rows: kept sorted and filtered without ever sorting on a frame.
//!
//! A [`Table`] owns its rows by slot and an order of slots. Changes are merged into the order in
//! one pass; another sort column or filter is worked out by a job ([`Arrange`]) on a snapshot and
//! swapped in when it is ready, with what changed meanwhile merged on top. Screens read rows by
//! position and build only those they show.

mod slab;

use crate::query::Filter;
use slab::{Slab, Snapshot};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What can be a row of a [`Table`].
pub trait Row: Send + Sync + 'static {
    /// Identity.
    type Id: Clone + Eq + Hash + Send + Sync + 'static;

    /// The row's identity.
    fn id(&self) -> &Self::Id;

    /// Ascending order by a column; rows are equal only when their ids are, so that the order is
    /// total.
    fn compare(&self, other: &Self, column: usize) -> Ordering;

    /// Whether a filter lets the row through.
    fn passes(&self, filter: &Filter) -> bool;
}

/// What is shown, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// Column to sort by.
    pub column: usize,
    /// Largest first.
    pub descending: bool,
    /// What is typed.
    pub filter: Filter,
    /// Further filters of which one must let the row through; none lets all through.
    pub any_of: Vec<Filter>,
}

impl Arrangement {
    fn compare<R: Row>(&self, a: &R, b: &R) -> Ordering {
        let order = a.compare(b, self.column);
        if self.descending {
            order.reverse()
        } else {
            order
        }
    }

    fn shows<R: Row>(&self, row: &R) -> bool {
        row.passes(&self.filter)
            && (self.any_of.is_empty() || self.any_of.iter().any(|filter| row.passes(filter)))
    }

    fn shows_all(&self) -> bool {
        self.filter.is_empty() && self.any_of.is_empty()
    }
}

/// The work of a new arrangement, for a worker thread.
#[derive(Debug)]
pub struct Arrange<R> {
    number: u64,
    arrangement: Arrangement,
    rows: Snapshot<R>,
}

/// The result of [`Arrange`].
#[derive(Debug)]
pub struct Arranged {
    number: u64,
    arrangement: Arrangement,
    order: Vec<u32>,
}

impl<R: Row> Arrange<R> {
    /// Sorts and filters; `None` when it was cancelled.
    pub fn run(self, cancel: &CancellationToken) -> Option<Arranged> {
        let mut rows: Vec<(u32, &Arc<R>)> = Vec::new();
        for (index, (slot, row)) in self.rows.iter().enumerate() {
            if index % 4_096 == 0 && cancel.is_cancelled() {
                return None;
            }
            if self.arrangement.shows(row.as_ref()) {
                rows.push((slot, row));
            }
        }
        rows.sort_unstable_by(|(_, a), (_, b)| self.arrangement.compare(a.as_ref(), b.as_ref()));
        if cancel.is_cancelled() {
            return None;
        }
        Some(Arranged {
            number: self.number,
            order: rows.into_iter().map(|(slot, _)| slot).collect(),
            arrangement: self.arrangement,
        })
    }
}

/// Live rows in the order they are shown in.
#[derive(Debug)]
pub struct Table<R: Row> {
    rows: Slab<R>,
    slots: HashMap<R::Id, u32>,
    order: Vec<u32>,
    /// The arrangement that `order` has.
    current: Arrangement,
    /// The arrangement that was asked for; differs while a job works.
    wanted: Arrangement,
    /// Number of the newest job.
    job: u64,
    /// A job is under way.
    busy: bool,
    /// Slots that changed since the job's snapshot.
    since: Vec<u32>,
    /// One bit per slot, set only while a change is being merged.
    touched: Vec<u64>,
}

impl<R: Row> Table<R> {
    /// An empty table.
    pub fn new(arrangement: Arrangement) -> Self {
        Self {
            rows: Slab::default(),
            slots: HashMap::new(),
            order: Vec::new(),
            current: arrangement.clone(),
            wanted: arrangement,
            job: 0,
            busy: false,
            since: Vec::new(),
            touched: Vec::new(),
        }
    }

    /// Number of rows that are shown.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether no row is shown.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Number of rows, shown or not.
    pub fn total(&self) -> usize {
        self.rows.len()
    }

    /// The arrangement that was asked for.
    pub fn arrangement(&self) -> &Arrangement {
        &self.wanted
    }

    /// Whether a job has still to bring the arrangement.
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// The row at a position.
    pub fn row(&self, position: usize) -> Option<&Arc<R>> {
        self.rows.get(*self.order.get(position)?)
    }

    /// All rows, shown or not, in no order.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<R>> {
        self.rows.iter()
    }

    /// The row with this id, shown or not.
    pub fn get(&self, id: &R::Id) -> Option<&Arc<R>> {
        self.rows.get(*self.slots.get(id)?)
    }

    /// Where the row with this id stands; `None` when it is not shown.
    pub fn position(&self, id: &R::Id) -> Option<usize> {
        let slot = *self.slots.get(id)?;
        let row = self.rows.get(slot)?;
        let position = self.search(row.as_ref()).ok()?;
        (self.order.get(position) == Some(&slot)).then_some(position)
    }

    /// Takes over new, changed and removed rows. `seen` is told each replaced or removed row and
    /// each new one, so that sums can be kept.
    pub fn apply(
        &mut self,
        changed: impl IntoIterator<Item = Arc<R>>,
        gone: impl IntoIterator<Item = R::Id>,
        mut seen: impl FnMut(Option<&R>, Option<&R>),
    ) {
        let mut slots = Vec::new();
        let mut removed = Vec::new();
        for row in changed {
            let slot = match self.slots.get(row.id()) {
                Some(&slot) => {
                    seen(self.rows.get(slot).map(Arc::as_ref), Some(&row));
                    self.rows.replace(slot, row);
                    slot
                }
                None => {
                    seen(None, Some(&row));
                    let id = row.id().clone();
                    let slot = self.rows.insert(row);
                    self.slots.insert(id, slot);
                    slot
                }
            };
            slots.push(slot);
        }
        for id in gone {
            if let Some(slot) = self.slots.remove(&id) {
                seen(self.rows.get(slot).map(Arc::as_ref), None);
                removed.push(slot);
                slots.push(slot);
            }
        }
        // Freed only now, so that no new row of this call takes a slot that is still in the order.
        for slot in removed {
            self.rows.remove(slot);
        }
        if self.busy {
            self.since.extend_from_slice(&slots);
        }
        self.merge(&slots);
    }

    /// Asks for another arrangement: the work is returned, its result goes to
    /// [`Table::arranged`].
    pub fn arrange(&mut self, arrangement: Arrangement) -> Arrange<R> {
        self.wanted = arrangement.clone();
        self.job += 1;
        self.busy = true;
        self.since.clear();
        Arrange {
            number: self.job,
            arrangement,
            rows: self.rows.snapshot(),
        }
    }

    /// Takes over a result; one that is not the newest is ignored.
    pub fn arranged(&mut self, arranged: Arranged) {
        if arranged.number != self.job {
            return;
        }
        self.busy = false;
        self.order = arranged.order;
        self.current = arranged.arrangement;
        let since = std::mem::take(&mut self.since);
        self.merge(&since);
    }

    /// Where a row stands in the order, or would stand.
    fn search(&self, row: &R) -> Result<usize, usize> {
        self.order
            .binary_search_by(|slot| match self.rows.get(*slot) {
                Some(other) => self.current.compare(other.as_ref(), row),
                None => Ordering::Less,
            })
    }

    /// Where a row belongs, given that it is not before `from`: in steps that double, since rows
    /// that change together mostly stand together.
    fn place_after(&self, from: usize, row: &R) -> usize {
        let before = |slot: &u32| match self.rows.get(*slot) {
            Some(other) => self.current.compare(other.as_ref(), row) == Ordering::Less,
            None => true,
        };
        let mut low = from;
        let mut step = 1;
        let mut high = from;
        while self.order.get(high).is_some_and(before) {
            low = high + 1;
            high = high.saturating_add(step);
            step *= 2;
        }
        let high = high.min(self.order.len());
        let rest = self.order.get(low..high).unwrap_or_default();
        low + rest.partition_point(before)
    }

    /// Brings the order up to date with these slots, in one pass over it.
    fn merge(&mut self, slots: &[u32]) {
        if slots.is_empty() {
            return;
        }
        self.touched.resize(self.rows.slots() / 64 + 1, 0);
        for &slot in slots {
            if let Some(word) = self.touched.get_mut(slot as usize / 64) {
                *word |= 1 << (slot % 64);
            }
        }
        let touched = &self.touched;
        self.order.retain(|&slot| {
            touched
                .get(slot as usize / 64)
                .is_none_or(|word| word & (1 << (slot % 64)) == 0)
        });
        // Each slot once, and only rows that are there and shown.
        let mut added: Vec<u32> = Vec::with_capacity(slots.len());
        for &slot in slots {
            let Some(word) = self.touched.get_mut(slot as usize / 64) else {
                continue;
            };
            if *word & (1 << (slot % 64)) == 0 {
                continue;
            }
            *word &= !(1 << (slot % 64));
            if let Some(row) = self.rows.get(slot)
                && (self.current.shows_all() || self.current.shows(row.as_ref()))
            {
                added.push(slot);
            }
        }
        let by_row = |a: &u32, b: &u32| match (self.rows.get(*a), self.rows.get(*b)) {
            (Some(a), Some(b)) => self.current.compare(a.as_ref(), b.as_ref()),
            _ => Ordering::Equal,
        };
        added.sort_unstable_by(by_row);
        self.weave(&added);
    }

    /// Puts sorted slots into the order, moving each stretch of it once, from the end.
    fn weave(&mut self, added: &[u32]) {
        let mut from = 0;
        let places: Vec<usize> = added
            .iter()
            .map(|slot| {
                if let Some(row) = self.rows.get(*slot) {
                    from = self.place_after(from, row.as_ref());
                }
                from
            })
            .collect();
        let mut end = self.order.len();
        self.order.resize(end + added.len(), 0);
        for (before, (&slot, &place)) in added.iter().zip(&places).enumerate().rev() {
            self.order.copy_within(place..end, place + before + 1);
            self.order[place + before] = slot;
            end = place;
        }
    }
}

#[cfg(test)]
mod tests;
