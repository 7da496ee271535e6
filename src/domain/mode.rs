//! How much the engine may do.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The engine's mode; enforced in the engine, shown by the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Watches and evaluates; sends nothing, writes nothing.
    Observe,
    /// Also renders and records what would be sent.
    DryRun,
    /// Sends, and writes the notified state.
    Active,
}

/// The text was none of the modes.
#[derive(Debug, thiserror::Error)]
#[error("unknown mode '{0}'; expected observe, dry-run or active")]
pub struct ParseModeError(String);

impl FromStr for Mode {
    type Err = ParseModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "observe" => Ok(Self::Observe),
            "dry-run" => Ok(Self::DryRun),
            "active" => Ok(Self::Active),
            other => Err(ParseModeError(other.to_owned())),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Observe => "observe",
            Self::DryRun => "dry-run",
            Self::Active => "active",
        })
    }
}
