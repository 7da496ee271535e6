//! The notification configuration of the demo: triggers, templates, webhooks, subscriptions.

use super::world::{MANAGER, create};
use crate::demo::objects::Objects;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// Creates ConfigMap and Secret in the namespace `default`. `receiver` is the address of the
/// receiver without a slash at the end.
pub(super) fn create_catalog(objects: &Objects, receiver: &str) {
    let mut data = serde_json::Map::new();
    for (key, text) in KEYS {
        data.insert((*key).to_owned(), (*text).into());
    }
    for (name, path) in SERVICES {
        let text = match *name {
            "pager" => format!(
                "url: {receiver}{path}\nheaders:\n- name: Authorization\n  value: Bearer \
                 $pager-token\n- name: Content-Type\n  value: application/json\n"
            ),
            "broken" => format!("url: {receiver}{path}\nretryMax: 1\n"),
            _ => format!(
                "url: {receiver}{path}\nheaders:\n- name: Content-Type\n  value: \
                 application/json\n"
            ),
        };
        data.insert(format!("service.webhook.{name}"), text.into());
    }
    create(
        objects,
        MANAGER,
        "configmaps",
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
            "data": data,
        }),
    );
    create(
        objects,
        MANAGER,
        "secrets",
        json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "pod-notifications-secret", "namespace": "default"},
            "data": {"pager-token": STANDARD.encode("demo-pager-token-4711")},
        }),
    );
}

/// Webhooks by name, with their path at the receiver.
const SERVICES: &[(&str, &str)] = &[
    ("webhook", "/webhook"),
    ("pager", "/pager"),
    ("broken", "/broken"),
    ("throttled", "/throttled"),
];

