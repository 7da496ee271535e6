//! Copying: by the desktop's own program where there is one, else through the terminal (OSC 52),
//! which works over SSH and in most multiplexers.

use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Terminals cut or drop longer sequences; this many bytes fit everywhere that matters.
const LIMIT: usize = 74_994;

/// How long a program may take to accept a text.
const PATIENCE: Duration = Duration::from_secs(2);

/// Programs that put their input on a clipboard: the variable that says that there is one to put
/// it on (empty: always), the program, its arguments.
const PROGRAMS: [(&str, &str, &[&str]); 5] = [
    ("WAYLAND_DISPLAY", "wl-copy", &[]),
    ("DISPLAY", "xclip", &["-selection", "clipboard", "-in"]),
    ("DISPLAY", "xsel", &["--clipboard", "--input"]),
    ("", "pbcopy", &[]),
    ("", "clip.exe", &[]),
];

/// A program that copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What it is called.
    name: &'static str,
    path: PathBuf,
    arguments: &'static [&'static str],
}

impl Program {
    /// The program that copies to this desktop; `None` when there is none, or no desktop here.
    pub fn find() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        find(&directories, &set)
    }

    /// Copies, and says how; a program that does not end in time is ended.
    ///
    /// # Errors
    /// Why it did not copy.
    pub async fn copy(&self, text: &str) -> Result<String, String> {
        let name = self.name;
        let failed = |error: io::Error| format!("{name}: {error}");
        let mut child = Command::new(&self.path)
            .args(self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let mut input = child.stdin.take();
        let work = async {
            if let Some(input) = &mut input {
                input.write_all(text.as_bytes()).await?;
                input.shutdown().await?;
            }
            // The program waits for the end of its input.
            drop(input.take());
            child.wait().await
        };
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(status)) if status.success() => {
                Ok(format!("copied {} bytes with {name}", text.len()))
            }
            Ok(Ok(status)) => Err(format!("{name} ended with {status}")),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(format!("{name} did not take the text in time")),
        }
    }
}

fn find(directories: &[PathBuf], set: &dyn Fn(&str) -> bool) -> Option<Program> {
    let remote = set("SSH_CONNECTION") || set("SSH_TTY");
    PROGRAMS
        .into_iter()
        .find_map(|(variable, name, arguments)| {
            // Over SSH the clipboard of the machine at the other end is nobody's, unless a display is
            // forwarded.
            let here = if variable.is_empty() {
                !remote
            } else {
                set(variable)
            };
            let place = || {
                let mut places = directories.iter().map(|directory| directory.join(name));
                places.find(|path| is_program(path))
            };
            here.then(place).flatten().map(|path| Program {
                name,
                path,
                arguments,
            })
        })
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path);
    metadata.is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

/// Copies through the terminal, and says how much; a text that is too long is cut, and that is said
/// too. Whether the terminal allows it can't be known.
///
/// # Errors
/// What the terminal's file reports.
pub fn through_terminal(text: &str) -> Result<String, String> {
    let mut end = LIMIT.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = &text[..end];
    execute!(io::stdout(), CopyToClipboard::to_clipboard_from(kept))
        .map_err(|error| format!("copying failed: {error}"))?;
    let all = text.len();
    if kept.len() < all {
        let kept = kept.len();
        return Ok(format!(
            "copied the first {kept} of {all} bytes through the terminal"
        ));
    }
    Ok(format!("copied {all} bytes through the terminal"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A directory with these programs in it, each a script.
    fn programs(scripts: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (name, script) in scripts {
            let path = directory.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        directory
    }

    #[test]
    fn the_program_of_the_desktop_that_is_there_is_taken() {
        let directory = programs(&[("wl-copy", ""), ("xsel", ""), ("pbcopy", "")]);
        std::fs::write(directory.path().join("xclip"), "no program").unwrap();
        let directories = [directory.path().to_owned()];
        let found = |variables: &[&str]| {
            let set = |name: &str| variables.contains(&name);
            find(&directories, &set).map_or("", |program| program.name)
        };
        assert_eq!(found(&["WAYLAND_DISPLAY", "DISPLAY"]), "wl-copy");
        assert_eq!(found(&["DISPLAY"]), "xsel", "xclip can't be run");
        assert_eq!(found(&["DISPLAY", "SSH_TTY"]), "xsel", "it is forwarded");
        assert_eq!(found(&[]), "pbcopy");
        assert_eq!(found(&["SSH_CONNECTION"]), "");
        assert_eq!(find(&[], &|_| true), None);
    }

    #[tokio::test]
    async fn what_it_is_given_arrives_and_what_it_says_is_told() {
        let directory = programs(&[("wl-copy", "cat > \"$0.got\""), ("xsel", "exit 3")]);
        let directories = [directory.path().to_owned()];
        let wayland = find(&directories, &|name| name == "WAYLAND_DISPLAY").unwrap();
        // More than a pipe holds.
        let text = "日本\n".repeat(50_000);
        let told = wayland.copy(&text).await.unwrap();
        assert_eq!(told, "copied 350000 bytes with wl-copy");
        let got = std::fs::read_to_string(directory.path().join("wl-copy.got")).unwrap();
        assert_eq!(got, text);
        let broken = find(&directories, &|name| name == "DISPLAY").unwrap();
        let error = broken.copy("x").await.unwrap_err();
        assert!(error.contains("xsel"), "{error}");
    }
}
