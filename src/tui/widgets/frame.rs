//! The frame of a pane: border, title on the left, facts on the right.

use super::cells;
use crate::tui::layout::{self, Shape};
use crate::tui::text;
use crate::tui::theme::Look;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Widget as _};

/// Draws a frame and returns its inside; without room for borders the whole area is inside.
pub fn draw(
    buffer: &mut Buffer,
    look: &Look,
    shape: Shape,
    area: Rect,
    title: &str,
    facts: &str,
    focused: bool,
) -> Rect {
    let inside = layout::inside(shape, area);
    if inside == area || area.is_empty() {
        return inside;
    }
    boxed(buffer, look, area, title, facts, focused);
    inside
}

/// Draws a border with title and facts, whatever the shape of the screen.
pub fn boxed(
    buffer: &mut Buffer,
    look: &Look,
    area: Rect,
    title: &str,
    facts: &str,
    focused: bool,
) -> Rect {
    let theme = &look.theme;
    let style = if focused { theme.focus } else { theme.border };
    let block = Block::bordered()
        .border_set(look.border())
        .border_style(style);
    let inside = block.inner(area);
    block.render(area, buffer);
    if area.width < 6 || area.height == 0 {
        return inside;
    }
    let room = area.width - 4;
    let facts_style = if focused { theme.text } else { theme.dim };
    let title_style = if focused { theme.focus } else { theme.strong };
    let title = text::within(title, usize::from(room));
    let title_width = u16::try_from(text::width(&title)).unwrap_or(room).min(room);
    let used = cells::put(buffer, area.x + 2, area.y, room, &title, title_style);
    if used > 0 {
        cells::put(buffer, area.x + 1, area.y, 1, " ", style);
        cells::put(buffer, area.x + 2 + title_width, area.y, 1, " ", style);
    }
    // One cell more than there is room for shows that they do not fit.
    let facts = text::within(facts, usize::from(room) + 1);
    let facts_width = u16::try_from(text::width(&facts)).unwrap_or(u16::MAX);
    if facts_width > 0 && title_width.saturating_add(facts_width).saturating_add(3) <= room {
        let x = area.right() - 2 - facts_width;
        cells::put(buffer, x - 1, area.y, 1, " ", style);
        cells::put(buffer, x, area.y, facts_width, &facts, facts_style);
        cells::put(buffer, x + facts_width, area.y, 1, " ", style);
    }
    inside
}
