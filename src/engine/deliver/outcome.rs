//! How a delivery ends: what is recorded, and what is told.

use super::Deliverer;
use crate::domain::{Attempt, DeliveryId, DeliveryState, Masker, Outcome};
use crate::engine::clock::now_ms;
use crate::engine::job::{Job, News};
use crate::engine::obey::operator;
use crate::history::{History, HistoryError};
use crate::service::SendError;

/// How a delivery ended.
pub(super) enum End {
    /// The service took it; or, in a dry run, would have been asked to.
    Arrived(Arrived),
    /// No more tries.
    GaveUp(GiveUp),
    /// The engine stops, or may not send any more.
    Interrupted,
    /// The notified state says that another engine has sent it.
    Told,
    /// Somebody said that it is not to be sent.
    Cancelled,
}

/// What a service said of what arrived; masked.
#[derive(Default)]
pub(super) struct Arrived {
    pub(super) detail: String,
    pub(super) response: String,
    pub(super) status: Option<u16>,
}

/// Why a delivery ended without having arrived.
pub(super) struct GiveUp {
    pub(super) error: String,
    pub(super) response: String,
    pub(super) status: Option<u16>,
}

impl GiveUp {
    pub(super) fn because(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            response: String::new(),
            status: None,
        }
    }

    pub(super) fn of(error: &SendError, masker: &Masker) -> Self {
        Self {
            error: masker.mask(&error.message).into_owned(),
            response: masker.mask(&error.response).into_owned(),
            status: error.status,
        }
    }
}

impl Deliverer {
    /// Records the outcome, and only then tells it.
    pub(super) async fn end(&self, mut job: Job, end: End, request: String) {
        let at_ms = now_ms();
        let mut outcome = Outcome {
            state: DeliveryState::Failed,
            at_ms,
            detail: String::new(),
            error: String::new(),
            request,
            response: String::new(),
        };
        let news = match end {
            End::Arrived(_) if job.dry_run => {
                outcome.state = DeliveryState::DryRun;
                News::DryRun
            }
            End::Arrived(arrived) => {
                outcome.state = DeliveryState::Sent;
                outcome.detail = arrived.detail;
                outcome.response = arrived.response;
                job.delivery.status = arrived.status.or(job.delivery.status);
                job.lane.arrived();
                News::Sent {
                    at: at_ms.div_euclid(1000),
                }
            }
            End::GaveUp(give_up) => {
                outcome.error.clone_from(&give_up.error);
                outcome.response = give_up.response;
                job.delivery.status = give_up.status.or(job.delivery.status);
                job.lane.gave_up(&give_up.error);
                News::Failed {
                    error: give_up.error,
                }
            }
            End::Cancelled => {
                outcome.state = DeliveryState::Withdrawn;
                outcome.detail = format!("cancelled by {}", operator());
                outcome.error.clone_from(&job.delivery.error);
                News::Cancelled
            }
            End::Interrupted if self.stop.is_cancelled() => {
                // The row stays pending: the next start takes it over.
                let in_flight = job.in_flight;
                self.report(&job, News::Interrupted { in_flight }).await;
                return;
            }
            End::Told => {
                outcome.state = DeliveryState::Withdrawn;
                outcome.detail = TOLD.into();
                News::Interrupted { in_flight: false }
            }
            End::Interrupted => {
                if job.in_flight {
                    outcome.state = DeliveryState::Unknown;
                }
                outcome.error = INTERRUPTED.into();
                News::Interrupted {
                    in_flight: job.in_flight,
                }
            }
        };
        job.delivery.state = outcome.state;
        job.delivery.updated_ms = at_ms;
        job.delivery.next_ms = None;
        job.delivery.detail.clone_from(&outcome.detail);
        job.delivery.error.clone_from(&outcome.error);
        self.intend(&mut job).await;
        if let Some(history) = &self.history {
            let id = job.delivery.new.id;
            let last = job.unrecorded.take();
            // Without the texts: a copy of them is too much for what hardly ever happens.
            let brief = Outcome {
                state: outcome.state,
                at_ms,
                detail: outcome.detail.clone(),
                error: outcome.error.clone(),
                request: String::new(),
                response: String::new(),
            };
            let mut recorded = record(history, id, last.clone(), outcome).await;
            if let Err(HistoryError::Missing(_)) = recorded {
                // The file was begun anew meanwhile.
                job.recorded = false;
                self.intend(&mut job).await;
                recorded = record(history, id, last, brief).await;
            }
            if let Err(error) = recorded {
                tracing::debug!("the outcome of a delivery was not recorded: {error}");
            }
        }
        if job.last {
            self.drop_object(job.delivery.new.id).await;
        }
        self.tell(&job.delivery);
        self.report(&job, news).await;
    }
}

async fn record(
    history: &History,
    id: DeliveryId,
    last: Option<Attempt>,
    outcome: Outcome,
) -> Result<(), HistoryError> {
    match last {
        Some(last) => history.finish(id, last, outcome).await,
        None => history.outcome(id, outcome).await,
    }
}

/// What is recorded of what another engine has sent.
pub const TOLD: &str = "the notified state says that it was sent meanwhile";

/// What is recorded of what this engine may not send any more.
pub const INTERRUPTED: &str =
    "interrupted: this engine may not send any more; the one that may decides anew";
