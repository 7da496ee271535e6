//! The lint of a configuration: what is wrong, or probably not meant, beyond what reading it shows.
//!
//! The catalog tells of each key what can't be read, and names that nothing has. This module adds
//! what only shows when the parts are put together (who is sent what) and when they are used:
//! templates are rendered, and conditions evaluated, for a sample or a given object. `check` on
//! the command line prints the findings, with their places in the files; the editor can ask for the
//! same. Nothing is sent, and no file or cluster is read here.

mod conditions;
mod draft;
mod json;
mod lint;
mod parts;
mod reach;
mod render;
mod sample;
mod services;
mod unused;

pub use draft::{Draft, Fate, Verdict};
pub use lint::{LintOptions, Subject, lint};
