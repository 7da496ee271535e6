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
            let mut options = filled(options, url);
            if !rule.hang {
                // Whatever else happens, the time must suffice for it on a busy machine.
                options = options.replace("150ms", "20s");
            }
            let service = make(service_type, &options, &ServiceContext::default());
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

/// What each service answers in the bad cases of daily life, and what the sentence then advises.
#[tokio::test]
async fn refusals_say_what_to_change() {
    let server = Recorder::start(Vec::new());
    let teams = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP \
                 error";
    let long = "x".repeat(8_000);
    for (service_type, status, answer, message, advice) in [
        (
            "slack",
            200,
            r#"{"ok":false,"error":"not_authed"}"#,
            "m",
            "under token of the service",
        ),
        (
            "slack",
            200,
            r#"{"ok":false,"error":"channel_not_found"}"#,
            "m",
            "correct the recipient",
        ),
        (
            "slack",
            200,
            r#"{"ok":false,"error":"msg_too_long"}"#,
            "m",
            "shorten the message",
        ),
        (
            "slack",
            200,
            r#"{"ok":false,"error":"invalid_blocks"}"#,
            "m",
            "Slack takes 50 of them",
        ),
        (
            "mattermost",
            401,
            r#"{"message":"Invalid or expired session"}"#,
            "m",
            "access token",
        ),
        (
            "mattermost",
            403,
            r#"{"message":"no permissions"}"#,
            "m",
            "the id of a channel",
        ),
        (
            "mattermost",
            400,
            r#"{"message":"Invalid or missing channel_id"}"#,
            "m",
            "the id of a channel",
        ),
        (
            "mattermost",
            400,
            r#"{"message":"Post Message property is longer than the maximum length"}"#,
            "m",
            "16,383",
        ),
        (
            "rocketchat",
            400,
            r#"{"success":false,"error":"[error-channel-not-found]"}"#,
            "m",
            "correct the recipient",
        ),
        (
            "rocketchat",
            400,
            r#"{"success":false,"error":"error-message-size-exceeded"}"#,
            "m",
            "shorten the message",
        ),
        (
            "rocketchat",
            400,
            r#"{"success":false,"error":"error-not-allowed"}"#,
            "m",
            "add the user to the room",
        ),
        (
            "telegram",
            400,
            r#"{"ok":false,"description":"Bad Request: chat not found"}"#,
            "m",
            "correct the recipient",
        ),
        (
            "telegram",
            401,
            r#"{"ok":false,"description":"Unauthorized"}"#,
            "m",
            "under token of the service",
        ),
        (
            "telegram",
            400,
            r#"{"ok":false,"description":"Bad Request: message is too long"}"#,
            "m",
            "4,096",
        ),
        ("webex", 401, "{}", "m", "under token of the service"),
        ("webex", 404, "{}", "m", "correct the recipient"),
        ("webex", 400, "{}", &long, "7,439"),
        (
            "googlechat",
            404,
            r#"{"error":{"code":404,"status":"NOT_FOUND"}}"#,
            "m",
            "copy its URL again",
        ),
        (
            "googlechat",
            400,
            r#"{"error":{"code":400,"status":"INVALID_ARGUMENT"}}"#,
            "m",
            "correct cards",
        ),
        (
            "teams",
            200,
            &format!("{teams} 404"),
            "m",
            "teams-workflows",
        ),
        ("teams", 200, &format!("{teams} 413"), "m", "28 KB"),
        ("teams-workflows", 401, "{}", "m", "copy its URL again"),
        ("teams-workflows", 413, "", "m", "28 KB"),
        (
            "pushover",
            400,
            r#"{"status":0,"errors":["user key is invalid"]}"#,
            "m",
            "user key is invalid",
        ),
        (
            "pushover",
            200,
            "",
            &long,
            "it has 8000 characters, 1024 are allowed",
        ),
    ] {
        let login = Rule::status(200)
            .path("/api/v1/login")
            .body(r#"{"status":"success","data":{"authToken":"t","userId":"u"}}"#);
        server.set_rules(vec![login, Rule::status(status).body(answer)]);
        let row = SERVICES.iter().find(|(name, _, _)| *name == service_type);
        let (_, options, recipient) = row.expect("is in the table");
        let options = filled(options, &server.url());
        let service = make(service_type, &options, &ServiceContext::default());
        let error = send(&*service, &format!("message: {message}"), recipient)
            .await
            .expect_err("fails");
        assert!(error.message.contains(advice), "{service_type}: {error}");
        assert!(!error.is_transient(), "{service_type}: {error}");
        assert!(!error.message.contains("\n\n"), "{service_type}: {error}");
    }
}

#[tokio::test]
async fn recipients_and_texts_that_cannot_be_sent_are_told_before() {
    let server = Recorder::start(vec![Rule::status(200)]);
    for (service_type, recipient, template, told) in [
        (
            "teams",
            "nobody",
            "message: m",
            "no teams webhook configured for recipient nobody; recipientUrls has: c",
        ),
        (
            "teams-workflows",
            "nobody",
            "message: m",
            "recipientUrls has: c",
        ),
        ("googlechat", "nobody", "message: m", "webhooks has: c"),
        ("telegram", "-x", "message: m", "write -<chat id>"),
        ("pushover", "bob", "message: m", "30 letters and digits"),
        (
            "slack",
            "c",
            "slack: {attachments: '[{'}",
            "failed to unmarshal attachments",
        ),
        (
            "slack",
            "c",
            "slack: {blocks: '{\"a\": 1}'}",
            "a JSON list is needed",
        ),
        (
            "mattermost",
            "c",
            "mattermost: {attachments: '{}'}",
            "a JSON list is needed",
        ),
        (
            "teams",
            "c",
            "teams: {facts: '[1]'}",
            "teams facts unmarshalling error",
        ),
        (
            "teams",
            "c",
            "teams: {potentialAction: 'x'}",
            "potential action unmarshalling error",
        ),
        (
            "teams-workflows",
            "c",
            "teams-workflows: {adaptiveCard: '{'}",
            "adaptiveCard unmarshalling error",
        ),
        (
            "googlechat",
            "c",
            "googlechat: {cardsV2: 'a: b'}",
            "cardsV2 must be a list of cards",
        ),
    ] {
        let row = SERVICES.iter().find(|(name, _, _)| *name == service_type);
        let (_, options, _) = row.expect("is in the table");
        let options = filled(options, &server.url());
        let service = make(service_type, &options, &ServiceContext::default());
        let error = send(&*service, template, recipient)
            .await
            .expect_err("fails");
        assert!(error.message.contains(told), "{service_type}: {error}");
        assert!(!error.is_transient(), "{service_type}: {error}");
        assert_eq!(server.take(), [], "{service_type}");
    }
}
