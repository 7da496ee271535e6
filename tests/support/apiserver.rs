//! A real Kubernetes API server for black-box tests: etcd and kube-apiserver on loopback.
//!
//! A test that knows both clusters asks for a [`RealCluster`] and runs on the simulated cluster alone
//! when there is none. How the two programs are started is written once, in `.ci/cluster`, which
//! developers call too; here is what tests need on top: fresh namespaces, users with few rights, and
//! an API server that goes away and comes back.
//!
//! Failures of the fixture itself panic with the output of the program that failed.

// Each test binary compiles this file anew and uses its own part of it.
#![allow(dead_code)]

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Names a folder that holds `etcd` and `kube-apiserver`; set, tests may start clusters of their own.
const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// Names the kubeconfig of a cluster that runs already, with the rights of an administrator.
const READY: &str = "KUBECHIME_TEST_KUBECONFIG";

/// Seconds that the token of a restricted user is good for.
const TOKEN_SECONDS: u32 = 3600;

/// A real cluster, as an administrator sees it. No controller and no kubelet is promised: a Pod stays
/// as it was written until the test writes its status, and a deleted namespace never goes away.
///
/// Dropping a cluster that was started here stops it. One that no test drops (see
/// [`RealCluster::shared`]) is stopped when the test's process ends, whatever ended it.
pub struct RealCluster {
    dir: TempDir,
    kubeconfig: PathBuf,
    owned: bool,
}

/// What a restricted user may do, as in a rule of a Role.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// Where; `None` is every namespace, and what has no namespace.
    pub namespace: Option<&'a str>,
    /// The API groups, `""` being that of Pods and ConfigMaps.
    pub groups: &'a [&'a str],
    /// The resources in plural, such as `pods` or `pods/status`.
    pub resources: &'a [&'a str],
    /// The verbs, such as `get`, `list`, `watch`, `patch`.
    pub verbs: &'a [&'a str],
}

impl RealCluster {
    /// A cluster for this test: a new one of its own when `KUBEBUILDER_ASSETS` is set, else that of
    /// `KUBECHIME_TEST_KUBECONFIG`, else none. A new one takes some 6 seconds.
    pub fn start() -> Option<Self> {
        if variable(ASSETS).is_some() {
            return Some(Self::launch());
        }
        variable(READY).map(Self::join)
    }

