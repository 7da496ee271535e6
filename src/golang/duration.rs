//! Durations as Go's `time` package reads and writes them.

use std::fmt;

/// Nanoseconds in a microsecond, millisecond, second, minute, hour.
const MICROSECOND: i64 = 1_000;
const MILLISECOND: i64 = 1_000 * MICROSECOND;
const SECOND: i64 = 1_000 * MILLISECOND;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// A signed span of time in nanoseconds, Go's `time.Duration`. [`fmt::Display`] gives Go's text
/// (`1h30m0s`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub i64);

/// Why a text is not a duration; displays as Go's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not of the form `[-+](number unit)+`, or too large.
    #[error("time: invalid duration {}", quoted(.0))]
    Invalid(String),
    /// A number without a unit.
    #[error("time: missing unit in duration {}", quoted(.0))]
    MissingUnit(String),
    /// A unit that is none of `ns us µs ms s m h`.
    #[error("time: unknown unit {} in duration {}", quoted(.unit), quoted(.text))]
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// The whole text.
        text: String,
    },
}

/// Go's quoting inside errors of its `time` package: quotes, backslashes and everything that is not
/// printable ASCII are escaped, the latter byte by byte.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if c == '"' || c == '\\' {
            out.push('\\');
            out.push(c);
        } else if c < ' ' || !c.is_ascii() {
            let mut bytes = [0u8; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push_str(&format!("\\x{byte:02x}"));
            }
        } else {
            out.push(c);
        }
    }
    out.push('"');
    out
}

impl Duration {
    /// The smallest and largest duration.
    pub const MIN: Duration = Duration(i64::MIN);
    /// See [`Self::MIN`].
    pub const MAX: Duration = Duration(i64::MAX);
    /// One nanosecond.
    pub const NANOSECOND: Duration = Duration(1);
    /// One microsecond.
    pub const MICROSECOND: Duration = Duration(MICROSECOND);
    /// One millisecond.
    pub const MILLISECOND: Duration = Duration(MILLISECOND);
    /// One second.
    pub const SECOND: Duration = Duration(SECOND);
    /// One minute.
    pub const MINUTE: Duration = Duration(MINUTE);
    /// One hour.
    pub const HOUR: Duration = Duration(HOUR);

    /// Go's `time.ParseDuration`: `300ms`, `-1.5h`, `2h45m`, `0`.
    ///
    /// # Errors
    /// With Go's message when the text has another form or does not fit 63 bits of nanoseconds.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        let invalid = || DurationError::Invalid(text.to_owned());
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let whole_end = digits(rest);
            let whole_text = &rest[..whole_end];
            let mut value = parse_whole(whole_text).ok_or_else(invalid)?;
            rest = &rest[whole_end..];
            let mut fraction = (0u64, 1.0f64);
            let mut has_fraction = false;
            if let Some(after) = rest.strip_prefix('.') {
                let end = digits(after);
                has_fraction = end > 0;
                fraction = parse_fraction(&after[..end]);
                rest = &after[end..];
            }
            if whole_text.is_empty() && !has_fraction {
                return Err(invalid());
            }
            let unit_end = rest
                .bytes()
                .position(|b| b == b'.' || b.is_ascii_digit())
                .unwrap_or(rest.len());
            let unit_text = &rest[..unit_end];
            if unit_text.is_empty() {
                return Err(DurationError::MissingUnit(text.to_owned()));
            }
            rest = &rest[unit_end..];
            let unit = match unit_text {
                "ns" => 1,
                "us" | "\u{b5}s" | "\u{3bc}s" => MICROSECOND,
                "ms" => MILLISECOND,
                "s" => SECOND,
                "m" => MINUTE,
                "h" => HOUR,
                _ => {
                    return Err(DurationError::UnknownUnit {
                        unit: unit_text.to_owned(),
                        text: text.to_owned(),
                    });
                }
            } as u64;
            value = value
                .checked_mul(unit)
                .filter(|v| *v <= 1 << 63)
                .ok_or_else(invalid)?;
            if fraction.0 > 0 {
                // Floating point, as Go does it: exactness beyond a nanosecond is not needed.
                value += (fraction.0 as f64 * (unit as f64 / fraction.1)) as u64;
                if value > 1 << 63 {
                    return Err(invalid());
                }
            }
            total = total
                .checked_add(value)
                .filter(|t| *t <= 1 << 63)
                .ok_or_else(invalid)?;
        }
        if negative {
            return Ok(Self((total as i64).wrapping_neg()));
        }
        i64::try_from(total).map(Self).map_err(|_| invalid())
    }

    /// Nanoseconds.
    pub fn nanoseconds(self) -> i64 {
        self.0
    }

    /// Whole microseconds, towards zero.
    pub fn microseconds(self) -> i64 {
        self.0 / MICROSECOND
    }

    /// Whole milliseconds, towards zero.
    pub fn milliseconds(self) -> i64 {
        self.0 / MILLISECOND
    }

    /// Seconds with fraction.
    pub fn seconds(self) -> f64 {
        self.fractional(SECOND)
    }

    /// Minutes with fraction.
    pub fn minutes(self) -> f64 {
        self.fractional(MINUTE)
    }

    /// Hours with fraction.
    pub fn hours(self) -> f64 {
        self.fractional(HOUR)
    }

    /// Whole part and remainder are divided apart, as Go does, so that rounding agrees.
    fn fractional(self, unit: i64) -> f64 {
        (self.0 / unit) as f64 + (self.0 % unit) as f64 / unit as f64
    }

    /// The absolute value; the smallest duration becomes the largest.
    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.saturating_abs())
    }

    /// Rounded towards zero to a multiple of `unit`; itself when `unit` is not positive.
    #[must_use]
    pub fn truncate(self, unit: Self) -> Self {
        if unit.0 <= 0 {
            return self;
        }
        Self(self.0 - self.0 % unit.0)
    }

    /// Rounded to the nearest multiple of `unit`, halves away from zero, saturating; itself when
    /// `unit` is not positive.
    #[must_use]
    pub fn round(self, unit: Self) -> Self {
        if unit.0 <= 0 {
            return self;
        }
        let remainder = self.0 % unit.0;
        let size = remainder.unsigned_abs();
        if size.saturating_mul(2) < unit.0.unsigned_abs() {
            return Self(self.0 - remainder);
        }
        let step = unit.0 - size as i64;
        Self(if self.0 < 0 {
            self.0.saturating_sub(step)
        } else {
            self.0.saturating_add(step)
        })
    }
}

