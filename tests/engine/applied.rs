//! Applying the configuration from a running engine: what is written, what is in force and recorded,
//! conflicts; and subscribing objects by hand.

use crate::inside::Inside;
use crate::process::PATIENCE;
use crate::scene::{Scene, WHEN, on_every_cluster};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kubechime::catalog::SubscriptionChange;
use kubechime::domain::{Kind, ResourceKey};
use kubechime::engine::{Command, CommandError, DeliveryOptions, Reply, Subscribable};
use kubechime::history::{ConfigPlace, ConfigVersion, VersionOrigin};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const KEY: &str = "trigger.on-pod-ready";

async fn config_map(scene: &Scene) -> Value {
    let path = format!(
        "/api/v1/namespaces/{}/configmaps/pod-notifications-cm",
        scene.namespace
    );
    let request = http::Request::get(path).body(Vec::new()).unwrap();
    scene.client.request(request).await.unwrap()
}

/// The version of a ConfigMap.
fn version(map: &Value) -> String {
    let version = map["metadata"]["resourceVersion"].as_str();
    version.unwrap().to_owned()
}

/// An engine with the configuration of the Pod-ready case in force.
async fn configured(scene: &Scene) -> Inside {
    scene.configure_pod_ready().await;
    let mut engine = Inside::start(scene, DeliveryOptions::default()).await;
    engine
        .until("configured", |inside| inside.triggers.contains(WHEN))
        .await;
    engine
}

fn trigger(when: &str) -> String {
    format!("- when: {when}\n  send: [pod-ready]\n")
}

fn apply(base: &str, text: &str) -> Command {
    Command::Apply {
        base: Some(base.to_owned()),
        changes: BTreeMap::from([(KEY.to_owned(), Some(text.to_owned()))]),
        effect: "blast radius: 3 new".into(),
        dry_run: false,
    }
}

