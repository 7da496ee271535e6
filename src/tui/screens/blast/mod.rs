//! What a draft would do to all resources: counts by destination and every single effect, as the
//! engine finds them; and how a migration of keys fares.
//!
//! The result outlives the screen, so that the question before applying can name it; the engine's
//! news fill it (`update::blast`), the view reads it.

mod view;

pub use view::{Spot, draw, height, height_of, spot_at, stale};

use crate::domain::Destination;
use crate::engine::{Effect, EffectKind, Migration, PreviewNews, Totals};
use crate::query::{Filter, FilterColumn, Pattern};
use crate::tui::text;
use crate::tui::theme::Mark;
use crate::tui::window::Window;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Changed keys of the ConfigMap with their new texts; `None` removes a key.
pub type Changes = BTreeMap<String, Option<String>>;

/// Columns that a filter of the effects may name.
pub const FILTER: &[FilterColumn] = &[
    FilterColumn { names: &["effect"] },
    FilterColumn {
        names: &["resource", "name"],
    },
    FilterColumn {
        names: &["ns", "namespace"],
    },
    FilterColumn {
        names: &["trigger"],
    },
    FilterColumn {
        names: &["to", "destination"],
    },
    FilterColumn {
        names: &["because"],
    },
];

/// A sort of effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// All of them.
    All,
    /// Sent for the first time.
    New,
    /// Sent again.
    Again,
    /// Not true any more.
    Stopped,
    /// New errors.
    Errors,
    /// What could not be sent.
    Impossible,
    /// Errors that go away.
    Gone,
}

impl Sort {
    /// All, in their order.
    pub const ALL: [Self; 7] = [
        Self::All,
        Self::New,
        Self::Again,
        Self::Stopped,
        Self::Errors,
        Self::Impossible,
        Self::Gone,
    ];

    /// How it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::New => "new",
            Self::Again => "again",
            Self::Stopped => "stopped",
            Self::Errors => "errors",
            Self::Impossible => "impossible",
            Self::Gone => "errors gone",
        }
    }

    /// How many of it there are.
    pub fn of(self, totals: &Totals) -> u64 {
        match self {
            Self::All => totals.all(),
            Self::New => totals.sent,
            Self::Again => totals.sent_again,
            Self::Stopped => totals.stopped,
            Self::Errors => totals.errors,
            Self::Impossible => totals.impossible,
            Self::Gone => totals.errors_gone,
        }
    }

    fn has(self, kind: &EffectKind) -> bool {
        self == Self::All || self == Self::from(kind)
    }
}

impl From<&EffectKind> for Sort {
    fn from(kind: &EffectKind) -> Self {
        match kind {
            EffectKind::Sent => Self::New,
            EffectKind::SentAgain { .. } => Self::Again,
            EffectKind::Stopped => Self::Stopped,
            EffectKind::Error { .. } => Self::Errors,
            EffectKind::Impossible { .. } => Self::Impossible,
            EffectKind::ErrorGone { .. } => Self::Gone,
        }
    }
}

/// The glyph of an effect.
pub fn mark(kind: &EffectKind) -> Mark {
    match kind {
        EffectKind::Sent => Mark::Sent,
        EffectKind::SentAgain { .. } => Mark::Waiting,
        EffectKind::Stopped => Mark::Cleared,
        EffectKind::Error { .. } => Mark::Error,
        EffectKind::Impossible { .. } => Mark::Failed,
        EffectKind::ErrorGone { .. } => Mark::Already,
    }
}

/// The list with the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Side {
    /// Where notifications would go.
    #[default]
    Destinations,
    /// Effects one by one.
    Effects,
}

