//! Objects over HTTP: create, read, list, change, delete, and what is refused.

use super::{client, config_map, empty, pod, refusal, typed};
use futures::future::join_all;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::discovery::Discovery;
use kube::{Resource as _, ResourceExt as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[tokio::test(flavor = "multi_thread")]
async fn stale_and_double_writes_are_conflicts() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    let post = PostParams::default();
    let made = api.create(&post, &config_map("m")).await.expect("created");
    let status = refusal(api.create(&post, &config_map("m")).await);
    assert!(status.is_already_exists());
    assert_eq!(status.message, "configmaps \"m\" already exists");
    let mut fresh = made.clone();
    fresh.data = Some(BTreeMap::from([("k".into(), "w".into())]));
    api.replace("m", &post, &fresh)
        .await
        .expect("the first writer wins");
    assert!(refusal(api.replace("m", &post, &fresh).await).is_conflict());
    let version = made.resource_version().expect("a version");
    let patch = json!({"metadata": {"resourceVersion": version, "annotations": {"a": "b"}}});
    let patched = api
        .patch("m", &PatchParams::default(), &Patch::Merge(patch))
        .await;
    assert!(refusal(patched).is_conflict());
    assert!(refusal(api.get("other").await).is_not_found());
    let elsewhere: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "nowhere");
    let status = refusal(elsewhere.create(&post, &config_map("m")).await);
    assert_eq!(status.message, "namespaces \"nowhere\" not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn patches_without_a_version_are_never_lost() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    api.create(&PostParams::default(), &config_map("m"))
        .await
        .expect("created");
    let patches = (0..40).map(|number| {
        let api = api.clone();
        async move {
            let patch = json!({"metadata": {"annotations": {format!("a{number}"): "x"}}});
            api.patch("m", &PatchParams::default(), &Patch::Merge(patch))
                .await
        }
    });
    for patched in join_all(patches).await {
        patched.expect("patched");
    }
    assert_eq!(api.get("m").await.expect("there").annotations().len(), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_take_a_lease_one_gets_it() {
    let cluster = empty().await;
    let api: Api<Lease> = Api::namespaced(client(&cluster).await, "default");
    let lease: Lease = typed(json!({"metadata": {"name": "l"}, "spec": {}}));
    let made = api
        .create(&PostParams::default(), &lease)
        .await
        .expect("created");
    let takers = (0..12).map(|number| {
        let (api, mut lease) = (api.clone(), made.clone());
        async move {
            lease.spec.get_or_insert_default().holder_identity = Some(format!("taker-{number}"));
            api.replace("l", &PostParams::default(), &lease).await
        }
    });
    let taken = join_all(takers).await;
    let winners: Vec<&Lease> = taken.iter().filter_map(|t| t.as_ref().ok()).collect();
    assert_eq!(winners.len(), 1);
    let held = api
        .get("l")
        .await
        .expect("there")
        .spec
        .and_then(|spec| spec.holder_identity);
    assert_eq!(
        held,
        winners[0]
            .spec
            .as_ref()
            .and_then(|spec| spec.holder_identity.clone())
    );
    for lost in taken.into_iter().filter(Result::is_err) {
        assert!(refusal(lost).is_conflict());
    }
    let mut unversioned = made;
    unversioned.metadata.resource_version = None;
    let status = refusal(api.replace("l", &PostParams::default(), &unversioned).await);
    assert_eq!(status.code, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_and_specification_are_written_through_their_own_doors() {
    let cluster = empty().await;
    let api: Api<Deployment> = Api::namespaced(client(&cluster).await, "default");
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "d"}},
            "template": {
                "metadata": {"labels": {"app": "d"}},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
        },
        "status": {"readyReplicas": 7},
    });
    let made = api
        .create(&PostParams::default(), &typed(deployment))
        .await
        .expect("created");
    let ready = |d: &Deployment| d.status.as_ref().and_then(|s| s.ready_replicas);
    let replicas = |d: &Deployment| d.spec.as_ref().and_then(|s| s.replicas);
    assert_eq!((ready(&made), made.metadata.generation), (None, Some(1)));
    let both = json!({"spec": {"replicas": 5}, "status": {"readyReplicas": 1}});
    let params = PatchParams::default();
    let patched = api
        .patch_status("d", &params, &Patch::Merge(&both))
        .await
        .expect("status");
    assert_eq!((replicas(&patched), ready(&patched)), (Some(2), Some(1)));
    assert_eq!(patched.metadata.generation, Some(1));
    let patched = api
        .patch(
            "d",
            &params,
            &Patch::Merge(json!({"spec": {"replicas": 5}, "status": {"readyReplicas": 9}})),
        )
        .await
        .expect("spec");
    assert_eq!((replicas(&patched), ready(&patched)), (Some(5), Some(1)));
    assert_eq!(patched.metadata.generation, Some(2));
    let three = Patch::Merge(json!({"spec": {"replicas": 3}}));
    let scale = api.patch_scale("d", &params, &three).await.expect("scaled");
    assert_eq!(scale.spec.and_then(|s| s.replicas), Some(3));
    let selector = json!({"spec": {"selector": {"matchLabels": {"app": "other"}}}});
    let status = refusal(api.patch("d", &params, &Patch::Merge(selector)).await);
    assert!(status.is_invalid());
    assert!(
        status.message.contains("field is immutable"),
        "{}",
        status.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_checks_everything_and_writes_nothing() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    let post = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let shown = api.create(&post, &config_map("m")).await.expect("accepted");
    assert_eq!(shown.name_any(), "m");
    assert_eq!(cluster.objects().count("configmaps"), 0);
    api.create(&PostParams::default(), &config_map("m"))
        .await
        .expect("created");
    let patch = Patch::Merge(json!({"data": {"k": "w"}}));
    let params = PatchParams::default().dry_run();
    let shown = api.patch("m", &params, &patch).await.expect("accepted");
    assert_eq!(shown.data.expect("data")["k"], "w");
    let stored = cluster
        .objects()
        .get("configmaps", "default", "m")
        .expect("there");
    assert_eq!(stored["data"]["k"], "v");
    let bad = Patch::Merge(json!({"metadata": {"labels": {"-": "x"}}}));
    assert!(refusal(api.patch("m", &params, &bad).await).is_invalid());
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_of_names_labels_and_sizes() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    let post = PostParams::default();
    let made = |name: &str, annotation: usize, data: usize| {
        let mut map = config_map(name);
        map.annotations_mut()
            .insert("a".into(), "x".repeat(annotation));
        map.data = Some(BTreeMap::from([("k".into(), "x".repeat(data))]));
        map
    };
    for (map, why) in [
        (made("Upper", 1, 1), "RFC 1123"),
        (
            made("a", 256 * 1024, 1),
            "Too long: may not be more than 262144 bytes",
        ),
        (
            made("a", 1, 1024 * 1024 + 1),
            "Too long: may not be more than 1048576 bytes",
        ),
    ] {
        let status = refusal(api.create(&post, &map).await);
        assert!(status.is_invalid(), "{status:?}");
        assert!(status.message.contains(why), "{}", status.message);
    }
    api.create(&post, &made("full", 256 * 1024 - 1, 1024 * 1024))
        .await
        .expect("at the limits");
    let status = refusal(api.create(&post, &made("huge", 1, 4 * 1024 * 1024)).await);
    assert_eq!(status.code, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_waits_for_finalizers_and_grace() {
    let cluster = empty().await;
    let kube = client(&cluster).await;
    let maps: Api<ConfigMap> = Api::namespaced(kube.clone(), "default");
    let mut held = config_map("held");
    held.metadata.finalizers = Some(vec!["example.com/hold".into()]);
    maps.create(&PostParams::default(), &held)
        .await
        .expect("created");
    maps.delete("held", &DeleteParams::default())
        .await
        .expect("accepted");
    assert!(
        maps.get("held")
            .await
            .expect("still there")
            .meta()
            .deletion_timestamp
            .is_some()
    );
    let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    maps.patch("held", &PatchParams::default(), &patch)
        .await
        .expect("released");
    assert!(maps.get_opt("held").await.expect("an answer").is_none());

    let pods: Api<Pod> = Api::namespaced(kube, "default");
    pods.create(&PostParams::default(), &pod("new"))
        .await
        .expect("created");
    pods.delete("new", &DeleteParams::default())
        .await
        .expect("accepted");
    assert!(
        pods.get_opt("new").await.expect("an answer").is_none(),
        "it never ran"
    );
    pods.create(&PostParams::default(), &pod("ran"))
        .await
        .expect("created");
    cluster.objects().update("pods", "default", "ran", |pod| {
        pod["spec"]["nodeName"] = "n".into()
    });
    let uid = pods.get("ran").await.expect("there").uid().expect("a uid");
    pods.delete("ran", &DeleteParams::default())
        .await
        .expect("accepted");
    assert!(
        pods.get("ran")
            .await
            .expect("still there")
            .meta()
            .deletion_timestamp
            .is_some()
    );
    let gone = kube::runtime::wait::conditions::is_deleted(&uid);
    let wait = kube::runtime::wait::await_condition(pods.clone(), "ran", gone);
    tokio::time::timeout(super::PATIENCE, wait)
        .await
        .expect("in time")
        .expect("watched");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_object_owns_goes_with_it() {
    let cluster = empty().await;
    let kube = client(&cluster).await;
    let objects = cluster.objects();
    let owner = objects
        .put(
            "replicasets.apps",
            json!({"metadata": {"name": "rs", "namespace": "default"}}),
        )
        .expect("put");
    for (name, uid) in [
        ("owned", owner["metadata"]["uid"].clone()),
        ("free", json!("other")),
    ] {
        let pod = json!({"metadata": {
            "name": name, "namespace": "default", "ownerReferences": [{"uid": uid}],
        }});
        objects.put("pods", pod).expect("put");
    }
    let sets: Api<k8s_openapi::api::apps::v1::ReplicaSet> = Api::namespaced(kube, "default");
    sets.delete("rs", &DeleteParams::background())
        .await
        .expect("deleted");
    let left: Vec<Value> = objects.list("pods", "default");
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["metadata"]["name"], "free");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definition_serves_its_kind_at_once() {
    let cluster = empty().await;
    let kube = client(&cluster).await;
    let crds: Api<CustomResourceDefinition> = Api::all(kube.clone());
    let definition = json!({
        "metadata": {"name": "rollouts.argoproj.io"},
        "spec": {
            "group": "argoproj.io", "scope": "Namespaced",
            "names": {"kind": "Rollout", "plural": "rollouts", "shortNames": ["ro"]},
            "versions": [{
                "name": "v1alpha1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {
                    "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                }},
            }],
        },
    });
    crds.create(&PostParams::default(), &typed(definition))
        .await
        .expect("created");
    for aggregated in [true, false] {
        let discovery = Discovery::new(kube.clone());
        let discovery = if aggregated {
            discovery.run_aggregated().await.expect("two documents")
        } else {
            discovery.run().await.expect("a document per group")
        };
        let gvk = kube::core::GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Rollout");
        let (kind, capabilities) = discovery.resolve_gvk(&gvk).expect("discovered");
        assert_eq!(kind.plural, "rollouts");
        assert!(capabilities.supports_operation("watch"));
        assert_eq!(capabilities.subresources.len(), 1);
        let api: Api<DynamicObject> = Api::namespaced_with(kube.clone(), "default", &kind);
        let name = format!("r-{aggregated}");
        let rollout = DynamicObject::new(&name, &kind).data(json!({"spec": {"n": 1}}));
        api.create(&PostParams::default(), &rollout)
            .await
            .expect("created");
        let patch = Patch::Merge(json!({"status": {"phase": "Healthy"}, "spec": {"n": 2}}));
        let patched = api
            .patch_status(&name, &PatchParams::default(), &patch)
            .await
            .expect("ok");
        assert_eq!(
            (&patched.data["status"]["phase"], &patched.data["spec"]["n"]),
            (&json!("Healthy"), &json!(1))
        );
        let strategic = Patch::Strategic(json!({"spec": {"n": 3}}));
        let status = refusal(api.patch(&name, &PatchParams::default(), &strategic).await);
        assert_eq!(status.code, 415);
    }
    crds.delete("rollouts.argoproj.io", &DeleteParams::default())
        .await
        .expect("deleted");
    let kind = kube::core::ApiResource::from_gvk_with_plural(
        &kube::core::GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Rollout"),
        "rollouts",
    );
    let api: Api<DynamicObject> = Api::namespaced_with(kube, "default", &kind);
    assert_eq!(refusal(api.list(&ListParams::default()).await).code, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_groups_of_events_show_the_same() {
    use k8s_openapi::api::core::v1::Event as Old;
    use k8s_openapi::api::events::v1::Event as New;
    let cluster = empty().await;
    let kube = client(&cluster).await;
    let new: Api<New> = Api::namespaced(kube.clone(), "default");
    let event = json!({
        "metadata": {"name": "e"}, "eventTime": "2026-01-02T03:04:05.000000Z", "note": "Sent",
        "reason": "Notified", "type": "Normal", "action": "Notify",
        "reportingController": "kubechime", "reportingInstance": "one",
        "regarding": {"kind": "Pod", "name": "p", "namespace": "default"},
    });
    new.create(&PostParams::default(), &typed(event))
        .await
        .expect("created");
    let old: Api<Old> = Api::namespaced(kube, "default");
    let params = ListParams::default().fields("involvedObject.name=p");
    let listed = old.list(&params).await.expect("a list").items;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].message.as_deref(), Some("Sent"));
    assert_eq!(
        new.get("e").await.expect("there").note.as_deref(),
        Some("Sent")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_the_wrong_type_are_refused() {
    let cluster = empty().await;
    let api: Api<Pod> = Api::namespaced(client(&cluster).await, "default");
    api.create(&PostParams::default(), &pod("p"))
        .await
        .expect("created");
    let params = PatchParams::default();
    for patch in [
        json!({"metadata": {"annotations": {"a": 1}}}),
        json!({"metadata": {"labels": "x"}}),
        json!({"spec": {"containers": 1}}),
    ] {
        let refused = api.patch("p", &params, &Patch::Merge(&patch)).await;
        assert_eq!(refusal(refused).code, 400, "{patch}");
    }
    let root: Patch<()> = Patch::Json(typed(json!([{"op": "replace", "path": "", "value": "x"}])));
    assert_eq!(refusal(api.patch("p", &params, &root).await).code, 400);
    let status = Patch::Merge(json!({"status": "x"}));
    assert_eq!(
        refusal(api.patch_status("p", &params, &status).await).code,
        400
    );
}
