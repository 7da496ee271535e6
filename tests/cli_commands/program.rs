//! The program under test, without any of the user's own settings.

use kubechime::demo::{ClusterOptions, SimCluster};
use serde_json::Value;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// A directory with files, in which the program is run.
pub struct Place {
    dir: TempDir,
}

/// What a run has left.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Self {
            dir: TempDir::new().unwrap(),
        }
    }

    /// The same with this file.
    pub fn with(self, name: &str, text: &str) -> Self {
        std::fs::write(self.dir.path().join(name), text).unwrap();
        self
    }

    /// Where a file of this name is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs the program here. There is no kubeconfig, unless `kubeconfig` is a file here.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_with("", arguments)
    }

    /// Runs the program with this standard input.
    pub fn run_with(&self, stdin: &str, arguments: &[&str]) -> Run {
        self.run_in(&[], stdin, arguments)
    }

    /// Runs the program with these variables in its environment.
    pub fn run_in(&self, environment: &[(&str, &str)], stdin: &str, arguments: &[&str]) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kubechime"))
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .env("HOME", self.dir.path())
            .env("KUBECONFIG", self.path("kubeconfig"))
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut input = child.stdin.take().expect("standard input is ours");
        // A run that does not read it may have ended already.
        let _ = input.write_all(stdin.as_bytes());
        drop(input);
        let output = child.wait_with_output().expect("the program ends");
        Run {
            code: output.status.code().expect("it ended by itself"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    /// Standard output, of a run without complaints.
    pub fn clean(self) -> String {
        assert_eq!(
            (self.code, self.stderr.as_str()),
            (0, ""),
            "{}",
            self.stdout
        );
        self.stdout
    }

    /// Standard error, of a run that failed and printed nothing else.
    pub fn failure(self) -> String {
        assert_eq!(
            (self.code, self.stdout.as_str()),
            (1, ""),
            "{}",
            self.stderr
        );
        self.stderr
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Gives a story a simulated cluster with these objects, and a place whose kubeconfig leads there.
pub fn on_cluster(objects: &[(&str, Value)], story: impl FnOnce(&Place)) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cluster = runtime.block_on(async {
        let cluster = SimCluster::start(ClusterOptions {
            empty: true,
            ..ClusterOptions::default()
        })
        .await
        .unwrap();
        for (path, object) in objects {
            create(&cluster, path, object).await;
        }
        cluster
    });
    let place = Place::new().with("kubeconfig", &cluster.kubeconfig());
    story(&place);
    cluster.shutdown();
}

async fn create(cluster: &SimCluster, path: &str, object: &Value) {
    let kubeconfig = kube::config::Kubeconfig::from_yaml(&cluster.kubeconfig()).unwrap();
    let options = kube::config::KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .unwrap();
    let client = kube::Client::try_from(config).unwrap();
    let request = http::Request::post(path)
        .header("Content-Type", "application/json")
        .body(object.to_string().into_bytes())
        .unwrap();
    client.request::<Value>(request).await.unwrap();
    // A status is written by itself, as on every API server.
    if let (Some(status), Some(name)) = (object.get("status"), object["metadata"]["name"].as_str())
    {
        let body = serde_json::json!({ "status": status }).to_string();
        let request = http::Request::patch(format!("{path}/{name}/status"))
            .header("Content-Type", "application/merge-patch+json")
            .body(body.into_bytes())
            .unwrap();
        client.request::<Value>(request).await.unwrap();
    }
}
