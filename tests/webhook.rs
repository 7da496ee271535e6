//! Webhooks against a real server: what arrives, what is repeated, and what failures say.

#[path = "support/recorder.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod recorder;

use kubechime::domain::{Attempt, Destination, Masker};
use kubechime::service::{
    self, NotificationTemplate, Progress, SendError, Sent, Service, ServiceContext, Timeouts,
};
use kubechime::template::Vars;
use kubechime::yaml;
use recorder::{CERTIFICATE, Recorded, Recorder, Rule};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Repeats after a millisecond instead of seconds.
const FAST: &str = "retryWaitMin: 1ms\nretryWaitMax: 2ms\n";

fn make(options: &str, context: &ServiceContext) -> Arc<dyn Service> {
    let node = yaml::parse(options).expect("is YAML");
    service::build("webhook", "ci", &node, context).expect("builds")
}

fn template(text: &str) -> Arc<NotificationTemplate> {
    let node = yaml::parse(text).expect("is YAML");
    let (template, warnings) = NotificationTemplate::compile("t", &node).expect("compiles");
    assert!(warnings.is_empty(), "{warnings:?}");
    Arc::new(template)
}

struct Series {
    result: Result<Sent, SendError>,
    attempts: Vec<Attempt>,
}

/// Renders with an object `pod` named `web` and sends.
async fn send(service: &dyn Service, text: &str) -> Series {
    let pod = json!({"metadata": {"name": "web"}});
    let to = Destination::new("ci", "");
    let mut vars = Vars::new();
    vars.json("pod", &pod);
    service::add_destination(&mut vars, &to);
    let notification = service::render(
        &[template(text)],
        &vars,
        service.service_type(),
        service.name(),
    )
    .expect("renders");
    let prepared = service
        .prepare(&notification, &to)
        .map(|requests| requests.len());
    let mut attempts = Vec::new();
    let result = service::send_series(service, &notification, &to, &mut |progress| {
        if let Progress::Ended(attempt) = progress {
            attempts.push(attempt);
        }
    })
    .await;
    if result.is_ok() {
        assert_eq!(prepared, Ok(1), "what is sent can be shown before");
    }
    Series { result, attempts }
}

async fn sent(options: &str, text: &str, server: &Recorder) -> Vec<Recorded> {
    let service = make(options, &ServiceContext::default());
    let series = send(&*service, text).await;
    assert!(series.result.is_ok(), "{:?}", series.result);
    server.take()
}

/// The error of a sending, which must be transient or not as told.
async fn refused(options: &str, transient: bool) -> String {
    let service = make(&format!("{options}\n{FAST}"), &ServiceContext::default());
    let error = send(&*service, "message: m")
        .await
        .result
        .expect_err("fails");
    assert_eq!(error.is_transient(), transient, "{error:?}");
    error.message
}

#[tokio::test]
async fn body_header_and_basic_auth_arrive() {
    let server = Recorder::start(vec![Rule::status(200)]);
    let options = format!(
        "url: {}/hook\nheaders: [{{name: X-Team, value: red}}]\n\
         basicAuth: {{username: user, password: pass}}",
        server.url()
    );
    let text =
        "webhook: {ci: {method: POST, body: 'Pod {{.pod.metadata.name}} for {{.serviceType}}'}}";
    let requests = sent(&options, text, &server).await;
    assert_eq!(requests.len(), 1);
    let request = &requests[0];
    assert_eq!(
        (request.method.as_str(), request.path.as_str()),
        ("POST", "/hook")
    );
    assert_eq!(request.text(), "Pod web for ci");
    assert_eq!(request.header("x-team"), Some("red"));
    assert_eq!(request.header("authorization"), Some("Basic dXNlcjpwYXNz"));
    assert_eq!(request.header("content-type"), None);
    let agent = request.header("user-agent").expect("an agent");
    assert!(agent.starts_with("kubechime/"), "{agent}");
}

#[tokio::test]
async fn without_an_entry_the_message_is_the_body() {
    let server = Recorder::start(vec![Rule::status(200)]);
    let options = format!(
        "url: {}/hook\nheaders: [{{name: X-Team, value: red}}]\n\
         basicAuth: {{username: user, password: pass}}",
        server.url()
    );
    for (text, body) in [("webhook: {other: {body: x}}", ""), ("message: hi", "hi")] {
        let request = &sent(&options, text, &server).await[0];
        assert_eq!(
            (request.method.as_str(), request.text().as_str()),
            ("GET", body)
        );
        assert_eq!(request.header("x-team"), Some("red"));
        assert_eq!(request.header("authorization"), Some("Basic dXNlcjpwYXNz"));
    }
}

