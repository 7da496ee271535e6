//! How long ago something was, in the short form of kubectl.

use jiff::Timestamp;

/// How long ago that was, in the short form of kubectl.
pub(super) fn age_of(at: &str) -> String {
    between(at, "")
}

/// The time between two moments; until now, when the second is empty.
pub(super) fn between(start: &str, end: &str) -> String {
    let Ok(start) = start.parse::<Timestamp>() else {
        return "<unknown>".to_owned();
    };
    let end = end
        .parse::<Timestamp>()
        .unwrap_or_else(|_| Timestamp::now());
    human(end.as_second().saturating_sub(start.as_second()))
}

/// Two units while they tell something, one when the number is large.
fn human(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let two = |large: i64, big: &str, small: i64, little: &str| match small {
        0 => format!("{large}{big}"),
        small => format!("{large}{big}{small}{little}"),
    };
    match seconds.max(0) {
        s if s < 2 * MINUTE => format!("{s}s"),
        s if s < 10 * MINUTE => two(s / MINUTE, "m", s % MINUTE, "s"),
        s if s < 3 * HOUR => format!("{}m", s / MINUTE),
        s if s < 8 * HOUR => two(s / HOUR, "h", s % HOUR / MINUTE, "m"),
        s if s < 2 * DAY => format!("{}h", s / HOUR),
        s if s < 8 * DAY => two(s / DAY, "d", s % DAY / HOUR, "h"),
        s if s < 2 * 365 * DAY => format!("{}d", s / DAY),
        s => two(s / (365 * DAY), "y", s % (365 * DAY) / DAY, "d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        for (seconds, text) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (3600, "60m"),
            (4 * 3600 + 60, "4h1m"),
            (30 * 3600, "30h"),
            (3 * 86400 + 3600, "3d1h"),
            (100 * 86400, "100d"),
        ] {
            assert_eq!(human(seconds), text);
        }
    }
}
