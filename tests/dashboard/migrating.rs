//! An edited condition from the first letter to the cluster, without anything being sent again.

use crate::stage::{Stage, quit};

#[test]
fn an_edit_is_weighed_migrated_and_applied_and_sends_only_what_is_new() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    assert_eq!(stage.receiver.count(), 1);
    terminal.press("4 /");
    terminal.type_text("trigger");
    terminal.press("Enter");
    terminal.wait_for(&["│>+ trigger.on-pod-ready"]);
    terminal.press("e");
    terminal.wait_for(&["C-s", "pod.status.phase in ['Running']"]);
    // The old condition moves down the list, which gives it another state key.
    terminal.type_text("- when: pod.status.phase in ['Pending']\nsend: [pod-ready]\n");
    // The next line is indented like the one before.
    terminal.press("Backspace");
    terminal.wait_for(&["trigger.on-pod-ready*"]);
    terminal.press("F6");
    terminal.wait_for(&[
        "Blast radius of trigger.on-pod-ready",
        "would send 2 = 1 new + 1 again",
        "on-pod-ready[0] -> [1] (place)",
        "resources in",
    ]);
    terminal.press("m");
    terminal.wait_for(&["Migrate keys ─", "1 entry", "> No"]);
    terminal.press("y");
    terminal.wait_for(&[
        "migrated: 1 entry of 1 resource",
        "would send 1 = 1 new + 0 again",
    ]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Blast radius of");
    terminal.press("C-s");
    terminal.wait_for(&["Apply ─", "would send 1 = 1 new", "> No"]);
    terminal.press("y");
    // web-2 is pending, and new; web-1 was told before and is not told again.
    stage.wait_for_requests(2);
    terminal.wait_for(&["trigger.on-pod-ready applied"]);
    quit(terminal);
    let bodies: Vec<String> = stage.receiver.received().iter().map(|r| r.text()).collect();
    assert_eq!(bodies, ["web-1", "web-2"]);
}
