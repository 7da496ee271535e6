//! One thing done to many: what is reached is found out first, then asked, then done a few at a
//! time; the list says what came of each. Leaving stops what was not begun.

use crate::domain::{Delivery, Destination, ResourceKey};
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::Mark;
use crate::tui::widgets::{cells, frame};
use crate::tui::window::Window;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Commands that are under way at a time: the engine's queue stays free for the keys.
pub const AT_A_TIME: usize = 32;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Sends again.
    Resend,
    /// Removes notified state.
    Clear,
    /// Puts notified state back.
    Restore,
    /// Gives deliveries up.
    Cancel,
    /// Marks what is true as sent.
    Baseline,
    /// Takes such marks away.
    Unmark,
    /// Sends what failed again, unless it was sent meanwhile.
    ResendFailed,
}

impl Deed {
    /// How it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Resend => "Resend",
            Self::Clear => "Clear dedup",
            Self::Restore => "Undo clear",
            Self::Cancel => "Cancel retries",
            Self::Baseline => "Mark as sent",
            Self::Unmark => "Undo mark as sent",
            Self::ResendFailed => "Resend all failed",
        }
    }
}

/// What it is done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A resource.
    Resource(ResourceKey),
    /// A delivery.
    Delivery(Arc<Delivery>),
}

/// Where one item stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Its turn has not come.
    Waiting,
    /// The engine is asked what would be reached.
    Looking,
    /// This much would be done.
    Ready,
    /// There is nothing to do, and why.
    Nothing(String),
    /// The engine is at work.
    Doing,
    /// Done, and what came of it.
    Done(String),
    /// It failed.
    Failed(String),
}

/// One of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is about.
    pub subject: Subject,
    /// Where it stands.
    pub progress: Progress,
    /// Where a resend would go, or what is sent again after a clearing.
    pub destinations: Vec<Destination>,
    /// Entries of the notified state with Unix seconds: those that are cleared, put back, or (0)
    /// written as if they were sent.
    pub entries: Vec<(String, i64)>,
}

impl Item {
    /// An item whose turn has not come.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            progress: Progress::Waiting,
            destinations: Vec::new(),
            entries: Vec::new(),
        }
    }
}

/// How far the whole is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// What is reached is being found out.
    Looking,
    /// It is asked.
    Asking,
    /// It is being done.
    Doing,
    /// Nothing is under way any more.
    Over,
}

/// State of the screen.
#[derive(Clone, Debug)]
pub struct BulkScreen {
    /// Which one: answers to another one are late.
    pub number: u64,
    /// What is done.
    pub deed: Deed,
    /// To what.
    pub items: Vec<Item>,
    /// How far it is.
    pub phase: Phase,
    /// It was stopped.
    pub stopped: bool,
    /// Items that did not fit into the list.
    pub more: u64,
    /// The filter that found the items; empty when they were marked.
    pub filter: String,
    /// Items before this place have had their turn in the present phase.
    next: usize,
    under_way: usize,
    /// What is visible.
    pub window: Window,
}

impl BulkScreen {
    /// Something that is about to be done to these.
    pub fn new(number: u64, deed: Deed, items: Vec<Item>) -> Self {
        Self {
            number,
            deed,
            items,
            phase: Phase::Looking,
            stopped: false,
            more: 0,
            filter: String::new(),
            next: 0,
            under_way: 0,
            window: Window::default(),
        }
    }

    /// The next items whose turn it is, as many as may be under way; they count as begun.
    pub fn turns(&mut self) -> Vec<usize> {
        let mut turns = Vec::new();
        while self.under_way < AT_A_TIME && !self.stopped {
            let Some(item) = self.items.get_mut(self.next) else {
                break;
            };
            let begin = match (self.phase, &item.progress) {
                (Phase::Looking, Progress::Waiting) => Some(Progress::Looking),
                (Phase::Doing, Progress::Ready) => Some(Progress::Doing),
                _ => None,
            };
            if let Some(progress) = begin {
                item.progress = progress;
                self.under_way += 1;
                turns.push(self.next);
            }
            self.next += 1;
        }
        turns
    }

    /// An item's turn has ended.
    pub fn ended(&mut self, place: usize, progress: Progress) {
        if let Some(item) = self.items.get_mut(place) {
            item.progress = progress;
            self.under_way = self.under_way.saturating_sub(1);
        }
    }

    /// The engine had no room: the item's turn comes again.
    pub fn again(&mut self, place: usize, progress: Progress) {
        self.ended(place, progress);
        self.next = self.next.min(place);
    }

    /// Whether every turn of the present phase has ended.
    pub fn is_through(&self) -> bool {
        self.under_way == 0 && (self.stopped || self.next >= self.items.len())
    }

    /// Begins a phase.
    pub fn begin(&mut self, phase: Phase) {
        self.phase = phase;
        self.next = 0;
    }

    /// Nothing more is begun.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Items that something would be done to.
    pub fn ready(&self) -> impl Iterator<Item = &Item> {
        let ready = |item: &&Item| item.progress == Progress::Ready;
        self.items.iter().filter(ready)
    }

