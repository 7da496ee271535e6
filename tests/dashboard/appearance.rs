//! Colours: themes, one's own ones, and none.

use crate::stage::{LARGE, Stage, quit};
use crate::terminal::Terminal;

/// The sequences that set a colour.
fn colours(written: &str) -> Vec<&str> {
    let sequences = written.split("\u{1b}[").skip(1);
    let styles = sequences.filter_map(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic())?;
        rest[end..].starts_with('m').then_some(&rest[..end])
    });
    let is_colour = |code: &str| {
        let code = code.parse().unwrap_or(0);
        matches!(code, 30..=38 | 40..=48 | 90..=97 | 100..=107)
    };
    styles
        .filter(|style| style.split([';', ':']).any(is_colour))
        .collect()
}

#[test]
fn the_theme_is_changed_while_it_runs() {
    let stage = Stage::set();
    let themes = stage.home.path().join("kubechime/themes");
    std::fs::create_dir_all(&themes).unwrap();
    std::fs::write(themes.join("night.yaml"), "styles: {text: 99}\n").unwrap();
    std::fs::write(themes.join("bad.yaml"), "styles:\n  text: blau\n").unwrap();
    let mut terminal = stage.dashboard(LARGE);
    // A file with a mistake is named, and no reason not to start.
    terminal.wait_for(&["bad.yaml", "'blau' is no colour"]);
    assert!(!terminal.written().contains("38;5;99"));
    terminal.press("Esc :");
    terminal.type_text("theme ni");
    terminal.wait_for(&["│>theme night", "your own"]);
    terminal.press("Enter");
    terminal.wait_for_end_of("Command ─");
    terminal.wait_until_written("the colour of the theme", |all| all.contains("38;5;99"));

    terminal.press(":");
    terminal.type_text("theme mono\n");
    terminal.wait_for_end_of("Command ─");
    let before = terminal.written().len();
    terminal.press("C-l");
    terminal.wait_until_written("the screen drawn anew", |all| {
        all.get(before..).is_some_and(|new| new.contains("web-1"))
    });
    let written = quit(terminal);
    let after = written.get(before..).unwrap_or_default();
    assert_eq!(colours(after), Vec::<&str>::new());
}

#[test]
fn without_colour_there_is_none() {
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let stage = Stage::set();
        let mut command = stage.command(&[]);
        command.env(name, value);
        let mut terminal = Terminal::start(command, LARGE);
        terminal.wait_for(&["ACTIVE", "web-1", "web-2", "already sent"]);
        terminal.press("x");
        terminal.wait_for(&["[Explain]", "on the next event"]);
        terminal.press("Esc");
        terminal.wait_for(&["1 Resources"]);
        terminal.press("r");
        terminal.wait_for(&["Resend "]);
        terminal.press("n");
        terminal.wait_for_end_of("Resend ");
        let written = quit(terminal);
        assert_eq!(colours(&written), Vec::<&str>::new(), "{name}={value}");
        if name == "TERM" {
            assert!(written.is_ascii(), "a dumb terminal gets ASCII");
        }
    }
}

#[test]
fn a_colour_is_told_from_other_styles() {
    let found =
        colours("\u{1b}[1;4mbold\u{1b}[0m \u{1b}[31mred \u{1b}[48;5;9m \u{1b}[39;49m \u{1b}[38H");
    assert_eq!(found, ["31", "48;5;9"]);
}
