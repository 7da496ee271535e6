//! Incidents of PagerDuty.

use super::recorder::{Recorder, Rule};
use super::{assert_refused, body, make, send};
use serde_json::json;

#[tokio::test]
async fn an_incident_has_what_the_section_says() {
    let rule = Rule::status(201).body("{\"incident\": {\"id\": \"PI\"}}");
    let server = Recorder::start(vec![rule]);
    let options = format!(
        "apiUrl: {}\ntoken: pdtok\nfrom: me@example.com\nserviceID: PCFG",
        server.url()
    );
    let service = make("pagerduty", &options);
    let full = "pagerduty: {title: 'T {{.app.metadata.name}}', body: 'b {{.app.metadata.name}}', \
                urgency: 'hi{{\"gh\"}}', priorityID: 'P{{1}}'}";
    let sent = send(&*service, full, "PSVC1").await.expect("is opened");
    assert_eq!(sent.detail, "incident PI");
    let request = &server.take()[0];
    assert_eq!(
        (request.method.as_str(), &*request.path),
        ("POST", "/incidents")
    );
    for (name, value) in [
        ("accept", "application/vnd.pagerduty+json;version=2"),
        ("content-type", "application/json"),
        ("authorization", "Token token=pdtok"),
        ("from", "me@example.com"),
    ] {
        assert_eq!(request.header(name), Some(value));
    }
    assert_eq!(
        body(request),
        json!({"incident": {
            "type": "incident",
            "title": "T guestbook",
            "service": {"id": "PSVC1", "type": "service_reference"},
            "priority": {"id": "P1", "type": "priority_reference"},
            "urgency": "high",
            "body": {"type": "incident_details", "details": "b guestbook"},
        }})
    );

    // The option names the service of an empty recipient.
    let linked = "{\"incident\": {\"id\": \"PI\", \"html_url\": \"https://acme.example/PI\"}}";
    server.set_rules(vec![Rule::status(201).body(linked)]);
    let sent = send(&*service, "pagerduty: {title: t}", "")
        .await
        .expect("is opened");
    assert_eq!(sent.detail, "https://acme.example/PI");
    assert_eq!(
        body(&server.take()[0]),
        json!({"incident": {
            "type": "incident",
            "title": "t",
            "service": {"id": "PCFG", "type": "service_reference"},
            "body": {"type": "incident_details"},
        }})
    );
}

#[tokio::test]
async fn failures_say_what_to_change() {
    let server = Recorder::start(Vec::new());
    let options = format!("apiUrl: {}\ntoken: x\nfrom: me@example.com", server.url());
    let service = make("pagerduty", &options);
    let template = "pagerduty: {title: t}";
    for (template, recipient, text) in [
        ("message: m", "P", "no config found for pagerduty"),
        (template, "", "the recipient is empty"),
    ] {
        let error = send(&*service, template, recipient)
            .await
            .expect_err("fails");
        assert!(error.message.starts_with(text), "{error}");
    }
    assert!(server.take().is_empty());
    let refusal = "{\"error\": {\"code\": 2001, \"message\": \"Invalid Input Provided\", \
                   \"errors\": [\"Title cannot be empty.\", \"Two\"]}}";
    let said = "message: Invalid Input Provided (code: 2001): Title cannot be empty. (and 1 more \
                error...)";
    for (status, text, transient, parts) in [
        (
            400,
            refusal,
            false,
            [said, "correct from ('me@example.com')"],
        ),
        (401, refusal, false, [said, "REST API key"]),
        (404, refusal, false, [said, "correct the recipient 'P'"]),
        (429, refusal, true, [said, ""]),
        (
            500,
            "boom",
            true,
            ["does not contain Content-Type: application/json", "boom"],
        ),
        (502, "", true, ["but nothing", ""]),
        (201, "ok", false, ["without JSON", "ok"]),
    ] {
        server.set_rules(vec![Rule::status(status).body(text)]);
        let error = send(&*service, template, "P").await.expect_err("fails");
        assert!(error.message.contains(&status.to_string()), "{error}");
        for part in parts {
            assert!(error.message.contains(part), "{error}");
        }
        assert_eq!(error.is_transient(), transient, "{error}");
    }
    for field in ["title", "body", "urgency", "priorityId"] {
        let template = format!("pagerduty: {{{field}: '{{{{ .x'}}");
        assert_refused(&template, &format!("pagerduty.{field}"));
    }
}
