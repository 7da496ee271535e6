//! A request as it would go out: sent by the services, shown by screens, kept by the history.

use crate::domain::{MASK, Masker};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use url::Url;

/// A request, complete but not sent. It holds secrets: only the masked forms are for showing.
#[derive(Clone, PartialEq, Eq)]
pub struct PreparedRequest {
    /// HTTP method; services of other protocols have a word of their own.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Headers in order, names as configured.
    pub headers: Vec<(String, String)>,
    /// The body; may be empty.
    pub body: Vec<u8>,
    /// The server's certificate is not verified.
    pub insecure: bool,
}

impl PreparedRequest {
    /// A request without headers and body.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            insecure: false,
        }
    }

    /// A POST of this JSON.
    pub(super) fn post_json(url: impl Into<String>, body: &serde_json::Value) -> Self {
        let mut request = Self::new("POST", url);
        request.set_header("Content-Type", "application/json");
        request.body = body.to_string().into_bytes();
        request
    }

    /// A POST of this form, fields in the given order.
    pub(super) fn post_form<'f>(
        url: impl Into<String>,
        fields: impl IntoIterator<Item = (&'f str, &'f str)>,
    ) -> Self {
        let mut request = Self::new("POST", url);
        request.set_header("Content-Type", "application/x-www-form-urlencoded");
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        request.body = form.extend_pairs(fields).finish().into_bytes();
        request
    }

    /// Sets a header, in the place of one of the same name (whatever the case).
    pub fn set_header(&mut self, name: &str, value: impl Into<String>) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Sets basic authentication.
    pub fn set_basic_auth(&mut self, username: &str, password: &str) {
        let credentials = STANDARD.encode(format!("{username}:{password}"));
        self.set_header("Authorization", format!("Basic {credentials}"));
    }

    /// Method and URL on one line, masked: what error messages call the request.
    pub fn subject(&self, masker: &Masker) -> String {
        format!("{} {}", self.method, shown_url(&self.url, masker))
    }

    /// Request line, headers, empty line, body; masked. For screens and the history.
    pub fn to_text(&self, masker: &Masker) -> String {
        let mut text = self.subject(masker);
        for (name, value) in &self.headers {
            let value = shown_header(name, value, masker);
            text.push_str(&format!("\n{name}: {value}"));
        }
        if !self.body.is_empty() {
            text.push_str("\n\n");
            text.push_str(&self.shown_body(masker));
        }
        text
    }

    /// A curl command that sends the same; masked, so that secrets must be filled in. Requests of
    /// other protocols than HTTP are shown as [text](Self::to_text).
    pub fn to_curl(&self, masker: &Masker) -> String {
        if !self.url.starts_with("http") {
            return self.to_text(masker);
        }
        let mut command = format!("curl -sS -X {}", quoted(&self.method));
        if self.insecure {
            command.push_str(" -k");
        }
        for (name, value) in &self.headers {
            let header = format!("{name}: {}", shown_header(name, value, masker));
            command.push_str(&format!(" \\\n  -H {}", quoted(&header)));
        }
        if !self.body.is_empty() {
            // curl would add a form's Content-Type, which the request itself does not have.
            if self.header("Content-Type").is_none() {
                command.push_str(" \\\n  -H 'Content-Type:'");
            }
            let body = self.shown_body(masker);
            command.push_str(&format!(" \\\n  --data-binary {}", quoted(&body)));
        }
        command.push_str(&format!(" \\\n  {}", quoted(&shown_url(&self.url, masker))));
        command
    }

    fn shown_body(&self, masker: &Masker) -> String {
        masker
            .mask(&String::from_utf8_lossy(&self.body))
            .into_owned()
    }
}

impl fmt::Debug for PreparedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("PreparedRequest")
            .field("method", &self.method)
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The URL with its password and the values of telling query names masked, and then every known
/// secret.
pub fn shown_url(url: &str, masker: &Masker) -> String {
    let Ok(mut parsed) = Url::parse(url) else {
        let known = masker.mask(url);
        // Where a query begins can be told all the same.
        let known = match known.split_once('?') {
            Some((before, _)) => format!("{before}?{MASK}"),
            None => known.into_owned(),
        };
        return match (known.find("//"), known.rfind('@')) {
            (Some(from), Some(to)) if from < to => {
                format!("{}{MASK}{}", &known[..from + 2], &known[to..])
            }
            _ => known,
        };
    };
    let mut shown = url.to_owned();
    if parsed.password().is_some() && parsed.set_password(Some(MASK)).is_ok() {
        shown = parsed.to_string();
    }
    let secrets = query_secrets(&parsed);
    if !secrets.is_empty() {
        let pairs: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
        parsed
            .query_pairs_mut()
            .clear()
            .extend_pairs(pairs.iter().map(|(name, value)| {
                let value = if is_sensitive(name) { MASK } else { value };
                (name, value)
            }));
        shown = parsed.to_string();
    }
    masker.mask(&shown).into_owned()
}

