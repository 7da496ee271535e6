//! Configurations of single namespaces beside the one for all.

use crate::inside::Inside;
use crate::scene::{CONDITION, NOTIFIED, Scene, WHEN, on_every_cluster};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kubechime::engine::{Command, Fares, Member, Reply};
use serde_json::{Value, json};

pub const ON: &str = "selfService: true";

/// A trigger, a template and a service; the body says whose they are.
pub fn config(scene: &Scene, whose: &str) -> Vec<(&'static str, String)> {
    vec![
        (
            "trigger.on-pod-ready",
            format!("- when: {WHEN}\n  send: [pod-ready]\n"),
        ),
        (
            "template.pod-ready",
            format!(
                "webhook:\n  webhook:\n    method: POST\n    body: \"{whose} {{{{.pod.metadata.name}}}}\"\n"
            ),
        ),
        ("service.webhook.webhook", scene.service()),
    ]
}

pub async fn configure(scene: &Scene, namespace: &str, data: &[(&str, String)]) {
    let data: serde_json::Map<String, Value> = data
        .iter()
        .map(|(key, text)| ((*key).to_owned(), json!(text)))
        .collect();
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm"},
        "data": data,
    });
    let api: Api<ConfigMap> = Api::namespaced(scene.client.clone(), namespace);
    let params = PatchParams::apply("test").force();
    api.patch("pod-notifications-cm", &params, &Patch::Apply(&map))
        .await
        .unwrap();
}

/// A subscribed Pod that is running.
pub async fn run_pod(scene: &Scene, namespace: &str, name: &str) {
    let pods: Api<Pod> = Api::namespaced(scene.client.clone(), namespace);
    let pod = serde_json::from_value(json!({
        "metadata": {
            "name": name,
            "annotations": {"notifications.argoproj.io/subscribe.on-pod-ready.webhook": ""},
        },
        "spec": {
            "automountServiceAccountToken": false,
            "containers": [{"name": "app", "image": "example.com/app:1"}],
        },
    }));
    pods.create(&PostParams::default(), &pod.unwrap())
        .await
        .unwrap();
    let status = json!({"status": {"phase": "Running", "reason": "because"}});
    pods.patch_status(name, &PatchParams::default(), &Patch::Merge(&status))
        .await
        .unwrap();
}

