//! A text in the user's own editor: a private file, the program that `$VISUAL` or `$EDITOR` names,
//! and what it has saved.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// A file may become this large; a ConfigMap can't be larger than 1 MiB.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// What runs when the environment names no editor.
const USUAL: &str = "vi";

/// Runs the editor on a text and gives what it has saved. Blocks until the editor ends; the
/// terminal must have been given back before.
///
/// # Errors
/// One sentence: the file can't be written or read, or the editor failed. The text is as before
/// then.
pub fn edit(text: &str, directory: &Path) -> Result<String, String> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("kubechime-{}-{number}.yaml", std::process::id());
    let file = directory.join(name);
    let result = on_file(text, directory, &file);
    // It may never have been written.
    let _ = fs::remove_file(&file);
    result
}

fn on_file(text: &str, directory: &Path, file: &Path) -> Result<String, String> {
    let failed = |what: &str, error: std::io::Error| format!("{} {what}: {error}", file.display());
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(directory)?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(file)?.write_all(text.as_bytes())
    };
    write().map_err(|error| failed("can't be written for the editor", error))?;
    let set = |name: &str| {
        std::env::var(name)
            .ok()
            .filter(|value| !value.trim().is_empty())
    };
    let editor = set("VISUAL").or_else(|| set("EDITOR"));
    let editor = editor.unwrap_or_else(|| USUAL.to_owned());
    // By the shell, as git does: the variable may hold arguments.
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(file)
        .status()
        .map_err(|error| format!("the editor '{editor}' can't be run: {error}"))?;
    if !status.success() {
        return Err(format!(
            "the editor '{editor}' ended with {status}: the text is as before"
        ));
    }
    let size = fs::metadata(file)
        .map_err(|error| failed("can't be read", error))?
        .len();
    if size > MAX_FILE {
        return Err(format!(
            "the editor left {size} bytes, more than {MAX_FILE}"
        ));
    }
    let saved = fs::read(file).map_err(|error| failed("can't be read", error))?;
    String::from_utf8(saved).map_err(|_| "the editor left a text that is not UTF-8".to_owned())
}
