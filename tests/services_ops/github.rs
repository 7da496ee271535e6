//! GitHub: tokens, and what is done to a commit.

use super::fake_github::FakeGitHub;
use super::{application, make, render, send, try_render};
use kubechime::domain::Destination;
use serde_json::{Value, json};

const SHA: &str = "0123456789";
const STATUS: &str = "{message: m, github: {status: {state: success, label: l}}}";
const MARKER: &str = "<!-- argocd-notifications test-tag -->";

#[tokio::test]
async fn a_token_is_used_as_long_as_it_is_good() {
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    for _ in 0..2 {
        send(&*service, STATUS, "").await.expect("is sent");
    }
    assert_eq!(server.state(|state| state.tokens.len()), 1);
    assert_eq!(server.state(|state| state.made.len()), 2);

    // Less than a minute is not worth a call.
    server.state(|state| {
        state.revoked = 1;
        state.lifetime = 59;
    });
    for tokens in [2, 3] {
        send(&*service, STATUS, "").await.expect("is sent");
        assert_eq!(server.state(|state| state.tokens.len()), tokens);
    }

    // Several deliveries at a time ask once.
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    let sending = (0..8).map(|_| send(&*service, STATUS, ""));
    for sent in futures::future::join_all(sending).await {
        sent.expect("is sent");
    }
    assert_eq!(
        server.state(|state| (state.tokens.len(), state.made.len())),
        (1, 8)
    );
}

#[tokio::test]
async fn a_token_that_was_revoked_is_replaced_once() {
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    send(&*service, STATUS, "").await.expect("is sent");
    server.state(|state| state.revoked = 1);
    send(&*service, STATUS, "")
        .await
        .expect("is sent with a new token");
    assert_eq!(server.state(|state| state.tokens.len()), 2);
    server.state(|state| state.revoked = 100);
    let error = send(&*service, STATUS, "")
        .await
        .expect_err("no token is good");
    assert!(error.message.contains("401 Bad credentials"), "{error}");
    assert_eq!(
        server.state(|state| state.tokens.len()),
        3,
        "one more try, not many"
    );
}

#[tokio::test]
async fn a_status_describes_the_commit() {
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    let template = "{message: '{{repeat 141 \"ü\"}}', github: {revisionPath: feature/a b, \
                    status: {state: failure}}}";
    let sent = send(&*service, template, "").await.expect("is sent");
    assert_eq!(sent.detail, "status 1");
    assert_eq!(
        server.state(|state| state.made.remove(0)),
        (
            "statuses/feature/a%20b".to_owned(),
            json!({
                "state": "failure", "target_url": "", "context": "",
                "description": "ü".repeat(137) + "...",
            })
        )
    );
}

#[tokio::test]
async fn a_deployment_is_made_once_and_gets_a_status_each_time() {
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    let template = "{message: m, github: {deployment: {state: success, environment: prod, \
                    environmentURL: 'https://e/', logURL: 'https://l/', requiredContexts: []}}}";
    for _ in 0..2 {
        let sent = send(&*service, template, "").await.expect("is sent");
        assert_eq!(sent.detail, "deployment 70");
    }
    server.state(|state| {
        assert_eq!(
            state.deployments,
            [json!({
                "ref": SHA, "environment": "prod", "required_contexts": [],
                "auto_merge": true, "transient_environment": false,
            })]
        );
        let status = json!({
            "state": "success", "log_url": "https://l/", "description": "m",
            "environment": "prod", "environment_url": "https://e/",
        });
        let expected = ("deployments/70/statuses".to_owned(), status);
        assert_eq!(state.made, [expected.clone(), expected]);
    });
}

#[tokio::test]
async fn a_comment_with_a_tag_is_changed_the_next_time() {
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    server.state(|state| {
        state.pulls.insert(SHA.into(), vec![3, 4]);
        state.comments.insert(3, vec![(1, "other".into())]);
    });
    let template = |text: &str| {
        format!("github: {{pullRequestComment: {{content: {text}, commentTag: test-tag}}}}")
    };
    let sent = send(&*service, &template("one"), "")
        .await
        .expect("is sent");
    assert!(
        sent.detail
            .starts_with("https://ghe.example/acme/shop/pull/3#"),
        "{sent:?}"
    );
    send(&*service, &template("two"), "")
        .await
        .expect("is sent");
    server.state(|state| {
        let text = format!("two\n{MARKER}");
        let texts = |number: &u64| -> Vec<String> {
            state.comments[number]
                .iter()
                .map(|(_, text)| text.clone())
                .collect()
        };
        assert_eq!(texts(&3), ["other", &text]);
        assert_eq!(
            texts(&4),
            [text],
            "the second pull request has one marker, too"
        );
    });

    // Without a tag each is a new one.
    for _ in 0..2 {
        send(&*service, "github: {pullRequestComment: {content: hi}}", "")
            .await
            .expect("is sent");
    }
    assert_eq!(server.state(|state| state.comments[&4].len()), 3);
}

