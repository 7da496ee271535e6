//! Starts that do not go as they should.

use crate::stage::{LARGE, NOTIFIED, Stage, kubechime, quit};
use crate::terminal::Terminal;
use serde_json::{Value, json};
use tempfile::TempDir;

#[test]
fn without_a_kubeconfig_it_says_what_to_do() {
    let home = TempDir::new().unwrap();
    let missing = home.path().join("no-such-file");
    let mut command = kubechime(home.path());
    command.arg("--kubeconfig");
    command.arg(&missing);
    let terminal = Terminal::start(command, LARGE);
    terminal.wait_for(&["No connection", "no-such-file", "C-o"]);
    quit(terminal);

    // Without a screen there is nobody to ask.
    let mut command = kubechime(home.path());
    command.arg("run");
    command.arg("--kubeconfig");
    command.arg(&missing);
    let mut terminal = Terminal::start(command, LARGE);
    let (status, written) = terminal.wait_for_exit();
    assert_eq!(status.exit_code(), 1);
    assert!(written.contains("no-such-file"), "{written}");
}

#[test]
fn an_unreachable_server_is_said_and_found_again() {
    let stage = Stage::set();
    stage.runtime.block_on(stage.cluster.pause());
    let mut terminal = Terminal::start(stage.command(&[]), LARGE);
    terminal.wait_for(&["can't be reached", "1 Resources"]);
    terminal.press(":");
    terminal.type_text("ctx ");
    terminal.wait_for(&["Command ─", ": ctx", "│>ctx kubechime-demo"]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Command ─");
    stage.runtime.block_on(stage.cluster.resume()).unwrap();
    terminal.wait_for(&["web-1", "ACTIVE"]);
    quit(terminal);

    stage.runtime.block_on(stage.cluster.pause());
    let terminal = Terminal::start(stage.command(&[]), LARGE);
    terminal.wait_for(&["can't be reached"]);
    quit(terminal);
}

#[test]
fn a_namespace_without_configuration_is_offered_an_example() {
    let stage = Stage::empty();
    let mut terminal = Terminal::start(stage.command(&[]), LARGE);
    terminal.wait_for(&["There is no ConfigMap pod-notifications-cm", "e makes one"]);
    terminal.press("e");
    terminal.wait_for(&["new ConfigMap", "kind: ConfigMap", "nothing is written"]);
    assert_eq!(stage.key("trigger.on-pod-ready"), "");
    terminal.press("C-s");
    // The example needs a Secret, which is not there: that is said, and no reason to stop.
    terminal.wait_for(&["Apply with errors ─", "'$webhook-token'"]);
    terminal.press("y");
    terminal.wait_for(&["Apply ─", "creates the ConfigMap"]);
    terminal.press("y");
    terminal.wait_for(&["ConfigMap applied", "trigger.on-pod-ready"]);
    assert_ne!(stage.key("trigger.on-pod-ready"), "");
    quit(terminal);
}

/// Writes the notified state as another engine does.
fn write_state_as(stage: &Stage, manager: &str) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let address = format!(
        "{}/api/v1/namespaces/default/pods/web-2?fieldManager={manager}",
        stage.cluster.url()
    );
    let patch = json!({"metadata": {"annotations": {NOTIFIED: "{}"}}});
    let config: Value = serde_yaml::from_str(&stage.cluster.kubeconfig()).unwrap();
    let token = config["users"][0]["user"]["token"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let sent = stage.runtime.block_on(async {
        let request = reqwest::Client::new()
            .patch(address)
            .bearer_auth(token)
            .header("Content-Type", "application/merge-patch+json")
            .body(patch.to_string());
        request.send().await
    });
    assert!(sent.unwrap().status().is_success());
}

#[test]
fn where_another_engine_was_at_work_it_observes_until_it_is_told() {
    let stage = Stage::set();
    write_state_as(&stage, "notifications-controller");
    let mut terminal = Terminal::start(stage.command(&[]), LARGE);
    // Not what it is while it looks: `OBSERVE (wanted active)`.
    terminal.wait_for(&["web-1", "│ OBSERVE │", "notifications-controller"]);
    assert_eq!(stage.receiver.count(), 0);
    terminal.press(":");
    terminal.type_text("mode active");
    terminal.press("Enter");
    terminal.wait_for(&["Mode ─", "from observe to active"]);
    terminal.press("y");
    stage.wait_for_requests(1);
    terminal.wait_for(&["ACTIVE"]);
    quit(terminal);
}
