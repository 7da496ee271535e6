//! What is known of the whole: how every condition fares, how the services do, who is subscribed
//! to what, and the program's own numbers. Counted by the engine and from the history while the
//! screen is open, never for a frame.

mod order;
mod rows;

pub use rows::stats;

use crate::domain::ResourceKey;
use crate::engine::{LaneStatus, Members, Survey};
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
use rows::{mebibytes, members, services_rows, subscriptions, triggers};
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
    /// The resources of one condition; opened from the conditions, no tab of its own.
    Members,
}

impl View {
    /// The tabs, in their order.
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
            Self::Members => "Resources of a condition",
        }
    }

    fn columns(self) -> &'static [Column] {
        match self {
            Self::Triggers => TRIGGERS,
            Self::Services => SERVICES,
            Self::Subscriptions => SUBSCRIPTIONS,
            Self::Stats => STATS,
            Self::Members => MEMBERS,
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
    column("GIVEN UP", 8, 0, 7, true),
    column("SINCE", 6, 0, 5, true),
    column("LATEST", 6, 0, 8, true),
    column("WHEN, OR THE FIRST ERROR", 24, 6, 4, false),
];

const SERVICES: &[Column] = &[
    column(" S", 2, 0, 1, false),
    column("SERVICE", 14, 2, 0, false),
    column("TYPE", 9, 1, 9, false),
    column("STATE", 12, 1, 2, false),
    column("QUEUE", 6, 0, 2, true),
    column("SPILLED", 7, 0, 10, true),
    column("RETRY", 5, 0, 6, true),
    column("HELD", 5, 0, 6, true),
    column("SENT/H", 7, 0, 3, true),
    column("FAILED", 6, 0, 2, true),
    column("P50", 6, 0, 5, true),
    column("P95", 6, 0, 4, true),
    column("LAST", 5, 0, 7, true),
    column("LIMIT", 9, 0, 8, true),
    column("RATE", 10, 0, 11, false),
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

const MEMBERS: &[Column] = &[
    column(" S", 2, 0, 1, false),
    column("RESOURCE", 24, 4, 0, false),
    column("WHEN", 6, 0, 2, false),
    column("SINCE", 6, 0, 3, true),
    column("TOLD", 5, 0, 4, true),
    column("SENDING", 7, 0, 5, true),
    column("GIVEN UP", 8, 0, 5, true),
    column("ERROR", 16, 5, 3, false),
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
        names: &["name", "trigger", "service", "resource"],
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
    /// The resources of a condition.
    Members(ConditionId),
}

/// A condition: the name of its trigger, and its place there; `None` for a trigger that has no
/// condition in force.
pub type ConditionId = (String, Option<usize>);

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRow {
    /// What tells it from the other rows of its view.
    pub id: String,
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
    /// The condition whose resources are listed, or were last.
    of: Option<ConditionId>,
    members: Option<Arc<Members>>,
    members_asked: bool,
    members_due_ms: i64,
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
    /// The column that the rows are sorted by, and whether the other way round.
    sort: Option<(usize, bool)>,
    /// The id of the selected row.
    selected: Option<String>,
    /// What is visible.
    pub window: Window,
}

impl ViewsScreen {
    /// A screen that still has to count.
    pub fn new(view: View, now_ms: i64) -> Self {
        Self {
            view,
            survey: None,
            of: None,
            members: None,
            members_asked: false,
            members_due_ms: now_ms,
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
            sort: None,
            selected: None,
            window: Window::default(),
        }
    }

    /// The rows that are shown.
    pub fn rows(&self) -> &[ViewRow] {
        &self.rows
    }

    /// The selected row.
    pub fn selected_row(&self) -> Option<&ViewRow> {
        self.rows.get(self.window.position)
    }

    /// Shows another view.
    pub fn show(&mut self, view: View) {
        if self.view != view {
            self.view = view;
            self.stale = true;
            self.sort = None;
            self.selected = None;
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

    /// Lists the resources of a condition.
    pub fn show_members(&mut self, of: ConditionId, now_ms: i64) {
        if self.of.as_ref() != Some(&of) {
            self.members = None;
            // The answer to a question about another one is late.
            self.members_asked = false;
        }
        self.of = Some(of);
        self.members_due_ms = now_ms;
        self.problem = None;
        self.show(View::Members);
    }

    /// From the resources of a condition back to the conditions, with that one selected; whether
    /// they were shown.
    pub fn leave_members(&mut self) -> bool {
        if self.view != View::Members {
            return false;
        }
        self.problem = None;
        self.show(View::Triggers);
        self.selected = self.of.as_ref().map(rows::condition_name);
        true
    }

    /// The condition whose resources are to be asked for now; then they count as asked for.
    pub fn ask_members(&mut self, now_ms: i64) -> Option<ConditionId> {
        let ask =
            self.view == View::Members && !self.members_asked && self.members_due_ms <= now_ms;
        self.members_asked |= ask;
        self.of.clone().filter(|_| ask)
    }

    /// The resources of a condition have come, or not.
    pub fn members_came(
        &mut self,
        of: &ConditionId,
        result: Result<Arc<Members>, String>,
        now_ms: i64,
    ) {
        if self.of.as_ref() != Some(of) {
            return;
        }
        self.members_asked = false;
        self.stale = true;
        let mut pause = PAUSE_MS;
        match result {
            Ok(members) => {
                pause = pause.max(members.took_ms.saturating_mul(SHARE));
                self.members = Some(members);
                self.problem = None;
            }
            Err(problem) => self.problem = Some(problem),
        }
        self.members_due_ms = now_ms.saturating_add(pause);
    }

    /// When something is to be counted again.
    pub fn due_ms(&self) -> i64 {
        let mut due = self.numbers_due_ms;
        if self.view == View::Members {
            if !self.members_asked {
                due = due.min(self.members_due_ms);
            }
        } else if !self.asked {
            due = due.min(self.due_ms);
        }
        due
    }

    /// Sorts by the column with this index; a second time the other way round, a third time not.
    pub fn sort_by(&mut self, column: usize) {
        self.sort = match self.sort {
            Some((by, false)) if by == column => Some((by, true)),
            Some((by, true)) if by == column => None,
            _ => Some((column, false)),
        };
        self.stale = true;
    }

    /// Sorts by the next column, after the last one not at all.
    pub fn sort_next(&mut self) {
        let columns = self.view.columns().len();
        let next = self.sort.map_or(1, |(by, _)| by + 1);
        self.sort = (next < columns).then_some((next, false));
        self.stale = true;
    }

    /// Sorts the other way round.
    pub fn reverse(&mut self) {
        if let Some((_, reversed)) = &mut self.sort {
            *reversed = !*reversed;
            self.stale = true;
        }
    }

    /// Whether to ask for a survey now; then it counts as asked.
    pub fn ask(&mut self, now_ms: i64) -> bool {
        let ask = self.view != View::Members && !self.asked && self.due_ms <= now_ms;
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
            View::Triggers => {
                let survey = self.survey.as_deref();
                survey
                    .map(|survey| triggers(survey, now_ms))
                    .unwrap_or_default()
            }
            View::Members => {
                let found = self.members.as_deref();
                found
                    .map(|found| members(found, now_ms))
                    .unwrap_or_default()
            }
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
                let row = |(what, value): (String, String)| ViewRow {
                    id: what.clone(),
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
        if let Some((column, reversed)) = self.sort {
            let cell = |row: &ViewRow| match column.checked_sub(1) {
                Some(cell) => row.cells.get(cell).cloned().unwrap_or_default(),
                None => row.mark.map_or("", Mark::word).to_owned(),
            };
            self.rows.sort_by_cached_key(|row| order::rank(&cell(row)));
            if reversed {
                self.rows.reverse();
            }
        }
    }

    /// After the rows have changed: the selection stays on its row.
    pub fn settle(&mut self, height: usize) {
        let len = self.rows.len();
        let selected = self.selected.as_ref();
        let place = selected.and_then(|id| self.rows.iter().position(|row| row.id == *id));
        match place {
            Some(place) if place == self.window.position => self.window.step(0, len, height),
            Some(place) => self.window.moved(place, len, height),
            None => self.window.select(self.window.position, len, height),
        }
        self.note_selected();
    }

    fn note_selected(&mut self) {
        self.selected = self.selected_row().map(|row| row.id.clone());
    }

    /// Selects the row at this place.
    pub fn select_at(&mut self, place: usize, height: usize) {
        self.window.select(place, self.rows.len(), height);
        self.note_selected();
    }

    /// Moves the selection.
    pub fn step(&mut self, rows: i64, height: usize) {
        self.window.step(rows, self.rows.len(), height);
        self.note_selected();
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
        let members = view == View::Triggers && screen.view == View::Members;
        if view == screen.view || members {
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

/// The column whose head stands `x` cells from the left of a list of `width` cells.
pub fn column_at(view: View, width: u16, x: u16) -> Option<usize> {
    let placed = cells::place(view.columns(), width);
    let head = placed.iter().rev().find(|place| place.x <= x)?;
    Some(head.index)
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
    } else if let (View::Members, Some(members)) = (screen.view, &screen.members) {
        let at = clock::time(members.at_ms, model.now_ms, &model.zone);
        facts = format!("looked at {at}  {facts}");
        if members.more > 0 {
            facts = format!("{} more are not listed  {facts}", text::count(members.more));
        }
    }
    let condition = screen.of.as_ref().filter(|_| screen.view == View::Members);
    let title = match condition {
        Some(of) => format!("Resources of {}", rows::condition_name(of)),
        None => screen.view.title().to_owned(),
    };
    let inside = frame::draw(buffer, &model.look, shape, body, &title, &facts, true);
    if inside.is_empty() {
        return;
    }
    let columns = screen.view.columns();
    let placed = cells::place(columns, inside.width);
    let head = Rect::new(inside.x, inside.y, inside.width, 1);
    cells::heads(buffer, head, columns, &placed, theme.dim);
    if let Some((by, reversed)) = screen.sort
        && let Some(place) = placed.iter().find(|place| place.index == by)
    {
        let style = theme.strong;
        cells::shade(buffer, head.x + place.x, head.y, place.width, style);
        let arrow = if reversed { "^" } else { "v" };
        let end = head.x + place.x + place.width;
        cells::put(buffer, end, head.y, 1, arrow, style);
    }
    let list = Rect::new(inside.x, inside.y + 1, inside.width, inside.height - 1);
    if screen.rows.is_empty() {
        let waits = match screen.view {
            View::Services | View::Stats => screen.numbers.is_none(),
            View::Triggers | View::Subscriptions => screen.survey.is_none(),
            View::Members => screen.members.is_none(),
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
