//! One resource in full: why each notification of it is, or is not, sent; the object itself; its
//! notified state; its deliveries. Another condition can be tried on it.
//!
//! The explanation is renewed when the resource changes, at most every two seconds; what is
//! folded, selected and searched stays.

mod about;
mod asking;
mod outline;
mod parts;
mod reads;
mod selection;
mod trial;
mod view;

pub use outline::{LineKey, OutlineLine};
pub use view::{areas, draw, list_rows, tabs};

use crate::domain::{Delivery, DeliveryId, ResourceKey};
use crate::engine::Explained;
use crate::tui::clock::Due;
use crate::tui::widgets::text_view::TextView;
use crate::tui::window::Window;
use jiff::tz::TimeZone;
use std::collections::HashSet;
use std::sync::Arc;
pub use trial::Trial;

/// Between two explanations of a resource that changes.
const PAUSE_MS: i64 = 2_000;

/// Deliveries that are shown.
pub const DELIVERIES: usize = 200;

/// A part of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The explanation.
    Explain,
    /// The object.
    Object,
    /// Its notified state.
    Dedup,
    /// Its deliveries.
    Deliveries,
}

impl Side {
    /// All, in their order.
    pub const ALL: [Self; 4] = [Self::Explain, Self::Object, Self::Dedup, Self::Deliveries];

    /// How it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Explain => "Explain",
            Self::Object => "Object",
            Self::Dedup => "Dedup",
            Self::Deliveries => "Deliveries",
        }
    }
}

/// State of the screen.
pub struct ResourceScreen {
    /// The resource.
    pub key: ResourceKey,
    /// The part with the focus.
    pub side: Side,
    explained: Option<Arc<Explained>>,
    /// Why there is no explanation, or no newer one.
    pub problem: Option<String>,
    /// An explanation is on its way.
    asked: bool,
    due: Option<Due>,
    answered_ms: i64,
    toggled: HashSet<LineKey>,
    lines: Vec<OutlineLine>,
    /// The selected line of the explanation.
    pub selected: Option<LineKey>,
    /// What is visible of it.
    pub window: Window,
    /// The lines were made for this many cells.
    width: usize,
    /// The lines have to be made anew.
    stale: bool,
    object: TextView,
    /// Whose reads are marked in the object.
    marked: Option<(String, usize)>,
    /// Whose reads the object was scrolled to.
    shown: Option<(String, usize)>,
    /// The selected entry of the notified state.
    pub entry: Option<String>,
    /// What is visible of the notified state.
    pub dedup_window: Window,
    deliveries: Vec<Arc<Delivery>>,
    /// The deliveries were asked for.
    pub deliveries_asked: bool,
    /// The selected delivery.
    pub delivery: Option<DeliveryId>,
    /// What is visible of the deliveries.
    pub delivery_window: Window,
    /// A condition that is tried in the place of the configured ones.
    pub trial: Option<Trial>,
    trials: u64,
}

impl ResourceScreen {
    /// The screen of a resource that is still to be explained; `line` is selected when it is there.
    pub fn new(key: ResourceKey, line: Option<LineKey>, now_ms: i64) -> Self {
        Self {
            key,
            side: Side::Explain,
            explained: None,
            problem: None,
            asked: false,
            due: Some(Due::now(now_ms)),
            answered_ms: now_ms.saturating_sub(PAUSE_MS),
            toggled: HashSet::new(),
            lines: Vec::new(),
            selected: line,
            window: Window::default(),
            width: 0,
            stale: true,
            object: TextView::default(),
            marked: None,
            shown: None,
            entry: None,
            dedup_window: Window::default(),
            deliveries: Vec::new(),
            deliveries_asked: false,
            delivery: None,
            delivery_window: Window::default(),
            trial: None,
            trials: 0,
        }
    }

    /// The explanation, when it has come.
    pub fn explained(&self) -> Option<&Arc<Explained>> {
        self.explained.as_ref()
    }

    /// The lines of the explanation, or of what is tried.
    pub fn lines(&self) -> &[OutlineLine] {
        &self.lines
    }

    /// The object.
    pub fn object(&self) -> &TextView {
        &self.object
    }

    /// The object, to scroll and search.
    pub fn object_mut(&mut self) -> &mut TextView {
        &mut self.object
    }

    /// The deliveries, newest first.
    pub fn deliveries(&self) -> &[Arc<Delivery>] {
        &self.deliveries
    }

