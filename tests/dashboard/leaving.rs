//! The terminal is given back, whatever ends or stops the program.

use crate::stage::{LARGE, Stage, quit};
use crate::terminal::{Terminal, program};

#[test]
fn signals_end_it_and_restore_the_terminal() {
    for signal in ["TERM", "HUP", "INT"] {
        let stage = Stage::set();
        let mut terminal = stage.settled_dashboard();
        assert!(!terminal.is_cooked());
        terminal.signal(signal);
        let (status, _) = terminal.wait_for_exit();
        assert!(status.success(), "{signal}: {status:?}");
        terminal.assert_restored();
    }
}

#[test]
fn stopped_and_continued_by_the_shell() {
    let stage = Stage::set();
    let mut shell = program("sh", stage.home.path());
    shell.arg("-i");
    shell.env("PS1", "shell> ");
    let mut terminal = Terminal::start(shell, LARGE);
    terminal.wait_for(&["shell>"]);
    terminal.type_text(&format!(
        "{} --kubeconfig kubeconfig --state-dir state\r",
        env!("CARGO_BIN_EXE_kubechime")
    ));
    terminal.wait_for_dashboard(true);
    terminal.wait_for(&["web-1", "ACTIVE"]);

    terminal.press("C-z");
    terminal.wait_for_dashboard(false);
    terminal.wait_until("the shell's prompt", |text| {
        text.trim_end().ends_with("shell>")
    });
    terminal.type_text("echo $((40 + 2)) typed to the shell\r");
    terminal.wait_for(&["42 typed to the shell"]);
    terminal.type_text("fg\r");
    terminal.wait_for_dashboard(true);
    terminal.wait_for(&["web-1", "1 Resources"]);
    // It takes keys again.
    terminal.press("?");
    terminal.wait_for(&["Help: "]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Help: ");

    terminal.press("q");
    terminal.wait_for_dashboard(false);
    // What is typed before the program has ended is the program's.
    terminal.wait_until("the shell's prompt", |text| {
        text.trim_end().ends_with("shell>")
    });
    terminal.type_text("exit\r");
    let (status, _) = terminal.wait_for_exit();
    assert!(status.success(), "{status:?}");
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_restores_the_screen_and_names_the_log() {
    let stage = Stage::set();
    let mut command = stage.command(&[]);
    command.env("KUBECHIME_TEST_PANIC", "dashboard");
    let mut terminal = Terminal::start(command, LARGE);
    terminal.wait_for(&["web-1", "ACTIVE"]);
    terminal.press("F12");
    let (status, written) = terminal.wait_for_exit();
    assert!(!status.success());
    terminal.assert_restored();
    let left = written.rfind("\u{1b}[?1049l").expect("it was left");
    let log = stage.state().join("kubechime.log");
    for part in [
        "asked for by KUBECHIME_TEST_PANIC",
        "kubechime ended by an internal error; the log file is ",
        &log.to_string_lossy(),
    ] {
        // Said on the screen that is there afterwards.
        let said = written.rfind(part).unwrap_or_else(|| panic!("{part}"));
        assert!(said > left, "{part}");
    }
    let logged = std::fs::read_to_string(log).unwrap();
    assert!(logged.contains("internal error"), "{logged}");
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_elsewhere_is_told_and_the_dashboard_goes_on() {
    let stage = Stage::set();
    let mut command = stage.command(&[]);
    command.env("KUBECHIME_TEST_PANIC", "elsewhere");
    let mut terminal = Terminal::start(command, LARGE);
    terminal.wait_for(&["web-1", "ACTIVE"]);
    terminal.press("F12");
    terminal.wait_for(&["internal error", "web-1"]);
    stage.put_pod("web-3", "Pending");
    terminal.wait_for(&["web-3"]);
    quit(terminal);
}
