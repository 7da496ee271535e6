//! Terminals that are small, that change their size, or lose it.

use crate::stage::{LARGE, Stage, quit};
use crate::terminal::{Size, Terminal};

const SMALL: Size = (40, 10);

/// Waits for a screen of this size with these parts, and nothing beyond it.
fn wait_for_small(terminal: &Terminal, parts: &[&str]) -> String {
    terminal.wait_until(&format!("{parts:?} in 40x10"), |text| {
        parts.iter().all(|part| text.contains(part))
            && text.lines().count() <= 10
            && text.lines().all(|line| line.chars().count() <= 40)
    })
}

#[test]
fn forty_columns_and_ten_rows_are_enough_to_work_in() {
    let stage = Stage::set();
    let mut terminal = stage.dashboard(SMALL);
    stage.wait_for_requests(1);
    wait_for_small(&terminal, &["1 Resources 2", "active", "? help"]);
    terminal.press("/");
    terminal.type_text("web-1");
    terminal.press("Enter");
    let found = wait_for_small(&terminal, &["1 Resources 1", "web-1"]);
    assert!(!found.contains("web-2"), "{found}");
    terminal.press("x");
    wait_for_small(&terminal, &["[Explain]", "on-pod-ready [0]", "TRUE"]);
    terminal.press("Tab");
    wait_for_small(&terminal, &["[Object]", "phase: Running"]);
    terminal.press("Esc");
    wait_for_small(&terminal, &["1 Resources 1"]);
    terminal.press("r");
    wait_for_small(&terminal, &["Resend ─", "default/web-1", "> No"]);
    terminal.press("y");
    stage.wait_for_requests(2);
    terminal.press("3 Enter");
    wait_for_small(
        &terminal,
        &["on-pod-ready", "POST http://127.0.0.1", "web-1"],
    );
    terminal.press("Esc");
    wait_for_small(&terminal, &["3 History"]);
    terminal.press("?");
    wait_for_small(&terminal, &["Help: "]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Help: ");
    quit(terminal);
}

#[test]
fn a_storm_of_sizes_ends_with_the_last_one() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    for round in 0..50_u16 {
        terminal.resize((1 + round * 37 % 180, 1 + round * 17 % 60));
        // Work goes on meanwhile, also in what is opened over the overview.
        terminal.press(if round % 2 == 0 { "j x" } else { "Esc k" });
    }
    for size in [(1, 1), (0, 0), (500, 3), (2, 200), SMALL] {
        terminal.resize(size);
        terminal.press("j");
    }
    terminal.press("Esc Esc");
    wait_for_small(&terminal, &["1 Resources 2", "web-1", "web-2", "? help"]);
    terminal.resize(LARGE);
    terminal.wait_for(&["4 default/pod-notifications-cm", "? help"]);
    terminal.press("g");
    let bit_by_bit = terminal.wait_for(&[
        "2 Triggers: pod default/web-1",
        "dedup keys       1 of",
        "default/web-1      webhook",
    ]);
    assert!(bit_by_bit.lines().count() <= 36, "{bit_by_bit}");
    // What was drawn change by change is what is drawn anew.
    let before = terminal.written().len();
    terminal.press("C-l");
    terminal.wait_until_written("the screen drawn anew", |all| {
        let new = all.get(before..).unwrap_or_default();
        let pane = new.rfind("1 Resources");
        pane.is_some() && new.rfind("\u{1b}[?2026l") > pane
    });
    assert_eq!(timeless(&terminal.text()), timeless(&bit_by_bit));
    quit(terminal);
    assert_eq!(stage.receiver.count(), 1);
}

/// The text without what time changes: numbers, their units and places, and bars.
fn timeless(text: &str) -> String {
    let changes = |c: char| c.is_ascii_digit() || " smh▁▂▃▄▅▆▇█".contains(c);
    text.chars().filter(|c| !changes(*c)).collect()
}

/// A terminal may begin without a size, and get one later.
#[test]
fn a_terminal_without_a_size_gets_one() {
    let stage = Stage::set();
    let mut terminal = Terminal::start(stage.command(&[]), (0, 0));
    terminal.wait_for_dashboard(true);
    terminal.resize(LARGE);
    terminal.wait_for(&["1 Resources", "web-1", "web-2", "ACTIVE"]);
    quit(terminal);
}
