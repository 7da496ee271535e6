//! The flags that engines share, and starting one from them.

use super::connection::ConnectionArgs;
use super::delivery_options::delivery_options;
use crate::cluster::{Cluster, resolve_kind};
use crate::domain::{Kind, Mode};
use crate::engine::{self, Bus, EngineHandle, LeaseUse, Metrics, Options, Watch, Wording};
use crate::expr;
use crate::history::{self, History};
use crate::settings::{self, Layers, LogStyle, Paths, Settings};
use anyhow::Context as _;
use clap::Args;
use jiff::SignedDuration;
use std::path::PathBuf;
use std::sync::Arc;

/// What the engine is to do, and with which settings.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Engine")]
pub struct EngineArgs {
    #[command(flatten)]
    pub(super) connection: ConnectionArgs,
    /// Settings file, instead of the one in the user's configuration directory.
    #[arg(long, global = true, value_name = "FILE", env = "KUBECHIME_CONFIG")]
    config: Option<PathBuf>,
    /// How much to do: observe, dry-run or active.
    #[arg(long, global = true, value_name = "MODE")]
    mode: Option<Mode>,
    /// Write and send nothing.
    #[arg(long, global = true)]
    read_only: bool,
    /// In the dashboard, ask for the context's name before everything that writes or sends.
    #[arg(long, global = true)]
    protected: bool,
    /// Draw the dashboard with ASCII characters only.
    #[arg(long, global = true)]
    ascii: bool,
    /// Do not use a Lease: no other engine may be active on this configuration.
    #[arg(long, global = true)]
    no_lease: bool,
    /// Take only a share of the objects: i/n with i from 0, or /n to take i from the name of the Pod.
    #[arg(long, global = true, value_name = "I/N")]
    shard: Option<String>,
    /// Name of the ConfigMap.
    #[arg(long, global = true, value_name = "NAME")]
    config_map_name: Option<String>,
    /// Name of the Secret.
    #[arg(long, global = true, value_name = "NAME")]
    secret_name: Option<String>,
    /// Kind to watch, as kubectl names it (pods, deployments.apps); repeatable.
    #[arg(long = "watch", global = true, value_name = "RESOURCE")]
    watches: Vec<String>,
    /// Directory for history, drafts and logs.
    #[arg(long, global = true, value_name = "DIR")]
    state_dir: Option<PathBuf>,
    /// Form and wording of the log.
    #[arg(long, global = true, value_name = "STYLE")]
    log_style: Option<LogStyle>,
    /// Least severe level that is logged: error, warn, info, debug, trace.
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Address of /metrics, /healthz and /readyz in `run`; "" for none.
    #[arg(long, global = true, value_name = "ADDRESS")]
    metrics_listen: Option<String>,
}

/// An engine that runs, with what belongs to it.
#[cfg_attr(
    not(feature = "tui"),
    expect(dead_code, reason = "only a dashboard reads beside it")
)]
pub(super) struct Started {
    /// The engine.
    pub(super) engine: EngineHandle,
    /// Its history; `None` when it can't be used.
    pub(super) history: Option<History>,
    /// Namespace of the ConfigMap.
    pub(super) namespace: String,
}

impl EngineArgs {
    /// The layers of settings: file, environment, these flags.
    pub(super) fn layers(&self) -> anyhow::Result<Layers> {
        let usual = Paths::settings_file().filter(|path| path.exists());
        let file = self.config.clone().or(usual);
        let mut layers = Layers::read(file.as_deref(), std::env::vars())?;
        if let Some(mode) = self.mode {
            layers.flag(&["mode"], mode.to_string());
        }
        if self.ascii {
            layers.flag(&["ui", "ascii"], true);
        }
        if self.read_only {
            layers.flag(&["readOnly"], true);
        }
        if self.protected {
            layers.flag(&["protected"], true);
        }
        if self.no_lease {
            layers.flag(&["lease", "enabled"], false);
        }
        if let Some(shard) = &self.shard {
            layers.flag(&["shard"], shard.as_str());
        }
        if let Some(name) = &self.config_map_name {
            layers.flag(&["configMap"], name.as_str());
        }
        if let Some(name) = &self.secret_name {
            layers.flag(&["secret"], name.as_str());
        }
        if !self.watches.is_empty() {
            let watches: Vec<_> = self
                .watches
                .iter()
                .map(|name| serde_json::json!({ "resource": name }))
                .collect();
            layers.flag(&["watches"], watches);
        }
        if let Some(dir) = &self.state_dir {
            layers.flag(&["stateDir"], dir.to_string_lossy().as_ref());
        }
        if let Some(style) = self.log_style {
            let style = serde_json::to_value(style).unwrap_or_default();
            layers.flag(&["log", "style"], style);
        }
        if let Some(level) = &self.log_level {
            layers.flag(&["log", "level"], level.as_str());
        }
        if let Some(address) = &self.metrics_listen {
            layers.flag(&["metrics", "listen"], address.as_str());
        }
        Ok(layers)
    }
}

