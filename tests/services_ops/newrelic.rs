//! Deployment markers of New Relic.

use super::recorder::{Recorder, Rule};
use super::{application, assert_refused, body, make, render, send, try_render};
use serde_json::json;

const FULL: &str = "message: m\nnewrelic:\n  revision: '{{.app.status.sync.revision}}'\n  \
                    changelog: c\n  description: d {{.app.metadata.name}}\n  user: u";

#[tokio::test]
async fn a_marker_has_what_the_section_says() {
    let rule = Rule::status(201).body("{\"deployment\": {\"id\": 5}}");
    let server = Recorder::start(vec![rule]);
    let service = make(
        "newrelic",
        &format!("apiKey: NRAK\napiURL: {}/", server.url()),
    );
    let sent = send(&*service, FULL, "123").await.expect("is sent");
    assert_eq!(sent.detail, "deployment 5");
    let request = &server.take()[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, "/v2/applications/123/deployments.json");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("x-api-key"), Some("NRAK"));
    assert_eq!(
        body(request),
        json!({"deployment": {
            "revision": "0123456789", "changelog": "c", "description": "d guestbook", "user": "u",
        }})
    );

    // The message stands in for the description; what is empty is left out.
    let sparse = "{message: m, newrelic: {changelog: '{{\"\"}}', user: u}}";
    send(&*service, sparse, "a/b?c").await.expect("is sent");
    let request = &server.take()[0];
    assert_eq!(request.path, "/v2/applications/a%2Fb%3Fc/deployments.json");
    assert_eq!(
        body(request),
        json!({"deployment": {"revision": "0123456789", "description": "m", "user": "u"}})
    );
}

#[test]
fn what_only_argo_cd_knows_must_be_set_elsewhere() {
    let section = render("newrelic", FULL).newrelic.expect("has the section");
    assert_eq!(section.revision, "0123456789");
    let vars = json!({"app": application()});
    for (template, path) in [
        ("newrelic: {user: u}", "newrelic.changelog"),
        ("newrelic: {changelog: c}", "newrelic.user"),
    ] {
        let error = try_render("newrelic", template, &vars).expect_err("nobody knows");
        assert_eq!(error.path, path);
        assert!(error.help.expect("has advice").contains(path));
    }
    // A mistake of one's own gets no such advice.
    let own = "newrelic: {changelog: '{{index .app 1 2}}', user: u}";
    let error = try_render("newrelic", own, &vars).expect_err("is wrong");
    assert!(!error.help.unwrap_or_default().contains("Argo CD"));
    assert_refused("newrelic: {revision: '{{ .x'}", "newrelic.revision");
}

#[tokio::test]
async fn failures_say_what_to_change() {
    let server = Recorder::start(Vec::new());
    let keyless = make("newrelic", &format!("apiURL: {}", server.url()));
    for template in [FULL, "message: m"] {
        let error = send(&*keyless, template, "1").await.expect_err("no key");
        assert!(error.message.starts_with("apiKey is missing"), "{error}");
    }
    let service = make(
        "newrelic",
        &format!("apiKey: NRAK\napiURL: {}", server.url()),
    );
    let error = send(&*service, "message: m", "1")
        .await
        .expect_err("no section");
    assert!(error.message.starts_with("config is missing"), "{error}");
    assert!(server.take().is_empty());

    for (status, transient, advice) in [
        (401, false, "valid user key"),
        (404, false, "correct the recipient: it must be"),
        (422, false, "error code 422"),
        (503, true, "error code 503"),
    ] {
        server.set_rules(vec![
            Rule::status(status).body("{\"error\": {\"title\": \"x\"}}"),
        ]);
        let error = send(&*service, FULL, "1").await.expect_err("fails");
        assert!(
            error
                .message
                .contains("/v2/applications/1/deployments.json"),
            "{error}"
        );
        assert!(error.message.contains(advice), "{error}");
        assert_eq!(error.is_transient(), transient, "{error}");
    }
}