    /// A cluster that the tests of this process share, each in namespaces of its own: that of
    /// `KUBECHIME_TEST_KUBECONFIG`, else one that is started by the first test that asks.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<RealCluster>> = OnceLock::new();
        SHARED
            .get_or_init(|| variable(READY).map(Self::join).or_else(Self::start))
            .as_ref()
    }

    fn launch() -> Self {
        let dir = tempfile::tempdir().expect("a folder for the cluster");
        script(
            "start",
            dir.path(),
            &["--owner", &std::process::id().to_string()],
        );
        let kubeconfig = dir.path().join("kubeconfig");
        RealCluster {
            dir,
            kubeconfig,
            owned: true,
        }
    }

    fn join(kubeconfig: OsString) -> Self {
        let dir = tempfile::tempdir().expect("a folder for the kubeconfigs of restricted users");
        RealCluster {
            dir,
            kubeconfig: kubeconfig.into(),
            owned: false,
        }
    }

    /// The administrator's kubeconfig file.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Whether the cluster was started here, so that its API server may be stopped.
    pub fn is_owned(&self) -> bool {
        self.owned
    }

    /// Stops the API server. Clients find their connections closed and new ones refused.
    pub fn stop_api_server(&self) {
        assert!(
            self.owned,
            "the cluster of {READY} is not ours to stop; set {ASSETS}"
        );
        script("stop-api", self.dir.path(), &[]);
    }

    /// Starts the API server again and waits for it: the same address, the same data.
    pub fn start_api_server(&self) {
        assert!(
            self.owned,
            "the cluster of {READY} is not ours to start; set {ASSETS}"
        );
        script("start-api", self.dir.path(), &[]);
    }

    /// Makes etcd forget all former versions, as it does by itself every few minutes.
    pub fn compact(&self) {
        let port = fs::read_to_string(self.dir.path().join("etcd.port")).expect("a port of etcd");
        let ask = |path: &str, body: &str| -> Value {
            let mut command = Command::new("curl");
            let url = format!("http://127.0.0.1:{}/v3/{path}", port.trim());
            command.args([
                "-fsS",
                "--noproxy",
                "*",
                "--max-time",
                "10",
                "-d",
                body,
                &url,
            ]);
            serde_json::from_str(&output(command, "")).expect("an answer in JSON")
        };
        let status = ask("maintenance/status", "{}");
        let revision = status["header"]["revision"].as_str().expect("a revision");
        ask(
            "kv/compaction",
            &json!({ "revision": revision }).to_string(),
        );
    }

    /// Makes a namespace whose name begins with `prefix` and is used by nobody else; returns the name.
    pub fn namespace(&self, prefix: &str) -> String {
        let name = unique(prefix);
        self.apply(&json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name },
        }));
        name
    }

    /// Creates or updates `object` as the administrator.
    pub fn apply(&self, object: &Value) {
        self.kubectl(["apply", "-f", "-"], &object.to_string());
    }

    /// Runs kubectl as the administrator, with `input` on its standard input, and returns its output.
    /// Panics unless it succeeds.
    pub fn kubectl<I, S>(&self, args: I, input: &str) -> String
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.kubectl_command(&self.kubeconfig);
        command.args(args);
        output(command, input)
    }

    /// Runs kubectl with another kubeconfig file, such as that of a restricted user, and returns how
    /// it ended and what it printed.
    pub fn kubectl_as<I, S>(&self, kubeconfig: &Path, args: I) -> Output
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.kubectl_command(kubeconfig);
        command.args(args).stdin(Stdio::null());
        command
            .output()
            .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
    }

    /// kubectl for `kubeconfig`, with its cache among the cluster's files.
    fn kubectl_command(&self, kubeconfig: &Path) -> Command {
        let mut command = Command::new("kubectl");
        command
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .arg("--cache-dir")
            .arg(self.dir.path().join("kubectl-cache"));
        command
    }

    /// Makes a service account in `namespace` that may do what `rules` say and no more, and returns a
    /// kubeconfig file that acts as it by a bearer token. Every user may also ask what it may do.
    pub fn restricted_kubeconfig(&self, namespace: &str, rules: &[Rule<'_>]) -> PathBuf {
        let user = unique("restricted");
        self.apply(&json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": { "name": user, "namespace": namespace },
        }));
        for (number, rule) in rules.iter().enumerate() {
            self.grant(&format!("{user}-{number}"), namespace, &user, rule);
        }
        let token = self.token(namespace, &user);
        let path = self.dir.path().join(format!("{user}.kubeconfig"));
        let kubeconfig = self.kubeconfig_with_token(namespace, &token);
        fs::write(&path, kubeconfig.to_string()).expect("writing a kubeconfig");
        path
    }

    /// Binds `rule` to the service account `user`, under the name `name`.
    fn grant(&self, name: &str, user_namespace: &str, user: &str, rule: &Rule<'_>) {
        let (role_kind, binding_kind) = match rule.namespace {
            Some(_) => ("Role", "RoleBinding"),
            None => ("ClusterRole", "ClusterRoleBinding"),
        };
        let mut metadata = json!({ "name": name });
        if let Some(namespace) = rule.namespace {
            metadata["namespace"] = namespace.into();
        }
        self.apply(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": role_kind,
            "metadata": metadata,
            "rules": [{
                "apiGroups": rule.groups,
                "resources": rule.resources,
                "verbs": rule.verbs,
            }],
        }));
        self.apply(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": binding_kind,
            "metadata": metadata,
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io", "kind": role_kind, "name": name,
            },
            "subjects": [{
                "kind": "ServiceAccount", "name": user, "namespace": user_namespace,
            }],
        }));
    }

    /// A new token of a service account. Asked for by the bare request: `kubectl create token` is
    /// missing from kubectl 1.23 and older.
    pub fn token(&self, namespace: &str, user: &str) -> String {
        let path = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{user}/token");
        let request = json!({
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": { "expirationSeconds": TOKEN_SECONDS },
        });
        let answer = self.kubectl(["create", "--raw", &path, "-f", "-"], &request.to_string());
        let answer: Value = serde_json::from_str(&answer).expect("a TokenRequest in JSON");
        answer["status"]["token"]
            .as_str()
            .expect("a token in the TokenRequest")
            .to_owned()
    }

    /// The administrator's kubeconfig with another user in it. JSON is YAML.
    fn kubeconfig_with_token(&self, namespace: &str, token: &str) -> Value {
        let config = self.kubectl(
            [
                "config",
                "view",
                "--raw",
                "--minify",
                "--flatten",
                "-o",
                "json",
            ],
            "",
        );
        let mut config: Value = serde_json::from_str(&config).expect("a kubeconfig in JSON");
        config["users"] = json!([{ "name": "restricted", "user": { "token": token } }]);
        config["contexts"][0]["context"]["user"] = "restricted".into();
        config["contexts"][0]["context"]["namespace"] = namespace.into();
        config
    }
}

impl Drop for RealCluster {
    fn drop(&mut self) {
        if !self.owned {
            return;
        }
        // No panic while another may be under way: what is left is stopped when this process ends.
        let stopped = cluster_script("stop", self.dir.path(), &[]).status();
        if !stopped.is_ok_and(|status| status.success()) {
            eprintln!(
                "could not stop the API server of {}",
                self.dir.path().display()
            );
        }
    }
}

/// An environment variable that is set and not empty.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// `prefix` and something that no other test uses, in this run or an earlier one.
fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_millis());
    format!("{prefix}-{now:x}-{:x}-{number}", std::process::id())
}

fn cluster_script(verb: &str, dir: &Path, args: &[&str]) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/cluster");
    let mut command = Command::new("bash");
    command.arg(path).arg(verb).arg(dir).args(args);
    command
}

fn script(verb: &str, dir: &Path, args: &[&str]) {
    output(cluster_script(verb, dir, args), "");
}

/// Runs `command` to its end with `input` and returns what it printed. Panics unless it succeeds.
fn output(mut command: Command, input: &str) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    // Dropped at once, so that the program sees the end of its input. A program that does not read it
    // closes the pipe, and says why by its exit status.
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input.as_bytes());
    }
    let Output {
        status,
        stdout,
        stderr,
    } = child
        .wait_with_output()
        .unwrap_or_else(|error| panic!("lost {command:?}: {error}"));
    assert!(
        status.success(),
        "{command:?} failed ({status}):\n{}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    String::from_utf8_lossy(&stdout).into_owned()
}
