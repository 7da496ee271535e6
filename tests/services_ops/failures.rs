//! Servers that misbehave, and secrets that must not get out: all services for operations alike.

use super::app_key;
use super::recorder::{Recorder, Rule};
use super::{make, render};
use kubechime::domain::Destination;

/// A secret that is valid wherever one is needed.
const CANARY: &str = "c4naryc4naryc4naryc4naryc4nary";

/// Type, options, template and recipient; `{url}` is the server, `{host}` the same without a
/// scheme, `{scheme}` what that is, `{secret}` a secret, `{key}` a private key.
const SERVICES: [(&str, &str, &str, &str); 7] = [
    (
        "alertmanager",
        "targets: ['{host}']\nscheme: {scheme}\nbearerToken: {secret}",
        "alertmanager: {labels: {a: '{said}'}}",
        "",
    ),
    (
        "grafana",
        "apiUrl: {url}/api\napiKey: {secret}",
        "message: '{said}'",
        "tag",
    ),
    (
        "newrelic",
        "apiURL: {url}\napiKey: {secret}",
        "newrelic: {changelog: '{said}', user: u}",
        "1",
    ),
    (
        "opsgenie",
        "apiUrl: {url}\napiKeys: {c: {secret}}",
        "message: '{said}'",
        "c",
    ),
    (
        "pagerduty",
        "apiUrl: {url}\ntoken: {secret}\nfrom: a@b",
        "pagerduty: {title: '{said}'}",
        "P",
    ),
    (
        "pagerdutyv2",
        "apiUrl: {url}\nserviceKeys: {c: {secret}}",
        "pagerdutyv2: {summary: '{said}', severity: info, source: s}",
        "c",
    ),
    (
        "github",
        "appID: 1\ninstallationID: 2\nenterpriseBaseURL: {url}\nprivateKey: |\n{key}",
        "{message: '{said}', github: {status: {state: success}}}",
        "",
    ),
];

fn filled(options: &str, url: &str) -> String {
    let (scheme, host) = url.split_once("://").unwrap_or(("http", url));
    let options = options
        .replace("{url}", url)
        .replace("{host}", host)
        .replace("{scheme}", scheme)
        .replace("{secret}", CANARY)
        .replace("{key}", &app_key::indented());
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
    for (service_type, options, template, recipient) in SERVICES {
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
            let service = make(service_type, &filled(options, url));
            assert!(service.warnings().is_empty(), "{:?}", service.warnings());
            let notification = render(service_type, &template.replace("{said}", "m"));
            let to = Destination::new(service_type, recipient);
            let error = service.send(&notification, &to).await.expect_err("fails");
            assert!(error.message.contains(text), "{service_type}: {error}");
            assert_eq!(error.is_transient(), transient, "{service_type}: {error}");
        }
    }
}

#[tokio::test]
async fn an_untrusted_certificate_can_be_accepted() {
    for (service_type, options, template, recipient) in SERVICES {
        let server = Recorder::start(vec![Rule::status(418).body("tea")]);
        let options = filled(options, &server.tls_url()) + "\ninsecureSkipVerify: 'true'";
        let service = make(service_type, &options);
        let notification = render(service_type, &template.replace("{said}", "m"));
        let to = Destination::new(service_type, recipient);
        let error = service
            .send(&notification, &to)
            .await
            .expect_err("is no success");
        assert!(error.message.contains("418"), "{service_type}: {error}");
        assert!(error.message.contains("tea"), "{service_type}: {error}");
        assert!(!error.is_transient(), "{service_type}: {error}");
    }
}

#[tokio::test]
async fn no_secret_gets_out() {
    let server = Recorder::start(Vec::new());
    let key_line = app_key::indented()
        .lines()
        .nth(3)
        .expect("a line")
        .trim()
        .to_owned();
    let echo = format!("you sent {CANARY} and {key_line} and ghs_{CANARY}");
    let login = Rule::status(201)
        .path("/api/v3/app/installations/2/access_tokens")
        .body(&format!("{{\"token\": \"ghs_{CANARY}\"}}"));
    let json = format!(
        "{{\"message\": \"{echo}\", \"status\": \"{echo}\", \"requestId\": \"{echo}\", \
         \"dedup_key\": \"{echo}\", \"errors\": [\"{echo}\"], \"error\": {{\"message\": \
         \"{echo}\", \"errors\": [\"{echo}\"]}}, \"incident\": {{\"id\": \"{echo}\"}}, \
         \"html_url\": \"{echo}\"}}"
    );
    for (service_type, options, template, recipient) in SERVICES {
        for (rule, url) in [
            (Rule::status(418).body(&echo), server.url()),
            (Rule::status(400).body(&json), server.url()),
            (Rule::status(200).body(&json), server.url()),
            (Rule::status(202).body(&json), server.url()),
            (Rule::status(200).body(&echo), server.url()),
            (Rule::status(418), "http://127.0.0.1:1".to_owned()),
            (Rule::status(418), format!("http://u:{CANARY}@127.0.0.1:1")),
            (Rule::status(418), format!("::{CANARY}")),
        ] {
            server.set_rules(vec![login.clone(), rule]);
            let service = make(service_type, &filled(options, &url));
            let to = Destination::new(service_type, recipient);
            let said = format!("said {CANARY}");
            let notification = render(service_type, &template.replace("{said}", &said));
            let mut shown = format!("{service:?} {:?}", service.warnings());
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
            let result = service.send(&notification, &to).await;
            shown += &format!("{result:?}");
            // GitHub's service has no use for this secret: only the token that it was given is one.
            let canary = match service_type {
                "github" => format!("ghs_{CANARY}"),
                _ => CANARY.to_owned(),
            };
            for secret in [&canary, &key_line] {
                let leaks = shown.contains(secret.as_str());
                let is_of_it = service_type == "github" || *secret == canary;
                assert!(!leaks || !is_of_it, "{service_type} at {url}\n{shown}");
            }
        }
    }
}

#[test]
fn what_is_missing_is_told_when_the_service_is_made() {
    for (service_type, options, text) in [
        ("grafana", "apiUrl: http://g/api", "apiKey is not set"),
        ("grafana", "apiKey: k", "apiUrl is not set"),
        (
            "grafana",
            "{apiKey: k, apiUrl: g/api}",
            "apiUrl: the URL \"g/api\" is not valid",
        ),
        ("newrelic", "{}", "apiKey is not set"),
        ("opsgenie", "{}", "apiKeys is not set"),
        ("pagerduty", "from: a@b", "token is not set"),
        ("pagerduty", "token: t", "from is not set"),
        ("pagerdutyv2", "{}", "serviceKeys is not set"),
        (
            "alertmanager",
            "targets: ['http://am:9093']",
            "the target http://am:9093 is not of the form",
        ),
        (
            "alertmanager",
            "idleConnTimeout: soon",
            "idleConnTimeout is not used",
        ),
    ] {
        let service = make(service_type, options);
        let [warning] = service.warnings() else {
            panic!("{service_type} {options}: {:?}", service.warnings());
        };
        assert!(warning.message.contains(text), "{warning:?}");
        assert!(warning.help.is_some(), "{warning:?}");
    }
}