/// Waits until the Pod's notified state has these keys.
pub async fn wait_for_keys(scene: &Scene, namespace: &str, name: &str, wanted: &[String]) {
    let pods: Api<Pod> = Api::namespaced(scene.client.clone(), namespace);
    let deadline = tokio::time::Instant::now() + crate::process::PATIENCE;
    loop {
        let pod = pods.get(name).await.unwrap();
        let state = pod
            .metadata
            .annotations
            .unwrap_or_default()
            .remove(NOTIFIED);
        let state: Value = serde_json::from_str(state.as_deref().unwrap_or("{}")).unwrap();
        let keys: Vec<&String> = state.as_object().unwrap().keys().collect();
        if keys == wanted.iter().collect::<Vec<_>>() {
            return;
        }
        let late = tokio::time::Instant::now() > deadline;
        assert!(!late, "{keys:?} in {namespace}/{name}");
        // The condition is on the server: asked for until it holds.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

pub fn sorted(requests: Vec<(String, String, String)>) -> Vec<String> {
    let mut bodies: Vec<String> = requests.into_iter().map(|(_, _, body)| body).collect();
    bodies.sort();
    bodies
}

#[test]
fn a_namespace_configures_its_own_objects_beside_the_common_configuration() {
    on_every_cluster(async |scene| {
        let team = scene.other_namespace("team-a");
        let other = scene.other_namespace("team-b");
        configure(&scene, &scene.namespace, &config(&scene, "common")).await;
        configure(&scene, &team, &config(&scene, "own")).await;
        for namespace in [&scene.namespace, &team, &other] {
            run_pod(&scene, namespace, "web-1").await;
        }
        let engine = scene.engine_set(ON, &[&team, &other], &[]);
        let requests = scene.wait_for_requests(4).await;
        let expected = ["common web-1", "common web-1", "common web-1", "own web-1"];
        assert_eq!(sorted(requests), expected);
        let key = format!("on-pod-ready:{CONDITION}:webhook:");
        let own = format!("{team}:{key}");
        let mut both = [key.clone(), own];
        both.sort();
        wait_for_keys(&scene, &team, "web-1", &both).await;
        for namespace in [&scene.namespace, &other] {
            wait_for_keys(&scene, namespace, "web-1", std::slice::from_ref(&key)).await;
        }
        let suffix = format!("using the configuration in namespace {team}");
        engine.wait_for_line(&["Sending notification", &suffix], 0);
        engine.stop();
        let engine = scene.engine_set(ON, &[&team, &other], &[]);
        engine.wait_for_line(&["already sent", &suffix], 0);
        engine.stop();
        assert_eq!(scene.receiver.count(), 4);
    });
}

#[test]
fn a_broken_namespace_harms_no_other_and_what_only_one_knows_is_no_mistake() {
    on_every_cluster(async |scene| {
        let good = scene.other_namespace("team-good");
        let bad = scene.other_namespace("team-bad");
        let none = scene.other_namespace("team-none");
        // The common configuration has no trigger at all.
        configure(
            &scene,
            &scene.namespace,
            &[("template.other", "message: hi".into())],
        )
        .await;
        configure(&scene, &good, &config(&scene, "good")).await;
        let mut broken = config(&scene, "bad");
        broken[0].1 = "- when: pod.status.phase in [\n  send: [pod-ready]\n".into();
        configure(&scene, &bad, &broken).await;
        for namespace in [&good, &bad, &none] {
            run_pod(&scene, namespace, "web-1").await;
        }
        let engine = scene.engine_set(ON, &[&good, &bad, &none], &[]);
        let requests = scene.wait_for_requests(1).await;
        assert_eq!(sorted(requests), ["good web-1"]);
        let file = format!("{bad}/pod-notifications-cm");
        engine.wait_for_line(&["level=error", &file, "trigger.on-pod-ready"], 0);
        let pod = format!("{none}/web-1");
        engine.wait_for_line(&["trigger 'on-pod-ready' is not configured", &pod], 0);

        // Mended while it runs.
        configure(&scene, &bad, &config(&scene, "mended")).await;
        let requests = scene.wait_for_requests(2).await;
        assert_eq!(sorted(requests), ["good web-1", "mended web-1"]);
        let lines = engine.stop();
        let pod = format!("{good}/web-1");
        let blamed = |line: &&String| line.contains("not configured") && line.contains(&pod);
        assert_eq!(lines.iter().find(blamed), None);
    });
}

/// Of an object is kept only what conditions read; a configuration that comes later may read more.
#[test]
fn a_later_configuration_may_read_more_of_the_objects_and_may_go() {
    on_every_cluster(async |scene| {
        let team = scene.other_namespace("team-late");
        configure(&scene, &scene.namespace, &config(&scene, "common")).await;
        run_pod(&scene, &team, "web-1").await;
        let engine = scene.engine_set(ON, &[&team], &[]);
        scene.wait_for_requests(1).await;
        let mut late = config(&scene, "late");
        late[0].1 = "- when: pod.status.reason == 'because'\n  send: [pod-ready]\n".into();
        late[2].1 = scene.service().replace("/webhook", "/$path");
        let secrets: Api<Secret> = Api::namespaced(scene.client.clone(), &team);
        let secret = serde_json::from_value(json!({
            "metadata": {"name": "pod-notifications-secret"},
            "data": {"path": "dGVhbQ=="},
        }));
        secrets
            .create(&PostParams::default(), &secret.unwrap())
            .await
            .unwrap();
        configure(&scene, &team, &late).await;
        let requests = scene.wait_for_requests(2).await;
        assert_eq!(requests[1].2, "late web-1");
        assert!(requests[1].1.starts_with("/team"), "{}", requests[1].1);

        let maps: Api<ConfigMap> = Api::namespaced(scene.client.clone(), &team);
        maps.delete("pod-notifications-cm", &DeleteParams::default())
            .await
            .unwrap();
        engine.wait_for_line(&["the configuration in namespace", &team, "is gone"], 0);
        run_pod(&scene, &team, "web-2").await;
        let requests = scene.wait_for_requests(3).await;
        assert_eq!(requests[2].2, "common web-2");
        engine.stop();
        assert_eq!(scene.receiver.count(), 3);
    });
}

/// Off unless it is asked for.
#[test]
fn without_the_setting_other_namespaces_configure_nothing() {
    on_every_cluster(async |scene| {
        let team = scene.other_namespace("team-off");
        configure(&scene, &scene.namespace, &config(&scene, "common")).await;
        configure(&scene, &team, &config(&scene, "own")).await;
        run_pod(&scene, &team, "web-1").await;
        let engine = scene.engine_set("", &[&team], &[]);
        let requests = scene.wait_for_requests(1).await;
        assert_eq!(sorted(requests), ["common web-1"]);
        let key = format!("on-pod-ready:{CONDITION}:webhook:");
        wait_for_keys(&scene, &team, "web-1", &[key]).await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 1);
    });
}

/// All of them together may have 64 MiB: a namespace beyond it is refused, and harms none of the others;
/// when it has become smaller it is taken.
#[test]
fn what_is_too_much_is_refused_and_taken_when_it_is_smaller() {
    // Of what nobody reads the size counts, too.
    const NAMESPACES: usize = 66;
    on_every_cluster(async |scene| {
        // A real API server takes some minutes for it, and has no part in it.
        let Some(cluster) = scene.simulation() else {
            return;
        };
        let names: Vec<String> = (0..NAMESPACES).map(|n| format!("team-{n:02}")).collect();
        let (first, last) = (&names[0], &names[NAMESPACES - 1]);
        for name in &names {
            scene.other_namespace(name);
            let mut data: serde_json::Map<String, Value> = config(&scene, name)
                .into_iter()
                .map(|(key, text)| (key.to_owned(), json!(text)))
                .collect();
            data.insert("notes".into(), json!("x".repeat(1 << 20)));
            let map = json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "pod-notifications-cm", "namespace": name},
                "data": data,
            });
            cluster.objects().put("configmaps", map).unwrap();
        }
        run_pod(&scene, first, "web").await;
        run_pod(&scene, last, "web").await;
        let others: Vec<&str> = names.iter().map(String::as_str).collect();
        let engine = scene.engine_set(ON, &others, &[]);
        engine.wait_for_line(
            &[
                "level=warn",
                "larger than 64 MiB",
                &format!("in namespace {last} is not used"),
            ],
            0,
        );
        let requests = scene.wait_for_requests(1).await;
        assert_eq!(requests[0].2, format!("{first} web"));
        let smaller = cluster
            .objects()
            .update("configmaps", last, "pod-notifications-cm", |map| {
                map["data"]["notes"] = json!("short");
            });
        smaller.unwrap();
        let requests = scene.wait_for_requests(2).await;
        assert_eq!(requests[1].2, format!("{last} web"));
        engine.stop();
        assert_eq!(scene.receiver.count(), 2);
    });
}

