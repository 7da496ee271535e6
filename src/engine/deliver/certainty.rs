//! What a delivery does because another engine may be at work, or because its object is gone.

use super::Deliverer;
use crate::cluster::{LeaseTerm, get_object};
use crate::domain::{Cause, DeliveryId, NotifiedState};
use crate::engine::job::Job;
use crate::engine::ledger::ended_by;
use std::time::Duration;

/// Resolves when what is in flight must be cut off because the right to send was lost.
pub(super) async fn lapse(term: Option<LeaseTerm>, grace: Duration) {
    let Some(term) = term else {
        return std::future::pending().await;
    };
    term.lapsed().await;
    tokio::time::sleep(term.margin().min(grace)).await;
}

impl Deliverer {
    /// Reads the object again where what is known of it may be too old, and keeps it for rendering.
    /// Whether its notified state says that another engine has sent this.
    pub(super) async fn is_told(&self, job: &mut Job) -> bool {
        let new = &job.delivery.new;
        let by_entry = new.cause != Cause::Resend && ended_by(&new.state_key).is_none();
        let Some(annotation) = job.check.take().filter(|_| by_entry) else {
            return false;
        };
        // What can't be read is read, and told about, by the rendering.
        let Ok(object) = get_object(&self.cluster, &job.key).await else {
            return false;
        };
        if !new.uid.is_empty() && object.uid != *new.uid {
            return false;
        }
        let text = object.annotations.get(&*annotation);
        let (state, _) = NotifiedState::parse(text.map_or("", String::as_str));
        // A reminder has an older entry. The times of others may be those of another clock, so they
        // are not looked at otherwise.
        let sent = state.get(&new.state_key).is_some_and(|at| {
            new.cause != Cause::Timer
                || at.saturating_mul(1_000).saturating_add(999) >= new.created_ms
        });
        job.object = Some(object.raw);
        sent
    }

    /// Records that an earlier try of somebody may have arrived, and the intent if that was not done
    /// yet.
    pub(super) async fn record_doubt(&self, job: &mut Job) {
        self.intend(job).await;
        if let Some(history) = &self.history
            && let Err(error) = history.doubt(job.delivery.new.id).await
        {
            tracing::debug!("that a delivery may be a repetition was not recorded: {error}");
        }
    }

    /// Records the intent together with the object, when the object is gone: nothing but the history
    /// could tell the next run about it.
    pub(super) async fn keep_object(&self, job: &mut Job) {
        let (Some(history), Some(object)) = (&self.history, job.object.clone()) else {
            return;
        };
        if !job.last || job.recorded || job.dry_run {
            return;
        }
        self.intend(job).await;
        if let Err(error) = history.keep_object(job.delivery.new.id, object).await {
            tracing::debug!("the last state of a deleted object was not recorded: {error}");
        }
    }

    /// The object of an ended delivery is not needed any more.
    pub(super) async fn drop_object(&self, id: DeliveryId) {
        if let Some(history) = &self.history
            && let Err(error) = history.drop_object(id).await
        {
            tracing::debug!("the last state of a deleted object was not removed: {error}");
        }
    }
}
