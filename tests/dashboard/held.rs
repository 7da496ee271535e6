//! What the flood guard holds: shown, sent or marked as sent after a question.

use crate::stage::{LARGE, NOTIFIED, Stage, quit};
use crate::terminal::Terminal;

/// A dashboard that would begin with five notifications, and holds them.
fn flooded(stage: &Stage) -> Terminal {
    for number in 3..=6 {
        stage.put_pod(&format!("web-{number}"), "Running");
    }
    let mut command = stage.command(&[]);
    command.env("KUBECHIME_FLOOD_GUARD", "3");
    let terminal = Terminal::start(command, LARGE);
    terminal.wait_for(&[
        "ACTIVE",
        "web-6",
        "5 notifications that no change of an object caused are held",
        "held until somebody decides",
    ]);
    assert_eq!(stage.receiver.count(), 0);
    terminal
}

#[test]
fn it_is_sent_after_a_question() {
    let stage = Stage::set();
    let mut terminal = flooded(&stage);
    terminal.press("H");
    terminal.wait_for(&[
        "Send held ─",
        "5 notifications held by the flood guard would be sent",
        "5  webhook  on-pod-ready",
        "context kubechime-demo",
        "> No",
    ]);
    terminal.press("n");
    terminal.wait_for_end_of("Send held ─");
    assert_eq!(stage.receiver.count(), 0);
    terminal.press("H");
    terminal.wait_for(&["Send held ─"]);
    terminal.press("y");
    stage.wait_for_requests(5);
    terminal.wait_for(&["sent 5"]);
    terminal.press(":");
    terminal.type_text("send held");
    terminal.wait_for(&["[off: the flood guard holds nothing]"]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Command ─");
    quit(terminal);
}

#[test]
fn it_is_marked_as_sent_and_only_what_comes_next_is_sent() {
    let stage = Stage::set();
    let mut terminal = flooded(&stage);
    terminal.press("B");
    terminal.wait_for(&[
        "Mark held as sent ─",
        "marked as sent, and not sent",
        "> No",
    ]);
    terminal.press("y");
    terminal.wait_until("the state of all five", |_| {
        [1, 3, 4, 5, 6].into_iter().all(|number| {
            let name = format!("web-{number}");
            let pod = stage.cluster.objects().get("pods", "default", &name);
            let state = pod.map(|pod| pod["metadata"]["annotations"][NOTIFIED].clone());
            state.is_some_and(|state| state.to_string().contains("on-pod-ready"))
        })
    });
    assert_eq!(stage.receiver.count(), 0);
    stage.set_phase("web-2", "Running");
    stage.wait_for_requests(1);
    let bodies: Vec<String> = stage.receiver.received().iter().map(|r| r.text()).collect();
    assert_eq!(bodies, ["web-2"]);
    quit(terminal);
}
