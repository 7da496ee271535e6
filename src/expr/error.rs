//! What is wrong with an expression, for people and for logs.

use crate::domain::Position;
use std::fmt;

/// A part of the source, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The text of this part; empty when the source is another one.
    pub fn of<'s>(&self, source: &'s str) -> &'s str {
        source.get(self.start..self.end).unwrap_or("")
    }
}

/// Why an expression does not compile.
#[derive(Clone, Debug, PartialEq)]
pub struct CompileError(Box<Details>);

/// Why an expression could not be evaluated on this object.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalError(Box<Details>);

#[derive(Clone, Debug, PartialEq)]
struct Details {
    message: String,
    /// What to do about it, if there is something to say.
    help: Option<String>,
    span: Span,
    /// Byte where the original puts its caret.
    at: usize,
    position: Position,
    source: String,
}

impl Details {
    fn new(source: &str, at: usize, span: Span, message: String) -> Box<Self> {
        Box::new(Self {
            message,
            help: None,
            span,
            at,
            position: position(source, at),
            source: source.to_owned(),
        })
    }

    /// The original's text: message, place, the line, and a caret under it.
    fn original(&self) -> String {
        let line = self.line();
        let column = self.position.column as usize - 1;
        let mut text = format!("{} ({})", self.message, self.position);
        // The original draws no caret where the line is not plain ASCII up to it.
        let plain = line.chars().take(column + 1).all(|c| c.is_ascii());
        text.push_str("\n | ");
        text.push_str(&line);
        if plain {
            text.push_str("\n | ");
            text.push_str(&".".repeat(column));
            text.push('^');
        }
        text
    }

    fn line(&self) -> String {
        let number = self.position.line as usize - 1;
        let line = self.source.split('\n').nth(number).unwrap_or("");
        line.replace('\t', " ")
    }

    /// For people: what, where, the line with the offending part underlined, and advice.
    fn render(&self) -> String {
        let start = self.span.start.min(self.source.len());
        let place = position(&self.source, start);
        let line = self
            .source
            .split('\n')
            .nth(place.line as usize - 1)
            .unwrap_or("")
            .replace('\t', " ");
        let column = place.column as usize - 1;
        let length = line.chars().count();
        let width = self.span.of(&self.source).split('\n').next().unwrap_or("");
        let width = width
            .chars()
            .count()
            .clamp(1, length.saturating_sub(column).max(1));
        // Long lines are cut around the place.
        const BEFORE: usize = 60;
        const AFTER: usize = 80;
        let skipped = column.saturating_sub(BEFORE);
        let shown: String = line.chars().skip(skipped).take(BEFORE + AFTER).collect();
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        let mut text = format!("{}\n", self.message);
        text.push_str(&format!("{margin}--> {}:{}\n", place.line, place.column));
        text.push_str(&format!("{number} | {}\n", visible(&shown)));
        text.push_str(&format!(
            "{margin} | {}{}",
            " ".repeat(column - skipped),
            "^".repeat(width.min(AFTER))
        ));
        if let Some(help) = &self.help {
            text.push_str(&format!("\n{margin} = help: {help}"));
        }
        text
    }
}

/// Control characters must not reach a terminal, each becomes one visible character.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// Line and column of a byte, both from 1, columns in characters.
pub(super) fn position(source: &str, at: usize) -> Position {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    let before = &source[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        line: u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX),
        column: u32::try_from(before[line_start..].chars().count() + 1).unwrap_or(u32::MAX),
    }
}

macro_rules! accessors {
    ($error:ident) => {
        impl $error {
            pub(super) fn new(
                source: &str,
                at: usize,
                span: Span,
                message: impl Into<String>,
            ) -> Self {
                Self(Details::new(source, at, span, message.into()))
            }

            #[must_use]
            pub(super) fn with_help(mut self, help: Option<String>) -> Self {
                self.0.help = help;
                self
            }

            /// What is wrong, in the original's words, without the place.
            pub fn message(&self) -> &str {
                &self.0.message
            }

            /// What to do about it, if there is something to say.
            pub fn help(&self) -> Option<&str> {
                self.0.help.as_deref()
            }

            /// The offending part of the source.
            pub fn span(&self) -> Span {
                self.0.span
            }

            /// Line and column where the original points.
            pub fn position(&self) -> Position {
                self.0.position
            }

            /// The original's whole text, with place, line and caret: what its logs show.
            pub fn original(&self) -> String {
                self.0.original()
            }

            /// Several lines for people: message, place, the line with the offending part
            /// underlined, advice.
            pub fn render(&self) -> String {
                self.0.render()
            }
        }

        impl fmt::Display for $error {
            /// One line: message, place, advice.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} ({})", self.0.message, self.0.position)?;
                match &self.0.help {
                    Some(help) => write!(f, ": {help}"),
                    None => Ok(()),
                }
            }
        }

        impl std::error::Error for $error {}
    };
}

accessors!(CompileError);
accessors!(EvalError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_original_form() {
        let error = CompileError::new(
            "a b",
            2,
            Span::new(2, 3),
            "unexpected token Identifier(\"b\")",
        );
        assert_eq!(
            error.original(),
            "unexpected token Identifier(\"b\") (1:3)\n | a b\n | ..^"
        );
    }

    #[test]
    fn for_people() {
        let error = EvalError::new(
            "x and\n\tpod.status.fase.y",
            22,
            Span::new(7, 24),
            "cannot fetch y from <nil>",
        )
        .with_help(Some("did you mean 'phase'?".into()));
        assert_eq!(
            error.render(),
            "cannot fetch y from <nil>\n \
             --> 2:2\n\
             2 |  pod.status.fase.y\n  \
             |  ^^^^^^^^^^^^^^^^^\n  \
             = help: did you mean 'phase'?"
        );
    }
}
