//! The simulated cluster as a value: start it, look into it, change it, stop it.

use super::access::{ADMIN, Tokens};
use super::faults::Faults;
use super::objects::Objects;
use super::recorder::Requests;
use super::resource::Registry;
use super::server::{self, Cluster};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How a simulated cluster is set up.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// TCP port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Requests without this bearer token are refused with 401. kubectl sends no token over
    /// plain HTTP, so it can't use a cluster with one.
    pub token: Option<String>,
    /// Only the namespaces `default` and `kube-system`; otherwise `kube-public` and
    /// `kube-node-lease` as well.
    pub empty: bool,
    /// How many changes per kind are kept for watches that resume and lists that continue; what
    /// is older is answered with 410.
    pub history_window: usize,
    /// Time between two bookmarks of a watch.
    pub bookmark_interval: Duration,
    /// How long a running Pod takes to go away after its deletion; at most its own grace period.
    pub pod_termination: Duration,
    /// How many requests are kept for inspection; none: only their number.
    pub keep_requests: usize,
    /// Makes the UIDs and generated names the same in every run; random when not given.
    pub seed: Option<u64>,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            port: 0,
            token: None,
            empty: false,
            history_window: 4096,
            bookmark_interval: Duration::from_secs(15),
            pod_termination: Duration::from_millis(500),
            keep_requests: 4096,
            seed: None,
        }
    }
}

/// The task that accepts connections, and the way to stop it and them.
struct Serving {
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// A Kubernetes API server on loopback, with everything in memory. It serves until it is dropped.
pub struct SimCluster {
    cluster: Arc<Cluster>,
    objects: Objects,
    port: u16,
    token: Option<String>,
    serving: Mutex<Option<Serving>>,
}

impl SimCluster {
    /// Starts serving on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When the port can't be listened on.
    pub async fn start(options: ClusterOptions) -> io::Result<SimCluster> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let port = listener.local_addr()?.port();
        let clock = Arc::new(AtomicU64::new(1));
        let tokens = Tokens::default();
        if let Some(token) = &options.token {
            tokens.insert(token, ADMIN);
        }
        let cluster = Arc::new(Cluster {
            registry: Registry::new(clock, options.history_window),
            faults: Faults::default(),
            requests: Requests::new(options.keep_requests),
            tokens,
            bookmark_interval: options.bookmark_interval,
            pod_termination: options.pod_termination,
            runtime: tokio::runtime::Handle::current(),
            random: AtomicU64::new(options.seed.unwrap_or_else(rand::random)),
        });
        let namespaces: &[&str] = if options.empty {
            &["default", "kube-system"]
        } else {
            &["default", "kube-node-lease", "kube-public", "kube-system"]
        };
        let objects = Objects(Arc::clone(&cluster));
        for name in namespaces {
            objects.create_namespace(name);
        }
        Ok(SimCluster {
            serving: Mutex::new(Some(serve(&cluster, listener))),
            cluster,
            objects,
            port,
            token: options.token,
        })
    }

    /// The address of the API server, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port that is listened on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A kubeconfig for this cluster, as YAML, with one context named `kubechime-demo`.
    pub fn kubeconfig(&self) -> String {
        let user = match &self.token {
            Some(token) => json!({"token": token}),
            None => json!({}),
        };
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "kubechime-demo", "cluster": {"server": self.url()}}],
            "users": [{"name": "kubechime-demo", "user": user}],
            "contexts": [{
                "name": "kubechime-demo",
                "context": {
                    "cluster": "kubechime-demo", "user": "kubechime-demo", "namespace": "default",
                },
            }],
            "current-context": "kubechime-demo",
        });
        // JSON is YAML, should the writer ever fail.
        serde_yaml::to_string(&config).unwrap_or_else(|_| config.to_string())
    }

    /// Stops listening and closes every connection.
    pub fn shutdown(self) {
        drop(self);
    }

    /// As when the API server goes down: nothing listens and every connection is closed when this
    /// returns. The objects stay.
    pub async fn pause(&self) {
        let serving = self
            .serving
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(serving) = serving {
            serving.stop.cancel();
            serving.tasks.close();
            serving.tasks.wait().await;
        }
    }

    /// Listens again, on the same port, after [`SimCluster::pause`].
    ///
    /// # Errors
    ///
    /// When the port was taken in between.
    pub async fn resume(&self) -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let mut serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = serving.replace(serve(&self.cluster, listener)) {
            old.stop.cancel();
        }
        Ok(())
    }

    /// The objects, to look at and to change directly.
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// What can be made to go wrong.
    pub fn faults(&self) -> &Faults {
        &self.cluster.faults
    }

    /// The requests that were answered.
    pub fn requests(&self) -> &Requests {
        &self.cluster.requests
    }

    /// Replaces the accepted bearer tokens; each comes with its user. With none, everybody is let
    /// in.
    pub fn set_tokens<'t>(&self, tokens: impl IntoIterator<Item = (&'t str, &'t str)>) {
        let owned = |(token, user): (&str, &str)| (token.to_owned(), user.to_owned());
        self.cluster.tokens.replace(tokens.into_iter().map(owned));
    }

    /// Forgets all past changes: watches and lists that refer to an older state get 410.
    pub fn forget_history(&self) {
        self.cluster
            .registry
            .all()
            .iter()
            .for_each(|collection| collection.forget_history());
    }
}

impl Drop for SimCluster {
    fn drop(&mut self) {
        let serving = self
            .serving
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(serving) = serving {
            serving.stop.cancel();
        }
    }
}

fn serve(cluster: &Arc<Cluster>, listener: TcpListener) -> Serving {
    let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
    let accepting = accept(Arc::clone(cluster), listener, stop.clone(), tasks.clone());
    tasks.spawn(accepting);
    Serving { stop, tasks }
}

async fn accept(
    cluster: Arc<Cluster>,
    listener: TcpListener,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let stream = match accepted {
            Ok((stream, SocketAddr::V4(_) | SocketAddr::V6(_))) => stream,
            Err(_) => {
                // Out of file descriptors, most likely: others must finish first.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        // Small answers must not wait for an acknowledgement; without it they are only slower.
        let _ = stream.set_nodelay(true);
        let (cluster, stop) = (Arc::clone(&cluster), stop.clone());
        tasks.spawn(async move {
            let service = service_fn(move |request| server::handle(Arc::clone(&cluster), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                // A broken connection concerns its client alone.
                _ = connection => {}
                () = stop.cancelled() => {}
            }
        });
    }
}
