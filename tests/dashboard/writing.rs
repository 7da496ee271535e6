//! What sends and writes, and asks before it does.

use crate::stage::{LARGE, NOTIFIED, Stage, quit};

/// The notified state of `web-1` in the cluster.
fn notified(stage: &Stage) -> Option<String> {
    let pod = stage.cluster.objects().get("pods", "default", "web-1")?;
    let text = pod["metadata"]["annotations"][NOTIFIED].as_str();
    text.map(str::to_owned)
}

#[test]
fn resend_asks_sends_and_makes_a_row() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.wait_for(&["2 Triggers: pod default/web-1", "already sent"]);
    terminal.press("r");
    terminal.wait_for(&["Resend ─", "1 delivery", "> No"]);
    // "No" has the focus.
    terminal.press("Enter");
    terminal.wait_for_end_of("Resend ─");
    assert_eq!(stage.receiver.count(), 1);
    terminal.press("r");
    terminal.wait_for(&["Resend ─"]);
    terminal.press("y");
    stage.wait_for_requests(2);
    terminal.wait_until("two rows", |text| {
        text.matches("default/web-1      webhook").count() >= 2
    });
    quit(terminal);
}

#[test]
fn clearing_removes_the_state_and_what_is_true_is_sent_again() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.wait_for(&["2 Triggers: pod default/web-1", "dedup keys       1 of"]);
    assert!(notified(&stage).is_some_and(|state| state.contains("on-pod-ready")));
    terminal.press("D");
    terminal.wait_for(&["Clear dedup ─", "1 entry"]);
    terminal.press("y");
    stage.wait_for_requests(2);
    terminal.wait_for(&["cleared    default/web-1"]);
    quit(terminal);
}

#[test]
fn an_edited_key_is_checked_written_and_in_force() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.press("4 /");
    terminal.type_text("trigger");
    terminal.press("Enter");
    terminal.wait_for(&["│>+ trigger.on-pod-ready"]);
    terminal.press("e");
    terminal.wait_for(&["C-s", "pod.status.phase in ['Running']"]);
    terminal.type_text(
        "# for both phases\n- when: pod.status.phase in ['Pending']\nsend: [pod-ready]\n",
    );
    // The next line is indented like the one before.
    terminal.press("Backspace");
    terminal.wait_for(&["trigger.on-pod-ready*", "no findings"]);
    terminal.press("C-s");
    terminal.wait_for(&["Apply ─", "the server accepts it", "> No"]);
    assert!(!stage.key("trigger.on-pod-ready").contains("Pending"));
    terminal.press("y");
    // web-2 is pending: the new condition is in force. The old one has moved down the list, which
    // makes it another condition: web-1 is told again.
    stage.wait_for_requests(3);
    let bodies: Vec<String> = stage.receiver.received().iter().map(|r| r.text()).collect();
    assert!(bodies.contains(&"web-2".to_owned()), "{bodies:?}");
    assert!(stage.key("trigger.on-pod-ready").starts_with("# for both"));
    terminal.wait_for(&["trigger.on-pod-ready applied"]);
    quit(terminal);
}

#[test]
fn a_draft_with_an_error_is_applied_only_when_that_is_said() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    let good = stage.key("trigger.on-pod-ready");
    terminal.press("4 /");
    terminal.type_text("trigger");
    terminal.press("Enter");
    terminal.wait_for(&["│>+ trigger.on-pod-ready"]);
    terminal.press("e");
    terminal.wait_for(&["C-s"]);
    terminal.type_text("- when: pod.status.phase in [\nsend: [pod-ready]\n");
    terminal.press("Backspace");
    terminal.press("C-s");
    let question = terminal.wait_for(&["Apply with errors ─", "Apply anyway", "> No", "1:"]);
    let consequence = "trigger.on-pod-ready is broken: the engine keeps the last good version";
    assert!(question.contains(consequence), "{question}");
    terminal.press("Enter");
    terminal.wait_for_end_of("Apply with errors ─");
    assert_eq!(stage.key("trigger.on-pod-ready"), good);

    terminal.press("C-s");
    terminal.wait_for(&["Apply with errors ─"]);
    terminal.press("y");
    terminal.wait_for(&["Apply ─", "the server accepts it", consequence]);
    terminal.press("y");
    terminal.wait_for(&["last-good", "1 broken"]);
    assert_ne!(stage.key("trigger.on-pod-ready"), good);
    // The last good version goes on working.
    stage.set_phase("web-2", "Running");
    stage.wait_for_requests(2);
    quit(terminal);
}

#[test]
fn read_only_offers_nothing_that_writes() {
    let stage = Stage::set();
    let command = stage.command(&["--read-only"]);
    let mut terminal = crate::terminal::Terminal::start(command, LARGE);
    terminal.wait_for(&["web-1", "READ-ONLY"]);
    terminal.press("r");
    terminal.wait_for(&["read-only"]);
    quit(terminal);
    assert_eq!(stage.receiver.count(), 0);
    assert_eq!(notified(&stage), None);
}
