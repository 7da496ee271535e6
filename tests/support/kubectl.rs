//! A real kubectl on a cluster that a test started, with its own home and caches.

// Each test binary compiles this file anew and uses its own part of it.
#![allow(dead_code)]

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// No command of these tests takes longer than this on a loaded machine.
const LONGEST: Duration = Duration::from_secs(60);

/// kubectl with one kubeconfig.
pub struct Kubectl {
    dir: TempDir,
    kubeconfig: PathBuf,
}

/// What a command left.
#[derive(Debug)]
pub struct Ran {
    pub ok: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Kubectl {
    /// kubectl on the cluster of this kubeconfig. The program is the one on the `PATH`, or the one
    /// that `KUBECTL` names.
    pub fn new(kubeconfig: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let path = dir.path().join("kubeconfig");
        std::fs::write(&path, kubeconfig).expect("the kubeconfig is written");
        Self {
            dir,
            kubeconfig: path,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = std::env::var("KUBECTL").unwrap_or_else(|_| "kubectl".to_owned());
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs a command, whatever comes of it.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[]).await
    }

    /// The same, with more environment variables.
    pub async fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        let output = tokio::time::timeout(LONGEST, command.output())
            .await
            .unwrap_or_else(|_| panic!("kubectl {arguments:?} did not come to an end"))
            .expect("kubectl can be run; these tests need it (Debian: kubernetes-client)");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            ok: output.status.success(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Runs a command that must succeed; the answer is what it printed.
    pub async fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments).await;
        assert!(ran.ok, "kubectl {arguments:?} failed: {}", ran.stderr);
        ran.stdout
    }

    /// Runs a command that must fail; the answer is its complaint.
    pub async fn fails(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments).await;
        assert!(
            !ran.ok,
            "kubectl {arguments:?} was accepted: {}",
            ran.stdout
        );
        ran.stderr
    }

    /// Writes a manifest; the answer is its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).expect("the manifest is written");
        path.to_str().expect("a readable path").to_owned()
    }

    /// Starts a command that goes on, such as `get -w`, and gives its lines.
    pub fn follow(&self, arguments: &[&str]) -> Following {
        let mut child = self
            .command(arguments)
            .spawn()
            .expect("kubectl can be run; these tests need it (Debian: kubernetes-client)");
        let stdout = child.stdout.take().expect("its output is piped");
        Following {
            _child: child,
            lines: BufReader::new(stdout).lines(),
        }
    }
}

/// A kubectl that goes on.
pub struct Following {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Following {
    /// The next line that holds all of these texts; earlier ones are dropped.
    pub async fn line_with(&mut self, texts: &[&str]) -> String {
        let mut seen = Vec::new();
        let found = async {
            while let Ok(Some(line)) = self.lines.next_line().await {
                if texts.iter().all(|text| line.contains(text)) {
                    return Some(line);
                }
                seen.push(line);
            }
            None
        };
        let found = tokio::time::timeout(LONGEST, found).await.ok().flatten();
        found.unwrap_or_else(|| panic!("no line with {texts:?} in {seen:#?}"))
    }
}