/// The recorded versions, newest first, when there are so many.
async fn versions(scene: &Scene, engine: &Inside, count: usize) -> Vec<ConfigVersion> {
    let read = kube::config::Kubeconfig::read_from(&scene.kubeconfig).unwrap();
    let options = kube::config::KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(read, &options)
        .await
        .unwrap();
    let server = config.cluster_url.to_string();
    let place = ConfigPlace {
        server: server.trim_end_matches('/').to_owned(),
        namespace: scene.namespace.clone(),
        name: "pod-notifications-cm".into(),
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = engine.history.versions(&place).unwrap();
        if found.len() >= count {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "{} of {count} at {place:?}",
            found.len()
        );
        // The file says nothing by itself.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn a_version_is_written_key_by_key_and_recorded_with_who_made_it() {
    on_every_cluster(async |scene| {
        let mut engine = configured(&scene).await;
        let before = config_map(&scene).await;
        let base = version(&before);

        let text = trigger("pod.status.phase == 'Failed'");
        let dry = match apply(&base, &text) {
            Command::Apply {
                base,
                changes,
                effect,
                ..
            } => Command::Apply {
                base,
                changes,
                effect,
                dry_run: true,
            },
            other => other,
        };
        engine.ask(dry).await.unwrap();
        assert_eq!(config_map(&scene).await["data"], before["data"]);
        let reply = engine.ask(apply(&base, &text)).await.unwrap();
        let Reply::Applied {
            resource_version,
            dry_run: false,
        } = reply
        else {
            panic!("{reply:?}");
        };
        engine
            .until("in force", |inside| inside.triggers.contains("Failed"))
            .await;

        // Only the changed key is ours; the others stay with who wrote them.
        let after = config_map(&scene).await;
        assert_eq!(after["metadata"]["resourceVersion"], resource_version);
        assert_eq!(
            after["data"]["template.pod-ready"],
            before["data"]["template.pod-ready"]
        );
        let managers = after["metadata"]["managedFields"].as_array().unwrap();
        let of = |name: &str| {
            let entry = managers.iter().find(|entry| entry["manager"] == name);
            let fields = entry.and_then(|entry| entry["fieldsV1"]["f:data"].as_object());
            let fields = fields.unwrap_or_else(|| panic!("{name}: {managers:?}"));
            let names = fields.keys().filter(|name| *name != ".");
            names.cloned().collect::<Vec<String>>()
        };
        assert_eq!(of("kubechime"), [format!("f:{KEY}")]);
        assert!(of("test").contains(&"f:template.pod-ready".to_owned()));

        // Somebody else is next.
        scene
            .configure(&[(KEY, &trigger("pod.status.phase == 'Unknown'"))])
            .await;
        engine
            .until("theirs", |inside| inside.triggers.contains("Unknown"))
            .await;
        let found = versions(&scene, &engine, 3).await;
        let origins: Vec<VersionOrigin> = found.iter().map(|version| version.origin).collect();
        assert_eq!(
            origins,
            [
                VersionOrigin::Foreign,
                VersionOrigin::Applied,
                VersionOrigin::Found
            ]
        );
        assert_eq!(found[0].manager, "test");
        assert_eq!(found[1].resource_version, resource_version);
        assert_eq!(found[1].changed, [format!("~{KEY}")]);
        assert_eq!(found[1].manager, "kubechime");
        assert_eq!(found[1].effect, "blast radius: 3 new");
        assert!(!found[1].actor.is_empty());
        assert!(
            found[1].summary.contains("! trigger.on-pod-ready[0].when"),
            "{}",
            found[1].summary
        );
        let data = engine
            .history
            .version_data(found[1].number)
            .unwrap()
            .unwrap();
        assert_eq!(data[KEY], text);
        engine.stop().await;
    });
}

#[test]
fn a_stale_base_is_a_conflict_and_the_version_before_comes_back() {
    on_every_cluster(async |scene| {
        let mut engine = configured(&scene).await;
        let map = config_map(&scene).await;
        let base = version(&map);
        let reply = engine.ask(apply(&base, "- when: pod.(\n")).await.unwrap();
        let Reply::Applied {
            resource_version, ..
        } = reply
        else {
            panic!("{reply:?}");
        };
        let again = engine.ask(apply(&base, "- when: 'true'\n")).await;
        let live = resource_version.clone();
        assert_eq!(again.unwrap_err(), CommandError::Conflict { base, live });
        // Rolling back is writing what stood there, on what stands there now.
        let old = map["data"][KEY].as_str().unwrap();
        engine.ask(apply(&resource_version, old)).await.unwrap();
        engine
            .until("back", |inside| inside.triggers.contains(WHEN))
            .await;
        assert_eq!(config_map(&scene).await["data"], map["data"]);
        engine.stop().await;
    });
}

/// A Pod that a ReplicaSet of a Deployment has made.
async fn owned_pod(scene: &Scene) {
    let labels = json!({"app": "web"});
    let spec = json!({
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]},
        },
    });
    let owner = |kind: &str, name: &str, uid: String| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}]);
    let deployments: Api<k8s_openapi::api::apps::v1::Deployment> =
        Api::namespaced(scene.client.clone(), &scene.namespace);
    let deployment = json!({"metadata": {"name": "web"}, "spec": spec});
    let deployment = deployments
        .create(
            &PostParams::default(),
            &serde_json::from_value(deployment).unwrap(),
        )
        .await
        .unwrap();
    let sets: Api<k8s_openapi::api::apps::v1::ReplicaSet> =
        Api::namespaced(scene.client.clone(), &scene.namespace);
    let owners = owner("Deployment", "web", deployment.metadata.uid.unwrap());
    let set = json!({"metadata": {"name": "web-1", "ownerReferences": owners}, "spec": spec});
    let set = sets
        .create(
            &PostParams::default(),
            &serde_json::from_value(set).unwrap(),
        )
        .await
        .unwrap();
    scene
        .create_pod("web-1-abc", &[("subscribe.other.webhook", "x")])
        .await;
    let owners = owner("ReplicaSet", "web-1", set.metadata.uid.unwrap());
    scene
        .patch_metadata("web-1-abc", json!({"ownerReferences": owners}))
        .await;
}

