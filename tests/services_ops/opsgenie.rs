//! Alerts of Opsgenie.

use super::recorder::{Recorder, Rule};
use super::{assert_refused, body, make, render, send};
use kubechime::domain::Destination;
use kubechime::service::{self, Service};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const TAKEN: &str = "{\"result\": \"Request will be processed\", \"took\": 0.1, \
                     \"requestId\": \"rid\"}";

fn made(server: &Recorder) -> Arc<dyn Service> {
    let options = format!(
        "apiUrl: {}\napiKeys: {{team-1: og-key, blank: ''}}",
        server.url()
    );
    make("opsgenie", &options)
}

#[tokio::test]
async fn an_alert_has_what_the_section_says() {
    let server = Recorder::start(vec![Rule::status(202).body(TAKEN)]);
    let template = r#"
message: m
opsgenie:
  description: d {{.app.metadata.name}}
  priority: P1
  alias: al-{{.app.metadata.name}}
  note: a note
  entity: e
  user: u
  actions: ["Restart {{.app.metadata.name}}"]
  tags: ["{{.app.metadata.name}}", '{{""}}']
  details: {"n": "{{.app.metadata.name}}"}
  visibleTo:
  - {type: "te{{`am`}}", id: "{{.app.metadata.name}}"}
  - {Type: user, Username: "{{.app.metadata.name}}@e", name: "x{{1}}"}
"#;
    let sent = send(&*made(&server), template, "team-1")
        .await
        .expect("is taken");
    assert_eq!(sent.detail, "request rid");
    let request = &server.take()[0];
    assert_eq!(
        (request.method.as_str(), &*request.path),
        ("POST", "/v2/alerts")
    );
    assert_eq!(request.header("authorization"), Some("GenieKey og-key"));
    assert_eq!(
        request.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(
        body(request),
        json!({
            "message": "m",
            "description": "d guestbook",
            "priority": "P1",
            "alias": "al-guestbook",
            "note": "a note",
            "entity": "e",
            "user": "u",
            "actions": ["Restart guestbook"],
            "tags": ["guestbook", ""],
            "details": {"n": "guestbook"},
            "visibleTo": [
                {"type": "team", "id": "guestbook"},
                {"type": "user", "username": "guestbook@e", "name": "x1"},
            ],
            "responders": [{"type": "team", "id": "team-1"}],
            "source": "Argo CD",
        })
    );
    send(&*made(&server), "message: m", "team-1")
        .await
        .expect("the message alone will do");
    let alone = json!({
        "message": "m", "responders": [{"type": "team", "id": "team-1"}], "source": "Argo CD",
    });
    assert_eq!(body(&server.take()[0]), alone);
}

#[test]
fn texts_that_are_no_templates_are_found_early() {
    for (field, path) in [
        ("description: '{{ .x'", "description"),
        ("details: {k: '{{ .x'}", "details.k"),
        ("tags: [a, '{{ .x']", "tags[1]"),
        ("actions: ['{{ .x']", "actions[0]"),
        ("visibleTo: [{type: '{{ .x'}]", "visibleTo[0].type"),
        (
            "visibleTo: [{id: a}, {username: '{{ .x'}]",
            "visibleTo[1].username",
        ),
    ] {
        assert_refused(
            &format!("opsgenie: {{{field}}}"),
            &format!("opsgenie.{path}"),
        );
    }
}

#[tokio::test]
async fn what_is_missing_is_said_before_anything_is_sent() {
    let server = Recorder::start(Vec::new());
    let service = made(&server);
    for (template, recipient, text) in [
        (
            "message: m",
            "nope",
            "no API key configured for recipient nope; apiKeys has: blank, team-1",
        ),
        (
            "message: m",
            "blank",
            "the API key of recipient blank is empty",
        ),
        (
            "{message: m, opsgenie: {alias: a}}",
            "team-1",
            "opsgenie notification description is missing",
        ),
        (
            "opsgenie: {description: d}",
            "team-1",
            "message can not be empty",
        ),
    ] {
        let error = send(&*service, template, recipient)
            .await
            .expect_err("fails");
        assert!(error.message.starts_with(text), "{error}");
        assert!(!error.is_transient());
    }
    assert!(server.take().is_empty());
}

#[tokio::test]
async fn failures_say_what_to_change() {
    let server = Recorder::start(Vec::new());
    let service = made(&server);
    let refusal = "{\"message\": \"Key format is not valid!\", \"took\": 0.001, \
                   \"requestId\": \"r1\", \"errors\": {\"message\": \"x\"}}";
    let long = "{message: '{{repeat 131 \"x\"}}'}";
    for (status, text, template, transient, advice) in [
        (401, refusal, "message: m", false, "under apiKeys.team-1"),
        (
            422,
            refusal,
            "message: m",
            false,
            "correct the recipient 'team-1'",
        ),
        (
            422,
            refusal,
            long,
            false,
            "it has 131 characters, 130 are allowed",
        ),
        (
            500,
            refusal,
            "message: m",
            true,
            "Took: 0.001000, RequestId: r1, Error Detail: ",
        ),
        (400, "<html>", "message: m", false, "Message: an HTML page"),
    ] {
        server.set_rules(vec![Rule::status(status).body(text)]);
        let error = send(&*service, template, "team-1")
            .await
            .expect_err("fails");
        let begin = format!("Error occurred with Status code: {status}, Message: ");
        assert!(error.message.starts_with(&begin), "{error}");
        assert!(error.message.contains(advice), "{error}");
        assert_eq!(error.is_transient(), transient, "{error}");
    }
    server.set_rules(vec![Rule::status(200).body("ok")]);
    let error = send(&*service, "message: m", "team-1")
        .await
        .expect_err("no JSON");
    assert!(
        error.message.starts_with("Response could not be parsed, "),
        "{error}"
    );
}

#[tokio::test]
async fn quick_repetitions_double_their_waits_or_do_as_told() {
    let server = Recorder::start(vec![
        Rule::status(503).header("Retry-After", "0").times(2),
        Rule::status(202).body(TAKEN),
    ]);
    let service = made(&server);
    let to = Destination::new("opsgenie", "team-1");
    let notification = render("opsgenie", "message: m");
    let sent = service::send_series(&*service, &notification, &to, &mut |_| {}).await;
    assert_eq!(sent.expect("the third time").detail, "request rid");
    assert_eq!(server.take().len(), 3);

    server.set_rules(vec![Rule::status(500)]);
    let error = service.send(&notification, &to).await.expect_err("fails");
    let waits: Vec<_> = (1..=5)
        .map(|number| service.retry().wait_after(number, &error))
        .collect();
    let seconds = |number| Some(Duration::from_secs(number));
    assert_eq!(
        waits,
        [seconds(1), seconds(2), seconds(4), seconds(8), None]
    );
}

#[test]
fn a_host_without_a_scheme_may_be_warned_of() {
    let service = make("opsgenie", "apiUrl: alerts.example.com\napiKeys: {a: b}");
    assert!(service.warnings()[0].message.contains("unencrypted"));
    let service = make(
        "opsgenie",
        "apiUrl: https://api.eu.opsgenie.com\napiKeys: {a: b}",
    );
    assert!(service.warnings().is_empty());
}
