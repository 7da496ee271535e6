//! What the other chat services send, and what they take for a success.

use super::recorder::{Recorder, Rule};
use super::{body, field, make, send};
use kubechime::service::ServiceContext;
use serde_json::json;

/// 30 letters, as Pushover's keys.
const KEY: &str = "aaaaaaaaaabbbbbbbbbbcccccccccc";

#[tokio::test]
async fn teams_sends_a_card_and_believes_only_the_body() {
    let server = Recorder::start(vec![Rule::status(400).body("1")]);
    let options = format!("recipientUrls: {{chan: {}/hook/a}}", server.url());
    let service = make("teams", &options, &ServiceContext::default());
    let template = "{message: m, teams: {title: '{{.pod.metadata.name}}', summary: s, themeColor: \
                    red, sections: '[{\"text\": \"x\"}]', facts: '[{\"name\": \"n\"}]', \
                    potentialAction: '[{\"@type\": \"OpenUri\"}]'}}";
    send(&*service, template, "chan")
        .await
        .expect("1 is a success");
    assert_eq!(
        body(&server.take()[0]),
        json!({
            "@type": "MessageCard",
            "context": "https://schema.org/extensions",
            "title": "web",
            "summary": "s",
            "text": "m",
            "themeColor": "red",
            "sections": [{"text": "x"}, {"facts": [{"name": "n"}]}],
            "potentialAction": [{"@type": "OpenUri"}],
        })
    );
    send(&*service, "teams: {template: ' {raw} '}", "chan")
        .await
        .expect("is sent");
    assert_eq!(server.take()[0].text(), " {raw} ");

    for (text, transient) in [
        ("error message", false),
        (
            "Webhook message delivery failed with error: HTTP error 429",
            true,
        ),
        ("", false),
    ] {
        server.set_rules(vec![Rule::status(200).body(text)]);
        let error = send(&*service, "message: m", "chan")
            .await
            .expect_err("fails");
        assert!(error.message.contains(text), "{error}");
        assert_eq!(error.is_transient(), transient, "{error}");
    }
    let error = send(&*service, "message: m", "nobody")
        .await
        .expect_err("fails");
    assert!(
        error.message.contains("configured for recipient nobody"),
        "{error}"
    );
    assert!(error.message.contains("has: chan"), "{error}");
}

#[tokio::test]
async fn workflows_get_an_adaptive_card() {
    let server = Recorder::start(vec![Rule::status(202)]);
    let options = format!("recipientUrls: {{chan: {}/powerautomate/a}}", server.url());
    let service = make("teams-workflows", &options, &ServiceContext::default());
    let template = "{message: m, teams-workflows: {title: t, themeColor: Good, \
                    facts: '[{\"name\": \"n\", \"value\": 42}]', \
                    potentialAction: '[{\"@type\": \"OpenUri\", \"name\": \"o\", \"targets\": \
                    [{\"uri\": \"https://e/\"}]}, {\"@type\": \"HttpPOST\"}]'}}";
    send(&*service, template, "chan").await.expect("is sent");
    let sent = body(&server.take()[0]);
    assert_eq!(
        sent["attachments"][0]["content"],
        json!({
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [
                {"type": "TextBlock", "text": "t", "size": "Large", "weight": "Bolder",
                 "color": "Good", "wrap": true},
                {"type": "TextBlock", "text": "m", "wrap": true},
                {"type": "FactSet", "facts": [{"title": "n", "value": "42"}]},
            ],
            "actions": [{"type": "Action.OpenUrl", "title": "o", "url": "https://e/"}],
        })
    );
    let whole = "teams-workflows: {adaptiveCard: ' {\"type\": \"AdaptiveCard\", \"x\": [1]} '}";
    send(&*service, whole, "chan").await.expect("is sent");
    let sent = body(&server.take()[0]);
    let card = json!({"type": "AdaptiveCard", "x": [1]});
    assert_eq!(sent["attachments"][0]["content"], card);

    for (field, what) in [
        ("facts", "facts"),
        ("sections", "sections"),
        ("potentialAction", "potential action"),
        ("adaptiveCard", "adaptiveCard"),
    ] {
        let template = format!("teams-workflows: {{{field}: '[{{'}}");
        let error = send(&*service, &template, "chan").await.expect_err("fails");
        assert!(
            error
                .message
                .contains(&format!("{what} unmarshalling error")),
            "{error}"
        );
    }
    assert!(server.take().is_empty());
    server.set_rules(vec![Rule::status(500)]);
    let error = send(&*service, "message: m", "chan")
        .await
        .expect_err("fails");
    assert!(
        error
            .message
            .ends_with("(status 500): no error details provided"),
        "{error}"
    );
    assert!(error.is_transient());
}

