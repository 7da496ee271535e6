//! One series of tries, as the service defines it, with each try recorded.

use super::outcome::Arrived;
use super::{Deliverer, Sender};
use crate::domain::{Attempt, DeliveryId};
use crate::engine::job::Job;
use crate::engine::lane::Lane;
use crate::service::{Progress, SendError, send_series};
use tokio::sync::mpsc;

impl Deliverer {
    /// Makes one series of tries.
    pub(super) async fn series(
        &self,
        job: &mut Job,
        lane: &Lane,
        sender: &Sender,
    ) -> Result<Arrived, SendError> {
        let before = job.delivery.attempts;
        let id = job.delivery.new.id;
        let destination = job.delivery.new.destination.clone();
        let (tries, mut tried) = mpsc::unbounded_channel::<Attempt>();
        let mut note = move |progress: Progress| {
            if let Progress::Ended(mut attempt) = progress {
                attempt.number = attempt.number.saturating_add(before);
                // The receiver lives as long as the series.
                let _ = tries.send(attempt);
            }
        };
        let sending = async {
            let (service, notification) = (sender.service.as_ref(), &sender.notification);
            let result = send_series(service, notification, &destination, &mut note).await;
            drop(note);
            result
        };
        let recording = async {
            while let Some(mut attempt) = tried.recv().await {
                attempt.error = sender.masker.mask(&attempt.error).into_owned();
                lane.tried(attempt.took_ms, &attempt.error);
                let delivery = &mut job.delivery;
                delivery.attempts = attempt.number;
                delivery.status = attempt.status;
                delivery.took_ms = Some(attempt.took_ms);
                delivery.next_ms = attempt.next_ms;
                delivery.error.clone_from(&attempt.error);
                delivery.updated_ms = attempt.started_ms.saturating_add(attempt.took_ms);
                if attempt.error.is_empty() {
                    // Recorded together with the outcome, which follows at once.
                    job.unrecorded = Some(attempt);
                } else {
                    self.tell(delivery);
                    self.record_attempt(id, attempt).await;
                }
            }
        };
        let (result, ()) = tokio::join!(sending, recording);
        result.map(|sent| Arrived {
            detail: sender.masker.mask(&sent.detail).into_owned(),
            response: sender.masker.mask(&sent.response).into_owned(),
            status: sent.status,
        })
    }

    async fn record_attempt(&self, id: DeliveryId, attempt: Attempt) {
        if let Some(history) = &self.history
            && let Err(error) = history.attempt(id, attempt).await
        {
            tracing::error!("a try was not recorded: {error}");
        }
    }
}
