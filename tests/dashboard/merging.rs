//! Somebody else was faster: the conflict, the merge, what is applied, and the way back.

use crate::stage::{Stage, quit};

#[test]
fn a_conflict_is_merged_applied_and_rolled_back() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.press("4 /");
    terminal.type_text("trigger");
    terminal.press("Enter");
    terminal.wait_for(&["│>+ trigger.on-pod-ready"]);
    terminal.press("e");
    terminal.wait_for(&["C-s", "pod.status.phase in ['Running']"]);
    terminal.type_text("# mine\n");
    terminal.wait_for(&["trigger.on-pod-ready*", "no findings"]);

    // The same line, from elsewhere.
    let theirs = "# theirs\n- when: pod.status.phase in ['Running']\n  send: [pod-ready]\n";
    let change = |map: &mut serde_json::Value| {
        map["data"]["trigger.on-pod-ready"] = theirs.into();
    };
    let map = ("configmaps", "default", "pod-notifications-cm");
    let changed = stage.cluster.objects().update(map.0, map.1, map.2, change);
    assert!(changed.is_some());
    terminal.wait_for(&["the ConfigMap has changed in the cluster since"]);
    terminal.press("C-s");
    terminal.wait_for(&["the ConfigMap was changed meanwhile", "F5 merges it"]);
    assert_eq!(stage.key("trigger.on-pod-ready"), theirs);

    terminal.press("F5");
    terminal.wait_for(&[
        "Merge trigger.on-pod-ready",
        "1 conflict to choose",
        "┌ Live rv ",
        "┌ Mine ",
        "< # theirs",
        "> # mine",
    ]);
    // What is open can't be taken.
    terminal.press("Enter");
    terminal.wait_for(&["1 conflict to choose"]);
    terminal.press("m");
    terminal.wait_for(&["nothing is open"]);
    terminal.press("Enter");
    terminal.wait_for(&["trigger.on-pod-ready*", "- # theirs", "+ # mine"]);
    assert_eq!(stage.key("trigger.on-pod-ready"), theirs);
    terminal.press("C-s");
    terminal.wait_for(&["Apply ─", "the server accepts it", "> No"]);
    terminal.press("y");
    terminal.wait_for(&["trigger.on-pod-ready applied, in force", "U rolls back"]);
    assert!(stage.key("trigger.on-pod-ready").starts_with("# mine\n"));

    terminal.press("U");
    terminal.wait_for(&["Roll back ─", "- # mine", "+ # theirs", "> No"]);
    terminal.press("y");
    terminal.wait_for(&["rollback of trigger.on-pod-ready applied, in force"]);
    assert_eq!(stage.key("trigger.on-pod-ready"), theirs);
    quit(terminal);
    // Only comments have changed: nothing was sent again.
    assert_eq!(stage.receiver.count(), 1);
}
