//! The living cluster: that it lives, and that it takes in what people do.

use super::{PATIENCE, client, start};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::{Api, ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use kubechime::demo::{ClusterOptions, Receiver, Scenario, ScenarioOptions, SimCluster};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

async fn living(speed: f64) -> (SimCluster, Scenario) {
    let cluster = start(ClusterOptions {
        seed: Some(1),
        ..ClusterOptions::default()
    })
    .await;
    let options = ScenarioOptions {
        speed,
        ..ScenarioOptions::default()
    };
    let scenario = Scenario::start(&cluster, options);
    (cluster, scenario)
}

/// What happened to a Pod, in the words that triggers ask for.
fn marks(pod: &Value) -> Vec<&'static str> {
    let status = &pod["status"];
    let mut marks = Vec::new();
    match status["phase"].as_str() {
        Some("Pending") => marks.push("pending"),
        Some("Succeeded") => marks.push("succeeded"),
        Some("Failed") => marks.push("failed"),
        _ => {}
    }
    for container in status["containerStatuses"].as_array().into_iter().flatten() {
        match container["state"]["waiting"]["reason"].as_str() {
            Some("CrashLoopBackOff") => marks.push("crashloop"),
            Some("ImagePullBackOff") => marks.push("image"),
            _ => {}
        }
        if container["lastState"]["terminated"]["exitCode"] == 137 {
            marks.push("oom");
        }
    }
    marks
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_start_crash_complete_and_go_away() {
    let (cluster, _scenario) = living(20.0).await;
    let pods = cluster.objects().list("pods", "");
    assert!((28..60).contains(&pods.len()), "{} Pods", pods.len());
    let namespaces: BTreeSet<&str> = pods
        .iter()
        .filter_map(|pod| pod["metadata"]["namespace"].as_str())
        .collect();
    assert!(namespaces.len() >= 5, "{namespaces:?}");
    let sizes: Vec<usize> = pods.iter().map(|pod| pod.to_string().len()).collect();
    let running = pods
        .iter()
        .filter(|pod| pod["status"]["phase"] == "Running")
        .count();
    assert!(running > 15, "{running} run at the start");
    assert!(
        sizes.iter().max().is_some_and(|&size| size > 6_000),
        "{sizes:?}"
    );

    let api: Api<Pod> = Api::all(client(&cluster).await);
    let mut events = Box::pin(
        api.watch(&WatchParams::default(), "0")
            .await
            .expect("a watch"),
    );
    let wanted = [
        "pending",
        "crashloop",
        "oom",
        "succeeded",
        "failed",
        "image",
        "deleted",
    ];
    let mut seen = BTreeSet::new();
    let watching = async {
        while !wanted.iter().all(|mark| seen.contains(mark)) {
            match events.next().await {
                Some(Ok(WatchEvent::Added(pod) | WatchEvent::Modified(pod))) => {
                    seen.extend(marks(&serde_json::to_value(pod).expect("JSON")));
                }
                Some(Ok(WatchEvent::Deleted(_))) => {
                    seen.insert("deleted");
                }
                Some(Ok(_)) => {}
                other => panic!("the watch ended: {other:?}"),
            }
        }
    };
    let done = tokio::time::timeout(PATIENCE, watching).await;
    assert!(done.is_ok(), "only {seen:?} of {wanted:?} happened");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_tells_the_same_story() {
    let mut stories = Vec::new();
    for _ in 0..2 {
        let (cluster, scenario) = living(0.01).await;
        let told: Vec<(String, String)> = cluster
            .objects()
            .list("pods", "")
            .iter()
            .map(|pod| {
                (
                    pod["metadata"]["name"].to_string(),
                    pod["status"]["phase"].to_string(),
                )
            })
            .collect();
        drop(scenario);
        stories.push(told);
    }
    assert_eq!(stories[0], stories[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_can_scale_and_delete() {
    let (cluster, _scenario) = living(20.0).await;
    let kube = client(&cluster).await;
    let api: Api<Pod> = Api::namespaced(kube.clone(), "team-a");
    let count = async |selector: &str| {
        let listed = api
            .list(&ListParams::default().labels(selector))
            .await
            .expect("a list");
        listed
            .items
            .iter()
            .filter(|pod| pod.metadata.deletion_timestamp.is_none())
            .count()
    };
    let becomes = async |selector: &str, wanted: usize| {
        let waiting = async {
            while count(selector).await != wanted {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("as many as asked for");
    };
    let cache = "app.kubernetes.io/name=cache";
    assert_eq!(count(cache).await, 2);
    let deployments: Api<k8s_openapi::api::apps::v1::Deployment> = Api::namespaced(kube, "team-a");
    let five = Patch::Merge(json!({"spec": {"replicas": 5}}));
    deployments
        .patch("cache", &PatchParams::default(), &five)
        .await
        .expect("scaled");
    becomes(cache, 5).await;
    let victim = api
        .list(&ListParams::default().labels(cache))
        .await
        .expect("a list")
        .items;
    let name = victim[0].name_any();
    api.delete(&name, &kube::api::DeleteParams::default())
        .await
        .expect("deleted");
    let replaced = async {
        while api.get_opt(&name).await.expect("an answer").is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, replaced)
        .await
        .expect("it goes away");
    becomes(cache, 5).await;
    deployments
        .delete("cache", &kube::api::DeleteParams::default())
        .await
        .expect("deleted");
    becomes(cache, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalog_names_the_receiver_and_keeps_its_secret() {
    let cluster = start(ClusterOptions::default()).await;
    let receiver = Receiver::start(0).await.expect("a free port");
    let options = ScenarioOptions {
        receiver_url: receiver.url(),
        ..ScenarioOptions::default()
    };
    let _scenario = Scenario::start(&cluster, options);
    let objects = cluster.objects();
    let map = objects
        .get("configmaps", "default", "pod-notifications-cm")
        .expect("the catalog");
    let data = map["data"].as_object().expect("data");
    for key in [
        "trigger.on-pod-ready",
        "template.pod-ready",
        "service.webhook.webhook",
        "subscriptions",
    ] {
        assert!(data.contains_key(key), "{key}");
    }
    let service = data["service.webhook.pager"].as_str().expect("text");
    assert!(
        service.contains(&format!("{}/pager", receiver.url())),
        "{service}"
    );
    assert!(service.contains("$pager-token"), "{service}");
    let secret = objects
        .get("secrets", "default", "pod-notifications-secret")
        .expect("the secret");
    assert!(secret["data"]["pager-token"].is_string());
    let subscribed = objects.list("pods", "").iter().any(|pod| {
        !pod["metadata"]["annotations"]["notifications.argoproj.io/subscribe.on-pod-ready.webhook"]
            .is_null()
    });
    assert!(subscribed);
}
