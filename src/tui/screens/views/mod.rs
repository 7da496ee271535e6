//! What is known of the whole: how every condition fares, how the services do, who is subscribed
//! to what, and the program's own numbers. Counted by the engine and from the history while the
//! screen is open, never for a frame.

mod rows;

pub use rows::stats;

use crate::domain::ResourceKey;
use crate::engine::{LaneStatus, Survey};
use crate::history::ServiceTotals;
use crate::tui::clock;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::table::filter::{Filter, FilterColumn};
use crate::tui::text;
use crate::tui::theme::{Look, Mark};
use crate::tui::widgets::cells::{self, Column};
use crate::tui::widgets::frame;
use crate::tui::window::Window;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rows::{mebibytes, services_rows, subscriptions, triggers};
use std::sync::Arc;

/// Between two counts while the screen is open.
const PAUSE_MS: i64 = 5_000;

/// The engine counts at most this part of the time.
const SHARE: i64 = 20;

/// The time that the services are looked at over.
pub const SERVICES_MS: i64 = 3_600_000;

/// One of the views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Conditions with counts.
    Triggers,
    /// Services.
    Services,
    /// Who is told what.
    Subscriptions,
    /// The program's own numbers.
    Stats,
}

impl View {
    /// All, in their order.
    pub const ALL: [Self; 4] = [
        Self::Triggers,
        Self::Services,
        Self::Subscriptions,
        Self::Stats,
    ];

    /// How it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Triggers => "Triggers",
            Self::Services => "Services",
            Self::Subscriptions => "Subscriptions",
            Self::Stats => "Stats",
        }
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Self::Triggers => TRIGGERS,
            Self::Services => SERVICES,
            Self::Subscriptions => SUBSCRIPTIONS,
            Self::Stats => STATS,
        }
    }
}

const fn column(head: &'static str, width: u16, share: u16, rank: u8, right: bool) -> Column {
    Column {
        head,
        width,
        share,
        rank,
        right,
    }
}

const TRIGGERS: &[Column] = &[
    column(" S", 2, 0, 1, false),
    column("CONDITION", 16, 3, 0, false),
    column("TRUE", 7, 0, 2, true),
    column("FALSE", 7, 0, 3, true),
    column("ERROR", 6, 0, 2, true),
    column("SENDING", 7, 0, 6, true),
    column("GIVEN UP", 8, 0, 5, true),
    column("WHEN, OR THE FIRST ERROR", 24, 6, 4, false),
];

const SERVICES: &[Column] = &[
    column(" S", 2, 0, 1, false),
    column("SERVICE", 14, 2, 0, false),
    column("TYPE", 9, 1, 6, false),
    column("QUEUE", 6, 0, 2, true),
    column("RETRY", 5, 0, 5, true),
    column("HELD", 5, 0, 6, true),
    column("SENT/H", 7, 0, 2, true),
    column("FAILED", 6, 0, 2, true),
    column("MEDIAN", 7, 0, 5, true),
    column("P95", 6, 0, 4, true),
    column("LAST", 5, 0, 7, true),
    column("RATE", 12, 0, 8, false),
    column("LAST ERROR", 16, 5, 3, false),
];

const SUBSCRIPTIONS: &[Column] = &[
    column(" S", 2, 0, 1, false),
    column("TRIGGER", 14, 3, 0, false),
    column("TO", 16, 4, 2, false),
    column("RESOURCES", 9, 0, 2, true),
    column("FROM", 14, 4, 4, false),
    column("PROBLEM", 12, 5, 3, false),
];

const STATS: &[Column] = &[
    column("", 2, 0, 1, false),
    column("WHAT", 30, 2, 0, false),
    column("VALUE", 16, 3, 0, false),
];

/// Columns that a filter may name, for every view.
pub const FILTER: &[FilterColumn] = &[
    FilterColumn { names: &["state"] },
    FilterColumn {
        names: &["name", "trigger", "service"],
    },
    FilterColumn { names: &["text"] },
];

/// What Enter on a row leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Jump {
    /// Nowhere.
    Nowhere,
    /// A resource.
    Resource(ResourceKey),
    /// The history with this filter.
    History(String),
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRow {
    /// State.
    pub mark: Option<Mark>,
    /// The texts of the columns after the state.
    pub cells: Vec<String>,
    /// Where Enter leads.
    pub jump: Jump,
}

/// Numbers of the program and its history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// The services over the last hour.
    pub services: Vec<ServiceTotals>,
    /// Rows of the history; `None` without one.
    pub history_rows: Option<u64>,
    /// Memory in use, in bytes; `None` where that can't be told.
    pub memory: Option<u64>,
}