async fn subscribable(engine: &mut Inside, key: &ResourceKey) -> Arc<Subscribable> {
    match engine
        .ask(Command::Subscriptions(key.clone()))
        .await
        .unwrap()
    {
        Reply::Subscribable(found) => found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_object_or_its_owners_template_is_subscribed_and_taken_back() {
    on_every_cluster(async |scene| {
        owned_pod(&scene).await;
        let mut engine = configured(&scene).await;
        let pod = ResourceKey::new(Arc::new(Kind::pod()), scene.namespace.as_str(), "web-1-abc");
        let found = subscribable(&mut engine, &pod).await;
        assert_eq!(found.refused, None);
        let owner = found.owner.as_ref().expect("a Deployment");
        assert_eq!(owner.key.kind.kind, "Deployment");
        assert_eq!(owner.path, ["spec", "template"]);

        let change = SubscriptionChange {
            add: true,
            trigger: "on-pod-ready".into(),
            service: "webhook".into(),
            recipients: vec![],
        };
        // The whole way: it is subscribed, so it is told.
        let edit = found.edit(&change, false).unwrap();
        let reply = engine
            .ask(Command::Annotate(vec![edit.clone()]))
            .await
            .unwrap();
        let Reply::Annotated {
            undo,
            unchanged: 0,
            failed,
        } = reply
        else {
            panic!("{reply:?}");
        };
        assert!(failed.is_empty(), "{failed:?}");
        scene.set_phase("web-1-abc", "Running").await;
        scene.wait_for_requests(1).await;

        // Another annotation may change meanwhile, this one may not.
        scene
            .annotate_as("other", "web-1-abc", "elsewhere", "1")
            .await;
        engine.ask(Command::Annotate(undo)).await.unwrap();
        let found = subscribable(&mut engine, &pod).await;
        let names: Vec<&String> = found.annotations.keys().collect();
        assert_eq!(names, ["notifications.argoproj.io/subscribe.other.webhook"]);
        let name = "notifications.argoproj.io/subscribe.on-pod-ready.webhook";
        scene
            .annotate_as("other", "web-1-abc", name, "theirs")
            .await;
        let error = engine.ask(Command::Annotate(vec![edit])).await.unwrap_err();
        assert!(
            error.to_string().contains("changed by somebody else"),
            "{error}"
        );

        let edit = found.edit(&change, true).unwrap();
        engine.ask(Command::Annotate(vec![edit])).await.unwrap();
        let found = subscribable(&mut engine, &pod).await;
        let owner = found.owner.as_ref().expect("a Deployment");
        assert_eq!(owner.annotations[name], "");

        // Many at once, of which one is gone.
        let gone = ResourceKey::new(Arc::new(Kind::pod()), scene.namespace.as_str(), "gone");
        let command = Command::Subscribe {
            resources: vec![pod.clone(), gone.clone()],
            change: SubscriptionChange {
                recipients: vec!["new".into()],
                ..change
            },
        };
        let reply = engine.ask(command).await.unwrap();
        let Reply::Annotated { undo, failed, .. } = reply else {
            panic!("{reply:?}");
        };
        assert_eq!((undo.len(), failed.len()), (1, 1));
        assert_eq!(failed[0].0, gone);
        let found = subscribable(&mut engine, &pod).await;
        assert_eq!(found.annotations[name], "theirs;new");
        engine.stop().await;
    });
}

#[test]
fn without_the_right_the_reason_is_told_before_anything_is_written() {
    on_every_cluster(async |scene| {
        scene.create_pod("web-1", &[]).await;
        let restricted = scene.without_patch();
        let real = scene.simulation().is_none();
        let mut engine = configured(&scene).await;
        let pod = ResourceKey::new(Arc::new(Kind::pod()), scene.namespace.as_str(), "web-1");
        let found = subscribable(&mut engine, &pod).await;
        assert_eq!((found.owned_by.as_deref(), &found.owner), (None, &None));
        // On the real one this engine has the rights of the administrator.
        if !real {
            let refused = found.refused.clone().expect("refused");
            assert!(refused.contains("\"patch\" on pods"), "{refused}");
        }
        drop(restricted);
        engine.stop().await;
    });
}

/// Patching with a stale version fails on any cluster: what the retries rest on.
#[test]
fn the_precondition_of_an_edit_holds() {
    on_every_cluster(async |scene| {
        scene.create_pod("web-1", &[]).await;
        let api: Api<k8s_openapi::api::core::v1::Pod> =
            Api::namespaced(scene.client.clone(), &scene.namespace);
        let pod = api.get("web-1").await.unwrap();
        let version = pod.metadata.resource_version.unwrap();
        scene.annotate_as("other", "web-1", "a", "1").await;
        let patch = json!({"metadata": {"resourceVersion": version, "annotations": {"a": "2"}}});
        let result = api
            .patch("web-1", &PatchParams::default(), &Patch::Merge(&patch))
            .await;
        assert!(matches!(result, Err(kube::Error::Api(status)) if status.code == 409));
    });
}
