//! What is done to many at once: marked by hand or by the filter, asked about, done, undone.

use crate::stage::{LARGE, NOTIFIED, Stage, quit};
use crate::terminal::Terminal;
use kubechime::demo::Reply;

/// The notified state of a Pod in the cluster.
fn notified(stage: &Stage, name: &str) -> String {
    let pod = stage.cluster.objects().get("pods", "default", name);
    let text = pod.map(|pod| pod["metadata"]["annotations"][NOTIFIED].clone());
    text.and_then(|text| text.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// A dashboard on two ready Pods whose notifications were refused for good.
fn two_that_failed(stage: &Stage) -> Terminal {
    stage.receiver.reply("*", Reply::code(404));
    stage.set_phase("web-2", "Running");
    let terminal = stage.dashboard(LARGE);
    stage.wait_for_requests(2);
    terminal.wait_for(&["ACTIVE", "failed 2"]);
    stage.receiver.clear_replies();
    terminal
}

#[test]
fn all_that_failed_is_sent_again() {
    let stage = Stage::set();
    let mut terminal = two_that_failed(&stage);
    terminal.press("3 F");
    terminal.wait_for(&[
        "Resend all failed ─",
        "2 deliveries that failed",
        "2  webhook",
        "context kubechime-demo",
        "> No",
    ]);
    terminal.press("y");
    stage.wait_for_requests(4);
    terminal.wait_for(&["Resend all failed: 2 done, 0 failed", "1 delivery begun"]);
    terminal.press("Esc");
    terminal.wait_for(&["3 History", "sent 2"]);
    terminal.press("F");
    terminal.wait_for(&["nothing has failed that was not tried again"]);
    quit(terminal);
}

#[test]
fn what_the_filter_lets_through_is_marked_as_sent_and_that_is_undone() {
    let stage = Stage::set();
    stage.put_pod("api-1", "Pending");
    let mut terminal = two_that_failed(&stage);
    terminal.wait_for(&["api-1"]);
    terminal.press("1 /");
    terminal.type_text("web");
    terminal.press("Enter");
    terminal.wait_until("only web", |text| !text.contains("default    api-1"));
    terminal.press("* b");
    terminal.wait_for(&[
        "Mark as sent ─",
        "2 resources",
        "2 notifications",
        "not sent",
        "context kubechime-demo",
    ]);
    terminal.press("y");
    terminal.wait_for(&["Mark as sent: 2 done", "1 notification marked as sent"]);
    terminal.wait_until("the state of both in the cluster", |_| {
        let has = |name| notified(&stage, name).contains("on-pod-ready");
        has("web-1") && has("web-2")
    });
    terminal.press("Esc");
    terminal.wait_for(&["3 History"]);
    assert_eq!(stage.receiver.count(), 2);
    // Undone: what is still true is sent.
    terminal.press("u");
    terminal.wait_for(&["Undo mark as sent ─", "2 entries removed"]);
    terminal.press("y");
    stage.wait_for_requests(4);
    quit(terminal);
}

#[test]
fn marked_rows_are_cleared_and_put_back() {
    let stage = Stage::set();
    stage.set_phase("web-2", "Running");
    stage.put_pod("web-3", "Running");
    let mut terminal = stage.dashboard(LARGE);
    stage.wait_for_requests(3);
    terminal.wait_for(&["ACTIVE", "sent 3", "dedup keys       1 of"]);
    // What is cleared is sent again: that is refused, so that there is something to put back.
    stage.receiver.reply("*", Reply::code(404));
    // The first two rows, whichever they are; the third is left alone.
    terminal.press("g Space j Space");
    terminal.wait_for(&["2 marked"]);
    terminal.press("D");
    terminal.wait_for(&[
        "Clear dedup ─",
        "2 resources",
        "2 entries removed",
        "2  webhook",
    ]);
    terminal.press("y");
    terminal.wait_for(&["Clear dedup: 2 done"]);
    stage.wait_for_requests(5);
    let with_state = || {
        let names = ["web-1", "web-2", "web-3"];
        let has = |name: &&&str| notified(&stage, name).contains("on-pod-ready");
        names.iter().filter(has).count()
    };
    terminal.wait_until("the state of one in the cluster", |_| with_state() == 1);
    terminal.press("Esc");
    terminal.wait_for(&["1 Resources"]);
    terminal.press("u");
    terminal.wait_for(&["Undo clear ─", "2 entries put back"]);
    terminal.press("y");
    terminal.wait_for(&["Undo clear: 2 done"]);
    terminal.wait_until("the state of all in the cluster", |_| with_state() == 3);
    terminal.press("Esc");
    terminal.wait_for(&["1 Resources"]);
    quit(terminal);
    assert_eq!(stage.receiver.count(), 5);
}
