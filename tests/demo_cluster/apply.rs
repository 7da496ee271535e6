//! The patch formats and server-side apply with its owners.

use super::{client, empty, pod, refusal, typed};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::ResourceExt as _;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn strategic_patches_merge_lists_by_key() {
    let cluster = empty().await;
    let api: Api<Pod> = Api::namespaced(client(&cluster).await, "default");
    api.create(&PostParams::default(), &pod("p"))
        .await
        .expect("created");
    let patch = json!({"spec": {"containers": [
        {"name": "c", "image": "nginx:2"}, {"name": "d", "image": "agent:1"},
    ]}});
    let patched = api
        .patch("p", &PatchParams::default(), &Patch::Strategic(patch))
        .await;
    let containers = patched.expect("patched").spec.expect("a spec").containers;
    let images: Vec<_> = containers
        .iter()
        .filter_map(|c| c.image.as_deref())
        .collect();
    assert_eq!(images, ["nginx:2", "agent:1"]);
    let conditions =
        |status: &str| json!({"status": {"conditions": [{"type": "Ready", "status": status}]}});
    for status in ["False", "True"] {
        let patch = Patch::Strategic(conditions(status));
        api.patch_status("p", &PatchParams::default(), &patch)
            .await
            .expect("patched");
    }
    let stored = cluster
        .objects()
        .get("pods", "default", "p")
        .expect("there");
    assert_eq!(
        stored["status"]["conditions"],
        json!([{"type": "Ready", "status": "True"}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn json_patches_can_test_before_they_write() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    api.create(&PostParams::default(), &super::config_map("m"))
        .await
        .expect("created");
    let patch = |test: &str| -> Patch<()> {
        Patch::Json(typed(json!([
            {"op": "test", "path": "/data/k", "value": test},
            {"op": "replace", "path": "/data/k", "value": "w"},
        ])))
    };
    let params = PatchParams::default();
    assert_eq!(
        refusal(api.patch("m", &params, &patch("other")).await).code,
        422
    );
    let patched = api.patch("m", &params, &patch("v")).await.expect("patched");
    assert_eq!(patched.data.expect("data")["k"], "w");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_belong_to_who_applied_them() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    let config = |data: Value| {
        Patch::Apply(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data,
        }))
    };
    let (one, two) = (PatchParams::apply("one"), PatchParams::apply("two"));
    api.patch("m", &one, &config(json!({"a": "1", "b": "1"})))
        .await
        .expect("created");
    let status = refusal(
        api.patch("m", &two, &config(json!({"a": "2", "c": "2"})))
            .await,
    );
    assert!(status.is_conflict());
    assert_eq!(
        status.message,
        "Apply failed with 1 conflict: conflict with \"one\": .data.a"
    );
    let causes = status.details.expect("details").causes;
    assert_eq!(causes[0].field, ".data.a");
    assert_eq!(causes[0].reason, "FieldManagerConflict");
    let forced = api
        .patch(
            "m",
            &two.clone().force(),
            &config(json!({"a": "2", "c": "2"})),
        )
        .await;
    assert_eq!(forced.expect("forced").data.expect("data").len(), 3);
    // What the first no longer names goes, unless someone else has it by now.
    let left = api
        .patch("m", &one, &config(json!({})))
        .await
        .expect("applied");
    let data: Vec<String> = left.data.clone().expect("data").into_keys().collect();
    assert_eq!(data, ["a", "c"]);
    let owns = |manager: &str, field: &str| {
        left.managed_fields().iter().any(|entry| {
            let fields = entry.fields_v1.as_ref().map(|fields| &fields.0);
            entry.manager.as_deref() == Some(manager)
                && fields.is_some_and(|f| !f["f:data"][field].is_null())
        })
    };
    assert!(owns("two", "f:a") && !owns("one", "f:a") && !owns("one", "f:b"));
    // The same configuration again changes nothing, not even the version.
    let again = api
        .patch("m", &two, &config(json!({"a": "2", "c": "2"})))
        .await
        .expect("applied");
    assert_eq!(again.resource_version(), left.resource_version());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_writer_of_an_annotation_is_on_record() {
    let cluster = empty().await;
    let api: Api<Pod> = Api::namespaced(client(&cluster).await, "default");
    api.create(&PostParams::default(), &pod("p"))
        .await
        .expect("created");
    for manager in ["notifications", "someone"] {
        let params = PatchParams {
            field_manager: Some(manager.into()),
            ..PatchParams::default()
        };
        let patch = json!({"metadata": {"annotations": {"state": manager}}});
        api.patch("p", &params, &Patch::Merge(patch))
            .await
            .expect("patched");
    }
    let stored = api.get("p").await.expect("there");
    let writers: Vec<_> = stored
        .managed_fields()
        .iter()
        .filter(|entry| {
            let fields = entry.fields_v1.as_ref().map(|fields| &fields.0);
            fields.is_some_and(|f| !f["f:metadata"]["f:annotations"]["f:state"].is_null())
        })
        .filter_map(|entry| entry.manager.as_deref())
        .collect();
    assert_eq!(writers, ["someone"]);
}