/// `explain` knows the configuration of the object's namespace, and says which one asks for what.
#[test]
fn explain_knows_both_configurations() {
    on_every_cluster(async |scene| {
        let team = scene.other_namespace("team-x");
        configure(&scene, &scene.namespace, &config(&scene, "common")).await;
        let mut own = config(&scene, "own");
        own.push((
            "trigger.only-here",
            "- when: pod.status.reason == 'because'\n  send: [pod-ready]\n".into(),
        ));
        own.push((
            "subscriptions",
            "- recipients: [webhook]\n  triggers: [only-here]\n".into(),
        ));
        configure(&scene, &team, &own).await;
        run_pod(&scene, &team, "web-1").await;
        let settings = scene.state().join("settings.yaml");
        std::fs::write(&settings, "selfService: true\n").unwrap();
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_kubechime"))
            .args(["explain", &format!("pod/{team}/web-1")])
            .args(["--namespace", &scene.namespace])
            .arg("--config")
            .arg(&settings)
            .arg("--kubeconfig")
            .arg(&scene.kubeconfig)
            .env_remove("KUBECONFIG")
            .env("HOME", scene.state())
            .env("XDG_CONFIG_HOME", scene.state())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            text.matches("trigger on-pod-ready\n").count(),
            2,
            "{text}{error}"
        );
        assert_eq!(text.matches("trigger only-here\n").count(), 1, "{text}");
        let named = format!(", configuration in namespace {team}\n");
        assert_eq!(text.matches(&named).count(), 2, "{text}");
        assert!(!text.contains("is not configured"), "{text}");
    });
}

