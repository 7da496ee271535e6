//! Connecting, asking what there is, and the objects of the configuration.

use super::{Fixture, PATIENCE, connect_to, pod_key, quick};
use futures::StreamExt as _;
use kubechime::cluster::{
    AccessReviews, Cluster, ConfigEvent, ConfigObject, ConnectOptions, FailureClass, ListQuery,
    Permission, RightsQuery, contexts, get_object, list_page, resolve_kind, watch_config,
};
use kubechime::demo::{ClusterOptions, Fault, Matcher};
use kubechime::domain::Kind;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn connects_to_the_context_and_knows_the_server() {
    let fixture = Fixture::start().await;
    let options = ConnectOptions {
        kubeconfig: Some(fixture.folder.path().join("kubeconfig")),
        namespace: Some("shop".into()),
        ..ConnectOptions::default()
    };
    let cluster = Cluster::connect(&options)
        .await
        .expect("a usable kubeconfig");
    assert_eq!(
        (cluster.context(), cluster.namespace()),
        ("kubechime-demo", "shop")
    );
    assert_eq!(cluster.url(), fixture.sim.url());
    assert!(
        cluster
            .version()
            .await
            .expect("a version")
            .git_version
            .starts_with('v')
    );
    let listed = contexts(&options).expect("contexts");
    assert_eq!(listed.len(), 1);
    assert!(listed[0].current);
}

#[tokio::test]
async fn a_credential_plugin_is_run_again_when_its_token_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = Fixture::with(ClusterOptions {
        token: Some("first".into()),
        ..ClusterOptions::default()
    })
    .await;
    let folder = fixture.folder.path();
    let (plugin, token) = (folder.join("login"), folder.join("token"));
    let script = format!(
        "#!/bin/sh\necho '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\
         \"kind\":\"ExecCredential\",\"status\":{{\"token\":\"'$(cat {})'\"}}}}'\n",
        token.display()
    );
    std::fs::write(&plugin, script).expect("writing");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&plugin, executable).expect("making it executable");
    std::fs::write(&token, "first").expect("writing");
    let config = json!({
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": fixture.sim.url()}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "./login",
        }}}],
    });
    let path = folder.join("with-plugin");
    std::fs::write(&path, config.to_string()).expect("writing");
    let cluster = connect_to(&path).await;
    cluster.version().await.expect("the plugin's token is good");
    fixture.sim.set_tokens([("second", "admin")]);
    std::fs::write(&token, "second").expect("writing");
    cluster.version().await.expect("the plugin was asked again");
    // Not again and again, when it does not help.
    fixture.sim.set_tokens([("third", "admin")]);
    let error = cluster.version().await.expect_err("refused");
    assert_eq!(error.class(), FailureClass::Unauthorized);
}

