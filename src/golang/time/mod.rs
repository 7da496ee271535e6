//! Points in time as Go's `time` package has them: layouts, zones, calendar arithmetic.
//!
//! A [`Time`] is a count of seconds with a zone, so years outside jiff's range behave as in Go;
//! jiff is asked only for the offsets of named zones. Layout parsing and formatting are in the
//! submodule [`layout`].

mod calendar;
mod zone;

use super::duration::Duration;
use calendar::{SECONDS_PER_DAY, civil_from_days, days_from_civil};
use std::fmt;
use zone::{local_zone, timestamp};

pub mod layout;

pub use calendar::{MONTHS, WEEKDAYS, month_name, weekday_name};
pub use layout::ParseError;
pub use zone::{UnknownZone, Zone};

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// Seconds from Go's zero time, year 1, to the Unix epoch.
const ZERO_TO_UNIX: i64 = 62_135_596_800;

/// Beyond these the calendar arithmetic could overflow; Go wraps around there.
const LIMIT_SECONDS: i64 = i64::MAX / 4;

/// A moment with the zone it is shown in: Go's `time.Time`. Equality and order are those of the
/// moment; [`fmt::Display`] gives Go's text (`2024-01-02 03:04:05 +0000 UTC`).
#[derive(Clone, Debug)]
pub struct Time {
    seconds: i64,
    nanos: u32,
    zone: Zone,
}

/// Calendar fields of a [`Time`] in its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Astronomical year (0 is 1 BC).
    pub year: i64,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 59.
    pub second: u32,
    /// 1 to 366.
    pub year_day: u32,
    /// 0 is Sunday.
    pub weekday: u32,
}

impl Time {
    /// Go's zero `time.Time`: the first second of year 1, UTC.
    pub fn zero() -> Self {
        Self::from_unix(-ZERO_TO_UNIX, 0)
    }

    /// Seconds since the Unix epoch and nanoseconds of that second, shown in UTC.
    pub fn from_unix(seconds: i64, nanos: u32) -> Self {
        Self {
            seconds: seconds.clamp(-LIMIT_SECONDS, LIMIT_SECONDS),
            nanos: nanos.min(999_999_999),
            zone: Zone::Utc,
        }
    }

    /// The present moment in the process's zone.
    pub fn now() -> Self {
        Self {
            zone: Zone::Local,
            ..Self::from(jiff::Timestamp::now())
        }
    }

    /// Go's `time.Date`: fields outside their range carry over.
    pub fn date(date: (i64, i64, i64), clock: (i64, i64, i64), nanos: i64, zone: &Zone) -> Self {
        let (year, month, day) = date;
        let (hour, minute, second) = clock;
        let carry = nanos.div_euclid(1_000_000_000);
        let local = days_from_civil(year, month, day)
            .saturating_mul(SECONDS_PER_DAY)
            .saturating_add(hour.saturating_mul(3600))
            .saturating_add(minute.saturating_mul(60))
            .saturating_add(second)
            .saturating_add(carry);
        let mut time = Self::from_unix(local, nanos.rem_euclid(1_000_000_000) as u32);
        // The first guess takes the local count for UTC; near a change of offset Go asks again.
        let guess = i64::from(zone.offset(time.seconds));
        if guess != 0 {
            time.seconds -= i64::from(zone.offset(time.seconds - guess));
        }
        time.zone = zone.clone();
        time
    }

    /// Reads a text by a Go layout; a text without zone is UTC.
    ///
    /// # Errors
    /// With Go's message when the text does not fit.
    pub fn parse(layout: &str, text: &str) -> Result<Self, ParseError> {
        layout::parse(layout, text, &Zone::Utc, &Zone::Local)
    }

    /// Reads a text by a Go layout; a text without zone is in `zone`.
    ///
    /// # Errors
    /// With Go's message when the text does not fit.
    pub fn parse_in(layout: &str, text: &str, zone: &Zone) -> Result<Self, ParseError> {
        layout::parse(layout, text, zone, zone)
    }

    /// Written by a Go layout.
    pub fn format(&self, layout: &str) -> String {
        layout::format(self, layout)
    }

    /// Seconds since the Unix epoch.
    pub fn unix(&self) -> i64 {
        self.seconds
    }

    /// Milliseconds since the Unix epoch; wraps like Go's outside 292 million years.
    pub fn unix_milli(&self) -> i64 {
        self.seconds
            .wrapping_mul(1_000)
            .wrapping_add(i64::from(self.nanos / 1_000_000))
    }

