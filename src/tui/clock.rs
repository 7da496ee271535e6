//! Times and ages as the screens write them, and when they will read differently.

use jiff::Timestamp;
use jiff::tz::TimeZone;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The end of a pause. A clock that is set back does not put it off: when it has longer to go than
/// the pause was ever meant to be, it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    since_ms: i64,
    pause_ms: i64,
}

impl Due {
    /// At once.
    pub fn now(now_ms: i64) -> Self {
        Self::after(now_ms, 0)
    }

    /// So many milliseconds after `now_ms`.
    pub fn after(now_ms: i64, pause_ms: i64) -> Self {
        Self {
            since_ms: now_ms,
            pause_ms: pause_ms.max(0),
        }
    }

    /// Whether it has come.
    pub fn has_come(self, now_ms: i64) -> bool {
        let passed = now_ms.saturating_sub(self.since_ms);
        passed >= self.pause_ms || passed < -self.pause_ms
    }

    /// When to look again whether it has come, in milliseconds since 1970; not before `now_ms`.
    pub fn at_ms(self, now_ms: i64) -> i64 {
        if self.has_come(now_ms) {
            now_ms
        } else {
            self.since_ms.saturating_add(self.pause_ms).max(now_ms)
        }
    }

    /// The one of both that comes first.
    #[must_use]
    pub fn earlier(self, other: Self, now_ms: i64) -> Self {
        if other.at_ms(now_ms) < self.at_ms(now_ms) {
            other
        } else {
            self
        }
    }
}

/// How long ago, in at most four characters: `12s`, `48m`, `9h`, `3d`, `2y`. A time in the future
/// (clocks differ) reads as `0s`.
pub fn age(since_ms: i64, now_ms: i64) -> String {
    let passed = now_ms.saturating_sub(since_ms).max(0);
    let (number, unit) = match passed {
        ..MINUTE => (passed / SECOND, 's'),
        MINUTE..HOUR => (passed / MINUTE, 'm'),
        HOUR..DAY => (passed / HOUR, 'h'),
        _ if passed < 1_000 * DAY => (passed / DAY, 'd'),
        _ => (passed / (365 * DAY), 'y'),
    };
    format!("{number}{unit}")
}

/// The moment after `now_ms` at which [`age`] will read differently.
pub fn age_changes(since_ms: i64, now_ms: i64) -> i64 {
    let passed = now_ms.saturating_sub(since_ms).max(0);
    let step = match passed {
        ..MINUTE => SECOND,
        MINUTE..HOUR => MINUTE,
        HOUR..DAY => HOUR,
        _ => DAY,
    };
    now_ms.saturating_add(step - passed % step)
}

/// A duration in milliseconds, short: `212ms`, `1.4s`, `2m`.
pub fn took(ms: i64) -> String {
    match ms.max(0) {
        ms if ms < 1_000 => format!("{ms}ms"),
        ms if ms < MINUTE => format!("{}.{}s", ms / 1_000, ms % 1_000 / 100),
        ms => format!("{}m", ms / MINUTE),
    }
}

/// Time of day `14:02:31`; with the date before it when that is another day than now's.
pub fn time(at_ms: i64, now_ms: i64, zone: &TimeZone) -> String {
    let (Ok(at), Ok(now)) = (
        Timestamp::from_millisecond(at_ms),
        Timestamp::from_millisecond(now_ms),
    ) else {
        return "-".to_owned();
    };
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    if at.date() == now.date() {
        at.strftime("%H:%M:%S").to_string()
    } else {
        at.strftime("%m-%d %H:%M").to_string()
    }
}

/// The full date and time with its offset, for details.
pub fn full(at_ms: i64, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(at_ms) {
        Ok(at) => at
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S%:z")
            .to_string(),
        Err(_) => "-".to_owned(),
    }
}

