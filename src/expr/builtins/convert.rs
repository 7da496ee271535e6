//! Built-ins that convert: lengths, types, numbers, texts, base64.

use super::{Builtin, Context, Outcome, argument, text};
use crate::expr::Version;
use crate::expr::operators::go_int;
use crate::expr::print;
use crate::expr::text::Text;
use crate::expr::value::{ListKind, Value};
use crate::golang::parse::{parse_float, parse_int};
use crate::golang::time::Zone;

pub(super) fn call<'v>(
    builtin: Builtin,
    arguments: &[Value<'v>],
    context: &mut Context<'_>,
) -> Outcome<Value<'v>> {
    let value = argument(arguments, 0);
    match builtin {
        Builtin::Len => len(value, context),
        Builtin::Type => Ok(Value::text(type_of(value))),
        Builtin::Int => int(value),
        Builtin::Float => float(value),
        Builtin::String => string(value, context),
        Builtin::ToBase64 => {
            let bytes = text(arguments, 0)?.as_bytes();
            context.budget.text(bytes.len().saturating_mul(2))?;
            Ok(Value::string(encode_base64(bytes)))
        }
        _ => {
            let encoded = text(arguments, 0)?;
            context.budget.text(encoded.len())?;
            decode_base64(encoded.as_bytes()).map(|bytes| Value::Text(Text::from_bytes(&bytes)))
        }
    }
}

fn len<'v>(value: &Value<'v>, context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let len = match value {
        Value::Text(text) if context.version == Version::V1_17 => {
            context.budget.scan(text.len())?;
            text.char_count()
        }
        _ => byte_len(value)?,
    };
    Ok(Value::Int(len as i64))
}

/// Elements of lists and maps, bytes of strings.
pub(in crate::expr) fn byte_len(value: &Value<'_>) -> Outcome<usize> {
    let len = match value {
        Value::Text(text) => Some(text.len()),
        other => other.list_len().or_else(|| other.map_len()),
    };
    len.ok_or_else(|| format!("invalid argument for len (type {})", value.type_name()))
}

fn type_of(value: &Value<'_>) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Int64(_) => "int",
        Value::Uint8(_) => "uint",
        Value::Float(_) => "float",
        Value::Text(_) => "string",
        Value::Bytes(_) | Value::Array(_) | Value::List(_) => "array",
        Value::Object(_) | Value::Map(_) => "map",
        Value::Time(_) => "time.Time",
        Value::Duration(_) => "time.Duration",
        Value::Month(_) => "time.Month",
        Value::Weekday(_) => "time.Weekday",
        Value::Zone(_) => "time.Location",
        Value::Function(_) => "func",
    }
}

fn int<'v>(value: &Value<'v>) -> Outcome<Value<'v>> {
    Ok(Value::Int(match value {
        Value::Int(int) | Value::Int64(int) | Value::Month(int) | Value::Weekday(int) => *int,
        Value::Duration(duration) => duration.0,
        Value::Uint8(byte) => i64::from(*byte),
        Value::Float(float) => go_int(*float),
        Value::Text(text) => {
            let text = text.to_str();
            return parse_int(&text, 10)
                .map(Value::Int)
                .map_err(|_| format!("invalid operation: int({text})"));
        }
        Value::Nil => return Err("reflect: call of reflect.Value.Type on zero Value".to_owned()),
        other => return Err(format!("invalid operation: int({})", other.type_name())),
    }))
}

fn float<'v>(value: &Value<'v>) -> Outcome<Value<'v>> {
    Ok(Value::Float(match value {
        Value::Int(int) | Value::Int64(int) => *int as f64,
        Value::Uint8(byte) => f64::from(*byte),
        Value::Float(float) => *float,
        Value::Text(text) => {
            let text = text.to_str();
            return parse_float(&text)
                .map(Value::Float)
                .map_err(|_| format!("invalid operation: float({text})"));
        }
        other => return Err(format!("invalid operation: float({})", other.type_name())),
    }))
}

