//! One delivery, from the recorded intent to the recorded outcome.
//!
//! Each delivery is a task of its own: it waits for a place in its service's lane, renders, sends,
//! and begins anew after an error that may pass. What happens to one touches no other. The history
//! is written before anything is sent and again before anybody hears of the outcome.

use super::bus::Bus;
use super::clock::now_ms;
use super::job::{Job, News, Report};
use super::options::DeliveryOptions;
use crate::cluster::{Cluster, get_object};
use crate::domain::{Attempt, Delivery, DeliveryId, DeliveryState, Masker, Outcome};
use crate::history::History;
use crate::service::{
    self, Class, Notification, NotificationTemplate, Progress, SendError, Service, add_destination,
    send_series,
};
use crate::template::Vars;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

/// Makes deliveries. Cheap to clone.
#[derive(Clone)]
pub struct Deliverer {
    cluster: Cluster,
    history: Option<History>,
    bus: Arc<Bus>,
    options: DeliveryOptions,
    reports: mpsc::Sender<Report>,
    /// Fires when the engine stops.
    stop: CancellationToken,
    lanes: Arc<std::sync::Mutex<HashMap<String, Arc<Semaphore>>>>,
}

/// How a delivery ended.
enum End {
    /// The service took it; or, in a dry run, would have been asked to.
    Arrived(Arrived),
    /// No more tries.
    GaveUp(GiveUp),
    /// The engine stops, or may not send any more.
    Interrupted,
}

/// What one delivery sends, and through what.
struct Sender<'s> {
    service: &'s dyn Service,
    notification: &'s Notification,
    masker: &'s Masker,
    /// The places of those that send through the service.
    lane: &'s Semaphore,
}

/// Why a delivery ended without having arrived.
struct GiveUp {
    error: String,
    response: String,
    status: Option<u16>,
}

impl GiveUp {
    fn because(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            response: String::new(),
            status: None,
        }
    }

    fn of(error: &SendError, masker: &Masker) -> Self {
        Self {
            error: masker.mask(&error.message).into_owned(),
            response: masker.mask(&error.response).into_owned(),
            status: error.status,
        }
    }
}

