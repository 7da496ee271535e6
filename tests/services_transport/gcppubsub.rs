//! Pub/Sub against a local endpoint: with a key file, and as an emulator.

use super::recorder::{Recorder, Rule};
use super::{assert_fails, body, context, environment, make, prepare, rendered, send};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kubechime::domain::Destination;
use serde_json::{Value, json};
use std::io::Write as _;
use tempfile::NamedTempFile;

fn accepting() -> Vec<Rule> {
    vec![Rule::status(200).body(r#"{"messageIds": ["4711"]}"#)]
}

fn refusal(status: u16, message: &str) -> Rule {
    let body = json!({"error": {"code": status, "message": message, "status": "X"}});
    Rule::status(status).body(&body.to_string())
}

/// The environment of the emulator that the server is.
fn emulator(server: &Recorder) -> kubechime::service::ServiceContext {
    let url = server.url();
    environment(&[("PUBSUB_EMULATOR_HOST", url.trim_start_matches("http://"))])
}

/// The key file of a service account.
fn key_file(id: &str) -> NamedTempFile {
    let key = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = key.as_der().expect("PKCS#8");
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.as_ref())
    );
    let text = json!({
        "type": "service_account",
        "project_id": "p",
        "private_key_id": id,
        "private_key": pem,
        "client_email": "chime@p.iam.gserviceaccount.com",
        "token_uri": "http://127.0.0.1:1/token",
    });
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(text.to_string().as_bytes())
        .expect("is written");
    file
}

#[tokio::test]
async fn data_and_attributes_go_to_the_topic() {
    let server = Recorder::start(accepting());
    let service = make("gcppubsub", "project: p\ntopic: t", &emulator(&server));
    let template = "message: hi {{.pod.metadata.name}}\ngcppubsub:\n  attributes:\n    pod: \
                    '{{.pod.metadata.name}}'\n    none: '{{\"\"}}'\n";
    let sent = send(&*service, template, "").await.expect("is sent");
    assert_eq!(sent.detail, "message 4711");
    send(&*service, "message: m", "other")
        .await
        .expect("is sent");
    let requests = server.take();
    assert_eq!(requests[0].method, "POST");
    assert_eq!(requests[0].path, "/v1/projects/p/topics/t:publish");
    assert_eq!(
        requests[0].header("authorization"),
        None,
        "the emulator does not ask"
    );
    let message = json!({
        "data": STANDARD.encode("hi web"),
        "attributes": {"none": "", "pod": "web"},
    });
    assert_eq!(body(&requests[0]), json!({"messages": [message]}));
    assert_eq!(requests[1].path, "/v1/projects/p/topics/other:publish");
    let message = json!({"data": STANDARD.encode("m")});
    assert_eq!(body(&requests[1]), json!({"messages": [message]}));
}

#[tokio::test]
async fn attributes_of_a_later_template_replace_earlier_ones() {
    let service = make("gcppubsub", "project: p", &context());
    let to = Destination::new("gcppubsub", "t");
    let first = "message: A\ngcppubsub: {attributes: {a: '{{.recipient}}'}}";
    let both = rendered(&*service, &[first, "gcppubsub: {attributes: {b: x}}"], &to);
    let attributes = both.gcppubsub.expect("a section").attributes;
    assert_eq!(attributes.keys().collect::<Vec<_>>(), ["b"]);
    let kept = rendered(&*service, &[first, "message: B"], &to);
    assert_eq!(kept.gcppubsub.expect("a section").attributes["a"], "t");
}

#[tokio::test]
async fn a_key_file_makes_the_token_and_may_be_replaced() {
    let server = Recorder::start(accepting());
    let file = key_file("first");
    let path = file.path().display();
    let options = format!(
        "project: p\ntopic: t\nkeyFile: {path}\napiUrl: {}",
        server.url()
    );
    let service = make("gcppubsub", &options, &context());
    send(&*service, "message: m", "").await.expect("is sent");
    std::fs::copy(key_file("second").path(), file.path()).expect("is replaced");
    send(&*service, "message: m", "").await.expect("is sent");
    let ids: Vec<String> = server
        .take()
        .iter()
        .map(|request| {
            let authorization = request.header("authorization").expect("a token");
            let token = authorization
                .strip_prefix("Bearer ")
                .expect("a bearer token");
            let head = URL_SAFE_NO_PAD
                .decode(token.split('.').next().expect("a head"))
                .expect("base64");
            let head: Value = serde_json::from_slice(&head).expect("is JSON");
            assert_eq!(head["alg"], "RS256");
            head["kid"].as_str().expect("an id").to_owned()
        })
        .collect();
    assert_eq!(ids, ["first", "second"]);
    // The same file, named by the environment.
    let variables = [("GOOGLE_APPLICATION_CREDENTIALS", path.to_string())];
    let variables = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    let context = environment(&variables.collect::<Vec<_>>());
    let options = format!("project: p\ntopic: t\napiUrl: {}", server.url());
    let service = make("gcppubsub", &options, &context);
    send(&*service, "message: m", "").await.expect("is sent");
    assert!(server.take()[0].header("authorization").is_some());
}

