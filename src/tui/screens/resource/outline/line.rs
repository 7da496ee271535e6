//! One line of an explanation, and what it is about.

use crate::domain::Destination;
use crate::tui::theme::Mark;
use crate::tui::widgets::text_view::Tone;

/// Which expression of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clause {
    /// `when`.
    When,
    /// `oncePer`.
    OncePer,
}

/// What a line is about: its identity while the explanation is renewed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LineKey {
    /// A trigger that has no conditions.
    Trigger(String),
    /// A condition.
    Condition {
        /// Trigger name.
        trigger: String,
        /// Its place.
        index: usize,
    },
    /// A line of text about a condition.
    Fact {
        /// Trigger name.
        trigger: String,
        /// The condition's place.
        index: usize,
        /// Place of the line.
        number: usize,
    },
    /// A part of an evaluation.
    Part {
        /// Trigger name; empty for what is tried.
        trigger: String,
        /// The condition's place.
        index: usize,
        /// Which expression.
        clause: Clause,
        /// The place of each part among its siblings, from the whole downwards.
        path: Vec<usize>,
    },
    /// A destination of a condition.
    Target {
        /// Trigger name.
        trigger: String,
        /// The condition's place.
        index: usize,
        /// Where to.
        destination: Destination,
    },
    /// A remark about the resource.
    Note(usize),
}

impl LineKey {
    /// The condition that the line belongs to.
    pub fn condition(&self) -> Option<(&str, usize)> {
        match self {
            Self::Condition { trigger, index }
            | Self::Fact { trigger, index, .. }
            | Self::Part { trigger, index, .. }
            | Self::Target { trigger, index, .. } => Some((trigger, *index)),
            Self::Trigger(_) | Self::Note(_) => None,
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineLine {
    /// What it is about.
    pub key: LineKey,
    /// Levels it stands below the left edge.
    pub depth: usize,
    /// Whether what is below it is shown; `None` when nothing is below it.
    pub open: Option<bool>,
    /// State, where it has one.
    pub mark: Option<Mark>,
    /// The part itself.
    pub head: String,
    /// Its value, or what comes of it.
    pub value: String,
    /// How the value is emphasised.
    pub tone: Tone,
    /// It is the part that decided.
    pub cause: bool,
}
