//! How two versions of a ConfigMap differ: line by line, with the changed words of a line, and in
//! words. Runs on a thread, except for [`short_lines`].

use super::model::Texts;
use super::widgets::text_view::Tone;
use crate::catalog::{Catalog, ConfigSource, Statement, describe};
use crate::history::History;
use similar::{ChangeTag, TextDiff};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// Longest search for a small difference of one key: beyond it a coarser one is shown.
const LONGEST: Duration = Duration::from_millis(300);

/// The same for a question, which is made while somebody waits for a key.
const SHORT: Duration = Duration::from_millis(5);

/// Unchanged lines around a change.
const AROUND: usize = 3;

/// Rows that are made; a longer difference ends with a remark.
const ROWS: usize = 50_000;

/// One of the two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// All keys and texts.
    Known(Arc<BTreeMap<String, String>>),
    /// One of the history, by its number.
    Recorded(i64),
}

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Compare {
    /// Number of the request, to tell late answers apart.
    pub number: u64,
    /// What was.
    pub before: Version,
    /// What is.
    pub after: Version,
    /// Only these keys; `None` for all.
    pub keys: Option<BTreeSet<String>>,
    /// The catalog in force, for its dialect.
    pub catalog: Arc<Catalog>,
    /// Names of the Secret's keys.
    pub secret_keys: Vec<String>,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A key of the ConfigMap, above its lines.
    Key,
    /// Lines that are left out.
    Gap,
    /// A line that both have.
    Same,
    /// A line that only the old version has.
    Removed,
    /// A line that only the new version has.
    Added,
}

/// One row of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub kind: RowKind,
    /// Number of the line in the old text, from 1.
    pub old: Option<usize>,
    /// Number of the line in the new text, from 1.
    pub new: Option<usize>,
    /// The text in pieces; `true` for what is changed within the line.
    pub pieces: Vec<(bool, String)>,
}

impl Row {
    fn plain(kind: RowKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            old: None,
            new: None,
            pieces: vec![(false, text.into())],
        }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.pieces
            .iter()
            .map(|(_, piece)| piece.as_str())
            .collect()
    }
}

/// How two versions differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What it means, one statement per changed part.
    pub statements: Vec<Statement>,
    /// Line by line.
    pub rows: Vec<Row>,
    /// Rows side by side, by their places in `rows`: what only one side has stands alone.
    pub pairs: Vec<(Option<usize>, Option<usize>)>,
    /// Lines that are gone.
    pub removed: usize,
    /// Lines that are new.
    pub added: usize,
}

impl Compare {
    /// Does it, on the calling thread.
    ///
    /// # Errors
    /// One sentence: a recorded version can't be read, or is forgotten.
    pub fn run(&self, history: Option<&History>) -> Result<Comparison, String> {
        let (mut before, mut after) = (texts(&self.before, history)?, texts(&self.after, history)?);
        let recorded = |side: &Version| matches!(side, Version::Recorded(_));
        if recorded(&self.before) || recorded(&self.after) {
            // What is recorded has no secrets; they are no difference.
            for side in [&mut before, &mut after] {
                *side = Arc::new(self.catalog.without_secrets(side));
            }
        }
        let mut keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        if let Some(only) = &self.keys {
            keys.retain(|key| only.contains(*key));
        }
        let mut comparison = Comparison::default();
        for key in keys {
            comparison.add_key(key, before.get(key), after.get(key), AROUND, LONGEST);
        }
        comparison.pair();
        // Keys that are left out are the same on both sides.
        let whole = |side: &BTreeMap<String, String>| {
            let Some(only) = &self.keys else {
                return side.clone();
            };
            let mut whole = (*after).clone();
            for key in only {
                match side.get(key) {
                    Some(text) => drop(whole.insert(key.clone(), text.clone())),
                    None => drop(whole.remove(key)),
                }
            }
            whole
        };
        let (old, new) = (self.build(whole(&before)), self.build(whole(&after)));
        comparison.statements = describe(&old, &new);
        Ok(comparison)
    }

    fn build(&self, data: BTreeMap<String, String>) -> Catalog {
        let secret = self.secret_keys.iter();
        let source = ConfigSource {
            namespace: self.catalog.namespace.clone(),
            name: self.catalog.name.clone(),
            resource_version: String::new(),
            data,
            found: true,
            // The values are not at hand here: those of both sides are the same.
            secret: secret
                .map(|name| (name.clone(), b"value".to_vec()))
                .collect(),
            secret_found: true,
        };
        Catalog::build(&source, None, &self.catalog.options())
    }
}

fn texts(
    version: &Version,
    history: Option<&History>,
) -> Result<Arc<BTreeMap<String, String>>, String> {
    match version {
        Version::Known(data) => Ok(Arc::clone(data)),
        Version::Recorded(number) => {
            let history = history.ok_or("the history is not open")?;
            let data = history
                .version_data(*number)
                .map_err(|error| error.to_string())?;
            let data = data.ok_or_else(|| format!("version {number} is forgotten"))?;
            Ok(Arc::new(data))
        }
    }
}

