//! Engines that share a catalog and nothing else: each has a state directory, a clock and a way to
//! the API server of its own. And what they have done, put together.

use crate::process::Engine;
use crate::proxy::Proxy;
use crate::scene::Scene;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// One replica of `kubechime run`.
pub struct Replica {
    pub dir: TempDir,
    pub proxy: Proxy,
    kubeconfig: PathBuf,
    namespace: String,
    /// Seconds that its clock is ahead, where it writes times into the Lease.
    skew: i64,
    flags: Vec<String>,
    pub engine: Option<Engine>,
}

impl Replica {
    /// Starts one; `delivery` are settings of its deliveries.
    pub async fn start(scene: &Scene, skew: i64, delivery: &str, flags: &[&str]) -> Self {
        let dir = TempDir::new().unwrap();
        let (kubeconfig, proxy) = Proxy::before(&scene.kubeconfig, dir.path()).await;
        let settings = dir.path().join("settings.yaml");
        let text = format!(
            "watches:\n- resource: pods\n  namespaces: [{}]\ndelivery: {{{delivery}}}\n",
            scene.namespace
        );
        std::fs::write(&settings, text).unwrap();
        let mut all = vec!["--config".to_owned(), settings.display().to_string()];
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        let mut replica = Self {
            dir,
            proxy,
            kubeconfig,
            namespace: scene.namespace.clone(),
            skew,
            flags: all,
            engine: None,
        };
        replica.restart();
        replica
    }

    /// Starts the process again.
    pub fn restart(&mut self) {
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        let skew = self.skew.to_string();
        let mut program = Command::new(env!("CARGO_BIN_EXE_kubechime"));
        program.env("KUBECHIME_LEASE_CLOCK_SKEW_SECONDS", skew);
        let (kubeconfig, state) = (&self.kubeconfig, self.dir.path());
        let engine = Engine::start_by(program, kubeconfig, &self.namespace, state, &flags);
        self.engine = Some(engine);
    }

    /// Ends the process by SIGKILL.
    pub fn crash(&mut self) {
        self.engine.take().expect("it runs").crash();
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(&mut self) {
        let engine = self.engine.take().expect("it runs");
        tokio::task::spawn_blocking(|| engine.stop()).await.unwrap();
    }

    /// Whether this identity of a Lease's holder is this process.
    pub fn is(&self, holder: &str) -> bool {
        let id = self
            .engine
            .as_ref()
            .map(|engine| format!("_{}_", engine.pid()));
        id.is_some_and(|id| holder.contains(&id))
    }
}

/// The text of a Lease's spec.
pub async fn lease(scene: &Scene, name: &str) -> Value {
    let path = format!(
        "/apis/coordination.k8s.io/v1/namespaces/{}/leases/{name}",
        scene.namespace
    );
    let request = http::Request::get(path).body(Vec::new()).unwrap();
    let lease: Result<Value, _> = scene.client.request(request).await;
    lease.unwrap_or_default()
}

/// Who holds a Lease; empty for nobody.
pub async fn holder(scene: &Scene, name: &str) -> String {
    let lease = lease(scene, name).await;
    let holder = lease["spec"]["holderIdentity"].as_str();
    holder.unwrap_or_default().to_owned()
}

/// Waits until a Lease is held by somebody who is wanted.
pub async fn wait_for_holder(scene: &Scene, name: &str, wanted: impl Fn(&str) -> bool) -> String {
    let begun = Instant::now();
    loop {
        let holder = holder(scene, name).await;
        if !holder.is_empty() && wanted(&holder) {
            return holder;
        }
        let late = begun.elapsed() > crate::process::PATIENCE;
        assert!(!late, "the Lease {name} is held by {holder:?}");
        // The condition is on the server.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How many requests have come for each Pod.
pub fn arrivals(scene: &Scene) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for request in scene.receiver.received() {
        let text = request.text();
        let name = text
            .strip_prefix("Pod ")
            .and_then(|rest| rest.split(' ').next());
        *counts
            .entry(name.unwrap_or_default().to_owned())
            .or_default() += 1;
    }
    counts
}

/// A try as a history knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tried {
    pub started_ms: i64,
    pub ended_ms: i64,
    /// Number of the engine.
    pub by: usize,
    pub pod: String,
}

/// What the histories of several engines say.
#[derive(Debug, Default)]
pub struct Record {
    /// Pods with a notification that is marked as possibly repeated.
    pub marked: BTreeSet<String>,
    /// All tries in the order in which they began.
    pub tries: Vec<Tried>,
}

impl Record {
    /// Reads history files.
    pub fn read(histories: &[PathBuf]) -> Self {
        let mut record = Self::default();
        for (by, path) in histories.iter().enumerate() {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
            let Ok(history) = Connection::open_with_flags(path, flags) else {
                continue;
            };
            let sql = "SELECT name FROM deliveries WHERE possibly_repeated <> 0";
            let mut statement = history.prepare(sql).unwrap();
            let names = statement.query_map([], |row| row.get::<_, String>(0));
            record.marked.extend(names.unwrap().map(Result::unwrap));
            let sql = "SELECT started_ms, started_ms + attempts.took_ms, name FROM attempts \
                       JOIN deliveries ON id = delivery_id";
            let mut statement = history.prepare(sql).unwrap();
            let tries = statement.query_map([], |row| {
                Ok(Tried {
                    started_ms: row.get(0)?,
                    ended_ms: row.get(1)?,
                    by,
                    pod: row.get(2)?,
                })
            });
            record.tries.extend(tries.unwrap().map(Result::unwrap));
        }
        record.tries.sort();
        record
    }

    /// Two tries of different engines of which the second began before the first had ended.
    pub fn overlap(&self) -> Option<(Tried, Tried)> {
        let mut last: BTreeMap<usize, &Tried> = BTreeMap::new();
        for tried in &self.tries {
            let other = last.values().find(|other| {
                // A moment of the clock that both share is no overlap.
                other.by != tried.by && other.ended_ms > tried.started_ms + 1
            });
            if let Some(other) = other {
                return Some(((*other).clone(), tried.clone()));
            }
            let latest = last.entry(tried.by).or_insert(tried);
            if tried.ended_ms > latest.ended_ms {
                *latest = tried;
            }
        }
        None
    }
}
