//! The editor: one draft in a text buffer, what is known to be wrong with it, its difference to the
//! cluster, and how applying it goes.

mod checks;
mod completion;
mod drawing;
mod line;
mod prompt;
mod search;
mod side;
mod state;

pub use checks::Checks;
pub use completion::Popup;
pub use drawing::{Layout, draw, layout, message, title};
pub use prompt::EditorPrompt;
pub use search::{Replacing, Search};
pub use state::{Editor, Focus, Sample, Step, live_version};

pub use crate::tui::editor::Difference;
