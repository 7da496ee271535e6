//! Password hashes, and passwords derived from a master password.

use super::text;
use crate::template::functions::row::mismatch;
use crate::template::value::Value;
use crate::template::{Failure, Session};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::alphabet::BCRYPT;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};

/// Rounds, as a power of two: Go's default.
const BCRYPT_COST: u32 = 10;
/// Longer passwords would be cut.
const BCRYPT_LENGTH: usize = 72;
const BCRYPT_BASE64: GeneralPurpose = GeneralPurpose::new(&BCRYPT, NO_PAD);

pub(super) fn bcrypt<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(bcrypt_hash(session, text(session, args)?)?.into())
}

/// The hash, or what Sprig says instead of one.
fn bcrypt_hash(session: &Session<'_>, password: &[u8]) -> Result<String, Failure> {
    if password.len() > BCRYPT_LENGTH {
        return Ok(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes"
                .to_owned(),
        );
    }
    session.slowly(|_| {
        let salt: [u8; 16] = rand::random();
        let mut key = [password, &[0]].concat();
        key.truncate(BCRYPT_LENGTH);
        let hash = ::bcrypt::bcrypt(BCRYPT_COST, salt, &key);
        let salt = BCRYPT_BASE64.encode(salt);
        // The last of the 24 bytes is never shown.
        let hash = BCRYPT_BASE64.encode(hash.get(..23).unwrap_or_default());
        Ok(format!("$2a${BCRYPT_COST}${salt}{hash}"))
    })
}

/// A line of Apache's password file.
pub(super) fn htpasswd<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [Value::Text(user), Value::Text(password)] = args else {
        return Err(mismatch());
    };
    session.charge(user.len())?;
    if user.contains(&b':') {
        return Ok([b"invalid username: ", &**user].concat().into());
    }
    let hash = bcrypt_hash(session, password)?;
    Ok([&**user, b":", hash.as_bytes()].concat().into())
}

const SCOPE: &[u8] = b"com.lyndir.masterpassword";

/// The shapes of passwords, by kind; each letter stands for a set of [`CHARACTERS`].
const SHAPES: &[(&str, &[&str])] = &[
    ("maximum", &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"]),
    (
        "long",
        &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
    ),
    ("medium", &["CvcnoCvc", "CvcCvcno"]),
    ("short", &["Cvcn"]),
    ("basic", &["aaanaaan", "aannaaan", "aaannaaa"]),
    ("pin", &["nnnn"]),
];

const CHARACTERS: &[(u8, &str)] = &[
    (b'V', "AEIOU"),
    (b'C', "BCDFGHJKLMNPQRSTVWXYZ"),
    (b'v', "aeiou"),
    (b'c', "bcdfghjklmnpqrstvwxyz"),
    (b'A', "AEIOUBCDFGHJKLMNPQRSTVWXYZ"),
    (b'a', "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"),
    (b'n', "0123456789"),
    (b'o', "@&%?,=[]_:-+*$#!'^~;()/."),
    (
        b'x',
        "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    ),
];

/// The Master Password algorithm: a password for a site, from a master password and a name.
pub(super) fn derive_password<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [
        Value::Uint64(counter),
        Value::Text(kind),
        Value::Text(password),
        Value::Text(user),
        Value::Text(site),
    ] = args
    else {
        return Err(mismatch());
    };
    let counter =
        u32::try_from(*counter).map_err(|_| Failure::new(format!("{counter} overflows uint32")))?;
    let kind = kind.to_str();
    let Some((_, shapes)) = SHAPES.iter().find(|(name, _)| *name == kind) else {
        return Ok(format!("cannot find password template {kind}").into());
    };
    let length = |text: &[u8]| (text.len() as u32).to_be_bytes();
    let salt = [SCOPE, &length(user), user].concat();
    let message = [SCOPE, &length(site), site, &counter.to_be_bytes()].concat();
    let seed = session.slowly(|_| {
        let underivable = |error: &dyn std::fmt::Display| {
            Failure::new(format!("failed to derive password: {error}"))
        };
        let params = scrypt::Params::new(15, 8, 2).map_err(|error| underivable(&error))?;
        let mut key = [0; 64];
        scrypt::scrypt(password, &salt, &params, &mut key).map_err(|error| underivable(&error))?;
        Ok(hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, &key),
            &message,
        ))
    })?;
    Ok(shaped(shapes, seed.as_ref()).into())
}

/// The first byte of the seed chooses the shape, the others the characters.
fn shaped(shapes: &[&str], seed: &[u8]) -> String {
    let Some((first, rest)) = seed.split_first() else {
        return String::new();
    };
    let shape = shapes
        .get(usize::from(*first) % shapes.len().max(1))
        .copied();
    let letters = shape.unwrap_or_default().bytes();
    letters
        .zip(rest)
        .filter_map(|(letter, byte)| {
            let (_, set) = CHARACTERS.iter().find(|(name, _)| *name == letter)?;
            let characters = set.as_bytes();
            let character = characters.get(usize::from(*byte) % characters.len().max(1))?;
            Some(char::from(*character))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Limits;

    fn shown(result: Result<Value<'_>, Failure>) -> String {
        match result {
            Ok(Value::Text(text)) => text.to_str().into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bcrypt_has_gos_form() {
        let session = Session::new(Limits::default(), None);
        let hash = shown(bcrypt(&session, &["secret".into()]));
        assert_eq!((hash.len(), hash.get(..7)), (60, Some("$2a$10$")));
        let line = shown(htpasswd(&session, &["me".into(), "".into()]));
        assert!(line.starts_with("me:$2a$10$") && line.len() == 63);
        let refused = shown(htpasswd(&session, &["a:b".into(), "x".into()]));
        assert_eq!(refused, "invalid username: a:b");
        let long = Value::from("x".repeat(73));
        assert!(shown(bcrypt(&session, &[long])).contains("exceeds 72 bytes"));
    }

    /// A hash that another implementation made of this password and salt.
    #[test]
    fn bcrypt_of_a_known_salt() {
        let salt = BCRYPT_BASE64
            .decode("CCCCCCCCCCCCCCCCCCCCC.")
            .unwrap_or_default();
        let salt: [u8; 16] = salt.try_into().unwrap_or_default();
        let hash = ::bcrypt::bcrypt(5, salt, b"U*U\0");
        let hash = BCRYPT_BASE64.encode(hash.get(..23).unwrap_or_default());
        assert_eq!(hash, "E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
    }

    #[test]
    fn slow_functions_have_a_budget() {
        let limits = Limits {
            slow_functions: std::time::Duration::ZERO,
            ..Limits::default()
        };
        let session = Session::new(limits, None);
        assert!(bcrypt(&session, &["x".into()]).is_err_and(|failure| failure.limit));
    }
}
