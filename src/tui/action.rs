//! Everything that can be done, in one list: keys, footer, help, palette and documentation are all
//! made from it.
//!
//! A new action is one entry of [`ACTIONS`] and one arm in `update::perform`; whether it is possible
//! now, and if not why, is said by `update::availability`.

use super::key::Key;

/// What an action is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionId {
    /// Selection up.
    Up,
    /// Selection down.
    Down,
    /// First row.
    First,
    /// Last row.
    Last,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Half a page up.
    HalfUp,
    /// Half a page down.
    HalfDown,
    /// Sideways left.
    Left,
    /// Sideways right.
    Right,
    /// Next pane.
    NextPane,
    /// Previous pane.
    PreviousPane,
    /// Pane 1.
    Resources,
    /// Pane 2.
    Triggers,
    /// Pane 3.
    History,
    /// Pane 4.
    Keys,
    /// Open what is selected.
    Open,
    /// One step back.
    Back,
    /// Filter the list.
    Filter,
    /// Enlarge the pane.
    Zoom,
    /// Sort by the next column.
    Sort,
    /// Reverse the order.
    Reverse,
    /// Keep to the newest rows.
    Follow,
    /// Send again.
    Resend,
    /// Remove notified state.
    Clear,
    /// Edit a key.
    Edit,
    /// Make a new key.
    NewKey,
    /// Show the object.
    Yaml,
    /// Go to the resource of a delivery.
    GoToResource,
    /// Change the mode.
    Mode,
    /// Take the Lease.
    TakeLease,
    /// List of notices.
    Events,
    /// Copy what is selected.
    Copy,
    /// Change the context.
    Context,
    /// Choose namespaces.
    Namespaces,
    /// Launch again.
    Retry,
    /// Search within a text.
    Search,
    /// Next hit.
    NextHit,
    /// Previous hit.
    PreviousHit,
    /// The mouse on or off.
    Mouse,
    /// The palette.
    Palette,
    /// The help.
    Help,
    /// Check and apply the draft.
    Apply,
    /// Take the live version as the draft's base.
    Rebase,
    /// Throw the draft away.
    Discard,
    /// Undo in the editor.
    Undo,
    /// Leave the editor, keep the draft.
    CloseEditor,
    /// The button with the focus, or the selected entry.
    Accept,
    /// Say yes.
    Yes,
    /// Close what is in front.
    Dismiss,
    /// Other button, or complete the entry.
    Switch,
    /// Leave.
    Quit,
    /// Leave at once unless something is open.
    Interrupt,
    /// Draw everything anew.
    Redraw,
    /// To the shell and back.
    Suspend,
}

/// Where an action's keys work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Wherever nothing is being typed.
    Global,
    /// Any pane of the overview.
    Overview,
    /// Pane 1.
    Resources,
    /// Pane 2.
    Triggers,
    /// Pane 3.
    History,
    /// Pane 4.
    Keys,
    /// One delivery.
    Delivery,
    /// A text that is read: an object, a key.
    Text,
    /// The notices.
    Events,
    /// The editor.
    Editor,
    /// Starting failed.
    Failed,
    /// A question.
    Confirm,
    /// The palette.
    Palette,
    /// The help.
    Help,
    /// A line being typed.
    Prompt,
    /// Everywhere, also while typing.
    Always,
}

impl Scope {
    /// How the help names it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Overview => "Overview",
            Self::Resources => "Resources",
            Self::Triggers => "Triggers",
            Self::History => "History",
            Self::Keys => "ConfigMap keys",
            Self::Delivery => "Delivery",
            Self::Text => "Text",
            Self::Events => "Events",
            Self::Editor => "Editor",
            Self::Failed => "No connection",
            Self::Confirm => "Question",
            Self::Palette => "Palette",
            Self::Help => "Help",
            Self::Prompt => "Input line",
            Self::Always => "Always",
        }
    }
}

/// One thing that can be done.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// Which.
    pub id: ActionId,
    /// Stable name for key files.
    pub name: &'static str,
    /// Short label: footer, help, palette.
    pub title: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// Default keys; the first is shown.
    pub keys: &'static [&'static str],
    /// Where the keys work.
    pub scopes: &'static [Scope],
    /// Writes to the cluster or sends: marked, and off when read-only.
    pub writes: bool,
    /// Place in the footer, from 1; 0 stays out of it.
    pub footer: u8,
    /// Whether the palette lists it.
    pub listed: bool,
}

const fn action(
    id: ActionId,
    name: &'static str,
    title: &'static str,
    keys: &'static [&'static str],
    scopes: &'static [Scope],
    help: &'static str,
) -> Action {
    Action {
        id,
        name,
        title,
        help,
        keys,
        scopes,
        writes: false,
        footer: 0,
        listed: true,
    }
}