    /// The selected delivery.
    pub fn selected_delivery(&self) -> Option<&Arc<Delivery>> {
        let selected = self.delivery?;
        self.deliveries.iter().find(|row| row.new.id == selected)
    }

    /// The entries of the notified state: key and Unix seconds.
    pub fn entries(&self) -> &[(String, i64)] {
        self.explained.as_ref().map_or(&[], |explained| {
            explained.explanation.inspection.notified.as_slice()
        })
    }

    /// Whether a present condition and destination can produce the entry.
    pub fn is_current(&self, entry: &str) -> bool {
        self.explained.as_ref().is_some_and(|explained| {
            let triggers = &explained.explanation.inspection.triggers;
            let conditions = triggers.iter().flat_map(|trigger| &trigger.conditions);
            let mut decisions = conditions.flat_map(|condition| &condition.decisions);
            decisions.any(|decision| decision.state_key == entry)
        })
    }

    /// The deliveries have been read.
    pub fn delivered(&mut self, rows: Vec<Arc<Delivery>>) {
        for row in rows {
            self.live(&row);
        }
    }

    /// A delivery is new or changed; those of other resources are passed over.
    pub fn live(&mut self, row: &Arc<Delivery>) {
        let about = *self.key.name == *row.new.name
            && *self.key.namespace == *row.new.namespace
            && self.key.kind.kind == row.new.kind;
        if !about {
            return;
        }
        let place = self
            .deliveries
            .binary_search_by(|other| row.new.id.cmp(&other.new.id));
        match place {
            Ok(place) => {
                if let Some(held) = self.deliveries.get_mut(place)
                    && held.updated_ms <= row.updated_ms
                {
                    *held = Arc::clone(row);
                }
            }
            Err(place) => self.deliveries.insert(place, Arc::clone(row)),
        }
        self.deliveries.truncate(DELIVERIES);
    }

    /// Gives the focus to the next part, or the one before.
    pub fn switch(&mut self, forward: bool) {
        let place = Side::ALL.iter().position(|side| *side == self.side);
        let steps = if forward { 1 } else { Side::ALL.len() - 1 };
        let next = (place.unwrap_or(0) + steps) % Side::ALL.len();
        self.side = Side::ALL[next];
    }

    /// Folds or unfolds the selected line.
    pub fn fold(&mut self) {
        let line = self.selected_line();
        if let Some(line) = line.filter(|line| line.open.is_some()) {
            let key = line.key.clone();
            self.toggle(key);
        }
    }

    fn toggle(&mut self, key: LineKey) {
        if !self.toggled.remove(&key) {
            self.toggled.insert(key);
        }
        self.stale = true;
    }

    /// Folds (or unfolds) every line that can be.
    pub fn fold_all(&mut self, open: bool) {
        let other: Vec<LineKey> = self
            .lines
            .iter()
            .filter(|line| line.open == Some(!open))
            .map(|line| line.key.clone())
            .collect();
        for key in other {
            self.toggle(key);
        }
    }

    /// Selects the next condition, or the one before.
    pub fn next_condition(&mut self, forward: bool, height: usize) {
        let is_condition = |line: &OutlineLine| {
            matches!(line.key, LineKey::Condition { .. } | LineKey::Trigger(_))
        };
        let here = self.window.position;
        let place = if forward {
            let after = self.lines.iter().enumerate().skip(here + 1);
            after.into_iter().find(|(_, line)| is_condition(line))
        } else {
            let before = self.lines.iter().enumerate().take(here);
            before.rev().find(|(_, line)| is_condition(line))
        };
        if let Some((place, _)) = place {
            self.select_at(place, height);
        }
    }

    /// After changes: makes the lines anew where needed and keeps selections on their lines.
    /// `heights` are the rows of the parts, `width` the cells of the explanation's lines.
    pub fn settle(
        &mut self,
        heights: [usize; 4],
        width: usize,
        idle: &str,
        now_ms: i64,
        zone: &TimeZone,
    ) {
        if self.stale || self.width != width {
            self.width = width;
            self.stale = false;
            let setting = outline::Setting {
                toggled: &self.toggled,
                now_ms,
                zone,
                width,
                idle,
            };
            self.lines = match (&self.trial, &self.explained) {
                (Some(trial), _) => outline::trial_lines(trial, &self.key, &setting),
                (None, Some(explained)) => outline::lines(explained, &setting),
                (None, None) => Vec::new(),
            };
        }
        self.settle_selection(heights);
        self.mark_reads();
    }
}
