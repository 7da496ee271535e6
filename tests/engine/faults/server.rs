//! The API server restarts, forgets, refuses, fails and is slow.

use super::{configure, each_once, ready, ready_and_told, told};
use crate::proxy::Proxy;
use crate::scene::{Scene, on_clusters_of_its_own, on_every_cluster, until};
use kubechime::demo::{Fault, Matcher, SimCluster, WatchEnd};
use std::time::Duration;

fn pods(verb: &str) -> Matcher {
    Matcher::all().verb(verb).resource("pods")
}

fn status(code: u16, retry_after: Option<u64>) -> Fault {
    Fault::Status { code, retry_after }
}

/// Only where faults can be injected: the real API server can't be made to answer so.
fn on_the_simulated_cluster<F: Future<Output = ()>>(story: impl Fn(Scene) -> F) {
    on_every_cluster(|scene| {
        let story = scene.simulation().is_some().then(|| story(scene));
        async move {
            if let Some(story) = story {
                story.await;
            }
        }
    });
}

fn simulation(scene: &Scene) -> &SimCluster {
    scene.simulation().expect("a simulated cluster")
}

#[test]
fn the_api_server_restarts_in_the_middle_of_a_watch() {
    on_clusters_of_its_own(async |scene| {
        configure(&scene).await;
        let engine = scene.engine(&[]);
        ready_and_told(&scene, "web-1").await;
        if let Some(cluster) = scene.simulation() {
            cluster.pause().await;
        }
        if let Some(cluster) = scene.real_cluster() {
            cluster.stop_api_server();
        }
        let failed = engine.wait_for_line(
            &["level=error", "could not watch pods", "cannot be reached"],
            0,
        );
        if let Some(cluster) = scene.simulation() {
            // Changed while nobody could see it.
            ready(&scene, "web-2").await;
            cluster.resume().await.unwrap();
        }
        if let Some(cluster) = scene.real_cluster() {
            cluster.start_api_server();
            ready(&scene, "web-2").await;
        }
        engine.wait_for_line(&["level=info", "watching pods works again"], failed);
        told(&scene, "web-2").await;
        let lines = each_once(&scene, engine, &["web-1", "web-2"]).await;
        let trouble = lines.iter().filter(|l| l.contains("could not watch pods"));
        assert_eq!(trouble.count(), 1, "told once:\n{}", lines.join("\n"));
    });
}

/// The version from which the watch was to go on is forgotten: everything is listed again. On the real
/// cluster etcd is compacted and the API server, whose own memory would help, is restarted.
#[test]
fn the_version_of_the_watch_is_forgotten() {
    on_clusters_of_its_own(async |scene| {
        configure(&scene).await;
        let (kubeconfig, proxy) = Proxy::before(&scene.kubeconfig, scene.state()).await;
        let engine = scene.engine_as(&kubeconfig, &[]);
        ready(&scene, "web-1").await;
        ready(&scene, "web-2").await;
        told(&scene, "web-1").await;
        told(&scene, "web-2").await;
        proxy.refuse(true);
        engine.wait_for_line(&["level=error", "could not watch pods"], 0);
        ready(&scene, "web-3").await;
        scene.delete_pod("web-2").await;
        if let Some(cluster) = scene.simulation() {
            cluster.forget_history();
        }
        if let Some(cluster) = scene.real_cluster() {
            cluster.compact();
            cluster.stop_api_server();
            cluster.start_api_server();
        }
        proxy.refuse(false);
        told(&scene, "web-3").await;
        // What was deleted meanwhile is known to be: this is another object of the same name.
        ready(&scene, "web-2").await;
        scene
            .wait_for_notified("web-2", |state| state.is_some())
            .await;
        engine.stop();
        assert_eq!(scene.receiver.count_of("/webhook/web-1"), 1);
        assert_eq!(scene.receiver.count_of("/webhook/web-2"), 2);
        assert_eq!(scene.receiver.count_of("/webhook/web-3"), 1);
    });
}

