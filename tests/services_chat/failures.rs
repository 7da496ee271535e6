//! Servers that misbehave, and secrets that must not get out: all chat services alike.

use super::recorder::{Recorder, Rule};
use super::{make, rendered, send};
use kubechime::domain::Destination;
use kubechime::service::{self, ServiceContext};

/// A secret that is valid wherever one is needed: Pushover wants 30 letters and digits.
const CANARY: &str = "c4naryc4naryc4naryc4naryc4nary";

/// Type, options and recipient of every chat service; `{url}` is the server, `{secret}` a secret.
const SERVICES: [(&str, &str, &str); 9] = [
    (
        "slack",
        "apiURL: {url}/\ntoken: {secret}\nsigningSecret: {secret}",
        "c",
    ),
    ("teams", "recipientUrls: {c: '{url}/hook/{secret}'}", "c"),
    (
        "teams-workflows",
        "recipientUrls: {c: '{url}/powerautomate/x?sig={secret}'}",
        "c",
    ),
    (
        "googlechat",
        "webhooks: {c: '{url}/v1/x?key={secret}&token={secret}'}",
        "c",
    ),
    ("telegram", "apiUrl: {url}\ntoken: {secret}", "-1"),
    ("mattermost", "apiURL: {url}\ntoken: {secret}", "c"),
    (
        "rocketchat",
        "serverUrl: {url}\nemail: bot\npassword: {secret}",
        "c",
    ),
    ("webex", "apiURL: {url}\ntoken: {secret}", "c"),
    (
        "pushover",
        "apiUrl: {url}\ntoken: {secret}",
        "aaaaaaaaaabbbbbbbbbbcccccccccc",
    ),
];

fn filled(options: &str, url: &str) -> String {
    let options = options.replace("{url}", url).replace("{secret}", CANARY);
    format!("{options}\nrequestTimeout: 150ms")
}

#[tokio::test]
async fn servers_that_misbehave_give_one_clear_sentence() {
    let server = Recorder::start(Vec::new());
    let (url, tls_url) = (server.url(), server.tls_url());
    let hang = Rule {
        hang: true,
        ..Rule::status(200)
    };
    let close = Rule {
        close: true,
        ..Rule::default()
    };
    let page = Rule::status(502).body("<html><title>Bad Gateway</title></html>");
    for (service_type, options, recipient) in SERVICES {
        for (rule, url, transient, text) in [
            (&hang, url.as_str(), true, "no answer within 150ms"),
            (&close, &url, true, "closed the connection early"),
            (&page, &url, true, "an HTML page titled \"Bad Gateway\""),
            (
                &page,
                "http://127.0.0.1:1",
                true,
                "127.0.0.1:1 refused the connection",
            ),
            (&page, tls_url.as_str(), false, "is not trusted"),
        ] {
            server.set_rules(vec![rule.clone()]);
            let service = make(
                service_type,
                &filled(options, url),
                &ServiceContext::default(),
            );
            assert!(service.warnings().is_empty(), "{:?}", service.warnings());
            let error = send(&*service, "message: m", recipient)
                .await
                .expect_err("fails");
            assert!(error.message.contains(text), "{service_type}: {error}");
            assert_eq!(error.is_transient(), transient, "{service_type}: {error}");
        }
    }
}

#[tokio::test]
async fn no_secret_gets_out() {
    let server = Recorder::start(Vec::new());
    let echo = format!("you sent {CANARY}");
    let login = Rule::status(200).path("/api/v1/login").body(&format!(
        "{{\"status\": \"success\", \"data\": {{\"authToken\": \"{CANARY}\"}}}}"
    ));
    let json = format!(
        "{{\"ok\": false, \"status\": 0, \"error\": \"{echo}\", \"errors\": [\"{echo}\"], \
         \"description\": \"{echo}\"}}"
    );
    for (service_type, options, recipient) in SERVICES {
        for (rule, url) in [
            (Rule::status(418).body(&echo), server.url()),
            (Rule::status(400).body(&json), server.url()),
            (Rule::status(200).body(&echo), server.url()),
            (Rule::status(418), "http://127.0.0.1:1".to_owned()),
            (Rule::status(418), format!("::{CANARY}")),
        ] {
            server.set_rules(vec![login.clone(), rule]);
            let context = ServiceContext::default();
            let service = make(service_type, &filled(options, &url), &context);
            let to = Destination::new(service_type, recipient);
            let template = format!("message: said {CANARY}");
            let notification = rendered(&*service, &template, &to);
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
            let mut progress = Vec::new();
            let result = service::send_series(&*service, &notification, &to, &mut |step| {
                progress.push(step);
            })
            .await;
            shown += &format!("{result:?} {progress:?}");
            assert!(!shown.contains(CANARY), "{service_type} at {url}\n{shown}");
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_told_before_anything_is_sent() {
    let context = ServiceContext::default();
    for (service_type, options, text) in [
        ("slack", "{}", "token is not set"),
        ("slack", "{token: t, icon: favicon.ico}", "icon is not used"),
        ("teams", "{}", "recipientUrls is not set"),
        ("teams", "recipientUrls: {c: nonsense}", "recipientUrls.c: "),
        (
            "teams-workflows",
            "recipientUrls: {c: 'https://e.example/x'}",
            "does not appear to be",
        ),
        ("googlechat", "{}", "webhooks is not set"),
        ("telegram", "{}", "token is not set"),
        ("mattermost", "token: t", "apiURL is not set"),
        (
            "rocketchat",
            "{serverUrl: 'http://c', email: e}",
            "password is not set",
        ),
        ("webex", "", "token is not set"),
        ("pushover", "token: short", "token is not valid"),
        (
            "slack",
            "{token: t, idleConnTimeout: soon}",
            "idleConnTimeout is not used",
        ),
    ] {
        let service = make(service_type, options, &context);
        let [warning] = service.warnings() else {
            panic!("{service_type} {options}: {:?}", service.warnings());
        };
        assert!(warning.message.contains(text), "{warning:?}");
        assert!(warning.help.is_some(), "{warning:?}");
    }
}
