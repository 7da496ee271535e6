//! Reading and writing URLs as Go's `net/url` does.

use super::escape::{Part, escape, unescape};
use crate::golang::quote::quote;
use std::net::Ipv6Addr;

/// A URL in parts, unescaped but for the query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: Vec<u8>,
    /// What follows the scheme where that is no slash, as in `mailto:a@b`.
    pub(super) opaque: Vec<u8>,
    pub(super) user: Option<UserInfo>,
    /// With the port.
    pub(super) host: Vec<u8>,
    pub(super) path: Vec<u8>,
    /// Without the question mark, as it was written.
    pub(super) query: Vec<u8>,
    pub(super) fragment: Vec<u8>,
}

/// Name and password, unescaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UserInfo {
    name: Vec<u8>,
    password: Option<Vec<u8>>,
}

impl UserInfo {
    fn parse(text: &[u8]) -> Result<Self, String> {
        let allowed =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
        if !text.iter().all(allowed) {
            return Err("net/url: invalid userinfo".into());
        }
        let (name, password) = cut(text, b':');
        Ok(UserInfo {
            name: unescape(name, Part::User)?,
            password: password
                .map(|text| unescape(text, Part::User))
                .transpose()?,
        })
    }

    /// The escaped form.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = escape(&self.name, Part::User);
        if let Some(password) = &self.password {
            out.push(b':');
            out.extend(escape(password, Part::User));
        }
        out
    }
}

/// The text before the first separator, and what follows it.
fn cut(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    let mut parts = text.splitn(2, |byte| *byte == separator);
    (parts.next().unwrap_or_default(), parts.next())
}

impl Url {
    /// Reads a URL, or a relative reference.
    ///
    /// # Errors
    /// With Go's message.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let (before, fragment) = cut(text, b'#');
        let complaint = |text: &[u8], problem: String| format!("parse {}: {problem}", quote(text));
        let mut url =
            Self::parse_without_fragment(before).map_err(|problem| complaint(before, problem))?;
        url.fragment = unescape(fragment.unwrap_or_default(), Part::Fragment)
            .map_err(|problem| complaint(text, problem))?;
        Ok(url)
    }

    fn parse_without_fragment(text: &[u8]) -> Result<Self, String> {
        if text.iter().any(u8::is_ascii_control) {
            return Err("net/url: invalid control character in URL".into());
        }
        let (scheme, rest) = split_scheme(text)?;
        let (rest, query) = cut(rest, b'?');
        let mut url = Url {
            scheme: scheme.to_ascii_lowercase(),
            query: query.unwrap_or_default().to_vec(),
            ..Url::default()
        };
        if !rest.starts_with(b"/") {
            if !scheme.is_empty() {
                url.opaque = rest.to_vec();
                return Ok(url);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return Err("first path segment in URL cannot contain colon".into());
            }
        }
        let authority = rest
            .strip_prefix(b"//")
            .filter(|after| !scheme.is_empty() || !after.starts_with(b"/"));
        let path = match authority {
            None => rest,
            Some(after) => {
                let end = after
                    .iter()
                    .position(|byte| *byte == b'/')
                    .unwrap_or(after.len());
                let (authority, path) = after.split_at(end);
                url.read_authority(authority)?;
                path
            }
        };
        url.path = unescape(path, Part::Path)?;
        Ok(url)
    }

    fn read_authority(&mut self, authority: &[u8]) -> Result<(), String> {
        let at = authority.iter().rposition(|byte| *byte == b'@');
        let (user, host) = match at {
            None => (None, authority),
            Some(at) => (
                authority.get(..at),
                authority.get(at + 1..).unwrap_or_default(),
            ),
        };
        self.host = parse_host(&self.scheme, host)?;
        self.user = user.map(UserInfo::parse).transpose()?;
        Ok(())
    }

    /// The host without port and brackets.
    pub(super) fn hostname(&self) -> &[u8] {
        let colon = self.host.iter().rposition(|byte| *byte == b':');
        let host = match colon.and_then(|colon| self.host.split_at_checked(colon)) {
            Some((host, port)) if is_port(port) => host,
            _ => &self.host,
        };
        let inner = host
            .strip_prefix(b"[")
            .and_then(|rest| rest.strip_suffix(b"]"));
        inner.unwrap_or(host)
    }

    /// The URL in one text.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.write_hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        if !self.query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.query);
        }
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(escape(&self.fragment, Part::Fragment));
        }
        out
    }

    fn write_hierarchy(&self, out: &mut Vec<u8>) {
        let has_authority = !self.host.is_empty() || self.user.is_some();
        if has_authority || !self.scheme.is_empty() && !self.path.is_empty() {
            out.extend_from_slice(b"//");
        }
        if let Some(user) = &self.user {
            out.extend(user.to_bytes());
            out.push(b'@');
        }
        out.extend(escape(&self.host, Part::Host));
        let path = match self.path.as_slice() {
            b"*" => b"*".to_vec(),
            path => escape(path, Part::Path),
        };
        if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
            out.push(b'/');
        }
        // Otherwise the first segment would read as a scheme.
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend(path);
    }
}

