//! What the dashboard shows, as text: snapshots of the screens at the sizes that matter.
#![cfg(feature = "tui")]

#[path = "tui_screens/fixture.rs"]
mod fixture;

use fixture::*;
use kubechime::tui::draw;
use kubechime::tui::model::Model;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The screen as lines of text, without blanks at their ends.
fn screen(model: &Model) -> String {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.width, model.height));
    draw(model, &mut buffer);
    let mut lines = Vec::new();
    for y in 0..model.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..model.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = kubechime::tui::text::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

#[test]
fn overview_120x36() {
    println!("{}", screen(&full(&options(), 120, 36)));
}
#[test]
fn overview_80x24() {
    println!("{}", screen(&full(&options(), 80, 24)));
}
#[test]
fn overview_40x10() {
    println!("{}", screen(&full(&options(), 40, 10)));
    println!("{}", screen(&full(&options(), 20, 5)));
}
