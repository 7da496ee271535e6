//! Base64 and base32. Decoding answers an error with Go's message as the text.

use super::Function;
use super::row::{fixed, mismatch};
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("b64enc", &[Type::String], Type::String, b64enc),
    fixed("b64dec", &[Type::String], Type::String, b64dec),
    fixed("b32enc", &[Type::String], Type::String, b32enc),
    fixed("b32dec", &[Type::String], Type::String, b32dec),
];

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn b64enc<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len().saturating_mul(2))?;
    Ok(STANDARD.encode(&**text).into())
}

fn b64dec<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len())?;
    Ok(match decode_base64(text) {
        Ok(bytes) => bytes.into(),
        Err(complaint) => complaint.into(),
    })
}

/// Go's `base64.StdEncoding.DecodeString`: line breaks do not count, the padding must be there.
///
/// # Errors
/// Go's message, with the position.
pub(super) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, String> {
    let corrupt = |at: usize| Err(format!("illegal base64 data at input byte {at}"));
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut quantum: Vec<u8> = Vec::with_capacity(4);
    let mut characters = text
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\r' | b'\n'));
    while let Some((at, byte)) = characters.next() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if quantum.len() >= 2 => {
                if quantum.len() == 2 {
                    match characters.next() {
                        Some((_, b'=')) => {}
                        // Go names the place before the character that should be the padding.
                        Some((next, _)) => return corrupt(next - 1),
                        None => return corrupt(text.len()),
                    }
                }
                if let Some((next, _)) = characters.next() {
                    return corrupt(next);
                }
                push_bits(&mut out, &quantum, 6);
                return Ok(out);
            }
            _ => return corrupt(at),
        };
        quantum.push(digit);
        if quantum.len() == 4 {
            push_bits(&mut out, &quantum, 6);
            quantum.clear();
        }
    }
    if quantum.is_empty() {
        Ok(out)
    } else {
        corrupt(text.len() - quantum.len())
    }
}

/// Appends the whole bytes that digits of this many bits hold.
fn push_bits(out: &mut Vec<u8>, digits: &[u8], width: u32) {
    let mut buffer: u64 = 0;
    let mut held = 0;
    for digit in digits {
        buffer = buffer << width | u64::from(*digit);
        held += width;
    }
    while held >= 8 {
        held -= 8;
        out.push((buffer >> held) as u8);
    }
}

fn b32enc<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len().saturating_mul(2))?;
    let mut out = Vec::with_capacity(text.len().div_ceil(5) * 8);
    for group in text.chunks(5) {
        let bits = group
            .iter()
            .fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        let bits = bits << (8 * (5 - group.len()));
        let digits = (group.len() * 8).div_ceil(5);
        out.extend((0..8).map(|place| {
            let digit = bits >> (35 - 5 * place) & 31;
            let letter = BASE32.get(digit as usize).copied().unwrap_or(b'=');
            if place < digits { letter } else { b'=' }
        }));
    }
    Ok(out.into())
}

fn b32dec<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len().saturating_mul(2))?;
    Ok(match decode_base32(text) {
        Ok(bytes) => bytes.into(),
        Err(at) => format!("illegal base32 data at input byte {at}").into(),
    })
}

/// Go's `base32.StdEncoding.DecodeString`; the error is a position in the text without line
/// breaks. What follows a padded group is ignored.
fn decode_base32(text: &[u8]) -> Result<Vec<u8>, usize> {
    let line_break = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !line_break(byte))
        .collect();
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    for (number, group) in text.chunks(8).enumerate() {
        let start = number * 8;
        let mut digits = Vec::with_capacity(8);
        for (place, byte) in group.iter().enumerate() {
            // Whether this is the last group, but for a little more.
            let left = text.len() - start - place - 1;
            if *byte == b'=' && place >= 2 && left < 8 {
                if left + place < 7 {
                    return Err(text.len());
                }
                let after = text.get(start + place + 1..).unwrap_or_default();
                if let Some(wrong) = after.iter().take(7 - place).position(|b| *b != b'=') {
                    return Err(start + place + wrong);
                }
                if matches!(place, 3 | 6) {
                    return Err(start + place);
                }
                push_bits(&mut out, &digits, 5);
                return Ok(out);
            }
            let digit = BASE32.iter().position(|letter| letter == byte);
            digits.push(digit.ok_or(start + place)? as u8);
        }
        if digits.len() < 8 {
            // The position before the incomplete group.
            return Err(start);
        }
        push_bits(&mut out, &digits, 5);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Positions that Go names.
    #[test]
    fn base64_like_go() {
        let cases: [(&str, Result<&str, &str>); 11] = [
            ("aGVsbG8=", Ok("hello")),
            ("aGVs\nbG8=\n", Ok("hello")),
            ("", Ok("")),
            ("!!!", Err("illegal base64 data at input byte 0")),
            ("aGVsbG8", Err("illegal base64 data at input byte 4")),
            ("aGVsbG8=x", Err("illegal base64 data at input byte 8")),
            ("aA=", Err("illegal base64 data at input byte 3")),
            ("aA=x", Err("illegal base64 data at input byte 2")),
            ("a===", Err("illegal base64 data at input byte 1")),
            ("aA==", Ok("h")),
            ("a-_b", Err("illegal base64 data at input byte 1")),
        ];
        for (text, expected) in cases {
            let expected = expected
                .map(|t| t.as_bytes().to_vec())
                .map_err(str::to_owned);
            assert_eq!(decode_base64(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn base32_like_go() {
        let cases: [(&str, Result<&str, usize>); 9] = [
            ("NBSWY3DP", Ok("hello")),
            ("MZXW6===", Ok("foo")),
            ("MZ\nXW6===", Ok("foo")),
            ("MZXW6", Err(0)),
            ("MZXW6==", Err(7)),
            ("MZXW6=A=", Err(5)),
            ("1ZXW6===", Err(0)),
            ("NBSWY3DPMZXW6", Err(8)),
            ("MZX=====", Err(3)),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|t| t.as_bytes().to_vec());
            assert_eq!(decode_base32(text.as_bytes()), expected, "{text}");
        }
    }
}
