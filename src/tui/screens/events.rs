//! What the engine reported, newest first, with advice.

use crate::domain::Severity;
use crate::engine::Notice;
use crate::query::{Filter, FilterColumn};
use crate::tui::clock;
use crate::tui::layout;
use crate::tui::model::{Model, Notices};
use crate::tui::text;
use crate::tui::widgets::{cells, frame};
use crate::tui::window::Window;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Columns that a filter may name.
pub const FILTER: &[FilterColumn] = &[
    FilterColumn {
        names: &["severity"],
    },
    FilterColumn { names: &["text"] },
    FilterColumn {
        names: &["resource"],
    },
];

/// State of the screen.
#[derive(Clone, Debug, Default)]
pub struct EventsScreen {
    /// Number of the selected notice.
    pub selected: Option<u64>,
    /// What is visible.
    pub window: Window,
    /// What was typed as filter.
    pub filter_text: String,
    /// The same, read.
    pub filter: Filter,
}

impl EventsScreen {
    /// The notices that are shown.
    pub fn shown<'a>(&self, notices: &'a Notices) -> Vec<(u64, &'a Notice)> {
        let filter = &self.filter;
        let passes = |(_, notice): &(u64, &Notice)| {
            filter.is_empty() || {
                let resource = notice.resource.as_ref().map(|key| key.to_string());
                filter.passes(FILTER.len(), |column, pattern| match column {
                    0 => pattern.matches(&notice.severity.to_string()),
                    1 => pattern.matches(&notice.text),
                    _ => pattern.matches(resource.as_deref().unwrap_or("")),
                })
            }
        };
        notices.newest_first().filter(passes).collect()
    }

    /// Moves the selection; huge steps go to the ends.
    pub fn step(&mut self, rows: i64, notices: &Notices, height: usize) {
        let numbers: Vec<u64> = self
            .shown(notices)
            .iter()
            .map(|(number, _)| *number)
            .collect();
        let place = numbers
            .iter()
            .position(|number| Some(*number) == self.selected);
        self.window.position = place.unwrap_or(0);
        self.window.step(rows, numbers.len(), height);
        self.selected = numbers.get(self.window.position).copied();
    }
}

/// The list and, below it, the selected notice in full.
pub fn areas(model: &Model) -> (Rect, Rect) {
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let below = match body.height {
        ..7 => return (body, Rect::default()),
        7..12 => 3,
        height => (height / 3).clamp(5, 10),
    };
    let list = Rect::new(body.x, body.y, body.width, body.height - below);
    (list, Rect::new(body.x, list.bottom(), body.width, below))
}

/// Rows of the list.
pub fn rows(model: &Model) -> usize {
    let shape = layout::shape(model.width, model.height);
    usize::from(layout::inside(shape, areas(model).0).height)
}

fn glyph(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => ".",
        Severity::Warning => "!",
        Severity::Error => "x",
    }
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &EventsScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let theme = &model.look.theme;
    let (list, below) = areas(model);
    let shown = screen.shown(&model.notices);
    let facts = text::plural(shown.len() as u64, "event", "events");
    let inside = frame::draw(buffer, &model.look, shape, list, "Events", &facts, true);
    if shown.is_empty() {
        let text = "nothing was reported";
        cells::put(buffer, inside.x, inside.y, inside.width, text, theme.dim);
    }
    let mut window = screen.window;
    let place = shown
        .iter()
        .position(|(number, _)| Some(*number) == screen.selected);
    window.position = place.unwrap_or(0);
    let visible = window.visible(shown.len(), usize::from(inside.height));
    for (row, (_, notice)) in shown[visible.clone()].iter().enumerate() {
        let y = inside.y + u16::try_from(row).unwrap_or(u16::MAX);
        let selected = visible.start + row == window.position;
        let at = clock::time(notice.at_ms, model.now_ms, &model.zone);
        let style = theme.severity(notice.severity);
        let line = Rect::new(inside.x, y, inside.width, 1);
        let cursor = if selected { ">" } else { " " };
        let word = format!("{:<7}", notice.severity.to_string());
        cells::put_pieces(
            buffer,
            line,
            &[
                (cursor, theme.text),
                (glyph(notice.severity), style),
                (" ", theme.text),
                (&at, theme.dim),
                (" ", theme.text),
                (&word, style),
                (" ", theme.text),
                (&notice.text, theme.text),
            ],
        );
        if selected {
            cells::shade(buffer, line.x, y, line.width, theme.selected);
        }
    }
    if let Some((_, notice)) = shown.get(window.position)
        && !below.is_empty()
    {
        draw_detail(model, notice, below, buffer);
    }
}

fn draw_detail(model: &Model, notice: &Notice, area: Rect, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let theme = &model.look.theme;
    let title = match &notice.resource {
        Some(key) => format!("{} {key}", key.kind.variable()),
        None => "Event".to_owned(),
    };
    let at = clock::full(notice.at_ms, &model.zone);
    let inside = frame::draw(buffer, &model.look, shape, area, &title, &at, false);
    let mut y = inside.y;
    let width = usize::from(inside.width);
    for (content, style) in [(&notice.text, theme.strong), (&notice.help, theme.text)] {
        for line in text::wrap(content, width) {
            if y >= inside.bottom() {
                return;
            }
            cells::put(buffer, inside.x, y, inside.width, &line, style);
            y += 1;
        }
    }
}
