//! Quoted strings and characters as Go's `strconv` writes and reads them (`%q`, string literals).

use regex::Regex;
use std::sync::LazyLock;

/// Go's `strconv.Quote`: double quotes, escapes for what cannot be printed, `\x…` for bytes that
/// are not UTF-8.
pub fn quote(bytes: &[u8]) -> String {
    quote_with(bytes, false)
}

/// Go's `strconv.QuoteToASCII`: as [`quote`], and everything beyond ASCII is escaped.
pub fn quote_ascii(bytes: &[u8]) -> String {
    quote_with(bytes, true)
}

/// Go's `strconv.QuoteRune`, or `QuoteRuneToASCII`. What is no Unicode character becomes U+FFFD.
pub fn quote_rune(rune: u32, ascii: bool) -> String {
    let c = char::from_u32(rune).unwrap_or(char::REPLACEMENT_CHARACTER);
    let mut out = String::from("'");
    push_escaped(&mut out, c, '\'', ascii);
    out.push('\'');
    out
}

/// Go's `strconv.CanBackquote`: whether the text can stand between backquotes on one line.
pub fn can_backquote(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        text.chars()
            .all(|c| c != '`' && c != '\u{7f}' && c != '\u{feff}' && (c >= ' ' || c == '\t'))
    })
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space.
pub fn is_print(c: char) -> bool {
    static PRINTABLE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    let mut buffer = [0; 4];
    PRINTABLE
        .as_ref()
        .is_some_and(|regex| regex.is_match(c.encode_utf8(&mut buffer)))
}

fn quote_with(bytes: &[u8], ascii: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_escaped(&mut out, c, '"', ascii);
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out.push('"');
    out
}

fn push_escaped(out: &mut String, c: char, quote: char, ascii: bool) {
    match c {
        c if c == quote || c == '\\' => {
            out.push('\\');
            out.push(c);
        }
        c if is_print(c) && (c.is_ascii() || !ascii) => out.push(c),
        '\u{7}' => out.push_str("\\a"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{b}' => out.push_str("\\v"),
        c if c < ' ' || c == '\u{7f}' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        c if u32::from(c) < 0x10000 => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
    }
}

/// Go's `strconv.Unquote` of a string literal in double quotes or backquotes. The result may hold
/// bytes that are not UTF-8 (`"\xff"`).
///
/// # Errors
/// `invalid syntax`, as Go says.
pub fn unquote(literal: &str) -> Result<Vec<u8>, &'static str> {
    const INVALID: &str = "invalid syntax";
    let inner = |quote: char| {
        literal
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    };
    if let Some(raw) = inner('`') {
        if raw.contains('`') {
            return Err(INVALID);
        }
        return Ok(raw.bytes().filter(|byte| *byte != b'\r').collect());
    }
    let mut rest = inner('"').ok_or(INVALID)?;
    let mut out = Vec::with_capacity(rest.len());
    while !rest.is_empty() {
        if rest.starts_with(['"', '\n']) {
            return Err(INVALID);
        }
        let (unit, after) = unquote_char(rest, '"').ok_or(INVALID)?;
        match unit {
            Unit::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Unit::Byte(byte) => out.push(byte),
        }
        rest = after;
    }
    Ok(out)
}

/// Go's value of a character literal such as `'a'` or `'\u00e9'`.
///
/// # Errors
/// `invalid syntax` for a bad escape, `malformed character constant` for more than one character.
pub fn unquote_rune(literal: &str) -> Result<u32, String> {
    let rest = literal.strip_prefix('\'').ok_or("invalid syntax")?;
    if rest.starts_with('\'') {
        return Err("invalid syntax".into());
    }
    let (unit, tail) = unquote_char(rest, '\'').ok_or("invalid syntax")?;
    if tail != "'" {
        return Err(format!("malformed character constant: {literal}"));
    }
    Ok(match unit {
        Unit::Char(c) => u32::from(c),
        Unit::Byte(byte) => u32::from(byte),
    })
}

enum Unit {
    Char(char),
    Byte(u8),
}

/// The first character or escape, and what follows it; `None` for a bad escape.
fn unquote_char(text: &str, quote: char) -> Option<(Unit, &str)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    if first != '\\' {
        return Some((Unit::Char(first), chars.as_str()));
    }
    let escape = chars.next()?;
    let rest = chars.as_str();
    let simple = |c| Some((Unit::Char(c), rest));
    match escape {
        'a' => simple('\u{7}'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\u{b}'),
        '\\' => simple('\\'),
        '\'' | '"' if escape == quote => simple(escape),
        'x' | 'u' | 'U' => {
            let digits = match escape {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let code = digits_of(rest, digits, 16)?;
            let rest = rest.get(digits..)?;
            if escape == 'x' {
                return Some((Unit::Byte(u8::try_from(code).ok()?), rest));
            }
            Some((Unit::Char(char::from_u32(code)?), rest))
        }
        '0'..='7' => {
            let start = text.len() - rest.len() - 1;
            let octal = text.get(start..)?;
            let code = digits_of(octal, 3, 8)?;
            Some((Unit::Byte(u8::try_from(code).ok()?), octal.get(3..)?))
        }
        _ => None,
    }
}

fn digits_of(text: &str, count: usize, radix: u32) -> Option<u32> {
    let digits = text.get(..count)?;
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go() {
        assert_eq!(
            quote("a\"b\\\n\u{7}é\u{200b}🚀".as_bytes()),
            "\"a\\\"b\\\\\\n\\aé\\u200b🚀\""
        );
        assert_eq!(quote(b"\xff\x01\x7f"), "\"\\xff\\x01\\x7f\"");
        assert_eq!(quote_ascii("é🚀".as_bytes()), "\"\\u00e9\\U0001f680\"");
        assert_eq!(quote_rune(0x27, false), "'\\''");
        assert_eq!(quote_rune(0x22, false), "'\"'");
        assert_eq!(quote_rune(0xd800, false), "'\u{fffd}'");
        assert_eq!(quote_rune(0xe9, true), "'\\u00e9'");
    }

    #[test]
    fn backquotes() {
        assert!(can_backquote(b"a\tb"));
        for bad in ["`", "\n", "\u{7f}", "\u{feff}"] {
            assert!(!can_backquote(bad.as_bytes()), "{bad:?}");
        }
        assert!(!can_backquote(b"\xff"));
    }

    #[test]
    fn unquotes_as_go() {
        assert_eq!(
            unquote(r#""\u00e9\x41\101\xff""#),
            Ok(b"\xc3\xa9AA\xff".to_vec())
        );
        assert_eq!(unquote("`a\r\n\\n`"), Ok(b"a\n\\n".to_vec()));
        for bad in [
            r#""\q""#,
            r#""\'""#,
            r#""\x4""#,
            r#""\ud800""#,
            r#""\400""#,
            "\"",
            "x",
            r#""\u+123""#,
        ] {
            assert!(unquote(bad).is_err(), "{bad}");
        }
        assert_eq!(unquote_rune("'\\''"), Ok(39));
        assert_eq!(unquote_rune("'世'"), Ok(19990));
        for bad in ["''", "'ab'", "'\\\"'", "'"] {
            assert!(unquote_rune(bad).is_err(), "{bad}");
        }
    }
}
