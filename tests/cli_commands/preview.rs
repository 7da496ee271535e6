//! `preview`.

use crate::program::{Place, on_cluster};
use serde_json::{Value, json};

const PODS: &str = "/api/v1/namespaces/default/pods";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// The live trigger; its key is the published one of this text.
const RUNNING: &str = "- when: pod.status.phase in ['Running']\n  send: [t]\n";
const TOLD: &str = r#"{"ready:[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go:ci:":1700000000}"#;

fn data(trigger: &str) -> Value {
    json!({
        "service.webhook.ci": "url: http://127.0.0.1:9/\n",
        "trigger.ready": trigger,
        "template.t": "message: m\n",
    })
}

fn map(trigger: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
        "data": data(trigger),
    })
}

fn pod(name: &str, phase: &str, told: bool) -> Value {
    let mut annotations = json!({"notifications.argoproj.io/subscribe.ready.ci": ""});
    if told {
        annotations["notified.notifications.argoproj.io"] = TOLD.into();
    }
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations},
        "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]},
        "status": {"phase": phase},
    })
}

/// A cluster with the live trigger, a told Pod that runs, and one that is pending.
fn on_live_cluster(story: impl FnOnce(&Place)) {
    let objects = [
        (MAPS, map(RUNNING)),
        (PODS, pod("told", "Running", true)),
        (PODS, pod("waiting", "Pending", false)),
    ];
    on_cluster(&objects, story);
}

/// Writes the draft and previews it.
fn preview(place: &Place, draft: &Value, flags: &[&str]) -> crate::program::Run {
    std::fs::write(place.path("draft.yaml"), draft.to_string()).unwrap();
    let mut arguments = vec!["preview", "draft.yaml"];
    arguments.extend(flags);
    place.run(&arguments)
}

#[test]
fn the_same_configuration_changes_nothing() {
    on_live_cluster(|place| {
        let run = preview(place, &map(RUNNING), &[]);
        let text = run.clean();
        assert!(text.contains("nothing differs"), "{text}");
        assert!(
            text.contains("2 objects looked at, 2 subscribed, 0 affected"),
            "{text}"
        );
    });
}

#[test]
fn what_would_be_sent_and_sent_again_is_told_apart() {
    on_live_cluster(|place| {
        let wider = "- when: pod.status.phase in ['Running', 'Pending']\n  send: [t]\n";
        let run = preview(place, &map(wider), &["-o", "json"]);
        assert_eq!(run.code, 2, "{run:?}");
        let answer = run.json();
        assert_eq!(
            answer["totals"],
            json!({
                "sent": 1, "sentAgain": 1, "stopped": 0, "errors": 0, "impossible": 0,
                "errorsGone": 0
            })
        );
        assert_eq!(answer["destinations"][0]["service"], "ci");
        let effects = answer["effects"].as_array().unwrap();
        let of = |name: &str| {
            effects
                .iter()
                .find(|effect| effect["name"] == name)
                .unwrap()
        };
        assert_eq!(of("waiting")["effect"], "sent");
        assert_eq!(of("told")["effect"], "sent-again");
        assert_eq!(of("told")["sentAt"], 1_700_000_000);
        assert_eq!(
            of("told")["stateKeyBefore"],
            "ready:[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go:ci:"
        );

        let text = preview(place, &map(wider), &[]).stdout;
        for part in [
            "trigger ready: [0] other condition",
            "1 notification would go out once more only because the key of its condition changes",
            "sent-again",
            "pod/default/told",
        ] {
            assert!(text.contains(part), "no {part:?} in\n{text}");
        }
    });
}

#[test]
fn what_stops_and_what_breaks() {
    on_live_cluster(|place| {
        let mut draft = map(RUNNING);
        draft["data"]
            .as_object_mut()
            .unwrap()
            .remove("trigger.ready");
        let run = preview(place, &draft, &["-o", "json"]);
        assert_eq!(run.code, 2, "{run:?}");
        assert_eq!(run.json()["totals"]["stopped"], 1);

        let run = preview(
            place,
            &map("- when: pod.status.phase ==\n  send: [t]\n"),
            &[],
        );
        assert_eq!(run.code, 1, "{run:?}");
        assert!(run.stdout.contains("broken: "), "{run:?}");
        assert!(
            run.stdout.contains("would send, stop and break nothing"),
            "{run:?}"
        );

        let run = preview(
            place,
            &map("- when: pod.status.missing.x == 1\n  send: [t]\n"),
            &[],
        );
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stdout.contains("error"), "{run:?}");
    });
}