#[tokio::test]
async fn google_chat_gets_texts_cards_and_threads() {
    let server = Recorder::start(vec![Rule::status(200).body("{\"name\": \"spaces/A/1\"}")]);
    let url = server.url();
    let options = format!("webhooks: {{room: '{url}/v1/spaces/A?key=kk&token=t%3D'}}");
    let service = make("googlechat", &options, &ServiceContext::default());
    let sent = send(&*service, "message: m", "room")
        .await
        .expect("is sent");
    assert_eq!(sent.detail, "spaces/A/1");
    let request = &server.take()[0];
    assert_eq!(request.query, "key=kk&token=t%3D");
    assert_eq!(body(request), json!({"text": "m"}));

    let template = "message: m\ngooglechat:\n  threadKey: 'a b'\n  cardsV2: |\n    - header:\n        \
                    title: 123\n      sections: [{collapsible: false}]\n";
    send(&*service, template, "room").await.expect("is sent");
    let request = &server.take()[0];
    assert_eq!(
        request.query,
        "key=kk&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD&threadKey=a+b&token=t%3D"
    );
    let sent = body(request);
    assert_eq!(sent["text"], "");
    let card = json!({"header": {"title": "123"}, "sections": [{"collapsible": false}]});
    assert_eq!(sent["cardsV2"][0]["card"], card);

    for (status, answer, text) in [
        (
            200,
            "{\"error\": {\"code\": 7, \"status\": \"S\", \"message\": \"no\"}}",
            "error with message: code=7 status=S message=no",
        ),
        (404, "{}", "error code 404"),
        (200, "ok", "cannot send message: "),
    ] {
        server.set_rules(vec![Rule::status(status).body(answer)]);
        let error = send(&*service, "message: m", "room")
            .await
            .expect_err("fails");
        assert!(error.message.contains(text), "{error}");
        assert!(!error.is_transient(), "{error}");
    }
    let error = send(&*service, "message: m", "x").await.expect_err("fails");
    assert!(
        error
            .message
            .contains("no Google chat webhook configured for recipient x")
    );
}

#[tokio::test]
async fn telegram_gets_one_call_and_tells_how_long_to_wait() {
    let ok = "{\"ok\": true, \"result\": {\"message_id\": 5}}";
    let server = Recorder::start(vec![Rule::status(200).body(ok)]);
    let options = format!("token: '1:A'\napiUrl: {}/", server.url());
    let service = make("telegram", &options, &ServiceContext::default());
    let sent = send(&*service, "message: a&b", "-12|3")
        .await
        .expect("is sent");
    assert_eq!(sent.detail, "message 5");
    let requests = server.take();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].path, "/bot1:A/sendMessage");
    assert_eq!(
        requests[0].text(),
        "chat_id=-12&message_thread_id=3&parse_mode=Markdown&text=a%26b"
    );
    for (answer, wait, text) in [
        (
            "{\"ok\": false, \"error_code\": 429, \"description\": \"Too Many Requests\", \
          \"parameters\": {\"retry_after\": 3}}",
            Some(3),
            "Too Many Requests",
        ),
        (
            "{\"ok\": false, \"description\": \"Bad Request: can't parse entities\"}",
            None,
            "it is Markdown",
        ),
        (
            "{\"ok\": false, \"description\": \"Bad Request: chat not found\"}",
            None,
            "correct the recipient",
        ),
        (
            "{\"ok\": false, \"description\": \"upgraded\", \"parameters\": \
          {\"migrate_to_chat_id\": -100}}",
            None,
            "recipient is -100",
        ),
    ] {
        server.set_rules(vec![Rule::status(400).body(answer)]);
        let error = send(&*service, "message: m", "-12")
            .await
            .expect_err("fails");
        assert!(error.message.contains(text), "{error}");
        assert_eq!(error.retry_after().map(|wait| wait.as_secs()), wait);
        assert_eq!(error.is_transient(), wait.is_some());
    }
}

#[tokio::test]
async fn mattermost_and_webex_carry_a_bearer_token() {
    let server = Recorder::start(vec![Rule::status(200).body("{\"id\": \"i1\"}")]);
    let options = format!("apiURL: {}/\ntoken: \"tok\\n\"", server.url());
    let context = ServiceContext::default();
    let mattermost = make("mattermost", &options, &context);
    let template = "{message: m, mattermost: {attachments: '[{\"title\": \"{{.pod.metadata.name}}\", \
                    \"other\": 1}]'}}";
    let sent = send(&*mattermost, template, "chan").await.expect("is sent");
    assert_eq!(sent.detail, "post i1");
    let request = &server.take()[0];
    assert_eq!(request.path, "/api/v4/posts");
    assert_eq!(request.header("authorization"), Some("Bearer tok"));
    assert_eq!(
        body(request),
        json!({
            "channel_id": "chan",
            "message": "m",
            "props": {"attachments": [{"title": "web", "other": 1}]},
        })
    );
    let wrong = "{message: m, mattermost: {attachments: '{}'}}";
    let error = send(&*mattermost, wrong, "chan").await.expect_err("fails");
    assert!(
        error
            .message
            .starts_with("failed to unmarshal attachments '{}' : "),
        "{error}"
    );
    assert!(server.take().is_empty());

    let webex = make("webex", &options, &context);
    for (recipient, wanted) in [
        ("a@b.c", json!({"toPersonEmail": "a@b.c", "markdown": "m"})),
        ("room", json!({"roomId": "room", "markdown": "m"})),
    ] {
        send(&*webex, "message: m", recipient)
            .await
            .expect("is sent");
        let request = &server.take()[0];
        assert_eq!(request.path, "/v1/messages");
        assert_eq!(request.header("authorization"), Some("Bearer tok"));
        assert_eq!(body(request), wanted);
    }
    server.set_rules(vec![Rule::status(201)]);
    let error = send(&*webex, "message: m", "room")
        .await
        .expect_err("fails");
    assert!(
        error.message.contains("error code 201"),
        "only 200 is a success: {error}"
    );
    send(&*mattermost, "message: m", "chan")
        .await
        .expect("any 2xx");
}

