//! What is wrong, where, and what to do about it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Works, but probably not as meant.
    Warning,
    /// The part it names is not in force.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A place in a text; both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One finding about the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable identifier in kebab-case, for example `unknown-template`.
    pub code: String,
    /// The ConfigMap key it is about, for example `trigger.on-pod-ready`; empty for the whole.
    pub key: String,
    /// Where in the *value* of that key.
    pub position: Option<Position>,
    /// What is wrong, one sentence, no secret text.
    pub message: String,
    /// What to do, when there is something to say.
    pub help: Option<String>,
}

impl Diagnostic {
    /// An error about a key.
    pub fn error(code: &str, key: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, key, message)
    }

    /// A warning about a key.
    pub fn warning(code: &str, key: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, key, message)
    }

    fn new(severity: Severity, code: &str, key: &str, message: impl Into<String>) -> Self {
        Self {
            severity,
            code: code.to_owned(),
            key: key.to_owned(),
            position: None,
            message: message.into(),
            help: None,
        }
    }

    /// The same, at a place in the key's value.
    #[must_use]
    pub fn at(mut self, position: impl Into<Option<Position>>) -> Self {
        self.position = position.into();
        self
    }

    /// The same, with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.severity)?;
        if !self.key.is_empty() {
            write!(f, " in {}", self.key)?;
        }
        if let Some(position) = self.position {
            write!(f, ":{position}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(help) = &self.help {
            write!(f, " ({help})")?;
        }
        Ok(())
    }
}
