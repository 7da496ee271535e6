//! Values in service options that are written in more than one way.

use crate::golang::duration;
use serde::de::{Deserializer, Error, Visitor};
use std::fmt;
use std::time::Duration;

/// A time span: a Go duration such as `1m30s`, or whole nanoseconds, which is all that the original
/// takes. Zero, negative and absent mean the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Span(Duration);

impl Span {
    /// The span, or this default.
    pub(super) fn or(self, default: Duration) -> Duration {
        if self.0.is_zero() { default } else { self.0 }
    }

    /// Reads a Go duration.
    pub(super) fn parse(text: &str) -> Result<Self, duration::DurationError> {
        duration::Duration::parse(text).map(|span| Self::of_nanoseconds(span.0))
    }

    fn of_nanoseconds(nanoseconds: i64) -> Self {
        Self(Duration::from_nanos(nanoseconds.max(0).cast_unsigned()))
    }
}

impl<'de> serde::Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

struct SpanVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as 1s or 1m30s, or whole nanoseconds")
    }

    fn visit_unit<E: Error>(self) -> Result<Span, E> {
        Ok(Span::default())
    }

    fn visit_none<E: Error>(self) -> Result<Span, E> {
        Ok(Span::default())
    }

    fn visit_i64<E: Error>(self, nanoseconds: i64) -> Result<Span, E> {
        Ok(Span::of_nanoseconds(nanoseconds))
    }

    fn visit_u64<E: Error>(self, nanoseconds: u64) -> Result<Span, E> {
        Ok(Span(Duration::from_nanos(nanoseconds)))
    }

    fn visit_f64<E: Error>(self, nanoseconds: f64) -> Result<Span, E> {
        if nanoseconds.fract() != 0.0 {
            return Err(E::custom(format!(
                "{nanoseconds} is not a duration; write 1s or 1m30s"
            )));
        }
        // `as` saturates.
        Ok(Span::of_nanoseconds(nanoseconds as i64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        if text.is_empty() {
            return Ok(Span::default());
        }
        if let Ok(nanoseconds) = text.parse() {
            return Ok(Span::of_nanoseconds(nanoseconds));
        }
        Span::parse(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Options {
        #[serde(default)]
        wait: Span,
    }

    #[test]
    fn spans_are_texts_or_nanoseconds() {
        for (yaml, milliseconds) in [
            ("wait: 1m30s", 90_000),
            ("wait: 2000000", 2),
            ("wait: \"2000000\"", 2),
            ("wait: 1e9", 1_000),
            ("wait: -1s", 77),
            ("wait: 0", 77),
            ("wait: \"\"", 77),
            ("wait: ~", 77),
            ("other: 1", 77),
        ] {
            let node = crate::yaml::parse(yaml).expect("is YAML");
            let options: Options = crate::yaml::decode(&node).expect("is a span");
            let default = Duration::from_millis(77);
            assert_eq!(
                options.wait.or(default),
                Duration::from_millis(milliseconds),
                "{yaml}"
            );
        }
        for yaml in ["wait: soon", "wait: 1.5", "wait: [1]", "wait: true"] {
            let node = crate::yaml::parse(yaml).expect("is YAML");
            assert!(crate::yaml::decode::<Options>(&node).is_err(), "{yaml}");
        }
    }
}
