//! An edit that meets another one: conflict, merge, apply, and back again.

use crate::stage::{Stage, quit};

#[test]
fn a_conflict_is_merged_applied_and_rolled_back() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    let before = stage.key("trigger.on-pod-ready");
    terminal.press("4 /");
    terminal.type_text("trigger");
    terminal.press("Enter");
    terminal.wait_for(&["│>+ trigger.on-pod-ready"]);
    terminal.press("e");
    terminal.wait_for(&["C-s", "pod.status.phase in ['Running']"]);
    terminal.type_text("# mine\n");
    terminal.wait_for(&["trigger.on-pod-ready*"]);
    // Somebody else changes another line of the same key.
    stage.configure("pod.status.phase in ['Running', 'Unknown']");
    terminal.wait_until("told that it has changed", |text| {
        text.contains("has changed in the cluster") || text.contains("changed since")
    });
    terminal.press("F5");
    terminal.wait_for(&[
        "Merge trigger.on-pod-ready with rv",
        "merged",
        "Live rv",
        "Mine",
    ]);
    terminal.press("Enter");
    terminal.wait_for(&["# mine", "'Running', 'Unknown'", "based on resourceVersion"]);
    let theirs = stage.key("trigger.on-pod-ready");
    terminal.press("C-s");
    terminal.wait_for(&["Apply ─", "the server accepts it", "> No"]);
    terminal.press("y");
    terminal.wait_for(&["trigger.on-pod-ready applied, in force since"]);
    assert_eq!(
        stage.key("trigger.on-pod-ready"),
        format!("# mine\n{theirs}")
    );
    terminal.press("U");
    terminal.wait_for(&["Roll back ─", "- # mine", "> No"]);
    terminal.press("y");
    terminal.wait_for(&["rollback of trigger.on-pod-ready applied, in force"]);
    assert_eq!(stage.key("trigger.on-pod-ready"), theirs);
    assert_ne!(theirs, before);
    // All of it is in the list of versions.
    terminal.press("F9");
    terminal.wait_for(&["4 versions", "(from here)", "(found)"]);
    quit(terminal);
}
