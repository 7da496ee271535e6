//! The mouse: what it selects, scrolls and sorts, and how it is given to the terminal.

use crate::stage::{LARGE, Stage, quit};

/// Whether the program wants to hear of the mouse, from what it has written.
fn is_captured(written: &str) -> bool {
    written.rfind("\u{1b}[?1000h") > written.rfind("\u{1b}[?1000l")
}

#[test]
fn it_selects_opens_scrolls_and_sorts() {
    let stage = Stage::set();
    for number in 3..=30 {
        stage.put_pod(&format!("pod-{number:02}"), "Pending");
    }
    let mut terminal = stage.settled_dashboard();
    terminal.wait_for(&[" resources 30 "]);
    // A click on the head sorts by that column, another one the other way round.
    let head = terminal.place_of("NAME  ");
    terminal.click(head);
    terminal.wait_for(&["sort:name+"]);
    terminal.press("g");
    terminal.wait_for(&["│>. Pod     default    pod-03"]);
    terminal.click(head);
    terminal.wait_for(&["sort:name-"]);
    terminal.press("g");
    terminal.wait_for(&["│>. Pod     default    web-2", "pod-30"]);

    let row = terminal.place_of("pod-28");
    terminal.click(row);
    terminal.wait_for(&[
        "│>. Pod     default    pod-28",
        "2 Triggers: pod default/pod-28",
    ]);
    // Three rows further down come into sight; the selection is on what is seen.
    terminal.wheel_down(row);
    terminal.wait_until("scrolled", |text| !text.contains("web-2 "));
    terminal.click(terminal.place_of("pod-25"));
    terminal.wait_for(&["2 Triggers: pod default/pod-25"]);

    // Another pane; there, too, a click on what is selected opens it.
    let key = terminal.place_of("template.pod-ready");
    terminal.click(key);
    terminal.wait_for(&["│>+ template.pod-ready", "overview > configmap"]);
    terminal.click(key);
    terminal.wait_for(&["editor template.pod-ready", "method: POST"]);
    terminal.press("Esc");
    terminal.wait_for(&["1 Resources"]);
    quit(terminal);
}

#[test]
fn it_is_the_terminals_when_asked_for() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    assert!(is_captured(&terminal.written()));
    terminal.press("M");
    terminal.wait_for(&["the mouse is the terminal's"]);
    terminal.wait_until_written("the mouse given back", |written| !is_captured(written));
    // Other sizes and questions do not take it back.
    terminal.resize((80, 24));
    terminal.wait_for(&["[1 Resources"]);
    assert!(!is_captured(&terminal.written()));
    terminal.resize(LARGE);
    terminal.wait_for(&["4 default/pod-notifications-cm"]);
    terminal.press("M");
    terminal.wait_until_written("the mouse taken again", is_captured);
    let pane = terminal.place_of("3 History");
    terminal.click((pane.0, pane.1 + 1));
    terminal.wait_for(&["overview > history"]);
    quit(terminal);
}
