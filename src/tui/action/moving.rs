//! Moving: within lists and texts, between panes, and what lists show.

use super::{Action, ActionId, Scope as S, action};

const LISTS: &[S] = &[S::Global, S::Palette, S::Help];

pub(super) const ACTIONS: &[Action] = &[
    action(
        ActionId::GoToResource,
        "go-to-resource",
        "to resource",
        &["o"],
        &[S::History, S::Delivery],
        "Selects the delivery's resource in pane 1.",
    )
    .footer(6),
    action(
        ActionId::Follow,
        "follow",
        "follow",
        &["f"],
        &[S::History],
        "Keeps the selection on the newest delivery, or stops doing so.",
    )
    .footer(5),
    action(
        ActionId::Search,
        "search",
        "search",
        &["/"],
        &[S::Text, S::Delivery, S::Diff],
        "Searches within the text.",
    )
    .footer(2),
    action(
        ActionId::NextHit,
        "next-hit",
        "next hit",
        &["n"],
        &[S::Text, S::Delivery, S::Diff],
        "Goes to the next place that was searched for.",
    )
    .footer(3),
    action(
        ActionId::PreviousHit,
        "previous-hit",
        "previous hit",
        &["N"],
        &[S::Text, S::Delivery, S::Diff],
        "Goes to the previous place that was searched for.",
    ),
    action(
        ActionId::Filter,
        "filter",
        "filter",
        &["/"],
        &[S::Overview, S::Events, S::Views],
        "Filters the list: words, column:value, ! for not, * for anything.",
    )
    .footer(8),
    action(
        ActionId::Filter,
        "filter-effects",
        "filter",
        &["/"],
        &[S::Blast],
        "Filters the effects: words, column:value, ! for not, * for anything.",
    )
    .footer(4)
    .unlisted(),
    action(
        ActionId::Sort,
        "sort",
        "sort",
        &["s"],
        &[S::Resources, S::Views],
        "Sorts by the next column.",
    ),
    action(
        ActionId::Reverse,
        "reverse",
        "reverse",
        &["S"],
        &[S::Resources, S::Views],
        "Reverses the order.",
    ),
    action(
        ActionId::Zoom,
        "zoom",
        "zoom",
        &["z"],
        &[S::Overview],
        "Gives the pane the whole screen, or takes it back.",
    )
    .footer(7),
    action(
        ActionId::NextPane,
        "next-pane",
        "pane",
        &["Tab"],
        &[
            S::Overview,
            S::Delivery,
            S::Object,
            S::Views,
            S::Blast,
            S::Preview,
            S::Merge,
        ],
        "Goes to the next pane.",
    )
    .footer(2)
    .unlisted(),
    action(
        ActionId::PreviousPane,
        "previous-pane",
        "previous pane",
        &["Shift-Tab"],
        &[
            S::Overview,
            S::Delivery,
            S::Object,
            S::Views,
            S::Blast,
            S::Preview,
            S::Merge,
        ],
        "Goes to the previous pane.",
    )
    .unlisted(),
    action(
        ActionId::Resources,
        "resources",
        "resources",
        &["1"],
        &[S::Overview],
        "Goes to the resources.",
    ),
    action(
        ActionId::Triggers,
        "triggers",
        "triggers",
        &["2"],
        &[S::Overview],
        "Goes to the triggers and destinations of the selected resource.",
    ),
    action(
        ActionId::History,
        "history",
        "history",
        &["3"],
        &[S::Overview],
        "Goes to the history of deliveries.",
    ),
    action(
        ActionId::Keys,
        "keys",
        "ConfigMap keys",
        &["4"],
        &[S::Overview],
        "Goes to the keys of the ConfigMap.",
    ),
    action(
        ActionId::TriggerCounts,
        "trigger-counts",
        "trigger counts",
        &["5"],
        &[S::Overview, S::Views],
        "Counts, for every condition, the resources for which it is true, false, or fails.",
    ),
    action(
        ActionId::Services,
        "services",
        "services",
        &["6"],
        &[S::Overview, S::Views],
        "Shows queue, rate, durations and the last error of every service.",
    ),
    action(
        ActionId::Subscriptions,
        "subscriptions",
        "subscriptions",
        &["7"],
        &[S::Overview, S::Views],
        "Shows who is subscribed to what, from where, and what leads nowhere.",
    ),
    action(
        ActionId::Stats,
        "stats",
        "stats",
        &["8"],
        &[S::Overview, S::Views],
        "Shows the numbers of the engine and of this program.",
    ),
    action(
        ActionId::Down,
        "down",
        "down",
        &["Down", "j"],
        &[S::Global],
        "Selection down.",
    )
    .unlisted(),
    action(
        ActionId::Up,
        "up",
        "up",
        &["Up", "k"],
        &[S::Global],
        "Selection up.",
    )
    .unlisted(),
    action(
        ActionId::First,
        "first",
        "first",
        &["g", "Home"],
        &[S::Global],
        "First row.",
    )
    .unlisted(),
    action(
        ActionId::Last,
        "last",
        "last",
        &["G", "End"],
        &[S::Global],
        "Last row.",
    )
    .unlisted(),
    action(
        ActionId::PageDown,
        "page-down",
        "page down",
        &["PgDn", "C-f"],
        LISTS,
        "A page down.",
    )
    .unlisted(),
    action(
        ActionId::PageUp,
        "page-up",
        "page up",
        &["PgUp", "C-b"],
        LISTS,
        "A page up.",
    )
    .unlisted(),
    action(
        ActionId::HalfDown,
        "half-down",
        "half a page down",
        &["C-d"],
        &[S::Global],
        "Half a page down.",
    )
    .unlisted(),
    action(
        ActionId::HalfUp,
        "half-up",
        "half a page up",
        &["C-u"],
        &[S::Global],
        "Half a page up.",
    )
    .unlisted(),
    action(
        ActionId::Left,
        "left",
        "left",
        &["Left", "h"],
        &[S::Global],
        "Scrolls left, or goes to the pane on the left.",
    )
    .unlisted(),
    action(
        ActionId::Right,
        "right",
        "right",
        &["Right", "l"],
        &[S::Global],
        "Scrolls right, or goes to the pane on the right.",
    )
    .unlisted(),
    action(
        ActionId::Back,
        "back",
        "back",
        &["Esc"],
        &[S::Global],
        "One step back; never quits.",
    )
    .footer(9)
    .unlisted(),
];