/// `value` times two to the `exponent`, in steps that neither overflow nor lose bits early.
pub(in crate::expr) fn ldexp(mut value: f64, mut exponent: i64) -> f64 {
    while exponent > 1000 && value.is_finite() && value != 0.0 {
        value *= 2f64.powi(1000);
        exponent -= 1000;
    }
    while exponent < -1000 && value != 0.0 {
        value *= 2f64.powi(-1000);
        exponent += 1000;
    }
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    value * 2f64.powi(exponent as i32)
}

fn string<'v>(value: &Value<'v>, context: &mut Context<'_>) -> Outcome<Value<'v>> {
    if let Value::Text(_) = value {
        return Ok(value.clone());
    }
    if let (Value::Zone(zone), Version::V1_17) = (value, context.version)
        && **zone == Zone::Utc
    {
        // The newer version prints the structure behind the pointer.
        return Ok(Value::text("{UTC [] []  0 0 <nil>}"));
    }
    if let Value::List(list) = value
        && list.kind == ListKind::Int
    {
        // Ranges are not stored, so their text may be far larger than they are.
        context.budget.values(list.len())?;
    }
    let mut out = String::new();
    print::write_go(&mut out, value);
    context.budget.text(out.len())?;
    Ok(Value::string(out))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Standard base64 with padding.
pub(super) fn encode_base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = [0u8; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
        for position in 0..4 {
            if position <= chunk.len() {
                let index = bits >> (18 - 6 * position) & 63;
                out.push(char::from(ALPHABET[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Go's decoder: line ends are skipped, everything else must be exact; errors name the byte.
fn decode_base64(encoded: &[u8]) -> Outcome<Vec<u8>> {
    let corrupt = |at: usize| format!("illegal base64 data at input byte {at}");
    let skip = |at: &mut usize| {
        while encoded.get(*at).is_some_and(|b| matches!(b, b'\r' | b'\n')) {
            *at += 1;
        }
    };
    let mut out = Vec::with_capacity(encoded.len() / 4 * 3);
    let mut at = 0;
    loop {
        let mut bits: u32 = 0;
        let mut digits = 0;
        while digits < 4 {
            skip(&mut at);
            let Some(byte) = encoded.get(at) else {
                if digits == 0 {
                    return Ok(out);
                }
                return Err(corrupt(at - digits.min(at)));
            };
            at += 1;
            if let Some(value) = ALPHABET.iter().position(|b| b == byte) {
                bits = bits << 6 | value as u32;
                digits += 1;
                continue;
            }
            if *byte != b'=' || digits < 2 {
                return Err(corrupt(at - 1));
            }
            if digits == 2 {
                skip(&mut at);
                if at >= encoded.len() {
                    return Err(corrupt(encoded.len()));
                }
                if encoded[at] != b'=' {
                    return Err(corrupt(at));
                }
                at += 1;
            }
            skip(&mut at);
            if at < encoded.len() {
                return Err(corrupt(at));
            }
            bits <<= 6 * (4 - digits);
            out.extend_from_slice(&bits.to_be_bytes()[1..digits]);
            return Ok(out);
        }
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_both_ways() {
        for text in ["", "a", "ab", "abc", "abcd"] {
            let encoded = encode_base64(text.as_bytes());
            assert_eq!(
                decode_base64(encoded.as_bytes()).as_deref(),
                Ok(text.as_bytes())
            );
        }
        assert_eq!(decode_base64(b"SGVs\nbG8=").as_deref(), Ok(&b"Hello"[..]));
        assert_eq!(
            decode_base64(b"SGVs bG8="),
            Err("illegal base64 data at input byte 4".into())
        );
        assert!(decode_base64(b"YQ=").is_err());
        assert!(decode_base64(b"YQ==YQ==").is_err());
    }
}