    /// Microseconds since the Unix epoch; wraps like Go's.
    pub fn unix_micro(&self) -> i64 {
        self.seconds
            .wrapping_mul(1_000_000)
            .wrapping_add(i64::from(self.nanos / 1_000))
    }

    /// Nanoseconds since the Unix epoch; wraps like Go's outside the years 1678 to 2262.
    pub fn unix_nano(&self) -> i64 {
        self.seconds
            .wrapping_mul(1_000_000_000)
            .wrapping_add(i64::from(self.nanos))
    }

    /// Nanoseconds of the second.
    pub fn nanosecond(&self) -> u32 {
        self.nanos
    }

    /// The zone it is shown in.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Abbreviation and seconds east of UTC in force.
    pub fn zone_info(&self) -> (String, i32) {
        self.zone.lookup(self.seconds)
    }

    /// The same moment shown elsewhere.
    #[must_use]
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// Calendar fields in its zone.
    pub fn civil(&self) -> Civil {
        let local = self.seconds + i64::from(self.zone.offset(self.seconds));
        let days = local.div_euclid(SECONDS_PER_DAY);
        let second_of_day = local.rem_euclid(SECONDS_PER_DAY) as u32;
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
            year_day: (days - days_from_civil(year, 1, 1) + 1) as u32,
            weekday: (days + 4).rem_euclid(7) as u32,
        }
    }

    /// ISO 8601 year and week.
    pub fn iso_week(&self) -> (i64, u32) {
        let civil = self.civil();
        let from_monday = i64::from((civil.weekday + 6) % 7);
        // A week belongs to the year of its Thursday.
        let thursday = days_from_civil(civil.year, i64::from(civil.month), i64::from(civil.day))
            - from_monday
            + 3;
        let (year, _, _) = civil_from_days(thursday);
        let week = (thursday - days_from_civil(year, 1, 1)) / 7 + 1;
        (year, week as u32)
    }

    /// Whether daylight saving time is in force.
    pub fn is_dst(&self) -> bool {
        let stamp = timestamp(self.seconds);
        match &self.zone {
            Zone::Utc | Zone::Fixed { .. } => false,
            Zone::Local => local_zone().to_offset_info(stamp).dst().is_dst(),
            Zone::Named(zone) => zone.to_offset_info(stamp).dst().is_dst(),
        }
    }

    /// When the offset in force began; `None` when it always was.
    pub fn zone_start(&self) -> Option<Self> {
        let zone = match &self.zone {
            Zone::Utc | Zone::Fixed { .. } => return None,
            Zone::Local => local_zone(),
            Zone::Named(zone) => zone,
        };
        // A transition at this very moment counts.
        let after = timestamp(self.seconds.saturating_add(1));
        let start = zone.preceding(after).next()?.timestamp().as_second();
        Some(Self::from_unix(start, 0).in_zone(self.zone.clone()))
    }

    /// Seconds since Go's zero time.
    pub fn since_zero(&self) -> i64 {
        self.seconds + ZERO_TO_UNIX
    }

    /// Whether it is Go's zero time.
    pub fn is_zero(&self) -> bool {
        self.seconds == -ZERO_TO_UNIX && self.nanos == 0
    }

    /// Later by a duration.
    #[must_use]
    pub fn add(&self, duration: Duration) -> Self {
        self.plus_nanos(i128::from(duration.0))
    }

    fn plus_nanos(&self, nanos: i128) -> Self {
        let total = i128::from(self.nanos) + nanos;
        let seconds = i128::from(self.seconds) + total.div_euclid(NANOS_PER_SECOND);
        let limit = i128::from(LIMIT_SECONDS);
        Self {
            seconds: seconds.clamp(-limit, limit) as i64,
            nanos: total.rem_euclid(NANOS_PER_SECOND) as u32,
            zone: self.zone.clone(),
        }
    }

    /// The span from `earlier` to this moment, saturating.
    pub fn sub(&self, earlier: &Self) -> Duration {
        let span = (i128::from(self.seconds) - i128::from(earlier.seconds)) * NANOS_PER_SECOND
            + i128::from(self.nanos)
            - i128::from(earlier.nanos);
        Duration(span.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }

    /// Later by calendar years, months and days; days that do not exist carry over.
    #[must_use]
    pub fn add_date(&self, years: i64, months: i64, days: i64) -> Self {
        let civil = self.civil();
        Self::date(
            (
                civil.year.saturating_add(years),
                i64::from(civil.month).saturating_add(months),
                i64::from(civil.day).saturating_add(days),
            ),
            (
                i64::from(civil.hour),
                i64::from(civil.minute),
                i64::from(civil.second),
            ),
            i64::from(self.nanos),
            &self.zone,
        )
    }

    fn remainder(&self, unit: Duration) -> i128 {
        let since_zero = (i128::from(self.seconds) + i128::from(ZERO_TO_UNIX)) * NANOS_PER_SECOND
            + i128::from(self.nanos);
        since_zero.rem_euclid(i128::from(unit.0))
    }

    /// Rounded down to a multiple of `unit` since the zero time; itself when `unit` is not positive.
    #[must_use]
    pub fn truncate(&self, unit: Duration) -> Self {
        if unit.0 <= 0 {
            return self.clone();
        }
        self.plus_nanos(-self.remainder(unit))
    }

    /// Rounded to the nearest multiple of `unit` since the zero time, halves up; itself when `unit`
    /// is not positive.
    #[must_use]
    pub fn round(&self, unit: Duration) -> Self {
        if unit.0 <= 0 {
            return self.clone();
        }
        let remainder = self.remainder(unit);
        if remainder * 2 < i128::from(unit.0) {
            return self.plus_nanos(-remainder);
        }
        self.plus_nanos(i128::from(unit.0) - remainder)
    }

    /// As RFC 3339 with as many fractional digits as needed: Go's JSON form of a time.
    pub fn rfc3339_nano(&self) -> String {
        self.format(layout::RFC3339_NANO)
    }
}

