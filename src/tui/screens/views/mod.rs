//! What is known of the whole: how every condition fares, how the services do, who is subscribed
//! to what, and the program's own numbers. Counted by the engine and from the history while the
//! screen is open, never for a frame.

mod columns;
mod order;
mod rows;
mod view;

pub use rows::stats;
pub use view::{column_at, draw, height, tabs};

use crate::domain::ResourceKey;
use crate::engine::{LaneStatus, Members, Survey};
use crate::history::ServiceTotals;
use crate::query::{Filter, FilterColumn};
use crate::tui::clock::{self, Due};
use crate::tui::text;
use crate::tui::theme::{Look, Mark};
use crate::tui::window::Window;
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
}

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
    members_due: Due,
    numbers: Option<Numbers>,
    /// Why there is no (newer) survey.
    pub problem: Option<String>,
    asked: bool,
    due: Due,
    numbers_due: Due,
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
            members_due: Due::now(now_ms),
            numbers: None,
            problem: None,
            asked: false,
            due: Due::now(now_ms),
            numbers_due: Due::now(now_ms),
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
        self.members_due = Due::now(now_ms);
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
            self.view == View::Members && !self.members_asked && self.members_due.has_come(now_ms);
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
        self.members_due = Due::after(now_ms, pause);
    }

    /// When something is to be counted again.
    pub fn due(&self, now_ms: i64) -> Due {
        let mut due = self.numbers_due;
        if self.view == View::Members {
            if !self.members_asked {
                due = due.earlier(self.members_due, now_ms);
            }
        } else if !self.asked {
            due = due.earlier(self.due, now_ms);
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
        let ask = self.view != View::Members && !self.asked && self.due.has_come(now_ms);
        self.asked |= ask;
        ask
    }

    /// Whether to ask for the numbers now; then they count as asked.
    pub fn ask_numbers(&mut self, now_ms: i64) -> bool {
        let ask = self.numbers_due.has_come(now_ms);
        if ask {
            self.numbers_due = Due::after(now_ms, PAUSE_MS);
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
        self.due = Due::after(now_ms, pause);
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
