//! The list of what can be written at the cursor.

use crate::check::{Candidate, Completion};
use crate::tui::text;
use crate::tui::theme::Look;
use crate::tui::widgets::{cells, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Rows of the list.
const ROWS: usize = 8;

/// The open list.
#[derive(Clone, Debug)]
pub struct Popup {
    /// The line of the cursor, and the byte that the part to be replaced begins with.
    pub line: usize,
    /// That byte.
    pub from: usize,
    /// What can be written.
    pub candidates: Vec<Candidate>,
    /// The selected one.
    pub selected: usize,
}

impl Popup {
    /// A list; `None` without candidates.
    pub fn new(line: usize, completion: Completion) -> Option<Self> {
        (!completion.candidates.is_empty()).then_some(Self {
            line,
            from: completion.from,
            candidates: completion.candidates,
            selected: 0,
        })
    }

    /// Moves the selection, round the ends.
    pub fn step(&mut self, rows: i64) {
        let len = i64::try_from(self.candidates.len()).unwrap_or(1).max(1);
        let place = i64::try_from(self.selected)
            .unwrap_or(0)
            .saturating_add(rows);
        let place = if rows.abs() > 1 {
            place.clamp(0, len - 1)
        } else {
            place.rem_euclid(len)
        };
        self.selected = usize::try_from(place).unwrap_or(0);
    }

    /// The selected candidate.
    pub fn chosen(&self) -> Option<&Candidate> {
        self.candidates.get(self.selected)
    }

    /// Draws the list below (or above) the cell where the word begins, within `area`.
    pub(super) fn draw(&self, buffer: &mut Buffer, look: &Look, area: Rect, at: (u16, u16)) {
        let shown = self.candidates.len().min(ROWS);
        let top = self.selected.saturating_sub(shown.saturating_sub(1));
        let rows = self.candidates.iter().enumerate().skip(top).take(shown);
        let width = |text: &str| u16::try_from(text::width(text)).unwrap_or(u16::MAX);
        let labels = rows
            .clone()
            .map(|(_, candidate)| width(&candidate.label))
            .max();
        let labels = labels.unwrap_or(0).min(40);
        let kinds = rows
            .clone()
            .map(|(_, candidate)| width(candidate.kind))
            .max()
            .unwrap_or(0);
        let doc = self
            .chosen()
            .map(|candidate| candidate.doc.as_str())
            .unwrap_or_default();
        let wanted = (labels + kinds + 5).max(width(doc).min(60) + 2).max(20);
        let outer_width = wanted.min(area.width);
        let height = u16::try_from(shown).unwrap_or(0) + 2 + u16::from(!doc.is_empty());
        let below = area.bottom().saturating_sub(at.1 + 1);
        let above = at.1.saturating_sub(area.y);
        let y = if height <= below || below >= above {
            at.1 + 1
        } else {
            at.1.saturating_sub(height)
        };
        let room = if y > at.1 { below } else { above };
        let x =
            at.0.saturating_sub(1)
                .min(area.right().saturating_sub(outer_width))
                .max(area.x);
        let place = Rect::new(x, y.max(area.y), outer_width, height.min(room));
        if place.height < 3 || place.width < 8 {
            return;
        }
        cells::clear(buffer, place);
        let facts = format!("{}/{}", self.selected + 1, self.candidates.len());
        let inside = frame::boxed(buffer, look, place, "", &facts, true);
        let theme = &look.theme;
        let docs = u16::from(!doc.is_empty() && inside.height > 1);
        let list = usize::from(inside.height - docs);
        let top = self.selected.saturating_sub(list.saturating_sub(1));
        for (row, (index, candidate)) in self
            .candidates
            .iter()
            .enumerate()
            .skip(top)
            .take(list)
            .enumerate()
        {
            let y = inside.y + u16::try_from(row).unwrap_or(0);
            let cursor = if index == self.selected { ">" } else { " " };
            let used = cells::put(buffer, inside.x, y, inside.width, cursor, theme.strong);
            let room = inside.width.saturating_sub(used + kinds + 1);
            cells::put(
                buffer,
                inside.x + used,
                y,
                room,
                &candidate.label,
                theme.text,
            );
            cells::put_right(buffer, inside.x, y, inside.width, candidate.kind, theme.dim);
            if index == self.selected {
                cells::shade(buffer, inside.x, y, inside.width, theme.selected);
            }
        }
        if docs > 0 {
            let y = inside.bottom() - 1;
            cells::put(
                buffer,
                inside.x + 1,
                y,
                inside.width.saturating_sub(1),
                doc,
                theme.dim,
            );
        }
    }
}
