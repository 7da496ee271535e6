//! `kubechime demo`: the simulated cluster, with the dashboard on it or alone.

use super::EndSignals;
use super::engine::EngineArgs;
use crate::demo::{ClusterOptions, Receiver, Scenario, ScenarioOptions, SimCluster};
use anyhow::Context as _;
use clap::Args;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Flags of the demo.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Serve the cluster until a signal, without dashboard and engine.
    #[arg(long)]
    serve_only: bool,
    /// No scenario: only the namespaces default and kube-system.
    #[arg(long)]
    empty: bool,
    /// Port of the cluster; 0 for any free one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
    /// Write a kubeconfig for kubectl.
    #[arg(long, value_name = "FILE")]
    write_kubeconfig: Option<PathBuf>,
}

/// The parts of a demo that run.
pub(super) struct Stage {
    /// The cluster.
    pub(super) cluster: SimCluster,
    /// What takes the webhooks; none in an empty cluster.
    receiver: Option<Receiver>,
    /// What makes the cluster live; none in an empty one.
    scenario: Option<Scenario>,
}

/// Runs the demo.
pub(super) async fn run(args: DemoArgs, engine: EngineArgs) -> anyhow::Result<ExitCode> {
    let stage = Stage::start(&args).await?;
    if let Some(path) = &args.write_kubeconfig {
        write_private(path, &stage.cluster.kubeconfig())
            .with_context(|| format!("the kubeconfig {} can't be written", path.display()))?;
    }
    if args.serve_only {
        let mut signals = EndSignals::listen()?;
        println!("the cluster is at {}", stage.cluster.url());
        if let Some(path) = &args.write_kubeconfig {
            println!("try: kubectl --kubeconfig {} get pods -A", path.display());
        }
        signals.received().await;
        stage.end();
        return Ok(ExitCode::SUCCESS);
    }
    #[cfg(feature = "tui")]
    let result = super::demo::run(&stage, engine).await;
    #[cfg(not(feature = "tui"))]
    let result = {
        drop(engine);
        Err(anyhow::anyhow!(
            "built without the dashboard: use --serve-only"
        ))
    };
    stage.end();
    result
}

impl Stage {
    async fn start(args: &DemoArgs) -> anyhow::Result<Self> {
        let options = ClusterOptions {
            port: args.port,
            empty: args.empty,
            ..ClusterOptions::default()
        };
        let cluster = SimCluster::start(options)
            .await
            .with_context(|| format!("the cluster can't listen on port {}", args.port))?;
        if args.empty {
            return Ok(Self {
                cluster,
                receiver: None,
                scenario: None,
            });
        }
        let receiver = Receiver::start(0)
            .await
            .context("the receiver can't listen")?;
        let options = ScenarioOptions {
            receiver_url: receiver.url(),
            ..ScenarioOptions::default()
        };
        Scenario::prepare(&receiver);
        let scenario = Scenario::start(&cluster, options);
        Ok(Self {
            cluster,
            receiver: Some(receiver),
            scenario: Some(scenario),
        })
    }

    fn end(self) {
        // First what changes the cluster, then what it talks to.
        drop(self.scenario);
        if let Some(receiver) = self.receiver {
            receiver.shutdown();
        }
        self.cluster.shutdown();
    }
}

/// Writes a file that only its owner can read: it has a token in it.
pub(super) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?.write_all(text.as_bytes())
}
