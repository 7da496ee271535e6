//! How Go writes things down: numbers, durations, times, quoted strings, JSON, and RE2 patterns.
//!
//! The original engine is a Go program, and what its users see (template output, oncePer texts,
//! state keys) is Go's text form of values. Both languages here need the same forms, so they live
//! below them. Pure functions, no state.

pub mod duration;
pub mod json;
pub mod number;
pub mod parse;
pub mod quote;
pub mod regex;
pub mod time;
