//! The program under test, as a process with its log.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

/// `kubechime run`, with the lines that it has logged.
pub struct Engine {
    child: Child,
    log: Arc<Log>,
}

impl Engine {
    /// Starts it on a cluster and a namespace, with a state directory and more flags.
    pub fn start(kubeconfig: &Path, namespace: &str, state: &Path, flags: &[&str]) -> Self {
        let program = Command::new(env!("CARGO_BIN_EXE_kubechime"));
        Self::start_by(program, kubeconfig, namespace, state, flags)
    }

    /// The same by a command that runs the program with the arguments that are added to it.
    pub fn start_by(
        mut program: Command,
        kubeconfig: &Path,
        namespace: &str,
        state: &Path,
        flags: &[&str],
    ) -> Self {
        let mut child = program
            .arg("run")
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["--namespace", namespace, "--metrics-listen", ""])
            .env("KUBECHIME_STATE_DIR", state)
            .args(flags)
            .env_remove("KUBECONFIG")
            .env("HOME", state)
            .env("XDG_CONFIG_HOME", state)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log = Arc::new(Log::default());
        let stderr = child.stderr.take().expect("its standard error is ours");
        std::thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    log.lines.lock().unwrap().push(line);
                    log.more.notify_all();
                }
            }
        });
        Self { child, log }
    }

    /// Whether a line that contains all of these is there, or comes within this time.
    pub fn has_line_within(&self, parts: &[&str], time: Duration) -> bool {
        let deadline = Instant::now() + time;
        let mut lines = self.log.lines.lock().unwrap();
        loop {
            let wanted = |line: &String| parts.iter().all(|part| line.contains(part));
            if lines.iter().any(wanted) {
                return true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            lines = self.log.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// Waits for a line that contains all of these, from `after` lines on; gives its position.
    pub fn wait_for_line(&self, parts: &[&str], after: usize) -> usize {
        let deadline = Instant::now() + PATIENCE;
        let mut lines = self.log.lines.lock().unwrap();
        loop {
            let found = lines
                .iter()
                .skip(after)
                .position(|line| parts.iter().all(|part| line.contains(part)));
            if let Some(position) = found {
                return after + position;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "no line with {parts:?} after line {after} of\n{}",
                lines.join("\n")
            );
            lines = self.log.more.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<String> {
        // Also of a story that has failed while it was waiting for a line.
        let lines = self.log.lines.lock();
        lines.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(mut self) -> Vec<String> {
        // Its first line: before that it may not listen yet, and would end without a word.
        self.wait_for_line(&["kubechime ", ", configuration "], 0);
        let killed = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(killed.expect("kill runs").success());
        let status = self.child.wait().expect("the program ends");
        assert!(
            status.success(),
            "ended with {status}:\n{}",
            self.lines().join("\n")
        );
        self.lines()
    }

    /// Kills it, as a crash would.
    pub fn crash(mut self) {
        self.child.kill().expect("the program runs");
        self.child.wait().expect("the program ends");
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Ended already, in a test that went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- log of the engine\n{}", self.lines().join("\n"));
        }
    }
}
