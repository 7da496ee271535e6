//! Private keys: making, reading, writing, signing.

use super::der::{self, Reader, tag};
use super::pem::Block;
use super::{check_key_generation, dsa, text};
use crate::template::value::Value;
use crate::template::{Failure, Session};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
};

/// A private key.
pub(super) enum PrivateKey {
    Rsa(Box<rsa::KeyPair>),
    Ecdsa(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
    /// Only for `genPrivateKey` and to be accepted by `buildCustomCert`: certificates cannot have
    /// such keys.
    Dsa,
}

/// Object identifiers of signature algorithms, with the parameters where there are any.
const SHA256_WITH_RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";
const ECDSA_WITH_SHA256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const ECDSA_WITH_SHA384: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
const ECDSA_WITH_SHA512: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04";
const ED25519: &[u8] = b"\x06\x03\x2b\x65\x70";

/// Elliptic curves with the signature algorithm that Go takes for them.
static CURVES: [(&EcdsaSigningAlgorithm, &[u8]); 3] = [
    (&ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_WITH_SHA256),
    (&ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_WITH_SHA384),
    (&ECDSA_P521_SHA512_ASN1_SIGNING, ECDSA_WITH_SHA512),
];

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(format!("the key cannot be used: {error}"))
}

/// A new key in PEM: `rsa` (4096 bits, also for the empty text), `dsa`, `ecdsa` or `ed25519`.
pub(super) fn gen_private_key<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    check_key_generation(session)?;
    let kind = String::from_utf8_lossy(text(session, args)?);
    let block = session.slowly(|time_left| match kind.as_ref() {
        "" | "rsa" => PrivateKey::generate_rsa(KeySize::Rsa4096)?
            .to_block()
            .map(Some),
        "dsa" => dsa::generate(time_left).map(|data| {
            let label = "DSA PRIVATE KEY".into();
            Some(Block { label, data })
        }),
        "ecdsa" => {
            let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?;
            PrivateKey::Ecdsa(Box::new(key)).to_block().map(Some)
        }
        "ed25519" => {
            let key = Ed25519KeyPair::generate().map_err(failed)?;
            PrivateKey::Ed25519(Box::new(key)).to_block().map(Some)
        }
        _ => Ok(None),
    })?;
    Ok(match block {
        Some(block) => block.to_text().into(),
        None => format!("Unknown type {kind}").into(),
    })
}

impl PrivateKey {
    /// A new RSA key.
    pub(super) fn generate_rsa(size: KeySize) -> Result<Self, Failure> {
        let key = rsa::KeyPair::generate(size).map_err(failed)?;
        Ok(PrivateKey::Rsa(Box::new(key)))
    }