/// The clock of the header: hours and minutes, so that it costs one frame a minute.
pub fn wall(now_ms: i64, zone: &TimeZone) -> String {
    match Timestamp::from_millisecond(now_ms) {
        Ok(now) => {
            let suffix = if *zone == TimeZone::UTC { "Z" } else { "" };
            format!("{}{suffix}", now.to_zoned(zone.clone()).strftime("%H:%M"))
        }
        Err(_) => "--:--".to_owned(),
    }
}

/// The next full minute after `now_ms`.
pub fn next_minute(now_ms: i64) -> i64 {
    now_ms.saturating_add(MINUTE - now_ms.rem_euclid(MINUTE))
}

/// When the next day begins after `now_ms`; far away for times that no calendar has.
pub fn next_day(now_ms: i64, zone: &TimeZone) -> i64 {
    let next = || {
        let now = Timestamp::from_millisecond(now_ms).ok()?;
        let next = now.to_zoned(zone.clone()).tomorrow().ok()?;
        let begins = next.start_of_day().ok()?;
        Some(
            begins
                .timestamp()
                .as_millisecond()
                .max(now_ms.saturating_add(1)),
        )
    };
    next().unwrap_or(i64::MAX)
}

/// The minute that a time lies in, counted from 1970.
pub fn minute_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(MINUTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short_and_never_negative() {
        let cases = [
            (0, "0s"),
            (12_500, "12s"),
            (60_000, "1m"),
            (59 * MINUTE + 59_999, "59m"),
            (HOUR, "1h"),
            (3 * DAY, "3d"),
            (1_000 * DAY, "2y"),
            (-5_000, "0s"),
        ];
        for (passed, shown) in cases {
            assert_eq!(age(1_000_000, 1_000_000 + passed), shown);
        }
        assert_eq!(age(i64::MIN, i64::MAX), age(0, i64::MAX));
    }

    #[test]
    fn a_pause_ends_whatever_the_clock_does() {
        let due = Due::after(10_000, 500);
        assert!(!due.has_come(10_499));
        assert!(due.has_come(10_500));
        // A clock that is set back a little is waited for, not one that is set back a lot.
        assert!(!due.has_come(9_600));
        assert!(due.has_come(9_499));
        for now in [0, i64::MIN, i64::MAX] {
            assert!(due.has_come(now), "{now}");
            assert_eq!(due.at_ms(now), now);
            let due = Due::after(now, 500);
            assert!(!due.has_come(now), "{now}: again at once, for ever");
            assert!(due.at_ms(now) >= now);
        }
        assert!(Due::now(10_000).has_come(10_000));
        assert!(Due::now(10_000).has_come(9_999));
        assert_eq!(Due::now(9).earlier(due, 10_000), Due::now(9));
        assert_eq!(due.earlier(Due::now(9), 10_000), Due::now(9));
    }

    #[test]
    fn the_next_change_is_when_the_text_differs() {
        for passed in [0, 1, 999, 59_999, 61_000, HOUR + 1, 2 * DAY + 5] {
            let next = age_changes(0, passed);
            assert_ne!(age(0, next), age(0, passed), "{passed}");
            assert_eq!(age(0, next - 1), age(0, passed), "{passed}");
        }
    }

    #[test]
    fn times_show_the_date_only_of_other_days() {
        let now = 1_790_000_000_000;
        assert_eq!(time(now, now, &TimeZone::UTC), "14:13:20");
        assert_eq!(time(now - DAY, now, &TimeZone::UTC), "09-20 14:13");
        assert_eq!(time(i64::MAX, now, &TimeZone::UTC), "-");
        assert_eq!(full(now, &TimeZone::UTC), "2026-09-21 14:13:20+00:00");
        assert_eq!(took(1_430), "1.4s");
        let next = next_day(now, &TimeZone::UTC);
        assert_eq!(full(next, &TimeZone::UTC), "2026-09-22 00:00:00+00:00");
        assert_eq!(next_day(next - 1, &TimeZone::UTC), next);
        assert_eq!(next_day(i64::MAX, &TimeZone::UTC), i64::MAX);
    }
}