/// The first ConfigMap of a cluster, and a Secret that only the cluster has.
#[test]
fn a_configuration_that_is_not_there_yet() {
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "pod-notifications-secret", "namespace": "default"},
        "stringData": {"hook-url": "http://127.0.0.1:9/s3cret"},
    });
    let objects = [
        (PODS, pod("runs", "Running", false)),
        ("/api/v1/namespaces/default/secrets", secret),
    ];
    on_cluster(&objects, |place| {
        let mut draft = map(RUNNING);
        draft["data"]["service.webhook.ci"] = "url: $hook-url\n".into();
        let run = preview(place, &draft, &[]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stdout.contains("does not exist yet"), "{run:?}");
        assert!(run.stdout.contains("1 affected"), "{run:?}");
        assert!(!run.stdout.contains("s3cret"), "{run:?}");
    });
}

#[test]
fn long_lists_are_cut_unless_all_is_asked_for() {
    let mut objects = vec![(MAPS, map("- when: 'false'\n  send: [t]\n"))];
    for number in 0..60 {
        objects.push((PODS, pod(&format!("web-{number:02}"), "Running", false)));
    }
    on_cluster(&objects, |place| {
        let draft = map(RUNNING);
        let text = preview(place, &draft, &[]).stdout;
        assert!(text.contains("and 10 more: --all lists them"), "{text}");
        assert!(!text.contains("web-59"), "{text}");
        let text = preview(place, &draft, &["--all"]).stdout;
        assert!(text.contains("web-59"), "{text}");
    });
}

/// Dry, real, again, and back: each run leaves what its words say.
#[test]
fn migrated_keys_leave_nothing_to_send_again() {
    on_live_cluster(|place| {
        let reworded = map("- when: pod.status.phase == 'Running'\n  send: [t]\n");
        let again = |wanted: u64| {
            let run = preview(place, &reworded, &["-o", "json"]);
            assert_eq!(run.json()["totals"]["sentAgain"], wanted, "{run:?}");
            assert_eq!(run.code, if wanted > 0 { 2 } else { 0 }, "{run:?}");
        };
        again(1);
        let dry = place.run(&["migrate", "draft.yaml", "--dry-run"]).clean();
        assert!(dry.contains("1 entry on 1 object would be added"), "{dry}");
        assert!(dry.contains("trigger ready: [0]."), "{dry}");
        again(1);
        let run = place.run(&["migrate", "draft.yaml"]).clean();
        assert!(run.contains("1 of 1 object written: added"), "{run}");
        again(0);
        let run = place.run(&["migrate", "draft.yaml"]).clean();
        assert!(run.contains("0 entries on 0 objects"), "{run}");
        // The one in the cluster is not touched, and the old entry stays.
        assert_eq!(preview(place, &map(RUNNING), &[]).code, 0);
        again(0);
        let run = place.run(&["migrate", "draft.yaml", "--undo"]);
        assert!(run.clean().contains("taken away"));
        again(1);

        let refused = place.run(&["migrate", "draft.yaml", "--read-only"]);
        assert!(refused.failure().contains("read-only"));
        let broken = map("- when: pod.(\n  send: [t]\n");
        std::fs::write(place.path("broken.yaml"), broken.to_string()).unwrap();
        let refused = place.run(&["migrate", "broken.yaml"]);
        assert!(refused.failure().contains("broken keys"));

        // Applied already, by somebody else: the old version says what the entries stand for.
        std::fs::write(place.path("old.yaml"), map(RUNNING).to_string()).unwrap();
        let from = ["migrate", "draft.yaml", "--from", "old.yaml", "--dry-run"];
        let run = place.run(&from).clean();
        assert!(run.contains("1 entry on 1 object would be added"), "{run}");
    });
}
