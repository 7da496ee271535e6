//! One line of the text: gutter, colours, selection, hits, and the messages below it.

use super::Editor;
use crate::domain::{Diagnostic, Severity};
use crate::tui::editor::Place;
use crate::tui::editor::highlight::Token;
use crate::tui::text;
use crate::tui::theme::{Look, Theme};
use crate::tui::widgets::cells;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_segmentation::UnicodeSegmentation as _;

/// Messages below one line.
pub(super) const MESSAGES: usize = 2;

/// The style of a token.
pub(super) fn style(theme: &Theme, token: Token) -> Style {
    match token {
        Token::Key => theme.key,
        Token::String => theme.good,
        Token::Constant | Token::Variable => theme.warn,
        Token::Keyword | Token::Action => theme.strong,
        Token::Function => theme.focus,
        Token::Mark | Token::Comment => theme.dim,
    }
}

/// What is drawn over the text, line by line.
pub(super) struct Overlay {
    /// The selected part.
    pub selection: Option<(Place, Place)>,
    /// Brackets that belong together.
    pub brackets: Option<(Place, Place)>,
}

/// Cells of the gutter: mark, number, blank.
pub(super) fn gutter(editor: &Editor) -> u16 {
    let digits = editor.buffer.lines().len().max(10).to_string().len();
    u16::try_from(digits).unwrap_or(4) + 2
}

/// Draws mark and number.
pub(super) fn draw_gutter(
    buffer: &mut Buffer,
    look: &Look,
    editor: &Editor,
    area: Rect,
    number: usize,
) {
    let theme = &look.theme;
    let worst = editor
        .checks
        .of_line(number)
        .map(|finding| finding.severity)
        .max();
    let mark = match worst {
        Some(Severity::Error) => Some(("!", theme.bad)),
        Some(_) => Some(("!", theme.warn)),
        None => editor.difference().marks.get(&number).map(|mark| {
            let style = match mark.glyph() {
                "+" => theme.added,
                "-" => theme.removed,
                _ => theme.warn,
            };
            (mark.glyph(), style)
        }),
    };
    if let Some((glyph, style)) = mark {
        cells::put(buffer, area.x, area.y, 1, glyph, style);
    }
    let here = editor.buffer.cursor().line == number;
    let style = if here { theme.strong } else { theme.dim };
    let width = area.width.saturating_sub(2);
    cells::put_right(
        buffer,
        area.x + 1,
        area.y,
        width,
        &(number + 1).to_string(),
        style,
    );
}

/// Draws the text of a line into the first line of `area`; gives the cell of the cursor if it is
/// there and seen.
pub(super) fn draw_text(
    buffer: &mut Buffer,
    look: &Look,
    editor: &Editor,
    area: Rect,
    number: usize,
    over: &Overlay,
) -> Option<u16> {
    let theme = &look.theme;
    let line = editor.buffer.line(number);
    let spans = editor.spans(number);
    let mut spans = spans.iter().peekable();
    let hits = editor.search.known();
    let first = hits.partition_point(|hit| hit.from.line < number);
    let hits = hits.get(first..).unwrap_or_default();
    let shows_hits = !editor.search.wanted.is_empty();
    let cursor = editor.buffer.cursor();
    let (start, mut cell) = skip(line, editor.left);
    let mut cursor_cell = None;
    let rest = line.get(start..).unwrap_or("");
    for (offset, grapheme) in rest.grapheme_indices(true) {
        let at = start + offset;
        let x = cell.checked_sub(editor.left);
        if cursor == Place::new(number, at) {
            cursor_cell = x;
        }
        let Some(x) = x.filter(|x| *x < usize::from(area.width)) else {
            if cell >= editor.left {
                break;
            }
            cell += shown(grapheme).1;
            continue;
        };
        while spans.next_if(|span| span.range.end <= at).is_some() {}
        let token = spans
            .peek()
            .filter(|span| span.range.start <= at)
            .map(|span| span.token);
        let mut look_of = token.map_or(theme.text, |token| style(theme, token));
        let place = Place::new(number, at);
        let hit = hits.iter().take_while(|hit| hit.from.line == number);
        if shows_hits && hit.clone().any(|hit| hit.from.column <= at && at < hit.to) {
            look_of = look_of.patch(theme.hit);
        }
        if over
            .brackets
            .is_some_and(|(one, other)| one == place || other == place)
        {
            look_of = look_of.add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        }
        if over
            .selection
            .is_some_and(|(from, to)| from <= place && place < to)
        {
            look_of = look_of.patch(theme.selected);
        }
        let (symbol, width) = shown(grapheme);
        let room = usize::from(area.width) - x;
        let x = area.x + u16::try_from(x).unwrap_or(0);
        cells::put(
            buffer,
            x,
            area.y,
            u16::try_from(width.min(room)).unwrap_or(1),
            &symbol,
            look_of,
        );
        cell += width;
    }
    if cursor == Place::new(number, line.len()) {
        cursor_cell = cell.checked_sub(editor.left);
    }
    // A selected line end is seen as one cell.
    let end = Place::new(number, line.len());
    if over
        .selection
        .is_some_and(|(from, to)| from <= end && end < to)
        && let Some(x) = cell
            .checked_sub(editor.left)
            .filter(|x| *x < usize::from(area.width))
    {
        cells::shade(
            buffer,
            area.x + u16::try_from(x).unwrap_or(0),
            area.y,
            1,
            theme.selected,
        );
    }
    let seen = cursor_cell.filter(|x| *x < usize::from(area.width));
    seen.map(|x| area.x + u16::try_from(x).unwrap_or(0))
}

