//! Everything that can be done, in one list: keys, footer, help, palette and documentation are all
//! made from it.
//!
//! A new action is one entry in one of the tables below and one arm in `update::perform`; whether it is possible
//! now, and if not why, is said by `update::availability`.

mod config;
mod editing;
mod engine;
mod front;
mod moving;
mod program;
mod work;

pub use editing::Editing;

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
    /// Why each notification is, or is not, sent.
    Explain,
    /// Try another condition.
    Try,
    /// Fold everything.
    FoldAll,
    /// Unfold everything.
    UnfoldAll,
    /// Next condition, or next delivery.
    NextItem,
    /// Previous condition, or previous delivery.
    PreviousItem,
    /// Another form of the request.
    Form,
    /// What the delivery's templates see.
    Variables,
    /// Evaluate and render anew, then send.
    Rerender,
    /// Send to another destination.
    SendTo,
    /// Give a delivery up.
    CancelDelivery,
    /// How every condition fares.
    TriggerCounts,
    /// How the services fare.
    Services,
    /// Who is subscribed to what.
    Subscriptions,
    /// The program's own numbers.
    Stats,
    /// Mark the row, or take its mark away.
    Mark,
    /// Mark everything that the filter lets through.
    MarkAll,
    /// Stop what is under way.
    Stop,
    /// Put back what was cleared, or take back what was marked as sent.
    UndoClear,
    /// Mark what is true as sent.
    Baseline,
    /// Send everything that failed again.
    ResendFailed,
    /// Give up everything that waits.
    CancelWaiting,
    /// Send what the flood guard holds.
    ReleaseHeld,
    /// Mark what the flood guard holds as sent.
    BaselineHeld,
    /// Write the history to a file.
    Export,
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
    /// Other colours.
    Theme,
    /// The palette.
    Palette,
    /// The help.
    Help,
    /// What a draft would do to all resources.
    BlastRadius,
    /// A rendered template.
    PreviewNotification,
    /// Another resource to render for.
    PickResource,
    /// Another template to render.
    PickTemplate,
    /// Write the entries that a draft needs.
    MigrateKeys,
    /// Take such entries away.
    UndoMigration,
    /// Check and apply the draft.
    Apply,
    /// Merge the live version into the draft.
    Rebase,
    /// The difference of drafts or versions.
    Diff,
    /// The versions of the ConfigMap.
    Versions,
    /// A version becomes a draft.
    Restore,
    /// Back to the version before what was applied last.
    Rollback,
    /// In a conflict, take what is in the cluster.
    TakeLive,
    /// In a conflict, take what is in the draft.
    TakeMine,
    /// In a conflict, take what merging has given.
    TakeMerged,
    /// In a conflict, edit both.
    EditConflict,
    /// The merged texts become the draft.
    FinishMerge,
    /// Write the ConfigMap to a file.
    ExportConfig,
    /// Subscribe resources.
    Subscribe,
    /// Go on in the form.
    AcceptField,
    /// Write the subscription.
    SendSubscription,
    /// Remove the selected subscription.
    RemoveSubscription,
    /// The object itself, or its owner's template.
    SubscriptionTarget,
    /// Throw the draft away.
    Discard,
    /// Something done to a text, or to drafts.
    Editing(Editing),
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
    /// One resource in full.
    Object,
    /// One thing done to many.
    Bulk,
    /// What a draft would do to all resources.
    Blast,
    /// A rendered template.
    Preview,
    /// What is known of the whole.
    Views,
    /// One delivery.
    Delivery,
    /// A text that is read: an object, a key.
    Text,
    /// The notices.
    Events,
    /// The editor.
    Editor,
    /// The list of what can be written.
    Completion,
    /// A replacement that asks.
    Replacing,
    /// The findings beside the text.
    Findings,
    /// The editor while it is found out what the draft would send.
    Weighing,
    /// The drafts.
    Drafts,
    /// The difference of two versions.
    Diff,
    /// The versions of the ConfigMap.
    Versions,
    /// A merge.
    Merge,
    /// The form for subscriptions.
    Subscribe,
    /// Starting failed.
    Failed,
    /// A question.
    Confirm,
    /// A question that is answered by a name.
    Name,
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
            Self::Object => "Resource",
            Self::Bulk => "Many at once",
            Self::Blast => "Blast radius",
            Self::Preview => "Preview",
            Self::Views => "Views",
            Self::Delivery => "Delivery",
            Self::Text => "Text",
            Self::Events => "Events",
            Self::Editor => "Editor",
            Self::Diff => "Difference",
            Self::Versions => "Versions",
            Self::Merge => "Merge",
            Self::Subscribe => "Subscriptions",
            Self::Completion => "Candidates",
            Self::Replacing => "Replacing",
            Self::Findings => "Findings",
            Self::Weighing => "Before applying",
            Self::Drafts => "Drafts",
            Self::Failed => "No connection",
            Self::Confirm => "Question",
            Self::Name => "Question in a protected context",
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

/// All actions, in the order of the help.
pub fn all() -> impl Iterator<Item = &'static Action> {
    [
        work::ACTIONS,
        config::ACTIONS,
        engine::ACTIONS,
        editing::ACTIONS,
        moving::ACTIONS,
        program::ACTIONS,
        front::ACTIONS,
    ]
    .into_iter()
    .flatten()
}

/// The entry that describes an action best (the first with its id).
pub fn describe(id: ActionId) -> Option<&'static Action> {
    all().find(|action| action.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_keys_can_be_read() {
        let mut names = HashSet::new();
        for action in all() {
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
