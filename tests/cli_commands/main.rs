//! The commands that need no engine, as people call them: what they print, and how they end.

mod check;
mod explain;
mod history;
mod languages;
mod listings;
mod preview;
mod program;
mod service;
