//! A terminal's screen as an SVG picture: small, and the same for the same screen.
//!
//! Frames and bars are drawn, words are text of a given length: the columns hold in any font.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use vt100::{Cell, Color, Screen};

mod tests;

/// Pixels of a cell.
const WIDTH: u32 = 8;
const HEIGHT: u32 = 16;

/// Pixels around the screen.
const MARGIN: u32 = 12;

type Rgb = (u8, u8, u8);

const TEXT: Rgb = (0xd8, 0xde, 0xe9);
const GROUND: Rgb = (0x16, 0x18, 0x20);

/// The first 8 of a terminal's own colours, as many terminals have them.
const COLOURS: [Rgb; 8] = [
    (0x2e, 0x34, 0x40),
    (0xf0, 0x71, 0x78),
    (0xa3, 0xbe, 0x8c),
    (0xeb, 0xcb, 0x8b),
    (0x81, 0xa1, 0xc1),
    (0xb4, 0x8e, 0xad),
    (0x88, 0xc0, 0xd0),
    TEXT,
];

/// How a cell looks.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Style {
    text: Rgb,
    ground: Rgb,
    bold: bool,
    underlined: bool,
}

impl Style {
    fn of(cell: &Cell) -> Self {
        let (text, ground) = (rgb(cell.fgcolor(), TEXT), rgb(cell.bgcolor(), GROUND));
        let (text, ground) = if cell.inverse() {
            (ground, text)
        } else {
            (text, ground)
        };
        Self {
            text,
            ground,
            bold: cell.bold(),
            underlined: cell.underline(),
        }
    }
}

fn rgb(colour: Color, usual: Rgb) -> Rgb {
    match colour {
        Color::Rgb(red, green, blue) => (red, green, blue),
        // Dark grey, by which terminals show what is of less weight.
        Color::Idx(8) => (0x8a, 0x93, 0xa6),
        Color::Idx(index @ ..16) => COLOURS[usize::from(index % 8)],
        Color::Idx(_) | Color::Default => usual,
    }
}

fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// The path of a frame's character in the cell whose upper left corner is here.
fn frame(character: &str, x: u32, y: u32) -> Option<String> {
    let (left, right, up, down) = match character {
        "─" => (true, true, false, false),
        "│" => (false, false, true, true),
        "┌" => (false, true, false, true),
        "┐" => (true, false, false, true),
        "└" => (false, true, true, false),
        "┘" => (true, false, true, false),
        _ => return None,
    };
    let (middle, centre) = (x + WIDTH / 2, y + HEIGHT / 2);
    let mut path = String::new();
    // Writing into a string does not fail.
    if left || right {
        let from = if left { x } else { middle };
        let to = if right { x + WIDTH } else { middle };
        let _ = write!(path, "M{from} {centre}H{to}");
    }
    if up || down {
        let from = if up { y } else { centre };
        let to = if down { y + HEIGHT } else { centre };
        let _ = write!(path, "M{middle} {from}V{to}");
    }
    Some(path)
}

/// Height of a bar's character, in eighths of a cell.
fn bar(character: &str) -> Option<u32> {
    let mut bars = "▁▂▃▄▅▆▇█".chars().zip(1..);
    bars.find_map(|(bar, eighths)| character.starts_with(bar).then_some(eighths))
}

/// What is drawn, in the order in which it is.
#[derive(Default)]
struct Parts {
    grounds: String,
    /// Lines and bars, by colour.
    frames: BTreeMap<Rgb, String>,
    bars: BTreeMap<Rgb, String>,
    words: String,
}

/// Words of one style: the first column, how many cells, the text.
struct Run {
    style: Style,
    column: u32,
    cells: u32,
    text: String,
}

