//! Events of PagerDuty.

use super::recorder::{Recorder, Rule};
use super::{assert_refused, body, make, render, send};
use serde_json::json;

const TAKEN: &str = "{\"status\": \"success\", \"message\": \"Event processed\", \
                     \"dedup_key\": \"d\"}";

#[tokio::test]
async fn an_event_has_what_the_section_says() {
    let server = Recorder::start(vec![Rule::status(202).body(TAKEN)]);
    let service = make(
        "pagerdutyv2",
        &format!("apiUrl: {}/\nserviceKeys: {{svc: rk}}", server.url()),
    );
    let full = "pagerdutyv2: {summary: 's {{.app.metadata.name}}', severity: critical, \
                source: '{{.app.metadata.name}}', component: c, group: g, class: k, \
                url: 'https://e/{{.app.metadata.name}}', dedupKey: 'dk-{{.app.metadata.name}}'}";
    let sent = send(&*service, full, "svc").await.expect("is taken");
    assert_eq!(sent.detail, "dedup key d");
    let request = &server.take()[0];
    assert_eq!(
        (request.method.as_str(), &*request.path),
        ("POST", "/v2/enqueue")
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(
        body(request),
        json!({
            "routing_key": "rk",
            "event_action": "trigger",
            "dedup_key": "dk-guestbook",
            "client": "ArgoCD",
            "client_url": "https://e/guestbook",
            "payload": {
                "summary": "s guestbook", "source": "guestbook", "severity": "critical",
                "component": "c", "group": "g", "class": "k",
            },
        })
    );
    let least = "pagerdutyv2: {summary: s, severity: info, source: x}";
    let section = render("pagerdutyv2", least)
        .pagerdutyv2
        .expect("has the section");
    assert_eq!((section.url.as_str(), section.dedup_key.as_str()), ("", ""));
    send(&*service, least, "svc").await.expect("is taken");
    assert_eq!(
        body(&server.take()[0]),
        json!({
            "routing_key": "rk",
            "event_action": "trigger",
            "client": "ArgoCD",
            "payload": {"summary": "s", "source": "x", "severity": "info"},
        })
    );
}

#[test]
fn texts_that_are_no_templates_are_found_early() {
    for field in [
        "summary",
        "severity",
        "source",
        "component",
        "group",
        "class",
        "url",
        "dedupKey",
    ] {
        let template = format!("pagerdutyv2: {{{field}: '{{{{ .x'}}");
        assert_refused(&template, &format!("pagerdutyv2.{field}"));
    }
}

#[tokio::test]
async fn failures_say_what_to_change() {
    let server = Recorder::start(Vec::new());
    let service = make(
        "pagerdutyv2",
        &format!("apiUrl: {}\nserviceKeys: {{svc: rk}}", server.url()),
    );
    let template = "pagerdutyv2: {summary: s, severity: info, source: x}";
    for (template, recipient, text) in [
        (
            "message: m",
            "nope",
            "no API key configured for recipient nope; serviceKeys has: svc",
        ),
        ("message: m", "svc", "no config found for pagerdutyv2"),
    ] {
        let error = send(&*service, template, recipient)
            .await
            .expect_err("fails");
        assert!(error.message.starts_with(text), "{error}");
    }
    assert!(server.take().is_empty());
    let refusal = "{\"status\": \"invalid event\", \"message\": \"Event object is invalid\", \
                   \"errors\": [\"'severity' is missing\", \"two\", \"three\"]}";
    let said = "status: invalid event, message: Event object is invalid: 'severity' is missing \
                (and 2 more errors...)";
    let long = "pagerdutyv2: {summary: '{{repeat 1025 \"x\"}}', severity: info, source: x}";
    for (status, text, template, transient, parts) in [
        (
            400,
            refusal,
            template,
            false,
            [said, "correct serviceKeys.svc"],
        ),
        (
            400,
            refusal,
            long,
            false,
            [said, "it has 1025 characters, 1024 are allowed"],
        ),
        (201, refusal, template, false, [said, ""]),
        (429, refusal, template, true, [said, ""]),
        (
            500,
            "<html><title>Oh</title>",
            template,
            true,
            ["an HTML page titled \"Oh\"", ""],
        ),
        (202, "ok", template, false, ["without JSON", "ok"]),
    ] {
        server.set_rules(vec![Rule::status(status).body(text)]);
        let error = send(&*service, template, "svc").await.expect_err("fails");
        assert!(error.message.contains(&status.to_string()), "{error}");
        for part in parts {
            assert!(error.message.contains(part), "{error}");
        }
        assert_eq!(error.is_transient(), transient, "{error}");
    }
}
