//! How a walk ends, and what is told of it meanwhile.

use super::command::{CommandError, Done, Reply};
use super::progress::WorkPhase;
use super::reconcile::Reconciler;
use super::walk::Purpose;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// News are told at most this often.
const NEWS_EVERY: Duration = Duration::from_millis(100);

impl Reconciler {
    /// Ends the walk, and answers who has asked for it.
    pub(super) fn end_walk(&mut self, phase: WorkPhase) {
        let Some(walk) = self.walk.as_deref_mut() else {
            return;
        };
        walk.cancel.cancel();
        *walk.phase() = phase.clone();
        self.tell_walk(true);
        let Some(walk) = self.walk.take() else {
            return;
        };
        let result = match (phase, walk.purpose) {
            (WorkPhase::Failed(text), _) => Err(CommandError::Failed(text)),
            (_, Purpose::Preview) => Ok(Reply::Previewed),
            (_, Purpose::Migrate | Purpose::Undo) => {
                tracing::info!(
                    "migration of keys: {} entries of {} objects {}, {} objects failed",
                    walk.migration.entries,
                    walk.migration.written,
                    if walk.migration.undo {
                        "taken back"
                    } else {
                        "added"
                    },
                    walk.migration.failed,
                );
                Ok(Reply::Migrated(Box::new(walk.migration.clone())))
            }
        };
        let ticket = walk.ticket;
        self.bus.done(Done { ticket, result });
    }

    /// Tells how far it is, unless that was told a moment ago.
    pub(super) fn tell_walk(&mut self, at_once: bool) {
        let Some(walk) = self.walk.as_deref_mut() else {
            return;
        };
        if !at_once && walk.told.is_some_and(|told| told.elapsed() < NEWS_EVERY) {
            return;
        }
        walk.told = Some(Instant::now());
        if walk.purpose == Purpose::Preview {
            let took = i64::try_from(walk.began.elapsed().as_millis()).unwrap_or(i64::MAX);
            walk.preview.took_ms = took;
            walk.preview.fetching = walk.deferred.len() as u64;
            let mut news = walk.preview.clone();
            if let Some(comparison) = &mut walk.comparison {
                news.radius = comparison.take_news();
            }
            self.bus.preview(news);
        } else {
            self.bus.migration(Arc::new(walk.migration.clone()));
        }
    }
}
