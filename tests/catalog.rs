//! A ConfigMap and its Secret become a catalog: every key by itself, everything that is wrong told
//! with its place.

#[path = "support/catalog.rs"]
mod support;

use kubechime::catalog::{Catalog, Change, ConditionChange, ConfigSource, KeyKind, KeyState, diff};
use kubechime::domain::Severity;
use support::{WEB, catalog, findings, map, options, source, troubled};

/// Cases C1 to C5, C15, C17.
#[test]
fn reads_every_kind_of_key() {
    let catalog = catalog(&[
        WEB,
        (
            "service.webhook",
            "# all defaults\nurl: http://127.0.0.1:1/",
        ),
        ("template.my-template", "message: hello world"),
        ("template.empty", ""),
        ("trigger.a.b", "- when: 'true'\n  send: [my-template]"),
        ("trigger.none", ""),
        ("defaultTriggers", "[a.b, none]"),
        ("defaultTriggers.web", "- none\n- a.b"),
        (
            "subscriptions",
            "- recipients: [web:a:b, webhook]\n  triggers: [a.b]\n  selector: test=true",
        ),
        ("trigger", "ignored"),
        ("triggerx", "ignored"),
        ("context", "argocdUrl: x"),
    ]);
    assert!(catalog.services.contains_key("web"));
    assert_eq!(
        catalog.services["webhook"].service.service_type(),
        "webhook"
    );
    assert!(catalog.templates.contains_key("my-template"));
    assert!(catalog.templates.contains_key("empty"));
    assert_eq!(catalog.triggers["a.b"].conditions.len(), 1);
    assert_eq!(catalog.triggers["none"].conditions.len(), 0);
    assert_eq!(catalog.default_triggers, ["a.b", "none"]);
    assert_eq!(catalog.service_default_triggers["web"], ["none", "a.b"]);
    let subscription = &catalog.subscriptions[0];
    assert_eq!(subscription.selector.as_str(), "test=true");
    assert_eq!(subscription.triggers, ["a.b"]);
    let recipients: Vec<_> = subscription
        .recipients
        .iter()
        .map(|to| to.label())
        .collect();
    assert_eq!(recipients, ["web:a:b", "webhook"]);
    assert_eq!(catalog.keys["context"].kind, KeyKind::Ignored);
    let ignored = ["trigger", "triggerx"].map(|key| (key, &KeyState::Warning));
    assert_eq!(troubled(&catalog), ignored);
    assert_eq!(
        findings(&catalog, "trigger"),
        [
            "warning in trigger: this key is not known and is ignored (did you mean 'trigger.<name>'?)"
        ]
    );
}

/// Case C5: an entry without recipients is kept, and tells nobody.
#[test]
fn subscriptions_without_recipients() {
    let catalog = catalog(&[
        ("trigger.my-trigger2", ""),
        (
            "subscriptions",
            "- selector: test=true\n  triggers:\n  - my-trigger2\n",
        ),
    ]);
    assert_eq!(catalog.subscriptions[0].recipients, []);
    assert_eq!(
        findings(&catalog, "subscriptions"),
        ["warning in subscriptions:1:3: entry 1 has no recipients, so it tells nobody"]
    );
}

/// Cases C18, C21, C22.
#[test]
fn conditions_are_read_as_the_original_reads_them() {
    let catalog = catalog(&[
        ("template.a", ""),
        (
            "trigger.t",
            "- when: true\n  send: [a, 1, 2.50, yes, null]\n  oncePer: 5\n- \n- WHEN: 'false'\n  SEND: [a]\n  onceper: x\n  description: d",
        ),
    ]);
    let conditions = &catalog.triggers["t"].conditions;
    assert_eq!(conditions[0].when, "true");
    assert_eq!(conditions[0].send, ["a", "1", "2.5", "true", ""]);
    assert_eq!(conditions[0].once_per.as_ref().unwrap().0, "5");
    assert_eq!(conditions[1].when, "");
    assert_eq!(
        conditions[1].key.to_string(),
        "[1].2jmj7l5rSw0yVb_vlWAYkK_YBwk"
    );
    assert_eq!(conditions[2].when, "false");
    assert_eq!(conditions[2].once_per.as_ref().unwrap().0, "x");
    assert_eq!(conditions[2].description, "d");
}

