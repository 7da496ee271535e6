//! A cluster with a namespace of its own, a receiver, and a directory, for one story.

use crate::process::{Engine, PATIENCE};
use crate::support::apiserver::{RealCluster, Rule};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kubechime::demo::{ClusterOptions, Matcher, Receiver, SimCluster};
use serde_json::{Value, json};
use std::future::Future;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The state that the engine writes.
pub const NOTIFIED: &str = "notified.notifications.argoproj.io";

/// The condition of the Pod-ready case, and its key.
pub const WHEN: &str = "pod.status.phase in ['Running']";
/// See [`WHEN`].
pub const CONDITION: &str = "[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go";

/// The token of the one who may do everything on the simulated cluster.
pub const ADMIN_TOKEN: &str = "admin-token";

enum Ground {
    Simulated(SimCluster),
    Real(&'static RealCluster),
}

/// Everything a story needs.
pub struct Scene {
    ground: Ground,
    pub namespace: String,
    pub kubeconfig: PathBuf,
    pub receiver: Receiver,
    pub client: kube::Client,
    dir: TempDir,
}

/// Runs a story on the simulated cluster, and on the real one if there is one.
pub fn on_every_cluster<F: Future<Output = ()>>(story: impl Fn(Scene) -> F) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        eprintln!("---- on the simulated cluster");
        story(Scene::simulated().await).await;
    });
    if let Some(real) = RealCluster::shared() {
        runtime.block_on(async {
            eprintln!("---- on the real API server");
            story(Scene::real(real).await).await;
        });
    }
}

/// The same for stories that stop the API server: the real cluster is the story's own.
pub fn on_clusters_of_its_own<F: Future<Output = ()>>(story: impl Fn(Scene) -> F) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        eprintln!("---- on the simulated cluster");
        story(Scene::simulated().await).await;
    });
    if let Some(real) = RealCluster::start().filter(RealCluster::is_owned) {
        // Stopped when this process ends.
        let real: &'static RealCluster = Box::leak(Box::new(real));
        runtime.block_on(async {
            eprintln!("---- on a real API server of its own");
            story(Scene::real(real).await).await;
        });
    }
}

impl Scene {
    /// Another one of the same sort, with nothing in it: a cluster, or a namespace of its own.
    pub async fn sibling(&self) -> Self {
        match &self.ground {
            Ground::Simulated(_) => Self::simulated().await,
            Ground::Real(cluster) => Self::real(cluster).await,
        }
    }

    async fn simulated() -> Self {
        let cluster = SimCluster::start(ClusterOptions {
            empty: true,
            token: Some(ADMIN_TOKEN.into()),
            ..ClusterOptions::default()
        })
        .await
        .unwrap();
        let dir = TempDir::new().unwrap();
        let kubeconfig = dir.path().join("kubeconfig");
        std::fs::write(&kubeconfig, cluster.kubeconfig()).unwrap();
        Self::new(
            Ground::Simulated(cluster),
            "default".into(),
            kubeconfig,
            dir,
        )
        .await
    }

    async fn real(cluster: &'static RealCluster) -> Self {
        let namespace = cluster.namespace("story");
        let kubeconfig = cluster.kubeconfig().to_owned();
        Self::new(
            Ground::Real(cluster),
            namespace,
            kubeconfig,
            TempDir::new().unwrap(),
        )
        .await
    }

    async fn new(ground: Ground, namespace: String, kubeconfig: PathBuf, dir: TempDir) -> Self {
        let read = Kubeconfig::read_from(&kubeconfig).unwrap();
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(read, &options)
            .await
            .unwrap();
        Self {
            ground,
            namespace,
            kubeconfig,
            receiver: Receiver::start(0).await.unwrap(),
            client: kube::Client::try_from(config).unwrap(),
            dir,
        }
    }

    /// The directory of the engine's state.
    pub fn state(&self) -> &Path {
        self.dir.path()
    }

    /// Starts the engine, watching this namespace only: others may be at work in the same cluster.
    pub fn engine(&self, flags: &[&str]) -> Engine {
        self.engine_as(&self.kubeconfig, flags)
    }

    /// Starts the engine with settings of its own, besides what is watched.
    pub fn engine_with(&self, settings: &str) -> Engine {
        self.engine_at(&self.kubeconfig, settings)
    }

    /// The same with another kubeconfig.
    pub fn engine_at(&self, kubeconfig: &Path, settings: &str) -> Engine {
        let path = self.dir.path().join("own-settings.yaml");
        let watches = format!(
            "watches:\n- resource: pods\n  namespaces: [{}]\n",
            self.namespace
        );
        std::fs::write(&path, watches + settings).unwrap();
        let path = path.to_string_lossy().into_owned();
        Engine::start(
            kubeconfig,
            &self.namespace,
            self.state(),
            &["--config", &path],
        )
    }

