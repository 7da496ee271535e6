//! Certificates and certificate authorities.

use super::check_key_generation;
use super::keys::PrivateKey;
use super::pem::Block;
use super::x509::{self, Issuer, Request};
use crate::golang::duration::Duration;
use crate::golang::time::Time;
use crate::template::functions::cast::displayed;
use crate::template::functions::encoding::decode_base64;
use crate::template::functions::row::mismatch;
use crate::template::value::{Kind, List, Method, Opaque, Type, Value};
use crate::template::{Failure, Session};
use aws_lc_rs::rsa::KeySize;
use std::any::Any;

/// What the functions return: `.Cert` and `.Key`, both in PEM.
pub(super) const CERTIFICATE: Type = Type::Named("sprig.certificate", Kind::Struct);

/// A certificate with its key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    certificate: String,
    key: String,
}

impl std::fmt::Debug for Certificate {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl Opaque for Certificate {
    fn go_type(&self) -> Type {
        CERTIFICATE
    }

    fn display(&self) -> String {
        format!("{{{} {}}}", self.certificate, self.key)
    }

    fn methods(&self) -> &'static [Method] {
        &[]
    }

    fn field<'v>(&self, name: &str) -> Option<Value<'v>> {
        match name {
            "Cert" => Some(self.certificate.clone().into()),
            "Key" => Some(self.key.clone().into()),
            _ => None,
        }
    }

    fn equals(&self, other: &dyn Opaque) -> Option<bool> {
        Some(other.as_any().downcast_ref() == Some(self))
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({"Cert": self.certificate, "Key": self.key})
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A certificate's key: a new one, or a given one.
enum Key<'k> {
    New,
    Given(&'k str),
}

impl Key<'_> {
    fn get(self) -> Result<PrivateKey, Failure> {
        match self {
            Key::New => PrivateKey::generate_rsa(KeySize::Rsa2048),
            Key::Given(text) => PrivateKey::parse(text).map_err(|failure| Failure {
                message: format!("parsing private key: {}", failure.message),
                ..failure
            }),
        }
    }
}

pub(super) fn gen_ca<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(name), Value::Int(days)] = args else {
        return Err(mismatch());
    };
    let mut request = request(session, &name.to_str(), None, *days)?;
    request.is_authority = true;
    issue(session, &request, Key::New, None)
}

pub(super) fn gen_ca_with_key<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [Value::Text(name), Value::Int(days), Value::Text(key)] = args else {
        return Err(mismatch());
    };
    let mut request = request(session, &name.to_str(), None, *days)?;
    request.is_authority = true;
    issue(session, &request, Key::Given(&key.to_str()), None)
}

pub(super) fn gen_self_signed_cert<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [
        Value::Text(name),
        Value::List(addresses),
        Value::List(hosts),
        Value::Int(days),
    ] = args
    else {
        return Err(mismatch());
    };
    let request = request(session, &name.to_str(), Some((addresses, hosts)), *days)?;
    issue(session, &request, Key::New, None)
}

pub(super) fn gen_self_signed_cert_with_key<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [
        Value::Text(name),
        Value::List(addresses),
        Value::List(hosts),
        Value::Int(days),
        Value::Text(key),
    ] = args
    else {
        return Err(mismatch());
    };
    let request = request(session, &name.to_str(), Some((addresses, hosts)), *days)?;
    issue(session, &request, Key::Given(&key.to_str()), None)
}

pub(super) fn gen_signed_cert<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [
        Value::Text(name),
        Value::List(addresses),
        Value::List(hosts),
        Value::Int(days),
        authority,
    ] = args
    else {
        return Err(mismatch());
    };
    let request = request(session, &name.to_str(), Some((addresses, hosts)), *days)?;
    issue(session, &request, Key::New, authority.downcast())
}

pub(super) fn gen_signed_cert_with_key<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [
        Value::Text(name),
        Value::List(addresses),
        Value::List(hosts),
        Value::Int(days),
        authority,
        Value::Text(key),
    ] = args
    else {
        return Err(mismatch());
    };
    let request = request(session, &name.to_str(), Some((addresses, hosts)), *days)?;
    issue(
        session,
        &request,
        Key::Given(&key.to_str()),
        authority.downcast(),
    )
}

/// The wanted certificate; addresses and host names must be lists of texts.
fn request<'v>(
    session: &Session<'v>,
    name: &str,
    alternatives: Option<(&List<'v>, &List<'v>)>,
    days: i64,
) -> Result<Request, Failure> {
    check_key_generation(session)?;
    let (mut addresses, mut host_names) = (Vec::new(), Vec::new());
    if let Some((all_addresses, all_hosts)) = alternatives {
        session.steps((all_addresses.len() + all_hosts.len()) as u64)?;
        for address in all_addresses.iter() {
            let Value::Text(text) = &address else {
                let shown = displayed(&address, session)?.to_str().into_owned();
                return Err(Failure::new(format!(
                    "error parsing ip: {shown} is not a string"
                )));
            };
            let text = text.to_str();
            let parsed = text.parse();
            addresses.push(parsed.map_err(|_| Failure::new(format!("error parsing ip: {text}")))?);
        }
        for host in all_hosts.iter() {
            let Value::Text(text) = &host else {
                let shown = displayed(&host, session)?.to_str().into_owned();
                return Err(Failure::new(format!(
                    "error processing alternate dns name: {shown} is not a string"
                )));
            };
            session.charge(text.len())?;
            host_names.push(text.to_str().into_owned());
        }
    }
    let not_before = Time::from(session.now());
    let day = Duration::HOUR.nanoseconds().wrapping_mul(24);
    let not_after = not_before.add(Duration(day.wrapping_mul(days)));
    Ok(Request {
        common_name: name.to_owned(),
        addresses,
        host_names,
        not_before,
        not_after,
        is_authority: false,
    })
}