/// State of the screen.
pub struct ViewsScreen {
    /// The view that is shown.
    pub view: View,
    survey: Option<Arc<Survey>>,
    numbers: Option<Numbers>,
    /// Why there is no (newer) survey.
    pub problem: Option<String>,
    asked: bool,
    due_ms: i64,
    numbers_due_ms: i64,
    /// The rows have to be made anew.
    stale: bool,
    all: Vec<ViewRow>,
    rows: Vec<ViewRow>,
    filter: Filter,
    /// What was typed as filter.
    pub filter_text: String,
    /// What is visible.
    pub window: Window,
}

impl ViewsScreen {
    /// A screen that still has to count.
    pub fn new(view: View, now_ms: i64) -> Self {
        Self {
            view,
            survey: None,
            numbers: None,
            problem: None,
            asked: false,
            due_ms: now_ms,
            numbers_due_ms: now_ms,
            stale: true,
            all: Vec::new(),
            rows: Vec::new(),
            filter: Filter::default(),
            filter_text: String::new(),
            window: Window::default(),
        }
    }

    /// The rows that are shown.
    pub fn rows(&self) -> &[ViewRow] {
        &self.rows
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&ViewRow> {
        self.rows.get(self.window.position)
    }

    /// Shows another view.
    pub fn show(&mut self, view: View) {
        if self.view != view {
            self.view = view;
            self.stale = true;
            self.window = Window::default();
        }
    }

    /// Shows the next view, or the one before.
    pub fn switch(&mut self, forward: bool) {
        let place = View::ALL.iter().position(|view| *view == self.view);
        let steps = if forward { 1 } else { View::ALL.len() - 1 };
        self.show(View::ALL[(place.unwrap_or(0) + steps) % View::ALL.len()]);
    }

    /// Another filter.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn filter(&mut self, text: &str) -> Result<(), String> {
        self.filter = Filter::parse(text, FILTER)?;
        text.clone_into(&mut self.filter_text);
        self.stale = true;
        Ok(())
    }

    /// When something is to be counted again.
    pub fn due_ms(&self) -> i64 {
        if self.asked {
            self.numbers_due_ms
        } else {
            self.due_ms.min(self.numbers_due_ms)
        }
    }

    /// Whether to ask for a survey now; then it counts as asked.
    pub fn ask(&mut self, now_ms: i64) -> bool {
        let ask = !self.asked && self.due_ms <= now_ms;
        self.asked |= ask;
        ask
    }

    /// Whether to ask for the numbers now; then they count as asked.
    pub fn ask_numbers(&mut self, now_ms: i64) -> bool {
        let ask = self.numbers_due_ms <= now_ms;
        if ask {
            self.numbers_due_ms = now_ms.saturating_add(PAUSE_MS);
        }
        ask
    }

    /// The engine has counted, or not.
    pub fn surveyed(&mut self, result: Result<Arc<Survey>, String>, now_ms: i64) {
        self.asked = false;
        self.stale = true;
        let mut pause = PAUSE_MS;
        match result {
            Ok(survey) => {
                pause = pause.max(survey.took_ms.saturating_mul(SHARE));
                self.survey = Some(survey);
                self.problem = None;
            }
            Err(problem) => self.problem = Some(problem),
        }
        self.due_ms = now_ms.saturating_add(pause);
    }

    /// The numbers have been read.
    pub fn numbered(&mut self, numbers: Numbers) {
        self.numbers = Some(numbers);
    }

    /// Makes the rows of the view anew, if anything that they show has changed. The short views are
    /// always made: their numbers come from many places.
    pub fn rebuild(
        &mut self,
        stats: Vec<(String, String)>,
        lanes: &[LaneStatus],
        now_ms: i64,
        look: &Look,
    ) {
        let short = matches!(self.view, View::Services | View::Stats);
        if !std::mem::take(&mut self.stale) && !short {
            return;
        }
        self.all = match self.view {
            View::Triggers => self.survey.as_deref().map(triggers).unwrap_or_default(),
            View::Services => {
                let services = self.numbers.as_ref().map(|numbers| &numbers.services);
                services_rows(services.map_or(&[], Vec::as_slice), lanes, now_ms, look)
            }
            View::Subscriptions => self
                .survey
                .as_deref()
                .map(subscriptions)
                .unwrap_or_default(),
            View::Stats => {
                let mut stats = stats;
                if let Some(numbers) = &self.numbers {
                    let rows = numbers.history_rows.map(text::count);
                    stats.push(("history rows".into(), rows.unwrap_or_else(|| "-".into())));
                    let memory = numbers.memory.map(mebibytes);
                    stats.push(("memory".into(), memory.unwrap_or_else(|| "-".into())));
                }
                if let Some(survey) = &self.survey {
                    let took = clock::took(survey.took_ms);
                    let value = format!("{} in {took}", text::count(survey.resources));
                    stats.push(("last count of all resources".into(), value));
                }
                let row = |(what, value)| ViewRow {
                    mark: None,
                    cells: vec![what, value],
                    jump: Jump::Nowhere,
                };
                stats.into_iter().map(row).collect()
            }
        };
        let filter = &self.filter;
        let passes = |row: &&ViewRow| {
            filter.passes(FILTER.len(), |column, pattern| match column {
                0 => pattern.matches(row.mark.map_or("", Mark::word)),
                1 => row.cells.first().is_some_and(|cell| pattern.matches(cell)),
                _ => row.cells.iter().any(|cell| pattern.matches(cell)),
            })
        };
        self.rows = self.all.iter().filter(passes).cloned().collect();
    }

