//! The placeholders of the wire vectors, and what stands for them in a run.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use serde_json::Value;
use std::sync::LazyLock;

/// What comes before the PKCS#1 form in the PKCS#8 form of a 2048-bit RSA key: version, algorithm,
/// and the heads of the parts around it.
const PKCS8_HEAD: usize = 26;

/// One private key in both encodings, PEM without a final line break: PKCS#1, PKCS#8.
static RSA_KEY: LazyLock<(String, String)> = LazyLock::new(|| {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = key.as_der().expect("a PKCS#8 key");
    let pkcs8 = der.as_ref();
    (
        pem("RSA PRIVATE KEY", &pkcs8[PKCS8_HEAD..]),
        pem("PRIVATE KEY", pkcs8),
    )
});

fn pem(label: &str, der: &[u8]) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
        .collect();
    let text = lines.join("\n");
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----")
}

/// Texts for placeholders, in the order of replacement.
pub struct Placeholders(Vec<(&'static str, String)>);

impl Placeholders {
    /// Those of the recording server at these URLs.
    pub fn new(url: &str, tls_url: &str) -> Self {
        let host = url.trim_start_matches("http://");
        let port = host.rsplit(':').next().unwrap_or_default();
        Self(vec![
            ("{{SERVER}}", url.to_owned()),
            ("{{SERVER_HOSTPORT}}", host.to_owned()),
            ("{{SERVER_PORT}}", port.to_owned()),
            ("{{TLS_SERVER}}", tls_url.to_owned()),
            (
                "{{TLS_HOSTPORT}}",
                tls_url.trim_start_matches("https://").to_owned(),
            ),
        ])
    }

    /// One more.
    pub fn add(&mut self, placeholder: &'static str, text: impl Into<String>) {
        self.0.push((placeholder, text.into()));
    }

    /// The value with every placeholder filled in.
    pub fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill_text(text)),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, member)| (self.fill_text(name), self.fill(member)))
                .collect(),
            other => other.clone(),
        }
    }

    fn fill_text(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (placeholder, value) in &self.0 {
            filled = filled.replace(placeholder, value);
        }
        if filled.contains("{{RSA_") {
            filled = indented(&filled, "{{RSA_PKCS1}}", &RSA_KEY.0);
            filled = indented(&filled, "{{RSA_PKCS8}}", &RSA_KEY.1);
        }
        filled
    }
}

/// Replaces the placeholder by a text of several lines. Where it stands alone on an indented line,
/// as in a YAML block, all lines of the text are indented alike.
fn indented(text: &str, placeholder: &str, value: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(placeholder) {
        out.push_str(&rest[..at]);
        let line = &out[out.rfind('\n').map_or(0, |end| end + 1)..];
        let indent = if line.trim().is_empty() { line } else { "" };
        let value = value.replace('\n', &format!("\n{indent}"));
        out.push_str(&value);
        rest = &rest[at + placeholder.len()..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_pem_in_both_encodings_and_indented_as_their_line() {
        let placeholders = Placeholders::new("http://127.0.0.1:1", "https://127.0.0.1:2");
        let text = placeholders.fill_text("a: |\n  {{RSA_PKCS1}}\nb: {{RSA_PKCS8}}");
        assert!(text.starts_with("a: |\n  -----BEGIN RSA PRIVATE KEY-----\n  MII"));
        assert!(text.contains("\n  -----END RSA PRIVATE KEY-----\nb: -----BEGIN PRIVATE KEY"));
        let der = base64::engine::general_purpose::STANDARD
            .decode(
                RSA_KEY
                    .0
                    .lines()
                    .filter(|line| !line.starts_with('-'))
                    .collect::<String>(),
            )
            .expect("base64");
        assert!(aws_lc_rs::rsa::KeyPair::from_der(&der).is_ok(), "PKCS#1");
    }
}