    /// Starts the engine with the rights of another kubeconfig.
    pub fn engine_as(&self, kubeconfig: &Path, flags: &[&str]) -> Engine {
        let settings = self.dir.path().join("settings.yaml");
        let text = format!(
            "watches:\n- resource: pods\n  namespaces: [{}]\ndelivery: {{firstWait: 200ms}}\n",
            self.namespace
        );
        std::fs::write(&settings, text).unwrap();
        let settings = settings.to_string_lossy().into_owned();
        let mut all = vec!["--config", &settings];
        all.extend(flags);
        Engine::start(kubeconfig, &self.namespace, self.state(), &all)
    }

    /// Starts the engine with more settings, watching these namespaces besides this one.
    pub fn engine_set(&self, settings: &str, others: &[&str], flags: &[&str]) -> Engine {
        let file = self.dir.path().join("settings.yaml");
        let mut namespaces = vec![self.namespace.as_str()];
        namespaces.extend(others);
        let text = format!(
            "watches:\n- resource: pods\n  namespaces: [{}]\ndelivery: {{firstWait: 200ms}}\n\
             {settings}\n",
            namespaces.join(", ")
        );
        std::fs::write(&file, text).unwrap();
        let file = file.to_string_lossy().into_owned();
        let mut all = vec!["--config", &file];
        all.extend(flags);
        Engine::start(&self.kubeconfig, &self.namespace, self.state(), &all)
    }

    /// The simulated cluster, when the story is on it.
    pub fn simulation(&self) -> Option<&SimCluster> {
        match &self.ground {
            Ground::Simulated(cluster) => Some(cluster),
            Ground::Real(_) => None,
        }
    }

