use super::*;
use crate::catalog::{BuildOptions, ConfigSource};
use crate::service::ServiceContext;
use serde_json::json;

/// Labels at the `^` of a text, with what is replaced.
fn at(key: Option<&str>, text: &str) -> (String, Vec<String>) {
    let texts = [
        (
            "trigger.on-oom",
            "- when: pod.x == 1\n  description: out of memory\n  send: [pod-oom]\n",
        ),
        (
            "template.pod-oom",
            "message: hello\nslack:\n  groupingKey: a\n",
        ),
        ("template.pod-ready", "message: hello\n"),
        ("service.slack", "token: $slack-token\n"),
        ("service.webhook.hook", "url: http://127.0.0.1:9/\n"),
        (
            "subscriptions",
            "- recipients: [slack:team-a]\n  triggers: [on-oom]\n",
        ),
    ];
    let data = texts
        .map(|(key, text)| (key.to_owned(), text.to_owned()))
        .into();
    let source = ConfigSource {
        name: "cm".into(),
        found: true,
        data,
        secret: [("slack-token".to_owned(), b"t".to_vec())].into(),
        secret_found: true,
        ..ConfigSource::default()
    };
    let options = BuildOptions::new(ServiceContext::default(), "default");
    let catalog = Catalog::build(&source, None, &options);
    let object = json!({
        "metadata": {"name": "web-1", "labels": {"app": "web", "app.kubernetes.io/name": "web"}},
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {"name": "app", "restartCount": 3},
                {"name": "side", "lastState": {"terminated": {"reason": "OOMKilled"}}},
            ],
        },
    });
    let offset = text.find('^').expect("a place");
    let line = text[..offset].matches('\n').count();
    let column = offset - text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let lines: Vec<String> = text
        .replacen('^', "", 1)
        .split('\n')
        .map(str::to_owned)
        .collect();
    let request = CompletionRequest {
        lines: &lines,
        line,
        column,
        key,
        catalog: &catalog,
        keys: &["template.draft"],
        secret_keys: &["slack-token".to_owned()],
        variables: &["pod".to_owned(), "job".to_owned()],
        object: Some(("pod", &object)),
    };
    let completion = complete(&request);
    let replaced = lines[line][completion.from..column].to_owned();
    let labels = completion
        .candidates
        .into_iter()
        .map(|candidate| candidate.label)
        .collect();
    (replaced, labels)
}

fn labels(key: &str, text: &str) -> Vec<String> {
    at(Some(key), text).1
}

#[test]
fn names_of_templates_and_keys_of_conditions() {
    for text in [
        "- send: [pod-o^",
        "- send:\n  - pod-o^",
        "- send: [x, pod-o^]",
        "- resolved:\n    - pod-o^",
    ] {
        assert_eq!(
            at(Some("trigger.a"), text),
            ("pod-o".into(), vec!["pod-oom".into()]),
            "{text}"
        );
    }
    assert_eq!(
        labels("trigger.a", "- send: [^"),
        ["draft", "pod-oom", "pod-ready"]
    );
    assert_eq!(labels("trigger.a", "- whe^"), ["when"]);
    assert_eq!(
        labels("trigger.a", "- when: x\n  onc^\n  send: []"),
        ["oncePer"]
    );
    assert_eq!(
        labels("trigger.a", "- description: whe^"),
        Vec::<String>::new()
    );
}