impl Parts {
    fn row(&mut self, screen: &Screen, row: u16) {
        let y = MARGIN + u32::from(row) * HEIGHT;
        let mut run: Option<Run> = None;
        let mut ground: Option<(Rgb, u32, u32)> = None;
        for column in 0..screen.size().1.get() {
            let Some(cell) = screen.cell(row, column) else {
                continue;
            };
            if cell.is_wide_continuation() {
                continue;
            }
            let (column, style) = (u32::from(column), Style::of(cell));
            let cells = if cell.is_wide() { 2 } else { 1 };
            let x = MARGIN + column * WIDTH;
            ground = match ground {
                Some((colour, from, _)) if colour == style.ground => {
                    Some((colour, from, column + cells))
                }
                before => {
                    self.ground(before, y);
                    Some((style.ground, column, column + cells))
                }
            };
            let character = cell.contents();
            let drawn = if let Some(path) = frame(character, x, y) {
                self.frames.entry(style.text).or_default().push_str(&path);
                true
            } else if let Some(eighths) = bar(character) {
                let height = HEIGHT * eighths / 8;
                let top = y + HEIGHT - height;
                let bars = self.bars.entry(style.text).or_default();
                let _ = write!(bars, "M{x} {top}h{WIDTH}v{height}h-{WIDTH}z");
                true
            } else {
                character.trim().is_empty() && !style.underlined
            };
            run = match run.take() {
                // One blank goes on; more are a gap, so that no blanks need to be kept.
                Some(mut words) if words.style == style && (!drawn || character == " ") => {
                    if drawn && words.text.ends_with(' ') {
                        self.words(words, y);
                        None
                    } else {
                        words.cells += cells;
                        words.text.push_str(character);
                        Some(words)
                    }
                }
                before => {
                    if let Some(words) = before {
                        self.words(words, y);
                    }
                    (!drawn).then(|| Run {
                        style,
                        column,
                        cells,
                        text: character.to_owned(),
                    })
                }
            };
        }
        self.ground(ground, y);
        if let Some(words) = run {
            self.words(words, y);
        }
    }

    fn ground(&mut self, ground: Option<(Rgb, u32, u32)>, y: u32) {
        if let Some((colour, from, to)) = ground.filter(|ground| ground.0 != GROUND) {
            let (x, width) = (MARGIN + from * WIDTH, (to - from) * WIDTH);
            let fill = hex(colour);
            let _ = writeln!(
                self.grounds,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{fill}\"/>"
            );
        }
    }

    fn words(&mut self, run: Run, y: u32) {
        let mut cells = run.cells;
        if run.text.ends_with(' ') && !run.style.underlined {
            cells -= 1;
        }
        let (x, base, length) = (MARGIN + run.column * WIDTH, y + 12, cells * WIDTH);
        let _ = write!(
            self.words,
            "<text x=\"{x}\" y=\"{base}\" textLength=\"{length}\""
        );
        if run.style.text != TEXT {
            let _ = write!(self.words, " fill=\"{}\"", hex(run.style.text));
        }
        if run.style.bold {
            self.words.push_str(" font-weight=\"bold\"");
        }
        if run.style.underlined {
            self.words.push_str(" text-decoration=\"underline\"");
        }
        let _ = writeln!(self.words, ">{}</text>", escaped(run.text.trim_end()));
    }
}

/// The picture. `title` is for those who can't see it.
pub fn picture(screen: &Screen, title: &str) -> String {
    let (rows, columns) = screen.size();
    let mut parts = Parts::default();
    for row in 0..rows.get() {
        parts.row(screen, row);
    }
    let width = u32::from(columns.get()) * WIDTH + 2 * MARGIN;
    let height = u32::from(rows.get()) * HEIGHT + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\">\n<title>{}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{}\"/>\n{}",
        escaped(title),
        hex(GROUND),
        parts.grounds,
    );
    for (colour, path) in &parts.frames {
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{}\"/>",
            hex(*colour)
        );
    }
    for (colour, path) in &parts.bars {
        let _ = writeln!(svg, "<path d=\"{path}\" fill=\"{}\"/>", hex(*colour));
    }
    let _ = writeln!(
        svg,
        "<g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" \
         font-size=\"13\" fill=\"{}\">\n{}</g>\n</svg>",
        hex(TEXT),
        parts.words,
    );
    svg
}
