//! Starting an engine: its tasks, and the ends that tie them together.

use super::bus::Bus;
use super::configure;
use super::deliver::Deliverer;
use super::handle::{COMMAND_QUEUE, EngineHandle};
use super::keeping;
use super::metrics::Metrics;
use super::options::Options;
use super::queue::Queues;
use super::reconcile::{Inputs, Reconciler};
use super::shelf;
use super::team_configs;
use super::watching::WATCH_QUEUE;
use crate::catalog::BuildOptions;
use crate::cluster::{Cluster, Scope, WatchOptions};
use crate::history::History;
use crate::service::ServiceContext;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Reports and other messages that may wait for the reconciler; beyond it those who report wait.
const REPORT_QUEUE: usize = 1_024;

/// Starts an engine on a cluster. It runs until [`EngineHandle::shutdown`]; an API server that can't
/// be reached does not end it.
pub fn spawn(
    cluster: Cluster,
    history: Option<History>,
    options: Options,
    metrics: Metrics,
    bus: Bus,
) -> EngineHandle {
    let bus = Arc::new(bus);
    let options = Arc::new(options);
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let (commands, command_receiver) = mpsc::channel(COMMAND_QUEUE);
    let (inputs, input_receiver) = mpsc::channel(REPORT_QUEUE);
    let (reports, report_receiver) = mpsc::channel(REPORT_QUEUE);
    let (watches, watch_receiver) = mpsc::channel(WATCH_QUEUE);

    let (catalog_sender, catalogs) = watch::channel(None);

    let watching = WatchOptions {
        watch_timeout: options.watch_timeout,
        ..WatchOptions::default()
    };
    tasks.spawn(configure::run(
        cluster.clone(),
        options.config_namespace.clone(),
        options.config_map.clone(),
        options.secret.clone(),
        build_options(&options),
        watching.clone(),
        inputs.clone(),
        stop.clone(),
    ));
    if options.self_service {
        let namespaces: BTreeSet<String> = options
            .watches
            .iter()
            .flat_map(|watch| watch.namespaces.iter().cloned())
            .collect();
        let everywhere = options
            .watches
            .iter()
            .any(|watch| watch.namespaces.is_empty());
        let scope = if everywhere {
            Scope::All
        } else {
            Scope::Namespaces(namespaces.into_iter().collect())
        };
        tasks.spawn(team_configs::run(
            cluster.clone(),
            scope,
            options.config_map.clone(),
            options.secret.clone(),
            build_options(&options),
            watching,
            inputs.clone(),
            stop.clone(),
        ));
    }
    let deliverer = Deliverer::new(
        cluster.clone(),
        history.clone(),
        Arc::clone(&bus),
        options.delivery.grace,
        reports,
        stop.clone(),
        catalogs,
    );
    let chores = history.clone().map(|history| {
        let (chores, receiver) = mpsc::unbounded_channel();
        tasks.spawn(keeping::run(history.clone(), inputs.clone(), stop.clone()));
        tasks.spawn(shelf::run(history, receiver, inputs.clone()));
        chores
    });
    let queues = Queues::new(
        options.config_namespace.clone(),
        options.delivery.clone(),
        chores,
        catalog_sender,
    );
    let reconciler = Reconciler::new(
        cluster,
        history,
        Arc::clone(&bus),
        options,
        metrics,
        deliverer,
        queues,
        inputs,
        watches,
        tasks.clone(),
        stop.clone(),
    );
    let ends = Inputs {
        commands: command_receiver,
        inputs: input_receiver,
        reports: report_receiver,
        watches: watch_receiver,
    };
    tasks.spawn(reconciler.run(ends));
    EngineHandle::new(commands, bus, stop, tasks)
}

fn build_options(options: &Options) -> BuildOptions {
    let services = ServiceContext {
        user_agent: concat!("kubechime/", env!("CARGO_PKG_VERSION")).to_owned(),
        ..ServiceContext::default()
    };
    BuildOptions {
        expr: options.expr.clone(),
        prefix: options.prefix.clone(),
        self_service: options.self_service,
        ..BuildOptions::new(services, options.config_namespace.clone())
    }
}
