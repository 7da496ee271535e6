//! What is wrong with a key, where, and what to do.

use crate::support::{WEB, catalog, findings, troubled};
use kubechime::catalog::KeyState;
use kubechime::domain::Severity;

/// Cases C16, C19, C20, C23, C25, C26, T10, M6: what is wrong, where, and what to do.
#[test]
fn tells_what_is_wrong_and_where() {
    let cases: [(&str, &str, &str, &str); 23] = [
        (
            "trigger.t",
            "- when: 'true'\n  send: [x]\n  for: soon",
            "3:8",
            "for of condition [0]: time: invalid duration",
        ),
        (
            "trigger.t",
            "- when: 'true'\n  send: [x]\n  repeat: 10ms",
            "3:11",
            "repeat of condition [0]: '10ms' is less than a second (write a number with a unit",
        ),
        (
            "service.a.b.c",
            "",
            "",
            "invalid service key; expected 'service.<type>(.<name>)' but got 'service.a.b.c'",
        ),
        ("service.", "", "", "service type '' is not supported"),
        (
            "service.nope",
            "",
            "",
            "service type 'nope' is not supported",
        ),
        (
            "service.webhook.w",
            "url: {{.x}}",
            "1:7",
            "failed to render service configuration webhook: error converting YAML to JSON: yaml: line 1: invalid map key",
        ),
        (
            "trigger.t",
            "when: x\nsend: [a]",
            "1:1",
            "failed to unmarshal trigger t: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal object into Go value of type []triggers.Condition",
        ),
        (
            "trigger.t",
            "- when: 'true'\n  send: a",
            "2:9",
            "cannot unmarshal string into Go struct field Condition.send of type []string (send is a list: write [a] or one '- a' per line)",
        ),
        (
            "trigger.t",
            "- when: a b\n  send: [x]",
            "1:11",
            "when of condition [0]: unexpected token",
        ),
        (
            "trigger.t",
            "- when: 1 +",
            "1:",
            "when of condition [0]: unexpected token",
        ),
        (
            "trigger.t",
            "- send: [x]\n  when: |-\n    true and\n      a b",
            "4:9",
            "when of condition [0]: unexpected token",
        ),
        (
            "trigger.t",
            "- when: 'true'\n- when: 'true'\n  oncePer: a b",
            "3:14",
            "oncePer of condition [1]: unexpected token",
        ),
        (
            "trigger.t",
            "- when: any(a, {#.x == 1 and #.y == 2})",
            "1:",
            "(a '#' behind a space begins a comment in YAML: put the expression in quotes, or write it as a block with '|-')",
        ),
        (
            "template.t",
            "message: {{.x}}",
            "1:11",
            "failed to unmarshal template t: error converting YAML to JSON: yaml: line 1: invalid map key",
        ),
        (
            "template.t",
            "hello",
            "1:1",
            "failed to unmarshal template t: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type services.Notification",
        ),
        (
            "template.t",
            "message: '{{.foo'",
            "1:",
            "template: t:1: unclosed action",
        ),
        (
            "template.t",
            "message: '{{env \"HOME\"}}'",
            "1:",
            "template: t:1: function \"env\" not defined",
        ),
        (
            "template.t",
            "message: '{{expandenv \"x\"}}'",
            "1:",
            "template: t:1: function \"expandenv\" not defined",
        ),
        (
            "subscriptions",
            "- recipients: [slack:a, 1]",
            "1:25",
            "cannot unmarshal number into Go struct field DefaultSubscription.recipients of type string (put the text in recipients of entry 1 in quotes)",
        ),
        (
            "subscriptions",
            "- recipients: [a]\n- recipients: [a]\n  selector: a==b==c",
            "3:13",
            "selector of entry 2: found '==', expected: ',' or 'end of string'",
        ),
        (
            "subscriptions",
            "recipients: [a]",
            "1:1",
            "cannot unmarshal object into Go value of type []DefaultSubscription",
        ),
        (
            "defaultTriggers",
            "a",
            "1:1",
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type []string",
        ),
        (
            "defaultTriggers.slack",
            "{a: b}",
            "1:1",
            "failed to unmarshal default trigger slack: error unmarshaling JSON",
        ),
    ];
    for (key, text, place, part) in cases {
        // Case C27: whatever is broken, the rest works.
        let catalog = catalog(&[
            (key, text),
            WEB,
            ("trigger.zz", "- when: 'true'\n  send: [zz]"),
            ("template.zz", "message: x"),
        ]);
        assert_eq!(troubled(&catalog), [(key, &KeyState::Broken)], "{text}");
        let diagnostic = &catalog.keys[key].diagnostics[0];
        assert_eq!(diagnostic.severity, Severity::Error);
        let found = diagnostic.position.map(|place| place.to_string());
        let found = found.unwrap_or_default();
        assert!(found.starts_with(place), "{key}: {text}: {found}");
        let told = diagnostic.to_string();
        assert!(told.contains(part), "{text}: {told}");
        assert!(!told.contains('\n'), "{told}");
        assert!(catalog.services.contains_key("web"));
        assert!(catalog.triggers.contains_key("zz") && catalog.templates.contains_key("zz"));
    }
}

