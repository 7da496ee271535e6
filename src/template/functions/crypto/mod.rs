//! Hashes, passwords, encryption, keys and certificates. The arithmetic of cryptography is that of
//! the project's one cryptographic library, but for algorithms that it does not have.

mod aes;
mod authority;
mod der;
mod dsa;
mod hashes;
mod keys;
mod passwords;
mod pem;
mod x509;

use super::Function;
use super::row::{fixed, mismatch};
use crate::template::value::types::LIST;
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};
use authority::CERTIFICATE;

const TEXT: &[Type] = &[Type::String];
const TWO_TEXTS: &[Type] = &[Type::String, Type::String];

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("sha1sum", TEXT, Type::String, hashes::sha1sum),
    fixed("sha256sum", TEXT, Type::String, hashes::sha256sum),
    fixed("sha512sum", TEXT, Type::String, hashes::sha512sum),
    fixed("adler32sum", TEXT, Type::String, hashes::adler32sum),
    fixed("bcrypt", TEXT, Type::String, passwords::bcrypt),
    fixed("htpasswd", TWO_TEXTS, Type::String, passwords::htpasswd),
    fixed(
        "derivePassword",
        // Go's counter has 32 bits; there is no value of such a type, only literals.
        &[
            Type::Uint64,
            Type::String,
            Type::String,
            Type::String,
            Type::String,
        ],
        Type::String,
        passwords::derive_password,
    ),
    fixed("encryptAES", TWO_TEXTS, Type::String, aes::encrypt_aes),
    fixed("decryptAES", TWO_TEXTS, Type::String, aes::decrypt_aes),
    fixed("genPrivateKey", TEXT, Type::String, keys::gen_private_key),
    fixed(
        "genCA",
        &[Type::String, Type::Int],
        CERTIFICATE,
        authority::gen_ca,
    ),
    fixed(
        "genCAWithKey",
        &[Type::String, Type::Int, Type::String],
        CERTIFICATE,
        authority::gen_ca_with_key,
    ),
    fixed(
        "genSelfSignedCert",
        &[Type::String, LIST, LIST, Type::Int],
        CERTIFICATE,
        authority::gen_self_signed_cert,
    ),
    fixed(
        "genSelfSignedCertWithKey",
        &[Type::String, LIST, LIST, Type::Int, Type::String],
        CERTIFICATE,
        authority::gen_self_signed_cert_with_key,
    ),
    fixed(
        "genSignedCert",
        &[Type::String, LIST, LIST, Type::Int, CERTIFICATE],
        CERTIFICATE,
        authority::gen_signed_cert,
    ),
    fixed(
        "genSignedCertWithKey",
        &[
            Type::String,
            LIST,
            LIST,
            Type::Int,
            CERTIFICATE,
            Type::String,
        ],
        CERTIFICATE,
        authority::gen_signed_cert_with_key,
    ),
    fixed(
        "buildCustomCert",
        TWO_TEXTS,
        CERTIFICATE,
        authority::build_custom_cert,
    ),
];

/// Whether the settings allow keys to be generated.
fn check_key_generation(session: &Session<'_>) -> Result<(), Failure> {
    if session.limits().allow_key_generation {
        return Ok(());
    }
    Err(Failure::switched_off("generating keys and certificates is"))
}

/// The one text among the arguments, paid for.
fn text<'a>(session: &Session<'_>, args: &'a [Value<'_>]) -> Result<&'a [u8], Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.steps(text.len() as u64 / 1024)?;
    Ok(text)
}
