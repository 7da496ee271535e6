//! The columns of each view.

use super::View;
use crate::tui::widgets::cells::{Column, column};

impl View {
    /// The columns, that of the state first.
    pub(super) fn columns(self) -> &'static [Column] {
        match self {
            Self::Triggers => TRIGGERS,
            Self::Services => SERVICES,
            Self::Subscriptions => SUBSCRIPTIONS,
            Self::Stats => STATS,
            Self::Members => MEMBERS,
        }
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