#[test]
fn warns_of_what_is_ignored_or_unknown() {
    let cases = [
        (
            "trigger.t",
            "- when: a\n  when: 'true'\n  sent: [x]\n  send: [zz]",
            vec![
                "warning in trigger.t:2:3: 'when' is written more than once; the last one counts",
                "warning in trigger.t:3:3: the field 'sent' is not known and is ignored (did you mean 'send'?)",
            ],
        ),
        (
            "trigger.t",
            "- when: 'true'\n  send: [zz, other]\n---\nx",
            vec![
                "warning in trigger.t:2:14: the template 'other' is not configured (add a key 'template.other', or remove the name)",
                "warning in trigger.t:3:1: only the first document is read; what begins here is ignored",
            ],
        ),
        (
            "trigger.t",
            "- when: 'true'\n  send: [on-reddy]",
            vec![
                "warning in trigger.t:2:10: the template 'on-reddy' is not configured (did you mean 'on-ready'?)",
            ],
        ),
        (
            "trigger.t",
            "- description: d",
            vec![
                "warning in trigger.t:1:3: condition [0] has nothing in 'send', so its notifications are empty",
                "warning in trigger.t:1:3: condition [0] has no 'when', so it is never true",
            ],
        ),
        (
            "subscriptions",
            "- recipients: [wep:x]\n  triggers: [zz, other]\n  select: a=b",
            vec![
                "warning in subscriptions:1:16: the service 'wep' is not configured (did you mean 'web'?)",
                "warning in subscriptions:2:18: the trigger 'other' is not configured (add a key 'trigger.other', or remove the name)",
                "warning in subscriptions:3:3: the field 'select' is not known and is ignored (did you mean 'selector'?)",
            ],
        ),
        (
            "defaultTriggers.wep",
            "[zz, zy]",
            vec![
                "warning in defaultTriggers.wep: the service 'wep' is not configured",
                "warning in defaultTriggers.wep:1:6: the trigger 'zy' is not configured (did you mean 'zz'?)",
            ],
        ),
        (
            "triggers.on-x",
            "",
            vec![
                "warning in triggers.on-x: this key is not known and is ignored (did you mean 'trigger.on-x'?)",
            ],
        ),
    ];
    for (key, text, told) in cases {
        let catalog = catalog(&[
            (key, text),
            WEB,
            ("trigger.zz", "- when: 'true'\n  send: [zz]"),
            ("template.zz", "message: x"),
            ("template.on-ready", "message: x"),
        ]);
        assert_eq!(findings(&catalog, key), told, "{text}");
        assert_eq!(troubled(&catalog), [(key, &KeyState::Warning)], "{text}");
    }
}

/// Quirk Q1: two keys, one service name.
#[test]
fn the_first_of_two_services_with_one_name_is_used() {
    let data = [
        ("service.webhook", "url: http://127.0.0.1:1/"),
        ("service.webhook.webhook", "url: http://127.0.0.1:2/"),
    ];
    let both = catalog(&data);
    assert_eq!(both.services["webhook"].key, "service.webhook");
    assert_eq!(
        findings(&both, "service.webhook"),
        [
            "warning in service.webhook: 'service.webhook.webhook' configures a service named 'webhook' too; it is ignored, because this key sorts first"
        ]
    );
    assert_eq!(
        findings(&both, "service.webhook.webhook"),
        [
            "warning in service.webhook.webhook: 'service.webhook' configures a service named 'webhook' too, and is used (give one of them another name: service.<type>.<name>)"
        ]
    );
    let first_broken = catalog(&[("service.webhook", "url: [1]"), data[1]]);
    assert_eq!(
        first_broken.services["webhook"].key,
        "service.webhook.webhook"
    );
}
