//! Notifications about what happens in a Kubernetes cluster.
//!
//! The crate is one engine with two faces: a daemon that sends notifications, and a terminal UI in
//! which an operator sees why each was, or was not, sent. `src/` reads in the data's direction:
//! `settings` → `cluster` → `catalog` → `expr`, `template` → `engine` → `service` → `history` →
//! `tui`, with `domain` as the vocabulary under all of them.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod domain;
pub mod golang;
