//! One resource in full: why each notification of it is, or is not, sent; the object itself; its
//! notified state; its deliveries. Another condition can be tried on it.
//!
//! The explanation is renewed when the resource changes, at most every two seconds; what is
//! folded, selected and searched stays.

mod outline;
mod parts;
mod reads;
mod selection;
mod trial;
mod view;

pub use outline::{LineKey, OutlineLine};
pub use view::{areas, draw, list_rows, tabs};

use crate::domain::{Delivery, DeliveryId, PathTrie, ResourceKey};
use crate::engine::{Explained, Tried};
use crate::tui::screens::overview::LineId;
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
    due_ms: Option<i64>,
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
            due_ms: Some(now_ms),
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

    /// The line of pane 2 that corresponds to what is selected: what resend and clear are about.
    pub fn subject(&self) -> Option<LineId> {
        match self.side {
            Side::Dedup => self.entry.clone().map(LineId::Entry),
            Side::Explain if self.trial.is_none() => match self.selected.as_ref()? {
                LineKey::Trigger(trigger) => Some(LineId::Trigger(trigger.clone())),
                LineKey::Target {
                    trigger,
                    index,
                    destination,
                } => Some(LineId::Target {
                    trigger: trigger.clone(),
                    index: *index,
                    destination: destination.clone(),
                }),
                key => {
                    let (trigger, index) = key.condition()?;
                    Some(LineId::Condition {
                        trigger: trigger.to_owned(),
                        index,
                    })
                }
            },
            _ => None,
        }
    }

    /// The trigger of the selected line.
    pub fn trigger(&self) -> Option<&str> {
        match self.selected.as_ref()? {
            LineKey::Trigger(trigger) => Some(trigger.as_str()),
            key => key.condition().map(|(trigger, _)| trigger),
        }
        .filter(|trigger| !trigger.is_empty())
    }

    /// The `when` text of the selected condition, or of the first one.
    pub fn when(&self) -> Option<&str> {
        if let Some(trial) = &self.trial {
            return Some(&trial.source);
        }
        let inspection = &self.explained.as_ref()?.explanation.inspection;
        let wanted = self.selected.as_ref().and_then(LineKey::condition);
        let mut conditions = inspection.triggers.iter().flat_map(|trigger| {
            trigger
                .conditions
                .iter()
                .map(move |condition| (trigger.name.as_str(), condition))
        });
        let first = conditions.clone().next();
        let found = conditions
            .find(|(name, condition)| wanted == Some((name, condition.key.index)))
            .or(first)?;
        Some(&found.1.when)
    }

    /// The resource, or what it is judged by, has changed.
    pub fn renew(&mut self, now_ms: i64) {
        let due = self.answered_ms.saturating_add(PAUSE_MS).max(now_ms);
        // The clock may have gone backwards.
        let due = due.min(now_ms.saturating_add(PAUSE_MS));
        self.due_ms = Some(self.due_ms.unwrap_or(due).min(due));
    }

    /// When the next explanation is due; `None` while none is, or one is on its way.
    pub fn due_ms(&self) -> Option<i64> {
        if self.asked {
            return None;
        }
        self.due_ms
    }

    /// Whether to ask now; then the question counts as asked.
    pub fn ask(&mut self, now_ms: i64) -> bool {
        if self.due_ms().is_none_or(|due| due > now_ms) {
            return false;
        }
        self.due_ms = None;
        self.asked = true;
        true
    }

    /// The engine had no room for the question: asked again a little later.
    pub fn refused(&mut self, now_ms: i64) {
        self.asked = false;
        self.due_ms = Some(now_ms.saturating_add(PAUSE_MS));
    }

    /// An answer has come.
    pub fn answered(&mut self, result: Result<Arc<Explained>, String>, now_ms: i64) {
        self.asked = false;
        self.answered_ms = now_ms;
        match result {
            Ok(explained) => {
                let object = TextView::new(Arc::clone(&explained.yaml));
                self.object = self.object.renewed(object);
                self.explained = Some(explained);
                self.problem = None;
                self.marked = None;
                self.stale = true;
                self.mark_reads();
            }
            Err(problem) => self.problem = Some(problem),
        }
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

    /// The selected line of the explanation.
    pub fn selected_line(&self) -> Option<&OutlineLine> {
        let selected = self.selected.as_ref()?;
        self.lines.iter().find(|line| line.key == *selected)
    }

    /// What the selected line tells, when that is likely cut off on it.
    pub fn long_value(&self) -> Option<&str> {
        let line = self
            .selected_line()
            .filter(|_| self.side == Side::Explain)?;
        let long = crate::tui::text::width(&line.value) > self.width * 2 / 5;
        long.then_some(line.value.as_str())
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

    /// Begins to try a condition, or goes on with another text; returns its number.
    pub fn attempt(&mut self, source: &str) -> u64 {
        self.trials += 1;
        if self.trial.is_none() {
            self.window = Window::default();
            self.selected = None;
        }
        // The last result stays until there is a newer one: the lines would flicker.
        let result = self.trial.take().and_then(|trial| trial.result);
        self.trial = Some(Trial {
            source: source.to_owned(),
            number: self.trials,
            result,
        });
        self.trials
    }

    /// What was tried has been evaluated.
    pub fn tried(&mut self, number: u64, result: Result<Tried, String>) {
        if let Some(trial) = self.trial.as_mut().filter(|trial| trial.number == number) {
            trial.result = Some(result.map(Arc::new));
            self.stale = true;
            self.marked = None;
            self.mark_reads();
        }
    }

    /// Back from what is tried to what is configured.
    pub fn end_trial(&mut self) {
        if self.trial.take().is_some() {
            self.window = Window::default();
            self.selected = None;
            self.stale = true;
            self.marked = None;
            self.mark_reads();
        }
    }

    /// Marks the lines of the object that the selected condition reads, or all conditions.
    fn mark_reads(&mut self) {
        let Some(explained) = &self.explained else {
            return;
        };
        let tried = self.trial.as_ref().and_then(|trial| trial.result.as_ref());
        let of = match (tried, &self.selected) {
            (None, Some(key)) => key
                .condition()
                .map(|(name, index)| (name.to_owned(), index)),
            // Not the name of any trigger.
            _ => Some((String::new(), usize::MAX)),
        };
        if of.is_some() && of == self.marked {
            return;
        }
        let mut paths = PathTrie::default();
        if let Some(tried) = tried {
            if let Ok(tried) = tried {
                paths.merge(&tried.reads);
            }
        } else {
            let triggers = &explained.explanation.inspection.triggers;
            for (trigger, reads) in triggers.iter().zip(&explained.reads) {
                for (condition, read) in trigger.conditions.iter().zip(reads) {
                    let here = (trigger.name.as_str(), condition.key.index);
                    let wanted = of.as_ref().filter(|(name, _)| !name.is_empty());
                    if wanted.is_none_or(|(name, index)| here == (name.as_str(), *index)) {
                        paths.merge(read);
                    }
                }
            }
        }
        let lines = reads::marked(&explained.yaml, &paths);
        if of != self.shown && self.side != Side::Object {
            self.object.show_line(lines.first().copied().unwrap_or(0));
            self.shown.clone_from(&of);
        }
        self.object.mark(lines);
        self.marked = of;
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

    /// What copying takes.
    pub fn copied(&self) -> Option<String> {
        match self.side {
            Side::Explain => self.selected_line().map(|line| {
                if line.value.is_empty() {
                    line.head.clone()
                } else {
                    line.value.clone()
                }
            }),
            Side::Object => Some(self.object.text().to_string()),
            Side::Dedup => self.entry.clone(),
            Side::Deliveries => self
                .selected_delivery()
                .map(|row| crate::tui::screens::delivery::summary(row)),
        }
    }
}
