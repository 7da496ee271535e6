//! The lane of a service: its deliveries share places, limits and counters, and nothing with those
//! of other services.
//!
//! A lane knows nothing of what waits in the history; `queue` does, which decides who enters.

use super::clock::now_ms;
use super::limiter::Gate;
use super::options::LaneOptions;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Recipients whose gates are kept; beyond it those that remember nothing are forgotten.
const MAX_GATES: usize = 1_000;

/// What deliveries through one service share.
#[derive(Debug)]
pub struct Lane {
    /// Name of the service.
    pub service: Arc<str>,
    /// How deliveries are made.
    pub options: LaneOptions,
    /// Places of those that render or send.
    pub slots: Semaphore,
    /// The limit of the service.
    pub gate: Gate,
    recipients: Mutex<HashMap<Arc<str>, Arc<Gate>>>,
    /// Tries in flight.
    pub in_flight: Gauge,
    /// Deliveries that wait for a limit, or for the end of a pause that the service asked for.
    pub limited: Gauge,
    /// Deliveries that wait for another try.
    pub retrying: Gauge,
    recent: Mutex<Recent>,
}

/// What became of the lane's tries, lately.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    /// Deliveries that arrived.
    pub sent: u64,
    /// Deliveries given up.
    pub failed: u64,
    /// When the last one arrived, in milliseconds since 1970.
    pub sent_ms: Option<i64>,
    /// What went wrong last; masked.
    pub error: String,
    /// When that was, in milliseconds since 1970.
    pub error_ms: Option<i64>,
    /// Duration of a try in milliseconds, smoothed.
    pub latency_ms: Option<f64>,
}

impl Lane {
    /// A lane that nothing has passed yet.
    pub fn new(service: &str, options: LaneOptions) -> Self {
        Self {
            service: service.into(),
            slots: Semaphore::new(options.concurrency.max(1)),
            gate: Gate::new(options.limit),
            recipients: Mutex::default(),
            in_flight: Gauge::default(),
            limited: Gauge::default(),
            retrying: Gauge::default(),
            recent: Mutex::default(),
            options,
        }
    }

    /// The gate of a recipient.
    pub fn gate_of(&self, recipient: &Arc<str>) -> Arc<Gate> {
        let mut gates = lock(&self.recipients);
        if let Some(gate) = gates.get(recipient) {
            return Arc::clone(gate);
        }
        if gates.len() >= MAX_GATES {
            gates.retain(|_, gate| Arc::strong_count(gate) > 1 || !gate.is_fresh());
        }
        let gate = Arc::new(Gate::new(self.options.recipient_limit));
        gates.insert(Arc::clone(recipient), Arc::clone(&gate));
        gate
    }

    /// How many recipients are paused, and when the last pause ends, in milliseconds since 1970 to
    /// the second.
    pub fn paused(&self) -> (u64, Option<i64>) {
        let now = Instant::now();
        let (mut paused, mut last) = (0, None);
        for gate in lock(&self.recipients).values() {
            if let Some(until) = gate.pause_end().filter(|until| *until > now) {
                paused += 1;
                last = last.max(Some(until));
            }
        }
        let until_ms = last.map(|until| {
            let left = i64::try_from((until - now).as_millis()).unwrap_or(i64::MAX);
            let at = now_ms().saturating_add(left);
            // To the second: what is told must not differ because the clock goes on.
            at.saturating_add(500)
                .div_euclid(1_000)
                .saturating_mul(1_000)
        });
        (paused, until_ms)
    }

    /// A try has ended, well if the error is empty.
    pub fn tried(&self, took_ms: i64, error: &str) {
        let mut recent = lock(&self.recent);
        let took = took_ms.max(0) as f64;
        recent.latency_ms = Some(match recent.latency_ms {
            Some(before) => before + (took - before) / 8.0,
            None => took,
        });
        if !error.is_empty() {
            error.clone_into(&mut recent.error);
            recent.error_ms = Some(now_ms());
        }
    }

    /// A delivery has arrived.
    pub fn arrived(&self) {
        let mut recent = lock(&self.recent);
        recent.sent = recent.sent.saturating_add(1);
        recent.sent_ms = Some(now_ms());
    }

    /// A delivery was given up.
    pub fn gave_up(&self, error: &str) {
        let mut recent = lock(&self.recent);
        recent.failed = recent.failed.saturating_add(1);
        error.clone_into(&mut recent.error);
        recent.error_ms = Some(now_ms());
    }

    /// What became of its tries, lately.
    pub fn recent(&self) -> Recent {
        lock(&self.recent).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is kept here is counters and gates: each is whole after every step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many are somewhere now.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// One more, until the result is dropped.
    pub fn enter(&self) -> Inside<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Inside(self)
    }

    /// How many.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts one, as long as it lives.
#[derive(Debug)]
pub struct Inside<'g>(&'g Gauge);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// However many recipients there are, their gates don't fill the memory; one that is closed is
    /// not forgotten, or its pause would be.
    #[tokio::test]
    async fn gates_that_remember_something_are_kept() {
        let lane = Lane::new("chat", LaneOptions::default());
        let first: Arc<str> = "#first".into();
        let until = Instant::now() + Duration::from_secs(60);
        lane.gate_of(&first).pause(until);
        for number in 0..3 * MAX_GATES {
            lane.gate_of(&format!("#{number}").into());
        }
        assert!(lock(&lane.recipients).len() <= MAX_GATES);
        assert!(lane.gate_of(&first).is_paused());
    }

    #[test]
    fn a_gauge_counts_who_is_inside() {
        let gauge = Gauge::default();
        let one = gauge.enter();
        let two = gauge.enter();
        assert_eq!(gauge.get(), 2);
        drop(one);
        drop(two);
        assert_eq!(gauge.get(), 0);
    }
}