/// `http:` and what follows; no scheme when the text cannot have one.
fn split_scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (position, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if position > 0 => {}
            b':' if position == 0 => return Err("missing protocol scheme".into()),
            b':' => {
                let rest = text.get(position + 1..).unwrap_or_default();
                return Ok((text.get(..position).unwrap_or_default(), rest));
            }
            _ => break,
        }
    }
    Ok((&[], text))
}

/// A colon and digits, or nothing.
fn is_port(text: &[u8]) -> bool {
    match text.split_first() {
        None => true,
        Some((first, digits)) => *first == b':' && digits.iter().all(u8::is_ascii_digit),
    }
}

fn parse_host(scheme: &[u8], host: &[u8]) -> Result<Vec<u8>, String> {
    let check_port = |port: &[u8]| match is_port(port) {
        true => Ok(()),
        false => Err(format!("invalid port {} after host", quote(port))),
    };
    if let Some(open) = host.iter().rposition(|byte| *byte == b'[') {
        let Some(close) = host.iter().rposition(|byte| *byte == b']') else {
            return Err("missing ']' in host".into());
        };
        let port = host.get(close + 1..).unwrap_or_default();
        check_port(port)?;
        if open > 0 {
            return Err("invalid IP-literal".into());
        }
        let address = parse_ipv6(host.get(open + 1..close).unwrap_or_default())?;
        return Ok([b"[", address.as_slice(), b"]", port].concat());
    }
    // Lists of hosts with ports are accepted for this database only.
    let first_colon = match scheme {
        b"postgres" | b"postgresql" => host.iter().rposition(|byte| *byte == b':'),
        _ => host.iter().position(|byte| *byte == b':'),
    };
    if let Some(colon) = first_colon {
        check_port(host.get(colon..).unwrap_or_default())?;
    }
    unescape(host, Part::Host)
}

/// The address between brackets, with its zone.
fn parse_ipv6(text: &[u8]) -> Result<Vec<u8>, String> {
    let zone = text.windows(3).position(|window| window == b"%25");
    let (address, zone) = text.split_at(zone.unwrap_or(text.len()));
    let unescaped = [unescape(address, Part::Host)?, unescape(zone, Part::Zone)?].concat();
    let shown = String::from_utf8_lossy(&unescaped);
    let (address, zone) = match shown.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (shown.as_ref(), None),
    };
    if zone == Some("") || address.parse::<Ipv6Addr>().is_err() {
        return Err(format!(
            "invalid host: ParseAddr({shown:?}): unable to parse IP"
        ));
    }
    Ok(unescaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejoined(text: &str) -> String {
        match Url::parse(text.as_bytes()) {
            Ok(url) => String::from_utf8_lossy(&url.to_bytes()).into_owned(),
            Err(complaint) => complaint,
        }
    }

    #[test]
    fn reads_and_writes_as_go() {
        let cases = [
            (
                "https://u:p@h:80/p?q=a%20b#f",
                "https://u:p@h:80/p?q=a%20b#f",
            ),
            ("HTTP://Host/A b%2Fc", "http://Host/A%20b/c"),
            ("mailto:a@b.c", "mailto:a@b.c"),
            ("/a/b?x", "/a/b?x"),
            ("*", "*"),
            ("http://[fe80::1%25en0]:80/", "http://[fe80::1%25en0]:80/"),
            ("//h/p", "//h/p"),
            ("///p", "///p"),
            ("http://h?", "http://h"),
            ("http://h/#a b!'", "http://h/#a%20b!%27"),
            ("file:///etc", "file:///etc"),
            ("postgres://a:1,b:2/db", "postgres://a:1,b:2/db"),
            ("http://u%40x:p%3A@h/", "http://u%40x:p%3A@h/"),
        ];
        for (text, expected) in cases {
            assert_eq!(rejoined(text), expected, "{text}");
        }
    }

    #[test]
    fn refuses_as_go() {
        let cases = [
            (
                "http://a b/",
                "parse \"http://a b/\": invalid character \" \" in host name",
            ),
            ("%zz", "parse \"%zz\": invalid URL escape \"%zz\""),
            (":x", "parse \":x\": missing protocol scheme"),
            (
                "a_b:c",
                "parse \"a_b:c\": first path segment in URL cannot contain colon",
            ),
            (
                "http://h:8x/",
                "parse \"http://h:8x/\": invalid port \":8x\" after host",
            ),
            (
                "http://::1/",
                "parse \"http://::1/\": invalid port \"::1\" after host",
            ),
            (
                "http://[::1/",
                "parse \"http://[::1/\": missing ']' in host",
            ),
            (
                "http://h%41/",
                "parse \"http://h%41/\": invalid URL escape \"%41\"",
            ),
            (
                "http://u\"@h/",
                "parse \"http://u\\\"@h/\": net/url: invalid userinfo",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(rejoined(text), expected, "{text}");
        }
        assert!(Url::parse(b"http://[1.2.3.4]/").is_err());
        assert!(Url::parse(b"http://h/\n").is_err());
    }
}
