//! Contexts with settings of their own: they end with the context.

use crate::stage::{LARGE, Stage, kubechime, quit};
use crate::terminal::Terminal;
use serde_json::Value;

/// A dashboard with these settings for contexts, and a second context, `other`, of the same cluster.
fn dashboard(stage: &Stage, contexts: &str) -> Terminal {
    let path = stage.home.path().join("kubeconfig");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut config: Value = serde_yaml::from_str(&text).unwrap();
    let mut other = config["contexts"][0].clone();
    other["name"] = "other".into();
    config["contexts"].as_array_mut().unwrap().push(other);
    std::fs::write(&path, serde_yaml::to_string(&config).unwrap()).unwrap();
    let settings = stage.home.path().join("settings.yaml");
    std::fs::write(&settings, format!("contexts: [{contexts}]\n")).unwrap();
    let mut command = kubechime(stage.home.path());
    command.args(["--kubeconfig".as_ref(), path.as_os_str()]);
    command.args(["--config".as_ref(), settings.as_os_str()]);
    Terminal::start(command, LARGE)
}

#[test]
fn what_is_set_for_a_context_ends_with_it() {
    let stage = Stage::set();
    let settings = "{match: kubechime-demo, readOnly: true, protected: true}";
    let mut terminal = dashboard(&stage, settings);
    terminal.wait_for(&["web-1", "[PROTECTED]", "READ-ONLY"]);
    terminal.press("C-o");
    terminal.type_text("other");
    terminal.wait_for(&["│>ctx other"]);
    terminal.press("Enter");
    stage.wait_for_requests(1);
    terminal.wait_until("a context without settings of its own", |text| {
        text.contains("ctx other")
            && text.contains("ACTIVE leader")
            && text.contains("default/web-1      webhook")
            && text.contains("already sent")
            && !text.contains("READ-ONLY")
            && !text.contains("PROTECTED")
    });
    terminal.press("r");
    terminal.wait_for(&["Resend ─", "> No"]);
    terminal.press("y");
    stage.wait_for_requests(2);
    quit(terminal);
}
