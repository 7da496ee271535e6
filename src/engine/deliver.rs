//! One delivery, from the recorded intent to the recorded outcome.
//!
//! Each delivery is a task of its own: it waits for its turn in its service's lane, renders
//! (`prepare`), sends (`series`), and begins anew after an error that may pass. What happens to one
//! touches no other. The history is written before anything is sent and again (`outcome`) before
//! anybody hears of the outcome.

mod certainty;
mod outcome;
mod prepare;
mod series;

use super::bus::Bus;
use super::clock::now_ms;
use super::event::CatalogView;
use super::job::{Job, News, Report};
use super::lane::Lane;
use crate::cluster::Cluster;
use crate::domain::{Delivery, Masker};
use crate::history::History;
use crate::service::{Class, MAX_RETRY_AFTER, Notification, Service};
use outcome::{Arrived, End, GiveUp};
pub use outcome::{INTERRUPTED, TOLD};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{SemaphorePermit, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Makes deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Deliverer {
    cluster: Cluster,
    history: Option<History>,
    bus: Arc<Bus>,
    /// How long deliveries in flight may go on when the engine stops.
    grace: Duration,
    reports: mpsc::Sender<Report>,
    /// Fires when the engine stops.
    stop: CancellationToken,
    /// The configuration in force for all namespaces.
    catalogs: watch::Receiver<Option<Arc<CatalogView>>>,
}

/// What one delivery sends, and through what.
struct Sender {
    service: Arc<dyn Service>,
    notification: Notification,
    masker: Masker,
    /// The requests as text, masked.
    request: String,
}

/// Why a delivery does not get its turn.
enum Halt {
    /// The engine stops, or may not send any more.
    Interrupted,
    /// Somebody said so.
    Cancelled,
}

impl From<Halt> for End {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Interrupted => Self::Interrupted,
            Halt::Cancelled => Self::Cancelled,
        }
    }
}

impl Deliverer {
    /// A deliverer that reports to `reports`.
    pub fn new(
        cluster: Cluster,
        history: Option<History>,
        bus: Arc<Bus>,
        grace: Duration,
        reports: mpsc::Sender<Report>,
        stop: CancellationToken,
        catalogs: watch::Receiver<Option<Arc<CatalogView>>>,
    ) -> Self {
        Self {
            cluster,
            history,
            bus,
            grace,
            reports,
            stop,
            catalogs,
        }
    }

    /// Makes one delivery. When `sending` fires it ends early: at once while it waits, within the
    /// grace time while a try is in flight.
    pub async fn run(self, mut job: Job, sending: CancellationToken) {
        self.tell(&job.delivery);
        self.keep_object(&mut job).await;
        let grace = self.grace;
        let patience = async {
            sending.cancelled().await;
            tokio::time::sleep(grace).await;
        };
        let lapse = certainty::lapse(job.term.clone(), grace);
        let mut request = String::new();
        let end = tokio::select! {
            biased;
            end = self.carry_out(&mut job, &mut request, &sending) => end,
            () = patience => End::Interrupted,
            () = lapse => End::Interrupted,
        };
        self.end(job, end, request).await;
    }

    async fn carry_out(
        &self,
        job: &mut Job,
        text: &mut String,
        sending: &CancellationToken,
    ) -> End {
        // Rendering waits for its turn, too: what waits is then only what was decided, and not a
        // hundred thousand rendered notifications.
        let lane = Arc::clone(&job.lane);
        let permit = match self.take_turn(job, &lane, sending).await {
            Ok(permit) => permit,
            Err(halt) => return halt.into(),
        };
        if self.is_told(job).await {
            return End::Told;
        }
        let sender = match self.prepare(job).await {
            Ok(sender) => sender,
            Err(give_up) => return End::GaveUp(give_up),
        };
        job.object = None;
        text.clone_from(&sender.request);
        if job.dry_run {
            return End::Arrived(Arrived::default());
        }
        self.send(job, &lane, sender, permit, text, sending).await
    }

