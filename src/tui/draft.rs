//! Drafts: edited texts that are not in the cluster yet, and their files.
//!
//! A draft's file is JSON in `drafts/`, named after everything that identifies it, written to a
//! temporary file first so that a crash leaves the old or the new one. Files are private to their
//! owner. Called from worker threads only.

use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// How the draft of a whole ConfigMap is called where keys are listed. No key can be called so.
pub const WHOLE: &str = "whole ConfigMap";

/// Which text a draft is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DraftId {
    /// Kubeconfig context.
    pub context: String,
    /// Namespace of the ConfigMap.
    pub namespace: String,
    /// Name of the ConfigMap.
    pub name: String,
    /// Its key; `None` for the whole ConfigMap as YAML.
    pub key: Option<String>,
}

impl DraftId {
    /// How the screens name it.
    pub fn title(&self) -> &str {
        self.key.as_deref().unwrap_or(WHOLE)
    }
}

/// An edited text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Of what.
    #[serde(flatten)]
    pub id: DraftId,
    /// resourceVersion that it is based on; `None` when the ConfigMap did not exist.
    pub base: Option<String>,
    /// The text that it is based on; `None` when the key, or the ConfigMap, did not exist.
    pub base_text: Option<String>,
    /// The text.
    pub text: String,
    /// Last change, in milliseconds since 1970.
    pub edited_ms: i64,
}

/// A file may be this large; a ConfigMap can't be larger than 1 MiB.
const MAX_FILE: u64 = 8 * 1024 * 1024;

fn file_of(directory: &Path, id: &DraftId) -> PathBuf {
    let mut name = String::new();
    for part in [
        id.context.as_str(),
        &id.namespace,
        &id.name,
        id.key.as_deref().unwrap_or(""),
    ] {
        for byte in part.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => {
                    name.push(char::from(byte));
                }
                // Writing to a String can't fail.
                other => drop(write!(name, "%{other:02x}")),
            }
        }
        name.push('_');
    }
    // File names end at 255 bytes: long ones are told apart by their hash.
    if name.len() > 200 {
        let hash = crate::domain::condition_hash(&name);
        name.truncate(160);
        name.push_str(&hash);
    }
    directory.join(format!("{name}.json"))
}

/// Writes a draft.
///
/// # Errors
/// What the file system reports, with the file's name.
pub fn save(state_dir: &Path, draft: &Draft) -> Result<(), String> {
    let directory = state_dir.join("drafts");
    let file = file_of(&directory, &draft.id);
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(&directory)?;
        let temporary = file.with_extension("tmp");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut open = options.open(&temporary)?;
        open.write_all(&serde_json::to_vec_pretty(draft)?)?;
        open.sync_all()?;
        fs::rename(&temporary, &file)
    };
    write().map_err(|error| {
        format!(
            "the draft could not be saved to {}: {error}",
            file.display()
        )
    })
}

/// Removes a draft's file; that there is none is no error.
///
/// # Errors
/// What the file system reports, with the file's name.
pub fn discard(state_dir: &Path, id: &DraftId) -> Result<(), String> {
    let file = file_of(&state_dir.join("drafts"), id);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!(
            "the draft's file {} could not be removed: {error}",
            file.display()
        )),
        _ => Ok(()),
    }
}

/// Reads the drafts of a context, and says which files could not be read.
pub fn load(state_dir: &Path, context: &str) -> (Vec<Draft>, Vec<String>) {
    let mut drafts = Vec::new();
    let mut problems = Vec::new();
    let Ok(entries) = fs::read_dir(state_dir.join("drafts")) else {
        return (drafts, problems);
    };
    for entry in entries.flatten() {
        let file = entry.path();
        if file.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let read = || -> Result<Draft, String> {
            let size = fs::metadata(&file)
                .map_err(|error| error.to_string())?
                .len();
            if size > MAX_FILE {
                return Err(format!("larger than {MAX_FILE} bytes"));
            }
            let text = fs::read(&file).map_err(|error| error.to_string())?;
            serde_json::from_slice(&text).map_err(|error| error.to_string())
        };
        match read() {
            Ok(draft) if draft.id.context == context => drafts.push(draft),
            Ok(_) => {}
            Err(error) => problems.push(format!(
                "the draft {} can't be read: {error}",
                file.display()
            )),
        }
    }
    drafts.sort_by(|a, b| a.id.cmp(&b.id));
    (drafts, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(context: &str, key: Option<&str>) -> Draft {
        Draft {
            id: DraftId {
                context: context.to_owned(),
                namespace: "default".to_owned(),
                name: "pod-notifications-cm".to_owned(),
                key: key.map(str::to_owned),
            },
            base: Some("7".to_owned()),
            base_text: None,
            text: "a\r\nb\u{1b}\n".to_owned(),
            edited_ms: 5,
        }
    }

    #[test]
    fn drafts_survive_and_contexts_do_not_mix() {
        let directory = tempfile::tempdir().unwrap();
        let first = draft("../prod:eu", Some("trigger.on-a"));
        let second = draft("other", None);
        let long = draft("../prod:eu", Some(&format!("trigger.{}", "x".repeat(240))));
        for draft in [&first, &second, &long] {
            save(directory.path(), draft).unwrap();
        }
        assert_eq!(
            load(directory.path(), "../prod:eu"),
            (vec![first.clone(), long], vec![])
        );
        discard(directory.path(), &second.id).unwrap();
        discard(directory.path(), &second.id).unwrap();
        assert_eq!(load(directory.path(), "other"), (vec![], vec![]));
    }

    #[test]
    fn a_damaged_file_is_reported_and_the_others_are_read() {
        let directory = tempfile::tempdir().unwrap();
        save(directory.path(), &draft("c", None)).unwrap();
        fs::write(directory.path().join("drafts/bad.json"), "{").unwrap();
        let (drafts, problems) = load(directory.path(), "c");
        assert_eq!(drafts.len(), 1);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("bad.json"), "{problems:?}");
    }

    #[test]
    fn a_place_that_can_not_be_written_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let error = save(&file, &draft("c", None)).unwrap_err();
        assert!(error.contains("could not be saved"), "{error}");
    }
}
