//! Durations in settings: Go's text form (`1m30s`), as the rest of the field writes them.

use crate::golang::duration::Duration as GoDuration;
use serde::{Deserialize, Deserializer, Serializer};
use std::time::Duration;

/// Writes a duration as Go does.
pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    let nanos = i64::try_from(value.as_nanos()).unwrap_or(i64::MAX);
    serializer.collect_str(&GoDuration(nanos))
}

/// Reads a duration as Go does; negative ones are refused.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let GoDuration(nanos) = GoDuration::parse(&text).map_err(|error| {
        serde::de::Error::custom(format!("{error}; expected a duration such as 90s or 1h30m"))
    })?;
    u64::try_from(nanos)
        .map(Duration::from_nanos)
        .map_err(|_| serde::de::Error::custom(format!("'{text}' is negative")))
}

/// The same for a setting that may be left out.
pub mod optional {
    use super::Duration;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Wrapped(#[serde(with = "super")] Duration);

    /// Writes it, if there is one.
    pub fn serialize<S: Serializer>(
        value: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(Wrapped).serialize(serializer)
    }

    /// Reads it, if there is one.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let value = Option::<Wrapped>::deserialize(deserializer)?;
        Ok(value.map(|Wrapped(duration)| duration))
    }
}
