//! Percent escapes, by the part of a URL that they are in: the rules of Go's `net/url`.

use crate::golang::quote::quote;

/// A part of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    User,
    Host,
    /// The zone of an IPv6 address.
    Zone,
    Fragment,
}

/// The text with everything escaped that this part cannot hold.
pub(super) fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if must_be_escaped(*byte, part) {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            out.push(*byte);
        }
    }
    out
}

/// The text without escapes.
///
/// # Errors
/// With Go's message: broken escapes, and in hosts characters and escapes that do not belong there.
pub(super) fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            let in_host = matches!(part, Part::Host | Part::Zone);
            if in_host && first.is_ascii() && must_be_escaped(*first, part) {
                return Err(format!(
                    "invalid character {} in host name",
                    quote(&[*first])
                ));
            }
            out.push(*first);
            rest = after;
            continue;
        }
        let escape = rest.get(..3).unwrap_or(rest);
        let bad = || format!("invalid URL escape {}", quote(escape));
        let byte = hexadecimal(escape).ok_or_else(bad)?;
        let allowed = match part {
            _ if escape == b"%25" => true,
            // Hosts may only escape what is beyond ASCII.
            Part::Host => !byte.is_ascii(),
            Part::Zone => byte == b' ' || !must_be_escaped(byte, Part::Host),
            _ => true,
        };
        if !allowed {
            return Err(bad());
        }
        out.push(byte);
        rest = rest.get(3..).unwrap_or_default();
    }
    Ok(out)
}

fn hexadecimal(escape: &[u8]) -> Option<u8> {
    let [b'%', high, low] = escape else {
        return None;
    };
    let high = char::from(*high).to_digit(16)?;
    let low = char::from(*low).to_digit(16)?;
    u8::try_from(high << 4 | low).ok()
}

fn must_be_escaped(byte: u8, part: Part) -> bool {
    match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' | b'~' => false,
        b'$' | b'&' | b'+' | b',' | b';' | b'=' => false,
        b'!' | b'(' | b')' | b'*' => !matches!(part, Part::Host | Part::Zone | Part::Fragment),
        b'\'' | b'[' | b']' | b'<' | b'>' | b'"' => !matches!(part, Part::Host | Part::Zone),
        b':' => part == Part::User,
        b'/' | b'@' => matches!(part, Part::User | Part::Host | Part::Zone),
        b'?' => part != Part::Fragment,
        _ => true,
    }
}
