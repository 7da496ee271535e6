//! Why something was, or was not, sent; and what can't be done, and why.

use crate::stage::{LARGE, Stage, quit};
use crate::terminal::Terminal;

#[test]
fn a_resource_is_explained_folded_and_another_condition_tried() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.wait_for(&["2 Triggers: pod default/web-1"]);
    terminal.press("x");
    terminal.wait_for(&[
        "[Explain]",
        "on-pod-ready [0]",
        "TRUE",
        "pod.status.phase in ['Running']",
        "\"Running\"",
        "on the next event",
        "skip, because it was sent",
    ]);
    // The line that the condition reads is marked in the object.
    terminal.wait_for(&["│>   phase: Running"]);
    terminal.press("-");
    let folded = terminal.wait_for_end_of("on the next event");
    assert!(folded.contains("│>> = on-pod-ready [0]"), "{folded}");
    terminal.press("+");
    terminal.wait_for(&["on the next event"]);

    terminal.press("t");
    terminal.wait_for(&["try when: pod.status.phase in ['Running']"]);
    terminal.type_text(" and pod.metadata.name == 'x'");
    terminal.wait_for(&[
        "nothing is saved",
        "result  FALSE",
        "<- decides: false",
        "\"web-1\"",
    ]);
    terminal.type_text(" and");
    terminal.wait_until("what is wrong with it", |text| {
        text.contains("--> 1:") && !text.contains("result  FALSE")
    });
    terminal.press("Esc");
    terminal.wait_for(&["skip, because it was sent"]);
    // Pressed as most terminals send it.
    terminal.press_bare_escape();
    terminal.wait_for(&["1 Resources"]);
    quit(terminal);
    assert_eq!(stage.receiver.count(), 1);
}

#[test]
fn conditions_are_counted_and_lead_to_their_resources() {
    let stage = Stage::set();
    stage.put_pod("web-3", "Pending");
    let mut terminal = stage.settled_dashboard();
    terminal.wait_for(&["web-3"]);
    terminal.press("5");
    terminal.wait_for(&["[Triggers]", "on-pod-ready [0]", "SINCE"]);
    terminal.press("Enter");
    terminal.wait_for(&[
        "Resources of on-pod-ready [0]",
        "default/web-1",
        "default/web-2",
        "default/web-3",
    ]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Resources of on-pod-ready");
    terminal.press("Esc");
    terminal.wait_for(&["1 Resources"]);
    quit(terminal);
}

/// The objects are read anew for a configuration that reads more of them than the one before; what is
/// shown of the selected one is up to date afterwards.
#[test]
fn what_is_shown_follows_a_configuration_that_reads_more() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.press("/");
    terminal.type_text("web-2");
    terminal.press("Enter");
    terminal.wait_for(&[
        "2 Triggers: pod default/web-2",
        "pod.status.phase is \"Pending\"",
    ]);
    for field in ["metadata.uid", "metadata.name", "kind"] {
        stage.configure(&format!("pod.{field} == 'none'"));
        terminal.wait_for(&[&format!("pod.{field} is")]);
    }
    quit(terminal);
}

#[test]
fn the_palette_finds_what_is_meant_and_says_what_is_off_and_why() {
    let stage = Stage::set();
    let mut terminal = Terminal::start(stage.command(&["--read-only"]), LARGE);
    terminal.wait_for(&["web-1", "READ-ONLY"]);
    terminal.press(":");
    terminal.type_text("rsnd");
    // Letters in their order are enough.
    let found = terminal.wait_for(&[
        ": rsnd",
        "│>resend ",
        "resend all failed",
        "[off: read-only",
    ]);
    assert!(!found.contains("zoom"), "{found}");
    terminal.press("Enter");
    terminal.wait_for(&["read-only"]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Command ─");
    terminal.press(":");
    terminal.type_text("held");
    terminal.wait_for(&["send held", "[off: "]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Command ─");
    quit(terminal);
    assert_eq!(stage.receiver.count(), 0);
}