    /// Where everything would go, with numbers.
    pub fn destinations(&self) -> BTreeMap<&Destination, u64> {
        let mut counts = BTreeMap::new();
        for destination in self.ready().flat_map(|item| &item.destinations) {
            *counts.entry(destination).or_default() += 1;
        }
        counts
    }

    /// Items that had their turn, were done, failed, and had nothing to do.
    pub fn counts(&self) -> [u64; 4] {
        let mut counts = [0; 4];
        for item in &self.items {
            match item.progress {
                Progress::Done(_) => counts[1] += 1,
                Progress::Failed(_) => counts[2] += 1,
                Progress::Nothing(_) => counts[3] += 1,
                _ => continue,
            }
            counts[0] += 1;
        }
        counts
    }

    /// Moves what is visible.
    pub fn step(&mut self, rows: i64, height: usize) {
        self.window.step(rows, self.items.len(), height);
    }

    /// The list as text, for copying.
    pub fn report(&self) -> String {
        let lines = self.items.iter().map(|item| {
            let (_, _, outcome) = shown(self.deed, item);
            format!("{}\t{outcome}\n", subject_text(&item.subject))
        });
        lines.collect()
    }
}

fn subject_text(subject: &Subject) -> String {
    match subject {
        Subject::Resource(key) => format!("{} {key}", key.kind.variable()),
        Subject::Delivery(row) => super::delivery::summary(row),
    }
}

/// Glyph, state and outcome of an item.
fn shown(deed: Deed, item: &Item) -> (&'static str, Mark, String) {
    match &item.progress {
        Progress::Waiting => (" ", Mark::Idle, String::new()),
        Progress::Looking => ("~", Mark::Waiting, "looking ...".to_owned()),
        Progress::Ready => {
            let deliveries = item.destinations.len() as u64;
            let entries = item.entries.len() as u64;
            let mut parts = Vec::new();
            if entries > 0 && deed != Deed::Baseline {
                parts.push(text::plural(entries, "entry", "entries"));
            }
            if deliveries > 0 {
                parts.push(if deed == Deed::Baseline {
                    text::plural(deliveries, "notification", "notifications")
                } else {
                    text::plural(deliveries, "delivery", "deliveries")
                });
            }
            let text = parts.join(", ");
            (".", Mark::Idle, text)
        }
        Progress::Nothing(why) => ("=", Mark::Already, why.clone()),
        Progress::Doing => ("~", Mark::Waiting, "under way".to_owned()),
        Progress::Done(what) => ("+", Mark::Sent, what.clone()),
        Progress::Failed(why) => ("x", Mark::Failed, why.clone()),
    }
}

/// How far it is, in one line.
pub fn title(screen: &BulkScreen) -> String {
    let all = screen.items.len() as u64;
    let [through, done, failed, nothing] = screen.counts();
    let name = screen.deed.title();
    let stopped = if screen.stopped { ", stopped" } else { "" };
    match screen.phase {
        Phase::Looking => {
            let looked = screen
                .items
                .iter()
                .filter(|item| !matches!(item.progress, Progress::Waiting | Progress::Looking));
            format!("{name}: looking at {} of {all}{stopped}", looked.count())
        }
        Phase::Asking if screen.deed == Deed::ResendFailed => format!("{name}: {all} found"),
        Phase::Asking => format!("{name}: {all} marked"),
        Phase::Doing => format!("{name}: {through} of {all} through, {failed} failed{stopped}"),
        Phase::Over => {
            format!("{name}: {done} done, {failed} failed, {nothing} without work{stopped}")
        }
    }
}

/// Rows of the list.
pub fn rows(model: &Model) -> usize {
    layout::text_rows(model.width, model.height)
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &BulkScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let theme = &model.look.theme;
    let facts = format!(
        "{}/{}",
        (screen.window.position + 1).min(screen.items.len()),
        screen.items.len()
    );
    let title = title(screen);
    let inside = frame::draw(buffer, &model.look, shape, body, &title, &facts, true);
    let visible = screen
        .window
        .visible(screen.items.len(), usize::from(inside.height));
    for (row, place) in visible.enumerate() {
        let Some(item) = screen.items.get(place) else {
            return;
        };
        let y = inside
            .y
            .saturating_add(u16::try_from(row).unwrap_or(u16::MAX));
        let line = Rect::new(inside.x, y, inside.width, 1);
        let (glyph, mark, outcome) = shown(screen.deed, item);
        let selected = place == screen.window.position;
        let subject = subject_text(&item.subject);
        let room = usize::from(inside.width / 2);
        let subject = text::fit(&text::clean(&subject), room).into_owned();
        let pad = " ".repeat(room.saturating_sub(text::width(&subject)) + 1);
        cells::put_pieces(
            buffer,
            line,
            &[
                (if selected { ">" } else { " " }, theme.strong),
                (glyph, theme.mark(mark)),
                (" ", theme.text),
                (&subject, theme.text),
                (&pad, theme.text),
                (&outcome, theme.mark(mark)),
            ],
        );
        if selected {
            cells::shade(buffer, line.x, y, line.width, theme.selected);
        }
    }
}
