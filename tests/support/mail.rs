//! Reads a mail as people see it: headers and body decoded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A decoded message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// In order, names in lower case, values unfolded and decoded (RFC 2047).
    pub headers: Vec<(String, String)>,
    /// The body, decoded, with the line ends it has.
    pub body: String,
}

impl Mail {
    /// Reads a message of one part.
    pub fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let headers: Vec<(String, String)> = unfolded
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), words(value.trim())))
            .collect();
        let mut mail = Self {
            headers,
            body: body.to_owned(),
        };
        let bytes = match mail.header("content-transfer-encoding") {
            "quoted-printable" => Some(quoted_printable(&body.replace("=\r\n", ""))),
            "base64" => STANDARD.decode(body.replace("\r\n", "")).ok(),
            _ => None,
        };
        if let Some(bytes) = bytes {
            mail.body = String::from_utf8_lossy(&bytes).into_owned();
        }
        mail
    }

    /// The first header of this name (in lower case), empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

/// The header with its encoded words decoded. White space between two of them is not part of it.
fn words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let mut after_encoded = false;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        let mut parts = from[2..].splitn(4, '?');
        let (Some(_), Some(kind), Some(encoded), Some(tail)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            break;
        };
        let Some(tail) = tail.strip_prefix('=') else {
            break;
        };
        if !(after_encoded && before.trim().is_empty()) {
            out.push_str(before);
        }
        let bytes = match kind {
            "B" | "b" => STANDARD.decode(encoded).unwrap_or_default(),
            _ => quoted_printable(&encoded.replace('_', " ")),
        };
        out.push_str(&String::from_utf8_lossy(&bytes));
        after_encoded = true;
        rest = tail;
    }
    out + rest
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'=' {
            out.push(byte);
            continue;
        }
        let digits: Vec<u8> = bytes.by_ref().take(2).collect();
        let code = std::str::from_utf8(&digits).ok();
        out.extend(code.and_then(|code| u8::from_str_radix(code, 16).ok()));
    }
    out
}
