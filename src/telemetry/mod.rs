//! What the program says about itself: log lines, metrics, health.

mod format;
mod health;
mod log;

pub use health::{Health, HealthServer};
pub use log::{LogForm, LogTarget, init_log};
