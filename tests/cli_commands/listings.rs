//! `trigger` and `template`: cases L1 to L8, and what goes beyond the original.

use crate::program::{Place, on_cluster};
use serde_json::json;

const CONFIG: &str = r"apiVersion: v1
kind: ConfigMap
metadata:
  name: pod-notifications-cm
data:
  trigger.on-a: |
    - when: pod.metadata.name == 'guestbook'
      send: [my-template, other]
      description: <b>
    - when: pod.status.missing.x
      oncePer: pod.metadata.uid
      send: [other]
  trigger.empty: ''
  template.my-template: |
    message: hello {{.pod.metadata.name}}
  template.other: |
    webhook:
      ci: {method: POST, body: '{{.recipient}}'}
";

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: guestbook, namespace: default}\n";

fn place() -> Place {
    Place::new().with("cm.yaml", CONFIG).with("pod.yaml", POD)
}

const CM: [&str; 2] = ["--config-map", "cm.yaml"];

fn with<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    arguments.iter().chain(&CM).copied().collect()
}

#[test]
fn triggers_are_listed() {
    let place = place();
    let table = "\
NAME  TEMPLATE            CONDITION
on-a  my-template, other  pod.metadata.name == 'guestbook'
      other               pod.status.missing.x
";
    assert_eq!(place.run(&with(&["trigger", "get"])).clean(), table);
    assert_eq!(
        place
            .run(&with(&["trigger", "get", "on-a", "-o", ""]))
            .clean(),
        table
    );
    let names = place.run(&with(&["trigger", "get", "-o", "name"])).clean();
    assert_eq!(names, "empty\non-a\n");
    let json = place.run(&with(&["trigger", "get", "-o", "json"])).clean();
    let expected = r#"{
  "empty": null,
  "on-a": [
    {
      "when": "pod.metadata.name == 'guestbook'",
      "description": "\u003cb\u003e",
      "send": [
        "my-template",
        "other"
      ]
    },
    {
      "oncePer": "pod.metadata.uid",
      "when": "pod.status.missing.x",
      "send": [
        "other"
      ]
    }
  ]
}
"#;
    assert_eq!(json, expected);
    let yaml = place
        .run(&with(&["trigger", "get", "empty", "-o", "yaml"]))
        .clean();
    assert_eq!(yaml, "empty: null\n");
    let yaml = place
        .run(&with(&["trigger", "get", "nope", "-o", "yaml"]))
        .clean();
    assert_eq!(yaml, "{}\n");
    let table = place.run(&with(&["trigger", "get", "nope"])).clean();
    assert_eq!(table, "NAME  TEMPLATE  CONDITION\n");
    // The filter is for one name only.
    let names = place
        .run(&with(&["trigger", "get", "a", "b", "-o", "name"]))
        .clean();
    assert_eq!(names, "empty\non-a\n");
}

#[test]
fn triggers_are_run() {
    let place = place();
    let run = place.run(&with(&["trigger", "run", "on-a", "pod.yaml"]));
    assert_eq!(run.code, 0);
    assert_eq!(
        run.stdout,
        "CONDITION                         RESULT\n\
         pod.metadata.name == 'guestbook'  true\n\
         pod.status.missing.x              false\n"
    );
    assert!(
        run.stderr.starts_with(
            "failed to execute when condition: cannot fetch missing from <nil> (1:12)\n"
        ),
        "{}",
        run.stderr
    );
    let empty = place
        .run(&with(&["trigger", "run", "empty", "pod.yaml"]))
        .clean();
    assert_eq!(empty, "CONDITION  RESULT\n");
}

