//! Findings with their place in a file, and how people see them there.

use super::output::visible;
use crate::domain::{Diagnostic, Position, Severity};
use serde::Serialize;

/// Longest part of a line that is shown, in characters.
const WIDTH: usize = 140;

/// Characters shown before the place in a longer line.
const BEFORE: usize = 60;

/// What standard input is called.
pub(super) const STDIN: &str = "<stdin>";

/// A finding where somebody can go to and mend it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding {
    /// The file; for what is read from a cluster, what it is called there.
    pub(super) file: String,
    /// The line in it, from 1; `None` for the whole.
    pub(super) line: Option<u32>,
    /// The column in characters, from 1.
    pub(super) column: Option<u32>,
    /// How bad it is.
    pub(super) severity: Severity,
    /// Stable identifier in kebab-case.
    pub(super) code: String,
    /// What is wrong.
    pub(super) message: String,
    /// What to do.
    pub(super) help: Option<String>,
    /// Name of the ConfigMap; empty when it is not about one.
    pub(super) config_map: String,
    /// Its namespace, as it is written; may be empty.
    pub(super) namespace: String,
    /// The key in it; empty for the whole.
    pub(super) key: String,
    /// The line with the place.
    #[serde(skip)]
    pub(super) excerpt: Option<String>,
    /// There is a file of this name: it is not standard input or a cluster.
    #[serde(skip)]
    pub(super) in_file: bool,
}

impl Finding {
    /// A diagnostic at a place in a file of this text.
    pub(super) fn at(
        diagnostic: Diagnostic,
        file: &str,
        position: Option<Position>,
        text: &str,
    ) -> Self {
        let line = position.and_then(|position| {
            let index = usize::try_from(position.line.checked_sub(1)?).ok()?;
            text.lines().nth(index)
        });
        Self {
            file: file.to_owned(),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
            severity: diagnostic.severity,
            code: diagnostic.code,
            message: diagnostic.message,
            help: diagnostic.help,
            config_map: String::new(),
            namespace: String::new(),
            key: diagnostic.key,
            excerpt: line.map(str::to_owned),
            in_file: file != STDIN,
        }
    }

    /// Several lines for people: place, what is wrong, the line with the place underlined, advice.
    pub(super) fn render(&self) -> String {
        let mut text = self.file.clone();
        for number in [self.line, self.column].into_iter().flatten() {
            text.push_str(&format!(":{number}"));
        }
        text.push_str(&format!(": {}[{}]: ", self.severity, self.code));
        text.push_str(&indented(&self.message));
        text.push('\n');
        let number = self.line.map(|line| line.to_string()).unwrap_or_default();
        let margin = " ".repeat(number.len().max(1));
        if let (Some(line), Some(column)) = (&self.excerpt, self.column) {
            let (shown, from, width) = window(line, column);
            text.push_str(&format!("{margin} |\n{number} | {shown}\n"));
            let mark = "^".repeat(width);
            text.push_str(&format!("{margin} | {}{mark}\n", " ".repeat(from)));
        }
        if let Some(help) = &self.help {
            text.push_str(&format!("{margin} = help: {}\n", indented(help)));
        }
        let name = match self.namespace.as_str() {
            "" => self.config_map.clone(),
            namespace => format!("{namespace}/{}", self.config_map),
        };
        match (self.key.as_str(), name.as_str()) {
            (_, "") => {}
            ("", name) => text.push_str(&format!("{margin} = in ConfigMap {name}\n")),
            (key, name) => text.push_str(&format!("{margin} = in {key} of ConfigMap {name}\n")),
        }
        visible(&text).into_owned()
    }
}

fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n    ")
}

/// The part of a line around a column, how many characters of it stand before the place, and how
/// many to underline: the word that begins there.
fn window(line: &str, column: u32) -> (String, usize, usize) {
    let at = usize::try_from(column)
        .unwrap_or(usize::MAX)
        .saturating_sub(1);
    let length = line.chars().count();
    let at = at.min(length);
    let skipped = if length > WIDTH {
        at.saturating_sub(BEFORE)
    } else {
        0
    };
    let shown: String = line.chars().skip(skipped).take(WIDTH).collect();
    let word = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$');
    let width = line.chars().skip(at).take_while(word).count();
    (shown, at - skipped, width.clamp(1, WIDTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_underlined_where_it_stands() {
        let text = "data:\n  trigger.a: |\n    - when: é\tphase ==\n";
        let position = Position {
            line: 3,
            column: 15,
        };
        let diagnostic =
            Diagnostic::error("bad-expression", "trigger.a", "no\nway").help("mend it");
        let finding = Finding {
            config_map: "cm".into(),
            ..Finding::at(diagnostic, "a.yaml", Some(position), text)
        };
        assert_eq!(
            finding.render(),
            "a.yaml:3:15: error[bad-expression]: no\n    way\n  |\n3 |     - when: é phase ==\n  \
             |               ^^^^^\n  = help: mend it\n  = in trigger.a of ConfigMap cm\n"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let line = format!("{}word{}", "x ".repeat(500), " y".repeat(500));
        let (shown, from, width) = window(&line, 1001);
        assert_eq!(shown.chars().count(), WIDTH);
        assert_eq!(&shown[from..from + width], "word");
        assert_eq!(window("", 9), (String::new(), 0, 1));
    }
}
