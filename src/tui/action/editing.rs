//! Writing: within the editor, and what makes drafts.

use super::{Action, ActionId, Scope as S, action};

/// What is done to a text, or to drafts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Editing {
    /// Edit the whole ConfigMap.
    EditAll,
    /// Add the keys of an example.
    NewFromExample,
    /// Give a key another name.
    RenameKey,
    /// A new key with the same text.
    DuplicateKey,
    /// Take a key away.
    DeleteKey,
    /// The list of drafts.
    Drafts,
    /// Do again what was taken back.
    Redo,
    /// Search in the text.
    Find,
    /// Next hit.
    NextHit,
    /// Previous hit.
    PreviousHit,
    /// Search and replace.
    Replace,
    /// Replace this hit.
    ReplaceThis,
    /// Leave this hit.
    SkipThis,
    /// Replace all hits that are left.
    ReplaceAll,
    /// End replacing.
    EndReplacing,
    /// Go to a line.
    GoToLine,
    /// Go to the next finding.
    NextFinding,
    /// Go to the previous finding.
    PreviousFinding,
    /// To the list of findings and back.
    Checks,
    /// Go to the selected finding.
    OpenFinding,
    /// What can be written here.
    Complete,
    /// Write what is selected.
    AcceptCandidate,
    /// Select everything.
    SelectAll,
    /// Cut.
    Cut,
    /// Copy.
    CopyText,
    /// Put in what was cut or copied.
    Paste,
    /// Copy the lines below themselves.
    DuplicateLines,
    /// Remove the lines.
    DeleteLines,
    /// Move the lines up.
    MoveLinesUp,
    /// Move the lines down.
    MoveLinesDown,
    /// Make comments, or texts of comments.
    ToggleComment,
    /// Indent.
    Indent,
    /// Take indentation away.
    Outdent,
    /// Go to the other bracket.
    OtherBracket,
    /// Hand the text to `$EDITOR`.
    External,
}

const fn edit(
    what: Editing,
    name: &'static str,
    title: &'static str,
    keys: &'static [&'static str],
    scopes: &'static [S],
    help: &'static str,
) -> Action {
    action(ActionId::Editing(what), name, title, keys, scopes, help)
}

const TEXT: &[S] = &[S::Editor];