#[test]
fn fields_come_from_the_object() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("- when: pod.status.^", "", &["containerStatuses", "phase"]),
        ("- when: pod?.status?.pha^", "pha", &["phase"]),
        ("- when: |-\n    len(\n    pod.meta^", "meta", &["metadata"]),
        (
            "- when: pod.status.containerStatuses[0].^",
            "",
            &["lastState", "name", "restartCount"],
        ),
        (
            "- when: any(pod.status.containerStatuses, {#.res^",
            "res",
            &["restartCount"],
        ),
        (
            "- when: any(pod.status.containerStatuses, {.last^",
            "last",
            &["lastState"],
        ),
        (
            "- when: any(pod.status.containerStatuses, {#.lastState.terminated.^",
            "",
            &["reason"],
        ),
        ("- when: pod.metadata.labels.^", "", &["app"]),
        ("- when: pod.status.phase == 'R^", "R", &["Running"]),
        ("- when: job.status.succ^", "succ", &["succeeded"]),
        ("- oncePer: pod.metadata.na^", "na", &["name"]),
    ];
    for (text, replaced, expected) in cases {
        let (word, labels) = at(Some("trigger.a"), text);
        assert_eq!(
            (word.as_str(), labels),
            (
                *replaced,
                expected.iter().map(|s| (*s).to_owned()).collect()
            ),
            "{text}"
        );
    }
    let names = labels("trigger.a", "- when: fil^");
    assert_eq!(names, ["filter"]);
    assert!(labels("trigger.a", "- when: ^").starts_with(&["pod".to_owned(), "job".to_owned()]));
    assert_eq!(
        labels("trigger.a", "- when: 'no^"),
        ["none", "now", "not", "bitnot"],
        "a quoted scalar"
    );
    assert_eq!(
        labels("trigger.a", "- when: pod.x == 'po^"),
        Vec::<String>::new()
    );
}

#[test]
fn templates() {
    assert_eq!(labels("template.a", "mess^"), ["message"]);
    assert_eq!(labels("template.a", "message: x\nslac^"), ["slack"]);
    assert_eq!(labels("template.a", "slack:\n  block^"), ["blocks"]);
    assert_eq!(labels("template.a", "webhook:\n  ho^"), ["hook"]);
    assert_eq!(
        labels("template.a", "webhook:\n  hook:\n    bod^"),
        ["body"]
    );
    assert_eq!(
        labels("template.a", "message: a {{.pod.status.pha^"),
        ["phase"]
    );
    assert_eq!(
        labels("template.a", "message: |\n  a {{ $.pod.metadata.na^"),
        ["name"]
    );
    assert_eq!(
        labels("template.a", "message: |\n  {{ .p^"),
        ["pod", "serviceType", "recipient"]
    );
    assert_eq!(
        labels("template.a", "message: |\n  {{ .pod.x | toJs^"),
        ["toJson", "mustToJson"]
    );
    assert_eq!(
        labels("template.a", "message: |\n  {{ .pod }} toJs^"),
        Vec::<String>::new()
    );
    let handlebars = "engine: handlebars\nmessage: |\n  {{pod.status.pha^";
    assert_eq!(labels("template.a", handlebars), ["phase"]);
    assert_eq!(labels("template.a", "engine: hand^"), ["handlebars"]);
}

#[test]
fn services_and_subscriptions() {
    assert_eq!(
        labels("service.webhook.a", "ur^"),
        ["url", "insecureSkipVerify"]
    );
    assert_eq!(
        labels("service.webhook.a", "url: x\nbasicAuth:\n  pass^"),
        ["password"]
    );
    assert_eq!(
        labels("service.webhook.a", "headers:\n- name: a\n  val^"),
        ["value"]
    );
    assert_eq!(labels("service.slack", "token: $^"), ["$slack-token"]);
    assert_eq!(
        labels("service.webhook.a", "insecureSkipVerify: tr^"),
        ["true"]
    );
    assert_eq!(labels("subscriptions", "- recip^"), ["recipients"]);
    assert_eq!(
        labels("subscriptions", "- recipients:\n  - sla^"),
        ["slack:team-a", "slack:"]
    );
    assert_eq!(labels("subscriptions", "- recipients: [ho^"), ["hook"]);
    assert_eq!(labels("subscriptions", "- triggers: [on^"), ["on-oom"]);
    assert_eq!(labels("defaultTriggers", "- on^"), ["on-oom"]);
}

#[test]
fn a_whole_config_map() {
    let start = "kind: ConfigMap\ndata:\n  template.new: |\n    message: x\n";
    let whole = |rest: &str| at(None, &format!("{start}{rest}")).1;
    assert_eq!(
        whole("  tri^"),
        ["trigger.", "defaultTriggers", "defaultTriggers."]
    );
    assert_eq!(
        whole("  trigger.a: |\n    - when: pod.status.pha^"),
        ["phase"]
    );
    assert_eq!(whole("  trigger.a: |\n    - send: [ne^"), ["new"]);
    assert_eq!(at(None, "kind: Conf^").1, Vec::<String>::new());
}
