//! Which certificates of NATS servers are good, where the options say so.

use crate::service::registry::BuildError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// The TLS configuration for these options; `None` for the trust of the system.
///
/// # Errors
/// The certificates cannot be read.
pub(super) fn client_config(
    insecure: bool,
    roots: &[String],
) -> Result<Option<ClientConfig>, BuildError> {
    if !insecure && roots.is_empty() {
        return Ok(None);
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    if insecure {
        let anything = Arc::new(Anything(provider));
        let builder = builder.dangerous();
        let config = builder.with_custom_certificate_verifier(anything);
        return Ok(Some(config.with_no_client_auth()));
    }
    let mut store = RootCertStore::empty();
    for text in roots {
        for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
            let certificate = certificate.map_err(|error| unusable(&error))?;
            store.add(certificate).map_err(|error| unusable(&error))?;
        }
    }
    if store.is_empty() {
        return Err(unusable(&"no PEM block"));
    }
    Ok(Some(
        builder.with_root_certificates(store).with_no_client_auth(),
    ))
}

fn unusable(reason: &dyn std::fmt::Display) -> BuildError {
    BuildError {
        message: format!("caCertificates has no readable certificate: {reason}"),
        position: None,
        help: Some("give PEM blocks: -----BEGIN CERTIFICATE-----".into()),
    }
}

/// Trusts any certificate, as `insecureSkipVerify` says; that the server has its key is still
/// verified.
#[derive(Debug)]
struct Anything(Arc<CryptoProvider>);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
