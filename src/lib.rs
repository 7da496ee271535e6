//! Notifications about what happens in a Kubernetes cluster.
//!
//! The crate is one engine with two faces: a daemon that sends notifications, and a terminal UI in
//! which an operator sees why each was, or was not, sent. `src/` reads in the data's direction:
//!
//! | module | what lives there |
//! |---|---|
//! | [`domain`] | the vocabulary: keys, destinations, notified state, deliveries |
//! | [`golang`] | Go's text forms of numbers, times, durations, JSON, and RE2 patterns |
//! | [`yaml`] | the YAML dialect of the ConfigMap |
//! | [`settings`] | our own configuration |
//! | [`telemetry`] | log lines, metrics, health |
//! | [`expr`] | the condition language |
//! | [`template`] | Go templates and Handlebars |
//! | [`service`] | notification services |
//! | [`catalog`] | ConfigMap and Secret, read |
//! | [`check`] | the lint of a configuration |
//! | [`cluster`] | everything that talks to the API server |
//! | [`history`] | the record of deliveries |
//! | [`query`] | the filters that people write |
//! | [`engine`] | from a change to a notification that was sent and recorded |
//! | `tui` | the dashboard (feature `tui`) |
//! | `demo` | the simulated cluster and the webhook receiver (feature `demo`) |
//! | [`cli`] | the command line |
//!
//! Who may use whom is held by `tests/architecture.rs`.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod catalog;
pub mod check;
pub mod cli;
pub mod cluster;
#[cfg(feature = "demo")]
pub mod demo;
pub mod domain;
pub mod engine;
pub mod expr;
pub mod golang;
pub mod history;
pub mod query;
pub mod service;
pub mod settings;
pub mod telemetry;
pub mod template;
#[cfg(feature = "tui")]
pub mod tui;
pub mod yaml;
