//! Pane 3: the deliveries, newest first.
//!
//! The pane holds one contiguous stretch of the history: pages come from the store when an end
//! comes near, changes come live. A stretch that reaches the newest row takes new deliveries at
//! its head.

use crate::domain::{Delivery, DeliveryId};
use crate::history::Anchor;
use crate::query::HistoryQuery;
use crate::tui::clock::Due;
use crate::tui::message::{PageKind, Strip};
use crate::tui::window::Window;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// Rows that are held at most.
const HELD: usize = 4_000;

/// Rows from an end of the stretch at which the next page is asked for.
const NEAR: usize = 150;

/// State of pane 3.
pub struct HistoryPane {
    rows: VecDeque<Arc<Delivery>>,
    /// The first row is the newest there is.
    at_head: bool,
    /// The last row is the oldest there is.
    at_tail: bool,
    /// A page is on its way.
    pub loading: bool,
    /// Number of the query in force; answers with another one are late.
    pub number: u64,
    /// What is let through.
    pub query: HistoryQuery,
    /// What was typed as filter.
    pub filter_text: String,
    /// How many rows the query lets through, when that was counted.
    pub count: Option<u64>,
    /// The selected delivery.
    pub selected: Option<DeliveryId>,
    /// What is visible.
    pub window: Window,
    /// Keeps to the newest row.
    pub follow: bool,
    /// Why the history can't be read.
    pub problem: Option<String>,
    /// Marked deliveries.
    pub marks: BTreeMap<DeliveryId, Arc<Delivery>>,
    /// Deliveries over time.
    pub strip: Option<Strip>,
    /// When they are counted anew.
    pub strip_due: Due,
}

impl Default for HistoryPane {
    fn default() -> Self {
        Self {
            rows: VecDeque::new(),
            at_head: true,
            at_tail: true,
            loading: false,
            number: 0,
            query: HistoryQuery::default(),
            filter_text: String::new(),
            count: None,
            selected: None,
            window: Window::default(),
            follow: true,
            problem: None,
            marks: BTreeMap::new(),
            strip: None,
            strip_due: Due::now(0),
        }
    }
}

impl HistoryPane {
    /// Number of rows that are held.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row is held.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row at a position of the stretch.
    pub fn row(&self, position: usize) -> Option<&Arc<Delivery>> {
        self.rows.get(position)
    }

    /// The selected row.
    pub fn selected_row(&self) -> Option<&Arc<Delivery>> {
        self.rows.get(self.position(self.selected?).ok()?)
    }

    fn position(&self, id: DeliveryId) -> Result<usize, usize> {
        self.rows.binary_search_by(|row| id.cmp(&row.new.id))
    }

    /// Begins another query; what is held is forgotten, except for the selection.
    pub fn restart(&mut self, query: HistoryQuery, stored: bool) {
        self.number += 1;
        self.query = query;
        self.count = None;
        if stored {
            self.rows.clear();
        } else {
            let query = &self.query;
            self.rows.retain(|row| query.matches(row));
        }
        self.at_head = true;
        // Without a store, what comes live is all there is.
        self.at_tail = !stored;
        self.loading = false;
        self.problem = None;
        self.strip = None;
        self.strip_due = Due::now(0);
        self.window = Window::default();
    }

    /// Some deliveries were not told: they have to be read from the store.
    pub fn missed(&mut self) {
        if self.follow {
            let query = self.query.clone();
            self.restart(query, true);
        } else {
            // What is being read stays; the missing rows are newer and come as a page.
            self.at_head = false;
        }
    }

    /// A delivery is new or changed.
    pub fn live(&mut self, delivery: &Arc<Delivery>) {
        let position = self.position(delivery.new.id);
        if !self.query.matches(delivery) {
            if let Ok(position) = position {
                self.rows.remove(position);
                self.count = self.count.map(|count| count.saturating_sub(1));
            }
            return;
        }
        match position {
            Ok(position) => {
                if let Some(row) = self.rows.get_mut(position) {
                    *row = Arc::clone(delivery);
                }
                return;
            }
            Err(0) if self.at_head => self.rows.push_front(Arc::clone(delivery)),
            Err(position) if position > 0 && position < self.rows.len() => {
                self.rows.insert(position, Arc::clone(delivery));
            }
            Err(0) => {}
            Err(_) if self.at_tail => self.rows.push_back(Arc::clone(delivery)),
            Err(_) => return,
        }
        self.count = self.count.map(|count| count.saturating_add(1));
        if self.rows.len() > HELD && self.window.position + NEAR < HELD {
            self.rows.pop_back();
            self.at_tail = false;
        } else if self.rows.len() > 2 * HELD {
            self.rows.pop_front();
            self.at_head = false;
        }
    }

