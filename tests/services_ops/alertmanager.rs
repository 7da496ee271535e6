//! Alerts: what is rendered, to whom it goes, and what counts as taken.

use super::recorder::{Recorder, Rule};
use super::{application, assert_refused, body, make, render, send, try_render};
use kubechime::domain::Destination;
use serde_json::{Value, json};

fn host(server: &Recorder) -> String {
    server.url().replace("http://", "")
}

#[tokio::test]
async fn an_alert_is_a_list_of_one() {
    let server = Recorder::start(vec![Rule::status(200)]);
    let options = format!("targets: ['{}']\nbearerToken: tok", host(&server));
    let service = make("alertmanager", &options);
    let template = "alertmanager: {labels: {alertname: App_Deployed, to: '{{.recipient}}'}, \
                    annotations: {summary: '{{.app.metadata.name}} <b>'}, \
                    generatorURL: '{{.app.metadata.name}}'}";
    let sent = send(&*service, template, "team").await.expect("is taken");
    assert_eq!(sent.detail, "1 of 1 targets");
    let request = &server.take()[0];
    assert_eq!(
        (request.method.as_str(), &*request.path),
        ("POST", "/api/v2/alerts")
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), Some("Bearer tok"));
    let mut alerts = body(request);
    let begun = alerts[0]["startsAt"].take();
    let begun: jiff::Timestamp = begun.as_str().expect("a text").parse().expect("a time");
    let age = begun.duration_until(jiff::Timestamp::now());
    assert!((0..60).contains(&age.as_secs()), "{age:?}");
    assert_eq!(
        alerts,
        json!([{
            "labels": {"alertname": "App_Deployed", "to": "rcpt"},
            "annotations": {"summary": "guestbook <b>"},
            "generatorURL": "guestbook",
            "startsAt": null,
        }])
    );
}

#[test]
fn the_template_names_the_alert_unless_it_says_so() {
    let alert = |template: &str| {
        let notification = render("alertmanager", template);
        notification.alertmanager.expect("has an alert")
    };
    let unnamed = alert("alertmanager: {labels: {a: b}}");
    assert_eq!(unnamed.labels["alertname"], "t");
    assert_eq!(unnamed.annotations, None);
    let named = alert("alertmanager: {labels: {alertname: '{{.app.metadata.name}}'}}");
    assert_eq!(named.labels.len(), 1);
    assert_eq!(named.labels["alertname"], "guestbook");
    let empty = alert("alertmanager: {labels: {a: '{{if false}}x{{end}}'}}");
    assert_eq!(empty.labels["a"], "", "what renders to nothing is empty");
}

#[test]
fn the_link_is_the_repository_unless_the_template_says_so() {
    let link = |template: &str, vars: &Value| {
        let notification = try_render("alertmanager", template, vars).expect("renders");
        notification
            .alertmanager
            .expect("has an alert")
            .generator_url
    };
    let app = json!({"app": application()});
    let preset = "alertmanager: {labels: {a: b}}";
    assert_eq!(link(preset, &app), "https://github.com/acme/shop.git");
    let scp = json!({"app": {"spec": {"source": {"repoURL": "git@github.com:org/repo.git"}}}});
    assert_eq!(link(preset, &scp), "https://github.com/org/repo.git");
    assert_eq!(
        link(preset, &json!({"pod": {}})),
        "",
        "a Pod has no repository"
    );
    let own = "alertmanager: {labels: {a: b}, generatorURL: '{{.app.metadata.name}}'}";
    assert_eq!(link(own, &app), "guestbook");

    let broken = "alertmanager: {labels: {a: b}, generatorURL: 'https://h:x/'}";
    let error = try_render("alertmanager", broken, &app).expect_err("no URL");
    assert_eq!(error.path, "alertmanager.generatorURL");
    assert!(error.message.contains("is no URL: invalid port"), "{error}");
}

#[test]
fn renderings_do_not_touch_each_other() {
    let template = "alertmanager: {labels: {who: '{{.app.metadata.name}}'}, \
                    annotations: {m: '{{.app.metadata.name}}'}}";
    for name in ["first", "second"] {
        let vars = json!({"app": {"metadata": {"name": name}}});
        let notification = try_render("alertmanager", template, &vars).expect("renders");
        let alert = notification.alertmanager.expect("has an alert");
        assert_eq!(alert.labels["who"], name);
        assert_eq!(alert.annotations.expect("has some")["m"], name);
    }
}

