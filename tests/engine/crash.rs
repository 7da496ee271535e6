//! The promise about crashes, kept by breaking things: the engine is killed (SIGKILL) at random
//! points of a run, again and again. Nothing may be lost; what is on record as sent may never be
//! sent again; what was sent twice must be marked *possibly repeated*.
//!
//! `KUBECHIME_CRASHES` sets how often it is killed (8), `KUBECHIME_CRASH_PODS` the number of
//! notifications (160).

use crate::process::PATIENCE;
use crate::scene::{NOTIFIED, Scene, WHEN, on_every_cluster};
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};
use kubechime::demo::Reply;
use rusqlite::{Connection, OpenFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Longest life of an engine before it is killed.
const LONGEST_LIFE: Duration = Duration::from_millis(1_500);

fn number(name: &str, usual: usize) -> usize {
    let text = std::env::var(name).ok();
    text.map_or(usual, |text| text.parse().expect(name))
}

#[test]
fn nothing_is_lost_and_nothing_on_record_is_repeated() {
    on_every_cluster(async |scene| {
        let crashes = number("KUBECHIME_CRASHES", 8);
        let pods = number("KUBECHIME_CRASH_PODS", 160);
        survive(&scene, crashes, pods).await;
    });
}

async fn survive(scene: &Scene, crashes: usize, pods: usize) {
    scene.configure_pod_ready().await;
    // Time enough to be killed between the request and the answer.
    let slowly = Reply {
        delay: Duration::from_millis(20),
        ..Reply::default()
    };
    scene.receiver.reply("*", slowly);
    let names: Vec<String> = (0..pods).map(|number| format!("web-{number}")).collect();
    let made = futures::stream::iter(&names).map(|name| async move {
        scene
            .create_pod(name, &[("subscribe.on-pod-ready.webhook", "")])
            .await;
        scene.set_phase(name, "Running").await;
    });
    made.buffer_unordered(16).collect::<Vec<()>>().await;

    // Per Pod: how many requests had come when it was first on record as sent.
    let mut on_record: BTreeMap<String, u64> = BTreeMap::new();
    let mut lives = 0;
    // Where nothing can be sent in so short a life, lives become longer.
    while lives < crashes || on_record.is_empty() {
        let engine = scene.engine(&["--no-lease"]);
        lives += 1;
        // Killed after a random part of what would be its share, or at a random moment.
        let share = (pods / crashes.max(1)).max(1) as u64;
        // More than its share, because what is repeated counts, too.
        let wanted = scene.receiver.count() + rand::random_range(0..=3 * share);
        let longest = LONGEST_LIFE * u32::try_from(1 + lives / crashes.max(1)).unwrap();
        assert!(
            longest < PATIENCE,
            "no life is long enough to send anything"
        );
        let life = rand::random_range(Duration::from_millis(20)..longest);
        scene.receiver.wait_for(wanted, life).await;
        engine.crash();
        let arrived = arrivals(scene);
        for name in recorded(scene, "state = 'sent'") {
            let count = arrived.get(&name).copied().unwrap_or_default();
            assert!(count > 0, "{name} is on record as sent and never arrived");
            on_record.entry(name).or_insert(count);
        }
        if written(scene).await == pods {
            eprintln!("everything was written after {lives} crashes");
            break;
        }
    }

    let engine = scene.engine(&["--no-lease"]);
    let begun = Instant::now();
    while written(scene).await < pods {
        assert!(begun.elapsed() < PATIENCE, "not everything was written");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    engine.stop();

    let arrived = arrivals(scene);
    let lost: Vec<&String> = names
        .iter()
        .filter(|name| !arrived.contains_key(*name))
        .collect();
    let marked = recorded(scene, "possibly_repeated <> 0");
    let twice: BTreeSet<&String> = names
        .iter()
        .filter(|name| arrived.get(*name).is_some_and(|count| *count > 1))
        .collect();
    let unmarked: Vec<_> = twice
        .iter()
        .filter(|name| !marked.contains(**name))
        .collect();
    let repeated: Vec<_> = on_record
        .iter()
        .filter(|(name, count)| arrived[*name] > **count)
        .collect();
    println!(
        "{pods} notifications, {lives} lives ended by SIGKILL: {} lost, {} of {} on record as sent \
         were sent again, {} arrived more than once, {} are marked possibly repeated",
        lost.len(),
        repeated.len(),
        on_record.len(),
        twice.len(),
        marked.len(),
    );
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(
        repeated.is_empty(),
        "on record and sent again: {repeated:?}"
    );
    assert!(
        unmarked.is_empty(),
        "sent twice and not marked: {unmarked:?}"
    );
}

/// A Pod that is deleted can't be told about by looking again: what was decided about it, and its
/// last state, survive a crash.
#[test]
fn what_is_to_be_told_of_a_deleted_object_survives_a_crash() {
    on_every_cluster(async |scene| {
        let trigger = format!("- when: deleted and {WHEN}\n  send: [pod-ready]\n");
        let template = "webhook:\n  webhook:\n    method: GET\n    path: /\n    body: |\n      \
                        Pod {{.pod.metadata.name}} is gone from {{.pod.metadata.namespace}}\n";
        scene
            .configure(&[
                ("trigger.on-pod-ready", &trigger),
                ("template.pod-ready", template),
                (
                    "service.webhook.webhook",
                    "url: http://127.0.0.1:9/nobody\n",
                ),
            ])
            .await;
        let engine = scene.engine(&["--no-lease"]);
        for name in ["web-1", "web-2"] {
            scene
                .create_pod(name, &[("subscribe.on-pod-ready.webhook", "")])
                .await;
            scene.set_phase(name, "Running").await;
            engine.wait_for_line(&["Processing completed", name], 0);
        }
        scene.delete_pod("web-1").await;
        engine.wait_for_line(&["Sending notification", "web-1"], 0);
        let begun = Instant::now();
        while !recorded(&scene, "id IN (SELECT delivery_id FROM objects)").contains("web-1") {
            assert!(begun.elapsed() < PATIENCE, "not on record");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        engine.crash();

        scene
            .configure(&[
                ("trigger.on-pod-ready", &trigger),
                ("template.pod-ready", template),
                ("service.webhook.webhook", &scene.service()),
            ])
            .await;
        let engine = scene.engine(&["--no-lease"]);
        let requests = scene.wait_for_requests(1).await;
        let told = format!("Pod web-1 is gone from {}", scene.namespace);
        assert!(requests[0].2.contains(&told), "{requests:?}");
        let begun = Instant::now();
        while !recorded(&scene, "state = 'sent'").contains("web-1") {
            assert!(begun.elapsed() < PATIENCE, "not on record as sent");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        engine.stop();
        assert!(recorded(&scene, "id IN (SELECT delivery_id FROM objects)").is_empty());
        assert_eq!(scene.receiver.count(), 1);
    });
}

/// How many requests have come for each Pod.
fn arrivals(scene: &Scene) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for request in scene.receiver.received() {
        let text = request.text();
        let name = text
            .strip_prefix("Pod ")
            .and_then(|rest| rest.split(' ').next())
            .unwrap_or_else(|| panic!("another request: {request:?}"));
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    counts
}

/// The Pods whose history row has this.
fn recorded(scene: &Scene, condition: &str) -> BTreeSet<String> {
    let path = scene.state().join("history.db");
    let Ok(history) = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY) else {
        // Killed before it was made.
        return BTreeSet::new();
    };
    let sql = format!("SELECT name FROM deliveries WHERE {condition}");
    let Ok(mut statement) = history.prepare(&sql) else {
        return BTreeSet::new();
    };
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// How many Pods have a notified state.
async fn written(scene: &Scene) -> usize {
    let pods: Api<Pod> = Api::namespaced(scene.client.clone(), &scene.namespace);
    let list = pods.list(&ListParams::default()).await.unwrap();
    let has_state = |pod: &&Pod| {
        let annotations = pod.metadata.annotations.as_ref();
        annotations.is_some_and(|annotations| annotations.contains_key(NOTIFIED))
    };
    list.items.iter().filter(has_state).count()
}