    /// Waits until it can pass the limits of its recipient and its service, and then for a place
    /// among those that send through the service.
    async fn take_turn<'l>(
        &self,
        job: &mut Job,
        lane: &'l Lane,
        sending: &CancellationToken,
    ) -> Result<SemaphorePermit<'l>, Halt> {
        if sending.is_cancelled() {
            return Err(Halt::Interrupted);
        }
        if job.cancel.is_cancelled() {
            return Err(Halt::Cancelled);
        }
        // A dry run sends nothing that could be limited.
        if !job.dry_run {
            let recipient = lane.gate_of(&job.delivery.new.destination.recipient);
            for gate in [&*recipient, &lane.gate] {
                if gate.try_pass() {
                    continue;
                }
                let why = if gate.is_paused() {
                    "waits: the service asked for a pause"
                } else {
                    "waits for its turn: the rate is limited"
                };
                self.tell_waiting(job, why);
                self.intend(job).await;
                let _limited = lane.limited.enter();
                self.wait(job, sending, gate.pass()).await?;
            }
        }
        if let Ok(permit) = lane.slots.try_acquire() {
            return Ok(permit);
        }
        // It may wait for long: what is to be sent must not be known to memory alone.
        self.intend(job).await;
        match self.wait(job, sending, lane.slots.acquire()).await? {
            Ok(permit) => Ok(permit),
            // Nobody closes the places of a lane.
            Err(_) => Err(Halt::Interrupted),
        }
    }

    /// Waits for something, unless it is not to be sent any more.
    async fn wait<T>(
        &self,
        job: &Job,
        sending: &CancellationToken,
        what: impl Future<Output = T>,
    ) -> Result<T, Halt> {
        tokio::select! {
            biased;
            () = sending.cancelled() => Err(Halt::Interrupted),
            () = job.cancel.cancelled() => Err(Halt::Cancelled),
            there = what => Ok(there),
        }
    }

    fn tell_waiting(&self, job: &mut Job, why: &str) {
        why.clone_into(&mut job.delivery.detail);
        self.tell(&job.delivery);
    }

    /// Records the intent, once.
    async fn intend(&self, job: &mut Job) {
        if job.recorded {
            return;
        }
        job.recorded = true;
        if let Some(history) = &self.history
            && let Err(error) = history.intend(vec![job.delivery.new.clone()]).await
        {
            // It may be possible at the end. That the history fails is told once for all.
            job.recorded = false;
            tracing::debug!("the intent was not recorded: {error}");
        }
    }

    /// Records that a series of tries begins, and the intent if that was not done yet: both in one
    /// row.
    async fn begin(&self, job: &mut Job) {
        let Some(history) = &self.history else { return };
        if job.delivery.possibly_repeated {
            self.record_doubt(job).await;
        }
        let result = if job.recorded {
            history.begin(job.delivery.new.id, now_ms()).await
        } else {
            let new = job.delivery.new.clone();
            let result = history.intend_and_begin(new, now_ms()).await;
            job.recorded = result.is_ok();
            result
        };
        if let Err(error) = result {
            tracing::debug!("the beginning of a delivery was not recorded: {error}");
        }
    }

    /// Sends in rounds: each is one series of tries as the service defines it. A new configuration
    /// holds from the next round on: a wrong address that was mended, a token that was renewed.
    async fn send(
        &self,
        job: &mut Job,
        lane: &Lane,
        mut sender: Sender,
        permit: SemaphorePermit<'_>,
        text: &mut String,
        sending: &CancellationToken,
    ) -> End {
        let mut permit = Some(permit);
        let mut wait = lane.options.first_wait;
        let mut round = 1;
        loop {
            let turn = match permit.take() {
                Some(permit) => permit,
                None => match self.take_turn(job, lane, sending).await {
                    Ok(permit) => {
                        if let Some(renewed) = self.renew(job).await {
                            text.clone_from(&renewed.request);
                            sender = renewed;
                        }
                        permit
                    }
                    Err(halt) => return halt.into(),
                },
            };
            self.begin(job).await;
            if job.term.as_ref().is_some_and(|term| !term.holds()) {
                return End::Interrupted;
            }
            job.in_flight = true;
            let result = {
                let _in_flight = lane.in_flight.enter();
                self.series(job, lane, &sender).await
            };
            job.in_flight = false;
            drop(turn);
            let error = match result {
                Ok(arrived) => return End::Arrived(arrived),
                Err(error) => error,
            };
            let give_up = GiveUp::of(&error, &sender.masker);
            let retry_after = match error.class {
                Class::Handled => {
                    return End::Arrived(Arrived {
                        detail: give_up.error,
                        response: give_up.response,
                        status: give_up.status,
                    });
                }
                Class::Permanent => return End::GaveUp(give_up),
                Class::Transient { retry_after } => retry_after,
            };
            if let Some(asked) = retry_after {
                // What the service said to one holds for all to the same recipient.
                let until = Instant::now() + asked.min(MAX_RETRY_AFTER);
                lane.gate_of(&job.delivery.new.destination.recipient)
                    .pause(until);
            }
            let pause = pause_before_next(wait, lane.options.longest_wait, retry_after);
            let spent = age(job.delivery.new.created_ms, now_ms());
            let too_old = spent.saturating_add(pause) > lane.options.max_age;
            if round >= lane.options.rounds || too_old {
                let tries = job.delivery.attempts;
                let why = if too_old {
                    format!("too old after {tries} tries")
                } else {
                    format!("given up after {tries} tries")
                };
                return End::GaveUp(GiveUp {
                    error: format!("{} ({why})", give_up.error),
                    ..give_up
                });
            }
            self.await_next(job, pause, give_up.error).await;
            {
                let _retrying = lane.retrying.enter();
                let slept = tokio::time::sleep(pause);
                if let Err(halt) = self.wait(job, sending, slept).await {
                    return halt.into();
                }
            }
            job.delivery.next_ms = None;
            wait = wait.saturating_mul(2).min(lane.options.longest_wait);
            round += 1;
        }
    }

    /// Tells that another try is due, and when.
    async fn await_next(&self, job: &mut Job, pause: Duration, error: String) {
        let next_ms = now_ms().saturating_add(millis(pause));
        job.delivery.next_ms = Some(next_ms);
        job.delivery.updated_ms = now_ms();
        job.delivery.error = error;
        job.delivery.detail.clear();
        self.tell(&job.delivery);
        let news = News::Waiting {
            attempts: job.delivery.attempts,
            next_ms,
        };
        self.report(job, news).await;
    }

    fn tell(&self, delivery: &Delivery) {
        self.bus.delivery(Arc::new(delivery.clone()));
    }

    async fn report(&self, job: &Job, news: News) {
        let new = &job.delivery.new;
        let report = Report {
            key: job.key.clone(),
            uid: new.uid.clone(),
            state_key: new.state_key.clone(),
            id: new.id,
            trigger: new.trigger.clone(),
            once_per: !new.once_per.is_empty(),
            destination: new.destination.clone(),
            news,
        };
        // Nobody listens any more when the engine has ended; the history has it.
        let _ = self.reports.send(report).await;
    }
}

