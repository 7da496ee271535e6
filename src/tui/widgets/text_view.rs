//! A long text to read: scrolled both ways, searched, drawn line by line.

use super::cells;
use crate::tui::text;
use crate::tui::theme::Look;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::sync::Arc;

/// How a line is emphasised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Not at all.
    #[default]
    Plain,
    /// A heading.
    Strong,
    /// Of less weight.
    Dim,
    /// Good.
    Good,
    /// Worth a look.
    Warn,
    /// Bad.
    Bad,
}

/// Cells before the lines of a text that has marks.
const MARGIN: u16 = 2;

/// A text and what is seen of it.
#[derive(Clone, Debug, Default)]
pub struct TextView {
    text: Arc<str>,
    /// Where each line begins.
    starts: Vec<usize>,
    tones: Vec<Tone>,
    top: usize,
    left: usize,
    search: String,
    hits: Vec<usize>,
    hit: usize,
    /// Lines with a mark before them, sorted.
    marked: Vec<usize>,
}

impl TextView {
    /// A view of a text.
    pub fn new(text: Arc<str>) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        if text.ends_with('\n') || text.is_empty() {
            starts.pop();
        }
        Self {
            text,
            starts,
            ..Self::default()
        }
    }

    /// A view of lines with tones. Line ends within a line become lines of the same tone.
    pub fn toned(lines: impl IntoIterator<Item = (Tone, String)>) -> Self {
        let mut all = String::new();
        let mut tones = Vec::new();
        for (tone, line) in lines {
            for part in line.split('\n') {
                all.push_str(part);
                all.push('\n');
                tones.push(tone);
            }
        }
        Self {
            tones,
            ..Self::new(all.into())
        }
    }

    /// The same place and search in a newer text.
    #[must_use]
    pub fn renewed(&self, newer: Self) -> Self {
        let mut view = Self {
            top: self.top,
            left: self.left,
            ..newer
        };
        view.find(&self.search);
        view.hit = self.hit.min(view.hits.len().saturating_sub(1));
        view
    }

    /// Puts a mark before these lines (from 0, sorted); lines move aside for marks only while there
    /// are any.
    pub fn mark(&mut self, lines: Vec<usize>) {
        self.marked = lines;
    }

    /// The whole text, as it is.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Number of lines.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    fn line(&self, number: usize) -> &str {
        let Some(&start) = self.starts.get(number) else {
            return "";
        };
        let end = self
            .starts
            .get(number + 1)
            .copied()
            .unwrap_or(self.text.len());
        let line = self.text.get(start..end).unwrap_or("");
        line.strip_suffix('\n').unwrap_or(line)
    }

    /// Scrolls down (or up) by rows.
    pub fn scroll(&mut self, rows: i64, height: usize) {
        let step = usize::try_from(rows.unsigned_abs()).unwrap_or(usize::MAX);
        self.top = if rows < 0 {
            self.top.saturating_sub(step)
        } else {
            self.top
                .saturating_add(step)
                .min(self.len().saturating_sub(height))
        };
    }

    /// Scrolls right (or left) by cells.
    pub fn sideways(&mut self, cells: i64) {
        let step = usize::try_from(cells.unsigned_abs()).unwrap_or(usize::MAX);
        self.left = if cells < 0 {
            self.left.saturating_sub(step)
        } else {
            // Lines are not measured: far beyond any line is far enough.
            self.left.saturating_add(step).min(100_000)
        };
    }

    /// Brings a line near the top.
    pub fn show_line(&mut self, number: usize) {
        self.top = number.saturating_sub(2);
    }

    /// Searches, whatever the case; an empty text ends the search.
    pub fn find(&mut self, search: &str) {
        self.search = search.to_lowercase();
        self.hits = if search.is_empty() {
            Vec::new()
        } else {
            let found =
                |number: &usize| crate::query::contains_folded(self.line(*number), &self.search);
            (0..self.len()).filter(found).collect()
        };
        self.hit = 0;
    }

    /// What is searched for.
    pub fn search(&self) -> &str {
        &self.search
    }

    /// Number of the present hit (from 1) and of all.
    pub fn hits(&self) -> (usize, usize) {
        (
            if self.hits.is_empty() {
                0
            } else {
                self.hit + 1
            },
            self.hits.len(),
        )
    }

    /// Brings the first hit at or below the top into view.
    pub fn show_hit(&mut self, height: usize) {
        self.hit = self.hits.partition_point(|hit| *hit < self.top);
        if self.hit == self.hits.len() {
            self.hit = 0;
        }
        self.reveal(height);
    }

    /// Goes to the next (or previous) hit, round the end.
    pub fn next_hit(&mut self, forward: bool, height: usize) {
        let hits = self.hits.len();
        if hits == 0 {
            return;
        }
        self.hit = if forward {
            (self.hit + 1) % hits
        } else {
            (self.hit + hits - 1) % hits
        };
        self.reveal(height);
    }

    fn reveal(&mut self, height: usize) {
        if let Some(&line) = self.hits.get(self.hit)
            && !(self.top..self.top.saturating_add(height)).contains(&line)
        {
            self.top = line
                .saturating_sub(height / 3)
                .min(self.len().saturating_sub(height));
        }
    }

    /// What is seen, for the title: `12-40/310`.
    pub fn place(&self, height: usize) -> String {
        let last = self.top.saturating_add(height).min(self.len());
        let first = self.top.saturating_add(1).min(last);
        let mut place = format!("{first}-{last}/{}", self.len());
        if !self.search.is_empty() {
            let (hit, hits) = self.hits();
            place = format!("/{} {hit} of {hits}  {place}", self.search);
        }
        place
    }

    /// Draws the visible lines.
    pub fn draw(&self, buffer: &mut Buffer, look: &Look, area: Rect) {
        let theme = &look.theme;
        let height = usize::from(area.height);
        let top = self
            .top
            .min(self.len().saturating_sub(height.min(self.len())));
        for (row, number) in (top..self.len()).take(height).enumerate() {
            let y = area.y + u16::try_from(row).unwrap_or(u16::MAX);
            let mut style = theme.tone(self.tones.get(number).copied().unwrap_or_default());
            let mut area = area;
            if !self.marked.is_empty() && area.width > MARGIN {
                if self.marked.binary_search(&number).is_ok() {
                    style = theme.strong;
                    cells::put(buffer, area.x, y, MARGIN, ">", theme.key);
                }
                area.x += MARGIN;
                area.width -= MARGIN;
            }
            // A hit may reach beyond the right side.
            let room = usize::from(area.width).saturating_add(self.search.len());
            let line = text::part(self.line(number), self.left, room);
            cells::put(buffer, area.x, y, area.width, &line, style);
            if !self.search.is_empty() && self.hits.binary_search(&number).is_ok() {
                let here = self.hits.get(self.hit) == Some(&number);
                let hit = if here { theme.hit } else { theme.warn };
                self.mark_hits(buffer, Rect::new(area.x, y, area.width, 1), &line, hit);
            }
        }
    }

    fn mark_hits(&self, buffer: &mut Buffer, area: Rect, line: &str, style: Style) {
        let folded = line.to_lowercase();
        // Lower case may take another number of bytes: then the line has no marks, only its place.
        if folded.len() != line.len() {
            return;
        }
        for (at, _) in folded.match_indices(&self.search) {
            let (Some(before), Some(found)) =
                (line.get(..at), line.get(at..at + self.search.len()))
            else {
                continue;
            };
            let x = u16::try_from(text::width(before)).unwrap_or(u16::MAX);
            let width = u16::try_from(text::width(found)).unwrap_or(u16::MAX);
            if x < area.width {
                let width = width.min(area.width - x);
                cells::shade(buffer, area.x + x, area.y, width, style);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::theme::ThemeName;

    fn shown(view: &TextView, width: u16, height: u16) -> Buffer {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        view.draw(&mut buffer, &Look::new(ThemeName::Mono, false), area);
        buffer.set_style(area, Style::reset());
        let mut plain = Buffer::empty(area);
        for (cell, from) in plain.content.iter_mut().zip(&buffer.content) {
            cell.set_symbol(from.symbol());
        }
        plain
    }

    #[test]
    fn scrolling_stops_at_the_ends() {
        let mut view = TextView::new("one\ntwo\nthree\nfour\n".into());
        assert_eq!(view.len(), 4);
        view.scroll(99, 2);
        assert_eq!(shown(&view, 5, 2), Buffer::with_lines(["three", "four "]));
        view.scroll(-1, 2);
        view.sideways(1);
        assert_eq!(shown(&view, 5, 2), Buffer::with_lines(["wo   ", "hree "]));
        assert_eq!(TextView::new("".into()).len(), 0);
        assert_eq!(TextView::new("x".into()).len(), 1);
    }

    #[test]
    fn searching_goes_round() {
        let text: String = (0..100).map(|n| format!("line {n} X\n")).collect();
        let mut view = TextView::new(text.into());
        view.find("7 x");
        view.show_hit(10);
        assert_eq!(view.hits(), (1, 10));
        view.next_hit(false, 10);
        assert_eq!(view.hits(), (10, 10));
        assert!(view.place(10).contains("10 of 10"), "{}", view.place(10));
        view.next_hit(true, 10);
        assert_eq!(view.hits(), (1, 10));
        view.find("");
        assert_eq!(view.hits(), (0, 0));
    }

    #[test]
    fn nothing_in_a_text_acts() {
        let view = TextView::new("a\u{1b}[2J\tb\r\n".into());
        assert_eq!(shown(&view, 12, 1), Buffer::with_lines(["a\\e[2J    b "]));
    }
}