/// A blast radius, as far as it is known.
pub struct Blast {
    /// The number that its news carry.
    pub number: u64,
    /// What the draft is of.
    pub title: String,
    /// The draft.
    pub changes: Changes,
    /// The newest news; their effects are in [`effects`](Self::effects).
    pub news: PreviewNews,
    /// When the last news came, in milliseconds since 1970.
    pub at_ms: i64,
    /// Changes of resources since it was found out.
    pub changed_since: u64,
    /// The migration of its keys.
    pub migration: Option<Arc<Migration>>,
    /// The number of that migration.
    pub migrating: u64,
    /// Everything that was found.
    pub effects: Vec<Effect>,
    /// Destinations with something to be said, the largest first.
    pub destinations: Vec<(Destination, Totals)>,
    /// The list with the focus.
    pub side: Side,
    /// Only effects of this sort are listed.
    pub sort: Sort,
    /// Only effects on this destination are listed.
    pub destination: Option<Destination>,
    /// Only effects that pass it are listed.
    filter: Filter,
    /// What was typed as filter.
    pub filter_text: String,
    /// Places in `effects` of what is listed.
    pub listed: Vec<usize>,
    /// What is visible of the destinations; the first row stands for all.
    pub destinations_window: Window,
    /// What is visible of the effects.
    pub effects_window: Window,
    /// The place in `effects` of the one that was selected last, listed or not.
    chosen: Option<usize>,
}

impl Blast {
    /// One of which nothing is known yet.
    pub fn new(number: u64, title: String, changes: Changes) -> Self {
        Self {
            number,
            title,
            changes,
            news: PreviewNews {
                number,
                ..PreviewNews::default()
            },
            at_ms: 0,
            changed_since: 0,
            migration: None,
            migrating: 0,
            effects: Vec::new(),
            destinations: Vec::new(),
            side: Side::default(),
            sort: Sort::All,
            destination: None,
            filter: Filter::default(),
            filter_text: String::new(),
            listed: Vec::new(),
            destinations_window: Window::default(),
            effects_window: Window::default(),
            chosen: None,
        }
    }

    /// The engine tells more.
    pub fn arrived(&mut self, mut news: PreviewNews, now_ms: i64) {
        let from = self.effects.len();
        self.effects.append(&mut news.radius.effects);
        for place in from..self.effects.len() {
            if self.effects.get(place).is_some_and(|e| self.lists(e)) {
                self.listed.push(place);
            }
        }
        let by_destination = news.radius.by_destination.iter();
        self.destinations = by_destination.map(|(to, t)| (to.clone(), *t)).collect();
        self.destinations
            .sort_by_key(|(_, totals)| std::cmp::Reverse((totals.notifications(), totals.all())));
        self.news = news;
        self.at_ms = now_ms;
        self.changed_since = 0;
        // The selected destination keeps its row.
        let wanted = self.destination.as_ref();
        let place = self
            .destinations
            .iter()
            .position(|(to, _)| Some(to) == wanted);
        self.destinations_window.position = place.map_or(0, |place| place + 1);
    }

    fn lists(&self, effect: &Effect) -> bool {
        let to = self.destination.as_ref();
        self.sort.has(&effect.kind)
            && to.is_none_or(|to| effect.destination.as_ref() == Some(to))
            && self.filter.passes(FILTER.len(), |column, pattern| {
                holds(effect, column, pattern)
            })
    }

