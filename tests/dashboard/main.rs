//! The dashboard as its users have it: the built program in a terminal, on a simulated cluster.

#![cfg(all(feature = "tui", feature = "demo", unix))]

#[path = "../support/terminal.rs"]
mod terminal;

mod appearance;
mod contexts;
mod deliveries;
mod demo;
mod editing;
mod explaining;
mod held;
mod leaving;
mod looking;
mod many;
mod merging;
mod migrating;
mod mouse;
mod pictures;
mod protected;
mod sizes;
mod stage;
mod svg;
mod trouble;
mod writing;
