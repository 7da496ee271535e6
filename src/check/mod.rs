//! The lint of a configuration: what is wrong, or probably not meant, beyond what reading it shows.
//!
//! The catalog tells of each key what can't be read, and names that nothing has. This module adds
//! what only shows when the parts are put together (who is sent what) and when they are used:
//! templates are rendered, and conditions evaluated, for a sample or a given object. `check` on
//! the command line prints the findings, with their places in the files; the editor can ask for the
//! same. Nothing is sent, and no file or cluster is read here.

mod complete;
mod conditions;
mod draft;
mod edited;
mod json;
mod lint;
mod parts;
mod reach;
mod rename;
mod render;
mod sample;
mod services;
mod unused;
mod whole;

pub use complete::{Candidate, Completion, CompletionRequest, complete};
pub use draft::{Draft, Fate, Verdict};
pub use edited::{Edited, EditedText, Part, PartState};
pub use lint::{LintOptions, Subject, lint};
pub use rename::{Renamed, rename_key};
pub use whole::{config_map_changes, config_map_text};
