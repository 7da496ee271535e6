//! Which part of a long list is on the screen.
//!
//! The selection is an id elsewhere; here is only where it stands at the moment and which row is
//! the topmost. A list that changes under the selection keeps the selected row on its line of the
//! screen, except at the very top, where new rows may come into view.

use std::ops::Range;

/// The visible part of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Topmost visible row.
    pub top: usize,
    /// Where the selected row stands.
    pub position: usize,
}

impl Window {
    /// Moves the selection; the list scrolls only as far as needed.
    pub fn step(&mut self, rows: i64, len: usize, height: usize) {
        let step = usize::try_from(rows.unsigned_abs()).unwrap_or(usize::MAX);
        let position = if rows < 0 {
            self.position.saturating_sub(step)
        } else {
            self.position.saturating_add(step)
        };
        self.select(position, len, height);
    }

    /// Selects a row by position.
    pub fn select(&mut self, position: usize, len: usize, height: usize) {
        self.position = position.min(len.saturating_sub(1));
        self.show(len, height);
    }

    /// The selected row stands at `position` now, because the list changed.
    pub fn moved(&mut self, position: usize, len: usize, height: usize) {
        if self.top > 0 || position >= height {
            let line = self.position.saturating_sub(self.top);
            self.top = position.saturating_sub(line);
        }
        self.position = position;
        self.show(len, height);
    }

    /// Scrolls without selecting another row than needed.
    pub fn scroll(&mut self, rows: i64, len: usize, height: usize) {
        let step = usize::try_from(rows.unsigned_abs()).unwrap_or(usize::MAX);
        self.top = if rows < 0 {
            self.top.saturating_sub(step)
        } else {
            self.top
                .saturating_add(step)
                .min(len.saturating_sub(height))
        };
        let last = self.top.saturating_add(height.saturating_sub(1));
        self.position = self.position.clamp(self.top, last.max(self.top));
        self.position = self.position.min(len.saturating_sub(1));
    }

    fn show(&mut self, len: usize, height: usize) {
        let height = height.max(1);
        self.top = self
            .top
            .min(self.position)
            .max(self.position.saturating_sub(height - 1))
            .min(len.saturating_sub(height.min(len)));
    }

    /// The visible rows; right for any height, also one that was not known at the last move.
    pub fn visible(&self, len: usize, height: usize) -> Range<usize> {
        let mut shown = *self;
        shown.position = shown.position.min(len.saturating_sub(1));
        shown.show(len, height);
        shown.top..len.min(shown.top.saturating_add(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_scrolls_as_little_as_possible() {
        let mut window = Window::default();
        window.step(4, 100, 5);
        assert_eq!(window.visible(100, 5), 0..5);
        window.step(1, 100, 5);
        assert_eq!(window.visible(100, 5), 1..6);
        window.step(-3, 100, 5);
        assert_eq!((window.position, window.top), (2, 1));
        window.step(i64::MAX, 100, 5);
        assert_eq!((window.position, window.top), (99, 95));
        window.step(i64::MIN, 100, 5);
        assert_eq!((window.position, window.top), (0, 0));
    }

    #[test]
    fn the_selected_row_keeps_its_line() {
        let mut window = Window {
            top: 10,
            position: 13,
        };
        window.moved(20, 100, 10);
        assert_eq!((window.position, window.top), (20, 17));
        // At the top, new rows come into view until the selection would leave it.
        let mut window = Window::default();
        window.moved(3, 100, 5);
        assert_eq!(window.top, 0);
        window.moved(7, 100, 5);
        assert_eq!((window.position, window.top), (7, 4));
    }

    #[test]
    fn any_size_is_right() {
        for len in 0..12 {
            for height in 0..8 {
                for position in 0..14 {
                    let mut window = Window { top: 9, position };
                    let visible = window.visible(len, height);
                    assert!(visible.end <= len && visible.len() <= height.max(1));
                    if len > 0 && height > 0 {
                        assert!(visible.contains(&position.min(len - 1)));
                        assert_eq!(visible.len(), len.min(height));
                    }
                    window.scroll(3, len, height);
                    window.scroll(-1, len, height);
                    assert!(window.position < len.max(1));
                }
            }
        }
    }
}
