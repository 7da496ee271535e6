//! The dashboard: what runs, what was sent, and why, on one screen.
//!
//! `update` turns a message into a changed [`model::Model`] and the effects it asks for; `view`
//! draws a model; the loop in `run` performs effects and draws when something has changed. Nothing
//! here knows the cluster or sends anything: commands go to the engine, whose handle the program's
//! [`Launcher`] provides, and what the engine tells comes back in batches. Called by `cli`.

pub mod action;
mod clipboard;
pub mod clock;
pub mod compare;
pub mod draft;
pub mod editor;
mod event_loop;
pub mod examples;
pub mod export;
mod external;
pub mod input;
pub mod input_line;
mod jobs;
pub mod key;
pub mod keymap;
mod launch;
pub mod layout;
pub mod manifest;
pub mod message;
pub mod model;
mod pace;
pub mod screens;
pub mod sweep;
pub mod table;
mod terminal;
#[cfg(debug_assertions)]
mod test_panic;
pub mod text;
pub mod theme;
pub mod update;
mod view;
pub mod widgets;
pub mod window;

pub use event_loop::run;
pub use jobs::work;
pub use launch::{ContextChoice, Launcher, Options, Running};
pub use theme::{ThemeName, Themes};
pub use view::{draw, view};
