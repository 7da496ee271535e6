//! The versions of the ConfigMap that were in force: when, who, which keys, and what they changed.

use crate::history::{ConfigVersion, VersionOrigin};
use crate::tui::clock;
use crate::tui::layout::{self, Shape};
use crate::tui::model::{Model, Phase};
use crate::tui::text;
use crate::tui::widgets::cells::{self, Column};
use crate::tui::widgets::frame;
use crate::tui::window::Window;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// State of the screen.
#[derive(Clone, Debug, Default)]
pub struct VersionsScreen {
    versions: Option<Result<Vec<ConfigVersion>, String>>,
    selected: Option<i64>,
    window: Window,
}

const COLUMNS: [Column; 5] = [
    Column {
        head: "   NO",
        width: 7,
        share: 0,
        rank: 0,
        right: false,
    },
    Column {
        head: "TIME",
        width: 16,
        share: 0,
        rank: 1,
        right: false,
    },
    Column {
        head: "BY",
        width: 18,
        share: 1,
        rank: 2,
        right: false,
    },
    Column {
        head: "RV",
        width: 9,
        share: 0,
        rank: 4,
        right: false,
    },
    Column {
        head: "KEYS",
        width: 24,
        share: 4,
        rank: 3,
        right: false,
    },
];

impl VersionsScreen {
    /// The versions were read.
    pub fn arrived(&mut self, versions: Result<Vec<ConfigVersion>, String>) {
        self.versions = Some(versions);
        let len = self.versions().len();
        let place = self.place();
        self.window.position = place;
        self.selected = self
            .versions()
            .get(place.min(len.saturating_sub(1)))
            .map(|v| v.number);
    }

    /// All versions, newest first.
    pub fn versions(&self) -> &[ConfigVersion] {
        match &self.versions {
            Some(Ok(versions)) => versions,
            _ => &[],
        }
    }

    /// The place of the selected version.
    pub fn place(&self) -> usize {
        let versions = self.versions().iter();
        let mut numbers = versions.map(|version| version.number);
        numbers
            .position(|number| Some(number) == self.selected)
            .unwrap_or(0)
    }

    /// The selected version.
    pub fn selected_version(&self) -> Option<&ConfigVersion> {
        self.versions().get(self.place())
    }

    /// Moves the selection.
    pub fn step(&mut self, rows: i64, height: usize) {
        self.window.position = self.place();
        self.window.step(rows, self.versions().len(), height);
        self.selected = self.versions().get(self.window.position).map(|v| v.number);
    }

    /// As text, to copy: the selected version.
    pub fn report(&self) -> String {
        let Some(version) = self.selected_version() else {
            return String::new();
        };
        format!(
            "version {} rv {} by {}\n{}\n",
            version.number,
            version.resource_version,
            by(version),
            version.summary
        )
    }
}

/// Who made a version.
pub fn by(version: &ConfigVersion) -> String {
    match version.origin {
        VersionOrigin::Applied => format!("{} (from here)", version.actor),
        VersionOrigin::Foreign | VersionOrigin::Found if version.manager.is_empty() => {
            "unknown".to_owned()
        }
        VersionOrigin::Foreign => version.manager.clone(),
        VersionOrigin::Found => format!("{} (found)", version.manager),
    }
}

/// The list, and the selected version below it.
fn areas(model: &Model) -> (Rect, Rect) {
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    if body.height < 12 {
        return (body, Rect::default());
    }
    let below = (body.height * 2 / 5).max(6);
    let list = Rect::new(body.x, body.y, body.width, body.height - below);
    (list, Rect::new(body.x, list.bottom(), body.width, below))
}

/// Rows of the list.
pub fn rows(model: &Model) -> usize {
    let shape = layout::shape(model.width, model.height);
    layout::list_rows(shape, areas(model).0)
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &VersionsScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let theme = &model.look.theme;
    let (list, below) = areas(model);
    let view = model.session.catalog.as_ref();
    let name = view.map_or_else(String::new, |view| {
        format!("{}/{}", view.namespace, view.name)
    });
    let facts = text::plural(screen.versions().len() as u64, "version", "versions");
    let title = format!("Versions of {name}");
    let inside = frame::draw(buffer, &model.look, shape, list, &title, &facts, true);
    let history = model.session.history && model.session.phase == Phase::Running;
    let note = match &screen.versions {
        _ if !history => Some((
            "the history is not available: no versions are kept",
            theme.warn,
        )),
        None => Some(("reading the history ...", theme.dim)),
        Some(Err(problem)) => Some((problem.as_str(), theme.bad)),
        Some(Ok(versions)) if versions.is_empty() => {
            Some(("no version is recorded yet", theme.dim))
        }
        Some(Ok(_)) => None,
    };
    if let Some((note, style)) = note {
        cells::put(buffer, inside.x, inside.y, inside.width, note, style);
        return;
    }
    let placed = cells::place(&COLUMNS, inside.width);
    let mut top = inside.y;
    if layout::has_head(inside) {
        let head = Rect::new(inside.x, inside.y, inside.width, 1);
        cells::heads(buffer, head, &COLUMNS, &placed, theme.dim);
        top += 1;
    }
    let live = view.map(|view| view.resource_version.as_str());
    let mut window = screen.window;
    window.position = screen.place();
    let height = usize::from(inside.bottom().saturating_sub(top));
    let visible = window.visible(screen.versions().len(), height);
    for (row, version) in screen.versions()[visible.clone()].iter().enumerate() {
        let y = top + u16::try_from(row).unwrap_or(u16::MAX);
        let selected = visible.start + row == window.position;
        let here = live == Some(version.resource_version.as_str());
        let cursor = if selected { ">" } else { " " };
        let sign = if here { "*" } else { " " };
        let values = [
            format!("{cursor}{sign} {}", version.number),
            clock::time(version.at_ms, model.now_ms, &model.zone),
            by(version),
            version.resource_version.clone(),
            version.changed.join(" "),
        ];
        for place in &placed {
            if let Some(value) = values.get(place.index) {
                cells::put(
                    buffer,
                    inside.x + place.x,
                    y,
                    place.width,
                    value,
                    theme.text,
                );
            }
        }
        if selected {
            cells::shade(buffer, inside.x, y, inside.width, theme.selected);
        }
    }
    if let Some(version) = screen.selected_version()
        && !below.is_empty()
    {
        draw_detail(model, shape, version, below, buffer);
    }
}

fn draw_detail(
    model: &Model,
    shape: Shape,
    version: &ConfigVersion,
    area: Rect,
    buffer: &mut Buffer,
) {
    let theme = &model.look.theme;
    let title = format!("Version {} by {}", version.number, by(version));
    let at = clock::full(version.at_ms, &model.zone);
    let inside = frame::draw(buffer, &model.look, shape, area, &title, &at, false);
    let mut y = inside.y;
    let mut put = |content: &str, style| {
        if y < inside.bottom() {
            let line = text::clean_line(content);
            cells::put(buffer, inside.x, y, inside.width, &line, style);
            y += 1;
        }
    };
    if !version.effect.is_empty() {
        put(&version.effect, theme.warn);
    }
    if version.summary.is_empty() {
        put(
            "what it changed is not known: it was there at the start",
            theme.dim,
        );
    }
    for statement in version.summary.lines() {
        let style = match statement.chars().next() {
            Some('+') => theme.added,
            Some('-') => theme.removed,
            Some('!') => theme.warn,
            _ => theme.text,
        };
        put(statement, style);
    }
}