#[tokio::test]
async fn no_call_hangs() {
    let fixture = Fixture::start().await;
    let slow = Fault::Latency(Duration::from_secs(3600));
    fixture.sim.faults().inject(Matcher::all(), slow);
    let options = ConnectOptions {
        kubeconfig: Some(fixture.folder.path().join("kubeconfig")),
        request_timeout: Some(Duration::from_millis(200)),
        ..ConnectOptions::default()
    };
    let cluster = Cluster::connect(&options)
        .await
        .expect("a usable kubeconfig");
    let error = get_object(&cluster, &pod_key("default", "web"))
        .await
        .expect_err("no answer");
    assert_eq!(error.class(), FailureClass::Unreachable);
    let text = "could not get pods default/web: no answer within 0.2 s";
    assert_eq!(error.to_string(), text);
    fixture.sim.faults().clear_all();
    fixture.sim.pause().await;
    let error = get_object(&cluster, &pod_key("default", "web"))
        .await
        .expect_err("no server");
    assert_eq!(error.class(), FailureClass::Unreachable);
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn busy_servers_are_not_asked_again_and_again() {
    let fixture = Fixture::start().await;
    let busy = Fault::Status {
        code: 503,
        retry_after: Some(3),
    };
    fixture.sim.faults().inject(Matcher::all(), busy);
    let key = pod_key("default", "web");
    let error = get_object(&fixture.cluster, &key).await.expect_err("busy");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    assert_eq!(
        fixture
            .sim
            .requests()
            .count(&Matcher::all().resource("pods")),
        1
    );
}

#[tokio::test]
async fn finds_kinds_and_reads_objects() {
    let fixture = Fixture::start().await;
    for (text, expected) in [
        ("deploy", "deployments.apps"),
        ("Lease", "leases.coordination.k8s.io"),
        ("nodes", "nodes"),
        ("events.events.k8s.io", "events.events.k8s.io"),
    ] {
        let kind = resolve_kind(&fixture.cluster, text).await.expect(text);
        assert_eq!(kind.resource_name(), expected);
        let query = ListQuery::default();
        let page = list_page(&fixture.cluster, &kind, &query, 5, None).await;
        assert!(page.expect(text).continue_token.is_none());
    }
    for name in ["a", "b", "c"] {
        fixture.put_pod("default", name);
    }
    let (kind, query) = (Arc::new(Kind::pod()), ListQuery::default());
    let first = list_page(&fixture.cluster, &kind, &query, 2, None)
        .await
        .expect("a page");
    let token = first.continue_token.as_deref();
    let second = list_page(&fixture.cluster, &kind, &query, 2, token)
        .await
        .expect("a page");
    let names = first.objects.iter().chain(&second.objects);
    let names: Vec<_> = names.map(|object| object.key.to_string()).collect();
    assert_eq!(names, ["default/a", "default/b", "default/c"]);
    let found = get_object(&fixture.cluster, &pod_key("default", "b"))
        .await
        .expect("b");
    assert_eq!(found.value().expect("JSON")["status"]["phase"], "Pending");
    let missing = get_object(&fixture.cluster, &pod_key("default", "x")).await;
    assert_eq!(missing.expect_err("gone").class(), FailureClass::NotFound);
}

#[tokio::test]
async fn rights_are_asked_for_once_a_minute() {
    let fixture = Fixture::start().await;
    fixture
        .sim
        .faults()
        .deny(Matcher::all().verb("patch").resource("pods"));
    fixture.sim.faults().deny(
        Matcher::all()
            .resource("leases.coordination.k8s.io")
            .verb("create"),
    );
    let reviews = AccessReviews::new(fixture.cluster.clone());
    let patch = Permission::on_kind("patch", &Kind::pod(), Some("default"));
    let list = Permission::on_kind("list", &Kind::pod(), None);
    assert!(!reviews.can(&patch).await.expect("an answer"));
    assert!(reviews.can(&list).await.expect("an answer"));
    assert!(!reviews.can(&patch).await.expect("an answer"));
    let asked = Matcher::all().resource("selfsubjectaccessreviews.authorization.k8s.io");
    assert_eq!(fixture.sim.requests().count(&asked), 2);
    let query = RightsQuery {
        kinds: vec![Arc::new(Kind::pod())],
        namespaces: vec!["default".into()],
        config_namespace: "default".into(),
        config_map: "cm".into(),
        secret: "s".into(),
        lease_namespace: "kube-system".into(),
    };
    let rights = reviews.rights(&query).await;
    assert!(!rights.may_use_leases() && rights.patch_config.allowed);
    assert_eq!(
        rights.missing(),
        [
            "needs verb \"patch\" on pods in namespace default",
            "needs verb \"create\" on leases.coordination.k8s.io in namespace kube-system",
        ]
    );
}

#[tokio::test]
async fn the_configuration_is_told_from_absent_to_absent() {
    let fixture = Fixture::with(ClusterOptions::default()).await;
    let mut events = watch_config(&fixture.cluster, "default", "cm", "s", &quick());
    let mut next = async || {
        let event = tokio::time::timeout(PATIENCE, events.next()).await;
        event
            .expect("an event in time")
            .expect("the stream does not end")
    };
    let (mut config_map, mut secret) = (false, false);
    while !(config_map && secret) {
        match next().await {
            ConfigEvent::ConfigMap(None) => config_map = true,
            ConfigEvent::Secret(None) => secret = true,
            other => panic!("{other:?}"),
        }
    }
    let meta = |name: &str| json!({"name": name, "namespace": "default"});
    let other = json!({"metadata": meta("other"), "data": {"k": "other"}});
    fixture
        .objects()
        .put("configmaps", other)
        .expect("a ConfigMap");
    let ours = json!({"metadata": meta("cm"), "data": {"k": "v"}});
    let ours = fixture
        .objects()
        .put("configmaps", ours)
        .expect("a ConfigMap");
    let ConfigEvent::ConfigMap(Some(snapshot)) = next().await else {
        panic!("not the ConfigMap");
    };
    assert_eq!(snapshot.data["k"], "v");
    assert_eq!(
        ours["metadata"]["resourceVersion"],
        *snapshot.resource_version
    );
    let hidden = json!({"metadata": meta("s"), "data": {"token": "aHVudGVyMg=="}});
    fixture.objects().put("secrets", hidden).expect("a Secret");
    let event = next().await;
    assert!(!format!("{event:?}").contains("hunter2"));
    let ConfigEvent::Secret(Some(snapshot)) = event else {
        panic!("not the Secret");
    };
    assert_eq!(snapshot.data["token"].expose(), b"hunter2");
    fixture.objects().delete("configmaps", "default", "cm");
    assert!(matches!(next().await, ConfigEvent::ConfigMap(None)));
}

#[tokio::test]
async fn a_secret_that_may_not_be_read_is_told() {
    let fixture = Fixture::start().await;
    fixture
        .sim
        .faults()
        .deny(Matcher::all().resource("secrets"));
    let mut events = watch_config(&fixture.cluster, "default", "cm", "s", &quick());
    let mut told = None;
    while told.is_none() {
        let event = tokio::time::timeout(PATIENCE, events.next()).await;
        if let Some(ConfigEvent::Failed { which, failure }) = event.expect("an event in time") {
            told = Some((which, failure.hint.clone()));
        }
    }
    let hint = "needs verb \"list\" on secrets in namespace default".to_owned();
    assert_eq!(told, Some((ConfigObject::Secret, Some(hint))));
}
