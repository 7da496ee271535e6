//! The forms in which listings are printed, as the original's tools print them.

use crate::yaml;
use serde::Serialize;
use std::borrow::Cow;
use std::io::Write as _;

/// Form of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A table.
    Wide,
    /// The names, one per line.
    Name,
    /// JSON, indented by two spaces.
    Json,
    /// YAML with sorted keys.
    Yaml,
}

impl Form {
    /// Reads the value of `-o`; the empty one is the table.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        Ok(match text {
            "" | "wide" => Self::Wide,
            "name" => Self::Name,
            "json" => Self::Json,
            "yaml" => Self::Yaml,
            other => anyhow::bail!("output '{other}' is not supported"),
        })
    }
}

/// A value as JSON with an indentation of two spaces, escaped as Go does.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<String> {
    let mut text = serde_json::to_string_pretty(value)?;
    // All of these only occur within strings.
    for (character, escape) in [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ] {
        if text.contains(character) {
            text = text.replace(character, escape);
        }
    }
    text.push('\n');
    Ok(text)
}

/// A value as YAML.
pub(super) fn yaml(value: &impl Serialize) -> anyhow::Result<String> {
    Ok(yaml::emit(&serde_json::to_value(value)?))
}

/// Prints a text. That nobody reads any more (`| head`) is no failure.
pub(super) fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// A text of a file or a cluster as it can be shown on a terminal: a control character becomes one
/// visible character.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| c.is_control() && c != '\n';
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match c {
        '\t' => ' ',
        c if hidden(c) => '\u{fffd}',
        c => c,
    };
    Cow::Owned(text.chars().map(shown).collect())
}

/// `1 error`, `2 errors`.
pub(super) fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A span of time for people, the two largest units: `3m20s`, `2d4h`.
pub(super) fn span(seconds: i64) -> String {
    const UNITS: [(i64, char); 4] = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];
    let seconds = seconds.max(0);
    let first = UNITS.iter().position(|(unit, _)| seconds >= *unit);
    let Some(first) = first else {
        return "0s".into();
    };
    let mut rest = seconds;
    let mut text = String::new();
    for (unit, letter) in UNITS.iter().skip(first).take(2) {
        if rest >= *unit {
            text.push_str(&format!("{}{letter}", rest / unit));
            rest %= unit;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Case L4.
    #[test]
    fn prints_as_the_original_does() {
        let value = json!({"foo": "bar"});
        assert_eq!(super::json(&value).unwrap(), "{\n  \"foo\": \"bar\"\n}\n");
        assert_eq!(yaml(&value).unwrap(), "foo: bar\n");
        assert_eq!(
            super::json(&"a<b>&").unwrap(),
            "\"a\\u003cb\\u003e\\u0026\"\n"
        );
        assert_eq!(super::json(&json!({})).unwrap(), "{}\n");
    }

    #[test]
    fn forms() {
        assert_eq!(Form::parse("").unwrap(), Form::Wide);
        assert_eq!(
            Form::parse("xml").unwrap_err().to_string(),
            "output 'xml' is not supported"
        );
    }

    #[test]
    fn spans() {
        let cases = [
            (-5, "0s"),
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (200, "3m20s"),
            (90_000, "1d1h"),
            (86_460, "1d"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn terminals_are_safe() {
        assert_eq!(visible("a\u{1b}[2Jb\tc\n"), "a\u{fffd}[2Jb c\n");
    }
}
