//! What becomes of the Secret, and that nothing of it is ever told.

use crate::support::{findings, options, source};
use kubechime::catalog::{Catalog, KeyState};

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

/// Cases C12 and C13: a text out of the Secret stays a text, and is read as what the option is.
#[test]
fn values_of_the_secret_become_what_the_option_is() {
    let secret: &[(&str, &[u8])] = &[("number", b"3"), ("word", b"yes"), ("bad", b"many")];
    let data = |retries: &str, header: &str| {
        format!(
            "url: http://127.0.0.1:1/\nretryMax: {retries}\ninsecureSkipVerify: $word\nheaders:\n- \
             name: x\n  value: {header}"
        )
    };
    let build = |text: &str| {
        Catalog::build(
            &source(&[("service.webhook.a", text)], secret),
            None,
            &options(),
        )
    };
    let good = build(&data("$number", "$word"));
    assert_eq!(findings(&good, "service.webhook.a"), [""; 0]);
    let to = kubechime::domain::Destination::new("a", "");
    let requests = good.services["a"]
        .service
        .prepare(&kubechime::service::Notification::default(), &to);
    let requests = requests.expect("it can be prepared");
    assert_eq!(requests[0].header("x"), Some("yes"));

    let bad = build(&data("$bad", "x"));
    let told = findings(&bad, "service.webhook.a").join("; ");
    assert!(told.contains("retryMax") && told.contains("int"), "{told}");
    assert!(!told.contains("many"), "{told}");
}
