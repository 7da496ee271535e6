//! Other clusters: reached, not reached, and left again.

use crate::stage::{LARGE, Stage, kubechime, quit};
use crate::terminal::Terminal;
use serde_json::{Value, json};

/// Adds a context whose server is not there.
fn add_nowhere(stage: &Stage) {
    let path = stage.home.path().join("kubeconfig");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut config: Value = serde_yaml::from_str(&text).unwrap();
    let user = config["users"][0]["name"].clone();
    let cluster = json!({"name": "nowhere", "cluster": {"server": "http://127.0.0.1:9"}});
    let context = json!({"name": "nowhere", "context": {"cluster": "nowhere", "user": user}});
    for (list, item) in [("clusters", cluster), ("contexts", context)] {
        config[list].as_array_mut().unwrap().push(item);
    }
    std::fs::write(&path, serde_yaml::to_string(&config).unwrap()).unwrap();
}

#[test]
fn a_context_that_cant_be_reached_is_shown_and_left_again() {
    let stage = Stage::set();
    add_nowhere(&stage);
    // With a directory of its own for each context.
    let mut command = kubechime(stage.home.path());
    command.arg("--kubeconfig");
    command.arg(stage.home.path().join("kubeconfig"));
    let mut terminal = Terminal::start(command, LARGE);
    stage.wait_for_requests(1);
    terminal.wait_for(&["ctx kubechime-demo", "ACTIVE", "already sent"]);

    terminal.press("C-o");
    terminal.type_text("nowh");
    terminal.wait_for(&["│>ctx nowhere"]);
    terminal.press("Enter");
    // Nothing of the cluster before is left.
    terminal.wait_until("an unreachable cluster", |text| {
        text.contains("ctx nowhere")
            && text.contains("UNREACHABLE")
            && text.contains("http://127.0.0.1:9 can't be reached; retrying")
            && !text.contains("web-1")
    });
    // It says what is wrong, and takes keys all the same.
    terminal.wait_for(&["error: ", "can't be read"]);
    terminal.press("?");
    terminal.wait_for(&["Help: "]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Help: ");

    terminal.press("C-o");
    terminal.type_text("kubechime-demo");
    terminal.wait_for(&["│>ctx kubechime-demo"]);
    terminal.press("Enter");
    let back = terminal.wait_for(&["ctx kubechime-demo", "web-1", "web-2", "ACTIVE"]);
    assert!(!back.contains("can't be read"), "{back}");
    // The engine of this cluster works again, and knows what it has sent.
    stage.set_phase("web-2", "Running");
    stage.wait_for_requests(2);
    terminal.wait_for(&["default/web-2      webhook"]);
    quit(terminal);
    let bodies: Vec<String> = stage.receiver.received().iter().map(|r| r.text()).collect();
    assert_eq!(bodies, ["web-1", "web-2"]);
}

#[test]
fn in_a_protected_context_its_name_is_typed() {
    let stage = Stage::set();
    let mut terminal = stage.settled(&["--protected"]);
    terminal.wait_for(&["ctx kubechime-demo [PROTECTED]"]);
    terminal.press("r");
    terminal.wait_for(&["Resend ─", "type kubechime-demo and Enter:"]);
    // Neither a key nor another name will do.
    terminal.press("y Enter");
    terminal.wait_for(&["nothing was done: that is not kubechime-demo"]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Resend ─");
    assert_eq!(stage.receiver.count(), 1);
    terminal.press("r");
    terminal.wait_for(&["type kubechime-demo and Enter:"]);
    terminal.type_text("kubechime-demo\n");
    stage.wait_for_requests(2);
    terminal.wait_for_end_of("Resend ─");
    // What only leaves is asked as anywhere.
    quit(terminal);
}
