//! How fast notifications go through the engine: watch → decide → render → POST → PATCH.
//!
//! The baseline is a loop that does nothing but the POST and the PATCH, with the same concurrency,
//! on the same servers, in the same run. It is measured on three kinds of servers:
//!
//! - *instant*: the simulated cluster and a receiver in this process, which answer at once. Both
//!   sides then share the processors with the servers, and the ratio comes down to processor time,
//!   which is printed too. The bare loop does not even watch: this is the engine at its worst.
//! - *near*: the same, but the receiver answers after 5 ms and the API server's PATCH after 2 ms,
//!   as those of the same data centre do.
//! - *real*: a kube-apiserver with etcd on this machine, when `KUBEBUILDER_ASSETS` is set.

#[path = "../tests/support/apiserver.rs"]
mod apiserver;

use apiserver::RealCluster;
use kubechime::cluster::{
    AnnotationChange, Cluster, ConnectOptions, KnownAnnotation, patch_annotation,
};
use kubechime::demo::{ClusterOptions, Fault, Matcher, Receiver, Reply, SimCluster};
use kubechime::domain::{Kind, Mode, ResourceKey};
use kubechime::engine::{
    Bus, DeliveryOptions, LaneOptions, LeaseUse, Metrics, Options, Watch, Wording, spawn,
};
use kubechime::history::{self, History};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

const CONCURRENCY: usize = 16;
const ROUNDS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(300);

/// What both sides talk to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Servers {
    Instant,
    Near,
    Real,
}

impl Servers {
    fn word(self) -> &'static str {
        match self {
            Self::Instant => "instant",
            Self::Near => "near",
            Self::Real => "real",
        }
    }

    /// So many that start-up does not count.
    fn pods(self) -> usize {
        match self {
            Self::Instant => 5_000,
            Self::Near | Self::Real => 2_000,
        }
    }
}

fn main() {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let real = RealCluster::start();
    for servers in [Servers::Instant, Servers::Near, Servers::Real] {
        if servers == Servers::Real && real.is_none() {
            println!("real: not measured, KUBEBUILDER_ASSETS is not set");
            continue;
        }
        let mut ratios = Vec::new();
        for round in 1..=ROUNDS {
            let (bare, bare_work) = runtime.block_on(measure(servers, real.as_ref(), false));
            let (engine, engine_work) = runtime.block_on(measure(servers, real.as_ref(), true));
            let ratio = engine / bare;
            println!(
                "{} {round}: bare POST+PATCH {bare:.0}/s ({bare_work:.0} us of processor each), \
                 engine {engine:.0}/s ({engine_work:.0} us), ratio {ratio:.2}",
                servers.word()
            );
            ratios.push(ratio);
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ratios.len() / 2];
        println!(
            "{}: median ratio {median:.2} (budget: at least 0.80)",
            servers.word()
        );
    }
}

fn pod(number: usize, namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("web-{number}"),
            "namespace": namespace,
            "labels": {"app": "web", "number": number.to_string()},
            "annotations": {"notifications.argoproj.io/subscribe.on-pod-ready.webhook": ""},
        },
        "spec": {"containers": [{"name": "app", "image": "example.com/app:1", "env": [
            {"name": "PADDING", "value": "x".repeat(8_000)},
        ]}]},
        "status": {"phase": "Running"},
    })
}

/// A cluster with the Pods and the ConfigMap, and the receiver.
struct Ground {
    /// Keeps the simulated cluster alive.
    _simulated: Option<SimCluster>,
    kubeconfig: PathBuf,
    receiver: Receiver,
    namespace: String,
    /// The Pods, as the server has them.
    pods: Vec<Value>,
}

impl Ground {
    async fn prepare(servers: Servers, real: Option<&RealCluster>, dir: &Path) -> Self {
        let receiver = Receiver::start(0).await.unwrap();
        let count = servers.pods();
        let url = format!("{}/webhook", receiver.url());
        match (servers, real) {
            (Servers::Real, Some(real)) => {
                let namespace = real.namespace("throughput");
                real.apply(&config_map(&url, &namespace));
                let list =
                    |items: Vec<Value>| json!({"apiVersion": "v1", "kind": "List", "items": items});
                let pods = list((0..count).map(|number| pod(number, &namespace)).collect());
                real.kubectl(["create", "-f", "-"], &pods.to_string());
                let pods = real.kubectl(["get", "pods", "-n", &namespace, "-o", "json"], "");
                let mut pods: Value = serde_json::from_str(&pods).unwrap();
                let Value::Array(pods) = pods["items"].take() else {
                    panic!("a list has items")
                };
                Self {
                    _simulated: None,
                    kubeconfig: real.kubeconfig().to_owned(),
                    receiver,
                    namespace,
                    pods,
                }
            }
            _ => {
                let cluster = SimCluster::start(ClusterOptions {
                    empty: true,
                    keep_requests: 16,
                    history_window: 4 * count,
                    ..ClusterOptions::default()
                })
                .await
                .unwrap();
                for number in 0..count {
                    cluster
                        .objects()
                        .put("pods", pod(number, "default"))
                        .unwrap();
                }
                let config_map = config_map(&url, "default");
                cluster.objects().put("configmaps", config_map).unwrap();
                if servers == Servers::Near {
                    let slow = Reply {
                        delay: Duration::from_millis(5),
                        ..Reply::default()
                    };
                    receiver.reply("/webhook/", slow);
                    let patches = Matcher::all().verb("patch");
                    let slow = Fault::Latency(Duration::from_millis(2));
                    cluster.faults().inject(patches, slow);
                }
                let kubeconfig = dir.join("kubeconfig");
                std::fs::write(&kubeconfig, cluster.kubeconfig()).unwrap();
                Self {
                    pods: cluster.objects().list("pods", "default"),
                    _simulated: Some(cluster),
                    kubeconfig,
                    receiver,
                    namespace: "default".to_owned(),
                }
            }
        }
    }
}