#[test]
fn failures_have_the_texts_of_the_original_and_an_exit_code() {
    let place = place();
    let failure = |arguments: &[&str]| place.run(&with(arguments)).failure();
    assert_eq!(
        failure(&["trigger", "run", "x", "pod.yaml"]),
        "trigger with name 'x' does not exist (found empty, on-a)\n"
    );
    assert!(
        failure(&["trigger", "run", "on-a", "nothing"])
            .starts_with("failed to load resource: there is no file 'nothing', and no cluster"),
    );
    assert_eq!(
        failure(&["template", "notify", "my-templat", "pod.yaml"]),
        "failed to notify 'console:stdout': template 'my-templat' is not supported (did you mean \
         'my-template'?)\n"
    );
    assert_eq!(
        failure(&["template", "notify", "x", "pod.yaml"]),
        "failed to notify 'console:stdout': template 'x' is not supported\n"
    );
    assert_eq!(
        failure(&[
            "template",
            "notify",
            "my-template",
            "pod.yaml",
            "--recipient",
            "sms:a:b"
        ]),
        "failed to notify 'sms:a:b': notification service 'sms' is not supported\n"
    );
    assert_eq!(
        failure(&["trigger", "get", "-o", "xml"]),
        "kubechime: output 'xml' is not supported\n"
    );
    assert_eq!(
        failure(&["trigger", "run", "on-a"]),
        "kubechime: expected two arguments, got 1\n"
    );
    let bare = place.run(&["template"]);
    assert_eq!(
        (bare.code, bare.stderr.as_str()),
        (1, "kubechime: select child command\n")
    );
    assert!(
        bare.stdout.contains("Usage: kubechime template"),
        "{}",
        bare.stdout
    );
    let no_config = place.run(&["trigger", "get"]).failure();
    assert!(
        no_config.starts_with("failed to get api: no kubeconfig found"),
        "{no_config}"
    );
}

#[test]
fn a_broken_key_hides_nothing_else() {
    let broken = CONFIG.replace("  trigger.empty: ''\n", "  trigger.broken: '- when: x +'\n");
    let place = Place::new().with("cm.yaml", &broken).with("pod.yaml", POD);
    let run = place.run(&with(&["trigger", "get", "-o", "name"]));
    assert_eq!((run.code, run.stdout.as_str()), (1, "on-a\n"));
    assert!(run.stderr.contains("trigger.broken"), "{}", run.stderr);
    let run = place
        .run(&with(&["trigger", "run", "broken", "pod.yaml"]))
        .failure();
    assert!(
        run.starts_with("failed to execute trigger broken: error in trigger.broken"),
        "{run}"
    );
    assert_eq!(
        place.run(&with(&["template", "get", "-o", "name"])).clean(),
        "my-template\nother\n"
    );
}

#[test]
fn templates_are_listed() {
    let place = place();
    assert_eq!(
        place.run(&with(&["template", "get"])).clean(),
        "NAME         PREVIEW\n\
         my-template  hello {{.pod.metadata.name}}\n\
         other        {\"webhook\":{\"ci\":{\"method\":\"POST\",\"body\":\"{{.recipient}}\",\"path\":\"\"}}}\n"
    );
    let yaml = place
        .run(&with(&["template", "get", "my-template", "-o", "yaml"]))
        .clean();
    assert_eq!(
        yaml,
        "my-template:\n  message: hello {{.pod.metadata.name}}\n"
    );
}

/// Cases L2, L6, L8.
#[test]
fn notifications_are_printed() {
    let place = place();
    let notify = |more: &[&str]| {
        let mut arguments = with(&["template", "notify"]);
        arguments.extend(more);
        place.run(&arguments).clean()
    };
    assert_eq!(
        notify(&["my-template", "pod.yaml"]),
        "message: hello guestbook\n"
    );
    let both = notify(&[
        "other",
        "pod.yaml",
        "--recipient",
        "console:a:b",
        "--recipient",
        "console:c,d",
    ]);
    let part = |body: &str| {
        format!("webhook:\n  ci:\n    body: {body}\n    method: POST\n    path: \"\"\n")
    };
    assert_eq!(both, part("a:b") + &part("c,d"));
}

