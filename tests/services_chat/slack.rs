//! Slack: fields, threads, updates, rate limits, errors.

use super::recorder::{Recorded, Recorder, Rule};
use super::{field, form, make, rendered, send};
use kubechime::domain::Destination;
use kubechime::service::{Service, ServiceContext};
use std::sync::Arc;
use std::time::Duration;

fn slack(server: &Recorder, more: &str) -> Arc<dyn Service> {
    let context = ServiceContext::default();
    make("slack", &options(server, more), &context)
}

/// Without the slash at the end, which is added.
fn options(server: &Recorder, more: &str) -> String {
    format!("apiURL: {}/api\ntoken: xoxb-1\n{more}", server.url())
}

/// Answers posts with the time stamps 1, 2, ….
fn answers() -> Vec<Rule> {
    (1..=9)
        .map(|ts| {
            let body = format!("{{\"ok\": true, \"channel\": \"C1\", \"ts\": \"{ts}\"}}");
            Rule::status(200).body(&body).times(1)
        })
        .collect()
}

fn refusal(code: &str) -> Rule {
    Rule::status(200).body(&format!("{{\"ok\": false, \"error\": \"{code}\"}}"))
}

/// Method, channel, thread and message of a call.
fn call(request: &Recorded) -> String {
    let method = request.path.rsplit('.').next().unwrap_or_default();
    let field = |name| field(request, name).unwrap_or("-".into());
    format!(
        "{method} {} {} {}",
        field("channel"),
        field("thread_ts"),
        field("ts")
    )
}

fn calls(server: &Recorder) -> Vec<String> {
    server.take().iter().map(call).collect()
}

#[tokio::test]
async fn a_message_alone_has_three_fields() {
    let server = Recorder::start(answers());
    let sent = send(
        &*slack(&server, ""),
        "message: 'Pod {{.pod.metadata.name}}'",
        "general",
    )
    .await
    .expect("is sent");
    assert_eq!(sent.detail, "C1 1");
    let request = &server.take()[0];
    assert_eq!(request.path, "/api/chat.postMessage");
    assert_eq!(request.text(), "channel=general&text=Pod+web&token=xoxb-1");
    assert_eq!(request.header("authorization"), None);
}

#[tokio::test]
async fn options_and_section_give_fields() {
    let server = Recorder::start(answers());
    let service = slack(&server, "username: bot\nicon: ':a:'\ndisableUnfurl: true");
    let cases: [(&str, &[&str]); 5] = [
        (
            "message: m",
            &[
                "username=bot",
                "icon_emoji=:a:",
                "unfurl_links=false",
                "unfurl_media=false",
            ],
        ),
        (
            "{message: m, slack: {username: u, icon: 'https://e/i.png'}}",
            &["username=u", "icon_url=https://e/i.png", "attachments=[]"],
        ),
        (
            "{message: m, slack: {blocks: '[{\"type\": \"divider\"}]', notifyBroadcast: true}}",
            &[
                "attachments=[]",
                "blocks=[{\"type\": \"divider\"}]",
                "reply_broadcast=true",
            ],
        ),
        (
            "{message: m, slack: {attachments: '[{\"title\": \"{{.pod.metadata.name}}\"}]'}}",
            &["attachments=[{\"title\": \"web\"}]"],
        ),
        (
            "{message: m, slack: {blocks: '{}', icon: favicon.ico}}",
            &["attachments=[]"],
        ),
    ];
    for (template, wanted) in cases {
        send(&*service, template, "c").await.expect("is sent");
        let fields: Vec<String> = form(&server.take()[0])
            .into_iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        for field in wanted {
            assert!(
                fields.iter().any(|found| found == field),
                "{field}: {fields:?}"
            );
        }
        let has = |name: &str| fields.iter().any(|found| found.starts_with(name));
        assert_eq!(
            has("blocks="),
            wanted.iter().any(|field| field.starts_with("blocks="))
        );
        if template.contains("favicon") {
            assert!(!has("icon"), "{fields:?}");
        }
    }
}

#[tokio::test]
async fn policies_post_reply_and_update() {
    for (policy, second) in [
        ("Post", vec!["postMessage c 1 -"]),
        ("Other", vec!["postMessage c 1 -"]),
        ("PostAndUpdate", vec!["postMessage c 1 -", "update C1 1 1"]),
        ("Update", vec!["update C1 1 1"]),
    ] {
        let server = Recorder::start(answers());
        let service = slack(&server, "");
        let template =
            format!("{{message: m, slack: {{groupingKey: k, deliveryPolicy: {policy}}}}}");
        send(&*service, &template, "c").await.expect("is sent");
        assert_eq!(calls(&server), ["postMessage c - -"], "{policy}");

        let to = Destination::new("slack", "c");
        let shown = service
            .prepare(&rendered(&*service, &template, &to), &to)
            .expect("can be shown");
        assert_eq!(server.take(), [], "nothing is sent for showing");
        send(&*service, &template, "c").await.expect("is sent");
        let requests = server.take();
        assert_eq!(
            requests.iter().map(call).collect::<Vec<_>>(),
            second,
            "{policy}"
        );
        let bodies: Vec<_> = requests.iter().map(|request| &request.body).collect();
        let shown: Vec<_> = shown.iter().map(|request| &request.body).collect();
        assert_eq!(bodies, shown, "what is shown is what is sent");

        let unkeyed = format!("{{message: m, slack: {{deliveryPolicy: {policy}}}}}");
        send(&*service, &unkeyed, "c").await.expect("is sent");
        assert_eq!(
            calls(&server),
            ["postMessage c - -"],
            "{policy} without a key"
        );
        send(&*service, &template, "other").await.expect("is sent");
        assert_eq!(
            calls(&server),
            ["postMessage other - -"],
            "{policy}, another channel"
        );
    }
}

