//! The filters that people write: words that must occur, `column:value`, and what must not be.
//!
//! Here live the grammar and, built on it, the filter of the history, which the dashboard and
//! `kubechime history` share. The columns of other tables, and where a filter is typed, are the
//! dashboard's.

mod filter;
mod history;
mod range;

pub use filter::{Filter, FilterColumn, Pattern, Term, contains_folded};
pub use history::HistoryQuery;
