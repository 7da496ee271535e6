//! Characters as Go sees them: strings are bytes that are decoded one rune at a time, and the
//! classes and case mappings are those of Go's `unicode` package.

use regex::Regex;
use std::sync::LazyLock;

/// One decoded rune.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rune<'t> {
    /// The character; U+FFFD for a byte that is not part of UTF-8.
    pub(super) c: char,
    /// The bytes that it was read from.
    pub(super) bytes: &'t [u8],
}

impl Rune<'_> {
    /// Whether Go reports a decoding error here: for a bad byte, and for U+FFFD itself, which it
    /// cannot tell from one by the rune alone.
    pub(super) fn is_error(&self) -> bool {
        self.c == char::REPLACEMENT_CHARACTER
    }
}

/// The runes of a string, in order.
pub(super) fn runes(text: &[u8]) -> impl Iterator<Item = Rune<'_>> {
    text.utf8_chunks().flat_map(|chunk| {
        let valid = chunk.valid();
        let good = valid.char_indices().map(move |(at, c)| Rune {
            c,
            bytes: valid
                .as_bytes()
                .get(at..at + c.len_utf8())
                .unwrap_or_default(),
        });
        let bad = chunk.invalid().chunks(1).map(|bytes| Rune {
            c: char::REPLACEMENT_CHARACTER,
            bytes,
        });
        good.chain(bad)
    })
}

/// Every rune replaced by another, as Go's `strings.Map` does; bad bytes become U+FFFD.
pub(super) fn map(text: &[u8], mut change: impl FnMut(char) -> char) -> String {
    runes(text).map(|rune| change(rune.c)).collect()
}

/// The text without leading and trailing runes that the test accepts.
pub(super) fn trim(text: &[u8], accepts: impl Fn(char) -> bool) -> &[u8] {
    let start: usize = runes(text)
        .take_while(|rune| accepts(rune.c))
        .map(|rune| rune.bytes.len())
        .sum();
    let rest = text.get(start..).unwrap_or_default();
    let kept = runes(rest)
        .scan(0, |end, rune| {
            *end += rune.bytes.len();
            Some((*end, rune.c))
        })
        .filter(|(_, c)| !accepts(*c))
        .last()
        .map_or(0, |(end, _)| end);
    rest.get(..kept).unwrap_or_default()
}

/// Go's `unicode.IsSpace`.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// Go's `unicode.IsLetter`.
pub(super) fn is_letter(c: char) -> bool {
    static LETTER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{L}$").ok());
    in_class(c, |b| b.is_ascii_alphabetic(), &LETTER)
}

/// Go's `unicode.IsUpper`.
pub(super) fn is_upper(c: char) -> bool {
    static UPPER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Lu}$").ok());
    in_class(c, |b| b.is_ascii_uppercase(), &UPPER)
}

/// Go's `unicode.IsLower`.
pub(super) fn is_lower(c: char) -> bool {
    static LOWER: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Ll}$").ok());
    in_class(c, |b| b.is_ascii_lowercase(), &LOWER)
}

/// Go's `unicode.IsTitle`.
pub(super) fn is_title(c: char) -> bool {
    static TITLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Lt}$").ok());
    in_class(c, |_| false, &TITLE)
}

/// Go's `unicode.IsDigit`.
pub(super) fn is_digit(c: char) -> bool {
    static DIGIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{Nd}$").ok());
    in_class(c, |b| b.is_ascii_digit(), &DIGIT)
}

/// Go's `unicode.IsNumber`.
pub(super) fn is_number(c: char) -> bool {
    c.is_numeric()
}

/// Go's `unicode.IsPunct`.
pub(super) fn is_punctuation(c: char) -> bool {
    static PUNCTUATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{P}$").ok());
    // Unicode calls these symbols, not punctuation.
    let ascii = |b: u8| b.is_ascii_punctuation() && !b"$+<=>^`|~".contains(&b);
    in_class(c, ascii, &PUNCTUATION)
}

fn in_class(c: char, ascii: impl Fn(u8) -> bool, class: &LazyLock<Option<Regex>>) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => ascii(byte),
        _ => class
            .as_ref()
            .is_some_and(|class| class.is_match(c.encode_utf8(&mut [0; 4]))),
    }
}

/// Go's `unicode.ToUpper`: one rune for one rune.
pub(super) fn to_upper(c: char) -> char {
    match c {
        // Their full mapping has two characters; the simple one is the form with iota beside.
        '\u{1f80}'..='\u{1f87}' | '\u{1f90}'..='\u{1f97}' | '\u{1fa0}'..='\u{1fa7}' => {
            char::from_u32(u32::from(c) + 8).unwrap_or(c)
        }
        '\u{1fb3}' | '\u{1fc3}' | '\u{1ff3}' => char::from_u32(u32::from(c) + 9).unwrap_or(c),
        _ => single(c.to_uppercase(), c),
    }
}

/// Go's `unicode.ToLower`: one rune for one rune.
pub(super) fn to_lower(c: char) -> char {
    match c {
        '\u{130}' => 'i',
        _ => single(c.to_lowercase(), c),
    }
}

/// Go's `unicode.ToTitle`: the upper case but for digraphs and for Georgian, which has none.
pub(super) fn to_title(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        '\u{10d0}'..='\u{10fa}' | '\u{10fd}'..='\u{10ff}' => c,
        _ => to_upper(c),
    }
}

fn single(mut mapped: impl Iterator<Item = char>, c: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) => only,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_bytes_are_runes_of_their_own() {
        let decoded: Vec<_> = runes(b"a\xe2\x82\xc3\xa9\xff")
            .map(|r| (r.c, r.bytes.len()))
            .collect();
        let bad = char::REPLACEMENT_CHARACTER;
        assert_eq!(
            decoded,
            [('a', 1), (bad, 1), (bad, 1), ('\u{e9}', 2), (bad, 1)]
        );
    }

    #[test]
    fn one_rune_for_one() {
        assert_eq!(
            map("\u{df}\u{149}\u{1f80}\u{1fb3}".as_bytes(), to_upper),
            "\u{df}\u{149}\u{1f88}\u{1fbc}"
        );
        assert_eq!(map("\u{130}\u{3a3}".as_bytes(), to_lower), "i\u{3c3}");
        assert_eq!(
            map("\u{1c6}\u{10d0}".as_bytes(), to_title),
            "\u{1c5}\u{10d0}"
        );
    }

    #[test]
    fn classes() {
        assert!(is_upper('\u{c9}') && !is_upper('\u{24b6}') && !is_upper('\u{1c5}'));
        assert!(is_lower('\u{df}') && !is_lower('\u{aa}'));
        assert!(is_letter('\u{aa}') && !is_letter('\u{345}'));
        assert!(is_punctuation('_') && is_punctuation('\u{bf}') && !is_punctuation('$'));
        assert!(
            is_title('\u{1c5}')
                && is_digit('\u{663}')
                && !is_digit('\u{b2}')
                && is_number('\u{b2}')
        );
    }

    #[test]
    fn trims_runes() {
        assert_eq!(trim("\u{a0}x y\n".as_bytes(), is_space), b"x y");
        assert_eq!(trim(b"  ", is_space), b"");
        assert_eq!(trim(b"abcab", |c| "ab".contains(c)), b"c");
    }
}