#[tokio::test]
async fn the_path_is_appended() {
    let server = Recorder::start(vec![Rule::status(200)]);
    let options = format!("url: {}/subpath1", server.url());
    for (text, path, query) in [
        ("webhook: {ci: {body: x}}", "/subpath1", ""),
        ("webhook: {ci: {path: /subpath2}}", "/subpath1/subpath2", ""),
        (
            "webhook: {ci: {path: 'p?q={{.pod.metadata.name}}'}}",
            "/subpath1/p",
            "q=web",
        ),
    ] {
        let request = &sent(&options, text, &server).await[0];
        assert_eq!(
            (request.path.as_str(), request.query.as_str()),
            (path, query),
            "{text}"
        );
    }
}

#[tokio::test]
async fn host_and_agent_can_be_set() {
    let server = Recorder::start(vec![Rule::status(200)]);
    let options = format!(
        "url: {}\nheaders: [{{name: Host, value: hooks.example}}, {{name: user-agent, value: me}}]",
        server.url()
    );
    let request = &sent(&options, "message: m", &server).await[0];
    assert_eq!(request.base, "http://hooks.example");
    assert_eq!(request.header("user-agent"), Some("me"));
}

#[tokio::test]
async fn the_answer_is_told() {
    let server = Recorder::start(vec![Rule::status(202).body("queued")]);
    let service = make(
        &format!("url: {}", server.url()),
        &ServiceContext::default(),
    );
    let series = send(&*service, "message: m").await;
    let expected = Sent {
        status: Some(202),
        detail: "202 Accepted".into(),
        response: "queued".into(),
    };
    assert_eq!(series.result, Ok(expected));
    assert_eq!(
        (series.attempts.len(), series.attempts[0].status),
        (1, Some(202))
    );
}

#[tokio::test]
async fn four_tries_by_default() {
    let server = Recorder::start(vec![Rule::status(500).body("oh no")]);
    let service = make(
        &format!("url: {}\n{FAST}", server.url()),
        &ServiceContext::default(),
    );
    let series = send(&*service, "message: m").await;
    let error = series.result.expect_err("fails");
    let expected = format!("GET {} giving up after 4 attempt(s): ", server.url());
    assert!(error.message.starts_with(&expected), "{error}");
    assert!(error.message.ends_with("error code 500 : oh no"), "{error}");
    assert_eq!(
        (error.status, error.response.as_str()),
        (Some(500), "oh no")
    );
    assert_eq!(server.take().len(), 4);
    let statuses: Vec<_> = series
        .attempts
        .iter()
        .map(|a| (a.number, a.status))
        .collect();
    assert_eq!(statuses, [1, 2, 3, 4].map(|number| (number, Some(500))));
}

#[tokio::test]
async fn a_server_that_recovers_gets_it_once_more() {
    let limited = Rule::status(429).header("Retry-After", "0").times(2);
    let server = Recorder::start(vec![limited, Rule::status(200)]);
    let requests = sent(&format!("url: {}", server.url()), "message: m", &server).await;
    assert_eq!(requests.len(), 3);
}