pub(super) const ACTIONS: &[Action] = &[
    edit(
        Editing::EditAll,
        "edit-all",
        "edit all keys",
        &["E"],
        &[S::Keys],
        "Edits the whole ConfigMap as YAML; only the keys that change are written.",
    )
    .footer(9),
    edit(
        Editing::NewFromExample,
        "new-from-example",
        "new from example",
        &["A"],
        &[S::Keys],
        "Adds the keys of an example to the ConfigMap, as a draft.",
    ),
    edit(
        Editing::RenameKey,
        "rename-key",
        "rename key",
        &["R"],
        &[S::Keys],
        "Gives the key another name, also where other keys refer to it, as a draft.",
    ),
    edit(
        Editing::DuplicateKey,
        "duplicate-key",
        "duplicate key",
        &["C"],
        &[S::Keys],
        "Starts a new key with the text of this one.",
    ),
    edit(
        Editing::DeleteKey,
        "delete-key",
        "delete key",
        &["X"],
        &[S::Keys],
        "Takes the key away, as a draft.",
    ),
    edit(
        Editing::Drafts,
        "drafts",
        "drafts",
        &["9"],
        &[S::Overview],
        "Lists the drafts with their ages, and whether the cluster has changed since.",
    ),
    edit(
        Editing::Complete,
        "complete-text",
        "complete",
        &["C-Space", "A-c"],
        TEXT,
        "Lists what can be written here: keys, names, fields of the object, functions.",
    )
    .footer(3)
    .unlisted(),
    edit(
        Editing::AcceptCandidate,
        "accept-candidate",
        "write it",
        &["Enter", "Tab"],
        &[S::Completion],
        "Writes what is selected.",
    )
    .footer(1)
    .unlisted(),
    edit(
        Editing::NextFinding,
        "next-finding",
        "next finding",
        &["F2"],
        &[S::Editor, S::Findings],
        "Goes to the next finding of the checks.",
    )
    .footer(4)
    .unlisted(),
    edit(
        Editing::PreviousFinding,
        "previous-finding",
        "previous finding",
        &["S-F2", "A-F2"],
        &[S::Editor, S::Findings],
        "Goes to the previous finding of the checks.",
    )
    .unlisted(),
    edit(
        Editing::Checks,
        "checks",
        "checks",
        &["C-t"],
        &[S::Editor, S::Findings],
        "Goes to the list of findings, and back to the text.",
    )
    .footer(10)
    .unlisted(),
    edit(
        Editing::OpenFinding,
        "open-finding",
        "go there",
        &["Enter"],
        &[S::Findings],
        "Goes to the place of the finding.",
    )
    .footer(1)
    .unlisted(),
    edit(
        Editing::External,
        "external-editor",
        "$EDITOR",
        &["F4"],
        TEXT,
        "Hands the text to $VISUAL or $EDITOR, and takes back what it has saved.",
    )
    .footer(5)
    .unlisted(),
    edit(Editing::Redo, "redo", "redo", &["C-y"], TEXT, "Does again what was taken back.")
        .unlisted(),
    edit(
        Editing::Find,
        "find",
        "find",
        &["C-f"],
        TEXT,
        "Searches in the text; with capital letters the case matters.",
    )
    .footer(11)
    .unlisted(),
    edit(
        Editing::NextHit,
        "find-next",
        "next hit",
        &["A-n"],
        TEXT,
        "Goes to the next place that was searched for.",
    )
    .unlisted(),
    edit(
        Editing::PreviousHit,
        "find-previous",
        "previous hit",
        &["A-p"],
        TEXT,
        "Goes to the previous place that was searched for.",
    )
    .unlisted(),
    edit(
        Editing::Replace,
        "replace",
        "replace",
        &["C-r"],
        TEXT,
        "Replaces a text by another one, and asks hit by hit or for all at once.",
    )
    .unlisted(),
    edit(
        Editing::ReplaceThis,
        "replace-this",
        "replace",
        &["y"],
        &[S::Replacing],
        "Replaces this hit and goes on.",
    )
    .footer(1)
    .unlisted(),
    edit(
        Editing::SkipThis,
        "skip-this",
        "skip",
        &["n"],
        &[S::Replacing],
        "Leaves this hit and goes on.",
    )
    .footer(2)
    .unlisted(),
    edit(
        Editing::ReplaceAll,
        "replace-all",
        "all that are left",
        &["a"],
        &[S::Replacing],
        "Replaces this hit and all behind it.",
    )
    .footer(3)
    .unlisted(),
    edit(
        Editing::EndReplacing,
        "end-replacing",
        "end",
        &["Esc", "q"],
        &[S::Replacing],
        "Ends replacing.",
    )
    .footer(4)
    .unlisted(),
    edit(
        Editing::GoToLine,
        "go-to-line",
        "go to line",
        &["C-g"],
        TEXT,
        "Goes to a line, or line:column.",
    )
    .unlisted(),
    edit(
        Editing::SelectAll,
        "select-all",
        "select all",
        &["C-a"],
        TEXT,
        "Selects the whole text.",
    )
    .unlisted(),
    edit(
        Editing::Cut,
        "cut",
        "cut",
        &["C-x", "S-Delete"],
        TEXT,
        "Cuts the selection, or the whole line; also to the clipboard of the terminal.",
    )
    .unlisted(),
    edit(
        Editing::CopyText,
        "copy-text",
        "copy",
        &["C-Insert", "A-w"],
        TEXT,
        "Copies the selection, or the whole line; also to the clipboard of the terminal.",
    )
    .unlisted(),
    edit(
        Editing::Paste,
        "paste",
        "paste",
        &["C-v", "S-Insert"],
        TEXT,
        "Puts in what was cut or copied here; what other programs copied comes by the terminal's own key.",
    )
    .unlisted(),
    edit(
        Editing::DuplicateLines,
        "duplicate-line",
        "duplicate line",
        &["C-d"],
        TEXT,
        "Puts a copy of the selected lines, or of the line, below.",
    )
    .unlisted(),
    edit(
        Editing::DeleteLines,
        "delete-line",
        "delete line",
        &["A-k"],
        TEXT,
        "Removes the selected lines, or the line.",
    )
    .unlisted(),
    edit(
        Editing::MoveLinesUp,
        "move-line-up",
        "move line up",
        &["A-Up"],
        TEXT,
        "Moves the selected lines, or the line, up.",
    )
    .unlisted(),
    edit(
        Editing::MoveLinesDown,
        "move-line-down",
        "move line down",
        &["A-Down"],
        TEXT,
        "Moves the selected lines, or the line, down.",
    )
    .unlisted(),
    edit(
        Editing::ToggleComment,
        "toggle-comment",
        "comment",
        &["A-/", "A-3"],
        TEXT,
        "Makes comments of the selected lines, or texts of comments.",
    )
    .unlisted(),
    edit(
        Editing::Indent,
        "indent",
        "indent",
        &["Tab"],
        TEXT,
        "Indents the selected lines; puts blanks in where nothing is selected.",
    )
    .unlisted(),
    edit(
        Editing::Outdent,
        "outdent",
        "unindent",
        &["Shift-Tab"],
        TEXT,
        "Takes a level of indentation away.",
    )
    .unlisted(),
    edit(
        Editing::OtherBracket,
        "other-bracket",
        "other bracket",
        &["A-m"],
        TEXT,
        "Goes to the bracket that belongs to the one at the cursor.",
    )
    .unlisted(),
    action(
        ActionId::Down,
        "candidate-down",
        "down",
        &["Down", "C-n"],
        &[S::Completion],
        "Next candidate.",
    )
    .unlisted(),
    action(
        ActionId::Up,
        "candidate-up",
        "up",
        &["Up", "C-p"],
        &[S::Completion],
        "Previous candidate.",
    )
    .unlisted(),
    action(
        ActionId::Down,
        "finding-down",
        "down",
        &["Down", "j"],
        &[S::Findings],
        "Next finding.",
    )
    .unlisted(),
    action(
        ActionId::Up,
        "finding-up",
        "up",
        &["Up", "k"],
        &[S::Findings],
        "Previous finding.",
    )
    .unlisted(),
    action(
        ActionId::Open,
        "open-draft",
        "open",
        &["Enter"],
        &[S::Drafts],
        "Opens the draft in the editor.",
    )
    .footer(1)
    .unlisted(),
    action(
        ActionId::Discard,
        "discard-listed",
        "discard",
        &["X", "F8"],
        &[S::Drafts],
        "Throws the draft away, after a question.",
    )
    .footer(2)
    .unlisted(),
];