impl Deliverer {
    /// A deliverer that reports to `reports`.
    pub fn new(
        cluster: Cluster,
        history: Option<History>,
        bus: Arc<Bus>,
        options: DeliveryOptions,
        reports: mpsc::Sender<Report>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            cluster,
            history,
            bus,
            options,
            reports,
            stop,
            lanes: Arc::default(),
        }
    }

    /// Makes one delivery. When `sending` fires it ends early: at once while it waits, within the
    /// grace time while a try is in flight.
    pub async fn run(self, mut job: Job, sending: CancellationToken) {
        self.tell(&job.delivery);
        let grace = self.options.grace;
        let patience = async {
            sending.cancelled().await;
            tokio::time::sleep(grace).await;
        };
        let mut request = String::new();
        let end = tokio::select! {
            biased;
            end = self.carry_out(&mut job, &mut request, &sending) => end,
            () = patience => End::Interrupted,
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
        let lane = self.lane(&job.delivery.new.destination.service);
        let Some(permit) = self.take_turn(job, &lane, sending).await else {
            return End::Interrupted;
        };
        let (service, notification) = match self.prepare(job).await {
            Ok(prepared) => prepared,
            Err(error) => {
                return End::GaveUp(GiveUp::because(job.catalog.masker.mask(&error)));
            }
        };
        job.object = None;
        let masker = service.masker().clone();
        match service.prepare(&notification, &job.delivery.new.destination) {
            Ok(requests) => {
                let texts: Vec<String> = requests.iter().map(|r| r.to_text(&masker)).collect();
                *text = texts.join("\n\n");
            }
            Err(error) => return End::GaveUp(GiveUp::of(&error, &masker)),
        }
        if job.dry_run {
            return End::Arrived(Arrived::default());
        }
        let sender = Sender {
            service: service.as_ref(),
            notification: &notification,
            masker: &masker,
            lane: &lane,
        };
        self.send(job, &sender, permit, sending).await
    }

    /// Waits for a place among those that send through the service; `None` when it may not send any
    /// more.
    async fn take_turn<'l>(
        &self,
        job: &mut Job,
        lane: &'l Semaphore,
        sending: &CancellationToken,
    ) -> Option<SemaphorePermit<'l>> {
        if let Ok(permit) = lane.try_acquire() {
            return Some(permit);
        }
        // It may wait for long: what is to be sent must not be known to memory alone.
        self.intend(job).await;
        tokio::select! {
            permit = lane.acquire() => permit.ok(),
            () = sending.cancelled() => None,
        }
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
            tracing::error!("the intent was not recorded: {error}");
        }
    }

    /// Records that a series of tries begins, and the intent if that was not done yet: both in one
    /// commit.
    async fn begin(&self, job: &mut Job) {
        let Some(history) = &self.history else { return };
        let id = job.delivery.new.id;
        let begin = history.begin(id, now_ms());
        let result = if job.recorded {
            begin.await
        } else {
            job.recorded = true;
            let intend = history.intend(vec![job.delivery.new.clone()]);
            let (intended, begun) = tokio::join!(intend, begin);
            intended.and(begun)
        };
        if let Err(error) = result {
            tracing::error!("the beginning of a delivery was not recorded: {error}");
        }
    }

    /// The service and the rendered notification.
    async fn prepare(&self, job: &Job) -> Result<(Arc<dyn Service>, Notification), String> {
        let new = &job.delivery.new;
        let service = job
            .catalog
            .services
            .get(&*new.destination.service)
            .map(|entry| Arc::clone(&entry.service))
            .ok_or_else(|| {
                let name = &new.destination.service;
                format!("notification service '{name}' is not supported")
            })?;
        let mut templates: Vec<Arc<NotificationTemplate>> = Vec::new();
        for name in &new.templates {
            let template = job.catalog.templates.get(name.as_str());
            let missing = || format!("template '{name}' is not supported");
            templates.push(template.cloned().ok_or_else(missing)?);
        }
        let object = self.object(job).await?;
        let mut vars = Vars::new();
        vars.json(&job.variable, &object);
        add_destination(&mut vars, &new.destination);
        let notification = service::render(
            &templates,
            &vars,
            service.service_type(),
            &new.destination.service,
        )
        .map_err(|error| error.to_string())?;
        Ok((service, notification))
    }

    async fn object(&self, job: &Job) -> Result<serde_json::Value, String> {
        if let Some(raw) = &job.object {
            return serde_json::from_str(raw)
                .map_err(|error| format!("the object is not valid JSON: {error}"));
        }
        let object = get_object(&self.cluster, &job.key)
            .await
            .map_err(|error| format!("the object can't be read to render it: {error}"))?;
        let wanted = &job.delivery.new.uid;
        if !wanted.is_empty() && object.uid != *wanted {
            return Err("the object is gone: another one has its name now".into());
        }
        object
            .value()
            .map_err(|error| format!("the object is not valid JSON: {error}"))
    }

    /// Sends in rounds: each is one series of tries as the service defines it.
    async fn send(
        &self,
        job: &mut Job,
        sender: &Sender<'_>,
        permit: SemaphorePermit<'_>,
        sending: &CancellationToken,
    ) -> End {
        let mut permit = Some(permit);
        let mut wait = self.options.first_wait;
        let mut round = 1;
        loop {
            let turn = match permit.take() {
                Some(permit) => Some(permit),
                None => self.take_turn(job, sender.lane, sending).await,
            };
            if turn.is_none() {
                return End::Interrupted;
            }
            self.begin(job).await;
            job.in_flight = true;
            let result = self.series(job, sender).await;
            job.in_flight = false;
            drop(turn);
            let error = match result {
                Ok(arrived) => return End::Arrived(arrived),
                Err(error) => error,
            };
            let give_up = GiveUp::of(&error, sender.masker);
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
            let age = now_ms().saturating_sub(job.delivery.new.created_ms);
            let pause = jittered(wait).max(retry_after.unwrap_or_default()).min(
                self.options
                    .longest_wait
                    .max(retry_after.unwrap_or_default()),
            );
            let spent = Duration::from_millis(u64::try_from(age).unwrap_or_default()) + pause;
            if round >= self.options.rounds || spent > self.options.max_age {
                return End::GaveUp(GiveUp {
                    error: format!(
                        "{} (given up after {} tries)",
                        give_up.error, job.delivery.attempts
                    ),
                    ..give_up
                });
            }
            let next_ms = now_ms().saturating_add(millis(pause));
            job.delivery.next_ms = Some(next_ms);
            job.delivery.updated_ms = now_ms();
            job.delivery.error = give_up.error;
            self.tell(&job.delivery);
            self.report(
                job,
                News::Waiting {
                    attempts: job.delivery.attempts,
                    next_ms,
                },
            )
            .await;
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = sending.cancelled() => return End::Interrupted,
            }
            job.delivery.next_ms = None;
            wait = (wait * 2).min(self.options.longest_wait);
            round += 1;
        }
    }

    /// One series of tries, each recorded.
    async fn series(&self, job: &mut Job, sender: &Sender<'_>) -> Result<Arrived, SendError> {
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
            let Sender {
                service,
                notification,
                ..
            } = *sender;
            let result = send_series(service, notification, &destination, &mut note).await;
            drop(note);
            result
        };
        let recording = async {
            while let Some(mut attempt) = tried.recv().await {
                attempt.error = sender.masker.mask(&attempt.error).into_owned();
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

    /// Records the outcome, and only then tells it.
    async fn end(&self, mut job: Job, end: End, request: String) {
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
                News::Sent {
                    at: at_ms.div_euclid(1000),
                }
            }
            End::GaveUp(give_up) => {
                outcome.error.clone_from(&give_up.error);
                outcome.response = give_up.response;
                job.delivery.status = give_up.status.or(job.delivery.status);
                News::Failed {
                    error: give_up.error,
                }
            }
            End::Interrupted if self.stop.is_cancelled() => {
                // The row stays pending: the next start takes it over.
                self.report(&job, News::Interrupted).await;
                return;
            }
            End::Interrupted => {
                if job.in_flight {
                    outcome.state = DeliveryState::Unknown;
                }
                outcome.error = "interrupted: this engine may not send any more; the one that \
                                 may decides anew"
                    .into();
                News::Interrupted
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
            let record = async {
                if let Err(error) = history.outcome(id, outcome).await {
                    tracing::error!("the outcome of a delivery was not recorded: {error}");
                }
            };
            match job.unrecorded.take() {
                Some(attempt) => {
                    tokio::join!(self.record_attempt(id, attempt), record);
                }
                None => record.await,
            }
        }
        self.tell(&job.delivery);
        self.report(&job, news).await;
    }

    fn lane(&self, service: &str) -> Arc<Semaphore> {
        let mut lanes = self
            .lanes
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let size = self.options.concurrency.max(1);
        Arc::clone(
            lanes
                .entry(service.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(size))),
        )
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

/// What a service said of what arrived; masked.
#[derive(Default)]
struct Arrived {
    detail: String,
    response: String,
    status: Option<u16>,
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The wait, shortened by up to a third at random, so that what failed together does not come back
/// together.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(1.0 - rand::random::<f64>() / 3.0)
}