impl Comparison {
    /// There is no difference.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn add_key(
        &mut self,
        key: &str,
        before: Option<&String>,
        after: Option<&String>,
        around: usize,
        longest: Duration,
    ) {
        if before == after || self.rows.len() >= ROWS {
            return;
        }
        let what = match (before, after) {
            (None, _) => " (new key)",
            (_, None) => " (key removed)",
            _ => "",
        };
        self.rows
            .push(Row::plain(RowKind::Key, format!("{key}{what}")));
        let (old, new) = (
            before.map_or("", String::as_str),
            after.map_or("", String::as_str),
        );
        let diff = TextDiff::configure().timeout(longest).diff_lines(old, new);
        let first = self.rows.len();
        for (number, group) in diff.grouped_ops(around).iter().enumerate() {
            if number > 0 {
                self.rows.push(Row::plain(RowKind::Gap, "..."));
            }
            for change in group.iter().flat_map(|op| diff.iter_inline_changes(op)) {
                let kind = match change.tag() {
                    ChangeTag::Equal => RowKind::Same,
                    ChangeTag::Delete => RowKind::Removed,
                    ChangeTag::Insert => RowKind::Added,
                };
                self.removed += usize::from(kind == RowKind::Removed);
                self.added += usize::from(kind == RowKind::Added);
                let pieces = change.iter_strings_lossy().map(|(changed, piece)| {
                    (changed, piece.trim_end_matches(['\n', '\r']).to_owned())
                });
                if self.rows.len() < ROWS {
                    self.rows.push(Row {
                        kind,
                        old: change.old_index().map(|index| index + 1),
                        new: change.new_index().map(|index| index + 1),
                        pieces: pieces.filter(|(_, piece)| !piece.is_empty()).collect(),
                    });
                }
            }
        }
        // Only line ends are different, or there are too many rows.
        let same_words = self.rows.len() == first;
        let end = |text: &str| text.ends_with('\n');
        if same_words || end(old) != end(new) && before.is_some() && after.is_some() {
            let text = "the end of the last line is different";
            self.rows.push(Row::plain(RowKind::Gap, text));
        }
        if self.rows.len() >= ROWS {
            self.rows
                .push(Row::plain(RowKind::Gap, "... the rest is not shown"));
        }
    }

    /// Puts removed and added lines that follow each other side by side.
    fn pair(&mut self) {
        let mut place = 0;
        let kind = |rows: &[Row], place: usize| rows.get(place).map(|row| row.kind);
        while place < self.rows.len() {
            let begin = place;
            while kind(&self.rows, place) == Some(RowKind::Removed) {
                place += 1;
            }
            let middle = place;
            while kind(&self.rows, place) == Some(RowKind::Added) {
                place += 1;
            }
            if begin == place {
                self.pairs.push((Some(place), Some(place)));
                place += 1;
                continue;
            }
            let (removed, added) = (middle - begin, place - middle);
            for offset in 0..removed.max(added) {
                let left = (offset < removed).then_some(begin + offset);
                let right = (offset < added).then_some(middle + offset);
                self.pairs.push((left, right));
            }
        }
    }
}

/// The difference of some keys as lines for a question; cheap enough for a key stroke.
pub fn short_lines(before: &Texts, after: &Texts) -> Vec<(Tone, String)> {
    let mut comparison = Comparison::default();
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let of = |texts: &Texts| texts.get(key).cloned().flatten();
        comparison.add_key(key, of(before).as_ref(), of(after).as_ref(), 1, SHORT);
    }
    let rows = comparison.rows.iter().map(|row| match row.kind {
        RowKind::Key => (Tone::Strong, row.text()),
        RowKind::Gap => (Tone::Dim, row.text()),
        RowKind::Same => (Tone::Dim, format!("  {}", row.text())),
        RowKind::Removed => (Tone::Bad, format!("- {}", row.text())),
        RowKind::Added => (Tone::Good, format!("+ {}", row.text())),
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(texts: &[(&str, &str)]) -> Version {
        let own = texts
            .iter()
            .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
        Version::Known(Arc::new(own.collect()))
    }

    fn compare(before: &[(&str, &str)], after: &[(&str, &str)]) -> Comparison {
        let compare = Compare {
            number: 1,
            before: data(before),
            after: data(after),
            keys: None,
            catalog: Arc::default(),
            secret_keys: vec![],
        };
        compare.run(None).unwrap()
    }

    #[test]
    fn changed_words_are_told_apart_from_the_line() {
        let comparison = compare(
            &[("template.a", "message: |\n  one two three\n")],
            &[("template.a", "message: |\n  one 2 three\n")],
        );
        let removed = comparison
            .rows
            .iter()
            .find(|row| row.kind == RowKind::Removed);
        let removed = removed.expect("a removed line");
        let changed: Vec<_> = removed
            .pieces
            .iter()
            .filter(|(changed, _)| *changed)
            .collect();
        assert_eq!(changed.len(), 1, "{removed:?}");
        assert_eq!(changed[0].1.trim(), "two");
        assert_eq!(removed.text(), "  one two three");
        assert_eq!((removed.old, removed.new), (Some(2), None));
        assert_eq!((comparison.removed, comparison.added), (1, 1));
        // The two stand side by side.
        let beside = comparison.pairs.iter().find(|(left, right)| left != right);
        assert!(matches!(beside, Some((Some(_), Some(_)))), "{comparison:?}");
    }

    #[test]
    fn keys_come_and_go() {
        let comparison = compare(&[("a", "1\n"), ("b", "2\n")], &[("b", "2\n"), ("c", "3\n")]);
        let keys = comparison
            .rows
            .iter()
            .filter(|row| row.kind == RowKind::Key);
        let keys: Vec<String> = keys.map(Row::text).collect();
        assert_eq!(keys, ["a (key removed)", "c (new key)"]);
        assert!(compare(&[("a", "1")], &[("a", "1")]).is_empty());
        let end = compare(&[("a", "1")], &[("a", "1\n")]);
        assert!(!end.is_empty());
    }

    #[test]
    fn a_forgotten_version_is_said() {
        let compare = Compare {
            number: 1,
            before: Version::Recorded(7),
            after: data(&[]),
            keys: None,
            catalog: Arc::default(),
            secret_keys: vec![],
        };
        assert!(compare.run(None).unwrap_err().contains("history"));
    }
}
