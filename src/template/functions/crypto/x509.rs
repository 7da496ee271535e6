//! X.509 certificates: writing them as Go does, and reading what signing needs.

use super::der::{self, Reader, tag};
use super::keys::PrivateKey;
use crate::golang::time::Time;
use crate::template::Failure;
use aws_lc_rs::digest;
use std::net::IpAddr;

/// What goes into a new certificate.
pub(super) struct Request {
    /// Who it is for.
    pub(super) common_name: String,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) host_names: Vec<String>,
    pub(super) not_before: Time,
    pub(super) not_after: Time,
    /// Whether it may sign others.
    pub(super) is_authority: bool,
}

/// Who signs a certificate.
pub(super) struct Issuer {
    /// The name in DER.
    name: Vec<u8>,
    key_identifier: Option<Vec<u8>>,
    /// The public key in DER (`SubjectPublicKeyInfo`).
    public_key: Vec<u8>,
}

const COMMON_NAME: &[u8] = b"\x06\x03\x55\x04\x03";
const SUBJECT_KEY_IDENTIFIER: &[u8] = b"\x06\x03\x55\x1d\x0e";
const KEY_USAGE: &[u8] = b"\x06\x03\x55\x1d\x0f";
const SUBJECT_ALTERNATIVE_NAME: &[u8] = b"\x06\x03\x55\x1d\x11";
const BASIC_CONSTRAINTS: &[u8] = b"\x06\x03\x55\x1d\x13";
const AUTHORITY_KEY_IDENTIFIER: &[u8] = b"\x06\x03\x55\x1d\x23";
const EXTENDED_KEY_USAGE: &[u8] = b"\x06\x03\x55\x1d\x25";
const SERVER_AUTHENTICATION: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01";
const CLIENT_AUTHENTICATION: &[u8] = b"\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";

/// Version 3.
const VERSION: &[u8] = b"\xa0\x03\x02\x01\x02";
/// Digital signature and key encipherment.
const USAGE: &[u8] = b"\x03\x02\x05\xa0";
/// The same, and certificate signing.
const AUTHORITY_USAGE: &[u8] = b"\x03\x02\x02\xa4";

const TRUE: &[u8] = b"\x01\x01\xff";

/// A certificate for the key, signed by another one; self-signed without issuer.
///
/// # Errors
/// For host names that are not ASCII and keys that certificates cannot have.
pub(super) fn create(
    request: &Request,
    key: &PrivateKey,
    issuer: Option<(&Issuer, &PrivateKey)>,
) -> Result<Vec<u8>, Failure> {
    let public_key = key.public_key_info()?;
    let subject = name(&request.common_name);
    let signer = issuer.map_or(key, |(_, signer)| signer);
    if let Some((issuer, signer)) = issuer
        && issuer.public_key != signer.public_key_info()?
    {
        return Err(Failure::new(
            "error creating certificate: x509: provided PrivateKey doesn't match parent's \
             PublicKey",
        ));
    }
    let issuer_name = issuer.map_or(&subject, |(issuer, _)| &issuer.name);
    let authority = issuer
        .filter(|_| *issuer_name != subject)
        .and_then(|(issuer, _)| issuer.key_identifier.as_deref());
    let extensions = extensions(request, &public_key, authority)?;
    let algorithm = signer.signature_algorithm()?;
    let serial: [u8; 16] = rand::random();
    let validity = der::sequence(&[&time(&request.not_before), &time(&request.not_after)]);
    let unsigned = der::sequence(&[
        VERSION,
        &der::unsigned(&serial),
        &algorithm,
        issuer_name,
        &validity,
        &subject,
        &public_key,
        &der::value(tag::explicit(3), &extensions),
    ]);
    let signature = der::bit_string(&signer.sign(&unsigned)?);
    Ok(der::sequence(&[&unsigned, &algorithm, &signature]))
}

/// A name of one part, or of none.
fn name(common_name: &str) -> Vec<u8> {
    if common_name.is_empty() {
        return der::sequence(&[]);
    }
    let printable = |b: u8| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b);
    let kind = match common_name.bytes().all(printable) {
        true => tag::PRINTABLE_STRING,
        false => tag::UTF8_STRING,
    };
    let attribute = der::sequence(&[COMMON_NAME, &der::value(kind, common_name.as_bytes())]);
    der::sequence(&[&der::value(tag::SET, &attribute)])
}

fn time(time: &Time) -> Vec<u8> {
    let time = time.clone().in_zone(crate::golang::time::Zone::Utc);
    match time.civil().year {
        1950..2050 => der::value(tag::UTC_TIME, time.format("060102150405Z").as_bytes()),
        _ => der::value(
            tag::GENERALIZED_TIME,
            time.format("20060102150405Z").as_bytes(),
        ),
    }
}

