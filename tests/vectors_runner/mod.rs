//! Reads vector files, runs their cases, and reports by category.
//!
//! Each line of a `.jsonl` file is a case with an `id` whose part before the last `-` is its
//! category. A case that is listed in `known-differences.txt` may fail; one that is listed and
//! passes is reported, so that the list stays short.

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

/// Identifiers of cases that may fail. Each line of the list is an identifier, white space, and the
/// reason; `#` begins a comment.
pub fn known_differences() -> BTreeSet<String> {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/known-differences.txt");
    let Ok(text) = std::fs::read_to_string(list) else {
        return BTreeSet::new();
    };
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (id, reason) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            assert!(
                !reason.trim().is_empty(),
                "known-differences.txt: {id} has no reason"
            );
            id.to_owned()
        })
        .collect()
}

/// What became of the cases, by category.
#[derive(Default)]
pub struct Report {
    categories: BTreeMap<String, (usize, usize)>,
    failed: Vec<(String, String)>,
    excused: Vec<String>,
    stale: Vec<String>,
}

impl Report {
    /// Notes the result of a case: `Err` says what is different.
    pub fn note(
        &mut self,
        known: &BTreeSet<String>,
        id: &str,
        category: &str,
        result: Result<(), String>,
    ) {
        let counts = self.categories.entry(category.to_owned()).or_default();
        counts.1 += 1;
        match result {
            Ok(()) => {
                counts.0 += 1;
                if known.contains(id) {
                    self.stale.push(id.to_owned());
                }
            }
            Err(_) if known.contains(id) => self.excused.push(id.to_owned()),
            Err(difference) => self.failed.push((id.to_owned(), difference)),
        }
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
        for id in &self.stale {
            println!("{id} passes: remove it from known-differences.txt");
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
