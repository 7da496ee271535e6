//! Checksums in hexadecimal.

use super::text;
use crate::template::value::Value;
use crate::template::{Failure, Session};
use aws_lc_rs::digest::{self, Algorithm};
use std::fmt::Write;

/// Digits of bytes.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

fn sum<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
    algorithm: &'static Algorithm,
) -> Result<Value<'v>, Failure> {
    let digest = digest::digest(algorithm, text(session, args)?);
    Ok(hexadecimal(digest.as_ref()).into())
}

pub(super) fn sha1sum<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    sum(session, args, &digest::SHA1_FOR_LEGACY_USE_ONLY)
}

pub(super) fn sha256sum<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    sum(session, args, &digest::SHA256)
}

pub(super) fn sha512sum<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    sum(session, args, &digest::SHA512)
}

/// In decimal, as Sprig gives it.
pub(super) fn adler32sum<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    const MODULUS: u32 = 65_521;
    // The most bytes that can be summed up before 32 bits overflow.
    const BLOCK: usize = 5_552;
    let (mut low, mut high) = (1u32, 0u32);
    for block in text(session, args)?.chunks(BLOCK) {
        for byte in block {
            low += u32::from(*byte);
            high += low;
        }
        low %= MODULUS;
        high %= MODULUS;
    }
    Ok((high << 16 | low).to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Limits;

    #[test]
    fn adler_of_long_texts() {
        let session = Session::new(Limits::default(), None);
        let cases = [("", "1"), ("Wikipedia", "300286872")];
        for (text, expected) in cases {
            let sum = adler32sum(&session, &[text.into()]);
            assert!(
                matches!(sum, Ok(Value::Text(sum)) if *sum == *expected.as_bytes()),
                "{text}"
            );
        }
        let long = Value::from(vec![0xff; 100_000]);
        let sum = adler32sum(&session, &[long]);
        // By the definition, with wide sums.
        let low = 1u64 + 0xff * 100_000;
        let high = 100_000 + 0xff * (100_000 * 100_001 / 2);
        let expected = ((high % 65_521) << 16) | (low % 65_521);
        let expected = expected.to_string();
        assert!(matches!(sum, Ok(Value::Text(sum)) if *sum == *expected.as_bytes()));
    }
}