fn extensions(
    request: &Request,
    public_key: &[u8],
    authority: Option<&[u8]>,
) -> Result<Vec<u8>, Failure> {
    let extension = |identifier: &[u8], critical: bool, content: &[u8]| {
        let critical = if critical { TRUE } else { &[] };
        der::sequence(&[
            identifier,
            critical,
            &der::value(tag::OCTET_STRING, content),
        ])
    };
    let (usage, constraints) = match request.is_authority {
        true => (AUTHORITY_USAGE, der::sequence(&[TRUE])),
        false => (USAGE, der::sequence(&[])),
    };
    let purposes = der::sequence(&[SERVER_AUTHENTICATION, CLIENT_AUTHENTICATION]);
    let mut all = vec![
        extension(KEY_USAGE, true, usage),
        extension(EXTENDED_KEY_USAGE, false, &purposes),
        extension(BASIC_CONSTRAINTS, true, &constraints),
    ];
    if request.is_authority {
        let identifier = der::value(tag::OCTET_STRING, &key_identifier(public_key));
        all.push(extension(SUBJECT_KEY_IDENTIFIER, false, &identifier));
    }
    if let Some(authority) = authority {
        let identifier = der::sequence(&[&der::value(tag::implicit(0), authority)]);
        all.push(extension(AUTHORITY_KEY_IDENTIFIER, false, &identifier));
    }
    if !request.host_names.is_empty() || !request.addresses.is_empty() {
        let names = alternative_names(request)?;
        let critical = request.common_name.is_empty();
        all.push(extension(SUBJECT_ALTERNATIVE_NAME, critical, &names));
    }
    Ok(der::value(tag::SEQUENCE, &all.concat()))
}

fn alternative_names(request: &Request) -> Result<Vec<u8>, Failure> {
    let mut names = Vec::new();
    for host in &request.host_names {
        if !host.is_ascii() {
            return Err(Failure::new(format!(
                "error creating certificate: x509: {host:?} cannot be encoded as an IA5String"
            )));
        }
        names.extend(der::value(tag::implicit(2), host.as_bytes()));
    }
    for address in &request.addresses {
        names.extend(match address.to_canonical() {
            IpAddr::V4(address) => der::value(tag::implicit(7), &address.octets()),
            IpAddr::V6(address) => der::value(tag::implicit(7), &address.octets()),
        });
    }
    Ok(der::value(tag::SEQUENCE, &names))
}

/// The leftmost 160 bits of the SHA-256 of the key's bits: RFC 7093, method 1.
fn key_identifier(public_key: &[u8]) -> Vec<u8> {
    let bits = Reader::new(public_key)
        .expect(tag::SEQUENCE)
        .and_then(|info| {
            let mut fields = info.reader();
            fields.expect(tag::SEQUENCE)?;
            fields.expect(tag::BIT_STRING)?.content.get(1..)
        });
    let digest = digest::digest(&digest::SHA256, bits.unwrap_or_default());
    digest.as_ref().get(..20).unwrap_or_default().to_vec()
}

impl Issuer {
    /// Reads a certificate as far as an issuer needs; `None` if it is none.
    pub(super) fn parse(certificate: &[u8]) -> Option<Self> {
        let mut outer = Reader::new(certificate);
        let mut parts = outer.expect(tag::SEQUENCE)?.reader();
        let mut fields = parts.expect(tag::SEQUENCE)?.reader();
        parts.expect(tag::SEQUENCE)?;
        parts.expect(tag::BIT_STRING)?;
        if !outer.is_empty() || !parts.is_empty() {
            return None;
        }
        fields.optional(tag::explicit(0));
        fields.expect(tag::INTEGER)?;
        fields.expect(tag::SEQUENCE)?;
        fields.expect(tag::SEQUENCE)?;
        let mut validity = fields.expect(tag::SEQUENCE)?.reader();
        for _ in 0..2 {
            let time = validity.next()?;
            if !matches!(time.tag, tag::UTC_TIME | tag::GENERALIZED_TIME) {
                return None;
            }
        }
        let name = fields.expect(tag::SEQUENCE)?.whole.to_vec();
        let public_key = fields.expect(tag::SEQUENCE)?.whole.to_vec();
        // Unique identifiers, which nobody uses.
        fields.optional(tag::implicit(1));
        fields.optional(tag::implicit(2));
        let key_identifier = match fields.optional(tag::explicit(3)) {
            Some(extensions) => read_key_identifier(extensions.content)?,
            None => None,
        };
        Some(Issuer {
            name,
            key_identifier,
            public_key,
        })
    }
}

/// The identifier of the key, if there is one; `None` outside for broken extensions.
fn read_key_identifier(extensions: &[u8]) -> Option<Option<Vec<u8>>> {
    let mut all = Reader::new(extensions).expect(tag::SEQUENCE)?.reader();
    let mut found = None;
    while !all.is_empty() {
        let mut extension = all.expect(tag::SEQUENCE)?.reader();
        let identifier = extension.expect(tag::OBJECT_IDENTIFIER)?;
        extension.optional(tag::BOOLEAN);
        let content = extension.expect(tag::OCTET_STRING)?;
        if identifier.whole == SUBJECT_KEY_IDENTIFIER {
            let mut inner = content.reader();
            found = Some(inner.expect(tag::OCTET_STRING)?.content.to_vec());
        }
    }
    Some(found)
}
