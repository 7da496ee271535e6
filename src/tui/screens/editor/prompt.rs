//! Lines that are typed for the editor.

/// What a line is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditorPrompt {
    /// What to search for.
    Search,
    /// What to replace.
    ReplaceWhat,
    /// What to put in its place.
    ReplaceWith,
    /// The line to go to.
    GoToLine,
    /// A command of vim's.
    Command,
    /// Another name for this key.
    RenameKey(String),
    /// The name of a copy of this key.
    DuplicateKey(String),
}

impl EditorPrompt {
    /// What stands before the line.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Search => " find: ",
            Self::ReplaceWhat => " replace: ",
            Self::ReplaceWith => " by: ",
            Self::GoToLine => " line: ",
            Self::Command => " :",
            Self::RenameKey(_) => " new name of the key: ",
            Self::DuplicateKey(_) => " name of the copy: ",
        }
    }
}
