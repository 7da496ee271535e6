//! The key of a GitHub App: made anew for each run, so that none lies around.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use std::sync::LazyLock;

static KEY: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).expect("a key"));

/// An RSA key of 1024 bits, which is too short to sign with; it was made for this test and opens
/// nothing.
pub const SHORT: &str = "-----BEGIN RSA PRIVATE KEY-----
MIICXgIBAAKBgQCv3piFJPPckaF7PaOA9KgjuUWSTZAKKf6QwsNLd74993KbEwSl
Jdl0h1EphCYZuJpTNW9fobZvCt0yQe3cdXrfqH9G6GbK1YIZ+rlwX3wwYE3mDMUi
p9CREUv5ydB5UKZOdrGH2nypybYluhq8ji4CwDK3aEnV5YZNY6o+eK8MfQIDAQAB
AoGBAKW7L6Gw6/m8Zx9bO7xnUhewHWa8nvNlFZbXYvC4W9fLWv3WEzeKDn0ok4x7
EuiENTIaleTZ4LCN3VriFEP/lZSkJhcT/6auc3adwxlxhHmveyj54BcElVJhF9oc
r0NkoE9h0jzJAyoUYn1rL9o7ngKeOE0J2QrXEiKjsO3vknVFAkEA4+mQKErbdu2r
ynMiKI53HH8R9hZ53EvcDZ+SPHy8zb4lmc18QvN0p35mK4ermj1rt6vRZB/SjRrJ
jD3sfAR+DwJBAMWLIFCAkWtYo/zLCU6o7yXVw/r8/7dEmCM2gNfwKl/ubmJ6W7AC
VRtmmgYj2rlibVcqMgZxkE8Rkhn81pAumLMCQQDAbwnH64SoQv7k/hdeVQPfLK9W
sB2OUwLnAc+wgMXNlfobhbOgt/zMG15a7L+IiMm1mD5BItldSLvaTMKq6AQjAkBI
dL1HicDM5NhRUo95YJFHCV824jFRIUHEOKuNiLOiOCwYxtR2fISG5l08P05sjOOa
AwoSPvk1ZzZ1fb2daNntAkEAz+rSXf2iqKAr0kOgFn/8ty6nl6+OWMV4w0RMhmqI
otYEgcMi2ZFD+52+xwZcs30Iti5O914ilQnAvDhmIXWgEA==
-----END RSA PRIVATE KEY-----";

/// The private key as PEM, indented so that it fits under `privateKey: |`.
pub fn indented() -> String {
    let der: Pkcs8V1Der<'_> = KEY.as_der().expect("a PKCS#8 key");
    let encoded = STANDARD.encode(der.as_ref());
    let mut text = "  -----BEGIN PRIVATE KEY-----\n".to_owned();
    for line in encoded.as_bytes().chunks(64) {
        text += &format!("  {}\n", String::from_utf8_lossy(line));
    }
    text + "  -----END PRIVATE KEY-----\n"
}

/// The claims of a token that was signed with the key; `None` when it was not.
pub fn verified(token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, KEY.public_key());
    public.verify(signed.as_bytes(), &signature).ok()?;
    let (head, claims) = signed.split_once('.')?;
    let part = |text: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    };
    (part(head)?["alg"] == "RS256").then(|| part(claims))?
}
