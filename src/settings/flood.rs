//! The setting of the flood guard: `auto`, `off`, or a number.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The number behind `auto`.
pub const USUAL_GUARD: u32 = 50;

/// What to do when a start or a new configuration would send many notifications that no change of
/// an object caused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FloodGuard {
    /// Hold more than [`USUAL_GUARD`] where somebody can be asked; only warn where not.
    #[default]
    Auto,
    /// Send them.
    Off,
    /// Hold more than this many within a minute.
    Above(u32),
}

impl Serialize for FloodGuard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::Off => serializer.serialize_str("off"),
            Self::Above(number) => serializer.serialize_u32(*number),
        }
    }
}

impl<'de> Deserialize<'de> for FloodGuard {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Words)
    }
}

struct Words;

impl Visitor<'_> for Words {
    type Value = FloodGuard;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("auto, off, or a number of notifications")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<FloodGuard, E> {
        match text {
            "auto" => Ok(FloodGuard::Auto),
            "off" => Ok(FloodGuard::Off),
            other => match other.parse() {
                Ok(number) => Ok(FloodGuard::Above(number)),
                Err(_) => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
            },
        }
    }

    fn visit_bool<E: Error>(self, on: bool) -> Result<FloodGuard, E> {
        Ok(if on {
            FloodGuard::Auto
        } else {
            FloodGuard::Off
        })
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<FloodGuard, E> {
        let fits = u32::try_from(number).map(FloodGuard::Above);
        fits.map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<FloodGuard, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(
                serde::de::Unexpected::Signed(number),
                &self,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers() {
        let cases = [
            ("auto", FloodGuard::Auto),
            ("off", FloodGuard::Off),
            ("false", FloodGuard::Off),
            ("20", FloodGuard::Above(20)),
            ("'20'", FloodGuard::Above(20)),
        ];
        for (text, expected) in cases {
            let read: FloodGuard = serde_yaml::from_str(text).unwrap();
            assert_eq!(read, expected, "{text}");
        }
        for text in ["-1", "many", "5000000000"] {
            let read: Result<FloodGuard, _> = serde_yaml::from_str(text);
            assert!(read.is_err(), "{text}");
        }
    }
}