    /// Moves the selection.
    pub fn step(&mut self, rows: i64, height: usize) {
        self.window.step(rows, self.rows.len(), height);
    }

    /// The rows as text, for copying.
    pub fn report(&self) -> String {
        let lines = self
            .rows
            .iter()
            .map(|row| format!("{}\n", row.cells.join("\t")));
        lines.collect()
    }
}

/// The views, the one that is shown in brackets.
pub fn tabs(screen: &ViewsScreen) -> String {
    let tabs = View::ALL.map(|view| {
        if view == screen.view {
            format!("[{}]", view.title())
        } else {
            view.title().to_owned()
        }
    });
    tabs.join("  ")
}

/// Rows of the list.
pub fn height(model: &Model) -> usize {
    let rows = layout::text_rows(model.width, model.height);
    rows.saturating_sub(1)
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &ViewsScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let theme = &model.look.theme;
    let mut facts = text::count(screen.rows.len() as u64);
    if let (View::Triggers | View::Subscriptions, Some(survey)) = (screen.view, &screen.survey) {
        let at = clock::time(survey.at_ms, model.now_ms, &model.zone);
        let all = text::plural(survey.resources, "resource", "resources");
        facts = format!("{all} counted {at}  {facts}");
    } else if screen.view == View::Services {
        facts = format!("last hour  {facts}");
    }
    let title = screen.view.title();
    let inside = frame::draw(buffer, &model.look, shape, body, title, &facts, true);
    if inside.is_empty() {
        return;
    }
    let columns = screen.view.columns();
    let placed = cells::place(columns, inside.width);
    let head = Rect::new(inside.x, inside.y, inside.width, 1);
    cells::heads(buffer, head, columns, &placed, theme.dim);
    let list = Rect::new(inside.x, inside.y + 1, inside.width, inside.height - 1);
    if screen.rows.is_empty() {
        let waits = match screen.view {
            View::Services | View::Stats => screen.numbers.is_none(),
            View::Triggers | View::Subscriptions => screen.survey.is_none(),
        };
        let (note, style) = match &screen.problem {
            Some(problem) => (problem.as_str(), theme.bad),
            None if waits => ("counting ...", theme.dim),
            None if screen.all.is_empty() => ("there is nothing to show", theme.dim),
            None => ("nothing passes the filter", theme.dim),
        };
        cells::put(buffer, list.x, list.y, list.width, note, style);
        return;
    }
    let visible = screen
        .window
        .visible(screen.rows.len(), usize::from(list.height));
    for (row, place) in visible.enumerate() {
        let Some(shown) = screen.rows.get(place) else {
            return;
        };
        let y = list.y + u16::try_from(row).unwrap_or(u16::MAX);
        let selected = place == screen.window.position;
        let cursor = if selected { ">" } else { " " };
        cells::put(buffer, list.x, y, 1, cursor, theme.strong);
        if let Some(mark) = shown.mark {
            cells::put(buffer, list.x + 1, y, 1, mark.glyph(), theme.mark(mark));
        }
        for place in placed.iter().filter(|place| place.index > 0) {
            let (Some(column), Some(cell)) =
                (columns.get(place.index), shown.cells.get(place.index - 1))
            else {
                continue;
            };
            let x = list.x + place.x;
            if column.right {
                cells::put_right(buffer, x, y, place.width, cell, theme.text);
            } else {
                cells::put(buffer, x, y, place.width, cell, theme.text);
            }
        }
        if selected {
            cells::shade(buffer, list.x, y, list.width, theme.selected);
        }
    }
}
