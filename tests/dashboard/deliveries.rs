//! Deliveries: one with its request, all of them filtered and exported.

use crate::stage::{Stage, quit};
use kubechime::demo::Reply;

#[test]
fn a_delivery_shows_its_request_in_every_form_and_is_sent_again() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.press("3 Enter");
    terminal.wait_for(&[
        "Request (pretty)",
        "POST http://127.0.0.1:",
        "/webhook",
        "status       200",
        "dedup patch  written",
        "1 try",
        "response",
    ]);
    terminal.press("t");
    terminal.wait_for(&["Request (raw)", "/webhook"]);
    terminal.press("t");
    terminal.wait_for(&["Request (curl)", "curl -sS -X POST", "--data-binary web-1"]);
    terminal.press("v");
    terminal.wait_for(&[
        "Template variables of delivery",
        "# read anew from the cluster",
        "creationTimestamp: ",
    ]);
    terminal.press("Esc");
    terminal.wait_for(&["Request ("]);
    terminal.press("r");
    terminal.wait_for(&["Resend ─", "1 delivery to webhook", "> No"]);
    terminal.press("y");
    stage.wait_for_requests(2);
    terminal.wait_for(&["resending on-pod-ready to webhook: 1 delivery"]);
    let bodies: Vec<String> = stage.receiver.received().iter().map(|r| r.text()).collect();
    assert_eq!(bodies, ["web-1", "web-1"]);
    terminal.press("Esc");
    terminal.wait_until("the second row", |text| {
        text.matches("default/web-1      webhook").count() >= 2
    });
    quit(terminal);
}

#[test]
fn the_history_is_filtered_and_what_is_left_exported() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    stage.receiver.reply("*", Reply::code(404));
    stage.set_phase("web-2", "Running");
    terminal.wait_for(&["failed 1", "default/web-2      webhook"]);
    terminal.press("3 /");
    terminal.type_text("state:failed service:webhook");
    let only_failed = |text: &str| {
        text.contains("│>x ")
            && text.contains("default/web-2      webhook")
            && !text.contains("default/web-1      webhook")
    };
    terminal.wait_until("only what failed", only_failed);
    terminal.press("Enter");
    terminal.wait_for(&["filter: state:failed service:webhook"]);

    terminal.press("E");
    terminal.wait_for(&["write to (.csv, .json, .jsonl): kubechime-history.csv"]);
    // Relative to where the program was started.
    terminal.press("Enter");
    terminal.wait_for(&["1 row written to", "kubechime-history.csv"]);
    let written = std::fs::read_to_string(stage.home.path().join("kubechime-history.csv")).unwrap();
    assert!(written.starts_with("id,created,"), "{written}");
    for part in [",failed,", ",web-2,", ",404,"] {
        assert_eq!(written.matches(part).count(), 1, "{part}: {written}");
    }
    assert!(!written.contains(",sent,"), "{written}");

    // A filter that is wrong says why.
    terminal.press("/ C-u");
    terminal.type_text("!state:failed since:soon");
    terminal.wait_for(&["filter: !state:failed since:soon", "'soon' is no time"]);
    terminal.press("C-u");
    terminal.type_text("!state:failed since:1h");
    terminal.wait_until("only what was sent", |text| {
        text.contains("default/web-1      webhook") && !text.contains("default/web-2      webhook")
    });
    terminal.press("Enter E");
    terminal.wait_for(&["write to "]);
    terminal.press("C-u");
    terminal.type_text("sent.json\n");
    terminal.wait_for(&["written to", "sent.json"]);
    let written = std::fs::read_to_string(stage.home.path().join("sent.json")).unwrap();
    let rows: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert!(!written.contains("web-2") && written.contains("web-1"));
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{written}");
    quit(terminal);
}
