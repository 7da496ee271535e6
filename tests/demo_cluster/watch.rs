//! Watches: what is told, from where, and how they end.

use super::{PATIENCE, client, config_map, empty, pod, refusal, start};
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::ResourceExt as _;
use kube::api::{Api, ListParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::watcher::{self, Event, watcher};
use kubechime::demo::{ClusterOptions, Fault, Matcher, WatchEnd};
use serde_json::json;
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

type Events = Pin<Box<dyn Stream<Item = kube::Result<WatchEvent<ConfigMap>>> + Send>>;

async fn follow(api: &Api<ConfigMap>, params: &WatchParams, version: &str) -> Events {
    Box::pin(api.watch(params, version).await.expect("a watch"))
}

/// The next event in short: `+name`, `~name`, `-name`, `bookmark`, `error CODE`, `end`.
async fn next(events: &mut Events) -> String {
    match tokio::time::timeout(PATIENCE, events.next())
        .await
        .expect("an event in time")
    {
        Some(Ok(WatchEvent::Added(m))) => format!("+{}", m.name_any()),
        Some(Ok(WatchEvent::Modified(m))) => format!("~{}", m.name_any()),
        Some(Ok(WatchEvent::Deleted(m))) => format!("-{}", m.name_any()),
        Some(Ok(WatchEvent::Bookmark(_))) => "bookmark".to_owned(),
        Some(Ok(WatchEvent::Error(status))) => format!("error {}", status.code),
        Some(Err(_)) => "broken".to_owned(),
        None => "end".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_from_the_version_of_the_list() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    let post = PostParams::default();
    api.create(&post, &config_map("before"))
        .await
        .expect("created");
    let list = api.list(&ListParams::default()).await.expect("a list");
    let version = list.metadata.resource_version.expect("a version");
    api.create(&post, &config_map("between"))
        .await
        .expect("created");
    let mut events = follow(&api, &WatchParams::default(), &version).await;
    assert_eq!(next(&mut events).await, "+between");
    cluster
        .objects()
        .update("configmaps", "default", "before", |m| {
            m["data"]["k"] = "w".into()
        });
    assert_eq!(next(&mut events).await, "~before");
    // Other namespaces are not told.
    let elsewhere = json!({"metadata": {"name": "other", "namespace": "kube-system"}});
    cluster.objects().put("configmaps", elsewhere).expect("put");
    cluster.objects().delete("configmaps", "default", "before");
    assert_eq!(next(&mut events).await, "-before");
    // Version 0 and none begin with what is there.
    for version in ["0", ""] {
        let mut events = follow(&api, &WatchParams::default(), version).await;
        assert_eq!(next(&mut events).await, "+between");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entering_and_leaving_a_selector_is_told_as_such() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    let params = WatchParams::default().labels("on=yes");
    let mut events = follow(&api, &params, "").await;
    api.create(&PostParams::default(), &config_map("m"))
        .await
        .expect("created");
    let label = |value: &'static str| {
        cluster
            .objects()
            .update("configmaps", "default", "m", move |map| {
                map["metadata"]["labels"] = json!({"on": value});
            });
    };
    label("yes");
    assert_eq!(next(&mut events).await, "+m");
    cluster.objects().update("configmaps", "default", "m", |m| {
        m["data"]["k"] = "w".into()
    });
    assert_eq!(next(&mut events).await, "~m");
    label("no");
    assert_eq!(next(&mut events).await, "-m");
    label("yes");
    assert_eq!(next(&mut events).await, "+m");
    cluster.objects().delete("configmaps", "default", "m");
    assert_eq!(next(&mut events).await, "-m");
}

#[tokio::test(flavor = "multi_thread")]
async fn bookmarks_move_the_version_and_time_outs_end_the_watch() {
    let options = ClusterOptions {
        empty: true,
        bookmark_interval: Duration::from_millis(50),
        ..ClusterOptions::default()
    };
    let cluster = start(options).await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    let from = api
        .list(&ListParams::default())
        .await
        .expect("a list")
        .metadata
        .resource_version;
    let from = from.expect("a version");
    let mut events = follow(&api, &WatchParams::default(), &from).await;
    // Something elsewhere moves the cluster's version, which the watch itself has no event for.
    cluster.objects().create_namespace("elsewhere");
    loop {
        match tokio::time::timeout(PATIENCE, events.next())
            .await
            .expect("in time")
        {
            Some(Ok(WatchEvent::Bookmark(mark))) if mark.metadata.resource_version != from => break,
            Some(Ok(WatchEvent::Bookmark(_))) => {}
            other => panic!("expected a bookmark, got {other:?}"),
        }
    }
    let mut events = follow(&api, &WatchParams::default().timeout(1), &from).await;
    let ended = async { while next(&mut events).await == "bookmark" {} };
    tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("the watch ends after a second");
    let mut quiet = follow(
        &api,
        &WatchParams::default().disable_bookmarks().timeout(1),
        &from,
    )
    .await;
    assert_eq!(next(&mut quiet).await, "end");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_old_a_version_is_an_error_event_or_a_status() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    api.create(&PostParams::default(), &config_map("m"))
        .await
        .expect("created");
    let list = api.list(&ListParams::default()).await.expect("a list");
    let version = list.metadata.resource_version.expect("a version");
    cluster.forget_history();
    let mut events = follow(&api, &WatchParams::default(), &version).await;
    assert_eq!(next(&mut events).await, "error 410");
    assert_eq!(next(&mut events).await, "end");
    let gone = Fault::Status {
        code: 410,
        retry_after: None,
    };
    cluster
        .faults()
        .inject_times(Matcher::all().verb("watch"), gone, 1);
    let refused = api.watch(&WatchParams::default(), "").await.map(|_| ());
    assert_eq!(refusal(refused).code, 410);
    let mut events = follow(&api, &WatchParams::default(), "").await;
    assert_eq!(next(&mut events).await, "+m");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_of_changes_bounds_how_far_back_one_can_resume() {
    let options = ClusterOptions {
        empty: true,
        history_window: 4,
        ..ClusterOptions::default()
    };
    let cluster = start(options).await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    api.create(&PostParams::default(), &config_map("m"))
        .await
        .expect("created");
    let mut versions = Vec::new();
    for number in 0..6 {
        let map = cluster
            .objects()
            .update("configmaps", "default", "m", |map| {
                map["data"]["k"] = number.to_string().into();
            });
        versions.push(map.expect("there")["metadata"]["resourceVersion"].clone());
    }
    let version = |index: usize| versions[index].as_str().expect("a version").to_owned();
    let mut events = follow(&api, &WatchParams::default(), &version(1)).await;
    for _ in 0..4 {
        assert_eq!(next(&mut events).await, "~m");
    }
    let mut events = follow(&api, &WatchParams::default(), &version(0)).await;
    assert_eq!(next(&mut events).await, "error 410");
}

#[tokio::test(flavor = "multi_thread")]
async fn established_watches_can_be_ended_in_three_ways() {
    let cluster = empty().await;
    let api: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    api.create(&PostParams::default(), &config_map("m"))
        .await
        .expect("created");
    let mut events = follow(&api, &WatchParams::default(), "").await;
    assert_eq!(next(&mut events).await, "+m");
    cluster
        .faults()
        .end_watches(Matcher::all().resource("pods"), WatchEnd::Finished);
    cluster
        .faults()
        .end_watches(Matcher::all().resource("configmaps"), WatchEnd::Expired);
    assert_eq!(next(&mut events).await, "error 410");
    // kube makes no difference between the other two; on the wire only one answer is complete.
    for (end, complete) in [(WatchEnd::Finished, true), (WatchEnd::Disconnected, false)] {
        let mut stream = TcpStream::connect(("127.0.0.1", cluster.port()))
            .await
            .expect("open");
        let request =
            "GET /api/v1/configmaps?watch=true HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let ending = async {
            while !String::from_utf8_lossy(&answer).contains("ADDED") {
                stream.read_buf(&mut answer).await.expect("an answer");
            }
            cluster.faults().end_watches(Matcher::all(), end);
            // A broken connection may be an error here, or simply the end.
            let _ = stream.read_to_end(&mut answer).await;
        };
        tokio::time::timeout(PATIENCE, ending)
            .await
            .expect("it ends");
        assert_eq!(answer.ends_with(b"0\r\n\r\n"), complete, "{end:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watcher_of_kube_survives_everything() {
    let cluster = empty().await;
    let kube = client(&cluster).await;
    let api: Api<Pod> = Api::namespaced(kube, "default");
    api.create(&PostParams::default(), &pod("p-0"))
        .await
        .expect("created");
    for streaming in [false, true] {
        let config = watcher::Config::default();
        let config = if streaming {
            config.streaming_lists()
        } else {
            config.page_size(1)
        };
        let mut events = Box::pin(watcher(api.clone(), config));
        let mut until = async |name: &str| {
            let found = async {
                loop {
                    match events.try_next().await {
                        Ok(Some(Event::Apply(pod) | Event::InitApply(pod)))
                            if pod.name_any() == name =>
                        {
                            return;
                        }
                        Ok(Some(_)) => {}
                        Ok(None) => panic!("the watcher ended"),
                        // What went wrong is shown, then it tries again.
                        Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                    }
                }
            };
            tokio::time::timeout(PATIENCE, found).await.expect(name);
        };
        until("p-0").await;
        let add = |name: String| {
            let pod = json!({
                "metadata": {"name": name, "namespace": "default"}, "spec": {"containers": []},
            });
            cluster.objects().put("pods", pod).expect("put");
        };
        let run = if streaming { "s" } else { "l" };
        for (number, end) in [
            WatchEnd::Finished,
            WatchEnd::Disconnected,
            WatchEnd::Expired,
        ]
        .into_iter()
        .enumerate()
        {
            cluster.faults().end_watches(Matcher::all(), end);
            let name = format!("p-{run}{number}");
            add(name.clone());
            until(&name).await;
        }
        cluster.pause().await;
        cluster.forget_history();
        add(format!("p-{run}-late"));
        cluster.resume().await.expect("the port is free");
        until(&format!("p-{run}-late")).await;
    }
}