/// The secrets that stand in a URL by their place: its password, and values of telling query
/// names.
pub fn url_secrets(url: &str) -> Vec<String> {
    let Ok(parsed) = Url::parse(url) else {
        return Vec::new();
    };
    let mut secrets = query_secrets(&parsed);
    if let Some(password) = parsed.password() {
        secrets.push(password.to_owned());
    }
    secrets
}

fn query_secrets(url: &Url) -> Vec<String> {
    url.query_pairs()
        .filter(|(name, value)| is_sensitive(name) && !value.is_empty())
        .map(|(_, value)| value.into_owned())
        .collect()
}

/// The text as one segment of a URL's path, or part of one.
pub(super) fn path_segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

/// Whether the value under this name (header, query) is a secret by all experience.
pub fn is_sensitive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "authori",
        "authent",
        "-auth",
        "auth-",
        "token",
        "secret",
        "passw",
        "cookie",
        "signature",
        "credential",
    ]
    .iter()
    .any(|word| name.contains(word))
        || ["key", "sig", "pwd"].iter().any(|word| {
            name.strip_suffix(word)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with(['-', '_']) || rest == "api")
        })
}

fn shown_header(name: &str, value: &str, masker: &Masker) -> String {
    if !is_sensitive(name) {
        return masker.mask(value).into_owned();
    }
    // Of credentials the scheme is worth seeing.
    match value.split_once(' ') {
        Some((scheme @ ("Basic" | "Bearer" | "Token" | "GenieKey"), _)) => {
            format!("{scheme} {MASK}")
        }
        _ => MASK.to_owned(),
    }
}

/// The text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_masked_by_place_and_by_value() {
        let masker = Masker::new(["T0PSECRET"]);
        for (url, shown) in [
            ("http://h/a%2Fb?c=d", "http://h/a%2Fb?c=d"),
            ("https://u:pass@h/x", "https://u:********@h/x"),
            (
                "https://h/services/T0PSECRET",
                "https://h/services/********",
            ),
            (
                "https://h/x?api_key=abc&b=1",
                "https://h/x?api_key=********&b=1",
            ),
            ("https://h/x?sig=abc%2F", "https://h/x?sig=********"),
            ("::bad//u:pass@h", "::bad//********@h"),
            ("http://u:pass@ h?key=abc", "http://********@ h?********"),
            (
                "https://h/x?monkey=1&design=2",
                "https://h/x?monkey=1&design=2",
            ),
        ] {
            assert_eq!(shown_url(url, &masker), shown);
        }
    }

    #[test]
    fn text_and_curl_show_all_but_the_secrets() {
        let mut request = PreparedRequest::new("POST", "https://h/a b'c?d=e");
        request.set_header("X-One", "1");
        request.set_header("x-one", "it's 2");
        request.set_header("X-Api-Key", "k");
        request.set_basic_auth("u", "p");
        request.body = b"say 'hi' T0PSECRET".to_vec();
        request.insecure = true;
        let masker = Masker::new(["T0PSECRET"]);
        assert_eq!(
            request.to_text(&masker),
            "POST https://h/a b'c?d=e\nx-one: it's 2\nX-Api-Key: ********\n\
             Authorization: Basic ********\n\nsay 'hi' ********"
        );
        assert_eq!(
            request.to_curl(&masker),
            "curl -sS -X POST -k \\\n  -H 'x-one: it'\\''s 2' \\\n  -H 'X-Api-Key: ********' \\\n  \
             -H 'Authorization: Basic ********' \\\n  -H 'Content-Type:' \\\n  \
             --data-binary 'say '\\''hi'\\'' ********' \\\n  'https://h/a b'\\''c?d=e'"
        );
        assert!(!format!("{request:?}").contains("T0PSECRET"));
    }
}