    /// A page has come; `more` says that there is more in its direction.
    pub fn page(&mut self, kind: PageKind, page: Vec<Arc<Delivery>>, more: bool) {
        self.loading = false;
        match kind {
            PageKind::Newest => {
                // What came live meanwhile stays: it is newer than anything the store told.
                let newest = page.first().map(|row| row.new.id);
                let held: HashMap<DeliveryId, Arc<Delivery>> = self
                    .rows
                    .iter()
                    .map(|row| (row.new.id, Arc::clone(row)))
                    .collect();
                self.rows.retain(|row| Some(row.new.id) > newest);
                // A change that came live after the store was read is newer too.
                self.rows
                    .extend(page.into_iter().map(|row| match held.get(&row.new.id) {
                        Some(live) if live.updated_ms > row.updated_ms => Arc::clone(live),
                        _ => row,
                    }));
                self.at_head = true;
                self.at_tail = !more;
            }
            PageKind::Older => {
                let last = self.rows.back().map(|row| row.new.id);
                let older = |row: &Arc<Delivery>| last.is_none_or(|last| row.new.id < last);
                self.rows.extend(page.into_iter().filter(older));
                self.at_tail = !more;
                while self.rows.len() > HELD && self.window.position > NEAR {
                    self.rows.pop_front();
                    self.at_head = false;
                    self.shifted(-1);
                }
            }
            PageKind::Newer => {
                let first = self.rows.front().map(|row| row.new.id);
                for row in page.into_iter().rev() {
                    if first.is_none_or(|first| row.new.id > first) {
                        self.rows.push_front(row);
                        self.shifted(1);
                    }
                }
                self.at_head = !more;
                while self.rows.len() > HELD && self.window.position + NEAR < self.rows.len() {
                    self.rows.pop_back();
                    self.at_tail = false;
                }
            }
            PageKind::Oldest => {
                self.rows = page.into();
                self.at_tail = true;
                self.at_head = !more;
                self.window = Window {
                    top: self.rows.len(),
                    position: self.rows.len().saturating_sub(1),
                };
                self.selected = self.rows.back().map(|row| row.new.id);
            }
        }
    }

    /// Rows were added (or removed) before the first one: what is visible moves with them.
    fn shifted(&mut self, rows: i64) {
        let shift = |at: usize| at.saturating_add_signed(isize::try_from(rows).unwrap_or(0));
        self.window.top = shift(self.window.top);
        self.window.position = shift(self.window.position);
    }

    /// The page that should be asked for now.
    pub fn wanted_page(&self, height: usize) -> Option<(PageKind, Anchor)> {
        if self.loading || self.problem.is_some() {
            return None;
        }
        let below = self.window.top.saturating_add(height).saturating_add(NEAR);
        if self.rows.is_empty() && !self.at_tail {
            Some((PageKind::Newest, Anchor::Newest))
        } else if !self.at_tail && below > self.rows.len() {
            let last = self.rows.back()?.new.id;
            Some((PageKind::Older, Anchor::Before(last)))
        } else if !self.at_head && self.window.top < NEAR {
            let first = self.rows.front()?.new.id;
            Some((PageKind::Newer, Anchor::After(first)))
        } else {
            None
        }
    }

    /// After changes: keeps the selection where it belongs.
    pub fn settle(&mut self, height: usize) {
        let len = self.rows.len();
        if self.follow {
            self.window.select(0, len, height);
            self.window.top = 0;
            self.selected = self.rows.front().map(|row| row.new.id);
            return;
        }
        match self.selected.map(|id| self.position(id)) {
            Some(Ok(position)) => self.window.moved(position, len, height),
            // What is selected may be on its way from the store.
            _ if len == 0 && !self.at_tail => {}
            _ => {
                self.window.select(self.window.position, len, height);
                self.selected = self.id_at(self.window.position);
            }
        }
    }

    /// Moves the selection; leaving the newest row stops following.
    pub fn step(&mut self, rows: i64, height: usize) {
        self.window.step(rows, self.rows.len(), height);
        self.selected = self.id_at(self.window.position);
        self.follow = self.follow && self.window.position == 0;
    }

    /// Selects what stands at a position.
    pub fn select_at(&mut self, position: usize, height: usize) {
        self.window.select(position, self.rows.len(), height);
        self.selected = self.id_at(self.window.position);
        self.follow = false;
    }

    /// Scrolls.
    pub fn scroll(&mut self, rows: i64, height: usize) {
        self.window.scroll(rows, self.rows.len(), height);
        self.selected = self.id_at(self.window.position);
        self.follow = self.follow && self.window.top == 0 && self.window.position == 0;
    }

    /// Goes to the newest row and stays there; the page to ask for when it is not held.
    pub fn to_newest(&mut self) -> Option<(PageKind, Anchor)> {
        self.follow = true;
        self.window = Window::default();
        self.selected = self.id_at(0);
        (!self.at_head).then_some((PageKind::Newest, Anchor::Newest))
    }

    /// Goes to the oldest row; the page to ask for when it is not held.
    pub fn to_oldest(&mut self, height: usize) -> Option<(PageKind, Anchor)> {
        self.follow = false;
        self.select_at(self.rows.len(), height);
        (!self.at_tail).then_some((PageKind::Oldest, Anchor::Oldest))
    }

    /// Whether the stretch begins with the newest delivery.
    pub fn is_at_head(&self) -> bool {
        self.at_head
    }

    fn id_at(&self, position: usize) -> Option<DeliveryId> {
        Some(self.rows.get(position)?.new.id)
    }
}
