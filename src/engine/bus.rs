//! The way out of the engine: changes are kept, coalesced per key, until somebody takes them.
//!
//! The engine never waits for a reader, and a slow reader never costs more than one entry per
//! resource plus a bounded number of deliveries and notices.

use super::command::Done;
use super::event::{
    Batch, CatalogView, EngineStatus, HeldStatus, LaneStatus, Notice, ResourceRow, WatchStatus,
};
use super::progress::{Migration, PreviewNews};
use crate::domain::{Delivery, DeliveryId, ResourceKey};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Deliveries that may wait for a reader; beyond it the oldest are forgotten and the reader is told
/// to read the history.
const MAX_DELIVERIES: usize = 4_096;

/// Notices that may wait for a reader; beyond it the oldest are forgotten.
const MAX_NOTICES: usize = 1_000;

#[derive(Default)]
struct Waiting {
    /// `None` says that the resource is gone.
    rows: HashMap<ResourceKey, Option<Arc<ResourceRow>>>,
    deliveries: BTreeMap<DeliveryId, Arc<Delivery>>,
    deliveries_lost: bool,
    catalog: Option<Arc<CatalogView>>,
    watches: Option<Arc<[WatchStatus]>>,
    status: Option<Arc<EngineStatus>>,
    lanes: Option<Arc<[LaneStatus]>>,
    held: Option<Arc<HeldStatus>>,
    preview: Option<Box<PreviewNews>>,
    migration: Option<Arc<Migration>>,
    notices: VecDeque<Notice>,
    done: Vec<Done>,
}

/// How much somebody listens to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Audience {
    /// Everything: a dashboard.
    #[default]
    Everything,
    /// The engine's own condition, but neither resources nor deliveries: a program without a
    /// screen. Rows are not even made then.
    Condition,
    /// Nobody; only answers to commands are kept.
    Nobody,
}

/// Collects what the engine tells; one reader takes it in batches.
#[derive(Default)]
pub struct Bus {
    waiting: Mutex<Waiting>,
    changed: Notify,
    audience: Audience,
}

impl Bus {
    /// A bus that a dashboard reads.
    pub fn new() -> Self {
        Self::default()
    }

    /// A bus for who only wants to know how the engine is doing.
    pub fn of_condition() -> Self {
        Self {
            audience: Audience::Condition,
            ..Self::default()
        }
    }

    /// A bus that nobody reads.
    pub fn deaf() -> Self {
        Self {
            audience: Audience::Nobody,
            ..Self::default()
        }
    }

    /// Whether anybody wants to hear of resources and deliveries.
    pub fn wants_rows(&self) -> bool {
        self.audience == Audience::Everything
    }

    fn tell(&self, change: impl FnOnce(&mut Waiting)) {
        if self.audience != Audience::Nobody {
            change(&mut self.lock());
            self.changed.notify_one();
        }
    }

