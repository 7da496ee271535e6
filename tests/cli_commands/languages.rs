//! The languages of conditions and templates, as the settings and the program offer them.

use crate::program::Place;

/// The two versions count the letters of a string, and its bytes.
const VERSIONS: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: pod-notifications-cm}
data:
  service.webhook.ci: 'url: http://127.0.0.1:9/'
  trigger.letters: "- when: len(pod.metadata.labels.city) == 6\n  send: [t]\n"
  trigger.newer: "- when: 'let a = 1; a == 1; true'\n  send: [t]\n"
  template.t: 'message: m'
"#;

const POD: &str = r#"apiVersion: v1
kind: Pod
metadata:
  name: web-1
  namespace: default
  creationTimestamp: "2024-06-01T12:00:00Z"
  labels: {city: Zürich}
  annotations:
    notifications.argoproj.io/subscribe.old.ci: ""
status: {phase: Running, startTime: "2024-06-01T12:00:00Z"}
"#;

/// What `trigger run letters` says with these settings.
fn letters(settings: Option<&str>, environment: &[(&str, &str)]) -> String {
    let mut place = Place::new().with("cm.yaml", VERSIONS).with("pod.yaml", POD);
    let mut arguments = vec![
        "trigger",
        "run",
        "letters",
        "pod.yaml",
        "--config-map",
        "cm.yaml",
    ];
    if let Some(settings) = settings {
        place = place.with("settings.yaml", settings);
        arguments.extend(["--config", "settings.yaml"]);
    }
    let run = place.run_in(environment, "", &arguments);
    let table = run.clean();
    table.split_whitespace().last().unwrap().to_owned()
}

/// The default is what the original pins; the newer dialect is a setting: in the file, as text or as
/// a number, for one context, or in the environment, which goes before the file.
#[test]
fn the_version_of_the_condition_language_is_a_setting() {
    let newer = ("KUBECHIME_EXPR_VERSION", "1.17");
    let older = ("KUBECHIME_EXPR_VERSION", "1.16");
    assert_eq!(letters(None, &[]), "false");
    assert_eq!(letters(Some("exprVersion: \"1.16\"\n"), &[]), "false");
    assert_eq!(letters(Some("exprVersion: \"1.17\"\n"), &[]), "true");
    assert_eq!(letters(Some("exprVersion: 1.17\n"), &[]), "true");
    assert_eq!(letters(None, &[newer]), "true");
    assert_eq!(letters(Some("exprVersion: \"1.17\"\n"), &[older]), "false");
    let context = "contexts:\n- match: '.*'\n  exprVersion: 1.17\n";
    assert_eq!(letters(Some(context), &[]), "true");
}

#[test]
fn what_only_one_version_accepts_is_told_by_check() {
    let place = Place::new().with("cm.yaml", VERSIONS);
    let check = |version: &str| {
        let environment = [("KUBECHIME_EXPR_VERSION", version)];
        place.run_in(&environment, "", &["check", "cm.yaml"])
    };
    let older = check("1.16");
    assert_eq!(older.code, 1);
    assert!(
        older.stdout.contains("error[bad-expression]") && older.stdout.contains("trigger.newer"),
        "{}",
        older.stdout
    );
    assert_eq!(check("1.17").code, 0);
    let unknown = check("2.0");
    assert_eq!(unknown.code, 2, "{}", unknown.stdout);
    assert!(
        unknown
            .stderr
            .contains("exprVersion '2.0' is not known; expected 1.16 or 1.17"),
        "{}",
        unknown.stderr
    );
}

/// What triggers and templates of Argo CD use.
const ARGO: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: pod-notifications-cm}
data:
  service.webhook.ci: 'url: http://127.0.0.1:9/'
  trigger.old: |
    - when: time.Now().Sub(time.Parse(pod.status.startTime)).Minutes() >= 5
      oncePer: strings.ReplaceAll(pod.metadata.name, '-', '_')
      send: [t]
    - when: time.Parse(pod.status.startTime).Add(1 * time.Hour).Before(time.Parse('2024-06-01T12:30:00Z'))
      send: [t]
  template.t: |
    message: |-
      {{call .strings.ToUpper .pod.metadata.name}} since {{(call .time.Parse .pod.status.startTime).Format .time.RFC822}}{{if gt ((call .time.Now).Sub (call .time.Parse .pod.status.startTime)).Hours 1.0}}, long ago{{end}}
    webhook: {ci: {body: '{"name": "{{call .strings.ReplaceAll .pod.metadata.name "-" "+"}}"}'}}
"#;

#[test]
fn argo_functions_work_in_every_command() {
    let place = Place::new().with("cm.yaml", ARGO).with("pod.yaml", POD);
    let run = |arguments: &[&str]| {
        let all: Vec<&str> = arguments
            .iter()
            .copied()
            .chain(["--config-map", "cm.yaml"])
            .collect();
        place.run(&all).clean()
    };
    let table = run(&["trigger", "run", "old", "pod.yaml"]);
    let results: Vec<&str> = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    assert_eq!(results, ["true", "false"], "{table}");

    let notification = run(&["template", "notify", "t", "pod.yaml"]);
    assert!(
        notification.contains("message: WEB-1 since 01 Jun 24 12:00 UTC, long ago\n"),
        "{notification}"
    );

    let explained = run(&["explain", "pod.yaml"]);
    for part in [
        "is true",
        "oncePer web_1",
        "on the next event: send",
        "is false",
    ] {
        assert!(explained.contains(part), "no {part:?} in\n{explained}");
    }

    for arguments in [
        &["check", "--strict", "cm.yaml"][..],
        &["check", "--strict", "cm.yaml", "--object", "pod.yaml"],
    ] {
        let checked = place.run(arguments).clean();
        assert_eq!(checked, "0 errors, 0 warnings in 1 ConfigMap\n");
    }
}

/// A mistake in their use is an evaluation error with its place, and not the end.
#[test]
fn wrong_uses_of_argo_functions_are_told() {
    let map = ARGO.replace(
        "pod.status.startTime)).Minutes()",
        "pod.status.phase)).Minutes()",
    );
    let place = Place::new().with("cm.yaml", &map).with("pod.yaml", POD);
    let run = place.run(&[
        "trigger",
        "run",
        "old",
        "pod.yaml",
        "--config-map",
        "cm.yaml",
    ]);
    assert_eq!(run.code, 0);
    assert!(
        run.stderr
            .starts_with("failed to execute when condition: parsing time \"Running\""),
        "{}",
        run.stderr
    );
}
