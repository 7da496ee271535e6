//! The first thing that anybody tries.

use crate::stage::{LARGE, kubechime, quit};
use crate::terminal::{PATIENCE, Terminal, program};
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn demo(home: &Path) -> Terminal {
    let mut command = kubechime(home);
    command.arg("demo");
    Terminal::start(command, LARGE)
}

/// Names of the directories that demos have made here.
fn directories(home: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(home).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names
        .filter(|name| name.contains("kubechime-demo"))
        .collect()
}

/// The number behind `sent` in the second line.
fn sent(text: &str) -> Option<u64> {
    let line = text.lines().nth(1)?;
    let (_, rest) = line.split_once(" sent ")?;
    let number = rest.trim_start().split(' ').next()?.replace(',', "");
    number.parse().ok()
}

#[test]
fn a_demo_shows_a_cluster_that_lives() {
    let home = TempDir::new().unwrap();
    let terminal = demo(home.path());
    terminal.wait_for(&[
        "ctx demo",
        "1 Resources",
        "2 Triggers",
        "3 History",
        "4 default/pod-notifications-cm",
        "ACTIVE",
        "trigger.",
    ]);
    let first = terminal.wait_until("something sent", |text| {
        sent(text).is_some_and(|sent| sent > 0)
    });
    let before = sent(&first);
    terminal.wait_until("something more sent", |text| sent(text) > before);
    assert_eq!(directories(home.path()).len(), 1);
    quit(terminal);
    assert_eq!(directories(home.path()), Vec::<String>::new());
}

/// The terminal goes away under the program; what it kept for the demo goes, too. What a killed one
/// could not remove, the next one does.
#[test]
fn nothing_of_a_demo_stays_behind() {
    let home = TempDir::new().unwrap();
    let mut killed = demo(home.path());
    killed.wait_for(&["ctx demo", "ACTIVE"]);
    killed.signal("KILL");
    killed.wait_for_exit();
    assert_eq!(directories(home.path()).len(), 1);

    // In a terminal of its own, which dies: nobody is there to read what the program writes.
    let mut command = program("script", home.path());
    let binary = env!("CARGO_BIN_EXE_kubechime");
    command.args(["-q", "-c", &format!("{binary} demo"), "/dev/null"]);
    let window = Terminal::start(command, LARGE);
    window.wait_for(&["ctx demo", "ACTIVE"]);
    assert_eq!(directories(home.path()).len(), 1);
    window.signal("KILL");
    let deadline = Instant::now() + PATIENCE;
    while !directories(home.path()).is_empty() {
        assert!(Instant::now() < deadline, "{:?}", directories(home.path()));
        // The condition is in the file system: asked for until it holds.
        std::thread::sleep(Duration::from_millis(20));
    }
}