/// Makes the certificate, self-signed without authority.
fn issue<'v>(
    session: &Session<'v>,
    request: &Request,
    key: Key<'_>,
    authority: Option<&Certificate>,
) -> Result<Value<'v>, Failure> {
    session.slowly(|_| {
        let key = key.get()?;
        let data = match authority {
            None => x509::create(request, &key, None)?,
            Some(authority) => {
                let block = Block::find(&authority.certificate)
                    .ok_or_else(|| Failure::new("unable to decode certificate"))?;
                let issuer = Issuer::parse(&block.data).ok_or_else(|| {
                    Failure::new(
                        "error parsing certificate: decodedSignerCert.Bytes: x509: malformed \
                         certificate",
                    )
                })?;
                let signer = PrivateKey::parse(&authority.key).map_err(unparsable_key)?;
                x509::create(request, &key, Some((&issuer, &signer)))?
            }
        };
        let label = "CERTIFICATE".to_owned();
        let certificate = Certificate {
            certificate: Block { label, data }.to_text(),
            key: key.to_block()?.to_text(),
        };
        Ok(Value::opaque(certificate))
    })
}

fn unparsable_key(failure: Failure) -> Failure {
    Failure {
        message: format!("error parsing private key: {}", failure.message),
        ..failure
    }
}

/// A certificate and a key from base64 of PEM; both are checked.
pub(super) fn build_custom_cert<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
) -> Result<Value<'v>, Failure> {
    let [Value::Text(certificate), Value::Text(key)] = args else {
        return Err(mismatch());
    };
    session.charge(certificate.len().saturating_add(key.len()))?;
    let decoded = |text: &[u8], what: &str| {
        decode_base64(text)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|_| Failure::new(format!("unable to decode base64 {what}")))
    };
    let certificate = decoded(certificate, "certificate")?;
    let key = decoded(key, "private key")?;
    let block =
        Block::find(&certificate).ok_or_else(|| Failure::new("unable to decode certificate"))?;
    if Issuer::parse(&block.data).is_none() {
        return Err(Failure::new(
            "error parsing certificate: decodedCert.Bytes: x509: malformed certificate",
        ));
    }
    PrivateKey::parse(&key).map_err(unparsable_key)?;
    Ok(Value::opaque(Certificate { certificate, key }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Limits;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    fn certificate<'a>(value: &'a Result<Value<'_>, Failure>) -> &'a Certificate {
        match value.as_ref().map(Value::downcast::<Certificate>) {
            Ok(Some(certificate)) => certificate,
            other => panic!("{other:?}"),
        }
    }

    fn key<'v>(session: &Session<'v>) -> Value<'v> {
        match super::super::keys::gen_private_key(session, &["ecdsa".into()]) {
            Ok(key) => key,
            Err(failure) => panic!("{failure:?}"),
        }
    }

    #[test]
    fn an_authority_signs_and_both_are_accepted_as_custom_certificates() {
        let session = Session::new(Limits::default(), None);
        let authority = gen_ca_with_key(&session, &["ca".into(), Value::Int(1), key(&session)]);
        let Ok(ca) = &authority else {
            panic!("{authority:?}");
        };
        let hosts = Value::List(List::strings(["example.com"]));
        let addresses = Value::List(List::strings(["10.0.0.1", "::1"]));
        let args = [
            "leaf".into(),
            addresses,
            hosts,
            Value::Int(1),
            ca.clone(),
            key(&session),
        ];
        let leaf = gen_signed_cert_with_key(&session, &args);
        for made in [certificate(&authority), certificate(&leaf)] {
            let encoded = [&made.certificate, &made.key].map(|text| STANDARD.encode(text).into());
            let custom = build_custom_cert(&session, &encoded);
            assert_eq!(certificate(&custom), made);
        }
        let block = Block::find(&certificate(&leaf).certificate);
        assert!(block.is_some_and(|block| Issuer::parse(&block.data).is_some()));
        // Another key than the authority's.
        let foreign = Value::opaque(Certificate {
            certificate: certificate(&authority).certificate.clone(),
            key: certificate(&leaf).key.clone(),
        });
        let empty = || Value::List(List::nil(&Type::Any));
        let args = [
            "x".into(),
            empty(),
            empty(),
            Value::Int(1),
            foreign,
            key(&session),
        ];
        let refused = gen_signed_cert_with_key(&session, &args);
        assert!(refused.is_err_and(|failure| failure.message.contains("doesn't match")));
    }

    #[test]
    fn names_must_be_texts() {
        let session = Session::new(Limits::default(), None);
        let numbers = || match List::new(vec![Value::Int(1)]) {
            Ok(list) => Value::List(list),
            Err(failure) => panic!("{failure:?}"),
        };
        let empty = || Value::List(List::nil(&Type::Any));
        let cases = [
            (numbers(), empty(), "error parsing ip: 1 is not a string"),
            (
                empty(),
                numbers(),
                "error processing alternate dns name: 1 is not a string",
            ),
            (
                Value::List(List::strings(["1.2.3"])),
                empty(),
                "error parsing ip: 1.2.3",
            ),
        ];
        for (addresses, hosts, message) in cases {
            let args = ["x".into(), addresses, hosts, Value::Int(1)];
            let refused = gen_self_signed_cert(&session, &args);
            assert_eq!(
                refused.map(|_| ()).map_err(|failure| failure.message),
                Err(message.into())
            );
        }
    }
}
