//! Time zones: UTC, the local one, fixed offsets and named ones.

use std::fmt;
use std::sync::Arc;

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

    pub(super) fn offset(&self, unix_seconds: i64) -> i32 {
        match self {
            Self::Utc => 0,
            Self::Fixed { offset, .. } => *offset,
            Self::Local => tz_offset(local_zone(), unix_seconds),
            Self::Named(zone) => tz_offset(zone, unix_seconds),
        }
    }

    /// Offset that this abbreviation stands for in this zone, preferably at that moment.
    pub(super) fn lookup_name(&self, abbreviation: &str, unix_seconds: i64) -> Option<i32> {
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
pub(super) fn local_zone() -> &'static jiff::tz::TimeZone {
    static LOCAL: std::sync::LazyLock<jiff::tz::TimeZone> = std::sync::LazyLock::new(|| {
        jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC)
    });
    &LOCAL
}

/// The nearest moment that jiff can express.
pub(super) fn timestamp(unix_seconds: i64) -> jiff::Timestamp {
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
