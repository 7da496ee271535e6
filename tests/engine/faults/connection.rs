//! Connections that break, that fall silent, and credentials that change.

use super::{configure, each_once, ready, ready_and_told, told};
use crate::faults::rights::at_work_through_proxy;
use crate::process::PATIENCE;
use crate::proxy::Proxy;
use crate::scene::{on_every_cluster, until};
use std::time::{Duration, Instant};

/// Every connection breaks, again and again, while Pods become ready.
#[test]
fn connections_break_again_and_again() {
    on_every_cluster(async |scene| {
        configure(&scene).await;
        let (kubeconfig, proxy) = Proxy::before(&scene.kubeconfig, scene.state()).await;
        let engine = scene.engine_as(&kubeconfig, &[]);
        ready_and_told(&scene, "web-0").await;
        let names: Vec<String> = (1..=6).map(|number| format!("web-{number}")).collect();
        for name in &names {
            until("a connection", || proxy.open() > 0).await;
            proxy.disconnect();
            ready(&scene, name).await;
        }
        for name in &names {
            told(&scene, name).await;
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        each_once(&scene, engine, &names).await;
    });
}

/// Nothing more is heard from the connections, and nobody says that they are dead.
#[test]
fn connections_fall_silent() {
    on_every_cluster(async |scene| {
        configure(&scene).await;
        let (kubeconfig, proxy) = Proxy::before(&scene.kubeconfig, scene.state()).await;
        let engine = scene.engine_at(&kubeconfig, "watchTimeout: 2s\n");
        ready_and_told(&scene, "web-1").await;
        proxy.silence();
        ready_and_told(&scene, "web-2").await;
        each_once(&scene, engine, &["web-1", "web-2"]).await;
    });
}

/// The token is not accepted any more; a while later the file has a new one.
#[test]
fn a_token_is_replaced() {
    on_every_cluster(async |scene| {
        let (account, proxy, engine) = at_work_through_proxy(&scene).await;
        let new = account.reject_token(&scene);
        // The server may know the old one for some seconds.
        let refused = ["level=error", "could not watch pods", "401"];
        let deadline = Instant::now() + PATIENCE;
        loop {
            proxy.disconnect();
            if engine.has_line_within(&refused, Duration::from_secs(1)) {
                break;
            }
            assert!(Instant::now() < deadline, "the old token is still good");
        }
        let failed = engine.wait_for_line(&refused, 0);
        ready(&scene, "web-2").await;
        account.write_token(&new);
        engine.wait_for_line(&["level=info", "watching pods works again"], failed);
        told(&scene, "web-2").await;
        let lines = each_once(&scene, engine, &["web-1", "web-2"]).await;
        assert!(!lines.join("\n").contains(&new), "a token in the log");
    });
}
