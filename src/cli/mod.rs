//! The command line: what can be asked for, and the wiring of the parts that do it.

mod check;
mod check_files;
mod connection;
mod delivery_options;
#[cfg(all(feature = "demo", feature = "tui"))]
mod demo;
#[cfg(all(feature = "demo", feature = "tui"))]
mod demo_dir;
mod engine;
mod explain;
mod explain_view;
mod generate;
mod history;
mod history_view;
mod hold;
mod loading;
mod manifest;
mod migrate;
mod output;
mod place;
mod preview;
mod preview_view;
#[cfg(feature = "demo")]
mod receiver;
mod run;
mod sarif;
#[cfg(feature = "demo")]
mod serve;
mod service;
mod subject;
mod table;
mod template;
mod trigger;
#[cfg(feature = "tui")]
mod tui;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Notifications about what happens in a Kubernetes cluster.
///
/// Without a command it opens the dashboard on the current kubeconfig context.
#[derive(Debug, Parser)]
#[command(name = "kubechime", version, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    engine: engine::EngineArgs,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the dashboard, with the engine behind it (the default).
    #[cfg(feature = "tui")]
    Tui,
    /// Run the engine without a screen, as in a Deployment.
    Run,
    /// Look for mistakes in ConfigMaps with notifications, in files or in the cluster.
    Check(check::CheckArgs),
    /// Say why each notification of an object was, or was not, sent.
    Explain(explain::ExplainArgs),
    /// Say what applying a ConfigMap would send, send again or stop in the cluster.
    Preview(preview::PreviewArgs),
    /// Carry the notified state over to another version of the ConfigMap, so that applying it sends
    /// nothing again.
    Migrate(migrate::MigrateArgs),
    /// List triggers, or run one on an object.
    Trigger(trigger::TriggerArgs),
    /// List templates, or send the notification of one.
    Template(template::TemplateArgs),
    /// List services with what is wrong, or send a test message through one.
    Service(service::ServiceArgs),
    /// Look into the history of deliveries; send again; cancel.
    History(history::HistoryArgs),
    /// Decide about notifications that the flood guard holds.
    Hold(hold::HoldArgs),
    /// Try it: dashboard and engine on a simulated cluster, with a real webhook receiver.
    #[cfg(feature = "demo")]
    Demo(serve::DemoArgs),
    /// Receive webhooks and print them: a destination for first steps and tests.
    #[cfg(feature = "demo")]
    Receiver(receiver::ReceiverArgs),
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// Does what the command line says.
///
/// # Errors
/// What stopped it, for people.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Some(Command::Completions { shell }) => generate::completions(shell),
        Some(Command::Man) => generate::man(),
        Some(Command::Check(args)) => on_runtime(check::run(args, cli.engine)),
        Some(Command::Explain(args)) => on_runtime(explain::run(args, cli.engine)),
        Some(Command::Preview(args)) => on_runtime(preview::run(args, cli.engine)),
        Some(Command::Migrate(args)) => on_runtime(migrate::run(args, cli.engine)),
        Some(Command::Trigger(args)) => on_runtime(trigger::run(args, cli.engine)),
        Some(Command::Template(args)) => on_runtime(template::run(args, cli.engine)),
        Some(Command::Service(args)) => on_runtime(service::run(args, cli.engine)),
        Some(Command::History(args)) => on_runtime(history::run(args, cli.engine)),
        Some(Command::Hold(args)) => on_runtime(hold::run(args, cli.engine)),
        Some(Command::Run) => on_runtime(run::run(cli.engine)),
        #[cfg(feature = "demo")]
        Some(Command::Receiver(args)) => on_runtime(receiver::run(args)),
        #[cfg(feature = "demo")]
        Some(Command::Demo(args)) => on_runtime(serve::run(args, cli.engine)),
        #[cfg(feature = "tui")]
        Some(Command::Tui) | None => on_runtime(tui::run(cli.engine)),
        #[cfg(not(feature = "tui"))]
        None => anyhow::bail!("built without the dashboard: use 'kubechime run'"),
    }
}

fn on_runtime(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime could not be started")?;
    let result = runtime.block_on(work);
    // A blocking call that hangs (DNS, a credential plugin) must not keep the terminal.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    result
}

/// The signals that ask a process to end: SIGINT, SIGTERM and SIGHUP.
struct EndSignals([Signal; 3]);

impl EndSignals {
    /// From now on they do not kill the process.
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals can't be received");
        Ok(Self([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    /// Resolves when one of them has come since.
    async fn received(&mut self) {
        let [interrupt, terminate, hang_up] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
}
