//! Rates in settings: `5/s`, `60/m`, `1000/h`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration;

/// So many in a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many; at least 1.
    pub count: u32,
    /// The span: a second, a minute or an hour.
    pub per: Duration,
}

const UNITS: [(&str, u64); 3] = [("s", 1), ("m", 60), ("h", 3_600)];

impl Rate {
    /// Reads `<number>/<s|m|h>`.
    ///
    /// # Errors
    /// What is expected instead.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("'{text}' is not a rate; expected for example 5/s, 60/m or 1000/h, or \"\"");
        let (count, unit) = text.split_once('/').ok_or_else(wrong)?;
        let count: u32 = count.trim().parse().map_err(|_| wrong())?;
        let unit = unit.trim();
        let (_, seconds) = UNITS
            .into_iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(wrong)?;
        if count == 0 {
            return Err(format!("'{text}' would never send; use \"\" for no limit"));
        }
        Ok(Self {
            count,
            per: Duration::from_secs(seconds),
        })
    }

    /// The time from one to the next.
    pub fn interval(self) -> Duration {
        self.per / self.count.max(1)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS
            .into_iter()
            .find(|(_, seconds)| *seconds == self.per.as_secs())
            .map_or("?", |(name, _)| name);
        write!(f, "{}/{unit}", self.count)
    }
}

/// A rate, or none: the empty text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateSetting(pub Option<Rate>);

impl Serialize for RateSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(rate) => serializer.collect_str(&rate),
            None => serializer.serialize_str(""),
        }
    }
}

impl<'de> Deserialize<'de> for RateSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self(None));
        }
        let rate = Rate::parse(&text).map_err(serde::de::Error::custom)?;
        Ok(Self(Some(rate)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_written() {
        for (text, interval) in [("5/s", 200), ("60/m", 1_000), ("1800/h", 2_000)] {
            let rate = Rate::parse(text).unwrap();
            assert_eq!(rate.interval(), Duration::from_millis(interval));
            assert_eq!(rate.to_string(), text);
        }
        for text in ["5", "0/s", "-1/s", "5/d", "s/5", "5/", "1.5/s"] {
            let error = Rate::parse(text).unwrap_err();
            assert!(error.contains(text), "{error}");
        }
    }
}
