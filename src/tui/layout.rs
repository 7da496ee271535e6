//! Where things are on a screen of a given size.
//!
//! Pure functions of the size, so that `update` (how many rows does a page have?), the mouse and
//! `view` agree.
//!
//! ```text
//! Four (>= 110x30)        Tabs (>= 60x16)       One (>= 20x5)
//! header, counters        header                header
//! ┌ 1 ──────┐┌ 2 ──────┐  [1] 2 3 4             list
//! └─────────┘└─────────┘  ┌ list ────────────┐  …
//! ┌ 3 ──────┐┌ 4 ──────┐  └──────────────────┘  keys
//! └─────────┘└─────────┘  ┌ preview ─────────┐
//! path                    └──────────────────┘
//! message                 path, message, keys
//! keys
//! ```

use super::screens::overview::Pane;
use ratatui::layout::Rect;

/// How much fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing useful: a notice.
    Tiny,
    /// One list.
    One,
    /// One list with a preview, and tabs.
    Tabs,
    /// Four panes.
    Four,
}

/// The shape for a size.
pub fn shape(width: u16, height: u16) -> Shape {
    match (width, height) {
        (110.., 30..) => Shape::Four,
        (60.., 16..) => Shape::Tabs,
        (20.., 5..) => Shape::One,
        _ => Shape::Tiny,
    }
}

/// The parts of the screen; those that are not shown are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// Context, mode, and so on.
    pub header: Rect,
    /// Counters, in four panes.
    pub counters: Rect,
    /// Tabs, when there is one list.
    pub tabs: Rect,
    /// Everything between header and footer.
    pub body: Rect,
    /// The panes in the order of their numbers.
    pub panes: [Rect; 4],
    /// The preview below one list.
    pub preview: Rect,
    /// Where one is, and the filter.
    pub path: Rect,
    /// The message.
    pub flash: Rect,
    /// The keys.
    pub keys: Rect,
}

/// The overview's parts.
pub fn areas(width: u16, height: u16, pane: Pane, zoomed: bool) -> Areas {
    let row = |y: u16| Rect::new(0, y, width, 1);
    let mut areas = Areas::default();
    let shape = shape(width, height);
    let (above, below) = match shape {
        Shape::Tiny => return areas,
        Shape::One => (1, 1),
        Shape::Tabs => (2, 3),
        Shape::Four => (2, 3),
    };
    areas.header = row(0);
    areas.keys = row(height - 1);
    areas.body = Rect::new(0, above, width, height - above - below);
    match shape {
        Shape::Tiny => {}
        Shape::One => {
            // A message takes the place of the keys while it is there.
            areas.flash = areas.keys;
        }
        Shape::Tabs | Shape::Four => {
            areas.path = row(height - 3);
            areas.flash = row(height - 2);
            if shape == Shape::Tabs {
                areas.tabs = row(1);
            } else {
                areas.counters = row(1);
            }
        }
    }
    let shown = pane.index();
    let body = areas.body;
    if shape == Shape::Four && !zoomed {
        let left = width / 2 + width % 2;
        let upper = body.height / 2;
        let split = |right: bool, lower: bool| {
            let (x, w) = if right {
                (left, width - left)
            } else {
                (0, left)
            };
            let (y, h) = if lower {
                (body.y + upper, body.height - upper)
            } else {
                (body.y, upper)
            };
            Rect::new(x, y, w, h)
        };
        areas.panes = [
            split(false, false),
            split(true, false),
            split(false, true),
            split(true, true),
        ];
    } else if shape == Shape::Tabs && !zoomed && body.height >= 12 {
        let preview = (body.height * 2 / 5).clamp(5, 14);
        areas.panes[shown] = Rect::new(0, body.y, width, body.height - preview);
        areas.preview = Rect::new(0, body.y + body.height - preview, width, preview);
    } else {
        areas.panes[shown] = body;
    }
    areas
}

/// The inside of a pane: without borders where there is room for borders.
pub fn inside(shape: Shape, pane: Rect) -> Rect {
    match shape {
        Shape::Tiny | Shape::One => pane,
        Shape::Tabs | Shape::Four => Rect::new(
            pane.x.saturating_add(1),
            pane.y.saturating_add(1),
            pane.width.saturating_sub(2),
            pane.height.saturating_sub(2),
        ),
    }
}

/// Whether a list of this height has a line of column heads.
pub fn has_head(inside: Rect) -> bool {
    inside.height >= 4
}

/// Rows of a list within a pane.
pub fn list_rows(shape: Shape, pane: Rect) -> usize {
    let inside = inside(shape, pane);
    usize::from(inside.height.saturating_sub(u16::from(has_head(inside))))
}

/// Rows of a text that fills the body.
pub fn text_rows(width: u16, height: u16) -> usize {
    let shape = shape(width, height);
    let areas = areas(width, height, Pane::Resources, true);
    usize::from(inside(shape, areas.body).height)
}

/// Where two texts are that share the body: side by side, or, where there is no room for both, only
/// the one with the focus; the other one's place is empty then.
pub fn side_by_side<S: Copy>(width: u16, height: u16, sides: [S; 2], focus: S) -> [(S, Rect); 2] {
    let body = areas(width, height, Pane::Resources, true).body;
    if shape(width, height) != Shape::Four {
        return [(focus, body), (focus, Rect::default())];
    }
    let [first, second] = sides;
    let half = body.width / 2;
    let right = Rect::new(body.x + half, body.y, body.width - half, body.height);
    let left = Rect::new(body.x, body.y, half, body.height);
    [(first, left), (second, right)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stay_on_the_screen_and_apart() {
        for width in 1..=260 {
            for height in 1..=80 {
                for zoomed in [false, true] {
                    for pane in Pane::ALL {
                        check(width, height, areas(width, height, pane, zoomed));
                    }
                }
            }
        }
    }

    fn check(width: u16, height: u16, areas: Areas) {
        let screen = Rect::new(0, 0, width, height);
        let parts: Vec<Rect> = [areas.header, areas.counters, areas.tabs, areas.preview]
            .into_iter()
            .chain([areas.path, areas.keys])
            .chain(areas.panes)
            .filter(|part| !part.is_empty())
            .collect();
        for (index, part) in parts.iter().enumerate() {
            assert_eq!(part.intersection(screen), *part, "{width}x{height}");
            for other in &parts[index + 1..] {
                assert!(
                    part.intersection(*other).is_empty(),
                    "{width}x{height} {part} {other}"
                );
            }
        }
        if width >= 20 && height >= 5 {
            let cells: u32 = parts.iter().map(|part| part.area()).sum();
            let flash = u32::from(areas.flash != areas.keys) * u32::from(width);
            assert_eq!(cells + flash, u32::from(width) * u32::from(height));
        }
    }
}