    /// The real cluster, when the story is on it.
    pub fn real_cluster(&self) -> Option<&'static RealCluster> {
        match &self.ground {
            Ground::Simulated(_) => None,
            Ground::Real(cluster) => Some(cluster),
        }
    }

    /// Another namespace of the cluster, new and empty.
    pub fn other_namespace(&self, name: &str) -> String {
        match &self.ground {
            Ground::Simulated(cluster) => {
                cluster.objects().create_namespace(name);
                name.to_owned()
            }
            Ground::Real(cluster) => cluster.namespace(name),
        }
    }

    /// A kubeconfig of somebody who may do everything the engine needs but patch Pods.
    pub fn without_patch(&self) -> PathBuf {
        match &self.ground {
            Ground::Simulated(cluster) => {
                cluster
                    .faults()
                    .deny(Matcher::all().verb("patch").resource("pods"));
                self.kubeconfig.clone()
            }
            Ground::Real(cluster) => cluster.restricted_kubeconfig(
                &self.namespace,
                &[
                    Rule {
                        namespace: Some(&self.namespace),
                        groups: &[""],
                        resources: &["pods", "configmaps", "secrets"],
                        verbs: &["get", "list", "watch"],
                    },
                    Rule {
                        namespace: Some(&self.namespace),
                        groups: &["coordination.k8s.io"],
                        resources: &["leases"],
                        verbs: &["get", "create", "update", "patch"],
                    },
                ],
            ),
        }
    }

    /// Takes back what [`Scene::without_patch`] has taken away.
    pub fn allow_patch(&self) {
        if let Ground::Simulated(cluster) = &self.ground {
            cluster.faults().clear_all();
        }
    }

    /// As [`Scene::patch_metadata`], by somebody who may patch whoever else may not.
    pub async fn patch_as_owner(&self, name: &str, metadata: Value) {
        match &self.ground {
            Ground::Simulated(cluster) => {
                let changed = cluster
                    .objects()
                    .update("pods", &self.namespace, name, |pod| {
                        merge(&mut pod["metadata"], &metadata);
                    });
                changed.unwrap();
            }
            Ground::Real(_) => self.patch_metadata(name, metadata).await,
        }
    }

    /// The webhook service of the Pod-ready case, pointing at the receiver.
    pub fn service(&self) -> String {
        format!("url: {}/webhook\n", self.receiver.url())
    }

    /// Creates or replaces the ConfigMap.
    pub async fn configure(&self, data: &[(&str, &str)]) {
        let data: serde_json::Map<String, Value> = data
            .iter()
            .map(|(key, text)| ((*key).to_owned(), json!(text)))
            .collect();
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), &self.namespace);
        let map = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "pod-notifications-cm"},
            "data": data,
        });
        let params = PatchParams::apply("test").force();
        api.patch("pod-notifications-cm", &params, &Patch::Apply(&map))
            .await
            .unwrap();
    }

    /// The configuration of the Pod-ready case.
    pub async fn configure_pod_ready(&self) {
        self.configure(&[
            (
                "trigger.on-pod-ready",
                &format!("- when: {WHEN}\n  send: [pod-ready]\n"),
            ),
            (
                "template.pod-ready",
                "webhook:\n  webhook:\n    method: GET\n    path: /\n    body: |\n      \
                 Pod {{.pod.metadata.name}} is ready!\n",
            ),
            ("service.webhook.webhook", &self.service()),
        ])
        .await;
    }

    fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Creates a Pod with these annotations.
    pub async fn create_pod(&self, name: &str, annotations: &[(&str, &str)]) {
        let annotations: serde_json::Map<String, Value> = annotations
            .iter()
            .map(|(key, value)| (format!("notifications.argoproj.io/{key}"), json!(value)))
            .collect();
        let pod = serde_json::from_value(json!({
            "metadata": {"name": name, "annotations": annotations},
            "spec": {
                "automountServiceAccountToken": false,
                "containers": [{"name": "app", "image": "example.com/app:1"}],
            },
        }));
        self.pods()
            .create(&PostParams::default(), &pod.unwrap())
            .await
            .unwrap();
    }

    /// Sets a Pod's phase, as a kubelet does.
    pub async fn set_phase(&self, name: &str, phase: &str) {
        let status = json!({"status": {"phase": phase}});
        let params = PatchParams::default();
        self.pods()
            .patch_status(name, &params, &Patch::Merge(&status))
            .await
            .unwrap();
    }

    /// Merges into a Pod's metadata.
    pub async fn patch_metadata(&self, name: &str, metadata: Value) {
        let patch = json!({ "metadata": metadata });
        let params = PatchParams::default();
        self.pods()
            .patch(name, &params, &Patch::Merge(&patch))
            .await
            .unwrap();
    }

    /// Sets an annotation of a Pod as somebody else, under this field manager.
    pub async fn annotate_as(&self, manager: &str, name: &str, annotation: &str, text: &str) {
        let patch = json!({"metadata": {"annotations": {annotation: text}}});
        let params = PatchParams {
            field_manager: Some(manager.to_owned()),
            ..PatchParams::default()
        };
        self.pods()
            .patch(name, &params, &Patch::Merge(&patch))
            .await
            .unwrap();
    }

    /// What the engine has written to the cluster: its requests that were no reads, where the
    /// cluster tells them, and the objects of the namespace that carry its name as a writer.
    pub async fn writes(&self) -> Vec<String> {
        let mut found = Vec::new();
        if let Ground::Simulated(cluster) = &self.ground {
            for request in cluster.requests().matching(&Matcher::all()) {
                let reads = ["get", "list", "watch"].contains(&&*request.verb);
                // A question about rights is asked by POST.
                let asks = request.resource == "selfsubjectaccessreviews";
                if request.user_agent.starts_with("kubechime") && !reads && !asks {
                    found.push(format!("{} {}", request.verb, request.resource));
                }
            }
        }
        for path in [
            "api/v1/namespaces/{}/pods",
            "api/v1/namespaces/{}/configmaps",
            "apis/coordination.k8s.io/v1/namespaces/{}/leases",
        ] {
            let path = format!("/{}", path.replace("{}", &self.namespace));
            let request = http::Request::get(path).body(Vec::new()).unwrap();
            let list: Value = self.client.request(request).await.unwrap();
            for object in list["items"].as_array().into_iter().flatten() {
                let managers = object["metadata"]["managedFields"].as_array();
                let ours = |entry: &Value| entry["manager"] == "kubechime";
                if managers.into_iter().flatten().any(ours) {
                    found.push(object["metadata"]["name"].to_string());
                }
            }
        }
        found
    }

    /// Deletes a Pod at once.
    pub async fn delete_pod(&self, name: &str) {
        self.pods()
            .delete(name, &DeleteParams::default().grace_period(0))
            .await
            .unwrap();
    }

    /// The Pod's notified state, as text.
    pub async fn notified(&self, name: &str) -> Option<String> {
        let pod = self.pods().get(name).await.unwrap();
        pod.metadata
            .annotations
            .unwrap_or_default()
            .remove(NOTIFIED)
    }

    /// Waits until the Pod's notified state is as wanted.
    pub async fn wait_for_notified(
        &self,
        name: &str,
        wanted: impl Fn(Option<&str>) -> bool,
    ) -> Option<String> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let state = self.notified(name).await;
            if wanted(state.as_deref()) {
                return state;
            }
            let late = tokio::time::Instant::now() > deadline;
            assert!(!late, "the notified state of {name} is {state:?}");
            // The condition is on the server: asked for until it holds.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Waits until the receiver has had so many requests, and gives their method, path and body.
    pub async fn wait_for_requests(&self, count: u64) -> Vec<(String, String, String)> {
        let arrived = self.receiver.wait_for(count, PATIENCE).await;
        let received = self.receiver.received();
        assert!(
            arrived,
            "only {} of {count} requests arrived",
            received.len()
        );
        received
            .into_iter()
            .map(|request| {
                let body = request.text();
                (request.method, request.path, body)
            })
            .collect()
    }
}

/// Waits until something is as wanted.
pub async fn until(what: &str, wanted: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !wanted() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{what} does not come"
        );
        // What is waited for says nothing by itself.
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}
