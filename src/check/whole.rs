//! A whole ConfigMap as the YAML text that an editor shows: made from its data, and read back.

use crate::domain::{Diagnostic, Position};
use crate::yaml::{self, Node};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The data of a ConfigMap in a text, each key with its node, in the order of the text.
pub(super) struct Data {
    /// Where `metadata.name` stands, and what it says.
    pub(super) name: Option<(String, Position)>,
    /// The keys.
    pub(super) entries: Vec<DataEntry>,
}

/// One key of `data`.
pub(super) struct DataEntry {
    pub(super) key: String,
    pub(super) at: Position,
    pub(super) value: Node,
    pub(super) text: String,
}

/// A ConfigMap as YAML, fit to be edited: every text of more than one line is a block, byte for
/// byte, whatever blanks it has. Comments are no part of a ConfigMap: there are none.
pub fn config_map_text(namespace: &str, name: &str, data: &BTreeMap<String, String>) -> String {
    let mut out = String::from("apiVersion: v1\nkind: ConfigMap\nmetadata:\n");
    // Writing to a String can't fail.
    let _ = writeln!(out, "  name: {}", quoted(name));
    if !namespace.is_empty() {
        let _ = writeln!(out, "  namespace: {}", quoted(namespace));
    }
    out.push_str(if data.is_empty() {
        "data: {}\n"
    } else {
        "data:\n"
    });
    for (key, text) in data {
        let _ = write!(out, "  {key}: ");
        block(&mut out, text);
    }
    out
}

/// A scalar of one line: as it is where YAML reads the same text, else in quotes.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if letter
        && text.chars().all(plain)
        && yaml::parse(text).is_ok_and(|node| node.as_text() == Some(text))
    {
        return text.to_owned();
    }
    serde_json::Value::String(text.to_owned()).to_string()
}

fn block(out: &mut String, text: &str) {
    let odd = |c: char| {
        c != '\n'
            && c != '\t'
            && (c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}'))
    };
    let body = text.trim_end_matches('\n');
    // Blanks at the beginning of a line break need an explicit indentation.
    let first = body.trim_start_matches('\n');
    if !text.contains('\n')
        || text.chars().any(odd)
        || first.is_empty()
        || body.contains("\n\t")
        || first.starts_with('\t')
    {
        out.push_str(&quoted(text));
        out.push('\n');
        return;
    }
    out.push('|');
    if first.starts_with(' ') || body.starts_with('\n') {
        out.push('2');
    }
    let ends = text.len() - body.len();
    match ends {
        0 => out.push('-'),
        1 => {}
        _ => out.push('+'),
    }
    out.push('\n');
    for line in body.split('\n') {
        if !line.is_empty() {
            out.push_str("    ");
            out.push_str(line);
        }
        out.push('\n');
    }
    for _ in 1..ends {
        out.push('\n');
    }
}

/// The data of the first ConfigMap in a text.
pub(super) fn read(text: &str) -> Result<Data, Diagnostic> {
    let error = |message: String, at: Option<Position>| {
        Diagnostic::error("bad-config-map", "", message).at(at)
    };
    let documents = yaml::parse_all(text).map_err(|wrong| {
        error(wrong.message.clone(), wrong.position)
            .help("the whole text must be YAML before anything else can be said")
    })?;
    let is_config_map =
        |document: &&Node| document.get("kind").and_then(Node::as_text) == Some("ConfigMap");
    let Some(document) = documents.iter().find(is_config_map) else {
        let first = documents.first().map(|document| document.position);
        return Err(error(
            "the text has no document with kind: ConfigMap".into(),
            first,
        ));
    };
    let name = document
        .get("metadata")
        .and_then(|metadata| metadata.get("name"));
    let name = name.and_then(|node| Some((node.to_text()?.into_owned(), node.position)));
    let Some(data) = document.get("data") else {
        return Err(error(
            "the ConfigMap has no keys under data:".into(),
            Some(document.position),
        ));
    };
    let Some(members) = data.as_mapping() else {
        let message = "data: is to be a mapping of keys to texts".to_owned();
        return Err(error(message, Some(data.position)));
    };
    let mut entries: Vec<DataEntry> = Vec::with_capacity(members.len());
    for member in members {
        let key = member.key.to_text().unwrap_or_default().into_owned();
        if member.value.is_null() {
            return Err(error(
                format!("the key {key} has no text"),
                Some(member.key.position),
            )
            .help("remove the key, or write its text: '' is an empty one"));
        }
        let Some(text) = member.value.as_text() else {
            let found = member.value.json_type();
            return Err(error(
                format!("the text of {key} is YAML of the ConfigMap itself ({found}), not a text"),
                Some(member.value.position),
            )
            .help("write '|' behind the key, and its text indented below"));
        };
        if entries.iter().any(|entry| entry.key == key) {
            let message = format!("the key {key} is written twice");
            return Err(error(message, Some(member.key.position)));
        }
        entries.push(DataEntry {
            at: member.key.position,
            text: text.to_owned(),
            value: member.value.clone(),
            key,
        });
    }
    if entries.is_empty() {
        return Err(error(
            "the ConfigMap has no keys under data:".into(),
            Some(data.position),
        ));
    }
    Ok(Data { name, entries })
}

