//! Text from the cluster, made safe and fitted to cells.
//!
//! Everything that comes from outside passes [`clean`] before it is drawn: control characters and
//! the invisible marks that turn reading direction are shown as escapes, so that no name or
//! annotation can move the cursor, colour the screen, or pretend to be other text.

use ratatui::buffer::CellWidth as _;
use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_segmentation::UnicodeSegmentation;

/// Longest character, in bytes: a letter with this many marks, or an emoji put together of this many
/// parts, is more than can be seen. What is beyond is left out.
const LONGEST: usize = 48;

/// Whether a character would act on the terminal or on the reading order, or is nothing to be seen,
/// instead of being seen. What joins emoji or chooses their look is not among them.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
                | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The text with control characters and direction marks written out (`\n`, `\e`, `\u{202e}`), and
/// with characters of endless marks cut.
pub fn clean(text: &str) -> Cow<'_, str> {
    // What is put together has one letter of ASCII at most, its first: few texts have to be taken
    // apart to find out.
    let mut runs = text.as_bytes().split(u8::is_ascii);
    let piled = runs.any(|run| run.len() >= LONGEST)
        && text
            .graphemes(true)
            .any(|grapheme| grapheme.len() > LONGEST);
    if piled {
        let cut = |grapheme: &str| {
            let end = grapheme.floor_char_boundary(LONGEST);
            written_out(grapheme.get(..end).unwrap_or("")).into_owned()
        };
        return Cow::Owned(text.graphemes(true).map(cut).collect());
    }
    written_out(text)
}

fn written_out(text: &str) -> Cow<'_, str> {
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

/// The text cleaned and cut to `cells`, with `…` in the last one when something was cut off. Looks at
/// no more of a long text than can be seen.
pub fn within(text: &str, cells: usize) -> Cow<'_, str> {
    // Printable ASCII takes a cell a byte.
    if let Some(head) = text.as_bytes().get(..=cells)
        && head.iter().all(|byte| (b' '..0x7f).contains(byte))
    {
        return fit(text.get(..=cells).unwrap_or(text), cells);
    }
    let most = cells.saturating_add(1).saturating_mul(LONGEST);
    let seen = text
        .get(..text.floor_char_boundary(most))
        .filter(|seen| seen.len() < text.len());
    let Some(seen) = seen else {
        return match clean(text) {
            Cow::Borrowed(text) => fit(text, cells),
            Cow::Owned(text) => Cow::Owned(fit(&text, cells).into_owned()),
        };
    };
    let mut seen = clean(seen).into_owned();
    seen.push('…');
    Cow::Owned(fit(&seen, cells).into_owned())
}

/// What is seen of a line, cleaned like [`clean_line`], through a window of `cells` cells behind the
/// first `left` ones, and a cell more where the line goes on. Looks at no more of a long line than
/// lies before the end of the window.
pub fn part(line: &str, left: usize, cells: usize) -> String {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let end = left.saturating_add(cells);
    let mut shown = String::new();
    let mut used = 0;
    for grapheme in line.graphemes(true) {
        let cleaned = match grapheme {
            "\t" => Cow::Borrowed("    "),
            other => clean(other),
        };
        // What stands for one character may be longer than a cell, and begin before the window.
        for piece in cleaned.graphemes(true) {
            if used >= left {
                shown.push_str(piece);
            }
            used = used.saturating_add(width(piece));
            if used > end {
                return shown;
            }
        }
    }
    shown
}

/// The first line (from 1) with a character that can't be seen; tabs and line ends don't count.
pub fn first_hidden(text: &str) -> Option<usize> {
    let hidden = |line: &str| line.chars().any(|c| acts(c) && !matches!(c, '\t' | '\r'));
    text.split('\n').position(hidden).map(|line| line + 1)
}

/// Cells that the text takes: each character for itself, as a terminal draws it.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true)
        .map(|grapheme| match grapheme.len() {
            1 => 1,
            _ => usize::from(grapheme.cell_width()),
        })
        .sum()
}

/// The text cut to `cells`, with `…` in the last one when something was cut off.
pub fn fit(text: &str, cells: usize) -> Cow<'_, str> {
    // Short ASCII is nearly every cell of every table.
    if text.len() <= cells && text.is_ascii() {
        return Cow::Borrowed(text);
    }
    if cells == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut end = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += width(grapheme);
        if used > cells {
            let mut cut = String::with_capacity(end + 3);
            cut.push_str(&text[..end]);
            cut.push('…');
            return Cow::Owned(cut);
        }
        if used < cells {
            end = at + grapheme.len();
        }
    }
    Cow::Borrowed(text)
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

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn nothing_from_outside_acts_on_the_terminal() {
        assert_eq!(clean("web-1"), "web-1");
        assert_eq!(clean("a\u{1b}[31mb\n"), "a\\e[31mb\\n");
        assert_eq!(clean("\u{202e}gpj.exe"), "\\u{202e}gpj.exe");
        assert_eq!(clean("\u{9b}2J"), "\\u{9b}2J");
        assert_eq!(clean_line("a\tb\r"), "a    b");
        assert_eq!(clean("a\u{e0041}\u{3164}"), "a\\u{e0041}\\u{3164}");
        assert_eq!(
            clean("👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}"),
            "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}"
        );
    }

    #[test]
    fn a_character_with_endless_marks_is_cut() {
        let pile = format!("e{}", "\u{301}".repeat(10_000));
        let cleaned = clean(&pile);
        assert!(cleaned.starts_with("e\u{301}\u{301}"));
        assert!(cleaned.len() <= LONGEST, "{}", cleaned.len());
        assert_eq!(width(&clean(&format!("{pile}{pile} x"))), 4);
    }

    /// The work for a frame is that of the cells, whatever the length of a text.
    #[test]
    fn of_a_long_text_only_what_is_seen_is_made() {
        for text in ["x", "日本", "\u{1b}[2J", "\u{301}", "👩\u{200d}"] {
            let long = format!("begin {}", text.repeat(1_000_000 / text.len()));
            let seen = within(&long, 10);
            // A wide character may not fit into the last but one; a pile of marks has one cell.
            assert!((7..=10).contains(&width(&seen)), "{text:?}");
            assert!(seen.ends_with('…'), "{seen}");
            assert!(seen.len() <= 11 * LONGEST * 2, "{text:?}: {}", seen.len());
            for left in [0, 7, 1_000] {
                let seen = part(&long, left, 10);
                assert!(seen.len() <= 12 * LONGEST, "{text:?}: {}", seen.len());
            }
        }
        assert_eq!(within("short", 10), "short");
        assert_eq!(within("a\tlonger one", 5), "a\\tl…");
        assert_eq!(within("x", 0), "");
        assert_eq!(part("a\tb日本c\r", 0, 99), "a    b日本c");
        assert_eq!(part("a\tb日本c", 5, 2), "b日");
        assert_eq!(part("a\u{7}b", 3, 2), "{7}");
        assert_eq!(part("abc", 9, 2), "");
    }

    #[test]
    fn a_text_takes_the_cells_that_drawing_it_fills() {
        assert_eq!(width("لا"), 2, "a font may join them");
        let texts = [
            "لا",
            "ｶﾞ",
            "日本e\u{301}",
            "👩\u{200d}👩\u{200d}👧",
            "❤\u{fe0f}",
            "שלום",
            "a b",
        ];
        for text in texts {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
            let (end, _) = buffer.set_stringn(0, 0, text, 20, Style::new());
            assert_eq!(width(text), usize::from(end), "{text}");
        }
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
}
