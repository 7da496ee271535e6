//! Annotations of Grafana.

use super::recorder::{Recorder, Rule};
use super::{body, make, send};
use serde_json::json;

#[tokio::test]
async fn the_recipient_has_the_tags() {
    let server = Recorder::start(vec![Rule::status(200).body("{\"id\": 7}")]);
    let service = make(
        "grafana",
        &format!("apiUrl: {}/api\napiKey: glsa_1", server.url()),
    );
    let sent = send(&*service, "message: hello", "tag1|tag2")
        .await
        .expect("is sent");
    assert_eq!(sent.detail, "annotation 7");
    let request = &server.take()[0];
    assert_eq!(
        (request.method.as_str(), &*request.path),
        ("POST", "/api/annotations")
    );
    assert_eq!(request.header("authorization"), Some("Bearer glsa_1"));
    let mut annotation = body(request);
    let time = annotation["time"].take().as_i64().expect("a number");
    assert_eq!(time % 1000, 0, "whole seconds, in milliseconds");
    let age = jiff::Timestamp::now().as_second() - time / 1000;
    assert!((0..60).contains(&age), "{age}");
    assert_eq!(
        annotation,
        json!({"time": null, "isRegion": false, "tags": ["tag1", "tag2"], "text": "hello"})
    );
}

#[tokio::test]
async fn only_200_is_a_success() {
    let server = Recorder::start(Vec::new());
    let service = make(
        "grafana",
        &format!("apiUrl: {}/api\napiKey: k", server.url()),
    );
    for (status, transient, advice) in [
        (500, true, ""),
        (202, false, ""),
        (401, false, "under apiKey"),
        (404, false, "apiUrl must be the URL of the API"),
    ] {
        server.set_rules(vec![Rule::status(status).body("oh")]);
        let error = send(&*service, "message: m", "t").await.expect_err("fails");
        let begin = format!(
            "request to POST {}/api/annotations has failed",
            server.url()
        );
        assert!(error.message.starts_with(&begin), "{error}");
        assert!(
            error.message.contains(&format!("error code {status} : oh")),
            "{error}"
        );
        assert!(error.message.contains(advice), "{error}");
        assert_eq!(
            (error.is_transient(), error.status),
            (transient, Some(status))
        );
    }
}
