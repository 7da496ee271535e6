//! `service list` and `service test`.

#[path = "../support/recorder.rs"]
#[allow(dead_code, reason = "each test file uses its own part of the support")]
mod recorder;

use crate::program::{Place, Run};
use recorder::{Recorder, Rule};
use serde_json::json;

fn config(url: &str) -> String {
    format!(
        "apiVersion: v1
kind: ConfigMap
metadata: {{name: pod-notifications-cm}}
data:
  service.webhook.ci: |
    url: {url}/hook/
    headers:
    - name: X-Token
      value: $ci-token
    retryMax: -1
  service.slack: |
    apiURL: {url}/api/
    token: $slack-token
    usrename: bot
  service.webex: 'token: [1'
  service.mattermost: 'apiURL: {url}'
  template.t: 'message: hi'
---
apiVersion: v1
kind: Secret
metadata: {{name: pod-notifications-secret}}
stringData: {{ci-token: hunter2-hunter2}}
"
    )
}

fn run(url: &str, arguments: &[&str]) -> Run {
    let place = Place::new().with("cm.yaml", &config(url));
    let mut all = vec!["service"];
    all.extend(arguments);
    all.extend(["--config-map", "cm.yaml"]);
    place.run(&all)
}

#[test]
fn services_are_listed_with_their_problems() {
    let list = |more: &[&str]| run("http://h", &[&["list"], more].concat());
    let table = list(&[]);
    assert_eq!((table.code, table.stderr.as_str()), (1, ""));
    let titles: Vec<&str> = table
        .stdout
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    assert_eq!(titles, ["NAME", "TYPE", "STATE", "KEY", "PROBLEM"]);
    let has = |parts: &[&str]| {
        let fits = |line: &&str| parts.iter().all(|part| line.contains(part));
        assert!(
            table.stdout.lines().any(|line| fits(&line)),
            "{parts:?}\n{}",
            table.stdout
        );
    };
    has(&["ci ", "webhook ", "ok ", "service.webhook.ci"]);
    has(&[
        "mattermost ",
        "warning ",
        "token is not set",
        "The bot's access token",
    ]);
    has(&["slack ", "error ", "service.slack", "'$slack-token'"]);
    has(&[
        "line 3: 'usrename' is not an option of slack",
        "did you mean 'username'?",
    ]);
    has(&["webex ", "broken ", "service.webex"]);

    let names = list(&["-o", "name"]);
    assert_eq!(names.stdout, "mattermost\nslack\nwebex\nci\n");
    let one = list(&["ci", "-o", "json"]);
    assert_eq!(one.code, 0);
    let expected = json!([{
        "name": "ci", "type": "webhook", "state": "ok", "key": "service.webhook.ci",
        "secretKeys": ["ci-token"], "problems": [],
    }]);
    assert_eq!(one.json(), expected);
    let yaml = list(&["mattermost", "-o", "yaml"]);
    assert!(yaml.stdout.contains("state: warning\n"), "{}", yaml.stdout);
    assert_eq!(
        list(&["slak"]).failure(),
        "service 'slak' is not configured; did you mean 'slack'?\n"
    );
    assert_eq!(
        list(&["-o", "xml"]).failure(),
        "kubechime: output 'xml' is not supported\n"
    );
}

/// What the Secret has cannot be known without it.
#[test]
fn a_file_alone_is_listed_without_a_cluster() {
    let text = config("http://h");
    let (map, _) = text.split_once("---").expect("two documents");
    let place = Place::new().with("cm.yaml", map);
    let run = place.run(&["service", "list", "slack", "--config-map", "cm.yaml"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(!run.stdout.contains("$slack-token"), "{}", run.stdout);
}

#[test]
fn a_dry_run_prints_the_exact_request_without_secrets() {
    let server = Recorder::start(Vec::new());
    let dry = run(&server.url(), &["test", "ci", "--dry-run"]).clean();
    let agent = concat!("kubechime/", env!("CARGO_PKG_VERSION"));
    assert_eq!(
        dry,
        format!(
            "POST {}/hook/\nUser-Agent: {agent}\nX-Token: ********\n\n\
             {{\"text\": \"This is a test of the service ci, sent by kubechime.\"}}\n",
            server.url()
        )
    );
    assert_eq!(server.take(), []);
}

#[test]
fn a_test_sends_and_says_what_became_of_it() {
    let server = Recorder::start(vec![Rule::status(201)]);
    let sent = run(&server.url(), &["test", "ci"]).clean();
    assert!(
        sent.starts_with("sent through service 'ci' (webhook) in "),
        "{sent}"
    );
    assert!(sent.ends_with(" ms: 201 Created\n"), "{sent}");
    let [request] = &server.take()[..] else {
        panic!("one request");
    };
    assert_eq!((&*request.method, &*request.path), ("POST", "/hook/"));
    assert_eq!(request.header("x-token"), Some("hunter2-hunter2"));

    server.set_rules(vec![Rule::status(403).body("no hunter2-hunter2 here")]);
    let refused = run(&server.url(), &["test", "ci"]).failure();
    assert!(
        refused.starts_with("not sent through service 'ci' (webhook) after "),
        "{refused}"
    );
    assert!(
        refused.contains("error code 403 : no ******** here\n"),
        "{refused}"
    );
    assert!(refused.contains("does not pass by itself"), "{refused}");

    server.set_rules(vec![Rule::status(503)]);
    let later = run(&server.url(), &["test", "ci"]).failure();
    assert!(later.contains("This may pass"), "{later}");
}

#[test]
fn recipients_reach_the_service() {
    let reply = Rule::status(200).body("{\"ok\": true, \"channel\": \"C1\", \"ts\": \"1.2\"}");
    let server = Recorder::start(vec![reply]);
    let sent = run(
        &server.url(),
        &["test", "slack", "--recipient", "my-channel"],
    );
    assert_eq!(sent.code, 0, "{sent:?}");
    assert!(sent.stdout.ends_with(" ms: C1 1.2\n"), "{}", sent.stdout);
    let body = server.take()[0].text();
    assert!(body.contains("channel=my-channel"), "{body}");

    let lacking = run(&server.url(), &["test", "slack"]).failure();
    assert!(
        lacking.starts_with(
            "service 'slack' of the type slack needs --recipient, for example my-channel: "
        ),
        "{lacking}"
    );
}

#[test]
fn services_that_are_not_there_or_broken_are_told() {
    let broken = run("http://h", &["test", "webex"]).failure();
    assert!(broken.contains("service.webex"), "{broken}");
    let unknown = run("http://h", &["test", "sms"]).failure();
    assert_eq!(
        unknown,
        "service 'sms' is not configured; there are: ci, mattermost, slack\n"
    );
    let bare = run("http://h", &[]);
    assert_eq!(
        (bare.code, &*bare.stderr),
        (1, "kubechime: select child command\n")
    );
    let place = Place::new();
    let nothing = place.run(&["service", "list"]).failure();
    assert!(
        nothing.starts_with("failed to read the configuration: no kubeconfig"),
        "{nothing}"
    );
}