    fn tell_row(&self, change: impl FnOnce(&mut Waiting)) {
        if self.wants_rows() {
            self.tell(change);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic while the lock was held leaves at worst one change half told.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A resource is new or changed.
    pub fn row(&self, row: Arc<ResourceRow>) {
        self.tell_row(|waiting| {
            waiting.rows.insert(row.key.clone(), Some(row));
        });
    }

    /// A resource is gone, or no longer subscribed.
    pub fn gone(&self, key: ResourceKey) {
        self.tell_row(|waiting| {
            waiting.rows.insert(key, None);
        });
    }

    /// A delivery is new or changed.
    pub fn delivery(&self, delivery: Arc<Delivery>) {
        self.tell_row(|waiting| {
            waiting.deliveries.insert(delivery.new.id, delivery);
            if waiting.deliveries.len() > MAX_DELIVERIES {
                waiting.deliveries.pop_first();
                waiting.deliveries_lost = true;
            }
        });
    }

    /// Rows of the history changed that are not told one by one: it is to be read again.
    pub fn history_changed(&self) {
        self.tell_row(|waiting| waiting.deliveries_lost = true);
    }

    /// Another configuration is in force.
    pub fn catalog(&self, catalog: Arc<CatalogView>) {
        self.tell(|waiting| waiting.catalog = Some(catalog));
    }

    /// The state of the watches.
    pub fn watches(&self, watches: Arc<[WatchStatus]>) {
        self.tell(|waiting| waiting.watches = Some(watches));
    }

    /// The engine's condition.
    pub fn status(&self, status: Arc<EngineStatus>) {
        self.tell(|waiting| waiting.status = Some(status));
    }

    /// How the deliveries through each service are doing.
    pub fn lanes(&self, lanes: Arc<[LaneStatus]>) {
        self.tell(|waiting| waiting.lanes = Some(lanes));
    }

    /// What the flood guard holds.
    pub fn held(&self, held: Arc<HeldStatus>) {
        self.tell(|waiting| waiting.held = Some(held));
    }

    /// How the preview of a draft fares, and what it has found.
    pub fn preview(&self, news: PreviewNews) {
        self.tell_row(|waiting| match &mut waiting.preview {
            Some(known) => known.renew(news),
            None => waiting.preview = Some(Box::new(news)),
        });
    }

    /// How the migration of keys fares.
    pub fn migration(&self, migration: Arc<Migration>) {
        self.tell(|waiting| waiting.migration = Some(migration));
    }

    /// Something to read.
    pub fn notice(&self, notice: Notice) {
        self.tell(|waiting| {
            waiting.notices.push_back(notice);
            if waiting.notices.len() > MAX_NOTICES {
                waiting.notices.pop_front();
            }
        });
    }

    /// The answer to a command. Kept without a reader too, since somebody asked.
    pub fn done(&self, done: Done) {
        self.lock().done.push(done);
        self.changed.notify_one();
    }

    /// What has changed since the last call; empty when nothing has.
    pub fn take(&self) -> Batch {
        let waiting = std::mem::take(&mut *self.lock());
        let mut batch = Batch {
            deliveries: waiting.deliveries.into_values().collect(),
            deliveries_lost: waiting.deliveries_lost,
            catalog: waiting.catalog,
            watches: waiting.watches,
            status: waiting.status,
            lanes: waiting.lanes,
            held: waiting.held,
            preview: waiting.preview,
            migration: waiting.migration,
            notices: waiting.notices.into(),
            done: waiting.done,
            ..Batch::default()
        };
        for (key, row) in waiting.rows {
            match row {
                Some(row) => batch.rows.push(row),
                None => batch.gone.push(key),
            }
        }
        batch
    }

    /// Waits until something has changed, and takes it. Never returns an empty batch.
    pub async fn next(&self) -> Batch {
        loop {
            let changed = self.changed.notified();
            let batch = self.take();
            if !batch.is_empty() {
                return batch;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Kind, Severity};
    use crate::engine::event::RowState;

    fn row(name: &str, state: RowState) -> Arc<ResourceRow> {
        Arc::new(ResourceRow {
            key: ResourceKey::new(Arc::new(Kind::pod()), "default", name),
            uid: "u".into(),
            created_ms: 0,
            conditions_true: 0,
            conditions: 1,
            errors: 0,
            notified: 0,
            state,
            last_trigger: "".into(),
            last_ms: 0,
        })
    }

    #[tokio::test]
    async fn a_reader_sees_each_resource_once_with_its_newest_state() {
        let bus = Bus::new();
        bus.row(row("a", RowState::Idle));
        bus.row(row("a", RowState::Sent));
        bus.row(row("b", RowState::Idle));
        bus.gone(row("b", RowState::Idle).key.clone());
        let batch = bus.next().await;
        assert_eq!(batch.rows.len(), 1);
        assert_eq!(batch.rows[0].state, RowState::Sent);
        assert_eq!(batch.gone.len(), 1);
        assert!(bus.take().is_empty());
    }

    #[tokio::test]
    async fn a_waiting_reader_wakes() {
        let bus = Arc::new(Bus::new());
        let reader = tokio::spawn({
            let bus = Arc::clone(&bus);
            async move { bus.next().await }
        });
        tokio::task::yield_now().await;
        bus.notice(Notice {
            at_ms: 1,
            severity: Severity::Info,
            text: "hello".into(),
            help: String::new(),
            resource: None,
        });
        assert_eq!(reader.await.unwrap().notices.len(), 1);
    }

    #[test]
    fn nobody_listens_and_nothing_grows() {
        let bus = Bus::deaf();
        bus.row(row("a", RowState::Idle));
        assert!(bus.take().is_empty());
    }
}
