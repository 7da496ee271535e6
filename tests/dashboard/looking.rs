//! Finding one's way: panes, filters, help, sizes.

use crate::stage::{LARGE, Stage, quit};

/// The columns of the resource pane that say which row is selected.
const SELECTED: &str = "│>";

#[test]
fn four_panes_a_filter_and_a_zoom() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.wait_for(&[
        "1 Resources",
        "2 Triggers: pod default/web-1",
        "3 History",
        "4 default/pod-notifications-cm",
        "already sent",
        "service.webhook.webhook",
    ]);
    // What changes in the cluster changes on the screen.
    stage.put_pod("web-3", "Pending");
    terminal.wait_for(&["web-3"]);

    terminal.press("/");
    terminal.type_text("web-2");
    terminal.wait_until("only web-2", |text| {
        text.contains("Pod     default    web-2") && !text.contains("Pod     default    web-3")
    });
    terminal.press("Enter");
    terminal.wait_for(&["2 Triggers: pod default/web-2"]);
    terminal.press("/");
    terminal.wait_for(&["/web-2"]);
    terminal.press("Esc");
    terminal.wait_for(&["web-3"]);

    terminal.press("z");
    let zoomed = terminal.wait_for_end_of("4 default/pod-notifications-cm");
    assert!(zoomed.contains("1 Resources"), "{zoomed}");
    assert!(zoomed.contains(SELECTED), "{zoomed}");
    terminal.press("z");
    terminal.wait_for(&["4 default/pod-notifications-cm"]);
    terminal.press("3");
    terminal.press("Enter");
    // One delivery, with what was sent.
    terminal.wait_for(&["POST", "/webhook"]);
    terminal.press("Esc");
    terminal.wait_for(&["1 Resources"]);
    quit(terminal);
}

#[test]
fn help_and_palette_name_what_can_be_done() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.press("?");
    terminal.wait_for(&["Help: ", "resend", "clear dedup"]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Help: ");
    terminal.press(":");
    terminal.type_text("resen");
    terminal.wait_for(&["Command ─", ": resen", "│>resend"]);
    terminal.press("Esc");
    terminal.wait_for_end_of("Command ─");
    quit(terminal);
}

#[test]
fn every_size_shows_what_has_room() {
    let stage = Stage::set();
    let mut terminal = stage.settled_dashboard();
    terminal.resize((80, 24));
    let text = terminal.wait_for(&["[1 Resources", "2 Triggers", "web-1", "? help"]);
    assert_eq!(text.lines().count(), 24, "{text}");
    terminal.resize((20, 5));
    let text = terminal.wait_until("one pane", |text| {
        text.contains("web-1") && !text.contains("┌")
    });
    assert!(text.lines().count() <= 5, "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 20),
        "{text}"
    );
    terminal.resize((200, 60));
    terminal.wait_for(&[
        "4 default/pod-notifications-cm",
        "2 Triggers: pod default/web",
    ]);
    terminal.resize(LARGE);
    terminal.wait_until("36 rows", |text| {
        text.contains("4 default/pod-notifications-cm") && text.lines().count() <= 36
    });
    quit(terminal);
}