/// The byte that is seen first when `cells` cells are scrolled away, and the cell it begins at.
fn skip(line: &str, cells: usize) -> (usize, usize) {
    // Printable ASCII takes a cell a byte: no need to look at what is not seen of a long line.
    let plain = line.get(..cells.min(line.len())).unwrap_or("");
    if plain.bytes().all(|byte| (b' '..0x7f).contains(&byte)) && line.is_char_boundary(plain.len())
    {
        // The last one may be the base of a combining mark.
        let back = plain.len().saturating_sub(1);
        return (back, back);
    }
    (0, 0)
}

/// How a character is drawn, and its cells.
fn shown(grapheme: &str) -> (std::borrow::Cow<'_, str>, usize) {
    let symbol = if grapheme == "\t" {
        "  ".into()
    } else {
        text::clean(grapheme)
    };
    let width = text::width(&symbol).max(1);
    (symbol, width)
}

/// Draws what is wrong at a place of a line: the place underlined, and the message.
pub(super) fn draw_finding(
    buffer: &mut Buffer,
    look: &Look,
    editor: &Editor,
    area: Rect,
    finding: &Diagnostic,
) {
    let Some(position) = finding.position else {
        return;
    };
    let style = look.theme.severity(finding.severity);
    let place = editor.buffer.place_of(position);
    let line = editor.buffer.line(place.line);
    let before = line.get(..place.column).unwrap_or("");
    let rest = line.get(place.column..).unwrap_or("");
    let word = rest.find(|c: char| !(c.is_alphanumeric() || "-_.$'\"".contains(c)));
    let word = rest.get(..word.unwrap_or(rest.len())).unwrap_or("");
    let cell = text::width(&text::clean_line(before)).saturating_sub(editor.left);
    let carets = "^".repeat(text::width(word).clamp(1, 24));
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        message.push_str(&format!(" ({help})"));
    }
    let width = usize::from(area.width);
    let behind = cell + carets.len() + 1;
    // Where there is more room before the place than behind it, the message stands there.
    if behind + text::width(&message) > width && cell > width / 2 {
        let room = u16::try_from(cell.min(width).saturating_sub(1)).unwrap_or(0);
        cells::put_right(
            buffer,
            area.x,
            area.y,
            room,
            &text::fit(&message, usize::from(room)),
            style,
        );
        let x = area.x + room + 1;
        cells::put(
            buffer,
            x,
            area.y,
            area.right().saturating_sub(x),
            &carets,
            style,
        );
        return;
    }
    let text = format!("{}{carets} {message}", " ".repeat(cell.min(width)));
    cells::put(buffer, area.x, area.y, area.width, &text, style);
}