#[tokio::test]
async fn labels_are_needed() {
    let service = make("alertmanager", "{}");
    let to = Destination::new("alertmanager", "");
    let without = render("alertmanager", "message: m");
    let error = service.prepare(&without, &to).expect_err("no section");
    assert!(error.message.contains("no config"), "{error}");
    for template in ["alertmanager: {}", "alertmanager: {labels: {}}"] {
        let error = try_render("alertmanager", template, &json!({})).expect_err("no labels");
        assert_eq!(error.message, "at least one label pair required");
        assert!(error.help.is_some());
    }
    assert_refused(
        "alertmanager: {labels: {a: '{{ .x'}}",
        "alertmanager.labels.a",
    );
    assert_refused(
        "alertmanager: {labels: {a: b}, annotations: {c: '{{ .x'}}",
        "alertmanager.annotations.c",
    );
    assert_refused(
        "alertmanager: {labels: {a: b}, generatorURL: '{{ .x'}",
        "alertmanager.generatorURL",
    );
}

#[tokio::test]
async fn one_target_that_takes_it_is_enough() {
    let (good, bad) = (
        Recorder::start(vec![Rule::status(200)]),
        Recorder::start(vec![Rule::status(500).body("boom")]),
    );
    let options = format!(
        "targets: ['{}', '127.0.0.1:1', '{}']",
        host(&bad),
        host(&good)
    );
    let service = make("alertmanager", &options);
    let template = "alertmanager: {labels: {a: b}}";
    let sent = send(&*service, template, "").await.expect("one took it");
    assert_eq!(sent.detail, "1 of 3 targets");
    assert_eq!((good.take().len(), bad.take().len()), (1, 1));
    let notification = render("alertmanager", template);
    let to = Destination::new("alertmanager", "");
    let prepared = service.prepare(&notification, &to).expect("can be sent");
    assert_eq!(prepared.len(), 3, "all targets are shown");

    // Only 200 counts.
    for status in [201, 202, 400] {
        good.set_rules(vec![Rule::status(status)]);
        let error = send(&*service, template, "")
            .await
            .expect_err("none took it");
        assert!(
            error
                .message
                .starts_with("no events were successfully received"),
            "{error}"
        );
        assert!(error.message.contains("refused the connection"), "{error}");
        assert!(
            error.message.contains(&format!("error code {status}")),
            "{error}"
        );
        assert!(error.is_transient(), "one of them may be back: {error}");
    }
}

#[tokio::test]
async fn three_targets_that_are_not_there() {
    let options = "targets: ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3']\n\
                   basicAuth: {username: u, password: p}\ntimeout: '2'";
    let service = make("alertmanager", options);
    let error = send(&*service, "alertmanager: {labels: {a: b}}", "")
        .await
        .expect_err("nobody is there");
    assert!(
        error
            .message
            .starts_with("no events were successfully received by alertmanager"),
        "{error}"
    );
}

#[tokio::test]
async fn a_target_has_its_time_and_basic_authentication_wins() {
    let hang = Rule {
        hang: true,
        ..Rule::status(200)
    };
    let server = Recorder::start(vec![hang]);
    let options = format!(
        "targets: ['{}']\ntimeout: 1\nbearerToken: t\nbasicAuth: {{username: u, password: p}}",
        host(&server)
    );
    let service = make("alertmanager", &options);
    let error = send(&*service, "alertmanager: {labels: {a: b}}", "")
        .await
        .expect_err("never answers");
    assert!(error.message.contains("no answer within 1s"), "{error}");
    assert!(error.is_transient());
    assert_eq!(server.take()[0].header("authorization"), Some("Basic dTpw"));
}

#[test]
fn the_default_target_is_this_machine() {
    let service = make("alertmanager", "scheme: https\napiPath: /am/api/v2/alerts");
    let notification = render("alertmanager", "alertmanager: {labels: {a: b}}");
    let to = Destination::new("alertmanager", "");
    let prepared = service.prepare(&notification, &to).expect("can be sent");
    assert_eq!(prepared[0].url, "https://127.0.0.1:9093/am/api/v2/alerts");
}
