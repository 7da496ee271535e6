//! ConfigMaps that want to break whoever reads them: each ends with a diagnostic, in bounded time and
//! memory, and everything beside it works.

use crate::support::{WEB, findings, map, options, source, troubled};
use kubechime::catalog::{Catalog, ConfigSource, KeyState};

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

/// What takes too long, or too much, and the key that it stands in.
fn hostile_keys() -> Vec<(&'static str, String)> {
    let bomb = (1..40).fold(String::from("a0: &a0 x\n"), |text, n| {
        let before = n - 1;
        format!("{text}a{n}: &a{n} [*a{before}, *a{before}, *a{before}]\n")
    });
    let long = format!("'{}'", "x ".repeat(480_000));
    vec![
        (
            "trigger.parentheses",
            format!("- when: \"{}1{}\"", "(".repeat(10_000), ")".repeat(10_000)),
        ),
        ("trigger.megabyte", format!("- when: {long}")),
        (
            "trigger.pattern",
            "- when: \"pod.name matches '((((a{100}){100}){100}){100})'\"".to_owned(),
        ),
        ("trigger.bomb", bomb.clone()),
        ("template.bomb", bomb.clone()),
        ("subscriptions", bomb.clone()),
        ("defaultTriggers", bomb.clone()),
        ("service.webhook.bomb", bomb),
        (
            "template.parentheses",
            format!(
                "message: '{{{{{}1{}}}}}'",
                "(".repeat(10_000),
                ")".repeat(10_000)
            ),
        ),
        (
            "template.ifs",
            format!(
                "message: '{}{}'",
                "{{if true}}".repeat(10_000),
                "{{end}}".repeat(10_000)
            ),
        ),
        (
            "service.webhook.binary",
            "url: http://127.0.0.1:1/$binary".to_owned(),
        ),
    ]
}

/// Each of them by itself is reported at its key, quickly, and everything beside it works.
#[test]
fn a_hostile_key_breaks_itself_and_nothing_else() {
    for (key, text) in hostile_keys() {
        let data = [
            (key, text.as_str()),
            WEB,
            ("trigger.good", "- when: pod.ok\n  send: [good]"),
            ("template.good", "message: '{{.pod.name}}'"),
        ];
        let source = source(&data, &[("binary", &[0xff, 0xfe])]);
        let started = std::time::Instant::now();
        let catalog = Catalog::build(&source, None, &options());
        assert!(
            started.elapsed().as_secs() < 20,
            "{key}: {:?}",
            started.elapsed()
        );
        assert_eq!(troubled(&catalog), [(key, &KeyState::Broken)]);
        for line in findings(&catalog, key) {
            assert!(line.len() < 1_000, "{key}: {} bytes", line.len());
        }
        let pod = serde_json::json!({"ok": true, "name": "web-1"});
        let env = kubechime::expr::Env::of_object("pod", &pod);
        let condition = &catalog.triggers["good"].conditions[0];
        let value = condition
            .when_program
            .eval(&env)
            .map(|value| value.as_bool());
        assert_eq!(value.ok().flatten(), Some(true), "{key}");
        assert!(catalog.services.contains_key("web"), "{key}");
        assert!(catalog.templates.contains_key("good"), "{key}");
    }
}

/// As many entries as fit: sections, recipients and conditions are read in linear time.
#[test]
fn full_config_maps_are_read_in_linear_time() {
    let many = |entry: &dyn Fn(usize) -> String| -> String {
        let mut text = String::new();
        for number in 0.. {
            let entry = entry(number);
            if text.len() + entry.len() > 1_000_000 {
                break;
            }
            text.push_str(&entry);
        }
        text
    };
    let cases = [
        (
            "template.webhooks",
            format!("webhook:\n{}", many(&|n| format!("  w{n}: {{}}\n"))),
        ),
        (
            "service.teams",
            format!("recipientUrls:\n{}", many(&|n| format!("  r{n}: x\n"))),
        ),
        (
            "trigger.conditions",
            many(&|n| format!("- when: a.b == {n}\n  send: [t]\n")),
        ),
        ("service.webhook.headers", {
            let headers = many(&|n| format!("- {{name: h{n}, value: $x}}\n"));
            format!("url: http://127.0.0.1:1/\nheaders:\n{headers}")
        }),
    ];
    for (key, text) in cases {
        let source = source(&[(key, &text), WEB], &[("x", b"secret-value")]);
        let started = std::time::Instant::now();
        let catalog = Catalog::build(&source, None, &options());
        assert!(
            started.elapsed().as_secs() < 60,
            "{key}: {:?}",
            started.elapsed()
        );
        assert!(catalog.services.contains_key("web"), "{key}");
        assert!(catalog.keys[key].diagnostics.len() <= 201, "{key}");
    }
}
