//! What an idle engine and an idle dashboard cost: processor time on a quiet simulated cluster of
//! 1,000 subscribed Pods.
//!
//! The baseline is a bare watch client (`kubectl get pods --watch`, where kubectl is installed) on
//! the same cluster, in the same run. Printed is the share of one core, over half a minute each.

use kubechime::demo::{ClusterOptions, Matcher, SimCluster};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::json;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const PODS: usize = 1_000;
const SETTLE: Duration = Duration::from_secs(5);
const SPAN: Duration = Duration::from_secs(30);

fn main() {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let cluster = runtime.block_on(quiet_cluster());
    let dir = tempfile::tempdir().unwrap();
    let kubeconfig = dir.path().join("kubeconfig");
    std::fs::write(&kubeconfig, cluster.kubeconfig()).unwrap();

    let bare = Command::new("kubectl")
        .args(["get", "pods", "--watch", "--kubeconfig"])
        .arg(&kubeconfig)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map(|child| share_of(&Ended(child)));
    match &bare {
        Ok(share) => println!("kubectl get pods --watch: {share:.3} % of a core"),
        Err(_) => println!("kubectl is not installed: no baseline"),
    }
    let ratio = |share: f64| match &bare {
        Ok(bare) if *bare > 0.0 => format!(", {:.1} times the baseline", share / bare),
        _ => String::new(),
    };

    let run = Command::new(env!("CARGO_BIN_EXE_kubechime"))
        .args(["run", "--no-lease", "--log-level", "error"])
        .args(flags(&kubeconfig, dir.path(), "run"))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let share = share_of(&Ended(run));
    println!(
        "kubechime run: {share:.3} % of a core (budget: below 0.5 %){}",
        ratio(share)
    );

    let (share, written) = dashboard(&kubeconfig, dir.path());
    println!(
        "kubechime tui: {share:.3} % of a core (budget: below 0.5 %){}, {written} bytes drawn \
         (the clock of the title, once a minute)",
        ratio(share)
    );
    println!(
        "requests to the server meanwhile: {} lists",
        cluster.requests().count(&Matcher::all().verb("list"))
    );
}

fn flags(kubeconfig: &Path, dir: &Path, name: &str) -> Vec<String> {
    vec![
        "--kubeconfig".into(),
        kubeconfig.display().to_string(),
        "--state-dir".into(),
        dir.join(name).display().to_string(),
    ]
}

/// A cluster in which nothing happens, with everything already sent.
async fn quiet_cluster() -> SimCluster {
    let cluster = SimCluster::start(ClusterOptions {
        empty: true,
        ..ClusterOptions::default()
    })
    .await
    .unwrap();
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "pod-notifications-cm", "namespace": "default"},
        "data": {
            "trigger.on-failed": "- when: pod.status.phase == 'Failed'\n  send: [failed]\n",
            "template.failed": "message: \"{{.pod.metadata.name}}\"\n",
            "service.webhook.webhook": "url: http://127.0.0.1:9/\n",
        },
    });
    cluster.objects().put("configmaps", map).unwrap();
    for number in 0..PODS {
        let pod = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": format!("web-{number}"),
                "namespace": "default",
                "annotations": {"notifications.argoproj.io/subscribe.on-failed.webhook": ""},
            },
            "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}]},
            "status": {"phase": "Running"},
        });
        cluster.objects().put("pods", pod).unwrap();
    }
    cluster
}

/// The dashboard in a terminal of its own: its share of a core, and how much it drew.
fn dashboard(kubeconfig: &Path, dir: &Path) -> (f64, u64) {
    let size = PtySize {
        rows: 36,
        cols: 120,
        ..PtySize::default()
    };
    let pty = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_kubechime"));
    command.args(["tui", "--no-lease"]);
    command.args(flags(kubeconfig, dir, "tui"));
    command.env("TERM", "xterm-256color");
    let mut child = pty.slave.spawn_command(command).unwrap();
    let drawn = Arc::new(AtomicU64::new(0));
    let mut output = pty.master.try_clone_reader().unwrap();
    std::thread::spawn({
        let drawn = Arc::clone(&drawn);
        move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                drawn.fetch_add(count as u64, Ordering::Relaxed);
            }
        }
    });
    let process = child.process_id().unwrap();
    std::thread::sleep(SETTLE);
    let before = drawn.load(Ordering::Relaxed);
    let share = share_over(process);
    let written = drawn.load(Ordering::Relaxed) - before;
    child.kill().unwrap();
    child.wait().unwrap();
    (share, written)
}

fn share_of(child: &Ended) -> f64 {
    std::thread::sleep(SETTLE);
    share_over(child.0.id())
}

/// Percent of one core that the process uses during the span.
fn share_over(process: u32) -> f64 {
    let before = processor_time(process);
    std::thread::sleep(SPAN);
    let used = processor_time(process).saturating_sub(before);
    used.as_secs_f64() / SPAN.as_secs_f64() * 100.0
}

/// Time on a processor so far, of threads that have ended, too; in steps of a clock tick, a
/// hundredth of a second.
fn processor_time(process: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // The name, in parentheses, may contain anything; user and system time are the twelfth and
    // thirteenth field behind it.
    let (_, fields) = text.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    Duration::from_millis(10 * ticks)
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
