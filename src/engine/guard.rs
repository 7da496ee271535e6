//! The flood guard's judgement: whether one more notification that no change of an object caused is
//! too many.
//!
//! How many there are is only known when all objects have been looked at. Until then they are kept
//! here, at most as many as may be sent; one more, and all of them are to be held.

use super::options::Guard;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// The time within which they are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// How long the first of them waits at most for the others to be known.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What to do with a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send it.
    Send,
    /// Send it, and warn that there are many.
    Warn,
    /// Keep it until it is known how many there are.
    Keep,
    /// Hold it, and all that were kept.
    Hold,
}

/// Counts notifications within a minute.
#[derive(Debug)]
pub struct Judge {
    guard: Guard,
    /// When the last ones were sent, oldest first; no more of them than it takes to judge.
    sent: VecDeque<Instant>,
    /// How many are kept.
    kept: usize,
    /// Since when.
    kept_since: Option<Instant>,
    /// A flood goes on until then.
    flood_until: Option<Instant>,
}

impl Judge {
    /// Nothing was sent yet.
    pub fn new(guard: Guard) -> Self {
        Self {
            guard,
            sent: VecDeque::new(),
            kept: 0,
            kept_since: None,
            flood_until: None,
        }
    }

    /// Judges one more.
    pub fn judge(&mut self, now: Instant) -> Verdict {
        let limit = match self.guard {
            Guard::Off => return Verdict::Send,
            Guard::Warn(limit) | Guard::Hold(limit) => limit as usize,
        };
        let flood = self.flood_until.is_some_and(|until| now < until);
        while self.sent.front().is_some_and(|at| now - *at >= WINDOW) {
            self.sent.pop_front();
        }
        if matches!(self.guard, Guard::Warn(_)) {
            self.remember(now, limit);
            if self.sent.len() <= limit {
                return Verdict::Send;
            }
            self.flood_until = Some(now + WINDOW);
            return if flood { Verdict::Send } else { Verdict::Warn };
        }
        if flood || self.sent.len() + self.kept >= limit {
            self.flood_until = Some(now + WINDOW);
            self.kept = 0;
            self.kept_since = None;
            return Verdict::Hold;
        }
        self.kept += 1;
        self.kept_since.get_or_insert(now);
        Verdict::Keep
    }

    /// Those that were kept are sent now.
    pub fn sent_kept(&mut self, now: Instant) {
        let limit = match self.guard {
            Guard::Off => 0,
            Guard::Warn(limit) | Guard::Hold(limit) => limit as usize,
        };
        for _ in 0..self.kept {
            self.remember(now, limit);
        }
        self.forget_kept();
    }

    /// Those that were kept are not to be sent.
    pub fn forget_kept(&mut self) {
        self.kept = 0;
        self.kept_since = None;
    }

    /// When those that are kept have waited long enough; `None` when there are none.
    pub fn kept_until(&self) -> Option<Instant> {
        self.kept_since.map(|since| since + PATIENCE)
    }

    fn remember(&mut self, now: Instant, limit: usize) {
        self.sent.push_back(now);
        if self.sent.len() > limit.saturating_add(1) {
            self.sent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Hold, Keep, Send, Warn};

    fn verdicts(judge: &mut Judge, now: Instant, number: usize) -> Vec<Verdict> {
        (0..number).map(|_| judge.judge(now)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn one_too_many_holds_all_and_what_follows_within_a_minute() {
        let now = Instant::now();
        let mut judge = Judge::new(Guard::Hold(3));
        assert_eq!(verdicts(&mut judge, now, 5), [Keep, Keep, Keep, Hold, Hold]);
        let later = now + Duration::from_secs(59);
        assert_eq!(judge.judge(later), Hold);
        assert_eq!(judge.kept_until(), None);
        let calm = later + Duration::from_secs(60);
        assert_eq!(judge.judge(calm), Keep);
        assert_eq!(judge.kept_until(), Some(calm + PATIENCE));
    }

    #[tokio::test(start_paused = true)]
    async fn those_sent_within_the_last_minute_count() {
        let now = Instant::now();
        let mut judge = Judge::new(Guard::Hold(3));
        assert_eq!(verdicts(&mut judge, now, 2), [Keep, Keep]);
        judge.sent_kept(now);
        let soon = now + Duration::from_secs(30);
        assert_eq!(verdicts(&mut judge, soon, 2), [Keep, Hold]);

        let mut judge = Judge::new(Guard::Hold(3));
        verdicts(&mut judge, now, 3);
        judge.sent_kept(now);
        let later = now + Duration::from_secs(60);
        assert_eq!(verdicts(&mut judge, later, 3), [Keep, Keep, Keep]);
        assert_eq!(Judge::new(Guard::Hold(0)).judge(now), Hold);
    }

    #[tokio::test(start_paused = true)]
    async fn a_warning_comes_once_a_flood() {
        let now = Instant::now();
        let mut judge = Judge::new(Guard::Warn(2));
        assert_eq!(verdicts(&mut judge, now, 5), [Send, Send, Warn, Send, Send]);
        let later = now + Duration::from_secs(120);
        assert_eq!(verdicts(&mut judge, later, 3), [Send, Send, Warn]);
        assert_eq!(Judge::new(Guard::Off).judge(now), Send);
    }
}
