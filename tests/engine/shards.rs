//! Several engines that divide the objects among themselves: each object is told about once, by the
//! one whose share it is in, also while one of them is down.

use crate::process::Engine;
use crate::replicas::{Record, Replica, arrivals, holder, wait_for_holder};
use crate::scene::{Scene, on_every_cluster};
use std::collections::BTreeMap;
use std::path::PathBuf;

const SUBSCRIBED: (&str, &str) = ("subscribe.on-pod-ready.webhook", "");
const USUAL: &str = "firstWait: 200ms";
const SHARDS: usize = 3;

async fn make_ready(scene: &Scene, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let name = format!("web-{number}");
        scene.create_pod(&name, &[SUBSCRIBED]).await;
        scene.set_phase(&name, "Running").await;
    }
}

#[test]
fn each_object_is_told_about_once_though_a_shard_crashes() {
    on_every_cluster(async |scene| {
        scene.configure_pod_ready().await;
        let mut shards = Vec::new();
        for index in 0..SHARDS {
            let shard = format!("{index}/{SHARDS}");
            shards.push(Replica::start(&scene, 0, USUAL, &["--shard", &shard]).await);
        }
        for index in 0..SHARDS {
            wait_for_holder(&scene, &format!("kubechime-{index}"), |_| true).await;
        }
        assert_eq!(holder(&scene, "kubechime").await, "3 shards");
        make_ready(&scene, 0..30).await;
        scene.wait_for_requests(30).await;
        // Whoever knows of no shards, or of another number of them, is kept away.
        let mut whole = Replica::start(&scene, 0, USUAL, &[]).await;
        let mut other = Replica::start(&scene, 0, USUAL, &["--shard", "0/2"]).await;

        shards[1].crash();
        make_ready(&scene, 30..60).await;
        // What the other two have is told at once …
        let with_others = 40;
        scene.wait_for_requests(with_others).await;
        // … and the rest when the third is back.
        shards[1].restart();
        for number in 0..60 {
            let name = format!("web-{number}");
            scene
                .wait_for_notified(&name, |state| state.is_some())
                .await;
        }
        assert_eq!(holder(&scene, "kubechime").await, "3 shards");
        whole.stop().await;
        other.stop().await;
        let mut histories: Vec<PathBuf> = Vec::new();
        for (index, shard) in shards.iter_mut().enumerate() {
            shard.stop().await;
            let dir = shard.dir.path().join(format!("shard-{index}"));
            histories.push(dir.join("history.db"));
        }
        let once: BTreeMap<String, u64> =
            (0..60).map(|number| (format!("web-{number}"), 1)).collect();
        let record = Record::read(&histories);
        let mut arrived = arrivals(&scene);
        for name in &record.marked {
            // What was in flight at the crash may have come twice, and says so.
            arrived.insert(name.clone(), 1);
        }
        assert_eq!(arrived, once);
        let mut tellers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        let mut busy = [0; SHARDS];
        for tried in &record.tries {
            busy[tried.by] += 1;
            let by = tellers.entry(&tried.pod).or_default();
            if !by.contains(&tried.by) {
                by.push(tried.by);
            }
        }
        assert!(tellers.values().all(|by| by.len() == 1), "{tellers:?}");
        assert!(busy.iter().all(|count| *count > 3), "{busy:?}");
    });
}

#[test]
fn a_shard_that_does_not_exist_is_refused() {
    on_every_cluster(async |scene| {
        for (shard, text) in [
            (
                "3/3",
                "'3/3' names none of 3 shards; they are counted from 0 to 2",
            ),
            ("three", "'three' is not of the form i/n"),
        ] {
            let flags = ["--shard", shard];
            let engine = Engine::start(&scene.kubeconfig, &scene.namespace, scene.state(), &flags);
            engine.wait_for_line(&[text], 0);
        }
    });
}

/// Asked of the real API server only: it knows every field of what it is given.
#[test]
fn the_manifests_of_the_shards_are_accepted() {
    on_every_cluster(async |scene| {
        if scene.simulation().is_some() {
            return;
        }
        let program = std::env::var("KUBECTL").unwrap_or_else(|_| "kubectl".to_owned());
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/deploy/sharded");
        let applied = std::process::Command::new(program)
            .args(["apply", "--dry-run=server", "-k", folder, "--kubeconfig"])
            .arg(&scene.kubeconfig)
            .env("HOME", scene.state())
            .output()
            .expect("kubectl runs");
        let told = String::from_utf8_lossy(&applied.stdout);
        let errors = String::from_utf8_lossy(&applied.stderr);
        assert!(applied.status.success(), "{errors}");
        assert!(told.contains("statefulset.apps/kubechime"), "{told}");
        assert!(!told.contains("deployment.apps"), "{told}");
    });
}