    /// Reads a key in PEM: PKCS #8, or the older forms of RSA, EC and DSA keys.
    ///
    /// # Errors
    /// When there is no such key; the messages never show any of it.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let Some(Block { label, data }) = Block::find(text) else {
            return Err(Failure::new("no PEM data in input"));
        };
        if label == "PRIVATE KEY" {
            return Self::from_pkcs8(&data)
                .ok_or_else(|| Failure::new("decoding PEM as PKCS#8: no key that is supported"));
        }
        let Some(kind) = label.strip_suffix(" PRIVATE KEY") else {
            return Err(Failure::new(format!(
                "no private key data in PEM block of type {label}"
            )));
        };
        let key = match kind {
            "RSA" => rsa::KeyPair::from_der(&data)
                .ok()
                .map(|key| PrivateKey::Rsa(Box::new(key))),
            "EC" => {
                Self::on_some_curve(|curve| EcdsaKeyPair::from_private_key_der(curve, &data).ok())
            }
            "DSA" => dsa::is_key(&data).then_some(PrivateKey::Dsa),
            _ => return Err(Failure::new(format!("invalid private key type {kind}"))),
        };
        key.ok_or_else(|| {
            Failure::new(format!(
                "parsing {kind} private key from PEM: no key that is supported"
            ))
        })
    }

    fn from_pkcs8(data: &[u8]) -> Option<Self> {
        if let Ok(key) = rsa::KeyPair::from_pkcs8(data) {
            return Some(PrivateKey::Rsa(Box::new(key)));
        }
        if let Ok(key) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(data) {
            return Some(PrivateKey::Ed25519(Box::new(key)));
        }
        Self::on_some_curve(|curve| EcdsaKeyPair::from_pkcs8(curve, data).ok())
    }

    fn on_some_curve(
        read: impl Fn(&'static EcdsaSigningAlgorithm) -> Option<EcdsaKeyPair>,
    ) -> Option<Self> {
        let key = CURVES.iter().find_map(|(curve, _)| read(curve))?;
        Some(PrivateKey::Ecdsa(Box::new(key)))
    }

    /// The key as Go writes it: RSA and EC keys in their own formats, others in PKCS #8.
    pub(super) fn to_block(&self) -> Result<Block, Failure> {
        let (label, data) = match self {
            PrivateKey::Rsa(key) => {
                let pkcs8 = key.as_der().map_err(failed)?;
                let inner = inner_key(pkcs8.as_ref()).ok_or_else(|| failed("not PKCS #8"))?;
                ("RSA PRIVATE KEY", inner.to_vec())
            }
            PrivateKey::Ecdsa(key) => {
                let sec1 = key.private_key().as_der().map_err(failed)?;
                ("EC PRIVATE KEY", sec1.as_ref().to_vec())
            }
            PrivateKey::Ed25519(key) => {
                let pkcs8 = key.to_pkcs8v1().map_err(failed)?;
                ("PRIVATE KEY", pkcs8.as_ref().to_vec())
            }
            PrivateKey::Dsa => return Err(unsupported()),
        };
        Ok(Block {
            label: label.to_owned(),
            data,
        })
    }

    /// The public key as certificates hold it (`SubjectPublicKeyInfo`).
    pub(super) fn public_key_info(&self) -> Result<Vec<u8>, Failure> {
        let der = match self {
            PrivateKey::Rsa(key) => key.public_key().as_der(),
            PrivateKey::Ecdsa(key) => key.public_key().as_der(),
            PrivateKey::Ed25519(key) => key.public_key().as_der(),
            PrivateKey::Dsa => return Err(unsupported()),
        };
        Ok(der.map_err(failed)?.as_ref().to_vec())
    }

    /// The signature algorithm as certificates name it.
    pub(super) fn signature_algorithm(&self) -> Result<Vec<u8>, Failure> {
        let identifier = match self {
            PrivateKey::Rsa(_) => SHA256_WITH_RSA,
            PrivateKey::Ecdsa(key) => CURVES
                .iter()
                .find(|(curve, _)| *curve == key.algorithm())
                .map(|(_, identifier)| *identifier)
                .ok_or_else(unsupported)?,
            PrivateKey::Ed25519(_) => ED25519,
            PrivateKey::Dsa => return Err(unsupported()),
        };
        Ok(der::sequence(&[identifier]))
    }

    /// The signature of a message.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let random = SystemRandom::new();
        match self {
            PrivateKey::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            PrivateKey::Ecdsa(key) => Ok(key
                .sign(&random, message)
                .map_err(failed)?
                .as_ref()
                .to_vec()),
            PrivateKey::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            PrivateKey::Dsa => Err(unsupported()),
        }
    }
}

fn unsupported() -> Failure {
    Failure::new("x509: only RSA, ECDSA and Ed25519 keys supported")
}

/// The key inside PKCS #8: version, algorithm, key.
fn inner_key(pkcs8: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader::new(pkcs8).expect(tag::SEQUENCE)?.reader();
    fields.expect(tag::INTEGER)?;
    fields.expect(tag::SEQUENCE)?;
    Some(fields.expect(tag::OCTET_STRING)?.content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Limits;

    fn generated(kind: &'static str) -> String {
        let session = Session::new(Limits::default(), None);
        match gen_private_key(&session, &[kind.into()]) {
            Ok(Value::Text(text)) => text.to_str().into_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_are_read_back() {
        for (kind, label) in [("ecdsa", "EC PRIVATE KEY"), ("ed25519", "PRIVATE KEY")] {
            let text = generated(kind);
            assert!(
                text.starts_with(&format!("-----BEGIN {label}-----\n")),
                "{text}"
            );
            let key = PrivateKey::parse(&text).and_then(|key| key.to_block());
            assert_eq!(key.map(|block| block.to_text()), Ok(text));
        }
        assert_eq!(generated("x"), "Unknown type x");
    }

    #[test]
    fn switched_off() {
        let limits = Limits {
            allow_key_generation: false,
            ..Limits::default()
        };
        let session = Session::new(limits, None);
        assert!(gen_private_key(&session, &["ecdsa".into()]).is_err_and(|failure| failure.limit));
    }

    #[test]
    fn what_is_no_key() {
        let parse = |text: &str| PrivateKey::parse(text).map(|_| ()).map_err(|f| f.message);
        assert_eq!(parse("x"), Err("no PEM data in input".into()));
        let block = |label: &str| {
            let label = label.to_owned();
            Block {
                label,
                data: vec![0x30, 0],
            }
            .to_text()
        };
        for label in [
            "PRIVATE KEY",
            "RSA PRIVATE KEY",
            "EC PRIVATE KEY",
            "DSA PRIVATE KEY",
        ] {
            assert!(parse(&block(label)).is_err(), "{label}");
        }
        let wrong = "no private key data in PEM block of type CERTIFICATE";
        assert_eq!(parse(&block("CERTIFICATE")), Err(wrong.into()));
    }
}
