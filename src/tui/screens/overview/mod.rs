//! The main screen: resources, the triggers of the selected one, the history, the ConfigMap's keys.

mod empty;
pub mod history;
pub mod keys;
pub mod reach;
pub mod resources;
mod trigger_lines;
pub mod triggers;
mod view;

pub use trigger_lines::{LineId, condition_mark, decision_mark};
pub use view::{draw, history_count, shown_time, shows_age, sort_at};

use history::HistoryPane;
use keys::KeysPane;
use resources::ResourcesPane;
use triggers::TriggersPane;

/// A pane of the overview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pane {
    /// 1: subscribed resources.
    Resources,
    /// 2: triggers and destinations of the selected resource.
    Triggers,
    /// 3: deliveries.
    History,
    /// 4: keys of the ConfigMap.
    Keys,
}

impl Pane {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Resources, Self::Triggers, Self::History, Self::Keys];

    /// From 0.
    pub fn index(self) -> usize {
        match self {
            Self::Resources => 0,
            Self::Triggers => 1,
            Self::History => 2,
            Self::Keys => 3,
        }
    }

    /// The pane with this index, counted round.
    pub fn at(index: usize) -> Self {
        Self::ALL[index % Self::ALL.len()]
    }

    /// How it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Resources => "Resources",
            Self::Triggers => "Triggers",
            Self::History => "History",
            Self::Keys => "ConfigMap",
        }
    }
}

/// State of the main screen.
pub struct Overview {
    /// The pane with the focus.
    pub pane: Pane,
    /// The pane that had it before, for going back.
    pub previous: Pane,
    /// The pane has the whole screen.
    pub zoomed: bool,
    /// Namespaces to show, as patterns; empty for all.
    pub namespaces: Vec<String>,
    /// Pane 1.
    pub resources: ResourcesPane,
    /// Pane 2.
    pub triggers: TriggersPane,
    /// Pane 3.
    pub history: HistoryPane,
    /// Pane 4.
    pub keys: KeysPane,
}

impl Overview {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self {
            pane: Pane::Resources,
            previous: Pane::Resources,
            zoomed: false,
            namespaces: Vec::new(),
            resources: ResourcesPane::new(),
            triggers: TriggersPane::default(),
            history: HistoryPane::default(),
            keys: KeysPane::default(),
        }
    }

    /// Gives the focus to a pane.
    pub fn focus(&mut self, pane: Pane) {
        if pane != self.pane {
            self.previous = self.pane;
            self.pane = pane;
        }
    }

    /// The filter text of a pane.
    pub fn filter_text(&self, pane: Pane) -> &str {
        match pane {
            Pane::Resources => &self.resources.filter_text,
            Pane::Triggers => &self.triggers.filter_text,
            Pane::History => &self.history.filter_text,
            Pane::Keys => &self.keys.filter_text,
        }
    }
}

impl Default for Overview {
    fn default() -> Self {
        Self::new()
    }
}