/// Cases L1 and L7, and that a Secret beside the ConfigMap is found.
#[test]
fn configuration_comes_from_files_and_standard_input() {
    let place = place().with(
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: pod-notifications-secret}\ntype: Opaque\n",
    );
    let arguments = [
        "trigger",
        "get",
        "-o",
        "name",
        "--config-map",
        "-",
        "--secret",
        "secret.yaml",
    ];
    assert_eq!(place.run_with(CONFIG, &arguments).clean(), "empty\non-a\n");
    let wrong = ["trigger", "get", "--config-map", "pod.yaml"];
    assert_eq!(
        place.run(&wrong).failure(),
        "failed to get api: file 'pod.yaml' does not have '/ConfigMap/pod-notifications-cm'\n"
    );
    let renamed = [
        "trigger",
        "get",
        "--config-map",
        "cm.yaml",
        "--config-map-name",
        "other",
    ];
    assert_eq!(
        place.run(&renamed).failure(),
        "failed to get api: file 'cm.yaml' does not have '/ConfigMap/other'; it has \
         'pod-notifications-cm': name it with --config-map-name\n"
    );
    let no_secret = [
        "trigger",
        "get",
        "--config-map",
        "cm.yaml",
        "--secret",
        "pod.yaml",
    ];
    assert!(
        place
            .run(&no_secret)
            .failure()
            .contains("does not have '/Secret/")
    );
    let empty = [
        "trigger",
        "get",
        "-o",
        "name",
        "--config-map",
        "cm.yaml",
        "--secret",
        ":empty",
    ];
    assert_eq!(place.run(&empty).clean(), "empty\non-a\n");
}

#[test]
fn everything_can_come_from_the_cluster() {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
        "data": {
            "trigger.t": "- when: pod.metadata.name == 'web-1'\n  send: [a]\n",
            "template.a": "message: hi {{.pod.metadata.name}}\n",
        },
    });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "default"},
        "spec": {"containers": [{"name": "a", "image": "b"}]},
    });
    let objects = [
        ("/api/v1/namespaces/default/configmaps", map),
        ("/api/v1/namespaces/default/pods", pod),
    ];
    on_cluster(&objects, |place| {
        for name in ["web-1", "pod/web-1", "po/default/web-1"] {
            let table = place.run(&["trigger", "run", "t", name]).clean();
            assert!(table.ends_with("  true\n"), "{name}: {table}");
        }
        let text = place.run(&["template", "notify", "a", "web-1"]).clean();
        assert_eq!(text, "message: hi web-1\n");
        let absent = place.run(&["trigger", "run", "t", "web-2"]).failure();
        assert!(absent.starts_with("failed to load resource: "), "{absent}");
        let elsewhere = place
            .run(&["trigger", "get", "-n", "kube-system"])
            .failure();
        assert!(elsewhere.starts_with("failed to get api: "), "{elsewhere}");
    });
}

/// Quirk 21: what is sent is told, but no secret in it.
#[test]
fn sending_for_real_shows_no_secrets() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let receiver = runtime
        .block_on(kubechime::demo::Receiver::start(0))
        .unwrap();
    let config = format!(
        "{CONFIG}  service.webhook.ci: |\n    url: {}/hook\n    headers: [{{name: Authorization, value: Bearer \
         $token}}]\n---\napiVersion: v1\nkind: Secret\nmetadata: {{name: pod-notifications-secret}}\nstringData: \
         {{token: hunter2-hunter2}}\n",
        receiver.url()
    );
    let place = Place::new().with("cm.yaml", &config).with("pod.yaml", POD);
    let run = place.run(&with(&[
        "template",
        "notify",
        "other",
        "pod.yaml",
        "--recipient",
        "ci:room",
    ]));
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", run.stderr);
    assert!(
        run.stderr.contains("Sending request:\nPOST "),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("\nroom\n"), "{}", run.stderr);
    assert!(
        run.stderr.contains("Received response: 200"),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    let received = receiver.received();
    assert_eq!(received.len(), 1);
    receiver.shutdown();
}
