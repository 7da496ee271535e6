//! SQS against a local endpoint.

use super::recorder::{Recorder, Rule};
use super::{assert_fails, body, context, environment, make, prepare, rendered, send};
use kubechime::domain::Destination;
use kubechime::service::ServiceContext;
use serde_json::json;
use std::net::TcpListener;

/// The MD5 of `m`.
const MD5_OF_M: &str = "6f8f57715090da2632453988d9a1501b";

fn rules() -> Vec<Rule> {
    let json = "application/x-amz-json-1.0";
    vec![
        Rule::status(200)
            .header("Content-Type", json)
            .body(r#"{"QueueUrl": "http://127.0.0.1:1/12/q"}"#)
            .times(1),
        Rule::status(200)
            .header("Content-Type", json)
            .body(&format!(
                r#"{{"MessageId": "mid-1", "MD5OfMessageBody": "{MD5_OF_M}"}}"#
            )),
    ]
}

fn refusal(status: u16, code: &str, message: &str) -> Rule {
    Rule::status(status)
        .header("Content-Type", "application/x-amz-json-1.0")
        .body(&json!({"__type": code, "message": message}).to_string())
}

fn options(server: &Recorder) -> String {
    let url = server.url();
    format!("queue: q\nregion: eu-west-1\nendpointUrl: {url}\nkey: AKID\nsecret: s3cr3t-k3y\n")
}

#[tokio::test]
async fn group_and_attributes_are_rendered_and_sent() {
    let server = Recorder::start(rules());
    let service = make("awssqs", &options(&server), &context());
    let template = "message: m\nawssqs:\n  messageGroupId: g-{{.pod.metadata.name}}\n  \
                    messageAttributes:\n    pod: '{{.pod.metadata.name}}'\n    \
                    gone: '{{.pod.empty}}{{.empty}}'\n    node: n1\n";
    let template = template.replace("{{.pod.empty}}{{.empty}}", "{{\"\"}}");
    let sent = send(&*service, &template, "").await.expect("is sent");
    assert_eq!(sent.detail, "message mid-1");
    assert_eq!(sent.status, Some(200));
    let requests = server.take();
    assert_eq!(requests.len(), 2);
    assert_eq!(
        requests[0].header("x-amz-target"),
        Some("AmazonSQS.GetQueueUrl")
    );
    assert_eq!(body(&requests[0]), json!({"QueueName": "q"}));
    assert_eq!(
        requests[1].header("x-amz-target"),
        Some("AmazonSQS.SendMessage")
    );
    let text = |value: &str| json!({"DataType": "String", "StringValue": value});
    assert_eq!(
        body(&requests[1]),
        json!({
            "QueueUrl": "http://127.0.0.1:1/12/q",
            "MessageBody": "m",
            "DelaySeconds": 10,
            "MessageGroupId": "g-web",
            "MessageAttributes": {"node": text("n1"), "pod": text("web")},
        })
    );
    let authorization = requests[1].header("authorization").expect("is signed");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"));
    assert!(authorization.contains("/eu-west-1/sqs/aws4_request"));
    assert_eq!(requests[1].header("x-amz-security-token"), None);
}

#[tokio::test]
async fn what_is_prepared_is_what_is_sent() {
    let server = Recorder::start(rules());
    let options = options(&server) + "account: 123";
    let service = make("awssqs", &options, &context());
    let template = "message: m\nawssqs: {messageGroupId: g, messageAttributes: {a: b}}";
    let prepared = prepare(&*service, template, "other").expect("prepares");
    send(&*service, template, "other").await.expect("is sent");
    let arrived = server.take();
    assert_eq!(prepared.len(), arrived.len());
    for (prepared, arrived) in prepared.iter().zip(&arrived) {
        let mut wanted: serde_json::Value =
            serde_json::from_slice(&prepared.body).expect("is JSON");
        if wanted["QueueUrl"] == "(from GetQueueUrl)" {
            wanted["QueueUrl"] = "http://127.0.0.1:1/12/q".into();
        }
        assert_eq!(wanted, body(arrived));
        assert_eq!(
            prepared.header("X-Amz-Target"),
            arrived.header("x-amz-target")
        );
        assert_eq!(
            prepared.header("Content-Type"),
            arrived.header("content-type")
        );
    }
    assert_eq!(body(&arrived[0])["QueueName"], "other");
    assert_eq!(body(&arrived[0])["QueueOwnerAWSAccountId"], "123");
}

#[tokio::test]
async fn a_later_template_overrides_and_none_keeps_what_it_rendered_before() {
    let server = Recorder::start(Vec::new());
    let service = make("awssqs", &options(&server), &context());
    let to = Destination::new("awssqs", "");
    let first = "message: A\nawssqs: {messageGroupId: g, messageAttributes: {a: '{{.recipient}}'}}";
    let second = "message: B\nawssqs: {messageGroupId: '', messageAttributes: {b: x}}";
    let rendered_both = rendered(&*service, &[first, second], &to);
    let section = rendered_both.awssqs.expect("a section");
    assert_eq!(section.message_group_id, "g");
    assert_eq!(section.message_attributes.keys().collect::<Vec<_>>(), ["b"]);
    for recipient in ["one", "two"] {
        let to = Destination::new("awssqs", recipient);
        let section = rendered(&*service, &[first], &to)
            .awssqs
            .expect("a section");
        assert_eq!(section.message_attributes["a"], recipient);
    }
}

#[tokio::test]
async fn fifo_queues_have_no_delay() {
    let server = Recorder::start(rules());
    let service = make("awssqs", &options(&server), &context());
    let template = "message: m\nawssqs: {messageGroupId: g}";
    send(&*service, template, "q.fifo").await.expect("is sent");
    let sent = body(&server.take()[1]);
    assert_eq!(sent.get("DelaySeconds"), None);
    assert_eq!(sent["MessageGroupId"], "g");
}

#[tokio::test]
async fn region_and_credentials_are_those_of_options_or_environment() {
    let own = [
        ("AWS_DEFAULT_REGION", "ap-south-1"),
        ("AWS_REGION", "us-west-2"),
        ("AWS_ACCESS_KEY_ID", "ENVKEY"),
        ("AWS_SECRET_ACCESS_KEY", "env-s3cret"),
        ("AWS_SESSION_TOKEN", "t0ken-t0ken"),
    ];
    for (options, scope, token) in [
        (
            "region: eu-west-1\nkey: AKID\nsecret: s",
            "AKID/eu-west-1",
            None,
        ),
        ("key: AKID\nsecret: s", "AKID/ap-south-1", None),
        ("key: 12345\nsecret: s", "12345/ap-south-1", None),
        ("", "ENVKEY/ap-south-1", Some("t0ken-t0ken")),
        ("key: AKID", "ENVKEY/ap-south-1", Some("t0ken-t0ken")),
    ] {
        let server = Recorder::start(rules());
        let options = format!("queue: q\nendpointUrl: {}\n{options}", server.url());
        let service = make("awssqs", &options, &environment(&own));
        send(&*service, "message: m", "").await.expect("is sent");
        for request in server.take() {
            let authorization = request.header("authorization").expect("is signed");
            let credential = authorization
                .split("Credential=")
                .nth(1)
                .expect("a credential");
            let parts: Vec<&str> = credential.split('/').collect();
            assert_eq!(format!("{}/{}", parts[0], parts[2]), scope);
            assert_eq!(request.header("x-amz-security-token"), token);
        }
    }
}

#[tokio::test]
async fn without_endpoint_the_region_says_where() {
    for (region, url) in [
        ("eu-west-1", "https://sqs.eu-west-1.amazonaws.com/"),
        ("cn-north-1", "https://sqs.cn-north-1.amazonaws.com.cn/"),
    ] {
        let options = format!("queue: q\nregion: {region}\nkey: k\nsecret: s");
        let service = make("awssqs", &options, &context());
        let prepared = prepare(&*service, "message: m", "").expect("prepares");
        assert_eq!(prepared[0].url, url);
    }
}

#[tokio::test]
async fn throttling_is_tried_again_and_refusals_are_not() {
    let server = Recorder::start(Vec::new());
    let mut all = rules();
    all.insert(1, refusal(400, "ThrottlingException", "slow").times(1));
    server.set_rules(all);
    let service = make("awssqs", &options(&server), &context());
    send(&*service, "message: m", "")
        .await
        .expect("is sent in the end");
    assert_eq!(server.take().len(), 3);
    for (rule, requests, transient, words) in [
        (
            refusal(500, "InternalError", "oops"),
            3,
            true,
            vec!["500", "oops"],
        ),
        (
            refusal(400, "com.amazonaws.sqs#QueueDoesNotExist", "no such queue"),
            1,
            false,
            vec!["no such queue", "there is no queue q"],
        ),
        (
            refusal(403, "InvalidClientTokenId", "bad token"),
            1,
            false,
            vec!["403", "correct key"],
        ),
        (
            refusal(403, "SignatureDoesNotMatch", "bad signature"),
            1,
            false,
            vec!["correct secret"],
        ),
        (
            refusal(403, "AccessDeniedException", "not you"),
            1,
            false,
            vec!["allow sqs:GetQueueUrl"],
        ),
        (
            Rule::status(200)
                .header("Content-Type", "text/html")
                .body("<html>x</html>"),
            1,
            false,
            vec!["not as SQS does", "endpointUrl"],
        ),
    ] {
        server.set_rules(vec![rule]);
        let service = make("awssqs", &options(&server), &context());
        assert_fails(send(&*service, "message: m", "").await, transient, &words);
        assert_eq!(server.take().len(), requests, "{words:?}");
    }
}

#[tokio::test]
async fn a_message_that_arrived_otherwise_is_no_success() {
    for (answer, words) in [
        (
            r#"{"MessageId": "x", "MD5OfMessageBody": "00000000000000000000000000000000"}"#,
            "MD5",
        ),
        (
            r#"{"MD5OfMessageBody": "6f8f57715090da2632453988d9a1501b"}"#,
            "without MessageId",
        ),
    ] {
        let mut all = rules();
        all[1] = Rule::status(200)
            .header("Content-Type", "application/x-amz-json-1.0")
            .body(answer);
        let server = Recorder::start(all);
        let service = make("awssqs", &options(&server), &context());
        let result = send(&*service, "message: m", "").await;
        let error = result.expect_err("must fail");
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn missing_options_and_servers_are_told() {
    for (options, words) in [
        ("queue: q\nkey: k\nsecret: s", "set region of the service"),
        (
            "queue: q\nregion: r\nendpointUrl: http://127.0.0.1:1",
            "there are no credentials for AWS",
        ),
        (
            "queue: q\nregion: r\nkey: k\nendpointUrl: http://127.0.0.1:1",
            "there are no credentials for AWS",
        ),
    ] {
        let service = make("awssqs", options, &context());
        assert_fails(send(&*service, "message: m", "").await, false, &[words]);
    }
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let options =
        format!("queue: q\nregion: r\nkey: k\nsecret: s\nendpointUrl: http://127.0.0.1:{port}");
    let service = make("awssqs", &options, &context());
    let result = send(&*service, "message: m", "").await;
    assert_fails(result, true, &["refused the connection"]);
}

#[tokio::test]
async fn servers_that_hang_or_close_may_be_better_later() {
    let server = Recorder::start(vec![Rule {
        hang: true,
        ..Rule::status(200)
    }]);
    let limited = |timeout: &str| options(&server) + "requestTimeout: " + timeout;
    let service = make("awssqs", &limited("150ms"), &ServiceContext { ..context() });
    let result = send(&*service, "message: m", "").await;
    assert_fails(
        result,
        true,
        &["no answer from 127.0.0.1:", "in time", "150ms"],
    );
    server.set_rules(vec![Rule {
        close: true,
        ..Rule::default()
    }]);
    let service = make("awssqs", &limited("5s"), &context());
    let result = send(&*service, "message: m", "").await;
    assert_fails(result, true, &["127.0.0.1:"]);
}

#[tokio::test]
async fn without_a_queue_the_refusal_says_so() {
    let server = Recorder::start(vec![refusal(400, "InvalidAddress", "no name")]);
    let options = options(&server).replace("queue: q\n", "");
    let service = make("awssqs", &options, &context());
    let result = send(&*service, "message: m", "").await;
    assert_fails(result, false, &["set queue of the service"]);
}