#[tokio::test]
async fn threads_survive_a_reload_but_are_not_shared_between_workspaces() {
    const GROUPED: &str = "{message: m, slack: {groupingKey: k}}";
    let server = Recorder::start(answers());
    let context = ServiceContext::default();
    for wanted in ["postMessage c - -", "postMessage c 1 -"] {
        let service = make("slack", &options(&server, ""), &context);
        send(&*service, GROUPED, "c").await.expect("is sent");
        assert_eq!(calls(&server), [wanted]);
    }
    let other = options(&server, "").replace("xoxb-1", "xoxb-2");
    send(&*make("slack", &other, &context), GROUPED, "c")
        .await
        .expect("is sent");
    assert_eq!(calls(&server), ["postMessage c - -"]);
}

#[tokio::test]
async fn two_deliveries_at_a_time_begin_one_thread() {
    const GROUPED: &str = "{message: m, slack: {groupingKey: k}}";
    let server = Recorder::start(answers());
    let service = slack(&server, "");
    let (one, two) = tokio::join!(send(&*service, GROUPED, "c"), send(&*service, GROUPED, "c"));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(calls(&server), ["postMessage c - -", "postMessage c 1 -"]);
}

#[tokio::test]
async fn a_deleted_first_message_begins_the_thread_anew() {
    const UPDATE: &str = "{message: m, slack: {groupingKey: k, deliveryPolicy: Update}}";
    let server = Recorder::start(answers());
    let service = slack(&server, "");
    send(&*service, UPDATE, "c").await.expect("is sent");
    let mut rules = vec![
        refusal("message_not_found")
            .path("/api/chat.update")
            .times(1),
    ];
    rules.extend(answers().split_off(4));
    server.set_rules(rules);
    server.take();
    send(&*service, UPDATE, "c").await.expect("is sent");
    assert_eq!(calls(&server), ["update C1 1 1", "postMessage c - -"]);
    send(&*service, UPDATE, "c").await.expect("is sent");
    assert_eq!(calls(&server), ["update C1 5 5"]);
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_but_not_for_ever() {
    let limited = |seconds: &str| Rule::status(429).header("Retry-After", seconds);
    let mut rules = vec![limited("0").times(2)];
    rules.extend(answers());
    let server = Recorder::start(rules);
    let service = slack(&server, "");
    send(&*service, "message: m", "c").await.expect("is sent");
    assert_eq!(server.take().len(), 3);

    for (seconds, requests) in [("0", 4), ("600", 1), ("soon", 1)] {
        server.set_rules(vec![limited(seconds)]);
        let error = send(&*service, "message: m", "c").await.expect_err("fails");
        assert_eq!(server.take().len(), requests, "{seconds}");
        assert!(error.is_transient());
        assert!(error.message.contains("slow down"), "{error}");
        let asked = seconds.parse().ok().map(Duration::from_secs);
        assert_eq!(error.retry_after(), asked);
    }
}

#[tokio::test]
async fn errors_say_what_to_do() {
    let server = Recorder::start(Vec::new());
    let service = slack(&server, "");
    for (code, transient, text) in [
        ("channel_not_found", false, "correct the recipient"),
        ("not_in_channel", false, "invite the app"),
        ("invalid_auth", false, "valid bot token"),
        ("invalid_blocks", false, "50 of them"),
        ("msg_too_long", false, "shorten the message"),
        ("internal_error", true, "internal_error"),
        ("something_new", false, "something_new"),
    ] {
        server.set_rules(vec![refusal(code)]);
        let error = send(&*service, "message: m", "c").await.expect_err("fails");
        assert_eq!(error.is_transient(), transient, "{code}");
        assert!(error.message.starts_with(code), "{error}");
        assert!(error.message.contains(text), "{error}");
        assert_eq!(server.take().len(), 1, "{code}");
    }
    // Neither ok nor error: a success, as in the original.
    server.set_rules(vec![Rule::status(200).body("{}")]);
    send(&*service, "message: m", "c").await.expect("is sent");
    server.take();
    for field in ["attachments", "blocks"] {
        let template = format!("{{message: m, slack: {{{field}: '[{{'}}}}");
        let error = send(&*service, &template, "c").await.expect_err("fails");
        assert!(
            error
                .message
                .starts_with(&format!("failed to unmarshal {field} '[{{' : "))
        );
        assert!(server.take().is_empty(), "found before sending");
    }
}