#[tokio::test]
async fn refusals_are_final() {
    for status in [304, 400, 401, 403, 404, 410, 418, 501] {
        let server = Recorder::start(vec![Rule::status(status)]);
        let text = refused(&format!("url: {}/h", server.url()), false).await;
        let expected = format!(
            "request to GET {}/h has failed with error code {status} : ",
            server.url()
        );
        assert_eq!(text, expected);
        assert_eq!(server.take().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn failures_to_connect_say_why() {
    let closed = refused("url: http://127.0.0.1:1/x", true).await;
    assert_eq!(
        closed,
        "GET http://127.0.0.1:1/x giving up after 4 attempt(s): 127.0.0.1:1 refused the connection"
    );
    let unknown = refused("url: http://no-such-host.invalid/x", true).await;
    assert!(
        unknown.contains("the host name no-such-host.invalid was not found"),
        "{unknown}"
    );

    let server = Recorder::start(vec![Rule {
        close: true,
        ..Rule::default()
    }]);
    let early = refused(&format!("url: {}\nretryMax: -1", server.url()), true).await;
    assert!(early.contains("closed the connection early"), "{early}");

    let plain = refused(
        &format!("url: {}", server.url().replace("http:", "https:")),
        false,
    )
    .await;
    assert!(plain.contains("does not speak TLS"), "{plain}");
    for (url, text) in [
        ("::bad", "the URL \"::bad\" is not valid"),
        (
            "ftp://h/x",
            "the URL's scheme 'ftp' is neither http nor https",
        ),
        ("", "the URL \"\" is not valid"),
    ] {
        let error = refused(&format!("url: '{url}'"), false).await;
        assert!(error.contains(text), "{error}");
    }
    let options = format!(
        "url: {}\nheaders: [{{name: X-A, value: \"a\\nb\"}}]",
        server.url()
    );
    let error = refused(&options, false).await;
    assert!(
        error.contains("the value of the header X-A has a line break"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let server = Recorder::start(vec![Rule {
        hang: true,
        ..Rule::status(200)
    }]);
    let options = format!("url: {}\nretryMax: -1\nrequestTimeout: 50ms", server.url());
    let error = refused(&options, true).await;
    assert!(error.contains("no answer within 50ms"), "{error}");
    let context = ServiceContext {
        timeouts: Timeouts {
            attempt: Duration::from_millis(40),
            ..Timeouts::default()
        },
        ..ServiceContext::default()
    };
    let service = make(&format!("url: {}\nretryMax: -1", server.url()), &context);
    let error = send(&*service, "message: m")
        .await
        .result
        .expect_err("fails");
    assert!(error.message.contains("no answer within 40ms"), "{error}");
}

#[tokio::test]
async fn certificates_are_verified_unless_told_otherwise() {
    let server = Recorder::start(vec![Rule::status(200)]);
    let url = format!("url: {}/hook", server.tls_url());
    let error = refused(&url, false).await;
    assert!(
        error.contains("giving up after 1 attempt(s): the certificate of 127.0.0.1:"),
        "{error}"
    );
    assert!(error.contains("insecureSkipVerify"), "{error}");
    assert!(server.take().is_empty());

    let pem = CERTIFICATE.trim().replace('\n', "\n  ");
    for options in [
        format!("{url}\ninsecureSkipVerify: true"),
        format!("{url}\ncaCertificates: |\n  {pem}\n"),
    ] {
        assert_eq!(
            sent(&options, "message: m", &server).await.len(),
            1,
            "{options}"
        );
    }
    let host = server.tls_url()["https://".len()..].to_owned();
    let context = ServiceContext {
        certificates: Some(Arc::new(move |asked: &str| {
            if asked == host {
                vec![CERTIFICATE.to_owned()]
            } else {
                Vec::new()
            }
        })),
        ..ServiceContext::default()
    };
    assert!(
        send(&*make(&url, &context), "message: m")
            .await
            .result
            .is_ok()
    );
}

#[tokio::test]
async fn redirects_are_followed() {
    let server = Recorder::start(vec![
        Rule::status(302).header("Location", "/next").path("/found"),
        Rule::status(307).header("Location", "/next").path("/moved"),
        Rule::status(302).header("Location", "/loop").path("/loop"),
        Rule::status(200).path("/next"),
    ]);
    let text = "webhook: {ci: {method: POST, body: x}}";
    for (path, method, body) in [("found", "GET", ""), ("moved", "POST", "x")] {
        let requests = sent(&format!("url: {}/{path}", server.url()), text, &server).await;
        let second = &requests[1];
        assert_eq!(
            (second.method.as_str(), second.text().as_str()),
            (method, body)
        );
    }
    let error = refused(&format!("url: {}/loop", server.url()), false).await;
    assert!(
        error.ends_with("giving up after 1 attempt(s): stopped after 10 redirects"),
        "{error}"
    );
}

#[tokio::test]
async fn services_are_made_with_warnings_not_errors() {
    let context = ServiceContext::default();
    let node = yaml::parse("headers: []\nidleConnTimeout: soon").expect("is YAML");
    let service = service::build("webhook", "ci", &node, &context).expect("builds");
    let warnings: Vec<_> = service
        .warnings()
        .iter()
        .map(|w| w.message.as_str())
        .collect();
    assert_eq!(warnings.len(), 2);
    assert!(
        warnings[0].starts_with("idleConnTimeout is not used"),
        "{warnings:?}"
    );
    assert!(warnings[1].starts_with("url is not set"), "{warnings:?}");

    for (options, text) in [
        (
            "url: [a]",
            "cannot unmarshal array into Go struct field WebhookOptions.url of type string",
        ),
        ("retryWaitMin: soon", "time: invalid duration \"soon\""),
        ("insecureSkipVerify: maybe", "of type bool"),
        ("caCertificates: none", "no readable certificate"),
    ] {
        let node = yaml::parse(options).expect("is YAML");
        let error = service::build("webhook", "ci", &node, &context).expect_err("fails");
        assert!(error.message.contains(text), "{error}");
    }
    let node = yaml::parse("url: x").expect("is YAML");
    let error = service::build("pigeon", "ci", &node, &context).expect_err("fails");
    assert_eq!(error.message, "service type 'pigeon' is not supported");
    let help = error.help.expect("there is some");
    assert!(help.starts_with("supported types: "), "{help}");
    assert!(help.contains("webhook"), "{help}");
}

/// Whatever a server does with a secret, it does not come back out of here.
#[tokio::test]
async fn no_secret_gets_out() {
    const CANARY: &str = "c4nary-s3cret";
    // Base64 of `user:` and the canary.
    const PAIR: &str = "dXNlcjpjNG5hcnktczNjcmV0";
    let server = Recorder::start(vec![
        Rule::status(200)
            .path("/ok")
            .body(&format!("you sent {CANARY} in {PAIR}")),
        Rule::status(418).body(&format!("you sent {CANARY}")),
    ]);
    let base = server.url();
    let host = &base["http://".len()..];
    let known = ServiceContext {
        masker: Masker::new([CANARY]),
        ..ServiceContext::default()
    };
    let in_options = ServiceContext::default();
    let cases = [
        (&known, format!("url: {base}/{CANARY}")),
        (
            &known,
            format!("url: {base}/x\nheaders: [{{name: X-Plain, value: {CANARY}}}]"),
        ),
        (&known, format!("url: '::{CANARY}'")),
        (
            &known,
            format!("url: {base}/x\nheaders: [{{name: 'bad {CANARY}', value: v}}]"),
        ),
        (&known, format!("url: http://127.0.0.1:1/{CANARY}")),
        (&known, format!("url: http://{CANARY}.invalid/")),
        (
            &in_options,
            format!("url: {base}/ok\nbasicAuth: {{username: user, password: {CANARY}}}"),
        ),
        (&in_options, format!("url: http://user:{CANARY}@{host}/x")),
        (&in_options, format!("url: '{base}/x?token={CANARY}'")),
        (
            &in_options,
            format!("url: {base}/x\nheaders: [{{name: Authorization, value: 'Bearer {CANARY}'}}]"),
        ),
        (
            &in_options,
            format!("url: {base}/x\nheaders: [{{name: X-Api-Key, value: \"{CANARY}\\n\"}}]"),
        ),
        (
            &in_options,
            format!("url: http://user:{CANARY}@127.0.0.1:1/x"),
        ),
    ];
    for (context, options) in cases {
        let service = make(&format!("{options}\n{FAST}"), context);
        let notification = service::Notification {
            message: format!("said {CANARY}"),
            ..Default::default()
        };
        let to = Destination::new("ci", "");
        let mut shown = format!("{service:?} {:?} {context:?}", service.warnings());
        match service.prepare(&notification, &to) {
            Ok(requests) => {
                for request in requests {
                    shown += &request.to_text(service.masker());
                    shown += &request.to_curl(service.masker());
                    shown += &format!("{request:?}");
                }
            }
            Err(error) => shown += &format!("{error:?}"),
        }
        let mut attempts = Vec::new();
        let result = service::send_series(&*service, &notification, &to, &mut |progress| {
            attempts.push(progress);
        })
        .await;
        shown += &format!("{result:?} {attempts:?}");
        for form in [CANARY, PAIR] {
            assert!(!shown.contains(form), "{options}\n{shown}");
        }
    }
}