/// A list in pages whose version is forgotten between two pages begins anew.
#[test]
fn the_version_of_a_list_is_forgotten_between_two_pages() {
    on_the_simulated_cluster(async |scene| {
        configure(&scene).await;
        let cluster = simulation(&scene);
        for number in 0..700 {
            let (name, subscribed) = (format!("pod-{number}"), number == 650 || number == 3);
            if subscribed {
                ready(&scene, &name).await;
            } else {
                let pod = serde_json::json!({
                    "apiVersion": "v1", "kind": "Pod",
                    "metadata": {"name": name, "namespace": scene.namespace},
                });
                cluster.objects().put("pods", pod).unwrap();
            }
        }
        let delay = Fault::Latency(Duration::from_secs(1));
        cluster.faults().inject(pods("list"), delay);
        let engine = scene.engine(&[]);
        // The second page has been asked for, and comes a second later.
        until("the first page", || {
            cluster.requests().count(&pods("list")) > 0
        })
        .await;
        ready(&scene, "pod-last").await;
        cluster.forget_history();
        told(&scene, "pod-3").await;
        told(&scene, "pod-650").await;
        let lists = cluster.requests().matching(&pods("list"));
        assert!(lists.iter().any(|request| request.code == 410));
        told(&scene, "pod-last").await;
        each_once(&scene, engine, &["pod-3", "pod-650", "pod-last"]).await;
    });
}

#[test]
fn the_api_server_asks_for_patience_and_gets_it() {
    on_the_simulated_cluster(async |scene| {
        configure(&scene).await;
        let cluster = simulation(&scene);
        let engine = scene.engine(&[]);
        ready_and_told(&scene, "web-1").await;
        let faults = cluster.faults();
        faults.inject_times(pods("watch"), status(429, Some(2)), 2);
        faults.inject_times(pods("patch"), status(429, Some(2)), 1);
        let asked = || {
            let watches = cluster.requests().matching(&pods("watch"));
            watches.iter().filter(|request| request.code == 429).count()
        };
        faults.end_watches(pods("watch"), WatchEnd::Disconnected);
        engine.wait_for_line(&["level=error", "could not watch pods", "429"], 0);
        ready(&scene, "web-2").await;
        engine.wait_for_line(&["level=info", "watching pods works again"], 0);
        assert_eq!(asked(), 2, "no more often than it has to be");
        told(&scene, "web-2").await;
        each_once(&scene, engine, &["web-1", "web-2"]).await;
    });
}

#[test]
fn the_api_server_fails_for_a_while() {
    on_the_simulated_cluster(async |scene| {
        configure(&scene).await;
        let cluster = simulation(&scene);
        let engine = scene.engine(&[]);
        ready_and_told(&scene, "web-1").await;
        let faults = cluster.faults();
        for verb in ["list", "watch", "patch"] {
            faults.inject_times(pods(verb), status(500, None), 2);
        }
        faults.end_watches(pods("watch"), WatchEnd::Expired);
        ready(&scene, "web-2").await;
        engine.wait_for_line(&["level=error", "could not list pods", "500"], 0);
        engine.wait_for_line(&["level=info", "watching pods works again"], 0);
        told(&scene, "web-2").await;
        each_once(&scene, engine, &["web-1", "web-2"]).await;
    });
}

/// A list that takes long delays what it brings, and nothing else; nothing is said about it.
#[test]
fn a_slow_list_delays_and_repeats_nothing() {
    on_the_simulated_cluster(async |scene| {
        configure(&scene).await;
        let cluster = simulation(&scene);
        ready(&scene, "web-1").await;
        let slow = Fault::Trickle(Duration::from_secs(2));
        cluster.faults().inject(pods("list"), slow);
        let delay = Fault::Latency(Duration::from_secs(2));
        cluster.faults().inject(pods("list"), delay);
        let engine = scene.engine(&[]);
        told(&scene, "web-1").await;
        ready_and_told(&scene, "web-2").await;
        let lines = each_once(&scene, engine, &["web-1", "web-2"]).await;
        let trouble = |line: &&String| line.contains("level=error");
        assert_eq!(lines.iter().find(trouble), None);
    });
}
