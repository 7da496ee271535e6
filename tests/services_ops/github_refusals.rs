//! What GitHub refuses, and what it means for the delivery.

use super::fake_github::{FakeGitHub, INSTALLATION};
use super::recorder::Rule;
use super::{make, send};
use kubechime::service::{Class, Service};
use std::sync::Arc;
use std::time::Duration;

const STATUS: &str = "{message: m, github: {status: {state: success, label: l}, checkRun: {name: \
                      c, conclusion: success}}}";
const DEPLOYMENT: &str = "{message: m, github: {deployment: {state: success}}}";

fn started() -> (FakeGitHub, Arc<dyn Service>) {
    let server = FakeGitHub::start();
    let service = make("github", &server.options());
    (server, service)
}

fn refuse(server: &FakeGitHub, start: &str, rule: Rule) {
    server.state(|state| state.refusals = vec![(start.to_owned(), rule)]);
}

fn said(status: u16, message: &str) -> Rule {
    Rule::status(status).body(&format!("{{\"message\": \"{message}\"}}"))
}

#[tokio::test]
async fn too_many_statuses_count_as_sent_and_end_the_delivery() {
    let (server, service) = started();
    refuse(
        &server,
        "repos/acme/shop/statuses",
        said(422, "Validation Failed"),
    );
    let error = send(&*service, STATUS, "").await.expect_err("is refused");
    assert_eq!(error.class, Class::Handled);
    let begin = "too many commit statuses for sha 0123456789 and context l: ";
    assert!(error.message.starts_with(begin), "{error}");
    assert!(server.state(|state| state.made.is_empty()), "no check run");
}

#[tokio::test]
async fn a_job_that_was_scheduled_is_tried_again() {
    let (server, service) = started();
    refuse(
        &server,
        "repos/acme/shop/deployments",
        said(202, "Auto-merged"),
    );
    let error = send(&*service, DEPLOYMENT, "")
        .await
        .expect_err("is not done yet");
    assert_eq!(
        error.message,
        "job scheduled on GitHub side; try again later"
    );
    assert_eq!(error.class, Class::Transient { retry_after: None });
}

#[tokio::test]
async fn refusals_say_what_to_change() {
    let (server, service) = started();
    for (rule, transient, parts) in [
        (
            said(403, "Resource not accessible by integration"),
            false,
            [
                "403 Resource not accessible",
                "the permission Deployments: write",
            ],
        ),
        (
            said(404, "Not Found"),
            false,
            ["404 Not Found", "install the App on the repository"],
        ),
        (
            said(409, "Conflict: Commit status checks failed"),
            false,
            ["409 Conflict", "requiredContexts"],
        ),
        (
            Rule::status(422).body(
                "{\"message\": \"Validation Failed\", \"errors\": [{\"resource\": \"Deployment\", \
                 \"field\": \"ref\", \"code\": \"invalid\"}, \"two\"]}",
            ),
            false,
            ["422 Validation Failed", "[Deployment ref invalid; two]"],
        ),
        (
            Rule::status(502).body("<html><title>Unicorn!</title>"),
            true,
            ["502 an HTML page titled \"Unicorn!\"", ""],
        ),
        (
            Rule::status(200).body("{}"),
            false,
            ["was answered without a list", ""],
        ),
        (
            Rule::status(200).body("[{}]"),
            false,
            ["without the id of a deployment", ""],
        ),
    ] {
        refuse(&server, "repos/acme/shop/deployments", rule);
        let error = send(&*service, DEPLOYMENT, "")
            .await
            .expect_err("is refused");
        assert!(
            error
                .message
                .contains("/api/v3/repos/acme/shop/deployments"),
            "{error}"
        );
        for part in parts {
            assert!(error.message.contains(part), "{error}");
        }
        assert_eq!(error.is_transient(), transient, "{error}");
    }
    for (payload, text) in [("'{bad'", "client_payload is no JSON: key must be a string")] {
        let template = format!("github: {{repositoryDispatch: {{client_payload: {payload}}}}}");
        let error = send(&*service, &template, "").await.expect_err("no JSON");
        assert!(error.message.contains(text), "{error}");
    }
}

#[tokio::test]
async fn without_a_token_it_says_which_option_is_wrong() {
    let path = "app/installations";
    for (rule, transient, advice) in [
        (
            said(401, "A JSON web token could not be decoded"),
            false,
            "put a current one under privateKey",
        ),
        (
            said(
                401,
                "'Expiration time' claim ('exp') is too far in the future",
            ),
            false,
            "set the clock of this machine right",
        ),
        (
            said(403, "This installation has been suspended"),
            false,
            "was suspended",
        ),
        (
            said(404, "Integration not found"),
            false,
            "correct installationID and appID",
        ),
        (
            Rule::status(500).body("oh"),
            true,
            "\"500 Internal Server Error\" when fetching",
        ),
        (
            Rule::status(201).body("{}"),
            false,
            "an answer without a token",
        ),
    ] {
        let (server, service) = started();
        refuse(&server, path, rule);
        let error = send(&*service, STATUS, "")
            .await
            .expect_err("gets no token");
        let begin = format!("could not refresh installation id {INSTALLATION}'s token: received ");
        assert!(error.message.starts_with(&begin), "{error}");
        assert!(error.message.contains(advice), "{error}");
        assert_eq!(error.is_transient(), transient, "{error}");
        assert_eq!(server.requests().len(), 1, "nothing else is asked");
    }
    // The installation is another one's.
    let server = FakeGitHub::start();
    let service = make("github", &server.options().replace(INSTALLATION, "1"));
    let error = send(&*service, STATUS, "")
        .await
        .expect_err("gets no token");
    assert!(
        error.message.contains("installation id 1's token"),
        "{error}"
    );
    assert!(error.message.contains("404 Not Found"), "{error}");
}

#[tokio::test]
async fn nothing_is_asked_until_the_rate_limit_is_over() {
    let soon = jiff::Timestamp::now().as_second() + 600;
    let used_up = |reset: i64| {
        said(403, "API rate limit exceeded")
            .header("X-RateLimit-Remaining", "0")
            .header("X-RateLimit-Limit", "5000")
            .header("X-RateLimit-Reset", &reset.to_string())
    };
    for (rule, least, most) in [
        (used_up(soon), 500, 600),
        // Nobody waits for years.
        (used_up(4_070_908_800), 3600, 3600),
        (
            said(403, "You have exceeded a secondary rate limit."),
            60,
            60,
        ),
        (said(429, "slow down").header("Retry-After", "30"), 30, 30),
    ] {
        let (server, service) = started();
        refuse(&server, "repos/", rule);
        let error = send(&*service, STATUS, "").await.expect_err("is refused");
        let wait = error.retry_after().expect("may be tried again");
        assert!((least..=most).contains(&wait.as_secs()), "{wait:?}");
        server.state(|state| state.refusals.clear());
        server.requests();
        let error = send(&*service, STATUS, "")
            .await
            .expect_err("is not even asked");
        assert!(error.message.contains("still exceeded until"), "{error}");
        assert!(
            error.message.ends_with("not making remote request"),
            "{error}"
        );
        assert!(
            error
                .retry_after()
                .is_some_and(|wait| wait <= Duration::from_secs(most))
        );
        assert!(server.requests().is_empty());
    }
    // A limit that is over is forgotten.
    let (server, service) = started();
    refuse(&server, "repos/", used_up(soon - 1200));
    send(&*service, STATUS, "").await.expect_err("is refused");
    server.state(|state| state.refusals.clear());
    send(&*service, STATUS, "").await.expect("is sent");
}