/// How old a delivery is. One from the future, for the clock was set back since, is new: whatever the
/// clock says, it is tried as often as the rounds allow.
fn age(created_ms: i64, now_ms: i64) -> Duration {
    let age = now_ms.saturating_sub(created_ms);
    Duration::from_millis(u64::try_from(age).unwrap_or_default())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The wait before the next round: the lane's own, shortened by up to a third at random, so that what
/// failed together does not come back together; but never shorter than what the service asked for.
fn pause_before_next(wait: Duration, longest: Duration, asked: Option<Duration>) -> Duration {
    let own = wait.min(longest).mul_f64(1.0 - rand::random::<f64>() / 3.0);
    own.max(asked.unwrap_or_default().min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_from_the_future_is_new() {
        assert_eq!(age(5_000, 7_500), Duration::from_millis(2_500));
        assert_eq!(age(7_500, 5_000), Duration::ZERO);
        assert_eq!(age(i64::MAX, i64::MIN), Duration::ZERO);
    }

    #[test]
    fn pauses_are_jittered_downwards_and_honour_what_was_asked() {
        let seconds = Duration::from_secs;
        for _ in 0..200 {
            let pause = pause_before_next(seconds(30), seconds(12), None);
            assert!(pause >= seconds(8) && pause <= seconds(12), "{pause:?}");
            let pause = pause_before_next(seconds(1), seconds(12), Some(seconds(40)));
            assert_eq!(pause, seconds(40), "longer than the longest wait");
            let pause = pause_before_next(seconds(1), seconds(12), Some(seconds(86_400)));
            assert_eq!(pause, MAX_RETRY_AFTER);
        }
    }
}
