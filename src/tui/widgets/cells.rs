//! Writing text into cells: the only way that text gets onto the screen.

use crate::tui::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Writes cleaned text at a cell, cut to `width`; returns the cells used.
pub fn put(buffer: &mut Buffer, x: u16, y: u16, width: u16, content: &str, style: Style) -> u16 {
    let area = buffer.area;
    if y < area.top() || y >= area.bottom() || x >= area.right() || width == 0 {
        return 0;
    }
    let width = width.min(area.right() - x);
    let content = text::within(content, usize::from(width));
    let (end, _) = buffer.set_stringn(x, y, content.as_ref(), usize::from(width), style);
    end - x
}

/// Writes cleaned text so that it ends at the right of `width` cells.
pub fn put_right(buffer: &mut Buffer, x: u16, y: u16, width: u16, content: &str, style: Style) {
    let content = text::within(content, usize::from(width));
    let used = u16::try_from(text::width(&content)).unwrap_or(width);
    put(
        buffer,
        x + width.saturating_sub(used),
        y,
        width,
        &content,
        style,
    );
}

/// Several pieces one after another within `area`'s first line; returns the cells used.
pub fn put_pieces(buffer: &mut Buffer, area: Rect, pieces: &[(&str, Style)]) -> u16 {
    let mut used = 0;
    for (content, style) in pieces {
        used += put(
            buffer,
            area.x + used,
            area.y,
            area.width - used,
            content,
            *style,
        );
    }
    used
}

/// Fills a line with a style.
pub fn shade(buffer: &mut Buffer, x: u16, y: u16, width: u16, style: Style) {
    buffer.set_style(Rect::new(x, y, width, 1).intersection(buffer.area), style);
}

/// Marks every place of a line on the screen that reads like `folded`, which is in lower case.
pub fn mark(buffer: &mut Buffer, line: Rect, folded: &str, style: Style) {
    // The text as it stands there, with the column of each of its bytes.
    let (mut shown, mut columns) = (String::new(), Vec::new());
    let mut x = line.x;
    while x < line.right() {
        let Some(cell) = buffer.cell((x, line.y)) else {
            break;
        };
        let lower = cell.symbol().to_lowercase();
        columns.extend(std::iter::repeat_n(x, lower.len()));
        let wide = u16::try_from(text::width(cell.symbol())).unwrap_or(1);
        shown.push_str(&lower);
        x = x.saturating_add(wide.max(1));
    }
    columns.push(x.min(line.right()));
    for (at, found) in shown.match_indices(folded) {
        if let (Some(&from), Some(&to)) = (columns.get(at), columns.get(at + found.len())) {
            shade(buffer, from, line.y, to.saturating_sub(from), style);
        }
    }
}

/// Blanks an area, for what is drawn in front of something; a wide character that reaches into it
/// goes as a whole.
pub fn clear(buffer: &mut Buffer, area: Rect) {
    for y in area.top()..area.bottom() {
        if let Some(before) = area.left().checked_sub(1)
            && let Some(cell) = buffer.cell_mut((before, y))
            && text::width(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
        for x in area.left()..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
}

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// What stands above it.
    pub head: &'static str,
    /// Cells it needs at least.
    pub width: u16,
    /// Its part of what is left over; 0 for a fixed width.
    pub share: u16,
    /// Columns with a larger number are left out first when space is short.
    pub rank: u8,
    /// Right-aligned.
    pub right: bool,
}

/// A [`Column`], with its fields in their order.
pub const fn column(head: &'static str, width: u16, share: u16, rank: u8, right: bool) -> Column {
    Column {
        head,
        width,
        share,
        rank,
        right,
    }
}

/// A column that a list shows: its index, place and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Index of the column.
    pub index: usize,
    /// Cells from the left.
    pub x: u16,
    /// Cells.
    pub width: u16,
}

