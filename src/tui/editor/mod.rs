//! The text that is edited, and what is known of it without asking anybody: undo, motions, search,
//! brackets, colours, vim's commands.
//!
//! Pure: no model, no screen, no catalog. The screen `screens::editor` owns a [`TextBuffer`] and
//! draws it; `update` drives it; what a text means is said by `check`.

mod brackets;
mod buffer;
mod difference;
pub mod highlight;
mod lines;
mod motion;
mod search;
mod typing;
mod vim;

pub use buffer::{Place, TextBuffer};
pub use difference::{Difference, LineMark};
pub use motion::Motion;
pub use search::{Hit, find_all};
pub use typing::Typed;
pub use vim::{Mode, Outcome, Vim};

/// Text that was cut or copied within the editor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clip {
    /// The text.
    pub text: String,
    /// It is made of whole lines, and is put between lines.
    pub lines: bool,
}
