//! A cluster with the Pod-ready configuration, a receiver, and a place for files, for one story.

use crate::terminal::{Size, Terminal, program};
use kubechime::demo::{ClusterOptions, Receiver, SimCluster};
use portable_pty::CommandBuilder;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The state that the engine writes.
pub const NOTIFIED: &str = "notified.notifications.argoproj.io";

/// A terminal in which all four panes have room.
pub const LARGE: Size = (120, 36);

/// The line of the first row of pane 1, below the header, its border and the heads.
const FIRST_ROW: usize = 4;

/// What a story plays on.
pub struct Stage {
    pub runtime: Runtime,
    pub cluster: SimCluster,
    pub receiver: Receiver,
    pub home: TempDir,
}

impl Stage {
    /// An empty cluster.
    pub fn empty() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let options = ClusterOptions {
            empty: true,
            seed: Some(1),
            ..ClusterOptions::default()
        };
        let cluster = runtime.block_on(SimCluster::start(options)).unwrap();
        let receiver = runtime.block_on(Receiver::start(0)).unwrap();
        let home = TempDir::new().unwrap();
        std::fs::write(home.path().join("kubeconfig"), cluster.kubeconfig()).unwrap();
        Self {
            runtime,
            cluster,
            receiver,
            home,
        }
    }

    /// A cluster in which `web-1` is ready, and `web-2` is not.
    pub fn set() -> Self {
        let stage = Self::empty();
        stage.configure("pod.status.phase in ['Running']");
        stage.put_pod("web-1", "Running");
        stage.put_pod("web-2", "Pending");
        stage
    }

    /// Writes the configuration, with this condition in its trigger.
    pub fn configure(&self, when: &str) {
        let map = json!({
            "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
            "data": {
                "trigger.on-pod-ready": format!("- when: {when}\n  send: [pod-ready]\n"),
                "template.pod-ready": "webhook:\n  webhook:\n    method: POST\n    body: \
                                       \"{{.pod.metadata.name}}\"\n",
                "service.webhook.webhook": format!("url: {}/webhook\n", self.receiver.url()),
            },
        });
        self.cluster.objects().put("configmaps", map).unwrap();
    }

    /// A Pod that is subscribed to the trigger.
    pub fn put_pod(&self, name: &str, phase: &str) {
        let pod = json!({
            "metadata": {
                "name": name, "namespace": "default",
                "annotations": {"notifications.argoproj.io/subscribe.on-pod-ready.webhook": ""},
            },
            "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]},
            "status": {"phase": phase},
        });
        self.cluster.objects().put("pods", pod).unwrap();
    }

    /// Sets a Pod's phase.
    pub fn set_phase(&self, name: &str, phase: &str) {
        let set = |pod: &mut Value| pod["status"]["phase"] = phase.into();
        let pod = self.cluster.objects().update("pods", "default", name, set);
        pod.expect("the Pod is there");
    }

    /// A key of the ConfigMap in the cluster.
    pub fn key(&self, key: &str) -> String {
        let map = self
            .cluster
            .objects()
            .get("configmaps", "default", "pod-notifications-cm");
        let text = map.map(|map| map["data"][key].clone());
        text.and_then(|text| text.as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Waits until the receiver has had so many requests.
    pub fn wait_for_requests(&self, count: u64) {
        let patience = crate::terminal::PATIENCE;
        let arrived = self
            .runtime
            .block_on(self.receiver.wait_for(count, patience));
        assert!(
            arrived,
            "{} of {count} requests arrived",
            self.receiver.count()
        );
    }

    /// The command of the dashboard on this cluster, with more arguments.
    pub fn command(&self, args: &[&str]) -> CommandBuilder {
        let mut command = kubechime(self.home.path());
        command.arg("--kubeconfig");
        command.arg(self.home.path().join("kubeconfig"));
        command.arg("--state-dir");
        command.arg(self.state());
        command.args(args);
        command
    }

    /// The directory of the program's state.
    pub fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// Starts the dashboard, and waits until it shows the cluster.
    pub fn dashboard(&self, size: Size) -> Terminal {
        let terminal = Terminal::start(self.command(&[]), size);
        terminal.wait_for(&["web-1", "web-2"]);
        terminal
    }

    /// Starts the dashboard, and waits until what is to be sent has been sent; selects `web-1`, whose
    /// row has changed last.
    pub fn settled_dashboard(&self) -> Terminal {
        self.settled(&[])
    }

    /// The same with more arguments.
    pub fn settled(&self, args: &[&str]) -> Terminal {
        let mut terminal = Terminal::start(self.command(args), LARGE);
        self.wait_for_requests(1);
        terminal.wait_until("web-1 sent, and on top", |text| {
            let first = text.lines().nth(FIRST_ROW).unwrap_or_default();
            text.contains("ACTIVE")
                && text.contains("default/web-1      webhook")
                && first.contains("+ Pod     default    web-1 ")
        });
        terminal.press("g");
        terminal.wait_for(&["2 Triggers: pod default/web-1", "dedup keys       1 of"]);
        terminal
    }
}

/// The built program.
pub fn kubechime(home: &Path) -> CommandBuilder {
    program(env!("CARGO_BIN_EXE_kubechime"), home)
}

/// Leaves a dashboard by `q`, with the answer to its question if it has one, and asserts that the
/// terminal is as before.
pub fn quit(mut terminal: Terminal) -> String {
    terminal.press("q");
    if terminal.wait_for_or_exit("Quit ─") {
        terminal.press("y");
    }
    let (status, written) = terminal.wait_for_exit();
    assert!(status.success(), "{status:?}");
    terminal.assert_restored();
    written
}