/// Places columns in `width` cells with one blank between them, leaving out the least important
/// ones until the rest fits. Columns of rank 0 and 1 always stay; one with a share gives way then.
pub fn place(columns: &[Column], width: u16) -> Vec<Placed> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let need = |kept: &[usize]| -> u16 {
        let cells = kept
            .iter()
            .map(|&index| columns[index].width.saturating_add(1));
        cells.fold(0, u16::saturating_add).saturating_sub(1)
    };
    while need(&kept) > width {
        let least = kept
            .iter()
            .copied()
            .max_by_key(|&index| columns[index].rank);
        match least {
            Some(least) if columns[least].rank > 1 => kept.retain(|&index| index != least),
            _ => break,
        }
    }
    let spare = width.saturating_sub(need(&kept));
    let mut short = need(&kept).saturating_sub(width);
    let shares: u16 = kept.iter().map(|&index| columns[index].share).sum();
    let mut placed = Vec::with_capacity(kept.len());
    let (mut x, mut given, mut shared) = (0, 0, 0);
    for &index in &kept {
        let column = &columns[index];
        let mut cells = column.width;
        if column.share > 0 {
            shared += column.share;
            let upto = u32::from(spare) * u32::from(shared) / u32::from(shares.max(1));
            let upto = u16::try_from(upto).unwrap_or(spare);
            cells += upto - given;
            given = upto;
            let less = short.min(cells);
            cells -= less;
            short -= less;
        }
        placed.push(Placed {
            index,
            x,
            width: cells.min(width.saturating_sub(x)),
        });
        x = x.saturating_add(cells).saturating_add(1);
    }
    placed
}

/// Writes the heads of placed columns.
pub fn heads(buffer: &mut Buffer, area: Rect, columns: &[Column], placed: &[Placed], style: Style) {
    for place in placed {
        let column = &columns[place.index];
        let x = area.x + place.x;
        if column.right {
            put_right(buffer, x, area.y, place.width, column.head, style);
        } else {
            put(buffer, x, area.y, place.width, column.head, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [
        Column {
            head: "A",
            width: 4,
            share: 0,
            rank: 0,
            right: false,
        },
        Column {
            head: "B",
            width: 6,
            share: 2,
            rank: 1,
            right: false,
        },
        Column {
            head: "C",
            width: 3,
            share: 1,
            rank: 2,
            right: true,
        },
    ];

    fn widths(width: u16) -> Vec<(usize, u16, u16)> {
        let placed = place(&COLUMNS, width);
        placed.iter().map(|p| (p.index, p.x, p.width)).collect()
    }

    #[test]
    fn columns_share_what_is_there() {
        assert_eq!(widths(15), [(0, 0, 4), (1, 5, 6), (2, 12, 3)]);
        assert_eq!(widths(21), [(0, 0, 4), (1, 5, 10), (2, 16, 5)]);
        assert_eq!(widths(14), [(0, 0, 4), (1, 5, 9)]);
        assert_eq!(widths(9), [(0, 0, 4), (1, 5, 4)]);
        assert_eq!(widths(3), [(0, 0, 3), (1, 5, 0)]);
        assert_eq!(widths(0), [(0, 0, 0), (1, 5, 0)]);
    }

    #[test]
    fn what_is_in_front_leaves_no_half_character() {
        let mut buffer = Buffer::with_lines(["日本語"]);
        clear(&mut buffer, Rect::new(1, 0, 2, 1));
        assert_eq!(buffer, Buffer::with_lines(["    語"]));
    }

    #[test]
    fn nothing_is_written_outside() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 5, 1));
        assert_eq!(put(&mut buffer, 3, 0, 9, "日本", Style::new()), 1);
        assert_eq!(put(&mut buffer, 9, 0, 9, "x", Style::new()), 0);
        assert_eq!(put(&mut buffer, 0, 7, 9, "x", Style::new()), 0);
        put_right(&mut buffer, 0, 0, 3, "ab", Style::new());
        assert_eq!(buffer, Buffer::with_lines([" ab… "]));
    }
}
