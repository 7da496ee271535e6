//! What was wrong with a YAML text.

use crate::domain::Position;
use std::fmt;

/// The step that failed; the original names it in front of its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The text is not YAML.
    Parse,
    /// The YAML does not have the wanted shape.
    Decode,
}

/// A YAML text that could not be read, or did not have the wanted shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong, in the wording of the original's libraries where they have one.
    pub message: String,
    /// Where in the text.
    pub position: Option<Position>,
    /// Which value, for example `[0].send`; empty for the whole document and for syntax errors.
    pub path: String,
    stage: Stage,
}

impl Error {
    pub(super) fn parse(message: impl Into<String>, position: Position) -> Self {
        Self {
            message: message.into(),
            position: Some(position),
            path: String::new(),
            stage: Stage::Parse,
        }
    }

    pub(super) fn decode(message: impl Into<String>, position: Position) -> Self {
        Self {
            message: message.into(),
            position: Some(position),
            path: String::new(),
            stage: Stage::Decode,
        }
    }

    /// The message with the prefix that the original puts before it, for logs.
    pub fn original(&self) -> String {
        let prefix = match self.stage {
            Stage::Parse => "error converting YAML to JSON: ",
            Stage::Decode => "error unmarshaling JSON: while decoding JSON: ",
        };
        format!("{prefix}{}", self.message)
    }

    /// The same error seen from one level further out.
    pub(super) fn within(mut self, segment: &str, position: Position) -> Self {
        self.position.get_or_insert(position);
        if !self.path.is_empty() && !self.path.starts_with('[') {
            self.path.insert(0, '.');
        }
        self.path.insert_str(0, segment);
        self
    }

    /// The same error, at this place unless it has one already.
    pub(super) fn or_at(mut self, position: Position) -> Self {
        self.position.get_or_insert(position);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            position: None,
            path: String::new(),
            stage: Stage::Decode,
        }
    }
}
