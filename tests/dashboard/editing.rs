//! The editor: mistakes are found and corrected, drafts survive, other editors take part.

use crate::stage::{LARGE, Stage, quit};
use crate::terminal::Terminal;

/// Opens the trigger in the editor.
fn open_trigger(terminal: &mut Terminal) {
    terminal.press("4 /");
    terminal.type_text("trigger");
    terminal.press("Enter");
    terminal.wait_for(&["│>+ trigger.on-pod-ready"]);
    terminal.press("e");
    terminal.wait_for(&["C-s", "send: [pod-ready]", "+ yaml"]);
}

#[test]
fn a_mistake_is_seen_completed_and_applied() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.wait_for(&["2 Triggers: pod default/web-1"]);
    open_trigger(&mut terminal);
    // A second template, misspelt.
    terminal.press("Down C-e Backspace");
    terminal.type_text(", pod-redy]");
    terminal.wait_for(&["x names", "the template 'pod-redy' is not", "^^^^^^^^"]);
    terminal.press("Home F2");
    terminal.wait_for(&["2:21"]);
    // Completed from what there is, and a field of the selected Pod for a new key.
    terminal.press("C-k");
    terminal.type_text("pod-r");
    terminal.press("A-c");
    terminal.wait_for(&[">pod-ready", "template"]);
    terminal.press("Enter");
    terminal.type_text("]\n");
    terminal.type_text("oncePer: pod.metadata.");
    terminal.press("A-c");
    terminal.wait_for(&[">annotations", "field"]);
    terminal.type_text("na");
    terminal.press("Tab");
    terminal.wait_for(&["oncePer: pod.metadata.name", "+ names", "no findings"]);
    terminal.press("C-s");
    terminal.wait_for(&["Apply ─", "the server accepts it"]);
    terminal.press("y");
    terminal.wait_until("the new text in the cluster", |_| {
        stage
            .key("trigger.on-pod-ready")
            .contains("oncePer: pod.metadata.name")
    });
    assert!(
        stage
            .key("trigger.on-pod-ready")
            .contains("send: [pod-ready, pod-ready]")
    );
    terminal.wait_for(&["applied, in force"]);
    quit(terminal);
}

#[test]
fn a_draft_survives_a_kill() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    open_trigger(&mut terminal);
    terminal.type_text("# not lost\n");
    // On disk by itself, a moment after the first change.
    terminal.wait_for(&["kept on disk"]);
    terminal.signal("KILL");
    let (status, _) = terminal.wait_for_exit();
    assert!(!status.success());

    let mut terminal = stage.dashboard(LARGE);
    terminal.wait_for(&["1 draft kept from before", " draft "]);
    terminal.press("4 9");
    terminal.wait_for(&["trigger.on-pod-ready", "as in the cluster"]);
    terminal.press("Enter");
    terminal.wait_for(&["# not lost", "trigger.on-pod-ready*"]);
    terminal.press("F8");
    terminal.wait_for(&["Discard draft ─", "+1 -0 lines are lost"]);
    terminal.press("y");
    terminal.wait_for(&["is gone"]);
    let drafts = std::fs::read_dir(stage.state().join("drafts")).unwrap();
    assert_eq!(drafts.count(), 0);
    quit(terminal);
}

#[test]
fn the_users_own_editor_is_handed_the_text() {
    let stage = Stage::set();
    let mut command = stage.command(&[]);
    // An editor that needs no keys, and another one that fails.
    command.env("EDITOR", "sed -i '1i # by sed'");
    let mut terminal = Terminal::start(command, LARGE);
    terminal.wait_for(&["web-1", "ACTIVE"]);
    open_trigger(&mut terminal);
    terminal.press("F4");
    terminal.wait_for(&[
        "# by sed",
        "taken over from $EDITOR",
        "trigger.on-pod-ready*",
    ]);
    assert!(!terminal.is_cooked());
    // Nothing of it is left on disk.
    let left = std::fs::read_dir(stage.state()).unwrap().flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().ends_with(".yaml")),
        "{left:?}"
    );
    terminal.press("Esc");
    terminal.wait_for(&["1 Resources"]);
    quit(terminal);
}

#[test]
fn the_whole_config_map_as_yaml() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.press("4 E");
    terminal.wait_for(&[
        "whole ConfigMap",
        "comments do not survive",
        "kind: ConfigMap",
    ]);
    terminal.press("C-f");
    terminal.type_text("Running");
    terminal.press("Enter Esc");
    terminal.wait_for(&["whole ConfigMap"]);
    terminal.press("C-r");
    terminal.type_text("Running");
    terminal.press("Enter");
    terminal.type_text("Pending");
    terminal.press("Enter");
    terminal.wait_for(&["replace this by 'Pending'?"]);
    terminal.press("a");
    terminal.wait_for(&["pod.status.phase in ['Pending']"]);
    terminal.press("C-s");
    terminal.wait_for(&["Apply ─", "the server accepts it"]);
    terminal.press("y");
    terminal.wait_until("the new text in the cluster", |_| {
        stage.key("trigger.on-pod-ready").contains("Pending")
    });
    assert!(stage.key("service.webhook.webhook").starts_with("url: "));
    terminal.wait_for(&["applied, in force"]);
    quit(terminal);
}

#[test]
fn a_paste_of_many_lines_comes_in_as_it_is() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    open_trigger(&mut terminal);
    // Neither indented line by line, nor completed, nor taken for keys; one undo takes it back.
    let mut text = String::from("- when: >-\n    pod.status.phase in ['Pending']\n");
    text.push_str("  send:\n  - pod-ready\n");
    for line in 1..=200 {
        text.push_str(&format!("  # line {line}\tof a paste q y\n"));
    }
    terminal.paste(&text.replace('\n', "\r\n"));
    terminal.wait_for(&["+204 -0", "no findings"]);
    terminal.press("C-u");
    terminal.wait_for(&["no changes"]);
    terminal.paste(&text);
    terminal.wait_for(&["+204 -0", "no findings"]);
    terminal.press("C-s");
    terminal.wait_for(&["Apply ─", "the server accepts it"]);
    terminal.press("y");
    terminal.wait_until("the pasted text in the cluster", |_| {
        stage.key("trigger.on-pod-ready").starts_with(&text)
    });
    // In a line, a paste of several lines is one line; and nothing in it is a key.
    terminal.wait_for(&["applied, in force"]);
    terminal.press("/");
    terminal.paste("trig\nger\u{1b}[31m");
    terminal.wait_for(&["/trig"]);
    terminal.press("Esc");
    quit(terminal);
}
