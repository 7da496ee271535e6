//! A dashboard with known content at a known time.
#![allow(dead_code, reason = "each test program uses its part")]

#[path = "fixture/cluster.rs"]
mod cluster;
#[path = "fixture/configuration.rs"]
mod configuration;
#[path = "fixture/driving.rs"]
mod driving;
#[path = "fixture/explanation.rs"]
mod explanation;

pub use cluster::*;
pub use configuration::*;
pub use driving::*;
pub use explanation::*;

use jiff::tz::TimeZone;
use kubechime::tui::message::{Msg, Started};
use kubechime::tui::model::Model;
use kubechime::tui::update::start;
use kubechime::tui::{Options, ThemeName};

/// 2026-09-21 14:13:20 UTC.
pub const NOW: i64 = 1_790_000_000_000;

pub fn options() -> Options {
    Options {
        theme: ThemeName::Ansi,
        themes: std::sync::Arc::default(),
        theme_problems: Vec::new(),
        keymap: kubechime::tui::keymap::Keymap::default(),
        key_problems: Vec::new(),
        ascii: false,
        read_only: false,
        mouse: false,
        vim: false,
        state_dir: None,
        log_file: None,
        context: None,
    }
}

/// A model whose engine has just been launched and told nothing yet.
pub fn launched(options: &Options, width: u16, height: u16) -> Model {
    let mut model = Model::new(options, width, height, NOW, TimeZone::UTC);
    start(&mut model);
    let started = Started {
        context: "prod-eu".into(),
        namespace: "default".into(),
        server: "https://10.0.0.1:6443".into(),
        read_only: false,
        protected: false,
        history: false,
        theme: None,
    };
    let session = model.session.id;
    send(&mut model, Msg::Launched(session, Ok(started)));
    model
}

/// A dashboard that has everything, with the first resource inspected.
pub fn full(options: &Options, width: u16, height: u16) -> Model {
    let mut model = launched(options, width, height);
    let effects = batch(&mut model, full_batch());
    answer_inspections(&mut model, effects);
    model
}
