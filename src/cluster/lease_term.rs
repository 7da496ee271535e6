//! The right to act that a Lease gives, as of every moment.
//!
//! The election task keeps it up to date; whoever acts asks it right before acting, without waiting
//! for messages to arrive. So a process that was stopped for a while, or whose tasks are busy, does
//! not act on a Lease that has run out meanwhile.

use std::time::{Duration, SystemTime};
use tokio::sync::watch;
use tokio::time::Instant;

/// When the Lease must be renewed at the latest, by both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Until {
    /// By the clock that nobody sets.
    pub(super) monotonic: Instant,
    /// By the clock that runs on while the machine sleeps.
    pub(super) wall: SystemTime,
}

/// A look at the right to act. Cheap to clone; of an election that has ended it says no.
#[derive(Clone, Debug)]
pub struct LeaseTerm {
    until: watch::Receiver<Option<Until>>,
    margin: Duration,
    other: Option<Box<LeaseTerm>>,
}

impl LeaseTerm {
    pub(super) fn new(until: watch::Receiver<Option<Until>>, margin: Duration) -> Self {
        Self {
            until,
            margin,
            other: None,
        }
    }

    /// The right that needs another Lease as well.
    pub fn and(self, other: Option<Self>) -> Self {
        Self {
            other: other.map(Box::new),
            ..self
        }
    }

    /// Whether something may be begun now.
    pub fn holds(&self) -> bool {
        let until = *self.until.borrow();
        self.other.as_ref().is_none_or(|other| other.holds())
            && until.is_some_and(|until| {
                Instant::now() < until.monotonic && SystemTime::now() < until.wall
            })
    }

    /// Resolves when nothing may be begun any more; at once when it may not now.
    pub async fn lapsed(&self) {
        match &self.other {
            Some(other) => tokio::select! {
                () = self.lapsed_itself() => {}
                () = Box::pin(other.lapsed_itself()) => {}
            },
            None => self.lapsed_itself().await,
        }
    }

    async fn lapsed_itself(&self) {
        let mut until = self.until.clone();
        while self.holds() {
            let now = until.borrow_and_update().map(|until| until.monotonic);
            let Some(end) = now else { return };
            tokio::select! {
                () = tokio::time::sleep_until(end) => {}
                changed = until.changed() => if changed.is_err() { return },
            }
        }
    }

    /// What was begun before it lapsed must be over this long afterwards.
    pub fn margin(&self) -> Duration {
        self.margin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_seconds(seconds: u64) -> Until {
        let ahead = Duration::from_secs(seconds);
        Until {
            monotonic: Instant::now() + ahead,
            wall: SystemTime::now() + ahead,
        }
    }

    /// Nobody has to tell it that the time is up: the election task may be stuck.
    #[tokio::test(start_paused = true)]
    async fn a_term_ends_by_itself_and_a_renewal_extends_it() {
        let (renewals, until) = watch::channel(Some(in_seconds(10)));
        let term = LeaseTerm::new(until, Duration::from_secs(5));
        let begun = Instant::now();
        let renewing = async {
            tokio::time::sleep(Duration::from_secs(6)).await;
            renewals.send_replace(Some(in_seconds(10)));
        };
        tokio::join!(term.lapsed(), renewing);
        assert_eq!(begun.elapsed(), Duration::from_secs(16));
        assert!(!term.holds());
    }

    #[tokio::test]
    async fn a_term_that_was_ended_or_slept_through_does_not_hold() {
        let (ends, until) = watch::channel(Some(in_seconds(10)));
        let term = LeaseTerm::new(until, Duration::ZERO);
        assert!(term.holds());
        let slept = Until {
            wall: SystemTime::now() - Duration::from_secs(1),
            ..in_seconds(10)
        };
        ends.send_replace(Some(slept));
        assert!(!term.holds());
        ends.send_replace(None);
        term.lapsed().await;
        assert!(!term.holds());
    }

    /// By the wall clock there is an hour left, then.
    #[tokio::test(start_paused = true)]
    async fn a_wall_clock_that_is_set_back_lengthens_no_term() {
        let set_back = Until {
            wall: SystemTime::now() + Duration::from_secs(3_600),
            ..in_seconds(10)
        };
        let (_ends, until) = watch::channel(Some(set_back));
        let term = LeaseTerm::new(until, Duration::ZERO);
        assert!(term.holds());
        let begun = Instant::now();
        term.lapsed().await;
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
        assert!(!term.holds());
    }
}