#[tokio::test]
async fn rocketchat_logs_in_once_and_again_when_the_session_has_ended() {
    let login = |token: &str| {
        let data = format!("{{\"authToken\": \"{token}\", \"userId\": \"U\"}}");
        Rule::status(200)
            .body(&format!("{{\"status\": \"success\", \"data\": {data}}}"))
            .path("/chat/api/v1/login")
            .times(1)
    };
    let posted = Rule::status(200).body("{\"success\": true}");
    let server = Recorder::start(vec![login("one"), posted.clone()]);
    let options = format!(
        "serverUrl: {}/chat/\nemail: bot\npassword: p&w\nalias: al\nicon: ':i:'\navatar: x.ico",
        server.url()
    );
    let service = make("rocketchat", &options, &ServiceContext::default());
    assert!(
        service.warnings()[0]
            .message
            .starts_with("avatar is not used")
    );
    for recipient in ["#general", "room"] {
        send(&*service, "message: m", recipient)
            .await
            .expect("is sent");
    }
    let requests = server.take();
    assert_eq!(requests.len(), 3);
    assert_eq!(field(&requests[0], "user").as_deref(), Some("bot"));
    assert_eq!(field(&requests[0], "password").as_deref(), Some("p&w"));
    assert_eq!(requests[1].header("x-auth-token"), Some("one"));
    assert_eq!(requests[1].header("x-user-id"), Some("U"));
    let common = json!({"channel": "#general", "text": "m", "alias": "al", "emoji": ":i:"});
    assert_eq!(body(&requests[1]), common);
    assert_eq!(body(&requests[2])["roomId"], "room");

    let ended = Rule::status(401)
        .body("{\"status\": \"error\", \"message\": \"log in\"}")
        .times(1);
    server.set_rules(vec![
        ended.path("/chat/api/v1/chat.postMessage"),
        login("two"),
        posted,
    ]);
    send(&*service, "message: m", "room")
        .await
        .expect("is sent");
    let tokens: Vec<_> = server
        .take()
        .iter()
        .map(|request| request.header("x-auth-token").unwrap_or("login").to_owned())
        .collect();
    assert_eq!(tokens, ["one", "login", "two"]);

    let refused = "{\"success\": false, \"error\": \"error-room-not-found\"}";
    server.set_rules(vec![Rule::status(400).body(refused)]);
    let error = send(&*service, "message: m", "room")
        .await
        .expect_err("fails");
    assert_eq!(
        error.message,
        "error-room-not-found; correct the recipient: #channel, @user or the id of a room"
    );
}

#[tokio::test]
async fn pushover_checks_before_it_sends() {
    let server = Recorder::start(vec![
        Rule::status(200).body("{\"status\": 1, \"request\": \"r\"}"),
    ]);
    let options = format!("token: {KEY}\napiUrl: {}", server.url());
    let service = make("pushover", &options, &ServiceContext::default());
    let limit = "é".repeat(1024);
    send(&*service, &format!("message: {limit}"), KEY)
        .await
        .expect("1024 characters fit");
    let request = &server.take()[0];
    assert_eq!(request.path, "/1/messages.json");
    assert_eq!(field(request, "message"), Some(limit.clone()));
    assert_eq!(field(request, "user").as_deref(), Some(KEY));
    assert_eq!(field(request, "priority").as_deref(), Some("0"));
    for (template, recipient, text) in [
        (
            format!("message: {limit}x"),
            KEY,
            "pushover: message too long; it has 1025 characters",
        ),
        ("message: ''".into(), KEY, "pushover: message empty"),
        ("message: m".into(), "", "pushover: empty recipient token"),
        (
            "message: m".into(),
            "abc",
            "pushover: invalid recipient token",
        ),
    ] {
        let error = send(&*service, &template, recipient)
            .await
            .expect_err("fails");
        assert!(error.message.starts_with(text), "{error}");
        assert!(!error.is_transient());
    }
    assert!(server.take().is_empty());
    let refused = "{\"status\": 0, \"errors\": [\"user identifier is invalid\", \"two\"]}";
    server.set_rules(vec![Rule::status(400).body(refused)]);
    let error = send(&*service, "message: m", KEY).await.expect_err("fails");
    assert_eq!(error.message, "Errors:\nuser identifier is invalid\ntwo");
}