const KEYS: &[(&str, &str)] = &[
    (
        "trigger.on-pod-ready",
        "\
- description: The Pod runs and all its containers are ready.
  when: pod.status.phase in ['Running'] and any(pod.status.conditions, {.type == 'Ready' and .status == 'True'})
  send: [pod-ready]
",
    ),
    (
        "trigger.on-not-ready",
        "\
- description: The Pod runs but is not ready.
  when: pod.status.phase == 'Running' && any(pod.status.conditions, {.type == 'Ready' && .status == 'False'})
  send: [pod-not-ready]
",
    ),
    (
        "trigger.on-crashloop",
        "\
- description: A container fails again and again. Once per restart.
  when: pod.status.phase == 'Running' && any(pod.status.containerStatuses, {.state.waiting?.reason == 'CrashLoopBackOff'})
  oncePer: sum(pod.status.containerStatuses, .restartCount)
  send: [pod-crashloop]
",
    ),
    (
        "trigger.on-oom",
        "\
- description: A container was killed for its memory.
  when: pod.status.phase == 'Running' && any(pod.status.containerStatuses, {.lastState?.terminated?.exitCode == 137})
  oncePer: sum(pod.status.containerStatuses, .restartCount)
  send: [pod-oom]
",
    ),
    (
        "trigger.on-image-pull",
        "\
- description: An image can't be pulled.
  when: pod.status.containerStatuses != nil && any(pod.status.containerStatuses, {.state.waiting?.reason in ['ErrImagePull', 'ImagePullBackOff']})
  send: [pod-image-pull]
",
    ),
    (
        "trigger.on-completed",
        "\
- description: The Pod has done its work.
  when: pod.status.phase == 'Succeeded'
  send: [pod-completed]
",
    ),
    (
        "trigger.on-failed",
        "\
- description: The Pod ended with an error.
  when: pod.status.phase == 'Failed'
  send: [pod-failed]
",
    ),
    (
        "template.pod-ready",
        "\
message: Pod {{.pod.metadata.namespace}}/{{.pod.metadata.name}} is ready!
webhook:
  webhook:
    method: POST
    path: /ready
    body: |
      {\"text\": \"Pod {{.pod.metadata.namespace}}/{{.pod.metadata.name}} is ready!\", \"node\": \"{{.pod.spec.nodeName}}\"}
  throttled:
    method: POST
    body: |
      {\"pod\": \"{{.pod.metadata.name}}\", \"state\": \"ready\"}
",
    ),
    (
        "template.pod-not-ready",
        "\
message: Pod {{.pod.metadata.namespace}}/{{.pod.metadata.name}} is not ready.
webhook:
  webhook:
    method: POST
    path: /not-ready
    body: |
      {\"text\": \"Pod {{.pod.metadata.name}} is not ready\", \"unready\": [{{range $i, $c := .pod.status.containerStatuses}}{{if $i}}, {{end}}{\"name\": \"{{$c.name}}\", \"ready\": {{$c.ready}}}{{end}}]}
",
    ),
    (
        "template.pod-crashloop",
        "\
message: Pod {{.pod.metadata.namespace}}/{{.pod.metadata.name}} is in a crash loop.
webhook:
  webhook:
    method: POST
    path: /crashloop
    body: |
      {\"text\": \"Pod {{.pod.metadata.name}} crashes\", \"restarts\": [{{range $i, $c := .pod.status.containerStatuses}}{{if $i}}, {{end}}{{$c.restartCount}}{{end}}]}
  pager:
    method: POST
    path: /v1/alerts
    body: |
      {\"severity\": \"critical\", \"source\": \"{{.pod.metadata.namespace}}/{{.pod.metadata.name}}\", \"summary\": \"crash loop on {{.pod.spec.nodeName}}\"}
  broken:
    method: POST
    body: |
      {\"pod\": \"{{.pod.metadata.name}}\"}
",
    ),
    (
        "template.pod-oom",
        "\
message: Pod {{.pod.metadata.namespace}}/{{.pod.metadata.name}} ran out of memory.
webhook:
  webhook:
    method: POST
    path: /oom
    body: |
      {\"text\": \"Pod {{.pod.metadata.name}} ran out of memory\", \"limits\": [{{range $i, $c := .pod.spec.containers}}{{if $i}}, {{end}}\"{{$c.name}}: {{$c.resources.limits.memory}}\"{{end}}]}
  pager:
    method: POST
    path: /v1/alerts
    body: |
      {\"severity\": \"warning\", \"source\": \"{{.pod.metadata.namespace}}/{{.pod.metadata.name}}\", \"summary\": \"out of memory\"}
",
    ),
    (
        "template.pod-image-pull",
        "\
message: An image of Pod {{.pod.metadata.namespace}}/{{.pod.metadata.name}} can't be pulled.
webhook:
  webhook:
    method: POST
    path: /image-pull
    body: |
      {\"text\": \"Pod {{.pod.metadata.name}} can't pull {{(index .pod.spec.containers 0).image}}\"}
",
    ),
    (
        "template.pod-completed",
        "\
message: Pod {{.pod.metadata.namespace}}/{{.pod.metadata.name}} has completed.
webhook:
  webhook:
    method: POST
    path: /completed
    body: |
      {\"text\": \"{{.pod.metadata.name}} has completed\", \"started\": \"{{.pod.status.startTime}}\"}
",
    ),
    (
        "template.pod-failed",
        "\
message: Pod {{.pod.metadata.namespace}}/{{.pod.metadata.name}} has failed.
webhook:
  webhook:
    method: POST
    path: /failed
    body: |
      {\"text\": \"{{.pod.metadata.name}} has failed\", \"exitCodes\": [{{range $i, $c := .pod.status.containerStatuses}}{{if $i}}, {{end}}{{$c.state.terminated.exitCode}}{{end}}]}
  pager:
    method: POST
    path: /v1/alerts
    body: |
      {\"severity\": \"warning\", \"source\": \"{{.pod.metadata.namespace}}/{{.pod.metadata.name}}\", \"summary\": \"job failed\"}
",
    ),
    (
        "subscriptions",
        "\
# Everything critical pages.
- recipients: [pager]
  triggers: [on-crashloop, on-oom]
  selector: tier=critical
# So do failed jobs.
- recipients: [pager]
  triggers: [on-failed]
  selector: app.kubernetes.io/component=job
",
    ),
];
