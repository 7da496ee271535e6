//! Where our files are.

use super::schema::Settings;
use directories::ProjectDirs;
use std::path::{Path, PathBuf};

/// The places of files that belong to one context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Directory of history, drafts and logs.
    pub state: PathBuf,
}

impl Paths {
    /// The settings file that is read when none is named, if this system has a place for it.
    pub fn settings_file() -> Option<PathBuf> {
        Some(project()?.config_dir().join("config.yaml"))
    }

    /// The places for a context; each shard has a directory of its own in it. A state directory in the settings is taken as it is; otherwise each
    /// context has one of its own, so that what is sent in one cluster is never taken for another's.
    pub fn for_context(settings: &Settings, context: &str) -> Self {
        let mut paths = Self::of_all_shards(settings, context);
        // One that is not valid is told where an engine is started.
        if let Ok(Some(shard)) = settings.shard() {
            paths.state.push(format!("shard-{}", shard.index()));
        }
        paths
    }

    fn of_all_shards(settings: &Settings, context: &str) -> Self {
        if !settings.state_dir.as_os_str().is_empty() {
            return Self {
                state: settings.state_dir.clone(),
            };
        }
        let base = project().map_or_else(
            || std::env::temp_dir().join("kubechime"),
            |project| {
                project
                    .state_dir()
                    .unwrap_or_else(|| project.data_local_dir())
                    .to_owned()
            },
        );
        Self {
            state: base.join("contexts").join(file_name(context)),
        }
    }

    /// The history database.
    pub fn history(&self) -> PathBuf {
        self.state.join("history.db")
    }

    /// The log of the dashboard.
    pub fn log(&self) -> PathBuf {
        self.state.join("kubechime.log")
    }

    /// Makes the directory.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(&self) -> std::io::Result<()> {
        create_private(&self.state)
    }
}

/// Makes a directory that only its owner can enter: the history holds what was sent to whom.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path)
}

fn project() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "kubechime")
}

/// A context's name as a file name: what is not a letter, a digit, `-`, `_` or `.` becomes its code
/// point between `%` signs, so that two contexts never share one.
fn file_name(context: &str) -> String {
    let mut name = String::new();
    for c in context.chars() {
        if c.is_ascii_alphanumeric() || c == '-' || c == '_' || (c == '.' && !name.is_empty()) {
            name.push(c);
        } else {
            name.push_str(&format!("%{:x}%", u32::from(c)));
        }
    }
    if name.is_empty() {
        name.push_str("%%");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_contexts_share_a_directory() {
        assert_eq!(file_name("kind-dev.1"), "kind-dev.1");
        assert_eq!(file_name("../etc"), "%2e%.%2f%etc");
        assert_ne!(file_name("a/b"), file_name("a:b"));
        assert_ne!(file_name(""), file_name("."));
    }
}
