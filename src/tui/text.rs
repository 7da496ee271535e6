//! Text from the cluster, made safe and fitted to cells.
//!
//! Everything that comes from outside passes [`clean`] before it is drawn: control characters and
//! the invisible marks that turn reading direction are shown as escapes, so that no name or
//! annotation can move the cursor, colour the screen, or pretend to be other text.

use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Whether a character would act on the terminal or on the reading order instead of being seen.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

/// The text with control characters and direction marks written out (`\n`, `\e`, `\u{202e}`).
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            '\u{1b}' => shown.push_str("\\e"),
            c if acts(c) => {
                // Writing to a String can't fail.
                let _ = write!(shown, "{}", c.escape_unicode());
            }
            c => shown.push(c),
        }
    }
    Cow::Owned(shown)
}

/// Like [`clean`] for one line of a text that is read as a whole (YAML, a request): tabs become
/// spaces instead of escapes, and a carriage return at the end is dropped.
pub fn clean_line(line: &str) -> Cow<'_, str> {
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains('\t') {
        Cow::Owned(clean(&line.replace('\t', "    ")).into_owned())
    } else {
        clean(line)
    }
}

/// The first line (from 1) with a character that can't be seen; tabs and line ends don't count.
pub fn first_hidden(text: &str) -> Option<usize> {
    let hidden = |line: &str| line.chars().any(|c| acts(c) && !matches!(c, '\t' | '\r'));
    text.split('\n').position(hidden).map(|line| line + 1)
}

/// Cells that the text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text cut to `cells`, with `…` in the last one when something was cut off.
pub fn fit(text: &str, cells: usize) -> Cow<'_, str> {
    // Short ASCII is nearly every cell of every table.
    if text.len() <= cells && text.is_ascii() {
        return Cow::Borrowed(text);
    }
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    if cells == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut end = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        let wide = width(grapheme);
        if used + wide > cells - 1 {
            break;
        }
        used += wide;
        end = at + grapheme.len();
    }
    let mut cut = String::with_capacity(end + 3);
    cut.push_str(&text[..end]);
    cut.push('…');
    Cow::Owned(cut)
}

/// The text without its first `cells` cells, for sideways scrolling.
pub fn skip(text: &str, cells: usize) -> &str {
    if cells == 0 {
        return text;
    }
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        if used >= cells {
            return &text[at..];
        }
        used += width(grapheme);
    }
    ""
}

/// Breaks a text into lines of at most `cells`, at blanks where there are any.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let paragraph = clean(paragraph);
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split_word_bounds() {
            let wide = width(word);
            if used + wide > cells && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
                if word.trim().is_empty() {
                    continue;
                }
            }
            if wide > cells {
                for grapheme in word.graphemes(true) {
                    let wide = width(grapheme);
                    if used + wide > cells && used > 0 {
                        lines.push(std::mem::take(&mut line));
                        used = 0;
                    }
                    line.push_str(grapheme);
                    used += wide;
                }
            } else {
                line.push_str(word);
                used += wide;
            }
        }
        lines.push(line);
    }
    lines
}

/// A count with thousands separated: `100,482`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `1 delivery`, `3 deliveries`.
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Whether `needle` (already in lower case) occurs in `hay`, whatever the case of `hay`.
pub fn contains_folded(hay: &str, needle: &str) -> bool {
    if needle.is_empty() {
        return true;
    }
    if hay.is_ascii() {
        let needle = needle.as_bytes();
        return hay.len() >= needle.len()
            && hay
                .as_bytes()
                .windows(needle.len())
                .any(|window| window.eq_ignore_ascii_case(needle));
    }
    hay.to_lowercase().contains(needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_acts_on_the_terminal() {
        assert_eq!(clean("web-1"), "web-1");
        assert_eq!(clean("a\u{1b}[31mb\n"), "a\\e[31mb\\n");
        assert_eq!(clean("\u{202e}gpj.exe"), "\\u{202e}gpj.exe");
        assert_eq!(clean("\u{9b}2J"), "\\u{9b}2J");
        assert_eq!(clean_line("a\tb\r"), "a    b");
    }

    #[test]
    fn cutting_respects_wide_characters() {
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(width(&fit("日本語", 4)), 3);
        assert_eq!(skip("日本語", 2), "本語");
        assert_eq!(skip("abc", 9), "");
    }

    #[test]
    fn wrapping_keeps_every_character() {
        assert_eq!(wrap("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a\nb", 4), ["a", "b"]);
    }

    #[test]
    fn counts_are_readable() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(100_482), "100,482");
        assert_eq!(count(1_048_576), "1,048,576");
        assert_eq!(plural(1, "delivery", "deliveries"), "1 delivery");
    }

    #[test]
    fn searching_ignores_case() {
        assert!(contains_folded("Web-Frontend", "front"));
        assert!(contains_folded("GRÜN", "grü"));
        assert!(!contains_folded("web", "webs"));
    }
}