/// Cases C16, C19, C20, C23, C25, C26, T10, M6: what is wrong, where, and what to do.
#[test]
fn tells_what_is_wrong_and_where() {
    let cases: [(&str, &str, &str, &str); 21] = [
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

/// Cases C6 to C14: what becomes of `$name` is tested with the YAML; here is what is told.
#[test]
fn secrets_go_into_services_and_nowhere_else() {
    let secret: &[(&str, &[u8])] = &[
        ("webhook-url", b"http://user:hunter2hunter2@127.0.0.1:1/"),
        ("retries", b"2"),
        ("binary", &[0xff, 0xfe]),
    ];
    let data = [
        (
            "service.webhook.a",
            "url: $webhook-url\nretryMax: $retries\nheaders:\n- name: x\n  value: Bearer $webhok-url, $other",
        ),
        (
            "service.webhook.b",
            "url: http://127.0.0.1:1/\nheaders:\n- name: x\n  value: a $binary",
        ),
        ("template.t", "message: $webhook-url"),
    ];
    let catalog = Catalog::build(&source(&data, secret), None, &options());
    assert_eq!(
        findings(&catalog, "service.webhook.a"),
        [
            "warning in service.webhook.a:5:17: config referenced '$webhok-url', but key does not exist in secret (did you mean '$webhook-url'?)",
            "warning in service.webhook.a:5:30: config referenced '$other', but key does not exist in secret (add 'other' to the Secret; the text stays as it is until then)",
        ]
    );
    assert_eq!(
        catalog.services["a"].secret_names,
        ["other", "retries", "webhok-url", "webhook-url"]
    );
    assert_eq!(
        findings(&catalog, "service.webhook.b"),
        [
            "error in service.webhook.b:4:12: failed to render service configuration webhook: yaml: cannot marshal invalid UTF-8 data as !!str (the value of 'binary' in the Secret is not UTF-8 text)"
        ]
    );
    assert!(!catalog.services.contains_key("b"));
    assert_eq!(
        catalog
            .masker
            .mask("GET http://user:hunter2hunter2@127.0.0.1:1/"),
        "GET ********"
    );
    let everything = format!("{catalog:?}");
    assert!(!everything.contains("hunter2"), "{everything}");
}

#[test]
fn a_missing_secret_is_told_as_such() {
    let mut source = source(&[("service.webhook.a", "url: http://127.0.0.1:1/$x")], &[]);
    source.secret_found = false;
    let catalog = Catalog::build(&source, None, &options());
    assert_eq!(
        findings(&catalog, "service.webhook.a"),
        [
            "warning in service.webhook.a:1:25: config referenced '$x', but key does not exist in secret (the Secret does not exist, or may not be read)"
        ]
    );
}

/// A value from the Secret that breaks a service is not repeated in what is told about it.
#[test]
fn secrets_are_not_told() {
    let secret: &[(&str, &[u8])] = &[("canary", b"canary-value-4711")];
    let data = [
        ("service.webhook.a", "url: $canary\nretryMax: $canary"),
        ("service.webhook.b", "url: ['$canary']"),
        ("service.webhook.c", "url: '::$canary::'"),
        ("service.$canary", ""),
    ];
    let catalog = Catalog::build(&source(&data, secret), None, &options());
    let everything = format!("{:?} {:?}", catalog, catalog.keys);
    assert!(!everything.contains("4711"), "{everything}");
    assert_eq!(catalog.keys["service.webhook.b"].state, KeyState::Broken);
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

/// Quirk Q2, case C27: a broken key keeps what it said before; the rest changes.
#[test]
fn the_last_good_version_stays_in_force() {
    let good = [
        WEB,
        ("trigger.t", "- when: 'true'\n  send: [t]"),
        ("template.t", "message: x"),
        ("subscriptions", "- recipients: [web]\n  triggers: [t]"),
        ("defaultTriggers", "[t]"),
        ("defaultTriggers.web", "[t]"),
        ("trigger.gone", ""),
    ];
    let first = Catalog::build(&source(&good, &[]), None, &options());
    assert_eq!(troubled(&first), []);
    let broken = [
        (WEB.0, "url: [1]"),
        ("trigger.t", "- when: 'true'\n  send: [t]\n- when: a b"),
        ("template.t", "message: '{{'"),
        ("subscriptions", "- selector: '='"),
        ("defaultTriggers", "{}: x"),
        ("defaultTriggers.web", "t"),
        ("trigger.new", "- x"),
    ];
    let mut changed = source(&broken, &[]);
    changed.resource_version = "2".into();
    let second = Catalog::build(&changed, Some(&first), &options());
    let last_good = KeyState::LastGood { since: "1".into() };
    for key in broken[..6].iter().map(|(key, _)| *key) {
        assert_eq!(second.keys[key].state, last_good, "{key}");
        assert_eq!(second.texts[key], first.texts[key], "{key}");
    }
    assert_eq!(second.keys["trigger.new"].state, KeyState::Broken);
    assert_eq!(second.triggers["t"].conditions.len(), 1);
    assert!(second.templates.contains_key("t") && second.services.contains_key("web"));
    assert_eq!(second.subscriptions, first.subscriptions);
    assert_eq!(second.default_triggers, ["t"]);
    assert_eq!(second.service_default_triggers["web"], ["t"]);
    assert!(!second.triggers.contains_key("gone"));
    assert_eq!(diff(&first, &second).len(), 1);

    changed.resource_version = "3".into();
    let third = Catalog::build(&changed, Some(&second), &options());
    assert_eq!(third.keys["trigger.t"].state, last_good);
    assert!(third.triggers.contains_key("t"));

    let mut repaired = source(&good, &[]);
    repaired.resource_version = "4".into();
    let fourth = Catalog::build(&repaired, Some(&third), &options());
    assert_eq!(troubled(&fourth), []);
}

/// The Secret of a last good service stays masked after it has changed.
#[test]
fn secrets_of_the_last_good_service_stay_masked() {
    let data = [("service.webhook.a", "url: http://127.0.0.1:1/$path")];
    let first = Catalog::build(
        &source(&data, &[("path", b"old-secret-path")]),
        None,
        &options(),
    );
    let broken = [("service.webhook.a", "url: [1]")];
    let source = source(&broken, &[("path", b"new-secret-path")]);
    let second = Catalog::build(&source, Some(&first), &options());
    assert!(second.services.contains_key("a"));
    let masked = second.masker.mask("old-secret-path new-secret-path");
    assert_eq!(masked, "******** ********");
    let third = Catalog::build(&source, Some(&second), &options());
    assert_eq!(third.masker.mask("old-secret-path"), "********");
}

/// Case A3: nothing of the old ConfigMap remains.
#[test]
fn what_is_removed_is_gone() {
    let first = catalog(&[("service.webhook.slack", "url: http://127.0.0.1:1/")]);
    let source = source(
        &[("service.webhook.email", "url: http://127.0.0.1:1/")],
        &[],
    );
    let second = Catalog::build(&source, Some(&first), &options());
    assert_eq!(second.services.keys().collect::<Vec<_>>(), ["email"]);
    let mut gone = source.clone();
    gone.data.clear();
    gone.found = false;
    let third = Catalog::build(&gone, Some(&second), &options());
    assert!(third.services.is_empty() && third.keys.is_empty());
}

#[test]
fn state_keys_of_self_service_configs_have_their_namespace() {
    let source = source(&[WEB], &[]);
    let mut options = options();
    let build = |options: &_| Catalog::build(&source, None, options);
    assert_eq!(build(&options).state_key_namespace(), None);
    options.self_service = true;
    assert_eq!(build(&options).state_key_namespace(), None);
    options.default_namespace = "elsewhere".into();
    assert_eq!(
        build(&options).state_key_namespace(),
        Some(support::NAMESPACE)
    );
    // Quirk Q6: a ConfigMap that does not exist is nobody's.
    let mut missing = source.clone();
    missing.found = false;
    let missing = Catalog::build(&missing, None, &options);
    assert_eq!(missing.state_key_namespace(), None);
}

#[test]
fn knows_what_conditions_read() {
    let catalog = catalog(&[
        (
            "trigger.a",
            "- when: pod.status.phase == 'Running' and app.x == 1\n  oncePer: pod.metadata.uid",
        ),
        ("trigger.b", "- when: pod.status.reason == 'Evicted'"),
    ]);
    let paths = catalog.reads("pod");
    let status: Vec<_> = paths.children["status"].children.keys().collect();
    assert_eq!(status, ["phase", "reason"]);
    assert!(paths.children["metadata"].children["uid"].whole);
    assert!(catalog.reads("deployment").is_empty());
    assert!(!catalog.uses_clock());
    let clock = support::catalog(&[("trigger.a", "- when: now() == nil")]);
    assert!(clock.uses_clock());
}

#[test]
fn tells_what_changes() {
    let before = catalog(&[
        WEB,
        (
            "trigger.a",
            "- when: 'true'\n  send: [x]\n- when: 'false'\n- when: '1 == 1'",
        ),
        ("trigger.same", "- when: 'true' # a comment\n  send: [x]"),
        ("trigger.gone", ""),
        ("template.x", "message: a"),
        ("defaultTriggers", "[a]"),
    ]);
    let after = catalog(&[
        (WEB.0, "url: http://127.0.0.1:2/"),
        (
            "trigger.a",
            "- when: 'true'\n  send: [y]\n- when: '1 == 1'\n- when: '2 == 2'\n- when: 'true'\n  oncePer: '1'",
        ),
        ("trigger.same", "- send:\n  - x\n  when: true"),
        ("template.x", "message: b"),
        ("template.new", ""),
        ("subscriptions", "- recipients: [web]"),
        ("defaultTriggers.web", "[a]"),
    ]);
    let differences = diff(&before, &after);
    let told: Vec<_> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "service web changed",
            "trigger a: [0] other templates or description, [1] moved from [2], [2] other condition, [3] added",
            "trigger gone removed",
            "template new added",
            "template x changed",
            "subscriptions added",
            "default triggers removed",
            "default triggers web added",
        ]
    );
    let Change::Conditions(conditions) = &differences[1].change else {
        panic!("{:?}", differences[1]);
    };
    let resent: Vec<usize> = conditions
        .iter()
        .filter(|(_, change)| change.changes_state_keys())
        .map(|(index, _)| *index)
        .collect();
    assert_eq!(resent, [1, 2]);
    let back = diff(&after, &before);
    assert!(back.iter().any(|difference| matches!(
        &difference.change,
        Change::Conditions(conditions) if conditions.contains(&(3, ConditionChange::Removed))
    )));
    assert_eq!(diff(&after, &after), []);
}

/// Bad input at the size limits is read, or refused, in bounded time.
#[test]
fn large_and_hostile_config_maps() {
    let started = std::time::Instant::now();
    let bomb = (1..40).fold(String::from("a0: &a0 x\n"), |text, n| {
        let before = n - 1;
        format!("{text}a{n}: &a{n} [*a{before}, *a{before}, *a{before}]\n")
    });
    let mut data = map(&[
        WEB,
        (
            "template.t",
            &format!("message: '{}'", "x".repeat(1_000_000)),
        ),
        ("trigger.deep", &format!("- when: {}", "(".repeat(100_000))),
        (
            "trigger.long",
            &format!("- when: \"{}\"", "a + ".repeat(250_000)),
        ),
        ("trigger.nested", &"- ".repeat(100_000)),
        ("trigger.bad", &"- when: |\n    a b\n".repeat(20_000)),
        (
            "subscriptions",
            &"- {recipients: [nobody:x], triggers: [nothing]}\n".repeat(5_000),
        ),
        (
            "defaultTriggers",
            &format!("[{}]", "missing,".repeat(20_000)),
        ),
        (
            "service.webhook.missing",
            &format!("url: '{}'", "$a ".repeat(300_000)),
        ),
        (
            "service.webhook.binary",
            &format!("url: '{}'", "$b ".repeat(300_000)),
        ),
    ]);
    for n in 0..2_000 {
        data.insert(
            format!("trigger.t{n}"),
            format!("- when: pod.n == {n}\n  send: [x{n}]"),
        );
    }
    for n in 0..100 {
        data.insert(format!("service.webhook.bomb{n}"), bomb.clone());
    }
    let source = ConfigSource {
        data,
        ..source(&[], &[("b", &[0xff])])
    };
    let catalog = Catalog::build(&source, None, &options());
    assert_eq!(catalog.triggers.len(), 2_000);
    assert!(catalog.services.contains_key("web"));
    assert!(catalog.templates.contains_key("t"));
    assert_eq!(catalog.subscriptions.len(), 5_000);
    for key in ["trigger.bad", "subscriptions", "defaultTriggers"] {
        let told = &catalog.keys[key].diagnostics;
        assert!(told.len() <= 201, "{key}: {}", told.len());
        assert_eq!(told[told.len() - 1].code, "more-findings", "{key}");
    }
    for key in [
        "trigger.deep",
        "trigger.long",
        "service.webhook.bomb7",
        "service.webhook.binary",
    ] {
        assert_eq!(catalog.keys[key].state, KeyState::Broken, "{key}");
    }
    // Far above what is needed, far below a hang: a debug build beside other work.
    assert!(started.elapsed().as_secs() < 120, "{:?}", started.elapsed());
}