#[tokio::test]
async fn comments_are_found_on_whatever_page_they_are() {
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    server.state(|state| {
        state.pulls.insert(SHA.into(), (1..=31).collect());
        let mut comments: Vec<(u64, String)> = (1..=250).map(|id| (id, "x".into())).collect();
        comments[179].1 = format!("old\n{MARKER}");
        state.comments.insert(31, comments);
    });
    let template = "github: {pullRequestComment: {content: new, commentTag: test-tag}}";
    send(&*service, template, "").await.expect("is sent");
    server.state(|state| {
        assert_eq!(state.comments[&31][179].1, format!("new\n{MARKER}"));
        assert_eq!(state.comments[&31].len(), 250);
        assert_eq!(
            state.comments[&30].len(),
            1,
            "every pull request has its comment"
        );
        let pages = state
            .calls
            .iter()
            .filter(|call| *call == "GET repos/acme/shop/issues/31/comments");
        assert_eq!(pages.count(), 3, "the first question, and two long pages");
    });
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    let sent = send(&*service, template, "")
        .await
        .expect("nothing to comment is no failure");
    assert_eq!(sent.detail, "no pull request has the commit");
}

#[tokio::test]
async fn an_event_is_sent_once_with_its_payload() {
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    let payload = "{\"name\": \"{{.app.metadata.name}}\", \"big\": 12345678901234567890123}";
    let template = format!(
        "github: {{repositoryDispatch: {{event_type: 'e-{{{{.app.metadata.name}}}}', \
         client_payload: '{payload}'}}}}"
    );
    send(&*service, &template, "").await.expect("is sent");
    let sent = server.requests().pop().expect("the event");
    assert_eq!(
        sent.text(),
        "{\"event_type\":\"e-guestbook\",\"client_payload\":{\"name\": \"guestbook\", \
         \"big\": 12345678901234567890123}}"
    );
    send(
        &*service,
        "github: {repositoryDispatch: {event_type: e}}",
        "",
    )
    .await
    .expect("is sent");
    server.state(|state| {
        assert_eq!(state.made.len(), 2);
        assert_eq!(
            state.made[1].1,
            json!({"event_type": "e", "client_payload": {}})
        );
    });
}

#[tokio::test]
async fn a_check_run_is_over_when_it_has_a_conclusion() {
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    let time = "2024-01-02T03:04:05Z";
    for (fields, expected) in [
        (
            format!("status: in_progress, started_at: '{time}'"),
            json!({"status": "in_progress", "started_at": time}),
        ),
        (
            "conclusion: failure".to_owned(),
            json!({"status": "completed", "conclusion": "failure"}),
        ),
        (
            format!("conclusion: success, completed_at: '{time}', output: {{title: t}}"),
            json!({
                "status": "completed", "conclusion": "success", "completed_at": time,
                "output": {"title": "t", "summary": "", "text": ""},
            }),
        ),
    ] {
        let template = format!("github: {{checkRun: {{name: c, {fields}}}}}");
        send(&*service, &template, "").await.expect("is sent");
        let (path, made) = server.state(|state| state.made.remove(0));
        assert_eq!(path, "check-runs");
        let mut whole = json!({
            "name": "c", "head_sha": SHA, "external_id": "argocd-notifications", "details_url": "",
        });
        let members = expected.as_object().expect("an object").clone();
        whole.as_object_mut().expect("an object").extend(members);
        assert_eq!(made, whole);
    }
    for fields in [
        "status: completed".to_owned(),
        format!("status: in_progress, completed_at: '{time}'"),
    ] {
        let template = format!("{{github: {{status: {{state: s}}, checkRun: {{{fields}}}}}}}");
        let error = send(&*service, &template, "")
            .await
            .expect_err("no conclusion");
        let text = "conclusion is required when status is completed or completed_at is set";
        assert!(error.message.contains(text), "{error}");
        assert_eq!(
            server
                .state(|state| state.made.pop())
                .expect("the status")
                .0,
            "statuses/0123456789"
        );
    }
    assert!(
        server.state(|state| state.made.is_empty()),
        "no check run was made"
    );
}

