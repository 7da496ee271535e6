//! Growing pauses between tries.

use std::time::Duration;

/// Doubling pauses with jitter, from a smallest to a largest.
#[derive(Clone, Debug)]
pub(super) struct Backoff {
    smallest: Duration,
    largest: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(smallest: Duration, largest: Duration) -> Self {
        Self {
            smallest,
            largest,
            next: smallest,
        }
    }

    /// The pause before the next try, between half and the whole of the current step, so that many
    /// clients of one server do not come back at the same moment.
    pub(super) fn pause(&mut self) -> Duration {
        let step = self.next.min(self.largest);
        self.next = self.next.saturating_mul(2).min(self.largest);
        step.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// Begins with the smallest pause again.
    pub(super) fn reset(&mut self) {
        self.next = self.smallest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_largest_and_starts_over() {
        let mut backoff = Backoff::new(Duration::from_millis(800), Duration::from_secs(3));
        for step in [800u64, 1600, 3000, 3000] {
            let pause = backoff.pause();
            let step = Duration::from_millis(step);
            assert!(pause >= step / 2 && pause <= step, "{pause:?} for {step:?}");
        }
        backoff.reset();
        assert!(backoff.pause() <= Duration::from_millis(800));
    }
}
