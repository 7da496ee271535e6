//! `kubechime run`: the engine without a screen.

use super::EndSignals;
use super::engine::{EngineArgs, start};
use crate::cluster::Cluster;
use crate::domain::Shard;
use crate::engine::{Batch, Bus, EngineHandle, Metrics, WatchPhase};
use crate::settings::{Layers, LogStyle, Paths};
use crate::telemetry::{Health, HealthServer, LogForm, LogTarget, init_log};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs the engine until a signal asks it to stop.
pub(super) async fn run(args: EngineArgs) -> anyhow::Result<ExitCode> {
    let mut signals = EndSignals::listen()?;
    let layers = args.layers()?;
    // The form of the log can't wait for the context, which may fail and must be logged.
    let first = layers.for_context(args.connection.context.as_deref().unwrap_or_default())?;
    let form = match first.log.style {
        LogStyle::Json => LogForm::Json,
        LogStyle::Text | LogStyle::Classic => LogForm::Text,
    };
    init_log(form, &first.log.level, &LogTarget::Stderr)?;
    let health = Health::default();
    // Also what comes before the engine may take long: the API server may not answer.
    let engine = tokio::select! {
        begun = begin(&args, &layers, &health) => begun?,
        () = signals.received() => return Ok(ExitCode::SUCCESS),
    };
    tokio::select! {
        () = follow(&engine, &health) => {}
        () = signals.received() => {}
    }
    engine.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Connects, and starts the engine with what is told of it from outside.
async fn begin(
    args: &EngineArgs,
    layers: &Layers,
    health: &Health,
) -> anyhow::Result<EngineHandle> {
    let cluster = Cluster::connect(&args.connection.options(true)).await?;
    let mut settings = layers.for_context(cluster.context())?;
    if let Some(namespace) = &args.connection.namespace {
        settings.namespace.clone_from(namespace);
    }
    let paths = Paths::for_context(&settings, cluster.context());
    let mut registry = Registry::default();
    let metrics = Metrics::register(&mut registry, &settings.metrics.prefix);
    let shard = settings.shard()?;
    if let Some(shard) = shard {
        register_shard(&mut registry, shard);
    }
    if !settings.metrics.listen.is_empty() {
        let server = HealthServer::bind(&settings.metrics.listen).await?;
        tokio::spawn(server.serve(Arc::new(registry), health.clone()));
    }
    tracing::info!(
        "kubechime {} on {} ({}), configuration {}{}",
        env!("CARGO_PKG_VERSION"),
        cluster.context(),
        cluster.url(),
        settings.config_map,
        shard.map_or_else(String::new, |shard| format!(", shard {shard}")),
    );
    let started = start(
        cluster,
        &settings,
        &paths,
        true,
        metrics,
        Bus::of_condition(),
    )
    .await?;
    Ok(started.engine)
}

/// Which share of the objects this process takes, as `kubechime_shard{index="0",count="3"} 1`.
fn register_shard(registry: &mut Registry, shard: Shard) {
    let gauge = Family::<[(&str, String); 2], Gauge>::default();
    let labels = [
        ("index", shard.index().to_string()),
        ("count", shard.count().to_string()),
    ];
    gauge.get_or_create(&labels).set(1);
    let help = "Share of the objects that this engine takes";
    registry.register("kubechime_shard", help, gauge);
}

/// Reads what the engine tells, to know when it is ready; everything that matters it logs itself.
async fn follow(engine: &EngineHandle, health: &Health) {
    let mut configured = false;
    loop {
        let batch: Batch = engine.next_batch().await;
        configured |= batch.catalog.is_some();
        if let Some(watches) = batch.watches {
            let listing = watches
                .iter()
                .any(|watch| watch.phase == WatchPhase::Listing);
            health.set_ready(configured && !listing);
        }
    }
}
