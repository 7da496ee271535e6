//! When the loop draws a frame: for a change that can be seen, and at most sixty times a second.

use std::time::Duration;
use tokio::time::Instant;

/// Between two frames.
const FRAME: Duration = Duration::from_millis(16);

/// Knows when the last frame was drawn.
#[derive(Debug, Default)]
pub(super) struct Pace {
    drawn: Option<Instant>,
}

impl Pace {
    /// When the next frame may be drawn.
    pub(super) fn may_draw(&self, now: Instant) -> Instant {
        self.drawn.map_or(now, |drawn| drawn + FRAME)
    }

    /// Whether to draw now; `dirty` says that something that is seen has changed.
    pub(super) fn is_due(&self, dirty: bool, now: Instant) -> bool {
        dirty && self.may_draw(now) <= now
    }

    /// A frame was drawn.
    pub(super) fn drew(&mut self, now: Instant) {
        self.drawn = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_drawn_for_a_change_and_not_too_soon_after_the_last_one() {
        let mut pace = Pace::default();
        let begin = Instant::now();
        let later = |ms| begin + Duration::from_millis(ms);
        assert!(!pace.is_due(false, begin));
        assert!(pace.is_due(true, begin));
        pace.drew(begin);
        assert!(!pace.is_due(true, later(15)));
        assert_eq!(pace.may_draw(later(15)), later(16));
        assert!(pace.is_due(true, later(16)));
        assert!(!pace.is_due(false, later(60_000)));
    }
}