fn config_map(url: &str, namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm", "namespace": namespace},
        "data": {
            "trigger.on-pod-ready": "- when: pod.metadata.name != ''\n  send: [pod-ready]\n",
            "template.pod-ready":
                "webhook:\n  webhook:\n    method: POST\n    path: /\n    body: |\n      Pod {{.pod.metadata.name}} is ready!\n",
            "service.webhook.webhook": format!("url: {url}\n"),
        },
    })
}

/// Notifications per second, from the start of the engine to the last patch, and processor
/// microseconds for each.
async fn measure(servers: Servers, real: Option<&RealCluster>, with_engine: bool) -> (f64, f64) {
    let dir = tempfile::tempdir().unwrap();
    let ground = Ground::prepare(servers, real, dir.path()).await;
    let connect = ConnectOptions {
        kubeconfig: Some(ground.kubeconfig.clone()),
        ..ConnectOptions::default()
    };
    let client = Cluster::connect(&connect).await.unwrap();
    let work = processor_time();
    let elapsed = if with_engine {
        run_engine(client, &dir.path().join("history.db"), &ground).await
    } else {
        run_bare(client, &ground).await
    };
    let work = processor_time().saturating_sub(work);
    let count = ground.pods.len() as f64;
    (
        count / elapsed.as_secs_f64(),
        work.as_secs_f64() * 1e6 / count,
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

async fn run_engine(client: Cluster, path: &Path, ground: &Ground) -> Duration {
    let options = Options {
        mode: Mode::Active,
        read_only: false,
        config_namespace: ground.namespace.clone(),
        config_map: "pod-notifications-cm".into(),
        secret: "pod-notifications-secret".into(),
        watches: vec![Watch {
            namespaces: vec![ground.namespace.clone()],
            ..Watch::all(Kind::pod())
        }],
        prefix: kubechime::domain::DEFAULT_PREFIX.into(),
        lease: LeaseUse::Off,
        shard: None,
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
        watch_timeout: std::time::Duration::from_secs(120),
        on_state_lost: kubechime::engine::OnStateLost::default(),
    };
    let history = History::open(path, &history::Options::default()).unwrap();
    let recorded = rusqlite::Connection::open(path).unwrap();
    let count = ground.pods.len();
    let begun = Instant::now();
    let engine = spawn(
        client,
        Some(history),
        options,
        Metrics::default(),
        Bus::deaf(),
    );
    let receiver = &ground.receiver;
    assert!(
        receiver.wait_for(count as u64, PATIENCE).await,
        "{} arrived",
        receiver.count()
    );
    let patched = || {
        let sql = "SELECT count(*) FROM deliveries WHERE patched_ms IS NOT NULL";
        recorded
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    while patched() < count as i64 {
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert!(begun.elapsed() < PATIENCE, "not all were patched");
    }
    let elapsed = begun.elapsed();
    engine.shutdown().await;
    elapsed
}

async fn run_bare(client: Cluster, ground: &Ground) -> Duration {
    let http = reqwest::Client::new();
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    let kind = Arc::new(Kind::pod());
    let url = format!("{}/webhook/", ground.receiver.url());
    let begun = Instant::now();
    let mut tasks = Vec::with_capacity(ground.pods.len());
    for pod in &ground.pods {
        let permit = Arc::clone(&slots).acquire_owned().await.unwrap();
        let (client, http, url) = (client.clone(), http.clone(), url.clone());
        let text = |path: &str| pod.pointer(path).unwrap().as_str().unwrap().to_owned();
        let key = ResourceKey::new(
            Arc::clone(&kind),
            text("/metadata/namespace"),
            text("/metadata/name"),
        );
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
