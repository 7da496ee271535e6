//! Points in time as Go's `time` package has them: layouts, zones, calendar arithmetic.
//!
//! A [`Time`] is a count of seconds with a zone, so years outside jiff's range behave as in Go;
//! jiff is asked only for the offsets of named zones. Layout parsing and formatting are in the
//! submodule [`layout`].

use super::duration::Duration;
use std::fmt;
use std::sync::Arc;

pub mod layout;

pub use layout::ParseError;

const SECONDS_PER_DAY: i64 = 86_400;
const NANOS_PER_SECOND: i128 = 1_000_000_000;
/// Seconds from Go's zero time, year 1, to the Unix epoch.
const ZERO_TO_UNIX: i64 = 62_135_596_800;
/// Beyond these the calendar arithmetic could overflow; Go wraps around there.
const LIMIT_SECONDS: i64 = i64::MAX / 4;

/// Where a [`Time`] is shown: Go's `*time.Location`.
#[derive(Clone, Debug)]
pub enum Zone {
    /// Coordinated universal time.
    Utc,
    /// The zone of this process (`TZ`, or the system's).
    Local,
    /// A constant offset, as a parsed `+02:00` gives.
    Fixed {
        /// Abbreviation; empty when the text had none.
        name: Arc<str>,
        /// Seconds east of UTC.
        offset: i32,
    },
    /// A zone of the tz database.
    Named(jiff::tz::TimeZone),
}

/// No zone has this name; displays as Go's message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0}")]
pub struct UnknownZone(pub String);

impl Zone {
    /// Go's `time.LoadLocation`: `UTC` and the empty name are UTC, `Local` is the process's zone.
    ///
    /// # Errors
    /// When the tz database has no such name (names are case-sensitive).
    pub fn load(name: &str) -> Result<Self, UnknownZone> {
        match name {
            "" | "UTC" => Ok(Self::Utc),
            "Local" => Ok(Self::Local),
            _ => match jiff::tz::TimeZone::get(name) {
                Ok(zone) if zone.iana_name() == Some(name) => Ok(Self::Named(zone)),
                _ => Err(UnknownZone(name.to_owned())),
            },
        }
    }

    /// The name Go prints: `UTC`, `Local`, `Europe/Prague`, or the abbreviation of a fixed offset.
    pub fn name(&self) -> &str {
        match self {
            Self::Utc => "UTC",
            Self::Local => "Local",
            Self::Fixed { name, .. } => name,
            Self::Named(zone) => zone.iana_name().unwrap_or(""),
        }
    }

    /// Abbreviation and seconds east of UTC in force at this moment.
    pub fn lookup(&self, unix_seconds: i64) -> (String, i32) {
        match self {
            Self::Utc => ("UTC".into(), 0),
            Self::Fixed { name, offset } => (name.to_string(), *offset),
            Self::Local => tz_lookup(local_zone(), unix_seconds),
            Self::Named(zone) => tz_lookup(zone, unix_seconds),
        }
    }

    fn offset(&self, unix_seconds: i64) -> i32 {
        match self {
            Self::Utc => 0,
            Self::Fixed { offset, .. } => *offset,
            Self::Local => tz_offset(local_zone(), unix_seconds),
            Self::Named(zone) => tz_offset(zone, unix_seconds),
        }
    }

    /// Offset that this abbreviation stands for in this zone, preferably at that moment.
    fn lookup_name(&self, abbreviation: &str, unix_seconds: i64) -> Option<i32> {
        let zone = match self {
            Self::Utc => return (abbreviation == "UTC").then_some(0),
            Self::Fixed { name, offset } => {
                return (abbreviation == &**name).then_some(*offset);
            }
            Self::Local => local_zone(),
            Self::Named(zone) => zone,
        };
        let stamp = timestamp(unix_seconds);
        let now = zone.to_offset_info(stamp);
        if now.abbreviation() == abbreviation {
            return Some(now.offset().seconds());
        }
        // The database holds a few hundred transitions at most, rules repeat every year.
        const NEARBY: usize = 8;
        const ALL: usize = 400;
        let before = |count| {
            zone.preceding(stamp)
                .take(count)
                .find(|t| t.abbreviation() == abbreviation)
                .map(|t| t.offset().seconds())
        };
        let after = || {
            zone.following(stamp)
                .take(NEARBY)
                .find(|t| t.abbreviation() == abbreviation)
                .map(|t| t.offset().seconds())
        };
        before(NEARBY).or_else(after).or_else(|| before(ALL))
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Utc, Self::Utc) | (Self::Local, Self::Local) => true,
            (Self::Fixed { name, offset }, Self::Fixed { name: n, offset: o }) => {
                name == n && offset == o
            }
            (Self::Named(a), Self::Named(b)) => a == b,
            _ => false,
        }
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.same(other)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Looked up once: reading `/etc/localtime` for every evaluation would be slow.
fn local_zone() -> &'static jiff::tz::TimeZone {
    static LOCAL: std::sync::LazyLock<jiff::tz::TimeZone> = std::sync::LazyLock::new(|| {
        jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC)
    });
    &LOCAL
}

/// The nearest moment that jiff can express.
fn timestamp(unix_seconds: i64) -> jiff::Timestamp {
    let clamped = unix_seconds.clamp(
        jiff::Timestamp::MIN.as_second(),
        jiff::Timestamp::MAX.as_second(),
    );
    jiff::Timestamp::from_second(clamped).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

fn tz_offset(zone: &jiff::tz::TimeZone, unix_seconds: i64) -> i32 {
    zone.to_offset(timestamp(unix_seconds)).seconds()
}

fn tz_lookup(zone: &jiff::tz::TimeZone, unix_seconds: i64) -> (String, i32) {
    let info = zone.to_offset_info(timestamp(unix_seconds));
    let offset = info.offset().seconds();
    if zone.is_unknown() {
        return ("UTC".into(), offset);
    }
    (info.abbreviation().to_owned(), offset)
}

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

/// English names as Go prints them, January first.
pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// English names as Go prints them, Sunday first.
pub const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// Go's `Month.String`: out of range numbers print as `%!Month(13)`.
pub fn month_name(month: i64) -> String {
    usize::try_from(month.wrapping_sub(1))
        .ok()
        .and_then(|i| MONTHS.get(i))
        .map_or_else(|| format!("%!Month({})", month as u64), |m| (*m).to_owned())
}

/// Go's `Weekday.String`: out of range numbers print as `%!Weekday(7)`.
pub fn weekday_name(weekday: i64) -> String {
    usize::try_from(weekday)
        .ok()
        .and_then(|i| WEEKDAYS.get(i))
        .map_or_else(
            || format!("%!Weekday({})", weekday as u64),
            |w| (*w).to_owned(),
        )
}

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) fn days_in(month: u32, year: i64) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the given day; months and days outside their range carry over.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let months = month.saturating_sub(1);
    let year = year.saturating_add(months.div_euclid(12));
    let month = months.rem_euclid(12) + 1;
    // Years that start in March: the leap day is the last day of such a year.
    let shifted = if month <= 2 {
        year.saturating_sub(1)
    } else {
        year
    };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era.saturating_mul(146_097)
        .saturating_add(day_of_era - 719_468)
        .saturating_add(day.saturating_sub(1))
}

fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
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
