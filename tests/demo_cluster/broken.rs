//! Injected faults, denials, tokens, and a server that goes away.

use super::{PATIENCE, client, config_map, empty, refusal, start};
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use kubechime::demo::{ClusterOptions, Fault, Matcher};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn refusals_can_be_ordered_by_verb_resource_and_count() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    let busy = Fault::Status {
        code: 429,
        retry_after: Some(7),
    };
    let matcher = Matcher::all()
        .verb("create")
        .resource("configmaps")
        .namespace("default");
    cluster.faults().inject_times(matcher.clone(), busy, 2);
    let post = PostParams::default();
    for _ in 0..2 {
        let status = refusal(api.create(&post, &config_map("m")).await);
        assert_eq!(
            (status.code, status.reason.as_str()),
            (429, "TooManyRequests")
        );
        assert_eq!(status.details.expect("details").retry_after_seconds, 7);
    }
    api.create(&post, &config_map("m"))
        .await
        .expect("the fault ran out");
    assert_eq!(cluster.requests().count(&matcher), 3);
    let codes: Vec<u16> = cluster
        .requests()
        .matching(&matcher)
        .iter()
        .map(|r| r.code)
        .collect();
    assert_eq!(codes, [429, 429, 201]);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_break_before_or_after_the_work_is_done() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    for (fault, name, done) in [
        (Fault::Disconnect, "a", false),
        (Fault::LoseAnswer, "b", true),
    ] {
        cluster
            .faults()
            .inject_times(Matcher::all().verb("create"), fault, 1);
        let made = api.create(&PostParams::default(), &config_map(name)).await;
        assert!(
            !matches!(made, Ok(_) | Err(kube::Error::Api(_))),
            "{made:?}"
        );
        assert_eq!(
            api.get_opt(name).await.expect("an answer").is_some(),
            done,
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_delays_answers() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    let delay = Duration::from_millis(120);
    let rule = cluster
        .faults()
        .inject(Matcher::all().verb("list"), Fault::Latency(delay));
    let asked = Instant::now();
    api.list(&ListParams::default()).await.expect("a list");
    assert!(asked.elapsed() >= delay);
    cluster.faults().clear(rule);
    cluster
        .faults()
        .inject(Matcher::all().verb("list"), Fault::Trickle(delay));
    let asked = Instant::now();
    api.list(&ListParams::default()).await.expect("a list");
    assert!(asked.elapsed() >= delay);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_speaks_through_access_reviews_too() {
    let cluster = empty().await;
    let kube = client(&cluster).await;
    let api: Api<ConfigMap> = Api::namespaced(kube.clone(), "default");
    api.create(&PostParams::default(), &config_map("m"))
        .await
        .expect("created");
    let reviews: Api<SelfSubjectAccessReview> = Api::all(kube);
    let may = async |verb: &str| {
        let review = super::typed(json!({"spec": {"resourceAttributes": {
            "verb": verb, "resource": "configmaps", "namespace": "default",
        }}}));
        let answer = reviews
            .create(&PostParams::default(), &review)
            .await
            .expect("an answer");
        answer.status.expect("a status").allowed
    };
    assert!(may("patch").await);
    let rule = cluster
        .faults()
        .deny(Matcher::all().verb("patch").resource("configmaps"));
    assert!(!may("patch").await);
    assert!(may("get").await);
    let patch = Patch::Merge(json!({"data": {"k": "w"}}));
    let status = refusal(api.patch("m", &PatchParams::default(), &patch).await);
    assert!(status.is_forbidden());
    assert_eq!(
        status.message,
        "configmaps \"m\" is forbidden: User \"kubernetes-admin\" cannot patch resource \
         \"configmaps\" in API group \"\" in the namespace \"default\""
    );
    cluster.faults().clear(rule);
    api.patch("m", &PatchParams::default(), &patch)
        .await
        .expect("allowed again");
    cluster
        .faults()
        .allow_only("kubernetes-admin", vec![Matcher::all().verb("get")]);
    assert!(refusal(api.list(&ListParams::default()).await).is_forbidden());
    api.get("m").await.expect("this is allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_can_expire() {
    let options = ClusterOptions {
        empty: true,
        token: Some("secret".into()),
        ..ClusterOptions::default()
    };
    let cluster = start(options).await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    api.list(&ListParams::default())
        .await
        .expect("the token of the kubeconfig is good");
    cluster.set_tokens([("newer", "ada")]);
    assert_eq!(refusal(api.list(&ListParams::default()).await).code, 401);
    cluster.set_tokens([("secret", "ada")]);
    cluster
        .faults()
        .deny(Matcher::all().user("ada").verb("list"));
    let status = refusal(api.list(&ListParams::default()).await);
    assert!(
        status.message.contains("User \"ada\""),
        "{}",
        status.message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_server_is_unreachable_and_keeps_its_objects() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    api.create(&PostParams::default(), &config_map("m"))
        .await
        .expect("created");
    cluster.pause().await;
    assert!(!matches!(
        api.get("m").await,
        Ok(_) | Err(kube::Error::Api(_))
    ));
    cluster.resume().await.expect("the port is free");
    api.get("m").await.expect("still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_can_be_waited_for() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    let creates = Matcher::all().verb("create").resource("configmaps");
    assert!(
        !cluster
            .requests()
            .wait_for(&creates, 1, Duration::from_millis(20))
            .await
    );
    let (post, map) = (PostParams::default(), config_map("m"));
    let (made, waited) = tokio::join!(
        api.create(&post, &map),
        cluster.requests().wait_for(&creates, 1, PATIENCE),
    );
    made.expect("created");
    assert!(waited);
    let recorded = cluster.requests().matching(&creates);
    let body: serde_json::Value = serde_json::from_slice(&recorded[0].body).expect("JSON");
    assert_eq!(body["metadata"]["name"], "m");
}
