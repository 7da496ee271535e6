//! Lists: pages of one state, selectors, metadata alone.

use super::{client, config_map, empty, pod, refusal, start};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::ResourceExt as _;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use kubechime::demo::ClusterOptions;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn pages_show_one_state_while_others_write() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    for number in 0..25 {
        api.create(
            &PostParams::default(),
            &config_map(&format!("m-{number:02}")),
        )
        .await
        .expect("m");
    }
    let mut params = ListParams::default().limit(10);
    let first = api.list(&params).await.expect("a page");
    // What follows the first page changes: one goes, one comes, one is written.
    cluster.objects().delete("configmaps", "default", "m-15");
    cluster
        .objects()
        .update("configmaps", "default", "m-16", |m| {
            m["data"]["k"] = "new".into()
        });
    api.create(&PostParams::default(), &config_map("m-155"))
        .await
        .expect("m-155");
    let mut seen: Vec<ConfigMap> = first.items;
    let version = first.metadata.resource_version;
    let mut next = first.metadata.continue_;
    while let Some(token) = next.filter(|token| !token.is_empty()) {
        params = params.continue_token(&token);
        let page = api.list(&params).await.expect("a page");
        assert_eq!(page.metadata.resource_version, version);
        seen.extend(page.items);
        next = page.metadata.continue_;
    }
    let names: Vec<String> = seen.iter().map(|m| m.name_any()).collect();
    let expected: Vec<String> = (0..25).map(|number| format!("m-{number:02}")).collect();
    assert_eq!(names, expected);
    assert!(
        seen.iter()
            .all(|m| m.data.as_ref().is_some_and(|data| data["k"] == "v"))
    );
    assert_eq!(
        api.list(&ListParams::default())
            .await
            .expect("now")
            .items
            .len(),
        25
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_from_a_forgotten_state_is_gone() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    for name in ["a", "b"] {
        api.create(&PostParams::default(), &config_map(name))
            .await
            .expect("created");
    }
    let first = api
        .list(&ListParams::default().limit(1))
        .await
        .expect("a page");
    let token = first.metadata.continue_.expect("there is more");
    cluster.forget_history();
    let status = refusal(
        api.list(&ListParams::default().continue_token(&token))
            .await,
    );
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn selectors_narrow_lists() {
    let cluster = empty().await;
    let api: Api<Pod> = Api::namespaced(client(&cluster).await, "default");
    for (name, app, phase) in [
        ("a", "web", "Running"),
        ("b", "web", "Pending"),
        ("c", "db", "Running"),
    ] {
        cluster
            .objects()
            .put(
                "pods",
                json!({
                    "metadata": {"name": name, "namespace": "default", "labels": {"app": app}},
                    "spec": {"nodeName": "n1"}, "status": {"phase": phase},
                }),
            )
            .expect("put");
    }
    for (labels, fields, expected) in [
        ("app=web", "", "a b"),
        ("app in (web,db)", "status.phase=Running", "a c"),
        ("app!=web", "", "c"),
        ("!app", "", ""),
        ("", "metadata.name=b", "b"),
        ("", "status.phase!=Running,spec.nodeName=n1", "b"),
    ] {
        let params = ListParams::default().labels(labels).fields(fields);
        let list = api.list(&params).await.expect("a list");
        let names: Vec<String> = list.items.iter().map(|p| p.name_any()).collect();
        assert_eq!(names.join(" "), expected, "{labels} {fields}");
        // The same with a limit smaller than the answer.
        let page = api.list(&params.limit(1)).await.expect("a page");
        assert_eq!(page.items.len(), names.len().min(1), "{labels} {fields}");
        assert_eq!(
            page.metadata.continue_.is_some(),
            names.len() > 1,
            "{labels} {fields}"
        );
    }
    for (labels, fields) in [("a in", ""), ("", "spec.bogus=1")] {
        let params = ListParams::default().labels(labels).fields(fields);
        assert_eq!(refusal(api.list(&params).await).code, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_alone_can_be_asked_for() {
    let cluster = empty().await;
    let api: Api<Pod> = Api::namespaced(client(&cluster).await, "default");
    api.create(&PostParams::default(), &pod("p"))
        .await
        .expect("created");
    let list = api
        .list_metadata(&ListParams::default())
        .await
        .expect("a list");
    assert_eq!(list.items[0].name_any(), "p");
    let one = api.get_metadata("p").await.expect("there");
    assert_eq!(one.labels()["app"], "web");
    let patch = Patch::Merge(json!({"metadata": {"annotations": {"a": "b"}}}));
    let small = api
        .patch_metadata("p", &PatchParams::default(), &patch)
        .await
        .expect("patched");
    assert_eq!(small.annotations()["a"], "b");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_large_objects_are_listed_in_pages() {
    let cluster = start(ClusterOptions {
        empty: true,
        history_window: 8,
        ..Default::default()
    })
    .await;
    let filler = "x".repeat(8_000);
    for number in 0..2_000 {
        let pod = json!({
            "metadata": {"name": format!("p-{number:05}"), "namespace": "default"},
            "spec": {"containers": []}, "status": {"message": filler},
        });
        cluster.objects().put("pods", pod).expect("put");
    }
    let api: Api<Pod> = Api::namespaced(client(&cluster).await, "default");
    let mut params = ListParams::default().limit(500);
    let mut count = 0;
    loop {
        let page = api.list(&params).await.expect("a page");
        count += page.items.len();
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    assert_eq!(count, 2_000);
}
