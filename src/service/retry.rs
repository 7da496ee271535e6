//! A service's own series of tries, within one delivery attempt of the engine.
//!
//! Some services of the original repeat a failed request by themselves, a few times and quickly.
//! Those series are kept, so that a receiver sees what it saw before. What happens when a series
//! has failed (the slow retries, the attempt limit) is the engine's business.

use super::{Notification, SendError, Sent, Service};
use crate::domain::{Attempt, Destination};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// The longest time that a service can make us wait by Retry-After. The original waits as long as
/// it is told, a day if need be.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// How often and how fast a service repeats a failed request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Tries in all, at least 1.
    pub attempts: u32,
    /// The wait after the first try; it doubles with every further one.
    pub wait_min: Duration,
    /// No wait is longer, unless the service asks for it.
    pub wait_max: Duration,
    /// Part of the wait that is added at random, from 0 to 1.
    pub jitter: f64,
}

impl RetryPolicy {
    /// One try, no repetition.
    pub const ONCE: Self = Self {
        attempts: 1,
        wait_min: Duration::ZERO,
        wait_max: Duration::ZERO,
        jitter: 0.0,
    };

    /// How long to wait after the try with this number (from 1) failed; `None` when it was the
    /// last one, or when repeating does not help.
    pub fn wait_after(&self, number: u32, error: &SendError) -> Option<Duration> {
        if number >= self.attempts || !error.is_transient() {
            return None;
        }
        if let Some(asked) = error.retry_after() {
            return Some(asked.min(MAX_RETRY_AFTER));
        }
        let doubled = 2_u32.saturating_pow(number.saturating_sub(1));
        let wait = self.wait_min.saturating_mul(doubled).min(self.wait_max);
        Some(wait.mul_f64(1.0 + self.jitter.clamp(0.0, 1.0) * rand::random::<f64>()))
    }
}

/// What happens during a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A try begins.
    Begun {
        /// From 1.
        number: u32,
        /// In milliseconds since 1970.
        at_ms: i64,
    },
    /// A try ended, well or not; `next_ms` tells of another one in this series.
    Ended(Attempt),
}

