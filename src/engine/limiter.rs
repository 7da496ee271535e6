//! A gate that lets deliveries pass one by one, at a rate at most, and not during a pause.
//!
//! Those who wait pass in the order of their arrival; who gives up waiting takes nothing from the
//! others.

use super::options::Limit;
use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// A gate.
#[derive(Debug)]
pub struct Gate {
    limit: Option<Limit>,
    /// When the next one is due if they come evenly. Held by the one who is next, while it waits.
    next: tokio::sync::Mutex<Instant>,
    /// Nobody passes before.
    paused: Mutex<Option<Instant>>,
}

impl Gate {
    /// A gate with a limit, or one that only pauses close.
    pub fn new(limit: Option<Limit>) -> Self {
        Self {
            limit,
            next: tokio::sync::Mutex::new(Instant::now()),
            paused: Mutex::new(None),
        }
    }

    /// Passes, if nothing is in the way and nobody waits.
    pub fn try_pass(&self) -> bool {
        let Ok(mut next) = self.next.try_lock() else {
            return false;
        };
        let now = Instant::now();
        if self.opens_at(*next, now) > now {
            return false;
        }
        self.take(&mut next, now);
        true
    }

    /// Waits until it can pass, and passes.
    pub async fn pass(&self) {
        let mut next = self.next.lock().await;
        loop {
            let now = Instant::now();
            let at = self.opens_at(*next, now);
            if at <= now {
                self.take(&mut next, now);
                return;
            }
            tokio::time::sleep_until(at).await;
        }
    }

    /// Closes the gate until then; a longer pause stays.
    pub fn pause(&self, until: Instant) {
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = Some(paused.map_or(until, |known| known.max(until)));
    }

    /// Whether a pause is on, and not only the limit.
    pub fn is_paused(&self) -> bool {
        self.pause_end().is_some_and(|until| until > Instant::now())
    }

    /// Whether a new gate would do the same: nobody waits, and nothing is remembered.
    pub fn is_fresh(&self) -> bool {
        let now = Instant::now();
        self.next.try_lock().is_ok_and(|next| *next <= now) && !self.is_paused()
    }

    /// When the last pause that was asked for ends, or has ended.
    pub fn pause_end(&self) -> Option<Instant> {
        *self.paused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When it opens; now, or earlier, if it is open.
    fn opens_at(&self, next: Instant, now: Instant) -> Instant {
        let by_limit = match self.limit {
            None => None,
            Some(limit) => next.checked_sub(limit.interval * limit.burst.saturating_sub(1)),
        };
        let by_pause = self.pause_end();
        by_limit.unwrap_or(now).max(by_pause.unwrap_or(now))
    }

    fn take(&self, next: &mut Instant, now: Instant) {
        if let Some(limit) = self.limit {
            *next = (*next).max(now) + limit.interval;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::time::Duration;

    fn gate(millis: u64, burst: u32) -> Gate {
        Gate::new(Some(Limit {
            interval: Duration::from_millis(millis),
            burst,
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_then_one_by_one() {
        let gate = gate(200, 3);
        tokio::time::advance(Duration::from_secs(9)).await;
        let began = Instant::now();
        let mut times = Vec::new();
        for _ in 0..5 {
            gate.pass().await;
            times.push(began.elapsed().as_millis());
        }
        assert_eq!(times, [0, 0, 0, 200, 400]);
        assert!(!gate.try_pass());
        tokio::time::advance(Duration::from_millis(200)).await;
        assert!(gate.try_pass());
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_takes_nothing_and_the_rest_keep_their_order() {
        let gate = Arc::new(gate(100, 1));
        gate.pass().await;
        let began = Instant::now();
        let waiting: Vec<_> = (0..4)
            .map(|number| {
                let gate = Arc::clone(&gate);
                tokio::spawn(async move {
                    gate.pass().await;
                    (number, began.elapsed().as_millis())
                })
            })
            .collect();
        tokio::task::yield_now().await;
        waiting[1].abort();
        let mut passed = Vec::new();
        for task in waiting {
            passed.extend(task.await.ok());
        }
        assert_eq!(passed, [(0, 100), (2, 200), (3, 300)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_closes_the_gate_for_those_who_wait_already() {
        let gate = gate(100, 1);
        gate.pass().await;
        let began = Instant::now();
        let pass = async {
            gate.pass().await;
            began.elapsed().as_millis()
        };
        let pause = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            gate.pause(Instant::now() + Duration::from_secs(1));
            gate.pause(Instant::now() + Duration::from_millis(10));
        };
        let (passed, ()) = tokio::join!(pass, pause);
        assert_eq!(passed, 1_050);
        assert!(!gate.is_paused());
    }

    #[tokio::test]
    async fn an_open_gate_is_passed_while_the_clock_runs() {
        let gate = Gate::new(None);
        assert!(gate.try_pass());
        gate.pass().await;
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_only_a_pause_is_in_the_way() {
        let gate = Gate::new(None);
        assert!((0..1_000).all(|_| gate.try_pass()));
        gate.pause(Instant::now() + Duration::from_secs(5));
        assert!(!gate.try_pass() && gate.is_paused() && !gate.is_fresh());
        gate.pass().await;
        assert!(gate.is_fresh());
    }
}