impl Action {
    const fn writes(mut self) -> Self {
        self.writes = true;
        self
    }

    const fn footer(mut self, place: u8) -> Self {
        self.footer = place;
        self
    }

    const fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }

    /// The keys, read.
    pub fn parsed_keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.keys.iter().filter_map(|key| Key::parse(key))
    }
}

use Scope as S;

const LISTS: &[Scope] = &[S::Global, S::Palette, S::Help];

/// All actions, in the order of the help.
pub const ACTIONS: &[Action] = &[
    action(
        ActionId::Open,
        "open",
        "open",
        &["Enter"],
        &[S::Overview],
        "Opens what is selected: the triggers of a resource, a delivery, a key.",
    )
    .footer(1),
    action(
        ActionId::Resend,
        "resend",
        "resend",
        &["r"],
        &[S::Resources, S::Triggers, S::History, S::Delivery],
        "Sends again what is selected, after a question that names every destination.",
    )
    .writes()
    .footer(3),
    action(
        ActionId::Clear,
        "clear",
        "clear dedup",
        &["D"],
        &[S::Resources, S::Triggers],
        "Removes notified state, so that what is true is sent again, after a question.",
    )
    .writes()
    .footer(4),
    action(
        ActionId::Yaml,
        "yaml",
        "yaml",
        &["y"],
        &[S::Resources, S::Triggers, S::History, S::Delivery],
        "Shows the whole object as YAML.",
    )
    .footer(5),
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
        ActionId::Edit,
        "edit",
        "edit",
        &["e"],
        &[S::Overview, S::Text],
        "Edits the ConfigMap key; without a ConfigMap, makes one from an example.",
    )
    .footer(3),
    action(
        ActionId::NewKey,
        "new-key",
        "new key",
        &["n"],
        &[S::Keys],
        "Starts a new key of the ConfigMap in the editor.",
    )
    .footer(4),
    action(
        ActionId::Apply,
        "apply",
        "check and apply",
        &["C-s"],
        &[S::Editor],
        "Lets the API server check the draft, then asks, then writes it.",
    )
    .writes()
    .footer(1),
    action(
        ActionId::Undo,
        "undo",
        "undo",
        &["C-u", "C-7", "C-/"],
        &[S::Editor],
        "Takes back the last change of the text.",
    )
    .footer(3)
    .unlisted(),
    action(
        ActionId::Rebase,
        "rebase",
        "rebase",
        &["F5"],
        &[S::Editor],
        "Takes the version that is in the cluster now as the base of the draft; the text stays.",
    )
    .footer(4)
    .unlisted(),
    action(
        ActionId::Discard,
        "discard",
        "discard draft",
        &["F8"],
        &[S::Editor],
        "Throws the draft away, after a question.",
    )
    .footer(5)
    .unlisted(),
    action(
        ActionId::CloseEditor,
        "close-editor",
        "keep draft",
        &["Esc"],
        &[S::Editor],
        "Leaves the editor; the draft is kept, also on disk.",
    )
    .footer(2)
    .unlisted(),
    action(
        ActionId::Search,
        "search",
        "search",
        &["/"],
        &[S::Text, S::Delivery],
        "Searches within the text.",
    )
    .footer(2),
    action(
        ActionId::NextHit,
        "next-hit",
        "next hit",
        &["n"],
        &[S::Text, S::Delivery],
        "Goes to the next place that was searched for.",
    )
    .footer(3),
    action(
        ActionId::PreviousHit,
        "previous-hit",
        "previous hit",
        &["N"],
        &[S::Text, S::Delivery],
        "Goes to the previous place that was searched for.",
    ),
    action(
        ActionId::Retry,
        "retry",
        "try again",
        &["R"],
        &[S::Failed],
        "Starts again with the same context.",
    )
    .footer(1),
    action(
        ActionId::Filter,
        "filter",
        "filter",
        &["/"],
        &[S::Overview, S::Events],
        "Filters the list: words, column:value, ! for not, * for anything.",
    )
    .footer(8),
    action(
        ActionId::Sort,
        "sort",
        "sort",
        &["s"],
        &[S::Resources],
        "Sorts by the next column.",
    ),
    action(
        ActionId::Reverse,
        "reverse",
        "reverse",
        &["S"],
        &[S::Resources],
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
        &[S::Overview, S::Delivery],
        "Goes to the next pane.",
    )
    .footer(2)
    .unlisted(),
    action(
        ActionId::PreviousPane,
        "previous-pane",
        "previous pane",
        &["Shift-Tab"],
        &[S::Overview, S::Delivery],
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
    action(
        ActionId::Mode,
        "mode",
        "mode",
        &["m"],
        &[S::Global],
        "Changes between observe, dry-run and active, after a question.",
    ),
    action(
        ActionId::TakeLease,
        "take-lease",
        "take over sending",
        &["T"],
        &[S::Global],
        "Takes the Lease from the engine that holds it, after a question.",
    )
    .writes(),
    action(
        ActionId::Events,
        "events",
        "events",
        &["!"],
        &[S::Global],
        "Lists what the engine reported, with advice.",
    ),
    action(
        ActionId::Copy,
        "copy",
        "copy",
        &["c"],
        &[S::Global],
        "Copies what is selected to the clipboard, through the terminal.",
    ),
    action(
        ActionId::Context,
        "context",
        "change context",
        &["C-o"],
        &[S::Global],
        "Changes the kubeconfig context (:ctx NAME).",
    ),
    action(
        ActionId::Namespaces,
        "namespaces",
        "choose namespaces",
        &["N"],
        &[S::Overview],
        "Shows only some namespaces (:ns NAME…; :ns alone shows all).",
    ),
    action(
        ActionId::Mouse,
        "mouse",
        "mouse on/off",
        &["M"],
        &[S::Global],
        "Gives the mouse to the terminal, to select text, or takes it back.",
    ),
    action(
        ActionId::Palette,
        "palette",
        "command",
        &[":", "C-p"],
        &[S::Global],
        "Everything that can be done, by name.",
    )
    .footer(10),
    action(
        ActionId::Help,
        "help",
        "help",
        &["?", "F1"],
        &[S::Global],
        "The keys that work here.",
    )
    .footer(11),
    action(
        ActionId::Help,
        "editor-help",
        "help",
        &["F1"],
        &[S::Editor],
        "The keys that work here.",
    )
    .footer(6)
    .unlisted(),
    action(
        ActionId::Quit,
        "quit",
        "quit",
        &["q"],
        &[S::Global, S::Failed],
        "Leaves; asks first when drafts or deliveries are open.",
    )
    .footer(12),
    action(
        ActionId::Accept,
        "accept",
        "accept",
        &["Enter"],
        &[S::Confirm, S::Palette, S::Help, S::Prompt],
        "Does what is selected.",
    )
    .footer(1)
    .unlisted(),
    action(
        ActionId::Yes,
        "yes",
        "yes",
        &["y"],
        &[S::Confirm],
        "Says yes.",
    )
    .footer(2)
    .unlisted(),
    action(
        ActionId::Switch,
        "switch",
        "switch",
        &["Tab", "Left", "Right", "Shift-Tab"],
        &[S::Confirm],
        "Goes to the other button.",
    )
    .footer(3)
    .unlisted(),
    action(
        ActionId::Switch,
        "complete",
        "complete",
        &["Tab"],
        &[S::Palette],
        "Completes the entry.",
    )
    .footer(2)
    .unlisted(),
    action(
        ActionId::Down,
        "entry-down",
        "down",
        &["Down", "C-n"],
        &[S::Palette, S::Help, S::Confirm, S::Prompt],
        "Next entry.",
    )
    .unlisted(),
    action(
        ActionId::Up,
        "entry-up",
        "up",
        &["Up", "C-p"],
        &[S::Palette, S::Help, S::Confirm, S::Prompt],
        "Previous entry.",
    )
    .unlisted(),
    action(
        ActionId::Dismiss,
        "dismiss",
        "close",
        &["Esc"],
        &[S::Confirm, S::Palette, S::Help, S::Prompt],
        "Closes what is in front.",
    )
    .footer(4)
    .unlisted(),
    action(
        ActionId::Dismiss,
        "no",
        "no",
        &["n", "q"],
        &[S::Confirm],
        "Says no.",
    )
    .unlisted(),
    action(
        ActionId::Interrupt,
        "interrupt",
        "quit",
        &["C-c"],
        &[S::Always],
        "Closes what is in front, or leaves; asks first when drafts or deliveries are open.",
    )
    .unlisted(),
    action(
        ActionId::Redraw,
        "redraw",
        "redraw",
        &["C-l"],
        &[S::Always],
        "Draws the screen anew.",
    ),
    action(
        ActionId::Suspend,
        "suspend",
        "suspend",
        &["C-z"],
        &[S::Always],
        "Back to the shell; fg returns.",
    ),
];

/// The entry that describes an action best (the first with its id).
pub fn describe(id: ActionId) -> Option<&'static Action> {
    ACTIONS.iter().find(|action| action.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_keys_can_be_read() {
        let mut names = HashSet::new();
        for action in ACTIONS {
            assert!(names.insert(action.name), "{} twice", action.name);
            assert_eq!(
                action.parsed_keys().count(),
                action.keys.len(),
                "a key of {} can't be read",
                action.name
            );
            assert!(action.help.ends_with('.'), "{}", action.name);
        }
    }
}
