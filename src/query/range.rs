//! Tests of numbers and times, as they are written behind a column's name.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

/// What a number stands for: how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// An HTTP status; a class of them is `4xx`.
    Code,
    /// How many.
    Count,
    /// Milliseconds, written with a unit.
    Duration,
}

/// A test of a number: within a range, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    negated: bool,
    least: i64,
    most: i64,
}

impl Range {
    fn from(least: i64, most: i64) -> Self {
        Self {
            negated: false,
            least,
            most,
        }
    }

    /// The same, or its opposite.
    pub(super) fn negated_if(self, negated: bool) -> Self {
        Self { negated, ..self }
    }

    /// Whether a number passes. What has no number is neither above nor below one.
    pub(super) fn passes(&self, value: Option<i64>) -> bool {
        let within = value.is_some_and(|value| (self.least..=self.most).contains(&value));
        within != self.negated
    }

    /// Reads `429`, `>=500`, `<3`, `4xx` (codes), `>1s` (durations).
    pub(super) fn of_numbers(measure: Measure, written: &str) -> Result<Self, String> {
        let wrong = || {
            let example = match measure {
                Measure::Code => "429, >=500 or 4xx",
                Measure::Count => "1 or >1",
                Measure::Duration => ">1s or <200ms",
            };
            format!("'{written}' can't be compared: write {example}")
        };
        let number = |text: &str| {
            if measure == Measure::Duration {
                duration_ms(text)
            } else {
                text.parse::<i64>().ok()
            }
        };
        let class = written
            .strip_suffix("xx")
            .and_then(|first| first.parse::<i64>().ok());
        let (least, most) = if let Some(class) = class.filter(|_| measure == Measure::Code) {
            let least = class.checked_mul(100).ok_or_else(wrong)?;
            (least, least.saturating_add(99))
        } else if let Some(rest) = written.strip_prefix(">=") {
            (number(rest).ok_or_else(wrong)?, i64::MAX)
        } else if let Some(rest) = written.strip_prefix('>') {
            (number(rest).ok_or_else(wrong)?.saturating_add(1), i64::MAX)
        } else if let Some(rest) = written.strip_prefix("<=") {
            (i64::MIN, number(rest).ok_or_else(wrong)?)
        } else if let Some(rest) = written.strip_prefix('<') {
            (i64::MIN, number(rest).ok_or_else(wrong)?.saturating_sub(1))
        } else {
            let exact = number(written.trim_start_matches('=')).ok_or_else(wrong)?;
            (exact, exact)
        };
        Ok(Self::from(least, most))
    }

    /// Reads `2h` (within the last two hours), `14:30` (in that minute), `2026-09-21` (on that day),
    /// `>MOMENT`, `<MOMENT` and `MOMENT..MOMENT`.
    pub(super) fn of_times(written: &str, now_ms: i64, zone: &TimeZone) -> Result<Self, String> {
        let at = |text: &str| {
            moment(text, now_ms, zone).ok_or_else(|| {
                format!(
                    "'{written}' is no time: write 2h, >14:30, <2026-09-21 or \
                     2026-09-21..2026-09-23"
                )
            })
        };
        let (least, most) = if let Some((from, to)) = written.split_once("..") {
            (at(from)?, at(to)?)
        } else if let Some(after) = written.strip_prefix('>') {
            (at(after.trim_start_matches('='))?, i64::MAX)
        } else if let Some(before) = written.strip_prefix('<') {
            let before = at(before.trim_start_matches('='))?;
            (i64::MIN, before.saturating_sub(1))
        } else if span_ms(written).is_some() {
            (at(written)?, i64::MAX)
        } else {
            let begin = at(written)?;
            let long = match written.parse::<Date>() {
                Ok(_) if !written.contains(':') => 86_400_000,
                _ if written.matches(':').count() < 2 => 60_000,
                _ => 1_000,
            };
            (begin, begin.saturating_add(long - 1))
        };
        Ok(Self::from(least, most))
    }
}

/// The moment that is meant, in milliseconds since 1970: that long ago, a time of today, a date, or
/// both.
pub(super) fn moment(text: &str, now_ms: i64, zone: &TimeZone) -> Option<i64> {
    if let Some(back) = span_ms(text) {
        return Some(now_ms.saturating_sub(back));
    }
    // Patterns are kept in lower case.
    let text = text.to_uppercase();
    let today = Timestamp::from_millisecond(now_ms).ok()?;
    let today = today.to_zoned(zone.clone()).date();
    let civil: DateTime = if let Ok(time) = text.parse::<Time>() {
        today.to_datetime(time)
    } else if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_millisecond());
    } else if let Ok(at) = text.parse::<DateTime>() {
        at
    } else {
        text.parse::<Date>().ok()?.to_datetime(Time::midnight())
    };
    Some(
        civil
            .to_zoned(zone.clone())
            .ok()?
            .timestamp()
            .as_millisecond(),
    )
}

/// Milliseconds of `30s`, `10m`, `2h`, `3d`.
fn span_ms(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let factor = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// Milliseconds of `200ms`, `1s`, `1.5s`, `2m`.
fn duration_ms(text: &str) -> Option<i64> {
    if let Some(number) = text.strip_suffix("ms") {
        return number.parse().ok();
    }
    let unit = text.chars().last()?;
    let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
    let factor = match unit {
        's' => 1_000.0,
        'm' => 60_000.0,
        'h' => 3_600_000.0,
        _ => return None,
    };
    // Far beyond what anything takes: the conversion is exact enough below it.
    Some((number * factor).clamp(0.0, 1e15) as i64)
}
