//! Finding everything in the history that something is to be done to: what failed and was not sent
//! since, or what waits. Runs on a thread; what is done with it is decided in `update::sweep`.

use crate::domain::{Delivery, DeliveryId, DeliveryState, Destination, Selection};
use crate::history::{Anchor, History};
use crate::query::HistoryQuery;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Rows that are read at a time.
const PAGE: u32 = 500;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// Notifications that failed, after which nothing was tried.
    Failed,
    /// Deliveries that wait for their turn or another try.
    Waiting,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The first of them, as many as were asked for.
    pub rows: Vec<Arc<Delivery>>,
    /// All of them.
    pub total: u64,
    /// All of them by destination.
    pub destinations: BTreeMap<Destination, u64>,
}

impl Found {
    fn add(&mut self, row: Delivery, limit: usize) {
        self.total += 1;
        *self
            .destinations
            .entry(row.new.destination.clone())
            .or_default() += 1;
        if self.rows.len() < limit {
            self.rows.push(Arc::new(row));
        }
    }
}

/// Looks for what a query lets through, and keeps `limit` rows; `None` when it was cancelled.
///
/// # Errors
/// What the history reports.
pub fn look(
    history: &History,
    sweep: Sweep,
    query: &HistoryQuery,
    limit: usize,
    cancel: &CancellationToken,
) -> Option<Result<Found, String>> {
    let mut found = Found::default();
    let mut after = DeliveryId(i64::MIN);
    let mut narrowed = query.narrowed();
    if sweep == Sweep::Waiting {
        let pending = DeliveryState::Pending;
        if !narrowed.states.is_empty() && !narrowed.states.contains(&pending) {
            return Some(Ok(found));
        }
        narrowed.states = vec![pending];
    }
    loop {
        if cancel.is_cancelled() {
            return None;
        }
        let page = match sweep {
            Sweep::Failed => history.failed(&Selection::default(), after, PAGE),
            // The oldest first, too: what has waited longest is what is looked for.
            Sweep::Waiting => {
                history
                    .page(&narrowed, Anchor::After(after), PAGE)
                    .map(|mut page| {
                        page.sort_by_key(|row| row.new.id);
                        page
                    })
            }
        };
        let page = match page {
            Ok(page) => page,
            Err(error) => return Some(Err(error.to_string())),
        };
        let full = page.len() >= PAGE as usize;
        let Some(last) = page.last().map(|row| row.new.id) else {
            break;
        };
        for row in page {
            if query.matches(&row) {
                found.add(row, limit);
            }
        }
        if !full {
            break;
        }
        after = last;
    }
    Some(Ok(found))
}
