//! What a scalar means by YAML 1.1, as go-yaml v2 resolves it.

use crate::golang::number;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// The value of a scalar. [`ScalarValue::Text`] means: the scalar's own text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScalarValue {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true`, `yes`, `on`, `y` and their opposites, in the usual cases.
    Bool(bool),
    /// A whole number that fits 64 bits with a sign.
    Int(i64),
    /// A whole number that fits 64 bits only without a sign.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// Everything else; dates and `12:30:45` too.
    Text,
}

impl ScalarValue {
    /// The text that a string field gets from this value; `None` for [`ScalarValue::Text`]. Floats
    /// are written in their shortest 32-bit form, as `sigs.k8s.io/yaml` does, whatever precision
    /// that loses.
    pub fn coerced(self) -> Option<Cow<'static, str>> {
        match self {
            Self::Null => Some("".into()),
            Self::Bool(true) => Some("true".into()),
            Self::Bool(false) => Some("false".into()),
            Self::Int(int) => Some(int.to_string().into()),
            Self::Uint(int) => Some(int.to_string().into()),
            Self::Float(float) => Some(number::display_float32(float as f32).into()),
            Self::Text => None,
        }
    }
}

/// The meaning of a plain scalar without a tag.
pub(super) fn resolve(text: &str) -> ScalarValue {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return ScalarValue::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return ScalarValue::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return ScalarValue::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return ScalarValue::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return ScalarValue::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return ScalarValue::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.as_bytes().first() {
        Some(b'.') => float(text).map_or(ScalarValue::Text, ScalarValue::Float),
        Some(b'0'..=b'9' | b'+' | b'-') => number(text),
        _ => ScalarValue::Text,
    }
}

/// The meaning of a scalar with one of the tags of the YAML core set (`int`, `str`, …), with the
/// new text where the tag changes it. The error is go-yaml's text.
pub(super) fn resolve_tagged(
    tag: &str,
    text: &str,
) -> Result<(ScalarValue, Option<String>), String> {
    let value = resolve(text);
    let fits = match tag {
        "str" | "timestamp" => return Ok((ScalarValue::Text, None)),
        "binary" => {
            let compact: String = text.split_ascii_whitespace().collect();
            let bytes = STANDARD
                .decode(compact)
                .map_err(|_| "yaml: !!binary value contains invalid base64 data".to_owned())?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            return Ok((ScalarValue::Text, Some(text)));
        }
        "float" => match value {
            ScalarValue::Int(int) => return Ok((ScalarValue::Float(int as f64), None)),
            ScalarValue::Uint(int) => return Ok((ScalarValue::Float(int as f64), None)),
            value => matches!(value, ScalarValue::Float(_)),
        },
        "int" => matches!(value, ScalarValue::Int(_) | ScalarValue::Uint(_)),
        "bool" => matches!(value, ScalarValue::Bool(_)),
        "null" => matches!(value, ScalarValue::Null),
        _ => return Ok((ScalarValue::Text, None)),
    };
    if fits {
        return Ok((value, None));
    }
    let found = match value {
        ScalarValue::Null => "null",
        ScalarValue::Bool(_) => "bool",
        ScalarValue::Int(_) | ScalarValue::Uint(_) => "int",
        ScalarValue::Float(_) => "float",
        ScalarValue::Text => "str",
    };
    Err(format!(
        "yaml: cannot decode !!{found} `{text}` as a !!{tag}"
    ))
}

fn number(text: &str) -> ScalarValue {
    let plain: Cow<'_, str> = if text.contains('_') {
        text.replace('_', "").into()
    } else {
        text.into()
    };
    if let Some(value) = whole(&plain) {
        return value;
    }
    if is_float(&plain)
        && let Some(value) = float(&plain)
    {
        return ScalarValue::Float(value);
    }
    ScalarValue::Text
}

/// Go's `strconv.ParseInt(text, 0, 64)`, then `ParseUint`: a leading zero means octal.
fn whole(text: &str) -> Option<ScalarValue> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match lower.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some(two) if two.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(ScalarValue::Int);
    }
    match i64::try_from(magnitude) {
        Ok(int) => Some(ScalarValue::Int(int)),
        // Go's ParseUint takes no sign, not even a plus.
        Err(_) if text.starts_with('+') => None,
        Err(_) => Some(ScalarValue::Uint(magnitude)),
    }
}

