//! The dashboard as its users have it: the built program in a terminal, on a simulated cluster.

#![cfg(all(feature = "tui", feature = "demo", unix))]

#[path = "../support/terminal.rs"]
mod terminal;

mod demo;
mod editing;
mod leaving;
mod looking;
mod migrating;
mod stage;
mod trouble;
mod writing;