fn digits(text: &str) -> usize {
    text.bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len())
}

fn parse_whole(text: &str) -> Option<u64> {
    let mut value: u64 = 0;
    for byte in text.bytes() {
        value = value
            .checked_mul(10)?
            .checked_add(u64::from(byte - b'0'))
            .filter(|v| *v <= 1 << 63)?;
    }
    Some(value)
}

/// Digits after the point as a number and its scale; digits that no longer fit are dropped.
fn parse_fraction(text: &str) -> (u64, f64) {
    let mut value: u64 = 0;
    let mut scale = 1.0;
    for byte in text.bytes() {
        let next = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(u64::from(byte - b'0')))
            .filter(|v| *v < 1 << 63);
        let Some(next) = next else { break };
        value = next;
        scale *= 10.0;
    }
    (value, scale)
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let text = if size == 0 {
            "0s".to_owned()
        } else if size < SECOND as u64 {
            let (unit, name) = if size < MICROSECOND as u64 {
                (1, "ns")
            } else if size < MILLISECOND as u64 {
                (MICROSECOND as u64, "\u{b5}s")
            } else {
                (MILLISECOND as u64, "ms")
            };
            format!("{sign}{}{name}", with_fraction(size, unit))
        } else {
            let seconds = size / SECOND as u64;
            let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
            let last = with_fraction(size % MINUTE as u64, SECOND as u64);
            if hours > 0 {
                format!("{sign}{hours}h{minutes}m{last}s")
            } else if minutes > 0 {
                format!("{sign}{minutes}m{last}s")
            } else {
                format!("{sign}{last}s")
            }
        };
        f.pad(&text)
    }
}

/// `value / unit` in decimal without trailing zeros.
fn with_fraction(value: u64, unit: u64) -> String {
    let whole = value / unit;
    let rest = value % unit;
    if rest == 0 {
        return whole.to_string();
    }
    let places = unit.ilog10() as usize;
    let fraction = format!("{rest:0places$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_go_texts() {
        let cases = [
            ("0", "0s"),
            ("-0", "0s"),
            ("1h", "1h0m0s"),
            ("1.5h", "1h30m0s"),
            ("-90s", "-1m30s"),
            (".5s", "500ms"),
            ("1us", "1\u{b5}s"),
            ("1\u{3bc}s", "1\u{b5}s"),
            ("1.000000001s", "1.000000001s"),
            ("100ns", "100ns"),
            ("1h1m1s1ms1us1ns", "1h1m1.001001001s"),
            ("2562047h47m16.854775807s", "2562047h47m16.854775807s"),
            ("-2562047h47m16.854775808s", "-2562047h47m16.854775808s"),
            ("0.3333333333333333333h", "20m0s"),
        ];
        for (text, shown) in cases {
            assert_eq!(
                Duration::parse(text).map(|d| d.to_string()).as_deref(),
                Ok(shown),
                "{text}"
            );
        }
    }

    #[test]
    fn errors_are_go_messages() {
        let cases = [
            ("", "time: invalid duration \"\""),
            ("-", "time: invalid duration \"-\""),
            ("s", "time: invalid duration \"s\""),
            (".s", "time: invalid duration \".s\""),
            ("1", "time: missing unit in duration \"1\""),
            ("1d", "time: unknown unit \"d\" in duration \"1d\""),
            (
                "9223372036854775808ns",
                "time: invalid duration \"9223372036854775808ns\"",
            ),
            (
                "1\u{e9}",
                "time: unknown unit \"\\xc3\\xa9\" in duration \"1\\xc3\\xa9\"",
            ),
        ];
        for (text, message) in cases {
            let error = Duration::parse(text).expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn rounding_saturates() {
        assert_eq!(
            Duration::MAX.round(Duration::HOUR),
            Duration::MAX,
            "no overflow"
        );
        assert_eq!(Duration(-15).round(Duration(10)), Duration(-20));
        assert_eq!(Duration(-15).truncate(Duration(10)), Duration(-10));
        assert_eq!(Duration::MIN.abs(), Duration::MAX);
    }
}
