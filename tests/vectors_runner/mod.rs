//! Reads vector files, runs their cases, and reports by category.
//!
//! Each line of a `.jsonl` file is a case with an `id` whose part before the last `-` is its
//! category. A case that is listed in `known-differences.txt` must differ in what the list says, and in
//! nothing else.

pub mod expr;
pub mod gotemplate;
pub mod wire;

use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The folder of the vectors: `KUBECHIME_VECTORS`, or `tests/vectors`.
pub fn folder() -> PathBuf {
    match std::env::var_os("KUBECHIME_VECTORS") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors"),
    }
}

/// The text of a file in the folder, `None` when there is no such file.
pub fn read(name: &str) -> Option<String> {
    let path = folder().join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

/// A JSON file in the folder.
pub fn read_json<T: DeserializeOwned>(name: &str) -> Option<T> {
    let text = read(name)?;
    match serde_json::from_str(&text) {
        Ok(value) => Some(value),
        Err(error) => panic!("{name}: {error}"),
    }
}

/// The cases of a file with one JSON object a line.
pub fn read_lines<T: DeserializeOwned>(name: &str) -> Option<Vec<T>> {
    let text = read(name)?;
    let cases = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| match serde_json::from_str(line) {
            Ok(case) => case,
            Err(error) => panic!("{name}:{}: {error}", number + 1),
        })
        .collect();
    Some(cases)
}

/// Cases that may fail, by identifier, each with what differs in it. A line of the list is the
/// identifier, in brackets the parts that differ, and the reason; `#` begins a comment:
///
/// ```text
/// pushover/answer-bad-limit-header [result] a message that was accepted counts as sent
/// ```
pub fn known_differences() -> BTreeMap<String, BTreeSet<String>> {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/known-differences.txt");
    let Ok(text) = std::fs::read_to_string(list) else {
        return BTreeMap::new();
    };
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let entry = || {
                let (id, rest) = line.split_once(" [")?;
                let (parts, reason) = rest.split_once("] ")?;
                let parts = parts.split(',').map(|part| part.trim().to_owned());
                (!reason.trim().is_empty()).then(|| (id.trim().to_owned(), parts.collect()))
            };
            entry().unwrap_or_else(|| {
                panic!("known-differences.txt: write `id [what, differs] reason`, not: {line}")
            })
        })
        .collect()
}

/// How a case differs from what was expected.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// What differs: `result`, `body`, `header:host`.
    pub parts: BTreeSet<String>,
    /// What was expected and what came, for people.
    pub text: String,
}

impl Difference {
    /// A difference in this part.
    pub fn of(part: &str, text: impl Into<String>) -> Self {
        Self {
            parts: BTreeSet::from([part.to_owned()]),
            text: text.into(),
        }
    }

    /// Adds a further one.
    pub fn add(&mut self, other: Self) {
        self.parts.extend(other.parts);
        if !self.text.is_empty() {
            self.text.push_str("\n    ");
        }
        self.text.push_str(&other.text);
    }

    /// Whether there is any.
    pub fn into_result(self) -> Result<(), Self> {
        if self.parts.is_empty() {
            Ok(())
        } else {
            Err(self)
        }
    }
}

/// Of cases that have only an answer.
impl From<String> for Difference {
    fn from(text: String) -> Self {
        Self::of("answer", text)
    }
}

/// What became of the cases, by category.
#[derive(Default)]
pub struct Report {
    categories: BTreeMap<String, (usize, usize)>,
    failed: Vec<(String, String)>,
    excused: Vec<String>,
}

impl Report {
    /// Notes the result of a case: `Err` says what is different. A case that is listed must differ
    /// in just what the list says.
    pub fn note(
        &mut self,
        known: &BTreeMap<String, BTreeSet<String>>,
        id: &str,
        category: &str,
        result: Result<(), impl Into<Difference>>,
    ) {
        let counts = self.categories.entry(category.to_owned()).or_default();
        counts.1 += 1;
        let failure = match (result.map_err(Into::into), known.get(id)) {
            (Ok(()), None) => {
                counts.0 += 1;
                return;
            }
            (Err(difference), Some(parts)) if difference.parts == *parts => {
                self.excused.push(id.to_owned());
                return;
            }
            (Ok(()), Some(_)) => "it passes: remove it from known-differences.txt".to_owned(),
            (Err(difference), None) => {
                format!("{} (differs in {:?})", difference.text, difference.parts)
            }
            (Err(difference), Some(parts)) => format!(
                "it differs in {:?}, and known-differences.txt says {parts:?}: {}",
                difference.parts, difference.text
            ),
        };
        self.failed.push((id.to_owned(), failure));
    }

    /// Prints the counts and the failures; panics when a case failed that may not.
    pub fn finish(self, title: &str) {
        let passed: usize = self.categories.values().map(|(passed, _)| passed).sum();
        let total: usize = self.categories.values().map(|(_, total)| total).sum();
        for (category, (passed, total)) in &self.categories {
            println!("{title} {category}: {passed}/{total}");
        }
        println!("{title}: {passed}/{total}");
        for (id, difference) in &self.failed {
            println!("FAILED {id}: {difference}");
        }
        if !self.excused.is_empty() {
            println!("known differences: {}", self.excused.join(", "));
        }
        assert!(
            self.failed.is_empty(),
            "{title}: {} of {total} cases failed",
            self.failed.len()
        );
    }
}

/// The category of a case: its identifier without what follows the last `-`.
pub fn category(id: &str) -> &str {
    id.rsplit_once('-').map_or(id, |(category, _)| category)
}