#[tokio::test]
async fn what_is_prepared_is_what_is_sent() {
    let server = Recorder::start(accepting());
    let service = make("gcppubsub", "project: p q\ntopic: t", &emulator(&server));
    let template = "message: m\ngcppubsub: {attributes: {a: b}}";
    let prepared = prepare(&*service, template, "").expect("prepares");
    send(&*service, template, "").await.expect("is sent");
    let arrived = &server.take()[0];
    assert_eq!(prepared[0].url, format!("{}{}", arrived.base, arrived.path));
    assert_eq!(prepared[0].body, arrived.body);
    let service = make("gcppubsub", "project: p\ntopic: t", &context());
    let prepared = prepare(&*service, template, "").expect("prepares");
    assert_eq!(
        prepared[0].url,
        "https://pubsub.googleapis.com/v1/projects/p/topics/t:publish"
    );
    assert!(prepared[0].header("Authorization").is_some());
}

#[tokio::test]
async fn refusals_say_what_to_change() {
    let server = Recorder::start(Vec::new());
    for (rule, transient, words) in [
        (
            refusal(404, "no topic"),
            false,
            vec!["404", "no topic", "correct project and topic"],
        ),
        (
            refusal(403, "not you"),
            false,
            vec!["not you", "Pub/Sub Publisher"],
        ),
        (refusal(401, "who?"), false, vec!["renew the credentials"]),
        (
            refusal(400, "bad"),
            false,
            vec!["Pub/Sub answered 400 Bad Request: bad"],
        ),
        (refusal(429, "slow"), true, vec!["slow"]),
        (refusal(503, "later"), true, vec!["later"]),
        (
            Rule::status(502).body("<html><title>x</title></html>"),
            true,
            vec!["titled \"x\""],
        ),
        (
            Rule::status(200).body("<html>"),
            false,
            vec!["without JSON"],
        ),
        (Rule::status(200).body("{}"), false, vec!["{}"]),
        (
            Rule {
                close: true,
                ..Rule::default()
            },
            true,
            vec!["closed the connection early"],
        ),
    ] {
        server.set_rules(vec![rule]);
        let service = make("gcppubsub", "project: p\ntopic: t", &emulator(&server));
        assert_fails(send(&*service, "message: m", "").await, transient, &words);
    }
    server.set_rules(vec![Rule {
        hang: true,
        ..Rule::status(200)
    }]);
    let options = "project: p\ntopic: t\nrequestTimeout: 150ms";
    let service = make("gcppubsub", options, &emulator(&server));
    let result = send(&*service, "message: m", "").await;
    assert_fails(result, true, &["150ms"]);
}

#[tokio::test]
async fn retry_after_is_honoured() {
    let rule = refusal(429, "slow").header("Retry-After", "7");
    let server = Recorder::start(vec![rule]);
    let service = make("gcppubsub", "project: p\ntopic: t", &emulator(&server));
    let result = send(&*service, "message: m", "").await;
    let error = result.expect_err("must fail");
    assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(7));
}

#[tokio::test]
async fn missing_options_and_unusable_keys_are_told() {
    let mut broken = NamedTempFile::new().expect("a file");
    broken
        .write_all(br#"{"type": "service_account", "private_key": "c4nary-c4nary"}"#)
        .expect("is written");
    let mut odd = NamedTempFile::new().expect("a file");
    odd.write_all(b"c4nary-c4nary").expect("is written");
    let with_key =
        |path: &std::path::Path| format!("project: p\ntopic: t\nkeyFile: {}", path.display());
    for (options, template, words) in [
        (
            "topic: t".to_owned(),
            "message: m",
            "set project of the service",
        ),
        (
            "project: p".to_owned(),
            "message: m",
            "set topic of the service",
        ),
        (
            "project: p\ntopic: t".to_owned(),
            "message: ''",
            "the message is empty",
        ),
        (
            "project: p\ntopic: t".to_owned(),
            "message: m",
            "there are no credentials for Google Cloud",
        ),
        (
            "project: p\ntopic: t\nkeyFile: /nonexistent/key".to_owned(),
            "message: m",
            "the key file /nonexistent/key cannot be read",
        ),
        (
            with_key(broken.path()),
            "message: m",
            "a part of it is missing",
        ),
        (with_key(odd.path()), "message: m", "it is not JSON"),
    ] {
        let service = make("gcppubsub", &options, &context());
        let result = send(&*service, template, "").await;
        assert!(!format!("{result:?}").contains("c4nary"), "{result:?}");
        assert_fails(result, false, &[words]);
    }
    let service = make("gcppubsub", "topic: t", &context());
    assert!(service.warnings()[0].message.contains("project is not set"));
}