/// A decimal number with an optional sign, fraction and exponent.
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => digits(mantissa) && !mantissa.is_empty(),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        digits(unsigned) && !unsigned.is_empty()
    });
    mantissa_fits && exponent_fits
}

/// A finite float; a number too large for 64 bits stays text, as in Go.
fn float(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// `12:30:45` and the like: text to us, a number to other YAML 1.1 readers, so it is written in
/// quotes.
pub(super) fn is_base_sixty(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let first = parts.next().unwrap_or_default();
    let starts = first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let mut rest = parts.peekable();
    if !starts || rest.peek().is_none() {
        return false;
    }
    while let Some(part) = rest.next() {
        let part = match part.split_once('.') {
            Some((whole, fraction)) => {
                let last = rest.peek().is_none();
                if !last || !fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
                    return false;
                }
                whole
            }
            None => part,
        };
        let fits = matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
        if !fits {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use ScalarValue::{Bool, Float, Int, Null, Text, Uint};

    /// Every line was read by the original's library.
    #[test]
    fn resolves_as_yaml_1_1() {
        let cases = [
            ("", Null),
            ("~", Null),
            ("NULL", Null),
            ("nUll", Text),
            ("y", Bool(true)),
            ("On", Bool(true)),
            ("oN", Text),
            ("off", Bool(false)),
            ("010", Int(8)),
            ("0o17", Int(15)),
            ("0O17", Int(15)),
            ("0o8", Text),
            ("08", Float(8.0)),
            ("0x1F", Int(31)),
            ("-0x1F", Int(-31)),
            ("0x-1", Text),
            ("0b11", Int(3)),
            ("-0b11", Int(-3)),
            ("1_000", Int(1000)),
            ("_1", Text),
            ("+1", Int(1)),
            ("+-1", Text),
            ("-", Text),
            ("0", Int(0)),
            ("-0", Int(0)),
            ("9223372036854775807", Int(i64::MAX)),
            ("-9223372036854775808", Int(i64::MIN)),
            ("9223372036854775808", Uint(9_223_372_036_854_775_808)),
            ("12345678901234567890", Uint(12_345_678_901_234_567_890)),
            ("100000000000000000000", Float(1e20)),
            ("-9223372036854775809", Float(-9_223_372_036_854_775_809.0)),
            (".5", Float(0.5)),
            ("+.5", Float(0.5)),
            ("1.", Float(1.0)),
            ("1e3", Float(1000.0)),
            ("1e400", Text),
            ("1e", Text),
            (".", Text),
            ("1.2.3", Text),
            ("12:30:45", Text),
            ("=", Text),
            ("<<", Text),
            ("2020-01-01", Text),
            ("-.inf", Float(f64::NEG_INFINITY)),
            ("inf", Text),
            ("nan", Text),
        ];
        for (text, value) in cases {
            assert_eq!(resolve(text), value, "{text:?}");
        }
        assert!(matches!(resolve(".nan"), Float(value) if value.is_nan()));
    }

    #[test]
    fn tags_demand() {
        assert_eq!(resolve_tagged("str", "1"), Ok((Text, None)));
        assert_eq!(resolve_tagged("float", "1"), Ok((Float(1.0), None)));
        assert_eq!(
            resolve_tagged("binary", "aG\n k="),
            Ok((Text, Some("hi".into())))
        );
        assert!(resolve_tagged("binary", "?").is_err());
        assert_eq!(
            resolve_tagged("int", "x"),
            Err("yaml: cannot decode !!str `x` as a !!int".into())
        );
    }

    #[test]
    fn base_sixty() {
        for text in ["1:2", "12:30:45", "-1:59.5", "1_0:0"] {
            assert!(is_base_sixty(text), "{text}");
        }
        for text in ["1", "a:1", "1:60", "1:2:", "1:2.5:3", ":1"] {
            assert!(!is_base_sixty(text), "{text}");
        }
    }
}
