//! AES-256 in CBC mode, with the password's bytes as the key.

use crate::template::functions::encoding::decode_base64;
use crate::template::functions::row::mismatch;
use crate::template::value::Value;
use crate::template::{Failure, Session};
use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BLOCK: usize = 16;

/// The first 32 bytes of the password, filled up with zeros.
fn key(password: &[u8]) -> Result<UnboundCipherKey, Failure> {
    let mut key = [0; 32];
    for (to, from) in key.iter_mut().zip(password) {
        *to = *from;
    }
    UnboundCipherKey::new(&AES_256, &key).map_err(|_| Failure::new("AES is not available"))
}

/// Initialisation vector and cipher text in base64; nothing for nothing.
pub(super) fn encrypt_aes<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [Value::Text(password), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    if text.is_empty() {
        return Ok(Value::text(""));
    }
    session.charge(text.len().saturating_mul(3))?;
    let failed = |_| Failure::new("AES encryption failed");
    let padding = BLOCK - text.len() % BLOCK;
    let mut content = text.to_vec();
    content.extend(std::iter::repeat_n(padding as u8, padding));
    let key = EncryptingKey::cbc(key(password)?).map_err(failed)?;
    let context = key.encrypt(&mut content).map_err(failed)?;
    let vector = <&[u8]>::try_from(&context).map_err(failed)?;
    Ok(STANDARD.encode([vector, &content].concat()).into())
}

/// As Sprig, this checks nothing: with a wrong password the result is garbage or an error.
pub(super) fn decrypt_aes<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [Value::Text(password), Value::Text(text)] = args else {
        return Err(mismatch());
    };
    if text.is_empty() {
        return Ok(Value::text(""));
    }
    session.charge(text.len())?;
    let encrypted = decode_base64(text).map_err(Failure::new)?;
    let out_of_range = || Failure::new("runtime error: slice bounds out of range");
    let (vector, content) = encrypted
        .split_first_chunk::<BLOCK>()
        .ok_or_else(out_of_range)?;
    if content.len() % BLOCK != 0 {
        return Err(Failure::new("crypto/cipher: input not full blocks"));
    }
    let failed = |_| Failure::new("AES decryption failed");
    let mut content = content.to_vec();
    let context = DecryptionContext::Iv128(FixedLength::from(vector));
    let key = DecryptingKey::cbc(key(password)?).map_err(failed)?;
    key.decrypt(&mut content, context).map_err(failed)?;
    let padding = content
        .last()
        .copied()
        .map(usize::from)
        .ok_or_else(out_of_range)?;
    let length = content
        .len()
        .checked_sub(padding)
        .ok_or_else(out_of_range)?;
    content.truncate(length);
    Ok(content.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Limits;

    #[test]
    fn there_and_back() {
        let session = Session::new(Limits::default(), None);
        for text in ["x", "exactly 16 bytes", "more than sixteen bytes"] {
            let Ok(encrypted) = encrypt_aes(&session, &["pw".into(), text.into()]) else {
                panic!("{text} is not encrypted");
            };
            let decrypted = decrypt_aes(&session, &["pw".into(), encrypted]);
            assert!(
                matches!(decrypted, Ok(Value::Text(got)) if *got == *text.as_bytes()),
                "{text}"
            );
        }
    }

    /// A text that OpenSSL encrypted with the key `secretkey` and the vector `0123456789abcdef`.
    #[test]
    fn texts_of_others() {
        let session = Session::new(Limits::default(), None);
        let encrypted = "MDEyMzQ1Njc4OWFiY2RlZo+Xfp56WiwUYa1JC5v52QQ=";
        let decrypted = decrypt_aes(&session, &["secretkey".into(), encrypted.into()]);
        assert!(matches!(decrypted, Ok(Value::Text(text)) if *text == *b"hello world"));
        for bad in ["!", "MDEyMw==", "MDEyMzQ1Njc4OWFiY2RlZjA="] {
            assert!(
                decrypt_aes(&session, &["pw".into(), bad.into()]).is_err(),
                "{bad}"
            );
        }
    }
}