/// Sends, and repeats by the service's [policy](Service::retry). `on_progress` is told of every
/// try as it begins and ends.
///
/// # Errors
/// The last try's error. Where the request could not be brought to a usable answer, it reads as in
/// the original: `GET http://… giving up after 4 attempt(s): …`.
pub async fn send_series(
    service: &dyn Service,
    notification: &Notification,
    to: &Destination,
    on_progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Sent, SendError> {
    let policy = service.retry();
    let mut number = 1;
    loop {
        let at_ms = now_ms();
        on_progress(Progress::Begun { number, at_ms });
        let began = Instant::now();
        let result = service.send(notification, to).await;
        let took_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let mut attempt = Attempt {
            number,
            started_ms: at_ms,
            took_ms,
            status: None,
            error: String::new(),
            next_ms: None,
        };
        let error = match result {
            Ok(sent) => {
                attempt.status = sent.status;
                on_progress(Progress::Ended(attempt));
                return Ok(sent);
            }
            Err(error) => error,
        };
        attempt.status = error.status;
        attempt.error.clone_from(&error.message);
        let wait = policy.wait_after(number, &error);
        attempt.next_ms = wait.map(|wait| {
            let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
            at_ms.saturating_add(took_ms).saturating_add(wait_ms)
        });
        on_progress(Progress::Ended(attempt));
        match wait {
            Some(wait) => tokio::time::sleep(wait).await,
            None => return Err(gave_up(error, number, &policy)),
        }
        number += 1;
    }
}

/// Words the end of a series as the original does. An answer that is final (a 404) keeps its own
/// text, and so do services without a series.
fn gave_up(mut error: SendError, attempts: u32, policy: &RetryPolicy) -> SendError {
    let unanswered = error.status.is_none() || error.is_transient();
    if *policy != RetryPolicy::ONCE && unanswered && !error.subject.is_empty() {
        error.message = format!(
            "{} giving up after {attempts} attempt(s): {}",
            error.subject, error.message
        );
    }
    error
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Class, PreparedRequest};
    use futures::future::BoxFuture;
    use std::sync::Mutex;

    /// Answers with a list of results, one a try, without a network: the clock can be paused.
    #[derive(Debug)]
    struct Script {
        answers: Mutex<Vec<Result<Sent, SendError>>>,
        policy: RetryPolicy,
    }

    impl Service for Script {
        fn service_type(&self) -> &'static str {
            "script"
        }

        fn name(&self) -> &str {
            "script"
        }

        fn prepare(
            &self,
            _: &Notification,
            _: &Destination,
        ) -> Result<Vec<PreparedRequest>, SendError> {
            Ok(Vec::new())
        }

        fn send<'a>(
            &'a self,
            _: &'a Notification,
            _: &'a Destination,
        ) -> BoxFuture<'a, Result<Sent, SendError>> {
            Box::pin(async {
                let mut answers = self.answers.lock().expect("not poisoned");
                if answers.len() > 1 {
                    answers.remove(0)
                } else {
                    answers[0].clone()
                }
            })
        }

        fn retry(&self) -> RetryPolicy {
            self.policy
        }
    }

    const WEBHOOK: RetryPolicy = RetryPolicy {
        attempts: 4,
        wait_min: Duration::from_secs(1),
        wait_max: Duration::from_secs(5),
        jitter: 0.0,
    };

    fn failure(status: Option<u16>, class: Class) -> Result<Sent, SendError> {
        let mut error = SendError::permanent("broken").about("GET http://x/");
        error.status = status;
        error.class = class;
        Err(error)
    }

    const SOON: Class = Class::Transient { retry_after: None };

    async fn run(
        answers: Vec<Result<Sent, SendError>>,
        policy: RetryPolicy,
    ) -> (Result<Sent, SendError>, Vec<Attempt>, f64) {
        let script = Script {
            answers: Mutex::new(answers),
            policy,
        };
        let began = Instant::now();
        let mut attempts = Vec::new();
        let mut begun = 0;
        let result = send_series(
            &script,
            &Notification::default(),
            &Destination::new("script", ""),
            &mut |progress| match progress {
                Progress::Begun { number, .. } => begun = number,
                Progress::Ended(attempt) => {
                    assert_eq!(attempt.number, begun);
                    attempts.push(attempt);
                }
            },
        )
        .await;
        (result, attempts, began.elapsed().as_secs_f64())
    }

    #[tokio::test(start_paused = true)]
    async fn waits_1_2_and_4_seconds_and_gives_up_after_4_attempts() {
        let (result, attempts, seconds) = run(vec![failure(Some(500), SOON)], WEBHOOK).await;
        let error = result.expect_err("never succeeds");
        assert_eq!(
            error.message,
            "GET http://x/ giving up after 4 attempt(s): broken"
        );
        assert!((seconds - 7.0).abs() < 0.1, "{seconds}");
        let waits: Vec<_> = attempts
            .iter()
            .map(|attempt| {
                attempt
                    .next_ms
                    .map(|next| (next - attempt.started_ms) / 1_000)
            })
            .collect();
        assert_eq!(waits, [Some(1), Some(2), Some(4), None]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_has_a_ceiling() {
        let policy = RetryPolicy {
            attempts: 6,
            ..WEBHOOK
        };
        let (_, _, seconds) = run(vec![failure(None, SOON)], policy).await;
        assert!((seconds - 17.0).abs() < 0.1, "1+2+4+5+5, was {seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn success_ends_the_series() {
        let answers = vec![failure(Some(503), SOON), Ok(Sent::default())];
        let (result, attempts, seconds) = run(answers, WEBHOOK).await;
        assert_eq!(result, Ok(Sent::default()));
        assert_eq!(attempts.len(), 2);
        assert!((seconds - 1.0).abs() < 0.1, "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn final_answers_are_not_repeated_and_keep_their_text() {
        for class in [Class::Permanent, Class::Handled] {
            let (result, attempts, _) = run(vec![failure(Some(404), class)], WEBHOOK).await;
            assert_eq!(result.expect_err("fails").message, "broken");
            assert_eq!(attempts.len(), 1);
        }
        let (result, _, _) = run(vec![failure(None, Class::Permanent)], WEBHOOK).await;
        let text = "GET http://x/ giving up after 1 attempt(s): broken";
        assert_eq!(result.expect_err("fails").message, text);
        let (result, _, _) = run(vec![failure(None, SOON)], RetryPolicy::ONCE).await;
        assert_eq!(result.expect_err("fails").message, "broken");
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_replaces_the_wait_but_not_for_a_day() {
        for (asked, waited) in [(30, 30.0), (0, 0.0), (86_400, 600.0)] {
            let class = Class::Transient {
                retry_after: Some(Duration::from_secs(asked)),
            };
            let answers = vec![failure(Some(429), class), Ok(Sent::default())];
            let (_, _, seconds) = run(answers, WEBHOOK).await;
            assert!((seconds - waited).abs() < 0.1, "{asked}: {seconds}");
        }
    }
}