/// Opens the history of a context. That it can't be opened is no reason not to run: the reason is
/// given instead.
pub(super) fn open_history(
    settings: &Settings,
    paths: &Paths,
) -> (Option<History>, Option<String>) {
    let options = history::Options {
        max_age: settings.history.max_age,
        max_rows: settings.history.max_rows,
        ..history::Options::default()
    };
    if let Err(error) = paths.create() {
        let text = format!(
            "the state directory {} can't be made: {error}",
            paths.state.display()
        );
        return (None, Some(text));
    }
    match History::open(&paths.history(), &options) {
        Ok(history) => {
            let problem = history
                .set_aside()
                .map(|path| format!("the history was damaged; it is kept as {}", path.display()));
            (Some(history), problem)
        }
        Err(error) => (None, Some(error.to_string())),
    }
}

/// Starts an engine on a cluster.
pub(super) async fn start(
    cluster: Cluster,
    settings: &Settings,
    paths: &Paths,
    without_right: bool,
    metrics: Metrics,
    bus: Bus,
) -> anyhow::Result<Started> {
    let shard = settings.shard()?;
    let watches = watches(&cluster, settings).await?;
    let namespace = if settings.namespace.is_empty() {
        cluster.namespace().to_owned()
    } else {
        settings.namespace.clone()
    };
    let (history, history_problem) = {
        let settings = settings.clone();
        let paths = paths.clone();
        tokio::task::spawn_blocking(move || open_history(&settings, &paths))
            .await
            .context("opening the history failed")?
    };
    let options = Options {
        mode: settings.mode,
        read_only: settings.read_only,
        config_namespace: namespace.clone(),
        config_map: settings.config_map.clone(),
        secret: settings.secret.clone(),
        watches,
        watch_timeout: settings.watch_timeout,
        prefix: settings.annotation_prefix.clone(),
        lease: if settings.lease.enabled {
            LeaseUse::On {
                name: settings.lease.name.clone(),
                without_right,
                clock_skew: lease_clock_skew(),
            }
        } else {
            LeaseUse::Off
        },
        shard,
        wording: match settings.log.style {
            LogStyle::Classic => Wording::Classic,
            LogStyle::Text | LogStyle::Json => Wording::Current,
        },
        history_problem: history_problem.unwrap_or_default(),
        delivery: delivery_options(settings, !without_right),
        expr: expression_options(&settings.expr_version)?,
        self_service: settings.self_service,
        on_state_lost: match settings.on_state_lost {
            settings::OnStateLost::RestoreSecond => engine::OnStateLost::RestoreSecond,
            settings::OnStateLost::Resend => engine::OnStateLost::Resend,
            settings::OnStateLost::Restore => engine::OnStateLost::Restore,
        },
    };
    let engine = engine::spawn(cluster, history.clone(), options, metrics, bus);
    Ok(Started {
        engine,
        history,
        namespace,
    })
}

/// The variable that shifts the times that are written into the Lease, in seconds. It exists to show
/// that clocks that differ do no harm.
const LEASE_CLOCK_SKEW: &str = "KUBECHIME_LEASE_CLOCK_SKEW_SECONDS";

fn lease_clock_skew() -> SignedDuration {
    let seconds = std::env::var(LEASE_CLOCK_SKEW).ok();
    let seconds = seconds.and_then(|text| text.parse().ok());
    SignedDuration::from_secs(seconds.unwrap_or_default())
}

pub(super) fn expression_options(version: &str) -> anyhow::Result<expr::Options> {
    let version = match version {
        "1.16" => expr::Version::V1_16,
        "1.17" => expr::Version::V1_17,
        other => anyhow::bail!("exprVersion '{other}' is not known; expected 1.16 or 1.17"),
    };
    Ok(expr::Options {
        version,
        ..expr::Options::default()
    })
}

/// What the settings say is to be watched.
pub(super) async fn watches(cluster: &Cluster, settings: &Settings) -> anyhow::Result<Vec<Watch>> {
    let mut watches: Vec<Watch> = Vec::new();
    for watch in &settings.watches {
        let kind: Arc<Kind> = resolve_kind(cluster, &watch.resource).await?;
        anyhow::ensure!(
            watches.iter().all(|other| other.kind != kind),
            "watches: {} is there twice; list its namespaces in one entry",
            watch.resource
        );
        let variable = if watch.variable.is_empty() {
            kind.variable()
        } else {
            watch.variable.clone()
        };
        watches.push(Watch {
            kind,
            namespaces: watch.namespaces.clone(),
            selector: watch.selector.clone(),
            variable,
        });
    }
    anyhow::ensure!(
        !watches.is_empty(),
        "watches: nothing is watched; name at least one kind"
    );
    Ok(watches)
}