#[tokio::test]
async fn the_parts_of_several_templates_come_together_and_in_order() {
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    server.state(|state| state.pulls.insert(SHA.into(), vec![3]));
    let template = "{message: m, github: {repositoryDispatch: {event_type: e}, checkRun: {name: c, \
                    conclusion: success}, pullRequestComment: {content: c, commentTag: t}, \
                    deployment: {state: success}, status: {state: success}}}";
    let to = Destination::new("github", "");
    let notification = render("github", template);
    let prepared = service.prepare(&notification, &to).expect("can be sent");
    let shown: Vec<String> = prepared
        .iter()
        .map(|request| {
            request
                .subject(service.masker())
                .replace(&server_url(&prepared), "")
        })
        .collect();
    let repository = "/api/v3/repos/acme/shop";
    let expected = [
        "POST /api/v3/app/installations/56789/access_tokens".to_owned(),
        format!("POST {repository}/statuses/{SHA}"),
        format!("GET {repository}/deployments?ref={SHA}"),
        format!("POST {repository}/deployments"),
        format!("POST {repository}/deployments/{{id}}/statuses"),
        format!("GET {repository}/commits/{SHA}/pulls"),
        format!("GET {repository}/issues/{{number}}/comments"),
        format!("POST {repository}/issues/{{number}}/comments"),
        format!("POST {repository}/check-runs"),
        format!("POST {repository}/dispatches"),
    ];
    assert_eq!(shown, expected);
    let sent = service.send(&notification, &to).await.expect("is sent");
    assert!(
        sent.detail.starts_with("status 1, deployment 70, https://"),
        "{sent:?}"
    );
    assert!(sent.detail.ends_with(", check run 3, dispatch"), "{sent:?}");
    let arrived: Vec<String> = server
        .requests()
        .iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect();
    let without_query = |text: &str| text.split('?').next().unwrap_or_default().to_owned();
    let filled = |text: &String| {
        without_query(text)
            .replace("{id}", "70")
            .replace("{number}", "3")
    };
    assert_eq!(
        arrived,
        expected.iter().map(filled).collect::<Vec<_>>(),
        "as it was shown"
    );
    let prepared = service.prepare(&notification, &to).expect("can be sent");
    assert_eq!(prepared.len(), expected.len() - 1, "there is a token now");
}

fn server_url(prepared: &[kubechime::service::PreparedRequest]) -> String {
    let url = url::Url::parse(&prepared[0].url).expect("a URL");
    url.origin().ascii_serialization()
}

#[tokio::test]
async fn a_section_without_parts_asks_for_nothing() {
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    let sent = send(&*service, "github: {}", "").await.expect("is fine");
    assert_eq!(sent.detail, "nothing to do");
    for (template, vars, text) in [
        (
            "message: m",
            json!({"app": application()}),
            "config is empty",
        ),
        (
            STATUS,
            json!({"pod": {}}),
            "GitHub.repoURL (<no value>) does not have a `/`",
        ),
        (
            "github: {repoURLPath: hello, status: {state: s}}",
            Value::Null,
            "GitHub.repoURL (hello) does not have a `/`",
        ),
        (
            "github: {repoURLPath: 'https://u:hush@github.com/acme', revisionPath: r}",
            Value::Null,
            "GitHub.repoURL (https://u:********@github.com/acme) does not name",
        ),
        (
            "github: {repoURLPath: o/r, revisionPath: ../../user, status: {state: s}}",
            Value::Null,
            "the revision \"../../user\" is none",
        ),
    ] {
        let notification = try_render("github", template, &vars).expect("renders");
        let to = Destination::new("github", "");
        let error = service
            .send(&notification, &to)
            .await
            .expect_err("cannot be sent");
        assert!(error.message.starts_with(text), "{error}");
        assert!(!error.is_transient());
    }
    assert!(server.requests().is_empty());
}
