//! The same on a real API server, where there is one (see `support/apiserver.rs`).

use super::support::apiserver::{RealCluster, Rule};
use super::{PATIENCE, connect_to, next, pod, pod_key, quick, told, told_until};
use futures::StreamExt as _;
use kubechime::cluster::{
    AnnotationChange, ApplyError, ConfigEvent, KnownAnnotation, LeaseOptions, LeaseState,
    PatchError, Scope, WatchEvent, WatchOptions, apply_config_map, get_object, hold,
    patch_annotation, resolve_kind, watch, watch_config,
};
use kubechime::domain::Kind;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;

#[tokio::test]
async fn watches_patches_and_is_told_what_is_forbidden() {
    let Some(real) = RealCluster::shared() else {
        return;
    };
    let namespace = real.namespace("client");
    let cluster = connect_to(real.kubeconfig()).await;
    for name in ["a", "b", "c"] {
        real.apply(&pod(&namespace, name));
    }
    let scope = Scope::Namespaces(vec![namespace.clone()]);
    let options = WatchOptions {
        page_size: 2,
        ..quick()
    };
    let mut events = watch(&cluster, Arc::new(Kind::pod()), &scope, &options);
    let listed = told_until(&mut events, "synced").await;
    assert_eq!(
        listed,
        ["restarted", "listed a", "listed b", "listed c", "synced"]
    );

    let key = pod_key(&namespace, "b");
    let before = get_object(&cluster, &key).await.expect("b");
    assert!(before.raw.contains("\"kind\":\"Pod\""));
    let set = |value: &'static str| {
        move |current: Option<&str>| {
            AnnotationChange::Set(format!("{}{value}", current.unwrap_or_default()))
        }
    };
    let known = Some(KnownAnnotation {
        resource_version: before.resource_version.clone(),
        value: None,
    });
    let first = patch_annotation(
        &cluster,
        &key,
        &before.uid,
        "state",
        known.clone(),
        set("1"),
    );
    assert_eq!(first.await.expect("patched").attempts, 1);
    let second = patch_annotation(&cluster, &key, &before.uid, "state", known, set("2"));
    let second = second.await.expect("patched");
    assert_eq!((second.attempts, second.value.as_deref()), (2, Some("12")));
    for _ in 0..2 {
        assert_eq!(told(&next(&mut events).await), "applied b");
    }
    let after = get_object(&cluster, &key).await.expect("b");
    let manager = after
        .annotation_manager("state")
        .expect("somebody wrote it");
    assert_eq!(manager.manager, "kubechime");
    let wrong = patch_annotation(&cluster, &key, "another-uid", "state", None, set("3")).await;
    assert!(matches!(wrong, Err(PatchError::Gone { .. })), "{wrong:?}");
    let version = Some(KnownAnnotation {
        resource_version: after.resource_version.clone(),
        value: Some("12".into()),
    });
    let wrong = patch_annotation(&cluster, &key, "another-uid", "state", version, set("3")).await;
    assert!(matches!(wrong, Err(PatchError::Gone { .. })), "{wrong:?}");

    let rule = Rule {
        namespace: Some(&namespace),
        groups: &[""],
        resources: &["pods"],
        verbs: &["get", "list"],
    };
    let restricted = connect_to(&real.restricted_kubeconfig(&namespace, &[rule])).await;
    let mut events = watch(&restricted, Arc::new(Kind::pod()), &scope, &quick());
    told_until(&mut events, "synced").await;
    let WatchEvent::Failed(failure) = next(&mut events).await else {
        panic!("watching is not allowed");
    };
    let hint = format!("needs verb \"watch\" on pods in namespace {namespace}");
    assert_eq!(failure.hint, Some(hint));
    let denied = patch_annotation(&restricted, &key, &before.uid, "state", None, set("3")).await;
    assert!(
        matches!(denied, Err(PatchError::Forbidden { .. })),
        "{denied:?}"
    );
}

#[tokio::test]
async fn a_restart_of_the_api_server_is_survived() {
    let Some(real) = RealCluster::start().filter(RealCluster::is_owned) else {
        return;
    };
    let namespace = real.namespace("client");
    let cluster = connect_to(real.kubeconfig()).await;
    real.apply(&pod(&namespace, "before"));
    let scope = Scope::Namespaces(vec![namespace.clone()]);
    let mut events = watch(&cluster, Arc::new(Kind::pod()), &scope, &quick());
    told_until(&mut events, "synced").await;
    real.stop_api_server();
    told_until(&mut events, "failed Unreachable").await;
    real.start_api_server();
    told_until(&mut events, "recovered").await;
    real.apply(&pod(&namespace, "after"));
    told_until(&mut events, "applied after").await;
}

#[tokio::test]
async fn the_configuration_and_the_lease() {
    let Some(real) = RealCluster::shared() else {
        return;
    };
    let namespace = real.namespace("client");
    let cluster = connect_to(real.kubeconfig()).await;
    let kind = resolve_kind(&cluster, "deploy").await.expect("deployments");
    assert_eq!(kind.resource_name(), "deployments.apps");

    let mut events = watch_config(&cluster, &namespace, "cm", "s", &quick());
    let changes = BTreeMap::from([("k".to_owned(), Some("v".to_owned()))]);
    let apply = async |base: Option<&str>| {
        apply_config_map(&cluster, &namespace, "cm", base, &changes, false).await
    };
    apply(None).await.expect("created");
    let exists = apply(None).await;
    assert!(
        matches!(exists, Err(ApplyError::Conflict { .. })),
        "{exists:?}"
    );
    let stale = apply(Some("1")).await;
    assert!(
        matches!(stale, Err(ApplyError::Conflict { .. })),
        "{stale:?}"
    );
    let found = async {
        loop {
            if let Some(ConfigEvent::ConfigMap(Some(snapshot))) = events.next().await {
                return snapshot;
            }
        }
    };
    let snapshot = tokio::time::timeout(PATIENCE, found)
        .await
        .expect("the ConfigMap in time");
    assert_eq!(snapshot.data["k"], "v");
    assert_eq!(
        snapshot.managers.first().map(|m| &*m.manager),
        Some("kubechime")
    );

    let contend = |name| hold(&cluster, LeaseOptions::new(&namespace, "engine", name));
    let (first, second) = (contend("first"), contend("second"));
    let (mut one, mut other) = (first.state(), second.state());
    let leader = tokio::time::timeout(PATIENCE, async {
        tokio::select! {
            state = one.wait_for(LeaseState::is_leader) => { state.expect("it goes on"); true }
            state = other.wait_for(LeaseState::is_leader) => { state.expect("it goes on"); false }
        }
    });
    let first_leads = leader.await.expect("a leader in time");
    let (leader, follower) = if first_leads {
        (first, second)
    } else {
        (second, first)
    };
    leader.release().await;
    let mut state = follower.state();
    let taken = state.wait_for(LeaseState::is_leader);
    let taken = tokio::time::timeout(super::PATIENCE, taken).await;
    taken
        .expect("taken soon after the release")
        .expect("it goes on");
    follower.release().await;
    let lease = real.kubectl(
        ["get", "lease", "engine", "-n", &namespace, "-o", "json"],
        "",
    );
    let lease: serde_json::Value = serde_json::from_str(&lease).expect("JSON");
    assert_eq!(lease["spec"]["holderIdentity"], json!(""));
}
