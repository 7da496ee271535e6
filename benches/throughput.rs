//! How fast notifications go through the engine: watch → decide → render → POST → PATCH.
//!
//! The baseline is a loop that does nothing but the POST and the PATCH, with the same concurrency,
//! on the same servers, in the same run. Printed are notifications per second and their ratio; and
//! the processor time that the whole process, servers included, used for each notification, which
//! is what the ratio comes down to while the servers answer at once.

use kubechime::cluster::{
    AnnotationChange, Cluster, ConnectOptions, KnownAnnotation, patch_annotation,
};
use kubechime::demo::{ClusterOptions, Matcher, Receiver, SimCluster};
use kubechime::domain::{Kind, Mode, ResourceKey};
use kubechime::engine::{
    Bus, DeliveryOptions, LaneOptions, LeaseUse, Metrics, Options, Watch, Wording, spawn,
};
use kubechime::history::{self, History};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

const PODS: usize = 5_000;
const CONCURRENCY: usize = 16;
const ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut ratios = Vec::new();
    for round in 1..=ROUNDS {
        let (bare, bare_work) = runtime.block_on(measure(false));
        let (engine, engine_work) = runtime.block_on(measure(true));
        let ratio = engine / bare;
        println!(
            "round {round}: bare POST+PATCH {bare:.0}/s ({bare_work:.0} us of processor each), \
             engine {engine:.0}/s ({engine_work:.0} us), ratio {ratio:.2}"
        );
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "median ratio {:.2} (budget: at least 0.80)",
        ratios[ratios.len() / 2]
    );
}

fn pod(number: usize) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("web-{number}"),
            "namespace": "default",
            "labels": {"app": "web", "number": number.to_string()},
            "annotations": {"notifications.argoproj.io/subscribe.on-pod-ready.webhook": ""},
        },
        "spec": {"containers": [{"name": "app", "image": "example.com/app:1", "env": [
            {"name": "PADDING", "value": "x".repeat(8_000)},
        ]}]},
        "status": {"phase": "Running"},
    })
}

/// Notifications per second, from the start of the engine to the last patch, and processor
/// microseconds for each.
async fn measure(with_engine: bool) -> (f64, f64) {
    let cluster = SimCluster::start(ClusterOptions {
        empty: true,
        keep_requests: 4 * PODS,
        history_window: 4 * PODS,
        ..ClusterOptions::default()
    })
    .await
    .unwrap();
    let receiver = Receiver::start(0).await.unwrap();
    for number in 0..PODS {
        cluster.objects().put("pods", pod(number)).unwrap();
    }
    let url = format!("{}/webhook", receiver.url());
    let data = json!({
        "trigger.on-pod-ready": "- when: pod.status.phase in ['Running']\n  send: [pod-ready]\n",
        "template.pod-ready":
            "webhook:\n  webhook:\n    method: POST\n    path: /\n    body: |\n      Pod {{.pod.metadata.name}} is ready!\n",
        "service.webhook.webhook": format!("url: {url}\n"),
    });
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
        "data": data,
    });
    cluster.objects().put("configmaps", map).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    std::fs::write(&kubeconfig, cluster.kubeconfig()).unwrap();
    let connect = ConnectOptions {
        kubeconfig: Some(kubeconfig),
        ..ConnectOptions::default()
    };
    let client = Cluster::connect(&connect).await.unwrap();
    let work = processor_time();
    let elapsed = if with_engine {
        let history = History::open(&dir.path().join("history.db"), &history::Options::default());
        run_engine(client, history.unwrap(), &cluster, &receiver).await
    } else {
        run_bare(client, &cluster, &format!("{url}/")).await
    };
    let work = processor_time().saturating_sub(work);
    (
        PODS as f64 / elapsed.as_secs_f64(),
        work.as_secs_f64() * 1e6 / PODS as f64,
    )
}

/// Time on a processor so far, of all threads of this process, in steps of a hundredth of a second.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    // The name, in parentheses, may contain anything; user and system time are the twelfth and
    // thirteenth field behind it.
    let (_, fields) = text.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}

async fn run_engine(
    client: Cluster,
    history: History,
    cluster: &SimCluster,
    receiver: &Receiver,
) -> Duration {
    let options = Options {
        mode: Mode::Active,
        read_only: false,
        config_namespace: "default".into(),
        config_map: "pod-notifications-cm".into(),
        secret: "pod-notifications-secret".into(),
        watches: vec![Watch::all(Kind::pod())],
        prefix: kubechime::domain::DEFAULT_PREFIX.into(),
        lease: LeaseUse::Off,
        history_problem: String::new(),
        wording: Wording::Current,
        delivery: DeliveryOptions {
            usual: LaneOptions {
                concurrency: CONCURRENCY,
                ..LaneOptions::default()
            },
            ..DeliveryOptions::default()
        },
        expr: kubechime::expr::Options::default(),
        self_service: false,
        on_state_lost: kubechime::engine::OnStateLost::default(),
    };
    let begun = Instant::now();
    let engine = spawn(
        client,
        Some(history),
        options,
        Metrics::default(),
        Bus::deaf(),
    );
    assert!(
        receiver.wait_for(PODS as u64, PATIENCE).await,
        "{} arrived",
        receiver.count()
    );
    let patches = Matcher::all().verb("patch").resource("pods");
    while cluster.requests().count(&patches) < PODS {
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(begun.elapsed() < PATIENCE, "not all were patched");
    }
    let elapsed = begun.elapsed();
    engine.shutdown().await;
    elapsed
}

async fn run_bare(client: Cluster, cluster: &SimCluster, url: &str) -> Duration {
    let http = reqwest::Client::new();
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    let kind = Arc::new(Kind::pod());
    let pods = cluster.objects().list("pods", "default");
    let begun = Instant::now();
    let mut tasks = Vec::with_capacity(PODS);
    for pod in pods {
        let permit = Arc::clone(&slots).acquire_owned().await.unwrap();
        let (client, http, url) = (client.clone(), http.clone(), url.to_owned());
        let text = |path: &str| pod.pointer(path).unwrap().as_str().unwrap().to_owned();
        let key = ResourceKey::new(Arc::clone(&kind), "default", text("/metadata/name"));
        let (uid, version) = (text("/metadata/uid"), text("/metadata/resourceVersion"));
        tasks.push(tokio::spawn(async move {
            let body = format!("Pod {} is ready!\n", key.name);
            http.post(url)
                .body(body)
                .send()
                .await
                .unwrap()
                .error_for_status()
                .unwrap();
            let known = KnownAnnotation {
                resource_version: version,
                value: None,
            };
            let change = |_: Option<&str>| AnnotationChange::Set("{\"key\":1}".into());
            patch_annotation(&client, &key, &uid, "notified.bare", Some(known), change)
                .await
                .unwrap();
            drop(permit);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    begun.elapsed()
}
