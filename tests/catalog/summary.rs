//! The difference of two versions in words.

use crate::support::{WEB, catalog};
use kubechime::catalog::{Effect, describe};

fn words(before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<String> {
    let statements = describe(&catalog(before), &catalog(after));
    statements.iter().map(ToString::to_string).collect()
}

#[test]
fn conditions_tell_whether_their_state_key_changes() {
    let before = [(
        "trigger.t",
        "- when: 'true'\n  send: [a]\n- when: 'false'\n  send: [b]\n",
    )];
    let other = [(
        "trigger.t",
        "- when: 1 == 1\n  send: [a]\n- when: 'false'\n  send: [b, c]\n",
    )];
    assert_eq!(
        words(&before, &other),
        [
            "! trigger.t[0].when 'true' -> '1 == 1': its state key changes",
            "~ trigger.t[1].send b -> b, c",
        ]
    );
    let once = [(
        "trigger.t",
        "- when: 'true'\n  oncePer: pod.metadata.uid\n  send: [a]\n- when: 'false'\n  send: [b]\n",
    )];
    assert_eq!(
        words(&before, &once),
        ["! trigger.t[0].oncePer none -> 'pod.metadata.uid': its state key changes"]
    );
    let swapped = [(
        "trigger.t",
        "- when: 'false'\n  send: [b]\n- when: 'true'\n  send: [a]\n",
    )];
    let found = words(&before, &swapped);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found.iter().all(|line| line.contains("moved from")),
        "{found:?}"
    );
    let gone = [("trigger.t", "- when: 'true'\n  send: [a]\n")];
    assert_eq!(
        words(&before, &gone),
        ["- trigger.t[1] condition removed: 'false'"]
    );
}

#[test]
fn parts_come_and_go() {
    let before = [WEB, ("template.t", "message: x\n")];
    let after = [
        ("template.t", "message: y\nwebhook:\n  web:\n    body: z\n"),
        ("trigger.n", "[]"),
    ];
    let found = words(&before, &after);
    assert_eq!(
        found,
        [
            "- service.web removed: what leads to it fails",
            "+ trigger.n added, 0 conditions",
            "~ template.t changed: message, webhook added (1 -> 4 lines)",
        ]
    );
    let statements = describe(&catalog(&before), &catalog(&after));
    assert_eq!(statements[0].effect, Effect::Removed);
    assert!(describe(&catalog(&after), &catalog(&after)).is_empty());
}

/// Settings of services may hold credentials in the clear.
#[test]
fn no_setting_of_a_service_is_shown() {
    let before = [(
        "service.webhook.web",
        "url: https://u:hunter2@old.example/T0/hunter2\n",
    )];
    let after = [(
        "service.webhook.web",
        "url: https://u:hunter3@new.example/T0/hunter3\nheaders:\n- name: a\n  value: hunter4\n",
    )];
    let found = words(&before, &after);
    assert_eq!(
        found,
        [
            "~ service.web changed: headers added, url https://old.example/*** -> https://new.example/***"
        ]
    );
    let token = [(
        "service.webhook.web",
        "url: https://u:hunter2@old.example/other-hunter5\n",
    )];
    let found = words(&before, &token);
    assert_eq!(
        found,
        ["~ service.web changed: url at https://old.example/***"]
    );
}
