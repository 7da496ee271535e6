//! `explain`.

use crate::program::{Place, on_cluster};
use serde_json::json;

const CONFIG: &str = r#"apiVersion: v1
kind: ConfigMap
metadata: {name: pod-notifications-cm}
data:
  service.webhook.ci: 'url: http://127.0.0.1:9/'
  trigger.ready: |
    - when: pod.status.phase in ['Running']
      send: [t]
  trigger.old: |
    - when: pod.status.phase == 'Pending' and any(pod.status.list, {# > 1})
      oncePer: pod.metadata.uid
      send: [t]
    - when: pod.status.phase == 'Running'
      oncePer: pod.metadata.uid
      send: [t]
  trigger.fails: "- when: pod.status.conditions[0].type == 'x'\n  send: [gone]\n"
  template.t: 'message: m'
"#;

fn pod(notified: &str) -> String {
    format!(
        r#"apiVersion: v1
kind: Pod
metadata:
  name: web-1
  namespace: default
  uid: u-1
  annotations:
    notifications.argoproj.io/subscribe.ready.ci: ""
    notifications.argoproj.io/subscribe.old.ci: room
    notifications.argoproj.io/subscribe.fails.ci: ""
    notifications.argoproj.io/subscribe.nope.sms: x
    notified.notifications.argoproj.io: '{notified}'
status: {{phase: Running}}
"#
    )
}

fn explain(notified: &str, flags: &[&str]) -> String {
    let place = Place::new()
        .with("cm.yaml", CONFIG)
        .with("pod.yaml", &pod(notified));
    let mut arguments = vec!["explain", "pod.yaml", "--config-map", "cm.yaml"];
    arguments.extend(flags);
    place.run(&arguments).clean()
}

fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn what_comes_next_and_why() {
    let text = explain(
        r#"{"ready:[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go:webhook:":1,"gone:[0].x:ci:":1700000000}"#,
        &[],
    );
    assert!(text.starts_with("pod/default/web-1  uid u-1\n"), "{text}");
    assert_has(
        &text,
        &[
            "trigger ready\n  to {ci }, because of annotation subscribe.ready.ci\n",
            "  condition [0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go is true\n",
            "true  \u{2190} pod.status.phase in ['Running']\n          \"Running\"  \u{2190} pod.status.phase\n",
            "{ci } on the next event: send: it is true, and was not sent yet\n",
            "is false, because pod.status.phase is \"Running\"\n",
            "not evaluated  \u{2190} any(pod.status.list, {# > 1})\n",
            "oncePer u-1\n",
            "state key u-1:old:[1].",
            "cannot fetch 0 from <nil>",
            "trigger 'nope' is not configured",
            "notification service 'sms' is not supported",
            "ago (2023-11-14T22:13:20Z)  gone:[0].x:ci:  (of no present condition and destination)\n",
        ],
    );
}

#[test]
fn what_was_sent_is_not_sent_again() {
    let key = "ready:[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go:ci:";
    let text = explain(
        &format!("{{\"{key}\":1700000000}}"),
        &["--trigger", "ready"],
    );
    assert_has(
        &text,
        &[
            "{ci } on the next event: skip: sent ",
            "(2023-11-14T22:13:20Z)",
        ],
    );
    assert!(!text.contains("trigger old"), "{text}");
}

#[test]
fn an_entry_of_a_condition_that_is_false_goes() {
    let hash = kubechime::domain::condition_hash(
        "pod.status.phase == 'Pending' and any(pod.status.list, {# > 1})",
    );
    let key = format!("old:[0].{hash}:ci:room");
    let text = explain(&format!("{{\"{key}\":1700000000}}"), &["--trigger", "old"]);
    assert_has(
        &text,
        &["{ci room} on the next event: forget that it was sent "],
    );
}

#[test]
fn literals_and_whole_objects_are_shown_when_asked_for() {
    let short = explain("{}", &["--trigger", "ready"]);
    let full = explain("{}", &["--trigger", "ready", "--full"]);
    let ways = |text: &str| {
        text.lines()
            .filter(|line| line.ends_with(" pod.status"))
            .count()
    };
    assert_eq!((ways(&short), ways(&full)), (0, 1), "{full}");
}

#[test]
fn a_trigger_that_it_is_not_subscribed_to() {
    let place = Place::new()
        .with("cm.yaml", CONFIG)
        .with("pod.yaml", &pod("{}"));
    let arguments = [
        "explain",
        "pod.yaml",
        "--config-map",
        "cm.yaml",
        "--trigger",
        "x",
    ];
    let text = place.run(&arguments).failure();
    assert_eq!(
        text,
        "kubechime: pod/default/web-1 is not subscribed to trigger 'x'; it is subscribed to fails, \
         nope, old, ready\n"
    );
}

/// Case N9: an edited condition has another key. It is sent once more, and the old entry stays.
#[test]
fn an_edited_condition_is_sent_once_more() {
    let old = kubechime::domain::condition_hash("pod.status.phase == 'Running'");
    let text = explain(&format!("{{\"ready:[0].{old}:ci:\":1700000000}}"), &[]);
    assert_has(
        &text,
        &[
            "{ci } on the next event: send: it is true, and was not sent yet",
            &format!("ready:[0].{old}:ci:  (of no present condition and destination)\n"),
        ],
    );
}

#[test]
fn deliveries_of_the_history_are_told() {
    use kubechime::domain::{Delivery, DeliveryState};
    // The history forgets what is old.
    let minute_ago = jiff::Timestamp::now().as_millisecond() - 61_000;
    let key = "ready:[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go:ci:";
    let delivery: Delivery = serde_json::from_value(json!({
        "id": 7, "created_ms": minute_ago, "group": "", "kind": "Pod",
        "namespace": "default", "name": "web-1", "uid": "u-1", "resource_version": "1",
        "trigger": "ready", "condition": "[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go", "once_per": "",
        "templates": ["t"], "destination": {"service": "ci", "recipient": ""},
        "service_type": "webhook", "state_key": key, "cause": "change",
        "config_namespace": "default", "actor": "", "state": DeliveryState::Failed,
        "updated_ms": minute_ago, "attempts": 3, "status": 503, "took_ms": 5,
        "next_ms": null, "error": "overloaded", "detail": "", "patched_ms": null,
        "possibly_repeated": false,
    }))
    .unwrap();
    let place = Place::new()
        .with("cm.yaml", CONFIG)
        .with("pod.yaml", &pod("{}"));
    std::fs::create_dir(place.path("state")).unwrap();
    let options = kubechime::history::Options::default();
    let history = kubechime::history::History::open(&place.path("state/history.db"), &options);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(history.unwrap().record(delivery, String::new()))
        .unwrap();
    let mut arguments = vec!["explain", "pod.yaml", "--config-map", "cm.yaml"];
    arguments.extend(["--trigger", "ready", "--state-dir", "state"]);
    let text = place.run(&arguments).clean();
    assert_has(
        &text,
        &[
            "{ci } on the next event: send: the last delivery was given up, see below\n",
            "deliveries, newest first\n  ready {ci } failed 1m",
            "Z), 3 attempts, status 503, overloaded\n",
        ],
    );
    // Looking makes no history where there is none.
    std::fs::remove_dir_all(place.path("state")).unwrap();
    assert!(!place.run(&arguments).clean().contains("deliveries"));
    assert!(!place.path("state").exists());
}

#[test]
fn everything_from_the_cluster() {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
        "data": {
            "service.webhook.ci": "url: http://127.0.0.1:9/$token",
            "trigger.t": "- when: pod.metadata.name == 'web-1'\n  send: [a]\n",
            "template.a": "message: hi\n",
            "subscriptions": "- recipients: [ci]\n  triggers: [t]\n  selector: app=web\n",
        },
    });
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "default", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "a", "image": "b"}]},
    });
    let objects = [
        ("/api/v1/namespaces/default/configmaps", map),
        ("/api/v1/namespaces/default/pods", pod),
    ];
    on_cluster(&objects, |place| {
        let text = place.run(&["explain", "web-1"]).clean();
        assert_has(
            &text,
            &[
                "to {ci }, because of default subscription #1 (app=web)\n",
                "{ci } on the next event: send",
                "notified state: empty\n",
            ],
        );
    });
}
