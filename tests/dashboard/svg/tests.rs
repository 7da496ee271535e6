//! What a picture consists of.

use super::*;
use std::num::NonZeroU16;

/// The picture of what a terminal of two rows and 14 columns shows.
fn shown(written: &str) -> String {
    let size = |cells| NonZeroU16::new(cells).unwrap();
    let mut emulator = vt100::Parser::new(size(2), size(14), 0);
    emulator.process(written.as_bytes());
    picture(emulator.screen(), "a & b")
}

/// The elements that match, in their order.
fn elements<'a>(svg: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!("<{name} ");
    svg.lines()
        .filter(|line| line.starts_with(&begin))
        .collect()
}

#[test]
fn words_have_their_columns_colours_and_lengths() {
    let svg = shown("\u{1b}[1;31ma<b\u{1b}[0m 日x   y z\r\n\u{1b}[7mc\u{1b}[0m");
    assert_eq!(
        elements(&svg, "text"),
        [
            "<text x=\"12\" y=\"24\" textLength=\"24\" fill=\"#f07178\" font-weight=\"bold\">a&lt;b</text>",
            // A wide character has two cells; three blanks are a gap.
            "<text x=\"44\" y=\"24\" textLength=\"24\">日x</text>",
            "<text x=\"92\" y=\"24\" textLength=\"24\">y z</text>",
            "<text x=\"12\" y=\"40\" textLength=\"8\" fill=\"#161820\">c</text>",
        ]
    );
    assert!(svg.contains("<title>a &amp; b</title>"), "{svg}");
    // The whole picture's ground, and that of the reversed cell.
    assert_eq!(
        elements(&svg, "rect"),
        [
            "<rect width=\"136\" height=\"56\" rx=\"8\" fill=\"#161820\"/>",
            "<rect x=\"12\" y=\"28\" width=\"8\" height=\"16\" fill=\"#d8dee9\"/>",
        ]
    );
}

#[test]
fn frames_and_bars_are_drawn_not_written() {
    let svg = shown("┌─ a ┐\u{1b}[32m▄█\u{1b}[0m");
    assert_eq!(
        elements(&svg, "path"),
        [
            "<path d=\"M16 20H20M16 20V28M20 20H28M52 20H56M56 20V28\" fill=\"none\" stroke=\"#d8dee9\"/>",
            "<path d=\"M60 20h8v8h-8zM68 12h8v16h-8z\" fill=\"#a3be8c\"/>",
        ]
    );
    assert_eq!(
        elements(&svg, "text"),
        ["<text x=\"36\" y=\"24\" textLength=\"8\">a</text>"]
    );
}

#[test]
fn the_elements_are_balanced_and_nothing_is_run_or_loaded() {
    let svg = shown("<script>&amp;'\r\n--> ]]>");
    assert_eq!(
        svg.matches("<text ").count(),
        svg.matches("</text>").count()
    );
    for never in ["<script", "href", "foreignObject", "<style", "]]>"] {
        assert!(!svg.contains(never), "{never}: {svg}");
    }
    assert!(svg.contains(">&lt;script&gt;&amp;amp;'</text>"), "{svg}");
}