impl From<jiff::Timestamp> for Time {
    fn from(stamp: jiff::Timestamp) -> Self {
        let nanos = stamp.as_nanosecond();
        Self::from_unix(
            nanos.div_euclid(NANOS_PER_SECOND) as i64,
            nanos.rem_euclid(NANOS_PER_SECOND) as u32,
        )
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        (self.seconds, self.nanos) == (other.seconds, other.nanos)
    }
}

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.seconds, self.nanos).cmp(&(other.seconds, other.nanos))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.format(layout::STRING))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(layout::RFC3339, text).expect(text)
    }

    #[test]
    fn calendar_round_trip() {
        for days in [-1_000_000, -719_468, -1, 0, 59, 60, 365, 11_016, 2_932_896] {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(
                days_from_civil(year, i64::from(month), i64::from(day)),
                days
            );
        }
        assert_eq!(civil_from_days(0), (1970, 1, 1));
        assert_eq!(Time::zero().to_string(), "0001-01-01 00:00:00 +0000 UTC");
    }

    #[test]
    fn months_carry_over() {
        let cases = [
            ((0, 1, 0), "2024-03-02T00:00:00Z"),
            ((0, -2, 0), "2023-12-01T00:00:00Z"),
            ((1, 1, 1), "2025-03-04T00:00:00Z"),
        ];
        for ((years, months, days), expected) in cases {
            let moved = at("2024-01-31T00:00:00Z").add_date(years, months, days);
            assert_eq!(moved.rfc3339_nano(), expected);
        }
    }

    #[test]
    fn zones_and_daylight_saving() {
        let new_york = Zone::load("America/New_York").expect("tz database");
        let summer = at("2024-07-02T03:04:05Z").in_zone(new_york.clone());
        assert_eq!(summer.format("15:04 MST -07:00"), "23:04 EDT -04:00");
        // 02:30 does not exist that day: Go's second look gives the offset after the change.
        let gap = Time::date((2024, 3, 10), (2, 30, 0), 0, &new_york);
        assert_eq!(gap.rfc3339_nano(), "2024-03-10T01:30:00-05:00");
        assert!(Zone::load("Nope/Zone").is_err());
        assert!(Zone::load("../etc/passwd").is_err());
    }

    #[test]
    fn rounding_and_spans() {
        let time = at("2024-01-02T03:44:05Z");
        assert_eq!(time.round(Duration::HOUR), at("2024-01-02T04:00:00Z"));
        assert_eq!(time.truncate(Duration::HOUR), at("2024-01-02T03:00:00Z"));
        assert_eq!(time.truncate(Duration(0)), time);
        assert_eq!(
            at("2024-01-02T00:00:00Z").sub(&at("1700-01-01T00:00:00Z")),
            Duration::MAX
        );
        assert_eq!(time.iso_week(), (2024, 1));
        assert_eq!(at("2021-01-03T00:00:00Z").iso_week(), (2020, 53));
    }
}
