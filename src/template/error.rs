//! Errors of templates: why a template is refused, or why its rendering stopped.

use std::fmt;

/// Why a template cannot be parsed or rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// At which stage it went wrong.
    pub kind: ErrorKind,
    /// What is wrong, in the wording of Go's `text/template`, with the template's name and the
    /// position.
    pub message: String,
    /// The line in the source, from 1; 0 when unknown.
    pub line: usize,
    /// The column in that line, in characters, from 1; 0 when unknown.
    pub column: usize,
    /// What to do about it, where we know.
    pub help: Option<String>,
}

/// The stage at which a template failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The source is not a template.
    Parse,
    /// Rendering failed for these variables.
    Exec,
    /// Rendering or parsing would have used too much time, memory or stack.
    Limit,
}

/// How messages about functions that [`Limits`](super::Limits) don't allow end.
pub(super) const SWITCHED_OFF: &str = "switched off in the settings of templates";

impl TemplateError {
    /// Whether it stopped at a function that [`Limits`](super::Limits) don't allow, so that nothing
    /// is known about how it goes on.
    pub fn is_switched_off(&self) -> bool {
        self.kind == ErrorKind::Limit && self.message.contains(SWITCHED_OFF)
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TemplateError {}

/// Why a function, or the evaluation of a node, failed; becomes a [`TemplateError`] once the place
/// is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Whether a limit was reached.
    pub limit: bool,
    /// What went wrong.
    pub message: String,
}

impl Failure {
    /// A failure that Go has as well.
    pub fn new(message: impl Into<String>) -> Self {
        Failure {
            limit: false,
            message: message.into(),
        }
    }

    /// What a function says that [`Limits`](super::Limits) don't allow: `getHostByName is`.
    pub fn switched_off(what: &str) -> Self {
        Failure::limit(format!("{what} {SWITCHED_OFF}"))
    }

    /// A limit of ours.
    pub fn limit(message: impl Into<String>) -> Self {
        Failure {
            limit: true,
            message: message.into(),
        }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure::new(message)
    }
}

impl From<&str> for Failure {
    fn from(message: &str) -> Self {
        Failure::new(message)
    }
}