    /// Another filter.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn filter(&mut self, text: &str) -> Result<(), String> {
        self.filter = Filter::parse(text, FILTER)?;
        text.clone_into(&mut self.filter_text);
        self.relist();
        Ok(())
    }

    /// Lists effects of one sort.
    pub fn list(&mut self, sort: Sort) {
        self.sort = sort;
        self.relist();
    }

    fn relist(&mut self) {
        let mut listed = Vec::new();
        for (place, effect) in self.effects.iter().enumerate() {
            if self.lists(effect) {
                listed.push(place);
            }
        }
        let place = self.chosen.and_then(|at| listed.binary_search(&at).ok());
        self.listed = listed;
        self.effects_window = Window {
            top: 0,
            position: place.unwrap_or(0),
        };
    }

    /// Lists the next sort of which there is something, or the one before.
    pub fn next_sort(&mut self, forward: bool) {
        let place = Sort::ALL.iter().position(|sort| *sort == self.sort);
        let mut place = place.unwrap_or(0);
        let all = Sort::ALL.len();
        for _ in 0..all {
            place = (place + if forward { 1 } else { all - 1 }) % all;
            let Some(sort) = Sort::ALL.get(place) else {
                return;
            };
            if *sort == Sort::All || sort.of(&self.news.radius.totals) > 0 {
                return self.list(*sort);
            }
        }
    }

    /// Gives the focus to the other list.
    pub fn switch(&mut self) {
        self.side = match self.side {
            Side::Destinations => Side::Effects,
            Side::Effects => Side::Destinations,
        };
    }

    /// Moves the selection. The effects are those on the selected destination.
    pub fn step(&mut self, rows: i64, height: usize) {
        match self.side {
            Side::Effects => {
                self.effects_window.step(rows, self.listed.len(), height);
                self.note_chosen();
            }
            Side::Destinations => {
                let len = self.destinations.len() + 1;
                self.destinations_window.step(rows, len, height);
                self.choose();
            }
        }
    }

    /// Selects a row of a list, which gets the focus.
    pub fn select_at(&mut self, side: Side, place: usize, height: usize) {
        self.side = side;
        match side {
            Side::Effects => {
                self.effects_window.select(place, self.listed.len(), height);
                self.note_chosen();
            }
            Side::Destinations => {
                let len = self.destinations.len() + 1;
                self.destinations_window.select(place, len, height);
                self.choose();
            }
        }
    }

    /// Scrolls a list without selecting another row than needed.
    pub fn scroll(&mut self, side: Side, rows: i64, height: usize) {
        match side {
            Side::Effects => {
                self.effects_window.scroll(rows, self.listed.len(), height);
                self.note_chosen();
            }
            Side::Destinations => {
                let len = self.destinations.len() + 1;
                self.destinations_window.scroll(rows, len, height);
                self.choose();
            }
        }
    }

    /// A selected effect stays selected when other ones are listed.
    fn note_chosen(&mut self) {
        self.chosen = self.listed.get(self.effects_window.position).copied();
    }

    /// Lists the effects on the selected destination.
    fn choose(&mut self) {
        let place = self.destinations_window.position.checked_sub(1);
        let chosen = place.and_then(|place| self.destinations.get(place));
        let chosen = chosen.map(|(to, _)| to.clone());
        if chosen != self.destination {
            self.destination = chosen;
            self.relist();
        }
    }

    /// The selected effect.
    pub fn selected(&self) -> Option<&Effect> {
        let place = self.listed.get(self.effects_window.position)?;
        self.effects.get(*place)
    }

    /// Entries that a migration would still have to add.
    pub fn migratable(&self) -> u64 {
        self.news.entries
    }

    /// The listed effects as text, for copying.
    pub fn report(&self) -> String {
        let effects = self.listed.iter().filter_map(|at| self.effects.get(*at));
        let lines = effects.map(|effect| {
            let to = effect.destination.as_ref();
            format!(
                "{}\t{}\t{}[{}]\t{}\t{}\n",
                effect.kind.word(),
                effect.resource.qualified(),
                effect.trigger,
                effect.condition.index,
                to.map_or_else(String::new, Destination::label),
                because(&effect.kind),
            )
        });
        lines.collect()
    }
}

fn holds(effect: &Effect, column: usize, pattern: &Pattern) -> bool {
    match column {
        0 => pattern.matches(effect.kind.word()),
        1 => pattern.matches(&effect.resource.name),
        2 => pattern.matches(&effect.resource.namespace),
        3 => pattern.matches(&effect.trigger),
        4 => effect
            .destination
            .as_ref()
            .is_some_and(|to| pattern.matches(&to.label())),
        _ => pattern.matches(&because(&effect.kind)),
    }
}

/// Why there is an effect.
pub fn because(kind: &EffectKind) -> String {
    match kind {
        EffectKind::Sent => "true, and not sent yet".to_owned(),
        EffectKind::SentAgain { before, .. } => format!("was sent as {before}"),
        EffectKind::Stopped => "not true any more".to_owned(),
        EffectKind::Error { message, .. } => message.clone(),
        EffectKind::Impossible { reason } => reason.clone(),
        EffectKind::ErrorGone { message } => format!("no more: {message}"),
    }
}

/// The totals in one line: what would be sent, stopped and broken.
pub fn totals(totals: &Totals) -> String {
    let mut parts = vec![format!(
        "would send {} = {} new + {} again",
        text::count(totals.notifications()),
        text::count(totals.sent),
        text::count(totals.sent_again),
    )];
    for (number, one, many) in [
        (totals.stopped, "stopped", "stopped"),
        (totals.errors, "new error", "new errors"),
        (totals.impossible, "impossible", "impossible"),
        (totals.errors_gone, "error gone", "errors gone"),
    ] {
        if number > 0 {
            parts.push(text::plural(number, one, many));
        }
    }
    parts.join(", ")
}