/// What applying a whole text would write: the keys that are new or other than in `base`, and
/// (`None`) those that are not in it any more. Without a base, all keys.
///
/// # Errors
/// What is wrong with the text, with its place in it.
pub fn config_map_changes(
    base: Option<&str>,
    text: &str,
) -> Result<BTreeMap<String, Option<String>>, Diagnostic> {
    let new = read(text)?;
    // What the base was made from can be read; if not, everything is written.
    let old = base.and_then(|base| read(base).ok());
    let old: BTreeMap<String, String> = old
        .into_iter()
        .flat_map(|old| old.entries)
        .map(|entry| (entry.key, entry.text))
        .collect();
    Ok(changed(&new, &old))
}

/// The difference of two readings.
pub(super) fn changed(
    new: &Data,
    old: &BTreeMap<String, String>,
) -> BTreeMap<String, Option<String>> {
    let kept: std::collections::BTreeSet<&str> =
        new.entries.iter().map(|entry| entry.key.as_str()).collect();
    let gone = old.keys().filter(|key| !kept.contains(key.as_str()));
    let mut changes: BTreeMap<String, Option<String>> =
        gone.map(|key| (key.clone(), None)).collect();
    for entry in &new.entries {
        if old.get(&entry.key) != Some(&entry.text) {
            changes.insert(entry.key.clone(), Some(entry.text.clone()));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(texts: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = |(key, text): &(&str, &str)| ((*key).to_owned(), (*text).to_owned());
        texts.iter().map(own).collect()
    }

    /// Whatever a ConfigMap holds comes back byte for byte, and unchanged it changes nothing.
    #[test]
    fn every_text_survives() {
        let texts = [
            "",
            "a",
            "a\n",
            "a\nb",
            "a\nb\n",
            "a\nb\n\n\n",
            "\n",
            "\n\na\n",
            "  a\n b\n",
            "a \n \nb\n",
            "\ta\n\tb\n",
            "a\r\nb\r\n",
            "true",
            "010",
            "# x",
            "a: b",
            "é\u{202e}\n日本\n",
            "\u{1b}[2J\n",
            "- when: |-\n    a\n\n    b\n  send: []\n",
            "null\n",
            "a\n\t\n",
            "\u{feff}a\nb\n",
            " ",
            "a\n  ",
        ];
        for text in texts {
            let all = data(&[("trigger.a", text), ("template.b", "message: x\n")]);
            let yaml = config_map_text("default", "cm", &all);
            let read = read(&yaml).unwrap_or_else(|error| panic!("{text:?}: {error}\n{yaml}"));
            let back: BTreeMap<String, String> = read
                .entries
                .into_iter()
                .map(|entry| (entry.key, entry.text))
                .collect();
            assert_eq!(back, all, "{yaml}");
            assert_eq!(config_map_changes(Some(&yaml), &yaml), Ok(BTreeMap::new()));
        }
    }

    #[test]
    fn texts_of_several_lines_can_be_read() {
        let yaml = config_map_text(
            "",
            "cm",
            &data(&[("trigger.a", "- when: x\n  send: [a]\n")]),
        );
        assert!(
            yaml.ends_with("  trigger.a: |\n    - when: x\n      send: [a]\n"),
            "{yaml}"
        );
    }

    #[test]
    fn only_what_changed_is_written() {
        let base = config_map_text("n", "cm", &data(&[("a", "1\n2\n"), ("b", "x"), ("c", "y")]));
        let text = config_map_text("n", "cm", &data(&[("a", "1\n2\n"), ("b", "z"), ("d", "w")]));
        let changes = config_map_changes(Some(&base), &text).expect("is read");
        let expected = [("b", Some("z")), ("c", None), ("d", Some("w"))];
        let expected = expected.map(|(key, text)| (key.to_owned(), text.map(str::to_owned)));
        assert_eq!(changes, BTreeMap::from(expected));
        let all = config_map_changes(None, &text).expect("is read");
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn mistakes_have_their_places() {
        for (text, place, part) in [
            ("", None, "no document"),
            ("kind: Secret", Some((1, 1)), "no document"),
            ("kind: ConfigMap\ndata: {}", Some((2, 7)), "no keys"),
            ("kind: ConfigMap\ndata:\n  a: [\n", Some((3, 6)), ""),
            (
                "kind: ConfigMap\ndata:\n  a:\n    b: c\n",
                Some((4, 5)),
                "write '|'",
            ),
            ("kind: ConfigMap\ndata:\n  a: 5\n", Some((3, 6)), "number"),
            (
                "kind: ConfigMap\ndata:\n  a:\n  b: x\n",
                Some((3, 3)),
                "has no text",
            ),
            (
                "kind: ConfigMap\ndata:\n  a: x\n  a: z\n",
                Some((4, 3)),
                "twice",
            ),
        ] {
            let error = config_map_changes(None, text).expect_err(text);
            let at = error.position.map(|at| (at.line, at.column));
            assert_eq!(at, place, "{text}: {error}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