/// In mode observe, what another engine has sent by a namespace's own configuration is noticed.
#[test]
fn what_others_send_by_a_configuration_of_their_own_is_noticed() {
    on_every_cluster(async |scene| {
        let team = scene.other_namespace("team-y");
        configure(&scene, &scene.namespace, &config(&scene, "common")).await;
        configure(&scene, &team, &config(&scene, "own")).await;
        let engine = scene.engine_set(ON, &[&team], &["--mode", "observe"]);
        engine.wait_for_line(&["the configuration in namespace", &team, "is in force"], 0);
        run_pod(&scene, &team, "web-1").await;
        let key = format!("{team}:on-pod-ready:{CONDITION}:webhook:");
        let pods: Api<Pod> = Api::namespaced(scene.client.clone(), &team);
        let state = json!({key: 1_790_000_000}).to_string();
        let patch = json!({"metadata": {"annotations": {NOTIFIED: state}}});
        let params = PatchParams {
            field_manager: Some("argo".into()),
            ..PatchParams::default()
        };
        pods.patch("web-1", &params, &Patch::Merge(&patch))
            .await
            .unwrap();
        engine.wait_for_line(&["was sent to '{webhook }' by argo", "/web-1"], 0);
        let lines = engine.stop();
        let told = lines.iter().filter(|line| line.contains("was sent to"));
        assert_eq!(told.count(), 1, "only by the one that has sent it");
        assert_eq!(scene.receiver.count(), 0);
    });
}

/// The views of triggers lead to the resources of one configuration's trigger, not of all that have
/// one of the same name.
#[test]
fn the_resources_of_a_condition_are_those_of_its_configuration() {
    on_every_cluster(async |scene| {
        let team = scene.other_namespace("team-z");
        let mut own = config(&scene, "own");
        own[0].0 = "trigger.on-own";
        own.push((
            "trigger.on-pod-ready",
            "- when: 'false'\n  send: [pod-ready]\n".into(),
        ));
        own.push((
            "subscriptions",
            "- recipients: [webhook]\n  triggers: [on-own, on-pod-ready]\n".into(),
        ));
        configure(&scene, &scene.namespace, &config(&scene, "common")).await;
        configure(&scene, &team, &own).await;
        run_pod(&scene, &scene.namespace, "web-1").await;
        run_pod(&scene, &team, "web-2").await;
        let mut engine = Inside::start_for_teams(&scene, &[&team]).await;
        scene.wait_for_requests(3).await;
        let members = async |engine: &mut Inside, trigger: &str| {
            let ask = Command::Members {
                trigger: trigger.into(),
                index: Some(0),
            };
            let Reply::Members(found) = engine.ask(ask).await.unwrap() else {
                panic!("no members");
            };
            let named = |m: &Member| (m.key.to_string(), m.fares == Fares::Holds);
            found.members.iter().map(named).collect::<Vec<_>>()
        };
        let of_team = format!("{team}/web-2");
        let own = members(&mut engine, &format!("{team}:on-own")).await;
        assert_eq!(own, [(of_team.clone(), true)]);
        let same_name = members(&mut engine, &format!("{team}:on-pod-ready")).await;
        assert_eq!(same_name, [(of_team.clone(), false)]);
        let common = members(&mut engine, "on-pod-ready").await;
        let first = format!("{}/web-1", scene.namespace);
        let mut expected = [(first, true), (of_team, true)];
        expected.sort();
        assert_eq!(common, expected, "the common one serves the team, too");
        assert_eq!(members(&mut engine, "on-own").await, []);
        engine.stop().await;
    });
}
